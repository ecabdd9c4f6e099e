package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"unseal/crash"
	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

// word hides a word of every mail of a press: "ada" in From.
func word(p *press, n int) []proof.Cut {
	at := int64(bytes.Index(p.content(n), []byte("ada@")))
	return []proof.Cut{{From: at, To: at + 3}}
}

// subject hides the subject as well.
func subject(p *press, n int) []proof.Cut {
	at := int64(bytes.Index(p.content(n), []byte("item ")))
	return append(word(p, n), proof.Cut{From: at, To: at + 4})
}

// revised is an archive of two batches, of which the first has a second
// edition: something is hidden in 3 and 5, and 7 is withdrawn.
func revised(tb testing.TB) (*press, *durable.Folder, map[string]string) {
	p := newPress(tb, 40, 20)
	fsys, dir := p.published()
	must(tb, p.revise(p.writer(fsys), 1, map[int][]proof.Cut{3: word(p, 3), 5: subject(p, 5)}, 7))
	return p, fsys, contents(tb, dir)
}

func TestALaterEditionTakesThePlaceOfTheEarlier(t *testing.T) {
	p, fsys, files := revised(t)
	for name := range files {
		if strings.HasPrefix(name, BatchDir("mail", 1, 1)) {
			t.Errorf("%s is still there", name)
		}
	}
	for _, deep := range []bool{false, true} {
		r := verified(t, fsys, VerifyOptions{LogKey: p.key, Deep: deep})
		clean(t, r)
		c := r.Collections[0]
		if c.Published != 39 || c.Tombstones != 1 || c.Opened != 39 || c.Redacted != 2 || c.Batches != 3 || r.Verdicts[trove.Redacted] != 2 || r.Items != 39 {
			t.Errorf("deep %v: %+v, %+v", deep, c, r.Verdicts)
		}
	}
	a := opened(t, fsys)
	c := a.Collections()[0]
	list, err := c.Batches()
	must(t, err)
	if len(list) != 3 || !list[0].Superseded || list[0].Items != 20 || list[0].Published.IsZero() || list[2].Superseded || list[2].Edition != 2 || list[2].Items != 19 {
		t.Errorf("%+v", list)
	}
	_, err1 := c.Manifest(1, 1)
	_, _, err2 := c.Segment(1, 1)
	if !errors.Is(err1, ErrNotFound) || !errors.Is(err2, ErrNotFound) {
		t.Errorf("of the superseded edition: %v, %v", err1, err2)
	}
	walked := 0
	must(t, c.Walk(context.Background(), func(i *Item) error {
		walked++
		if want := p.item(i.Row.Number); i.Row.Edition != want.Edition || i.Record.Subject != want.Record.Subject {
			t.Errorf("%+v", i)
		}
		return nil
	}))
	if walked != 39 {
		t.Errorf("%d items walked", walked)
	}
}

func TestARedactedItemIsReadAndProven(t *testing.T) {
	p, fsys, files := revised(t)
	a := opened(t, fsys)
	c := a.Collections()[0]
	for n := 1; n <= 40; n++ {
		b, err := c.Bytes(n)
		if n == 7 {
			if !errors.Is(err, ErrNotShown) {
				t.Errorf("withdrawn: %q, %v", b, err)
			}
			continue
		}
		must(t, err)
		want := p.item(n)
		if !bytes.Equal(b, want.Content) || bytes.Contains(b, []byte("[redacted]")) != (p.hide[n] != nil) {
			t.Errorf("%d: %q", n, b)
		}
		item, err := c.Item(n)
		must(t, err)
		if p.hide[n] != nil && (item.Row.Hidden != len(p.hide[n]) || item.Row.Edition != 2 || item.Record.Redactions[0].Reason != "privacy" || item.Record.Original.Verdict != trove.Unsigned) {
			t.Errorf("%d: %+v, %+v", n, item.Row, item.Record)
		}
		text, err := a.Proof("mail", n)
		must(t, err)
		f, err := proof.Parse(text)
		must(t, err)
		s, err := proof.Verify(f, b, p.key)
		if err != nil || s.Item.Edition != max(1, p.edition[n]) || (f.Redacted != nil) != (p.hide[n] != nil) {
			t.Errorf("%d: %+v, %v", n, s, err)
		}
	}
	for name, text := range files { // of the hidden words, no file has a trace
		if strings.Contains(text, "item 5\"") || strings.Contains(text, "Subject: item 5\r") {
			t.Errorf("%s still tells what is hidden", name)
		}
	}
}

