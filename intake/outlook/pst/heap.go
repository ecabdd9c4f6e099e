package pst

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"unseal/intake/outlook/mapi"
)

// heap is what lies on a node: pieces with numbers, MS-PST 2.3.1.
type heap struct {
	f      *File
	blocks [][]byte
	root   uint32
	client byte
	sub    map[uint32]Node
	left   int64 // bytes of values that may still be read
}

var errHeap = errors.New("the heap of a node is damaged")

func (f *File) heap(n Node) (*heap, error) {
	bids, err := f.leaves(n.data)
	if err != nil {
		return nil, err
	}
	h := &heap{f: f, left: maxValues}
	size := 0
	for _, bid := range bids {
		b, err := f.bytes(bid)
		if err != nil {
			return nil, err
		}
		if size += len(b); size > maxHeap {
			return nil, errors.New("the heap of a node is too large")
		}
		h.blocks = append(h.blocks, b)
	}
	if len(h.blocks) == 0 || len(h.blocks[0]) < 12 || h.blocks[0][2] != 0xec {
		return nil, errHeap
	}
	h.client, h.root = h.blocks[0][3], binary.LittleEndian.Uint32(h.blocks[0][4:])
	if h.sub, err = f.subnodes(n.sub); err != nil {
		f.problem("what is below node %#x: %v", n.NID, err)
	}
	return h, nil
}

// piece is one allocation, nil if there is none.
func (h *heap) piece(hid uint32) []byte {
	index, number := int(hid>>5&0x7ff), int(hid>>16)
	if h.f.l.big {
		index, number = int(hid>>5&0x3fff), int(hid>>19)
	}
	if hid&0x1f != 0 || index == 0 || number >= len(h.blocks) {
		return nil
	}
	b := h.blocks[number]
	at := func(off int) int {
		if off < 0 || off+2 > len(b) {
			return -1
		}
		return int(binary.LittleEndian.Uint16(b[off:]))
	}
	page := at(0)
	if page < 0 || index > at(page) {
		return nil
	}
	from, to := at(page+4+2*(index-1)), at(page+4+2*index)
	if from < 0 || to < from || to > len(b) {
		return nil
	}
	return b[from:to:to]
}

// value is what a number in the heap or of a node below leads to.
func (h *heap) value(hnid uint32) ([]byte, error) {
	if hnid == 0 {
		return nil, nil
	}
	if hnid&0x1f == 0 {
		return h.piece(hnid), nil
	}
	n, ok := h.sub[hnid]
	if !ok {
		return nil, fmt.Errorf("node %#x is not there", hnid)
	}
	b, err := h.f.all(n.data, min(maxValue, h.left))
	h.left -= int64(len(b))
	return b, err
}

// records gives the records of a B-tree on the heap to fn, key and data
// together, MS-PST 2.3.2.
func (h *heap) records(root uint32, fn func(key, data []byte)) error {
	p := h.piece(root)
	if len(p) < 8 || p[0] != 0xb5 {
		return errHeap
	}
	key, size := int(p[1]), int(p[2])
	if key == 0 || p[3] > maxDepth {
		return errHeap
	}
	left := maxRows
	return h.recordsBelow(binary.LittleEndian.Uint32(p[4:]), key, size, int(p[3]), &left, fn)
}

func (h *heap) recordsBelow(hid uint32, key, size, level int, left *int, fn func(key, data []byte)) error {
	if level > 0 {
		size = 4
	}
	for p := h.piece(hid); len(p) >= key+size; p = p[key+size:] {
		if *left--; *left < 0 {
			return errors.New("a tree has too many records")
		}
		if level == 0 {
			fn(p[:key], p[key:key+size])
			continue
		}
		if err := h.recordsBelow(binary.LittleEndian.Uint32(p[key:]), key, size, level-1, left, fn); err != nil {
			return err
		}
	}
	return nil
}

// Object is a node with properties.
type Object struct {
	*mapi.Bag
	Sub  map[uint32]Node // below it
	big  map[mapi.ID]Node
	file *File
}

// Big is the length of a value that was left in the file, and whether there is
// one.
func (o *Object) Big(id mapi.ID) (int64, bool) {
	n, ok := o.big[id]
	return o.file.dataSize(n.data), ok
}

// Open reads such a value.
func (o *Object) Open(id mapi.ID) (io.Reader, error) { return o.file.open(o.big[id].data) }

// lazy is from which size on a value of bytes stays in the file.
const lazy = 1 << 20

// Object reads a node's properties, MS-PST 2.3.3. A value that cannot be read
// is a problem of the file.
func (f *File) Object(n Node) (*Object, error) {
	h, err := f.heap(n)
	if err != nil {
		return nil, err
	}
	if h.client != 0xbc {
		return nil, fmt.Errorf("node %#x has no properties", n.NID)
	}
	o := &Object{Bag: f.bag(), Sub: h.sub, big: map[mapi.ID]Node{}, file: f}
	err = h.records(h.root, func(key, data []byte) {
		if len(key) == 2 && len(data) == 6 {
			o.read(h, n, mapi.ID(binary.LittleEndian.Uint16(key)), mapi.Type(binary.LittleEndian.Uint16(data)), data[2:])
		}
	})
	return o, err
}

func (f *File) bag() *mapi.Bag { return &mapi.Bag{Names: f.Names, Charset: f.Charset} }

