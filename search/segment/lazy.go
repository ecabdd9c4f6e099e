package segment

import (
	"sync"
	"sync/atomic"
)

// lazy is a stretch of a file that is read, a page at a time, when it is first
// asked for. Where a read fails the bytes stay zero and the fault is kept, so
// that what reads numbers one by one need not look for errors.
type lazy struct {
	b     []byte // only what need was called for may be looked at
	fill  func(b []byte, off int64) error
	fault *fault
	have  []atomic.Uint32 // bit set: the page is there
	mu    sync.Mutex      // held while filling
}

// fault counts errors of reading that nobody was told of, and keeps the last.
// A search that began at one count and ends at another one has read zeros.
type fault struct {
	n   atomic.Int64
	err atomic.Pointer[error]
	up  *fault // of the index the segment is part of
}

// join makes up learn of every fault; nothing may be read meanwhile.
func (f *fault) join(up *fault) { f.up = up }

func (f *fault) set(err error) {
	f.err.Store(&err)
	f.n.Add(1)
	if f.up != nil {
		f.up.set(err)
	}
}

// since returns an error if there was one since the count was n.
func (f *fault) since(n int64) error {
	if f.n.Load() == n {
		return nil
	}
	return *f.err.Load()
}

func newLazy(f *fault, size int64, fill func(b []byte, off int64) error) *lazy {
	return &lazy{b: make([]byte, size), fill: fill, fault: f, have: make([]atomic.Uint32, size/pageSize/32+1)}
}

func (l *lazy) has(page int64) bool { return l.have[page/32].Load()&(1<<(page%32)) != 0 }

// need makes sure that bytes [off, off+n) are there, as far as the stretch
// goes. An error is kept as a fault, too.
func (l *lazy) need(off, n int64) error {
	last := min(off+n, int64(len(l.b))) - 1
	for p := off / pageSize; p <= last/pageSize; p++ {
		if !l.has(p) {
			return l.load(p, last/pageSize)
		}
	}
	return nil
}

// load reads pages [from, to] at once.
func (l *lazy) load(from, to int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for from < to && l.has(from) {
		from++
	}
	b := make([]byte, min((to+1)*pageSize, int64(len(l.b)))-from*pageSize)
	if err := l.fill(b, from*pageSize); err != nil {
		l.fault.set(err)
		return err
	}
	for p := from; p <= to; p++ {
		if !l.has(p) { // others may be reading it
			at := (p - from) * pageSize
			copy(l.b[p*pageSize:], b[at:min(at+pageSize, int64(len(b)))])
			l.have[p/32].Or(1 << (p % 32))
		}
	}
	return nil
}
