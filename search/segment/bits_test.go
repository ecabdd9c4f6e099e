package segment

import (
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unseal/search"
)

func crc(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func TestBitFieldsReadBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var w bitWriter
	type field struct {
		kind  int
		v     uint64
		width uint
	}
	var fields []field
	for range 5000 {
		f := field{kind: rnd.IntN(3), width: uint(rnd.IntN(30))}
		f.v = rnd.Uint64() & (1<<f.width - 1)
		if rnd.IntN(20) == 0 && f.kind == 1 {
			f.v = 5000 << f.width // a quotient of many words
		}
		switch f.kind {
		case 0:
			w.put(f.v, f.width)
		case 1:
			w.rice(f.v, f.width)
		case 2:
			f.v++
			w.gamma(f.v)
		}
		fields = append(fields, f)
	}
	r := bitReader{b: append(w.flush(), make([]byte, slack)...)}
	for i, f := range fields {
		var got uint64
		switch f.kind {
		case 0:
			got = r.get(f.width)
		case 1:
			got = r.rice(f.width)
		case 2:
			got = r.gamma()
		}
		if got != f.v || r.bad {
			t.Fatalf("field %d %+v reads %d", i, f, got)
		}
	}
}

func TestReadingPastTheEndIsNoticed(t *testing.T) {
	r := bitReader{b: make([]byte, 9)}
	if r.unary(); !r.bad {
		t.Error("unary without an end")
	}
	r = bitReader{b: make([]byte, 9)}
	if r.gaps(nil, 100, 1); !r.bad {
		t.Error("gaps without an end")
	}
}

func TestColumnsReadBack(t *testing.T) {
	for _, values := range []ints{{}, {5}, {0, 0, 0}, {1, 2, 3, 1 << 40}, {math.MinInt64, math.MaxInt64, 0}, {-62135596800, noDate}, {-7, 7}} {
		shape := shapeOf(values)
		c, rest, err := readColumn(shape.append(nil, len(values)))
		if err != nil || len(rest) != 0 || c.n != len(values) {
			t.Fatalf("%v: %+v, %v, %d bytes left", values, c, err, len(rest))
		}
		c.data = append(shape.pack(nil, values, 0, len(values)), make([]byte, slack)...)
		if int64(len(c.data)) != c.size() {
			t.Errorf("%v: %d bytes, not %d", values, len(c.data), c.size())
		}
		for i, v := range values {
			if c.at(i) != v {
				t.Errorf("%v: value %d reads %d", values, i, c.at(i))
			}
		}
	}
	if _, _, err := readColumn([]byte{0, 60, 1}); err == nil {
		t.Error("a column 60 bits wide was read")
	}
}

func TestLengthCodesRoundUpALittle(t *testing.T) {
	last := byte(0)
	for n := uint64(0); n < 1<<20; n++ {
		code := lengthCode(n)
		if l := lengthOf(code); l < n || n > 16 && l > n+n/7 {
			t.Fatalf("length %d has code %d, which stands for %d", n, code, l)
		}
		if code < last {
			t.Fatalf("code of %d is less than that of %d", n, n-1)
		}
		last = code
	}
}

// TestListsReadBack writes lists of every size and density and reads them
// whole, within sets, and with their places.
func TestListsReadBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{2, 3, 50, 127, 128, 129, 255, 256, 257, 1000, 5000} {
		for _, every := range []int{1, 2, 7, 300} {
			t.Run(fmt.Sprintf("%d of %d", n, n*every), func(t *testing.T) { listReadsBack(t, rnd, n, every) })
		}
	}
}

