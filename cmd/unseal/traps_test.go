package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"unseal/crash"
)

// trap is a file made to hurt whoever opens it.
type trap struct {
	name string
	make func(t testing.TB, w io.Writer)
	says string // what the item or its file is said to be, in its warnings
}

// traps are the cases of the threat model that files of ours can be.
var traps = []trap{
	{"itself.gz", quine, ""},
	{"slip.zip", slipZip, "unsafe-name"},
	{"slip.tar", slipTar, "unsafe-name"},
	{"bomb.gz", bomb(1 << 30), "too-large"},
	{"bomb.zip", zippedBomb, "too-large"},
	{"deep.zip", nest(40), "too-deep"},
	{"parts.eml", manyParts(10_000), ""},
	{"nested.eml", nestedParts(10_000), ""},
	{"attributes.docx", attributes(1_000_000), ""},
	{"elements.docx", elements(2_000_000), ""},
	{"cells.csv", cells, ""},
	{"names.zip", manyNames(100_000), ""},
	{"pixels.png", pixels, ""},
	{"brackets.json", brackets, ""},
	{"chat.txt", longChat, ""},
}

// maxResident is what no process of a run may take, in bytes.
const maxResident = 1200 << 20

// TestTrapsAreBounded takes each trap in with the real program. It must end,
// list the file, take bounded memory, and write nothing but below the desk.
func TestTrapsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: traps take a minute; go test without -short")
	}
	bin := crash.Build(t, "unseal/cmd/unseal")
	var table strings.Builder
	for _, tr := range traps {
		t.Run(tr.name, func(t *testing.T) {
			r := spring(t, bin, tr)
			fmt.Fprintf(&table, "%-16s %9d bytes  %8s  %4d MB  exit %d  %s\n", tr.name, r.size, r.took.Round(10*time.Millisecond), r.resident>>20, r.exit, r.said)
			if r.resident > maxResident {
				t.Errorf("took %d MB", r.resident>>20)
			}
			if !strings.Contains(r.said, tr.says) {
				t.Errorf("said %q, want %q in it", r.said, tr.says)
			}
		})
	}
	t.Logf("\n%s", table.String())
}

// sprung is what came of a trap.
type sprung struct {
	size, resident int64
	took           time.Duration
	exit           int
	said           string
}

// spring takes a trap in, in a folder in which nothing else may change.
func spring(t *testing.T, bin string, tr trap) sprung {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "in", tr.name)
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	size := writeTrap(t, file, tr)
	desk := filepath.Join(dir, "desk")
	unseal(t, exitDone, "init", desk, "--origin", "example.org/traps")
	cmd := exec.CommandContext(t.Context(), bin, "-C", desk, "ingest", filepath.Dir(file), "-c", "traps", "--json")
	cmd.Env = append(os.Environ(), "TMPDIR="+tempIn(t, dir))
	began := time.Now()
	out, err := cmd.Output()
	r := sprung{size: size, took: time.Since(began), exit: cmd.ProcessState.ExitCode()}
	if r.exit != exitDone && r.exit != exitPartly {
		t.Fatalf("exit %d: %v\n%s", r.exit, err, out)
	}
	r.resident = int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
	r.said = codesOf(t, desk)
	nothingElse(t, dir)
	return r
}

func writeTrap(t *testing.T, file string, tr trap) int64 {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	tr.make(t, f)
	info, err := f.Stat()
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// tempIn is a folder for temporary files beside the desk, which has to be empty
// in the end.
func tempIn(t *testing.T, dir string) string {
	t.Helper()
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	return temp
}

// codesOf gathers the codes of all warnings, and whether something could not be
// read.
func codesOf(t *testing.T, desk string) string {
	t.Helper()
	items, said := 0, map[string]bool{}
	for _, line := range unseal(t, exitDone, "-C", desk, "list", "traps") {
		if line["message_type"] != "item" {
			continue
		}
		items++
		if line["state"] == "unreadable" {
			said["unreadable"] = true
		}
		for _, w := range line["warnings"].([]any) {
			said[w.(map[string]any)["code"].(string)] = true
		}
	}
	if items == 0 {
		t.Error("the file is not listed")
	}
	return fmt.Sprint(items, " items ", strings.Join(sortedKeys(said), " "))
}

// nothingElse looks whether anything lies outside the desk and the trove.
func nothingElse(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		first, rest, _ := strings.Cut(filepath.ToSlash(rel), "/")
		switch {
		case first == "." || first == "desk" || rest == "":
		case first == "in" && !strings.Contains(rest, "/"):
		default:
			t.Errorf("%s was written", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{filepath.Join(dir, "..", "evil.txt"), "/tmp/evil.txt"} {
		if _, err := os.Lstat(outside); err == nil {
			t.Errorf("%s was written", outside)
		}
	}
}

// quine is a gzip that unpacks to its own beginning again and again: a stream of
// members, each of which holds the one before.
func quine(t testing.TB, w io.Writer) {
	b := []byte("the innermost\n")
	for range 200 {
		var next bytes.Buffer
		z := gzip.NewWriter(&next)
		writeAll(t, z, b)
		closeAll(t, z)
		b = next.Bytes()
	}
	writeAll(t, w, b)
}

func slipZip(t testing.TB, w io.Writer) {
	z := zip.NewWriter(w)
	for _, name := range []string{"../../evil.txt", `..\..\evil.txt`, "/tmp/evil.txt", `C:\evil.txt`, "good.txt"} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		writeAll(t, f, []byte("From a trap: "+name))
	}
	closeAll(t, z)
}

func slipTar(t testing.TB, w io.Writer) {
	z := tar.NewWriter(w)
	for _, h := range []tar.Header{
		{Name: "../../evil.txt", Typeflag: tar.TypeReg, Size: 4}, {Name: `..\..\evil.txt`, Typeflag: tar.TypeReg, Size: 4},
		{Name: "/tmp/evil.txt", Typeflag: tar.TypeReg, Size: 4}, {Name: "out", Linkname: "/tmp", Typeflag: tar.TypeSymlink},
		{Name: "out/evil.txt", Typeflag: tar.TypeReg, Size: 4}, {Name: "good.txt", Typeflag: tar.TypeReg, Size: 4},
	} {
		if err := z.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			writeAll(t, z, []byte("trap"))
		}
	}
	closeAll(t, z)
}

// zeros are many bytes that pack well.
func zeros(t testing.TB, w io.Writer, n int64) {
	b := make([]byte, 1<<20)
	for ; n > 0; n -= int64(len(b)) {
		writeAll(t, w, b[:min(n, int64(len(b)))])
	}
}

func bomb(n int64) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		z := gzip.NewWriter(w)
		zeros(t, z, n)
		closeAll(t, z)
	}
}

