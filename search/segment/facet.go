package segment

import (
	"maps"
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
	docs   ints              // the set of each document
}

// add gives the next document its values; empty ones and repetitions count for nothing.
func (f *facetBuilder) add(values ...string) {
	slices.Sort(values)
	f.docs = append(f.docs, f.set(slices.DeleteFunc(slices.Compact(values), func(v string) bool { return v == "" })))
}

// set is the number of a set of sorted values.
func (f *facetBuilder) set(values []string) int64 {
	f.begin()
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
	return set
}

func (f *facetBuilder) begin() {
	if f.values == nil {
		f.values, f.sets = map[string]string{}, map[string]int64{}
	}
}

// label names a value, unless it has a name.
func (f *facetBuilder) label(v, label string) {
	f.begin()
	if v != "" && f.values[v] == "" {
		f.values[v] = label
	}
}

// person is the value for a sender: the address, or the name where there is
// none. The first name seen becomes the label.
func (f *facetBuilder) person(a trove.Address) string {
	v := search.Fold(clean(a.Addr))
	if v == "" {
		v = search.Fold(clean(a.Name))
	}
	v = strings.ReplaceAll(v, "\x00", "")
	f.label(v, clean(a.Name))
	return v
}

// table is the columns of the facet's table. Labels follow the values, sets
// the order of their first documents.
func (f *facetBuilder) table() []numbers {
	values := slices.Sorted(maps.Keys(f.values))
	labels := make([]string, len(values))
	number := make(map[string]int64, len(values))
	for i, v := range values {
		labels[i], number[v] = f.values[v], int64(i)
	}
	var starts, members ints
	for _, set := range f.order {
		starts = append(starts, int64(len(members)))
		for _, v := range set {
			members = append(members, number[v])
		}
	}
	starts = append(starts, int64(len(members)))
	return append(append(stringColumns(values), stringColumns(labels)...), starts, members)
}

// stringColumns are the ends of strings and their bytes.
func stringColumns(list []string) []numbers {
	ends := make(ints, len(list))
	var data octets
	for i, s := range list {
		data = append(data, s...)
		ends[i] = int64(len(data))
	}
	return []numbers{ends, data}
}

// stringTable is a list of strings, read in place.
type stringTable struct {
	ends  column
	data  column // of bytes
	count int
}

func stringsOf(ends, data column) (stringTable, error) {
	if data.width != 8 || data.base != 0 {
		return stringTable{}, ErrDamaged
	}
	return stringTable{ends, data, ends.n}, nil
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
	if from < 0 || to < from || to > int64(t.data.n) {
		return nil
	}
	if t.data.lazy != nil {
		t.data.lazy.need(t.data.off+from, to-from)
	}
	return t.data.data[from:to]
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

// readFacet makes a facet of its table and the column of the documents' sets.
func readFacet(table []column, sets column, docs int) (f facet, err error) {
	if f.values, err = stringsOf(table[tabValueEnds], table[tabValues]); err != nil {
		return f, err
	}
	if f.labels, err = stringsOf(table[tabLabelEnds], table[tabLabels]); err != nil {
		return f, err
	}
	f.starts, f.members, f.docs = table[tabStarts], table[tabMembers], sets
	if f.sets = f.starts.n - 1; f.sets < 0 || f.sets > docs || f.docs.n != docs {
		return f, ErrDamaged
	}
	return f, nil
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
func (f *facet) first(doc int) string { return f.firstOf(f.set(doc)) }

// firstOf is the first value of a set, or "".
func (f *facet) firstOf(set int) string {
	if set < 0 || set >= f.sets {
		return ""
	}
	if from := f.starts.at(set); from >= 0 && from < f.starts.at(set+1) && from < int64(f.members.n) {
		return f.values.at(int(f.members.at(int(from))))
	}
	return ""
}
