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
	removed []string       // what was found, as it was read
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
	return &scanner{seek: seek, left: maxUndone, open: maxMembers, seed: maphash.MakeSeed(), known: map[uint64]bool{}}
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
	if len(s.removed) < maxRemoved {
		s.removed = append(s.removed, string(t.b[from:to]))
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
	s.look(t, func(t text) { s.anyText(t, "", maxDepth-1) })
	if bytes.IndexByte(t.b, '*') < 0 {
		return
	}
	s.look(t, func(t text) {
		s.apart = true // between the pieces stand names of parameters
		for _, value := range pieced(t) {
			s.anyText(value, "", maxDepth-1)
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
		s.look(t, func(t text) { s.readings(t, "") })
	}
	switch {
	case !t.tracked():
	case len(s.hits) > before && s.hits[before].span == t.hull(0, len(t.b)):
		s.files = append(s.files, trove.Sum(body.Decode(t.b, p.Encoding)))
	case len(s.hits) == before && why != "":
		s.opaque = append(s.opaque, Opaque{Part: p.Path, Name: p.Name(), Type: p.Type, Why: why})
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
	switch {
	case p != nil && p.Encoding != "" && strings.HasPrefix(p.Type, "message/"):
		s.mail(t, depth+1)
	case f.packed:
		s.sealed(t, func(b []byte) { s.unpack(b, f, depth) })
	case f.why != "":
		s.sealed(t, func([]byte) {})
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

// sealed looks into bytes that are no text: the strings in them, and what
// unpack finds. Nothing in them is led back, since with a few bytes changed all
// of them would be unreadable; so all of them are hidden.
func (s *scanner) sealed(t text, unpack func(b []byte)) {
	if t.tracked() {
		return // look has found something, and hides all
	}
	s.strings(t.b)
	unpack(t.b)
}

// strings looks into the strings in bytes that are no text.
func (s *scanner) strings(b []byte) {
	for _, b := range visibleStrings(b) {
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
	long := len(t.b) >= 4*minRun
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
		part := t.cut(skip, len(t.b))
		if long || readable(loose(blindly(part.b)).b) {
			s.look(part, func(t text) { s.content(loose(t), nil, depth+1) })
		}
	}
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

// readable reports whether short decoded bytes may be a text.
func readable(b []byte) bool {
	good, all := 0, 0
	for _, r := range string(b) {
		all++
		if r >= ' ' && r != utf8.RuneError && r != 0x7f || r == '\n' || r == 0 {
			good++
		}
	}
	return good > 0 && good*10 >= all*9
}
