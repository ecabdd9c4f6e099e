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
