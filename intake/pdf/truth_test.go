package pdf

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"unseal/intake/ocr"
	"unseal/intake/reader"
	"unseal/material"
	"unseal/reading"
)

// truth is what ../shared/corpora/truth.json expects of a PDF.
type truth struct {
	Type     string
	Strict   bool
	Broken   bool
	Pages    int
	Text     string   `json:"text_contains"`
	Locked   string   `json:"encrypted"`
	Password *string  `json:"opens_with_password"`
	Files    []string `json:"embedded_files"`
	Bad      *int     `json:"bad_redactions"`
	Hidden   []struct {
		Page int
		Text string
	} `json:"hidden_text_fitz"`
}

// corpora are the real PDFs under a folder, or the test is skipped aloud.
func corpora(t *testing.T, folder string) (dir string, files map[string]truth) {
	t.Helper()
	dir, files = material.Corpora(t), material.Truth[truth](t, folder)
	maps.DeleteFunc(files, func(name string, tr truth) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return tr.Type != "pdf" || errors.Is(err, fs.ErrNotExist)
	})
	if len(files) == 0 {
		t.Fatal("truth.json names no PDFs in " + folder)
	}
	return dir, files
}

// shared is one reader for all tests: compiling PDFium takes seconds.
var shared = sync.OnceValue(func() *Reader {
	r := New("")
	r.times = times{page: time.Hour, check: time.Hour, file: time.Hour} // what a loaded machine makes late is no fault
	return r
})

func input(t *testing.T, b []byte, passwords ...string) *reader.Input {
	t.Helper()
	return &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir(), Request: reader.Request{Type: Type, Passwords: passwords}}
}

// brief is a reader that looks through the first pages of a file alone.
var brief = sync.OnceValue(func() *Reader {
	r := New("")
	r.times = times{page: time.Hour, check: time.Second, file: time.Hour}
	return r
})

// read reads a file of the corpora, with its password where it needs one.
func read(t *testing.T, r *Reader, path string, want truth) reader.Result {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, b)
	if want.Password != nil && *want.Password != "" {
		in.Passwords = []string{"wrong", *want.Password}
	}
	return r.Read(context.Background(), in)
}

func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func fact(r reading.Reading, name string) string {
	for _, f := range r.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestRealPDFsAreAsTheTruthSays(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the PDF files of the corpora take a minute; go test without -short")
	}
	dir, files := corpora(t, "docs-pdf/")
	full, partly, kept := 0, 0, 0
	for name, want := range files {
		res := read(t, brief(), filepath.Join(dir, name), want)
		switch {
		case res.Failed != "":
			kept++
			t.Logf("%s: kept only: %s", name, res.Failed)
		case strings.HasSuffix(res.Partly, "not looked through for hidden text") && len(res.Record.Warnings) == 1:
			full++ // there was no time for it
		case res.Partly != "" || len(res.Record.Warnings) > 0:
			partly++
			t.Logf("%s: partly: %s %v", name, res.Partly, res.Record.Warnings)
		default:
			full++
		}
		if (want.Broken || res.Failed != "") && want.Password == nil && len(res.Record.Warnings) == 0 {
			t.Errorf("%s is broken, and nothing warns of it", name)
		}
		if want.Strict {
			judge(t, name, res, want)
		}
	}
	t.Logf("%d PDFs: %d fully read, %d partly, %d kept only", len(files), full, partly, kept)
}

// judge compares a reading with what two other programs agree upon.
func judge(t *testing.T, name string, res reader.Result, want truth) {
	t.Helper()
	if want.Pages > 0 && len(res.Reading.Pages) != want.Pages {
		t.Errorf("%s has %d pages, want %d", name, len(res.Reading.Pages), want.Pages)
	}
	if !strings.Contains(squash(res.Text), squash(want.Text)) {
		t.Errorf("%s: %q is not in the text: %.300q", name, want.Text, res.Text)
	}
	locked := fact(res.Reading, "encrypted")
	switch {
	case want.Password == nil && want.Locked == "no" && locked != "":
		t.Errorf("%s is not encrypted, and we say: %s", name, locked)
	case want.Password != nil && *want.Password == "" && locked != "opens without a password",
		want.Password != nil && *want.Password != "" && locked != "opened with a password that was given":
		t.Errorf("%s is encrypted, and we say: %q", name, locked)
	}
	for _, f := range want.Files {
		i := slices.IndexFunc(res.Embedded, func(e reader.Embedded) bool { return e.Name == f })
		if i < 0 || len(res.Embedded[i].Bytes) == 0 {
			t.Errorf("%s: the file %s was not found in it: %+v", name, f, res.Record.Parts)
		}
	}
	if len(res.Record.Parts) != len(want.Files) && len(want.Files) > 0 {
		t.Errorf("%s holds %d files, want %d", name, len(res.Record.Parts), len(want.Files))
	}
}

