package segment

import (
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"unseal/search"
)

// facetTotals are the values of one facet over all segments, sorted.
type facetTotals struct {
	values []string
	labels []string
	of     [][]int32 // per segment: the place of each of its values
}

// addUp joins a facet's values.
func (ix *Index) addUp(id int) *facetTotals {
	t := &facetTotals{}
	labels := map[string]string{}
	for _, s := range ix.segs {
		f := &s.facets[id]
		for v := range f.values.count {
			value := f.values.at(v)
			if labels[value] == "" {
				labels[value] = f.labels.at(v)
			}
		}
	}
	for v := range labels {
		t.values = append(t.values, v)
	}
	slices.Sort(t.values)
	for _, v := range t.values {
		t.labels = append(t.labels, labels[v])
	}
	for _, s := range ix.segs {
		f := &s.facets[id]
		places := make([]int32, f.values.count)
		for v := range places {
			at, _ := slices.BinarySearch(t.values, f.values.at(v))
			places[v] = int32(at)
		}
		t.of = append(t.of, places)
	}
	return t
}

// facetIDs are the facets by the names of requests.
var facetIDs = map[string]int{
	search.FacetType: facetType, search.FacetPerson: facetPerson, search.FacetBatch: facetBatch,
	search.FacetVerification: facetVerdict, search.FacetLanguage: facetLang, search.FacetHas: facetHas,
	search.FacetCollection: facetCollection, search.FacetOwner: facetOwner, search.FacetYear: facetYear,
}

// countFacets counts the facets asked for over all hits; those that there is no
// time for stay away.
func (q *searcher) countFacets(ctx context.Context) {
	if len(q.r.Facets) == 0 {
		return
	}
	q.result.Facets = map[string]search.Facet{}
	for _, name := range q.r.Facets {
		id, ok := facetIDs[name]
		if !ok {
			continue
		}
		if late, _ := q.late(ctx, nil); late {
			return
		}
		counts, totals := q.count(id), q.ix.totals[id]()
		if name == search.FacetYear {
			q.result.Years = years(totals.values, counts)
			continue
		}
		q.result.Facets[name] = q.facet(name, totals, counts)
	}
}

// count counts the hits of every value.
func (q *searcher) count(id int) []int {
	totals := q.ix.totals[id]()
	counts := make([]int, len(totals.values))
	var sets []int32
	for i, s := range q.ix.segs {
		f := &s.facets[id]
		if q.sets[i] == nil || f.sets == 0 {
			continue
		}
		sets = append(sets[:0], make([]int32, f.sets)...)
		countSets(sets, &f.docs, q.sets[i])
		for k, n := range sets {
			if n > 0 {
				f.each(k, func(v int) { counts[totals.of[i][v]] += int(n) })
			}
		}
	}
	return counts
}

// countSets counts the documents of each set of values.
func countSets(sets []int32, docs *column, found bitset) {
	if docs.width == 0 {
		if at := docs.base; at >= 0 && at < int64(len(sets)) {
			sets[at] += int32(found.count())
		}
		return
	}
	width, base, data := docs.width, uint64(docs.base), docs.data // at, out of the loop
	mask := uint64(1)<<width - 1
	for w, x := range found {
		for ; x != 0; x &= x - 1 {
			bit := uint(w<<6+bits.TrailingZeros64(x)) * width
			if k := base + binary.LittleEndian.Uint64(data[bit>>3:])>>(bit&7)&mask; k < uint64(len(sets)) {
				sets[k]++
			}
		}
	}
}

func years(values []string, counts []int) (list []search.YearCount) {
	undated := 0
	for i, v := range values {
		year, err := strconv.Atoi(v)
		switch {
		case err != nil || counts[i] == 0:
		case year == 0:
			undated = counts[i]
		default:
			list = append(list, search.YearCount{Year: year, Count: counts[i]})
		}
	}
	slices.SortFunc(list, func(a, b search.YearCount) int { return a.Year - b.Year })
	if undated > 0 {
		list = append(list, search.YearCount{Count: undated})
	}
	return list
}

// valueCount is a value of a facet by its place, and its hits.
type valueCount struct{ value, count int }

func (a valueCount) compare(b valueCount) int {
	if a.count != b.count {
		return b.count - a.count
	}
	return a.value - b.value
}

// facet picks the values with the most hits.
func (q *searcher) facet(name string, totals *facetTotals, counts []int) search.Facet {
	var f search.Facet
	var best []valueCount
	size := q.r.FacetSize
	for v, n := range counts {
		if n == 0 || name == search.FacetType && strings.Contains(totals.values[v], "/") {
			continue
		}
		f.Distinct++
		c := valueCount{v, n}
		if size > 0 && len(best) == size {
			if c.compare(best[size-1]) >= 0 {
				continue
			}
			best = best[:size-1]
		}
		if size > 0 {
			at, _ := slices.BinarySearchFunc(best, c, valueCount.compare)
			best = slices.Insert(best, at, c)
		} else {
			best = append(best, c)
		}
	}
	if size <= 0 {
		slices.SortFunc(best, valueCount.compare)
	}
	for _, c := range best {
		value := totals.values[c.value]
		f.Values = append(f.Values, search.FacetValue{Value: value, Label: totals.labels[c.value], Count: c.count, Clause: clauseOf(name, value)})
	}
	return f
}

// facetFields are the fields whose clauses pick a facet's value.
var facetFields = map[string]string{
	search.FacetType: "type", search.FacetPerson: "from", search.FacetBatch: "batch", search.FacetVerification: "is",
	search.FacetLanguage: "lang", search.FacetHas: "has", search.FacetCollection: "in",
}

// clauseOf is the canonical clause for a facet's value, or nothing where the
// grammar has none.
func clauseOf(name, value string) string {
	field := facetFields[name]
	if field == "" || strings.Contains(value, `"`) {
		return ""
	}
	q, err := search.Parse(field + `:"` + value + `"`)
	if err != nil || len(q.Notes) > 0 {
		return ""
	}
	return q.String()
}
