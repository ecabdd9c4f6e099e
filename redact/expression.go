package redact

import (
	"bytes"
	"regexp"

	"golang.org/x/text/unicode/norm"
)

// expression is a regular expression that is looked for in the text as it
// stands, without what is invisible, and with its lines joined.
type expression struct{ *regexp.Regexp }

func (e expression) holds(b []byte) bool {
	for _, t := range e.variants(blindly(b)) {
		if e.Match(t.b) {
			return true
		}
	}
	return false
}

func (e expression) within(t text, found func(t text, from, to int)) {
	for _, v := range e.variants(t) {
		for _, m := range e.FindAllIndex(v.b, -1) {
			if m[1] > m[0] {
				found(v, m[0], m[1])
			}
		}
	}
}

func (e expression) variants(t text) []text {
	list := []text{t}
	if c := visible(t); len(c.b) != len(t.b) {
		t, list = c, append(list, c)
	}
	if bytes.IndexByte(t.b, '\n') >= 0 || bytes.IndexByte(t.b, '\r') >= 0 {
		list = append(list, joinLines(t, false, " "), joinLines(t, false, ""), joinLines(t, true, ""))
	}
	return list
}

// visible leaves out what leaves no trace on the page, and composes letters
// and their marks (Unicode normalization form C).
func visible(t text) text {
	w := rewrite(t)
	for i, r := range string(t.b) {
		switch n := len(string(r)); {
		case r == 0xA0 || r == 0x202F:
			w.put(i, i+n, ' ')
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0xAD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
			r >= 0x2060 && r <= 0x206F, r == 0xFEFF, r == 0x061C:
			w.put(i, i+n)
		}
	}
	return composed(w.end())
}

func composed(t text) text {
	if norm.NFC.IsNormal(t.b) {
		return t
	}
	w := rewrite(t)
	var it norm.Iter
	it.Init(norm.NFC, t.b)
	for !it.Done() {
		from := it.Pos()
		s := it.Next()
		if to := it.Pos(); !bytes.Equal(s, t.b[from:to]) {
			w.put(from, to, s...)
		}
	}
	return w.end()
}

// joinLines puts joint in the place of line breaks, with the marks of quoting
// after them, the white space before them, and, where hyphens is set, a hyphen.
func joinLines(t text, hyphens bool, joint string) text {
	w := rewrite(t)
	for i := 0; i < len(t.b); i++ {
		if t.b[i] != '\n' && t.b[i] != '\r' {
			continue
		}
		from, to := i, i+1
		for from > w.done && (t.b[from-1] == ' ' || t.b[from-1] == '\t') {
			from--
		}
		if hyphens && from > w.done && t.b[from-1] == '-' {
			from--
		}
		for to < len(t.b) && bytes.IndexByte([]byte("\r\n \t>"), t.b[to]) >= 0 {
			to++
		}
		w.put(from, to, []byte(joint)...)
		i = to - 1
	}
	return w.end()
}
