package search

import (
	"context"
	"errors"
	"slices"
)

// Asker is what of an [Index] answers questions: an index, or what stands
// before one.
type Asker interface {
	Search(ctx context.Context, r Request) (*Result, error)
	Suggest(ctx context.Context, word string, n int) ([]string, error)
}

// Nearer is a query and how much it finds.
type Nearer struct {
	Query string `json:"query"`
	Total int    `json:"total"`
}

// Limits of FindNearer.
const (
	nearerMost  = 8  // answers
	nearerTried = 24 // queries tried
	respellings = 2  // of a word
)

// FindNearer lists queries that are near to r's, which finds nothing, and find
// something: with other spellings allowed, with a word spelled as the index
// has it, with the words of phrases anywhere, with one clause left out; where
// that does not help, each clause alone. When ctx's deadline passes, those
// found so far come back without an error.
func FindNearer(ctx context.Context, ix Asker, r Request) ([]Nearer, error) {
	t := trier{ix: ix, r: Request{FoldCopies: r.FoldCopies, FoldThreads: r.FoldThreads}}
	err := t.all(ctx, r.Query)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return t.found, err
}

// trier tries queries.
type trier struct {
	ix    Asker
	r     Request
	tried []string
	found []Nearer
}

func (t *trier) all(ctx context.Context, q *Query) error {
	if q == nil || q.Root == nil {
		return nil
	}
	if q.Exact {
		if err := t.try(ctx, &Query{Root: q.Root}); err != nil {
			return err
		}
	}
	if err := t.respelled(ctx, q); err != nil {
		return err
	}
	if root, changed := spreadOut(q.Root); changed {
		if err := t.try(ctx, &Query{Root: root, Exact: q.Exact}); err != nil {
			return err
		}
	}
	return t.dropped(ctx, q)
}

// respelled tries the words that the index has instead of those it lacks.
func (t *trier) respelled(ctx context.Context, q *Query) error {
	for _, word := range bareWords(q.Root) {
		list, err := t.ix.Suggest(ctx, word, respellings)
		if err != nil {
			return err
		}
		for _, other := range list {
			if err := t.try(ctx, &Query{Root: respell(q.Root, word, other), Exact: q.Exact}); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropped tries the query with each clause left out, then each alone.
func (t *trier) dropped(ctx context.Context, q *Query) error {
	top := q.top()
	if len(top) < 2 {
		return nil
	}
	for i := range top {
		rest := slices.Delete(slices.Clone(top), i, i+1)
		if err := t.try(ctx, &Query{Root: join(rest, true), Exact: q.Exact}); err != nil {
			return err
		}
	}
	if len(t.found) > 0 {
		return nil
	}
	for _, n := range top {
		if err := t.try(ctx, &Query{Root: n, Exact: q.Exact}); err != nil {
			return err
		}
	}
	return nil
}

// try asks for a query that anybody may ask, once.
func (t *trier) try(ctx context.Context, q *Query) error {
	text := q.String()
	if !positive(q.Root) || slices.Contains(t.tried, text) || len(t.tried) == nearerTried || len(t.found) == nearerMost || len(text) > MaxQueryBytes {
		return nil
	}
	t.tried = append(t.tried, text)
	r := t.r
	r.Query = q
	res, err := t.ix.Search(ctx, r)
	if err == nil && res.Total > 0 && !res.Partial {
		t.found = append(t.found, Nearer{text, res.Total})
	}
	return err
}

// bareWords are the single words that a query asks for, each once.
func bareWords(n Node) (words []string) {
	switch n := n.(type) {
	case And:
		for _, k := range n {
			words = append(words, bareWords(k)...)
		}
	case Or:
		for _, k := range n {
			words = append(words, bareWords(k)...)
		}
	case *Text:
		if n.isBare() {
			words = append(words, n.Words[0].Text)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// isBare reports whether a text is one word, taken as it is and not of CJK.
func (t *Text) isBare() bool {
	return t.Mode == Phrase && len(t.Words) == 1 && t.Value == "" && !pairOf(t.Words[0].Text)
}

// respell is n with another word wherever one is asked for.
func respell(n Node, word, other string) Node {
	return replaceTexts(n, func(t *Text) Node {
		if !t.isBare() || t.Words[0].Text != word {
			return t
		}
		changed := *t
		changed.Words = []Word{{Text: other}}
		return &changed
	})
}

// spreadOut is n with the words of each phrase anywhere; changed is false where
// there is none.
func spreadOut(n Node) (spread Node, changed bool) {
	spread = replaceTexts(n, func(t *Text) Node {
		if t.Mode > Near || len(t.Words) < 2 || t.Value != "" || pairOf(t.Words[0].Text) {
			return t
		}
		changed = true
		var list []Node
		for _, w := range t.Words {
			list = append(list, &Text{Field: t.Field, Words: []Word{{Text: w.Text}}})
		}
		return And(list)
	})
	return spread, changed
}

// replaceTexts is n with other clauses for the texts in it, but for what must
// not be found. n stays as it is.
func replaceTexts(n Node, by func(*Text) Node) Node {
	switch n := n.(type) {
	case And:
		return join(replaceAll(n, by), true)
	case Or:
		return join(replaceAll(n, by), false)
	case *Text:
		return by(n)
	}
	return n
}

func replaceAll(list []Node, by func(*Text) Node) []Node {
	out := make([]Node, len(list))
	for i, n := range list {
		out[i] = replaceTexts(n, by)
	}
	return out
}
