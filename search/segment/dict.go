package segment

import (
	"bytes"
	"encoding/binary"
)

// pageTerms is the number of terms on a full page of the dictionary.
const pageTerms = 64

// groupPages is the number of pages in a group, of which the head of the
// segment knows.
const groupPages = 16

// listRef is what the dictionary says of a term: its documents, or where the
// list of them lies. The zero value is "no such term".
type listRef struct {
	df     int    // documents
	inline bool   // one document, one place: doc and place say all
	doc    uint32 //
	place  uint32 // of words
	post   int64  // in lists
	postN  int64
	placeN int64 // bytes of places, right behind
}

// dictWriter collects sorted terms into pages.
type dictWriter struct {
	pages  []byte // the terms
	index  indexWriter
	groups indexWriter
	last   []byte // the term before
	n      int    // terms on the page
	full   int    // pages before this one
	total  int
	lists  int64 // bytes of lists so far
}

// indexWriter writes an entry for every page, or every so many of them: the
// least string greater than the term before that the page's first begins with,
// front-coded, and how far terms and lists have come since the entry before.
type indexWriter struct {
	b     []byte
	last  []byte
	terms int64
	lists int64
}

func (x *indexWriter) add(before, first []byte, terms, lists int64) {
	key := first[:min(len(first), shared(before, first)+1)]
	common := shared(key, x.last)
	x.b = append(x.b, byte(common), byte(len(key)-common))
	x.b = append(x.b, key[common:]...)
	x.b = binary.AppendUvarint(x.b, uint64(terms-x.terms))
	x.b = binary.AppendUvarint(x.b, uint64(lists-x.lists))
	x.last = append(x.last[:0], key...)
	x.terms, x.lists = terms, lists
}

// add appends a term, whose list must follow the one before.
func (d *dictWriter) add(term []byte, ref listRef) {
	common := 0
	if d.n == pageTerms || d.total == 0 {
		d.startPage(term)
	} else {
		common = shared(term, d.last)
	}
	b := append(d.pages, byte(common), byte(len(term)-common))
	b = append(b, term[common:]...)
	words := term[0] == termWord
	if ref.inline {
		b = append(b, 0)
		b = binary.AppendUvarint(b, uint64(ref.doc))
		if words {
			b = binary.AppendUvarint(b, uint64(ref.place))
		}
	} else {
		b = binary.AppendUvarint(b, uint64(ref.df))
		b = binary.AppendUvarint(b, uint64(ref.postN))
		if words {
			b = binary.AppendUvarint(b, uint64(ref.placeN))
		}
	}
	d.pages = b
	d.last = append(d.last[:0], term...)
	d.n++
	d.total++
	d.lists += ref.postN + ref.placeN
}

func (d *dictWriter) startPage(term []byte) {
	d.index.add(d.last, term, int64(len(d.pages)), d.lists)
	if d.full%groupPages == 0 {
		d.groups.add(d.last, term, int64(len(d.pages)), d.lists)
	}
	d.n = 0
	d.full++
}

// dictPage is the place of one page of terms, or of a group of pages, and of
// its lists.
type dictPage struct {
	first []byte // no term of a page before is as great, none of this one less
	off   int64
	lists int64
}

// readPages reads an index of the dictionary. It keeps no part of b.
func readPages(b []byte, size, lists int64) ([]dictPage, error) {
	var out []dictPage
	var arena, last []byte
	var p dictPage
	for len(b) > 0 {
		if len(b) < 2 || int(b[0]) > len(last) || len(b) < 2+int(b[1]) {
			return nil, ErrDamaged
		}
		n := len(arena)
		arena = append(arena, last[:b[0]]...)
		arena = append(arena, b[2:2+int(b[1])]...)
		first := arena[n:len(arena):len(arena)]
		if len(first) == 0 || len(out) > 0 && bytes.Compare(last, first) >= 0 {
			return nil, ErrDamaged
		}
		b = b[2+int(b[1]):]
		var v [2]uint64
		for i := range v {
			if v[i], b = uvarint(b); b == nil || v[i] > 1<<40 {
				return nil, ErrDamaged
			}
		}
		p.first, p.off, p.lists = first, p.off+int64(v[0]), p.lists+int64(v[1])
		if p.off > size || p.lists > lists {
			return nil, ErrDamaged
		}
		out = append(out, p)
		last = first
	}
	return out, nil
}

// termReader walks the terms of one page, or of several one after another.
type termReader struct {
	b     []byte
	term  []byte // the current term
	ref   listRef
	kind  byte  // of the current term
	lists int64 // where the next list begins
	docs  int
	bad   bool
}

