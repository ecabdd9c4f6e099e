package static

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
)

// OwnDir holds what this package keeps for itself in the folder; the caller may
// lock it.
const OwnDir = ".unseal-static"

// tempDir holds files that are being written.
const tempDir = OwnDir + "/tmp"

// madeMost is how many folders are remembered as made.
const madeMost = 10_000

// folder is where the files go. A file is there whole or not at all. Names are
// slash-separated and never leave the folder ([os.Root]). It is safe for
// concurrent use, each name by one writer.
type folder struct {
	root    *os.Root
	temps   atomic.Int64
	written atomic.Int64 // files that were not there with these bytes

	mu   sync.Mutex
	made map[string]bool // guarded by mu: folders that are there
}

// openFolder takes the folder and sweeps what a stopped run left half written.
func openFolder(root *os.Root) (*folder, error) {
	if err := root.RemoveAll(tempDir); err != nil {
		return nil, err
	}
	f := &folder{root: root, made: map[string]bool{}}
	return f, f.mkdir(tempDir)
}

func (f *folder) mkdir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made[dir] {
		return nil
	}
	if err := f.root.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if len(f.made) >= madeMost {
		clear(f.made)
	}
	f.made[dir] = true
	return nil
}

// write makes name hold b and nothing else. A file that does so already is
// left as it is.
func (f *folder) write(name string, b []byte) error {
	if f.size(name) == int64(len(b)) {
		old, err := f.root.ReadFile(name)
		if err == nil && bytes.Equal(old, b) {
			return nil
		}
	}
	_, err := f.stream(name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	return err
}

// stream makes name hold what fn writes and returns how much that is.
func (f *folder) stream(name string, fn func(io.Writer) error) (int64, error) {
	t, err := f.temp()
	if err != nil {
		return 0, err
	}
	if err := fn(t.file); err != nil {
		return 0, errors.Join(err, t.drop())
	}
	return t.keep(name)
}

// temp begins a file that has no name yet; keep or drop must follow.
func (f *folder) temp() (*temp, error) {
	name := tempDir + "/" + strconv.FormatInt(f.temps.Add(1), 10)
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &temp{folder: f, file: file, name: name}, nil
}

// temp is a file that is being written.
type temp struct {
	folder *folder
	file   *os.File
	name   string
}

// keep gives the file its name, in the place of whatever has it.
func (t *temp) keep(name string) (int64, error) {
	info, err := t.file.Stat()
	if err != nil {
		return 0, errors.Join(err, t.drop())
	}
	if err := t.file.Close(); err != nil {
		return 0, err
	}
	if err := t.folder.mkdir(path.Dir(name)); err != nil {
		return 0, err
	}
	if err := t.folder.root.Rename(t.name, name); err != nil {
		return 0, err
	}
	if name != journalPath {
		t.folder.written.Add(1)
	}
	return info.Size(), nil
}

func (t *temp) drop() error { return errors.Join(t.file.Close(), t.folder.root.Remove(t.name)) }

// size is that of a regular file, -1 where there is none.
func (f *folder) size(name string) int64 {
	info, err := f.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// remove removes a file and the folders that are empty without it.
func (f *folder) remove(name string) error {
	if !fs.ValidPath(name) {
		return fmt.Errorf("remove %q: %w", name, fs.ErrInvalid)
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil {
			return nil // it holds something else
		}
		delete(f.made, dir)
	}
	return nil
}
