package segment

import (
	"bytes"
	"container/heap"
	"fmt"
	"io"
)

// Merge writes one segment of the documents of several, in the order given:
// the same bytes as [Build] of all these documents. It reads the segments from
// front to back and holds the dictionary, the values of facets, and about 8
// bytes a document. On an error what was written is of no use.
func Merge(w io.Writer, segs ...*Segment) error {
	out, err := newWriter(w)
	if err != nil {
		return err
	}
	m := &merger{out: out, segs: segs, text: textWriter{out: out, starts: ints{0}}}
	for _, s := range segs {
		m.first = append(m.first, m.docs)
		m.docs += s.docs
	}
	if m.docs > maxDocs {
		return fmt.Errorf("segment: more than %d documents", maxDocs)
	}
	if err := m.merge(); err != nil {
		return fmt.Errorf("merge search segments: %w", err)
	}
	return nil
}

// merger joins segments section by section.
type merger struct {
	out    *writer
	segs   []*Segment
	first  []int // number of each segment's first document
	docs   int
	text   textWriter
	facets [facets]facetBuilder
	sets   [facets][][]int64 // per facet and segment: what its sets are called now
	starts ints              // of records
	dict   dictWriter
}

func (m *merger) merge() error {
	faults := make([]int64, len(m.segs))
	for i, s := range m.segs {
		faults[i] = s.fault.n.Load()
	}
	for _, step := range []func() error{m.mergeTexts, m.mergeFacets, m.mergeDocs, m.mergeLists} {
		if err := step(); err != nil {
			return err
		}
	}
	meta := m.mergeRest()
	for i, s := range m.segs {
		if err := s.fault.since(faults[i]); err != nil {
			return err
		}
	}
	return m.out.finish(meta, m.dict.groups.b)
}

func (m *merger) mergeTexts() error {
	for _, s := range m.segs {
		for f := range int64(s.frames.n - 1) {
			b, err := s.frame(f)
			if err != nil {
				return err
			}
			if err := m.text.add(b); err != nil {
				return err
			}
		}
	}
	if err := m.text.flush(); err != nil {
		return err
	}
	m.out.end(secText)
	return nil
}

// mergeFacets numbers the sets of values anew, by their first documents.
func (m *merger) mergeFacets() error {
	for id := range m.facets {
		for _, s := range m.segs {
			sets, err := m.facets[id].join(&s.facets[id])
			if err != nil {
				return err
			}
			m.sets[id] = append(m.sets[id], sets)
		}
	}
	return nil
}

// join takes over the values and sets of a facet and says what number each of
// its sets has now. Sets are numbered by their first documents already.
func (f *facetBuilder) join(o *facet) ([]int64, error) {
	f.begin()
	sets := make([]int64, o.sets)
	for k := range sets {
		var values []string
		o.each(k, func(v int) { values = append(values, o.values.at(v)) })
		sets[k] = f.set(values)
	}
	for v := range o.values.count {
		if label := o.labels.at(v); label != "" {
			f.label(o.values.at(v), label)
		}
	}
	return sets, nil
}

// mergeDocs writes the records with their sets and texts where they are now.
func (m *merger) mergeDocs() error {
	text, at := int64(0), int64(0)
	var b []byte
	for i, s := range m.segs {
		for d := range s.docs {
			zones, _, err := s.record(d)
			if err != nil {
				return err
			}
			r, err := s.row(d)
			if err != nil {
				return err
			}
			for k, f := range rowFacets {
				sets := m.sets[f][i]
				if r.sets[k] >= int64(len(sets)) {
					return ErrDamaged
				}
				r.sets[k] = sets[r.sets[k]]
			}
			r.text += text
			b = r.append(b[:0], zones)
			m.starts = append(m.starts, at)
			at += int64(len(b))
			if err := m.out.write(b); err != nil {
				return err
			}
		}
		text += s.text
	}
	m.starts = append(m.starts, at)
	m.out.end(secDocs)
	return nil
}

// mergeRest writes the other sections and returns the counts and ranges.
func (m *merger) mergeRest() []byte {
	lengths := m.chain(func(s *Segment) *column { return &s.lengths }, nil)
	var buf []byte
	for i := 0; i < m.docs; i += columnChunk {
		buf = buf[:0]
		for d := i; d < min(m.docs, i+columnChunk); d++ {
			buf = append(buf, byte(lengths.at(d)))
		}
		_ = m.out.write(buf)
	}
	m.out.end(secLengths)
	m.out.section(secPages, m.dict.index.b)
	m.out.section(secTerms, m.dict.pages)
	m.out.columns(m.columns())
	sum := meta{docs: m.docs, text: m.text.size, terms: m.dict.total}
	for _, s := range m.segs {
		sum.words += s.words
	}
	column := func(c int) numbers { return m.chain(func(s *Segment) *column { return &s.cols[c] }, nil) }
	sum.scan(column(colDate), column(colNumber), len(m.facets[facetCollection].values) <= 1)
	return sum.append(nil)
}

// columns lists all columns in the order of the layout.
func (m *merger) columns() []numbers {
	list := []numbers{m.starts}
	for c := colRecord + 1; c < columns; c++ {
		list = append(list, m.chain(func(s *Segment) *column { return &s.cols[c] }, nil))
	}
	for f := range m.facets {
		list = append(list, m.chain(func(s *Segment) *column { return &s.facets[f].docs }, m.sets[f]))
	}
	list = append(list, m.text.starts)
	for _, f := range tableOrder {
		list = append(list, m.facets[f].table()...)
	}
	return list
}

