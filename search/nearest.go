package search

import (
	"context"
	"slices"
	"strconv"

	"unseal/trove"
)

// nearestSlop is how many other words may stand among those of a phrase that
// is cited loosely.
const nearestSlop = 10

// Nearest is what to ask beside q: the words of each phrase of q close
// together instead of side by side, so that all hits of q are among its own.
// ok is false where q has no such phrase. q stays as it is.
//
// Readers cite phrases with small words and signs lost; a phrase that is
// searched strictly would answer such a citation with nothing.
func (q *Query) Nearest() (nearest *Query, ok bool) {
	if q == nil {
		return nil, false
	}
	node, ok := loosen(q.Root)
	if !ok {
		return nil, false
	}
	return &Query{Root: node, Notes: q.Notes, Exact: q.Exact}, true
}

// loosen makes phrases of several words near; changed is false where there are
// none. What must not be found stays as it is.
func loosen(n Node) (loose Node, changed bool) {
	switch t := n.(type) {
	case And:
		list, changed := loosenAll(t)
		return And(list), changed
	case Or:
		list, changed := loosenAll(t)
		return Or(list), changed
	case *Text:
		if t.Mode != Phrase || len(t.Words) < 2 || t.Value != "" || slices.ContainsFunc(t.Words, func(w Word) bool { return w.Glued }) {
			return n, false
		}
		near := *t
		near.Mode, near.N = Near, nearestSlop
		return &near, true
	}
	return n, false
}

func loosenAll(list []Node) (loose []Node, changed bool) {
	for _, n := range list {
		l, c := loosen(n)
		loose, changed = append(loose, l), changed || c
	}
	return loose, changed
}

// AddNear fills up the page res, which ask answered to r, where it is the
// first and has room: with the hits of the nearest query that are not on it
// already, in the order of r. They go into res.Near, their number into
// res.NearTotal, and a note says so; everything else of res stays that of the
// query itself. Where time runs out nothing is added and there is no error.
func AddNear(ctx context.Context, ask func(context.Context, Request) (*Result, error), r Request, res *Result) error {
	nearest, ok := r.Query.Nearest()
	if !ok || r.Cursor != "" || res.Partial || res.Next != "" || len(res.Hits) >= r.Limit {
		return nil
	}
	have := make(map[place]bool, len(res.Hits))
	for i := range res.Hits {
		have[placeOf(&res.Hits[i])] = true
	}
	room := r.Limit - len(res.Hits)
	r.Query, r.Facets = nearest, nil
	other, err := ask(ctx, r)
	if err != nil || other.Partial || other.Total <= res.Total {
		return err
	}
	near := slices.DeleteFunc(other.Hits, func(h Hit) bool { return have[placeOf(&h)] })
	res.Near, res.NearTotal = near[:min(len(near), room)], other.Total-res.Total
	res.Notes = append(slices.Clone(res.Notes), nearNote(nearest, res.NearTotal))
	return nil
}

// place names a hit.
type place struct {
	collection trove.CollectionName
	number     int
}

func placeOf(h *Hit) place { return place{h.Collection, h.Number} }

func nearNote(nearest *Query, n int) Note {
	count := strconv.Itoa(n)
	note := Note{Code: "near-besides", Args: []string{count}, Text: "Besides, with the words of the phrase close together: " + count + "."}
	if text := nearest.String(); len(text) <= MaxQueryBytes {
		note.Query = text
	}
	return note
}
