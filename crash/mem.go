package crash

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"unseal/durable"
)

// Mem is a [durable.FS] in memory that keeps what was synced apart from what
// was only written, for the bytes of files and the entries of folders. The
// zero value is not ready; see [NewMem]. It is safe for concurrent use.
type Mem struct {
	mu   sync.Mutex
	root *node // guarded by mu, with all nodes below
}

// node is a file or a folder: as it stands, and as it was last synced.
type node struct {
	dir             bool
	data, synced    []byte
	entries, stored map[string]*node
	lost            int // bytes that a failed sync has lost: no later one stores them
}

func newDir() *node {
	return &node{dir: true, entries: map[string]*node{}, stored: map[string]*node{}}
}

// NewMem returns an empty file system.
func NewMem() *Mem { return &Mem{root: newDir()} }

// Crash returns what a crash now could leave: everything synced, and of every
// other change, one by one, the old state, the new one, or for bytes something
// in between. The file system itself goes on as if nothing had happened.
func (m *Mem) Crash(r *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.crash(r)}
}

func (n *node) crash(r *rand.Rand) *node {
	if !n.dir {
		left := slices.Clip(n.left(r)) // its capacity belongs to another file
		return &node{data: left, synced: left}
	}
	c := newDir()
	names := slices.Sorted(maps.Keys(n.entries))
	for name := range n.stored {
		if n.entries[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names) // so that a seed always means the same crash
	for _, name := range names {
		kept := n.entries[name]
		if old := n.stored[name]; old != kept && r.IntN(2) == 0 {
			kept = old
		}
		if kept == nil {
			continue
		}
		left := kept.crash(r)
		c.entries[name], c.stored[name] = left, left
	}
	return c
}

// left is what a crash leaves of a file's bytes: what was synced, and of the
// rest nothing, all, a part, or zeros (a length that was stored before its data).
func (n *node) left(r *rand.Rand) []byte {
	tail := slices.Clone(n.data[len(n.synced):])
	if len(tail) == 0 {
		return n.synced
	}
	switch r.IntN(4) {
	case 0:
		tail = nil
	case 1:
		tail = tail[:r.IntN(len(tail))]
	case 2:
		tail = tail[:1+r.IntN(len(tail))]
		clear(tail[r.IntN(len(tail)):])
	}
	if n.lost > 0 {
		clear(tail[:min(len(tail), n.lost)]) // the cache may have shown it, the disk never had it
	}
	return append(slices.Clone(n.synced), tail...)
}

// find looks a name up.
func (m *Mem) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n := m.root
	if name == "." {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if n = n.entries[part]; n == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
	}
	return n, nil
}

// parent finds the folder that name lies in.
func (m *Mem) parent(op, name string) (dir *node, base string, err error) {
	if name == "." || !fs.ValidPath(name) {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	dir, err = m.find(op, path.Dir(name))
	if err == nil && !dir.dir {
		err = &fs.PathError{Op: op, Path: name, Err: errors.New("not a folder")}
	}
	return dir, path.Base(name), err
}

// Create makes a new file; see [durable.FS].
func (m *Mem) Create(name string) (durable.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent("create", name)
	if err != nil {
		return nil, err
	}
	if dir.entries[base] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	n := &node{}
	dir.entries[base] = n
	return &memFile{m: m, n: n}, nil
}

// OpenAppend opens a file for writing at its end; see [durable.FS].
func (m *Mem) OpenAppend(name string) (durable.File, error) {
	m.mu.Lock()
	n, err := m.find("append", name)
	m.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) {
		return m.Create(name)
	}
	if err == nil && n.dir {
		err = &fs.PathError{Op: "append", Path: name, Err: errors.New("is a folder")}
	}
	if err != nil {
		return nil, err
	}
	return &memFile{m: m, n: n}, nil
}

// Rename moves a file or folder; see [durable.FS].
func (m *Mem) Rename(oldname, newname string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, oldbase, err := m.parent("rename", oldname)
	if err != nil {
		return err
	}
	to, newbase, err := m.parent("rename", newname)
	if err != nil {
		return err
	}
	n := from.entries[oldbase]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: oldname, Err: fs.ErrNotExist}
	}
	if old := to.entries[newbase]; old != nil && (old.dir || n.dir) {
		return &fs.PathError{Op: "rename", Path: newname, Err: fs.ErrExist}
	}
	delete(from.entries, oldbase)
	to.entries[newbase] = n
	return nil
}

// Remove removes a file or an empty folder; see [durable.FS].
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	n := dir.entries[base]
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if len(n.entries) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("folder is not empty")}
	}
	delete(dir.entries, base)
	return nil
}

// MkdirAll makes folders with durable names; see [durable.FS].
func (m *Mem) MkdirAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "." {
		return nil
	}
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrInvalid}
	}
	n := m.root
	for part := range strings.SplitSeq(name, "/") {
		if n.entries[part] == nil {
			n.entries[part] = newDir()
		}
		n.stored[part] = n.entries[part]
		if n = n.entries[part]; !n.dir {
			return &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("not a folder")}
		}
	}
	return nil
}

// SyncDir stores the entries of a folder; see [durable.FS].
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("syncdir", name)
	if err != nil {
		return err
	}
	n.stored = maps.Clone(n.entries)
	return nil
}

// memFile is a file open for writing.
type memFile struct {
	m *Mem
	n *node
}

func (f *memFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.n.lost == 0 {
		f.n.synced = slices.Clone(f.n.data)
	}
	return nil
}

// failSync is what a failed fsync does: the pages are dropped and count as clean.
func (f *memFile) failSync() {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.lost = len(f.n.data) - len(f.n.synced)
}

func (f *memFile) Close() error { return nil }

// Open opens a file or folder for reading, as it is at this moment.
func (m *Mem) Open(name string) (fs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	info := infoOf(path.Base(name), n)
	if !n.dir {
		return &readFile{info: info, Reader: strings.NewReader(string(n.data))}, nil
	}
	d := &readDir{info: info}
	for _, base := range slices.Sorted(maps.Keys(n.entries)) {
		d.list = append(d.list, fs.FileInfoToDirEntry(infoOf(base, n.entries[base])))
	}
	return d, nil
}

func infoOf(name string, n *node) info { return info{name, int64(len(n.data)), n.dir} }

// info describes a node.
type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// readFile is a file open for reading.
type readFile struct {
	info
	*strings.Reader
}

func (f *readFile) Size() int64                { return f.info.size }
func (f *readFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *readFile) Close() error               { return nil }

// readDir is a folder open for reading.
type readDir struct {
	info
	list []fs.DirEntry
}

func (d *readDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *readDir) Close() error               { return nil }

func (d *readDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a folder")}
}

func (d *readDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.list) {
		if n > 0 && len(d.list) == 0 {
			return nil, io.EOF
		}
		n = len(d.list)
	}
	some := d.list[:n]
	d.list = d.list[n:]
	return some, nil
}
