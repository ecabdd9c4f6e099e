package mail

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"unseal/intake/text"
	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
)

// text is what a person reads: plain text where there is any, else HTML as
// text, and that of embedded messages below.
func (r *reader) text() string {
	r.render(0)
	s := strings.Join(r.out, "\n\n")
	if r.cut = r.cut || len(s) > MaxText; r.cut {
		s = cutAt(s, min(len(s), MaxText))
		r.warn("text-cut", "the text is longer than is shown", 0)
	}
	return s
}

// add takes one more piece of text, unless it is blank.
func (r *reader) add(s string) {
	s = strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n")
	if s != "" && r.size <= MaxText {
		r.out = append(r.out, s)
		r.size += len(s)
	}
}

// render adds the text of msg.Parts[i] and what it contains, and reports
// whether there was any.
func (r *reader) render(i int) bool {
	before := len(r.out)
	switch p := &r.msg.Parts[i]; {
	case p.Kind == body.Embedded:
		r.add(heading(r.msg.Parts[i+1].Header))
		r.render(i + 1)
	case p.Kind == body.Multipart && p.Type == "multipart/alternative":
		r.alternative(i)
	case p.Kind == body.Multipart:
		for j := i + 1; j < p.After; j = r.msg.Parts[j].After {
			r.render(j)
		}
	case p.Kind == body.Leaf:
		r.renderLeaf(i)
	}
	return len(r.out) > before
}

// alternative adds one of the forms of a text: the first that holds plain
// text, else the last that holds any. Messages embedded in the others are
// added too, since only texts are alternatives of each other.
func (r *reader) alternative(i int) {
	var forms []int
	chosen := -1
	for j := i + 1; j < r.msg.Parts[i].After; j = r.msg.Parts[j].After {
		forms = append(forms, j)
		if chosen < 0 && r.holdsPlain(j) && r.render(j) {
			chosen = j
		}
	}
	for k := len(forms) - 1; k >= 0 && chosen < 0; k-- {
		if !r.holdsPlain(forms[k]) && r.render(forms[k]) {
			chosen = forms[k]
		}
	}
	for _, j := range forms {
		for k := j; j != chosen && k < r.msg.Parts[j].After; k++ {
			if p := &r.msg.Parts[k]; p.Kind == body.Embedded {
				r.render(k)
				k = p.After - 1
			}
		}
	}
}

// holdsPlain reports whether plain text stands in part i outside embedded messages.
func (r *reader) holdsPlain(i int) bool {
	for k := i; k < r.msg.Parts[i].After; k++ {
		p := &r.msg.Parts[k]
		if p.Kind == body.Embedded {
			k = p.After - 1
		} else if p.Kind == body.Leaf && r.rec.Parts[r.part[k]].Role == trove.RoleText {
			return true
		}
	}
	return false
}

// heading introduces an embedded message.
func heading(h mime.Header) string {
	var b strings.Builder
	b.WriteString("-------- ✉ --------\n")
	for _, name := range []string{"From", "To", "Cc", "Date", "Subject"} {
		if s := oneLine(h.First(name).Text()); s != "" {
			b.WriteString(name + ": " + s + "\n")
		}
	}
	return b.String()
}

func (r *reader) renderLeaf(i int) {
	j := r.part[i]
	q := &r.rec.Parts[j]
	switch q.Role {
	case trove.RoleText:
		r.renderPlain(i, q.Charset)
	case trove.RoleOther:
		if readable[q.Type] {
			r.renderPlain(i, q.Charset)
		}
	case trove.RoleMessage:
		if q.Encoding != "" && r.level < body.MaxEmbedded {
			r.renderEncoded(r.leafs[j].bytes)
		}
	case trove.RoleHTML:
		r.renderHTML(r.leafs[j].bytes, q)
	}
}

func (r *reader) renderHTML(b []byte, q *trove.Part) {
	if left := MaxHTML - r.html; len(b) > left {
		r.warn("html-cut", "there is more HTML than is shown as text", int(q.Offset))
		b = b[:left]
	}
	r.html += len(b)
	s := r.toUTF8(b, text.HTMLCharset(b, q.Charset), int(q.Offset))
	r.add(text.HTML(text.Lines(s), MaxText))
}

// readable types are structure that says something to a person: what became
// of a message.
var readable = map[string]bool{
	"message/delivery-status": true, "message/disposition-notification": true, "message/feedback-report": true, "text/rfc822-headers": true,
}

// renderEncoded adds the text of an embedded message that is encoded as a
// whole, against RFC 2046 section 5.2.1. Its parts have no place in the exact
// bytes and are not listed.
func (r *reader) renderEncoded(raw []byte) {
	inner := &reader{raw: raw, level: r.level + 1, html: r.html, guesses: r.guesses} // the limits hold for all together
	text := inner.read()
	r.html, r.guesses = inner.html, inner.guesses
	r.rec.Nested += 1 + inner.rec.Nested
	r.add(heading(inner.msg.Header()))
	r.add(text)
}

// renderPlain adds the text of leaf i without the uuencoded files in it, which
// are parts of their own.
func (r *reader) renderPlain(i int, charset string) {
	p := &r.msg.Parts[i]
	l := r.leafs[r.part[i]]
	b := l.bytes
	if len(l.files) > 0 {
		b, l.files = nil, append(l.files, span{len(l.bytes), len(l.bytes)})
		from := 0
		for _, f := range l.files {
			b, from = append(b, l.bytes[from:f.start]...), f.end
		}
	}
	if len(b) > MaxText { // in memory a text is there several times
		r.cut = true
		if b = b[:MaxText]; bytes.IndexByte(b, '\n') >= 0 {
			b = b[:bytes.LastIndexByte(b, '\n')]
		}
	}
	r.add(text.Lines(r.toUTF8(b, charset, p.Offset)))
}

// maxGuesses bounds how many charsets are guessed in one message, since a
// guess costs a millisecond.
const maxGuesses = 20

// toUTF8 converts a text that stands at offset, and says so where its charset
// had to be guessed or could not be.
func (r *reader) toUTF8(b []byte, charset string, offset int) string {
	s, known := mime.ToUTF8(b, charset)
	if known {
		return s
	}
	says := "a text does not say which charset it is written in"
	if charset != "" {
		says = "a text cannot be read in the charset it names, " + clip(charset)
	}
	if r.guesses++; r.guesses <= maxGuesses {
		if guess := text.GuessCharset(b); guess != "" {
			s, _ = mime.ToUTF8(b, guess)
			r.warn("guessed-charset", says+"; it is read as "+guess, offset)
			return s
		}
	}
	r.warn("bad-charset", says, offset)
	return s
}

// cutAt shortens s to at most n bytes between two letters.
func cutAt(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
