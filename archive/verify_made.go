package archive

import (
	"io"
	"maps"
	"path"
	"slices"
	"sync"
)

// madeCheck gathers what the tasks of a batch learn of the files made of its
// items: where records have them, and where the directory of items.zip has them.
type madeCheck struct {
	mu       sync.Mutex
	listed   map[string]member // guarded by mu: by records, as names of members
	stored   map[string]member // guarded by mu: by the directory
	complete bool              // guarded by mu: the directory was read
	unread   bool              // guarded by mu: some record was not, and was reported
}

// lies notes a member of the directory; it is false for a name that was there
// before.
func (m *madeCheck) lies(name string, at member) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.stored[name]; twice {
		return false
	}
	if m.stored == nil {
		m.stored = map[string]member{}
	}
	m.stored[name] = at
	return true
}

func (m *madeCheck) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.complete = true
}

func (m *madeCheck) blind() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unread = true
}

func (m *madeCheck) lists(name string, at member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listed == nil {
		m.listed = map[string]member{}
	}
	m.listed[name] = at
}

// checkMade checks the files made of an item against its record.
func (b *batchCheck) checkMade(buf *bench, zip string, rec *Record, sum *chunkSum) {
	for _, m := range rec.Made {
		if b.v.ctx.Err() != nil {
			return
		}
		name := madeName(rec.Number, m.Name)
		b.made.lists(name, member{m.At, m.Size})
		if b.madeFile(buf, zip, name, m) {
			sum.made++
		}
	}
}

// madeFile checks one of them, without holding all of it if it is stored.
func (b *batchCheck) madeFile(buf *bench, zip, name string, m Made) bool {
	d := newDigester(io.Discard)
	if m.At[1] != m.Size {
		content := b.member(buf, buf.content[:0], zip, name, m.At, m.Size)
		if content == nil {
			return false
		}
		buf.content = content
		d.Write(content)
	} else if n, err := io.Copy(d, io.NewSectionReader(buf.ReaderAt, m.At[0], m.Size)); err != nil {
		b.v.altered(zip, "%s cannot be read: %v", name, err)
		return false
	} else if n != m.Size {
		b.v.altered(zip, "%s lies beyond its end", name)
		return false
	}
	if d.file("").SHA256 != m.SHA256 {
		b.v.altered(zip, "%s is not what the record of its item says", name)
		return false
	}
	return true
}

// compareMade compares records and directory when all tasks are done. Where
// either could not be read, that was reported.
func (b *batchCheck) compareMade() {
	m := &b.made
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.complete || m.unread {
		return
	}
	zip := path.Join(b.dir, ItemsName)
	for _, name := range slices.Sorted(maps.Keys(m.stored)) {
		if at, ok := m.listed[name]; !ok || at != m.stored[name] {
			b.v.altered(zip, "member %q is not where a record has it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.listed)) {
		if _, ok := m.stored[name]; !ok {
			b.v.altered(zip, "its directory does not list %s", name)
		}
	}
}
