package archive

import (
	"bytes"
	"testing"

	"unseal/trove"
)

func TestThePageThatChecksItemsIsInTheLog(t *testing.T) {
	p := newPress(t, 8, 8)
	fsys, dir := p.published()
	clean(t, verified(t, fsys, VerifyOptions{})) // an archive without one is whole
	if got, err := opened(t, fsys).Checker(); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	w := p.writer(fsys)
	page := []byte("<!doctype html><title>Verify one item</title>")
	told := Told{Info: Info{Name: "Demo"}, Collections: []CollectionInfo{p.infos}, Checker: page}
	before := w.State().Size
	for range 2 {
		must(t, w.Publish(told))
	}
	if w.State().Size != before+1 || w.State().Index[CheckerPath] != trove.Sum(page) {
		t.Errorf("%d entries after %d; the log says %v", w.State().Size, before, w.State().Index)
	}
	m := mapOf(contents(t, dir))
	clean(t, verified(t, m, VerifyOptions{}))
	if got, err := opened(t, m).Checker(); err != nil || !bytes.Equal(got, page) {
		t.Errorf("the archive holds %q, %v", got, err)
	}
	for what, data := range map[string][]byte{"altered": append(bytes.Clone(page), 'x'), "missing": nil, "emptied": {}} {
		r := verified(t, with(m, CheckerPath, data), VerifyOptions{})
		if !names(r, CheckerPath, Altered) || len(r.Findings) != 1 {
			t.Errorf("%s: %+v", what, r.Findings)
		}
		if got, err := opened(t, with(m, CheckerPath, data)).Checker(); err == nil {
			t.Errorf("%s: given as %q", what, got)
		}
	}
}
