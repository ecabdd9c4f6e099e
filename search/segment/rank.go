package segment

import (
	"cmp"
	"context"
	"math"
	"slices"

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
	if q.single() {
		return q.rankWord(ctx, t)
	}
	if q.mostlyOne() {
		if err := q.rankWord(ctx, t); err != nil {
			return err
		}
		return q.rankOthers(t)
	}
	for len(q.rankers) < len(q.words) {
		q.rankers = append(q.rankers, ranker{})
	}
	for i := range q.ix.segs {
		if err := ctx.Err(); err != nil && !q.partial {
			return err
		}
		if err := q.rankSegment(ctx, t, i); err != nil {
			return err
		}
	}
	return nil
}

// single reports whether the documents of one word are all that was found, so
// that its lists alone say what is best.
func (q *searcher) single() bool {
	return len(q.words) == 1 && len(q.bonuses) == 0 && q.counted() && !q.folds() && !q.partial
}

// mostlyOne reports whether one word ranks texts, beside a constant for other
// spellings of it, and most of its documents are hits: then its lists say best
// first what is best.
func (q *searcher) mostlyOne() bool {
	if len(q.words) != 1 || len(q.bonuses) != 1 || q.lazy || q.partial {
		return false
	}
	n, found := 0, 0
	for i, ref := range q.words[0].refs {
		n, found = n+ref.df, found+q.sets[i].count()
	}
	return found >= n/2
}

// rankOthers ranks the hits without the word that rankWord has ranked.
func (q *searcher) rankOthers(t *top) error {
	for i, set := range q.sets {
		if !t.could(q.bonusBound(i)) {
			continue
		}
		s := q.ix.segs[i]
		with, err := q.evalRefs(s, []listRef{q.words[0].refs[i]}, set, nil)
		if err != nil {
			return err
		}
		for d := set.next(0); d >= 0; d = set.next(d + 1) {
			if score := q.bonus(i, d); !with.has(d) && t.could(score) {
				t.push(q.scored(i, d, score))
			}
		}
	}
	return nil
}

// bonus is what a document scores by the clauses that give a constant.
func (q *searcher) bonus(seg, d int) (score float64) {
	for _, c := range q.bonuses {
		if set := c.found[seg]; set != nil && set.has(d) {
			score += c.weight
		}
	}
	return score
}

func (q *searcher) rankSegment(ctx context.Context, t *top, i int) error {
	set, err := q.found(ctx, i)
	if err != nil || set == nil {
		return err
	}
	n := 0
	for _, w := range q.words {
		if w.refs[i].df > 0 {
			if err := q.rankers[n].begin(q.ix, i, w); err != nil {
				return err
			}
			n++
		}
	}
	return q.rankSet(t, i, q.rankers[:n], set)
}

// begin opens the list of a word in a segment.
func (r *ranker) begin(ix *Index, seg int, w wordScore) error {
	r.idf, r.block, r.i, r.best, r.loaded, r.weights = w.idf, 0, 0, -1, false, &ix.norms
	return r.open(ix.segs[seg], w.refs[seg], true)
}

// candidate is a block of a word's list in some segment.
type candidate struct {
	bound      float64
	seg, block int
}

// rankWord ranks all documents of one word: the blocks with the greatest bounds
// first, as after a few of them the others cannot get in.
func (q *searcher) rankWord(ctx context.Context, t *top) error {
	w := q.words[0]
	blocks := q.candidates[:0]
	for i := range q.ix.segs {
		if w.refs[i].df == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r := &q.rankers[i]
		if err := r.begin(q.ix, i, w); err != nil {
			return err
		}
		for b := range r.blocks {
			r.block, r.best = b, -1
			blocks = append(blocks, candidate{r.bound(), i, b})
		}
	}
	q.candidates = blocks
	first := min(len(blocks), 2*t.k)
	selectBest(blocks, first)
	for _, c := range blocks {
		if !t.could(c.bound + q.bonusBound(c.seg)) {
			continue
		}
		if err := q.rankBlock(t, c, &q.rankers[c.seg]); err != nil {
			return err
		}
	}
	return nil
}

// selectBest moves the n candidates with the greatest bounds to the front, in order.
func selectBest(list []candidate, n int) {
	if n == 0 {
		return
	}
	slices.SortFunc(list[:n], func(a, b candidate) int { return cmp.Compare(b.bound, a.bound) })
	for i := n; i < len(list); i++ {
		c := list[i]
		if c.bound <= list[n-1].bound {
			continue
		}
		at, _ := slices.BinarySearchFunc(list[:n], c, func(a, b candidate) int { return cmp.Compare(b.bound, a.bound) })
		list[i] = list[n-1]
		copy(list[at+1:n], list[at:n-1])
		list[at] = c
	}
}

func (q *searcher) rankBlock(t *top, c candidate, r *ranker) error {
	r.block, r.loaded = c.block, false
	if err := r.loadBlock(); err != nil {
		return err
	}
	set, constant := q.sets[c.seg], q.bonusBound(c.seg) // no set where it is just the word's documents
	for j, d := range r.docs[:r.n] {
		score := r.value(r.tfs[j], r.s.length(d))
		if !t.could(score+constant) || set != nil && !set.has(int(d)) {
			continue
		}
		if score = q.bonus(c.seg, int(d)) + score; t.could(score) {
			t.push(q.scored(c.seg, int(d), score))
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

// rankSet ranks the documents of a set, by windows in which every word stays
// in one block.
func (q *searcher) rankSet(t *top, seg int, rankers []ranker, set bitset) error {
	constant := q.bonusBound(seg)
	for d := set.next(0); d >= 0; {
		bound, end := constant, math.MaxInt
		for j := range rankers {
			if r := &rankers[j]; r.skipTo(d) {
				bound += r.bound()
				end = min(end, int(r.blocks[r.block].last))
			}
		}
		for ; d >= 0 && d <= end && t.could(bound); d = set.next(d + 1) {
			score, err := q.score(seg, d, rankers)
			if err != nil {
				return err
			}
			if t.could(score) {
				t.push(q.scored(seg, d, score))
			}
		}
		if d >= 0 && d <= end {
			if end == math.MaxInt {
				return nil
			}
			d = set.next(end + 1)
		}
	}
	return nil
}

func (q *searcher) score(seg, d int, rankers []ranker) (float64, error) {
	score := q.bonus(seg, d)
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
			if pairs[0] == anyCount {
				r.best = r.idf * (bm25K + 1)
				break
			}
			// The pairs are exact but for rounding, which may make another
			// document's score a little greater.
			r.best = max(r.best, r.value(uint32(pairs[0]), pairs[1])*(1+1e-9))
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
	return r.value(r.tfs[j], r.s.length(r.docs[j]))
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
