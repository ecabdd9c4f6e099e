package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"unseal/search"
)

// searcher carries one request through.
type searcher struct {
	*plan
	r       *search.Request
	sets    []bitset // per segment: what is found; nil where not evaluated
	lazy    bool     // sets are evaluated when needed, as the total is known without
	partial bool
	folded  map[copySet]int // further copies under a representative
	threads map[copySet]int // further hits of the thread of one that stands for it
	words   []wordScore
	bonuses []*clause
	result  *search.Result
}

// scratch is memory that one search after the other uses.
type scratch struct {
	cur        cursor                 // for evaluation, one list after another
	marks      [placeBits / 64]uint64 // for sideBySide, zero between calls
	rankers    []ranker               // one a segment or more
	candidates []candidate
}

// Search implements search.Index.
func (ix *Index) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	if r.Sort == "" {
		r.Sort = search.Newest
	}
	r.Limit = max(0, min(r.Limit, search.MaxLimit))
	r.Snippets = max(0, min(r.Snippets, search.MaxSnippets))
	after, ok := ix.readCursor(&r)
	if !ok {
		return nil, search.ErrCursor
	}
	faults := ix.fault.n.Load()
	mem := ix.memory.Get().(*scratch)
	defer ix.memory.Put(mem)
	q := &searcher{plan: &plan{ix: ix, scratch: mem}, r: &r, sets: make([]bitset, len(ix.segs)), result: &search.Result{}}
	if r.Query != nil {
		q.result.Notes = r.Query.Notes
	}
	if err := q.run(ctx, after); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if err := ix.fault.since(faults); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	q.result.Partial = q.partial
	return q.result, nil
}

func (q *searcher) run(ctx context.Context, after *item) error {
	if r := q.r.Query; r != nil && r.Root != nil {
		var err error
		q.exact = r.Exact
		q.root, err = q.compile(ctx, r.Root)
		if late, err := q.late(ctx, err); late || err != nil {
			return err // late: nothing was found so far
		}
		q.result.Also = q.also()
	}
	if q.r.Sort == search.Relevance {
		q.collect(q.root)
	}
	if err := q.findAll(ctx); err != nil {
		return err
	}
	if q.r.FoldCopies {
		q.foldCopies()
	}
	if q.r.FoldThreads {
		q.foldThreads()
	}
	q.result.Total = q.total()
	if err := q.page(ctx, after); err != nil {
		return err
	}
	q.countFacets(ctx)
	return nil
}

// late reports whether err, or the context without one, is the deadline: then
// the answer is partial. Another error of the context comes back.
func (q *searcher) late(ctx context.Context, err error) (bool, error) {
	if err == nil {
		err = ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		q.partial = true
		return true, nil
	}
	return false, err
}

// findAll evaluates the query in every segment, or finds out that this can
// wait.
func (q *searcher) findAll(ctx context.Context) error {
	if q.lazy = len(q.r.Facets) == 0 && !q.folds() && q.counted(); q.lazy {
		return nil
	}
	heavy := q.remember()
	if err := q.findIn(ctx, q.newestFirst()); err != nil {
		return err
	}
	q.keep(heavy)
	return nil
}

// findIn evaluates the query in segments, one after the other or shared out.
func (q *searcher) findIn(ctx context.Context, order []int) error {
	if n := q.helpers(); n > 1 {
		_, err := q.late(ctx, q.findTogether(ctx, order, n))
		return err
	}
	for _, i := range order {
		if late, err := q.late(ctx, nil); late || err != nil {
			return err
		}
		set, err := q.evaluate(ctx, i)
		if late, err := q.late(ctx, err); late || err != nil {
			return err
		}
		q.sets[i] = set
	}
	return nil
}

// newestFirst orders the segments, so that a partial answer holds the newest items.
func (q *searcher) newestFirst() []int {
	order := make([]int, len(q.ix.segs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(max(-1, min(1, q.ix.segs[b].last-q.ix.segs[a].last))) })
	return order
}

