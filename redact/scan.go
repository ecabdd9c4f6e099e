package redact

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unicode/utf8"

	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
)

// hit is a range of exact bytes that holds what is looked for.
type hit struct {
	span
	base64 bool
	part   string
}

// scanner looks for one thing in all that can be read out of an item. It is
// not for concurrent use.
type scanner struct {
	seek    seeker
	digests map[trove.Digest]bool // of files that are looked for as a whole
	coarse  bool                  // hide all of a body or field that holds it
	hits    []hit
	removed []string // what was found, as it was read, each once
	told    map[string]bool
	files   []trove.Digest // decoded files that go as a whole
	opaque  []Opaque

	part  *body.Part // whose body is looked into, or nil
	apart bool       // places in the text at hand are not joined
	deep  bool       // it was found in a text that is not led back

	entire bool   // a file was found that goes as a whole
	why    string // why what was looked into last was not looked into as a whole
	left   int    // bytes that may still be undone
	open   int    // files of packed files that may still be opened
	seed   maphash.Seed
	known  map[uint64]bool // runs of base64 that hold nothing
}

func newScanner(seek seeker) *scanner {
	return &scanner{seek: seek, left: maxUndone, open: maxMembers, seed: maphash.MakeSeed(), known: map[uint64]bool{}, told: map[string]bool{}}
}

// item looks into an item.
func (s *scanner) item(raw []byte, kind trove.Kind) {
	if t := exactly(raw, 0); kind == trove.Mail {
		s.mail(t, 0)
	} else {
		s.leaf(t, &body.Part{End: len(raw)}, 0)
	}
}

// report takes note of what was found in [from, to) of a text.
func (s *scanner) report(t text, from, to int) {
	if b := t.b[from:to]; !s.told[string(b)] && len(s.told) < maxRemoved {
		s.told[string(b)] = true
		s.removed = append(s.removed, string(b))
	}
	if !t.tracked() {
		s.deep = true
		return
	}
	gap := int32(maxJoin)
	if s.apart {
		gap = 0
	}
	for _, a := range t.spans(from, to, gap) {
		s.hide(a)
	}
}

func (s *scanner) hide(a span) {
	h := hit{span: a}
	if s.part != nil {
		h.part, h.base64 = s.part.Path, s.part.Encoding == "base64"
	}
	s.hits = append(s.hits, h)
}

// look runs a search over a text without leading it back, and only where that
// finds something over the text itself. What cannot be led back then hides
// all of the text.
func (s *scanner) look(t text, search func(t text)) {
	if !t.tracked() {
		search(t)
		return
	}
	outer := s.deep
	s.deep, s.entire = false, false
	if search(blindly(t.b)); s.deep {
		before := len(s.hits)
		if !s.coarse && !s.entire && len(t.b) <= maxTracked {
			search(t)
		}
		if len(s.hits) == before {
			s.whole(t)
		}
	}
	s.deep = outer
}

// whole hides all of a text.
func (s *scanner) whole(t text) {
	if len(t.b) > 0 {
		s.hide(t.hull(0, len(t.b)))
	}
}

// mail looks into a message and all that is in it.
func (s *scanner) mail(t text, depth int) {
	msg, _ := body.Walk(t.b) // what lies beyond a limit is read as text below
	covered := make([]span, 0, 64)
	for i := range msg.Parts {
		p := &msg.Parts[i]
		for _, f := range p.Header.Fields {
			s.field(t.cut(f.Offset, f.Offset+len(f.Raw)))
			covered = append(covered, span{int32(f.Offset), int32(f.Offset + len(f.Raw))})
		}
		if p.Kind == body.Leaf && p.End > p.Offset {
			s.leaf(t.cut(p.Offset, p.End), p, depth)
			covered = append(covered, span{int32(p.Offset), int32(p.End)})
		}
	}
	for _, g := range gaps(covered, len(t.b)) {
		s.look(t.cut(int(g.from), int(g.to)), func(t text) { s.anyText(t, "", depth) })
	}
}

// gaps are what covered leaves of n bytes: envelopes, boundary lines, what
// stands before and after the parts, and what could not be walked.
func gaps(covered []span, n int) []span {
	var list []span
	at := int32(0)
	for _, c := range joinSpans(covered, 0) {
		if c.from > at {
			list = append(list, span{at, c.from})
		}
		at = c.to
	}
	if int(at) < n {
		list = append(list, span{at, int32(n)})
	}
	return list
}

// field looks into a header field: its name, its value as it stands and as it
// reads, and the parameters that are cut into pieces.
func (s *scanner) field(t text) {
	s.look(t, func(t text) { s.anyText(t, "", fieldDepth) })
	if bytes.IndexByte(t.b, '*') < 0 {
		return
	}
	s.look(t, func(t text) {
		s.apart = true // between the pieces stand names of parameters
		for _, value := range pieced(t) {
			s.anyText(value, "", fieldDepth)
		}
		s.apart = false
	})
}

