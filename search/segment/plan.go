package segment

import (
	"context"
	"errors"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// plan is a query made ready for an index: the tree with every term looked up
// in every segment.
type plan struct {
	ix   *Index
	root *clause // nil finds everything

	exact   bool      // no other spellings
	spelled []spelled // those found
	slab    slab
	*scratch
}

// clause is a node of the tree.
type clause struct {
	node search.Node
	kids []*clause

	slots  []slot  // of a Text: the terms for each of its words
	zones  uint16  // where the words must stand, as bits; 0 for anywhere
	places bool    // to be decided by places
	cost   int     // about how many documents match
	weight float64 // of a Text that is not ranked word by word
	found  []bitset
	kept   []bitset // per segment: the answer, known from an earlier search
	keep   []bitset // per segment: the answer, to be kept for later ones
}

// slot is one word of a Text in every segment.
type slot struct {
	docs  [][]listRef // terms whose documents may match; any of them
	words [][]listRef // the word itself, with places
	exact []listRef   // of a fuzzy word: the word as typed
}

// kindsOf are the terms that a field's words are looked up as.
var kindsOf = map[search.Field][]byte{
	search.Any: {termWord}, search.Body: {termWord}, search.Own: {termWord}, search.Quoted: {termWord},
	search.Subject: {termSubject}, search.From: {termFrom}, search.To: {termTo, termCc, termBcc}, search.Cc: {termCc},
	search.Bcc: {termBcc}, search.With: {termFrom, termTo, termCc, termBcc}, search.Filename: {termFilename},
	search.Person: {termFrom, termTo, termCc, termBcc},
}

// zonesOf are the stretches in which a field's words stand.
var zonesOf = map[search.Field]uint16{
	search.Body: 1<<zoneOwn | 1<<zoneQuoted, search.Own: 1 << zoneOwn, search.Quoted: 1 << zoneQuoted,
	search.Subject: 1 << zoneSubject, search.From: 1 << zoneFrom, search.To: 1<<zoneTo | 1<<zoneCc | 1<<zoneBcc,
	search.Cc: 1 << zoneCc, search.Bcc: 1 << zoneBcc, search.Filename: 1 << zoneFilename,
	search.With:   1<<zoneFrom | 1<<zoneTo | 1<<zoneCc | 1<<zoneBcc,
	search.Person: 1<<zoneFrom | 1<<zoneTo | 1<<zoneCc | 1<<zoneBcc,
}

func (p *plan) compile(ctx context.Context, n search.Node) (*clause, error) {
	c := &clause{node: n, cost: p.ix.docs}
	var kids []search.Node
	switch n := n.(type) {
	case search.And:
		kids = n
	case search.Or:
		kids = n
	case search.Not:
		kids = []search.Node{n.Node}
		defer func(was bool) { p.exact = was }(p.exact)
		p.exact = true // what is taken away is what was written, no more
	case *search.Text:
		if err := p.compileText(ctx, c, n); err != nil {
			return nil, err
		}
		return c, p.otherSpellings(ctx, c, n)
	}
	for _, k := range kids {
		kid, err := p.compile(ctx, k)
		if err != nil {
			return nil, err
		}
		c.kids = append(c.kids, kid)
	}
	return c, nil
}

// wholeAddressOf is the address that the clause asks for as a whole, or "":
// name@host.domain, as opposed to a part of one.
func wholeAddressOf(t *search.Text) string {
	local, host, ok := strings.Cut(t.Value, "@")
	if !ok || local == "" || strings.Contains(host, "@") || strings.LastIndexByte(host, '.') < 1 || strings.HasSuffix(host, ".") || t.Mode != search.Phrase {
		return ""
	}
	if _, isAddress := zonesOf[t.Field]; !isAddress || t.Field == search.Filename {
		return ""
	}
	return wholeAddress(t.Value)
}

func (p *plan) compileText(ctx context.Context, c *clause, t *search.Text) error {
	kinds := kindsOf[t.Field]
	c.zones = zonesOf[t.Field]
	if whole := wholeAddressOf(t); whole != "" {
		s, err := p.slot(kinds, whole, false)
		c.slots = []slot{s}
		p.estimate(c)
		return err
	}
	several := len(t.Words) > 1
	c.places = several || kinds[0] == termWord && t.Field != search.Any
	for _, w := range t.Words {
		var s slot
		var err error
		switch t.Mode {
		case search.Prefix:
			s, err = p.expand(ctx, kinds, p.ix.segs, func(s *Segment, kind byte, add func(r *termReader)) error { return s.prefixed(kind, w.Text, add) })
		case search.Fuzzy:
			m := newFuzzy(w.Text, t.N)
			s, err = p.expand(ctx, kinds, p.ix.dictionaries(), func(s *Segment, kind byte, add func(r *termReader)) error { return s.fuzzy(kind, m, add) })
			if err == nil && kinds[0] == termWord {
				var exact slot
				exact, err = p.slot(kinds, w.Text, false)
				s.exact = firsts(exact.docs)
			}
		default:
			s, err = p.slot(kinds, w.Text, several)
		}
		if err != nil {
			return err
		}
		c.slots = append(c.slots, s)
	}
	p.estimate(c)
	return nil
}

func firsts(refs [][]listRef) []listRef {
	out := make([]listRef, len(refs))
	for i, r := range refs {
		if len(r) > 0 {
			out[i] = r[0]
		}
	}
	return out
}

// slot looks a word up in every segment, and its places too if wanted.
func (p *plan) slot(kinds []byte, word string, places bool) (slot, error) {
	s := slot{docs: make([][]listRef, len(p.ix.segs))}
	if places && kinds[0] != termWord {
		s.words = make([][]listRef, len(p.ix.segs))
	}
	all := make([]listRef, len(p.ix.segs)*len(kinds))
	term := append([]byte{0}, word...)
	for i, seg := range p.ix.segs {
		refs := all[:0:len(kinds)]
		all = all[len(kinds):]
		for _, k := range kinds {
			term[0] = k
			ref, err := seg.lookup(term)
			if err != nil {
				return s, err
			}
			if ref.df > 0 {
				refs = append(refs, ref)
			}
		}
		s.docs[i] = refs
		if s.words != nil && len(refs) > 0 {
			term[0] = termWord
			ref, err := seg.lookup(term)
			if err != nil {
				return s, err
			}
			s.words[i] = []listRef{ref}
		}
	}
	if kinds[0] == termWord {
		s.words = s.docs
	}
	return s, nil
}

// expand collects the terms that stand for a word in every segment. It looks
// for them in each of the dictionaries: those of the segments, or the joined one.
func (p *plan) expand(ctx context.Context, kinds []byte, dictionaries []*Segment, find func(s *Segment, kind byte, add func(r *termReader)) error) (slot, error) {
	s := slot{docs: make([][]listRef, len(p.ix.segs))}
	var failed error
	for i, d := range dictionaries {
		add := func(r *termReader) { s.docs[i] = append(s.docs[i], r.ref) }
		if d.joined {
			add = func(r *termReader) { failed = errors.Join(failed, p.ix.lookupAll(r.term, s.docs)) }
		}
		for _, k := range kinds {
			if err := ctx.Err(); err != nil {
				return s, err
			}
			if err := find(d, k, add); err != nil || failed != nil {
				return s, errors.Join(err, failed)
			}
		}
	}
	s.words = s.docs
	return s, nil
}

// lookupAll adds what every segment has of a term.
func (ix *Index) lookupAll(term []byte, docs [][]listRef) error {
	for i, s := range ix.segs {
		ref, err := s.lookup(term)
		if err != nil {
			return err
		}
		if ref.df > 0 {
			docs[i] = append(docs[i], ref)
		}
	}
	return nil
}

// prefixed looks for the terms of a kind that begin with a word.
func (s *Segment) prefixed(kind byte, word string, add func(r *termReader)) error {
	prefix := append([]byte{kind}, word...)
	return s.terms(prefix, func(r *termReader) []byte {
		if !hasPrefix(r.term, prefix) {
			return nil
		}
		if kind == termWord || !isAddress(r.term) {
			add(r)
		}
		return r.term
	})
}

func hasPrefix(b, prefix []byte) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == string(prefix)
}

