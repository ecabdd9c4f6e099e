package segment

import "math/bits"

// bitset is a set of documents of one segment.
type bitset []uint64

// next returns the least member not below i, or -1.
func (s bitset) next(i int) int {
	if i < 0 {
		i = 0
	}
	w := i >> 6
	if w >= len(s) {
		return -1
	}
	if x := s[w] >> (i & 63); x != 0 {
		return i + bits.TrailingZeros64(x)
	}
	for w++; w < len(s); w++ {
		if s[w] != 0 {
			return w<<6 + bits.TrailingZeros64(s[w])
		}
	}
	return -1
}

// prev returns the greatest member not above i, or -1.
func (s bitset) prev(i int) int {
	if i < 0 {
		return -1
	}
	w := i >> 6
	if w >= len(s) {
		w, i = len(s)-1, 63
		if w < 0 {
			return -1
		}
	}
	if x := s[w] << (63 - i&63); x != 0 {
		return w<<6 + i&63 - bits.LeadingZeros64(x)
	}
	for w--; w >= 0; w-- {
		if s[w] != 0 {
			return w<<6 + 63 - bits.LeadingZeros64(s[w])
		}
	}
	return -1
}

func (s bitset) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

func (s bitset) set(i int) { s[i>>6] |= 1 << (i & 63) }

func (s bitset) unset(i int) { s[i>>6] &^= 1 << (i & 63) }

func (s bitset) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s bitset) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// fill sets the first n bits.
func (s bitset) fill(n int) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n&63 != 0 {
		s[len(s)-1] = 1<<(n&63) - 1
	}
}

// each calls fn for every member in order.
func (s bitset) each(fn func(i int)) {
	for w, x := range s {
		for ; x != 0; x &= x - 1 {
			fn(w<<6 + bits.TrailingZeros64(x))
		}
	}
}

// slab hands out cleared sets that live as long as one search.
type slab struct{ free []uint64 }

func (a *slab) new(docs int) bitset {
	n := (docs + 63) / 64
	if n > len(a.free) {
		a.free = make([]uint64, max(n, 4096))
	}
	s := a.free[:n:n]
	a.free = a.free[n:]
	return s
}
