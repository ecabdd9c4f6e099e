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
//	"UNSEALS1" · sections, each followed by 8 zero bytes · head · trailer
//
//	text        zstd frames of 32 KiB of all texts one after another
//	docs        a record a document: what stands where in it, and the whole result row
//	lists       of every term, in their order: its documents and counts, then its places
//	lengths     a byte a document: how many words, rounded up
//	pages       of every page of terms the least string that leads to it, and where its lists begin
//	terms       pages of 64 front-coded terms
//	columns     fixed-width numbers: place of record, number, dates, copies; sets and values
//	            of facets; where each frame begins
//	sums        a checksum for each 4096 bytes of all before
//
// The head is what opening takes: it lies at the end, is small (about 100 KB
// for a million mails), and has a checksum of its own in the trailer. It begins
// with the version and the table of all sections by number, so a later version
// may add some and an earlier reader passes over them, and holds these:
//
//	meta        counts and ranges, all numbers as varints
//	layout      base, width and length of every column, in the order of their data
//	groups      as pages, for every 16th page only
//	tops        a checksum for each 4096 bytes of sums
//
// The trailer is of fixed size, so a reader begins at the end of the file.
//
// # Reading over ranges
//
// A reader that cannot map the file takes its last 64 KB, which mostly hold
// the whole head. A word costs one read of a group of pages (about 10 KB), whose
// terms are walked, and one of its list: the heads of its blocks lie before the
// blocks, the places behind both. A hit costs one place in the first column and
// its record, which holds all of its row; the small tables of facets (all but
// people and threads) end the columns and are read at once. The checksum of a
// page lies in a page of sums that covers 4 MB.
//
// # Places
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
	version      = 2
)

// pageSize is the unit of checksums.
const pageSize = 4096

// frameSize is how much text one zstd frame holds.
const frameSize = 32 << 10

// The sections, those of the head last.
const (
	secText = 1 + iota
	secDocs
	secLists
	secLengths
	secPages
	secTerms
	secColumns
	secSums
	secMeta
	secLayout
	secGroups
	secTops
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
	facetYear
	facetState
	facetPerson
	facetThread
	facets
)

// rowFacets are the facets of which a record names the document's set.
var rowFacets = [...]int{facetCollection, facetBatch, facetKind, facetVerdict, facetLang}

// tableOrder is the order of the facets' tables: the large ones first, so that
// the others are read at once.
var tableOrder = [facets]int{facetThread, facetPerson, facetCollection, facetBatch, facetKind, facetType, facetExt,
	facetVerdict, facetLang, facetHas, facetOwner, facetYear, facetState}

// The columns of documents, in the order in which they are stored. Behind them
// come a column a facet with the set of each document, the places of the frames,
// and the tables of the facets.
const (
	colRecord    = iota // byte in docs
	colNumber           // item number
	colDate             // seconds since 1970 (UTC), noDate if undated
	colPublished        // seconds since 1970 (UTC), noDate if not published
	colCopyOf           // item number, 0 if none
	colEdition
	columns
)

// The columns of a facet's table, facetTable long. Values are sorted; a set is
// values in ascending order; bytes are columns 8 bits wide.
const (
	tabValueEnds = iota // of each value in tabValues
	tabValues
	tabLabelEnds // of each label in tabLabels
	tabLabels
	tabStarts // of each set in tabMembers, and the end of the last
	tabMembers
	facetTable
)

// The places of columns in the layout.
const (
	layoutSets   = columns
	layoutFrames = layoutSets + facets
	layoutTables = layoutFrames + 1
	layoutSize   = layoutTables + facets*facetTable
)

// noDate is the date of the undated: after every other.
const noDate = 1 << 52

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// trailer is the end of a segment.
type trailer struct {
	head int64 // where the head begins
	size int64 // of the head
	sum  uint32
	file int64 // size of the file
}

func (t trailer) append(b []byte) []byte {
	n := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.head))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.size))
	b = binary.LittleEndian.AppendUint32(b, t.sum)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.file))
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
		head: int64(binary.LittleEndian.Uint64(b)),
		size: int64(binary.LittleEndian.Uint32(b[8:])),
		sum:  binary.LittleEndian.Uint32(b[12:]),
		file: int64(binary.LittleEndian.Uint64(b[16:])),
	}
	return t, t.file == size && t.head >= int64(len(magic)) && t.head < size && t.head+t.size+trailerSize == size
}
