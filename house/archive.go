package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"unseal/archive"
	"unseal/search"
	"unseal/search/segment"
	"unseal/site"
)

// IsArchive reports whether the folder holds an archive.
func IsArchive(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, archive.InfoPath))
	return err == nil
}

// OpenArchive opens the archive in dir for reading; without one the error
// matches [ErrNoArchive].
func OpenArchive(ctx context.Context, dir string) (*archive.Archive, fs.FS, error) {
	if _, err := os.Stat(filepath.Join(dir, archive.LogDir)); err != nil && !IsArchive(dir) {
		return nil, nil, fmt.Errorf("%w: %s", ErrNoArchive, dir)
	}
	files := os.DirFS(dir)
	a, err := archive.Open(ctx, files)
	if err != nil {
		return nil, nil, fmt.Errorf("open the archive %s: %w", dir, err)
	}
	return a, files, nil
}

// archiveIndex opens the search segments of all batches as one index; those of
// the newest editions count.
func archiveIndex(a *archive.Archive) (search.Index, error) {
	var segs []*segment.Segment
	for _, c := range a.Collections() {
		newest, err := newestEditions(c)
		if err != nil {
			return nil, err
		}
		for _, b := range newest {
			seg, err := batchSegment(c, b)
			if err != nil {
				return nil, fmt.Errorf("search segment of batch %d of %s: %w", b.Number, c.Name, err)
			}
			segs = append(segs, seg)
		}
	}
	return segment.NewIndex(segs...), nil
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

// Site serves an archive to readers. Close it.
type Site struct {
	Archive *archive.Archive
	handler http.Handler
	index   search.Index
}

// OpenSite opens the archive in dir for readers. It writes nothing.
func OpenSite(ctx context.Context, dir string, log *slog.Logger) (*Site, error) {
	a, files, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	ix, err := archiveIndex(a)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	h, err := site.New(site.Options{Archive: a, Files: files, Index: ix, Log: log})
	if err != nil {
		return nil, errors.Join(err, ix.Close(), a.Close())
	}
	return &Site{Archive: a, handler: h, index: ix}, nil
}

// Close lets go of the archive.
func (s *Site) Close() error { return errors.Join(s.index.Close(), s.Archive.Close()) }

// Get answers one request without listening.
func (s *Site) Get(ctx context.Context, path string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	r.RequestURI = path
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, bytes.Clone(w.Body.Bytes()), nil
}

// Limits of a reader's connection. A reader over Tor on a poor line still has minutes.
const (
	headerTime = 20 * time.Second
	writeTime  = 30 * time.Minute // a batch of some gigabytes
)

// Serve listens until ctx ends; ready is told the address.
func (s *Site) Serve(ctx context.Context, listen string, ready func(addr string) error) error {
	return serve(ctx, &http.Server{Handler: s.handler, ReadHeaderTimeout: headerTime, WriteTimeout: writeTime}, listen, ready)
}
