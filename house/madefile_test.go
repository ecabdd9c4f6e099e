package house

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"unseal/archive"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/trove"
)

// madeDesk is a desk with a note of which a stage has made a file.
func madeDesk(t *testing.T) (dir, name string) {
	dir = newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	ingest(t, d, map[string]string{"note.txt": "Nothing but a note.\n"})
	it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: "mail"})
	if err != nil {
		t.Fatal(err)
	}
	picture := []byte("a picture of it")
	sum, _, err := d.Blobs.Put(t.Context(), bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	row := catalog.OutcomeRow{Outcome: catalog.Outcome{Item: it.ID, Stage: string(reader.Picture), State: catalog.ReadDone, Sum: sum,
		Made: []catalog.Made{{Name: "p1.png", Type: "image/png", Size: int64(len(picture)), SHA256: sum}}}}
	if err := d.Catalog.SetOutcomes(t.Context(), "mail", []catalog.OutcomeRow{row}); err != nil {
		t.Fatal(err)
	}
	r := d.Release()
	if _, err := r.Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Catalog.PlanBatches(t.Context(), "mail", 10); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, trove.Name{Collection: "mail", Number: 1}.String()
}

func TestAFileMadeOfAnItemIsWritten(t *testing.T) {
	dir, name := madeDesk(t)
	to := t.TempDir()
	d := openDesk(t, dir, ReadWrite)
	if _, err := d.Publish(t.Context(), d.Release(), nil, to, false); err != nil {
		t.Fatal(err)
	}
	if rep, err := d.Fsck(t.Context(), func(_, _ int64) {}); err != nil || len(rep.Faults) > 0 {
		t.Errorf("%q, %v", rep.Faults, err)
	}
	for _, dir := range []string{dir, to} {
		var b bytes.Buffer
		if err := WriteMade(t.Context(), dir, name, "p1.png", &b); err != nil || b.String() != "a picture of it" {
			t.Errorf("%s: %q, %v", dir, &b, err)
		}
		if err := WriteMade(t.Context(), dir, name, "p2.png", &b); !errors.Is(err, catalog.ErrNotFound) && !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := d.Blobs.Remove(t.Context(), trove.Sum([]byte("a picture of it"))); err != nil {
		t.Fatal(err)
	}
	rep, err := d.Fsck(t.Context(), func(_, _ int64) {})
	if err != nil || len(rep.Faults) != 2 || !strings.Contains(strings.Join(rep.Faults, " "), "the stage picture made of item") {
		t.Errorf("%q, %v", rep.Faults, err)
	}
}
