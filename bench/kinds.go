package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// kinds takes in the material of each kind of ../shared/corpora, which is made
// of test files: small ones, and many that are broken on purpose. So files a
// second mean more than bytes. The last row is all of it in one folder.
func (b *bench) kinds() error {
	root := cmp.Or(os.Getenv("UNSEAL_CORPORA"), filepath.Join(b.shared, "..", "corpora"))
	list, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		b.say("SKIPPED: no material of other kinds in %s", root)
		return nil
	}
	if err != nil {
		return err
	}
	b.doc.section("Intake of each kind")
	b.doc.text("Test files, small and often broken; reading, images of pages, OCR and sound for browsers included.\n")
	b.doc.table("material", "files", "MB", "items", "pages", "hours of sound", "wall s", "CPU s", "cores busy", "peak MB", "files / s", "MB / s", "pages / s", "hours / h")
	for _, e := range list {
		if e.IsDir() {
			if err := b.kind(e.Name(), filepath.Join(root, e.Name())); err != nil {
				return err
			}
		}
	}
	return b.kind("all of them, one folder", root)
}

// taken is what ingest tells of a run.
type taken struct {
	Items   int     `json:"items"`
	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"`
	Pages   int     `json:"pages"`
	Seconds float64 `json:"sound_seconds"`
}

func (b *bench) kind(name, folder string) (err error) {
	b.say("ingest, %s", name)
	dir, err := os.MkdirTemp(b.dir, "kind-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	desk := filepath.Join(dir, "desk")
	if _, err := measure(b.program("init", desk, "--origin", "bench.invalid/kinds", "--json")); err != nil {
		return err
	}
	u, err := measure(b.program("-C", desk, "ingest", folder, "-c", "kind", "--json"), 3)
	if err != nil {
		return err
	}
	var t taken
	if err := lastJSON(u.out, &t); err != nil {
		return err
	}
	wall, hours := u.wall.Seconds(), t.Seconds/3600
	b.doc.row(name, number(t.Files), decimals(megabytes(t.Bytes), 1), number(t.Items), some(t.Pages), someHours(hours), decimals(wall, 1),
		decimals(u.cpu, 1), decimals(u.cpu/wall, 1), decimals(megabytes(u.peak), 0), decimals(float64(t.Files)/wall, 1), decimals(megabytes(t.Bytes)/wall, 1),
		some(int(float64(t.Pages)/wall)), someHours(t.Seconds/wall))
	return nil
}

// some is a number of something that there may be none of.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return number(n)
}

func someHours(h float64) string {
	if h == 0 {
		return ""
	}
	return decimals(h, 2)
}
