package search

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestNearestPutsThePhrasesWordsCloseTogether(t *testing.T) {
	for text, want := range map[string]string{
		`"schedule of payments"`:               `"schedule of payments"~10`,
		`from:mary "draft plan" -"last draft"`: `from:mary "draft plan"~10 -"last draft"`,
		`subject:"draft plan" OR budget`:       `subject:"draft plan"~10 OR budget`,
	} {
		q := parsed(t, text)
		before := q.String()
		n, ok := q.Nearest()
		if !ok {
			t.Errorf("%s has no nearest query", text)
			continue
		}
		if n.String() != want {
			t.Errorf("%s: %s, want %s", text, n.String(), want)
		}
		if q.String() != before {
			t.Errorf("%s was changed to %s", before, q.String())
		}
	}
	for _, text := range []string{"schedule", "schedule payments", `-"draft plan" budget`, "from:mary@example.org", "a_b", ""} {
		if n, ok := parsed(t, text).Nearest(); ok {
			t.Errorf("%s: %s", text, n)
		}
	}
}

func parsed(t *testing.T, text string) *Query {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func hits(numbers ...int) []Hit {
	out := make([]Hit, len(numbers))
	for i, n := range numbers {
		out[i] = Hit{Collection: "mail", Number: n}
	}
	return out
}

func numbersOf(hits []Hit) (out []int) {
	for _, h := range hits {
		out = append(out, h.Number)
	}
	return out
}

func TestNearHitsFollowWhereTheFirstPageHasRoom(t *testing.T) {
	phrase := parsed(t, `"draft plan"`)
	for name, c := range map[string]struct {
		request   Request
		exact     Result
		near      Result
		want      []int
		wantTotal int
	}{
		"room for some": {Request{Query: phrase, Limit: 3}, Result{Total: 1, Hits: hits(7)},
			Result{Total: 5, Hits: hits(9, 7, 8)}, []int{9, 8}, 4},
		"cut to the room": {Request{Query: phrase, Limit: 2}, Result{Total: 1, Hits: hits(7)},
			Result{Total: 5, Hits: hits(9, 8)}, []int{9}, 4},
		"nothing exact":       {Request{Query: phrase, Limit: 2}, Result{}, Result{Total: 1, Hits: hits(9)}, []int{9}, 1},
		"nothing near":        {Request{Query: phrase, Limit: 3}, Result{Total: 1, Hits: hits(7)}, Result{Total: 1, Hits: hits(7)}, nil, 0},
		"near out of time":    {Request{Query: phrase, Limit: 3}, Result{}, Result{Total: 1, Hits: hits(9), Partial: true}, nil, 0},
		"exact out of time":   {Request{Query: phrase, Limit: 3}, Result{Partial: true}, Result{Total: 1, Hits: hits(9)}, nil, 0},
		"a full page":         {Request{Query: phrase, Limit: 1}, Result{Total: 1, Hits: hits(7)}, Result{Total: 2, Hits: hits(9)}, nil, 0},
		"a later page":        {Request{Query: phrase, Limit: 3, Cursor: "c"}, Result{Total: 4, Hits: hits(7)}, Result{Total: 9, Hits: hits(9)}, nil, 0},
		"no phrase":           {Request{Query: parsed(t, "plan"), Limit: 3}, Result{}, Result{Total: 1, Hits: hits(9)}, nil, 0},
		"no query":            {Request{Limit: 3}, Result{}, Result{Total: 1, Hits: hits(9)}, nil, 0},
		"counts without hits": {Request{Query: phrase}, Result{Total: 1}, Result{Total: 2}, nil, 0},
	} {
		res := c.exact
		err := AddNear(t.Context(), func(_ context.Context, r Request) (*Result, error) {
			if r.Query.String() != `"draft plan"~10` || len(r.Facets) > 0 {
				t.Errorf("%s: asked for %+v", name, r)
			}
			near := c.near
			return &near, nil
		}, c.request, &res)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := numbersOf(res.Near); !slices.Equal(got, c.want) || res.NearTotal != c.wantTotal || res.Total != c.exact.Total {
			t.Errorf("%s: near %v of %d, total %d", name, got, res.NearTotal, res.Total)
		}
		if noted := slices.ContainsFunc(res.Notes, func(n Note) bool { return n.Code == "near-besides" }); noted != (c.wantTotal > 0) {
			t.Errorf("%s: notes %+v", name, res.Notes)
		}
	}
}

func TestNearHitsReportTheErrorOfTheIndex(t *testing.T) {
	broken := errors.New("broken")
	err := AddNear(t.Context(), func(context.Context, Request) (*Result, error) { return nil, broken },
		Request{Query: parsed(t, `"draft plan"`), Limit: 3}, &Result{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
