package house

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// newExport is an export of the demonstration to a folder of the test.
func newExport(t *testing.T) *StaticExport {
	t.Helper()
	d, err := RunDemo(t.Context(), filepath.Join(t.TempDir(), "demo"), func(string, ...any) {})
	must(t, err)
	return &StaticExport{Archive: d.Archive, Out: filepath.Join(t.TempDir(), "site"), Languages: []string{"en"}, Log: slog.New(slog.DiscardHandler),
		Progress: func(int, int) {}, Fault: func(unit string, err error) { t.Errorf("%s: %v", unit, err) }}
}

func TestTwoExportsIntoOneFolderAreRefused(t *testing.T) {
	x := newExport(t)
	_, err := x.Export(t.Context())
	must(t, err)
	held, err := tryLock(filepath.Join(x.Out, ".unseal-static", "lock"))
	must(t, err)
	defer held.Close()
	if _, err := x.Export(t.Context()); !errors.Is(err, ErrLocked) {
		t.Errorf("%v", err)
	}
}

func TestAnExportNeverLiesInTheArchive(t *testing.T) {
	x := newExport(t)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(x.Archive, link))
	for _, out := range []string{x.Archive, filepath.Join(x.Archive, "site"), filepath.Dir(x.Archive), filepath.Join(link, "site")} {
		x.Out = out
		if _, err := x.Export(t.Context()); !errors.Is(err, ErrInside) {
			t.Errorf("%s: %v", out, err)
		}
	}
}
