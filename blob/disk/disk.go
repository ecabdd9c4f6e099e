// Package disk keeps blobs as files of one folder, behind the file-system
// interface of package durable:
//
//	ab/ab3f…       a blob under the 64 hex digits of its SHA-256
//	tmp/.tmp-…     a blob being written; swept when the next writer opens the store
//
// The invariant: a file under a digest was complete and synced before it got
// that name, so a crash leaves a whole blob or none. The store does not hash
// what it reads; [blob.Check] does.
package disk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"

	"unseal/blob"
	"unseal/durable"
	"unseal/trove"
)

// tmp is where blobs are staged.
const tmp = "tmp"

// Store is a [blob.Store] on a file system. The caller closes it.
type Store struct {
	fsys durable.FS
	open cache
}

// Open opens the store in fsys for writing, which nothing else may do, and
// sweeps what an interrupted run left in it. An empty folder is an empty store.
func Open(fsys durable.FS) (*Store, error) {
	if err := fsys.MkdirAll(tmp); err != nil {
		return nil, err
	}
	if err := durable.Sweep(fsys, tmp); err != nil {
		return nil, err
	}
	return &Store{fsys: fsys, open: cache{fsys: fsys}}, nil
}

// OpenReader opens the store in fsys for reading, beside a process that may be
// writing to it: it makes no folder and leaves temporary files alone, as they
// may be that process's.
func OpenReader(fsys durable.FS) *Store { return &Store{fsys: fsys, open: cache{fsys: fsys}} }

// Close closes the files kept open. Blobs that are open stay so.
func (s *Store) Close() error { return s.open.close() }

func folder(d trove.Digest) string { return d.String()[:2] }

func name(d trove.Digest) string { return folder(d) + "/" + d.String() }

// Put stores what r holds; see [blob.Store].
func (s *Store) Put(ctx context.Context, r io.Reader) (trove.Digest, int64, error) {
	st, err := durable.Stage(s.fsys, tmp)
	if err != nil {
		return trove.Digest{}, 0, err
	}
	h := sha256.New()
	size, err := copyBoth(ctx, st, h, r)
	if err != nil {
		return trove.Digest{}, 0, errors.Join(fmt.Errorf("store blob at byte %d: %w", size, err), st.Discard())
	}
	d := trove.Digest(h.Sum(nil))
	return d, size, s.keep(st, d, size)
}

// keep gives a staged blob its name, or drops it if it is there already; then
// too the name must be made durable, as whoever gave it may have been stopped.
func (s *Store) keep(st *durable.Staged, d trove.Digest, size int64) error {
	if err := s.fsys.MkdirAll(folder(d)); err != nil {
		return errors.Join(err, st.Discard())
	}
	if !s.has(d, size) {
		return st.Keep(name(d))
	}
	if err := st.Discard(); err != nil {
		return err
	}
	return s.fsys.SyncDir(folder(d))
}

// has reports whether d is there with its full size; a file cut short by
// damage is written anew.
func (s *Store) has(d trove.Digest, size int64) bool {
	info, err := fs.Stat(s.fsys, name(d))
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// copyBoth copies r to both writers and counts.
func copyBoth(ctx context.Context, w io.Writer, h hash.Hash, r io.Reader) (int64, error) {
	buf := make([]byte, 256<<10)
	for size := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if _, e := w.Write(buf[:n]); e != nil {
			return size, e
		}
		size += int64(n)
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// Open opens a blob; see [blob.Store].
func (s *Store) Open(_ context.Context, d trove.Digest) (blob.Blob, error) { return s.open.get(d) }

// Remove removes a blob; see [blob.Store].
func (s *Store) Remove(_ context.Context, d trove.Digest) error {
	s.open.forget(d)
	if err := s.fsys.Remove(name(d)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob %s: %w", d, blob.ErrNotFound)
	} else if err != nil {
		return err
	}
	return s.fsys.SyncDir(folder(d))
}

// All lists the blobs; see [blob.Store].
func (s *Store) All(ctx context.Context) iter.Seq2[trove.Digest, error] {
	return func(yield func(trove.Digest, error) bool) {
		for i := range 256 {
			if err := ctx.Err(); err != nil {
				yield(trove.Digest{}, err)
				return
			}
			if !s.list(fmt.Sprintf("%02x", i), yield) {
				return
			}
		}
	}
}

// list yields the blobs of one folder and reports whether to go on. Names that
// are no digests of this folder are not blobs.
func (s *Store) list(dir string, yield func(trove.Digest, error) bool) bool {
	entries, err := fs.ReadDir(s.fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return yield(trove.Digest{}, fmt.Errorf("list blobs: %w", err)) && false
	}
	for _, e := range entries {
		d, err := trove.ParseDigest(e.Name())
		if err != nil || d.String() != e.Name() || folder(d) != dir {
			continue
		}
		if !yield(d, nil) {
			return false
		}
	}
	return true
}
