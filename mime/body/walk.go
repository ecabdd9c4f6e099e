package body

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"unseal/mime"
	"unseal/trove"
)

// Kind says what a part holds.
type Kind byte

// The kinds of parts.
const (
	Leaf      Kind = iota // a body or file
	Multipart             // parts; they follow it
	Embedded              // one message, the part after it
)

// Part is one entity of a message. The parts of a message stand in its order,
// each before what it contains.
type Part struct {
	Kind        Kind
	Header      mime.Header
	Path        string // as in trove.Part; of a multipart, that which its parts' paths begin with
	Type        string // lower-case media type, "text/plain" when none is readable
	Media       Media  // of Content-Type
	Disposition Media  // of Content-Disposition
	Encoding    string // as in trove.Part
	Offset      int    // of the encoded body in the message
	End         int    // the offset after it
	After       int    // index of the first part that is not inside this one
	Parent      int    // index of the part around this one, or -1
	Epilogue    int    // of a multipart: offset after its closing line, or 0
}

// Name is the decoded file name; never use it as a path.
func (p *Part) Name() string {
	if s := p.Disposition.Param("filename"); s != "" {
		return s
	}
	return p.Media.Param("name")
}

// Charset is the charset as declared, in lower case.
func (p *Part) Charset() string { return mime.CharsetName(p.Media.Param("charset")) }

// Message is what a walk found.
type Message struct {
	Parts    []Part // Parts[0] is the message itself
	Warnings []trove.Warning
}

// Header is the header of the message.
func (m *Message) Header() mime.Header { return m.Parts[0].Header }

// Walk finds the parts of a message in one pass; it never recurses deeper
// than MaxDepth. The error is a [*mime.LimitError]; the message then holds what
// was walked before the limit, and always its own header as far as it goes.
func Walk(raw []byte) (*Message, error) {
	w := &walker{raw: raw, msg: &Message{Parts: make([]Part, 0, 2)}}
	if len(raw) > MaxMessage {
		h, _ := mime.ReadHeader(raw[:MaxMessage])
		w.msg.Parts = append(w.msg.Parts, Part{Header: h, Path: "1", Type: defaultType, Offset: h.Body, End: len(raw), After: 1, Parent: -1})
		return w.msg, &mime.LimitError{What: "message", Limit: MaxMessage}
	}
	_, err := w.entity(place{parent: -1, message: true}, mime.SkipEnvelope(raw, 0))
	return w.msg, err
}

const defaultType = "text/plain" // RFC 2045 section 5.2

type walker struct {
	raw        []byte
	msg        *Message
	boundaries [][]byte // of the multiparts around, innermost last
}

// place is where an entity stands.
type place struct {
	parent   int
	path     string // its own, or for a message the one that its parts' paths begin with
	message  bool   // a message rather than a part of a multipart
	depth    int    // entities around it
	embedded int    // embedded messages around it
	fallback string // type when none is declared
}

// cut is a boundary line, or the end of the message.
type cut struct {
	at, next int // offsets of the line and of the one after it
	level    int // whose boundary it is, as an index into boundaries; -1 at the end
	last     bool
}

// entity walks the entity whose header begins at pos and returns what ends it.
func (w *walker) entity(at place, pos int) (cut, error) {
	i := len(w.msg.Parts)
	w.msg.Parts = append(w.msg.Parts, Part{Parent: at.parent, After: i + 1})
	h, err := mime.ReadHeaderAt(w.raw, pos, w.isBoundary)
	p := &w.msg.Parts[i]
	p.Header, p.Offset, p.End = h, h.Body, h.Body
	p.describe(at)
	switch {
	case err != nil:
		return cut{}, err
	case at.depth > MaxDepth:
		return cut{}, &mime.LimitError{What: "depth", Limit: MaxDepth}
	case len(w.msg.Parts) > MaxParts:
		return cut{}, &mime.LimitError{What: "parts", Limit: MaxParts}
	}
	var c cut
	boundary := p.boundary()
	switch {
	case boundary != nil:
		c, err = w.multipart(i, at, boundary)
	case w.opens(p, at):
		c, err = w.message(i, at)
	default:
		c = w.scan(h.Body)
	}
	p = &w.msg.Parts[i]
	last := w.msg.Parts[len(w.msg.Parts)-1].End // a part that is only a header ends with its line end
	p.End, p.After = max(w.bodyEnd(h.Body, c), last), len(w.msg.Parts)
	if p.Kind == Leaf && at.message {
		p.Path = under(at.path, 1)
	}
	return c, err
}

// describe fills in what the header says of the part.
func (p *Part) describe(at place) {
	p.Type, p.Path = at.fallback, at.path
	for _, f := range p.Header.Fields {
		switch {
		case f.Is("Content-Type") && p.Media.Type == "":
			p.Media = ParseMedia(f.Value())
			if p.Type = p.Media.Type; strings.Count(p.Type, "/") != 1 {
				p.Type = defaultType
			}
		case f.Is("Content-Disposition") && p.Disposition.Type == "":
			p.Disposition = ParseMedia(f.Value())
		case f.Is("Content-Transfer-Encoding") && p.Encoding == "":
			p.Encoding = encodingName(f.Value())
		}
	}
	if p.Type == "" {
		p.Type = defaultType
	}
}

// encodingName is the name of a transfer encoding that is to be undone.
func encodingName(value []byte) string {
	switch s := strings.Trim(ParseMedia(value).Type, `"'`); s {
	case "base64", "quoted-printable":
		return s
	case "uuencode", "x-uuencode", "x-uue", "uue":
		return "uuencode"
	}
	return ""
}

