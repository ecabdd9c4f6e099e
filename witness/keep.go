package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
)

// ErrMoved says that the checkpoint is no longer the one that was cosigned.
// Ask the witnesses again.
var ErrMoved = errors.New("the log has gone on meanwhile")

// maxSignatures is how many signatures package note reads.
const maxSignatures = 100

// Keep adds signature lines of witnesses to the newest checkpoint of the log
// in dir, which must still be c, and returns it with them; durable on return.
// The lines are not judged, but for their form. See [translog.CosignedPath]
// for what becomes of them when the log goes on.
func Keep(fsys durable.FS, dir string, c proof.Checkpoint, lines string) (proof.Checkpoint, error) {
	name := dir + "/" + translog.CheckpointPath
	more, err := proof.ParseCheckpoint(append(bytes.Clone(c.Note), lines...))
	if err != nil {
		return c, err
	}
	if n := len(more.Signatures()); n > maxSignatures {
		return c, fmt.Errorf("%d signatures, at most %d are read", n, maxSignatures)
	}
	if now, err := fs.ReadFile(fsys, name); err != nil || !bytes.Equal(now, c.Note) {
		return c, errors.Join(err, fmt.Errorf("%s: %w", name, ErrMoved))
	}
	return more, durable.WriteFile(fsys, name, more.Note)
}
