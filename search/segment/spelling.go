package segment

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"unseal/search"
	"unseal/search/spelling"
)

// langShare is the least share of the items with a language that makes it one
// of the index, as one in so many: the language of short texts is a guess.
const langShare = 200

// readLangs lists the languages that words are inflected in: those of the items.
func (ix *Index) readLangs() (langs []string) {
	totals := ix.totals[facetLang]()
	counts := map[string]int{}
	sum := 0
	var sets []int32
	for i, s := range ix.segs {
		f := &s.facets[facetLang]
		all := make(bitset, (s.docs+63)/64)
		all.fill(s.docs)
		sets = append(sets[:0], make([]int32, f.sets)...)
		countSets(sets, &f.docs, all)
		for k, n := range sets {
			f.each(k, func(v int) {
				tag, _, _ := strings.Cut(totals.values[totals.of[i][v]], "-")
				counts[tag] += int(n)
				sum += int(n)
			})
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(counts)) {
		if counts[tag] > 0 && counts[tag]*langShare >= sum {
			langs = append(langs, tag)
		}
	}
	return langs
}

// spelled is what was found of a text's other spellings.
type spelled struct {
	text  *search.Text
	words []string // most items first
}

// otherSpellings makes of a text's clause one that holds for its other
// spellings as well, if the index has any: an Or of the text and of them.
func (p *plan) otherSpellings(ctx context.Context, c *clause, t *search.Text) error {
	if p.exact {
		return nil
	}
	patterns := t.Spellings(p.ix.langs())
	if len(patterns) == 0 {
		return nil
	}
	found := map[string]int{} // items, as the dictionaries count them
	walker := spelling.NewWalker(patterns)
	s, err := p.expand(ctx, kindsOf[t.Field], p.ix.dictionaries(), func(s *Segment, kind byte, add func(r *termReader)) error {
		return s.spelled(kind, walker, t.Words[0].Text, len(t.Words) == 1, func(r *termReader) {
			found[string(r.term[1:])] += r.ref.df
			add(r)
		})
	})
	if err != nil || len(found) == 0 {
		return err
	}
	as := *t
	as.Mode = search.Prefix // any of several terms
	as.Words = t.Words[:1]
	exact, others := *c, &clause{node: &as, slots: []slot{s}, zones: c.zones, places: kindsOf[t.Field][0] == termWord && t.Field != search.Any, cost: p.ix.docs}
	p.estimate(others)
	*c = clause{node: search.Or{t, &as}, kids: []*clause{&exact, others}, cost: min(p.ix.docs, exact.cost+others.cost)}
	others.weight = spelledWeight * p.ix.idf(c.cost)
	words := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(found[b]-found[a], strings.Compare(a, b))
	})
	p.spelled = append(p.spelled, spelled{t, words})
	return nil
}

// spelledWeight is what an item scores that has another spelling of a word, as
// a part of the word's weight: less than the word itself gives in all but very
// long texts.
const spelledWeight = 0.25

// spelled looks for the terms of a kind that a walker knows, but a word itself.
func (s *Segment) spelled(kind byte, w *spelling.Walker, word string, single bool, add func(r *termReader)) error {
	next := w.Next(nil)
	term := append([]byte{kind}, next...)
	return s.terms(term, func(r *termReader) []byte {
		if r.term[0] != kind {
			return nil
		}
		if next = w.Next(r.term[1:]); next == nil {
			return nil
		}
		if !bytes.Equal(next, r.term[1:]) {
			term = append(term[:1], next...)
			return term
		}
		if !single || string(next) != word {
			add(r)
		}
		return r.term
	})
}

// also says what was searched besides, once for each word.
func (p *plan) also() (out []search.Also) {
	for _, s := range p.spelled {
		word := s.text.Word()
		if !slices.ContainsFunc(out, func(a search.Also) bool { return a.Word == word }) {
			out = append(out, search.Also{Word: word, Spellings: s.words[:min(len(s.words), search.MaxAlso)]})
		}
	}
	return out
}

// learnSpellings adds the other spellings that were searched.
func (m *marker) learnSpellings(list []spelled) {
	for _, s := range list {
		zones, ok := zonesOf[s.text.Field]
		if !ok {
			zones = ^uint16(0)
		}
		for _, w := range s.words {
			m.words[w] |= zones
		}
	}
}

// Suggest implements search.Index.
func (ix *Index) Suggest(ctx context.Context, word string, n int) ([]string, error) {
	pattern := []rune(word)
	if len(pattern) < search.MinPrefix || len(pattern) > spelling.MaxWord {
		return nil, ctx.Err()
	}
	edits := 1
	if len(pattern) >= 6 {
		edits = 2
	}
	found := map[string]int{}
	for _, s := range ix.dictionaries() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.similar(newFuzzy(word, edits), found); err != nil {
			return nil, fmt.Errorf("suggest: %w", err)
		}
	}
	if found[word] > 0 {
		return nil, nil
	}
	distance := func(w string) int { return search.Distance([]rune(w), pattern) }
	list := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(distance(a)-distance(b), found[b]-found[a], strings.Compare(a, b))
	})
	return list[:min(n, len(list))], nil
}

// similar adds the words that are near enough, and in how many items they are.
func (s *Segment) similar(m *fuzzy, found map[string]int) error {
	var next []byte
	return s.terms([]byte{termWord}, func(r *termReader) []byte {
		if r.term[0] != termWord {
			return nil
		}
		match, target := m.step(r.term[1:])
		if match {
			found[string(r.term[1:])] += r.ref.df
		}
		if target == nil {
			return r.term
		}
		if len(target) == 0 {
			return nil
		}
		next = append(append(next[:0], termWord), target...)
		return next
	})
}
