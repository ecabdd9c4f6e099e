package archive

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"unseal/trove"
)

// anyManifest is a manifest that holds together.
func anyManifest() *rapid.Generator[Manifest] {
	return rapid.Custom(func(t *rapid.T) Manifest {
		size := rapid.Int64Range(0, 1<<40)
		at := func() Extent { return Extent{size.Draw(t, "offset"), size.Draw(t, "length")} }
		sum := func() trove.Digest { return trove.Sum(rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "digest")) }
		m := Manifest{Format: ManifestFormat, Collection: "mail", Batch: rapid.IntRange(1, 1<<31-1).Draw(t, "batch"), Edition: 1}
		m.Published = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "published"), 0).UTC()
		m.Files = []FileSum{{ItemsName, size.Draw(t, "size"), sum()}, {SegmentName, 0, sum()}}
		n := 0
		for range rapid.IntRange(0, 50).Draw(t, "items") {
			n += rapid.IntRange(1, 1000).Draw(t, "step")
			r := Row{Number: n, Kind: rapid.SampledFrom([]trove.Kind{trove.Mail, trove.Mail, trove.File, "ü"}).Draw(t, "kind"), Edition: 1, Size: size.Draw(t, "size"), SHA256: sum(), At: at()}
			if rapid.Bool().Draw(t, "dated") {
				r.Date = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "date"), 0).UTC()
			}
			r.Name = ItemName(n, r.Kind)
			if len(m.Items)%groupSize == 0 {
				m.Records = append(m.Records, RecordGroup{First: n, Size: size.Draw(t, "size"), SHA256: sum(), At: at()})
			}
			m.Records[len(m.Records)-1].Items++
			m.Items = append(m.Items, r)
		}
		return m
	})
}

func TestManifestReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyManifest().Draw(t, "manifest")
		b := m.format()
		got, err := ParseManifest(b)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.format(), b) || len(got.Items) != len(m.Items) {
			t.Fatalf("%s\n%s", b, got.format())
		}
	})
}

// sameAsJSON fails if the scanner reads a manifest that JSON reads otherwise.
func sameAsJSON(tb interface{ Fatalf(string, ...any) }, b []byte) {
	got, ok := scanManifest(b)
	if !ok {
		return
	}
	var want Manifest
	if err := strictJSON(b, &want); err != nil {
		tb.Fatalf("scanned, but no JSON: %v: %q", err, b)
	}
	for _, m := range []*Manifest{&got, &want} { // an empty list is the same as none
		if len(m.Items) == 0 {
			m.Items = nil
		}
		if len(m.Records) == 0 {
			m.Records = nil
		}
		if len(m.Files) == 0 {
			m.Files = nil
		}
	}
	if !reflect.DeepEqual(got, want) {
		tb.Fatalf("scanned as\n%+v\nas JSON\n%+v\n%q", got, want, b)
	}
}

func TestScannedManifestIsWhatJSONSays(t *testing.T) {
	scanned := 0
	rapid.Check(t, func(t *rapid.T) {
		m := anyManifest().Draw(t, "manifest")
		b := m.format()
		if _, ok := scanManifest(b); ok {
			scanned++
		}
		sameAsJSON(t, b)
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[at] ^= 1 << rapid.IntRange(0, 6).Draw(t, "bit")
		sameAsJSON(t, b)
	})
	if scanned == 0 {
		t.Error("no manifest was read by the scanner")
	}
}

func TestManifestThatDoesNotHoldTogetherIsRefused(t *testing.T) {
	p := newPress(t, 40, 40)
	fsys, _ := p.published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	good, err := c.Manifest(1, 1)
	must(t, err)
	text := string(good.format())
	if _, err := ParseManifest([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseManifest([]byte(strings.ReplaceAll(text, ",", ", "))); err != nil {
		t.Errorf("in another form of JSON: %v", err)
	}
	for what, bad := range map[string]string{
		"format":         strings.Replace(text, "manifest/1", "manifest/2", 1),
		"unknown field":  strings.Replace(text, `"edition"`, `"redition"`, 1),
		"two rows alike": strings.Replace(text, `"number":7,`, `"number":6,`, 1),
		"name":           strings.Replace(text, `"7.eml"`, `"../7.eml"`, 1),
		"extent":         strings.Replace(text, `"at":[`, `"at":[-1`, 1),
		"huge extent":    strings.Replace(text, `"at":[`, `"at":[922337203685477580`, 1),
		"group":          strings.Replace(text, `"items":16`, `"items":17`, 1),
		"record missing": strings.Replace(text, `"items":8,`, `"items":7,`, 1),
		"group's first":  strings.Replace(text, `"first":17`, `"first":18`, 1),
		"file":           strings.Replace(text, SegmentName, "other.seg", 1),
		"more":           text + "{}",
		"cut":            text[:len(text)-3],
	} {
		if bad == text {
			t.Fatalf("%s: nothing changed", what)
		}
		if _, err := ParseManifest([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func FuzzManifest(f *testing.F) {
	for seed := range 3 {
		m := anyManifest().Example(seed)
		f.Add(m.format())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sameAsJSON(t, b)
		m, err := ParseManifest(b)
		if err != nil {
			return
		}
		again, err := ParseManifest(m.format())
		if err != nil || !bytes.Equal(again.format(), m.format()) {
			t.Fatalf("%q: %v", b, err)
		}
	})
}
