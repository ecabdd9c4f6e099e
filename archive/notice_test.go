package archive

import (
	"bytes"
	"errors"
	"testing"
	"testing/fstest"

	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// say puts a notice into the archive of p.
func (p *press) say(w *Writer, text string) {
	p.tb.Helper()
	s := w.State()
	n := len(s.Notices) + 1
	must(p.tb, w.WriteNotice(n, []byte(text)))
	e, err := translog.Sign(translog.Notice{Kind: "statement", Log: s.ID, Number: n, Text: trove.Sum([]byte(text))}, p.release...)
	must(p.tb, err)
	must(p.tb, w.Append(e))
	must(p.tb, p.publish(w))
}

func TestNoticesAreReadAndChecked(t *testing.T) {
	p := newPress(t, 4, 4)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.start(w))
	p.say(w, "We are here.\n")
	_, err := p.batch(w)
	must(t, err)
	p.say(w, "Nous sommes là.\n")
	must(t, w.WriteNotice(3, []byte("never said\n")))
	must(t, w.Tidy())

	whole := mapOf(contents(t, dir))
	if r := verified(t, whole, VerifyOptions{LogKey: p.key, Deep: true}); len(r.Findings) > 0 {
		t.Fatalf("%+v", r.Findings)
	}
	a := opened(t, fsys)
	if text, err := a.NoticeText(2); err != nil || text != "Nous sommes là.\n" || len(a.Notices()) != 2 || a.Notices()[1].Kind != "statement" {
		t.Errorf("%q, %v, %+v", text, err, a.Notices())
	}
	for _, n := range []int{0, 3} {
		if _, err := a.NoticeText(n); !errors.Is(err, ErrNotFound) {
			t.Errorf("notice %d: %v", n, err)
		}
	}
	if a.LogID() == (trove.Digest{}) || len(a.LogKeys()) != 1 {
		t.Errorf("log %s, keys %+v", a.LogID(), a.LogKeys())
	}
	for what, c := range map[string]struct {
		change func(fstest.MapFS)
		path   string
		class  Class
	}{
		"missing":  {func(m fstest.MapFS) { delete(m, "notices/1.txt") }, "notices/1.txt", Altered},
		"altered":  {func(m fstest.MapFS) { m["notices/2.txt"].Data = []byte("Nous sommes la.\n") }, "notices/2.txt", Altered},
		"too long": {func(m fstest.MapFS) { m["notices/2.txt"].Data = bytes.Repeat([]byte("a"), MaxNotice+1) }, "notices/2.txt", Altered},
		"coming":   {func(m fstest.MapFS) { m["notices/3.txt"] = m["notices/2.txt"] }, "notices/3.txt", Unfinished},
		"renamed":  {func(m fstest.MapFS) { m["notices/03.txt"] = m["notices/2.txt"] }, "notices/03.txt", Altered},
		"stray":    {func(m fstest.MapFS) { m["notices/readme"] = m["notices/2.txt"] }, "notices/readme", Altered},
	} {
		m := fstest.MapFS{}
		for name, f := range whole {
			m[name] = &fstest.MapFile{Data: bytes.Clone(f.Data)}
		}
		c.change(m)
		r := verified(t, m, VerifyOptions{LogKey: p.key})
		if !names(r, c.path, c.class) || len(r.Findings) != 1 {
			t.Errorf("%s: %+v", what, r.Findings)
		}
	}
	must(t, fsys.Remove("notices/1.txt"))
	if _, err := opened(t, fsys).NoticeText(1); err == nil || errors.Is(err, proof.ErrMismatch) {
		t.Errorf("missing text: %v", err)
	}
}
