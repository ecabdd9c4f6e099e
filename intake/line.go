package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"unseal/catalog"
	"unseal/intake/worker"
	"unseal/trove"
)

// Sizes of the line. What is in flight is bounded by maxInFlight, whatever the
// number of children.
const (
	chunkItems  = 500     // made durable together
	chunkBytes  = 4 << 20 // or fewer, if they are large
	groupBytes  = 1 << 20 // sent to a child at once
	groupMails  = 100
	maxInFlight = 128 << 20 // more than the largest mail, quoted and not
)

// entry is a candidate found by the source: an item, or the end of a file.
type entry struct {
	file     *handed
	progress int64 // of the file, with this entry
	sha      trove.Digest
	size     int64
	span     catalog.Span
	occ      trove.Occurrence
	raw      []byte          // to be parsed; nil if it need not be
	record   *trove.Record   // in place of parsing
	warnings []trove.Warning // to be added to what parsing finds
	known    bool            // the collection has these bytes
	advance  int64           // bytes of the file that are behind us with it
	end      bool
}

// chunk is what becomes durable together.
type chunk struct {
	entries []entry
	blobs   [][]byte // small ones, to be stored with it
	bytes   int64
	results []worker.Result // by entry; empty where nothing was parsed
	done    chan struct{}   // closed when results are there
}

// line carries chunks from the source through the children to the catalog, in
// the source's order.
type line struct {
	run    *run
	trove  catalog.Trove
	work   chan *chunk
	order  chan *chunk
	memory *semaphore.Weighted
	cur    *chunk // owned by the source's goroutine
}

func newLine(r *run, t catalog.Trove) *line {
	return &line{
		run: r, trove: t, cur: newChunk(),
		work: make(chan *chunk), order: make(chan *chunk, r.o.Jobs+1),
		memory: semaphore.NewWeighted(maxInFlight),
	}
}

func newChunk() *chunk { return &chunk{done: make(chan struct{})} }

