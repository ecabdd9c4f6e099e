package mail

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"unseal/mime"
	"unseal/trove"
)

// text is what a person reads: plain text where there is any, else HTML as
// text, and that of embedded messages below.
func (r *reader) text() string {
	r.render(0)
	s := strings.Join(r.out, "\n\n")
	if len(s) > MaxText {
		s = cutAt(s, MaxText)
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
	case p.Kind == mime.Embedded:
		r.add(heading(r.msg.Parts[i+1].Header))
		r.render(i + 1)
	case p.Kind == mime.Multipart && p.Type == "multipart/alternative":
		r.alternative(i)
	case p.Kind == mime.Multipart:
		for j := i + 1; j < p.After; j = r.msg.Parts[j].After {
			r.render(j)
		}
	case p.Kind == mime.Leaf:
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
			if p := &r.msg.Parts[k]; p.Kind == mime.Embedded {
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
		if p.Kind == mime.Embedded {
			k = p.After - 1
		} else if j := r.part[k]; j >= 0 && r.rec.Parts[j].Role == trove.RoleText {
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
	case trove.RoleHTML:
		r.add(htmlText(r.utf8HTML(r.leafs[j].bytes, q), MaxText))
	}
}

// renderPlain adds the text of leaf i without the uuencoded files in it, which
// are parts of their own.
func (r *reader) renderPlain(i int, charset string) {
	p := &r.msg.Parts[i]
	b := r.leafs[r.part[i]].bytes
	for k := p.After - 1; k > i; k-- { // from the last, so that offsets stay
		file := &r.msg.Parts[k]
		b = append(append([]byte(nil), b[:file.Offset-p.Offset]...), b[file.End-p.Offset:]...)
	}
	s, known := mime.ToUTF8(b, charset)
	if !known {
		r.warn("bad-charset", badCharset(charset), p.Offset)
	}
	r.add(lines(s))
}

func badCharset(charset string) string {
	if charset == "" {
		return "a text does not say which charset it is written in"
	}
	return "a text cannot be read in the charset it names: " + clip(charset)
}

// utf8HTML converts HTML, which may name its charset itself.
func (r *reader) utf8HTML(b []byte, q *trove.Part) string {
	name := q.Charset
	if name == "" && !utf8.Valid(b) {
		_, name, _ = charset.DetermineEncoding(b, "")
	}
	s, known := mime.ToUTF8(b, name)
	if !known {
		r.warn("bad-charset", badCharset(q.Charset), int(q.Offset))
	}
	return lines(s)
}

// lines gives s "\n" line ends and takes a byte order mark off.
func lines(s string) string {
	s = strings.TrimPrefix(s, "\uFEFF")
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// cutAt shortens s to at most n bytes between two letters.
func cutAt(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
