package leak

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
)

// Leak is a place where something that was removed can still be read.
type Leak struct {
	File   string // name of the file, with what was unpacked: "items.zip!/12.eml"
	Needle string // as given, or the name of the digest and the number of the secret: "SHA-256 of secret 1"
	How    string // what was undone to read it: "base64, tags"; empty where it stands as it is
}

// Hunt is a search for removed texts and digests of removed bytes. It is safe
// for concurrent use.
type Hunt struct {
	needles []needle
	digests map[uint64]mark // by the first 8 bytes
	sieve   [1 << 10]uint64 // of bits of their first bytes
	foreign bool            // a needle has letters beyond ASCII
}

type needle struct {
	given, folded string
	word          bool // counts only as words of its own
}

// mark is a digest that is looked for.
type mark struct {
	name string
	sum  string
}

// New prepares a hunt. A needle counts wherever its letters stand, whatever
// their case and marks and however their words are parted or broken over
// lines; one of fewer than six letters and digits counts only as words of its
// own. Of each secret, the digests SHA-256, SHA-1, MD5 and SHA-512 are looked
// for, in binary, hex and base64.
func New(needles []string, secrets [][]byte) *Hunt {
	h := &Hunt{digests: map[uint64]mark{}}
	for _, given := range needles {
		f := foldAll(given)
		f.spaced = strings.Trim(f.spaced, " ")
		if f.spaced == "" {
			continue
		}
		h.needles = append(h.needles, needle{given, f.spaced, wordLetters(f.spaced) < minBare})
		h.foreign = h.foreign || !ascii(f.spaced)
	}
	for i, s := range secrets {
		if len(s) > 0 {
			h.secret(i+1, s)
		}
	}
	return h
}

func (h *Hunt) secret(n int, s []byte) {
	a, b, c, d := sha256.Sum256(s), sha1.Sum(s), md5.Sum(s), sha512.Sum512(s)
	for name, sum := range map[string][]byte{"SHA-256": a[:], "SHA-1": b[:], "MD5": c[:], "SHA-512": d[:]} {
		key := word64(sum)
		h.digests[key] = mark{name + " of secret " + decimal(n), string(sum)}
		slot := uint16(key >> 48)
		h.sieve[slot>>6] |= 1 << (slot & 63)
	}
}

// ErrDeep: something was wrapped more often, or is larger, than is looked into.
var ErrDeep = errors.New("a file is wrapped too deep or too large to be looked into")

// In looks into a file and calls report for each different leak, in no fixed
// order. It keeps no part of b. The error is ErrDeep, and then the rest was
// looked into.
func (h *Hunt) In(name string, b []byte, report func(Leak)) error {
	s := &search{Hunt: h, report: report, told: map[Leak]bool{}, seed: maphash.MakeSeed(), seen: map[uint64]bool{}, left: maxUndone}
	s.file(name, b, nil, 0)
	return s.err
}

// search is one call of In.
type search struct {
	*Hunt
	report   func(Leak)
	told     map[Leak]bool
	seed     maphash.Seed
	seen     map[uint64]bool // texts looked into, for as long as one file takes
	charsets []charset       // named in the file and in those around it
	left     int64           // bytes that may still be undone
	err      error
}

func (s *search) found(file, what string, how []string) {
	l := Leak{File: file, Needle: what, How: strings.Join(how, ", ")}
	if !s.told[l] {
		s.told[l] = true
		s.report(l)
	}
}

// then is how with one more step.
func then(how []string, step string) []string { return append(slices.Clip(how), step) }

// spend takes n bytes from what may still be undone.
func (s *search) spend(n int) bool {
	if s.left -= int64(n); s.left < 0 {
		s.err = ErrDeep
	}
	return s.left >= 0
}

// binary looks for digests at every byte.
func (s *search) binary(file string, b []byte, how []string) {
	if len(s.digests) == 0 {
		return
	}
	for i := 0; i+8 <= len(b); i++ {
		slot := uint16(b[i])<<8 | uint16(b[i+1])
		if s.sieve[slot>>6]>>(slot&63)&1 == 0 {
			continue
		}
		if m, ok := s.digests[word64(b[i:])]; ok {
			s.found(file, m.name, how)
		}
	}
}

// letters looks for needles in a text.
func (s *search) letters(file, text string, how []string) {
	f := foldAll(text)
	for _, n := range s.needles {
		if n.in(f.spaced) || f.joined != "" && n.in(f.joined) || f.mended != "" && n.in(f.mended) {
			s.found(file, n.given, how)
		}
	}
}

// in reports whether a needle stands in a folded text.
func (n needle) in(text string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], n.folded)
		if i < 0 {
			return false
		}
		if at += i; !n.word || parted(text, at) && parted(text, at+len(n.folded)) {
			return true
		}
		at++
	}
}
