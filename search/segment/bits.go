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
	n   uint // bits in acc, less than 32 between calls
}

// put appends the low w bits of v, all others of which are zero; w is at most 56.
func (w *bitWriter) put(v uint64, width uint) {
	if width > 32 {
		w.put(v&(1<<32-1), 32)
		v, width = v>>32, width-32
	}
	w.acc |= v << (w.n & 63)
	w.n += width
	if w.n >= 32 {
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(w.acc))
		w.acc >>= 32
		w.n -= 32
	}
}

// rice appends v as a unary quotient, zeros ended by a one, and k low bits.
func (w *bitWriter) rice(v uint64, k uint) {
	q := v >> k
	if low := v & (1<<k - 1); q+uint64(k) < 32 {
		w.put((1|low<<1)<<q, uint(q)+1+k)
		return
	}
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
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
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

// gaps appends n ascending numbers that were written as Rice gaps. It takes
// what a window of 64 bits holds before it loads the next one, as every load
// would wait for the length of the gap before.
func (r *bitReader) gaps(dst []uint32, n uint32, k uint) []uint32 {
	next := uint32(0)
	pos, mask, have := r.pos, uint64(1)<<k-1, uint(0)
	var w uint64
	for range n {
		z := uint(bits.TrailingZeros64(w))
		size := z + 1 + k
		if size > have {
			i := pos >> 3
			if i+8 > uint(len(r.b)) {
				r.bad = true
				break
			}
			w = binary.LittleEndian.Uint64(r.b[i:]) >> (pos & 7)
			have = 64 - pos&7
			z = uint(bits.TrailingZeros64(w))
			if size = z + 1 + k; size > have { // a long gap
				r.pos = pos
				next += uint32(r.rice(k))
				dst = append(dst, next)
				next++
				pos, w, have = r.pos, 0, 0
				continue
			}
		}
		next += uint32(uint64(z)<<k | w>>((z+1)&63)&mask)
		w >>= size & 63
		have -= size
		pos += size
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

// riceParameter suits gaps of the mean span/n: it is the whole part of the
// binary logarithm of span*11/16/n, and 0 where that is below one.
func riceParameter(span, n uint64) uint {
	x := span * 11 / 16
	k := bits.Len64(x) - bits.Len64(n)
	if k <= 0 {
		return 0
	}
	if n<<k > x {
		k--
	}
	return uint(k)
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

// numbers is what a column is made of.
type numbers interface {
	count() int
	at(i int) int64
}

// ints is a column in memory.
type ints []int64

func (c ints) count() int     { return len(c) }
func (c ints) at(i int) int64 { return c[i] }

// octets is a column of bytes, always 8 bits wide.
type octets []byte

func (c octets) count() int     { return len(c) }
func (c octets) at(i int) int64 { return int64(c[i]) }

// shape is how the numbers of a column are packed: as differences from the
// least, all equally wide.
type shape struct {
	base  int64
	width uint
}

func shapeOf(c numbers) shape {
	n := c.count()
	if _, ok := c.(octets); ok {
		return shape{width: 8}
	}
	if n == 0 {
		return shape{}
	}
	base, top := c.at(0), c.at(0)
	for i := 1; i < n; i++ {
		v := c.at(i)
		base, top = min(base, v), max(top, v)
	}
	width := uint(bits.Len64(uint64(top) - uint64(base)))
	if width > 56 { // in two halves
		width = 64
	}
	return shape{base, width}
}

// append writes the shape of a column of n numbers.
func (s shape) append(b []byte, n int) []byte {
	b = binary.AppendVarint(b, s.base)
	b = binary.AppendUvarint(b, uint64(s.width))
	return binary.AppendUvarint(b, uint64(n))
}

// pack appends numbers [from, to) of a column; from must be where a byte begins.
func (s shape) pack(b []byte, c numbers, from, to int) []byte {
	if o, ok := c.(octets); ok {
		return append(b, o[from:to]...)
	}
	w := bitWriter{b: b}
	for i := from; i < to; i++ {
		d := uint64(c.at(i)) - uint64(s.base)
		if s.width > 56 {
			w.put(d&0xFFFFFFFF, 32)
			w.put(d>>32, 32)
			continue
		}
		w.put(d, s.width)
	}
	return w.flush()
}

// column is an array of numbers of one width, read in place.
type column struct {
	base  int64
	width uint
	n     int
	data  []byte // with slack
	lazy  *lazy  // where data is filled when it is asked for, else nil
	off   int64  // of data in lazy
}

// readColumn takes the shape of a column off the front of b.
func readColumn(b []byte) (c column, rest []byte, err error) {
	base, k := binary.Varint(b)
	if k <= 0 {
		return c, nil, ErrDamaged
	}
	width, b := uvarint(b[k:])
	if b == nil || width > 64 || width > 56 && width < 64 {
		return c, nil, ErrDamaged
	}
	n, b := uvarint(b)
	if b == nil || n > maxItems {
		return c, nil, ErrDamaged
	}
	return column{base: base, width: uint(width), n: int(n)}, b, nil
}

// size is how many bytes the data takes, slack included.
func (c *column) size() int64 { return (int64(c.n)*int64(c.width)+7)/8 + slack }

// count implements numbers.
func (c *column) count() int { return c.n }

// at returns value i, which must be below n.
func (c *column) at(i int) int64 {
	bit := uint64(i) * uint64(c.width)
	if c.lazy != nil {
		c.lazy.need(c.off+int64(bit>>3), slack)
	}
	d := binary.LittleEndian.Uint64(c.data[bit>>3:])
	if c.width == 64 {
		return c.base + int64(d)
	}
	return c.base + int64(d>>(bit&7)&(1<<c.width-1))
}