// head looks at the next term: how much it shares with the one before, and the
// rest of it. It returns false at the end of the page or of what makes sense.
func (r *termReader) head() (common int, rest []byte, ok bool) {
	if len(r.b) == 0 || r.bad {
		return 0, nil, false
	}
	if len(r.b) < 2 || len(r.b) < 2+int(r.b[1]) || r.b[0] == 0 && r.b[1] == 0 {
		r.bad = true
		return 0, nil, false
	}
	return int(r.b[0]), r.b[2 : 2+int(r.b[1])], true
}

// pass goes behind the next term, whose head was just looked at, and learns
// where its lists are. It leaves term alone.
func (r *termReader) pass(common int, rest []byte) bool {
	b := r.b[2+len(rest):]
	if common == 0 {
		r.kind = rest[0]
	}
	var v [3]uint64
	n := 2
	if r.kind == termWord {
		n = 3
	}
	for i := range v[:n] {
		if v[i], b = uvarint(b); b == nil {
			r.bad = true
			return false
		}
	}
	r.b = b
	if v[0] == 0 {
		r.ref = listRef{df: 1, inline: true, doc: uint32(v[1]), place: uint32(v[2])}
		r.bad = v[1] >= uint64(r.docs)
		return !r.bad
	}
	r.ref = listRef{df: int(v[0]), post: r.lists, postN: int64(v[1]), placeN: int64(v[2])}
	r.lists += int64(v[1] + v[2])
	r.bad = v[0] > uint64(r.docs) || v[1] > 1<<40 || v[2] > 1<<40
	return !r.bad
}

// next goes to the next term.
func (r *termReader) next() bool {
	common, rest, ok := r.head()
	if !ok {
		return false
	}
	if common > len(r.term) {
		r.bad = true
		return false
	}
	r.term = append(r.term[:common], rest...)
	return r.pass(common, rest)
}

// seek goes from the current term, which must be less, to the first one not
// less than target. Of the terms passed over only what decides is looked at:
// one that shares more with the term before than that one with the target is
// less, too. A term that shares nothing may begin a page, where nothing is
// left out, and is looked at whole.
func (r *termReader) seek(target []byte) bool {
	matched := shared(r.term, target) // what the term before shares with the target
	for {
		common, rest, ok := r.head()
		if !ok {
			return false
		}
		if common == 0 {
			matched = 0
		}
		if common < matched {
			break
		}
		if common == matched {
			m := shared(rest, target[matched:])
			if matched+m == len(target) || m < len(rest) && rest[m] > target[matched+m] {
				break
			}
			matched += m
		}
		if !r.pass(common, rest) {
			return false
		}
	}
	r.term = append(r.term[:0], target[:matched]...)
	return r.next()
}

// shared is how many first bytes are equal.
func shared(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// page returns a reader of page i, at its first term.
func (s *Segment) page(i int) (termReader, error) {
	p := s.pages[i]
	end := s.sec[secTerms].size
	if i+1 < len(s.pages) {
		end = s.pages[i+1].off
	}
	b, err := s.read(secTerms, p.off, end-p.off)
	if err != nil {
		return termReader{}, err
	}
	return termReader{b: b, lists: p.lists, docs: s.docs}, nil
}

// pageOf returns the page that holds term if any does; -1 if all terms are greater.
func (s *Segment) pageOf(term []byte) int {
	lo, hi := 0, len(s.pages)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if bytes.Compare(s.pages[mid].first, term) > 0 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// lookup finds a term. A term that is not there has a ref of no documents.
func (s *Segment) lookup(term []byte) (listRef, error) {
	i := s.pageOf(term)
	if i < 0 {
		return listRef{}, nil
	}
	r, err := s.page(i)
	if err != nil {
		return listRef{}, err
	}
	if r.seek(term) && bytes.Equal(r.term, term) {
		return r.ref, nil
	}
	if r.bad {
		return listRef{}, ErrDamaged
	}
	return listRef{}, nil
}

// terms calls fn for the terms from the first not less than from. fn returns
// where to go on: the current term for the next one, a greater one to pass over
// all before that, nil to stop.
func (s *Segment) terms(from []byte, fn func(r *termReader) []byte) error {
	target := bytes.Clone(from)
	for i := max(0, s.pageOf(from)); i < len(s.pages); i = max(i+1, s.pageOf(target)) {
		r, err := s.page(i)
		if err != nil {
			return err
		}
		var end []byte // the first term of the next page
		if i+1 < len(s.pages) {
			end = s.pages[i+1].first
		}
		for ok := r.seek(target); ok; {
			next := fn(&r)
			if next == nil {
				return nil
			}
			if bytes.Equal(next, r.term) {
				ok = r.next()
				continue
			}
			target = append(target[:0], next...)
			if end != nil && bytes.Compare(target, end) >= 0 {
				break
			}
			ok = r.seek(target)
		}
		if r.bad {
			return ErrDamaged
		}
	}
	return nil
}

// successor turns b into the least string greater than all that begin with b.
func successor(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0xFF {
		b = b[:len(b)-1]
	}
	if len(b) > 0 {
		b[len(b)-1]++
	}
	return b
}