func listReadsBack(t *testing.T, rnd *rand.Rand, n, every int) {
	docs := n * every
	inv := &inverted{docs: docs, lengths: make([]byte, docs)}
	var occs []uint64
	places := map[uint32][]uint32{}
	for i := range n {
		doc := uint32(i*every + rnd.IntN(every))
		at := uint32(rnd.IntN(200))
		for range 1 + rnd.IntN(1+rnd.IntN(6)) {
			occs = append(occs, uint64(doc)<<32|uint64(at))
			places[doc] = append(places[doc], at)
			at += 1 + uint32(rnd.IntN(1+rnd.IntN(100_000)))
		}
		inv.lengths[doc] = lengthCode(uint64(at))
	}
	inv.word([]byte{termWord, 'x'}, occs)
	s := &Segment{meta: meta{docs: docs}, lengths: column{data: inv.lengths}}
	file := Bytes(append(slices.Clone(inv.lists), make([]byte, slack)...))
	s.view, s.end = file.View, int64(len(file))
	s.sec[secLists] = extent{0, int64(len(inv.lists))}
	s.seen = seenAll(len(file))
	r0 := termReader{b: inv.dict.pages, docs: docs}
	if !r0.next() {
		t.Fatal("the dictionary is empty")
	}
	ref := r0.ref

	var c cursor
	if err := c.open(s, ref, true); err != nil {
		t.Fatal(err)
	}
	var a slab
	all, some, within := a.new(docs), a.new(docs), a.new(docs)
	if err := c.addTo(all); err != nil {
		t.Fatal(err)
	}
	for d := range docs {
		if all.has(d) != (places[uint32(d)] != nil) {
			t.Fatalf("document %d: %v", d, all.has(d))
		}
		if rnd.IntN(10) == 0 {
			within.set(d)
		}
	}
	if err := c.addWithin(some, within); err != nil {
		t.Fatal(err)
	}
	var r placeReader
	if err := r.open(s, ref); err != nil {
		t.Fatal(err)
	}
	for d := range docs {
		if some.has(d) != (within.has(d) && all.has(d)) {
			t.Fatalf("document %d within a set: %v", d, some.has(d))
		}
		if !within.has(d) {
			continue
		}
		got, err := r.places(uint32(d))
		if err != nil || !slices.Equal(got, places[uint32(d)]) {
			t.Fatalf("places in %d: %v, %v, want %v", d, got, err, places[uint32(d)])
		}
	}
}

func TestNearSpellingsAreThoseOfTheDistance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	letters := []rune("abcdeйжé会")
	word := func(n int) string {
		w := make([]rune, 1+rnd.IntN(n))
		for i := range w {
			w[i] = letters[rnd.IntN(len(letters))]
		}
		return string(w)
	}
	seen := map[string]bool{}
	var list []string
	for range 3000 {
		if w := word(7); !seen[w] {
			seen[w] = true
			list = append(list, w)
		}
	}
	slices.Sort(list)
	var d dictWriter
	for i, w := range list {
		d.add(append([]byte{termWord}, w...), listRef{inline: true, doc: uint32(i)})
	}
	file := Bytes(append(slices.Clone(d.pages), make([]byte, slack)...))
	s := &Segment{meta: meta{docs: len(list)}}
	s.view, s.end, s.seen = file.View, int64(len(file)), seenAll(len(file))
	s.sec[secTerms] = extent{0, int64(len(d.pages))}
	t.Run("pages", func(t *testing.T) { nearSpellings(t, s, rnd, d.index.b, list, word) })
	t.Run("groups", func(t *testing.T) { nearSpellings(t, s, rnd, d.groups.b, list, word) })
}

func nearSpellings(t *testing.T, s *Segment, rnd *rand.Rand, index []byte, list []string, word func(n int) string) {
	var err error
	if s.pages, err = readPages(index, s.sec[secTerms].size, 0); err != nil {
		t.Fatal(err)
	}
	for i, w := range list {
		if ref, err := s.lookup(append([]byte{termWord}, w...)); err != nil || ref.df != 1 || ref.doc != uint32(i) {
			t.Fatalf("lookup %s: %+v, %v", w, ref, err)
		}
	}
	for range 300 {
		pattern, n := word(7), 1+rnd.IntN(2)
		refs, err := fuzzyRefs(s, newFuzzy(pattern, n))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, r := range refs {
			got[list[r.doc]] = true
		}
		for _, w := range list {
			if want := search.Distance([]rune(w), []rune(pattern)) <= n; got[w] != want {
				t.Fatalf("%s~%d: %s found %v", pattern, n, w, got[w])
			}
		}
	}
}

func BenchmarkGaps(b *testing.B) {
	rnd := rand.New(rand.NewPCG(5, 5))
	var w bitWriter
	for range 1000 {
		for range 20 {
			w.rice(uint64(rnd.ExpFloat64()*12), 3)
		}
	}
	r := bitReader{b: append(w.flush(), make([]byte, slack)...)}
	var buf []uint32
	for b.Loop() {
		r.pos = 0
		for range 1000 {
			buf = r.gaps(buf[:0], 20, 3)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/gap")
}

func fuzzyRefs(s *Segment, m *fuzzy) (refs []listRef, err error) {
	err = s.fuzzy(termWord, m, func(r *termReader) { refs = append(refs, r.ref) })
	return refs, err
}
