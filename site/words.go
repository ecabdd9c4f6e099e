package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// scriptWords are words that the search page among files says besides those of
// the search pages here (package search/browser).
var scriptWords = []word{
	"find.searching", "find.count", "find.no-ranges", "find.load-whole", "find.damaged", "find.version", "find.too-much", "find.no-shards",
	"find.unreachable", "find.failed",
}

// scriptFamilies begin the ids of what that page says.
var scriptFamilies = []string{
	"search.", "sort.", "facet.", "syntax.", "note.", "row.", "kind.", "verdict.", "example.", "lang.", "month.", "size.", "number.", "static.",
	"date.day", "date.none", "list.separator", "item.number", "item.no-subject", "item.no-title", "nav.", "batch.number",
}

// Words are the words of the search page among files in a language, by their
// ids; of words with several plural forms each has an entry of its own,
// "search.found.one".
func Words(lang string) (map[string]string, error) {
	all, err := loadLocales()
	if err != nil {
		return nil, err
	}
	loc := all[lang]
	if loc == nil {
		return nil, fmt.Errorf("no words in the language %q, only %s", lang, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	out := map[string]string{}
	for w, ph := range loc.phrases {
		inFamily := func(f string) bool { return strings.HasPrefix(string(w), f) }
		if slices.Contains(scriptWords, w) || slices.ContainsFunc(scriptFamilies, inFamily) {
			ph.addTo(out, string(w))
		}
	}
	return out, nil
}

// addTo adds the forms of a phrase, or its only one.
func (ph *phrase) addTo(out map[string]string, id string) {
	first := phraseText(ph.forms[0])
	if !slices.ContainsFunc(ph.forms[:], func(p []piece) bool { return phraseText(p) != first }) {
		out[id] = first
		return
	}
	for f, pieces := range ph.forms {
		out[id+"."+formNames[f]] = phraseText(pieces)
	}
}

// phraseText is a phrase as the catalogue writes it.
func phraseText(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.place == "" {
			b.WriteString(p.text)
			continue
		}
		b.WriteString("{{." + p.place + "}}")
	}
	return b.String()
}
