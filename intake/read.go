package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/trove"
)

// ItemReader reads one item, or a file in one, in one stage. A foreign file
// that ends the process it is read in is a failed result; an error means that
// nothing can be read at all. It is safe for concurrent use.
type ItemReader interface {
	Read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64) (reader.Result, error)
}

// Stage is a stage of reading. One of Reader and Func is set.
type Stage struct {
	Name   reader.Stage
	Kinds  []trove.Kind                                 // of the items that it looks at; mails for the files in them
	Takes  func(kind trove.Kind, mediaType string) bool // whether it reads such a file
	Reader ItemReader                                   // in a child process
	Func   reader.Func                                  // in this process, for stages that ask a server
	Jobs   int                                          // items at the same time; 0 is that of the run
}

// ReadOptions is what reading needs. Collection, Catalog, Blobs and KindOf are
// required.
type ReadOptions struct {
	Collection trove.CollectionName
	Catalog    catalog.Catalog
	Blobs      blob.Store
	Stages     []Stage          // in their order; the first is reader.Read
	Items      []catalog.ItemID // these alone; empty for all
	KindsOnly  []trove.Kind     // these alone; empty for all
	Langs      []string         // of the collection, BCP 47
	Passwords  []string         // to be tried on encrypted files
	KindOf     KindOf
	Jobs       int // 0 is one per processor
	Now        func() time.Time
	Progress   func(ReadProgress) // after each item, from one goroutine at a time; may be nil
}

// ReadProgress says how far a stage is.
type ReadProgress struct {
	Stage   reader.Stage
	Kind    trove.Kind // of the item that was read last
	Done    int        // items of the stage that are behind us
	Total   int
	Elapsed time.Duration // in this stage
	Counts  *ReadSummary  // of the run so far; good during the call
}

// ReadKey is what a summary counts by.
type ReadKey struct {
	Stage reader.Stage
	Kind  trove.Kind
	State catalog.OutcomeState
}

// Shortfall is something that was not read, or not all of it, and why.
type Shortfall struct {
	ReadKey
	Cause string
	Items int
	First catalog.ItemID
}

// ReadSummary counts what a run of Read came to.
type ReadSummary struct {
	Items    int // read by some stage, once for each that gave something or fell short
	Counts   map[ReadKey]int
	Spent    map[reader.Stage]time.Duration
	Duration time.Duration
	Mails    []TableOfMails    // the first tables met whose rows look like mails
	Pages    int               // of documents and pictures, by the first stage
	Sound    float64           // seconds of recordings, likewise
	short    map[Shortfall]int // by key and cause; First is 0
	first    map[Shortfall]catalog.ItemID
}

// Shortfalls are what was not read, the most frequent first.
func (s *ReadSummary) Shortfalls() []Shortfall {
	var all []Shortfall
	for k, n := range s.short {
		k.Items, k.First = n, s.first[k]
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Shortfall) int {
		return cmp.Or(b.Items-a.Items, cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.First, b.First))
	})
	return all
}

// count adds an outcome. What is done and gave nothing, as the look for
// translations beside a text without any, is not told.
func (s *ReadSummary) count(stage reader.Stage, kind trove.Kind, o *catalog.Outcome) {
	if o.State == catalog.ReadDone && o.Sum.IsZero() {
		return
	}
	s.Items++
	key := ReadKey{stage, kind, o.State}
	s.Counts[key]++
	if o.State == catalog.ReadDone {
		return
	}
	k := Shortfall{ReadKey: key, Cause: o.Cause}
	s.short[k]++
	if s.first[k] == 0 {
		s.first[k] = o.Item
	}
}

// Read reads what pass one has taken in: stage by stage the items that have no
// outcome of it yet, that wait, or that are to be done again. What is read
// becomes durable some items at a time, so that a run may be stopped at any
// moment and the next one goes on. The error is one that stopped the run; the
// summary is good in either case. Afterwards call [Join].
func Read(ctx context.Context, o ReadOptions) (ReadSummary, error) {
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	started := o.Now()
	p := &pass{o: o, memory: semaphore.NewWeighted(maxInFlight), sum: ReadSummary{
		Counts: map[ReadKey]int{}, Spent: map[reader.Stage]time.Duration{}, short: map[Shortfall]int{}, first: map[Shortfall]catalog.ItemID{},
	}}
	var err error
	for i := range o.Stages {
		began := o.Now()
		err = p.stage(ctx, &o.Stages[i])
		p.sum.Spent[o.Stages[i].Name] = o.Now().Sub(began)
		if err != nil {
			err = fmt.Errorf("stage %s: %w", o.Stages[i].Name, err)
			break
		}
	}
	p.sum.Duration = o.Now().Sub(started)
	return p.sum, err
}

// pass is one call of Read.
type pass struct {
	o      ReadOptions
	memory *semaphore.Weighted // bytes of mails that are held
	near   *besides            // nil until it is needed
	sum    ReadSummary         // the committer's
}

// Sizes of the pass.
const (
	unreadPage  = 500 // items fetched at once
	commitItems = 64  // outcomes made durable together
	commitBytes = 16 << 20
	commitEvery = 2 * time.Second
)

