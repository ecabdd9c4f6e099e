package archive

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// checkCosigned checks the earlier checkpoints that were kept with the
// cosignatures of witnesses: each must be one of this log's history. It does
// not judge the cosignatures, whose keys only the caller can know; see
// [proof.Checkpoint.SeenBy].
func (v *verifier) checkCosigned(leaves []trove.Digest) {
	name := path.Join(LogDir, translog.CosignedPath)
	if _, ok := v.present[name]; !ok {
		return
	}
	b, ok := v.read(name, maxIndexFile)
	if !ok {
		return
	}
	list, err := parseCosigned(b)
	if err != nil {
		v.altered(name, "%v", err)
		return
	}
	tree := tiles.Edge{}
	for _, c := range list {
		if err := v.state.Verify(c); err != nil {
			v.altered(name, "of the checkpoint of size %d: %v", c.Size, err)
			return
		}
		if c.Size > int64(len(leaves)) {
			v.add(name, Unfinished, "holds a checkpoint of %d entries: the archive was rolled back, or a copy is not finished", c.Size)
			return
		}
		for tree.Size < c.Size {
			_ = tree.Add(leaves[tree.Size], func(tiles.Tile, []trove.Digest) error { return nil })
		}
		if tree.Root() != c.Root {
			v.altered(name, "is of another history: the first %d entries are not those of a checkpoint in it", c.Size)
			return
		}
		v.report.Cosigned = append(v.report.Cosigned, c)
	}
}

// parseCosigned reads checkpoints, by size, that an empty line divides. One
// may stand twice, the second time with more cosignatures. Their signatures
// are not judged.
func parseCosigned(b []byte) ([]proof.Checkpoint, error) {
	text, whole := strings.CutSuffix(string(b), "\n")
	parts := strings.Split(text, "\n\n")
	if !whole || len(parts)%2 != 0 {
		return nil, errors.New("not a list of checkpoints")
	}
	var list []proof.Checkpoint
	for i := 0; i < len(parts); i += 2 {
		c, err := proof.ParseCheckpoint([]byte(parts[i] + "\n\n" + parts[i+1] + "\n"))
		if err != nil {
			return nil, err
		}
		if n := len(list); n > 0 && c.Size < list[n-1].Size {
			return nil, fmt.Errorf("the checkpoint of size %d stands after that of size %d", c.Size, list[n-1].Size)
		}
		list = append(list, c)
	}
	return list, nil
}
