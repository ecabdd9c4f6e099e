package site

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/archive"
	"unseal/evidence/logtime"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// readLog reads a file of the log, of bounded size.
func (s *site) readLog(name string) ([]byte, error) {
	f, err := s.folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, tiles.MaxSize+1))
	if err == nil && len(b) > tiles.MaxSize {
		err = fmt.Errorf("%s is larger than any file of a log", name)
	}
	return b, err
}

// tree is the tree of the log as the checkpoint of the pages shows it.
func (s *site) tree() tiles.Tree {
	cp := s.archive.Checkpoint()
	return tiles.Tree{Size: cp.Size, Root: cp.Root, Read: func(t tiles.Tile) ([]byte, error) {
		return s.readLog(archive.LogDir + "/" + t.Path())
	}}
}

// entries calls fn for the entries from and up to before to of the log, each
// checked against the checkpoint's root; it ends with fn's first error.
func (s *site) entries(from, to int64, fn func(index int64, line []byte) error) error {
	size := s.archive.Checkpoint().Size
	for from < min(to, size) {
		t := tiles.Tile{Level: tiles.Entries, N: from / tiles.Width}.In(size)
		b, err := tiles.ReadEntries(s.readLog, archive.LogDir, t)
		if err != nil {
			return err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return err
		}
		begin := t.N * tiles.Width
		lines = lines[from-begin : min(int64(len(lines)), to-begin)]
		if err := s.checkLeaves(from, lines); err != nil {
			return err
		}
		for _, line := range lines {
			if err := fn(from, line); err != nil {
				return err
			}
			from++
		}
	}
	return nil
}

// checkLeaves compares entries with the hashes of the tree.
func (s *site) checkLeaves(from int64, lines [][]byte) error {
	at := make([]int64, len(lines))
	for i := range at {
		at[i] = tlog.StoredHashIndex(0, from+int64(i))
	}
	hashes, err := s.tree().Hashes().ReadHashes(at)
	if err != nil {
		return err
	}
	for i, line := range lines {
		if trove.Digest(hashes[i]) != translog.LeafHash(line) {
			return fmt.Errorf("entry %d of the log: %w", from+int64(i), proof.ErrMismatch)
		}
	}
	return nil
}

// entryProof shows that entry index stands in the log, as
// c2sp.org/tlog-proof@v1 with the entry as its extra data: other people's
// tools read it.
func (s *site) entryProof(index int64) ([]byte, error) {
	var entry []byte
	err := s.entries(index, index+1, func(_ int64, line []byte) error {
		entry = bytes.Clone(line)
		return nil
	})
	if err != nil {
		return nil, err
	}
	path, err := s.tree().Prove(index)
	if err != nil {
		return nil, err
	}
	b := []byte("c2sp.org/tlog-proof@v1\nextra " + base64.StdEncoding.EncodeToString(entry) + "\nindex " + strconv.FormatInt(index, 10) + "\n")
	for _, h := range path {
		b = append(b, h.String()...)
		b = append(b, '\n')
	}
	return append(append(b, '\n'), s.archive.Checkpoint().Note...), nil
}

// witnessed is one cosignature of a checkpoint. Its key is not known to a page,
// so that name and time are what it states, no more.
type witnessed struct {
	Name string    `json:"name"`
	Time time.Time `json:"stated_time"`
	Size int64     `json:"log_size"` // of the checkpoint
}

// readWitnesses lists the cosignatures of the checkpoint and of earlier ones,
// by their time. What cannot be read is left out: unseal verify reports it.
func (s *site) readWitnesses() ([]witnessed, error) {
	list := []proof.Checkpoint{s.archive.Checkpoint()}
	b, err := s.readLog(archive.LogDir + "/" + translog.CosignedPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	parts := strings.Split(string(b), "\n\n") // text and signatures in turn
	for i := 0; i+1 < len(parts); i += 2 {
		c, err := proof.ParseCheckpoint([]byte(parts[i] + "\n\n" + strings.TrimSuffix(parts[i+1], "\n") + "\n"))
		if err == nil && c.Origin == list[0].Origin && c.Size <= list[0].Size {
			list = append(list, c)
		}
	}
	var all []witnessed
	for _, c := range list {
		for _, sig := range c.Signatures() {
			if at, ok := sig.StatedTime(); ok {
				all = append(all, witnessed{sig.Name, at, c.Size})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b witnessed) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// witnessesOf are those who state to have seen the log with entry index, each
// with the earliest time, in that order.
func (s *site) witnessesOf(index int64) []witnessed {
	var list []witnessed
	for _, w := range s.witnessed {
		if w.Size > index && !slices.ContainsFunc(list, func(o witnessed) bool { return o.Name == w.Name }) {
			list = append(list, w)
		}
	}
	return list
}

// readTimes judges the proofs of time that lie beside the log. What is damaged
// or of other bytes is left out: unseal verify reports it.
func (s *site) readTimes() error {
	proofs, err := s.archive.Times()
	if err != nil {
		return err
	}
	for i := range proofs {
		list, err := logtime.Judge(proofs[i].Path, proofs[i].Content, proofs[i].Text, nil)
		if err != nil {
			continue
		}
		for _, shown := range list {
			s.times = append(s.times, logtime.Shown{Size: proofs[i].Size, OtherSignature: shown})
		}
	}
	return nil
}
