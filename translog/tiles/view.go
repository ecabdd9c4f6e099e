package tiles

import (
	"errors"
	"fmt"
	"io/fs"

	"unseal/proof"
	"unseal/translog"
)

// ReadFunc reads a whole file by its slash-separated path, at most [MaxSize]
// bytes. For a file that is not there the error matches [fs.ErrNotExist].
type ReadFunc func(path string) ([]byte, error)

// View is a log as one checkpoint shows it, checked in full. It is safe for
// concurrent use, and goes on to prove what it covers while a publisher
// appends to the log.
type View struct {
	Checkpoint proof.Checkpoint
	State      translog.State
	edge       Edge
	read       ReadFunc
	dir        string
}

// Load reads the log in folder dir. It fails unless every entry up to the
// checkpoint is there and legal, they hash to its root, and the log key in
// force has signed it. Whether the log is the right one is for the caller to
// say; see [translog.State.Leads]. Errors name the file.
func Load(read ReadFunc, dir string) (*View, error) {
	v := &View{read: read, dir: dir}
	name := dir + "/" + translog.CheckpointPath
	msg, err := read(name)
	if err != nil {
		return nil, err
	}
	if v.Checkpoint, err = proof.ParseCheckpoint(msg); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if v.Checkpoint.Size < 1 || v.Checkpoint.Size > translog.MaxSize {
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
		return nil, fmt.Errorf("%s: the log ends within batch %s: %w", name, open[0], translog.ErrIllegal)
	}
	return v, nil
}

// replay applies every entry. Nothing is allocated by a size that is only stated.
func (v *View) replay() error {
	for first := int64(0); first < v.Checkpoint.Size; first += Width {
		t := Tile{Level: Entries, N: first / Width}.In(v.Checkpoint.Size)
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
			if err := v.edge.Add(translog.LeafHash(line), nil); err != nil {
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
	full := Tile{Level: Entries, N: t.N, Width: Width}
	wide, wideErr := read(dir + "/" + full.Path())
	if part := full.Cut(wide, t.Width); wideErr == nil && part != nil {
		return part, nil
	}
	return nil, err
}

// Edge is the right edge of the log's tree, to append to.
func (v *View) Edge() Edge { return v.edge.Clone() }

// Tree gives the hash tiles of the log.
func (v *View) Tree() Tree {
	return Tree{Size: v.Checkpoint.Size, Root: v.Checkpoint.Root, Read: func(t Tile) ([]byte, error) {
		if b := v.edge.File(t); b != nil {
			return b, nil // the file may have given way to a wider one
		}
		return v.read(v.dir + "/" + t.Path())
	}}
}
