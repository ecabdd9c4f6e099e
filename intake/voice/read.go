package voice

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/intake/transcript"
	"unseal/reading"
	"unseal/trove"
)

// Type is the media type of a recording by its first bytes, of which 4096 are
// enough; empty where it is none that is read here. The name counts for GSM
// without a head alone.
func Type(head []byte, name string) string {
	head = head[:min(len(head), 4096)]
	for _, f := range formats {
		if f.known(head) {
			return f.mime
		}
	}
	if namedGSM(name) && isGSM(head) {
		return "audio/gsm"
	}
	for _, f := range foreign {
		if f.known(head) {
			return f.mime
		}
	}
	return ""
}

// Detect reports whether a file is a recording; see [Type].
func Detect(head []byte, name string) bool { return Type(head, name) != "" }

// foreign are formats that ffmpeg alone reads.
var foreign = []struct {
	mime  string
	known func([]byte) bool
}{
	{"audio/x-ms-asf", magic("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")},
	{"audio/x-caf", magic("caff\x00\x01")},
	{"audio/webm", magic("\x1a\x45\xdf\xa3")},
}

// Read reads a recording from its bytes and from what lies beside it: stage
// reader.Read.
func Read(ctx context.Context, in *reader.Input) reader.Result {
	var res reader.Result
	res.Record.Kind = trove.Voice
	t := listen(ctx, in, &res)
	res.Record.Warnings = append(res.Record.Warnings, t.warnings...)
	sound := &reading.Sound{Seconds: milli(t.seconds), Codec: t.codec, Rate: t.rate, Channels: t.channels}
	res.Reading.Sound = sound
	if t.seconds > 0 {
		res.Fact("duration", strconv.FormatFloat(sound.Seconds, 'f', -1, 64))
	}
	t.say(&res)
	s := besides(in, &res)
	s.title = cmp.Or(s.title, t.value("title"), stem(in.Name))
	s.apply(&res, path.Dir(in.Path))
	for i := range res.Reading.Texts {
		t := &res.Reading.Texts[i]
		within(t, sound.Seconds)
		if t.Kind == reading.Transcript {
			res.Record.Lang = cmp.Or(res.Record.Lang, t.Lang)
		}
	}
	t.show(in, &res)
	return res
}

