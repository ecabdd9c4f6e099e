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
	"strings"

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
	Batches, Items    int // that were not out before
	Editions, Amended int // new editions of batches that were, and what they show otherwise or no more
	LogSize           int64
	Root              trove.Digest
}

// Publish brings the archive in to up to date with the desk's log and then
// publishes the named batches, or all that are planned, each with a checkpoint
// of its own. It may be repeated: after a stop it goes on, and into an empty
// folder it writes the whole archive again, byte for byte. Durable on return.
//
// It refuses, before it says anything, a folder that holds something else
// ([ErrForeign]) and an archive that this desk's log does not lead to
// ([translog.ErrFork]). What waits for signatures of release keys elsewhere is
// left out, with nothing of it in the archive, and the error is then, or wraps,
// one [UnsignedError] for each.
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
	if err := r.sayWithheld(ctx); err != nil {
		return Published{}, err
	}
	if err := r.catchUp(ctx, t); err != nil {
		return Published{}, err
	}
	return r.publishAll(ctx, t, plan)
}

// tidy removes from the archive what stopped runs have left. One that is behind
// the desk's log may have index files of the checkpoint to come, which readers
// know by entries that are there already: it is tidied when it has caught up.
func (r *Desk) tidy(t *archive.Writer) error {
	if t.State().Size < r.log.Signed().Size {
		return nil
	}
	if err := t.Tidy(); err != nil {
		return fmt.Errorf("tidy the archive: %w", err)
	}
	return nil
}

// publishAll makes the new editions of batches public, together, and then the
// batches that are not out yet, one after the other.
func (r *Desk) publishAll(ctx context.Context, t *archive.Writer, plan []planned) (Published, error) {
	done, total := Published{}, planItems(plan)
	var steps [][]planned
	for _, b := range plan {
		if b.Edition > 0 && len(steps) > 0 {
			steps[0] = append(steps[0], b)
		} else {
			steps = append(steps, []planned{b})
		}
	}
	var waiting []error
	for _, step := range steps {
		r.progress("batch "+step[0].name().String(), int64(done.Items), int64(total))
		err := r.publishTogether(ctx, t, step)
		if _, unsigned := errors.AsType[*UnsignedError](err); unsigned {
			waiting = append(waiting, err)
			continue
		}
		if err != nil {
			return done, fmt.Errorf("publish %s: %w", step[0].name(), err)
		}
		done.count(step)
	}
	done.LogSize, done.Root = t.Signed().Size, t.Signed().Root
	return done, errors.Join(append(waiting, r.dropRequests())...)
}

func (p *Published) count(step []planned) {
	for _, b := range step {
		if b.Edition > 0 {
			p.Editions++
			p.Amended += b.Amended
			continue
		}
		p.Batches++
		p.Items += b.Items
	}
}

// publishTogether makes editions of batches public under one checkpoint. Their
// objects come first; then the desk's log says it, which is the point of no
// return; then the catalog records it; then the archive's log follows.
func (r *Desk) publishTogether(ctx context.Context, t *archive.Writer, list []planned) error {
	var entries []translog.Entry
	var waiting []error
	for _, b := range list {
		made, err := r.makeEdition(ctx, t, b)
		if _, unsigned := errors.AsType[*UnsignedError](err); err != nil && !unsigned {
			return err
		}
		if err != nil {
			waiting = append(waiting, err)
		}
		entries = append(entries, made...)
	}
	if len(waiting) > 0 { // what was written of the others has to wait with them
		return errors.Join(append(waiting, t.Tidy())...)
	}
	if err := r.log.Append(entries...); err != nil {
		return err
	}
	if durable.Fault == durable.CatalogFirst {
		if err := r.record(ctx, list); err != nil {
			return err
		}
	}
	if err := r.tell(ctx, r.log); err != nil {
		return err
	}
	if err := r.record(ctx, list); err != nil {
		return err
	}
	return r.catchUp(ctx, t)
}

// record tells the catalog what the log says of the collections of some batches.
func (r *Desk) record(ctx context.Context, list []planned) error {
	for _, b := range list {
		if err := r.settleBatches(ctx, r.log, b.Collection); err != nil {
			return err
		}
	}
	return nil
}

