// Package segment is the embedded search index: immutable segments, one a
// batch, and the engine that answers over many of them at once.
//
// The one invariant: a segment is a function of the documents it was built
// from. The same documents give the same bytes, so a mirror can build it again
// and compare; and nothing in it depends on other segments, so that a batch is
// published once. What depends on all of them (how rare a word is, how long
// texts are) is added up when an index is opened.
//
// Every byte of a segment is untrusted. The file ends in checksums of its
// 4096-byte pages; a page is checked before its first use, and what the
// checksums cannot vouch for, a file made wrong on purpose, is bounds-checked
// where it is read. The answer is then ErrDamaged, never a panic.
//
// # Layout
//
//	"UNSEALS1" · sections, each followed by 8 zero bytes · footer · page sums · trailer
//
//	meta        counts and ranges, all numbers as varints
//	text        zstd frames of 64 KiB of all texts one after another
//	frames      where each frame begins
//	postings    documents and counts of every term, in the order of the terms
//	places      the places of every word
//	terms       pages of 64 front-coded terms
//	pages       the first term of every page and where its lists begin
//	lengths     a byte a document: how many words, rounded up
//	docs        a record a document: what stands where in it, and a result row
//	columns     fixed-width numbers a document: place of record and text, number, dates, copies
//	facets      per facet its values, the sets of values that occur, and a column of sets
//	names       strings of result rows that repeat
//
// The footer lists sections by number, so a later version may add some and an
// earlier reader passes over them. The trailer is of fixed size, so a reader
// begins at the end of the file.
//
// A document's words are numbered through: the body first, then subject,
// addresses, file names and texts of files, a free place between any two. A
// term is a byte for its kind and the folded word. Words (termWord) are listed
// once for all of a document, with their places; the other kinds only say in
// which documents a word stands in a field, and phrases in a field follow from
// places and the record.
package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// magic begins a segment; trailerMagic ends it.
const (
	magic        = "UNSEALS1"
	trailerMagic = "1SEG"
	trailerSize  = 32
	version      = 1
)

// pageSize is the unit of checksums.
const pageSize = 4096

// frameSize is how much text one zstd frame holds.
const frameSize = 64 << 10

// The sections.
const (
	secMeta = 1 + iota
	secText
	secFrames
	secPostings
	secPlaces
	secTerms
	secPages
	secLengths
	secDocs
	secColumns
	secFacets
	secNames
	sections
)

// The kinds of terms; the first byte of each.
const (
	termWord     = 0x01 // a word anywhere in the document, with places
	termSubject  = 0x02
	termFrom     = 0x03 // words of names and addresses, and each address whole
	termTo       = 0x04
	termCc       = 0x05
	termBcc      = 0x06
	termFilename = 0x07
	termMsgID    = 0x10 // the first 8 bytes of the SHA-256 of the folded Message-ID
	termSHA256   = 0x11 // the first 16 bytes of a SHA-256
)

// zone is a stretch of a document's places.
type zone byte

const (
	zoneOwn zone = iota
	zoneQuoted
	zoneSubject
	zoneFrom
	zoneTo
	zoneCc
	zoneBcc
	zoneFilename
	zoneFileText
	zones
)

// body reports whether z is part of the body: its stretches follow each other
// without a free place.
func (z zone) body() bool { return z <= zoneQuoted }

// The facets, in the order in which they are stored.
const (
	facetCollection = iota
	facetBatch
	facetKind
	facetType
	facetExt
	facetVerdict
	facetLang
	facetHas
	facetOwner
	facetPerson
	facetThread
	facetYear
	facetState
	facets
)

// The columns, in the order in which they are stored.
const (
	colRecord    = iota // byte in docs
	colText             // byte in the texts
	colNumber           // item number
	colDate             // seconds since 1970 (UTC), noDate if undated
	colPublished        // seconds since 1970 (UTC), noDate if not published
	colCopyOf           // item number, 0 if none
	colEdition
	columns
)

// noDate is the date of the undated: after every other.
const noDate = 1 << 52

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// trailer is the end of a segment.
type trailer struct {
	footer     int64 // where the footer begins
	footerSize int64
	sums       uint32 // checksum of the page sums
	size       int64  // of the file
}

// end is where the footer ends and the page sums begin.
func (t trailer) end() int64 { return t.footer + t.footerSize }

func (t trailer) pages() int64 { return (t.end() + pageSize - 1) / pageSize }

func (t trailer) append(b []byte) []byte {
	n := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.footer))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.footerSize))
	b = binary.LittleEndian.AppendUint32(b, t.sums)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.size))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[n:], castagnoli))
	return append(b, trailerMagic...)
}

// readTrailer checks the last bytes of a file of the given size.
func readTrailer(b []byte, size int64) (trailer, bool) {
	if len(b) != trailerSize || string(b[28:]) != trailerMagic ||
		crc32.Checksum(b[:24], castagnoli) != binary.LittleEndian.Uint32(b[24:]) {
		return trailer{}, false
	}
	t := trailer{
		footer:     int64(binary.LittleEndian.Uint64(b)),
		footerSize: int64(binary.LittleEndian.Uint32(b[8:])),
		sums:       binary.LittleEndian.Uint32(b[12:]),
		size:       int64(binary.LittleEndian.Uint64(b[16:])),
	}
	ok := t.size == size && t.footer >= int64(len(magic)) && t.footer < size && t.end() < size &&
		t.end()+4*t.pages()+trailerSize == size
	return t, ok
}
