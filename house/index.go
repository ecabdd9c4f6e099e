package house

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"unseal/catalog"
	"unseal/durable"
	"unseal/release"
	"unseal/search"
	"unseal/search/segment"
	"unseal/trove"
)

// segmentItems is how many items one segment of the desk's index holds.
const segmentItems = 5000

// indexLayout changes when the format of segments or what goes into them does.
const indexLayout = "3"

// unnumbered is added to the id of an item that has no number yet, so that it
// has a place in the desk's index. Numbers stay below it.
const unnumbered = 1 << 30

// deskIndex opens the desk's own index over everything that is in, published or
// not; what was taken out is not in it. It is made when it is first asked for
// and made again when the catalog has changed (docs/decisions/002); progress is
// told items done and in all. It needs no writer to be absent: the index is as
// of the moment at which it was begun, and has a lock of its own.
func (d *Desk) deskIndex(ctx context.Context, progress func(done, total int64)) (search.Index, []io.Closer, error) {
	held, err := waitLock(ctx, filepath.Join(d.Dir, indexLock))
	if err != nil {
		return nil, nil, fmt.Errorf("lock the index: %w", err)
	}
	defer held.Close()
	all, err := d.Catalog.Collections(ctx)
	if err != nil {
		return nil, nil, err
	}
	var files []string
	for i := range all {
		list, err := d.freshSegments(ctx, all[i].Name, progress)
		if err != nil {
			return nil, nil, fmt.Errorf("index %s: %w", all[i].Name, err)
		}
		files = append(files, list...)
	}
	return openSegments(files)
}

// freshSegments returns the segment files of a collection, made again if the
// catalog has changed since.
func (d *Desk) freshSegments(ctx context.Context, name trove.CollectionName, progress func(done, total int64)) ([]string, error) {
	stamp, total, err := d.stamp(ctx, name)
	if err != nil {
		return nil, err
	}
	dir := path.Join(indexDir, string(name))
	old, _ := fs.ReadFile(d.Files, path.Join(dir, "stamp"))
	if string(old) != stamp {
		if err := d.buildSegments(ctx, name, dir, stamp, total, progress); err != nil {
			return nil, err
		}
	}
	return filepath.Glob(filepath.Join(d.Dir, filepath.FromSlash(dir), "*.seg"))
}

// stamp changes whenever what the index says of a collection could change.
func (d *Desk) stamp(ctx context.Context, name trove.CollectionName) (string, int64, error) {
	counts, err := d.Catalog.Count(ctx, name)
	if err != nil {
		return "", 0, err
	}
	commitments, err := d.Catalog.Commitments(ctx, name)
	if err != nil {
		return "", 0, err
	}
	batches, err := d.Catalog.Batches(ctx, name)
	if err != nil {
		return "", 0, err
	}
	decisions, err := d.Catalog.Decisions(ctx, name)
	if err != nil {
		return "", 0, err
	}
	read := sha256.New()
	err = d.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: name}, func(o *catalog.Outcome) error {
		fmt.Fprintf(read, "%d %s %s\n", o.Item, o.Stage, o.Sum)
		return ctx.Err()
	})
	if err != nil {
		return "", 0, err
	}
	var total int64
	for state, n := range counts {
		if state != trove.Excluded {
			total += int64(n)
		}
	}
	return fmt.Sprintf("%s %v %d %d %d %x\n", indexLayout, counts, len(commitments), len(batches), len(decisions), read.Sum(nil)), total, nil
}

// buildSegments needs the lock of the index. The stamp comes last: segments
// without it are made again.
func (d *Desk) buildSegments(ctx context.Context, name trove.CollectionName, dir, stamp string, total int64, progress func(done, total int64)) error {
	if err := os.RemoveAll(filepath.Join(d.Dir, filepath.FromSlash(dir))); err != nil {
		return err
	}
	if err := d.Files.MkdirAll(dir); err != nil {
		return err
	}
	next, stop := iter.Pull2(d.documents(ctx, name))
	defer stop()
	doc, err, ok := next()
	for n := 1; ok; n++ {
		left := segmentItems
		chunk := func(yield func(*search.Doc, error) bool) {
			for ; ok && left > 0; left-- {
				if !yield(doc, err) {
					return
				}
				doc, err, ok = next()
			}
		}
		e := durable.WriteStream(d.Files, path.Join(dir, fmt.Sprintf("%05d.seg", n)), func(w io.Writer) error {
			return segment.Build(w, chunk)
		})
		if e != nil {
			return e
		}
		progress(int64(n*segmentItems-left), total)
	}
	return durable.WriteFile(d.Files, path.Join(dir, "stamp"), []byte(stamp))
}

