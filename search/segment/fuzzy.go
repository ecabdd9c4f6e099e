package segment

import (
	"unicode/utf8"

	"unseal/search"
)

// fuzzy finds the words within n edits of a pattern in a sorted dictionary. It
// keeps the rows of the distance table for the current word and reuses those
// of the prefix that the next word shares; where a row says that no word going
// on like this can match, it names the next word worth a look.
type fuzzy struct {
	pattern []rune
	n       int
	rows    [][]int // rows[i]: distances after i characters of the word
	word    []rune
	bytes   []int // where each character of word ends
	last    []byte
}

func newFuzzy(word string, n int) *fuzzy {
	m := &fuzzy{pattern: []rune(word), n: n}
	row := make([]int, len(m.pattern)+1)
	for j := range row {
		row[j] = j
	}
	m.rows = [][]int{row}
	return m
}

// step looks at the next word w of the dictionary. It reports whether w is
// near enough, and if no word beginning with w[:dead] is, dead; else -1.
func (m *fuzzy) step(w []byte) (match bool, dead int) {
	common := 0
	for common < len(w) && common < len(m.last) && w[common] == m.last[common] {
		common++
	}
	keep := 0 // characters shared with the word before
	for keep < len(m.word) && m.bytes[keep] <= common {
		keep++
	}
	m.word, m.bytes = m.word[:keep], m.bytes[:keep]
	m.last = append(m.last[:0], w...)
	at := 0
	if keep > 0 {
		at = m.bytes[keep-1]
	}
	for at < len(w) {
		r, size := utf8.DecodeRune(w[at:])
		at += size
		m.word, m.bytes = append(m.word, r), append(m.bytes, at)
		if m.extend() > m.n {
			return false, at
		}
	}
	return m.rows[len(m.word)][len(m.pattern)] <= m.n, -1
}

// extend computes the row of the last character and returns the least distance
// that any longer word can have.
func (m *fuzzy) extend() int {
	i := len(m.word)
	if i == len(m.rows) {
		m.rows = append(m.rows, make([]int, len(m.pattern)+1))
	}
	row, up := m.rows[i], m.rows[i-1]
	c := m.word[i-1]
	row[0] = i
	least := i
	for j, p := range m.pattern {
		d := up[j]
		if p != c {
			d = min(d, up[j+1], row[j]) + 1
		}
		if i > 1 && j > 0 && p == m.word[i-2] && m.pattern[j-1] == c {
			d = min(d, m.rows[i-2][j-1]+1)
		}
		row[j+1] = d
		least = min(least, d)
	}
	// A swap may still begin with this character: it counts from the row before.
	for j, p := range m.pattern {
		if p == c && j > 0 {
			least = min(least, up[j-1]+1)
		}
	}
	return least
}

// fuzzy lists the terms of a kind that are near enough.
func (s *Segment) fuzzy(kind byte, m *fuzzy) (refs []listRef, err error) {
	var next []byte
	err = s.terms([]byte{kind}, func(r *termReader) []byte {
		if r.term[0] != kind {
			return nil
		}
		match, dead := m.step(r.term[1:])
		if match && !isAddress(r.term) {
			refs = append(refs, r.ref)
		}
		if dead < 0 {
			return r.term
		}
		next = append(next[:0], r.term[:1+dead]...)
		return successor(next)
	})
	return refs, err
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

// near reports whether a word is within n edits of a pattern.
func near(word, pattern []rune, n int) bool {
	return len(word)-len(pattern) <= n && len(pattern)-len(word) <= n && search.Distance(word, pattern) <= n
}
