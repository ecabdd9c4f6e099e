// Package pst reads Outlook's files of folders (PST, OST) of all three kinds,
// as MS-PST describes them: 32 bits, 64 bits, and 64 bits with pages of 4 kB.
// It gives the nodes of a file and the properties of each, and knows nothing of
// what they mean.
//
// Files are hostile and often damaged. What cannot be read is a problem in a
// list and not the end, as long as the two trees that name nodes and blocks can
// be found at all. Depth, count and memory are bounded; nothing is written.
package pst

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/zlib"

	"unseal/intake/outlook/mapi"
)

// Magic is what a file begins with.
const Magic = "!BDN"

// ErrFormat says that a file is none, or one whose trees are gone.
var ErrFormat = errors.New("not a readable PST or OST")

// Limits of a file.
const (
	maxEntries  = 4 << 20  // of a tree: 100 MB of memory each
	maxDepth    = 8        // of a tree
	maxBlocks   = 1 << 20  // of one node's data
	maxHeap     = 64 << 20 // bytes of one node's heap
	maxValue    = 32 << 20 // bytes of a property held in memory
	maxValues   = 96 << 20 // bytes of all properties of a node
	maxRows     = 1 << 20  // of a table
	maxProblems = 50
)

// layout is what the three kinds differ in.
type layout struct {
	wide                     bool // 64 bits
	page, cells, tail        int  // sizes: of a page, its entries, its trailer
	nbt, bbt, node, key, ref int  // offsets in the header; lengths of entries
	crypt                    int  // offset in the header
	align, blockTail         int
	big                      bool // pages of 4 kB
}

var (
	ansi    = layout{page: 512, cells: 496, tail: 12, nbt: 188, bbt: 196, node: 16, key: 12, ref: 12, crypt: 461, align: 64, blockTail: 12}
	unicode = layout{wide: true, page: 512, cells: 488, tail: 16, nbt: 224, bbt: 240, node: 32, key: 24, ref: 24, crypt: 513, align: 64, blockTail: 16}
	large   = layout{wide: true, page: 4096, cells: 4056, tail: 24, nbt: 224, bbt: 240, node: 32, key: 24, ref: 24, crypt: 513, align: 512, blockTail: 24, big: true}
)

// File is an open file. It is used by one goroutine.
type File struct {
	Format   string // "32-bit", "64-bit", "64-bit, 4 kB pages"
	Names    map[mapi.ID]mapi.Name
	Charset  string // of 8-bit strings; empty until the reader sets it
	Problems []string

	r      io.ReaderAt
	l      layout
	crypt  byte
	nodes  []Node
	blocks []block
	more   bool // there were further problems
}

// Node is a numbered thing in a file: a folder, a message, an attachment.
type Node struct {
	NID    uint32
	Parent uint32
	data   uint64
	sub    uint64
}

// Type is the kind of a node, MS-PST 2.2.2.1.
func (n Node) Type() uint32 { return n.NID & 0x1f }

// The types and numbers of nodes that are used.
const (
	Folder     = 0x02
	Message    = 0x04
	Attachment = 0x05
	Associated = 0x08

	Store       = 0x21
	nameMap     = 0x61
	RootFolder  = 0x122
	Recipients  = 0x692
	Attachments = 0x671
)

type block struct {
	bid, at  uint64
	size     uint16
	inflated uint16 // the size after inflating, where that differs
}

