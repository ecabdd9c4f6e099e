package archive

import (
	"bytes"
	"path"
	"strings"

	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// treeLevel is what the files of one level of tiles say.
type treeLevel struct {
	tiles  []tiles.Tile
	hashes []trove.Digest // of all tiles, side by side
	bad    []bool         // by tile: reported already; its hashes are made from another level, or zero
}

func newLevel(size int64, level int) *treeLevel {
	list := tiles.Of(size, level)
	return &treeLevel{tiles: list, bad: make([]bool, len(list))}
}

// of is the part of the level's hashes that tile i holds.
func (l *treeLevel) of(i int) []trove.Digest {
	return l.hashes[i*tiles.Width:][:l.tiles[i].Width]
}

// above makes tile i of level high, which stands over l, from the hashes of l.
func (l *treeLevel) above(high *treeLevel, i int) []trove.Digest {
	t := high.tiles[i]
	if t.Level == 0 {
		return l.of(i) // l is that of the entries
	}
	hashes := make([]trove.Digest, t.Width)
	for j := range hashes {
		hashes[j] = tiles.RootOf(l.of(i*tiles.Width + j))
	}
	return hashes
}

// treeCheck checks one tree of hash tiles.
type treeCheck struct {
	v      *verifier
	dir    string
	size   int64
	levels []*treeLevel // lowest first; the first is that of the entries, if the tree has entries
	sound  int          // index of the lowest level from which the root follows; -1 if none does
}

// checkTree checks the tiles below dir against root, and against the leaf
// hashes of entries, where the tree has entries (else nil). From some level on
// the root must follow: what is above must then follow from that level, what
// is below must lead to it. It returns the hashes of level 0; zero stands for
// those that are not known.
func (v *verifier) checkTree(dir string, size int64, root trove.Digest, entries *treeLevel) []trove.Digest {
	before := v.count()
	c := &treeCheck{v: v, dir: dir, size: size, sound: -1}
	if entries != nil {
		c.levels = append(c.levels, entries)
	}
	for i := range tiles.Levels(size) {
		c.read(i)
	}
	leaves := c.levels[0]
	if entries != nil {
		leaves = c.levels[1]
		for i, bad := range entries.bad {
			if bad {
				copy(entries.of(i), leaves.of(i))
			}
		}
	}
	c.find(entries != nil, root)
	c.compare()
	if c.sound < 0 {
		if v.count() == before {
			c.blame(entries != nil)
		}
		clear(leaves.hashes)
	}
	return leaves.hashes
}

// read reads the files of a level.
func (c *treeCheck) read(level int) {
	l := newLevel(c.size, level)
	for i, t := range l.tiles {
		var hashes []trove.Digest
		b, ok := c.v.readTile(c.dir, t)
		if ok {
			hashes, _ = t.Decode(b) // readTile has checked its form
		} else {
			l.bad[i] = true
			hashes = make([]trove.Digest, t.Width)
			if n := len(c.levels); n > 0 {
				copy(hashes, c.levels[n-1].above(l, i))
			}
		}
		l.hashes = append(l.hashes, hashes...)
	}
	c.levels = append(c.levels, l)
}

// find finds the lowest level that leads to root.
func (c *treeCheck) find(hasEntries bool, root trove.Digest) {
	for i := range c.levels {
		var hashes [][]trove.Digest
		for j := range i + 1 {
			if j == 0 && hasEntries && i > 0 {
				continue // level 0 stands in its place
			}
			hashes = append(hashes, c.levels[j].hashes)
		}
		if tiles.Root(hashes) == root {
			c.sound = i
			return
		}
	}
}

// compare compares each level with the next: upwards from the sound level,
// downwards from it, and both ways if there is none.
func (c *treeCheck) compare() {
	for i := max(c.sound, 0) + 1; i < len(c.levels); i++ {
		c.pair(c.levels[i-1], c.levels[i], c.sound < 0, true)
	}
	for i := c.sound; i > 0; i-- {
		c.pair(c.levels[i-1], c.levels[i], true, false)
	}
}

// pair reports the tiles of two neighbouring levels that disagree, of the one
// or the other or both, and puts right what it can.
func (c *treeCheck) pair(low, high *treeLevel, blameLow, blameHigh bool) {
	for i, t := range high.tiles {
		got, want := high.of(i), low.above(high, i)
		differs := false
		for j := range got {
			if got[j] == want[j] {
				continue
			}
			differs = true
			below := i*tiles.Width + j
			if t.Level == 0 {
				below = i
			}
			if blameLow && !low.bad[below] {
				c.v.altered(path.Join(c.dir, low.tiles[below].Path()), "does not hash to what the level above it says")
				low.bad[below] = true
				if low.tiles[below].Level == 0 {
					clear(low.of(below))
				}
			}
		}
		if !differs || !blameHigh {
			continue
		}
		if !high.bad[i] {
			c.v.altered(path.Join(c.dir, t.Path()), "does not hold the hashes of the level below it")
		}
		if !blameLow {
			copy(got, want)
		}
	}
}

// blame reports the files that can be at fault where all levels agree and
// still do not lead to the root: the last tiles, which have no level above.
func (c *treeCheck) blame(hasEntries bool) {
	if hasEntries {
		c.v.altered(path.Join(LogDir, translog.CheckpointPath), "does not state the root of the log")
		return
	}
	for _, l := range c.levels {
		if t := l.tiles[len(l.tiles)-1]; t.Partial() {
			c.v.altered(path.Join(c.dir, t.Path()), "the root does not follow from it and the other last tiles of this tree")
		}
	}
}

// readTile reads a tile. Where a partial one has given way to a wider one, as
// in an archive that has gone on since the checkpoint, it is cut from that;
// the wider one is then found to lie beyond the checkpoint.
func (v *verifier) readTile(dir string, t tiles.Tile) ([]byte, bool) {
	name := path.Join(dir, t.Path())
	if _, ok := v.present[name]; !ok {
		for w := t.Width + 1; w <= tiles.Width; w++ {
			wider := t
			wider.Width = w
			if _, ok := v.present[path.Join(dir, wider.Path())]; !ok {
				continue
			}
			b, err := readWhole(v.fsys, path.Join(dir, wider.Path()), tiles.MaxSize)
			if part := wider.Cut(b, t.Width); err == nil && part != nil {
				return part, true
			}
		}
	}
	b, ok := v.read(name, tiles.MaxSize)
	if !ok {
		return nil, false
	}
	if err := t.Check(b); err != nil {
		v.altered(name, "%v", err)
		return nil, false
	}
	return b, true
}

// checkLog reads the log's tiles, replays the entries, and returns their leaf
// hashes. What replaying refuses is kept in v.illegal.
func (v *verifier) checkLog() []trove.Digest {
	l := newLevel(v.checkpoint.Size, tiles.Entries)
	for i, t := range l.tiles {
		var lines [][]byte
		b, ok := v.readTile(LogDir, t)
		if ok {
			lines, _ = t.SplitEntries(b) // readTile has checked its form
		} else {
			l.bad[i] = true
			l.hashes = append(l.hashes, make([]trove.Digest, t.Width)...)
		}
		for _, line := range lines {
			l.hashes = append(l.hashes, translog.LeafHash(line))
			if v.illegal == nil {
				v.illegal = v.state.Apply(line)
			}
		}
	}
	v.checkTree(LogDir, v.checkpoint.Size, v.checkpoint.Root, l)
	v.checkOvertaken()
	return l.hashes
}

// checkOvertaken looks at partial tiles of the log that have grown since and
// were left behind, as a mirror that never deletes leaves them: each must be
// the beginning of the tile it grew into.
func (v *verifier) checkOvertaken() {
	for name := range v.present {
		rest, ok := strings.CutPrefix(name, LogDir+"/")
		t, isTile := tiles.Parse(rest)
		if !ok || !isTile || v.claimed[name] || t.End() > v.checkpoint.Size {
			continue
		}
		now := t.In(v.checkpoint.Size)
		whole, err := readWhole(v.fsys, path.Join(LogDir, now.Path()), tiles.MaxSize)
		if err != nil {
			continue // reported already
		}
		if part, ok := v.read(name, tiles.MaxSize); ok && (!bytes.HasPrefix(whole, part) || t.Check(part) != nil) {
			v.altered(name, "is not the beginning of %s", now.Path())
		}
	}
}

// checkCommitments checks the tree of every commitment.
func (v *verifier) checkCommitments() {
	v.leaves = map[trove.CollectionName][]trove.Digest{}
	for _, c := range v.state.Collections() {
		v.report.Collections = append(v.report.Collections, CollectionReport{Name: c.Name})
		for _, k := range c.Commitments {
			leaves := make([]trove.Digest, 0)
			dir := CommitmentDir(c.Name, k.K)
			if int64(k.Count) > v.total { // so that a count alone cannot make us take memory
				v.altered(dir, "has tiles for none of %d commitments", k.Count)
			} else {
				leaves = v.checkTree(dir, int64(k.Count), k.Root, nil)
			}
			v.leaves[c.Name] = append(v.leaves[c.Name], leaves...)
		}
	}
}