func TestFurtherEditions(t *testing.T) {
	p, fsys, _ := revised(t)
	w := p.writer(fsys)
	must(t, p.revise(w, 1, map[int][]proof.Cut{3: subject(p, 3), 9: word(p, 9)}))         // 5 stays as it is in edition 2
	must(t, p.revise(w, 2, nil, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30))                  // withdrawn only
	must(t, p.revise(w, 2, nil, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40))                  // all of it
	must(t, p.revise(w, 1, nil))                                                          // made again, and nothing is new
	must(t, p.revise(w, 1, map[int][]proof.Cut{5: append(subject(p, 5), word(p, 5)...)})) // the same is hidden again
	for _, deep := range []bool{false, true} {
		r := verified(t, fsys, VerifyOptions{LogKey: p.key, Deep: deep})
		clean(t, r)
		if c := r.Collections[0]; c.Published != 19 || c.Tombstones != 21 || c.Redacted != 3 || c.Opened != 19 || c.Batches != 8 {
			t.Errorf("%+v", c)
		}
	}
	c := opened(t, fsys).Collections()[0]
	m, err := c.Manifest(2, 3)
	must(t, err)
	if len(m.Items) != 0 || len(m.Records) != 0 {
		t.Errorf("an empty edition: %+v", m)
	}
	if m, err = c.Manifest(1, 5); err != nil || m.Items[2].Edition != 3 || m.Items[4].Edition != 3 || m.Items[0].Edition != 1 || m.Items[7].Hidden != 1 {
		t.Errorf("%+v, %v", m.Items, err)
	}
}

func TestASupersededEditionLeftBehindIsFound(t *testing.T) {
	p := newPress(t, 40, 20)
	fsys, dir := p.published()
	old := mapOf(contents(t, dir))
	must(t, p.revise(p.writer(fsys), 1, map[int][]proof.Cut{3: word(p, 3)}))
	m := mapOf(contents(t, dir))
	gone := BatchDir("mail", 1, 1)
	for _, name := range batchNames {
		one := with(m, gone+"/"+name, old[gone+"/"+name].Data)
		r := verified(t, one, VerifyOptions{})
		if len(r.Findings) != 1 || !names(r, gone, Unfinished) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
	if r := verified(t, with(m, gone+"/notes.txt", []byte("x")), VerifyOptions{}); !names(r, gone+"/notes.txt", Altered) {
		t.Errorf("another file: %+v", r.Findings)
	}
	// in the place of the newest it is an alteration
	for _, name := range batchNames {
		if r := verified(t, with(m, BatchDir("mail", 1, 2)+"/"+name, old[gone+"/"+name].Data), VerifyOptions{}); !names(r, BatchDir("mail", 1, 2)+"/"+name, Altered) {
			t.Errorf("%s of the old edition: %+v", name, r.Findings)
		}
	}
	// the next run removes it
	for _, name := range batchNames {
		must(t, fsys.MkdirAll(gone))
		f, err := fsys.Create(gone + "/" + name)
		must(t, err)
		_, err = f.Write(old[gone+"/"+name].Data)
		must(t, errors.Join(err, f.Close()))
	}
	must(t, p.writer(fsys).Tidy())
	sameFiles(t, contents(t, dir), textsOf(m))
}

// A reader that has the archive open since before must not go on showing what
// is hidden now.
func TestARemovedEditionIsNotReadFromAnOpenFile(t *testing.T) {
	p := newPress(t, 40, 20)
	fsys, _ := p.published()
	c := opened(t, fsys).Collections()[0]
	for _, n := range []int{3, 25} {
		if b, err := c.Bytes(n); err != nil || !bytes.Equal(b, p.content(n)) {
			t.Fatalf("%d: %q, %v", n, b, err)
		}
	}
	must(t, p.revise(p.writer(fsys), 1, map[int][]proof.Cut{3: word(p, 3)}))
	for range 2 {
		if b, err := c.Bytes(3); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still shown: %q, %v", b, err)
		}
		if i, err := c.Item(3); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still told: %+v, %v", i, err)
		}
	}
	if b, err := c.Bytes(25); err != nil || !bytes.Equal(b, p.content(25)) {
		t.Errorf("of another batch: %q, %v", b, err)
	}
}

