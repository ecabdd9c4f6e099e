package redact

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"unseal/redact/leak"
)

// Both packages must take the same letters for the same: what package leak
// finds is hidden, and what is hidden it would find.
func TestBothPackagesFoldAlike(t *testing.T) {
	differ := map[string][]rune{}
	for r := rune(0x21); r < 0x1F000; r++ {
		if !unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.M, unicode.Cf) || r >= 0x3400 && r < 0xFB00 && r%64 > 0 || r >= 0x10000 && r%16 > 0 {
			continue
		}
		for _, spelled := range unique(spelt(r)) {
			if spelled == string(r) {
				continue
			}
			text := "abcdef" + spelled + "ghijkl"
			ours := newPatterns([]string{"abcdef" + string(r) + "ghijkl"}).holds([]byte(text))
			theirs := false
			leak.New([]string{"abcdef" + string(r) + "ghijkl"}, nil).In("x", []byte(text), func(leak.Leak) { theirs = true })
			if ours != theirs {
				kind := "only package leak"
				if ours {
					kind = "only this package"
				}
				differ[kind] = append(differ[kind], r)
			}
		}
	}
	for kind, runes := range differ {
		t.Errorf("%s takes %d letters for another spelling: %.200q", kind, len(runes), string(runes))
	}
}

// spelt are ways in which a letter is written.
func spelt(r rune) []string {
	s := string(r)
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	return []string{strings.ToUpper(s), strings.ToLower(s), norm.NFD.String(s), norm.NFKC.String(s), cases.Fold().String(s), plain, ""}
}
