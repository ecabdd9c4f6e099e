package segment

import (
	"bytes"
	"encoding/binary"
)

// pageTerms is the number of terms on a full page of the dictionary.
const pageTerms = 64

// listRef is what the dictionary says of a term: its documents, or where the
// list of them lies. The zero value is "no such term".
type listRef struct {
	df     int    // documents
	inline bool   // one document, one place: doc and place say all
	doc    uint32 //
	place  uint32 // of words
	post   int64  // in postings
	postN  int64
	places int64 // in places
	placeN int64
}

// dictWriter collects sorted terms into pages.
type dictWriter struct {
	pages []byte // the terms
	index []byte // one entry a page
	last  []byte // the term before
	n     int    // terms on the page
	total int

	indexed   []byte // first term of the page before
	pageStart int
	post      int64 // lists so far
	places    int64
	pagePost  int64 // at the beginning of the page before
	pagePlace int64
}

// add appends a term; ref's post and places must follow the one before.
func (d *dictWriter) add(term []byte, ref listRef) {
	common := 0
	if d.n == pageTerms || d.total == 0 {
		d.startPage(term)
	} else {
		for common < len(term) && common < len(d.last) && term[common] == d.last[common] {
			common++
		}
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
	d.post += ref.postN
	d.places += ref.placeN
}

func (d *dictWriter) startPage(term []byte) {
	common := 0
	for common < len(term) && common < len(d.indexed) && term[common] == d.indexed[common] {
		common++
	}
	b := append(d.index, byte(common), byte(len(term)-common))
	b = append(b, term[common:]...)
	b = binary.AppendUvarint(b, uint64(len(d.pages)-d.pageStart))
	b = binary.AppendUvarint(b, uint64(d.post-d.pagePost))
	b = binary.AppendUvarint(b, uint64(d.places-d.pagePlace))
	d.index = b
	d.indexed = append(d.indexed[:0], term...)
	d.pageStart, d.pagePost, d.pagePlace = len(d.pages), d.post, d.places
	d.n = 0
}

// dictPage is the place of one page of terms and of its lists.
type dictPage struct {
	first  []byte
	off    int64
	post   int64
	places int64
}

// readPages reads the index of the dictionary. It keeps no part of b.
func readPages(b []byte, size, posts, places int64) ([]dictPage, error) {
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
		var v [3]uint64
		for i := range v {
			if v[i], b = uvarint(b); b == nil || v[i] > 1<<40 {
				return nil, ErrDamaged
			}
		}
		p.first, p.off, p.post, p.places = first, p.off+int64(v[0]), p.post+int64(v[1]), p.places+int64(v[2])
		if p.off > size || p.post > posts || p.places > places {
			return nil, ErrDamaged
		}
		out = append(out, p)
		last = first
	}
	return out, nil
}

// termReader walks the terms of one page.
type termReader struct {
	b      []byte
	term   []byte // the current term
	ref    listRef
	kind   byte  // of the current term
	post   int64 // where the next lists begin
	places int64
	docs   int
	bad    bool
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
	r.ref = listRef{df: int(v[0]), post: r.post, postN: int64(v[1]), places: r.places, placeN: int64(v[2])}
	r.post += int64(v[1])
	r.places += int64(v[2])
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
// less, too.
func (r *termReader) seek(target []byte) bool {
	matched := shared(r.term, target) // what the term before shares with the target
	for {
		common, rest, ok := r.head()
		if !ok {
			return false
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
	return termReader{b: b, post: p.post, places: p.places, docs: s.docs}, nil
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
