package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"unseal/blob"
	"unseal/durable"
	"unseal/trove"
)

// maxIdle is how many files stay open without a reader. Items of one run lie
// in few containers, so few are enough.
const maxIdle = 16

// cache keeps files open, because thousands of items are read from one blob.
type cache struct {
	fsys durable.FS

	mu    sync.Mutex
	files map[trove.Digest]*openFile // guarded by mu
	idle  []*openFile                // guarded by mu: without readers, the longest idle first
}

// openFile is a blob's file with its readers.
type openFile struct {
	io.ReaderAt
	d    trove.Digest
	file fs.File
	size int64

	readers   int  // guarded by the cache's mu
	forgotten bool // guarded by the cache's mu: the last reader closes it
}

// get opens d or gives the open file a further reader.
func (c *cache) get(d trove.Digest) (blob.Blob, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[d]
	if f == nil {
		var err error
		if f, err = c.openFile(d); err != nil {
			return nil, err
		}
		if c.files == nil {
			c.files = map[trove.Digest]*openFile{}
		}
		c.files[d] = f
	}
	c.idle = slices.DeleteFunc(c.idle, func(g *openFile) bool { return g == f })
	f.readers++
	return &reader{openFile: f, cache: c}, nil
}

func (c *cache) openFile(d trove.Digest) (*openFile, error) {
	f, err := c.fsys.Open(name(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s: %w", d, blob.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, ok := f.(io.ReaderAt)
	if !ok || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("blob %s is not a file to read from", d), f.Close())
	}
	return &openFile{ReaderAt: r, d: d, file: f, size: info.Size()}, nil
}

// release takes one reader off f.
func (c *cache) release(f *openFile) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.readers--; f.readers > 0 {
		return nil
	}
	if f.forgotten {
		return f.file.Close()
	}
	c.idle = append(c.idle, f)
	if len(c.idle) <= maxIdle {
		return nil
	}
	oldest := c.idle[0]
	c.idle = slices.Delete(c.idle, 0, 1)
	delete(c.files, oldest.d)
	return oldest.file.Close()
}

// forget stops keeping d open.
func (c *cache) forget(d trove.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[d]
	if f == nil {
		return
	}
	delete(c.files, d)
	f.forgotten = true
	if f.readers == 0 {
		c.idle = slices.DeleteFunc(c.idle, func(g *openFile) bool { return g == f })
		f.file.Close() // was only read from: nothing can be lost
	}
}

// close closes what has no reader; the rest closes with its last one.
func (c *cache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, f := range c.idle {
		errs = append(errs, f.file.Close())
	}
	for _, f := range c.files {
		f.forgotten = true
	}
	c.idle, c.files = nil, nil
	return errors.Join(errs...)
}

// reader is one opening of a blob.
type reader struct {
	*openFile
	cache *cache
	once  sync.Once
}

func (r *reader) Size() int64 { return r.size }

// Close may be called again; only the first time counts.
func (r *reader) Close() (err error) {
	r.once.Do(func() { err = r.cache.release(r.openFile) })
	return err
}
