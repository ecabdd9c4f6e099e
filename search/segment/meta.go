package segment

import (
	"encoding/binary"
	"math"
)

// meta are the counts and ranges of a segment.
type meta struct {
	docs          int
	words         uint64 // places in all documents
	text          int64  // bytes of all texts
	terms         int
	byDate        bool // one collection, dates ascend, undated last, numbers ascend within a date
	byNumber      bool // one collection, numbers ascend
	dated         int  // documents with a date; with byDate they come first
	first, last   int64
	lowest, great int64 // numbers
}

// scan fills in what follows from the columns.
func (m *meta) scan(dates, numbers numbers, oneCollection bool) {
	m.byDate, m.byNumber = oneCollection, oneCollection
	m.first, m.last, m.lowest, m.great = math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64
	var date, number int64 // of the document before
	for i := range dates.count() {
		d, n := dates.at(i), numbers.at(i)
		if d != noDate {
			m.dated++
			m.first, m.last = min(m.first, d), max(m.last, d)
		}
		m.lowest, m.great = min(m.lowest, n), max(m.great, n)
		if i > 0 && (d < date || d == date && n <= number) {
			m.byDate = false
		}
		if i > 0 && n <= number {
			m.byNumber = false
		}
		date, number = d, n
	}
}

func (m *meta) append(b []byte) []byte {
	flags := uint64(0)
	if m.byDate {
		flags |= 1
	}
	if m.byNumber {
		flags |= 2
	}
	for _, v := range []uint64{uint64(m.docs), m.words, uint64(m.text), uint64(m.terms), flags, uint64(m.dated)} {
		b = binary.AppendUvarint(b, v)
	}
	for _, v := range []int64{m.first, m.last, m.lowest, m.great} {
		b = binary.AppendVarint(b, v)
	}
	return b
}

func readMeta(b []byte) (m meta, err error) {
	var u [6]uint64
	for i := range u {
		if u[i], b = uvarint(b); b == nil {
			return m, ErrDamaged
		}
	}
	var v [4]int64
	for i := range v {
		n := 0
		if v[i], n = binary.Varint(b); n <= 0 {
			return m, ErrDamaged
		}
		b = b[n:]
	}
	if u[0] > maxDocs || u[2] > 1<<50 || u[3] > 1<<40 || u[5] > u[0] {
		return m, ErrDamaged
	}
	return meta{docs: int(u[0]), words: u[1], text: int64(u[2]), terms: int(u[3]), byDate: u[4]&1 != 0, byNumber: u[4]&2 != 0,
		dated: int(u[5]), first: v[0], last: v[1], lowest: v[2], great: v[3]}, nil
}
