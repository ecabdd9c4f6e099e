package static_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"unseal/archive"
	"unseal/house"
	"unseal/search"
	"unseal/search/segment"
	"unseal/site"
	"unseal/static"
)

// fixture is the archive of the demonstration, open.
type fixture struct {
	dir     string
	archive *archive.Archive
	handler http.Handler
}

// demonstrated makes the archive of the demonstration once.
var demonstrated = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "unseal-static-*")
	if err != nil {
		return "", err
	}
	_, err = house.RunDemo(context.Background(), filepath.Join(dir, "demo"), func(string, ...any) {})
	return dir, err
})

// newFixture opens the demonstration.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir, err := demonstrated()
	must(t, err)
	return openFixture(t, filepath.Join(dir, "demo", "archive"))
}

func openFixture(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{dir: dir}
	var err error
	f.archive, err = archive.Open(t.Context(), os.DirFS(dir))
	must(t, err)
	t.Cleanup(func() { f.archive.Close() })
	f.handler = f.pages(t)
	return f
}

// pages is the site over the archive, for files.
func (f *fixture) pages(t testing.TB) http.Handler {
	t.Helper()
	names, err := static.Searchable(f.archive, nil)
	must(t, err)
	h, err := site.New(site.Options{Archive: f.archive, Files: os.DirFS(f.dir), Index: f.index(t), Log: slog.New(slog.DiscardHandler),
		Static: &site.Static{Search: names}})
	must(t, err)
	return h
}

// english are the pages in English.
func (f *fixture) english(t testing.TB) []static.Pages {
	t.Helper()
	words, err := site.Words("en")
	must(t, err)
	return []static.Pages{{Lang: "en", Handler: f.handler, Words: words}}
}

func (f *fixture) index(t testing.TB) search.Index {
	t.Helper()
	var segs []*segment.Segment
	for _, c := range f.archive.Collections() {
		batches, err := c.Batches()
		must(t, err)
		for _, b := range batches {
			if b.Superseded {
				continue
			}
			r, size, err := c.Segment(b.Number, b.Edition)
			must(t, err)
			seg, err := segment.Open(r, size)
			must(t, err)
			segs = append(segs, seg)
		}
	}
	return segment.NewIndex(segs...)
}

// export exports into dir and returns what it said; change may alter the options.
func (f *fixture) export(t testing.TB, dir string, change ...func(*static.Options)) (static.Report, error) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o777))
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	o := static.Options{Archive: f.archive, Files: os.DirFS(f.dir), Pages: f.english(t), Out: root, Program: "test", Shards: true, Jobs: 2,
		Sync: func() error { return nil }, Progress: func(int, int) {}, Fault: func(unit string, err error) { t.Errorf("%s: %v", unit, err) }}
	for _, c := range change {
		c(&o)
	}
	return static.Export(context.WithoutCancel(t.Context()), o)
}

// exported is an export of the demonstration, in a folder of the test.
func exported(t testing.TB) (*fixture, string) {
	t.Helper()
	f, dir := newFixture(t), t.TempDir()
	r, err := f.export(t, dir)
	must(t, err)
	if r.Pages < 300 || r.Failed > 0 {
		t.Fatalf("%+v", r)
	}
	return f, dir
}

// digests are the files below dir with the SHA-256 of each.
func digests(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		all[filepath.ToSlash(rel)] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	}))
	return all
}

// differences are the files that two folders do not have alike.
func differences(a, b map[string]string) []string {
	var list []string
	for name := range a {
		if b[name] != a[name] {
			list = append(list, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	must(t, err)
	return string(b)
}

func TestMain(m *testing.M) {
	if code, ok := house.Child(os.Args, os.Stdin, os.Stdout, os.Stderr); ok { // the demonstration reads in children
		os.Exit(code)
	}
	code := m.Run()
	if dir, err := demonstrated(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

func itoa(n int) string { return strconv.Itoa(n) }
