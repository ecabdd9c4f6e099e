// Package writer appends to a log of package translog: one process, one
// goroutine. It makes tiles durable before the checkpoint that covers them, and
// drops what a stopped run has left beyond it.
package writer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// Log is a log open for writing, by one process and from one goroutine.
//
// A publish is Append, then Flush, which makes tiles durable, then whatever
// must be durable before the public sees it, then Sign. After an error of
// Flush or Sign nothing further is written; open the log again.
type Log struct {
	fsys   durable.FS
	dir    string
	keys   []note.Signer
	seen   proof.Checkpoint
	signed proof.Checkpoint // the newest; size 0 for none
	state  translog.State
	edge   tiles.Edge
	last   []byte            // the last tile of entries, if it is partial
	files  map[string][]byte // full tiles that Flush has to write
	dirty  bool              // there is something to flush
	err    error             // of Flush, Sign or a fork: the end
}

// flushJobs is how many tiles are synced side by side.
const flushJobs = 4

// Open opens the log in folder dir, checking all of it, or begins an empty
// one. What lies beyond the checkpoint, left by a run that was stopped, does
// not count and is overwritten. Of seen, the newest checkpoint the caller
// knows to have been signed, only size and root are used; with size 0 none is
// known. A log shorter than seen may be appended to, as long as it then passes
// through it.
func Open(fsys durable.FS, dir string, signer note.Signer, seen proof.Checkpoint) (*Log, error) {
	l := &Log{fsys: fsys, dir: dir, keys: []note.Signer{signer}, seen: seen, files: map[string][]byte{}}
	v, err := tiles.Load(l.read, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(fsys, dir+"/"+translog.CheckpointPath):
	case err != nil:
		return nil, err
	default:
		if err := l.resume(v); err != nil {
			return nil, err
		}
	}
	return l, l.checkSeen()
}

func (l *Log) read(name string) ([]byte, error) { return fs.ReadFile(l.fsys, name) }

// resume goes on from what the checkpoint covers.
func (l *Log) resume(v *tiles.View) (err error) {
	l.signed, l.state, l.edge = v.Checkpoint, v.State, v.Edge()
	if t := l.lastTile(); t.Partial() {
		l.last, err = tiles.ReadEntries(l.read, l.dir, t)
	}
	return err
}

// lastTile is the last tile of entries.
func (l *Log) lastTile() tiles.Tile {
	return tiles.Tile{Level: tiles.Entries, N: (l.Size() - 1) / tiles.Width}.In(l.Size())
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return !errors.Is(err, fs.ErrNotExist)
}

// checkSeen compares the log with the checkpoint seen, when that can be told:
// at its very size, or, when opened beyond it, by its proof of consistency.
func (l *Log) checkSeen() error {
	size := l.Size()
	if l.seen.Size == 0 || size < l.seen.Size {
		return nil
	}
	root := l.edge.Root()
	if size > l.seen.Size {
		var e tiles.Edge
		if err := l.rehash(&e, l.seen.Size); err != nil {
			return err
		}
		root = e.Root()
	}
	if root != l.seen.Root {
		return fmt.Errorf("at %d entries: %w", l.seen.Size, translog.ErrFork)
	}
	return nil
}

