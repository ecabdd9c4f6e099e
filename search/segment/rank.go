package segment

import (
	"context"
	"math"

	"unseal/search"
)

// wordScore is a word that texts are ranked by.
type wordScore struct {
	refs []listRef // per segment
	idf  float64
}

// collect gathers what texts are ranked by: words of the text by BM25 over the
// whole index; words of other fields, prefixes and near spellings by a constant
// for each clause that holds.
func (q *searcher) collect(c *clause) {
	if c == nil {
		return
	}
	if _, not := c.node.(search.Not); not {
		return
	}
	for _, k := range c.kids {
		q.collect(k)
	}
	t, ok := c.node.(*search.Text)
	if !ok {
		return
	}
	if c.isWord() && (t.Mode == search.Phrase || t.Mode == search.Near) {
		for _, s := range c.slots {
			q.rankBy(firsts(s.docs))
		}
		return
	}
	c.found = make([]bitset, len(q.ix.segs))
	q.bonuses = append(q.bonuses, c)
	for _, s := range c.slots {
		if s.exact != nil {
			q.rankBy(s.exact)
		}
	}
}

func (q *searcher) rankBy(refs []listRef) {
	n := 0
	for _, r := range refs {
		n += r.df
	}
	if n > 0 {
		q.words = append(q.words, wordScore{refs, q.ix.idf(min(n, q.ix.docs))})
	}
}

// ranker reads one word of one segment in ascending documents.
type ranker struct {
	cursor
	idf     float64
	block   int
	i       int     // in the block read
	best    float64 // greatest score in block, below zero if not known
	loaded  bool    // counts too
	weights *[256]float64
}

// rankAll shows every segment's hits to the page, skipping blocks in which no
// document can get in.
func (q *searcher) rankAll(ctx context.Context, t *top) error {
	rankers := make([]ranker, len(q.words))
	for i := range q.ix.segs {
		if err := ctx.Err(); err != nil && !q.partial {
			return err
		}
		if !q.partial || q.lazy || q.sets[i] != nil {
			if err := q.rankSegment(ctx, t, i, rankers); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *searcher) rankSegment(ctx context.Context, t *top, i int, rankers []ranker) error {
	n := 0
	for _, w := range q.words {
		if w.refs[i].df == 0 {
			continue
		}
		r := &rankers[n]
		if err := r.open(q.ix.segs[i], w.refs[i], true); err != nil {
			return err
		}
		r.idf, r.block, r.i, r.best, r.loaded, r.weights = w.idf, 0, 0, -1, false, &q.ix.norms
		n++
	}
	if q.lazy && len(q.words) == 1 && len(q.bonuses) == 0 {
		if n == 0 {
			return nil
		}
		return q.rankList(t, i, &rankers[0])
	}
	set, err := q.found(ctx, i)
	if err != nil || set == nil {
		return err
	}
	return q.rankSet(t, i, rankers[:n], set)
}

// rankList ranks all documents of one list.
func (q *searcher) rankList(t *top, seg int, r *ranker) error {
	for b := range r.blocks {
		r.block, r.best, r.loaded = b, -1, false
		if !t.could(r.bound()) {
			continue
		}
		if err := r.loadBlock(); err != nil {
			return err
		}
		for j, d := range r.docs[:r.n] {
			if score := r.weigh(j); t.could(score) {
				t.push(q.scored(seg, int(d), score))
			}
		}
	}
	return nil
}

// could reports whether a document of this score could get in; equal scores
// are decided by number.
func (t *top) could(score float64) bool {
	return len(t.items) < t.k || score >= -t.items[0].key
}

func (q *searcher) scored(seg, doc int, score float64) item {
	return item{key: -score, collection: q.ix.collectionOf(seg, doc), number: q.ix.segs[seg].cols[colNumber].at(doc),
		seg: int32(seg), doc: int32(doc)}
}

// rankSet ranks the documents of a set.
func (q *searcher) rankSet(t *top, seg int, rankers []ranker, set bitset) error {
	for d := set.next(0); d >= 0; {
		bound, end := q.bonusBound(seg), math.MaxInt
		for j := range rankers {
			if r := &rankers[j]; r.skipTo(d) {
				bound += r.bound()
				end = min(end, int(r.blocks[r.block].last))
			}
		}
		if !t.could(bound) {
			if end == math.MaxInt {
				return nil
			}
			d = set.next(end + 1)
			continue
		}
		score, err := q.score(seg, d, rankers)
		if err != nil {
			return err
		}
		if t.could(score) {
			t.push(q.scored(seg, d, score))
		}
		d = set.next(d + 1)
	}
	return nil
}

func (q *searcher) score(seg, d int, rankers []ranker) (float64, error) {
	score := 0.0
	for _, c := range q.bonuses {
		if set := c.found[seg]; set != nil && set.has(d) {
			score += c.weight
		}
	}
	for j := range rankers {
		s, err := rankers[j].at(uint32(d))
		if err != nil {
			return 0, err
		}
		score += s
	}
	return score, nil
}

func (q *searcher) bonusBound(seg int) (sum float64) {
	for _, c := range q.bonuses {
		if c.found[seg] != nil {
			sum += c.weight
		}
	}
	return sum
}

// skipTo goes to the block that may hold doc; false if none is left.
func (r *ranker) skipTo(doc int) bool {
	for r.block < len(r.blocks) && int(r.blocks[r.block].last) < doc {
		r.block++
		r.i, r.best, r.loaded = 0, -1, false
	}
	return r.block < len(r.blocks)
}

// bound is the greatest score that a document of the block can have.
func (r *ranker) bound() float64 {
	if r.best < 0 {
		pairs := r.blocks[r.block].frontier
		if len(pairs) == 0 {
			r.best = r.idf * (bm25K + 1)
		}
		for ; len(pairs) >= 2; pairs = pairs[2:] {
			if pairs[0] == 255 {
				r.best = r.idf * (bm25K + 1)
				break
			}
			r.best = max(r.best, r.value(uint32(pairs[0]), pairs[1]))
		}
	}
	return r.best
}

// value is the BM25 score of a count in a text of a length.
func (r *ranker) value(tf uint32, code byte) float64 {
	f := float64(tf)
	return r.idf * (bm25K + 1) * f / (f + r.weights[code])
}

func (r *ranker) weigh(j int) float64 {
	return r.value(r.tfs[j], r.s.lengths[r.docs[j]])
}

func (r *ranker) loadBlock() error {
	if r.loaded {
		return nil
	}
	r.loaded = true
	if err := r.load(r.block); err != nil {
		return err
	}
	return r.loadCounts()
}

// at is the score of a document, 0 if the word is not in it. The block must be
// the one of skipTo.
func (r *ranker) at(doc uint32) (float64, error) {
	if r.block >= len(r.blocks) || r.blocks[r.block].prev > doc {
		return 0, nil
	}
	if err := r.loadBlock(); err != nil {
		return 0, err
	}
	for r.i < r.n && r.docs[r.i] < doc {
		r.i++
	}
	if r.i < r.n && r.docs[r.i] == doc {
		return r.weigh(r.i), nil
	}
	return 0, nil
}