func textsOf(m fstest.MapFS) map[string]string {
	all := map[string]string{}
	for name, f := range m {
		all[name] = string(f.Data)
	}
	return all
}

// noCheckpoint fails where a checkpoint would be written.
type noCheckpoint struct{ durable.FS }

var errStop = errors.New("stopped")

func (f noCheckpoint) Rename(from, to string) error {
	if to == "log/checkpoint" {
		return errStop
	}
	return f.FS.Rename(from, to)
}

// A run may stop between the index files and the checkpoint; what was said of
// superseded editions must not be lost with the index files before.
func TestAnEditionThatWasStoppedIsFinishedTheSame(t *testing.T) {
	p := newPress(t, 40, 20)
	fsys, dir := p.published()
	must(t, p.revise(p.writer(fsys), 1, map[int][]proof.Cut{3: word(p, 3)}))
	w, err := NewWriter(noCheckpoint{fsys}, p.signer, p.release, proof.Checkpoint{})
	must(t, err)
	if err := p.revise(w, 1, nil, 4); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	if r := verified(t, fsys, VerifyOptions{}); r.Has(Altered) || !r.Has(Unfinished) {
		t.Errorf("%+v", r.Findings)
	}
	if list, err := opened(t, fsys).Collections()[0].Batches(); err != nil || len(list) != 3 || list[2].Superseded {
		t.Errorf("%+v, %v", list, err)
	}
	again := p.writer(fsys)
	for _, b := range w.State().Collection("mail").Batches {
		if _, known := again.Batch(b.Manifest); known != (b.Edition < 3) { // what is not logged may not be there
			t.Errorf("batch %d, edition %d: known %v", b.Batch.Batch, b.Edition, known)
		}
	}
	must(t, p.revise(again, 1, nil, 4))
	got := contents(t, dir)

	p = newPress(t, 40, 20)
	fsys, dir = p.published()
	must(t, p.revise(p.writer(fsys), 1, map[int][]proof.Cut{3: word(p, 3)}))
	must(t, p.revise(p.writer(fsys), 1, nil, 4))
	sameFiles(t, got, contents(t, dir))
}