// makeEdition writes the folder of the next edition of a batch. It returns its
// entries, those of what is withdrawn from the batch first.
func (r *Desk) makeEdition(ctx context.Context, t *archive.Writer, b planned) ([]translog.Entry, error) {
	stones, err := r.tombstones(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := r.assemble(ctx, &b); err != nil {
		return nil, err
	}
	made, err := r.writeSigned(ctx, t, b)
	if err != nil {
		return nil, err
	}
	logged := made[len(made)-1].(translog.Batch)
	info, _ := t.Batch(logged.Manifest)
	if err := r.keepBatchInfo(b.Collection, info); err != nil {
		return nil, err
	}
	r.log.Know(info)
	return append(stones, made...), nil
}

// tombstones are the entries of what the catalog withdraws from a batch and the
// log has not said yet.
func (r *Desk) tombstones(ctx context.Context, b planned) (entries []translog.Entry, err error) {
	log := r.log.State().Collection(b.Collection)
	q := catalog.Query{Collection: b.Collection, Batch: b.Number, States: []trove.State{trove.Tombstone}, NoRecord: true}
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if st, _ := log.Number(it.Number); st.State == trove.Published {
			entries = append(entries, translog.Tombstone{Collection: b.Collection, Number: it.Number, Reason: strings.Clone(it.Reason)})
		}
		return nil
	})
	return entries, err
}