// chain is a column of documents, one segment after the other.
type chain struct {
	cols  []*column
	first []int
	names [][]int64 // what the values of each segment are called now, or nil
	total int
	i     int // the segment last looked at
}

func (m *merger) chain(of func(s *Segment) *column, names [][]int64) *chain {
	c := &chain{first: m.first, names: names, total: m.docs}
	for _, s := range m.segs {
		c.cols = append(c.cols, of(s))
	}
	return c
}

func (c *chain) count() int { return c.total }

func (c *chain) at(doc int) int64 {
	if doc == 0 {
		c.i = 0
	}
	for c.i+1 < len(c.first) && doc >= c.first[c.i+1] {
		c.i++
	}
	v := c.cols[c.i].at(doc - c.first[c.i])
	if c.names == nil {
		return v
	}
	if names := c.names[c.i]; v >= 0 && v < int64(len(names)) {
		return names[v]
	}
	return 0
}

// termWalk goes through the terms of one segment.
type termWalk struct {
	s    *Segment
	seg  int
	page int // the next one
	r    termReader
}

// next goes to the next term; false at the end.
func (w *termWalk) next() (bool, error) {
	for !w.r.next() {
		if w.r.bad {
			return false, ErrDamaged
		}
		if w.page == len(w.s.pages) {
			return false, nil
		}
		r, err := w.s.page(w.page)
		if err != nil {
			return false, err
		}
		r.term = w.r.term[:0]
		w.r = r
		w.page++
	}
	return true, nil
}

// walks is a heap: the least term first, of equal terms that of the first segment.
type walks []*termWalk

func (h walks) Len() int { return len(h) }
func (h walks) Less(i, j int) bool {
	c := bytes.Compare(h[i].r.term, h[j].r.term)
	return c < 0 || c == 0 && h[i].seg < h[j].seg
}
func (h walks) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *walks) Push(x any)   { *h = append(*h, x.(*termWalk)) }
func (h *walks) Pop() any {
	w := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return w
}

// listPart is what one segment has of a term's list.
type listPart struct {
	seg int
	ref listRef
}

// mergeLists joins the dictionaries and with them the lists.
func (m *merger) mergeLists() error {
	l := listMerger{m: m}
	if err := eachTerm(m.segs, l.add); err != nil {
		return err
	}
	m.out.end(secLists)
	return nil
}

// eachTerm calls fn for every term of any segment in order, with what each
// segment has of it.
func eachTerm(segs []*Segment, fn func(term []byte, parts []listPart) error) error {
	var h walks
	for i, s := range segs {
		w := &termWalk{s: s, seg: i}
		more, err := w.next()
		if err != nil {
			return err
		}
		if more {
			h = append(h, w)
		}
	}
	heap.Init(&h)
	var term []byte
	var parts []listPart
	for len(h) > 0 {
		term, parts = append(term[:0], h[0].r.term...), parts[:0]
		for len(h) > 0 && bytes.Equal(h[0].r.term, term) {
			parts = append(parts, listPart{h[0].seg, h[0].r.ref})
			if err := h.advance(term); err != nil {
				return err
			}
		}
		if err := fn(term, parts); err != nil {
			return err
		}
	}
	return nil
}

// advance takes the first segment on from a term to its next one.
func (h *walks) advance(term []byte) error {
	w := (*h)[0]
	more, err := w.next()
	switch {
	case err != nil:
		return err
	case !more:
		heap.Pop(h)
	case bytes.Compare(w.r.term, term) <= 0:
		return ErrDamaged
	default:
		heap.Fix(h, 0)
	}
	return nil
}

// listMerger writes the list of one term after the other.
type listMerger struct {
	m      *merger
	words  wordList
	places placeReader
	docs   cursor
	list   []posting
	buf    []byte
}

func (l *listMerger) add(term []byte, parts []listPart) error {
	if p := parts[0]; len(parts) == 1 && p.ref.inline {
		ref := p.ref
		ref.doc += uint32(l.m.first[p.seg])
		l.m.dict.add(term, ref)
		return nil
	}
	var ref listRef
	var err error
	if term[0] == termWord {
		ref, err = l.joinWords(parts)
	} else {
		ref, err = l.joinKeys(parts)
	}
	if err != nil {
		return err
	}
	l.m.dict.add(term, ref)
	return l.m.out.write(l.buf)
}

func (l *listMerger) joinWords(parts []listPart) (ref listRef, err error) {
	l.words.reset()
	for _, p := range parts {
		s, first := l.m.segs[p.seg], uint32(l.m.first[p.seg])
		if err := l.places.open(s, p.ref); err != nil {
			return ref, err
		}
		if err := l.places.all(func(doc uint32, places []uint32) { l.words.add(first+doc, s.length(doc), places) }); err != nil {
			return ref, err
		}
	}
	l.buf, ref = l.words.append(l.buf[:0], l.m.docs)
	return ref, nil
}

func (l *listMerger) joinKeys(parts []listPart) (ref listRef, err error) {
	l.list = l.list[:0]
	for _, p := range parts {
		if err := l.docs.open(l.m.segs[p.seg], p.ref, false); err != nil {
			return ref, err
		}
		for i := range l.docs.blocks {
			if err := l.docs.load(i); err != nil {
				return ref, err
			}
			for _, d := range l.docs.docs[:l.docs.n] {
				l.list = append(l.list, posting{doc: uint32(l.m.first[p.seg]) + d})
			}
		}
	}
	l.buf = appendPostings(l.buf[:0], l.list, l.m.docs, nil)
	return listRef{df: len(l.list), postN: int64(len(l.buf))}, nil
}
