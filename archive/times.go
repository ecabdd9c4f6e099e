package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
	"unseal/translog/tiles"
	"unseal/trove"
)

// TimesDir holds proofs of time of the log's states: <size>.ots, <size>.tsr,
// and <size>-<k>.tsr for the k-th authority from 2 on. No entry names them, and
// two copies of an archive may differ in them.
const TimesDir = LogDir + "/timestamps"

// The limits of proofs of time.
const (
	maxTimes    = 1000      // files
	maxTimeFile = 256 << 10 // bytes
)

// TimePath is where the k-th proof of time (from 1) of the log's first size
// entries lies; ext is ".ots" or ".tsr".
func TimePath(size int64, k int, ext string) string {
	name := strconv.FormatInt(size, 10)
	if k > 1 {
		name += "-" + strconv.Itoa(k)
	}
	return path.Join(TimesDir, name+ext)
}

// parseTimePath reads the size out of a path that TimePath makes.
func parseTimePath(name string) (size int64, ok bool) {
	ext := path.Ext(name)
	number, k, several := strings.Cut(strings.TrimSuffix(path.Base(name), ext), "-")
	size, err := strconv.ParseInt(number, 10, 64)
	n := 1
	if several && err == nil {
		n, err = strconv.Atoi(k)
	}
	one := ext == ".ots" && n == 1 || ext == ".tsr" && n >= 1
	return size, err == nil && size > 0 && one && TimePath(size, n, ext) == name
}

// TimeProof is a proof of time as it lies in an archive, not judged.
type TimeProof struct {
	Path    string
	Size    int64  // of the log's state that it is named after
	Text    []byte // that must have been stamped: the text of the checkpoint of that size, without signatures
	Content []byte
}

// TimeShown is what a proof of time shows of a state of the log.
type TimeShown struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	trove.OtherSignature
}

// Times reads the proofs of time of the states that this archive covers, by
// size. Others, and files that cannot be read, are left out.
func (a *Archive) Times() ([]TimeProof, error) {
	entries, err := fs.ReadDir(a.fsys, TimesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []TimeProof
	c := a.view.Checkpoint
	for _, e := range entries {
		p := TimeProof{Path: path.Join(TimesDir, e.Name())}
		var ok bool
		if p.Size, ok = parseTimePath(p.Path); !ok || p.Size > c.Size || len(list) == maxTimes {
			continue
		}
		if p.Content, err = readWhole(a.fsys, p.Path, maxTimeFile); err != nil {
			continue
		}
		root, err := tlog.TreeHash(p.Size, a.view.Tree().Hashes())
		if err != nil {
			return nil, fmt.Errorf("root of %d entries: %w", p.Size, err)
		}
		p.Text = []byte(proof.FormatCheckpoint(c.Origin, p.Size, trove.Digest(root)))
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b TimeProof) int { return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Path, b.Path)) })
	return list, nil
}

// checkTimes has each proof of time judged against the log's own states.
func (v *verifier) checkTimes(leaves []trove.Digest) {
	tree := tiles.Edge{}
	for _, p := range v.timeProofs() {
		v.claimed[p.Path] = true
		if p.Size > int64(len(leaves)) {
			v.add(p.Path, Unfinished, "is of %d entries: the archive was rolled back, or a copy is not finished", p.Size)
			continue
		}
		for tree.Size < p.Size {
			_ = tree.Add(leaves[tree.Size], func(tiles.Tile, []trove.Digest) error { return nil })
		}
		p.Text = []byte(proof.FormatCheckpoint(v.checkpoint.Origin, p.Size, tree.Root()))
		v.checkTime(&p)
	}
}

func (v *verifier) checkTime(p *TimeProof) {
	var ok bool
	if p.Content, ok = v.read(p.Path, maxTimeFile); !ok || v.o.CheckTime == nil {
		return
	}
	shown, err := v.o.CheckTime(p)
	if err != nil {
		v.altered(p.Path, "%v", err)
		return
	}
	for _, s := range shown {
		v.report.Times = append(v.report.Times, TimeShown{p.Path, p.Size, s})
	}
}

// timeProofs lists the files that are named as proofs of time, by size.
func (v *verifier) timeProofs() []TimeProof {
	var list []TimeProof
	for name := range v.present {
		if size, ok := parseTimePath(name); ok && path.Dir(name) == TimesDir {
			list = append(list, TimeProof{Path: name, Size: size})
		}
	}
	slices.SortFunc(list, func(a, b TimeProof) int { return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Path, b.Path)) })
	return list[:min(len(list), maxTimes)]
}
