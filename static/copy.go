package static

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"unseal/archive"
	"unseal/translog"
)

// checkpointPath is the newest state of the log in an archive.
const checkpointPath = archive.LogDir + "/" + translog.CheckpointPath

// checkpoint is the one as which the archive was opened.
func (e *export) checkpoint() []byte { return e.Archive.Checkpoint().Note }

// copyArchive copies every file of the archive that the site gives out: not
// what was superseded, nor what lies beyond the checkpoint's batches.
func (e *export) copyArchive(ctx context.Context) error {
	if err := e.unchanged(); err != nil {
		return err
	}
	var names []string
	err := fs.WalkDir(e.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() {
			names = append(names, name)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	slices.Sort(names)
	r := record{Unit: archiveDir + "/"}
	for _, name := range names {
		f, err := e.copyFile(ctx, name)
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		if f.Name != "" {
			e.archived[name] = true
			r.Files = append(r.Files, f)
		}
	}
	return e.took(r, false)
}

// copyFile copies one file, if the site gives it out. A file of a batch never
// changes under its name.
func (e *export) copyFile(ctx context.Context, name string) (file, error) {
	at, to := address{path: name}, archiveDir+"/"+name
	head := ask(ctx, http.MethodHead, e.Pages[0].Handler, e.out, at)
	if err := errors.Join(head.check(ctx, at), head.done()); err != nil || head.status != http.StatusOK {
		return file{}, err
	}
	info, err := fs.Stat(e.Files, name)
	if err != nil {
		return file{}, err
	}
	if coll, rest := splitCollection(name); coll != "" && strings.HasPrefix(rest, "batch/") && e.out.size(to) == info.Size() {
		return file{to, info.Size()}, nil
	}
	a := ask(ctx, http.MethodGet, e.Pages[0].Handler, e.out, at)
	if err := a.check(ctx, at); err != nil {
		return file{}, errors.Join(err, a.done())
	}
	size, err := a.keep(to)
	return file{to, size}, errors.Join(err, a.done())
}
