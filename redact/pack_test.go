package redact

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func zipped(t rapid.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(content))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func deflated(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func pdfOf(streams ...string) string {
	s := "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
	for i, c := range streams {
		z := deflated(c)
		s += fmt.Sprintf("%d 0 obj\n<</Length %d /Filter /FlateDecode>>\nstream\n%s\nendstream\nendobj\n", i+1, len(z), z)
	}
	return s + "%%EOF"
}

func pngOf(kind, data string) string {
	chunk := func(kind, data string) string {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(kind+data))))
	}
	return "\x89PNG\r\n\x1a\n" + chunk("IHDR", strings.Repeat("\x01", 13)) + chunk(kind, data) + chunk("IEND", "")
}

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// noise is bytes that no reader takes for a text.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x>>24) % 32
	}
	return string(b)
}

func attached(content string) string {
	return bodyOf("Content-Type: application/octet-stream; name=file.bin\r\nContent-Transfer-Encoding: base64\r\n", b64(content))
}

// packedFiles hold the hidden word in a form that cannot be led back.
func packedFiles(t testing.TB) map[string]string {
	docx := zipped(t, map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<w:p><w:r><w:t>before Quimper</w:t></w:r><w:r><w:t>l&#xe9; Harbour</w:t></w:r></w:p>`,
	})
	cmap := "begincmap 3 beginbfchar <0001> <0051> <0002> <0075> <0003> <0069> endbfchar 1 beginbfrange <0004> <0004> <006D> <0005> <0006> [<0070> <0065>] endbfrange " +
		"5 beginbfchar <0007> <0072> <0008> <006C> <0009> <00E9> <000A> <0020> <000B> <0048> <000C> <0061> <000D> <0062> <000E> <006F> endbfchar endcmap"
	return map[string]string{
		"docx":            docx,
		"zip in a zip":    zipped(t, map[string]string{"a.zip": docx, "b.txt": "x"}),
		"name in a zip":   zipped(t, map[string]string{"Quimperlé Harbour.txt": "x"}),
		"mail in a zip":   zipped(t, map[string]string{"a.eml": "Subject: =?utf-8?Q?Quimperl=C3=A9_Harbour?=\r\n\r\nx"}),
		"gzip":            gzipped("before Quimperlé Harbour after"),
		"pdf":             pdfOf("BT (before ) Tj [(Quimp) -20 (erl\\351 Har) 10 (bour)] TJ ET"),
		"pdf with codes":  pdfOf(cmap, "BT <000100020003000400050006> Tj <00070008> Tj <0009> Tj <000A000B000C0007000D000E00020007> Tj ET"),
		"pdf title":       "%PDF-1.4\n1 0 obj <</Title (Quimperl\\351 Harbour)>>\n" + noise(200),
		"png zTXt":        pngOf("zTXt", "Comment\x00\x00"+deflated("Quimperle Harbour")),
		"png tEXt":        pngOf("tEXt", "Comment\x00Quimperle Harbour"),
		"strings":         noise(300) + "Quimperlé Harbour" + noise(300),
		"UTF-16 strings":  "\xd0\xcf\x11\xe0" + noise(300) + utf16le("Quimperlé Harbour") + noise(300),
		"odd UTF-16":      "\xd0\xcf\x11\xe0" + noise(301) + utf16le("Quimperlé Harbour") + noise(300),
		"gzip cut short":  gzipped("before Quimperlé Harbour after" + strings.Repeat(fmt.Sprint("x", 7), 999))[:60],
		"zip of a base64": zipped(t, map[string]string{"a.txt": "data:," + b64("some text with Quimperlé Harbour in it")}),
	}
}

