package segment

import (
	"fmt"
	"slices"
	"sync"

	"unseal/search"
)

// kept are the answers of the last heavy phrases. Paging, sorting and facets ask
// the same phrase again, and its places are what takes time.
type kept struct {
	mu    sync.Mutex
	sets  map[string][]bitset // per segment
	order []string            // the oldest first
	bytes int
}

// maxKept bounds the memory for answers, in bytes.
const maxKept = 8 << 20

// get returns the answer of a phrase, which must not be changed, or nil.
func (k *kept) get(name string) []bitset {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sets[name]
}

// put keeps a copy of an answer, if it is small enough, and forgets the oldest.
func (k *kept) put(name string, sets []bitset) {
	size := sizeOf(sets)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sets[name] != nil || size > maxKept/4 {
		return
	}
	if k.sets == nil {
		k.sets = map[string][]bitset{}
	}
	for k.bytes+size > maxKept {
		k.bytes -= sizeOf(k.sets[k.order[0]])
		delete(k.sets, k.order[0])
		k.order = k.order[1:]
	}
	copies := make([]bitset, len(sets))
	for i, s := range sets {
		copies[i] = slices.Clone(s)
	}
	k.sets[name] = copies
	k.order = append(k.order, name)
	k.bytes += size
}

func sizeOf(sets []bitset) (n int) {
	for _, s := range sets {
		n += 8 * len(s)
	}
	return n
}

// foremost is the clause that is evaluated over everything, if it is a heavy
// one decided by places.
func (q *searcher) foremost() *clause {
	c := q.root
	if c == nil {
		return nil
	}
	if _, and := c.node.(search.And); and {
		c = q.order(c)[0]
	}
	if _, text := c.node.(*search.Text); !text || !c.places || c.cost < q.ix.heavy {
		return nil
	}
	return c
}

// nameOf tells clauses of a text apart, whatever the query around them.
func nameOf(t *search.Text) string { return fmt.Sprintf("%s %d %d %+v", t.Field, t.Mode, t.N, t.Words) }

// remember looks for the answer of the foremost clause, and has it collected
// where there is none.
func (q *searcher) remember() (c *clause) {
	if c = q.foremost(); c == nil {
		return nil
	}
	if c.kept = q.ix.kept.get(nameOf(c.node.(*search.Text))); c.kept != nil {
		return nil
	}
	c.keep = make([]bitset, len(q.ix.segs))
	return c
}

// keep keeps the answer of a clause if every segment gave one.
func (q *searcher) keep(c *clause) {
	if c == nil || q.partial || slices.ContainsFunc(c.keep, func(s bitset) bool { return s == nil }) {
		return
	}
	q.ix.kept.put(nameOf(c.node.(*search.Text)), c.keep)
}
