package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"unseal/search"
	"unseal/trove"
)

// Index answers queries over any number of segments as if they were one. It is
// safe for concurrent use. Between searches it holds what [Open] read and, per
// counted facet, its values: a few megabytes for 100,000 items.
type Index struct {
	segs        []*Segment
	live        []bitset // per segment: items of which no other segment has a later edition; nil for all
	docs        int      // live documents
	norms       [256]float64
	collections []trove.CollectionName // sorted
	collection  [][]int32              // per segment: by value of its facet, the place in collections
	newest      func() map[string]int  // by collection: its newest batch
	totals      [facets]func() *facetTotals
	langs       func() []string // the languages of the items
	memory      sync.Pool       // of *scratch
	fault       *fault          // of all segments
	words       dictionary
	kept        kept
	heavy       int // documents to be decided by places from which on a search is shared out
}

var _ search.Index = (*Index)(nil)

// The constants of BM25.
const (
	bm25K = 1.2
	bm25B = 0.75
)

// NewIndex joins segments. It takes them over: Close closes them. Of two items
// of one number and collection the later edition is shown, and of equal
// editions the one whose segment comes later.
func NewIndex(segs ...*Segment) *Index {
	ix := &Index{segs: segs, fault: &fault{}, heavy: heavySearch}
	for _, s := range segs {
		s.fault.join(ix.fault)
	}
	ix.joinCollections()
	ix.hideOldEditions()
	words := uint64(0)
	for i, s := range segs {
		words += s.words
		if ix.live[i] != nil {
			ix.docs += ix.live[i].count()
		} else {
			ix.docs += s.docs
		}
	}
	ix.newest = sync.OnceValue(ix.findNewest)
	mean := max(1, float64(words)/float64(max(1, ix.docs)))
	for code := range ix.norms {
		ix.norms[code] = bm25K * (1 - bm25B + bm25B*float64(lengthOf(byte(code)))/mean)
	}
	ix.memory.New = func() any { return &scratch{rankers: make([]ranker, len(segs))} }
	for f := range ix.totals {
		ix.totals[f] = sync.OnceValue(func() *facetTotals { return ix.addUp(f) })
	}
	ix.langs = sync.OnceValue(ix.readLangs)
	return ix
}

// Docs returns the number of items that can be found.
func (ix *Index) Docs() int { return ix.docs }

