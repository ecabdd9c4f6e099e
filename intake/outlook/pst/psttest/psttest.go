// Package psttest writes small files of folders for tests, in each of the three
// encodings: trees of two levels, and nodes of up to a few hundred blocks.
package psttest

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"unseal/intake/outlook/mapi"
)

// Node is a node with properties, and nodes below it.
type Node struct {
	NID, Parent uint32
	Props       []Prop
	Below       []Node
	Raw         []byte // in place of properties
}

// Prop is a property; a value longer than [Long] becomes a node of its own.
type Prop struct {
	ID    mapi.ID
	Type  mapi.Type
	Value []byte
}

// Long is the length from which on a value does not stand in the heap.
const Long = 3000

const (
	pageSize  = 512
	blockMax  = 8176
	cellBytes = 488
)

var le = binary.LittleEndian

type writer struct {
	out    []byte
	blocks [][3]uint64 // number, place, size
	next   uint64
	encode func(bid uint64, p []byte)
}

// File writes a file of 64 bits. encode, which may be nil, encodes the blocks,
// and crypt is the number of that way in the header. More than 400 blocks or
// 225 nodes are too many.
func File(nodes []Node, crypt byte, encode func(bid uint64, p []byte)) []byte {
	w := &writer{out: make([]byte, 1024), next: 4, encode: encode}
	var entries [][]byte
	for _, n := range nodes {
		data, sub := w.node(n)
		e := le.AppendUint64(nil, uint64(n.NID))
		e = le.AppendUint64(le.AppendUint64(e, data), sub)
		entries = append(entries, le.AppendUint64(e, uint64(n.Parent)))
	}
	nbt := w.tree(0x81, entries)
	entries = nil
	slices.SortFunc(w.blocks, func(a, b [3]uint64) int { return int(a[0]) - int(b[0]) })
	for _, b := range w.blocks {
		e := le.AppendUint64(le.AppendUint64(nil, b[0]), b[1])
		entries = append(entries, append(le.AppendUint16(le.AppendUint16(e, uint16(b[2])), 2), 0, 0, 0, 0))
	}
	bbt := w.tree(0x80, entries)
	h := w.out
	copy(h, "!BDN")
	copy(h[8:], "SM")
	le.PutUint16(h[10:], 23)
	le.PutUint64(h[224:], nbt)
	le.PutUint64(h[240:], bbt)
	h[513] = crypt
	return w.out
}

// tree writes leaves and, where there are several, one page above them.
func (w *writer) tree(kind byte, entries [][]byte) uint64 {
	var above [][]byte
	for leaf := range slices.Chunk(entries, cellBytes/len(entries[0])) {
		at := w.page(kind, 0, leaf)
		e := append(slices.Clone(leaf[0][:8]), make([]byte, 8)...)
		above = append(above, le.AppendUint64(e, at))
	}
	if len(above) == 1 {
		return le.Uint64(above[0][16:])
	}
	return w.page(kind, 1, above)
}

func (w *writer) page(kind, level byte, entries [][]byte) uint64 {
	p := make([]byte, pageSize)
	size := len(entries[0])
	if len(entries)*size > cellBytes {
		panic("more entries than one page holds")
	}
	for i, e := range entries {
		copy(p[i*size:], e)
	}
	p[cellBytes], p[cellBytes+1], p[cellBytes+2], p[cellBytes+3] = byte(len(entries)), byte(cellBytes/size), byte(size), level
	p[cellBytes+8], p[cellBytes+9] = kind, kind
	at := uint64(len(w.out))
	w.out = append(w.out, p...)
	return at
}

// block writes one block and returns its number.
func (w *writer) block(p []byte, internal bool) uint64 {
	bid := w.next
	w.next += 4
	p = slices.Clone(p)
	if internal {
		bid |= 2
	} else if w.encode != nil {
		w.encode(bid, p)
	}
	at, size := uint64(len(w.out)), len(p)
	sum := ^crc32.Update(^uint32(0), crc32.IEEETable, p)
	p = append(p, make([]byte, (64-(size+16)%64)%64)...)
	p = le.AppendUint16(le.AppendUint16(p, uint16(size)), 0)
	p = le.AppendUint64(le.AppendUint32(p, sum), bid)
	w.out = append(w.out, p...)
	w.blocks = append(w.blocks, [3]uint64{bid, at, uint64(size)})
	return bid
}

// data writes bytes as one block or as a list of blocks.
func (w *writer) data(p []byte) uint64 {
	if len(p) <= blockMax {
		return w.block(p, false)
	}
	list := []byte{1, 1, 0, 0}
	list = le.AppendUint32(list, uint32(len(p)))
	n := uint16(0)
	for part := range slices.Chunk(p, blockMax) {
		list = le.AppendUint64(list, w.block(part, false))
		n++
	}
	le.PutUint16(list[2:], n)
	return w.block(list, true)
}

// node writes a node and what is below it.
func (w *writer) node(n Node) (data, sub uint64) {
	below := map[uint32][2]uint64{}
	for _, b := range n.Below {
		d, s := w.node(b)
		below[b.NID] = [2]uint64{d, s}
	}
	if n.Raw != nil {
		data = w.data(n.Raw)
	} else {
		data = w.data(w.properties(n.Props, below))
	}
	if len(below) == 0 {
		return data, 0
	}
	list := []byte{2, 0}
	list = append(le.AppendUint16(list, uint16(len(below))), 0, 0, 0, 0)
	nids := []uint32{}
	for nid := range below {
		nids = append(nids, nid)
	}
	slices.Sort(nids)
	for _, nid := range nids {
		list = le.AppendUint64(list, uint64(nid))
		list = le.AppendUint64(le.AppendUint64(list, below[nid][0]), below[nid][1])
	}
	return data, w.block(list, true)
}

// properties writes a heap with a property context.
func (w *writer) properties(props []Prop, below map[uint32][2]uint64) []byte {
	slices.SortFunc(props, func(a, b Prop) int { return int(a.ID) - int(b.ID) })
	pieces := [][]byte{nil, nil} // of the tree: its head, its records
	var records []byte
	for _, p := range props {
		records = le.AppendUint16(le.AppendUint16(records, uint16(p.ID)), uint16(p.Type))
		switch size := p.Type.Fixed(); {
		case size > 0 && size <= 4:
			records = append(append(records, p.Value...), make([]byte, 4-len(p.Value))...)
		case len(p.Value) > Long:
			nid := uint32(0x8000+len(below))<<5 | 0x1f
			below[nid] = [2]uint64{w.data(p.Value), 0}
			records = le.AppendUint32(records, nid)
		case len(p.Value) == 0:
			records = le.AppendUint32(records, 0)
		default:
			pieces = append(pieces, p.Value)
			records = le.AppendUint32(records, uint32(len(pieces))<<5)
		}
	}
	pieces[0] = []byte{0xb5, 2, 6, 0, 0x40, 0, 0, 0}
	pieces[1] = records
	return Heap(0xbc, 0x20, pieces...)
}

// Heap writes pieces as a heap on one block.
func Heap(client byte, root uint32, pieces ...[]byte) []byte {
	h := append([]byte{0, 0, 0xec, client}, le.AppendUint32(nil, root)...)
	h = append(h, 0, 0, 0, 0)
	places := []uint16{uint16(len(h))}
	for _, p := range pieces {
		h = append(h, p...)
		places = append(places, uint16(len(h)))
	}
	le.PutUint16(h, uint16(len(h)))
	h = le.AppendUint16(le.AppendUint16(h, uint16(len(pieces))), 0)
	for _, at := range places {
		h = le.AppendUint16(h, at)
	}
	return h
}
