package translog

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
	"unseal/trove"
)

// ReadFunc reads a whole file by its slash-separated path, at most [MaxTile]
// bytes. For a file that is not there the error matches [fs.ErrNotExist].
type ReadFunc func(path string) ([]byte, error)

// Files below the log's folder beside the tiles.
const (
	CheckpointPath = "checkpoint"
	// CosignedPath is the file of earlier checkpoints that witnesses have
	// cosigned: by size, an empty line between them. It is there once there is
	// one.
	CosignedPath = "cosigned"
)

// ErrFork says that going on would sign a log that contradicts a checkpoint
// signed before. Stop: restore the state that belongs to that checkpoint.
var ErrFork = errors.New("the log would fork")

// View is a log as one checkpoint shows it, checked in full. It is safe for
// concurrent use, and goes on to prove what it covers while a publisher
// appends to the log.
type View struct {
	Checkpoint proof.Checkpoint
	State      State
	edge       Edge
	read       ReadFunc
	dir        string
}

// Load reads the log in folder dir. It fails unless every entry up to the
// checkpoint is there and legal, they hash to its root, and the log key in
// force has signed it. Whether the log is the right one is for the caller to
// say; see [State.Leads]. Errors name the file.
func Load(read ReadFunc, dir string) (*View, error) {
	v := &View{read: read, dir: dir}
	name := dir + "/" + CheckpointPath
	msg, err := read(name)
	if err != nil {
		return nil, err
	}
	if v.Checkpoint, err = proof.ParseCheckpoint(msg); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if v.Checkpoint.Size < 1 || v.Checkpoint.Size > maxLogLength {
		return nil, fmt.Errorf("%s: a log of %d entries", name, v.Checkpoint.Size)
	}
	if err := v.replay(); err != nil {
		return nil, err
	}
	if root := v.edge.Root(); root != v.Checkpoint.Root {
		return nil, fmt.Errorf("%s: the entries have root %s, the checkpoint says %s: %w",
			name, root.Short(), v.Checkpoint.Root.Short(), proof.ErrMismatch)
	}
	if err := v.State.Verify(v.Checkpoint); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if open := v.State.Open(); len(open) > 0 {
		return nil, fmt.Errorf("%s: the log ends within batch %s: %w", name, open[0], ErrIllegal)
	}
	return v, nil
}

// replay applies every entry. Nothing is allocated by a size that is only stated.
func (v *View) replay() error {
	for first := int64(0); first < v.Checkpoint.Size; first += TileWidth {
		t := Tile{Entries, first / TileWidth, int(min(TileWidth, v.Checkpoint.Size-first))}
		b, err := ReadEntries(v.read, v.dir, t)
		if err != nil {
			return err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", v.dir, t.Path(), err)
		}
		for _, line := range lines {
			if err := v.State.Apply(line); err != nil {
				return fmt.Errorf("%s/%s: %w", v.dir, t.Path(), err)
			}
			if err := v.edge.Add(LeafHash(line), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadEntries reads the file of a tile of entries. Where a partial tile has
// given way to the full one (c2sp.org/tlog-tiles, "Partial Tiles"), it is cut
// from that.
func ReadEntries(read ReadFunc, dir string, t Tile) ([]byte, error) {
	b, err := read(dir + "/" + t.Path())
	if !t.Partial() || !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	full := Tile{Entries, t.N, TileWidth}
	wide, wideErr := read(dir + "/" + full.Path())
	if part := full.Cut(wide, t.Width); wideErr == nil && part != nil {
		return part, nil
	}
	return nil, err
}

// Edge is the right edge of the log's tree, to append to.
func (v *View) Edge() Edge { return v.edge.clone() }

// Tree is an RFC 6962 tree whose hash tiles can be read.
type Tree struct {
	Size int64
	Root trove.Digest
	Read func(Tile) ([]byte, error)
}

// Tree gives the hash tiles of the log.
func (v *View) Tree() Tree {
	return Tree{Size: v.Checkpoint.Size, Root: v.Checkpoint.Root, Read: func(t Tile) ([]byte, error) {
		if t.Partial() && t.Level < len(v.edge.levels) && len(v.edge.levels[t.Level]) == t.Width {
			return EncodeTile(v.edge.levels[t.Level]), nil // the file may have given way to a wider one
		}
		return v.read(v.dir + "/" + t.Path())
	}}
}

// Prove is the path from leaf index to the root. Tiles are checked against the
// root, so what it returns is right or an error.
func (t Tree) Prove(index int64) (proof.Path, error) {
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
