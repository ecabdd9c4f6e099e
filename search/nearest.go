package search

import "slices"

// nearestSlop is how many other words may stand among those of a phrase that
// was not found.
const nearestSlop = 10

// Nearest is what to ask where q finds nothing: the words of each phrase of q
// close together instead of side by side. ok is false where q has no such
// phrase. q stays as it is.
func (q *Query) Nearest() (nearest *Query, ok bool) {
	node, ok := loosen(q.Root)
	if !ok {
		return nil, false
	}
	nearest = &Query{Root: node, Exact: q.Exact}
	nearest.Notes = append(slices.Clone(q.Notes), Note{Code: "nearest",
		Text: "Nothing has it word for word. These have the words close together."})
	return nearest, true
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
		if t.Mode != Phrase || len(t.Words) < 2 || slices.ContainsFunc(t.Words, func(w Word) bool { return w.Glued }) {
			return n, false
		}
		near := *t
		near.Mode, near.N, near.Value = Near, nearestSlop, ""
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
