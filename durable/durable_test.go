package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"unseal/crash"
	"unseal/durable"
)

// systems are the file systems that must behave alike.
func systems(t *testing.T, fn func(t *testing.T, fsys durable.FS)) {
	t.Run("folder", func(t *testing.T) { fn(t, folder(t, t.TempDir())) })
	t.Run("memory", func(t *testing.T) { fn(t, crash.NewMem()) })
}

func folder(t *testing.T, path string) *durable.Folder {
	t.Helper()
	fsys, err := durable.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fsys.Close() })
	return fsys
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds checks the bytes of a file.
func holds(t *testing.T, fsys fs.FS, name, want string) {
	t.Helper()
	got, err := fs.ReadFile(fsys, name)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q (%v)", name, got, want, err)
	}
}

// names lists all files.
func names(t *testing.T, fsys fs.FS) (all []string) {
	t.Helper()
	must(t, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, name)
		}
		return err
	}))
	return all
}

func TestFilesAreWrittenAndReplaced(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS) {
		must(t, fsys.MkdirAll("a/b"))
		must(t, fsys.MkdirAll("a/b"))
		must(t, durable.WriteFile(fsys, "a/b/f", []byte("one")))
		must(t, durable.WriteFile(fsys, "a/b/f", []byte("two")))
		must(t, durable.WriteFile(fsys, "top", nil))
		must(t, fstest.TestFS(fsys, "a/b/f", "top"))
		big := strings.Repeat("0123456789", 300_000)
		must(t, durable.WriteStream(fsys, "a/big", func(w io.Writer) error {
			_, err := io.Copy(w, strings.NewReader(big))
			return err
		}))
		holds(t, fsys, "a/b/f", "two")
		holds(t, fsys, "top", "")
		holds(t, fsys, "a/big", big)
		if got := names(t, fsys); !slices.Equal(got, []string{"a/b/f", "a/big", "top"}) {
			t.Errorf("files are %q", got)
		}
	})
}

func TestFailedWriteChangesNothing(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS) {
		must(t, durable.WriteFile(fsys, "f", []byte("old")))
		own := errors.New("my own")
		err := durable.WriteStream(fsys, "f", func(w io.Writer) error {
			io.WriteString(w, "new")
			return own
		})
		if !errors.Is(err, own) {
			t.Errorf("got %v", err)
		}
		holds(t, fsys, "f", "old")
		if err := durable.WriteFile(fsys, "no/such/folder", nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no folder: %v", err)
		}
		if got := names(t, fsys); !slices.Equal(got, []string{"f"}) {
			t.Errorf("files are %q", got)
		}
	})
}

func TestCreateAndAppend(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS) {
		write := func(f durable.File, err error) {
			t.Helper()
			must(t, err)
			_, err = io.WriteString(f, "x")
			must(t, errors.Join(err, f.Sync(), f.Close()))
		}
		write(fsys.Create("f"))
		if _, err := fsys.Create("f"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Create of what is there: %v", err)
		}
		write(fsys.OpenAppend("f"))
		write(fsys.OpenAppend("g"))
		must(t, fsys.Rename("g", "h"))
		holds(t, fsys, "f", "xx")
		holds(t, fsys, "h", "x")
		must(t, fsys.Remove("h"))
		for _, err := range []error{fsys.Remove("h"), fsys.Rename("h", "i"), fsys.SyncDir("h")} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what is not there: %v", err)
			}
		}
		must(t, fsys.MkdirAll("d/e"))
		if err := fsys.MkdirAll("f/e"); err == nil {
			t.Error("a folder was made in a file")
		}
		if err := fsys.Remove("d"); err == nil {
			t.Error("a full folder was removed")
		}
	})
}

func TestNamesStayInsideTheFolder(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o777))
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o666))
	must(t, os.Symlink("../secret", filepath.Join(dir, "in", "link")))
	must(t, os.Symlink("..", filepath.Join(dir, "in", "up")))
	fsys := folder(t, filepath.Join(dir, "in"))
	for _, name := range []string{"../secret", "/etc/passwd", "link", "up/secret", "", "a/../b", "a//b", "up/new"} {
		if _, err := fsys.Open(name); err == nil {
			t.Errorf("opened %q", name)
		}
		if err := durable.WriteFile(fsys, name, []byte("y")); err == nil && name != "link" {
			t.Errorf("wrote %q", name)
		}
		if err := fsys.MkdirAll(name); err == nil && name != "link" {
			t.Errorf("made folder %q", name)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "secret")); err != nil || string(b) != "x" {
		t.Errorf("outside: %q, %v", b, err)
	}
}

func TestMakeMakesWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		fsys, err := durable.Make(path)
		must(t, err)
		must(t, durable.WriteFile(fsys, "f", []byte("x")))
		must(t, fsys.Close())
	}
	must(t, os.WriteFile(filepath.Join(path, "plain"), nil, 0o666))
	if _, err := durable.Make(filepath.Join(path, "plain")); err == nil {
		t.Error("a file was opened as a folder")
	}
	if _, err := durable.Dir(filepath.Join(path, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Dir of what is not there: %v", err)
	}
}

func TestSweepTakesOnlyWhatWasLeftOver(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS) {
		must(t, fsys.MkdirAll("a/b"))
		must(t, durable.WriteFile(fsys, "a/b/f", nil))
		for _, dir := range []string{".", "a/b"} {
			_, err := durable.Stage(fsys, dir)
			must(t, err)
		}
		if got := names(t, fsys); len(got) != 3 || !durable.IsTemp(got[0]) || durable.IsTemp("a/b/f") {
			t.Errorf("before the sweep: %q", got)
		}
		must(t, durable.Sweep(fsys, "."))
		must(t, durable.Sweep(fsys, "missing"))
		if got := names(t, fsys); !slices.Equal(got, []string{"a/b/f"}) {
			t.Errorf("after the sweep: %q", got)
		}
	})
}

func TestBatchWritesAllOrSaysSo(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS) {
		must(t, fsys.MkdirAll("tmp"))
		must(t, fsys.MkdirAll("d"))
		b := durable.NewBatch(fsys, "tmp", 4)
		for i := range 100 {
			must(t, b.Write(fmt.Sprintf("d/%d", i), fmt.Append(nil, i)))
		}
		b.Touch("tmp")
		must(t, b.Commit())
		for i := range 100 {
			holds(t, fsys, fmt.Sprintf("d/%d", i), fmt.Sprint(i))
		}
		b = durable.NewBatch(fsys, "tmp", 0)
		b.Write("d/good", nil)
		b.Write("missing/bad", nil)
		b.Write("d/late", nil)
		if err := b.Commit(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file in no folder: %v", err)
		}
		if got, err := fs.ReadDir(fsys, "tmp"); err != nil || len(got) > 0 {
			t.Errorf("left in tmp: %v, %v", got, err)
		}
	})
}

// TestWriteFileMakesSixSteps: harnesses count on them, see durable.Step.
func TestWriteFileMakesSixSteps(t *testing.T) {
	fsys := folder(t, t.TempDir())
	var steps []string
	durable.Step = func(what string) {
		op, name, _ := strings.Cut(what, " ")
		if durable.IsTemp(name) {
			name = "temp"
		}
		steps = append(steps, op+" "+name)
	}
	defer func() { durable.Step = nil }()
	must(t, durable.WriteFile(fsys, "f", []byte("x")))
	if want := []string{"create temp", "write temp", "sync temp", "rename f", "syncdir .", "synced ."}; !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
	steps = nil
	must(t, durable.WriteStream(fsys, "f", func(w io.Writer) error {
		_, err := io.CopyN(w, zeros{}, 5<<20)
		return err
	}))
	if len(steps) != 5+5+1 { // the first write, and one for each megabyte reached
		t.Errorf("5 MB make %d steps: %q", len(steps), steps)
	}
}

// zeros is a source of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// work writes some files, one of them twice, with a batch between.
func work(fsys durable.FS, ack func(string, []byte)) error {
	write := func(name, text string) error {
		err := durable.WriteFile(fsys, name, []byte(text))
		if err == nil {
			ack(name, []byte(text))
		}
		return err
	}
	err := errors.Join(fsys.MkdirAll("tmp"), fsys.MkdirAll("a/b"), durable.Sweep(fsys, "."))
	if err == nil {
		err = write("a/one", strings.Repeat("one", 10))
	}
	if err == nil {
		err = write("a/b/two", "two")
	}
	if err != nil {
		return err
	}
	batch := durable.NewBatch(fsys, "tmp", 2)
	for i := range 3 {
		batch.Write(fmt.Sprintf("a/b/%d", i), fmt.Append(nil, "batch", i))
	}
	if err := batch.Commit(); err != nil {
		return err
	}
	for i := range 3 {
		ack(fmt.Sprintf("a/b/%d", i), fmt.Append(nil, "batch", i))
	}
	ack("a/one", nil) // from here on it may be the old one or the new one
	return write("a/one", "another one")
}

