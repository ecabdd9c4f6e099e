//go:build unix

package segment

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// Mapping is a file mapped into memory: its pages belong to the system's page
// cache, not to this process. The file must not be cut short while it is
// mapped.
type Mapping struct{ b Bytes }

// Map maps size bytes of an open file for reading. The file may be closed
// afterwards.
func Map(file interface{ Fd() uintptr }, size int64) (*Mapping, error) {
	if size <= 0 || size != int64(int(size)) {
		return nil, fmt.Errorf("map search segment: size %d", size)
	}
	b, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map search segment: %v", err)
	}
	return &Mapping{b}, nil
}

// ReadAt implements io.ReaderAt.
func (m *Mapping) ReadAt(p []byte, off int64) (int, error) { return m.b.ReadAt(p, off) }

// View implements Viewer. What it returned must not be used after Close.
func (m *Mapping) View(off int64, n int) ([]byte, error) { return m.b.View(off, n) }

// Close unmaps the file.
func (m *Mapping) Close() error {
	if m.b == nil {
		return io.ErrClosedPipe
	}
	b := m.b
	m.b = nil
	return unix.Munmap(b)
}