// query selects what a stage has to read.
func (p *pass) query(s *Stage) catalog.UnreadQuery {
	q := catalog.UnreadQuery{Collection: p.o.Collection, Stage: string(s.Name), Items: p.o.Items}
	for _, k := range s.Kinds {
		if len(p.o.KindsOnly) == 0 || slices.Contains(p.o.KindsOnly, k) {
			q.Kinds = append(q.Kinds, k)
		}
	}
	if s.Name != reader.Read {
		q.After = string(reader.Read)
	}
	return q
}

// stage reads all that one stage has to read.
func (p *pass) stage(ctx context.Context, s *Stage) error {
	q := p.query(s)
	if len(q.Kinds) == 0 {
		return nil
	}
	counts, err := p.o.Catalog.CountUnread(ctx, q)
	if err != nil || len(counts) == 0 {
		return err
	}
	if s.Name == reader.Read && len(q.Items) == 0 {
		if err := p.late(ctx, q); err != nil {
			return err
		}
		if counts, err = p.o.Catalog.CountUnread(ctx, q); err != nil {
			return err
		}
	}
	if p.near == nil {
		if p.near, err = newBesides(ctx, p.o.Catalog, p.o.Collection); err != nil {
			return err
		}
	}
	r := &stageRun{pass: p, Stage: s, began: p.o.Now()}
	for _, n := range counts {
		r.total += n
	}
	return r.run(ctx, q)
}

// stageRun is one stage of a pass: a producer fetches items, jobs read them, a
// committer makes what they found durable.
type stageRun struct {
	*pass
	*Stage
	began   time.Time
	total   int
	done    int        // the committer's
	pending []*outcome // the committer's
	bytes   int        // of pending
}

func (r *stageRun) run(ctx context.Context, q catalog.UnreadQuery) error {
	work, results := make(chan *catalog.Unread), make(chan *outcome)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		return r.fetch(ctx, q, work)
	})
	g.Go(func() error {
		defer close(results)
		return r.jobs(ctx, work, results)
	})
	g.Go(func() error { return r.commit(ctx, results) })
	return g.Wait()
}

// fetch gives out the unread items, page by page, so that no walk of the
// catalog is open for as long as the stage lasts.
func (r *stageRun) fetch(ctx context.Context, q catalog.UnreadQuery, work chan<- *catalog.Unread) error {
	q.Limit = unreadPage
	for {
		var page []*catalog.Unread
		err := r.o.Catalog.Unread(ctx, q, func(u *catalog.Unread) error {
			c := *u
			c.Record, c.First = slices.Clone(u.Record), slices.Clone(u.First)
			page = append(page, &c)
			return nil
		})
		if err != nil || len(page) == 0 {
			return err
		}
		q.From = page[len(page)-1].ID
		for _, u := range page {
			select {
			case work <- u:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (r *stageRun) jobs(ctx context.Context, work <-chan *catalog.Unread, results chan<- *outcome) error {
	g, ctx := errgroup.WithContext(ctx)
	for range cmp.Or(r.Stage.Jobs, r.o.Jobs) {
		g.Go(func() error {
			for u := range work {
				o, err := r.item(ctx, u)
				if err != nil {
					return fmt.Errorf("item %s: %w", u.SHA256.Short(), err)
				}
				select {
				case results <- o:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// commit makes outcomes durable, some at a time.
func (r *stageRun) commit(ctx context.Context, results <-chan *outcome) error {
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	for {
		select {
		case o, ok := <-results:
			if !ok {
				return errors.Join(ctx.Err(), r.flush(ctx))
			}
			r.add(o)
			if len(r.pending) < commitItems && r.bytes < commitBytes {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
}

// add takes an item's outcome; nil means that the stage has nothing to do for
// it.
func (r *stageRun) add(u *outcome) {
	r.done++
	if u.row != nil {
		r.sum.count(r.Name, u.kind, &u.row.Outcome)
		r.sum.table(u.table)
		if r.Name == reader.Read {
			r.sum.Pages += u.pages
			r.sum.Sound += u.seconds
		}
		if !u.keep {
			r.pending = append(r.pending, u)
			r.bytes += u.weight()
		}
	}
	if r.o.Progress != nil {
		r.o.Progress(ReadProgress{Stage: r.Name, Kind: u.kind, Done: r.done, Total: max(r.total, r.done), Elapsed: r.o.Now().Sub(r.began), Counts: &r.sum})
	}
}

// flush makes what is pending durable: first the blobs, then the outcomes in
// one transaction.
func (r *stageRun) flush(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	var frames []byte
	rows := make([]catalog.OutcomeRow, len(r.pending))
	put := r.o.Blobs.NewBatch()
	var bad error
	for i, u := range r.pending {
		rows[i] = *u.row
		frames = u.place(frames, &rows[i])
		for _, f := range u.files {
			if bad == nil {
				_, bad = put.Put(ctx, f)
			}
		}
	}
	if len(frames) > 0 && bad == nil {
		_, bad = put.Put(ctx, frames)
	}
	if err := put.Flush(); err != nil || bad != nil {
		return errors.Join(bad, err)
	}
	for i, u := range r.pending {
		u.found(trove.Sum(frames), &rows[i])
	}
	r.pending, r.bytes = nil, 0
	return r.o.Catalog.SetOutcomes(ctx, r.o.Collection, rows)
}
