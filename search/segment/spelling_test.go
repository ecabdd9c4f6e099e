package segment

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"unseal/search"
	"unseal/trove"
)

// lines reads a table of search/testdata without its remarks.
func lines(t *testing.T, name string) (rows [][]string) {
	t.Helper()
	f, err := os.Open("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if s := sc.Text(); s != "" && s[0] != '#' {
			rows = append(rows, strings.Split(s, "\t"))
		}
	}
	return rows
}

// texts makes an index of one item a text.
func texts(t *testing.T, langs, bodies []string) *Index {
	t.Helper()
	var docs []*search.Doc
	for i, s := range bodies {
		docs = append(docs, &search.Doc{Collection: "mail", Number: i + 1, Edition: 1, Batch: 1, Kind: trove.Mail, Lang: langs[i], Body: s})
	}
	ix := NewIndex(open(t, build(t, docs)))
	t.Cleanup(func() { ix.Close() })
	return ix
}

// found asks and returns the numbers of what is found.
func found(t *testing.T, ix *Index, query string, sort search.Sort) (list []int, res *search.Result) {
	t.Helper()
	q, err := search.Parse(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	res, err = ix.Search(t.Context(), search.Request{Query: q, Sort: sort, Limit: 1000, Snippets: 2})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, h := range res.Hits {
		list = append(list, h.Number)
	}
	return list, res
}

func TestPairsOfSpellingsAreFound(t *testing.T) {
	rows := lines(t, "pairs.tsv")
	var langs, bodies []string
	for _, r := range rows {
		lang := r[0]
		if lang == "names" {
			lang = ""
		}
		langs, bodies = append(langs, lang), append(bodies, r[2])
	}
	ix := texts(t, langs, bodies)
	count := map[string]int{}
	for i, r := range rows {
		count[r[0]]++
		if list, _ := found(t, ix, r[1], search.Number); !slices.Contains(list, i+1) {
			t.Errorf("%s: %s does not find %q", r[0], r[1], r[2])
		}
	}
	for _, lang := range []string{"ar", "fr", "es", "de", "ru", "en", "zh", "fa"} {
		if count[lang] < 8 {
			t.Errorf("%d pairs in %s, want 8", count[lang], lang)
		}
	}
}

func TestOtherSpellingsRankBelowTheWord(t *testing.T) {
	bodies := []string{"elections elections elections elections", "an election was held in the spring, as they say", "elections", "nothing of it",
		"one election", "two elections"}
	ix := texts(t, []string{"en", "en", "en", "en", "en", "en"}, bodies)
	for _, query := range []string{"election", "election -nonsuch", "election OR nonsuch"} {
		list, res := found(t, ix, query, search.Relevance)
		if len(list) != 5 || !slices.Contains(list[:2], 2) || !slices.Contains(list[:2], 5) {
			t.Errorf("%s: order %v, want those with the word first", query, list)
		}
		if len(res.Also) != 1 || res.Also[0].Word != "election" || !slices.Equal(res.Also[0].Spellings, []string{"elections"}) {
			t.Errorf("%s: also searched %v", query, res.Also)
		}
	}
}

// TestOtherSpellingsStayOutOfExactQueries is about quotes, also:no and what is
// taken away.
func TestOtherSpellingsStayOutOfExactQueries(t *testing.T) {
	ix := texts(t, []string{"en", "en", "en"}, []string{"one election", "many elections", "an apple"})
	for query, want := range map[string][]int{`"election"`: {1}, "election also:no": {1}, "elections": {1, 2}, "ele* -elections": {1},
		"an OR one OR many -election": {1, 2, 3}, "(an OR one OR many) -election": {2, 3}, "elect*": {1, 2}, `"one election"`: {1}} {
		list, res := found(t, ix, query, search.Number)
		if !slices.Equal(list, want) {
			t.Errorf("%s finds %v, want %v", query, list, want)
		}
		if query != "elections" && len(res.Also) > 0 {
			t.Errorf("%s: also searched %v", query, res.Also)
		}
	}
}

func TestSnippetsMarkOtherSpellings(t *testing.T) {
	ix := texts(t, []string{"en", "ru", "ar"}, []string{"the results of elections are in", "встреча с Путиным прошла", "والتقى الرئيس بوتين بالوزير"})
	for query, want := range map[string]string{"election": "elections", "putin": "Путиным", "путин": "بوتين", "vladimir OR putin": "بوتين"} {
		var marked []string
		_, res := found(t, ix, query, search.Number)
		for _, h := range res.Hits {
			for _, s := range h.Snippets {
				for _, span := range s.Spans {
					if span.Mark {
						marked = append(marked, span.Text)
					}
				}
			}
		}
		if !slices.Contains(marked, want) {
			t.Errorf("%s marks %q, want %s too", query, marked, want)
		}
	}
}

func TestSuggestionsAreNearWordsOfTheIndex(t *testing.T) {
	ix := texts(t, []string{"en", "en", "en"}, []string{"the parliament sits", "parliament and parlament", "a budget"})
	for word, want := range map[string][]string{"parliment": {"parliament", "parlament"}, "budgte": {"budget"}, "budget": nil, "xy": nil, "zzzzzzzz": nil} {
		if got, err := ix.Suggest(t.Context(), word, 5); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: suggests %v (%v), want %v", word, got, err, want)
		}
	}
	if got, err := ix.Suggest(t.Context(), "parliment", 1); err != nil || len(got) != 1 {
		t.Errorf("one suggestion: %v, %v", got, err)
	}
}

// TestRareLanguagesInflectNothing checks that a language that one item in many
// is taken for adds no forms.
func TestRareLanguagesInflectNothing(t *testing.T) {
	langs, bodies := make([]string, 500), make([]string, 500)
	for i := range langs {
		langs[i], bodies[i] = "en", "plain text"
	}
	langs[0], bodies[0], bodies[1] = "fr", "cheval", "chevaux"
	if list, _ := found(t, texts(t, langs, bodies), "cheval", search.Number); !slices.Equal(list, []int{1}) {
		t.Errorf("one French text in 500 makes cheval find %v", list)
	}
	for i := range 5 {
		langs[10+i] = "fr-CA"
	}
	if list, _ := found(t, texts(t, langs, bodies), "cheval", search.Number); !slices.Equal(list, []int{1, 2}) {
		t.Errorf("six French texts in 500 make cheval find %v", list)
	}
}
