package segment

import (
	"bytes"
	"encoding/binary"
	"sort"
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
	common int    // how many bytes it shares with the one before
	ref    listRef
	post   int64
	places int64
	docs   int
	bad    bool
}

// next goes to the next term. It returns false at the end of the page, or with
// bad set where the page is damaged.
func (r *termReader) next() bool {
	b := r.b
	if len(b) == 0 {
		return false
	}
	if len(b) < 2 || int(b[0]) > len(r.term) || len(b) < 2+int(b[1]) {
		r.bad = true
		return false
	}
	r.common = int(b[0])
	r.term = append(r.term[:r.common], b[2:2+int(b[1])]...)
	b = b[2+int(b[1]):]
	words := len(r.term) > 0 && r.term[0] == termWord
	var v [3]uint64
	n := 2
	if words {
		n = 3
	}
	for i := range n {
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
	return sort.Search(len(s.pages), func(i int) bool { return bytes.Compare(s.pages[i].first, term) > 0 }) - 1
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
	matched := 0 // bytes that the term before shares with the one wanted
	for r.next() {
		if r.common < matched {
			break // past it
		}
		if r.common > matched {
			continue // differs where the one before did
		}
		for matched < len(term) && matched < len(r.term) && term[matched] == r.term[matched] {
			matched++
		}
		if matched == len(r.term) && matched == len(term) {
			return r.ref, nil
		}
		if matched == len(term) || matched < len(r.term) && r.term[matched] > term[matched] {
			break
		}
	}
	if r.bad {
		return listRef{}, ErrDamaged
	}
	return listRef{}, nil
}

// terms calls fn for every term from the first not less than from, until fn
// returns a term to go on at (which must be greater), or nil to stop. To go on
// with the next term fn returns the current one.
func (s *Segment) terms(from []byte, fn func(r *termReader) (next []byte)) error {
	target := bytes.Clone(from)
	for i := max(0, s.pageOf(from)); i < len(s.pages); i++ {
		r, err := s.page(i)
		if err != nil {
			return err
		}
		jump := false
		for !jump && r.next() {
			if bytes.Compare(r.term, target) < 0 {
				continue
			}
			next := fn(&r)
			if next == nil {
				return nil
			}
			target = append(target[:0], next...)
			// Leave the page only when the target is past its end.
			jump = i+1 < len(s.pages) && bytes.Compare(target, s.pages[i+1].first) >= 0
		}
		if r.bad {
			return ErrDamaged
		}
		if jump {
			i = max(i+1, s.pageOf(target)) - 1
		}
	}
	return nil
}