// counted reports whether the dictionary knows the total: everything, or one
// term a segment that places need not decide.
func (q *searcher) counted() bool {
	for _, live := range q.ix.live {
		if live != nil {
			return false
		}
	}
	if q.root == nil {
		return true
	}
	if _, ok := q.root.node.(*search.Text); !ok || q.root.places || len(q.root.slots) != 1 {
		return false
	}
	return !slices.ContainsFunc(q.root.slots[0].docs, func(refs []listRef) bool { return len(refs) > 1 })
}

func (q *searcher) total() (n int) {
	if !q.lazy {
		for _, set := range q.sets {
			n += set.count()
		}
		return n
	}
	for i, s := range q.ix.segs {
		switch {
		case q.root == nil:
			n += s.docs
		case len(q.root.slots[0].docs[i]) == 1:
			n += q.root.slots[0].docs[i][0].df
		}
	}
	return n
}

// evaluate returns what the query finds in a segment.
func (q *plan) evaluate(ctx context.Context, i int) (bitset, error) {
	s := q.ix.segs[i]
	all := q.slab.new(s.docs)
	if live := q.ix.live[i]; live != nil {
		copy(all, live)
	} else {
		all.fill(s.docs)
	}
	if q.root == nil || s.docs == 0 {
		return all, nil
	}
	return q.eval(ctx, q.root, i, all)
}

// found returns the set of a segment, evaluating it if that was put off; nil
// if time ran out before.
func (q *searcher) found(ctx context.Context, i int) (bitset, error) {
	if q.sets[i] == nil && q.lazy {
		set, err := q.evaluate(ctx, i)
		if err != nil {
			return nil, err
		}
		q.sets[i] = set
	}
	return q.sets[i], nil
}

// copySet names a set of copies by its first item.
type copySet struct {
	collection int32
	number     int64
}

// foldCopies leaves one hit of each set of copies: the first item of the set,
// else the hit of the least number.
func (q *searcher) foldCopies() {
	q.folded = map[copySet]int{}
	groups := map[copySet][]item{}
	var order []copySet
	for i, s := range q.ix.segs {
		if s.cols[colCopyOf].width == 0 && s.cols[colCopyOf].base == 0 {
			continue
		}
		q.sets[i].each(func(d int) {
			first := s.cols[colCopyOf].at(d)
			if first == 0 {
				return
			}
			set := copySet{q.ix.collectionOf(i, d), first}
			if groups[set] == nil {
				order = append(order, set)
			}
			groups[set] = append(groups[set], q.ix.item(search.Number, i, d))
		})
	}
	for _, set := range order {
		q.foldGroup(set, groups[set])
	}
}

func (q *searcher) foldGroup(set copySet, hits []item) {
	slices.SortFunc(hits, item.compare)
	keep := copySet{set.collection, hits[0].number}
	drop := hits[1:]
	if set.collection >= 0 {
		i, d, ok := q.ix.find(q.ix.collections[set.collection], int(set.number))
		if ok && q.sets[i] != nil && q.sets[i].has(d) {
			keep, drop = set, hits
		}
	}
	for _, it := range drop {
		q.sets[it.seg].unset(int(it.doc))
	}
	q.folded[keep] += len(drop)
}

// page finds the hits of the page and makes their rows.
func (q *searcher) page(ctx context.Context, after *item) error {
	if q.r.Limit == 0 {
		return nil
	}
	t := &top{k: q.r.Limit + 1, after: after}
	var err error
	if q.r.Sort == search.Relevance {
		err = q.rankAll(ctx, t)
	} else {
		err = q.inOrderOf(ctx, t)
	}
	if _, err = q.late(ctx, err); err != nil {
		return err
	}
	items := t.sorted()
	if len(items) > q.r.Limit {
		items = items[:q.r.Limit]
		q.result.Next = q.ix.cursorOf(q.r, items[q.r.Limit-1])
	}
	return q.rows(items)
}

