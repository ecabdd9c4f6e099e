package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"unseal/proof"
	"unseal/trove"
)

// maxManifest bounds manifest.json: some two million items.
const maxManifest = 1 << 29

// format writes the manifest, a row a line, so that people can read it and
// tools compare it.
func (m *Manifest) format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format\":%q,\"collection\":%q,\"batch\":%d,\"edition\":%d,\"published\":%s",
		ManifestFormat, m.Collection, m.Batch, m.Edition, mustJSON(m.Published))
	writeRows(&b, "files", m.Files)
	writeRows(&b, "records", m.Records)
	writeRows(&b, "items", m.Items)
	b.WriteString("}\n")
	return b.Bytes()
}

func writeRows[T any](b *bytes.Buffer, name string, rows []T) {
	fmt.Fprintf(b, ",\n%q:[", name)
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(mustJSON(r))
	}
	b.WriteByte(']')
}

// mustJSON is for types whose every value marshals.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// mustIndent is mustJSON for files that people read.
func mustIndent(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}

// ParseManifest reads manifest.json and checks its form: rows by number, each
// with a group of records, extents that can be. That its bytes are the logged
// ones is for the caller to check.
func ParseManifest(b []byte) (*Manifest, error) {
	m, ok := scanManifest(b)
	if !ok { // not as we write it, but perhaps as somebody else does
		m = Manifest{}
		if err := strictJSON(b, &m); err != nil {
			return nil, err
		}
	}
	if m.Format != ManifestFormat {
		return nil, fmt.Errorf("format %q, this version reads %q", m.Format, ManifestFormat)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, proof.ErrMismatch)
	}
	return &m, nil
}

// strictJSON decodes one value with no unknown fields and nothing behind it.
func strictJSON(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

func (m *Manifest) check() error {
	last := 0
	for i := range m.Items {
		r := &m.Items[i]
		if r.Number <= last || r.Number > math.MaxInt32 || r.Edition < 1 || r.Hidden < 0 || r.Name != ItemName(r.Number, r.Kind) || !r.At.valid() || r.Size < 0 {
			return fmt.Errorf("row %d, of number %d, is not in order", i, r.Number)
		}
		last = r.Number
	}
	rows := m.Items
	for i, g := range m.Records {
		if g.Items < 1 || g.Items > groupSize || g.Items > len(rows) || g.First != rows[0].Number || !g.At.valid() || g.Size < 0 {
			return fmt.Errorf("group of records %d, of number %d on, is not in order", i, g.First)
		}
		if g.Items < groupSize && i < len(m.Records)-1 {
			return fmt.Errorf("group of records %d is not full", i)
		}
		rows = rows[g.Items:]
	}
	if len(rows) > 0 {
		return fmt.Errorf("number %d has no record", rows[0].Number)
	}
	names := []string{ItemsName, SegmentName}
	if len(m.Files) != len(names) {
		return fmt.Errorf("%d files, want %q", len(m.Files), names)
	}
	for i, f := range m.Files {
		if f.Name != names[i] || f.Size < 0 {
			return fmt.Errorf("file %q, want %q", f.Name, names[i])
		}
	}
	return nil
}

func (e Extent) valid() bool { return e[0] >= 0 && e[1] >= 0 && e[0] <= math.MaxInt64-e[1] }

// row finds the row of a number.
func (m *Manifest) row(n int) (int, bool) {
	return slices.BinarySearchFunc(m.Items, n, func(r Row, n int) int { return r.Number - n })
}

// sums is SHA256SUMS of the folder: sorted by name, in the form of sha256sum.
func (m *Manifest) sums(manifest trove.Digest) []byte {
	files := append([]FileSum{{Name: ManifestName, SHA256: manifest}}, m.Files...)
	slices.SortFunc(files, func(a, b FileSum) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name)
	}
	return b.Bytes()
}

// info sums up the manifest.
func (m *Manifest) info(sum trove.Digest) BatchInfo {
	i := BatchInfo{Number: m.Batch, Edition: m.Edition, Published: m.Published, Items: len(m.Items), Manifest: sum}
	if len(m.Items) > 0 {
		i.First, i.Last = m.Items[0].Number, m.Items[len(m.Items)-1].Number
	}
	return i
}
