package segment

import (
	"slices"
	"unicode/utf8"

	"unseal/search"
)

// fuzzy finds the words within n edits of a pattern in a sorted dictionary. It
// keeps the rows of the distance table for the current word and reuses those
// of the prefix that the next word shares. Where a row says that no word going
// on like this can match, it names the least prefix after it that can.
type fuzzy struct {
	pattern []rune
	letters []rune // of the pattern, sorted
	n       int
	rows    [][]int // rows[i]: distances after i characters of the word
	word    []rune
	bytes   []int // where each character of word ends
	last    []byte
	target  []byte
}

func newFuzzy(word string, n int) *fuzzy {
	m := &fuzzy{pattern: []rune(word), n: n}
	m.letters = slices.Compact(slices.Sorted(slices.Values(m.pattern)))
	row := make([]int, len(m.pattern)+1)
	for j := range row {
		row[j] = j
	}
	m.rows = [][]int{row}
	return m
}

// step looks at the next word w of the dictionary. It reports whether w is
// near enough; if words beginning as w cannot be, next is the least string
// after them worth a look, else nil.
func (m *fuzzy) step(w []byte) (match bool, next []byte) {
	common := shared(w, m.last)
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
		m.word, m.bytes = append(m.word, r), append(m.bytes, at+size)
		if m.extend(r) > m.n {
			next = m.sibling(w[:at], w[at:at+size], r)
			m.word, m.bytes = m.word[:len(m.word)-1], m.bytes[:len(m.bytes)-1]
			return false, next
		}
		at += size
	}
	return m.rows[len(m.word)][len(m.pattern)] <= m.n, nil
}

// sibling finds the next character after the dead end r with which words that
// begin with prefix may match: one of the pattern's, if any other is as dead.
func (m *fuzzy) sibling(prefix, last []byte, r rune) []byte {
	m.target = append(m.target[:0], prefix...)
	if m.extend(utf8.MaxRune+1) <= m.n {
		return successor(append(m.target, last...))
	}
	for _, c := range m.letters {
		if c > r && m.extend(c) <= m.n {
			return utf8.AppendRune(m.target, c)
		}
	}
	return successor(m.target)
}

// extend computes the row of the word's last character, taken to be c, and
// returns the least distance that any longer word can have.
func (m *fuzzy) extend(c rune) int {
	i := len(m.word)
	m.word[i-1] = c
	if i == len(m.rows) {
		m.rows = append(m.rows, make([]int, len(m.pattern)+1))
	}
	row, up := m.rows[i], m.rows[i-1]
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
		// A swap may begin with this character: it counts from the row before.
		if p == c && j > 0 {
			least = min(least, up[j-1]+1)
		}
	}
	return least
}

// fuzzy looks for the terms of a kind that are near enough.
func (s *Segment) fuzzy(kind byte, m *fuzzy, add func(r *termReader)) error {
	next := []byte{kind}
	return s.terms([]byte{kind}, func(r *termReader) []byte {
		if r.term[0] != kind {
			return nil
		}
		match, target := m.step(r.term[1:])
		if match && !isAddress(r.term) {
			add(r)
		}
		if target == nil {
			return r.term
		}
		if len(target) == 0 {
			return nil // past the last word
		}
		next = append(next[:1], target...)
		return next
	})
}

// near reports whether a word is within n edits of a pattern.
func near(word, pattern []rune, n int) bool {
	return len(word)-len(pattern) <= n && len(pattern)-len(word) <= n && search.Distance(word, pattern) <= n
}
