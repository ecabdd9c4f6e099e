package house

import (
	"context"
	"runtime"
	"sync"
	"time"

	"unseal/search"
)

// Searches under way are bounded, so that many costly ones at once neither
// hold up the ordinary ones nor take all memory. Each begins in one of a few
// quick places. One that has not ended after quickTime leaves its place and
// goes on in a slow one, of which there are fewer; where too many wait for
// that already, its answer is what it has found, marked as partial.
const (
	quickTime   = 25 * time.Millisecond
	slowWaiting = 8 // searches, each with what it holds: some 10 MB
)

// gate is the places of an index's searches.
type gate struct {
	quick, slow chan struct{}
	waiting     chan struct{} // for a slow place
}

func newGate() *gate {
	n := runtime.GOMAXPROCS(0)
	return &gate{quick: make(chan struct{}, 2*n), slow: make(chan struct{}, max(1, n/2)), waiting: make(chan struct{}, slowWaiting)}
}

// gatedIndex is an index whose searches go through a gate.
type gatedIndex struct {
	search.Index
	gate *gate
}

// Search implements search.Index.
func (ix *gatedIndex) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	t := &turn{Context: ctx, gate: ix.gate}
	if err := t.begin(); err != nil {
		return ix.refuse(err)
	}
	defer t.end()
	return ix.Index.Search(t, r)
}

// Suggest implements search.Index.
func (ix *gatedIndex) Suggest(ctx context.Context, word string, n int) ([]string, error) {
	t := &turn{Context: ctx, gate: ix.gate}
	if err := t.begin(); err != nil {
		return nil, err
	}
	defer t.end()
	return ix.Index.Suggest(t, word, n)
}

// refuse answers a search that never began.
func (ix *gatedIndex) refuse(err error) (*search.Result, error) {
	if err == context.DeadlineExceeded {
		return &search.Result{Partial: true}, nil
	}
	return nil, err
}

// turn is the context of one search. An index asks its Err every few hundred
// documents, and that is where a search changes its place or waits.
type turn struct {
	context.Context
	gate *gate

	mu    sync.Mutex
	since time.Time     // when it began
	in    chan struct{} // guarded by mu: the place it holds
	over  bool          // guarded by mu: there was no place for it
}

func (t *turn) begin() error {
	select {
	case t.gate.quick <- struct{}{}:
		t.in, t.since = t.gate.quick, time.Now()
		return nil
	case <-t.Done():
		return t.Context.Err()
	}
}

func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in != nil {
		<-t.in
		t.in = nil
	}
}

// Err implements context.Context.
func (t *turn) Err() error {
	if err := t.Context.Err(); err != nil || time.Since(t.since) < quickTime {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.in == t.gate.quick {
		t.change()
	}
	if t.over {
		return context.DeadlineExceeded
	}
	return t.Context.Err()
}

// change goes from a quick place to a slow one; mu is held.
func (t *turn) change() {
	<-t.in
	t.in, t.over = nil, true
	select {
	case t.gate.waiting <- struct{}{}:
	default:
		return
	}
	defer func() { <-t.gate.waiting }()
	select {
	case t.gate.slow <- struct{}{}:
		t.in, t.over = t.gate.slow, false
	case <-t.Done():
	}
}
