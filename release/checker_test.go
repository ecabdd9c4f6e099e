package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/archive"
	"unseal/trove"
)

// The page that checks items is that of the program which published; a folder
// that catches up gets at each checkpoint the one of that time.
func TestThePageThatChecksItemsIsPublished(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	first, second := []byte("<!doctype html>1"), []byte("<!doctype html>2")
	d.ingest(mail, someItems("a", 3)...)
	d.commit(mail)
	d.plan(mail, 1)
	d.Checker = first
	d.mustPublish(to, "mail@1")
	shows := func(want []byte) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(to, archive.CheckerPath)); err != nil || string(got) != string(want) {
			t.Errorf("the archive has %q, %v; want %q", got, err, want)
		}
	}
	shows(first)
	d.close()
	d = openDesk(t, d.dir)
	d.Checker = second // another program
	d.mustPublish(to)
	shows(second)
	again := filepath.Join(t.TempDir(), "again")
	d.mustPublish(again)
	same(t, to, again)
	page := filepath.Join(d.dir, "told", trove.Sum(first).String()+".html")
	for what, spoil := range map[string]func() error{
		"altered": func() error { return os.WriteFile(page, second, 0o666) },
		"missing": func() error { return os.Remove(page) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, faults, err := d.Check(t.Context()); err != nil || len(faults) == 0 || !strings.Contains(faults[0], filepath.Base(page)) {
			t.Errorf("%s: %q, %v", what, faults, err)
		}
	}
}
