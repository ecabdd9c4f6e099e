package release

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strconv"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/durable"
	"unseal/proof"
	"unseal/search"
	"unseal/translog"
	"unseal/trove"
)

// NotCommittedError says that a collection has no commitment in the log yet,
// without which nothing of it may be published.
type NotCommittedError struct{ Collection trove.CollectionName }

func (e *NotCommittedError) Error() string {
	return fmt.Sprintf("collection %s is not committed", e.Collection)
}

// Published says what a publish did.
type Published struct {
	Batches, Items int
	LogSize        int64
	Root           trove.Digest
}

// Publish brings the archive in to up to date with the desk's log and then
// publishes the named batches, or all that are planned, each with a checkpoint
// of its own. It may be repeated: after a stop it goes on, and into an empty
// folder it writes the whole archive again, byte for byte. Durable on return.
func (r *Desk) Publish(ctx context.Context, to durable.FS, names []trove.Name) (Published, error) {
	if err := r.settle(ctx); err != nil {
		return Published{}, err
	}
	plan, err := r.plan(ctx, names)
	if err != nil {
		return Published{}, err
	}
	if err := r.sayWithheld(ctx); err != nil {
		return Published{}, err
	}
	t, err := r.openArchive(to)
	if err != nil {
		return Published{}, err
	}
	if err := t.Tidy(); err != nil {
		return Published{}, fmt.Errorf("tidy the archive: %w", err)
	}
	if err := r.catchUp(ctx, t); err != nil {
		return Published{}, err
	}
	done := Published{}
	total := planItems(plan)
	for _, b := range plan {
		r.progress("batch "+b.name().String(), int64(done.Items), int64(total))
		if err := r.publishBatch(ctx, t, b); err != nil {
			return done, fmt.Errorf("publish %s: %w", b.name(), err)
		}
		done.Batches++
		done.Items += b.Items
	}
	done.LogSize, done.Root = t.Signed().Size, t.Signed().Root
	return done, nil
}

// openArchive opens the folder as an archive that follows the desk's log.
func (r *Desk) openArchive(to durable.FS) (*archive.Writer, error) {
	signed := r.log.Signed()
	t, err := archive.NewWriter(to, r.Signer, nil, signed)
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	if n := t.Signed().Size; n > signed.Size {
		return nil, fmt.Errorf("the archive's log has %d entries, the desk's %d: this desk was put back to an older state, and going on would fork the log; restore the newest backup: %w",
			n, signed.Size, translog.ErrFork)
	}
	return t, nil
}

// publishBatch makes one batch public. Its objects come first; then the desk's
// log says it, which is the point of no return; then the catalog records it;
// then the archive's log follows.
func (r *Desk) publishBatch(ctx context.Context, t *archive.Writer, b planned) error {
	if err := r.assemble(ctx, &b.collection, b.Batch); err != nil {
		return err
	}
	entries, err := r.writeBatch(ctx, t, b.Collection, b.Number)
	if err != nil {
		return err
	}
	logged := entries[len(entries)-1].(translog.Batch)
	info, _ := t.Batch(logged.Manifest)
	if err := r.keepBatchInfo(b.Collection, info); err != nil {
		return err
	}
	r.log.Know(info)
	if err := r.log.Append(entries...); err != nil {
		return err
	}
	if err := r.tell(ctx, r.log); err != nil {
		return err
	}
	if err := r.settleBatches(ctx, r.log, b.Collection); err != nil {
		return err
	}
	return r.catchUp(ctx, t)
}

