package release

import (
	"context"
	"encoding/json"
	"errors"
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
//
// It refuses, before it says anything, a folder that holds something else
// ([ErrForeign]) and an archive that this desk's log does not lead to
// ([translog.ErrFork]).
func (r *Desk) Publish(ctx context.Context, to durable.FS, names []trove.Name) (Published, error) {
	r.origins = nil // what was learned for an earlier publish may have changed
	if err := r.Settle(ctx); err != nil {
		return Published{}, err
	}
	plan, err := r.plan(ctx, names)
	if err != nil {
		return Published{}, err
	}
	t, err := r.openArchive(to)
	if err != nil {
		return Published{}, err
	}
	if err := t.Tidy(); err != nil {
		return Published{}, fmt.Errorf("tidy the archive: %w", err)
	}
	if err := r.sayWithheld(ctx); err != nil {
		return Published{}, err
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
// It holds one item's bytes and text at a time, and of all items what a search
// index learns of them besides the text.
func (r *Desk) writeBatch(ctx context.Context, t *archive.Writer, name trove.CollectionName, n int) ([]translog.Entry, error) {
	head, err := r.readBatchHead(name, n)
	if err != nil {
		return nil, err
	}
	var docs []segmentDoc
	signed := signersOf{}
	items := func(yield func(*archive.NewItem, error) bool) {
		err := r.readBatch(name, n, func(batchHead) error { return nil }, func(l *batchLine) error {
			content, err := blob.Read(ctx, r.Blobs, blob.Span(l.Span), maxItem)
			if err != nil {
				return fmt.Errorf("item %s: %w", trove.Name{Collection: name, Number: l.Record.Number}, err)
			}
			docs = append(docs, l.document(&head))
			signed.learn(l.Record.Signatures)
			if !yield(l.item(content), nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
	b := archive.NewBatch{Collection: name, Number: n, Edition: 1, Published: head.Published}
	entries, err := t.WriteBatch(ctx, b, items, func(w io.Writer) error { return r.Segment(w, r.withTexts(ctx, docs)) })
	if err == nil {
		r.knowSigners(trove.Name{Collection: name, Batch: n}, signed)
	}
	return entries, err
}

func (l *batchLine) item(content []byte) *archive.NewItem {
	return &archive.NewItem{Number: l.Record.Number, Kind: l.Record.Kind, Edition: 1, Date: l.Date, Content: content, Record: l.Record}
}

// segmentDoc is a document whose text is read when it is its turn.
type segmentDoc struct {
	*search.Doc
	text catalog.TextRef
}

func (l *batchLine) document(head *batchHead) segmentDoc {
	doc := Document(&l.Record.Record, "")
	doc.Collection, doc.Number, doc.Batch, doc.Edition, doc.Published = head.Collection, l.Record.Number, head.Batch, 1, head.Published
	doc.Thread, doc.SHA256, doc.Size, doc.CopyOf = l.Record.Thread, l.SHA256, l.Size, l.Record.CopyOf
	if len(l.Record.Owners) > 0 {
		doc.Owner = l.Record.Owners[0]
	}
	return segmentDoc{doc, l.Text}
}

// withTexts reads the texts of documents, one after the other.
func (r *Desk) withTexts(ctx context.Context, docs []segmentDoc) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			text, err := Text(ctx, r.Blobs, d.text)
			if err != nil {
				yield(nil, fmt.Errorf("item %s: %w", trove.Name{Collection: d.Collection, Number: d.Number}, err))
				return
			}
			d.Body = text
			if !yield(d.Doc, nil) {
				return
			}
			d.Body = ""
		}
	}
}

// What is told of the archive at a checkpoint is kept for each, under the size
// of the log before its index entry, so that the log can be followed again.
func toldFile(size int64) string { return path.Join(ToldDir, strconv.FormatInt(size, 10)+".json") }

// tell puts a checkpoint over all that was appended to the desk's log; durable
// on return. Where nothing is new it changes nothing.
func (r *Desk) tell(ctx context.Context, l *archive.Writer) error {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	t := archive.Told{Info: archive.Info{Name: r.Name, Addresses: r.Addresses}}
	if t.Keys, err = r.keysToTell(ctx, l); err != nil {
		return err
	}
	for _, c := range all {
		t.Collections = append(t.Collections, archive.CollectionInfo{Name: c.Name, Title: c.Title, Series: c.Series,
			Description: c.Description, Promised: c.Promised, PromisedBy: c.PromisedBy, PromiseSource: c.PromiseSource})
	}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := r.Files.MkdirAll(ToldDir); err != nil {
		return err
	}
	if err := durable.WriteFile(r.Files, toldFile(l.State().Size), b); err != nil {
		return err
	}
	return l.Publish(t)
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
	err := r.entries(r.log.Signed().Size, from, func(line []byte) error {
		e, err := translog.Parse(line)
		if err != nil {
			return err
		}
		if _, index := e.(translog.Index); index {
			return errStopped
		}
		list = append(list, e)
		return nil
	})
	switch {
	case errors.Is(err, errStopped):
		return list, nil
	case err == nil:
		err = fmt.Errorf("no index entry after %d entries", from)
	}
	return nil, err
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
	s, err := r.readTold(size)
	if err != nil {
		return err
	}
	return t.Publish(s)
}

// readTold reads what was told at the checkpoint whose index entry follows
// that many entries.
func (r *Desk) readTold(size int64) (s archive.Told, err error) {
	b, err := fs.ReadFile(r.Files, toldFile(size))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		err = fmt.Errorf("what was told at %d entries: %w", size, err)
	}
	return s, err
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

// plan lists the named batches that are not out yet, or all that are planned
// and have items. Of the collections named, or else of any, there has to be a
// commitment.
func (r *Desk) plan(ctx context.Context, names []trove.Name) ([]planned, error) {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return nil, err
	}
	var plan []planned
	var open error // of the last collection without a commitment
	committed := false
	known := map[trove.Name]planned{}
	for i := range all {
		batches, err := r.batchesOf(ctx, &all[i])
		if missing, ok := errors.AsType[*NotCommittedError](err); ok {
			if slices.ContainsFunc(names, func(n trove.Name) bool { return n.Collection == missing.Collection }) {
				return nil, err
			}
			open = err
			continue
		}
		if err != nil {
			return nil, err
		}
		committed = true
		for _, p := range batches {
			known[p.name()] = p
			if p.State == catalog.Planned && p.Items > 0 && (len(names) == 0 || slices.Contains(names, p.name())) {
				plan = append(plan, p)
			}
		}
	}
	if !committed && open != nil {
		return nil, open
	}
	return plan, namesFit(names, known)
}

// batchesOf lists the batches of a collection that is committed to.
func (r *Desk) batchesOf(ctx context.Context, coll *catalog.Collection) ([]planned, error) {
	commitments, err := r.Catalog.Commitments(ctx, coll.Name)
	if err != nil {
		return nil, err
	}
	if len(commitments) == 0 {
		return nil, &NotCommittedError{coll.Name}
	}
	batches, err := r.Catalog.Batches(ctx, coll.Name)
	list := make([]planned, len(batches))
	for i, b := range batches {
		list[i] = planned{b, *coll}
	}
	return list, err
}

// namesFit refuses names of batches that are not there, or hold nothing.
func namesFit(names []trove.Name, known map[trove.Name]planned) error {
	for _, n := range names {
		p, ok := known[n]
		if !ok {
			return fmt.Errorf("batch %s: %w", n, catalog.ErrNotFound)
		}
		if p.State == catalog.Planned && p.Items == 0 {
			return fmt.Errorf("batch %s: %w: it holds no items any more; all are withheld", n, catalog.ErrConflict)
		}
	}
	return nil
}