// whole checks that no file is torn: each holds what some run wrote.
func whole(fsys fs.FS, _ crash.Acked) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || durable.IsTemp(name) {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		for _, good := range []string{strings.Repeat("one", 10), "another one", "two", "batch0", "batch1", "batch2"} {
			if bytes.Equal(b, []byte(good)) {
				return err
			}
		}
		return fmt.Errorf("%s is torn: %q", name, b)
	})
}

// crashes is how many different crashes there are at each step.
func crashes() int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return 500
	}
	return 100
}

func TestPowerLossTakesNothingAcknowledged(t *testing.T) {
	r, err := crash.Story{Run: work, Check: whole}.PowerLoss(crashes())
	must(t, err)
	t.Logf("power loss: %v", r)
	if r.Bad > 0 || r.Runs < 1000 {
		t.Errorf("%v; first: %v", r, r.First)
	}
}

func TestDiskErrorsAcknowledgeNothingFalse(t *testing.T) {
	r, err := crash.Story{Run: work, Check: whole}.Faults()
	must(t, err)
	t.Logf("disk errors: %v", r)
	if r.Bad > 0 || r.Runs != 3*r.Points {
		t.Errorf("%v; first: %v", r, r.First)
	}
}

// TestControlsAreCaught: each of these is wrong, and the harness must say so.
func TestControlsAreCaught(t *testing.T) {
	lose := func(s crash.Story) (crash.Result, error) { return s.PowerLoss(10) }
	for _, test := range []struct {
		name  string
		story crash.Story
		try   func(crash.Story) (crash.Result, error)
	}{
		{"no fsync", crash.Story{Run: work, Wrap: crash.WithoutSync}, lose},
		{"no sync of folders", crash.Story{Run: work, Wrap: crash.WithoutDirSync}, lose},
		{"an early return for equal content", crash.Story{Run: earlyReturn}, lose},
		{"an fsync error ignored", crash.Story{Run: ignoreSync}, crash.Story.Faults},
		{"an fsync tried again", crash.Story{Run: retrySync}, crash.Story.Faults},
		{"a short write ignored", crash.Story{Run: ignoreWrite}, crash.Story.Faults},
	} {
		r, err := test.try(test.story)
		if err != nil || r.Bad == 0 {
			t.Errorf("%s was not caught: %v, %v", test.name, r, err)
		}
		t.Logf("%s: %v", test.name, r)
	}
}

// earlyReturn takes content that is there already for stored.
func earlyReturn(fsys durable.FS, ack func(string, []byte)) error {
	want := []byte("content")
	if got, err := fs.ReadFile(fsys, "f"); err != nil || !bytes.Equal(got, want) {
		f, err := fsys.Create("t")
		if errors.Is(err, fs.ErrExist) {
			err = fsys.Remove("t")
			if err == nil {
				f, err = fsys.Create("t")
			}
		}
		if err != nil {
			return err
		}
		_, err = f.Write(want)
		if err = errors.Join(err, f.Sync(), fsys.Rename("t", "f")); err != nil {
			return err
		}
		if fsys.SyncDir(".") != nil { // fails; the next try finds the content there
			return earlyReturn(fsys, ack)
		}
	}
	ack("f", want)
	return nil
}

// plain writes without a temporary file and hands the sync to try.
func plain(fsys durable.FS, ack func(string, []byte), try func(durable.File) error) error {
	data := []byte(strings.Repeat("data", 10))
	if _, err := fs.Stat(fsys, "f"); err == nil {
		if err := fsys.Remove("f"); err != nil {
			return err
		}
	}
	f, err := fsys.Create("f")
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := errors.Join(try(f), fsys.SyncDir(".")); err != nil {
		return err
	}
	ack("f", data)
	return nil
}

func ignoreSync(fsys durable.FS, ack func(string, []byte)) error {
	return plain(fsys, ack, func(f durable.File) error {
		f.Sync()
		return nil
	})
}

func retrySync(fsys durable.FS, ack func(string, []byte)) error {
	return plain(fsys, ack, func(f durable.File) error {
		if f.Sync() == nil {
			return nil
		}
		return f.Sync()
	})
}

func ignoreWrite(fsys durable.FS, ack func(string, []byte)) error {
	f, err := fsys.Create("f")
	if errors.Is(err, fs.ErrExist) {
		f, err = fsys.OpenAppend("f")
	}
	if err != nil {
		return err
	}
	f.Write([]byte("data"))
	if err := errors.Join(f.Sync(), fsys.SyncDir(".")); err != nil {
		return err
	}
	if got, err := fs.ReadFile(fsys, "f"); err != nil || len(got) > 4 {
		return err
	}
	ack("f", []byte("data"))
	return nil
}
