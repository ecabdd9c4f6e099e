package archive

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
)

// inflater undoes DEFLATE (RFC 1951) from memory to memory, for a result whose
// size is known. Members are mails of a few kilobytes, for which a streaming
// reader spends most of its time on its set-up; this one is more than twice as
// fast. It takes only complete codes, so it accepts less than the RFC allows
// and nothing else.
type inflater struct {
	in   []byte
	at   int    // next byte of in
	buf  uint64 // bits taken from in, the next one lowest
	have int    // how many bits of buf count; beyond them it holds copies or zeros

	own   tables // of the present block, unless it has the fixed codes
	codes [1 << codeBits]uint32
	lens  [maxLit + maxDist]uint8
}

// tables decode the symbols of a block.
type tables struct {
	lit  [1<<litBits + 160<<(maxCode-litBits)]uint32
	dist [1<<distBits + 32<<(maxCode-distBits)]uint32
}

// The bits that are looked up at once, for the codes of literals and lengths,
// of distances, and of code lengths; longer codes take a second look.
const (
	litBits  = 10
	distBits = 8
	codeBits = 7
	maxCode  = 15
	maxLit   = 288
	maxDist  = 32
)

// An entry of a table: code length in bits 0 to 3, extra bits in bits 4 to 7,
// what it is in bits 8 to 10, its value from bit 16. Zero is no code.
const (
	isLiteral = 1 << 8
	isLink    = 1 << 9 // to a second table: its width in bits 0 to 3, its place as value
	isEnd     = 1 << 10
)

var errInflate = errors.New("damaged DEFLATE stream")

// litSymbols and distSymbols are entries without code lengths (RFC 1951
// section 3.2.5); codeSymbols those for code lengths.
var litSymbols, distSymbols, codeSymbols = func() (lit [maxLit]uint32, dist [maxDist]uint32, code [19]uint32) {
	for i := range 256 {
		lit[i] = isLiteral | uint32(i)<<16
	}
	lit[256] = isEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(0, i/4-1))
		lit[257+i] = base<<16 | extra<<4
		base += 1 << extra
	}
	lit[285] = 258 << 16
	base = 1
	for i := range 30 {
		extra := uint32(max(0, i/2-1))
		dist[i] = base<<16 | extra<<4
		base += 1 << extra
	}
	for i := range code {
		code[i] = uint32(i)<<16 | isLiteral
	}
	return lit, dist, code
}()

// inflate fills out with what in holds. It fails unless that is exactly as
// much, and in has nothing after it.
func (f *inflater) inflate(out, in []byte) error {
	f.in, f.at, f.buf, f.have = in, 0, 0, 0
	done := 0
	for last := false; !last; {
		f.fill()
		last = f.take(1) == 1
		kind := f.take(2)
		var ok bool
		switch kind {
		case 0:
			done, ok = f.stored(out, done)
		case 1:
			done, ok = f.block(fixed(), out, done)
		case 2:
			if f.dynamic() {
				done, ok = f.block(&f.own, out, done)
			}
		}
		if !ok || f.have < 0 {
			return errInflate
		}
	}
	if rest := len(f.in) - f.at + f.have>>3; done != len(out) || rest != 0 {
		return errInflate
	}
	f.in = nil
	return nil
}

// fill tops up buf to at least 56 bits, while there is input.
func (f *inflater) fill() {
	if f.at+8 <= len(f.in) {
		f.buf |= binary.LittleEndian.Uint64(f.in[f.at:]) << f.have
		f.at += (63 - f.have) >> 3
		f.have |= 56
		return
	}
	for f.have <= 56 && f.at < len(f.in) {
		f.buf |= uint64(f.in[f.at]) << f.have
		f.at++
		f.have += 8
	}
}

// take takes n bits, at most 16. Bits beyond the end are zero and leave have
// negative, which the caller checks now and then.
func (f *inflater) take(n int) uint32 {
	v := uint32(f.buf) & (1<<n - 1)
	f.buf >>= n
	f.have -= n
	return v
}

