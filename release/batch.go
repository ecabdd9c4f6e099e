package release

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

// A batch is assembled once, from the catalog as it stands, and what it says is
// kept on the desk (batches/<collection>/0001.ndjson.zst): a head and one line
// an item; and, once it is written, what a list of batches says of it
// (0001.json). From these lines and the blobs the same bytes follow ever after,
// though the catalog goes on to learn of further copies and occurrences.

// batchHead is the first line of an assembled batch.
type batchHead struct {
	Collection trove.CollectionName `json:"collection"`
	Batch      int                  `json:"batch"`
	Edition    int                  `json:"edition"`
	Published  time.Time            `json:"published"`
	Items      int                  `json:"items"`
	Veil       string               `json:"veil,omitempty"` // by which its records were made; see veil.digest
}

// batchLine is one item of an assembled batch.
type batchLine struct {
	Date    time.Time       `json:"date,omitzero"` // by which it got its number
	Edition int             `json:"edition"`       // of the item
	SHA256  trove.Digest    `json:"sha256"`        // of what is shown
	Size    int64           `json:"size"`          // of what is shown
	Span    catalog.Span    `json:"span"`          // of the exact bytes
	Text    catalog.TextRef `json:"text"`          // of the exact bytes
	Record  archive.Record  `json:"record"`
	Made    []catalog.Made  `json:"made,omitempty"` // files made of it, reading.json among them; each a blob

	Alone     bool   `json:"alone,omitempty"`      // read without the files beside it, of which one is hidden
	Cover     *cover `json:"cover,omitempty"`      // what is hidden of a redacted item
	ShownText string `json:"shown_text,omitempty"` // the text of what is shown of it
}

// batchFile is the name of a file about an edition of a batch: 0001.json, and
// 0001.2.json for a later edition.
func batchFile(name trove.CollectionName, n, edition int, ext string) string {
	if edition > 1 {
		ext = "." + strconv.Itoa(edition) + ext
	}
	return path.Join(BatchesDir, string(name), fmt.Sprintf("%04d%s", n, ext))
}

const (
	linesExt = ".ndjson.zst"
	infoExt  = ".json"
)

// keepBatchInfo keeps what is said of a written batch; durable on return.
func (r *Desk) keepBatchInfo(name trove.CollectionName, info archive.BatchInfo) error {
	b, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return durable.WriteFile(r.Files, batchFile(name, info.Number, info.Edition, infoExt), b)
}

func (r *Desk) readBatchInfo(name trove.CollectionName, n, edition int) (info archive.BatchInfo, err error) {
	b, err := fs.ReadFile(r.Files, batchFile(name, n, edition, infoExt))
	if err == nil {
		err = json.Unmarshal(b, &info)
	}
	if err != nil {
		err = fmt.Errorf("what is known of batch %d of %s, edition %d: %w", n, name, edition, err)
	}
	return info, err
}

// assemble gathers what the next edition of a batch will say and keeps it,
// durable on return. One that was assembled but never logged is assembled
// anew.
func (r *Desk) assemble(ctx context.Context, b *planned) error {
	coll := &b.collection
	if err := r.loadOrigins(ctx, coll.Name); err != nil {
		return err
	}
	file := batchFile(coll.Name, b.Number, b.Edition+1, linesExt)
	published := r.publishedAt(coll.Name, b.Number, b.Edition+1)
	if err := r.Files.MkdirAll(path.Dir(file)); err != nil {
		return err
	}
	return durable.WriteStream(r.Files, file, func(w io.Writer) error {
		z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		enc := json.NewEncoder(z)
		head := batchHead{Collection: coll.Name, Batch: b.Number, Edition: b.Edition + 1, Published: published, Items: b.Items, Veil: b.veil.digest()}
		if err := enc.Encode(head); err != nil {
			return err
		}
		put := r.Blobs.NewBatch()
		q := catalog.Query{Collection: coll.Name, Batch: b.Number, States: []trove.State{trove.Committed, trove.Published}}
		err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
			line, err := r.assembleItem(ctx, coll, it, b.veil, put)
			if err != nil {
				return err
			}
			return enc.Encode(line)
		})
		return errors.Join(err, put.Flush(), z.Close())
	})
}

// provenance is where an item of a batch was found, and its other copies.
type provenance struct {
	owners, paths []string
	copies        []int
	copyOf        int
}

// assembleItem is what the next edition of its batch says of an item.
func (r *Desk) assembleItem(ctx context.Context, coll *catalog.Collection, it *catalog.Item, v *veil, put blob.Batch) (*batchLine, error) {
	rec, err := Record(it)
	if err != nil {
		return nil, err
	}
	s, p := proof.Secret(coll.Secret).Item(coll.Name, it.Number), r.origins[it.ID]
	line := &batchLine{Date: it.SortDate, Edition: it.Edition, SHA256: it.SHA256, Size: it.Size, Span: it.Span, Text: it.Text}
	if it.Edition == 0 || it.Amended {
		line.Edition++
	}
	line.Record = archive.Record{
		Number:  it.Number,
		Opening: proof.Opening{Rule: proof.WordsRule, Root: it.Opening.Root, Segments: it.Opening.Segments, Seed: s.Seed, Salt: s.Salt},
		Record:  publicRecord(*rec), Thread: v.thread(it), Owners: v.open(p.owners), Paths: v.open(p.paths), Copies: p.copies, CopyOf: p.copyOf,
	}
	line.Record.Others = v.others(line.Record.Others)
	m, err := r.madeIn(ctx, it, v)
	if err != nil {
		return nil, err
	}
	if rows := v.rows[it.ID]; len(rows) > 0 {
		line.Alone = v.isAlone(it)
		err = r.redacted(ctx, coll, it, line, rows, v, &m, put)
	} else if v.isAlone(it) {
		err = r.alone(ctx, it, line, &m, put)
	}
	if err != nil {
		return nil, err
	}
	line.Made, err = m.keep(ctx, put)
	return line, err
}

