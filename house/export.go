package house

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"unseal/archive"
	"unseal/search"
	"unseal/site"
	"unseal/static"
	"unseal/trove"
)

// ErrInside says that a folder to export into lies in the archive, or the other
// way round.
var ErrInside = errors.New("the export and the archive must not lie in each other")

// ErrLanguage says that there are no pages in a language.
var ErrLanguage = errors.New("no pages in this language")

// StaticExport says what is exported as plain files, see [static.Options].
type StaticExport struct {
	Archive     string // its folder
	Out         string // made if need be
	Collections []trove.CollectionName
	Languages   []string // the first is that of the pages at the root
	Shards      bool
	Jobs        int
	Log         *slog.Logger // gets faults of pages
	Progress    func(done, total int)
	Fault       func(unit string, err error)
}

// Languages are the languages of pages.
func Languages() ([]string, error) { return site.Languages() }

// Export writes the pages and files of an archive into a folder. It may be
// stopped and run again. Two runs into one folder are [ErrLocked].
func (x *StaticExport) Export(ctx context.Context) (static.Report, error) {
	if err := x.check(); err != nil {
		return static.Report{}, err
	}
	a, files, err := OpenArchive(ctx, x.Archive)
	if err != nil {
		return static.Report{}, err
	}
	defer a.Close()
	ix, err := archiveIndex(a)
	if err != nil {
		return static.Report{}, err
	}
	defer ix.Close()
	o := static.Options{Archive: a, Files: files, Collections: x.Collections, Shards: x.Shards, Jobs: cmp.Or(x.Jobs, runtime.NumCPU()),
		Progress: x.Progress, Fault: x.Fault, Sync: func() error { unix.Sync(); return nil }}
	if o.Pages, err = x.pages(a, ix, o); err != nil {
		return static.Report{}, err
	}
	if o.Program, err = program(); err != nil {
		return static.Report{}, err
	}
	return x.into(ctx, o)
}

// check refuses what cannot be exported before anything is made.
func (x *StaticExport) check() error {
	if !IsArchive(x.Archive) { // a desk has a log too
		return fmt.Errorf("%w: %s", ErrNoArchive, x.Archive)
	}
	known, err := site.Languages()
	if err != nil {
		return err
	}
	for _, lang := range x.Languages {
		if !slices.Contains(known, lang) {
			return fmt.Errorf("%w: %q; there are: %s", ErrLanguage, lang, strings.Join(known, " "))
		}
	}
	from, to := realPath(x.Archive), realPath(x.Out)
	if within(from, to) || within(to, from) {
		return fmt.Errorf("%w: %s and %s", ErrInside, x.Out, x.Archive)
	}
	return nil
}

// program is the digest of this program, other builds of which may make other
// pages.
func program() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// within reports whether a path is dir or lies in it.
func within(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// pages are the site's, in each language.
func (x *StaticExport) pages(a *archive.Archive, ix search.Index, o static.Options) ([]static.Pages, error) {
	searchable, err := static.Searchable(a, o.Collections)
	if err != nil {
		return nil, err
	}
	var list []static.Pages
	for _, lang := range x.Languages {
		h, err := site.New(site.Options{Archive: a, Files: o.Files, Index: ix, Log: x.Log, Language: lang, Static: &site.Static{Search: searchable}})
		if err != nil {
			return nil, err
		}
		words, err := site.Words(lang)
		if err != nil {
			return nil, err
		}
		list = append(list, static.Pages{Lang: lang, Handler: h, Words: words})
	}
	return list, nil
}

// into runs the export with the folder locked. A folder with something else in
// it is left as it is.
func (x *StaticExport) into(ctx context.Context, o static.Options) (r static.Report, err error) {
	if err := os.MkdirAll(x.Out, 0o777); err != nil {
		return r, err
	}
	if o.Out, err = os.OpenRoot(x.Out); err != nil {
		return r, err
	}
	defer o.Out.Close()
	if err := static.CheckFolder(o.Out); err != nil {
		return r, fmt.Errorf("%w: %s", err, x.Out)
	}
	if err := o.Out.MkdirAll(static.OwnDir, 0o777); err != nil {
		return r, err
	}
	held, err := tryLock(filepath.Join(x.Out, static.OwnDir, "lock"))
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, x.Out)
	}
	defer held.Close()
	return static.Export(ctx, o)
}
