package redact

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"unicode/utf8"

	"unseal/mime/body"
	"unseal/trove"
)

// stretch hides a range of exact bytes, widened to whole letters, groups of
// base64, codes of quoted-printable and encoded words, and notes what they say.
func (s *scanner) stretch(raw []byte, kind trove.Kind, r span) {
	if kind != trove.Mail {
		s.widen(exactly(raw, 0), &body.Part{End: len(raw)}, r)
		return
	}
	msg, _ := body.Walk(raw)
	var covered []span
	for i := range msg.Parts {
		p := &msg.Parts[i]
		for _, f := range p.Header.Fields {
			s.widen(exactly(f.Raw, f.Offset), nil, r)
			covered = append(covered, span{int32(f.Offset), int32(f.Offset + len(f.Raw))})
		}
		if p.Kind == body.Leaf {
			s.widen(exactly(raw[p.Offset:p.End], p.Offset), p, r)
			covered = append(covered, span{int32(p.Offset), int32(p.End)})
		}
	}
	for _, g := range gaps(covered, len(raw)) {
		s.widen(exactly(raw[g.from:g.to], int(g.from)), nil, r)
	}
}

// widen hides what of r lies in a field, a body, or between them.
func (s *scanner) widen(t text, p *body.Part, r span) {
	if len(t.b) == 0 {
		return
	}
	all := t.hull(0, len(t.b))
	if r.from, r.to = max(r.from, all.from), min(r.to, all.to); r.from >= r.to {
		return
	}
	s.part = p
	defer func() { s.part = nil }()
	if p == nil {
		list := forms(mixed(t))
		s.hide(s.says(list, r))
		return
	}
	d := transfer(t, p.Encoding)
	switch f := sniff(d.b); {
	case f.packed: // its check sums would tell
		s.hide(all)
		s.files = append(s.files, trove.Sum(d.b))
		return
	case f.why != "":
		s.hide(overlapping(d, r))
		return
	}
	list := readings(d, p.Charset())
	read := list[len(list)-1]
	if u, ok := withoutTags(read); ok && p.Type == "text/html" {
		if v, ok := entities(u); ok {
			u = v
		}
		list = append(list, u)
	}
	s.hide(s.says(list, r))
}

// says notes the text of r in the last reading, and returns r widened to the
// units of all.
func (s *scanner) says(list []text, r span) span {
	for _, t := range list {
		r = overlapping(t, r)
	}
	last := list[len(list)-1]
	var out []byte
	last.letters(r, func(i, j int) { out = append(out, last.b[i:j]...) })
	if len(bytes.TrimSpace(out)) > 0 {
		s.removed = append(s.removed, string(out))
	}
	return r
}

// letters calls found with the place of every letter of t that came from any
// byte of r.
func (t text) letters(r span, found func(i, j int)) {
	for i := 0; i < len(t.b); {
		_, n := utf8.DecodeRune(t.b[i:])
		if a := t.hull(i, i+n); a.from < r.to && a.to > r.from {
			found(i, i+n)
		}
		i += n
	}
}

// overlapping is r and all units of t that overlap it.
func overlapping(t text, r span) span {
	wide := r
	t.letters(r, func(i, j int) {
		a := t.hull(i, j)
		wide.from, wide.to = min(wide.from, a.from), max(wide.to, a.to)
	})
	return wide
}

// file hides the body of a part, and notes what it says.
func (s *scanner) file(raw []byte, p *trove.Part) {
	encoded := raw[p.Offset : p.Offset+p.Length]
	if len(encoded) == 0 {
		return
	}
	s.hits = append(s.hits, hit{span: span{int32(p.Offset), int32(p.Offset + p.Length)}, base64: p.Encoding == "base64", part: p.Path})
	b := body.Decode(encoded, p.Encoding)
	s.files = append(s.files, trove.Sum(b))
	if p.Role == trove.RoleMessage {
		s.message(b)
		return
	}
	s.words(b, p.Charset)
}

// message notes the texts of an embedded message.
func (s *scanner) message(b []byte) {
	msg, _ := body.Walk(b)
	for i := range msg.Parts {
		if p := &msg.Parts[i]; p.Kind == body.Leaf {
			s.words(body.Decode(b[p.Offset:p.End], p.Encoding), p.Charset())
		}
	}
}

// words notes the text of a file, as far as it has one.
func (s *scanner) words(b []byte, charset string) {
	switch f := sniff(b); {
	case f.name == "zip":
		s.office(b)
	case f.why == "" && !f.packed:
		list := readings(blindly(b), charset)
		t := list[len(list)-1]
		if u, ok := withoutTags(t); ok {
			t = u
		}
		if u, ok := entities(t); ok {
			t = u
		}
		s.removed = append(s.removed, string(t.b))
	}
}

// officeText are the members of office files that hold what a person wrote.
var officeText = regexp.MustCompile(`^(word/(document|footnotes|endnotes|comments)|xl/sharedStrings|ppt/slides/slide\d+|content)\.xml$`)

// office notes the text of a document of an office program.
func (s *scanner) office(b []byte) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	for _, f := range z.File {
		if !officeText.MatchString(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			continue
		}
		xml, _ := io.ReadAll(io.LimitReader(r, maxTracked)) // as much as can be read
		r.Close()
		xml = paragraphEnd.ReplaceAll(runEnds.ReplaceAll(xml, nil), []byte("\n"))
		s.words(xml, "utf-8")
	}
}

var (
	runEnds      = regexp.MustCompile(`</?(w:r|w:t|w:rPr|a:r|a:t|a:rPr|text:span|r|t|rPr)( [^>]*)?/?>`)
	paragraphEnd = regexp.MustCompile(`</(w:p|a:p|text:p|si)>`)
)