// What is hidden in the file that is painted over with hatched boxes: sixteen
// stretches, as the authors of x-ray count them.
var hatched = []string{
	"November 2019", "number of", "accounts and devices not belonging to the defendants", "multiple individuals, including", "(11/04/19)", "(11/04/19)",
	"an email", "account believed to belong to former Prosecutor General of Ukraine, Yuriy Lutsenko (11/6/19);",
	"an e-mail account believed to belong to the former head of the Ukrainian Fiscal Service, Roman", "Nasirov (12/10/19);", "(12/13/19)",
	"the iPhone and iPad of", "pro-Trump Ukrainian businessman Alexander Levin (02/28/2020 and 3/02/2020); an iCloud",
	"account believed to belong to Roman Nasirov (03/03/2020); historical and prospective cell site",
	"information related to Rudolph Giuliani and Victoria Toensing (04/13/2021);", "(04/21/2021)",
}

func TestHiddenTextOfCourtPDFsIsFoundAndNothingElse(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the PDF files of the corpora take a minute; go test without -short")
	}
	dir, files := corpora(t, "docs-redaction/x-ray/")
	alike, boxes := 0, 0
	for name, want := range files {
		res := read(t, shared(), filepath.Join(dir, name), want)
		judge(t, name, res, want)
		var got, hidden []string
		for _, f := range res.Reading.Findings {
			switch f.Code {
			case "hidden-text":
				got = append(got, f.Text)
			case "pixel-redaction":
				boxes++
			}
		}
		for _, h := range want.Hidden {
			hidden = append(hidden, h.Text)
		}
		if strings.HasSuffix(name, "/bad_cross_hatched_redactions.pdf") {
			hidden = hatched
		} else if len(hidden) == 0 {
			alike++
		}
		if !slices.Equal(got, hidden) {
			t.Errorf("%s: hidden is %q, want %q", name, got, hidden)
		}
	}
	t.Logf("%d files, %d of them look-alikes; %d boxes painted into pictures", len(files), alike, boxes)
}

// TestLockedFilesSaySo: passwords are given only where each stage says that it
// needs one.
func TestLockedFilesSaySo(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes seconds; go test without -short")
	}
	dir, files := corpora(t, "docs-pdf/")
	locked := 0
	for name, want := range files {
		if want.Password == nil || *want.Password == "" {
			continue
		}
		locked++
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, passwords := range [][]string{nil, {"wrong", *want.Password}} {
			in := input(t, b, passwords...)
			if res := shared().Read(context.Background(), in); res.Locked != (passwords == nil) {
				t.Errorf("%s with %q: locked is %v: %s", name, passwords, res.Locked, res.Failed)
			}
			if res := shared().Picture(context.Background(), in); res.Locked != (passwords == nil) {
				t.Errorf("pictures of %s with %q: locked is %v: %s", name, passwords, res.Locked, res.Failed)
			}
		}
	}
	if locked == 0 {
		t.Error("no file that needs a password")
	}
}

func TestBoxesInScannedPagesAreFound(t *testing.T) {
	dir, files := corpora(t, "docs-redaction/x-ray/no_bad_redactions.8.1.pdf")
	for name, want := range files {
		n := 0
		for _, f := range read(t, shared(), filepath.Join(dir, name), want).Reading.Findings {
			if f.Code == "pixel-redaction" && f.Page == 1 && f.Box != nil {
				n++
			}
		}
		if n < 25 || n > 40 {
			t.Errorf("%s: %d boxes, want about 33", name, n)
		}
	}
}

func TestTextOfRealScansIsRead(t *testing.T) {
	dir, files := corpora(t, "docs-pdf/tika-pdf/testOCR.pdf")
	if _, err := ocr.New(context.Background(), t.TempDir(), nil); err != nil {
		material.Missing(t, "tesseract ("+err.Error()+")")
	}
	for name := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		in := input(t, b)
		in.Reading = shared().Read(context.Background(), in).Reading
		res := shared().OCR(context.Background(), in)
		if len(res.Reading.Texts) != 1 || res.Reading.Texts[0].Segments[0].Confidence < 0.5 || !strings.HasPrefix(res.By, "tesseract ") {
			t.Errorf("%s: %+v %s", name, res.Reading.Texts, res.Failed)
		}
		t.Logf("%s: %+v", name, res.Reading.Texts)
	}
}
