package searchtest

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unit is a word as the oracle sees it. A character of Chinese, Japanese or
// Korean is a unit of its own; joined says that it stands right behind another.
type unit struct {
	word   string
	joined bool
	quoted bool // on a line that begins with '>'
}

var (
	cjk      = `\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}ー`
	word     = regexp.MustCompile(`[` + cjk + `]|[^\P{L}` + cjk + `]|\p{N}|\p{M}|\x{200b}|\x{200d}|\x{200e}|\x{200f}|\x{202a}|\x{202c}|\x{00ad}`)
	isCJK    = regexp.MustCompile(`^[` + cjk + `]$`)
	hidden   = regexp.MustCompile(`[\x{200b}\x{200d}\x{200e}\x{200f}\x{202a}\x{202c}\x{00ad}ـ]|[\x{064b}-\x{0653}\x{0655}-\x{065f}\x{0670}]`)
	elision  = regexp.MustCompile(`^(l|d|j|m|t|s|n|c|(jus|lors|puis|quoi)?qu|gl|un|dell|all|nell|dall|sull|coll|quest|quell)$`)
	straight = strings.NewReplacer("’", "'", "‘", "'", "＇", "'")
	letters  = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ς", "σ",
		"أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ـ", "",
		"ک", "ك", "ی", "ي", "ہ", "ه", "ۀ", "ه")
)

// fold folds one word that is not CJK.
func fold(s string) string {
	s = letters.Replace(strings.ToLower(norm.NFKC.String(hidden.ReplaceAllString(norm.NFC.String(s), ""))))
	var b strings.Builder
	for _, r := range s {
		if unicode.Is(unicode.Arabic, r) {
			b.WriteRune(r)
			continue
		}
		for _, d := range norm.NFKD.String(string(r)) {
			if !unicode.Is(unicode.Mn, d) {
				b.WriteRune(d)
			}
		}
	}
	return digits.Replace(letters.Replace(norm.NFC.String(b.String())))
}

var digits = strings.NewReplacer("٠", "0", "١", "1", "٢", "2", "٣", "3", "٤", "4", "٥", "5", "٦", "6", "٧", "7", "٨", "8", "٩", "9",
	"۰", "0", "۱", "1", "۲", "2", "۳", "3", "۴", "4", "۵", "5", "۶", "6", "۷", "7", "۸", "8", "۹", "9")

// units cuts a text into folded words.
func units(s string) []unit {
	s = straight.Replace(norm.NFC.String(s))
	var out []unit
	end := -1 // of the piece before
	type piece struct{ from, to int }
	var pieces []piece // words, and single characters of CJK
	for _, m := range word.FindAllStringIndex(s, -1) {
		single := isCJK.MatchString(s[m[0]:m[1]])
		if n := len(pieces); n > 0 && pieces[n-1].to == m[0] && !single && !isCJK.MatchString(s[pieces[n-1].from:pieces[n-1].to]) {
			pieces[n-1].to = m[1]
			continue
		}
		pieces = append(pieces, piece{m[0], m[1]})
	}
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		raw := s[p.from:p.to]
		if isCJK.MatchString(raw) {
			joined := len(out) > 0 && end == p.from && isCJK.MatchString(out[len(out)-1].word)
			out = append(out, unit{word: norm.NFKC.String(raw), joined: joined})
			end = p.to
			continue
		}
		w := fold(raw)
		if i+1 < len(pieces) && p.to+1 == pieces[i+1].from && s[p.to] == '\'' {
			after := fold(s[pieces[i+1].from:pieces[i+1].to])
			if w == "aujourd" && after == "hui" {
				w += "'hui"
				p.to = pieces[i+1].to
				i++
			} else if elision.MatchString(w) && after != "s" && !isCJK.MatchString(after) {
				continue
			}
		}
		if w != "" {
			out = append(out, unit{word: w})
		}
		end = p.to
	}
	return out
}

// distance is the optimal string alignment distance, by its definition.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	known := map[[2]int]int{}
	var d func(i, j int) int
	d = func(i, j int) int {
		if i == 0 || j == 0 {
			return i + j
		}
		if v, ok := known[[2]int{i, j}]; ok {
			return v
		}
		cost := 1
		if x[i-1] == y[j-1] {
			cost = 0
		}
		v := min(d(i-1, j)+1, d(i, j-1)+1, d(i-1, j-1)+cost)
		if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
			v = min(v, d(i-2, j-2)+1)
		}
		known[[2]int{i, j}] = v
		return v
	}
	return d(len(x), len(y))
}
