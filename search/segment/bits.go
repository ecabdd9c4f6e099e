package segment

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrDamaged says that bytes of a segment are not what was built: take the
// file from another copy of the archive.
var ErrDamaged = errors.New("search segment is damaged")

// slack is how many readable bytes follow every stream of bits, so that one
// 64-bit load reads any field. Sections are padded by as much.
const slack = 8

// bitWriter appends bit fields, lowest bit first.
type bitWriter struct {
	b   []byte
	acc uint64
	n   uint // bits in acc, less than 8 between calls
}

// put appends the low w bits of v; w is at most 56.
func (w *bitWriter) put(v uint64, width uint) {
	w.acc |= v << w.n
	w.n += width
	for w.n >= 8 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
		w.n -= 8
	}
}

// rice appends v as a unary quotient, zeros ended by a one, and k low bits.
func (w *bitWriter) rice(v uint64, k uint) {
	q := v >> k
	for ; q >= 32; q -= 32 {
		w.put(0, 32)
	}
	w.put(1<<q, uint(q)+1)
	w.put(v&(1<<k-1), k)
}

// gamma appends v of 1 and more in 2n+1 bits (Elias gamma).
func (w *bitWriter) gamma(v uint64) {
	n := uint(bits.Len64(v)) - 1
	w.put(1<<n, n+1)
	w.put(v&(1<<n-1), n)
}

// flush ends the stream at a whole byte and returns all bytes written.
func (w *bitWriter) flush() []byte {
	if w.n > 0 {
		w.b = append(w.b, byte(w.acc))
		w.acc, w.n = 0, 0
	}
	return w.b
}

// bitReader reads what bitWriter wrote. Reading past the end sets bad and
// gives zeros; b includes the slack.
type bitReader struct {
	b   []byte
	pos uint // in bits
	bad bool
}

// window returns at least 57 bits from pos on.
func (r *bitReader) window() uint64 {
	i := r.pos >> 3
	if i+8 > uint(len(r.b)) {
		r.bad = true
		return 0
	}
	return binary.LittleEndian.Uint64(r.b[i:]) >> (r.pos & 7)
}

// get reads a field of at most 56 bits.
func (r *bitReader) get(width uint) uint64 {
	v := r.window() & (1<<width - 1)
	r.pos += width
	return v
}

// unary counts zeros up to the next one.
func (r *bitReader) unary() uint64 {
	var q uint64
	for {
		w := r.window()
		if z := uint(bits.TrailingZeros64(w)); z < 57 {
			r.pos += z + 1
			return q + uint64(z)
		}
		if r.bad {
			return 0
		}
		q += 57
		r.pos += 57
	}
}

func (r *bitReader) rice(k uint) uint64 {
	w := r.window()
	z := uint(bits.TrailingZeros64(w))
	if z+1+k <= 57 {
		r.pos += z + 1 + k
		return uint64(z)<<k | w>>(z+1)&(1<<k-1)
	}
	q := r.unary()
	return q<<k | r.get(k)
}

// gaps appends n ascending numbers that were written as Rice gaps.
func (r *bitReader) gaps(dst []uint32, n uint32, k uint) []uint32 {
	next := uint32(0)
	pos, mask := r.pos, uint64(1)<<k-1
	for range n {
		i := pos >> 3
		if i+8 > uint(len(r.b)) {
			r.bad = true
			break
		}
		w := binary.LittleEndian.Uint64(r.b[i:]) >> (pos & 7)
		z := uint(bits.TrailingZeros64(w))
		if z+1+k > 57 { // a long gap
			r.pos = pos
			next += uint32(r.rice(k))
			pos = r.pos
		} else {
			pos += z + 1 + k
			next += uint32(uint64(z)<<k | w>>(z+1)&mask)
		}
		dst = append(dst, next)
		next++
	}
	r.pos = pos
	return dst
}

func (r *bitReader) gamma() uint64 {
	n := uint(r.unary())
	if n > 40 {
		r.bad = true
		return 1
	}
	return 1<<n | r.get(n)
}

// riceParameter suits gaps of the mean span/n.
func riceParameter(span, n uint64) uint {
	return uint(bits.Len64(span*11/16/n|1)) - 1
}

// uvarint reads one number off the front of b; rest is nil if it is broken.
func uvarint(b []byte) (v uint64, rest []byte) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:]
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil
	}
	return v, b[n:]
}

// column is an array of fixed-width numbers, read in place.
type column struct {
	base  int64
	width uint
	data  []byte // with slack
	n     int
}

// appendColumn writes values as the difference from their least.
func appendColumn(b []byte, values []int64) []byte {
	var base, top int64
	if len(values) > 0 {
		base, top = values[0], values[0]
	}
	for _, v := range values {
		base, top = min(base, v), max(top, v)
	}
	width := uint(bits.Len64(uint64(top) - uint64(base)))
	if width > 56 { // two's complement as it stands, in two halves
		width = 64
	}
	b = binary.AppendVarint(b, base)
	b = binary.AppendUvarint(b, uint64(width))
	w := bitWriter{b: b}
	for _, v := range values {
		d := uint64(v) - uint64(base)
		if width > 56 {
			w.put(d&0xFFFFFFFF, 32)
			w.put(d>>32, 32)
			continue
		}
		w.put(d, width)
	}
	return append(w.flush(), make([]byte, slack)...)
}

// readColumn takes a column of n values off the front of b.
func readColumn(b []byte, n int) (c column, rest []byte, err error) {
	base, k := binary.Varint(b)
	if k <= 0 {
		return c, nil, ErrDamaged
	}
	width, b := uvarint(b[k:])
	if b == nil || width > 64 || width > 56 && width < 64 {
		return c, nil, ErrDamaged
	}
	size := (n*int(width)+7)/8 + slack
	if size > len(b) {
		return c, nil, ErrDamaged
	}
	return column{base: base, width: uint(width), data: b[:size], n: n}, b[size:], nil
}

// at returns value i, which must be below n.
func (c *column) at(i int) int64 {
	bit := uint(i) * c.width
	d := binary.LittleEndian.Uint64(c.data[bit>>3:])
	if c.width == 64 {
		return c.base + int64(d)
	}
	return c.base + int64(d>>(bit&7)&(1<<c.width-1))
}
