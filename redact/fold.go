package redact

import (
	"bytes"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Two texts are the same when their folded letters are: without case, marks
// of Latin, Greek, Cyrillic and Arabic, invisible characters and white space,
// in plain digits and quotes. It folds at least what the search of the archive
// folds (room search), and keeps punctuation, which that does not.

// The classes of runes that are not folded to one rune.
const (
	foldDrop  rune = -1 // leaves no trace
	foldSpace rune = -2 // white space
	foldBreak rune = -3 // a line break
	foldMany  rune = -4 // several runes, see expand
)

// page is how 256 letters that follow each other fold.
type page struct {
	class [256]rune
	many  map[rune]string
}

// pages are those of the basic plane, each made when it is first needed.
var pages [256]atomic.Pointer[page]

// pageOf is the page that r, which is below 0x10000, stands on.
func pageOf(r rune) *page {
	if p := pages[r>>8].Load(); p != nil {
		return p
	}
	p := &page{many: map[rune]string{}}
	for i := range p.class {
		r := r&^0xff + rune(i)
		if p.class[i] = classify(r); p.class[i] == foldMany {
			p.many[r] = expand(r)
		}
	}
	pages[r>>8].Store(p)
	return p
}

// foldRune is the class of r, or the rune that it folds to.
func foldRune(r rune) rune {
	if r < 0x10000 {
		return pageOf(r).class[r&0xff]
	}
	return classify(r)
}

// foldRunes are those that r, which is of the class foldMany, folds to.
func foldRunes(r rune) string {
	if r < 0x10000 {
		return pageOf(r).many[r]
	}
	return expand(r)
}

func classify(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029 || r == '\f' || r == '\v' || r == 0x85:
		return foldBreak
	case unicode.IsSpace(r):
		return foldSpace
	case invisible(r):
		return foldDrop
	}
	s := expand(r)
	f, n := utf8.DecodeRuneInString(s)
	switch {
	case s == "":
		return foldDrop
	case n == len(s):
		return f
	}
	return foldMany
}

// invisible reports whether r leaves no trace on the page, or is a mark that
// people leave out.
func invisible(r rune) bool {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	case unicode.In(r, unicode.Cf, unicode.Variation_Selector), r == 0x034F, r == 0x3164, r == 0xFFA0, r == 0x115F, r == 0x1160, r == 0x0640:
		return true
	case unicode.In(r, unicode.Mn, unicode.Me) && unicode.In(r, unicode.Inherited, unicode.Arabic, unicode.Cyrillic):
		return true
	}
	return false
}

// lookalikes are what people and programs write for one another without
// Unicode saying so.
var lookalikes = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ŧ': "t", 'ĸ': "k",
	'ς': "σ", 'ٱ': "ا",
	'‘': "'", '’': "'", '‚': "'", '‛': "'", 'ʼ': "'", 'ʻ': "'", '´': "'", '`': "'", '′': "'", '“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`,
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-",
}

func expand(r rune) string {
	if r >= 0x4E00 && r <= 0x9FFF {
		return string(r) // as it stands, without the tables
	}
	var b strings.Builder
	for _, d := range norm.NFKD.String(string(r)) {
		if invisible(d) || unicode.IsSpace(d) {
			continue
		}
		d = unicode.ToLower(unicode.ToUpper(d)) // by way of upper case, which more letters share
		if s, ok := lookalikes[d]; ok {
			b.WriteString(s)
		} else {
			b.WriteRune(digit(d))
		}
	}
	return b.String()
}

// digit turns the decimal digits of all scripts into ASCII ones.
func digit(r rune) rune {
	if r < 0x660 || !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, zeros := range unicode.Nd.R16 {
		if lo := rune(zeros.Lo); r >= lo && r <= rune(zeros.Hi) {
			return '0' + (r-lo)%10
		}
	}
	for _, zeros := range unicode.Nd.R32 {
		if lo := rune(zeros.Lo); r >= lo && r <= rune(zeros.Hi) {
			return '0' + (r-lo)%10
		}
	}
	return r
}

// The gaps before a folded letter.
const (
	noGap   byte = iota
	softGap      // a line break: a space or nothing
	wideGap      // white space
)

// folded is the folded letters of a text.
type folded struct {
	b   []byte
	gap []byte  // before each byte of b
	pos []int32 // of each byte of b, the offset of its letter in the text; nil where no place is wanted
}

// fold folds a text in UTF-8. Marks of quoting at the beginning of a line
// belong to the line break. Where hyphens is set, one at the end of a line
// does too.
func fold(b []byte, places, hyphens bool) folded {
	var f folded
	f.fold(b, places, hyphens)
	return f
}

// fold is as above, in the memory that f has.
func (f *folded) fold(b []byte, places, hyphens bool) {
	f.b, f.gap, f.pos = slices.Grow(f.b[:0], len(b)), slices.Grow(f.gap[:0], len(b)), nil
	if places {
		f.pos = make([]int32, 0, len(b))
	}
	ascii := &pageOf(0).class
	gap, start := softGap, true // at the beginning of a line
	for i := 0; i < len(b); {
		r, n := rune(b[i]), 1
		c := ascii[r]
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(b[i:])
			c = foldRune(r)
		}
		switch {
		case c == foldDrop:
		case c == foldBreak:
			gap, start = softGap, true
		case c == foldSpace:
			if gap == noGap {
				gap = wideGap
			}
		case start && r == '>', hyphens && r == '-' && endsLine(b[i+1:]):
		case c >= 0 && c < utf8.RuneSelf && !places:
			f.b, f.gap = append(f.b, byte(c)), append(f.gap, gap)
			gap, start = noGap, false
		default:
			f.add(r, c, gap, i)
			gap, start = noGap, false
		}
		i += n
	}
}

func (f *folded) add(r, c rune, gap byte, at int) {
	n := len(f.b)
	if c == foldMany {
		f.b = append(f.b, foldRunes(r)...)
	} else {
		f.b = utf8.AppendRune(f.b, c)
	}
	for k := n; k < len(f.b); k++ {
		f.gap = append(f.gap, gap)
		gap = noGap
		if f.pos != nil {
			f.pos = append(f.pos, int32(at))
		}
	}
}

func endsLine(b []byte) bool {
	b = bytes.TrimLeft(b[:min(len(b), 4)], " \t")
	return len(b) > 0 && (b[0] == '\n' || b[0] == '\r')
}

// hyphenated reports whether a line of b ends in a hyphen.
func hyphenated(b []byte) bool {
	return bytes.Contains(b, []byte("-\n")) || bytes.Contains(b, []byte("-\r")) || bytes.Contains(b, []byte("- \n")) || bytes.Contains(b, []byte("- \r"))
}
