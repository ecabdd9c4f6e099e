package intake_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/release"
	"unseal/trove"
)

// fake is a reader in this process: it does what the bytes say.
type fake struct {
	mu   sync.Mutex
	saw  []string // stage and name of each call, in any order
	last map[string]reader.Request
	stop int // after so many calls there is no child to be had; 0 is never
}

var errNoChild = errors.New("no child")

func (f *fake) Read(_ context.Context, req reader.Request, content io.ReaderAt, size int64) (reader.Result, error) {
	f.mu.Lock()
	f.saw = append(f.saw, string(req.Stage)+" "+req.Name)
	if f.last == nil {
		f.last = map[string]reader.Request{}
	}
	f.last[string(req.Stage)+" "+req.Name] = req
	stopped := f.stop > 0 && len(f.saw) > f.stop
	f.mu.Unlock()
	if stopped {
		return reader.Result{}, errNoChild
	}
	b, err := io.ReadAll(io.NewSectionReader(content, 0, size))
	if err != nil {
		return reader.Result{}, err
	}
	return fakeResult(req, string(b)), nil
}

// fakeResult reads "title: words", with lines "inside: NAME=CONTENT" and
// "say: fails", "say: partly", "say: waits".
func fakeResult(req reader.Request, text string) reader.Result {
	res := reader.Result{By: "a fake 1"}
	title, _, _ := strings.Cut(text, "\n")
	switch {
	case strings.Contains(text, "say: fails"):
		return reader.Result{Failed: "it fails\nas it says"}
	case strings.Contains(text, "say: waits") && req.Options["answer"] == "":
		return reader.Result{Waiting: "an answer"}
	case strings.Contains(text, "say: partly"):
		res.Partly = "half of it"
	}
	switch req.Stage {
	case reader.Read:
		res.Text = text
		res.Record = trove.Record{Subject: title, Date: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), Parts: []trove.Part{{Path: "1", Name: "ignored"}}}
		res.Fact("title", title)
		res.Find("gps", "somewhere")
		res.Reading.Pages = []reading.Page{{Number: 1, To: len(text)}}
		for i, f := range strings.Split(text, "inside: ")[1:] {
			name, content, _ := strings.Cut(f, "=")
			path := fmt.Sprintf("1.%d", i+1)
			res.Record.Parts = append(res.Record.Parts, trove.Part{Path: path, Name: name, Role: trove.RoleAttachment, Size: 1 << 40, SHA256: trove.Sum([]byte("a lie"))})
			res.Embedded = append(res.Embedded, reader.Embedded{Path: path, Name: name, Bytes: []byte(content)})
		}
	case reader.Picture:
		res.Reading.Pages = []reading.Page{{Number: 1, Image: "p1.png", Width: 10, Height: 20}}
		res.Files = []reader.Made{{Name: "p1.png", Type: "image/png", Bytes: []byte("picture of " + title)}, {Name: "../up", Bytes: []byte("x")}}
	}
	return res
}

// readOptions are those of a pass with a fake and two stages.
func (d *desk) readOptions(f *fake) intake.ReadOptions {
	takes := func(k trove.Kind, mediaType string) bool { return k == trove.Doc && mediaType == "text/plain" }
	kinds := []trove.Kind{trove.Doc, trove.Image, trove.Mail}
	return intake.ReadOptions{
		Collection: coll, Catalog: d.cat, Blobs: d.blobs, KindOf: intake.Kind, Jobs: 3, Langs: []string{"en"},
		Stages: []intake.Stage{{Name: reader.Read, Kinds: kinds, Takes: takes, Reader: f}, {Name: reader.Picture, Kinds: kinds, Takes: takes, Reader: f}},
	}
}

func (d *desk) read(o intake.ReadOptions) intake.ReadSummary {
	d.t.Helper()
	sum, err := intake.Read(context.Background(), o)
	must(d.t, err)
	return sum
}

