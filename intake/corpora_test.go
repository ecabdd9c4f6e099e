package intake_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unseal/catalog"
	"unseal/material"
	"unseal/trove"
)

// expectation is what truth.json says of a file, as far as it is used here.
type expectation struct {
	Kind, Type string
	SHA256     trove.Digest
	Size       int64
	Strict     bool
	Python     *int   `json:"messages_python"`
	Formail    *int   `json:"messages_formail"`
	Encrypted  any    `json:"encrypted"` // true, or how
	Entries    *int   `json:"entries_bsdtar"`
	MessageID  string `json:"message_id"`
}

// place is an occurrence together with its item.
type place struct {
	trove.Occurrence
	item *catalog.Item
	rec  trove.Record
}

// places reads a whole collection.
func (d *desk) places(coll trove.CollectionName) []place {
	d.t.Helper()
	ctx := context.Background()
	items := map[catalog.ItemID]*place{}
	must(d.t, d.cat.Items(ctx, catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		c := *it
		c.Record = append([]byte(nil), it.Record...)
		p := &place{item: &c}
		items[c.ID] = p
		return json.Unmarshal(c.Record, &p.rec)
	}))
	var list []place
	must(d.t, d.cat.Occurrences(ctx, coll, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		p := *items[id]
		p.Occurrence = *o
		list = append(list, p)
		return nil
	}))
	return list
}

// TestCorpora takes all the material in: every file is found again by its
// digest, strict mboxes have as many messages as one of two independent tools
// counts, strict mails are mails, and all else leaves a warning.
func TestCorpora(t *testing.T) {
	dir := material.Corpora(t)
	files := material.Truth[expectation](t, "")
	d := newDesk(t)
	start := time.Now()
	sum := d.take(dir)
	t.Logf("%v: %d files, %d items, %d occurrences, %d unreadable, %d no mail, warnings %v", time.Since(start), sum.Files, sum.New, sum.Occurrences, sum.Unreadable, sum.NotMail, sum.Warnings)
	for _, f := range sum.Failures {
		t.Errorf("%s: %v", f.Path, f.Err)
	}
	byFile := map[string][]place{}
	have := map[trove.Digest]bool{}
	for _, p := range d.places(coll) {
		name, _, _ := strings.Cut(p.Path, "!/")
		byFile[name] = append(byFile[name], p)
		have[p.FileSHA256], have[p.item.SHA256] = true, true
	}
	for name, want := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			continue
		}
		if !have[want.SHA256] {
			t.Errorf("%s: not found by its digest", name)
			continue
		}
		got := byFile[name]
		if len(got) == 0 {
			t.Errorf("%s: it occurs under no such path", name)
			continue
		}
		switch {
		case want.Type == "mbox" && want.Strict:
			if len(got) != *want.Python && len(got) != *want.Formail {
				t.Errorf("%s: %d messages, want %d or %d", name, len(got), *want.Python, *want.Formail)
			}
		case want.Type == "eml" && want.Strict:
			if len(got) != 1 || got[0].item.Kind != trove.Mail {
				t.Errorf("%s: %d items, the first a %s; want one mail", name, len(got), got[0].item.Kind)
			}
		case want.Encrypted != nil && want.Encrypted != false && want.Kind == "archives":
			if !warned(got, "encrypted") {
				t.Errorf("%s: no warning that it is encrypted: %v", name, codes(got))
			}
		}
		if os.Getenv("UNSEAL_INTAKE_LIST") != "" {
			t.Logf("%-70s %s strict=%v: %d items, kind %s, %v", name, want.Type, want.Strict, len(got), got[0].item.Kind, codes(got))
			for _, g := range got {
				t.Log("   ", g.Path, g.rec.Warnings, g.rec.Unreadable)
			}
		}
	}
	again := d.take(dir)
	if again.New != 0 || again.Occurrences != 0 || again.FilesDone != again.Files {
		t.Errorf("a second run added %d items and %d occurrences, and found %d of %d files finished", again.New, again.Occurrences, again.FilesDone, again.Files)
	}
	d.verify(coll)
}

func warned(list []place, code string) bool {
	for _, c := range codes(list) {
		if c == code {
			return true
		}
	}
	return false
}

func codes(list []place) []string {
	var all []string
	for _, p := range list {
		for _, w := range p.rec.Warnings {
			all = append(all, w.Code)
		}
		if p.rec.Unreadable != "" {
			all = append(all, "unreadable: "+p.rec.Unreadable)
		}
	}
	return all
}

