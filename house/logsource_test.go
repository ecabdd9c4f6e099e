package house

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/proof"
	"unseal/trove"
)

// demoArchive is the archive of a demonstration, and its log's key.
func demoArchive(t *testing.T) (dir, key string) {
	t.Helper()
	d, err := RunDemo(t.Context(), filepath.Join(t.TempDir(), "demo"), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	return d.Archive, d.LogKey
}

// packed puts a folder into a zip file, below top.
func packed(t *testing.T, dir, top string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		w, err := z.Create(top + filepath.ToSlash(rel))
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	})
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "archive.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestALogIsReadFromFolderZipAndWeb(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	dir, key := demoArchive(t)
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	want, err := OpenLog(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{packed(t, dir, ""), packed(t, dir, "mirror/"), web.URL, web.URL + "/"} {
		l, err := OpenLog(where, key)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		if l.View.Checkpoint.Root != want.View.Checkpoint.Root || !l.KeyKnown {
			t.Errorf("%s: another log", where)
		}
		if _, err := l.Prove(3); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
	if _, err := OpenLog(web.URL+"/c", ""); !errors.Is(err, ErrNoArchive) {
		t.Errorf("where there is no log: %v", err)
	}
	if _, err := OpenLog(filepath.Join(dir, "unseal.json"), ""); !errors.Is(err, ErrNoArchive) {
		t.Errorf("a file that is no zip: %v", err)
	}
}

// A server that lies, fails or sends elsewhere is found out.
func TestALyingServerIsFoundOut(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	dir, key := demoArchive(t)
	elsewhere := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer elsewhere.Close()
	for what, lie := range map[string]func(w http.ResponseWriter, r *http.Request, b []byte){
		"an altered tile": func(w http.ResponseWriter, r *http.Request, b []byte) { b[len(b)/2] ^= 1; _, _ = w.Write(b) },
		"a tile cut":      func(w http.ResponseWriter, r *http.Request, b []byte) { _, _ = w.Write(b[:len(b)/2]) },
		"a fault":         func(w http.ResponseWriter, r *http.Request, b []byte) { w.WriteHeader(http.StatusInternalServerError) },
		"another host": func(w http.ResponseWriter, r *http.Request, b []byte) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
		},
		"too much": func(w http.ResponseWriter, r *http.Request, b []byte) {
			for range 400 {
				_, _ = w.Write(make([]byte, 64<<10))
			}
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.URL.Path)))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			if strings.Contains(r.URL.Path, "/tile/entries/") {
				lie(w, r, b)
				return
			}
			_, _ = w.Write(b)
		}))
		if l, err := OpenLog(server.URL, key); err == nil {
			t.Errorf("%s: read as a log with root %s", what, trove.Digest(l.View.Checkpoint.Root))
		} else if what == "an altered tile" && !errors.Is(err, proof.ErrMismatch) && !strings.Contains(err.Error(), "entry") {
			t.Errorf("%s: %v", what, err)
		}
		server.Close()
	}
}