// writeBatch writes the folder of an assembled batch and returns its entries.
func (r *Desk) writeBatch(ctx context.Context, t *archive.Writer, name trove.CollectionName, n int) ([]translog.Entry, error) {
	var head batchHead
	var docs []*search.Doc
	items := func(yield func(*archive.NewItem, error) bool) {
		err := r.readBatch(name, n, func(h batchHead) error { head = h; return nil }, func(l *batchLine) error {
			item, doc, err := r.newItem(ctx, name, &head, l)
			if err != nil {
				return err
			}
			docs = append(docs, doc)
			if !yield(item, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && err != errStopped {
			yield(nil, err)
		}
	}
	published, err := r.readBatchHead(name, n)
	if err != nil {
		return nil, err
	}
	b := archive.NewBatch{Collection: name, Number: n, Edition: 1, Published: published.Published}
	return t.WriteBatch(ctx, b, items, func(w io.Writer) error { return r.Segment(w, values(docs)) })
}

// newItem reads the bytes and text of a line.
func (r *Desk) newItem(ctx context.Context, name trove.CollectionName, head *batchHead, l *batchLine) (*archive.NewItem, *search.Doc, error) {
	content, err := blob.Read(ctx, r.Blobs, blob.Span(l.Span), maxExact)
	if err != nil {
		return nil, nil, fmt.Errorf("item %d: %w", l.Record.Number, err)
	}
	text, err := Text(ctx, r.Blobs, l.Text)
	if err != nil {
		return nil, nil, fmt.Errorf("item %d: %w", l.Record.Number, err)
	}
	doc := Document(&l.Record.Record, text)
	doc.Collection, doc.Number, doc.Batch, doc.Edition, doc.Published = name, l.Record.Number, head.Batch, 1, head.Published
	doc.Thread, doc.SHA256, doc.Size, doc.CopyOf = l.Record.Thread, l.SHA256, l.Size, l.Record.CopyOf
	if len(l.Record.Owners) > 0 {
		doc.Owner = l.Record.Owners[0]
	}
	item := &archive.NewItem{Number: l.Record.Number, Kind: l.Record.Kind, Edition: 1, Date: l.Date, Content: content, Record: l.Record}
	return item, doc, nil
}

func values(docs []*search.Doc) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// told is what a publisher says of the archive at one checkpoint. It is kept
// for each, under the size of the log before its index entry, so that the log
// can be followed again.
type told struct {
	Info        archive.Info             `json:"info"`
	Collections []archive.CollectionInfo `json:"collections"`
}

func toldFile(size int64) string { return path.Join(toldDir, strconv.FormatInt(size, 10)+".json") }

// tell puts a checkpoint over all that was appended to the desk's log; durable
// on return. Where nothing is new it changes nothing.
func (r *Desk) tell(ctx context.Context, l *archive.Writer) error {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	t := told{Info: archive.Info{Name: r.Name, Addresses: r.Addresses}}
	for _, c := range all {
		t.Collections = append(t.Collections, archive.CollectionInfo{Name: c.Name, Title: c.Title, Series: c.Series,
			Description: c.Description, Promised: c.Promised, PromisedBy: c.PromisedBy, PromiseSource: c.PromiseSource})
	}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := r.Files.MkdirAll(toldDir); err != nil {
		return err
	}
	if err := durable.WriteFile(r.Files, toldFile(l.State().Size), b); err != nil {
		return err
	}
	return l.Publish(t.Info, t.Collections)
}

// catchUp replays the desk's log into an archive, checkpoint by checkpoint.
func (r *Desk) catchUp(ctx context.Context, t *archive.Writer) error {
	for t.Signed().Size < r.log.Signed().Size {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := r.nextEntries(t.Signed().Size)
		if err != nil {
			return fmt.Errorf("read the desk's log: %w", err)
		}
		if err := r.follow(ctx, t, entries); err != nil {
			return err
		}
	}
	return nil
}

// nextEntries reads the desk's log from a checkpoint up to the next: up to the
// next index entry, which is left out.
func (r *Desk) nextEntries(from int64) ([]translog.Entry, error) {
	var list []translog.Entry
	read := func(name string) ([]byte, error) { return fs.ReadFile(r.LogFiles, name) }
	for _, t := range translog.TilesOf(r.log.Signed().Size, translog.Entries) {
		first := t.N * translog.TileWidth
		if first+int64(t.Width) <= from {
			continue
		}
		b, err := translog.ReadEntries(read, archive.LogDir, t)
		if err != nil {
			return nil, err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return nil, err
		}
		for _, line := range lines[max(0, from-first):] {
			e, err := translog.Parse(line)
			if err != nil {
				return nil, err
			}
			if _, index := e.(translog.Index); index {
				return list, nil
			}
			list = append(list, e)
		}
	}
	return nil, fmt.Errorf("no index entry after %d entries", from)
}

// follow makes the objects that the entries name, then publishes them.
func (r *Desk) follow(ctx context.Context, t *archive.Writer, entries []translog.Entry) error {
	size := t.Signed().Size + int64(len(entries))
	for _, e := range entries {
		if err := r.makeObjects(ctx, t, e); err != nil {
			return err
		}
	}
	if err := t.Append(entries...); err != nil {
		return fmt.Errorf("follow the desk's log: %w", err)
	}
	b, err := fs.ReadFile(r.Files, toldFile(size))
	if err != nil {
		return fmt.Errorf("what was told at %d entries: %w", size, err)
	}
	var s told
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("what was told at %d entries: %w", size, err)
	}
	return t.Publish(s.Info, s.Collections)
}

func (r *Desk) makeObjects(ctx context.Context, t *archive.Writer, e translog.Entry) error {
	switch e := e.(type) {
	case proof.Commitment:
		leaves, err := r.leaves(e.Collection, e)
		if err != nil {
			return err
		}
		_, _, err = t.WriteCommitment(ctx, e.Collection, e.K, slices.Values(leaves))
		return err
	case translog.Batch:
		if _, ok := t.Batch(e.Manifest); ok {
			return nil
		}
		entries, err := r.writeBatch(ctx, t, e.Collection, e.Batch)
		if err != nil {
			return err
		}
		if again := entries[len(entries)-1].(translog.Batch); again.Manifest != e.Manifest {
			return fmt.Errorf("batch %d of %s cannot be made again with the same bytes (manifest %s, logged %s); copy its folder from an archive that has it",
				e.Batch, e.Collection, again.Manifest.Short(), e.Manifest.Short())
		}
	}
	return nil
}

// planned is a batch to be published, with its collection.
type planned struct {
	catalog.Batch
	collection catalog.Collection
}

func (p planned) name() trove.Name { return trove.Name{Collection: p.Collection, Batch: p.Number} }

func planItems(plan []planned) int {
	n := 0
	for _, b := range plan {
		n += b.Items
	}
	return n
}

// plan lists the named batches that are not out yet, or all of them.
func (r *Desk) plan(ctx context.Context, names []trove.Name) ([]planned, error) {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return nil, err
	}
	var plan []planned
	known := map[trove.Name]bool{}
	var open error // the first collection without a commitment
	committed := false
	for i := range all {
		list, err := r.Catalog.Commitments(ctx, all[i].Name)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			open = &NotCommittedError{all[i].Name}
			if slices.ContainsFunc(names, func(n trove.Name) bool { return n.Collection == all[i].Name }) {
				return nil, open
			}
			continue
		}
		committed = true
		batches, err := r.Catalog.Batches(ctx, all[i].Name)
		if err != nil {
			return nil, err
		}
		for _, b := range batches {
			p := planned{b, all[i]}
			known[p.name()] = true
			if b.State == catalog.Planned && b.Items > 0 && (len(names) == 0 || slices.Contains(names, p.name())) {
				plan = append(plan, p)
			}
		}
	}
	for _, n := range names {
		if !known[n] {
			return nil, fmt.Errorf("batch %s: %w", n, catalog.ErrNotFound)
		}
	}
	if !committed && open != nil {
		return nil, open
	}
	return plan, nil
}
