package searchtest

import (
	"regexp"
	"slices"
	"strings"

	"unseal/search"
	"unseal/search/spelling"
)

// textFields are the fields whose words are found in other forms. In others of
// words only names are, across scripts.
var textFields = []search.Field{search.Any, search.Subject, search.Body, search.Own, search.Quoted, search.Filename}

// langs are the languages of the texts: each that one in 200 of those with a
// language has.
func langs(pages []*page) (out []string) {
	counts := map[string]int{}
	n := 0
	for _, p := range pages {
		if p.doc.Lang != "" {
			counts[strings.Split(p.doc.Lang, "-")[0]]++
			n++
		}
	}
	for lang, k := range counts {
		if k*200 >= n {
			out = append(out, lang)
		}
	}
	slices.Sort(out)
	return out
}

// orSpelled widens the test of a bare word to its other spellings.
func (m *maker) orSpelled(f search.Field, s string, exact func(p *page) bool) func(p *page) bool {
	u := units(s)
	if len(u) != 1 || isCJK.MatchString(u[0].word) {
		return exact
	}
	patterns := spelling.Names(u[0].word)
	if slices.Contains(textFields, f) {
		patterns = append(patterns, spelling.Forms(u[0].word, langs(m.pages))...)
	}
	if len(patterns) == 0 {
		return exact
	}
	fits := expression(patterns)
	known := map[string]bool{}
	spelled := func(w string) bool {
		if _, ok := known[w]; !ok {
			known[w] = fits.MatchString(w)
		}
		return known[w]
	}
	return func(p *page) bool { return exact(p) || anyWord(p.in(f), spelled) }
}

// expression writes patterns as a regular expression.
func expression(patterns []spelling.Pattern) *regexp.Regexp {
	var all []string
	for _, p := range patterns {
		var b strings.Builder
		for _, slot := range p {
			quoted := make([]string, len(slot))
			for i, piece := range slot {
				quoted[i] = regexp.QuoteMeta(piece)
			}
			b.WriteString("(?:" + strings.Join(quoted, "|") + ")")
		}
		all = append(all, b.String())
	}
	return regexp.MustCompile("^(?:" + strings.Join(all, "|") + ")$")
}