// rehash adds the first size leaves of the signed log to e.
func (l *Log) rehash(e *tiles.Edge, size int64) error {
	for _, t := range tiles.Of(l.signed.Size, tiles.Entries) {
		b, err := tiles.ReadEntries(l.read, l.dir, t)
		if err != nil {
			return err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return err
		}
		for _, line := range lines[:min(int64(len(lines)), size-e.Size)] {
			if err := e.Add(translog.LeafHash(line), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Size is the number of entries, appended ones included.
func (l *Log) Size() int64 { return l.edge.Size }

// Root is the root over them.
func (l *Log) Root() trove.Digest { return l.edge.Root() }

// Signed is the newest checkpoint; its size is 0 before the first Sign.
func (l *Log) Signed() proof.Checkpoint { return l.signed }

// State is what the log says, appended entries included. It must not be
// changed, and not be read while Append runs.
func (l *Log) State() *translog.State { return &l.state }

// Append adds entries, in memory. The first that is illegal is refused with
// [translog.ErrIllegal]; those before it stand.
func (l *Log) Append(entries ...translog.Entry) error {
	for _, e := range entries {
		if l.err != nil {
			return l.err
		}
		line := e.Append(nil)
		if err := l.state.Apply(line); err != nil {
			return err
		}
		l.add(line)
		if l.Size() == l.seen.Size {
			l.err = l.checkSeen()
		}
	}
	return l.err
}

func (l *Log) add(line []byte) {
	l.last = append(l.last, byte(len(line)>>8), byte(len(line)))
	l.last = append(l.last, line...)
	keep := func(t tiles.Tile, hashes []trove.Digest) error {
		l.files[l.dir+"/"+t.Path()] = tiles.Encode(hashes)
		if t.Level == 0 {
			l.files[l.dir+"/"+tiles.Tile{Level: tiles.Entries, N: t.N, Width: tiles.Width}.Path()] = l.last
			l.last = nil
		}
		return nil
	}
	_ = l.edge.Add(translog.LeafHash(line), keep) // keep does not fail
	l.dirty = true
}

// Flush makes the tiles of all appended entries durable. Nothing of it is
// public before Sign.
func (l *Log) Flush() error {
	if l.err != nil || !l.dirty {
		return l.err
	}
	if durable.Fault == durable.CheckpointFirst {
		if l.err = l.sign(); l.err != nil {
			return l.err
		}
	}
	_ = l.edge.Partial(func(t tiles.Tile, hashes []trove.Digest) error {
		l.files[l.dir+"/"+t.Path()] = tiles.Encode(hashes)
		return nil
	})
	if t := l.lastTile(); t.Partial() {
		l.files[l.dir+"/"+t.Path()] = l.last
	}
	if l.err = WriteFiles(l.fsys, l.dir, l.files); l.err != nil {
		return l.err
	}
	l.last = slices.Clone(l.last)
	l.files = map[string][]byte{}
	l.dirty = false
	return nil
}

// WriteFiles makes files durable under their names, side by side, and the
// folders they lie in. They are staged in the folder temp.
func WriteFiles(fsys durable.FS, temp string, files map[string][]byte) error {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	if err := fsys.MkdirAll(temp); err != nil {
		return err
	}
	for _, name := range names {
		if err := fsys.MkdirAll(path.Dir(name)); err != nil {
			return err
		}
	}
	batch := durable.NewBatch(fsys, temp, flushJobs)
	var err error
	for _, name := range names {
		if err = batch.Write(name, files[name]); err != nil {
			break
		}
	}
	return errors.Join(err, batch.Commit())
}

// Sign publishes all that was appended: it flushes, then signs and writes the
// checkpoint, durable on return, then removes the partial tiles that it has
// overtaken. It refuses while a batch is open.
func (l *Log) Sign() error {
	if err := l.Flush(); err != nil {
		return err
	}
	if open := l.state.Open(); len(open) > 0 {
		return fmt.Errorf("sign: items of %s are in the log and its batch entry is not", open[0])
	}
	l.err = l.sign()
	if l.err == nil {
		l.err = l.Tidy()
	}
	return l.err
}

func (l *Log) sign() error {
	signer := l.signer()
	if signer == nil {
		return fmt.Errorf("the log key %s is not at hand, and no other may sign %d entries", l.state.LogKey(l.Size()), l.Size())
	}
	msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(l.state.Genesis.Origin, l.Size(), l.Root())}, signer)
	if err != nil {
		return fmt.Errorf("sign checkpoint: %w", err)
	}
	c, err := proof.ParseCheckpoint(msg)
	if err != nil {
		return err
	}
	if err := l.state.Verify(c); err != nil {
		return fmt.Errorf("the signing key is not that of the log: %w", err)
	}
	if old := l.signed; old.Size == c.Size && old.Root == c.Root {
		c = old // with the cosignatures it has
	} else if err := l.keepCosigned(); err != nil {
		return err
	}
	if err := durable.WriteFile(l.fsys, l.dir+"/"+translog.CheckpointPath, c.Note); err != nil {
		return err
	}
	l.signed = c
	return nil
}

// AddKey adds a key that may sign the log at other times than the one that it
// was opened with: an older or a newer one.
func (l *Log) AddKey(signer note.Signer) { l.keys = append(l.keys, signer) }

// CanSign reports whether the key is at hand that signs the log as it stands.
func (l *Log) CanSign() bool { return l.signer() != nil }

// signer has the key in force; nil if it is not at hand.
func (l *Log) signer() note.Signer {
	v, err := note.NewVerifier(l.state.LogKey(l.Size()))
	for _, s := range l.keys {
		if err == nil && s.Name() == v.Name() && s.KeyHash() == v.KeyHash() {
			return s
		}
	}
	return nil
}

// Tidy removes every file below tile/ that does not belong to the signed log:
// partial tiles that have grown, and what a stopped run left. So the bytes of
// a log do not depend on how many runs wrote it. Sign ends with it.
func (l *Log) Tidy() error {
	var files, folders []string
	err := fs.WalkDir(l.fsys, l.dir+"/tile", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if strings.HasSuffix(name, ".p") {
				folders = append(folders, name)
			}
			return nil
		}
		if t, ok := tiles.Parse(strings.TrimPrefix(name, l.dir+"/")); !ok || t.End() > l.Size() || t != t.In(l.Size()) {
			files = append(files, name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range files {
		if err := l.fsys.Remove(name); err != nil {
			return err
		}
	}
	for _, name := range folders {
		if left, err := fs.ReadDir(l.fsys, name); err == nil && len(left) == 0 {
			if err := l.fsys.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
