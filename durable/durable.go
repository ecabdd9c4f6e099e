package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// ErrSync says that an fsync failed: nothing written since the last good one
// may be taken as stored, not even if it can be read back. Whoever meets it
// acknowledges nothing and stops the process; the next run starts from what
// the disk holds.
var ErrSync = errors.New("fsync failed: stop, what was written may not be on the disk")

// FS is the small file-system interface through which everything that must
// survive a crash is written. Names are slash-separated and relative, as
// [fs.ValidPath] has them. Implementations are safe for concurrent use.
type FS interface {
	// Open opens a file or folder for reading. Files implement [io.ReaderAt],
	// folders [fs.ReadDirFile].
	fs.FS
	// Create makes a new file for writing and fails with [fs.ErrExist] where
	// the name is taken. Neither bytes nor name are durable yet.
	Create(name string) (File, error)
	// OpenAppend opens a file for writing at its end and makes it if need be.
	OpenAppend(name string) (File, error)
	// Rename replaces newname, if there, by oldname in one atomic move; durable after
	// SyncDir of both folders.
	Rename(oldname, newname string) error
	// Remove removes a file or an empty folder; durable after SyncDir.
	Remove(name string) error
	// MkdirAll makes a folder and those above it, and returns once all of
	// their names are durable. It is no error if they exist.
	MkdirAll(name string) error
	// SyncDir makes the entries of a folder durable. A failure matches [ErrSync].
	SyncDir(name string) error
}

// File is a file open for writing. It is not safe for concurrent use.
type File interface {
	io.Writer
	// Sync makes the bytes written so far durable. A failure matches [ErrSync].
	Sync() error
	// Close does not make anything durable.
	Close() error
}

// tempPrefix begins the base name of every file that is not finished.
const tempPrefix = ".tmp-"

// IsTemp reports whether name is that of an unfinished file of this package,
// which readers of a folder pass over.
func IsTemp(name string) bool { return strings.HasPrefix(path.Base(name), tempPrefix) }

// WriteFile puts data under name, in place of what is there. The folder must
// exist. When it returns nil, bytes and name are durable; on an error the name
// holds what it held before, or (only if the last step, the folder's sync,
// failed) one of the two.
func WriteFile(fsys FS, name string, data []byte) error {
	return WriteStream(fsys, name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteStream is [WriteFile] for content that fn writes piece by piece. The
// writer is buffered. If fn fails, nothing is changed and its error comes back.
func WriteStream(fsys FS, name string, fn func(io.Writer) error) error {
	s, err := Stage(fsys, path.Dir(name))
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := fn(s); err != nil {
		return errors.Join(err, s.Discard())
	}
	return s.Keep(name)
}

// Sweep removes what stopped writers left behind in dir and below: the files
// for which [IsTemp] holds. Call it when no writer is at work. A dir that does
// not exist has nothing to sweep.
func Sweep(fsys FS, dir string) error {
	err := fs.WalkDir(fsys, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !IsTemp(name) {
			return err
		}
		return fsys.Remove(name)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sweep %s: %w", dir, err)
	}
	return nil
}
