package pdf

import (
	"strings"
	"unicode/utf8"
)

// maxLine bounds a value that is shown in one line, in bytes.
const maxLine = 1000

// oneLine is a value without line ends and control characters, cut.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(clean(s), func(r rune) bool { return r == '\n' || r == '\t' || r == ' ' }), " ")
	if len(s) <= maxLine {
		return s
	}
	s = s[:maxLine]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// clean makes valid UTF-8 with "\n" line ends and no other control characters.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, s)
}

// layout is the text of the characters of a page. PDFium puts U+0002 where a
// word is broken at the end of a line; the word is joined again.
func layout(chars []char) string {
	var b strings.Builder
	for _, c := range chars {
		if c.r > 0 {
			b.WriteRune(c.r)
		}
	}
	return strings.TrimRight(clean(b.String()), "\n ")
}