// Close closes all segments.
func (ix *Index) Close() error {
	ix.words.end()
	var errs []error
	for _, s := range ix.segs {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (ix *Index) joinCollections() {
	for _, s := range ix.segs {
		names := &s.facets[facetCollection].values
		for v := range names.count {
			ix.collections = append(ix.collections, trove.CollectionName(names.at(v)))
		}
	}
	slices.Sort(ix.collections)
	ix.collections = slices.Compact(ix.collections)
	for _, s := range ix.segs {
		names := &s.facets[facetCollection].values
		places := make([]int32, names.count)
		for v := range places {
			at, _ := slices.BinarySearch(ix.collections, trove.CollectionName(names.at(v)))
			places[v] = int32(at)
		}
		ix.collection = append(ix.collection, places)
	}
}

// collectionOf returns the place of a document's collection, -1 for none.
func (ix *Index) collectionOf(seg, doc int) int32 {
	f := &ix.segs[seg].facets[facetCollection]
	at := int32(-1)
	f.each(f.set(doc), func(v int) { at = ix.collection[seg][v] })
	return at
}

// hideOldEditions looks for items that occur twice, where ranges of numbers
// overlap.
func (ix *Index) hideOldEditions() {
	ix.live = make([]bitset, len(ix.segs))
	type key struct {
		collection int32
		number     int64
	}
	type place struct {
		seg, doc int
		edition  int64
	}
	seen := map[key]place{}
	for i := range ix.segs {
		if !ix.overlaps(i) {
			continue
		}
		s := ix.segs[i]
		ix.live[i] = make(bitset, (s.docs+63)/64)
		ix.live[i].fill(s.docs)
		for d := range s.docs {
			k := key{ix.collectionOf(i, d), s.cols[colNumber].at(d)}
			now := place{i, d, s.cols[colEdition].at(d)}
			if old, ok := seen[k]; ok {
				if old.edition > now.edition {
					old, now = now, old
				}
				ix.live[old.seg].unset(old.doc)
			}
			seen[k] = now
		}
	}
}

// overlaps reports whether another segment may have items of segment i.
func (ix *Index) overlaps(i int) bool {
	s := ix.segs[i]
	for j, o := range ix.segs {
		if j == i || o.docs == 0 || s.docs == 0 || o.lowest > s.great || s.lowest > o.great {
			continue
		}
		if slices.ContainsFunc(ix.collection[j], func(c int32) bool { return slices.Contains(ix.collection[i], c) }) {
			return true
		}
	}
	return false
}

// findNewest looks for the newest batch of each collection.
func (ix *Index) findNewest() map[string]int {
	newest := map[string]int{}
	learn := func(coll, batch string) {
		if n, err := strconv.Atoi(batch); err == nil {
			newest[coll] = max(newest[coll], n)
		}
	}
	for _, s := range ix.segs {
		coll, batch := &s.facets[facetCollection], &s.facets[facetBatch]
		if coll.sets == 1 {
			for v := range batch.values.count {
				learn(coll.firstOf(0), batch.values.at(v))
			}
			continue
		}
		for d := range s.docs {
			learn(coll.first(d), batch.first(d))
		}
	}
	return newest
}

// idf is how much a word counts that n documents have.
func (ix *Index) idf(n int) float64 {
	return math.Log(1 + (float64(ix.docs-n)+0.5)/(float64(n)+0.5))
}

// find returns where an item is.
func (ix *Index) find(coll trove.CollectionName, number int) (seg, doc int, ok bool) {
	at, known := slices.BinarySearch(ix.collections, coll)
	if !known {
		return 0, 0, false
	}
	for i, s := range ix.segs {
		if int64(number) < s.lowest || int64(number) > s.great || !slices.Contains(ix.collection[i], int32(at)) {
			continue
		}
		for d := s.firstOf(number); d < s.docs; d++ {
			n := s.numberAt(d)
			if n == number && ix.collectionOf(i, d) == int32(at) && ix.isLive(i, d) {
				return i, d, true
			}
			if s.byNumber && n > number {
				break
			}
		}
	}
	return 0, 0, false
}

// firstOf is the first document that may have a number.
func (s *Segment) firstOf(number int) int {
	if !s.byNumber {
		return 0
	}
	lo, hi := 0, s.docs
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s.numberAt(mid) < number {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (ix *Index) isLive(seg, doc int) bool { return ix.live[seg] == nil || ix.live[seg].has(doc) }

// Text implements search.Index.
func (ix *Index) Text(ctx context.Context, coll trove.CollectionName, number int) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	i, d, ok := ix.find(coll, number)
	if !ok {
		return "", fmt.Errorf("text of %s/%d: %w", coll, number, search.ErrNotFound)
	}
	r, err := ix.segs[i].row(d)
	if err == nil {
		var b []byte
		if b, err = ix.segs[i].textAt(r.text, r.text+r.body); err == nil {
			return string(b), nil
		}
	}
	return "", fmt.Errorf("text of %s/%d: %w", coll, number, err)
}

// hit makes the result row of a document.
func (ix *Index) hit(seg, doc int) (search.Hit, row, error) {
	s := ix.segs[seg]
	r, err := s.row(doc)
	if err != nil {
		return search.Hit{}, r, err
	}
	f := &s.facets
	value := func(i int) string { return f[rowFacets[i]].firstOf(int(r.sets[i])) }
	batch, _ := strconv.Atoi(value(1))
	h := search.Hit{
		Collection: trove.CollectionName(value(0)), Number: r.number, Batch: batch,
		Edition: r.edition, Kind: trove.Kind(value(2)), Subject: r.subject,
		From: r.from, To: r.to, Receivers: r.receivers, Date: date(r.date), Files: len(r.files),
		Verdict: trove.Verdict(value(3)), Thread: f[facetThread].first(doc),
		CopyOf: r.copyOf, Size: r.size, Lang: value(4), Mass: r.mass,
	}
	return h, r, nil
}