func milli(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// listen finds out what the sound is, by our own readers or by ffprobe.
func listen(ctx context.Context, in *reader.Input, res *reader.Result) *track {
	t, err := scan(in.Content, in.Size, namedGSM(in.Name))
	if err == nil && t.rate > 0 {
		return t
	}
	if err == nil {
		err = errNoSound
	}
	if t == nil {
		t = &track{}
	}
	p, failed := probe(ctx, in)
	if failed == nil {
		p.tags, p.pictures, p.warnings = t.tags, t.pictures, t.warnings
		res.By = "ffprobe"
		return p
	}
	t.warn("unreadable-sound", "the sound could not be read: "+err.Error())
	if errors.Is(failed, tool.ErrAbsent) {
		res.Partly = "what the sound is could not be told: ffprobe, a part of ffmpeg, is not installed"
	}
	return t
}

// say makes facts and findings of what the file says.
func (t *track) say(res *reader.Result) {
	if t.unplayed {
		res.Find("hidden-sound", "the file holds sound that players leave out, since it was cut without being made anew")
	}
	for _, tag := range t.tags {
		res.Fact(tag.name, tag.value)
		switch tag.name {
		case "gps", "location":
			res.Find("gps", "the recording says where it was made: %s", tag.value)
		case "author":
			res.Find("author", "the recording names a person: %s", tag.value)
		}
	}
}

// within gives segments an end that the recording has: a text beside it may not
// know how long it is.
func within(t *reading.Text, seconds float64) {
	for i := range t.Segments {
		if s := &t.Segments[i]; seconds > s.From {
			s.To = min(s.To, seconds)
		}
	}
}

// show hands the pictures of the tags to the engine as parts.
func (t *track) show(in *reader.Input, res *reader.Result) {
	left := int64(reader.MaxEmbeddedBytes)
	for i, p := range t.pictures {
		b := p.bytes
		if b == nil && p.at.to <= in.Size && p.at.to-p.at.from <= left {
			b = make([]byte, p.at.to-p.at.from)
			if _, err := in.Content.ReadAt(b, p.at.from); err != nil && err != io.EOF {
				continue
			}
		}
		if len(b) == 0 {
			res.Warn("embedded-file", "a picture in the tags is cut short or too large")
			continue
		}
		left -= int64(len(b))
		part := trove.Part{Path: "1." + strconv.Itoa(i+1), Type: p.mime, Role: trove.RoleAttachment, Size: int64(len(b)), SHA256: sha256.Sum256(b)}
		res.Record.Parts = append(res.Record.Parts, part)
		res.Embedded = append(res.Embedded, reader.Embedded{Path: part.Path, Type: p.mime, Bytes: b})
	}
	if len(res.Embedded) > 0 {
		res.Find("embedded-file", "the tags hold a picture")
	}
}

// story is what is known of a recording from beside its sound.
type story struct {
	title    string
	call     reading.Call
	from, to trove.Address
	date     time.Time
	series   string
}

// besides reads what lies beside a recording. JSON goes before a page of a
// takeout, and that before the name.
func besides(in *reader.Input, res *reader.Result) story {
	n := fromName(stem(in.Name))
	s := story{call: n.call, date: n.date}
	if n.call.Kind != "" {
		s.from.Name, s.call.From = n.who, n.who
	}
	s.pages(in, res)
	s.texts(in, res)
	return s
}

// pages reads the pages of a takeout: that of the recording, and those of the
// same bytes under other names.
func (s *story) pages(in *reader.Input, res *reader.Result) {
	for _, b := range in.Beside {
		c, err := readTakeout(b.Bytes)
		switch {
		case err != nil || c.chain != nil:
		case c.speaksOf(in.Name):
			s.takeout(c, res)
		case c.speaksOf(b.Name):
			c.other(res)
		}
	}
}

// texts reads transcripts, translations and what JSON says of the call.
func (s *story) texts(in *reader.Input, res *reader.Result) {
	for _, b := range in.Beside {
		side, ok := transcript.Of(in.Name, b.Name)
		if !ok {
			continue
		}
		texts, err := transcript.Parse(side, b.Bytes)
		if err != nil {
			res.Warn("unread-beside", "%s beside the recording %v", oneLine(b.Name), err)
			continue
		}
		if side.Form == "json" {
			s.document(b.Bytes, res)
		}
		res.Reading.Merge(reading.Reading{Texts: texts})
		res.Fact("source", oneLine(b.Name))
	}
}

// document takes what a JSON file says of the call.
func (s *story) document(b []byte, res *reader.Result) {
	d, err := transcript.ParseJSON(b)
	if err != nil {
		return
	}
	c := d.Call
	s.title, s.series = cmp.Or(oneLine(c.Title), s.title), cmp.Or(c.Series, s.series)
	if c.From != "" || c.FromName != "" {
		s.from = trove.Address{Name: oneLine(c.FromName), Addr: oneLine(c.From)}
		s.call.From = cmp.Or(s.from.Addr, s.from.Name)
	}
	if c.To != "" || c.ToName != "" {
		s.to = trove.Address{Name: oneLine(c.ToName), Addr: oneLine(c.To)}
		s.call.To = cmp.Or(s.to.Addr, s.to.Name)
	}
	if !d.Date.IsZero() {
		s.date = d.Date
	} else if c.When != "" {
		res.Fact("date", oneLine(c.When)) // no zone: shown, never taken for a time
	}
	s.call.Kind = cmp.Or(callKind(c.Kind), s.call.Kind)
	if c.Call > 0 {
		s.call.Number, s.call.Of = c.Call, max(c.Of, 0)
	}
	if c.Part > 0 {
		s.call.Part, s.call.Parts = c.Part, max(c.Parts, 0)
	}
}

// callKind passes the words of [reading.Call] alone.
func callKind(s string) string {
	switch s = strings.ToLower(s); s {
	case "voicemail", "recorded", "missed", "placed", "received":
		return s
	}
	return ""
}

// apply writes the story into record and reading.
func (s *story) apply(res *reader.Result, folder string) {
	rec := &res.Record
	rec.Subject = oneLine(s.title)
	if s.from != (trove.Address{}) {
		rec.From = []trove.Address{s.from}
	}
	if s.to != (trove.Address{}) {
		rec.To = []trove.Address{s.to}
	}
	if !s.date.IsZero() {
		_, offset := s.date.Zone()
		rec.Date, rec.DateOffset = s.date.UTC(), offset/60
	}
	if s.call != (reading.Call{}) {
		res.Reading.Sound.Call = &s.call
	}
	join(rec, res.Reading.Sound.Call, s.series, folder)
}
