package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Folder is the real file system below one folder. Symbolic links that lead
// out of it are refused. It is safe for concurrent use.
type Folder struct {
	root   *os.Root
	broken atomic.Pointer[error] // the first failed fsync; nil while all is well

	mu   sync.Mutex
	made map[string]bool // guarded by mu: folders whose names this process knows to be durable
}

// Dir opens the folder at path, which must exist. The caller closes it.
func Dir(path string) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, made: map[string]bool{".": true}}, nil
}

// Make opens the folder at path and makes it, and those above it, where
// missing; their names are durable on return.
func Make(path string) (*Folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makeAll(abs); err != nil {
		return nil, err
	}
	return Dir(abs)
}

// makeAll makes the folder abs and syncs each parent in which it made a name.
func makeAll(abs string) error {
	err := os.Mkdir(abs, 0o777)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeAll(filepath.Dir(abs)); err != nil {
			return err
		}
		err = os.Mkdir(abs, 0o777)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil // Dir says so if it is no folder
	}
	if err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(abs))
	if err != nil {
		return err
	}
	defer parent.Close()
	if err := parent.Sync(); err != nil {
		return syncError(filepath.Dir(abs), err)
	}
	return nil
}

// Close frees the folder. Files opened from it stay open.
func (d *Folder) Close() error { return d.root.Close() }

// Open opens name for reading.
func (d *Folder) Open(name string) (fs.File, error) {
	if err := valid("open", name); err != nil {
		return nil, err
	}
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Stat describes name, following links inside the folder; see [fs.StatFS].
func (d *Folder) Stat(name string) (fs.FileInfo, error) {
	if err := valid("stat", name); err != nil {
		return nil, err
	}
	return d.root.Stat(filepath.FromSlash(name))
}

// Create makes a new file; see [FS].
func (d *Folder) Create(name string) (File, error) {
	return d.open("create", name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
}

// OpenAppend opens a file for writing at its end; see [FS].
func (d *Folder) OpenAppend(name string) (File, error) {
	return d.open("append", name, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
}

func (d *Folder) open(op, name string, flag int) (File, error) {
	if err := d.change(op, name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(filepath.FromSlash(name), flag, 0o666)
	if err != nil {
		return nil, err
	}
	return &file{f: f, dir: d, name: name}, nil
}

// Rename moves oldname to newname; see [FS].
func (d *Folder) Rename(oldname, newname string) error {
	if err := errors.Join(valid("rename", oldname), d.change("rename", newname)); err != nil {
		return err
	}
	return d.root.Rename(filepath.FromSlash(oldname), filepath.FromSlash(newname))
}

// Remove removes a file or an empty folder; see [FS].
func (d *Folder) Remove(name string) error {
	if err := d.change("remove", name); err != nil {
		return err
	}
	d.mu.Lock()
	delete(d.made, name)
	d.mu.Unlock()
	return d.root.Remove(filepath.FromSlash(name))
}

// MkdirAll makes a folder with a durable name; see [FS]. A folder that is
// there already is synced into its parent once per process, as its maker may
// have been stopped before.
func (d *Folder) MkdirAll(name string) error {
	if err := valid("mkdir", name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdirAll(name)
}

// mkdirAll needs d.mu.
func (d *Folder) mkdirAll(name string) error {
	if d.made[name] {
		return nil
	}
	if err := d.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	if err := d.change("mkdir", name); err != nil {
		return err
	}
	err := d.root.Mkdir(filepath.FromSlash(name), 0o777)
	if errors.Is(err, fs.ErrExist) {
		err = d.isFolder(name)
	}
	if err != nil {
		return err
	}
	if err := d.SyncDir(path.Dir(name)); err != nil {
		return err
	}
	d.made[name] = true
	return nil
}

func (d *Folder) isFolder(name string) error {
	info, err := d.Stat(name)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("not a folder")}
	}
	return err
}

// SyncDir makes the entries of a folder durable; see [FS].
func (d *Folder) SyncDir(name string) error {
	if err := d.change("syncdir", name); err != nil {
		return err
	}
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return d.fail(name, err)
	}
	At("synced", name)
	return nil
}

// change is asked before each change: is the name good, is the disk sound?
func (d *Folder) change(op, name string) error {
	if err := valid(op, name); err != nil {
		return err
	}
	if p := d.broken.Load(); p != nil {
		return fmt.Errorf("%s %s: after an earlier failure: %w", op, name, *p)
	}
	At(op, name)
	return nil
}

// fail remembers a failed fsync for good.
func (d *Folder) fail(name string, cause error) error {
	err := syncError(name, cause)
	d.broken.CompareAndSwap(nil, &err)
	return err
}

func syncError(name string, cause error) error {
	return fmt.Errorf("sync %s: %w (%w)", name, ErrSync, cause)
}

func valid(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

// file is a file of a Folder, open for writing. It holds the os.File instead
// of embedding it, so that no ReadFrom goes past the steps of Write.
type file struct {
	f       *os.File
	dir     *Folder
	name    string
	written int64
}

func (f *file) Write(p []byte) (int, error) {
	if f.written == 0 || f.written/stepBytes != (f.written+int64(len(p)))/stepBytes {
		At("write", f.name)
	}
	n, err := f.f.Write(p)
	f.written += int64(n)
	return n, err
}

func (f *file) Sync() error {
	if err := f.dir.change("sync", f.name); err != nil {
		return err
	}
	if err := f.f.Sync(); err != nil {
		return f.dir.fail(f.name, err)
	}
	return nil
}

func (f *file) Close() error { return f.f.Close() }
