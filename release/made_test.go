package release_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"unseal/archive"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/redact"
	"unseal/redact/leak"
	"unseal/release"
	"unseal/search"
	"unseal/search/segment"
	"unseal/trove"
)

// calls is a collection of recordings and what lies beside them. A recording of
// the tests is a head of 16 bytes, then 100 bytes a second, each second of
// letters of its own; it lasts ten seconds.
const (
	calls   = trove.CollectionName("calls")
	perHear = 100
	headLen = 16
)

func recording(name string) []byte {
	b := fmt.Appendf(nil, "SOUND%11s", name)
	for second := range 10 {
		for i := range perHear {
			b = append(b, "abcdefghijklmnop qrstuvwxyz"[(i*7+second*3+len(name)+i*i)%27])
		}
		b[len(b)-1] = '\n'
	}
	return b
}

// exhibit is an item of that collection with what the stages made of it.
type exhibit struct {
	path     string
	kind     trove.Kind
	content  []byte
	text     string
	outcomes []stageMade
}

type stageMade struct {
	stage   reader.Stage
	reading reading.Reading
	files   []reader.Made
}

// exhibits takes items in, in this order, with outcomes.
func (d *desk) exhibits(list ...exhibit) {
	d.Helper()
	ctx := d.Context()
	d.check(d.Catalog.PutCollection(ctx, catalog.Collection{Name: calls, Title: "Calls", Created: d.time}))
	t, err := d.Catalog.BeginTrove(ctx, catalog.Trove{Collection: calls, Path: "/calls", Started: d.time}, editor)
	d.check(err)
	for i, x := range list {
		sum := d.put(x.content)
		rec, err := json.Marshal(trove.Record{Kind: x.kind, Subject: x.path, Date: day(i + 1), Verdict: trove.Unsigned})
		d.check(err)
		files, err := d.Catalog.BeginFiles(ctx, t.ID, []catalog.File{{Trove: t.ID, Path: x.path, SHA256: sum, Size: int64(len(x.content))}})
		d.check(err)
		it := catalog.NewItem{Item: catalog.Item{Collection: calls, SHA256: sum, Size: int64(len(x.content)), Kind: x.kind, SortDate: day(i + 1),
			State: trove.In, Record: rec, Span: catalog.Span{Blob: sum, Length: int64(len(x.content))}, Text: d.frame(x.text)}}
		it.Occurrences = []trove.Occurrence{{Path: x.path, FileSHA256: sum, Length: it.Size}}
		files[0].Done = true
		_, err = d.Catalog.AddChunks(ctx, []catalog.Chunk{{File: files[0], Items: []catalog.NewItem{it}}})
		d.check(err)
		d.outcomes(sum, x.outcomes...)
	}
	d.check(d.Catalog.EndTrove(ctx, t.ID))
}

// outcomes records what stages made of the item of that digest.
func (d *desk) outcomes(sum trove.Digest, list ...stageMade) {
	d.Helper()
	it, err := catalog.One(d.Context(), d.Catalog, catalog.Query{Collection: calls, SHA256: sum})
	d.check(err)
	for _, o := range list {
		b, err := json.Marshal(o.reading)
		d.check(err)
		row := catalog.OutcomeRow{Outcome: catalog.Outcome{Item: it.ID, Stage: string(o.stage), State: catalog.ReadDone, Reading: d.frame(string(b)), Findings: map[string]int{}}}
		for _, f := range o.reading.Findings {
			row.Findings[f.Code]++
		}
		for _, f := range o.files {
			row.Made = append(row.Made, catalog.Made{Name: f.Name, Type: f.Type, Size: int64(len(f.Bytes)), SHA256: d.put(f.Bytes)})
			b = append(b, f.Bytes...)
		}
		row.Sum = trove.Sum(b)
		d.check(d.Catalog.SetOutcomes(d.Context(), calls, []catalog.OutcomeRow{row}))
	}
}

func (d *desk) frame(text string) catalog.TextRef {
	d.Helper()
	if text == "" {
		return catalog.TextRef{}
	}
	enc, err := zstd.NewWriter(nil)
	d.check(err)
	b := enc.EncodeAll([]byte(text), nil)
	return catalog.TextRef{Blob: d.put(b), Length: int64(len(b))}
}

