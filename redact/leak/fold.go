package leak

import (
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// letters is a folded text, with white space as one space.
type letters struct {
	spaced string
	joined string // without what breaks lines
	mended string // without hyphens at the ends of lines as well; empty where there are none
}

// foldAll folds a text: letter case, marks, compatibility forms and what is
// invisible go; quotes, hyphens and digits of all scripts become plain ones.
func foldAll(s string) letters {
	f := foldText(s, false)
	if hyphenEnds(s) {
		f.mended = foldText(s, true).joined
	}
	return f
}

// hyphenEnds reports whether a line of s ends in a hyphen.
func hyphenEnds(s string) bool {
	for {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			return false
		}
		if r, n := utf8.DecodeLastRuneInString(strings.TrimRight(s[:i], " \t\r")); n > 0 && foldOne(r) == "-" {
			return true
		}
		s = s[i+1:]
	}
}

func foldText(s string, mend bool) letters {
	spaced, joined := make([]byte, 0, len(s)+1), make([]byte, 0, len(s)+1)
	blank, broken, start := false, false, true
	hyphen := 0 // length of joined before a hyphen that ends it
	for _, r := range s {
		f := ""
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f' || r == '\u0085':
			blank, broken, start = true, true, true
		case r == ' ' || unicode.IsSpace(r):
			blank = true
		case r != '>' || !start:
			f = foldOne(r)
		}
		if f == "" {
			continue
		}
		if blank {
			spaced = append(spaced, ' ')
			if broken && mend && hyphen > 0 {
				joined = joined[:hyphen]
			} else if !broken {
				joined = append(joined, ' ')
			}
		}
		if hyphen = 0; f == "-" {
			hyphen = len(joined)
		}
		blank, broken, start = false, false, false
		spaced, joined = append(spaced, f...), append(joined, f...)
	}
	return letters{spaced: string(spaced), joined: string(joined)}
}

var (
	folder = cases.Fold()
	known  sync.Map // rune → string
)

// foldOne folds a letter.
func foldOne(r rune) string {
	if r < utf8.RuneSelf {
		return asciiFolds[r]
	}
	if f, ok := known.Load(r); ok {
		return f.(string)
	}
	var bare, b strings.Builder
	for _, d := range norm.NFKD.String(string(r)) {
		if !accent(d) && !unicode.IsSpace(d) {
			bare.WriteRune(d)
		}
	}
	for _, d := range norm.NFKD.String(folder.String(bare.String())) {
		b.WriteString(plain(unicode.ToLower(d)))
	}
	known.Store(r, b.String())
	return b.String()
}

var asciiFolds = func() (t [utf8.RuneSelf]string) {
	for r := range t {
		if unicode.IsPrint(rune(r)) {
			t[r] = plain(unicode.ToLower(rune(r)))
		}
	}
	return t
}()

// plain is what a decomposed letter without case counts as.
func plain(r rune) string {
	switch {
	case unicode.Is(unicode.Nd, r):
		return strconv.Itoa(digitValue(r))
	case strings.ContainsRune("‘’‚‛ʼʻ´`′", r):
		return "'"
	case strings.ContainsRune("“”„‟«»", r):
		return `"`
	case unicode.Is(unicode.Pd, r) || r == '−':
		return "-"
	case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector), strings.ContainsRune("\u0640\u034f\u3164\uffa0\u115f\u1160", r):
		return ""
	case accent(r):
		return ""
	}
	if s, ok := bases[r]; ok {
		return s
	}
	return string(r)
}

// accent reports whether r is a mark that people leave out.
func accent(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) && unicode.In(r, unicode.Inherited, unicode.Arabic, unicode.Cyrillic)
}

// bases are letters that count as others, which Unicode does not decompose.
var bases = map[rune]string{'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ŧ': "t", 'ĸ': "k",
	'ς': "σ", 'ٱ': "ا"}

// digitValue is what a decimal digit of any script counts: they stand in tens.
func digitValue(r rune) int {
	first := r
	for unicode.Is(unicode.Nd, first-1) {
		first--
	}
	return int(r-first) % 10
}

// parted reports whether no word goes on across the byte i of a folded text.
func parted(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:])
	return !wordly(before) || !wordly(after)
}

func wordly(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

func wordLetters(s string) int {
	n := 0
	for _, r := range s {
		if wordly(r) {
			n++
		}
	}
	return n
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func word64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

func decimal(n int) string { return strconv.Itoa(n) }
