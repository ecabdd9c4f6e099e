package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"unseal/proof"
	"unseal/trove"
)

// ErrNotFound says that the archive has no such collection, batch or number.
var ErrNotFound = errors.New("not in this archive")

// ErrNotShown says that a number is committed to, but its bytes are not
// published: not yet, withheld, or withdrawn. Its [Status] says which.
var ErrNotShown = errors.New("not published")

// readWhole reads a regular file of at most limit bytes. Errors name it.
func readWhole(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, size, err := openRegular(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are read", name, size, limit)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// openRegular opens a regular file. It looks before it opens, since opening a
// pipe would wait for ever.
func openRegular(fsys fs.FS, name string) (fs.File, int64, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file: %w", name, proof.ErrMismatch)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return f, info.Size(), nil
}

// handle is an open file shared by readers.
type handle struct {
	io.ReaderAt
	file  fs.File
	size  int64
	users int // guarded by handles.mu; the cache itself counts as one
}

// maxHandles is how many files the cache keeps open beyond those in use.
const maxHandles = 64

// handles keeps files open, since an item is a few hundred bytes of a file
// that thousands of reads go to.
type handles struct {
	fsys fs.FS
	mu   sync.Mutex
	open map[string]*handle // guarded by mu
	old  []string           // guarded by mu: names in open, the first opened first
	kept map[string]*handle // guarded by mu: files that stay open until close
}

// get opens name or finds it open; release must follow. What was removed since
// it was opened is not read any more: an edition that shows what is now hidden.
func (h *handles) get(name string) (*handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.open[name]; f != nil {
		if _, err := fs.Stat(h.fsys, name); err != nil {
			h.old = slices.DeleteFunc(h.old, func(old string) bool { return old == name })
			h.drop(name)
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f.users++
		return f, nil
	}
	file, size, err := openRegular(h.fsys, name)
	if err != nil {
		return nil, err
	}
	at, ok := file.(io.ReaderAt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s: this file system cannot read at an offset", name), file.Close())
	}
	if len(h.old) >= maxHandles {
		h.drop(h.old[0])
		h.old = h.old[1:]
	}
	f := &handle{ReaderAt: at, file: file, size: size, users: 2}
	if h.open == nil {
		h.open = map[string]*handle{}
	}
	h.open[name] = f
	h.old = append(h.old, name)
	return f, nil
}

// keep opens name until close.
func (h *handles) keep(name string) (*handle, error) {
	f, err := h.get(name)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.kept[name]; old != nil {
		h.leave(f)
		return old, nil
	}
	if h.kept == nil {
		h.kept = map[string]*handle{}
	}
	h.kept[name] = f
	return f, nil
}

// drop takes name out of the cache; it needs h.mu.
func (h *handles) drop(name string) {
	f := h.open[name]
	delete(h.open, name)
	h.leave(f)
}

// leave needs h.mu. Closing a file that was only read has no error to act on.
func (h *handles) leave(f *handle) {
	if f.users--; f.users == 0 {
		f.file.Close()
	}
}

func (h *handles) release(f *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leave(f)
}

// close empties the cache. Files in use are closed by their last user.
func (h *handles) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range h.old {
		h.drop(name)
	}
	for _, f := range h.kept {
		h.leave(f)
	}
	h.old, h.kept = nil, nil
}

// readExtent reads length bytes at offset of a file.
func (h *handles) readExtent(name string, at Extent) ([]byte, error) {
	f, err := h.get(name)
	if err != nil {
		return nil, err
	}
	defer h.release(f)
	return f.extent(name, at)
}

func (f *handle) extent(name string, at Extent) ([]byte, error) {
	if at[0] < 0 || at[1] < 0 || at[1] > f.size || at[0] > f.size-at[1] {
		return nil, fmt.Errorf("%s: has no bytes %d to %d: %w", name, at[0], at[0]+at[1], proof.ErrMismatch)
	}
	b := make([]byte, at[1])
	if _, err := f.ReadAt(b, at[0]); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// window reads ahead, for reads that go forward in small steps. It is for one
// goroutine.
type window struct {
	io.ReaderAt
	at  int64 // where buf lies
	buf []byte
}

// windowSize is how much a window reads at once; larger reads go past it.
const windowSize = 256 << 10

// ReadAt reads len(p) bytes at off, or fewer at the end of the file.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > windowSize/4 {
		return w.ReaderAt.ReadAt(p, off)
	}
	if off < w.at || off+int64(len(p)) > w.at+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, windowSize)
		}
		n, err := w.ReaderAt.ReadAt(w.buf[:windowSize], off)
		w.at, w.buf = off, w.buf[:n]
		if n < len(p) {
			return copy(p, w.buf), err
		}
	}
	return copy(p, w.buf[off-w.at:]), nil
}

func mismatch(name, what string, got, want trove.Digest) error {
	return fmt.Errorf("%s: has SHA-256 %s, %s says %s: %w", name, got, what, want, proof.ErrMismatch)
}
