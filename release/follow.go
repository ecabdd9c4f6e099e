package release

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"unseal/archive"
	"unseal/durable"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// ErrForeign says that a folder is not empty and no archive. Name another one.
var ErrForeign = errors.New("the folder holds something that is no archive")

// openArchive opens the folder as an archive that follows the desk's log. What
// is public must be a beginning of that log: else a checkpoint signed here
// would contradict one that readers have seen. It tidies what it opens.
func (r *Desk) openArchive(to durable.FS) (*archive.Writer, error) {
	if err := refuseForeign(to); err != nil {
		return nil, err
	}
	signed := r.log.Signed()
	t, err := archive.NewWriter(to, r.Signer, nil, signed)
	if errors.Is(err, translog.ErrFork) {
		return nil, fmt.Errorf("the archive there is not of this desk's log: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	r.addKeys(t)
	public := t.Signed()
	if public.Size == 0 {
		return t, r.tidy(t)
	}
	if origin := t.State().Genesis.Origin; origin != r.Origin {
		return nil, fmt.Errorf("the archive there is that of log %s, this desk writes %s: %w", origin, r.Origin, translog.ErrFork)
	}
	if public.Size > signed.Size {
		return nil, fmt.Errorf("the archive's log has %d entries, this desk's %d, so the desk was put back to an older state: %w",
			public.Size, signed.Size, translog.ErrFork)
	}
	root, err := r.rootAt(public.Size)
	if err != nil {
		return nil, fmt.Errorf("read the desk's log: %w", err)
	}
	if root != public.Root {
		return nil, fmt.Errorf("the archive's log has other entries than the first %d of this desk's: %w", public.Size, translog.ErrFork)
	}
	return t, r.tidy(t)
}

// refuseForeign keeps a publish from being written among other files. What a
// stopped first publish has left is an archive to be.
func refuseForeign(to durable.FS) error {
	if _, err := fs.Stat(to, archive.LogDir+"/"+translog.CheckpointPath); err == nil {
		return nil
	}
	entries, err := fs.ReadDir(to, ".")
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == archive.InfoPath, name == archive.KeysPath, name == archive.CheckerPath, name == archive.LogDir, name == archive.NoticesDir, name == "c", strings.HasPrefix(name, ".tmp-"):
		default:
			return fmt.Errorf("%w: %q is in it", ErrForeign, name)
		}
	}
	return nil
}

// rootAt is the root over the first size entries of the desk's log.
func (r *Desk) rootAt(size int64) (trove.Digest, error) {
	var e tiles.Edge
	err := r.entries(r.log.Signed().Size, 0, func(line []byte) error {
		if e.Size == size {
			return errStopped
		}
		return e.Add(translog.LeafHash(line), func(tiles.Tile, []trove.Digest) error { return nil })
	})
	if err != nil && !errors.Is(err, errStopped) {
		return trove.Digest{}, err
	}
	return e.Root(), nil
}

// entries walks the lines of the desk's log of that size from an index on. An
// error of fn ends the walk and comes back as it is.
func (r *Desk) entries(size, from int64, fn func(line []byte) error) error {
	for _, t := range tiles.Of(size, tiles.Entries) {
		first := t.N * tiles.Width
		if first+int64(t.Width) <= from {
			continue
		}
		b, err := tiles.ReadEntries(r.readLog, archive.LogDir, t)
		if err != nil {
			return err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return err
		}
		for _, line := range lines[max(0, from-first):] {
			if err := fn(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// readLog reads a file of the desk's log.
func (r *Desk) readLog(name string) ([]byte, error) { return fs.ReadFile(r.LogFiles, name) }
