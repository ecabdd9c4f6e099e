// Package tiles reads a log from its files: the tiles of its tree, laid out as
// c2sp.org/tlog-tiles has them, its entries and its checkpoint. What it proves,
// package proof and others check; what entries may say, package translog knows.
//
// It imports no os: it is given a function that reads a file.
package tiles

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/translog"
	"unseal/trove"
)

// The geometry of tiles (c2sp.org/tlog-tiles): 256 hashes wide, 8 levels of
// the tree high.
const (
	tileHeight = 8
	Width      = 1 << tileHeight
)

// Entries is the level of the tiles that hold entries instead of hashes.
const Entries = -1

// Tile names one file: tile number N of a level, with Width hashes or entries.
type Tile struct {
	Level int // from 0, or Entries
	N     int64
	Width int // 1 to Width; less than that is a partial tile
}

// Path is the tile's name below the log's folder.
func (t Tile) Path() string {
	p := tlog.Tile{H: tileHeight, L: t.Level, N: t.N, W: t.Width}.Path()
	p = "tile/" + strings.TrimPrefix(p, "tile/8/")
	if t.Level == Entries {
		p = strings.Replace(p, "tile/data/", "tile/entries/", 1)
	}
	return p
}

// Parse reads what Path wrote, and nothing else.
func Parse(path string) (Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return Tile{}, false
	}
	if tail, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + tail
	}
	p, err := tlog.ParseTilePath("tile/8/" + rest)
	t := Tile{Level: p.L, N: p.N, Width: p.W}
	return t, err == nil && t.Path() == path
}

// Partial reports whether the tile may still grow.
func (t Tile) Partial() bool { return t.Width < Width }

// End is how many leaves a tree has at least that has t: one more than the
// index of the last leaf below it.
func (t Tile) End() int64 {
	shift := tileHeight * max(t.Level, 0)
	if t.N > math.MaxInt64>>(tileHeight+1) || shift > 62 || t.N*Width+int64(t.Width) > math.MaxInt64>>shift {
		return math.MaxInt64
	}
	return (t.N*Width + int64(t.Width)) << shift
}

// In is t as wide as it is in a tree of size leaves, which must have it.
func (t Tile) In(size int64) Tile {
	count := size >> (tileHeight * max(t.Level, 0))
	t.Width = int(min(Width, max(0, count-t.N*Width)))
	return t
}

// Check reports whether b can be the file of t.
func (t Tile) Check(b []byte) error {
	if t.Level == Entries {
		_, err := t.SplitEntries(b)
		return err
	}
	_, err := t.Decode(b)
	return err
}

// Cut returns the first width hashes or entries of b, the file of t, as a
// file; nil if b is not one, or not as wide.
func (t Tile) Cut(b []byte, width int) []byte {
	if t.Check(b) != nil || width > t.Width {
		return nil
	}
	if t.Level != Entries {
		return b[:width*len(trove.Digest{})]
	}
	at := 0
	for range width {
		at += 2 + int(b[at])<<8 + int(b[at+1])
	}
	return b[:at]
}

// Of lists the tiles of one level in a tree of size leaves, each as wide
// as it stands there.
func Of(size int64, level int) []Tile {
	count := size >> (tileHeight * max(level, 0))
	tiles := make([]Tile, 0, count/Width+1)
	for n := range count / Width {
		tiles = append(tiles, Tile{level, n, Width})
	}
	if w := count % Width; w > 0 {
		tiles = append(tiles, Tile{level, count / Width, int(w)})
	}
	return tiles
}

// Levels is how many levels of hash tiles a tree of size leaves has.
func Levels(size int64) int {
	n := 0
	for ; size > 0; size >>= tileHeight {
		n++
	}
	return n
}

// RootOf is the root over hashes that stand side by side on one level.
func RootOf(hashes []trove.Digest) trove.Digest { return fold(peaks(nil, hashes)) }

// peaks appends the roots of the largest perfect trees over hashes, from left
// to right.
func peaks(to, hashes []trove.Digest) []trove.Digest {
	for len(hashes) > 0 {
		n := 1
		for 2*n <= len(hashes) {
			n *= 2
		}
		to = append(to, perfect(hashes[:n]))
		hashes = hashes[n:]
	}
	return to
}

// perfect is the root over a power of two of hashes.
func perfect(hashes []trove.Digest) trove.Digest {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return nodeHash(perfect(hashes[:half]), perfect(hashes[half:]))
}

// fold joins peaks to the root of the tree they come from.
func fold(peaks []trove.Digest) trove.Digest {
	if len(peaks) == 0 {
		return trove.Sum(nil)
	}
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = nodeHash(peaks[i], root)
	}
	return root
}

func nodeHash(l, r trove.Digest) trove.Digest {
	return trove.Digest(tlog.NodeHash(tlog.Hash(l), tlog.Hash(r)))
}

// Root is the root of a tree of size leaves whose hashes at some level, all of
// them, are levels[len(levels)-1], and which has at least the hashes of its
// last, partial tile at each level below.
func Root(levels [][]trove.Digest) trove.Digest {
	var p []trove.Digest
	for i := len(levels) - 1; i >= 0; i-- {
		l := levels[i]
		if i < len(levels)-1 {
			l = l[len(l)/Width*Width:]
		}
		p = peaks(p, l)
	}
	return fold(p)
}