func zippedBomb(t testing.TB, w io.Writer) {
	z := zip.NewWriter(w)
	for i := range 4 {
		f, err := z.Create(fmt.Sprintf("%d.bin", i))
		if err != nil {
			t.Fatal(err)
		}
		zeros(t, f, 512<<20)
	}
	closeAll(t, z)
}

// nest is a zip in a zip in a zip.
func nest(levels int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		b := []byte("the innermost\n")
		for range levels {
			var next bytes.Buffer
			z := zip.NewWriter(&next)
			f, err := z.CreateHeader(&zip.FileHeader{Name: "next.zip", Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			writeAll(t, f, b)
			closeAll(t, z)
			b = next.Bytes()
		}
		writeAll(t, w, b)
	}
}

const trapHeader = "From: a@example.org\r\nSubject: trap\r\nMIME-Version: 1.0\r\n"

func manyParts(n int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		s := trapHeader + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", n) + "--b--\r\n"
		writeAll(t, w, []byte(s))
	}
}

func nestedParts(n int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		writeAll(t, w, []byte(trapHeader))
		for i := range n {
			writeAll(t, w, fmt.Appendf(nil, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i))
		}
		writeAll(t, w, []byte("Content-Type: text/plain\r\n\r\nthe innermost\r\n"))
	}
}

// word writes a document of Word with that body.
func word(t testing.TB, w io.Writer, body func(io.Writer)) {
	z := zip.NewWriter(w)
	for name, text := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels":         `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
	} {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		writeAll(t, f, []byte(text))
	}
	f, err := z.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	body(f)
	closeAll(t, z)
}

func attributes(n int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		word(t, w, func(w io.Writer) {
			writeAll(t, w, []byte(`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body`))
			for i := range n {
				writeAll(t, w, fmt.Appendf(nil, ` a%d="x"`, i))
			}
			writeAll(t, w, []byte(`><w:p><w:r><w:t>text</w:t></w:r></w:p></w:body></w:document>`))
		})
	}
}

func elements(n int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		word(t, w, func(w io.Writer) {
			writeAll(t, w, []byte(`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`))
			writeAll(t, w, bytes.Repeat([]byte("<w:p>"), n))
		})
	}
}

func cells(t testing.TB, w io.Writer) {
	row := append(bytes.Repeat([]byte("x,"), 20_000), '\n')
	for range 500 {
		writeAll(t, w, row)
	}
}

func manyNames(n int) func(testing.TB, io.Writer) {
	return func(t testing.TB, w io.Writer) {
		z := zip.NewWriter(w)
		for i := range n {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d/%d.txt", i%100, i), Method: zip.Store}); err != nil {
				t.Fatal(err)
			}
		}
		closeAll(t, z)
	}
}

// pixels is a picture of 60,000 by 60,000 dots in 70 bytes.
func pixels(t testing.TB, w io.Writer) {
	writeAll(t, w, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x06\x00\x00\x00\x4f\xf9\xae\x1f\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e\x00\x00\x00\x00IEND\xaeB`\x82"))
}

func brackets(t testing.TB, w io.Writer) { writeAll(t, w, bytes.Repeat([]byte("["), 20<<20)) }

// longChat is one message of many lines, in the form of an export.
func longChat(t testing.TB, w io.Writer) {
	writeAll(t, w, []byte("[03/03/2019, 18:22:10] A: one\n[03/03/2019, 18:22:11] B: two\n[13/03/2019, 18:22:11] B: "))
	for range 400_000 {
		writeAll(t, w, []byte("12/12/2019 12:12 this is no message\n"))
	}
}

func writeAll(t testing.TB, w io.Writer, b []byte) {
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
}

func closeAll(t testing.TB, c io.Closer) {
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