// verify reads every item back and compares digest and text.
func (d *desk) verify(coll trove.CollectionName) {
	d.t.Helper()
	must(d.t, d.cat.Items(context.Background(), catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		d.verifyItem(it)
		d.verifyVerdict(it)
		return nil
	}))
}

// verifyVerdict looks whether an item that no parser has judged has the verdict
// that it must have, so that the counts of verdicts add up to all items.
func (d *desk) verifyVerdict(it *catalog.Item) {
	d.t.Helper()
	var rec trove.Record
	must(d.t, json.Unmarshal(it.Record, &rec))
	switch {
	case it.Kind == trove.File && rec.Verdict != trove.Unsigned, it.State == trove.Unreadable && rec.Verdict != trove.Unchecked:
		d.t.Errorf("item %s: %s, %s, verdict %q", it.SHA256.Short(), it.Kind, it.State, rec.Verdict)
	}
}

// The cases of CASES.md that concern taking in: 10, 20 to 22, 25 and 27.
func TestSurprisingCases(t *testing.T) {
	dir := material.Corpora(t)
	d := newDesk(t)
	at := func(names ...string) {
		for _, name := range names {
			d.take(filepath.Join(dir, filepath.FromSlash(name)))
		}
	}
	boxes := []string{"mailarc-1.txt", "mailarc-1-dos.txt", "mailarc-3.txt", "malformed.txt"}
	for _, b := range boxes {
		at("email-mbox/messageparser/" + b)
	}
	at("email-mbox/tika-mbox/simple.mbox", "archives/tika-pkg/gbk.zip", "archives/zip-slip", "archives/tika-pkg/moby.zip", "archives/tika-pkg/testZ_oom.Z",
		"email-mime/datashare/embedded_doc.eml", "email-mime/datashare/embedded_doc_duplicate.eml", "email-mime/public-single/chandler-invite.eml")

	noted := map[string]string{}
	types := map[string]string{}
	must(t, d.cat.Files(context.Background(), coll, func(f *catalog.File) error {
		types[f.Path] = f.Type
		for _, w := range f.Warnings {
			if w.Code == "mbox-count" {
				noted[f.Path] = w.Text
			}
		}
		return nil
	}))
	for _, b := range append(boxes, "simple.mbox") { // case 10
		if !strings.Contains(noted[b], " messages; ") || !strings.HasPrefix(types[b], "mbox") {
			t.Errorf("%s: split as %q, the other count is not offered: %q", b, types[b], noted[b])
		}
	}
	byPath := map[string]place{}
	for _, p := range d.places(coll) {
		byPath[p.Path] = p
		if strings.Contains(p.Path, "..") || strings.Contains(p.Path, `\`) { // case 21
			t.Errorf("path %q", p.Path)
		}
		if strings.Contains(p.Path, "evil") && !warned([]place{p}, "unsafe-name") {
			t.Errorf("%s: not warned of", p.Path)
		}
		if strings.Contains(p.Path, "gbk.zip!/") && (!strings.Contains(p.Path, "审计压缩包文件检索测试/") || warned([]place{p}, "unsafe-name")) { // case 20
			t.Errorf("path %q, %v", p.Path, codes([]place{p}))
		}
	}
	one, two := byPath["embedded_doc.eml"], byPath["embedded_doc_duplicate.eml"] // case 27
	if one.item == nil || two.item == nil || one.item.ID != two.item.ID && two.item.CopyOf != one.item.ID {
		t.Errorf("the same mail under two names: %+v, %+v", one, two)
	}
	invite := byPath["chandler-invite.eml"] // case 25: the mail's own zone is kept, no other is made up
	if !invite.rec.Date.Equal(time.Date(2006, 9, 8, 16, 16, 37, 0, time.UTC)) || len(invite.rec.Parts) != 2 {
		t.Errorf("the invitation: %v %+d, %d parts", invite.rec.Date, invite.rec.DateOffset, len(invite.rec.Parts))
	}
	for name, code := range map[string]string{"testZ_oom.Z": "not-mail", "moby.zip": "unsupported"} { // case 22
		if p := byPath[name]; p.item == nil || !warned([]place{p}, code) {
			t.Errorf("%s: not kept, or without a word: %v", name, codes([]place{p}))
		}
	}
}