// known describes all that is known: each item with its record, text and
// outcomes, and the bytes of what was made of it.
func (d *desk) known() []string {
	d.t.Helper()
	ctx := context.Background()
	var all []string
	must(d.t, d.cat.Items(ctx, catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		text, err := release.Text(ctx, d.blobs, it.Text)
		must(d.t, err)
		all = append(all, fmt.Sprintf("%s %s %s %q %s", it.SHA256.Short(), it.Kind, it.SortDate.Format(time.DateOnly), text, it.Record))
		return nil
	}))
	must(d.t, d.cat.Outcomes(ctx, catalog.OutcomeQuery{Collection: coll}, func(o *catalog.Outcome) error {
		r, err := release.Text(ctx, d.blobs, o.Reading)
		must(d.t, err)
		for _, m := range o.Made {
			b, err := blob.Read(ctx, d.blobs, blob.Span{Blob: m.SHA256, Length: m.Size}, 1<<20)
			must(d.t, err)
			r += fmt.Sprintf(" %s=%s", m.Name, b)
		}
		all = append(all, fmt.Sprintf("%d %s %s %s %v %s", o.Item, o.Stage, o.State, o.Cause, o.Findings, r))
		return nil
	}))
	return all
}

// named is the one item that lies at a path.
func (d *desk) named(path string) (it catalog.Item, rec trove.Record) {
	d.t.Helper()
	for _, p := range d.places(coll) {
		if p.Path == path {
			it = *p.item
		}
	}
	must(d.t, json.Unmarshal(it.Record, &rec))
	return it, rec
}

func (d *desk) outcome(path string, stage reader.Stage) (o catalog.Outcome, r reading.Reading) {
	d.t.Helper()
	it, _ := d.named(path)
	must(d.t, d.cat.Outcomes(context.Background(), catalog.OutcomeQuery{Collection: coll, Items: []catalog.ItemID{it.ID}, Stage: string(stage)}, func(got *catalog.Outcome) error {
		o = *got
		return nil
	}))
	text, err := release.Text(context.Background(), d.blobs, o.Reading)
	must(d.t, err)
	if text != "" {
		must(d.t, json.Unmarshal([]byte(text), &r))
	}
	return o, r
}

func TestItemsAreReadStageByStage(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "a.txt", "First\nwords", "b.txt", "Second\nsay: partly", "c.txt", "Third\nsay: fails", "m.eml", letter("m"), "p.png", "\x89PNG\r\n\x1a\n"))
	sum := d.read(d.readOptions(f))
	wantCounts(t, &sum, map[string]int{"read doc done": 1, "read doc partly": 1, "read doc failed": 1, "read image failed": 1, "picture doc done": 0, "picture doc partly": 2})
	it, rec := d.named("a.txt")
	if rec.Subject != "First" || len(rec.Parts) != 1 || rec.Parts[0].Name != "a.txt" || rec.Parts[0].SHA256 != it.SHA256 || it.SortDate.Year() != 2001 || rec.Verdict != trove.Unsigned || rec.Kind != trove.Doc {
		t.Errorf("the record is %+v of %s", rec, it.SortDate)
	}
	o, r := d.outcome("a.txt", reader.Read)
	if o.By != "a fake 1" || o.Findings["gps"] != 1 || r.Format != reading.Format || len(r.Facts) != 1 {
		t.Errorf("it came to %+v %+v", o, r)
	}
	if o, _ := d.outcome("a.txt", reader.Picture); len(o.Made) != 1 || o.Made[0].Name != "p1.png" || !strings.Contains(o.Cause, "name") {
		t.Errorf("pictures of it are %+v", o)
	}
	if got := f.last["picture a.txt"].Reading.Pages; len(got) != 1 || got[0].To == 0 {
		t.Errorf("the second stage was told pages %v of the first", got)
	}
	if o, _ := d.outcome("c.txt", reader.Read); o.Cause != `it fails\x0aas it says` {
		t.Errorf("the cause is %q", o.Cause)
	}
	for path, code := range map[string]string{"b.txt": "read-partly", "c.txt": "not-read", "p.png": "not-read"} {
		if _, rec := d.named(path); !slices.ContainsFunc(rec.Warnings, func(w trove.Warning) bool { return w.Code == code }) {
			t.Errorf("%s is not warned of: %v", path, rec.Warnings)
		}
	}
	short := sum.Shortfalls()
	if len(short) != 5 || short[0].Items < short[4].Items || short[0].First == 0 {
		t.Errorf("what fell short: %+v", short)
	}
	before := d.known()
	if sum := d.read(d.readOptions(f)); sum.Items != 0 {
		t.Errorf("a second run reads %d items", sum.Items)
	}
	wantSame(t, d.known(), before)
}