// readCalls reads recordings of the tests: the sound is theirs in capitals.
func readCalls(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (res reader.Result, err error) {
	if it.Kind != trove.Voice {
		return readShown(ctx, it, req, content)
	}
	switch req.Stage {
	case reader.Pieces:
		for _, s := range req.Silenced {
			res.Pieces = append(res.Pieces, [2]int64{headLen + int64(s.From*perHear), min(headLen+int64(s.To*perHear), int64(len(content)))})
		}
	case reader.Sound:
		b := bytes.ToUpper(content[headLen:])
		for _, s := range req.Silenced {
			for i := int(s.From * perHear); i < min(int(s.To*perHear), len(b)); i++ {
				b[i] = '~'
			}
		}
		res.Files = []reader.Made{{Name: "play.wav", Type: "audio/wav", Bytes: b}}
		res.Reading.Sound = &reading.Sound{Play: []string{"play.wav"}, Silenced: req.Silenced, Seconds: 10}
	default:
		res.Record = trove.Record{Kind: trove.Voice, Subject: strings.TrimSpace(string(content[5:headLen])), Date: it.SortDate}
		res.Record.Warnings = []trove.Warning{{Code: "damaged-sound", Text: "it is too short"}}
		res.Reading.Facts = []reading.Fact{{Name: "duration", Value: "3"}}
		res.Reading.Sound = &reading.Sound{Seconds: 3, Call: &reading.Call{Kind: "voicemail"}}
		res.Reading.Texts = []reading.Text{{Kind: reading.Transcript, Made: reading.Supplied, Segments: []reading.Segment{{Text: "from a file beside it"}}}}
	}
	return res, nil
}

func said(from, to float64, text string) reading.Segment {
	return reading.Segment{From: from, To: to, Text: text, Confidence: 0.9, Speaker: "A"}
}

// What is said in the recording of the tests, and goes from second 4 to 6.
const goes, remains = "meet me at Zephyrine's cottage tonight", "the crane is repaired again"

// call is a recording with its sound and two transcripts.
func call(name string) exhibit {
	b := recording(name)
	return exhibit{path: "calls/" + name + ".wav", kind: trove.Voice, content: b, outcomes: []stageMade{
		{stage: reader.Speech, reading: reading.Reading{Texts: []reading.Text{
			{Kind: reading.Transcript, Lang: "en", Made: reading.Machine, By: "test 1", Segments: []reading.Segment{
				said(0, 3.9, remains), said(3.9, 6.1, goes), said(6.1, 9, "and so is the dredger")}},
			{Kind: reading.Translation, Lang: "fr", Made: reading.Machine, Segments: []reading.Segment{{Text: "sans heure: le cottage de Zephyrine"}}},
		}}},
		{stage: reader.Sound, reading: reading.Reading{Sound: &reading.Sound{Play: []string{"play.wav", "gone.mp3"}}},
			files: []reader.Made{{Name: "play.wav", Type: "audio/wav", Bytes: bytes.ToUpper(b[headLen:])}}},
		{stage: reader.Read, reading: reading.Reading{Sound: &reading.Sound{Seconds: 10, Codec: "letters"}, Facts: []reading.Fact{{Name: "title", Value: name}},
			Findings: []reading.Finding{{Code: "author", Text: "names a person"}}}},
	}}
}

// callDesk is a desk with committed and planned recordings and a note.
func callDesk(t *testing.T, more ...exhibit) *desk {
	d := newDesk(t)
	d.Read = readCalls
	d.exhibits(append([]exhibit{call("one"), call("two")}, more...)...)
	d.commit(calls)
	d.plan(calls, 100)
	return d
}

func published(t *testing.T, to string) *archive.Collection {
	t.Helper()
	c, err := open(t, to).Collection(calls)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readingOf(t *testing.T, c *archive.Collection, n int) (r reading.Reading, text string) {
	t.Helper()
	b, err := c.Made(n, reading.Name)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

func TestWhatWasReadGoesOutWithTheItem(t *testing.T) {
	d := callDesk(t)
	pre, err := d.Preview(t.Context(), nil)
	d.check(err)
	if pre.Kinds[trove.Voice] != 2 || pre.Findings["author"] != 2 || pre.Made != 2 || pre.MadeBytes != 2*10*perHear {
		t.Errorf("preview %+v", pre)
	}
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	mustVerify(t, to)
	c := published(t, to)
	r, _ := readingOf(t, c, 1)
	if r.Format != reading.Format || r.Sound.Seconds != 10 || r.Sound.Codec != "letters" || !slices.Equal(r.Sound.Play, []string{"play.wav"}) || len(r.Texts) != 2 {
		t.Errorf("the stages are merged in their order, without names of files that are not there: %+v %+v", r, r.Sound)
	}
	b, err := c.Made(1, "play.wav")
	if err != nil || !bytes.Equal(b, bytes.ToUpper(recording("one")[headLen:])) {
		t.Errorf("sound of %d bytes, %v", len(b), err)
	}
	if got := d.found(to, "dredger"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("a word of the transcript is found in %v", got)
	}
	again := filepath.Join(t.TempDir(), "again")
	d.mustPublish(again)
	same(t, to, again)
}

// found are the numbers in whose segments of an archive a word is found.
func (d *desk) found(to, word string) (list []int) {
	d.Helper()
	q, err := search.Parse(word)
	d.check(err)
	ix := d.index(to)
	defer ix.Close()
	res, err := ix.Search(d.Context(), search.Request{Query: q, Sort: search.Number, Limit: 100})
	d.check(err)
	for _, h := range res.Hits {
		list = append(list, h.Number)
	}
	return list
}

// index opens the segments of an archive's calls.
func (d *desk) index(to string) *segment.Index {
	d.Helper()
	c, err := open(d.TB, to).Collection(calls)
	d.check(err)
	batches, err := c.Batches()
	d.check(err)
	var segs []*segment.Segment
	for _, b := range batches {
		if b.Superseded {
			continue
		}
		r, size, err := c.Segment(b.Number, b.Edition)
		d.check(err)
		seg, err := segment.Open(r, size)
		d.check(err)
		segs = append(segs, seg)
	}
	return segment.NewIndex(segs...)
}

// What a stage makes of an item that is out goes out with a new edition.
func TestABetterTranscriptIsANewEdition(t *testing.T) {
	d := callDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	d.outcomes(trove.Sum(recording("two")), stageMade{stage: reader.Speech, reading: reading.Reading{Texts: []reading.Text{
		{Kind: reading.Transcript, Lang: "en", Made: reading.Corrected, Segments: []reading.Segment{said(0, 9, "all about excavators")}}}}})
	if p := d.mustPublish(to); p.Editions != 1 || p.Amended != 1 {
		t.Errorf("published %+v", p)
	}
	mustVerify(t, to)
	if row, err := published(t, to).Row(2); err != nil || row.Edition != 2 {
		t.Errorf("row %+v, %v", row, err)
	}
	if got := d.found(to, "excavators"); !slices.Equal(got, []int{2}) {
		t.Errorf("found in %v", got)
	}
	again := filepath.Join(t.TempDir(), "again")
	d.mustPublish(again)
	same(t, to, again)
}

// silenceCall hides seconds 4 to 6 of number 1.
func (d *desk) silenceCall(seconds ...reading.Span) release.Looked {
	d.Helper()
	if len(seconds) == 0 {
		seconds = []reading.Span{{From: 4, To: 6}}
	}
	h := release.Hide{Collection: calls, From: 1, To: 1, Seconds: seconds, Reason: "third-party", By: editor}
	l, err := d.Look(d.Context(), h)
	d.check(err)
	d.check(d.Redact(d.Context(), h, l))
	return l
}

// leaksOf lists where in the archive the words or the sound that go still are.
func leaksOf(t *testing.T, dir string) (list []string) {
	t.Helper()
	gone := recording("one")[headLen+4*perHear : headLen+6*perHear]
	hunt := leak.New([]string{goes}, [][]byte{gone, recording("one"), bytes.ToUpper(gone), bytes.ToUpper(recording("one")[headLen:])})
	for name, text := range tree(t, dir) {
		if err := hunt.In(name, []byte(text), func(l leak.Leak) { list = append(list, fmt.Sprintf("%+v", l)) }); err != nil {
			t.Fatal(err)
		}
	}
	c := published(t, dir)
	for n := 1; n <= c.Count(); n++ {
		b, err := c.Bytes(n)
		if err != nil {
			continue
		}
		pieces := [][]byte{b}
		if it, err := c.Item(n); err == nil {
			for _, m := range it.Record.Made {
				b, err := c.Made(n, m.Name)
				if err != nil {
					t.Fatal(err)
				}
				pieces = append(pieces, bytes.ToLower(b))
			}
		}
		for _, p := range pieces {
			for at := 0; at+20 <= len(gone); at++ { // any fifth of a second
				if bytes.Contains(p, gone[at:at+20]) {
					list = append(list, fmt.Sprintf("no. %d has sound of second %g", n, 4+float64(at)/perHear))
					break
				}
			}
		}
	}
	return list
}

func TestHiddenSecondsAreNowhere(t *testing.T) {
	note := exhibit{path: "notes/note.txt", kind: trove.Doc, content: []byte("Subject: note\n\nShe wrote: Meet me at Zephyrine's\ncottage tonight. Nothing else.\n"), text: "x"}
	side := exhibit{path: "calls/one.en.vtt", kind: trove.File, content: []byte("WEBVTT\n\n00:00.000 --> 00:09.000\nother words, by an other ear\n")}
	scan := exhibit{path: "notes/scan.png", kind: trove.Image, content: []byte("\x89PNG that nobody can read"), outcomes: []stageMade{{stage: reader.OCR,
		reading: reading.Reading{Texts: []reading.Text{{Kind: reading.OCR, Made: reading.Machine, Segments: []reading.Segment{{Page: 1, Text: "so: " + goes}}}}}}}}
	for _, out := range []bool{false, true} {
		d := callDesk(t, note, side, scan)
		to := filepath.Join(t.TempDir(), "archive")
		if out {
			d.mustPublish(to)
			if before := leaksOf(t, to); len(before) < 4 {
				t.Fatalf("the search finds too little before it is redacted: %v", before)
			}
		}
		l := d.silenceCall()
		if len(l.Items) != 2 || l.Items[1].Name.Number != 3 || !l.Items[1].Quotes {
			t.Errorf("hidden: %+v", l.Items)
		}
		if len(l.Saying) != 2 || l.Saying[0].Name.Number != 2 || l.Saying[1].Name.Number != 5 || !slices.Equal(l.Saying[0].Seconds, []reading.Span{{From: 3.9, To: 6.1}}) {
			t.Errorf("to be looked at, as texts made of them say it: %v", l.Saying)
		}
		if len(l.Beside) != 1 || l.Beside[0].Number != 4 {
			t.Errorf("beside it lie %v", l.Beside)
		}
		if !out {
			quoting, err := d.Quoting(t.Context(), nil)
			if err != nil || len(quoting) != 2 {
				t.Errorf("quoting %v, %v", quoting, err)
			}
		}
		for _, n := range []int{2, 5} { // what the desk was told of is its own to decide
			h := release.Hide{Collection: calls, From: n, To: n, Reason: "third-party", By: editor}
			if n == 2 {
				h.Seconds = []reading.Span{{From: 3.9, To: 6.1}}
			} else {
				h.Select = redact.Selection{Bytes: [2]int64{0, 25}}
			}
			l, err := d.Look(t.Context(), h)
			d.check(err)
			d.check(d.Redact(t.Context(), h, l))
		}
		d.mustPublish(to)
		mustVerify(t, to)
		for _, l := range leaksOf(t, to) {
			t.Errorf("out before %v: %s", out, l)
		}
		checkSilenced(t, d, to)
		again := filepath.Join(t.TempDir(), "again")
		d.mustPublish(again)
		same(t, to, again)
	}
}

// checkSilenced looks at what is left of number 1.
func checkSilenced(t *testing.T, d *desk, to string) {
	t.Helper()
	c := published(t, to)
	shown, err := c.Bytes(1)
	want := slices.Concat(recording("one")[:headLen+4*perHear], []byte("[redacted]"), recording("one")[headLen+6*perHear:])
	if err != nil || len(shown) > len(want)+len("\r\n") || len(shown) < len(want)-2*64 {
		t.Errorf("%d bytes are shown, a little less than %d were wanted: %v", len(shown), len(want), err)
	}
	it, err := c.Item(1)
	d.check(err)
	if it.Record.Subject != "one" || it.Record.Date != day(1) || it.Record.Verdict != trove.Redacted || it.Record.Redactions[0].Reason != "third-party" {
		t.Errorf("record %+v", it.Record)
	}
	r, text := readingOf(t, c, 1)
	s := r.Sound
	if s == nil || s.Seconds != 10 || !slices.Equal(s.Silenced, []reading.Span{{From: 4, To: 6}}) || !slices.Equal(s.Play, []string{"play.wav"}) || s.Call == nil {
		t.Fatalf("sound %+v", s)
	}
	if len(r.Findings) > 0 || len(r.Texts) != 2 || len(r.Facts) != 1 || r.Facts[0].Value != "10" || len(it.Record.Warnings) > 0 {
		t.Errorf("reading %s", text)
	}
	segments := r.Texts[0].Segments
	if segments[0].Text != remains || !segments[1].Hidden || segments[1].Text != "" || segments[1].Speaker != "" || segments[1].From != 3.9 || !r.Texts[1].Segments[0].Hidden {
		t.Errorf("transcripts %+v", r.Texts)
	}
	b, err := c.Made(1, "play.wav")
	if err != nil || bytes.Count(b, []byte("~")) != 2*perHear {
		t.Errorf("%d of %d bytes are tone, %v", bytes.Count(b, []byte("~")), len(b), err)
	}
	if got := d.found(to, "repaired"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("what stays of the transcript is found in %v", got)
	}
}

// A recording of which bytes are hidden is heard no more: nobody knows where in
// its sound they lie. Nor is one whose sound was not made anew.
func TestSoundThatMayHoldWhatIsHiddenIsDropped(t *testing.T) {
	t.Run("bytes", func(t *testing.T) {
		d := callDesk(t)
		d.silenceCall()
		h := release.Hide{Collection: calls, From: 1, To: 1, Select: redact.Selection{Bytes: [2]int64{700, 720}}, Reason: "privacy", By: editor}
		l, err := d.Look(t.Context(), h)
		d.check(err)
		d.check(d.Redact(t.Context(), h, l))
		noSound(t, d)
	})
	for what, spoil := range map[string]func(*reader.Result){
		"as it was": func(r *reader.Result) { r.Reading.Sound.Silenced = nil },
		"no sound":  func(r *reader.Result) { *r = reader.Result{Failed: "no such program"} },
	} {
		t.Run(what, func(t *testing.T) {
			d := callDesk(t)
			d.Read = func(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (reader.Result, error) {
				res, err := readCalls(ctx, it, req, content)
				if req.Stage == reader.Sound {
					spoil(&res)
				}
				return res, err
			}
			d.silenceCall()
			to := noSound(t, d)
			it, err := published(t, to).Item(1)
			if err != nil || len(it.Record.Warnings) != 1 || it.Record.Warnings[0].Code != "no-sound" {
				t.Errorf("nothing is said of it: %+v, %v", it.Record.Warnings, err)
			}
		})
	}
}

func noSound(t *testing.T, d *desk) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	mustVerify(t, to)
	if _, err := published(t, to).Made(1, "play.wav"); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("the sound is out: %v", err)
	}
	return to
}

func TestSecondsThatCannotBeHidden(t *testing.T) {
	note := exhibit{path: "note.txt", kind: trove.Doc, content: []byte("Subject: note\n\nNo sound.\n")}
	d := callDesk(t, note)
	look := func(n int, s reading.Span) error {
		_, err := d.Look(t.Context(), release.Hide{Collection: calls, From: n, To: n, Seconds: []reading.Span{s}, Reason: "privacy", By: editor})
		return err
	}
	if err := look(3, reading.Span{From: 1, To: 2}); !errors.Is(err, release.ErrNoRecording) {
		t.Errorf("a note: %v", err)
	}
	if err := look(1, reading.Span{From: 10, To: 12}); !errors.Is(err, redact.ErrRange) {
		t.Errorf("behind its end: %v", err)
	}
	for what, got := range map[string]reader.Result{
		"none":       {Failed: "no such thing"},
		"backwards":  {Pieces: [][2]int64{{20, 30}, {10, 15}}},
		"empty":      {Pieces: [][2]int64{{20, 20}}},
		"behind it":  {Pieces: [][2]int64{{20, 5000}}},
		"before it":  {Pieces: [][2]int64{{-1, 5}}},
		"overlapped": {Pieces: [][2]int64{{10, 20}, {19, 30}}},
	} {
		d.Read = func(context.Context, *catalog.Item, reader.Request, []byte) (reader.Result, error) { return got, nil }
		if err := look(1, reading.Span{From: 1, To: 2}); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// Words that nothing but a transcript says cannot be cut out of bytes; the desk
// is told where they are.
func TestWordsThatATranscriptSaysAreNamed(t *testing.T) {
	d := callDesk(t)
	for _, s := range []redact.Selection{{Words: []string{"the CRANE"}}, {Text: regexp.MustCompile(`crane\b`)}} {
		l, err := d.Look(t.Context(), release.Hide{Collection: calls, Select: s, Reason: "privacy", By: editor})
		if err != nil || len(l.Items) > 0 || len(l.Saying) != 2 || !slices.Equal(l.Saying[1].Seconds, []reading.Span{{From: 0, To: 3.9}}) {
			t.Errorf("%+v, %v", l, err)
		}
	}
}

// What was said in a recording that is withdrawn goes from where it is quoted.
func TestWhatWasSaidInAWithdrawnRecordingIsHidden(t *testing.T) {
	note := exhibit{path: "note.txt", kind: trove.Doc, content: []byte("Subject: note\n\nShe said: " + goes + ". And more.\n")}
	d := newDesk(t)
	d.Read = readCalls
	d.exhibits(call("one"), note)
	d.commit(calls)
	d.plan(calls, 10)
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	h := release.Hide{Collection: calls, From: 1, To: 1, Reason: "court-order", By: editor}
	l, err := d.LookAtWithdrawn(t.Context(), h)
	d.check(err)
	d.check(d.Withdraw(t.Context(), h, l))
	d.mustPublish(to)
	mustVerify(t, to)
	for _, l := range leaksOf(t, to) {
		t.Error(l)
	}
}

// A chain of which a message is hidden is read again from what is shown.
func TestWhatIsLeftOfAChainIsReadAgain(t *testing.T) {
	content := "Subject: chain\n\nA: good morning\nB: " + goes + "\nA: fine\n"
	chain := exhibit{path: "chain.txt", kind: trove.Chain, content: []byte(content), text: content, outcomes: []stageMade{{stage: reader.Read,
		reading: reading.Reading{Chain: &reading.Chain{Platform: "test", Messages: []reading.Message{{N: 1, Text: goes}}}},
		files:   []reader.Made{{Name: "p1.png", Type: "image/png", Bytes: []byte("picture of " + goes)}}}}}
	d := callDesk(t, chain)
	d.Read = func(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (reader.Result, error) {
		res, err := readCalls(ctx, it, req, content)
		if it.Kind == trove.Chain {
			lines := strings.Split(strings.TrimSpace(res.Text), "\n")
			res.Reading.Chain = &reading.Chain{Platform: "test", Title: "named after " + goes}
			for i, l := range lines {
				res.Reading.Chain.Messages = append(res.Reading.Chain.Messages, reading.Message{N: i + 1, Text: l})
			}
			res.Reading.Pages = []reading.Page{{Number: 1, Image: "p1.png"}}
		}
		return res, err
	}
	h := release.Hide{Collection: calls, From: 3, To: 3, Select: redact.Selection{Words: []string{goes}}, Reason: "privacy", By: editor}
	l, err := d.Look(t.Context(), h)
	d.check(err)
	d.check(d.Redact(t.Context(), h, l))
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	mustVerify(t, to)
	c := published(t, to)
	r, text := readingOf(t, c, 3)
	if r.Chain == nil || r.Chain.Title != "" || len(r.Chain.Messages) != 3 || !strings.Contains(r.Chain.Messages[1].Text, "[redacted]") || r.Pages[0].Image != "" {
		t.Errorf("reading %s", text)
	}
	it, err := c.Item(3)
	if err != nil || len(it.Record.Made) != 1 {
		t.Errorf("made of it: %+v, %v", it.Record.Made, err)
	}
	hunt := leak.New([]string{goes}, nil)
	for _, m := range it.Record.Made {
		b, err := c.Made(3, m.Name)
		d.check(err)
		d.check(hunt.In(m.Name, b, func(l leak.Leak) { t.Errorf("%+v", l) }))
	}
	if got := d.found(to, "Zephyrine"); !slices.Equal(got, []int{1, 2}) { // the recordings say it, which nobody has hidden
		t.Errorf("found in %v", got)
	}
}

func TestTextsOfFilesInMailsAreFound(t *testing.T) {
	rec := &trove.Record{Kind: trove.Mail, Parts: []trove.Part{{Path: "1", Role: trove.RoleText}, {Path: "2", Role: trove.RoleAttachment, Name: "a.pdf"}}}
	doc := release.Document(rec, "body", &reading.Reading{
		Texts: []reading.Text{{Segments: []reading.Segment{{Text: "spoken"}, {Text: "not this", Hidden: true}}}},
		Files: []reading.File{{Part: "2", Text: "in the file", Reading: reading.Reading{Texts: []reading.Text{{Segments: []reading.Segment{{Text: "in its picture"}}}}}}, {Part: "2.1", Text: "deeper"}},
	})
	if doc.Body != "body\nspoken\ndeeper" || len(doc.Files) != 1 || doc.Files[0].Text != "in the file\nin its picture\n" {
		t.Errorf("body %q, files %+v", doc.Body, doc.Files)
	}
	if d := release.Document(rec, "body", nil); d.Body != "body" {
		t.Errorf("%q", cmp.Or(d.Body, "nothing"))
	}
}

// What is read of a redacted item may say what is hidden later elsewhere.
func TestAReadingThatSaysWhatIsHiddenLaterIsMadeAgain(t *testing.T) {
	const title = "the Zanzibar plan"
	d := newDesk(t)
	d.exhibits(exhibit{path: "chain.txt", kind: trove.Chain, content: []byte("Subject: chain\n\nA: " + goes + "\n")},
		exhibit{path: "note.txt", kind: trove.Doc, content: []byte("Subject: note\n\nAbout " + title + ", and more.\n")})
	d.Read = func(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (reader.Result, error) {
		res, err := readShown(ctx, it, req, content)
		if it.Kind == trove.Chain {
			res.Reading.Chain = &reading.Chain{Platform: "test", Title: title} // from its name, say
		}
		return res, err
	}
	d.commit(calls)
	d.plan(calls, 1)
	to := filepath.Join(t.TempDir(), "archive")
	hide := func(n int, words string) {
		h := release.Hide{Collection: calls, From: n, To: n, Select: redact.Selection{Words: []string{words}}, Reason: "privacy", By: editor}
		l, err := d.Look(t.Context(), h)
		d.check(err)
		d.check(d.Redact(t.Context(), h, l))
	}
	hide(1, goes)
	d.mustPublish(to)
	if r, _ := readingOf(t, published(t, to), 1); r.Chain.Title != title {
		t.Fatalf("reading %+v", r.Chain)
	}
	hide(2, title)
	if p := d.mustPublish(to); p.Editions != 2 {
		t.Errorf("published %+v", p)
	}
	mustVerify(t, to)
	if r, text := readingOf(t, published(t, to), 1); r.Chain.Title != "" {
		t.Errorf("reading %s", text)
	}
	if p := d.mustPublish(to); p.Editions != 0 {
		t.Errorf("published again %+v", p)
	}
}

// A desk that lost what it made of published items could not publish it again.
func TestCheckMissesFilesThatWereMade(t *testing.T) {
	d := callDesk(t)
	d.mustPublish(filepath.Join(t.TempDir(), "archive"))
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	// both recordings sound the same
	d.check(d.Blobs.Remove(t.Context(), trove.Sum(bytes.ToUpper(recording("one")[headLen:]))))
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) != 2 || !strings.Contains(faults[0], "play.wav, made of item 1") {
		t.Errorf("faults %q, %v", faults, err)
	}
}
