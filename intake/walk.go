package intake

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// place is one path of the operator: a file, or a folder with all below it.
type place struct {
	path   string // absolute, as given
	real   string // with links resolved
	folder bool
	skip   func(path string, size int64, changed time.Time) bool // of files below a folder; may be nil
}

// found is a file below a place.
type found struct {
	name string // below the place's folder, as the system has it
	path string // the same as shown, unique and in UTF-8
	size int64
}

// walk calls fn for every file in a stable order: by name, byte by byte,
// folders among files. Links and other files that are not regular go to odd.
// Everything is reached through root, so nothing outside is.
func (p place) walk(fn func(root *os.Root, f found) error, odd func(path string, mode fs.FileMode, err error)) error {
	dir, base := p.real, "."
	if !p.folder {
		dir, base = filepath.Split(p.real)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	w := &walker{root: root, dir: dir, skip: p.skip, fn: fn, odd: odd}
	if p.folder {
		return w.folder(base)
	}
	info, err := root.Lstat(base)
	if err != nil {
		return err
	}
	return w.file(base, info)
}

type walker struct {
	root *os.Root
	dir  string
	skip func(path string, size int64, changed time.Time) bool
	fn   func(root *os.Root, f found) error
	odd  func(path string, mode fs.FileMode, err error)
}

func (w *walker) folder(name string) error {
	entries, err := w.list(name)
	if err != nil {
		w.odd(filepath.Join(w.dir, name), fs.ModeDir, err)
	}
	for _, e := range entries {
		below := filepath.Join(name, e.Name())
		if e.IsDir() {
			if err := w.folder(below); err != nil {
				return err
			}
			continue
		}
		info, err := e.Info()
		if err != nil {
			w.odd(filepath.Join(w.dir, below), e.Type(), err)
			continue
		}
		if err := w.file(below, info); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) list(name string) ([]fs.DirEntry, error) {
	f, err := w.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (w *walker) file(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		w.odd(filepath.Join(w.dir, name), info.Mode(), nil)
		return nil
	}
	if w.skip != nil && w.skip(filepath.Join(w.dir, name), info.Size(), info.ModTime()) {
		return nil
	}
	return w.fn(w.root, found{name: name, path: shownPath(filepath.ToSlash(name)), size: info.Size()})
}

// size adds up the bytes below the place, for the progress.
func (p place) size() (int64, error) {
	var n int64
	err := p.walk(func(_ *os.Root, f found) error {
		n += f.size
		return nil
	}, func(string, fs.FileMode, error) {})
	return n, err
}

// shownPath writes a path in UTF-8 on one line: what is no text, or would not
// show, is written as \x and two digits a byte. Different paths stay different.
func shownPath(path string) string {
	ok := func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.Is(unicode.Bidi_Control, r)
	}
	if utf8.ValidString(path) && !strings.Contains(path, `\x`) && strings.IndexFunc(path, func(r rune) bool { return !ok(r) }) < 0 {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && n == 1 || !ok(r) || r == '\\' {
			for _, c := range []byte(path[i : i+n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String()
}
