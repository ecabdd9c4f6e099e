package archive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"unseal/proof"
)

// exercise reads all there is. Whatever the files are, it must come to an end,
// and show no byte that was not published.
func (p *press) exercise(tb testing.TB, fsys fs.FS) {
	a, err := Open(context.Background(), fsys)
	if err != nil {
		return
	}
	defer a.Close()
	for _, c := range a.Collections() {
		if _, err := c.Batches(); err != nil {
			continue
		}
		for n := 0; n <= c.Count()+1; n++ {
			b, err := c.Bytes(n)
			if err == nil && !bytes.Equal(b, p.item(n).Content) {
				tb.Fatalf("%s/%d: shows bytes that were not published", c.Name, n)
			}
			item, err := c.Item(n)
			if err == nil && item.Record.Subject != p.item(n).Record.Subject {
				tb.Fatalf("%s/%d: shows a record that was not published", c.Name, n)
			}
			if n%5 == 2 {
				p.exerciseMade(tb, c, n)
			}
		}
		for n := 1; n <= c.Count(); n += 7 {
			text, err := a.Proof(c.Name, n)
			if err != nil {
				continue
			}
			f, err := proof.Parse(text)
			if err == nil {
				_, err = proof.Verify(f, p.item(n).Content, p.key)
			}
			if err != nil {
				tb.Fatalf("%s/%d: hands out a proof that does not hold: %v", c.Name, n, err)
			}
		}
	}
}

// exerciseMade reads the files made of an item, whole and by range.
func (p *press) exerciseMade(tb testing.TB, c *Collection, n int) {
	for _, want := range madeOf(n) {
		if b, err := c.Made(n, want.Name); err == nil && !bytes.Equal(b, want.Content) {
			tb.Fatalf("%s/%d: %s shows bytes that were not published", c.Name, n, want.Name)
		}
		f, err := c.OpenMade(n, want.Name)
		if err != nil {
			continue
		}
		b := make([]byte, 50)
		for _, off := range []int{0, len(want.Content) / 2, len(want.Content) - 20} {
			k, err := f.ReadAt(b, int64(off))
			if err == nil || err == io.EOF {
				if !bytes.Equal(b[:k], want.Content[off:min(off+len(b), len(want.Content))]) {
					tb.Fatalf("%s/%d: %s shows bytes at %d that were not published", c.Name, n, want.Name, off)
				}
			}
		}
	}
}

func TestReaderShowsNoAlteredByte(t *testing.T) {
	p := newPress(t, 20, 12)
	for x := range tamperings(p.archived(), "", 6, 0) {
		p.exercise(t, x.fsys)
	}
}

// A file that is altered after it was opened, or while others read, must not
// show either; and many readers share one archive.
func TestManyReadAtOnce(t *testing.T) {
	p := newPress(t, 60, 20)
	fsys, _ := p.published()
	a := opened(t, fsys)
	c := a.Collections()[0]
	var readers sync.WaitGroup
	for r := range 8 {
		readers.Go(func() {
			for i := range 120 {
				n := (i*7+r)%60 + 1
				b, err := c.Bytes(n)
				if err != nil || !bytes.Equal(b, p.content(n)) {
					t.Errorf("%d: %v", n, err)
				}
				if _, err := c.Item(n); err != nil {
					t.Error(err)
				}
				if n%5 == 2 {
					p.exerciseMade(t, c, n)
				}
				if _, _, err := c.Segment(n/20%3+1, 1); err != nil {
					t.Error(err)
				}
				if i%20 == 0 {
					if _, err := a.Proof("mail", n); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	readers.Wait()
}

func TestHandlesAreBoundedAndClosed(t *testing.T) {
	m := fstest.MapFS{}
	for i := range 3 * maxHandles {
		m[fmt.Sprint(i)] = &fstest.MapFile{Data: []byte{byte(i)}}
	}
	h := handles{fsys: m}
	held, err := h.get("0")
	must(t, err)
	kept, err := h.keep("1")
	must(t, err)
	for i := range 3 * maxHandles {
		b, err := h.readExtent(fmt.Sprint(i), Extent{0, 1})
		if err != nil || b[0] != byte(i) {
			t.Fatalf("%d: %v, %v", i, b, err)
		}
	}
	if len(h.open) > maxHandles || len(h.old) != len(h.open) {
		t.Errorf("%d files open, %d in order", len(h.open), len(h.old))
	}
	if _, err := held.extent("0", Extent{0, 1}); err != nil {
		t.Errorf("a file in use was closed: %v", err)
	}
	h.release(held)
	for _, bad := range []Extent{{-1, 1}, {0, 2}, {2, 0}, {1, 1}, {0, -1}, {1 << 62, 1 << 62}} {
		if _, err := kept.extent("1", bad); err == nil {
			t.Errorf("extent %v of one byte", bad)
		}
	}
	h.close()
	if held.users != 0 || kept.users != 0 || len(h.open) != 0 {
		t.Errorf("%d, %d users after close", held.users, kept.users)
	}
	if _, err := h.get("absent"); err == nil {
		t.Error("opened a file that is not there")
	}
}

// FuzzArchive puts any bytes in the place of any file.
func FuzzArchive(f *testing.F) {
	p := newPress(f, 6, 4)
	good := p.archived()
	paths := slices.Sorted(maps.Keys(good))
	for i, name := range paths {
		f.Add(uint8(i), good[name].Data)
		f.Add(uint8(i), good[name].Data[:len(good[name].Data)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		name := paths[int(which)%len(paths)]
		m := with(good, name, data)
		p.exercise(t, m)
		r, err := Verify(context.Background(), m, VerifyOptions{LogKey: p.key, Deep: true, Jobs: 1})
		if err != nil {
			t.Fatal(err)
		}
		if same := bytes.Equal(data, good[name].Data); same == names(r, name, Altered) {
			t.Fatalf("%s: altered %v, %+v", name, !same, r.Findings)
		}
	})
}