func wantCounts(t *testing.T, sum *intake.ReadSummary, want map[string]int) {
	t.Helper()
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	got := map[string]int{}
	for k, n := range sum.Counts {
		got[fmt.Sprintf("%s %s %s", k.Stage, k.Kind, k.State)] = n
	}
	if !maps.Equal(got, want) {
		t.Errorf("counts are %v, want %v", got, want)
	}
}

func wantSame(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFilesBesideComeAlong: the same name with another ending, in the same
// folder of the same trove or container, and small.
func TestFilesBesideComeAlong(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "v/talk.one.txt", "Talk", "v/talk.one.vtt", "cues", "v/talk.one.en.txt", "english", "v/talk.one.txt.json", "{}", "v/talk.two.vtt", "other",
		"w/talk.one.srt", "elsewhere", "v/talk.one.big", strings.Repeat("x", 1<<20+1),
		"z.zip", zipOf(t, "in/talk.one.txt", "Packed", "in/talk.one.vtt", "packed cues")), folder(t, "v/talk.one.md", "another trove"))
	d.read(d.readOptions(f))
	names := func(req reader.Request) (all []string) {
		for _, b := range req.Beside {
			all = append(all, b.Name+"="+string(b.Bytes))
		}
		slices.Sort(all)
		return all
	}
	req := f.last["read talk.one.txt"]
	if strings.HasPrefix(req.Path, "z.zip") {
		wantSame(t, names(req), []string{"talk.one.vtt=packed cues"})
	} else {
		wantSame(t, names(req), []string{"talk.one.en.txt=english", "talk.one.txt.json={}", "talk.one.vtt=cues"})
	}
	if req.Type != "text/plain" || !slices.Equal(req.Langs, []string{"en"}) {
		t.Errorf("the request is %+v", req)
	}
}

// TestWhatLiesBesideAHiddenItemIsKnown, and is read without it.
func TestWhatLiesBesideAHiddenItemIsKnown(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "v/talk.txt", "Talk", "v/talk.vtt", "cues", "v/talks.txt", "Talks", "w/talk.txt", "Elsewhere"))
	talk, _ := d.named("v/talk.txt")
	vtt, _ := d.named("v/talk.vtt")
	hidden := func() map[catalog.ItemID]bool {
		got, err := intake.BesideHidden(t.Context(), d.cat, coll)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := hidden(); len(got) > 0 {
		t.Errorf("beside nothing hidden: %v", got)
	}
	if err := d.cat.ExcludeItems(t.Context(), []catalog.ItemID{vtt.ID}, catalog.Author{Who: "e", Why: "privacy"}); err != nil {
		t.Fatal(err)
	}
	if got := hidden(); len(got) != 1 || !got[talk.ID] {
		t.Errorf("beside what is hidden: %v, want %d", got, talk.ID)
	}
	d.read(d.readOptions(f))
	if got := f.last["read talk.txt"].Beside; len(got) > 0 {
		t.Errorf("read with what is hidden: %v", got)
	}
}