// Edge is the right edge of a growing tree: the hashes of the last tile of
// every level. It is what one needs to append to a tree and to know its root;
// its zero value is the empty tree. Its size does not grow with the tree.
type Edge struct {
	Size   int64
	levels [][]trove.Digest // of each level the last tile, never full
}

// Add appends a leaf. full, if not nil, is called for every tile that it
// completes, lowest level first; the hashes are only valid during the call.
func (e *Edge) Add(leaf trove.Digest, full func(Tile, []trove.Digest) error) error {
	e.Size++
	for level, hash := 0, leaf; ; level++ {
		if level == len(e.levels) {
			e.levels = append(e.levels, make([]trove.Digest, 0, Width))
		}
		tile := append(e.levels[level], hash)
		if len(tile) < Width {
			e.levels[level] = tile
			return nil
		}
		n := e.Size>>(tileHeight*(level+1)) - 1
		if full != nil {
			if err := full(Tile{level, n, Width}, tile); err != nil {
				return err
			}
		}
		hash = perfect(tile)
		e.levels[level] = tile[:0]
	}
}

// Clone is an edge that grows by itself.
func (e *Edge) Clone() Edge {
	c := Edge{Size: e.Size, levels: make([][]trove.Digest, len(e.levels))}
	for i, hashes := range e.levels {
		c.levels[i] = append(make([]trove.Digest, 0, Width), hashes...)
	}
	return c
}

// File is the file of t if t is the partial tile of its level, else nil.
func (e *Edge) File(t Tile) []byte {
	if !t.Partial() || t.Level < 0 || t.Level >= len(e.levels) || len(e.levels[t.Level]) != t.Width {
		return nil
	}
	return Encode(e.levels[t.Level])
}

// Root is the root of the tree.
func (e *Edge) Root() trove.Digest {
	var p []trove.Digest
	for i := len(e.levels) - 1; i >= 0; i-- {
		p = peaks(p, e.levels[i])
	}
	return fold(p)
}

// Partial calls fn for the partial tile of each level that has one.
func (e *Edge) Partial(fn func(Tile, []trove.Digest) error) error {
	for level, hashes := range e.levels {
		if len(hashes) == 0 {
			continue
		}
		t := Tile{level, e.Size >> (tileHeight * (level + 1)), len(hashes)}
		if err := fn(t, hashes); err != nil {
			return err
		}
	}
	return nil
}

// Encode writes hashes as they stand in a file.
func Encode(hashes []trove.Digest) []byte {
	b := make([]byte, 0, len(hashes)*len(trove.Digest{}))
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

// Decode reads the file of t. Its length must be right.
func (t Tile) Decode(b []byte) ([]trove.Digest, error) {
	const size = len(trove.Digest{})
	if len(b) != t.Width*size {
		return nil, fmt.Errorf("%d bytes, a tile of %d hashes has %d", len(b), t.Width, t.Width*size)
	}
	hashes := make([]trove.Digest, t.Width)
	for i := range hashes {
		hashes[i] = trove.Digest(b[i*size:])
	}
	return hashes, nil
}

// MaxSize is the size of the largest file that a tile can be.
const MaxSize = Width * (2 + translog.MaxEntry)

// SplitEntries reads the file of a tile of entries. It must hold exactly
// Width of them. The entries lie in b.
func (t Tile) SplitEntries(b []byte) ([][]byte, error) {
	entries := make([][]byte, 0, t.Width)
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, fmt.Errorf("ends within entry %d", len(entries))
		}
		n := int(b[0])<<8 | int(b[1])
		if len(b)-2 < n {
			return nil, fmt.Errorf("ends within entry %d", len(entries))
		}
		entries = append(entries, b[2:2+n])
		b = b[2+n:]
		if len(entries) > t.Width {
			break
		}
	}
	if len(entries) != t.Width {
		return nil, fmt.Errorf("does not hold %d entries", t.Width)
	}
	return entries, nil
}

// Tree is an RFC 6962 tree whose hash tiles can be read.
type Tree struct {
	Size int64
	Root trove.Digest
	Read func(Tile) ([]byte, error)
}

// Prove is the path from leaf index to the root. Tiles are checked against the
// root, so what it returns is right or an error.
func (t Tree) Prove(index int64) (tlog.RecordProof, error) {
	if index < 0 || index >= t.Size {
		return nil, fmt.Errorf("leaf %d of a tree of %d", index, t.Size)
	}
	return tlog.ProveRecord(t.Size, index, t.Hashes())
}

// Consistency proves that the tree of the first size leaves is the beginning
// of t (RFC 6962 section 2.1.2).
func (t Tree) Consistency(size int64) (tlog.TreeProof, error) {
	if size < 1 || size > t.Size {
		return nil, fmt.Errorf("the first %d leaves of a tree of %d", size, t.Size)
	}
	return tlog.ProveTree(t.Size, size, t.Hashes())
}

// Hashes reads hashes of the tree by their index in package tlog, and with them
// those of every tree that it has grown from. They are checked against the root.
func (t Tree) Hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: tlog.Hash(t.Root)}, tileReader(t))
}

// tileReader is Tree as package tlog wants it.
type tileReader Tree

func (tileReader) Height() int                     { return tileHeight }
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		tile := Tile{t.L, t.N, t.W}
		b, err := r.Read(tile)
		if err != nil {
			return nil, err
		}
		if len(b) != tile.Width*len(trove.Digest{}) {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(b))
		}
		data[i] = b
	}
	return data, nil
}