// leaf looks into a body: decoded, opened, and as it stands.
func (s *scanner) leaf(t text, p *body.Part, depth int) {
	if outer := s.part; outer == nil {
		s.part = p
		defer func() { s.part = nil }()
	}
	s.why = ""
	before := len(s.hits)
	s.look(t, func(t text) { s.content(transfer(t, p.Encoding), p, depth) })
	why := s.why
	if p.Encoding != "" {
		s.encoded(t, p.Encoding)
	}
	switch {
	case !t.tracked():
	case len(s.hits) > before && s.hits[before].span == t.hull(0, len(t.b)):
		s.files = append(s.files, trove.Sum(body.Decode(t.b, p.Encoding)))
	case len(s.hits) == before && why != "":
		s.opaque = append(s.opaque, Opaque{Part: p.Path, Name: p.Name(), Type: p.Type, Why: why})
	}
}

// encoded looks into an encoded body as it stands: into all of it, and, as the
// encoding does not say it all, into what of it is no base64.
func (s *scanner) encoded(t text, encoding string) {
	if encoding != "base64" {
		s.look(t, func(t text) { s.within(mixed(t)) })
		return
	}
	from := -1 // where lines began that are no base64
	for pos := 0; pos < len(t.b); {
		next := mime.LineAfter(t.b, pos)
		if stray := !onlyBase64(t.b[pos:next]); stray && from < 0 {
			from = pos
		} else if !stray && from >= 0 {
			s.look(t.cut(from, pos), func(t text) { s.readings(t, "") })
			from = -1
		}
		pos = next
	}
	if from >= 0 {
		s.look(t.cut(from, len(t.b)), func(t text) { s.readings(t, "") })
	}
	if p, ok := s.seek.(*patterns); ok {
		s.look(t, func(t text) { p.inNoise(t, s.report) })
	}
}

// content looks into decoded bytes of whatever kind; p is their part, or nil.
func (s *scanner) content(t text, p *body.Part, depth int) {
	if depth >= maxDepth {
		s.why = "limit"
		return
	}
	if len(s.digests) > 0 && !t.tracked() && s.digests[trove.Sum(t.b)] {
		s.deep, s.entire = true, true
		return
	}
	f := sniff(t.b)
	if why := media(p); why != "" && !f.packed && !utf8.Valid(t.b) {
		f = format{why: why}
	}
	switch {
	case p != nil && p.Encoding != "" && strings.HasPrefix(p.Type, "message/"):
		s.mail(t, depth+1)
	case f.packed:
		s.sealed(t, false, func(b []byte) { s.unpack(b, f, depth) })
	case f.why != "":
		s.sealed(t, f.why == "format", func(b []byte) {
			if p != nil && strings.HasPrefix(p.Type, "text/") {
				s.readings(blindly(b), p.Charset()) // as a reader is shown it
			}
		})
		s.why = f.why
	default:
		charset := ""
		if p != nil {
			charset = p.Charset()
		}
		s.anyText(t, charset, depth)
		s.uuencoded(t, depth)
	}
}

// media says of a part that is declared to be seen or heard why it cannot be
// looked into.
func media(p *body.Part) string {
	if p == nil {
		return ""
	}
	kind, _, _ := strings.Cut(p.Type, "/")
	return map[string]string{"image": "image", "audio": "sound", "video": "video"}[kind]
}

// sealed looks into bytes that are no text: the strings in them, and what
// unpack finds. Nothing in them is led back, since with a few bytes changed all
// of them would be unreadable; so all of them are hidden.
func (s *scanner) sealed(t text, wide bool, unpack func(b []byte)) {
	if t.tracked() {
		return // look has found something, and hides all
	}
	s.strings(t.b, wide)
	unpack(t.b)
}

// strings looks into the strings in bytes that are no text. Where wide is set,
// those of UTF-16 beyond Latin letters are among them.
func (s *scanner) strings(b []byte, wide bool) {
	for _, b := range visibleStrings(b, wide) {
		s.within(blindly(b))
	}
}

// anyText looks into a text in some charset, and into base64 in the midst of it.
func (s *scanner) anyText(t text, charset string, depth int) {
	s.readings(t, charset)
	if depth < maxDepth {
		s.runs(t, depth)
	}
}

func (s *scanner) readings(t text, charset string) {
	for _, r := range readings(t, charset) {
		for _, f := range forms(r) {
			s.within(f)
		}
	}
}

func (s *scanner) within(t text) {
	if t.tracked() || s.seek.holds(t.b) {
		s.seek.within(t, s.report)
	}
}

