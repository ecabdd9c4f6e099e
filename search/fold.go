package search

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Classes of runes for the scanner; values from 0 up are the folded rune itself.
const (
	foldBreak  rune = -1 // ends a word
	foldDrop   rune = -2 // nothing: the word goes on
	foldExpand rune = -3 // folds to several runes, see expand
	foldPair   rune = -4 // written without spaces: folded in pairs
)

// tableEnd is the end of the scripts whose folding is kept in a table; runes
// above it (Chinese, Japanese, Korean, presentation forms) are computed.
const tableEnd = 0x3000

var foldTable = sync.OnceValue(func() *[tableEnd]rune {
	var t [tableEnd]rune
	for r := range t {
		t[r] = classify(rune(r))
	}
	return &t
})

// foldRune gives the class or folded rune of r (query-language.md, section 5).
func foldRune(r rune) rune {
	if r < tableEnd {
		return foldTable()[r]
	}
	return classify(r)
}

func classify(r rune) rune {
	switch {
	case dropped(r):
		return foldDrop
	case paired(r):
		return foldPair
	case apostrophe(r) || !unicode.In(r, unicode.L, unicode.N, unicode.M):
		return foldBreak
	}
	s := expand(r)
	f, n := utf8.DecodeRuneInString(s)
	switch {
	case s == "":
		return foldDrop
	case strings.ContainsFunc(s, paired): // circled and bracketed numbers of CJK
		return foldBreak
	case n == len(s):
		return f
	}
	return foldExpand
}

// dropped reports whether r leaves no trace: marks of Latin, Greek, Cyrillic
// and Arabic writing, tatweel, and invisible controls. The zero-width
// non-joiner is not among them: it parts words.
func dropped(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036F, r >= 0x0483 && r <= 0x0489, // combining marks
		r >= 0x1AB0 && r <= 0x1AFF, r >= 0x1DC0 && r <= 0x1DFF, r >= 0x20D0 && r <= 0x20FF,
		r >= 0xFE00 && r <= 0xFE0F, r >= 0xFE20 && r <= 0xFE2F: // variation selectors, half marks
		return true
	case r >= 0x0610 && r <= 0x061A, r >= 0x064B && r <= 0x065F, r == 0x0670,
		r >= 0x06D6 && r <= 0x06ED && unicode.Is(unicode.Mn, r), r >= 0x08CA && r <= 0x08FF && r != 0x08E2: // tashkeel
		return true
	case r == 0x0640: // tatweel
		return true
	case r == 0x00AD, r == 0x061C, r == 0x200B, r >= 0x200D && r <= 0x200F,
		r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x206F, r == 0xFEFF:
		return true
	}
	return false
}

// paired reports whether r is Chinese, Japanese or Korean.
func paired(r rune) bool {
	switch {
	case r < 0x1100:
		return false
	case r <= 0x11FF, r >= 0x3005 && r <= 0x3007, r >= 0x3041 && r <= 0x3096, r >= 0x309D && r <= 0x309F,
		r >= 0x30A1 && r <= 0x30FA, r >= 0x30FC && r <= 0x318E, r >= 0x31A0 && r <= 0x31BF, r >= 0x31F0 && r <= 0x31FF,
		r >= 0x3400 && r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xA960 && r <= 0xA97C,
		r >= 0xAC00 && r <= 0xD7FB, r >= 0xF900 && r <= 0xFAFF, r >= 0xFF66 && r <= 0xFF9D, r >= 0xFFA1 && r <= 0xFFDC,
		r >= 0x20000 && r <= 0x3FFFF:
		return unicode.IsLetter(r) || r == 0x3007
	}
	return false
}

// plain are letters that stand for base letters without Unicode decomposing them.
var plain = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'ø': "o", 'Ø': "o", 'ł': "l", 'Ł': "l",
	'đ': "d", 'Đ': "d", 'ð': "d", 'Ð': "d", 'þ': "th", 'Þ': "th", 'ħ': "h", 'Ħ': "h", 'ı': "i", 'ŋ': "n", 'Ŋ': "n",
	'ŧ': "t", 'Ŧ': "t", 'ĸ': "k", 'ς': "σ", 'ٱ': "ا",
	'ک': "ك", 'ی': "ي", 'ہ': "ه", 'ۀ': "ه", // as Persian and Urdu write them, and as others do in their texts
}

// expand folds one rune of a word: compatibility forms to plain ones, case,
// marks of Latin, Greek and Cyrillic, forms of alef, Arabic and Persian digits.
func expand(r rune) string {
	if s, ok := plain[r]; ok {
		return s
	}
	if r >= 0x4E00 && r <= 0x9FFF || r >= 0x3041 && r <= 0x30FE || r >= 0xAC00 && r <= 0xD7A3 {
		return string(r) // as it stands, without the tables
	}
	var b strings.Builder
	for _, c := range norm.NFKC.String(string(r)) {
		for _, d := range strip(c) {
			d = unicode.ToLower(d)
			if s, ok := plain[d]; ok {
				b.WriteString(s)
			} else if !dropped(d) && !apostrophe(d) && unicode.In(d, unicode.L, unicode.N, unicode.M) {
				b.WriteRune(digit(d))
			}
		}
	}
	return b.String()
}

// strip takes the marks off a letter of the scripts that lose them.
func strip(c rune) string {
	switch {
	case unicode.In(c, unicode.Latin, unicode.Greek, unicode.Cyrillic):
		return norm.NFKD.String(string(c))
	case c == 'أ', c == 'إ', c == 'آ':
		return "ا"
	}
	return string(c)
}

func digit(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	}
	return r
}

// Normal returns s in Unicode normalization form C, as [Scanner] wants it:
// the same to the eye. It copies only what is not in that form yet.
func Normal(s string) string {
	for i := range len(s) {
		if s[i] >= 0xCC { // below U+0300 everything is in form C
			return norm.NFC.String(s)
		}
	}
	return s
}
