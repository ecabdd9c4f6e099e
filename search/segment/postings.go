package segment

import (
	"encoding/binary"
	"math/bits"
)

// blockSize is the number of postings in a full block.
const blockSize = 128

// posting is one document of a list while it is built.
type posting struct {
	doc  uint32
	tf   uint32
	code byte // length code of the document
}

// appendPostings writes a list of two or more documents, or of one with
// several places. posBytes are the sizes of the blocks' places, nil for lists
// without counts and places. Up to blockSize documents are one stream of bits;
// longer lists begin with an entry a block: last document, bytes of the block,
// bytes of its places, and the pairs of count and length that no other
// document of the block beats, from which the greatest score follows whatever
// the mean length.
func appendPostings(b []byte, list []posting, docs int, posBytes []int) []byte {
	counts := posBytes != nil
	if len(list) <= blockSize {
		return appendTail(b, list, 0, docs, counts)
	}
	var data []byte
	prev := uint32(0) // one more than the last document of the block before
	for i := 0; i < len(list); i += blockSize {
		block := list[i:min(i+blockSize, len(list))]
		last := block[len(block)-1].doc
		before := len(data)
		if len(block) == blockSize {
			data = appendBlock(data, block, prev, counts)
		} else {
			data = appendTail(data, block, prev, docs, counts)
		}
		b = binary.AppendUvarint(b, uint64(last+1-prev))
		b = binary.AppendUvarint(b, uint64(len(data)-before))
		if counts {
			b = binary.AppendUvarint(b, uint64(posBytes[i/blockSize]))
			b = appendFrontier(b, block)
		}
		prev = last + 1
	}
	return append(b, data...)
}

// appendTail writes documents from prev on as Rice gaps and gamma counts. The
// parameter follows from what the reader knows.
func appendTail(b []byte, list []posting, prev uint32, docs int, counts bool) []byte {
	w := bitWriter{b: b}
	k := riceParameter(uint64(docs)-uint64(prev), uint64(len(list)))
	for _, p := range list {
		w.rice(uint64(p.doc-prev), k)
		prev = p.doc + 1
	}
	if counts {
		for _, p := range list {
			w.gamma(uint64(p.tf))
		}
	}
	return w.flush()
}

func appendBlock(b []byte, block []posting, prev uint32, counts bool) []byte {
	var v [blockSize]uint32
	for i, p := range block {
		v[i] = p.doc - prev
		prev = p.doc + 1
	}
	b = appendPacked(b, &v)
	if counts {
		for i, p := range block {
			v[i] = p.tf - 1
		}
		b = appendPacked(b, &v)
	}
	return b
}

// appendPacked writes 128 numbers in the width that makes them smallest, with
// the high bits of those that do not fit behind: width, number of exceptions,
// packed bits, then index and high bits of each exception (PFOR).
func appendPacked(b []byte, v *[blockSize]uint32) []byte {
	var byLen [33]int
	for _, x := range v {
		byLen[bits.Len32(x)]++
	}
	width, best := 32, 16*32
	for w, exceptions, cost := 31, 0, 0; w >= 0; w-- {
		exceptions += byLen[w+1]
		cost = 16 * w
		for l := w + 1; l <= 32; l++ {
			cost += byLen[l] * (1 + (l-w+6)/7)
		}
		if cost <= best && exceptions < 128 {
			width, best = w, cost
		}
	}
	mask := uint32(1)<<width - 1
	exceptions := 0
	for _, x := range v {
		if x&^mask != 0 {
			exceptions++
		}
	}
	w := bitWriter{b: append(b, byte(width), byte(exceptions))}
	for _, x := range v {
		w.put(uint64(x&mask), uint(width))
	}
	b = w.flush()
	for i, x := range v {
		if x&^mask != 0 {
			b = append(b, byte(i))
			b = binary.AppendUvarint(b, uint64(x>>width))
		}
	}
	return b
}

