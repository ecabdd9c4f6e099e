package house

import (
	"context"
	"sync"
	"testing"
	"time"

	"unseal/search"
)

// busyIndex is an index of searches that take as long as their limit says, in
// milliseconds, and count how many of them go on at once.
type busyIndex struct {
	search.Index
	mu        sync.Mutex
	now, most int
}

func (ix *busyIndex) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	for range r.Limit {
		if err := ctx.Err(); err != nil {
			return &search.Result{Partial: true}, nil
		}
		ix.mu.Lock()
		ix.now++
		ix.most = max(ix.most, ix.now)
		ix.mu.Unlock()
		time.Sleep(time.Millisecond)
		ix.mu.Lock()
		ix.now--
		ix.mu.Unlock()
	}
	return &search.Result{Total: 1}, nil
}

// TestQuickSearchesPassSlowOnes has many clients ask for what takes long, and
// one for what does not: that one is answered whole each time.
func TestQuickSearchesPassSlowOnes(t *testing.T) {
	busy := &busyIndex{}
	ix := &gatedIndex{busy, newGate()}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 40 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for ctx.Err() == nil {
				_, _ = ix.Search(ctx, search.Request{Limit: 200})
			}
		}()
	}
	for range 20 {
		if res, err := ix.Search(t.Context(), search.Request{Limit: 1}); err != nil || res.Partial || res.Total != 1 {
			t.Errorf("a quick search: %+v, %v", res, err)
		}
	}
	stop()
	clients.Wait()
	if places := cap(ix.gate.quick) + cap(ix.gate.slow); busy.most > places {
		t.Errorf("%d searches at once in %d places", busy.most, places)
	}
	if len(ix.gate.quick)+len(ix.gate.slow)+len(ix.gate.waiting) > 0 {
		t.Error("a place was not given back")
	}
}

func TestSearchesThatFindNoPlaceSaySo(t *testing.T) {
	ix := &gatedIndex{&busyIndex{}, newGate()}
	for range cap(ix.gate.quick) {
		ix.gate.quick <- struct{}{}
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Millisecond))
	defer cancel()
	if res, err := ix.Search(late, search.Request{Limit: 1}); err != nil || !res.Partial {
		t.Errorf("without a place: %+v, %v, want a partial answer", res, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Search(gone, search.Request{Limit: 1}); err == nil {
		t.Error("a cancelled search was answered")
	}
	<-ix.gate.quick
	for range cap(ix.gate.slow) {
		ix.gate.slow <- struct{}{}
	}
	for range cap(ix.gate.waiting) {
		ix.gate.waiting <- struct{}{}
	}
	if res, err := ix.Search(t.Context(), search.Request{Limit: 1000}); err != nil || !res.Partial {
		t.Errorf("a slow search where too many wait: %+v, %v, want a partial answer", res, err)
	}
}
