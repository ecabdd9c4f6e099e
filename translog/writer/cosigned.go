package writer

import (
	"bytes"
	"errors"
	"io/fs"

	"unseal/durable"
	"unseal/translog"
)

// keepCosigned puts the checkpoint that is about to be replaced aside, if
// witnesses have cosigned it: they say when it was there. A run that was
// stopped before it signed may have done so before.
func (l *Log) keepCosigned() error {
	old, name := l.signed, l.dir+"/"+translog.CosignedPath
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
