package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/search"
	"unseal/search/searchtest"
)

func parse(tb testing.TB, s string) *search.Query {
	tb.Helper()
	q, err := search.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

// TestRanksDoNotDependOnBatches asks the same of one segment and of many.
func TestRanksDoNotDependOnBatches(t *testing.T) {
	docs := searchtest.Docs(21, 300)
	one := NewIndex(open(t, build(t, docs[:100])))
	var segs []*Segment
	for part := range slices.Chunk(docs[:100], 7) {
		segs = append(segs, open(t, build(t, part)))
	}
	many := NewIndex(segs...)
	for _, text := range []string{"harbour", "budget council", "council OR report OR порт", "har* OR budgte~1", `"the harbour"`, "subject:harbour draft"} {
		r := search.Request{Query: parse(t, text), Sort: search.Relevance, Limit: 30}
		a, err := one.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := many.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: ranks depend on batches\n%+v\n%+v", text, a, b)
		}
	}
}

// TestScoresAreBM25 recomputes scores by the formula, lengths rounded as they
// are stored.
func TestScoresAreBM25(t *testing.T) {
	var docs []*search.Doc
	total := 0.0
	lengths, counts := map[int]float64{}, map[int]float64{}
	for i := 1; i <= 400; i++ {
		body := strings.Repeat("filler ", 1+i*7%90) + strings.Repeat("harbour ", i%4)
		docs = append(docs, &search.Doc{Collection: "mail", Number: i, Body: body})
		n := len(strings.Fields(body)) + 1 // and the place behind the body
		n++                                // and behind the empty subject
		total += float64(n)
		lengths[i], counts[i] = float64(lengthOf(lengthCode(uint64(n)))), float64(i%4)
	}
	ix := NewIndex(open(t, build(t, docs[:150])), open(t, build(t, docs[150:])))
	res, err := ix.Search(t.Context(), search.Request{Query: parse(t, "harbour"), Sort: search.Relevance, Limit: 400})
	if err != nil || res.Total != 300 {
		t.Fatalf("%d hits, %v", res.Total, err)
	}
	idf := math.Log(1 + (400-300+0.5)/(300+0.5))
	for _, h := range res.Hits {
		tf := counts[h.Number]
		want := idf * 2.2 * tf / (tf + 1.2*(0.25+0.75*lengths[h.Number]/(total/400)))
		if math.Abs(h.Score-want) > 1e-9 {
			t.Fatalf("item %d scores %g, want %g", h.Number, h.Score, want)
		}
	}
}

func TestSnippetsShowWhatMatched(t *testing.T) {
	long := strings.Repeat("lorem ipsum dolor ", 40)
	docs := []*search.Doc{{
		Collection: "mail", Number: 1, Subject: "The Harbour plan",
		Body:  long + "we met at the  old\n harbour for the crane inspection\n> the crane is old\n" + long + "crane again",
		Files: []search.File{{Name: "crane-list.pdf", Text: long + "dredging of the quay " + long}, {Name: "x.txt"}},
	}}
	ix := NewIndex(open(t, build(t, docs)))
	for _, c := range []struct {
		query string
		n     int
		want  []string // field, file and marked words of each snippet
	}{
		{"harbour", 2, []string{"subject 0 [Harbour]", "body 0 [harbour]"}},
		{"crane", 2, []string{"body 0 [crane crane]", "body 0 [crane]"}},
		{"crane", 3, []string{"body 0 [crane crane]", "body 0 [crane]", "filename 1 [crane]"}},
		{"own:crane", 1, []string{"body 0 [crane]"}},
		{"quoted:crane", 1, []string{"body 0 [crane]"}},
		{`"old harbour"`, 2, []string{"body 0 [old harbour]"}},
		{`"harbour old"~3`, 1, []string{"subject 0 [Harbour]", "body 0 [old harbour old]"}},
		{"dredg* -nothing", 2, []string{"filename 1 [dredging]"}},
		{"quya~1", 2, []string{"filename 1 [quay]"}},
		{"no:1", 1, []string{"body 0 []"}},
	} {
		q := c.query
		res, err := ix.Search(t.Context(), search.Request{Query: parse(t, q), Limit: 1, Snippets: c.n})
		if err != nil || len(res.Hits) != 1 {
			t.Errorf("%s: %+v, %v", q, res, err)
			continue
		}
		var got []string
		for _, s := range res.Hits[0].Snippets {
			var marks []string
			whole := ""
			for _, span := range s.Spans {
				whole += span.Text
				if span.Mark {
					marks = append(marks, span.Text)
				}
			}
			if len(whole) > snippetSize+20 || strings.Contains(whole, "  ") {
				t.Errorf("%s: snippet %q", q, whole)
			}
			got = append(got, fmt.Sprintf("%s %d %v", s.Field, s.File, marks))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", q, got, c.want)
		}
	}
}

// TestTheDeadlineCutsALongSearch lets time run out in the middle: what was
// found until then comes back, marked as partial.
func TestTheDeadlineCutsALongSearch(t *testing.T) {
	docs := searchtest.Docs(2, 400)
	var segs []*Segment
	late := &lateContext{Context: t.Context(), looks: 9}
	for part := range slices.Chunk(docs[:130], 13) {
		segs = append(segs, open(t, build(t, part)))
	}
	ix := NewIndex(segs...)
	r := search.Request{Query: parse(t, "in:mail"), Limit: 200, Facets: []string{search.FacetBatch}}
	full, err := ix.Search(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	part, err := ix.Search(late, r)
	if err != nil || !part.Partial || part.Total == 0 || part.Total >= full.Total {
		t.Errorf("%d of %d hits, partial %v, %v", part.Total, full.Total, part.Partial, err)
	}
	if len(part.Hits) != part.Total || part.Facets[search.FacetBatch].Values != nil {
		t.Errorf("%d rows, facets %v", len(part.Hits), part.Facets)
	}
}

// lateContext is past its deadline after some looks at it.
type lateContext struct {
	context.Context
	looks int
}

func (c *lateContext) Err() error {
	if c.looks--; c.looks < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func (c *lateContext) Deadline() (time.Time, bool) { return time.Time{}, true }

func TestCancelledSearchesEnd(t *testing.T) {
	ix := NewIndex(open(t, small(t)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, sort := range []search.Sort{search.Newest, search.Relevance} {
		if _, err := ix.Search(ctx, search.Request{Query: parse(t, `"the harbour" OR council`), Sort: sort, Limit: 5}); !errors.Is(err, context.Canceled) {
			t.Errorf("by %s: %v", sort, err)
		}
	}
}