// Open reads the trees of a file. r is used until the last call.
func Open(r io.ReaderAt) (*File, error) {
	head := make([]byte, 564)
	if n, err := r.ReadAt(head, 0); n < 520 {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if !bytes.HasPrefix(head, []byte(Magic)) {
		return nil, ErrFormat
	}
	f := &File{r: r}
	switch ver := binary.LittleEndian.Uint16(head[10:]); {
	case ver >= 36:
		f.l, f.Format = large, "64-bit, 4 kB pages"
	case ver >= 20:
		f.l, f.Format = unicode, "64-bit"
	default:
		f.l, f.Format = ansi, "32-bit"
	}
	if f.crypt = head[f.l.crypt]; f.crypt > cyclic {
		return nil, fmt.Errorf("%w: encoded in way %d, which is not known", ErrFormat, f.crypt)
	}
	f.loadTrees(head)
	if len(f.nodes) == 0 || len(f.blocks) == 0 {
		return nil, ErrFormat
	}
	f.loadNames()
	return f, nil
}

func (f *File) loadTrees(head []byte) {
	f.walk(f.num(head[f.l.bbt:]), 0x80, f.l.ref, maxDepth, func(p []byte) {
		b := block{bid: f.num(p) &^ 1, at: f.num(p[f.width():]), size: binary.LittleEndian.Uint16(p[2*f.width():])}
		if f.l.big {
			b.inflated = binary.LittleEndian.Uint16(p[2*f.width()+2:])
		}
		f.blocks = append(f.blocks, b)
	})
	f.walk(f.num(head[f.l.nbt:]), 0x81, f.l.node, maxDepth, func(p []byte) {
		w := f.width()
		f.nodes = append(f.nodes, Node{NID: uint32(f.num(p)), data: f.num(p[w:]), sub: f.num(p[2*w:]), Parent: binary.LittleEndian.Uint32(p[3*w:])})
	})
	slices.SortStableFunc(f.blocks, func(a, b block) int { return cmp.Compare(a.bid, b.bid) })
	slices.SortStableFunc(f.nodes, func(a, b Node) int { return cmp.Compare(a.NID, b.NID) })
	f.nodes = slices.CompactFunc(f.nodes, func(a, b Node) bool { return a.NID == b.NID })
}

// width is the length of a block number or an offset.
func (f *File) width() int {
	if f.l.wide {
		return 8
	}
	return 4
}

func (f *File) num(p []byte) uint64 {
	if f.l.wide {
		return binary.LittleEndian.Uint64(p)
	}
	return uint64(binary.LittleEndian.Uint32(p))
}

func (f *File) problem(format string, args ...any) {
	if len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
	} else if !f.more {
		f.more = true
		f.Problems = append(f.Problems, "further problems of this file are not listed")
	}
}

// walk gives the entries of a tree's leaves to fn, MS-PST 2.2.2.7.7. A page that
// cannot be read costs what is below it.
func (f *File) walk(at uint64, kind byte, length, depth int, fn func([]byte)) {
	page := make([]byte, f.l.page)
	if _, err := f.r.ReadAt(page, int64(at)); err != nil || at == 0 {
		f.problem("the page of a tree at byte %d cannot be read", at)
		return
	}
	count, size, level, ok := f.pageHead(page, kind)
	if !ok || level > 0 && depth == 0 {
		f.problem("the page of a tree at byte %d is damaged", at)
		return
	}
	for i := range count {
		p := page[i*size : (i+1)*size]
		switch {
		case level > 0:
			if len(p) >= 3*f.width() {
				f.walk(f.num(p[2*f.width():]), kind, length, min(depth, level)-1, fn)
			}
		case len(f.nodes) >= maxEntries || len(f.blocks) >= maxEntries:
			f.problem("a tree has more than %d entries", maxEntries)
			return
		case len(p) >= length:
			fn(p)
		}
	}
}

// pageHead reads how many entries a page has, how long they are, and its level.
func (f *File) pageHead(page []byte, kind byte) (count, size, level int, ok bool) {
	if tail := page[len(page)-f.l.tail:]; tail[0] != kind {
		return 0, 0, 0, false
	}
	meta := page[f.l.cells:]
	if f.l.big {
		count, size, level = int(binary.LittleEndian.Uint16(meta)), int(meta[4]), int(meta[5])
	} else {
		count, size, level = int(meta[0]), int(meta[2]), int(meta[3])
	}
	return count, size, level, size > 0 && count*size <= f.l.cells
}

// Nodes are all nodes, by number. The list is not to be changed.
func (f *File) Nodes() []Node { return f.nodes }

// Node finds a node.
func (f *File) Node(nid uint32) (Node, bool) {
	i, ok := slices.BinarySearchFunc(f.nodes, nid, func(n Node, nid uint32) int { return cmp.Compare(n.NID, nid) })
	if !ok {
		return Node{}, false
	}
	return f.nodes[i], true
}

// bytes reads a block as it is before a node's structure is seen in it.
func (f *File) bytes(bid uint64) ([]byte, error) {
	i, ok := slices.BinarySearchFunc(f.blocks, bid&^1, func(b block, bid uint64) int { return cmp.Compare(b.bid, bid) })
	if !ok {
		return nil, fmt.Errorf("block %#x is not there", bid)
	}
	b := f.blocks[i]
	full := (int(b.size) + f.l.blockTail + f.l.align - 1) / f.l.align * f.l.align
	buf := make([]byte, full)
	if n, err := f.r.ReadAt(buf, int64(b.at)); n < int(b.size) {
		return nil, fmt.Errorf("block %#x: %w", bid, err)
	}
	p := buf[:b.size:b.size]
	if !f.whole(buf, p) {
		f.problem("block %#x at byte %d does not have its checksum", bid, b.at)
	}
	if b.inflated != 0 && b.inflated != b.size {
		var err error
		if p, err = inflate(p, int64(b.inflated)); err != nil {
			return nil, fmt.Errorf("block %#x: %w", bid, err)
		}
	}
	if bid&internal == 0 {
		decode(f.crypt, b.bid, p)
	}
	return p, nil
}

