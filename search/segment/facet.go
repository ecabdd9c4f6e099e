package segment

import (
	"encoding/binary"
	"slices"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// facetBuilder collects the values of one facet. Documents have sets of
// values; equal sets are stored once.
type facetBuilder struct {
	values map[string]string // to its label
	sets   map[string]int64  // sorted values joined by NUL, to its number
	order  [][]string        // the sets by number
	docs   []int64           // the set of each document
}

// add gives the next document its values; empty ones and repetitions count for nothing.
func (f *facetBuilder) add(values ...string) {
	if f.values == nil {
		f.values, f.sets = map[string]string{}, map[string]int64{}
	}
	slices.Sort(values)
	values = slices.DeleteFunc(slices.Compact(values), func(v string) bool { return v == "" })
	key := strings.Join(values, "\x00")
	set, ok := f.sets[key]
	if !ok {
		set = int64(len(f.order))
		f.sets[key] = set
		f.order = append(f.order, slices.Clone(values))
		for _, v := range values {
			if _, ok := f.values[v]; !ok {
				f.values[v] = ""
			}
		}
	}
	f.docs = append(f.docs, set)
}

// person is the value for a sender: the address, or the name where there is
// none. The first name seen becomes the label.
func (f *facetBuilder) person(a trove.Address) string {
	v := search.Fold(clean(a.Addr))
	if v == "" {
		v = search.Fold(clean(a.Name))
	}
	v = strings.ReplaceAll(v, "\x00", "")
	if f.values == nil {
		f.values, f.sets = map[string]string{}, map[string]int64{}
	}
	if f.values[v] == "" && v != "" {
		f.values[v] = clean(a.Name)
	}
	return v
}

// append writes values, labels, sets and the column of sets.
func (f *facetBuilder) append(b []byte) []byte {
	values := make([]string, 0, len(f.values))
	for v := range f.values {
		values = append(values, v)
	}
	slices.Sort(values)
	labels := make([]string, len(values))
	number := make(map[string]int64, len(values))
	for i, v := range values {
		labels[i], number[v] = f.values[v], int64(i)
	}
	var starts, members []int64
	for _, set := range f.order {
		starts = append(starts, int64(len(members)))
		for _, v := range set {
			members = append(members, number[v])
		}
	}
	starts = append(starts, int64(len(members)))
	b = appendStrings(b, values)
	b = appendStrings(b, labels)
	b = binary.AppendUvarint(b, uint64(len(f.order)))
	b = appendColumn(b, starts)
	b = binary.AppendUvarint(b, uint64(len(members)))
	b = appendColumn(b, members)
	return appendColumn(b, f.docs)
}

// stringTable is a list of strings, read in place.
type stringTable struct {
	ends  column
	data  []byte
	count int
}

func appendStrings(b []byte, list []string) []byte {
	ends := make([]int64, len(list))
	n := int64(0)
	for i, s := range list {
		n += int64(len(s))
		ends[i] = n
	}
	b = binary.AppendUvarint(b, uint64(len(list)))
	b = binary.AppendUvarint(b, uint64(n))
	b = appendColumn(b, ends)
	for _, s := range list {
		b = append(b, s...)
	}
	return b
}

func readStrings(b []byte) (t stringTable, rest []byte, err error) {
	n, b := uvarint(b)
	if b == nil {
		return t, nil, ErrDamaged
	}
	size, b := uvarint(b)
	if b == nil || n > uint64(maxItems) || size > uint64(len(b)) {
		return t, nil, ErrDamaged
	}
	t.count = int(n)
	if t.ends, b, err = readColumn(b, t.count); err != nil {
		return t, nil, err
	}
	if size > uint64(len(b)) {
		return t, nil, ErrDamaged
	}
	t.data = b[:size]
	return t, b[size:], nil
}

// maxItems bounds counts read from a segment, so that sizes stay in range.
const maxItems = 1 << 28

// at returns string i; an index or extent that does not fit gives "".
func (t *stringTable) at(i int) string { return string(t.bytes(i)) }

func (t *stringTable) bytes(i int) []byte {
	if i < 0 || i >= t.count {
		return nil
	}
	from := int64(0)
	if i > 0 {
		from = t.ends.at(i - 1)
	}
	to := t.ends.at(i)
	if from < 0 || to < from || to > int64(len(t.data)) {
		return nil
	}
	return t.data[from:to]
}

// find returns the place of s in a sorted table, or -1.
func (t *stringTable) find(s string) int {
	lo, hi := 0, t.count
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if string(t.bytes(mid)) < s {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < t.count && string(t.bytes(lo)) == s {
		return lo
	}
	return -1
}

// facet is a facet of an open segment.
type facet struct {
	values  stringTable
	labels  stringTable
	sets    int
	starts  column // of the sets in members
	members column
	docs    column // the set of each document
}

func readFacet(b []byte, docs int) (f facet, rest []byte, err error) {
	if f.values, b, err = readStrings(b); err != nil {
		return f, nil, err
	}
	if f.labels, b, err = readStrings(b); err != nil {
		return f, nil, err
	}
	n, b := uvarint(b)
	if b == nil || n > uint64(docs) {
		return f, nil, ErrDamaged
	}
	f.sets = int(n)
	if f.starts, b, err = readColumn(b, f.sets+1); err != nil {
		return f, nil, err
	}
	m, b := uvarint(b)
	if b == nil || m > maxItems {
		return f, nil, ErrDamaged
	}
	if f.members, b, err = readColumn(b, int(m)); err != nil {
		return f, nil, err
	}
	f.docs, b, err = readColumn(b, docs)
	return f, b, err
}

// set returns the set of a document, below f.sets; -1 if the file says otherwise.
func (f *facet) set(doc int) int {
	if s := f.docs.at(doc); s >= 0 && s < int64(f.sets) {
		return int(s)
	}
	return -1
}

// each calls fn for every value in a set.
func (f *facet) each(set int, fn func(value int)) {
	if set < 0 {
		return
	}
	from, to := f.starts.at(set), f.starts.at(set+1)
	for i := max(0, from); i < min(to, int64(f.members.n)); i++ {
		if v := f.members.at(int(i)); v >= 0 && v < int64(f.values.count) {
			fn(int(v))
		}
	}
}

// first is the first value of a document, or "".
func (f *facet) first(doc int) string {
	set := f.set(doc)
	if set < 0 {
		return ""
	}
	if from := f.starts.at(set); from >= 0 && from < f.starts.at(set+1) && from < int64(f.members.n) {
		return f.values.at(int(f.members.at(int(from))))
	}
	return ""
}