// stored copies a block without codes (RFC 1951 section 3.2.4).
func (f *inflater) stored(out []byte, done int) (int, bool) {
	f.at -= f.have >> 3 // back to the byte after the header
	f.buf, f.have = 0, 0
	if len(f.in)-f.at < 4 {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint16(f.in[f.at:]))
	check := binary.LittleEndian.Uint16(f.in[f.at+2:])
	f.at += 4
	if uint16(n) != ^check || n > len(f.in)-f.at || n > len(out)-done {
		return 0, false
	}
	copy(out[done:], f.in[f.at:f.at+n])
	f.at += n
	return done + n, true
}

// fixed has the codes of RFC 1951 section 3.2.6.
var fixed = sync.OnceValue(func() *tables {
	var lens [maxLit + maxDist]uint8
	for i := range lens {
		switch {
		case i < 144, i >= 280 && i < maxLit:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 5
		}
	}
	t := new(tables)
	build(t.lit[:], litBits, lens[:maxLit], litSymbols[:])
	build(t.dist[:], distBits, lens[maxLit:], distSymbols[:])
	return t
})

// dynamic reads the codes of a block (RFC 1951 section 3.2.7).
func (f *inflater) dynamic() bool {
	lits, dists, codes := int(f.take(5))+257, int(f.take(5))+1, int(f.take(4))+4
	if lits > 286 || dists > 30 {
		return false
	}
	var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var lens [19]uint8
	for i := range codes {
		f.fill()
		lens[order[i]] = uint8(f.take(3))
	}
	if !build(f.codes[:], codeBits, lens[:], codeSymbols[:]) {
		return false
	}
	for i := 0; i < lits+dists; {
		f.fill()
		e := f.codes[f.buf&(1<<codeBits-1)]
		f.take(int(e & 15))
		length, times := uint8(e>>16), 1
		switch {
		case e == 0 || f.have < 0:
			return false
		case length < 16:
		case length == 16 && i == 0:
			return false
		case length == 16:
			length, times = f.lens[i-1], 3+int(f.take(2))
		case length == 17:
			length, times = 0, 3+int(f.take(3))
		default:
			length, times = 0, 11+int(f.take(7))
		}
		if i+times > lits+dists {
			return false
		}
		for range times {
			f.lens[i] = length
			i++
		}
	}
	return f.lens[256] != 0 &&
		build(f.own.lit[:], litBits, f.lens[:lits], litSymbols[:]) &&
		build(f.own.dist[:], distBits, f.lens[lits:lits+dists], distSymbols[:])
}

// build makes the table of a code from the lengths of its symbols (RFC 1951
// section 3.2.2). It refuses codes that are over-full, and incomplete ones but
// for those of no symbol, or of one in one bit.
func build(table []uint32, root int, lens []uint8, symbols []uint32) bool {
	var count, start [maxCode + 2]int
	for _, l := range lens {
		count[l]++
	}
	count[0] = 0
	code, longest := 0, 0
	for l := 1; l <= maxCode; l++ {
		start[l+1] = start[l] + count[l]
		code = (code + count[l]) << 1
		if count[l] > 0 {
			longest = l
		}
	}
	const full = 1 << (maxCode + 1)
	if code > full || code < full && (start[maxCode+1] > 1 || longest > 1) {
		return false
	}
	var sorted [maxLit]uint16 // symbols by length, then by value: in the order of their codes
	at := start
	for s, l := range lens {
		if l > 0 {
			sorted[at[l]] = uint16(s)
			at[l]++
		}
	}
	table[0] = 0
	rev := uint32(0) // the code, its first bit lowest, as it comes in the stream
	next := 0
	for l := 1; l <= root; l++ {
		copy(table[1<<(l-1):1<<l], table[:1<<(l-1)])
		for range count[l] {
			table[rev] = symbols[sorted[next]] | uint32(l)
			rev = following(rev, l)
			next++
		}
	}
	if longest > root {
		seconds(table, root, longest-root, lens, sorted[next:start[maxCode+1]], symbols, rev)
	}
	return true
}