func TestPackedFilesAreHiddenAsAWhole(t *testing.T) {
	for name, content := range packedFiles(t) {
		t.Run(name, func(t *testing.T) {
			raw := attached(content)
			f := find(t, raw, Selection{Words: []string{hiddenWord}})
			if len(f.Places) != 1 || raw[f.Places[0].From:f.Places[0].To] != b64(content) || !f.Places[0].Base64 {
				t.Errorf("places %+v are not all of the file", f.Places)
			}
			if len(f.Files) != 1 {
				t.Errorf("%d files are named as removed, want 1", len(f.Files))
			}
			if name != "pdf with codes" && len(leaks(t, raw, hiddenWord)) == 0 { // the codes need a table
				t.Error("package leak does not find it in the original")
			}
			if got := leaks(t, string(hide([]byte(raw), f.Places)), hiddenWord); len(got) > 0 {
				t.Errorf("still there: %v", got)
			}
		})
	}
}

func TestWhatCannotBeLookedIntoIsListed(t *testing.T) {
	encrypted := []byte(zipped(t, map[string]string{"a.txt": "x"}))
	encrypted[6] |= 1
	i := bytes.Index(encrypted, []byte("PK\x01\x02"))
	encrypted[i+8] |= 1
	for content, why := range map[string]string{
		"\xff\xd8\xff\xe0" + noise(200):             "image",
		"ID3" + noise(200):                          "sound",
		"\x00\x00\x00\x18ftypmp42" + noise(200):     "video",
		pdfOf("BT (x) Tj ET"):                       "pdf",
		"%PDF-1.4\n<</Encrypt 1 0 R>>" + noise(200): "encrypted",
		"7z\xbc\xaf\x27\x1c" + noise(200):           "format",
		string(encrypted):                           "encrypted",
		noise(200):                                  "format",
		zipped(t, map[string]string{"a.jpg": "\xff\xd8\xff\xe0" + noise(200)}): "image",
	} {
		raw := bodyOf("Subject: "+hiddenWord+"\r\nContent-Type: application/octet-stream; name=file.bin\r\nContent-Transfer-Encoding: base64\r\n", b64(content))
		f := find(t, raw, Selection{Words: []string{hiddenWord}})
		if len(f.Opaque) != 1 || f.Opaque[0] != (Opaque{Part: "1", Name: "file.bin", Type: "application/octet-stream", Why: why}) {
			t.Errorf("%.12q: listed as %+v, want %s", content, f.Opaque, why)
		}
	}
	token := "text with a token of noise: " + b64(noise(300)) + " and more"
	for _, content := range []string{"text", token, zipped(t, map[string]string{"a.txt": "x"}), gzipped("x")} {
		raw := bodyOf("Subject: "+hiddenWord+"\r\nContent-Transfer-Encoding: base64\r\n", b64(content))
		if f := find(t, raw, Selection{Words: []string{hiddenWord}}); len(f.Opaque) > 0 {
			t.Errorf("%.12q can be looked into, but is listed as %+v", content, f.Opaque)
		}
	}
}

func TestLimitsOfLookingInside(t *testing.T) {
	deep := "before Quimperlé Harbour"
	for range maxDepth + 1 {
		deep = gzipped(deep)
	}
	raw := bodyOf("Subject: "+hiddenWord+"\r\nContent-Transfer-Encoding: base64\r\n", b64(deep))
	if f := find(t, raw, Selection{Words: []string{hiddenWord}}); len(f.Opaque) != 1 || f.Opaque[0].Why != "limit" {
		t.Errorf("%d wrappings are listed as %+v, want limit", maxDepth+1, f.Opaque)
	}
	s := newScanner(newPatterns([]string{hiddenWord}))
	s.left = 100
	s.unpack([]byte(gzipped(strings.Repeat("x", 1000))), format{name: "gzip"}, 0)
	if s.why != "limit" {
		t.Errorf("more bytes than may be undone: %q, want limit", s.why)
	}
	s = newScanner(newPatterns([]string{hiddenWord}))
	s.open = 1
	s.unpack([]byte(zipped(t, map[string]string{"a": "x", "b": "y"})), format{name: "zip"}, 0)
	if s.why != "limit" {
		t.Errorf("more files than may be opened: %q, want limit", s.why)
	}
	if n := len(forms(blindly([]byte(strings.Repeat("=3D&amp;%25\\\\<b>", 50))))); n > 15 {
		t.Errorf("%d forms of one text, want at most 15", n)
	}
}
