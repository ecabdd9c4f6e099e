package release

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/proof"
	"unseal/reading"
	"unseal/trove"
)

// redacted turns an assembled line, and what was made of the item, into that
// of a redacted copy. Nothing in it is of the bytes that are hidden: record,
// text and reading are read again from what is shown. Of a recording of which
// seconds are hidden, and nothing else, the sound is made again with a tone,
// and the texts of what is spoken lose those seconds; all else that was made of
// the item is dropped.
func (r *Desk) redacted(ctx context.Context, coll *catalog.Collection, it *catalog.Item, line *batchLine, rows []catalog.Redaction, v *veil, m *made, put blob.Batch) error {
	c, err := coverOf(rows)
	if err != nil {
		return err
	}
	content, err := r.exactBytes(ctx, it)
	if err != nil {
		return err
	}
	shown, rendition, why, err := c.apply(coll, it.Number, line.Edition, content)
	if err != nil {
		return err
	}
	left, err := r.Read(ctx, it, reader.Request{Stage: reader.Read, Kind: it.Kind}, shown)
	if err != nil {
		return fmt.Errorf("read what is left of %s: %w", nameOf(it), err)
	}
	whole := *m
	*m = made{reading: left.Reading}
	onlyNames(&m.reading, nil)
	if it.Kind == trove.Voice {
		if err := r.audible(ctx, it, c, content, &whole, m, &left.Record, put); err != nil {
			return err
		}
	}
	if it.Kind != trove.Mail {
		left.Record.Parts = ownParts(it, line.Record.Parts, left.Record.Parts, shown)
		v.clean(&left, &m.reading)
	}
	line.becomes(left, shown, c, rendition, why, v)
	return nil
}

// ownParts are the parts of a redacted item that is one file: the file itself,
// as it is shown, and what was found in that.
func ownParts(it *catalog.Item, was, found []trove.Part, shown []byte) (list []trove.Part) {
	if len(was) > 0 && was[0].SHA256 == it.SHA256 {
		own := was[0]
		own.Size, own.SHA256, own.Offset, own.Length = int64(len(shown)), trove.Sum(shown), 0, int64(len(shown))
		list = append(list, own)
	}
	for _, p := range found {
		if p.Path != "" && p.Path != "1" {
			p.Offset, p.Length = 0, 0
			list = append(list, p)
		}
	}
	return list
}

// becomes puts what is left of an item into its line.
func (l *batchLine) becomes(left reader.Result, shown []byte, c *cover, rendition *proof.Rendition, why []archive.Redaction, v *veil) {
	was, rec := l.Record, left.Record
	l.Date = shownDate(l.Date, &rec)
	original := &archive.Original{Verdict: was.Verdict, Signatures: v.signatures(was.Signatures)}
	rec.Kind, rec.Verdict, rec.Signatures = was.Kind, trove.Redacted, nil
	l.SHA256, l.Size, l.Cover, l.ShownText = trove.Sum(shown), int64(len(shown)), c, left.Text
	l.Record = archive.Record{
		Number: was.Number, Redacted: rendition, Record: publicRecord(rec), Thread: was.Thread, Owners: was.Owners,
		Paths: was.Paths, Copies: was.Copies, CopyOf: was.CopyOf, Redactions: why, Original: original,
	}
}

// audible adds to m what can be heard and read of a recording in which only
// seconds are hidden. Of one in which other bytes are, nobody knows where in
// the sound they lie: it is heard no more.
func (r *Desk) audible(ctx context.Context, it *catalog.Item, c *cover, content []byte, whole, m *made, rec *trove.Record, put blob.Batch) error {
	m.reading.Texts = nil // of files beside it, which have all the words; those that stay are in whole
	rec.Warnings = nil    // of a copy with holes, not of the recording
	if !c.onlySeconds() {
		m.reading.Sound = nil
		return nil
	}
	m.reading.Texts, _ = silence(spoken(whole.reading.Texts), c.Silenced)
	sound, err := r.toned(ctx, it, c.Silenced, content, whole, m, rec, put)
	if err != nil {
		return fmt.Errorf("make the sound of %s again: %w", nameOf(it), err)
	}
	m.reading.Sound = sound
	for i := range m.reading.Facts {
		if f := &m.reading.Facts[i]; f.Name == "duration" { // of the copy, too
			f.Value = strconv.FormatFloat(sound.Seconds, 'f', -1, 64)
		}
	}
	return nil
}