// whole compares a block with the checksum in its trailer, MS-PST 2.2.2.8.1.
func (f *File) whole(buf, p []byte) bool {
	tail := buf[len(buf)-f.l.blockTail:]
	at := 4
	if !f.l.wide {
		at = 8
	}
	return binary.LittleEndian.Uint32(tail[at:]) == ^crc32.Update(^uint32(0), crc32.IEEETable, p)
}

func inflate(p []byte, size int64) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(io.LimitReader(z, size))
}

// internal marks the numbers of blocks that list other blocks.
const internal = 2

// leaves lists the blocks that hold a node's data, MS-PST 2.2.2.8.3.2.
func (f *File) leaves(bid uint64) ([]uint64, error) {
	if bid == 0 {
		return nil, nil
	}
	return f.spread(nil, bid, 2)
}

func (f *File) spread(list []uint64, bid uint64, depth int) ([]uint64, error) {
	if bid&internal == 0 {
		if len(list) >= maxBlocks {
			return nil, errors.New("a node has too many blocks")
		}
		return append(list, bid), nil
	}
	p, err := f.bytes(bid)
	if err != nil {
		return nil, err
	}
	if len(p) < 8 || p[0] != 1 || depth == 0 {
		return nil, fmt.Errorf("block %#x lists no data", bid)
	}
	n := min(int(binary.LittleEndian.Uint16(p[2:])), (len(p)-8)/f.width())
	for i := range n {
		if list, err = f.spread(list, f.num(p[8+i*f.width():]), depth-1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// dataSize is the length of a node's data.
func (f *File) dataSize(bid uint64) int64 {
	if bid&internal != 0 {
		if p, err := f.bytes(bid); err == nil && len(p) >= 8 {
			return int64(binary.LittleEndian.Uint32(p[4:]))
		}
		return 0
	}
	i, ok := slices.BinarySearchFunc(f.blocks, bid&^1, func(b block, bid uint64) int { return cmp.Compare(b.bid, bid) })
	if !ok {
		return 0
	}
	return int64(max(f.blocks[i].size, f.blocks[i].inflated))
}

// stream reads a node's data block by block.
type stream struct {
	f    *File
	bids []uint64
	rest []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if len(s.bids) == 0 {
			return 0, io.EOF
		}
		b, err := s.f.bytes(s.bids[0])
		if err != nil {
			return 0, err
		}
		s.rest, s.bids = b, s.bids[1:]
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (f *File) open(bid uint64) (io.Reader, error) {
	bids, err := f.leaves(bid)
	if err != nil {
		return nil, err
	}
	return &stream{f: f, bids: bids}, nil
}

// all reads a node's data into memory, at most max bytes of it.
func (f *File) all(bid uint64, max int64) ([]byte, error) {
	r, err := f.open(bid)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	if int64(len(b)) > max {
		return nil, fmt.Errorf("a value is larger than %d MB", max>>20)
	}
	return b, err
}

// subnodes lists the nodes below one, MS-PST 2.2.2.8.3.3.
func (f *File) subnodes(bid uint64) (map[uint32]Node, error) {
	list := map[uint32]Node{}
	if bid == 0 {
		return list, nil
	}
	return list, f.below(list, bid, 2)
}

func (f *File) below(list map[uint32]Node, bid uint64, depth int) error {
	p, err := f.bytes(bid)
	if err != nil {
		return err
	}
	head, w := 4, f.width()
	if f.l.wide {
		head = 8
	}
	if len(p) < head || p[0] != 2 || depth == 0 {
		return fmt.Errorf("block %#x lists no nodes", bid)
	}
	level, n := p[1], int(binary.LittleEndian.Uint16(p[2:]))
	size := 3 * w
	if level > 0 {
		size = 2 * w
	}
	for i := range min(n, (len(p)-head)/size) {
		e := p[head+i*size:]
		if level > 0 {
			if err := f.below(list, f.num(e[w:]), depth-1); err != nil {
				return err
			}
			continue
		}
		if len(list) >= maxRows {
			return errors.New("a node has too many nodes below it")
		}
		list[uint32(f.num(e))] = Node{NID: uint32(f.num(e)), data: f.num(e[w:]), sub: f.num(e[2*w:])}
	}
	return nil
}

// Raw gives a node's data as they stand.
func (f *File) Raw(n Node) (int64, func() (io.Reader, error)) {
	return f.dataSize(n.data), func() (io.Reader, error) { return f.open(n.data) }
}
