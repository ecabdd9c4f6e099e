package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"unseal/archive"
	"unseal/search"
	"unseal/search/segment"
)

// IsArchive reports whether the folder holds an archive.
func IsArchive(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, archive.InfoPath))
	return err == nil
}

// OpenArchive opens the archive in dir for reading; without one the error
// matches [ErrNoArchive].
func OpenArchive(ctx context.Context, dir string) (*archive.Archive, fs.FS, error) {
	if err := needArchive(dir); err != nil {
		return nil, nil, err
	}
	files := os.DirFS(dir)
	a, err := archive.Open(ctx, files)
	if err != nil {
		return nil, nil, fmt.Errorf("open the archive %s: %w", dir, err)
	}
	return a, files, nil
}

func needArchive(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, archive.LogDir)); err != nil && !IsArchive(dir) {
		return fmt.Errorf("%w: %s", ErrNoArchive, dir)
	}
	return nil
}

// archiveIndex opens the search segments of all batches as one index; those of
// the newest editions count.
func archiveIndex(a *archive.Archive) (search.Index, error) {
	var segs []*segment.Segment
	err := eachNewest(a, func(c *archive.Collection, b archive.BatchInfo) error {
		seg, err := batchSegment(c, b)
		if err != nil {
			return fmt.Errorf("search segment of batch %d of %s: %w", b.Number, c.Name, err)
		}
		segs = append(segs, seg)
		return nil
	})
	if err != nil {
		for _, seg := range segs {
			err = errors.Join(err, seg.Close())
		}
		return nil, err
	}
	return segment.NewIndex(segs...), nil
}

// eachNewest calls fn for each batch of an archive, in its newest edition; it
// ends with fn's first error.
func eachNewest(a *archive.Archive, fn func(*archive.Collection, archive.BatchInfo) error) error {
	for _, c := range a.Collections() {
		newest, err := newestEditions(c)
		if err != nil {
			return err
		}
		for _, b := range newest {
			if err := fn(c, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// newestEditions lists a collection's batches, each in its newest edition.
func newestEditions(c *archive.Collection) ([]archive.BatchInfo, error) {
	all, err := c.Batches()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(b archive.BatchInfo) bool { return b.Superseded }), nil
}

// batchSegment opens a batch's segment through a memory map, which the engine
// reads faster than by calls (BenchmarkClasses in search/segment).
func batchSegment(c *archive.Collection, b archive.BatchInfo) (*segment.Segment, error) {
	r, size, err := c.Segment(b.Number, b.Edition)
	if err != nil {
		return nil, err
	}
	file, ok := r.(interface{ Fd() uintptr })
	if !ok {
		return segment.Open(r, size)
	}
	m, err := segment.Map(file, size)
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(m, size)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return seg, nil
}

func openArchiveSearch(ctx context.Context, dir string) (*Search, error) {
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	ix, err := archiveIndex(a)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return &Search{Index: ix, closers: []io.Closer{a}}, nil
}
