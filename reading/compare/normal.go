package compare

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normal is a text without what exports of one message may differ in: white
// space, marks that are not seen, forms of the same letters.
func normal(s string) string {
	s = norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != 0x200d || r >= 0xfe00 && r <= 0xfe0f { // not the joiner of emoji; variation selectors
			return -1
		}
		return r
	}, s))
	return strings.Join(strings.Fields(s), " ")
}

// alike reports whether two texts are versions of one: half of their pairs of
// characters are the same (Dice's coefficient).
func alike(x, y *line) bool {
	return !x.deleted && !y.deleted && dice(x.words, y.words) >= 0.5
}

const maxDice = 2000 // runes of a text that are looked at

func dice(a, b string) float64 {
	p, q := pairs(a), pairs(b)
	if len(p) == 0 || len(q) == 0 {
		return 0
	}
	count := map[[2]rune]int{}
	for _, x := range p {
		count[x]++
	}
	same := 0
	for _, x := range q {
		if count[x] > 0 {
			count[x]--
			same++
		}
	}
	return 2 * float64(same) / float64(len(p)+len(q))
}

func pairs(s string) [][2]rune {
	r := []rune(s)
	r = r[:min(len(r), maxDice)]
	var list [][2]rune
	for i := 1; i < len(r); i++ {
		list = append(list, [2]rune{r[i-1], r[i]})
	}
	return list
}