// toned makes the sound again, with a tone where it is hidden. Where that
// cannot be had, the record says so.
func (r *Desk) toned(ctx context.Context, it *catalog.Item, spans []reading.Span, content []byte, whole, m *made, rec *trove.Record, put blob.Batch) (*reading.Sound, error) {
	var was reading.Sound
	if s := whole.reading.Sound; s != nil {
		was = reading.Sound{Seconds: s.Seconds, Codec: s.Codec, Rate: s.Rate, Channels: s.Channels}
	}
	made, err := r.Read(ctx, it, reader.Request{Stage: reader.Sound, Kind: it.Kind, Silenced: spans, Reading: reading.Reading{Sound: &was}}, content)
	if err != nil {
		return nil, err
	}
	sound := was // how long it was a listener hears anyway: the tone stands for what is hidden
	sound.Silenced = spans
	if s := m.reading.Sound; s != nil {
		sound.Call = s.Call
	}
	again := made.Reading.Sound
	if again == nil || !slices.Equal(again.Silenced, spans) { // whoever made it did not know what is hidden
		rec.Warnings = append(rec.Warnings, trove.Warning{Code: "no-sound",
			Text: strings.TrimSpace("what is left of the sound could not be made again. " + cmp.Or(made.Failed, made.Partly))})
		return &sound, nil
	}
	if again.Seconds > 0 {
		sound.Seconds = again.Seconds
	}
	sound.Play = slices.Clone(again.Play)
	return &sound, m.take(ctx, put, made.Files, &sound)
}

// take adds files to what is kept, and leaves only their names in sound.
func (m *made) take(ctx context.Context, put blob.Batch, files []reader.Made, sound *reading.Sound) error {
	names := map[string]bool{}
	for _, f := range files {
		kept, err := putMade(ctx, put, f.Name, f.Type, f.Bytes)
		if err != nil {
			return err
		}
		m.files, names[f.Name] = append(m.files, kept), true
	}
	slices.SortFunc(m.files, func(a, b catalog.Made) int { return strings.Compare(a.Name, b.Name) })
	sound.Play = slices.DeleteFunc(sound.Play, func(name string) bool { return !names[name] })
	return nil
}

// spoken are the texts of what is said in a recording.
func spoken(texts []reading.Text) []reading.Text {
	return slices.DeleteFunc(slices.Clone(texts), func(t reading.Text) bool {
		return t.Kind != reading.Transcript && t.Kind != reading.Translation
	})
}

// silence hides the segments of texts that any of the spans touches, or that
// do not say when they are spoken. It returns copies, and what the segments
// said: each by itself, and those that follow on each other as one text, since
// single words say little.
func silence(texts []reading.Text, spans []reading.Span) (shown []reading.Text, gone []string) {
	var lost words
	for _, t := range texts {
		segments := slices.Clone(t.Segments)
		for i := range segments {
			s := &segments[i]
			if !touches(during(t.Segments, i), spans) {
				lost.pause()
				continue
			}
			lost.add(s.Text)
			*s = reading.Segment{From: s.From, To: s.To, Page: s.Page, Message: s.Message, Hidden: true}
		}
		lost.pause()
		t.Segments = segments
		shown = append(shown, t)
	}
	return shown, unique(lost.texts)
}

// words gathers what segments say that go.
type words struct {
	run   []string // segments that follow on each other, so far
	texts []string
}

func (w *words) add(text string) {
	list := strings.Fields(text)
	if len(list) >= minSpoken {
		w.texts = append(w.texts, text)
	}
	if len(list) > 0 {
		w.run = append(w.run, strings.Join(list, " "))
	}
}

// pause ends a run.
func (w *words) pause() {
	if len(w.run) > 0 {
		w.texts = append(w.texts, strings.Join(w.run, " "))
	}
	w.run = nil
}

// minSpoken is how many words a segment has that is a text of its own.
const minSpoken = 3

// during is when a segment is spoken. One without an end lasts until the next
// begins; one that does not say when may be spoken at any time.
func during(list []reading.Segment, i int) reading.Span {
	s := list[i]
	switch {
	case s.To > s.From:
		return reading.Span{From: s.From, To: s.To}
	case i+1 < len(list) && list[i+1].From > s.From:
		return reading.Span{From: s.From, To: list[i+1].From}
	case s.From > 0:
		return reading.Span{From: s.From, To: math.Inf(1)}
	}
	return reading.Span{To: math.Inf(1)}
}

func touches(s reading.Span, spans []reading.Span) bool {
	return slices.ContainsFunc(spans, func(x reading.Span) bool { return x.From < s.To && s.From < x.To })
}
