package segment

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"unseal/search"
)

// A search is shared among up to maxHelpers goroutines when about
// heavySearch documents or more are to be decided by places.
const (
	heavySearch = 10_000
	maxHelpers  = 4
)

// helpers is how many goroutines evaluate the query.
func (q *searcher) helpers() int {
	if q.root == nil || q.root.weighed() < q.ix.heavy {
		return 1
	}
	return min(maxHelpers, runtime.GOMAXPROCS(0), len(q.ix.segs))
}

// weighed is about how many documents are decided by places.
func (c *clause) weighed() (n int) {
	if _, text := c.node.(*search.Text); text && c.places && c.kept == nil {
		n = c.cost
	}
	for _, k := range c.kids {
		n += k.weighed()
	}
	return n
}

// findTogether evaluates the query in all segments, n at a time. It returns the
// first error.
func (q *searcher) findTogether(ctx context.Context, order []int, n int) error {
	q.root.settle(q.plan)
	var next atomic.Int32
	var first error
	var once sync.Once
	var all sync.WaitGroup
	for range n {
		all.Add(1)
		go func() {
			defer all.Done()
			p := q.plan.helper()
			defer q.ix.memory.Put(p.scratch)
			for i := int(next.Add(1)) - 1; i < len(order); i = int(next.Add(1)) - 1 {
				set, err := p.evaluate(ctx, order[i])
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					once.Do(func() { first = err })
					return
				}
				q.sets[order[i]] = set
			}
		}()
	}
	all.Wait()
	return first
}

// helper is the same plan with memory of its own.
func (p *plan) helper() *plan {
	h := *p
	h.slab, h.scratch = slab{}, p.ix.memory.Get().(*scratch)
	return &h
}

// settle puts all clauses into the order in which they are evaluated, so that
// evaluating changes none.
func (c *clause) settle(p *plan) {
	if _, and := c.node.(search.And); and {
		p.order(c)
	}
	for _, k := range c.kids {
		k.settle(p)
	}
}