// readPacked reads 128 numbers; b includes the slack. It returns what follows.
func readPacked(b []byte, v *[blockSize]uint32) ([]byte, bool) {
	if len(b) < 2 {
		return nil, false
	}
	width, exceptions := uint(b[0]), int(b[1])
	b = b[2:]
	size := 16 * width
	if width > 32 || uint(len(b)) < size+slack {
		return nil, false
	}
	if width == 0 {
		clear(v[:])
	} else {
		mask := uint64(1)<<width - 1
		bit := uint(0)
		for i := range v {
			v[i] = uint32(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
			bit += width
		}
	}
	b = b[size:]
	for range exceptions {
		if len(b) < 2 {
			return nil, false
		}
		i := b[0]
		high, rest := uvarint(b[1:])
		if rest == nil || i >= blockSize {
			return nil, false
		}
		v[i] |= uint32(high << width)
		b = rest
	}
	return b, true
}

// anyCount stands for every count from 255 on, whose score is bounded by the
// greatest of all.
const anyCount = 255

// appendFrontier writes the pairs (count, length code) of a block from which
// its greatest score follows. A score grows as 1/(a/count + b·length/count)
// falls, a and b depending on the mean length alone: so whatever that is, the
// best pair is a corner of the lower left hull of (1/count, length/count).
func appendFrontier(b []byte, block []posting) []byte {
	var shortest [anyCount + 1]int // by count, 0 for none, else code+1
	for _, p := range block {
		tf := min(p.tf, anyCount)
		if s := shortest[tf]; s == 0 || int(p.code)+1 < s {
			shortest[tf] = int(p.code) + 1
		}
	}
	if s := shortest[anyCount]; s != 0 {
		return append(b, 1, anyCount, byte(s-1))
	}
	var hull [anyCount][2]byte
	n := 0
	for tf := anyCount - 1; tf > 0; tf-- {
		if shortest[tf] == 0 {
			continue
		}
		pair := [2]byte{byte(tf), byte(shortest[tf] - 1)}
		if n > 0 && !thinner(pair, hull[n-1]) {
			continue
		}
		for n > 1 && !corner(hull[n-2], hull[n-1], pair) {
			n--
		}
		hull[n] = pair
		n++
	}
	b = append(b, byte(n))
	for _, p := range hull[:n] {
		b = append(b, p[0], p[1])
	}
	return b
}

// thinner reports whether b has less length a count than a.
func thinner(b, a [2]byte) bool {
	return lengthOf(b[1])*uint64(a[0]) < lengthOf(a[1])*uint64(b[0])
}

// corner reports whether b lies below the line from a to c, whose counts are
// greater and less.
func corner(a, b, c [2]byte) bool {
	ta, tb, tc := int64(a[0]), int64(b[0]), int64(c[0])
	la, lb, lc := int64(lengthOf(a[1])), int64(lengthOf(b[1])), int64(lengthOf(c[1]))
	return (ta-tb)*(lc*ta-la*tc) > (lb*ta-la*tb)*(ta-tc)
}

// appendPlaces writes the places of a word in one document: a lone one in as
// many bits as the length needs, several as Rice gaps.
func appendPlaces(w *bitWriter, places []uint32, length uint64) {
	if len(places) == 1 {
		w.put(uint64(places[0]), uint(bits.Len64(length)))
		return
	}
	k := riceParameter(length, uint64(len(places)))
	next := uint32(0)
	for _, p := range places {
		w.rice(uint64(p-next), k)
		next = p + 1
	}
}

// readPlaces appends the tf places of one document to dst.
func readPlaces(r *bitReader, dst []uint32, tf uint32, length uint64) []uint32 {
	if tf == 1 {
		return append(dst, uint32(r.get(uint(bits.Len64(length)))))
	}
	return r.gaps(dst, tf, riceParameter(length, uint64(tf)))
}

// lengthCode maps a length to a byte, rounded up: exact to 16, then eight
// steps to the octave.
func lengthCode(n uint64) byte {
	if n < 16 {
		return byte(n)
	}
	shift := bits.Len64(n) - 4
	m := (n + 1<<shift - 1) >> shift // 8 to 16
	if m == 16 {
		shift, m = shift+1, 8
	}
	return byte(min(255, 16+(shift-1)*8+int(m-8)))
}

// lengthOf is the length that a code stands for, not below any that maps to it
// (but for lengths past 2^33, which no document reaches).
func lengthOf(code byte) uint64 {
	if code < 16 {
		return uint64(code)
	}
	c := uint(code) - 16
	return uint64(8+c%8) << (c/8 + 1)
}
