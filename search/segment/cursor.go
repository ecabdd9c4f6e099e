package segment

import (
	"encoding/binary"
	"math/bits"
)

// block is what the head of a list says of one of its blocks.
type block struct {
	prev     uint32 // the least document that may stand in it
	last     uint32 // the greatest
	off, end int    // its bytes, from the beginning of the list
	places   int64  // its places, from the beginning of the word's
	n        int    // documents
	frontier []byte // pairs of count and length code; none for a list of one block
}

// cursor reads one list, block by block.
type cursor struct {
	s      *Segment
	ref    listRef
	counts bool   // the list has counts and places
	b      []byte // the list, with slack
	blocks []block
	docs   [blockSize]uint32
	tfs    [blockSize]uint32
	n      int    // documents in docs
	at     int    // the block in docs, -1 for none
	rest   []byte // of the block, behind its documents
	bits   bitReader
}

// open begins with a list. It may be called again for another one.
func (c *cursor) open(s *Segment, ref listRef, counts bool) error {
	c.s, c.ref, c.counts, c.at, c.blocks = s, ref, counts, -1, c.blocks[:0]
	if ref.df == 0 {
		return nil
	}
	if ref.inline {
		c.blocks = append(c.blocks, block{prev: ref.doc, last: ref.doc, n: 1})
		return nil
	}
	var err error
	if c.b, err = s.readBits(secLists, ref.post, ref.postN); err != nil {
		return err
	}
	if ref.df <= blockSize {
		c.blocks = append(c.blocks, block{last: uint32(s.docs - 1), end: len(c.b) - slack, n: ref.df})
		return nil
	}
	return c.head()
}

// head reads the entries of a list of several blocks.
func (c *cursor) head() error {
	b := c.b[:len(c.b)-slack]
	prev, off, places := uint64(0), 0, int64(0)
	for left := c.ref.df; left > 0; left -= blockSize {
		var v [3]uint64
		n := 2
		if c.counts {
			n = 3
		}
		for i := range n {
			if v[i], b = uvarint(b); b == nil {
				return ErrDamaged
			}
		}
		e := block{prev: uint32(prev), last: uint32(prev + v[0] - 1), off: off, places: places, n: min(left, blockSize)}
		prev += v[0]
		if v[0] == 0 || prev > uint64(c.s.docs) || v[1] > uint64(len(b)) || v[2] > 1<<40 {
			return ErrDamaged
		}
		off += int(v[1])
		places += int64(v[2])
		e.end = off
		if c.counts {
			if len(b) == 0 || len(b) < 1+2*int(b[0]) {
				return ErrDamaged
			}
			e.frontier = b[1 : 1+2*int(b[0])]
			b = b[1+2*int(b[0]):]
		}
		c.blocks = append(c.blocks, e)
	}
	begin := len(c.b) - slack - len(b)
	for i := range c.blocks {
		c.blocks[i].off += begin
		c.blocks[i].end += begin
		if c.blocks[i].end > len(c.b)-slack {
			return ErrDamaged
		}
	}
	return nil
}

// load decodes the documents of block i into c.docs[:c.n].
func (c *cursor) load(i int) error {
	if c.at == i {
		return nil
	}
	e := &c.blocks[i]
	c.at, c.n = i, e.n
	if c.ref.inline {
		c.docs[0] = c.ref.doc
		return nil
	}
	b := c.b[e.off : e.end+slack]
	if e.n == blockSize && c.ref.df > blockSize {
		return c.loadFull(b, e)
	}
	k := riceParameter(uint64(c.s.docs)-uint64(e.prev), uint64(e.n))
	c.bits = bitReader{b: b}
	doc := uint64(e.prev)
	for j := range c.docs[:e.n] {
		doc += c.bits.rice(k)
		c.docs[j] = uint32(doc)
		doc++
	}
	if c.bits.bad || doc > uint64(c.s.docs) {
		return ErrDamaged
	}
	return nil
}

func (c *cursor) loadFull(b []byte, e *block) error {
	rest, ok := readPacked(b, &c.docs)
	if !ok {
		return ErrDamaged
	}
	c.rest = rest
	doc := uint64(e.prev)
	for j := range c.docs {
		doc += uint64(c.docs[j])
		c.docs[j] = uint32(doc)
		doc++
	}
	if doc != uint64(e.last)+1 {
		return ErrDamaged
	}
	return nil
}

// loadCounts decodes the counts of the block in c.docs; once a block.
func (c *cursor) loadCounts() error {
	switch {
	case c.ref.inline:
		c.tfs[0] = 1
	case c.n == blockSize && c.ref.df > blockSize:
		if _, ok := readPacked(c.rest, &c.tfs); !ok {
			return ErrDamaged
		}
		for j := range c.tfs {
			c.tfs[j]++
		}
	default:
		for j := range c.tfs[:c.n] {
			c.tfs[j] = uint32(c.bits.gamma())
		}
		if c.bits.bad {
			return ErrDamaged
		}
	}
	return nil
}

