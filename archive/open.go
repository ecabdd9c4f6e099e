package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"unseal/evidence"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// Archive is an archive open for reading, as its checkpoint shows it at the
// time of Open. It is safe for concurrent use and takes about 50 bytes an
// item, beside manifests, which are read when first asked for.
type Archive struct {
	fsys   fs.FS
	files  handles
	blocks blockLists
	view   *tiles.View
	info   Info
	keys   *evidence.Keys
	colls  []*Collection
}

// Collection is one collection of an archive.
type Collection struct {
	Name trove.CollectionName
	Info CollectionInfo

	a   *Archive
	log *translog.Collection

	mu        sync.Mutex
	manifests map[edition]*manifestSlot // guarded by mu
	recent    []edition                 // guarded by mu: keys of manifests, the first read first
}

// edition names an edition of a batch.
type edition struct{ batch, edition int }

// Status is what the log says of a number.
type Status = translog.Status

// maxIndexFile bounds unseal.json, keys.json and each collection.json.
const maxIndexFile = 16 << 20

// overtaken is how often Open starts again where a file is missing: a
// publisher may have put out the next checkpoint meanwhile, and removed the
// partial tiles of the one that was read.
const overtaken = 2

// Open reads the log of an archive, checks it up to its checkpoint, and reads
// the index files that it names. It does not judge the log key: use
// [proof.Checkpoint.Verify] with one that is known.
//
// The error matches [fs.ErrNotExist] where there is no archive, and
// [proof.ErrMismatch] where what it says does not agree; it names the file.
func Open(ctx context.Context, fsys fs.FS) (*Archive, error) {
	read := func(name string) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return readWhole(fsys, name, tiles.MaxSize)
	}
	view, err := tiles.Load(read, LogDir)
	for range overtaken {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		view, err = tiles.Load(read, LogDir) // from the checkpoint on
	}
	if err != nil {
		return nil, err
	}
	a := &Archive{fsys: fsys, files: handles{fsys: fsys}, view: view}
	if err := a.indexJSON(InfoPath, &a.info); err != nil {
		return nil, err
	}
	if err := a.readKeys(); err != nil {
		return nil, err
	}
	if a.info.Format != InfoFormat {
		return nil, fmt.Errorf("%s: format %q, this version reads %q", InfoPath, a.info.Format, InfoFormat)
	}
	for _, l := range view.State.Collections() {
		c := &Collection{Name: l.Name, a: a, log: l, manifests: map[edition]*manifestSlot{}}
		name := CollectionPath(l.Name)
		if err := a.indexJSON(name, &c.Info); err != nil {
			return nil, err
		}
		if c.Info.Format != CollectionFormat || c.Info.Name != l.Name {
			return nil, fmt.Errorf("%s: %q in format %q", name, c.Info.Name, c.Info.Format)
		}
		a.colls = append(a.colls, c)
	}
	return a, nil
}

// index reads an index file. It must be the one that the log names; or, while
// a publisher is between index files and checkpoint, the one that the entry
// already written beyond the checkpoint names.
func (a *Archive) index(name string) ([]byte, error) {
	want, ok := a.view.State.Index[name]
	if !ok {
		return nil, fmt.Errorf("%s: not named by the log: %w", name, proof.ErrMismatch)
	}
	b, err := readWhole(a.fsys, name, maxIndexFile)
	if err != nil {
		return nil, err
	}
	if got := trove.Sum(b); got != want {
		coming, err := comingIndex(a.fsys, a.view.Checkpoint.Size)
		if err != nil {
			return nil, err
		}
		if !coming[indexFile{name, got}] {
			return nil, mismatch(name, "the log", got, want)
		}
	}
	return b, nil
}

func (a *Archive) indexJSON(name string, to any) error {
	b, err := a.index(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (a *Archive) readKeys() error {
	b, err := a.index(KeysPath)
	if err != nil {
		return err
	}
	if a.keys, err = parseKeys(b); err != nil {
		return fmt.Errorf("%s: %w", KeysPath, err)
	}
	return nil
}

// indexFile is an index file as an Index entry states it.
type indexFile struct {
	name string
	sum  trove.Digest
}

// comingIndex gathers what Index entries beyond the checkpoint say. They are
// not signed: they tell an unfinished publish from an altered file, no more.
func comingIndex(fsys fs.FS, size int64) (map[indexFile]bool, error) {
	coming := map[indexFile]bool{}
	err := fs.WalkDir(fsys, path.Join(LogDir, "tile/entries"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		t, ok := tiles.Parse(strings.TrimPrefix(name, LogDir+"/"))
		if !ok || t.N*tiles.Width+int64(t.Width) <= size {
			return nil
		}
		b, err := readWhole(fsys, name, tiles.MaxSize)
		if err != nil {
			return err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return nil // not ours to judge
		}
		for i, line := range lines {
			if t.N*tiles.Width+int64(i) < size {
				continue
			}
			if e, err := translog.Parse(line); err == nil {
				addIndex(coming, e)
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return coming, err
}

func addIndex(to map[indexFile]bool, e translog.Entry) {
	if index, ok := e.(translog.Index); ok {
		for name, sum := range index.Files {
			to[indexFile{name, sum}] = true
		}
	}
}

// Close frees the files that are kept open. Reads under way may fail.
func (a *Archive) Close() error {
	a.files.close()
	return nil
}

// Checker is verify.html, the page with which a reader checks an item, as the
// log names it; nil if the log names none.
func (a *Archive) Checker() ([]byte, error) {
	if _, ok := a.view.State.Index[CheckerPath]; !ok {
		return nil, nil
	}
	return a.index(CheckerPath)
}

// Info is unseal.json.
func (a *Archive) Info() Info { return a.info }

// Keys are the DKIM keys that judge the archive's mails, with the sources that
// the publisher names. They must not be changed.
func (a *Archive) Keys() *evidence.Keys { return a.keys }

// Checkpoint is the checkpoint as which the archive was opened.
func (a *Archive) Checkpoint() proof.Checkpoint { return a.view.Checkpoint }

// Genesis is the first entry of the log, with the keys it names.
func (a *Archive) Genesis() translog.Genesis { return a.view.State.Genesis }

// Collections lists the collections that the log names, in its order.
func (a *Archive) Collections() []*Collection { return a.colls }

// Collection is the one of that name; the error is ErrNotFound.
func (a *Archive) Collection(name trove.CollectionName) (*Collection, error) {
	for _, c := range a.colls {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("collection %q: %w", name, ErrNotFound)
}

// Count is how many numbers are committed to: 1 to Count.
func (c *Collection) Count() int { return c.log.Count }

// Account adds up the numbers by what the log says of them.
func (c *Collection) Account() translog.Account { return c.log.Account() }

// Status is what the log says of number n; false if it is not committed to.
func (c *Collection) Status(n int) (Status, bool) { return c.log.Number(n) }