func TestWriterRefusesAnEditionThatIsNotOne(t *testing.T) {
	p := newPress(t, 40, 20)
	fsys, _ := p.published()
	write := func(batch int, change func(*NewItem), numbers ...int) error {
		w := p.writer(fsys)
		items := func(yield func(*NewItem, error) bool) {
			for _, n := range numbers {
				i := p.item(n)
				change(i)
				if !yield(i, nil) {
					return
				}
			}
		}
		entries, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: batch, Edition: 2, Published: time.Unix(1_480_000_000, 0)}, items, func(io.Writer) error { return nil })
		if err == nil {
			err = w.Append(entries...)
		}
		return err
	}
	all := func(from int) (list []int) {
		for n := from; n < from+20; n++ {
			list = append(list, n)
		}
		return list
	}
	as := func(*NewItem) {}
	must(t, write(1, as, all(1)...))
	p.hide[3] = word(p, 3)
	for what, err := range map[string]error{
		"redacted in the edition that it has": write(1, as, all(1)...),
		"an edition left out": write(1, func(i *NewItem) {
			if i.Number == 3 {
				i.Edition = 3
			}
		}, all(1)...),
		"one too few":   write(2, as, all(21)[1:]...),
		"another batch": write(2, as, append([]int{1}, all(21)...)...),
		"no reason": write(2, func(i *NewItem) {
			if i.Number == 23 {
				p.hide[23] = word(p, 23)
				p.redact(i)
				i.Edition, i.Record.Redactions = 2, nil
				delete(p.hide, 23)
			}
		}, all(21)...),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// forgedItem publishes a batch whose item 3 is redacted and forged: the writer's
// own checks are passed by, log and manifest say what the liar wants, and all
// is signed.
func forgedItem(p *press, forge func(i *NewItem), line func([]byte) []byte) fs.FS {
	p.tb.Helper()
	fsys := crash.NewMem()
	w := p.writer(fsys)
	must(p.tb, p.start(w))
	dir := BatchDir("mail", 1, 1)
	must(p.tb, fsys.MkdirAll(dir))
	pk := &packer{w: w, c: w.State().Collection("mail"), ctx: context.Background(), m: Manifest{
		Collection: "mail", Batch: 1, Edition: 1, Published: time.Unix(1_475_000_000, 0).UTC()}}
	must(p.tb, pk.file(dir+"/"+ItemsName, func(to io.Writer) (err error) {
		if pk.zip, err = newZipWriter(to); err != nil {
			return err
		}
		for n := 1; n <= p.count; n++ {
			i := p.item(n)
			_, shown, err := i.Record.opens(proof.Context{Origin: testOrigin, Collection: "mail", Number: n, Kind: trove.Mail}, i.Content)
			must(p.tb, err)
			if n == 3 {
				forge(i)
			}
			pk.fresh = append(pk.fresh, proof.Item{Batch: 1, Collection: "mail", Edition: 1, Number: n, Shown: shown})
			before := pk.group.Len()
			must(p.tb, pk.put(i))
			if n == 3 && line != nil {
				rest := slices.Clone(pk.group.Bytes()[before:])
				pk.group.Truncate(before)
				pk.group.Write(line(rest))
			}
		}
		return errors.Join(pk.flush(), pk.zip.close())
	}))
	must(p.tb, pk.file(dir+"/"+SegmentName, func(io.Writer) error { return nil }))
	sum, err := pk.finish(dir)
	must(p.tb, err)
	w.batches[sum] = pk.m.info(sum)
	entries, err := pk.entries(sum, p.release)
	must(p.tb, err)
	must(p.tb, w.Append(entries...))
	must(p.tb, p.publish(w))
	return fsys
}

// Whatever a publisher signs: a rendition that is not one of what was committed
// to is found, fast and deep, and no reader shows it with a proof.
func TestAForgedRenditionIsFound(t *testing.T) {
	p := newPress(t, 10, 10)
	p.hide[3] = subject(p, 3)
	clean(t, verified(t, forgedItem(p, func(*NewItem) {}, nil), VerifyOptions{LogKey: p.key})) // control
	bare := p.item(3)
	tries := map[string]func(i *NewItem){
		"a mark moved":        func(i *NewItem) { i.Record.Redacted.Hidden[0].At++ },
		"another mark":        func(i *NewItem) { i.Record.Redacted.Hidden[0].Mark = proof.MarkBase64 },
		"a segment more":      func(i *NewItem) { i.Record.Redacted.Hidden[0].Count++ },
		"a segment less":      func(i *NewItem) { i.Record.Redacted.Hidden[0].Count-- },
		"the first elsewhere": func(i *NewItem) { i.Record.Redacted.Hidden[0].First++ },
		"all elsewhere":       func(i *NewItem) { i.Record.Redacted.Segments++ },
		"out of order":        func(i *NewItem) { slices.Reverse(i.Record.Redacted.Hidden) },
		"twice":               func(i *NewItem) { i.Record.Redacted.Hidden[1] = i.Record.Redacted.Hidden[0] },
		"a huge count":        func(i *NewItem) { i.Record.Redacted.Hidden[0].Count = math.MaxInt32 },
		"huge counts": func(i *NewItem) {
			h := i.Record.Redacted.Hidden
			h[0].Count, h[1].First, h[1].Count = math.MaxInt32, math.MaxInt32, math.MaxInt32
			i.Record.Redacted.Segments = math.MaxInt32
		},
		"beyond the end":       func(i *NewItem) { i.Record.Redacted.Hidden[1].At = int64(len(i.Content)) },
		"far outside":          func(i *NewItem) { i.Record.Redacted.Hidden[1].At = math.MaxInt64 },
		"before the beginning": func(i *NewItem) { i.Record.Redacted.Hidden[0].At = -1 },
		"a seed short":         func(i *NewItem) { i.Record.Redacted.Seeds = i.Record.Redacted.Seeds[16:] },
		"a seed more":          func(i *NewItem) { i.Record.Redacted.Seeds = append(i.Record.Redacted.Seeds, make([]byte, 16)...) },
		"a hash short":         func(i *NewItem) { i.Record.Redacted.Hashes = i.Record.Redacted.Hashes[32:] },
		"a hash more":          func(i *NewItem) { i.Record.Redacted.Hashes = append(i.Record.Redacted.Hashes, make([]byte, 32)...) },
		"nothing hidden":       func(i *NewItem) { i.Record.Redacted.Hidden, i.Record.Redactions = nil, nil },
		"another rule":         func(i *NewItem) { i.Record.Redacted.Rule = "unseal-words-2" },
		"no reason":            func(i *NewItem) { i.Record.Redactions = nil },
		"a reason elsewhere":   func(i *NewItem) { i.Record.Redactions[0].At++ },
		"no code":              func(i *NewItem) { i.Record.Redactions[0].Reason = "Not a code" },
		"another verdict":      func(i *NewItem) { i.Record.Verdict = trove.Valid },
		"of another kind":      func(i *NewItem) { i.Record.Kind = trove.Doc },
		"of another number": func(i *NewItem) {
			p.hide[4] = word(p, 4)
			*i.Record.Redacted = *p.item(4).Record.Redacted
			delete(p.hide, 4)
		},
		"an opening too": func(i *NewItem) { _, i.Record.Opening = p.commit(3) },
		"an opening instead": func(i *NewItem) {
			_, i.Record.Opening = p.commit(3)
			i.Record.Redacted = nil
			i.Record.Redactions = nil
		},
		"as if it were whole": func(i *NewItem) { i.Content = p.content(3) },
		"a word more": func(i *NewItem) {
			i.Content = bytes.Replace(i.Content, []byte("Message-ID"), []byte("More Message-ID"), 1)
		},
	}
	for i := range bare.Content {
		tries[fmt.Sprintf("byte %d", i)] = func(i2 *NewItem) { i2.Content = slices.Clone(i2.Content); i2.Content[i] ^= 1 }
	}
	for what, forge := range tries {
		if i, n := 0, 0; strings.HasPrefix(what, "byte ") {
			if n, _ = fmt.Sscanf(what, "byte %d", &i); n == 1 && i%5 != 0 && os.Getenv("UNSEAL_LONG") == "" {
				continue
			}
		}
		fsys := forgedItem(p, func(i *NewItem) {
			r := *i.Record.Redacted
			r.Hidden, r.Seeds, r.Hashes = slices.Clone(r.Hidden), slices.Clone(r.Seeds), slices.Clone(r.Hashes)
			i.Record.Redacted, i.Record.Redactions = &r, slices.Clone(i.Record.Redactions)
			forge(i)
		}, nil)
		for _, deep := range []bool{false, true} {
			if r := verified(t, fsys, VerifyOptions{LogKey: p.key, Deep: deep}); !names(r, "c/mail/batch/0001/1/items.zip", Altered) {
				t.Errorf("%s, deep %v: not found: %+v", what, deep, r.Findings)
			}
		}
		a := opened(t, fsys)
		if text, err := a.Proof("mail", 3); err == nil {
			shown, _ := a.Collections()[0].Bytes(3)
			f, err := proof.Parse(text)
			if err == nil {
				_, err = proof.Verify(f, shown, p.key)
			}
			if err == nil && what != "another verdict" { // of which a proof says nothing
				t.Errorf("%s: is proven", what)
			}
		}
	}
}

// Of the part of a record that is proven, no byte can be another one.
func TestEveryByteOfTheProofInARecordCounts(t *testing.T) {
	p := newPress(t, 4, 4)
	p.hide[3] = subject(p, 3)
	good := p.item(3).Record
	good.Number = 3
	length := len(good.head())
	r := rand.New(rand.NewPCG(3, 3))
	step := 5
	if os.Getenv("UNSEAL_LONG") != "" {
		step = 1
	}
	for at := r.IntN(step); at < length; at += step {
		for _, flip := range []byte{1, 0x20} {
			fsys := forgedItem(p, func(*NewItem) {}, func(line []byte) []byte { line[at] ^= flip; return line })
			if rep := verified(t, fsys, VerifyOptions{}); !names(rep, "c/mail/batch/0001/1/items.zip", Altered) {
				t.Errorf("byte %d: %+v", at, rep.Findings)
			}
		}
	}
}

// What stands twice in a line must not be read one way by the verifier and
// another by readers.
func TestAFieldTwiceIsRefused(t *testing.T) {
	for what, more := range map[string]string{
		"verdict": `"VERDICT":"valid"`, "number": `"Number":4`, "unreadable": `"unreadable":""`,
		"opening": `"Opening":{"salt":"00000000000000000000000000000000"}`, "kind": `"kind":"doc"`, "redacted": `"redacted":{"rule":"x"}`,
	} {
		p := newPress(t, 4, 4)
		fsys := forgedItem(p, func(i *NewItem) { i.Record.Record.Unreadable = "broken" }, func(line []byte) []byte {
			return append(bytes.TrimSuffix(line, []byte("}\n")), ","+more+"}\n"...)
		})
		if r := verified(t, fsys, VerifyOptions{Deep: true}); !names(r, "c/mail/batch/0001/1/items.zip", Altered) {
			t.Errorf("%s: %+v", what, r.Findings)
		}
		if i, err := opened(t, fsys).Collections()[0].Item(3); !errors.Is(err, proof.ErrMismatch) {
			t.Errorf("%s: read as %+v, %v", what, i, err)
		}
	}
}

// A record of a redacted item that is longer than a proof of it could be is not
// even read.
func TestARecordOfARedactedItemIsBounded(t *testing.T) {
	var r Record
	line := append([]byte(`{"number":3,"redacted":{"rule":"`), bytes.Repeat([]byte("x"), maxRedacted)...)
	if err := r.parse(line, Row{Number: 3, Hidden: 1}); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("%v", err)
	}
}