// addTo sets the bits of all documents of the list.
func (c *cursor) addTo(set bitset) error {
	for i := range c.blocks {
		if err := c.load(i); err != nil {
			return err
		}
		for _, d := range c.docs[:c.n] {
			set[d>>6] |= 1 << (d & 63)
		}
	}
	return nil
}

// addWithin sets the bits of the documents of the list that are in within,
// reading only blocks that may hold some.
func (c *cursor) addWithin(set, within bitset) error {
	for i := range c.blocks {
		e := &c.blocks[i]
		next := within.next(int(e.prev))
		if next < 0 {
			return nil
		}
		if next > int(e.last) {
			continue
		}
		if err := c.load(i); err != nil {
			return err
		}
		for _, d := range c.docs[:c.n] {
			set[d>>6] |= within[d>>6] & (1 << (d & 63))
		}
	}
	return nil
}

// placeReader reads the places of a word in ascending documents.
type placeReader struct {
	c     cursor
	block int // being read, -1 at the beginning
	i     int // the document in it whose places come next
	bits  bitReader
	buf   []uint32
	b     []byte // all places of the word, with slack
}

func (p *placeReader) open(s *Segment, ref listRef) error {
	p.block, p.i, p.b = -1, 0, nil
	if err := p.c.open(s, ref, true); err != nil || ref.df == 0 || ref.inline {
		return err
	}
	var err error
	p.b, err = s.readBits(secLists, ref.post+ref.postN, ref.placeN)
	return err
}

// places returns where the word stands in doc, in order: nothing if it does
// not. doc must not be less than in the call before. The result is valid until
// the next call.
func (p *placeReader) places(doc uint32) ([]uint32, error) {
	i := max(p.block, 0)
	for i < len(p.c.blocks) && p.c.blocks[i].last < doc {
		i++
	}
	if i == len(p.c.blocks) {
		return nil, nil
	}
	if i != p.block {
		if err := p.enter(i); err != nil {
			return nil, err
		}
	}
	if p.c.ref.inline {
		if doc != p.c.ref.doc {
			return nil, nil
		}
		p.buf = append(p.buf[:0], p.c.ref.place)
		return p.buf, nil
	}
	for ; p.i < p.c.n && p.c.docs[p.i] <= doc; p.i++ {
		d := p.c.docs[p.i]
		if d != doc && p.c.tfs[p.i] == 1 {
			p.bits.pos += uint(bits.Len64(lengthOf(p.c.s.length(d))))
			continue
		}
		p.buf = readPlaces(&p.bits, p.buf[:0], p.c.tfs[p.i], lengthOf(p.c.s.length(d)))
		if p.bits.bad {
			return nil, ErrDamaged
		}
		if d == doc {
			p.i++
			return p.buf, nil
		}
	}
	return nil, nil
}

// all calls fn for every document of the word in order, with its places.
func (p *placeReader) all(fn func(doc uint32, places []uint32)) error {
	for i := range p.c.blocks {
		if err := p.enter(i); err != nil {
			return err
		}
		for j, d := range p.c.docs[:p.c.n] {
			if p.c.ref.inline {
				p.buf = append(p.buf[:0], p.c.ref.place)
			} else {
				p.buf = readPlaces(&p.bits, p.buf[:0], p.c.tfs[j], lengthOf(p.c.s.length(d)))
			}
			if p.bits.bad {
				return ErrDamaged
			}
			fn(d, p.buf)
		}
	}
	return nil
}

func (p *placeReader) enter(i int) error {
	if err := p.c.load(i); err != nil {
		return err
	}
	if err := p.c.loadCounts(); err != nil {
		return err
	}
	p.block, p.i = i, 0
	if p.c.ref.inline {
		return nil
	}
	from := p.c.blocks[i].places
	if from > int64(len(p.b)-slack) {
		return ErrDamaged
	}
	p.bits = bitReader{b: p.b[from:]}
	return nil
}

// stretches reads where the zones of a document lie. fn gets each in order and
// returns false to stop.
func stretches(b []byte, fn func(z zone, from, to uint32) bool) error {
	at := uint64(0)
	body := false
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v&15 >= uint64(zones) || v>>4 > 1<<31 {
			return ErrDamaged
		}
		b = b[n:]
		z := zone(v & 15)
		if body && !z.body() {
			at++
		}
		body = z.body()
		if at+v>>4 > 1<<31 {
			return ErrDamaged
		}
		if !fn(z, uint32(at), uint32(at+v>>4)) {
			return nil
		}
		at += v >> 4
		if !body {
			at++
		}
	}
	return nil
}
