package segment

import "unseal/search"

// threadOf names a thread of a collection.
type threadOf struct {
	collection int32
	name       string
}

// threadHit is the hit that stands for a thread, and how many more there are.
type threadHit struct {
	item
	more int
}

// foldThreads leaves one hit of each thread: the first in the order asked for,
// by relevance the newest. Items of no thread stay.
func (q *searcher) foldThreads() {
	order := q.r.Sort
	if order == search.Relevance {
		order = search.Newest
	}
	threads := map[threadOf]*threadHit{}
	for i, s := range q.ix.segs {
		f := &s.facets[facetThread]
		q.sets[i].each(func(d int) {
			f.each(f.set(d), func(v int) {
				t := threadOf{q.ix.collectionOf(i, d), f.values.at(v)}
				q.foldInto(threads, t, q.ix.item(order, i, d))
			})
		})
	}
	q.threads = make(map[copySet]int, len(threads))
	for _, t := range threads {
		if t.more > 0 {
			s := q.ix.segs[t.seg]
			q.threads[copySet{t.collection, int64(s.numberAt(int(t.doc)))}] = t.more
		}
	}
}

// foldInto keeps the first of a thread's hits and takes the others out.
func (q *searcher) foldInto(threads map[threadOf]*threadHit, t threadOf, it item) {
	have := threads[t]
	if have == nil {
		threads[t] = &threadHit{item: it}
		return
	}
	have.more++
	drop := it
	if it.compare(have.item) < 0 {
		have.item, drop = it, have.item
	}
	q.sets[drop.seg].unset(int(drop.doc))
}

// folds reports whether a request leaves hits out for others.
func (q *searcher) folds() bool { return q.r.FoldCopies || q.r.FoldThreads }