func (q *searcher) rows(items []item) error {
	var marks *marker
	if q.r.Snippets > 0 {
		marks = newMarker(q.r.Query)
		marks.learnSpellings(q.spelled)
	}
	q.result.Hits = make([]search.Hit, len(items))
	for n, it := range items {
		h, row, err := q.ix.hit(int(it.seg), int(it.doc))
		if err != nil {
			return err
		}
		if q.r.Sort == search.Relevance {
			h.Score = -it.key
		}
		h.Copies = q.folded[copySet{it.collection, int64(h.Number)}]
		h.Answers = q.threads[copySet{it.collection, int64(h.Number)}]
		if marks != nil {
			if h.Snippets, err = marks.snippets(q.ix.segs[it.seg], int(it.doc), &row, q.r.Snippets); err != nil {
				return err
			}
		}
		q.result.Hits[n] = h
	}
	return nil
}

// part is a stretch of documents of a segment, as far as possible in the order
// asked for.
type part struct {
	seg     int
	lo, hi  int
	ordered bool
	bound   item // nothing in it comes before
}

// inOrderOf finds the first hits by date or number. Parts are read in the order
// of their bounds, and reading ends when no part can add to the page.
func (q *searcher) inOrderOf(ctx context.Context, t *top) error {
	parts := q.parts()
	slices.SortStableFunc(parts, func(a, b part) int { return a.bound.compare(b.bound) })
	for _, p := range parts {
		if !t.wants(p.bound) {
			return nil
		}
		if err := ctx.Err(); err != nil && !q.partial {
			return err
		}
		set, err := q.found(ctx, p.seg)
		if err != nil {
			return err
		}
		if set != nil {
			q.read(t, p, set)
		}
	}
	return nil
}

// parts splits every segment into its dated and undated documents.
func (q *searcher) parts() (parts []part) {
	for i, s := range q.ix.segs {
		if s.docs == 0 {
			continue
		}
		first := item{collection: -1, number: math.MinInt64}
		if q.r.Sort == search.Number {
			first.collection = slices.Min(append([]int32{math.MaxInt32}, q.ix.collection[i]...))
			first.number = s.lowest
			parts = append(parts, part{i, 0, s.docs, s.byNumber, first})
			continue
		}
		dated := s.docs
		if s.byDate {
			dated = s.dated
		}
		if s.dated > 0 {
			first.key = float64(s.first)
			if q.r.Sort == search.Newest {
				first.key = -float64(s.last)
			}
			parts = append(parts, part{i, 0, dated, s.byDate, first})
		}
		if s.dated < s.docs && (s.byDate || s.dated == 0) {
			first.key = noDate
			parts = append(parts, part{i, s.dated % s.docs, s.docs, s.byDate, first})
		}
	}
	return parts
}

// read shows the hits of a part to the page.
func (q *searcher) read(t *top, p part, set bitset) {
	if q.r.Sort == search.Newest && p.ordered {
		from := p.hi - 1
		if t.after != nil {
			from -= q.behind(p, t.after, func(n int) int { return p.hi - 1 - n })
		}
		for d := set.prev(from); d >= p.lo; d = set.prev(d - 1) {
			it := q.ix.item(q.r.Sort, p.seg, d)
			if !t.wants(it) {
				return
			}
			t.push(it)
		}
		return
	}
	from := p.lo
	if p.ordered && t.after != nil {
		from += q.behind(p, t.after, func(n int) int { return p.lo + n })
	}
	for d := set.next(from); d >= 0 && d < p.hi; d = set.next(d + 1) {
		it := q.ix.item(q.r.Sort, p.seg, d)
		if p.ordered && !t.wants(it) {
			return
		}
		t.push(it)
	}
}

// behind is how many documents of an ordered part, read as at says, do not
// come behind the cursor.
func (q *searcher) behind(p part, after *item, at func(n int) int) int {
	lo, hi := 0, p.hi-p.lo
	for lo < hi {
		mid := (lo + hi) / 2
		if q.ix.item(q.r.Sort, p.seg, at(mid)).compare(*after) <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