// TestAFileThatComesLaterIsReadWithWhatItLiesBeside, once.
func TestAFileThatComesLaterIsReadWithWhatItLiesBeside(t *testing.T) {
	d, f := newDesk(t), &fake{}
	dir := folder(t, "v/talk.txt", "Talk", "v/other.txt", "Other")
	d.take(dir)
	d.read(d.readOptions(f))
	must(t, os.WriteFile(filepath.Join(dir, "v", "talk.vtt"), []byte("cues"), 0o600))
	d.take(dir)
	f.saw = nil
	d.read(d.readOptions(f))
	if got := f.last["read talk.txt"].Beside; len(got) != 1 || slices.Contains(f.saw, "read other.txt") {
		t.Errorf("read with %v; read were %v", got, f.saw)
	}
	f.saw = nil
	if d.read(d.readOptions(f)); len(f.saw) > 0 {
		t.Errorf("read once more: %v", f.saw)
	}
}

// readerFunc reads as a function does.
type readerFunc func(req reader.Request) reader.Result

func (f readerFunc) Read(_ context.Context, req reader.Request, _ io.ReaderAt, _ int64) (reader.Result, error) {
	return f(req), nil
}

// TestAReaderMayNotSayWhatOnlyPassOneKnows: one that a hostile file has taken
// over makes no mail of it, and nothing that an archive would refuse.
func TestAReaderMayNotSayWhatOnlyPassOneKnows(t *testing.T) {
	d := newDesk(t)
	d.take(folder(t, "a.txt", "A", "b.txt", "B"))
	o := d.readOptions(&fake{})
	kinds := map[string]trove.Kind{"a.txt": trove.Mail, "b.txt": "../x"}
	o.Stages = o.Stages[:1]
	o.Stages[0].Reader = readerFunc(func(req reader.Request) reader.Result {
		res := reader.Result{Record: trove.Record{Kind: kinds[req.Name], Verdict: trove.Valid}}
		for _, name := range []string{"-x", "x-", "a..b", "p.png", "P.PNG", "Reading.json"} {
			res.Files = append(res.Files, reader.Made{Name: name, Type: "image/png"})
		}
		res.Files = append(res.Files, reader.Made{Name: "q.png", Type: "image/png; q=1"}, reader.Made{Name: "r.png"})
		return res
	})
	d.read(o)
	for name := range kinds {
		it, rec := d.named(name)
		if it.Kind != trove.Doc || rec.Kind != trove.Doc || rec.Verdict == trove.Valid {
			t.Errorf("%s is %q, %+v", name, it.Kind, rec)
		}
		if out, _ := d.outcome(name, reader.Read); len(out.Made) != 1 || out.Made[0].Name != "p.png" || out.State != catalog.ReadPartly {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// TestWhatFilesInAMailGiveIsBounded: many that unpack to much cost themselves.
func TestWhatFilesInAMailGiveIsBounded(t *testing.T) {
	d := newDesk(t)
	d.take(folder(t, "m.eml", attach("a", "1.txt", "one", "2.txt", "two", "3.txt", "three", "4.txt", "four", "5.txt", "five")))
	o := d.readOptions(&fake{})
	o.Stages = o.Stages[:1]
	large := strings.Repeat("0123456789abcdef", 1<<20)
	o.Stages[0].Reader = readerFunc(func(reader.Request) reader.Result { return reader.Result{Text: large} })
	d.read(o)
	out, r := d.outcome("m.eml", reader.Read)
	if len(r.Files) != 2 || out.State != catalog.ReadPartly || out.Cause == "" {
		t.Errorf("%d files, %s, %q", len(r.Files), out.State, out.Cause)
	}
}

func attach(id string, files ...string) string {
	var b strings.Builder
	b.WriteString("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n")
	head := letter(id, b.String())
	head, text, _ := strings.Cut(head, "\n\n")
	b.Reset()
	fmt.Fprintf(&b, "%s\n\n--cut\n\n%s\n", head, text)
	for p := range slices.Chunk(files, 2) {
		fmt.Fprintf(&b, "--cut\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=%q\nContent-Transfer-Encoding: base64\n\n%s\n", p[0], base64.StdEncoding.EncodeToString([]byte(p[1])))
	}
	return b.String() + "--cut--\n"
}

// TestFilesInMailsAndInFilesAreRead: what is read of them hangs on their parts,
// and the mail itself stays as it is.
func TestFilesInMailsAndInFilesAreRead(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "with.eml", attach("a", "note.txt", "Note\nof harbour", "x.bin", "\x00\x01", "deep.txt", "Deep\ninside: b.txt=Below\ninside"), "without.eml", letter("b"),
		"outer.txt", "Outer\ninside: in.txt=Inner"))
	mail, was := d.named("with.eml")
	d.read(d.readOptions(f))
	if slices.Contains(f.saw, "read x.bin") || !slices.Contains(f.saw, "read b.txt") {
		t.Errorf("read were %q", f.saw)
	}
	it, rec := d.named("with.eml")
	if it.Text != mail.Text || it.SortDate != mail.SortDate || rec.Subject != was.Subject || it.Kind != trove.Mail || len(rec.Parts) != len(was.Parts)+1 {
		t.Errorf("the mail is %+v now, was %+v", rec, was)
	}
	last := rec.Parts[len(rec.Parts)-1]
	if below := "Below\ninside"; last.SHA256 != trove.Sum([]byte(below)) || last.Size != int64(len(below)) {
		t.Errorf("the reader's word was taken for the size %d and digest %s of a file", last.Size, last.SHA256)
	}
	if last.Path != "4.1" || last.Name != "b.txt" || last.Length != 0 || len(rec.Files()) != 4 {
		t.Errorf("the file in the file is %+v", last)
	}
	_, r := d.outcome("with.eml", reader.Read)
	got := map[string]string{}
	for _, f := range r.Files {
		got[f.Part] = f.Text + "|" + f.Facts[0].Part + "|" + f.Findings[0].Part
	}
	if want := map[string]string{"2": "Note\nof harbour|2|2", "4": "Deep\ninside: b.txt=Below\ninside|4|4", "4.1": "Below\ninside|4.1|4.1"}; !maps.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
	o, r := d.outcome("with.eml", reader.Picture)
	if len(o.Made) != 2 || o.Made[0].Name != "2-p1.png" || r.Files[0].Pages[0].Image != "2-p1.png" {
		t.Errorf("pictures of the files are %+v %+v", o.Made, r)
	}
	if o, _ := d.outcome("without.eml", reader.Read); o.Stage != "" {
		t.Errorf("a mail without files has an outcome: %+v", o)
	}
	_, rec = d.named("outer.txt")
	_, r = d.outcome("outer.txt", reader.Read)
	if len(rec.Parts) != 2 || rec.Parts[1].Path != "1.1" || len(r.Files) != 1 || r.Files[0].Part != "1.1" || r.Files[0].Text != "Inner" {
		t.Errorf("a file in a document: %+v %+v", rec.Parts, r.Files)
	}
	before := d.known()
	_, err := d.cat.Again(context.Background(), catalog.OutcomeQuery{Collection: coll}, nil)
	must(t, err)
	d.read(d.readOptions(f))
	wantSame(t, d.known(), before)
}

// TestStoppedReadingGoesOn stops a pass after each number of calls; run again,
// it ends as one that was never stopped, and reads nothing twice that is done.
func TestStoppedReadingGoesOn(t *testing.T) {
	files := []string{"m.eml", attach("a", "note.txt", "Note"), "w.txt", "W\nsay: fails"}
	for i := range 6 {
		files = append(files, fmt.Sprintf("%d.txt", i), fmt.Sprintf("Text %d\n", i))
	}
	dir := folder(t, files...)
	whole, f := newDesk(t), &fake{}
	whole.take(dir)
	whole.read(whole.readOptions(f))
	want, calls := whole.known(), len(f.saw)
	for stop := 1; stop < calls; stop++ {
		d := newDesk(t)
		d.take(dir)
		o := d.readOptions(&fake{stop: stop})
		o.Jobs = 1
		if _, err := intake.Read(context.Background(), o); !errors.Is(err, errNoChild) {
			t.Fatalf("stopped after %d: %v", stop, err)
		}
		d.read(d.readOptions(&fake{}))
		wantSame(t, d.known(), want)
	}
}

// TestOnlyWhatIsAskedForIsDoneAgain: by state, kind and stage, with an answer;
// and a failure takes nothing away.
func TestOnlyWhatIsAskedForIsDoneAgain(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "a.txt", "First", "w.txt", "Chain\nsay: waits", "p.png", "\x89PNG\r\n\x1a\n"))
	sum := d.read(d.readOptions(f))
	wantCounts(t, &sum, map[string]int{"read doc done": 1, "read doc waiting": 1, "read image failed": 1, "picture doc partly": 1})
	f.saw = nil
	d.read(d.readOptions(f)) // what waits is asked again
	wantSame(t, f.saw, []string{"read w.txt"})
	again := func(q catalog.OutcomeQuery, options map[string]string) {
		t.Helper()
		q.Collection = coll
		_, err := d.cat.Again(context.Background(), q, options)
		must(t, err)
		f.saw = nil
	}
	again(catalog.OutcomeQuery{States: []catalog.OutcomeState{catalog.ReadWaiting}}, map[string]string{"answer": "dmy"})
	d.read(d.readOptions(f))
	wantSame(t, f.saw, []string{"read w.txt", "picture w.txt"})
	again(catalog.OutcomeQuery{Stage: "picture"}, nil)
	o := d.readOptions(f)
	a, _ := d.named("a.txt")
	o.Items, o.Jobs = []catalog.ItemID{a.ID}, 1
	d.read(o)
	wantSame(t, f.saw, []string{"picture a.txt"})

	before := d.known()
	again(catalog.OutcomeQuery{Items: []catalog.ItemID{a.ID}, Stage: "read"}, nil)
	o.Stages[0].Reader = failing{}
	sum = d.read(o)
	wantCounts(t, &sum, map[string]int{"read doc failed": 1})
	wantSame(t, d.known(), before)
	if o, _ := d.outcome("a.txt", reader.Read); !o.Again || o.State != catalog.ReadDone {
		t.Errorf("after a failure the earlier outcome is %+v", o)
	}
}

