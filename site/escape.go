package site

import (
	"unicode"
	"unicode/utf8"
)

// where says what kind of place a value is written to.
type where uint8

const (
	inText  where = iota // a value: name, subject, file name; hidden controls become marks
	inBody               // running text of an item: only controls that reorder text become marks
	inAttr               // an attribute in double quotes
	inPlain              // a plain text file or a JSON string: no HTML escaping, marks in brackets
)

// appendEscaped writes s so that it can neither end its place in the page nor
// hide its own order: the five HTML characters become references, hidden
// direction controls and zero-width characters become visible marks ([RLO]),
// control characters their pictures, invalid UTF-8 becomes U+FFFD. It is the
// only way text reaches a page.
func appendEscaped(b []byte, s string, w where) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if rep := asciiReplacement(c, w); rep != "" {
				b = append(b, s[start:i]...)
				b = append(b, rep...)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if rep := replacement(r, size, s, i, w); rep != "" {
			b = append(b, s[start:i]...)
			b = appendMark(b, rep, w)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}

// special marks the ASCII bytes that some place needs replaced.
var special = func() (t [utf8.RuneSelf]bool) {
	for c := range byte(0x20) {
		t[c] = c != '\n' && c != '\t'
	}
	for _, c := range []byte{'<', '>', '&', '"', '\'', 0x7f} {
		t[c] = true
	}
	return t
}()

// asciiReplacement is what stands for the ASCII byte c, or "" for itself.
func asciiReplacement(c byte, w where) string {
	if !special[c] {
		return ""
	}
	if c < 0x20 || c == 0x7f {
		return controlPicture(c)
	}
	if w == inPlain {
		return ""
	}
	switch c {
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '&':
		return "&amp;"
	case '"':
		return "&#34;" // in text too, so that nothing in it looks like an attribute to a simple reader of pages
	case '\'':
		if w == inAttr {
			return "&#39;"
		}
	}
	return ""
}

// pictures are the Unicode control pictures U+2400 to U+241F and U+2421.
var pictures = func() (t [0x21]string) {
	for i := range t {
		t[i] = string(rune(0x2400 + i))
	}
	t[0x20] = "\u2421"
	return t
}()

func controlPicture(c byte) string {
	if c == 0x7f {
		return pictures[0x20]
	}
	return pictures[c]
}

// replacement is what stands for the non-ASCII rune r at s[i:], or "" for itself.
func replacement(r rune, size int, s string, i int, w where) string {
	if r == utf8.RuneError && size == 1 {
		return "\uFFFD"
	}
	switch {
	case r < 0xA0:
		return "\uFFFD" // C1 controls: never text
	case r == 0xAD || r == 0x61C || r >= 0x200B && r <= 0x200F || r >= 0x2028 && r <= 0x202E || r >= 0x2060 && r <= 0x206F || r == 0xFEFF || r == 0xFFF9 || r == 0xFFFA || r == 0xFFFB || r >= 0xE0000 && r <= 0xE007F:
		return hiddenName(r, s, i, size, w)
	}
	return ""
}

// names are the marks of the hidden characters that people may meet.
var names = map[rune]string{
	0xAD: "SHY", 0x61C: "ALM", 0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM",
	0x2028: "LS", 0x2029: "PS", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
	0x2060: "WJ", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}

// hiddenName is the mark of a hidden character. Joiners inside a script or an
// emoji that needs them stay, since without them the writing is wrong; in
// bodies also what cannot reorder text stays.
func hiddenName(r rune, s string, i, size int, w where) string {
	name, known := names[r]
	if !known {
		name = "hidden"
	}
	if (r == 0x200C || r == 0x200D) && joins(s, i, size) {
		return ""
	}
	if w == inBody && known {
		switch r {
		case 0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x61C, 0x2060, 0xFEFF:
			return ""
		}
	}
	return name
}

// joins reports whether the joiner at s[i:i+size] stands between two characters
// of a script that uses joiners, or between emoji.
func joins(s string, i, size int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+size:])
	return shapes(before) && shapes(after)
}

func shapes(r rune) bool {
	if r < 0x600 || r == utf8.RuneError {
		return false
	}
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Telugu,
		unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Gujarati, unicode.Khmer, unicode.Mongolian) ||
		r == 0xFE0F || r >= 0x2600 && r <= 0x27BF || r >= 0x1F000 && r <= 0x1FAFF
}

// appendMark writes a replacement: names of hidden characters in brackets.
func appendMark(b []byte, rep string, w where) []byte {
	if rep == "\uFFFD" {
		return append(b, rep...)
	}
	if w == inAttr || w == inPlain {
		b = append(b, '[')
		b = append(b, rep...)
		return append(b, ']')
	}
	b = append(b, `<span class="ctl">[`...)
	b = append(b, rep...)
	return append(b, `]</span>`...)
}

// cut shortens s to at most n runes, at a space where one is near, with "…".
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count, space := 0, 0
	for i, r := range s {
		if count == n {
			if space > i/2 {
				i = space
			}
			return s[:i] + "…"
		}
		if r == ' ' {
			space = i
		}
		count++
	}
	return s
}
