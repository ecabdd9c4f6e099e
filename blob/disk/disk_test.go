package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"unseal/blob"
	"unseal/blob/blobtest"
	"unseal/blob/disk"
	"unseal/crash"
	"unseal/durable"
	"unseal/material"
	"unseal/trove"
)

func open(t testing.TB, fsys durable.FS) *disk.Store {
	t.Helper()
	s, err := disk.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func folder(t testing.TB, path string) durable.FS {
	t.Helper()
	fsys, err := durable.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fsys.Close() })
	return fsys
}

func TestConformanceOnDisk(t *testing.T) {
	blobtest.Run(t, func(t testing.TB) blob.Store { return open(t, folder(t, t.TempDir())) })
}

func TestConformanceInMemory(t *testing.T) {
	blobtest.Run(t, func(t testing.TB) blob.Store { return open(t, crash.NewMem()) })
}

func TestCrashes(t *testing.T) {
	blobtest.RunCrash(t,
		func(fsys durable.FS) (blob.Store, error) { return disk.Open(fsys) },
		func(d trove.Digest) string { return d.String()[:2] + "/" + d.String() })
}

func TestOpenSweepsWhatWasLeftOver(t *testing.T) {
	dir := t.TempDir()
	fsys := folder(t, dir)
	open(t, fsys)
	if _, err := durable.Stage(fsys, "tmp"); err != nil {
		t.Fatal(err)
	}
	open(t, fsys)
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestAReaderLeavesAWriterAlone: it opens the store while a blob is being put.
func TestAReaderLeavesAWriterAlone(t *testing.T) {
	dir := t.TempDir()
	w := open(t, folder(t, dir))
	first, _, err := w.Put(t.Context(), strings.NewReader("first"))
	if err != nil {
		t.Fatal(err)
	}
	opens := func() (int, error) {
		r := disk.OpenReader(folder(t, dir))
		defer r.Close()
		if got, err := blob.Read(t.Context(), r, blob.Span{Blob: first, Length: 5}, 5); err != nil || string(got) != "first" {
			t.Errorf("read %q, %v", got, err)
		}
		return 0, io.EOF
	}
	text := strings.Repeat("x", 1<<20)
	d, _, err := w.Put(t.Context(), io.MultiReader(strings.NewReader(text), readerFunc(opens)))
	if err != nil {
		t.Fatal(err)
	}
	if err := blob.Check(t.Context(), w, d); err != nil {
		t.Error(err)
	}
	empty := t.TempDir()
	disk.OpenReader(folder(t, empty))
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("a reader made %v, %v", left, err)
	}
}

type readerFunc func() (int, error)

func (f readerFunc) Read([]byte) (int, error) { return f() }

// file is where the store keeps a blob.
func file(dir, text string) string {
	d := trove.Sum([]byte(text)).String()
	return filepath.Join(dir, d[:2], d)
}

func TestDamageIsFoundAndMendedByTheNextPut(t *testing.T) {
	text := strings.Repeat("some text ", 100)
	d := trove.Sum([]byte(text))
	for what, spoil := range map[string]func(path string) error{
		"a bit flipped": func(path string) error {
			b := []byte(text)
			b[500] ^= 1
			return os.WriteFile(path, b, 0o666)
		},
		"cut off": func(path string) error { return os.Truncate(path, 10) },
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"longer":  func(path string) error { return os.WriteFile(path, []byte(text+"x"), 0o666) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, folder(t, dir))
			if _, _, err := s.Put(t.Context(), strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(file(dir, text)); err != nil {
				t.Fatal(err)
			}
			if err := blob.Check(t.Context(), s, d); !errors.Is(err, blob.ErrDamaged) {
				t.Errorf("check: %v, want ErrDamaged", err)
			}
			if what == "a bit flipped" { // of full size: mended only on demand
				if err := s.Remove(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := s.Put(t.Context(), strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			if err := blob.Check(t.Context(), open(t, folder(t, dir)), d); err != nil {
				t.Errorf("after another put: %v", err)
			}
		})
	}
}

func TestOtherFilesAreNoBlobs(t *testing.T) {
	dir := t.TempDir()
	s := open(t, folder(t, dir))
	if _, _, err := s.Put(t.Context(), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	d := trove.Sum([]byte("x")).String()
	for _, name := range []string{"README", d[:2] + "/README", d[:2] + "/" + strings.ToUpper(d), "zz/" + d, d[:2] + "/" + strings.Repeat("0", 64)} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for got, err := range s.All(t.Context()) {
		if err != nil || got.String() != d {
			t.Errorf("listed %v, %v", got, err)
		}
	}
}

// TestFullDiskLeavesNothingBehind: neither a blob nor a temporary file.
func TestFullDiskLeavesNothingBehind(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, crash.ErrShort} {
		m := crash.NewMem()
		s := open(t, crash.Watch(m, func(st crash.Step) error {
			if st.Op == crash.Write {
				return fault
			}
			return nil
		}))
		text := bytes.Repeat([]byte("x"), 1<<20)
		if _, _, err := s.Put(t.Context(), bytes.NewReader(text)); err == nil {
			t.Error("put on a full disk")
		}
		b := s.NewBatch()
		b.Put(t.Context(), text)
		if err := b.Flush(); err == nil {
			t.Error("flushed on a full disk")
		}
		fs.WalkDir(m, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				t.Errorf("left: %s, %v", name, err)
			}
			return nil
		})
	}
}

func TestFewFilesStayOpen(t *testing.T) {
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		material.Missing(t, "/proc/self/fd, to count open files by,")
	}
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	s, err := disk.Open(folder(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	before := count()
	for i := range 200 {
		d, _, err := s.Put(t.Context(), strings.NewReader(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := blob.Read(t.Context(), s, blob.Span{Blob: d, Length: 1}, 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := count() - before; n > 20 {
		t.Errorf("%d files stayed open", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count() - before; n > 0 {
		t.Errorf("%d files are open after Close", n)
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, folder(b, b.TempDir()))
	text := bytes.Repeat([]byte("0123456789abcdef"), 4<<20) // 64 MB
	b.SetBytes(int64(len(text)))
	for i := 0; b.Loop(); i++ {
		copy(text, fmt.Sprint(i))
		if _, _, err := s.Put(b.Context(), bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatch puts 10,000 small blobs, as a folder of .eml files brings.
func BenchmarkBatch(b *testing.B) {
	s := open(b, folder(b, b.TempDir()))
	for i := 0; b.Loop(); i++ {
		batch := s.NewBatch()
		for j := range 10_000 {
			if _, err := batch.Put(b.Context(), fmt.Appendf(nil, "%d %d %3000d", i, j, 0)); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads one span of a container after the other.
func BenchmarkRead(b *testing.B) {
	s := open(b, folder(b, b.TempDir()))
	d, _, err := s.Put(b.Context(), bytes.NewReader(make([]byte, 64<<20)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(3000)
	for i := 0; b.Loop(); i++ {
		sp := blob.Span{Blob: d, Offset: int64(i%20_000) * 3000, Length: 3000, Rule: trove.MboxRD}
		if _, err := blob.Read(b.Context(), s, sp, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