// carry runs the line until read has ended and everything is durable, or to the
// first error.
func (l *line) carry(ctx context.Context, read func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(l.work)
		defer close(l.order)
		if err := read(ctx); err != nil {
			return err
		}
		return l.flush(ctx)
	})
	for range l.run.o.Jobs {
		g.Go(func() error {
			for c := range l.work {
				if err := l.parse(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for c := range l.order {
			if err := l.commit(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// add appends an entry, and a small blob that it needs, to the chunk.
func (l *line) add(ctx context.Context, e entry, b []byte) error {
	n := min(weight(e.raw)+int64(len(b)), maxInFlight/2)
	if !l.memory.TryAcquire(n) {
		if err := l.flush(ctx); err != nil { // it may hold what we wait for
			return err
		}
		if err := l.memory.Acquire(ctx, n); err != nil {
			return err
		}
	}
	l.cur.bytes += n
	l.cur.entries = append(l.cur.entries, e)
	if b != nil {
		l.cur.blobs = append(l.cur.blobs, b)
	}
	if len(l.cur.entries) >= chunkItems || l.cur.bytes >= chunkBytes {
		return l.flush(ctx)
	}
	return nil
}

// partBytes is what one part takes in a record, roughly.
const partBytes = 512

// weight is what a mail is counted as while it is in flight: its own bytes and
// those of its record, which for a mail of nothing but boundary lines is fifty
// times as long.
func weight(raw []byte) int64 {
	return int64(len(raw) + partBytes*bytes.Count(raw, []byte("\n--")))
}

// advance notes that the file is behind us up to an offset.
func (l *line) advance(h *handed, to int64) {
	if n := len(l.cur.entries); n > 0 && l.cur.entries[n-1].file == h && to > h.advanced {
		l.cur.entries[n-1].advance += to - h.advanced
		h.advanced = to
	}
}

// end adds the end of a file.
func (l *line) end(ctx context.Context, h *handed, c *content) error {
	var b []byte
	if !c.stored {
		b = c.mem
	}
	return l.add(ctx, entry{file: h, progress: h.count, end: true, advance: h.Size - h.advanced}, b)
}

// flush sends the chunk on its way.
func (l *line) flush(ctx context.Context) error {
	c := l.cur
	if len(c.entries) == 0 {
		return nil
	}
	l.cur = newChunk()
	for _, ch := range []chan *chunk{l.order, l.work} {
		select {
		case ch <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// parse has the chunk's mails parsed, group by group, in one child at a time.
func (l *line) parse(ctx context.Context, c *chunk) error {
	c.results = make([]worker.Result, len(c.entries))
	var mails [][]byte
	var at []int
	size := 0
	send := func() error {
		if len(mails) == 0 {
			return nil
		}
		results, err := l.run.pool.Parse(ctx, mails)
		if err != nil {
			return err
		}
		for i, r := range results {
			c.results[at[i]] = r
		}
		mails, at, size = mails[:0], at[:0], 0
		return nil
	}
	for i := range c.entries {
		e := &c.entries[i]
		if e.end || e.known || e.record != nil {
			continue
		}
		if len(mails) > 0 && (size+len(e.raw) > groupBytes || len(mails) == groupMails) {
			if err := send(); err != nil {
				return err
			}
		}
		mails, at, size = append(mails, e.raw), append(at, i), size+len(e.raw)
	}
	if err := send(); err != nil {
		return err
	}
	close(c.done)
	return nil
}

// commit makes a chunk durable: first the blobs, then items, occurrences and
// progress in one transaction.
func (l *line) commit(ctx context.Context, c *chunk) error {
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	items, text, err := l.items(c)
	if err != nil {
		return err
	}
	if err := l.store(ctx, c.blobs, text); err != nil {
		return err
	}
	added, err := l.run.o.Catalog.AddChunks(ctx, l.chunks(c, items))
	if err != nil {
		return err
	}
	l.memory.Release(c.bytes)
	l.account(c, items, added)
	return nil
}

// items makes the catalog's rows of the entries and gathers the texts: one
// zstd frame an item, one after the other.
func (l *line) items(c *chunk) ([]catalog.NewItem, []byte, error) {
	items := make([]catalog.NewItem, len(c.entries))
	var text []byte
	for i := range c.entries {
		e, r := &c.entries[i], &c.results[i]
		if e.end {
			continue
		}
		it := &items[i]
		it.Item = catalog.Item{Collection: l.run.o.Collection, SHA256: e.sha, Size: e.size, Span: e.span, State: trove.In}
		it.Occurrences = []trove.Occurrence{e.occ}
		if e.known {
			continue
		}
		if err := l.describe(&it.Item, e, r); err != nil {
			return nil, nil, err
		}
		if len(r.Text) > 0 {
			it.Text = catalog.TextRef{Offset: int64(len(text)), Length: int64(len(r.Text))}
			text = append(text, r.Text...)
		}
	}
	if len(text) > 0 {
		blob := trove.Sum(text)
		for i := range items {
			if items[i].Text.Length > 0 {
				items[i].Text.Blob = blob
			}
		}
	}
	return items, text, nil
}

// describe fills in what is known of an item from its record.
func (l *line) describe(it *catalog.Item, e *entry, r *worker.Result) error {
	if e.record != nil {
		b, err := json.Marshal(e.record)
		if err != nil {
			return err
		}
		*r = worker.Result{Record: b, Kind: e.record.Kind, Unreadable: e.record.Unreadable}
		for _, w := range e.record.Warnings {
			r.Warnings = append(r.Warnings, w.Code)
		}
	} else if len(e.warnings) > 0 {
		if err := addWarnings(r, e.warnings); err != nil {
			return err
		}
	}
	it.Record, it.Kind, it.MessageID, it.Content = r.Record, r.Kind, r.MessageID, r.Content
	it.Files = r.Kind == trove.Mail && bytes.Contains(r.Record, attached)
	it.SortDate = sortDate(r.Date, r.Received, l.trove.Started)
	if r.Unreadable != "" {
		it.State, it.Reason = trove.Unreadable, r.Unreadable
	}
	return nil
}

// attached is in the JSON of every record with a file, and in no other: inside a
// string its quotes would be escaped.
var attached = []byte(`"role":"attachment"`)

// addWarnings adds what the container taught to what parsing found.
func addWarnings(r *worker.Result, warnings []trove.Warning) error {
	var rec trove.Record
	if err := json.Unmarshal(r.Record, &rec); err != nil {
		return err
	}
	rec.Warnings = append(rec.Warnings, warnings...)
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, w.Code)
	}
	b, err := json.Marshal(&rec)
	r.Record = b
	return err
}

// sortDate is the date that decides an item's number: its Date field if that
// lies between 1970 and the intake, else the oldest Received field, else none.
func sortDate(date, received, intake time.Time) time.Time {
	if !date.IsZero() && date.Unix() >= 0 && !date.After(intake) {
		return date
	}
	return received
}

// store makes small blobs and the text durable.
func (l *line) store(ctx context.Context, blobs [][]byte, text []byte) error {
	if len(text) > 0 {
		blobs = append(blobs, text)
	}
	if len(blobs) == 0 {
		return nil
	}
	batch := l.run.o.Blobs.NewBatch()
	var bad error
	for _, b := range blobs {
		if _, bad = batch.Put(ctx, b); bad != nil {
			break
		}
	}
	if err := batch.Flush(); bad == nil {
		bad = err
	}
	return bad
}

// chunks groups the rows by file.
func (l *line) chunks(c *chunk, items []catalog.NewItem) []catalog.Chunk {
	var chunks []catalog.Chunk
	var last *handed
	for i := range c.entries {
		e := &c.entries[i]
		if e.file != last {
			chunks = append(chunks, catalog.Chunk{File: e.file.File})
			last = e.file
		}
		ch := &chunks[len(chunks)-1]
		ch.File.Progress = e.progress
		if e.end {
			ch.File.Done, ch.File.Warnings = true, e.file.warnings
			continue
		}
		ch.Items = append(ch.Items, items[i])
	}
	return chunks
}

// account adds a durable chunk to the summary and reports progress.
func (l *line) account(c *chunk, items []catalog.NewItem, added catalog.Added) {
	sum := &l.run.sum
	sum.New += added.Items
	sum.Occurrences += added.Occurrences
	for i := range c.entries {
		e := &c.entries[i]
		l.run.bytes += e.advance
		if e.end {
			sum.Bytes += e.file.Size
			if e.file.mails == 0 {
				sum.NoMail++
			}
			for _, w := range e.file.warnings {
				sum.Warnings[w.Code]++
			}
			continue
		}
		sum.Items++
		if items[i].State == trove.Unreadable {
			sum.Unreadable++
		}
		if k := items[i].Kind; k != "" && k != trove.Mail {
			sum.NotMail++
		}
		for _, code := range c.results[i].Warnings {
			sum.Warnings[code]++
		}
	}
	if l.run.o.Progress != nil {
		l.run.o.Progress(Progress{
			Items: sum.Items, Bytes: l.run.bytes + l.run.skipped.Load(), TotalBytes: l.run.total,
			Elapsed: l.run.o.Now().Sub(l.run.started),
		})
	}
}
