package intake_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"unseal/trove"
)

// large writes a file of n bytes that begins with head, with holes in it.
func large(t testing.TB, path, head string, n int64) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = io.WriteString(f, head)
	must(t, err)
	must(t, f.Truncate(n))
	must(t, f.Close())
}

// Whatever a large file pretends to be, its bytes go by: the parent never
// allocates a part of memory that grows with it.
func TestALargeFileIsNotReadIntoMemory(t *testing.T) {
	const size = 80 << 20 // more than the largest mail
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, err := z.Write(make([]byte, 66<<20))
	must(t, err)
	must(t, z.Close())
	for name, c := range map[string]struct {
		head string
		kind trove.Kind
	}{
		"nothing known":   {"", trove.File},
		"a mail":          {letter("big"), trove.Mail},
		"a mailbox":       {"From a Thu Jan  1 00:00:00 2015\n" + letter("big"), trove.Mail},
		"an emlx":         {"100\n" + letter("big"), trove.Mail},
		"a zip":           {"PK\x03\x04\x14\x00\x00\x00\x08\x00", trove.File},
		"a gzip of 66 MB": {gz.String(), trove.File},
	} {
		d := newDesk(t)
		path := filepath.Join(t.TempDir(), "large")
		large(t, path, c.head, size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sum := d.take(path)
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 24 {
			t.Errorf("%s: %d MB were allocated", name, used)
		}
		places := d.places(coll)
		if sum.New == 0 || len(places) == 0 || len(codes(places)) == 0 {
			t.Errorf("%s: %+v, %d places, %v: taken in without a word", name, sum, len(places), codes(places))
		}
		for _, p := range places {
			if p.item.Kind != c.kind {
				t.Errorf("%s: %s is a %s", name, p.Path, p.item.Kind)
			}
		}
	}
}