// publicRecord leaves out what only the desk needs: the digest for finding
// copies, and the digests of bodies, which follow from the bytes.
func publicRecord(rec trove.Record) trove.Record {
	rec.Content = trove.Digest{}
	rec.Parts = slices.Clone(rec.Parts)
	for i := range rec.Parts {
		if p := &rec.Parts[i]; p.Role == trove.RoleText || p.Role == trove.RoleHTML {
			p.SHA256 = trove.Digest{}
		}
	}
	return rec
}

// loadOrigins reads owners, paths and copies of a whole collection, once for
// all its batches. Offsets and digests of containers stay on the desk: they
// would tell the length of a neighbour that is not out.
func (r *Desk) loadOrigins(ctx context.Context, name trove.CollectionName) error {
	if r.origins != nil && r.originsOf == name {
		return nil
	}
	all := map[catalog.ItemID]provenance{}
	same := map[string]string{} // most items share owner and path with others
	once := func(s string) string {
		if _, ok := same[s]; !ok {
			same[s] = s
		}
		return same[s]
	}
	err := r.Catalog.Occurrences(ctx, name, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		p := all[id]
		if o.Owner != "" && !slices.Contains(p.owners, o.Owner) {
			p.owners = append(p.owners, once(o.Owner))
		}
		if !slices.Contains(p.paths, o.Path) {
			p.paths = append(p.paths, once(o.Path))
		}
		all[id] = p
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.loadCopies(ctx, name, all); err != nil {
		return err
	}
	r.origins, r.originsOf = all, name
	return nil
}

// loadCopies adds the numbers of each item's copies. Withheld ones are left
// out: their number would tell that one of them is this message.
func (r *Desk) loadCopies(ctx context.Context, name trove.CollectionName, all map[catalog.ItemID]provenance) error {
	sets := map[catalog.ItemID][]catalog.Item{}
	q := catalog.Query{Collection: name, NoRecord: true, States: []trove.State{trove.Committed, trove.Published}}
	err := r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if it.CopyOf != 0 {
			sets[it.CopyOf] = append(sets[it.CopyOf], *it)
		}
		return nil
	})
	if err != nil || len(sets) == 0 {
		return err
	}
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if _, first := sets[it.ID]; first {
			sets[it.ID] = append(sets[it.ID], *it)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, set := range sets {
		linkCopies(set, all)
	}
	return nil
}

func linkCopies(set []catalog.Item, all map[catalog.ItemID]provenance) {
	var numbers []int
	for i := range set {
		numbers = append(numbers, set[i].Number)
	}
	slices.Sort(numbers)
	for i := range set {
		p := all[set[i].ID]
		for _, n := range numbers {
			if n != set[i].Number {
				p.copies = append(p.copies, n)
			}
		}
		if set[i].Number != numbers[0] {
			p.copyOf = numbers[0]
		}
		all[set[i].ID] = p
	}
}

// errStopped ends a walk early; it never leaves this room.
var errStopped = errors.New("stopped")

// readBatchHead reads the head of an assembled batch.
func (r *Desk) readBatchHead(name trove.CollectionName, n, edition int) (head batchHead, err error) {
	err = r.readBatch(name, n, edition, func(h batchHead) error { head = h; return errStopped }, nil)
	if errors.Is(err, errStopped) {
		err = nil
	}
	return head, err
}

// maxBatchLine bounds one line of an assembled batch: a record of 10,000 parts
// with long names.
const maxBatchLine = 64 << 20

// readBatch walks an assembled batch.
func (r *Desk) readBatch(name trove.CollectionName, n, edition int, head func(batchHead) error, item func(*batchLine) error) error {
	file := batchFile(name, n, edition, linesExt)
	f, err := r.Files.Open(file)
	if err != nil {
		return fmt.Errorf("batch %d of %s, edition %d, was never assembled here: %w", n, name, edition, err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	defer z.Close()
	lines := bufio.NewScanner(z)
	lines.Buffer(make([]byte, 64<<10), maxBatchLine)
	for first := true; lines.Scan(); first = false {
		if err := readBatchLine(lines.Bytes(), first, head, item); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

func readBatchLine(b []byte, first bool, head func(batchHead) error, item func(*batchLine) error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if first {
		var h batchHead
		if err := d.Decode(&h); err != nil {
			return err
		}
		return head(h)
	}
	var l batchLine
	if err := d.Decode(&l); err != nil {
		return err
	}
	return item(&l)
}
