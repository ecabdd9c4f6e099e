package leak

import (
	"encoding/binary"
	"strings"
)

// The parts of a search segment that are looked into: its end says where the
// sections are, and its dictionary cuts words in two (search/segment, Layout).
const (
	segmentTrailer = 32
	termSection    = 6
	wordTerm       = 1
)

// segment looks into the dictionary of a search segment, each word of which
// begins with what it shares with the one before. All else in a segment is
// text, packed or not, that is looked into as in any file.
func (s *search) segment(name string, b []byte, how []string) {
	terms := segmentSection(b, termSection)
	var words strings.Builder
	var last []byte
	for len(terms) >= 2 {
		common, n := int(terms[0]), int(terms[1])
		if terms = terms[2:]; common > len(last) || n > len(terms) {
			return
		}
		last = append(last[:common:common], terms[:n]...)
		terms = terms[n:]
		numbers := 1
		if len(last) > 0 {
			s.binary(name, append(last[1:], make([]byte, 8)...), then(how, "dictionary"))
			words.WriteString(string(last[1:]) + " \uFFFC ")
			if last[0] == wordTerm {
				numbers = 2
			}
		}
		_, w := binary.Uvarint(terms)
		for terms = terms[max(w, 0):]; numbers > 0; numbers-- {
			_, w := binary.Uvarint(terms)
			terms = terms[max(w, 0):]
		}
	}
	s.letters(name, words.String(), then(how, "dictionary"))
}

// segmentSection is a section by its number, as the footer lists it.
func segmentSection(b []byte, number uint64) []byte {
	if len(b) < segmentTrailer {
		return nil
	}
	end := b[len(b)-segmentTrailer:]
	from, size := binary.LittleEndian.Uint64(end), uint64(binary.LittleEndian.Uint32(end[8:]))
	if from > uint64(len(b)) || size > uint64(len(b))-from {
		return nil
	}
	footer := b[from : from+size]
	next := func() uint64 {
		v, n := binary.Uvarint(footer)
		footer = footer[max(n, 0):]
		return v
	}
	next() // version
	for n := next(); n > 0 && len(footer) > 0; n-- {
		id, at, length := next(), next(), next()
		if id == number && at <= uint64(len(b)) && length <= uint64(len(b))-at {
			return b[at : at+length]
		}
	}
	return nil
}
