// Package intake turns files as handed over into items of a collection.
//
// It walks the paths it is given, keeps every file under its digest, opens
// containers, finds mails by content and never by name, and has them parsed in
// child processes under limits. What is no mail is kept and listed as an item
// of the kind that its bytes show; what cannot be read is kept and listed as
// unreadable; nothing is skipped and nothing stops the run except the desk's
// own disk. [Read] is the second pass: stage by stage it has documents,
// recordings, chains, pictures and tables read, and the files in mails.
//
// The invariant: an item, its bytes and the progress of the file it came from
// become durable together, chunk by chunk. So a run may be stopped at any
// moment, and the next one over the same material goes on where it ended,
// loses nothing and doubles nothing; a run over finished material adds nothing.
//
// Sub-packages: mbox splits mailboxes, container opens archives and compressed
// streams, worker keeps the children.
package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/worker"
	"unseal/trove"
)

// Options is what a run needs. Collection, Catalog, Blobs, Worker and at least
// one path are required; the collection must exist.
type Options struct {
	Paths      []string // files and folders; each is one trove
	Collection trove.CollectionName
	Owner      string // of the mailboxes; if empty it is taken from the folder layout, see [OwnerOf]
	By         catalog.Author
	Catalog    catalog.Catalog
	Blobs      blob.Store
	Worker     worker.Command
	KindOf     KindOf                                                // nil is [Kind]
	Mails      string                                                // a table.Mapping: the rows of tables that have its columns are taken in as messages; empty is none
	Passwords  []string                                              // to try on encrypted containers, in their order
	Jobs       int                                                   // children that parse at the same time; 0 is one per processor
	Temp       string                                                // folder for containers inside containers while they are open; empty is the system's
	Now        func() time.Time                                      // nil is time.Now
	Skip       func(path string, size int64, changed time.Time) bool // leaves files of folders for another run, by their path on the disk; nil is none
	Progress   func(Progress)                                        // called after each chunk, from one goroutine at a time; may be nil
}

// Progress says how far a run is.
type Progress struct {
	Items      int   // taken in by this run, known ones included
	Bytes      int64 // of the files as handed over
	TotalBytes int64
	Elapsed    time.Duration
}

// Summary counts what a run did.
type Summary struct {
	Files       int            // as handed over
	FilesDone   int            // of these, finished by an earlier run and not looked into again
	Items       int            // met by this run, whether new or known
	New         int            // items that were not in the collection
	Occurrences int            // places that were not in the catalog
	Unreadable  int            // of the items met
	NotMail     int            // of the items met, those that are no mails
	NoMail      int            // files as handed over in which no mail was found
	Warnings    map[string]int // by code, of items and of files
	Links       []string       // symbolic links, which are not followed
	Failures    []Failure      // what could not be taken in, though the rest was
	Bytes       int64          // of the files
	Duration    time.Duration
}

// Failure is something that could not be taken in.
type Failure struct {
	Path string // as it lies on the operator's disk
	Err  error
}

// Run takes the paths into the collection. Failures of single files are in the
// summary; the error is one that stopped the run: the catalog, the blob store,
// workers that do not start, or ctx. The summary is good in either case, and
// the same call continues after any error.
func Run(ctx context.Context, o Options) (Summary, error) {
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.KindOf == nil {
		o.KindOf = Kind
	}
	r := &run{o: o, started: o.Now(), pool: worker.NewPool(o.Worker)}
	r.sum.Warnings = map[string]int{}
	err := r.all(ctx)
	err = errors.Join(err, r.pool.Close())
	r.sum.Duration = o.Now().Sub(r.started)
	return r.sum, err
}

// run is one call of Run.
type run struct {
	o       Options
	started time.Time
	pool    *worker.Pool
	known   map[trove.Digest]struct{} // items of the collection; only the reader uses it
	total   int64
	bytes   int64        // behind us; only the committer uses it
	skipped atomic.Int64 // bytes of files that an earlier run finished
	sum     Summary      // the walk writes Files, FilesDone, Links and Failures, the committer the rest
}

func (r *run) all(ctx context.Context) error {
	if err := r.loadKnown(ctx); err != nil {
		return err
	}
	var places []place
	for _, p := range r.o.Paths {
		pl, err := locate(p)
		if err != nil {
			r.fail(p, err)
			continue
		}
		if pl.folder {
			pl.skip = r.o.Skip
		}
		places = append(places, pl)
		n, err := pl.size()
		if err != nil {
			return err
		}
		r.total += n
	}
	out, err := r.excluded(ctx)
	if err != nil {
		return err
	}
	var troves []catalog.Trove
	fresh := false
	for _, pl := range places {
		t, err := r.o.Catalog.BeginTrove(ctx, catalog.Trove{Collection: r.o.Collection, Path: pl.path, Owner: r.o.Owner, Started: r.started}, r.o.By)
		if err != nil {
			return err
		}
		if err := r.trove(ctx, pl, t); err != nil {
			return err
		}
		troves = append(troves, t)
		fresh = fresh || !t.Done || out[t.ID] // its items are in again
	}
	if fresh || r.sum.New > 0 || r.sum.Occurrences > 0 {
		if err := Join(ctx, r.o.Catalog, r.o.Collection); err != nil {
			return err
		}
	}
	for _, t := range troves {
		if err := r.o.Catalog.EndTrove(ctx, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// excluded are the troves that were taken out.
func (r *run) excluded(ctx context.Context) (map[catalog.TroveID]bool, error) {
	troves, err := r.o.Catalog.Troves(ctx, r.o.Collection)
	out := map[catalog.TroveID]bool{}
	for _, t := range troves {
		out[t.ID] = t.Excluded != ""
	}
	return out, err
}

// loadKnown learns which bytes the collection has, so that they need not be
// parsed again. It costs some 50 bytes of memory an item.
func (r *run) loadKnown(ctx context.Context) error {
	r.known = map[trove.Digest]struct{}{}
	return r.o.Catalog.Items(ctx, catalog.Query{Collection: r.o.Collection, NoRecord: true}, func(it *catalog.Item) error {
		r.known[it.SHA256] = struct{}{}
		return nil
	})
}

func (r *run) fail(path string, err error) {
	r.sum.Failures = append(r.sum.Failures, Failure{Path: path, Err: err})
}

// trove takes one path in: a reader makes chunks, workers parse them, a
// committer makes them durable in the reader's order.
func (r *run) trove(ctx context.Context, pl place, t catalog.Trove) error {
	line := newLine(r, t)
	s := &source{run: r, trove: t, place: pl, line: line}
	return line.carry(ctx, s.read)
}

// locate resolves a path given by the operator. The path itself may be a link;
// links below it are not followed.
func locate(path string) (place, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return place{}, err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return place{}, fmt.Errorf("take in %s: %w", path, err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return place{}, err
	}
	return place{path: abs, real: real, folder: info.IsDir()}, nil
}
