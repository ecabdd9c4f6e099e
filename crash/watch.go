package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"unseal/durable"
)

// Op is a kind of step.
type Op string

// The kinds of steps.
const (
	Create  Op = "create"
	Append  Op = "append"
	Write   Op = "write"
	Sync    Op = "sync"
	Rename  Op = "rename"
	Remove  Op = "remove"
	Mkdir   Op = "mkdir"
	SyncDir Op = "syncdir"
)

// Step is one call that changes a file system, counted from 1.
type Step struct {
	N    int
	Op   Op
	Name string
}

func (s Step) String() string { return fmt.Sprintf("step %d, %s %s", s.N, s.Op, s.Name) }

// ErrShort, as the error of a hook, lets a write put down the half of its bytes
// before it fails as on a full disk.
var ErrShort = errors.New("half of it written")

// Watch calls hook before each change of fsys, one at a time. If it returns an
// error, the change is not made and fails with that error.
func Watch(fsys durable.FS, hook func(Step) error) durable.FS {
	return &watched{FS: fsys, hook: hook}
}

type watched struct {
	durable.FS
	hook func(Step) error

	mu sync.Mutex
	n  int // guarded by mu
}

func (w *watched) step(op Op, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	return w.hook(Step{w.n, op, name})
}

// Stat is that of the file system below; see [fs.StatFS].
func (w *watched) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

func (w *watched) Create(name string) (durable.File, error) {
	if err := w.step(Create, name); err != nil {
		return nil, err
	}
	f, err := w.FS.Create(name)
	return w.file(name, f, err)
}

func (w *watched) OpenAppend(name string) (durable.File, error) {
	if err := w.step(Append, name); err != nil {
		return nil, err
	}
	f, err := w.FS.OpenAppend(name)
	return w.file(name, f, err)
}

func (w *watched) file(name string, f durable.File, err error) (durable.File, error) {
	if err != nil {
		return nil, err
	}
	return &watchedFile{File: f, w: w, name: name}, nil
}

func (w *watched) Rename(oldname, newname string) error {
	if err := w.step(Rename, newname); err != nil {
		return err
	}
	return w.FS.Rename(oldname, newname)
}

func (w *watched) Remove(name string) error {
	if err := w.step(Remove, name); err != nil {
		return err
	}
	return w.FS.Remove(name)
}

func (w *watched) MkdirAll(name string) error {
	if err := w.step(Mkdir, name); err != nil {
		return err
	}
	return w.FS.MkdirAll(name)
}

func (w *watched) SyncDir(name string) error {
	if err := w.step(SyncDir, name); err != nil {
		return syncFailed(name, err)
	}
	return w.FS.SyncDir(name)
}

func syncFailed(name string, err error) error {
	return fmt.Errorf("sync %s: %w (%w)", name, durable.ErrSync, err)
}

type watchedFile struct {
	durable.File
	w    *watched
	name string
}

func (f *watchedFile) Write(p []byte) (int, error) {
	err := f.w.step(Write, f.name)
	if errors.Is(err, ErrShort) {
		n, err := f.File.Write(p[:len(p)/2])
		return n, errors.Join(err, syscall.ENOSPC)
	}
	if err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f *watchedFile) Sync() error {
	if err := f.w.step(Sync, f.name); err != nil {
		if m, ok := f.File.(*memFile); ok {
			m.failSync()
		}
		return syncFailed(f.name, err)
	}
	return f.File.Sync()
}

// WithoutSync is a control: fsys, but the sync of a file does nothing.
func WithoutSync(fsys durable.FS) durable.FS { return unsynced{fsys} }

type unsynced struct{ durable.FS }

func (u unsynced) Create(name string) (durable.File, error) {
	f, err := u.FS.Create(name)
	return unsyncedFile{f}, err
}

func (u unsynced) OpenAppend(name string) (durable.File, error) {
	f, err := u.FS.OpenAppend(name)
	return unsyncedFile{f}, err
}

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return nil }

// WithoutDirSync is a control: fsys, but the sync of a folder does nothing.
func WithoutDirSync(fsys durable.FS) durable.FS { return dirUnsynced{fsys} }

type dirUnsynced struct{ durable.FS }

func (dirUnsynced) SyncDir(string) error { return nil }