// uuencoded looks into files that are uuencoded in the midst of a text.
func (s *scanner) uuencoded(t text, depth int) {
	for pos := 0; ; {
		i := bytes.Index(t.b[pos:], uuBegin)
		if i < 0 {
			return
		}
		if pos += i; pos > 0 && t.b[pos-1] != '\n' {
			pos += len(uuBegin)
			continue
		}
		from := mime.LineAfter(t.b, pos)
		end := bytes.Index(t.b[from:], uuEnd)
		if end < 0 {
			return
		}
		s.look(t.cut(from, from+end+1), func(t text) { s.content(transfer(t, "uuencode"), nil, depth+1) })
		pos = from + end + 1
	}
}

var uuBegin, uuEnd = []byte("begin "), []byte("\nend")

// runs looks into base64 in the midst of a text, at every place where a group
// of four characters may begin.
func (s *scanner) runs(t text, depth int) {
	for from := 0; from < len(t.b); {
		if sextets[t.b[from]] >= 64 {
			from++
			continue
		}
		to := runEnd(t.b, from)
		if to-from >= minRun {
			s.run(t.cut(from, to), depth)
		}
		from = to
	}
}

// runEnd is where a run of base64 ends that begins at i. One line break, with
// marks of quoting, may stand between its lines.
func runEnd(b []byte, i int) int {
	for {
		for i < len(b) && sextets[b[i]] <= 64 {
			i++
		}
		end := i
		for i < len(b) && i < end+2 && (b[i] == '\r' || b[i] == '\n') {
			i++
		}
		if i == end {
			return end
		}
		for i < len(b) && (b[i] == '>' || b[i] == ' ' || b[i] == '\t') {
			i++
		}
		if i == len(b) || sextets[b[i]] >= 64 {
			return end
		}
	}
}

func (s *scanner) run(t text, depth int) {
	if bytes.Count(t.b, t.b[:1]) > len(t.b)/2 {
		return // a rule across the page
	}
	defer func(why string) { s.why = why }(s.why) // what is no file need not be opened
	long := len(t.b) >= longRun
	if long && !t.tracked() {
		h := maphash.Bytes(s.seed, t.b)
		if s.known[h] {
			return
		}
		outer := s.deep
		s.deep = false
		defer func() {
			s.known[h] = !s.deep
			s.deep = s.deep || outer
		}()
	}
	for skip := range min(4, len(t.b)-minRun+1) {
		switch part := t.cut(skip, len(t.b)); {
		case long && skip == 0, long && sampled(part.b):
			s.look(part, func(t text) { s.content(loose(t), nil, depth+1) })
		case !long && mayRead(part.b):
			s.look(part, func(t text) { s.within(mixed(loose(t))) })
		}
	}
}

// sampled reports whether base64 may be of a text in UTF-8 or of a packed
// file, judged by its beginning, middle and end: most of it decodes to noise
// when it is read from a character where no group begins.
func sampled(b []byte) bool {
	n := min(len(b), longRun-3)
	half := (len(b) - n) / 2 &^ 3
	return mayRead(b[:n]) || mayRead(b[half:half+n]) || mayRead(b[(len(b)-n)&^3:][:n]) || sniff(loose(blindly(b[:n])).b).packed
}

// mayRead reports whether up to longRun characters of base64 stand for a text
// in UTF-8, the ends of which may be cut.
func mayRead(b []byte) bool {
	var out [longRun]byte
	acc, n, size := uint32(0), 0, 0
	for _, c := range b {
		v := sextets[c]
		if v > 63 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if n++; n&3 == 0 {
			out[size], out[size+1], out[size+2] = byte(acc>>16), byte(acc>>8), byte(acc)
			size += 3
		}
	}
	switch n & 3 {
	case 2:
		out[size] = byte(acc >> 4)
		size++
	case 3:
		out[size], out[size+1] = byte(acc>>10), byte(acc>>2)
		size += 2
	}
	return readable(out[:size])
}

// readable reports whether a stretch of b is letters in UTF-8, or Latin letters
// in UTF-16: so long a one as noise of this length hardly has.
func readable(b []byte) bool {
	enough := 6
	if len(b) > longRun/2 {
		enough = 12
	}
	for i, from := 0, 0; i < len(b); {
		n := 1
		if c := b[i]; c >= utf8.RuneSelf {
			if _, n = utf8.DecodeRune(b[i:]); n == 1 {
				from = i + 1
			}
		} else if c < ' ' && c != 0 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			from = i + 1
		}
		if i += n; i-from >= enough {
			return true
		}
	}
	return false
}

// loose decodes base64 of either alphabet of RFC 4648, whatever stands in it.
func loose(t text) text {
	w := rewrite(t)
	var q quantum
	for i, c := range t.b {
		v := sextets[c]
		switch {
		case v < 64:
			if q.add(i, v); q.n == 4 {
				q.flush(w, 0)
			}
		case v == 64 && q.n >= 2:
			q.flush(w, i+1)
		}
	}
	if q.n >= 2 {
		q.flush(w, 0)
	}
	return w.out
}