// boundary is that of a multipart, or nil.
func (p *Part) boundary() []byte {
	if !strings.HasPrefix(p.Type, "multipart/") {
		return nil
	}
	for _, q := range p.Media.params {
		if b := bytes.TrimRight(q.value, " \t"); strings.EqualFold(string(q.key), "boundary") && len(b) > 0 {
			return b
		}
	}
	if s := p.Media.Param("boundary"); s != "" { // split after RFC 2231
		return []byte(s)
	}
	return nil
}

// multipart walks the parts of part i, if its boundary is ever seen.
func (w *walker) multipart(i int, at place, boundary []byte) (cut, error) {
	level := len(w.boundaries)
	w.boundaries = append(w.boundaries, boundary)
	fallback := ""
	if w.msg.Parts[i].Type == "multipart/digest" { // RFC 2046 section 5.1.5
		fallback = "message/rfc822"
	}
	c := w.scan(w.msg.Parts[i].Offset)
	for n := 1; c.level == level && !c.last; n++ {
		w.msg.Parts[i].Kind = Multipart
		var err error
		child := place{parent: i, path: under(at.path, n), depth: at.depth + 1, embedded: at.embedded, fallback: fallback}
		if c, err = w.entity(child, c.next); err != nil {
			return c, err
		}
	}
	w.boundaries = w.boundaries[:level]
	if c.level == level {
		if w.msg.Parts[i].Kind == Multipart {
			w.msg.Parts[i].Epilogue = c.next
		}
		c = w.scan(c.next)
	}
	if w.msg.Parts[i].Kind == Leaf {
		w.warn("no-boundary", "a multipart body without parts is kept as one piece", w.msg.Parts[i].Offset)
	} else if c.level < 0 && w.msg.Parts[i].Epilogue == 0 {
		w.warn("cut-short", "the last part has no closing boundary", len(w.raw))
	}
	return c, nil
}

// opens reports whether part p is an embedded message to be walked. One that
// is encoded against RFC 2046 section 5.2.1 has no offsets to give.
func (w *walker) opens(p *Part, at place) bool {
	if p.Type != "message/rfc822" && p.Type != "message/global" && p.Type != "message/news" {
		return false
	}
	if at.embedded >= MaxEmbedded {
		w.warn("nested-too-deep", "an embedded message inside "+strconv.Itoa(MaxEmbedded)+" others is kept unopened", p.Offset)
		return false
	}
	if p.Encoding != "" {
		if !mime.IsField(w.raw[p.Offset:mime.LineAfter(w.raw, p.Offset)]) {
			w.warn("encoded-message", "an embedded message is encoded and kept unopened", p.Offset)
			return false
		}
	}
	return true
}

// message walks the message embedded in part i.
func (w *walker) message(i int, at place) (cut, error) {
	p := &w.msg.Parts[i]
	p.Kind, p.Encoding = Embedded, ""
	if at.message {
		p.Path = under(at.path, 1)
	}
	inner := place{parent: i, path: p.Path, message: true, depth: at.depth + 1, embedded: at.embedded + 1}
	return w.entity(inner, mime.SkipEnvelope(w.raw, p.Offset))
}

// scan finds the next boundary line at or after pos, which begins a line.
func (w *walker) scan(pos int) cut {
	end := len(w.raw)
	if len(w.boundaries) == 0 {
		return cut{at: end, next: end, level: -1}
	}
	for pos < end {
		if bytes.HasPrefix(w.raw[pos:], dashes) {
			next := mime.LineAfter(w.raw, pos)
			if level, last := w.match(w.raw[pos:next]); level >= 0 {
				return cut{at: pos, next: next, level: level, last: last}
			}
			pos = next - 1
		}
		i := bytes.Index(w.raw[pos:], lineDashes)
		if i < 0 {
			break
		}
		pos += i + 1
	}
	return cut{at: end, next: end, level: -1}
}

var (
	dashes     = []byte("--")
	lineDashes = []byte("\n--")
)

// match tells whose boundary a line that begins with two dashes is, or -1
// (RFC 2046 section 5.1.1). A whole line wins over one with text after white
// space, and then the innermost.
func (w *walker) match(line []byte) (level int, last bool) {
	line = bytes.TrimRight(line[2:], " \t\r\n")
	level = -1
	for i, b := range slices.Backward(w.boundaries) {
		if !bytes.HasPrefix(line, b) {
			continue
		}
		rest, dashed := bytes.CutPrefix(bytes.TrimLeft(line[len(b):], " \t"), dashes)
		if len(rest) == 0 {
			return i, dashed
		}
		if c := line[len(b):]; level < 0 && (c[0] == ' ' || c[0] == '\t' || dashed && (rest[0] == ' ' || rest[0] == '\t')) {
			level, last = i, dashed
		}
	}
	return level, last
}

func (w *walker) isBoundary(line []byte) bool {
	if len(w.boundaries) == 0 || !bytes.HasPrefix(line, dashes) {
		return false
	}
	level, _ := w.match(line)
	return level >= 0
}

// bodyEnd is where a body that begins at start ends: the line end before a
// boundary line belongs to the boundary.
func (w *walker) bodyEnd(start int, c cut) int {
	if c.level < 0 {
		return c.at
	}
	return start + len(mime.TrimLineEnd(w.raw[start:max(start, c.at)]))
}

func (w *walker) warn(code, text string, offset int) {
	w.msg.Warnings = append(w.msg.Warnings, trove.Warning{Code: code, Text: text, Offset: int64(offset)})
}

func under(path string, n int) string {
	switch {
	case path == "" && n == 1:
		return "1"
	case path == "":
		return strconv.Itoa(n)
	}
	return path + "." + strconv.Itoa(n)
}
