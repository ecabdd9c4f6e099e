package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// intern numbers byte strings in the order of their first appearance.
type intern struct {
	seed  maphash.Seed
	slots []uint32 // id+1, open addressing
	items []interned
	arena []byte
}

type interned struct {
	hash uint32
	n    uint32
	off  uint64
}

func newIntern() *intern {
	return &intern{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<16)}
}

// id returns the number of w, a new one if it was not seen before.
func (t *intern) id(w []byte) uint32 {
	h := uint32(maphash.Bytes(t.seed, w))
	mask := uint32(len(t.slots) - 1)
	i := h & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		e := &t.items[t.slots[i]-1]
		if e.hash == h && int(e.n) == len(w) && string(t.arena[e.off:e.off+uint64(e.n)]) == string(w) {
			return t.slots[i] - 1
		}
	}
	t.items = append(t.items, interned{h, uint32(len(w)), uint64(len(t.arena))})
	t.arena = append(t.arena, w...)
	t.slots[i] = uint32(len(t.items))
	if 2*len(t.items) > len(t.slots) {
		t.grow()
	}
	return uint32(len(t.items) - 1)
}

func (t *intern) grow() {
	t.slots = make([]uint32, 4*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for id, e := range t.items {
		i := e.hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(id + 1)
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
	for id := range t.items {
		var head [8]byte
		copy(head[:], t.bytes(uint32(id)))
		keys[id] = key{binary.BigEndian.Uint64(head[:]), uint32(id)}
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
