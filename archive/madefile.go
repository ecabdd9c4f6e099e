package archive

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"unseal/proof"
	"unseal/trove"
)

// Made is a file made of number n, by name, checked against the log: all its
// bytes at once. The error is ErrNotFound or ErrNotShown where there is none.
func (c *Collection) Made(n int, name string) ([]byte, error) {
	p, m, err := c.findMade(n, name)
	if err != nil {
		return nil, err
	}
	return c.a.member(p.zip, madeName(n, name), m.At, m.Size, m.SHA256)
}

// OpenMade opens a file made of number n for reading by range; see [MadeFile].
// The first time it reads all of it, to check it. Nothing is to be closed.
func (c *Collection) OpenMade(n int, name string) (*MadeFile, error) {
	p, m, err := c.findMade(n, name)
	if err != nil {
		return nil, err
	}
	f := &MadeFile{Made: m, a: c.a, zip: p.zip, member: madeName(n, name)}
	if m.At[1] != m.Size { // packed, which is for files that are read as wholes
		f.whole, err = c.a.member(p.zip, f.member, m.At, m.Size, m.SHA256)
		return f, err
	}
	f.blocks, err = c.a.blocks.of(f)
	return f, err
}

func (c *Collection) findMade(n int, name string) (place, Made, error) {
	p, err := c.find(n)
	if err != nil {
		return p, Made{}, err
	}
	item, err := c.Item(n)
	if err != nil {
		return p, Made{}, err
	}
	at, ok := slices.BinarySearchFunc(item.Record.Made, name, func(m Made, name string) int { return strings.Compare(m.Name, name) })
	if !ok {
		return p, Made{}, fmt.Errorf("%s: no file %.80q was made of it: %w", trove.Name{Collection: c.Name, Number: n}, name, ErrNotFound)
	}
	return p, item.Record.Made[at], nil
}

// MadeFile is a file made of an item, open for reading by range. It is safe for
// concurrent use, and holds no file open. Every byte that it gives was checked:
// when it was opened, all of it against the digest in the record; and each block
// again when it is read, since the disk may have other bytes by then.
type MadeFile struct {
	Made
	a           *Archive
	zip, member string
	whole       []byte         // of a packed one
	blocks      []trove.Digest // of one that is stored
}

// blockSize is how much of a stored file is checked at once.
const blockSize = 64 << 10

// ReadAt reads len(p) bytes at off, or fewer at the end, with io.EOF.
func (f *MadeFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: read at %d", f.member, off)
	}
	for n < len(p) && off+int64(n) < f.Size {
		from := off + int64(n)
		block, err := f.block(from / blockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], block[from%blockSize:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block is the k-th block, checked.
func (f *MadeFile) block(k int64) ([]byte, error) {
	from, to := k*blockSize, min((k+1)*blockSize, f.Size)
	if f.whole != nil {
		return f.whole[from:to], nil
	}
	b, err := f.a.files.readExtent(f.zip, Extent{f.At[0] + from, to - from})
	if err != nil {
		return nil, err
	}
	if trove.Sum(b) != f.blocks[k] {
		return nil, fmt.Errorf("%s: %s: has changed since it was checked: %w", f.zip, f.member, proof.ErrMismatch)
	}
	return b, nil
}

// maxBlockLists is how many files' lists of blocks are kept: of 100 MB of sound
// a list takes 50 KB.
const maxBlockLists = 128

// blockLists remembers the digests of the blocks of files that were checked, so
// that a range of a long recording is not paid for with all of it.
type blockLists struct {
	mu    sync.Mutex
	lists map[blockKey][]trove.Digest // guarded by mu
	old   []blockKey                  // guarded by mu: keys in lists, the first added first
}

type blockKey struct {
	zip string
	at  Extent
	sum trove.Digest
}

// of is the list of a stored file, whose bytes are checked if it is not known.
func (l *blockLists) of(f *MadeFile) ([]trove.Digest, error) {
	key := blockKey{f.zip, f.At, f.SHA256}
	l.mu.Lock()
	known, ok := l.lists[key]
	l.mu.Unlock()
	if ok {
		return known, nil
	}
	list, err := f.check()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists == nil {
		l.lists = map[blockKey][]trove.Digest{}
	}
	if _, ok := l.lists[key]; !ok {
		if len(l.old) >= maxBlockLists {
			delete(l.lists, l.old[0])
			l.old = l.old[1:]
		}
		l.old = append(l.old, key)
	}
	l.lists[key] = list
	return list, nil
}

// check reads all of a stored file, compares its digest, and returns those of
// its blocks.
func (f *MadeFile) check() (list []trove.Digest, err error) {
	d := newDigester(io.Discard)
	for from := int64(0); from < f.Size; from += blockSize {
		b, err := f.a.files.readExtent(f.zip, Extent{f.At[0] + from, min(blockSize, f.Size-from)})
		if err != nil {
			return nil, err
		}
		d.Write(b)
		list = append(list, trove.Sum(b))
	}
	if got := d.file("").SHA256; got != f.SHA256 {
		return nil, fmt.Errorf("%s: %w", f.zip, mismatch(f.member, "its record", got, f.SHA256))
	}
	return list, nil
}