func (o *Object) read(h *heap, n Node, id mapi.ID, t mapi.Type, data []byte) {
	if size := t.Fixed(); t&mapi.Multi == 0 && size > 0 && size <= 4 {
		o.Set(id, mapi.Value{Type: t, Parts: [][]byte{data}})
		return
	}
	hnid := binary.LittleEndian.Uint32(data)
	if sub, ok := h.sub[hnid]; ok && hnid&0x1f != 0 && t == mapi.Binary && h.f.dataSize(sub.data) > lazy {
		o.big[id] = sub
		return
	}
	p, err := h.value(hnid)
	if err != nil {
		h.f.problem("property %#04x of node %#x: %v", id, n.NID, err)
		return
	}
	o.Set(id, mapi.Value{Type: t, Parts: parts(t, p)})
}

// parts takes a value of several apart, MS-PST 2.3.3.4.
func parts(t mapi.Type, p []byte) [][]byte {
	if t&mapi.Multi == 0 {
		return [][]byte{p}
	}
	if size := t.Fixed(); size > 0 {
		var list [][]byte
		for ; len(p) >= size; p = p[size:] {
			list = append(list, p[:size:size])
		}
		return list
	}
	return varied(p)
}

func varied(p []byte) (list [][]byte) {
	if len(p) < 4 {
		return nil
	}
	n := min(int64(binary.LittleEndian.Uint32(p)), int64(len(p)-4)/4)
	for i := range n {
		from, to := int64(binary.LittleEndian.Uint32(p[4+4*i:])), int64(len(p))
		if i+1 < n {
			to = int64(binary.LittleEndian.Uint32(p[8+4*i:]))
		}
		if from > to || to > int64(len(p)) {
			return list
		}
		list = append(list, p[from:to:to])
	}
	return list
}

// column is one of a table, MS-PST 2.3.4.2.
type column struct {
	id     mapi.ID
	t      mapi.Type
	at     int
	size   int
	bitNum int
}

// Table reads up to max rows of a table node, in the order in which they lie,
// MS-PST 2.3.4.
func (f *File) Table(n Node, max int) ([]*mapi.Bag, error) {
	h, err := f.heap(n)
	if err != nil {
		return nil, err
	}
	p := h.piece(h.root)
	if h.client != 0x7c || len(p) < 22 || p[0] != 0x7c {
		return nil, fmt.Errorf("node %#x is no table", n.NID)
	}
	le := binary.LittleEndian
	bits, size := int(le.Uint16(p[6:])), int(le.Uint16(p[8:]))
	columns := columns(p[22:], int(p[1]))
	rows, err := h.rows(le.Uint32(p[14:]), size)
	if err != nil {
		return nil, err
	}
	var list []*mapi.Bag
	for _, i := range h.rowIndex(le.Uint32(p[10:])) {
		if i < len(rows) && len(list) < max {
			list = append(list, h.row(rows[i], bits, columns))
		}
	}
	return list, nil
}

func columns(p []byte, n int) (list []column) {
	for ; n > 0 && len(p) >= 8; n, p = n-1, p[8:] {
		tag := binary.LittleEndian.Uint32(p)
		list = append(list, column{
			id: mapi.ID(tag >> 16), t: mapi.Type(tag), at: int(binary.LittleEndian.Uint16(p[4:])), size: int(p[6]), bitNum: int(p[7]),
		})
	}
	return list
}

// rows cuts the matrix: a row never goes over the end of a block.
func (h *heap) rows(hnid uint32, size int) (list [][]byte, err error) {
	if size == 0 || hnid == 0 {
		return nil, nil
	}
	blocks := [][]byte{h.piece(hnid)}
	if hnid&0x1f != 0 {
		blocks = nil
		bids, err := h.f.leaves(h.sub[hnid].data)
		if err != nil {
			return nil, err
		}
		for _, bid := range bids[:min(len(bids), maxHeap/8192)] {
			b, err := h.f.bytes(bid)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, b)
		}
	}
	for _, b := range blocks {
		for ; len(b) >= size && len(list) < maxRows; b = b[size:] {
			list = append(list, b[:size:size])
		}
	}
	return list, nil
}

// rowIndex lists the places of rows in the matrix by their numbers.
func (h *heap) rowIndex(root uint32) (places []int) {
	err := h.records(root, func(_, data []byte) {
		switch len(data) {
		case 2:
			places = append(places, int(binary.LittleEndian.Uint16(data)))
		case 4:
			places = append(places, int(binary.LittleEndian.Uint32(data)))
		}
	})
	if err != nil {
		h.f.problem("the index of a table: %v", err)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

func (h *heap) row(row []byte, bits int, columns []column) *mapi.Bag {
	bag := h.f.bag()
	for _, c := range columns {
		there := bits + c.bitNum/8
		if there >= len(row) || row[there]>>(7-c.bitNum%8)&1 == 0 || c.at+c.size > len(row) {
			continue
		}
		p := row[c.at : c.at+c.size]
		if fixed := c.t.Fixed(); c.t&mapi.Multi == 0 && fixed > 0 && fixed <= 8 {
			bag.Set(c.id, mapi.Value{Type: c.t, Parts: [][]byte{append(p[:len(p):len(p)], 0)}})
			continue
		}
		if len(p) < 4 {
			continue
		}
		v, err := h.value(binary.LittleEndian.Uint32(p))
		if err != nil {
			h.f.problem("a cell of a table: %v", err)
			continue
		}
		bag.Set(c.id, mapi.Value{Type: c.t, Parts: parts(c.t, v)})
	}
	return bag
}

// loadNames reads the names of properties, MS-PST 2.4.7.
func (f *File) loadNames() {
	n, ok := f.Node(nameMap)
	if !ok {
		f.problem("the names of properties are not there")
		return
	}
	o, err := f.Object(n)
	if err != nil {
		f.problem("the names of properties: %v", err)
		return
	}
	f.Names = mapi.ParseNames(o.Bytes(2), o.Bytes(3), o.Bytes(4))
}
