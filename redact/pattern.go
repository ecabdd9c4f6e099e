package redact

import (
	"bytes"
	"encoding/binary"
	"sync"
	"unicode"
	"unicode/utf8"
)

// pattern is a literal that is looked for, folded.
type pattern struct {
	folded
	bounded bool // only as words of its own
}

func newPattern(s string) pattern {
	return pattern{folded: fold([]byte(s), false, false)}
}

// fits reports whether p stands in t at i, where its letters do.
func (p *pattern) fits(t folded, i int) bool {
	for k, need := range p.gap {
		if k == 0 {
			continue
		}
		if have := t.gap[i+k]; need == noGap && have == wideGap || need != noGap && have == noGap {
			return false
		}
	}
	return !p.bounded || t.wordEnds(i) && t.wordEnds(i+len(p.b))
}

// wordEnds reports whether no word goes on across i.
func (f *folded) wordEnds(i int) bool {
	if i == 0 || i >= len(f.b) || f.gap[i] != noGap {
		return true
	}
	before, _ := utf8.DecodeLastRune(f.b[:i])
	after, _ := utf8.DecodeRune(f.b[i:])
	return !wordRune(before) || !wordRune(after)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// headSize is how many bytes of a pattern the first test looks at, longHead
// how many the second does.
const (
	headSize = 4
	longHead = 8
)

// patterns is many literals that are looked for at once.
type patterns struct {
	list  []pattern
	known map[string]bool    // folded, with their gaps
	heads map[uint32][]int32 // by the first four bytes, of those shorter than longHead
	longs map[uint64][]int32 // by the first eight bytes
	bits  [1 << 12]uint64    // of the hashes of heads
	tiny  []int32            // shorter than headSize
}

// seeker is something that is looked for in texts.
type seeker interface {
	// holds is the first test, of a text in UTF-8.
	holds(b []byte) bool
	// within calls found with every place in a text in UTF-8, or in another
	// reading of it.
	within(t text, found func(t text, from, to int))
}

func newPatterns(words []string) *patterns {
	p := &patterns{known: map[string]bool{}, heads: map[uint32][]int32{}, longs: map[uint64][]int32{}}
	for _, w := range words {
		p.add(newPattern(w))
	}
	return p
}

func (p *patterns) add(q pattern) {
	key := string(q.b) + "\x00" + string(q.gap)
	if len(q.b) == 0 || p.known[key] || len(p.list) == maxPatterns {
		return
	}
	p.known[key] = true
	n := int32(len(p.list))
	p.list = append(p.list, q)
	if len(q.b) < headSize {
		p.tiny = append(p.tiny, n)
		return
	}
	h := binary.BigEndian.Uint32(q.b)
	if len(q.b) < longHead {
		p.heads[h] = append(p.heads[h], n)
	} else {
		long := binary.BigEndian.Uint64(q.b)
		p.longs[long] = append(p.longs[long], n)
	}
	slot := headHash(h)
	p.bits[slot>>6] |= 1 << (slot & 63)
}

func headHash(h uint32) uint32 { return h * 2654435761 >> 14 }

// match is where a pattern stands in a folded text.
type match struct{ from, to, pattern int }

// in calls found for every place of every pattern in t, until it returns false.
func (p *patterns) in(t folded, found func(m match) bool) {
	if len(p.tiny) < len(p.list) && !p.longer(t, found) {
		return
	}
	for _, n := range p.tiny {
		q := &p.list[n]
		for i := 0; i < len(t.b); i++ {
			k := bytes.Index(t.b[i:], q.b)
			if k < 0 {
				break
			}
			if i += k; q.fits(t, i) && !found(match{i, i + len(q.b), int(n)}) {
				return
			}
		}
	}
}

func (p *patterns) longer(t folded, found func(m match) bool) bool {
	var h uint32
	for i, c := range t.b {
		h = h<<8 | uint32(c)
		if slot := headHash(h); p.bits[slot>>6]>>(slot&63)&1 == 0 || i < headSize-1 {
			continue
		}
		at := i - headSize + 1
		if !p.try(p.heads[h], t, at, found) {
			return false
		}
		if at+longHead <= len(t.b) && !p.try(p.longs[binary.BigEndian.Uint64(t.b[at:])], t, at, found) {
			return false
		}
	}
	return true
}

// try compares the patterns of a list with t at one place.
func (p *patterns) try(list []int32, t folded, at int, found func(m match) bool) bool {
	for _, n := range list {
		q := &p.list[n]
		if bytes.HasPrefix(t.b[at:], q.b) && q.fits(t, at) && !found(match{at, at + len(q.b), int(n)}) {
			return false
		}
	}
	return true
}

// within calls found with the range of every match in a text in UTF-8.
func (p *patterns) within(t text, found func(t text, from, to int)) {
	p.inFolded(t, false, found)
	if hyphenated(t.b) {
		p.inFolded(t, true, found)
	}
}

func (p *patterns) inFolded(t text, hyphens bool, found func(t text, from, to int)) {
	f := fold(t.b, true, hyphens)
	p.in(f, func(m match) bool {
		last := int(f.pos[m.to-1])
		_, n := utf8.DecodeRune(t.b[last:])
		found(t, int(f.pos[m.from]), last+n)
		return true
	})
}

// inNoise is as within, for characters that mean no text: in them, short
// patterns stand by accident.
func (p *patterns) inNoise(t text, found func(t text, from, to int)) {
	if !t.tracked() && !p.holds(t.b) {
		return
	}
	p.within(t, func(t text, from, to int) {
		if to-from >= minBare {
			found(t, from, to)
		}
	})
}

// spare is memory for folded texts that are not kept.
var spare = sync.Pool{New: func() any { return new(folded) }}

// holds reports whether any pattern stands in a text in UTF-8.
func (p *patterns) holds(b []byte) bool {
	f := spare.Get().(*folded)
	defer spare.Put(f)
	any := false
	stop := func(match) bool {
		any = true
		return false
	}
	f.fold(b, false, false)
	if p.in(*f, stop); !any && hyphenated(b) {
		f.fold(b, false, true)
		p.in(*f, stop)
	}
	return any
}