type failing struct{}

func (failing) Read(context.Context, reader.Request, io.ReaderAt, int64) (reader.Result, error) {
	return reader.Result{Failed: "the worker ended"}, nil
}

// TestAStageOfTheParentIsToldWhatEarlierOnesMade, and a panic in it costs one item.
func TestAStageOfTheParentIsToldWhatEarlierOnesMade(t *testing.T) {
	d, f := newDesk(t), &fake{}
	d.take(folder(t, "a.txt", "First", "b.txt", "Boom", "m.eml", attach("m", "note.txt", "Note")))
	o := d.readOptions(f)
	o.Stages = append(o.Stages, intake.Stage{Name: reader.Translate, Kinds: []trove.Kind{trove.Doc, trove.Mail}, Takes: o.Stages[0].Takes, Jobs: 1,
		Func: func(_ context.Context, in *reader.Input) (res reader.Result) {
			picture, err := in.Earlier(in.Reading.Pages[0].Image)
			if _, none := in.Earlier("p2.png"); err != nil || none == nil || !bytes.Contains(picture, []byte(in.Text)) {
				res.Failed = fmt.Sprint("told ", err, none, string(picture), in.Text)
			}
			if in.Name == "b.txt" {
				panic("boom")
			}
			return res
		}})
	var seen []string
	o.Progress = func(p intake.ReadProgress) { seen = append(seen, fmt.Sprint(p.Stage, p.Done, "/", p.Total)) }
	sum := d.read(o)
	wantCounts(t, &sum, map[string]int{"read doc done": 2, "picture doc partly": 2, "read mail done": 1, "picture mail partly": 1, "translate doc failed": 1})
	wantSame(t, seen, []string{"read1/3", "read2/3", "read3/3", "picture1/3", "picture2/3", "picture3/3", "translate1/3", "translate2/3", "translate3/3"})
	if o, _ := d.outcome("b.txt", reader.Translate); o.Cause != "the reader gave up: boom" {
		t.Errorf("the cause is %q", o.Cause)
	}
}
