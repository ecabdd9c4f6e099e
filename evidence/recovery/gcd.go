package recovery

import (
	"context"
	"math/big"
	"math/bits"
	"sync"
)

// The numbers here have up to 134 million bits (a 2048-bit signature to the
// power of 65537), for which the quadratic method of [big.Int.GCD] would take
// hours. This is Schönhage's half-GCD in the form of Niels Möller, "On
// Schönhage's algorithm and subquadratic integer GCD computation" (Mathematics
// of Computation 77, 2008), section 3: the high halves of two numbers tell most
// of the steps that Euclid's algorithm takes on the whole of them. Every step
// is a matrix of determinant 1, which never changes a greatest common divisor,
// so that a fault here could cost time but not truth.

// gcd is the greatest common divisor of two numbers above zero; it may change
// both. tell is called with the bits that are left.
func gcd(ctx context.Context, a, b *big.Int, tell func(left int)) (*big.Int, error) {
	for min(a.BitLen(), b.BitLen()) > smallGCD {
		n := max(a.BitLen(), b.BitLen())
		tell(n)
		if p := uint(n / 2); b.BitLen() > n-n/8 && a.BitLen() > n-n/8 {
			m := halve(ctx, new(big.Int).Rsh(a, p), new(big.Int).Rsh(b, p))
			a, b = m.undo(a, b)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if a.Cmp(b) < 0 {
			a, b = b, a
		}
		a.Rem(a, b)
		a, b = b, a
	}
	return new(big.Int).GCD(nil, nil, a, b), nil
}

const (
	smallGCD   = 30000   // bits below which the method of math/big is faster
	leafBits   = 3000    // bits below which halve goes word by word
	worthwhile = 1 << 18 // bits of a product from which on a goroutine pays
)

// matrix is a product of elementary steps: its entries are not negative and
// its determinant is 1.
type matrix [2][2]*big.Int

func identity() matrix {
	return matrix{{big.NewInt(1), new(big.Int)}, {new(big.Int), big.NewInt(1)}}
}

// halve reduces a and b, which it may change, as far as half of their bits tell
// the steps: (a, b) = m · (the reduced ones). Both stay above 2^s, where s is
// half of the bits and one.
func halve(ctx context.Context, a, b *big.Int) matrix {
	n := max(a.BitLen(), b.BitLen())
	s := n/2 + 1
	if n <= leafBits || ctx.Err() != nil {
		return leaf(a, b, s)
	}
	m := identity()
	if min(a.BitLen(), b.BitLen()) > 3*n/4+2 {
		p := uint(n / 2)
		m = halve(ctx, new(big.Int).Rsh(a, p), new(big.Int).Rsh(b, p))
		a, b = m.undo(a, b)
	}
	for max(a.BitLen(), b.BitLen()) > 3*n/4+1 && m.step(a, b, s) {
	}
	if min(a.BitLen(), b.BitLen()) > s+2 {
		p := uint(2*s - max(a.BitLen(), b.BitLen()) + 1)
		next := halve(ctx, new(big.Int).Rsh(a, p), new(big.Int).Rsh(b, p))
		a, b = next.undo(a, b)
		m = m.times(next)
	}
	for m.step(a, b, s) {
	}
	return m
}

// step takes one division of the larger by the smaller number, in place, that
// leaves both above 2^s; false when there is none.
func (m *matrix) step(a, b *big.Int, s int) bool {
	from, by, col := a, b, 0 // a = q·b + r: the first column of m is kept
	if a.Cmp(b) < 0 {
		from, by, col = b, a, 1
	}
	var r big.Int
	if r.Sub(from, by).BitLen() <= s {
		return false
	}
	var q big.Int
	if q.QuoRem(from, by, &r); r.BitLen() <= s {
		q.Sub(&q, one)
		r.Add(&r, by)
	}
	from.Set(&r)
	for row := range 2 { // m · [[1 q] [0 1]], or the transposed
		m[row][1-col].Add(m[row][1-col], r.Mul(m[row][col], &q))
	}
	return true
}

var one = big.NewInt(1)

// undo applies the inverse of m: a' = m11·a - m01·b, b' = m00·b - m10·a.
func (m *matrix) undo(a, b *big.Int) (*big.Int, *big.Int) {
	var p [4]big.Int
	products(&p, [4][2]*big.Int{{m[1][1], a}, {m[0][1], b}, {m[0][0], b}, {m[1][0], a}})
	return p[0].Sub(&p[0], &p[1]), p[2].Sub(&p[2], &p[3])
}

func (m *matrix) times(o matrix) matrix {
	var r matrix
	for i := range 2 {
		var p [4]big.Int
		products(&p, [4][2]*big.Int{{m[i][0], o[0][0]}, {m[i][1], o[1][0]}, {m[i][0], o[0][1]}, {m[i][1], o[1][1]}})
		r[i] = [2]*big.Int{p[0].Add(&p[0], &p[1]), p[2].Add(&p[2], &p[3])}
	}
	return r
}

// products multiplies, large numbers beside each other.
func products(to *[4]big.Int, of [4][2]*big.Int) {
	var running sync.WaitGroup
	for i, f := range of {
		if f[0].BitLen()+f[1].BitLen() < worthwhile {
			to[i].Mul(f[0], f[1])
			continue
		}
		running.Go(func() { to[i].Mul(f[0], f[1]) })
	}
	running.Wait()
}

// leaf is halve for small numbers: the highest word of each tells some steps,
// which are taken on all of it at once.
func leaf(a, b *big.Int, s int) matrix {
	m := identity()
	for {
		n := max(a.BitLen(), b.BitLen())
		p := max(n-bits.UintSize, 2*s-n+1)
		if min(a.BitLen(), b.BitLen()) > s+2 && n-p > 8 {
			w := halveWord(high(a, p), high(b, p))
			if w != (wordMatrix{{1, 0}, {0, 1}}) {
				w.apply(a, b, &m)
				continue
			}
		}
		if !m.step(a, b, s) {
			return m
		}
	}
}

// high is a without its lowest p bits, which must fit into a word.
func high(a *big.Int, p int) uint {
	words := a.Bits()
	i, shift := p/bits.UintSize, uint(p%bits.UintSize)
	if i >= len(words) {
		return 0
	}
	w := uint(words[i]) >> shift
	if shift > 0 && i+1 < len(words) {
		w |= uint(words[i+1]) << (bits.UintSize - shift)
	}
	return w
}

type wordMatrix [2][2]uint

// halveWord is halve for single words.
func halveWord(a, b uint) wordMatrix {
	m := wordMatrix{{1, 0}, {0, 1}}
	s := max(bits.Len(a), bits.Len(b))/2 + 1
	if bits.Len(a) <= s || bits.Len(b) <= s {
		return m
	}
	for {
		from, by, col := &a, b, 0
		if a < b {
			from, by, col = &b, a, 1
		}
		if bits.Len(*from-by) <= s {
			return m
		}
		q, r := *from/by, *from%by
		if bits.Len(r) <= s {
			q--
			r += by
		}
		*from = r
		m[0][1-col] += m[0][col] * q
		m[1][1-col] += m[1][col] * q
	}
}

// apply takes the steps of w on a and b, and puts them behind those of m.
func (w *wordMatrix) apply(a, b *big.Int, m *matrix) {
	x, y := a.Bits(), b.Bits()
	n := max(len(x), len(y))
	x, y = grow(x, n), grow(y, n)
	combine(x, y, w[1][1], w[0][1], w[0][0], w[1][0])
	a.SetBits(x)
	b.SetBits(y)
	for row := range 2 {
		u, v := m[row][0].Bits(), m[row][1].Bits()
		n := max(len(u), len(v)) + 1
		u, v = grow(u, n), grow(v, n)
		add(u, v, w[0][0], w[1][0], w[0][1], w[1][1])
		m[row][0].SetBits(u)
		m[row][1].SetBits(v)
	}
}

func grow(x []big.Word, n int) []big.Word {
	for len(x) < n {
		x = append(x, 0)
	}
	return x
}

// combine sets x, y = a·x - b·y, c·y - d·x, neither of which is negative or
// longer than before.
func combine(x, y []big.Word, a, b, c, d uint) {
	var ca, cb, cc, cd, below, above uint // carries of the products, borrows of the differences
	for i := range x {
		u, v := uint(x[i]), uint(y[i])
		var pa, pb, pc, pd uint
		pa, ca = mulAdd(a, u, ca)
		pb, cb = mulAdd(b, v, cb)
		pc, cc = mulAdd(c, v, cc)
		pd, cd = mulAdd(d, u, cd)
		pa, below = bits.Sub(pa, pb, below)
		pc, above = bits.Sub(pc, pd, above)
		x[i], y[i] = big.Word(pa), big.Word(pc)
	}
}

// add sets x, y = a·x + b·y, c·x + d·y; the highest word of both is 0 before.
func add(x, y []big.Word, a, b, c, d uint) {
	var ca, cb, cc, cd, first, second uint
	for i := range x {
		u, v := uint(x[i]), uint(y[i])
		var pa, pb, pc, pd uint
		pa, ca = mulAdd(a, u, ca)
		pb, cb = mulAdd(b, v, cb)
		pc, cc = mulAdd(c, u, cc)
		pd, cd = mulAdd(d, v, cd)
		pa, first = bits.Add(pa, pb, first)
		pc, second = bits.Add(pc, pd, second)
		x[i], y[i] = big.Word(pa), big.Word(pc)
	}
}

func mulAdd(x, y, carry uint) (low, high uint) {
	high, low = bits.Mul(x, y)
	low, c := bits.Add(low, carry, 0)
	return low, high + c
}
