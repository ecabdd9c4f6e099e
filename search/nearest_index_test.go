package search_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"unseal/search"
	"unseal/search/searchtest"
	"unseal/search/segment"
	"unseal/trove"
)

// index builds one index of documents.
func index(t *testing.T, docs []*search.Doc) search.Index {
	t.Helper()
	var segs []*segment.Segment
	for _, batch := range searchtest.Batches(docs) {
		var b bytes.Buffer
		err := segment.Build(&b, func(yield func(*search.Doc, error) bool) {
			for _, d := range batch {
				if !yield(d, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := segment.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		segs = append(segs, s)
	}
	ix := segment.NewIndex(segs...)
	t.Cleanup(func() { ix.Close() })
	return ix
}

func TestAPhraseCitedWithoutItsSmallWordsIsFound(t *testing.T) {
	docs := []*search.Doc{
		{Collection: "mail", Number: 1, Body: "This is a pdf document."},
		{Collection: "mail", Number: 2, Body: "Of this PDF document nothing is known."},
		{Collection: "mail", Number: 3, Body: "This pdf, he said, is no document."},
		{Collection: "mail", Number: 4, Body: "A document."},
	}
	ix := index(t, docs)
	q, err := search.Parse(`"this pdf document"`)
	if err != nil {
		t.Fatal(err)
	}
	r := search.Request{Query: q, Sort: search.Number, Limit: 10, Snippets: 1, Facets: []string{search.FacetCollection}}
	res, err := ix.Search(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := search.AddNear(t.Context(), ix.Search, r, res); err != nil {
		t.Fatal(err)
	}
	var near []int
	for _, h := range res.Near {
		near = append(near, h.Number)
	}
	if res.Total != 1 || len(res.Hits) != 1 || res.Hits[0].Number != 2 || !slices.Equal(near, []int{1, 3}) || res.NearTotal != 2 {
		t.Errorf("total %d, hits %+v, near %v of %d", res.Total, res.Hits, near, res.NearTotal)
	}
	if n := res.Facets[search.FacetCollection].Values[0].Count; n != 1 {
		t.Errorf("the facet counts %d", n)
	}
}

// What a phrase finds is found by its words close together too: only so is the
// number of further hits a difference.
func TestEveryHitOfAPhraseIsNear(t *testing.T) {
	docs := searchtest.Docs(7, 300)
	ix := index(t, docs)
	phrases := 0
	for i, d := range docs {
		words := strings.Fields(d.Body)
		from := i % max(1, len(words)-2)
		text := `"` + strings.Join(words[from:min(len(words), from+2+i%3)], " ") + `"`
		q, err := search.Parse([]string{"", "body:", "own:"}[i%3] + text)
		if err != nil {
			continue // the text has a quote in it, or the piece no word
		}
		nearest, ok := q.Nearest()
		if !ok {
			continue
		}
		phrases++
		all := found(t, ix, nearest)
		for name := range found(t, ix, q) {
			if !all[name] {
				t.Errorf("%s finds %v, which %s does not", q, name, nearest)
			}
		}
	}
	if phrases < 100 {
		t.Errorf("only %d queries have a phrase", phrases)
	}
}

func found(t *testing.T, ix search.Index, q *search.Query) map[trove.Name]bool {
	t.Helper()
	res, err := ix.Search(t.Context(), search.Request{Query: q, Limit: search.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	out := map[trove.Name]bool{}
	for _, h := range res.Hits {
		out[trove.Name{Collection: h.Collection, Number: h.Number}] = true
	}
	return out
}