func TestEveryAlterationOfAnArchiveWithRenditionsIsFound(t *testing.T) {
	p, _, files := revised(t)
	m := mapOf(files)
	list, tried := missed(m, "batch/0001", 40, 0, func(fsys fs.FS) (Report, error) {
		return Verify(context.Background(), fsys, VerifyOptions{LogKey: p.key})
	})
	t.Logf("%d of %d alterations found and named", tried-len(list), tried)
	for _, m := range list[:min(len(list), 20)] {
		t.Error(m)
	}
	const part = "batch/0001/2/items.zip"
	list, _ = missed(m, part, 10, 0, func(fsys fs.FS) (Report, error) { // control
		return Verify(context.Background(), blind{fsys.(fstest.MapFS), m, part}, VerifyOptions{})
	})
	if len(list) == 0 {
		t.Error("a verifier that does not look at the renditions passes")
	}
	for x := range tamperings(m, "batch/0001", 6, 0) {
		p.exercise(t, x.fsys)
	}
}

// FuzzRecord reads any bytes as the record of a redacted item.
func FuzzRecord(f *testing.F) {
	p := newPress(f, 4, 4)
	p.hide[3] = subject(p, 3)
	i := p.item(3)
	i.Record.Number = 3
	row := Row{Number: 3, Kind: trove.Mail, Edition: 1, Hidden: len(i.Record.Redactions)}
	good, err := json.Marshal(i.Record)
	must(f, err)
	f.Add(good)
	c := proof.Context{Origin: testOrigin, Collection: "mail", Number: 3, Kind: trove.Mail}
	want, _ := p.commit(3)
	f.Fuzz(func(t *testing.T, line []byte) {
		var r Record
		if r.parse(line, row) != nil {
			return
		}
		leaf, _, err := r.opens(c, i.Content)
		if err == nil && leaf == want && !bytes.HasPrefix(line, good[:bytes.Index(good, []byte(`,"salt"`))]) {
			t.Fatalf("%q opens the commitment", line)
		}
	})
}