// following is the code after rev among those of l bits, both with their first
// bit lowest; after the last one it is 0.
func following(rev uint32, l int) uint32 {
	free := ^rev & (1<<l - 1)
	if free == 0 {
		return 0
	}
	high := bits.Len32(free) - 1
	return rev&(1<<high-1) | 1<<high
}

// seconds makes the second tables, width bits wide, for the symbols whose
// codes are longer than root; rev is the first of the codes.
func seconds(table []uint32, root, width int, lens []uint8, sorted []uint16, symbols []uint32, rev uint32) {
	free := uint32(1) << root
	last := uint32(1) << root // no root code
	var second []uint32
	for _, s := range sorted {
		l := int(lens[s])
		if first := rev & (1<<root - 1); first != last {
			last = first
			table[first] = isLink | free<<16 | uint32(width)
			second = table[free:][:1<<width]
			free += 1 << width
		}
		for i := int(rev >> root); i < 1<<width; i += 1 << (l - root) {
			second[i] = symbols[s] | uint32(l)
		}
		rev = following(rev, l)
	}
}

// block decodes symbols up to the end of the block (RFC 1951 section 3.2.3).
// A literal takes at most 15 bits, a length with its extra bits 20, a distance
// 28: one fill serves two literals and a length, and one more the distance.
// State is held in local variables, as this is where the time goes.
func (f *inflater) block(t *tables, out []byte, done int) (int, bool) {
	in, at, buf, have := f.in, f.at, f.buf, f.have
	for have >= 0 {
		if at+8 <= len(in) { // fill, but for the end of the input
			buf |= binary.LittleEndian.Uint64(in[at:]) << (have & 63)
			at += (63 - have) >> 3
			have |= 56
		} else {
			f.at, f.buf, f.have = at, buf, have
			f.fill()
			at, buf, have = f.at, f.buf, f.have
		}
		e := t.lit[buf&(1<<litBits-1)]
		if e&(isLiteral|isLink) == isLiteral && done < len(out) { // a literal, and often a second
			buf >>= e & 15
			have -= int(e & 15)
			out[done] = byte(e >> 16)
			done++
			e = t.lit[buf&(1<<litBits-1)]
			if e&(isLiteral|isLink) == isLiteral && done < len(out) {
				buf >>= e & 15
				have -= int(e & 15)
				out[done] = byte(e >> 16)
				done++
				e = t.lit[buf&(1<<litBits-1)]
			}
		}
		if e&isLink != 0 {
			e = t.lit[e>>16+uint32(buf>>litBits)&(1<<(e&15)-1)]
		}
		buf >>= e & 15
		have -= int(e & 15)
		switch {
		case e&isLiteral != 0:
			if done == len(out) {
				return 0, false
			}
			out[done] = byte(e >> 16)
			done++
			continue
		case e&isEnd != 0:
			f.at, f.buf, f.have = at, buf, have
			return done, true
		}
		extra := e >> 4 & 15
		length := int(e>>16) + int(uint32(buf)&(1<<extra-1))
		buf >>= extra
		have -= int(extra)
		if have < 28 {
			f.at, f.buf, f.have = at, buf, have
			f.fill()
			at, buf, have = f.at, f.buf, f.have
		}
		d := t.dist[buf&(1<<distBits-1)]
		if d&isLink != 0 {
			d = t.dist[d>>16+uint32(buf>>distBits)&(1<<(d&15)-1)]
		}
		buf >>= d & 15
		extra = d >> 4 & 15
		back := int(d>>16) + int(uint32(buf)&(1<<extra-1))
		buf >>= extra
		have -= int(d&15) + int(extra)
		if e>>16 == 0 || d>>16 == 0 || back > done || length > len(out)-done {
			return 0, false
		}
		repeat(out, done, back, length)
		done += length
	}
	return 0, false
}

// repeat copies length bytes to out[done:] from back bytes before; where they
// overlap, what was just copied is copied again.
func repeat(out []byte, done, back, length int) {
	if back >= 8 && length+8 <= len(out)-done { // in words, up to 7 bytes too many
		to, from := out[done:done+length+8], out[done-back:]
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
		}
		return
	}
	for i := done; i < done+length; i++ {
		out[i] = out[i-back]
	}
}
