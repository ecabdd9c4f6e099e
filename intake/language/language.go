// Package language guesses in which language a text is written. It does no
// I/O, and a wrong guess costs no more than a facet of the search: nothing else
// may hang on it.
//
// There are two ways. [Of] knows scripts and small words, is quick and seldom
// wrong, and says nothing of short texts. [Main] asks the statistics of three
// letters as well, for what Of leaves open, among the languages that a
// collection is said to be in; it takes some hundred times as long.
package language

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

// What Main looks at.
const (
	maxParagraphs  = 40   // spread over the text
	paragraphBytes = 1000 // of each
	minGuess       = 24   // letters for a guess by statistics
	minShare       = 5    // a language has a fifth of the letters, or is none of the text's
)

// Main guesses the language of each paragraph and returns that in which most is
// written, or "", and all that a good part is written in, the most first. langs
// are the languages of the collection, BCP 47; without any only Of is asked.
func Main(text string, langs []string) (main string, all []string) {
	letters := map[string]int{}
	known := 0
	for _, p := range paragraphs(text) {
		n := countLetters(p)
		if lang := one(p, n, langs); lang != "" {
			letters[lang] += n
			known += n
		}
	}
	if whole := Of(text); known == 0 && whole != "" { // many short paragraphs
		return whole, []string{whole}
	}
	for lang, n := range letters {
		if n*minShare >= known {
			all = append(all, lang)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(letters[b]-letters[a], strings.Compare(a, b)) })
	if len(all) == 0 {
		return "", nil
	}
	return all[0], all
}

// one guesses the language of a paragraph of n letters.
func one(p string, n int, langs []string) string {
	if lang := Of(p); lang != "" {
		return lang
	}
	among := whitelist(langs)
	if n < minGuess || len(among) == 0 {
		return ""
	}
	got := whatlanggo.DetectWithOptions(p, whatlanggo.Options{Whitelist: among})
	if got.Script == nil || got.Lang < 0 || !among[got.Lang] {
		return ""
	}
	return got.Lang.Iso6391()
}

// whitelist are the languages that statistics are kept of.
func whitelist(langs []string) map[whatlanggo.Lang]bool {
	among := map[whatlanggo.Lang]bool{}
	for lang := range whatlanggo.Langs {
		for _, want := range langs {
			base, _, _ := strings.Cut(want, "-")
			if code := lang.Iso6391(); code != "" && strings.EqualFold(code, base) {
				among[lang] = true
			}
		}
	}
	return among
}

// paragraphs are up to maxParagraphs beginnings of paragraphs, spread evenly.
func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, cut(p))
		}
	}
	if len(all) <= maxParagraphs {
		return all
	}
	some := make([]string, maxParagraphs)
	for i := range some {
		some[i] = all[i*len(all)/maxParagraphs]
	}
	return some
}

// cut is the beginning of a paragraph, at a letter's boundary.
func cut(p string) string {
	if len(p) <= paragraphBytes {
		return p
	}
	n := paragraphBytes
	for n > 0 && !utf8.RuneStart(p[n]) {
		n--
	}
	return p[:n]
}

func countLetters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}