// writeBatch writes the folder of an assembled batch and returns its entries.
// It holds one item's bytes and text at a time, and of all items what a search
// index learns of them besides the text.
func (r *Desk) writeBatch(ctx context.Context, t *archive.Writer, coll *catalog.Collection, n, edition int) ([]translog.Entry, error) {
	head, err := r.readBatchHead(coll.Name, n, edition)
	if err != nil {
		return nil, err
	}
	var docs []segmentDoc
	signed := signersOf{}
	items := func(yield func(*archive.NewItem, error) bool) {
		err := r.readBatch(coll.Name, n, edition, func(batchHead) error { return nil }, func(l *batchLine) error {
			content, err := r.shown(ctx, coll, l)
			if err != nil {
				return err
			}
			docs = append(docs, l.document(&head))
			signed.learn(l.Record.Signatures)
			if !yield(r.newItem(ctx, l, content), nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
	b := archive.NewBatch{Collection: coll.Name, Number: n, Edition: edition, Published: head.Published}
	entries, err := t.WriteBatch(ctx, b, items, func(w io.Writer) error { return r.Segment(w, r.withTexts(ctx, docs)) })
	if err == nil {
		r.knowSigners(trove.Name{Collection: coll.Name, Batch: n, Edition: edition}, signed)
	}
	return entries, err
}

// shown are the bytes that an assembled line is of.
func (r *Desk) shown(ctx context.Context, coll *catalog.Collection, l *batchLine) ([]byte, error) {
	content, err := blob.Read(ctx, r.Blobs, blob.Span(l.Span), maxItem)
	if err != nil {
		return nil, fmt.Errorf("item %s: %w", trove.Name{Collection: coll.Name, Number: l.Record.Number}, err)
	}
	if l.Cover == nil {
		return content, nil
	}
	content, _, _, err = l.Cover.apply(coll, l.Record.Number, l.Edition, content)
	return content, err
}

func (r *Desk) newItem(ctx context.Context, l *batchLine, content []byte) *archive.NewItem {
	return &archive.NewItem{Number: l.Record.Number, Kind: l.Record.Kind, Edition: l.Edition, Date: l.Date, Content: content, Record: l.Record,
		Made: r.madeFiles(ctx, l)}
}

// segmentDoc is a document whose texts are read when it is its turn.
type segmentDoc struct {
	*search.Doc
	paths []string // of its files, as in the record
	line  *batchLine
}

func (l *batchLine) document(head *batchHead) segmentDoc {
	doc := Document(&l.Record.Record, "", nil)
	doc.Collection, doc.Number, doc.Batch, doc.Edition, doc.Published = head.Collection, l.Record.Number, head.Batch, l.Edition, head.Published
	doc.Thread, doc.SHA256, doc.Size, doc.CopyOf = l.Record.Thread, l.SHA256, l.Size, l.Record.CopyOf
	if len(l.Record.Owners) > 0 {
		doc.Owner = l.Record.Owners[0]
	}
	var paths []string
	for _, p := range l.Record.Files() {
		paths = append(paths, p.Path)
	}
	return segmentDoc{doc, paths, &batchLine{Text: l.Text, Cover: l.Cover, ShownText: l.ShownText, Made: l.Made}}
}

// text is the text of what is shown.
func (r *Desk) text(ctx context.Context, l *batchLine) (string, error) {
	if l.Cover != nil {
		return l.ShownText, nil
	}
	return Text(ctx, r.Blobs, l.Text)
}

// withTexts reads the texts of documents, one after the other.
func (r *Desk) withTexts(ctx context.Context, docs []segmentDoc) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if err := r.learn(ctx, d); err != nil {
				yield(nil, fmt.Errorf("item %s: %w", trove.Name{Collection: d.Collection, Number: d.Number}, err))
				return
			}
			if !yield(d.Doc, nil) {
				return
			}
			d.Body = ""
			for i := range d.Files {
				d.Files[i].Text = ""
			}
		}
	}
}

// learn reads the texts of a document.
func (r *Desk) learn(ctx context.Context, d segmentDoc) error {
	text, err := r.text(ctx, d.line)
	if err != nil {
		return err
	}
	read, err := r.readingOf(ctx, d.line.Made)
	if err == nil {
		learn(d.Doc, text, d.paths, read)
	}
	return err
}

// What is told of the archive at a checkpoint is kept for each, under the size
// of the log before its index entry, so that the log can be followed again.
func toldFile(size int64) string { return path.Join(ToldDir, strconv.FormatInt(size, 10)+".json") }

// toldPage is where a page verify.html is kept that was told.
func toldPage(d trove.Digest) string { return path.Join(ToldDir, d.String()+".html") }

// told is what a file of ToldDir holds.
type told struct {
	archive.Told
	Page trove.Digest `json:"page,omitzero"` // of Checker, which lies apart: few programs, many checkpoints
}

// tell puts a checkpoint over all that was appended to the desk's log; durable
// on return. Where nothing is new it changes nothing.
func (r *Desk) tell(ctx context.Context, l *archive.Writer) error {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	t := archive.Told{Info: archive.Info{Name: r.Name, Addresses: r.Addresses}}
	if t.Keys, t.Salt, err = r.keysToTell(ctx, l, all); err != nil {
		return err
	}
	for _, c := range all {
		t.Collections = append(t.Collections, archive.CollectionInfo{Name: c.Name, Title: c.Title, Series: c.Series,
			Description: c.Description, Promised: c.Promised, PromisedBy: c.PromisedBy, PromiseSource: c.PromiseSource})
	}
	t.Checker = r.Checker
	if err := r.keepTold(l.State().Size, t); err != nil {
		return err
	}
	return l.Publish(t)
}

// keepTold writes down what is told after that many entries; durable on return.
func (r *Desk) keepTold(size int64, t archive.Told) error {
	if err := r.Files.MkdirAll(ToldDir); err != nil {
		return err
	}
	kept := told{Told: t}
	if len(t.Checker) > 0 {
		kept.Page = trove.Sum(t.Checker)
		if err := durable.WriteFile(r.Files, toldPage(kept.Page), t.Checker); err != nil {
			return err
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return durable.WriteFile(r.Files, toldFile(size), b)
}

// catchUp replays the desk's log into an archive, checkpoint by checkpoint.
func (r *Desk) catchUp(ctx context.Context, t *archive.Writer) error {
	for t.State().Size < r.log.Signed().Size {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, index, err := r.nextEntries(t.State().Size)
		if err != nil {
			return fmt.Errorf("read the desk's log: %w", err)
		}
		if err := r.follow(ctx, t, entries, index); err != nil {
			return err
		}
	}
	return nil
}

// nextEntries reads the desk's log from a checkpoint up to the next: up to the
// next index entry, which comes apart.
func (r *Desk) nextEntries(from int64) (list []translog.Entry, index translog.Entry, err error) {
	err = r.entries(r.log.Signed().Size, from, func(line []byte) error {
		e, err := translog.Parse(line)
		if err != nil {
			return err
		}
		if _, ok := e.(translog.Index); ok {
			index = e
			return errStopped
		}
		list = append(list, e)
		return nil
	})
	switch {
	case errors.Is(err, errStopped):
		return list, index, nil
	case err == nil:
		err = fmt.Errorf("no index entry after %d entries", from)
	}
	return nil, nil, err
}

// follow makes the objects that the entries name, then publishes them. A
// checkpoint of a log key that is not here any more is left out, as is one
// that names an edition that is shown no more: those to come cover what it
// covered.
func (r *Desk) follow(ctx context.Context, t *archive.Writer, entries []translog.Entry, index translog.Entry) error {
	size := t.State().Size + int64(len(entries))
	for _, e := range entries {
		if err := r.makeObjects(ctx, t, e); err != nil {
			return err
		}
	}
	if err := t.Append(entries...); err != nil {
		return fmt.Errorf("follow the desk's log: %w", err)
	}
	if size+1 < r.log.Signed().Size && (!t.CanSign() || r.outdated(t.State())) {
		return t.Append(index)
	}
	s, err := r.readTold(size)
	if err != nil {
		return err
	}
	return t.Publish(s)
}

// outdated reports whether the log has a later edition by now of a batch in s.
func (r *Desk) outdated(s *translog.State) bool {
	for _, c := range s.Collections() {
		now := r.log.State().Collection(c.Name)
		for _, b := range c.Batches {
			if n := b.Batch.Batch; c.Edition(n) < now.Edition(n) {
				return true
			}
		}
	}
	return false
}

// readTold reads what was told at the checkpoint whose index entry follows
// that many entries.
func (r *Desk) readTold(size int64) (archive.Told, error) {
	var kept told
	b, err := fs.ReadFile(r.Files, toldFile(size))
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	if err == nil && !kept.Page.IsZero() {
		kept.Checker, err = fs.ReadFile(r.Files, toldPage(kept.Page))
		if got := trove.Sum(kept.Checker); err == nil && got != kept.Page {
			err = fmt.Errorf("%s has SHA-256 %s", toldPage(kept.Page), got)
		}
	}
	if err != nil {
		err = fmt.Errorf("what was told at %d entries: %w", size, err)
	}
	return kept.Told, err
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
		return r.makeBatch(ctx, t, e)
	case translog.Notice:
		text, err := r.readNotice(e)
		if err != nil {
			return err
		}
		return t.WriteNotice(e.Number, text)
	}
	return nil
}

// makeBatch writes the folder that a batch entry names, unless it is there or
// a later edition has taken its place.
func (r *Desk) makeBatch(ctx context.Context, t *archive.Writer, e translog.Batch) error {
	if _, ok := t.Batch(e.Manifest); ok {
		return nil
	}
	if info, _ := r.log.Batch(e.Manifest); e.Edition < r.log.State().Collection(e.Collection).Edition(e.Batch) {
		t.Know(info)
		return nil
	}
	coll, err := r.Catalog.Collection(ctx, e.Collection)
	if err != nil {
		return err
	}
	entries, err := r.writeBatch(ctx, t, &coll, e.Batch, e.Edition)
	if err != nil {
		return err
	}
	if again := entries[len(entries)-1].(translog.Batch); again.Manifest != e.Manifest {
		return fmt.Errorf("batch %d of %s cannot be made again with the same bytes (manifest %s, logged %s); copy its folder from an archive that has it",
			e.Batch, e.Collection, again.Manifest.Short(), e.Manifest.Short())
	}
	return nil
}

// planned is a batch to be published, with its collection and what that hides.
type planned struct {
	catalog.Batch
	collection catalog.Collection
	veil       *veil // of the collection
}

func (p planned) name() trove.Name { return trove.Name{Collection: p.Collection, Batch: p.Number} }

func planItems(plan []planned) int {
	n := 0
	for _, b := range plan {
		n += b.Items
	}
	return n
}

// plan lists first all batches that are amended; then the named ones that are
// not out yet, or all that are planned and have items. Of the collections
// named, or else of any, there has to be a commitment.
func (r *Desk) plan(ctx context.Context, names []trove.Name) ([]planned, error) {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return nil, err
	}
	var plan []planned
	var open error // of the last collection without a commitment
	committed, amended := false, 0
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
			switch {
			case p.Amended > 0: // named or not: what it shows is not to be shown
				plan = slices.Insert(plan, amended, p)
				amended++
			case p.State == catalog.Planned && p.Items > 0 && (len(names) == 0 || slices.Contains(names, p.name())):
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
	if err != nil {
		return nil, err
	}
	v, err := r.loadVeil(ctx, coll.Name)
	if err != nil {
		return nil, err
	}
	list := make([]planned, len(batches))
	for i, b := range batches {
		list[i] = planned{b, *coll, v}
		if b.Edition > 0 && b.Amended == 0 {
			if list[i].Amended, err = r.unveiled(ctx, list[i]); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
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