// documents walks a collection as an index learns it.
func (d *Desk) documents(ctx context.Context, name trove.CollectionName) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		err := d.eachDocument(ctx, name, func(doc *search.Doc) error {
			if !yield(doc, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// errEnough ends a walk early; it never leaves this room.
var errEnough = errors.New("enough")

func (d *Desk) eachDocument(ctx context.Context, name trove.CollectionName, fn func(*search.Doc) error) error {
	firsts, err := d.FirstCopies(ctx, name)
	if err != nil {
		return err
	}
	return d.Catalog.Items(ctx, catalog.Query{Collection: name}, func(it *catalog.Item) error {
		if it.State == trove.Excluded {
			return ctx.Err()
		}
		doc, err := d.document(ctx, it)
		if err != nil {
			return err
		}
		if first, ok := firsts[it.CopyOf]; ok {
			doc.CopyOf = indexNumber(&first)
		}
		return fn(doc)
	})
}

// FirstCopies finds the items of a collection that others are copies of,
// without their records.
func (d *Desk) FirstCopies(ctx context.Context, name trove.CollectionName) (map[catalog.ItemID]catalog.Item, error) {
	firsts := map[catalog.ItemID]catalog.Item{}
	q := catalog.Query{Collection: name, NoRecord: true}
	err := d.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if it.CopyOf != 0 {
			firsts[it.CopyOf] = catalog.Item{}
		}
		return nil
	})
	if err != nil || len(firsts) == 0 {
		return firsts, err
	}
	return firsts, d.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if _, first := firsts[it.ID]; first {
			firsts[it.ID] = *it
		}
		return nil
	})
}

// indexNumber is an item's place in the desk's index.
func indexNumber(it *catalog.Item) int {
	if it.Number > 0 {
		return it.Number
	}
	return unnumbered + int(it.ID)
}

func (d *Desk) document(ctx context.Context, it *catalog.Item) (*search.Doc, error) {
	r, err := release.Record(it)
	if err != nil {
		return nil, err
	}
	text, err := release.Text(ctx, d.Blobs, it.Text)
	if err != nil {
		return nil, err
	}
	read, err := release.Reading(ctx, d.Catalog, d.Blobs, it)
	if err != nil {
		return nil, err
	}
	doc := release.Document(r, text, read)
	doc.Collection, doc.Number, doc.Batch, doc.Edition, doc.Thread = it.Collection, indexNumber(it), it.Batch, max(it.Edition, 1), it.Thread
	doc.SHA256, doc.Size, doc.State = it.SHA256, it.Size, it.State
	return doc, nil
}

// Search is an open index with what it takes to name its hits.
type Search struct {
	search.Index
	desk    *Desk // nil over an archive
	closers []io.Closer
}

// OpenSearch opens the index of the desk or archive in dir, whichever it is.
func OpenSearch(ctx context.Context, dir string, progress func(done, total int64)) (*Search, error) {
	if IsArchive(dir) {
		return openArchiveSearch(ctx, dir)
	}
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if errors.Is(err, ErrNoDesk) {
		return nil, fmt.Errorf("%w, and no archive either: %s", ErrNoDesk, dir)
	}
	if err != nil {
		return nil, err
	}
	ix, closers, err := d.deskIndex(ctx, progress)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &Search{Index: ix, desk: d, closers: append(closers, d)}, nil
}

// Close lets go of the index and what lies below it.
func (s *Search) Close() error {
	errs := []error{s.Index.Close()}
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Name returns the name of a hit, and on a desk its state and digest.
func (s *Search) Name(ctx context.Context, h *search.Hit) (string, trove.State, trove.Digest, error) {
	name := trove.Name{Collection: h.Collection, Number: h.Number}.String()
	if s.desk == nil {
		return name, trove.Published, trove.Digest{}, nil
	}
	q := catalog.Query{Collection: h.Collection, From: h.Number, To: h.Number, NoRecord: true}
	if h.Number > unnumbered {
		q = catalog.Query{Collection: h.Collection, ID: catalog.ItemID(h.Number - unnumbered), NoRecord: true}
	}
	it, err := catalog.One(ctx, s.desk.Catalog, q)
	if err != nil {
		return name, "", trove.Digest{}, err
	}
	return ItemName(&it), it.State, it.SHA256, nil
}

// openSegments opens segment files as one index.
func openSegments(files []string) (search.Index, []io.Closer, error) {
	var segs []*segment.Segment
	var closers []io.Closer
	for _, f := range files {
		seg, file, err := openSegment(f)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll(closers))
		}
		segs = append(segs, seg)
		closers = append(closers, file)
	}
	return segment.NewIndex(segs...), closers, nil
}

func openSegment(name string) (*segment.Segment, *os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	seg, err := segment.Open(f, info.Size())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("search segment %s: %w", strings.TrimPrefix(name, "./"), err), f.Close())
	}
	return seg, f, nil
}

func closeAll(list []io.Closer) error {
	var errs []error
	for _, c := range list {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
