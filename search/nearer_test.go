package search_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"unseal/search"
)

func TestNearerQueriesFindSomething(t *testing.T) {
	ix := index(t, []*search.Doc{
		{Collection: "mail", Number: 1, Body: "The harbour council met; the dredging schedule is late."},
		{Collection: "mail", Number: 2, Subject: "Schedules", Body: "Of the quay."},
		{Collection: "notes", Number: 1, Body: "The harbour at night. In the harbour."},
	})
	for text, want := range map[string][]search.Nearer{
		"harbuor":                  {{Query: "harbour", Total: 2}},
		"harbour in:nothing":       {{Query: "harbour", Total: 2}},
		`"schedule council"`:       {{Query: "schedule council", Total: 1}},
		"quay council -night":      {{Query: "council -night", Total: 1}, {Query: "quay -night", Total: 1}},
		"council night in:nothing": {{Query: "council", Total: 1}, {Query: "night", Total: 1}},
		"zzzzzzzz":                 nil,
		"":                         nil,
		"-harbour quay in:notes":   {{Query: "-harbour quay", Total: 1}},
	} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := search.FindNearer(t.Context(), ix, search.Request{Query: q})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
}

// answering is an index that answers each search in the same way.
type answering struct {
	res *search.Result
	err error
	n   int
}

func (a *answering) Search(context.Context, search.Request) (*search.Result, error) {
	a.n++
	return a.res, a.err
}

func (a *answering) Suggest(context.Context, string, int) ([]string, error) {
	return []string{"one", "two"}, nil
}

func TestNearerQueriesAreBounded(t *testing.T) {
	q, err := search.Parse(`a b c d e f g h i j "k l m" n o p q r s t u v w`)
	if err != nil {
		t.Fatal(err)
	}
	r := search.Request{Query: q}
	a := &answering{res: &search.Result{Total: 1}}
	if got, err := search.FindNearer(t.Context(), a, r); err != nil || len(got) != 8 || a.n != 8 {
		t.Errorf("%d found with %d searches: %v", len(got), a.n, err)
	}
	a = &answering{res: &search.Result{}}
	if got, err := search.FindNearer(t.Context(), a, r); err != nil || len(got) != 0 || a.n != 24 {
		t.Errorf("%d found with %d searches: %v", len(got), a.n, err)
	}
	a = &answering{err: context.DeadlineExceeded}
	if got, err := search.FindNearer(t.Context(), a, r); err != nil || len(got) != 0 {
		t.Errorf("past the deadline: %v %v", got, err)
	}
	broken := errors.New("broken")
	a = &answering{err: broken}
	if _, err := search.FindNearer(t.Context(), a, r); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
