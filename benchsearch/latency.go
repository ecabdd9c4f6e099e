package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// How often a query is asked, and how long at most.
const (
	warmRuns   = 2
	timedRuns  = 30
	queryTime  = time.Second
	fewestRuns = 4
)

// clock asks until it is warm and then timedRuns times, or until the time for
// one query is over.
func clock(ask func() (int, error)) (times, error) {
	begin := time.Now()
	var t times
	for i := range warmRuns + timedRuns {
		start := time.Now()
		if _, err := ask(); err != nil {
			return nil, err
		}
		if i >= warmRuns {
			t = append(t, time.Since(start))
		}
		if len(t) >= fewestRuns && time.Since(begin) > queryTime {
			break
		}
	}
	return t, nil
}

// settle asks every question once and waits until what an engine does aside
// after that is done.
func (b *bench) settle(ix preparer) error {
	asks, err := b.prepareAll(ix, ranked)
	if err != nil {
		return err
	}
	for _, ask := range asks {
		if _, err := ask(); err != nil {
			return err
		}
	}
	for range 100 {
		before := cpuTime()
		time.Sleep(200 * time.Millisecond)
		if cpuTime()-before < 0.02 {
			break
		}
	}
	return nil
}

// timed are the times of each class, in their order.
type timed map[string]times

// preparer is what can be asked.
type preparer interface {
	prepare(q *question, how variant) (func() (int, error), error)
}

// timeAll asks every question in one way.
func (b *bench) timeAll(ix preparer, how variant) (timed, error) {
	all := timed{}
	for i := range b.queries {
		q := &b.queries[i]
		ask, err := ix.prepare(q, how)
		if errors.Is(err, errNoOperator) {
			continue
		}
		if err == nil {
			var t times
			t, err = clock(ask)
			all[q.Class] = append(all[q.Class], t...)
		}
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", q.Text, err)
		}
	}
	for _, t := range all {
		t.sort()
	}
	return all, nil
}

// latency times every class, ranked and faceted, in each engine.
func (b *bench) latency() error {
	columns := []string{"class", "ours"}
	var rankedBy, facetedBy []timed
	for _, e := range b.engines {
		b.say("asking: %s", e.name())
		r, f, err := b.timeEngine(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name(), err)
		}
		if rankedBy, facetedBy = append(rankedBy, r...), append(facetedBy, f...); e != b.engines[0] {
			columns = append(columns, e.name())
		} else {
			columns = append(columns, "ours, `also:no`")
		}
	}
	b.targets.learnLatency(rankedBy[0], facetedBy[0])
	b.doc.section("Latency")
	b.doc.text("p50 / p95 / p99 in milliseconds, warm, in one process, one query at a time. Ranked: ten best hits (the newest ten for `newest 10`, ten from the 10,000th on for the last class) and the number of all. Ours also looks for other spellings, which the peers do not, unless `also:no` turns that off. No answer that ours kept of an earlier search is used again.\n")
	if b.hasNotmuch() {
		b.say("asking: notmuch")
		t, err := b.timeAll(b.notmuch(), ranked)
		if err != nil {
			return fmt.Errorf("notmuch: %w", err)
		}
		rankedBy, columns = append(rankedBy, t), append(columns, "notmuch")
		b.doc.text("notmuch is asked through its command line for its newest ten, the start of the program included.\n")
	}
	b.latencyTable(columns, rankedBy)
	b.doc.text("\nFaceted: besides, how all hits fall to collections, years and senders, twenty of each. The last column is what the results page asks: twenty hits with two snippets each and all nine facets.\n")
	peers := append([]string{}, columns[3:len(b.engines)+2]...)
	b.latencyTable(append(append([]string{"class", "ours"}, peers...), "ours, results page"), append(append([]timed{facetedBy[0]}, facetedBy[2:]...), facetedBy[1]))
	return nil
}

// timeEngine times the variants of an engine: of ours, two for each table.
func (b *bench) timeEngine(e engine) (rankedBy, facetedBy []timed, err error) {
	ix, err := e.open(b.indexDir(e))
	if err != nil {
		return nil, nil, err
	}
	defer ix.Close()
	if err := b.settle(ix); err != nil {
		return nil, nil, err
	}
	for _, how := range []variant{ranked, exact, faceted, page} {
		if e != b.engines[0] && (how == exact || how == page) {
			continue
		}
		t, err := b.timeAll(ix, how)
		if err != nil {
			return nil, nil, err
		}
		if how == ranked || how == exact {
			rankedBy = append(rankedBy, t)
		} else {
			facetedBy = append(facetedBy, t)
		}
	}
	return rankedBy, facetedBy, nil
}

func (b *bench) latencyTable(columns []string, by []timed) {
	b.doc.table(columns...)
	for _, c := range b.classes() {
		cells := []string{c}
		for _, t := range by {
			cells = append(cells, t[c].cell())
		}
		b.doc.row(cells...)
	}
}

// loadTime is how long one load lasts.
const loadTime = 5 * time.Second

// throughput asks all questions in a random order, from one client and from four.
func (b *bench) throughput() error {
	b.doc.section("Throughput")
	b.doc.text("Queries a second, all questions in a random order, ranked, for %s.\n", loadTime)
	b.doc.table("engine", "1 client", "4 clients")
	for _, e := range b.engines {
		b.say("throughput: %s", e.name())
		ix, err := e.open(b.indexDir(e))
		if err != nil {
			return err
		}
		if err := b.settle(ix); err != nil {
			return errors.Join(err, ix.Close())
		}
		cells := []string{e.name()}
		for _, clients := range []int{1, 4} {
			rate, err := b.load(ix, clients)
			if err != nil {
				return errors.Join(err, ix.Close())
			}
			cells = append(cells, number(int(rate)))
		}
		b.doc.row(cells...)
		if err := ix.Close(); err != nil {
			return err
		}
	}
	return nil
}

// load has clients ask the questions that an engine can answer and returns how
// many it answers a second.
func (b *bench) load(ix preparer, clients int) (float64, error) {
	asks, err := b.prepareAll(ix, ranked)
	if err != nil {
		return 0, err
	}
	return loadWith(asks, clients, loadTime)
}

func (b *bench) prepareAll(ix preparer, how variant) (asks []func() (int, error), err error) {
	for i := range b.queries {
		ask, err := ix.prepare(&b.queries[i], how)
		switch {
		case err == nil:
			asks = append(asks, ask)
		case !errors.Is(err, errNoOperator):
			return nil, err
		}
	}
	return asks, nil
}

func loadWith(asks []func() (int, error), clients int, long time.Duration) (float64, error) {
	counts, errs := make([]int, clients), make([]error, clients)
	start := time.Now()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(c)))
			for time.Since(start) < long && errs[c] == nil {
				_, errs[c] = asks[r.IntN(len(asks))]()
				counts[c]++
			}
		})
	}
	wg.Wait()
	took, sum := time.Since(start).Seconds(), 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / took, errors.Join(errs...)
}
