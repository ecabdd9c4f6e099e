package segment

import (
	"testing"

	"unseal/search"
	"unseal/search/searchtest"
)

// TestCountsAgreeWithOtherEngines holds the totals against those that three
// other engines found on the same mails (queries.json).
func TestCountsAgreeWithOtherEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: builds 76,487 mails")
	}
	ix := whole(t)
	for q, want := range map[string]int{
		"data": 32249, "the": 71096, "bayesian": 1029, `"random effects"`: 2106, `"of the"`: 32436,
		"regress*": 5383, "bayesain~1": 1029, "subject:error": 3011,
	} {
		query, err := search.Parse(q)
		if err != nil {
			t.Fatal(err)
		}
		query.Exact = true // as the other engines were asked
		for _, facets := range [][]string{nil, {search.FacetYear}} {
			res, err := ix.Search(t.Context(), search.Request{Query: query, Facets: facets})
			if err != nil {
				t.Fatal(err)
			}
			if res.Total != want {
				t.Errorf("%s (facets %v): %d hits, want %d", q, facets, res.Total, want)
			}
		}
	}
}

// byBatch makes an index with a segment a batch.
func byBatch(t *testing.T, docs []*search.Doc) search.Index {
	t.Helper()
	var segs []*Segment
	for _, batch := range searchtest.Batches(docs) {
		segs = append(segs, open(t, build(t, batch)))
	}
	return NewIndex(segs...)
}

func TestIndexKeepsTheContract(t *testing.T) { searchtest.Run(t, byBatch) }

func TestRealMailsAreFoundAsTheOracleFindsThem(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: reads 76,487 mails")
	}
	all := mails(t)
	var docs []*search.Doc
	for i := 0; i < len(all); i += 150 {
		d := *all[i]
		d.Batch = 1 + len(docs)/100
		docs = append(docs, &d)
	}
	ix := byBatch(t, docs)
	defer ix.Close()
	searchtest.Oracle(t, docs, ix, 300)
}