// isAddress reports whether a term is a whole address rather than a word.
func isAddress(term []byte) bool {
	for _, c := range term {
		if c == '@' {
			return true
		}
	}
	return false
}

// estimate fills in cost and weight: how many documents match at most, and
// what one is worth where it is not ranked by counts.
func (p *plan) estimate(c *clause) {
	for _, s := range c.slots {
		n := 0
		for _, refs := range s.docs {
			for _, r := range refs {
				n += r.df
			}
		}
		c.cost = min(c.cost, n)
		c.weight += p.ix.idf(min(n, p.ix.docs))
	}
}

// facetOf are the facets that answer the fields of exact values.
var facetOf = map[search.Field]int{
	search.Has: facetHas, search.Type: facetType, search.Ext: facetExt, search.Thread: facetThread,
	search.In: facetCollection, search.Lang: facetLang,
}

// digestTerm is the term of a hash that begins with the hex digits v, and the
// half byte behind its last whole byte, or -1.
func digestTerm(v string) (term []byte, half int) {
	half = -1
	if len(v) > 32 {
		v = v[:32]
	}
	term = []byte{termSHA256}
	for ; len(v) >= 2; v = v[2:] {
		term = append(term, unhex(v[0])<<4|unhex(v[1]))
	}
	if len(v) == 1 {
		half = int(unhex(v[0]))
	}
	return term, half
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func msgIDTerm(id string) []byte {
	sum := trove.Sum([]byte(id))
	return append([]byte{termMsgID}, sum[:8]...)
}
