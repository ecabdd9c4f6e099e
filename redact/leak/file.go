package leak

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"hash/maphash"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// file looks into the bytes of a file: unpacked, and as text.
func (s *search) file(name string, b []byte, how []string, depth int) {
	if depth > maxDepth || !s.spend(len(b)) {
		s.err = ErrDeep
		return
	}
	if key := maphash.Bytes(s.seed, b); s.seen[key] {
		return
	} else {
		s.seen[key] = true
	}
	outer := s.charsets
	s.charsets = slices.Concat(namedCharsets(b), outer)
	defer func() { s.charsets = outer }()
	s.letters(name, name, then(how, "file name"))
	s.binary(name, b, how)
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		b = s.zip(name, b, how, depth)
	case bytes.HasPrefix(b, []byte("\x1f\x8b")):
		s.unpack(name, b, how, "gzip", depth, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	case bytes.HasPrefix(b, []byte("BZh")):
		s.unpack(name, b, how, "bzip2", depth, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil })
	case bytes.HasPrefix(b, []byte("UNSEALS1")):
		s.segment(name, b, how)
	}
	b = s.frames(name, b, how, depth)
	s.zlibs(name, b, how, depth)
	s.text(name, b, how, depth)
}

// zip looks into the members of a zip file and what is said of them, and
// returns what lies between them.
func (s *search) zip(name string, b []byte, how []string, depth int) []byte {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return b
	}
	var rest []byte
	at := int64(0)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			continue
		}
		s.member(name+"!/"+f.Name, r, how, depth)
		r.Close()
		from, err := f.DataOffset()
		if to := from + int64(f.CompressedSize64); err == nil && from >= at && to <= int64(len(b)) {
			rest = append(append(rest, b[at:from]...), 0)
			at = to
		}
	}
	return append(rest, b[at:]...)
}

// member looks into what r yields, even if that ends in an error.
func (s *search) member(name string, r io.Reader, how []string, depth int) int {
	b, _ := io.ReadAll(io.LimitReader(r, max(0, min(s.left, maxMember))+1))
	if len(b) > maxMember {
		s.err = ErrDeep
	}
	if len(b) > 0 {
		s.file(name, b, how, depth+1)
	}
	return len(b)
}

func (s *search) unpack(name string, b []byte, how []string, step string, depth int, open func(io.Reader) (io.Reader, error)) {
	if r, err := open(bytes.NewReader(b)); err == nil {
		s.member(name, r, then(how, step), depth)
	}
}

var zstdMagic = []byte("\x28\xb5\x2f\xfd")

var zstdReaders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMember))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
}}

// frames looks into zstd frames (RFC 8878) anywhere in a file, and returns what
// lies between them. Those that follow each other are one text, as they are in
// a search segment.
func (s *search) frames(name string, b []byte, how []string, depth int) []byte {
	var rest, text []byte
	d := zstdReaders.Get().(*zstd.Decoder)
	defer zstdReaders.Put(d)
	at := 0 // after the last frame
	for pos := 0; ; {
		i := bytes.Index(b[pos:], zstdMagic)
		if i < 0 {
			break
		}
		pos += i
		n := frameLength(b[pos:])
		out, err := d.DecodeAll(b[pos:pos+n], nil)
		if n == 0 || err != nil {
			pos += len(zstdMagic)
			continue
		}
		if pos > at && len(text) > 0 {
			s.file(name, text, then(how, "zstd"), depth+1)
			text = nil
		}
		rest = append(append(rest, b[at:pos]...), 0)
		text = append(text, out...)
		pos += n
		at = pos
	}
	if len(text) > 0 {
		s.file(name, text, then(how, "zstd"), depth+1)
	}
	if at == 0 {
		return b
	}
	return append(rest, b[at:]...)
}

// frameLength is the length of the frame that b begins with, or 0 where that is
// cut short.
func frameLength(b []byte) int {
	var h zstd.Header
	if h.Decode(b[:min(len(b), zstd.HeaderMaxSize)]) != nil || h.Skippable {
		return 0
	}
	for n := h.HeaderSize; n+3 <= len(b); {
		head := int(b[n]) | int(b[n+1])<<8 | int(b[n+2])<<16
		size := head >> 3
		if head>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		n += 3 + size
		if head&1 == 1 {
			if h.HasCheckSum {
				n += 4
			}
			if n > len(b) {
				return 0
			}
			return n
		}
	}
	return 0
}

// zlibs looks into zlib streams (RFC 1950) anywhere in a file, as in a PDF or
// PNG, and into what is packed behind the header of a zip's member.
func (s *search) zlibs(name string, b []byte, how []string, depth int) {
	var inflater io.ReadCloser
	for i := 0; i+2 < len(b); i++ {
		switch {
		case b[i]&0x8f == 8 && b[i+1]&0x20 == 0 && (int(b[i])<<8|int(b[i+1]))%31 == 0:
			r := bytes.NewReader(b[i:])
			if inflater == nil {
				inflater, _ = zlib.NewReader(r)
			} else if inflater.(zlib.Resetter).Reset(r, nil) != nil {
				continue
			}
			s.stream(name, inflater, then(how, "zlib"), depth)
		case b[i] == 'P' && bytes.HasPrefix(b[i:], []byte("PK\x03\x04")) && i+30 < len(b):
			skip := 30 + int(b[i+26]) + int(b[i+27])<<8 + int(b[i+28]) + int(b[i+29])<<8
			if i+skip < len(b) {
				s.stream(name, flate.NewReader(bytes.NewReader(b[i+skip:])), then(how, "deflate"), depth)
			}
		}
	}
}

// stream looks into what r yields when it is more than the few bytes that
// any bytes yield.
func (s *search) stream(name string, r io.Reader, how []string, depth int) {
	var head [32]byte
	if n, _ := io.ReadFull(r, head[:]); n >= minRun && depth < maxDepth {
		s.member(name, io.MultiReader(bytes.NewReader(head[:n]), r), how, depth)
	}
}

// printable are the strings in bytes that are no text.
var printable = regexp.MustCompile(`[\t\r\n -~\x{a0}-\x{10ffff}]{6,}`)

// text looks into b as a text in every charset that it may be in.
func (s *search) text(name string, b []byte, how []string, depth int) {
	if bytes.IndexByte(b, 0) >= 0 {
		for _, t := range wideTexts(b) {
			s.stretches(name, t, then(how, "UTF-16"), depth)
		}
		b = bytes.Join(bytes.FieldsFunc(b, func(r rune) bool { return r == 0 }), []byte(" \uFFFC "))
	}
	if !mostlyText(b) {
		b = bytes.Join(printable.FindAll(bytes.ToValidUTF8(b, []byte{0}), -1), []byte(" \uFFFC "))
	}
	s.stretches(name, string(b), how, depth)
}

func mostlyText(b []byte) bool {
	b = b[:min(len(b), 8192)]
	odd := 0
	for _, c := range b {
		if c < ' ' && !strings.ContainsRune("\t\r\n\f\x1b\x0e\x0f", rune(c)) || c == 0x7f {
			odd++
		}
	}
	return odd*20 <= len(b)
}

// stretches looks into a long text piece by piece.
func (s *search) stretches(name, t string, how []string, depth int) {
	for {
		piece := t
		if len(t) > stretch {
			piece = t[:stretch]
		}
		s.forms(name, piece, how, depth)
		if len(t) <= stretch {
			return
		}
		cut := stretch - overlap
		for cut > 0 && !utf8.RuneStart(t[cut]) {
			cut--
		}
		t = t[cut:]
	}
}
