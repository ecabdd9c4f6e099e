package translog

import (
	"bytes"
	"errors"
	"io/fs"

	"unseal/durable"
)

// CosignedPath is, below the log's folder, the file of earlier checkpoints
// that witnesses have cosigned: by size, an empty line between them. It is
// there once there is one.
const CosignedPath = "cosigned"

// keepCosigned puts the checkpoint that is about to be replaced aside, if
// witnesses have cosigned it: they say when it was there. A run that was
// stopped before it signed may have done so before.
func (l *Log) keepCosigned() error {
	old, name := l.view.Checkpoint, l.view.dir+"/"+CosignedPath
	if len(old.Signatures()) < 2 {
		return nil
	}
	b, err := fs.ReadFile(l.fsys, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if bytes.HasSuffix(b, old.Note) {
		return nil
	}
	if len(b) > 0 {
		b = append(b, '\n')
	}
	return durable.WriteFile(l.fsys, name, append(b, old.Note...))
}
