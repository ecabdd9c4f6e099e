package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"unseal/blob"
	"unseal/blob/disk"
	"unseal/catalog"
	"unseal/catalog/sqlite"
	"unseal/durable"
	"unseal/intake"
	"unseal/intake/mail"
	"unseal/intake/worker"
	"unseal/trove"
)

// TestMain lets the test binary be its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == worker.Argument {
		if err := worker.Main(os.Stdin, os.Stdout, worker.Work{Parse: parse}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// parse is the real parser, apart from mails that ask for trouble.
func parse(raw []byte) (trove.Record, string) {
	switch {
	case bytes.Contains(raw, []byte("X-Test: crash")):
		os.Exit(7)
	case bytes.Contains(raw, []byte("X-Test: panic")):
		panic("asked for")
	case bytes.Contains(raw, []byte("X-Test: memory")):
		var keep [][]byte
		for {
			b := make([]byte, 32<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			keep = append(keep, b)
			_ = keep
		}
	case bytes.Contains(raw, []byte("X-Test: hang")):
		select {}
	}
	return mail.Parse(raw)
}

func self() *exec.Cmd { return exec.Command(os.Args[0], worker.Argument) }

const coll = trove.CollectionName("mail")

// desk is a catalog and a blob store in a temporary folder.
type desk struct {
	t       testing.TB
	dir     string
	cat     catalog.Catalog
	blobs   blob.Store
	options intake.Options
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	cat, err := sqlite.Create(ctx, filepath.Join(dir, "catalog.db"), sqlite.Options{})
	must(t, err)
	fsys, err := durable.Make(filepath.Join(dir, "blobs"))
	must(t, err)
	blobs, err := disk.Open(fsys)
	must(t, err)
	t.Cleanup(func() {
		for _, err := range []error{cat.Close(), blobs.Close(), fsys.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	must(t, cat.PutCollection(ctx, catalog.Collection{Name: coll, Created: time.Unix(1e9, 0)}))
	return &desk{t: t, dir: dir, cat: cat, blobs: blobs, options: intake.Options{
		Collection: coll, Catalog: cat, Blobs: blobs, Worker: self, Temp: dir,
		By: catalog.Author{Who: "test", Why: "test"},
	}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// take ingests and wants no error.
func (d *desk) take(paths ...string) intake.Summary {
	d.t.Helper()
	o := d.options
	o.Paths = paths
	sum, err := intake.Run(context.Background(), o)
	must(d.t, err)
	return sum
}

// verifyItem reads an item back from the blob store.
func (d *desk) verifyItem(it *catalog.Item) {
	d.t.Helper()
	b, err := blob.Read(context.Background(), d.blobs, blob.Span(it.Span), 1<<40)
	if err != nil {
		d.t.Errorf("item %d: %v", it.ID, err)
		return
	}
	if trove.Sum(b) != it.SHA256 || int64(len(b)) != it.Size {
		d.t.Errorf("item %d: its span gives %d bytes with another digest, want %d", it.ID, len(b), it.Size)
	}
}
