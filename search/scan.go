package search

import (
	"strings"
	"unicode/utf8"
)

// maxWord is where long words are cut, in bytes of the folded word, so that a
// line of base64 is one bounded entry. Queries are cut alike.
const maxWord = 120

// Scanner cuts a text into folded words: the one analysis chain for texts and
// queries (query-language.md, section 5). A word is a run of letters, digits
// and marks; everything else parts words. Elided articles (l', d', qu') are
// left out. Chinese, Japanese and Korean come as single characters and as
// pairs, both at the place of the first character. The text must be in form C
// ([Normal]). Any bytes are safe; what is not UTF-8 parts words.
//
//	var s search.Scanner
//	for s.Reset(text); s.Next(); { use(s.Word, s.At) }
type Scanner struct {
	Word       []byte // the folded word, valid until Next
	Start, End int    // where it stands in the text, in bytes
	At         int    // its place: words side by side differ by one
	InRun      bool   // a single character among other CJK: its pairs say more

	text    string
	pos     int // next byte to look at
	next    int // place of the next word
	buf     []byte
	pairEnd int  // end of the pair still to come at Start, or 0
	cjk     bool // the rune before pos was CJK
}

// Reset begins with a new text. The first word's place is 0.
func (s *Scanner) Reset(text string) {
	*s = Scanner{text: text, buf: s.buf[:0]}
}

// asciiFold holds the lower-case letter or digit of each ASCII byte that is
// part of a word, and 0 for every other byte.
var asciiFold = func() (t [256]byte) {
	for c := range 128 {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) + 'a' - 'A'
		}
	}
	return t
}()

// Next finds the next word. It returns false at the end of the text.
func (s *Scanner) Next() bool {
	if s.pairEnd > 0 {
		s.emitPair()
		return true
	}
	text, i, start := s.text, s.pos, s.pos
	buf := s.buf[:0]
	for i < len(text) {
		c := text[i]
		if f := asciiFold[c]; f != 0 {
			if len(buf) == 0 {
				start = i
			}
			buf = append(buf, f)
			i++
			continue
		}
		if c < utf8.RuneSelf {
			if len(buf) > 0 {
				if c != '\'' {
					break
				}
				if buf = elide(buf, text[i+1:]); len(buf) > 0 && buf[len(buf)-1] != '\'' {
					break
				}
			}
			s.cjk = false
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		f := foldRune(r)
		if len(buf) == 0 {
			start = i
		}
		switch {
		case f >= 0:
			buf = utf8.AppendRune(buf, f)
		case f == foldExpand:
			buf = append(buf, expand(r)...)
		case f == foldPair && len(buf) == 0:
			s.buf = buf
			s.emitSingle(r, i, i+n)
			return true
		case f == foldPair || f == foldBreak && len(buf) > 0 && !apostrophe(r):
			s.emit(buf, start, i)
			return true
		case f == foldBreak:
			if len(buf) > 0 {
				if buf = elide(buf, text[i+n:]); len(buf) > 0 && buf[len(buf)-1] != '\'' {
					s.emit(buf, start, i)
					return true
				}
			}
			s.cjk = false
		}
		i += n
	}
	s.pos, s.buf = i, buf
	if len(buf) == 0 {
		return false
	}
	s.emit(buf, start, i)
	return true
}

func (s *Scanner) emit(buf []byte, start, end int) {
	s.buf, s.pos, s.cjk = buf, end, false
	s.Word, s.Start, s.End, s.At, s.InRun = cut(buf), start, end, s.next, false
	s.next++
}

func (s *Scanner) emitSingle(r rune, start, end int) {
	if s.buf = append(s.buf, expand(r)...); len(s.buf) == 0 {
		s.buf = utf8.AppendRune(s.buf, r)
	}
	after, n := utf8.DecodeRuneInString(s.text[end:])
	follows := n > 0 && foldRune(after) == foldPair
	if follows {
		s.pairEnd = end + n
	}
	s.Word, s.Start, s.End, s.At, s.InRun = s.buf, start, end, s.next, s.cjk || follows
	s.pos, s.cjk = end, true
	s.next++
}

func (s *Scanner) emitPair() {
	r, _ := utf8.DecodeRuneInString(s.text[s.End:])
	s.buf = append(s.buf, expand(r)...)
	s.Word, s.End, s.InRun = s.buf, s.pairEnd, false
	s.pairEnd = 0
}

// cut shortens an overlong word at a character.
func cut(w []byte) []byte {
	if len(w) <= maxWord {
		return w
	}
	n := maxWord
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// elided are the articles and particles that French and Italian shorten before
// a vowel; they are no words of their own.
var elided = map[string]bool{
	"l": true, "d": true, "j": true, "m": true, "t": true, "s": true, "n": true, "c": true,
	"qu": true, "jusqu": true, "lorsqu": true, "puisqu": true, "quoiqu": true,
	"gl": true, "un": true, "dell": true, "all": true, "nell": true, "dall": true, "sull": true, "coll": true,
	"quest": true, "quell": true,
}

// elide looks at an apostrophe behind the word w and before rest. It returns
// nothing if w falls away, w and an apostrophe if the word goes on, and w
// alone if it ends here.
func elide(w []byte, rest string) []byte {
	if len(w) > 7 || !letterFirst(rest) {
		return w
	}
	if string(w) == "aujourd" && len(rest) >= 3 && strings.EqualFold(rest[:3], "hui") && !letterFirst(rest[3:]) {
		return append(w, '\'')
	}
	if elided[string(w)] && !possessive(rest) {
		return w[:0]
	}
	return w
}

// possessive reports whether rest is the s of "the C's".
func possessive(rest string) bool {
	return (rest[0] == 's' || rest[0] == 'S') && !letterFirst(rest[1:])
}

func letterFirst(s string) bool {
	if s == "" {
		return false
	}
	if s[0] < utf8.RuneSelf {
		return asciiFold[s[0]] != 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	f := foldRune(r)
	return f >= 0 || f == foldExpand
}

// apostrophe reports whether r is one of the signs written for '.
func apostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', '‛', 'ʼ', 'ʹ', '＇', '′':
		return true
	}
	return false
}

// Fold returns s folded as words are, all that parts words kept as it stands:
// for values that are compared whole, such as addresses and file names.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range Normal(s) {
		switch f := foldRune(r); {
		case f >= 0:
			b.WriteRune(f)
		case f == foldExpand, f == foldPair:
			b.WriteString(expand(r))
		case f == foldBreak:
			b.WriteRune(wide(r))
		}
	}
	return b.String()
}

// wide maps full-width signs to ASCII.
func wide(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFF01 + '!'
	}
	return r
}
