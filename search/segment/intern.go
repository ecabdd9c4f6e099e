package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

// intern numbers byte strings in the order of their first appearance.
type intern struct {
	seed  maphash.Seed
	salt  uint64
	slots []uint64 // hash and id+1, open addressing
	items []interned
	arena []byte
}

type interned struct {
	head uint64 // the first 8 bytes, the rest zero
	off  uint64
	n    uint32
	hash uint32
}

func newIntern() *intern {
	seed := maphash.MakeSeed()
	return &intern{seed: seed, salt: maphash.Bytes(seed, nil) | 1, slots: make([]uint64, 1<<14)}
}

// reset forgets all strings but keeps the memory.
func (t *intern) reset() {
	clear(t.slots)
	t.items, t.arena = t.items[:0], t.arena[:0]
}

// headOf is the beginning of a string as a big-endian number.
func headOf(w []byte) (head uint64) {
	if len(w) >= 8 {
		return binary.BigEndian.Uint64(w)
	}
	for i, c := range w {
		head |= uint64(c) << (56 - 8*i)
	}
	return head
}

// hash mixes short strings at once: they are most of all. Nobody can choose
// strings that collide, as seed and salt are drawn at random.
func (t *intern) hash(w []byte, head uint64) uint32 {
	if len(w) > 8 {
		return uint32(maphash.Bytes(t.seed, w))
	}
	high, low := bits.Mul64(head^t.salt, t.salt<<4^uint64(len(w))^0x9E3779B97F4A7C15)
	return uint32(high ^ low)
}

// id returns the number of w, a new one if it was not seen before.
func (t *intern) id(w []byte) uint32 {
	head := headOf(w)
	h := t.hash(w, head)
	mask := uint32(len(t.slots) - 1)
	i := h & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		s := t.slots[i]
		if uint32(s>>32) != h {
			continue
		}
		e := &t.items[uint32(s)-1]
		if e.head == head && int(e.n) == len(w) && (len(w) <= 8 || string(t.arena[e.off:e.off+uint64(e.n)]) == string(w)) {
			return uint32(s) - 1
		}
	}
	t.items = append(t.items, interned{head, uint64(len(t.arena)), uint32(len(w)), h})
	t.arena = append(t.arena, w...)
	t.slots[i] = uint64(h)<<32 | uint64(len(t.items))
	if 2*len(t.items) > len(t.slots) {
		t.grow()
	}
	return uint32(len(t.items) - 1)
}

func (t *intern) grow() {
	t.slots = make([]uint64, 4*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for id, e := range t.items {
		i := e.hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint64(e.hash)<<32 | uint64(id+1)
	}
}

func (t *intern) bytes(id uint32) []byte {
	e := t.items[id]
	return t.arena[e.off : e.off+uint64(e.n)]
}

// sorted lists the ids in the order of their bytes.
func (t *intern) sorted() []uint32 {
	type key struct {
		head uint64 // the first 8 bytes
		id   uint32
	}
	keys := make([]key, len(t.items))
	for id, e := range t.items {
		keys[id] = key{e.head, uint32(id)}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return bytes.Compare(t.bytes(a.id), t.bytes(b.id))
	})
	ids := make([]uint32, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return ids
}
