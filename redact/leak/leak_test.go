package leak

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	index "unseal/search"
	"unseal/search/segment"
	"unseal/trove"
)

const needleText = "Quimperlé Harbour"

func hunt(t testing.TB, b []byte, needles []string, secrets ...[]byte) []Leak {
	t.Helper()
	var list []Leak
	if err := New(needles, secrets).In("file", b, func(l Leak) { list = append(list, l) }); err != nil {
		t.Fatal(err)
	}
	return list
}

func zipOf(t testing.TB, method uint16, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(content))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstdOf(t testing.TB, s string) string {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(e.EncodeAll([]byte(s), nil))
}

func gzipOf(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

// segmentOf is a search segment of one document.
func segmentOf(t testing.TB, d *index.Doc) []byte {
	t.Helper()
	var b bytes.Buffer
	d.Collection, d.Number, d.Kind = "mail", 1, trove.Mail
	if err := segment.Build(&b, func(yield func(*index.Doc, error) bool) { yield(d, nil) }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsInAnArchiveIsFound(t *testing.T) {
	mail := "Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("before Quimperlé Harbour after"))
	line, err := json.Marshal(map[string]string{"subject": "before\nQuimperlé <b>Harbour</b> & after"})
	if err != nil {
		t.Fatal(err)
	}
	double, err := json.Marshal(string(line))
	if err != nil {
		t.Fatal(err)
	}
	filler := strings.Repeat("some other words of a text\n", 9000)
	for name, content := range map[string]string{
		"zip member":          zipOf(t, zip.Deflate, "1.eml", mail),
		"stored zip member":   zipOf(t, zip.Store, "1.eml", mail),
		"member's name":       zipOf(t, zip.Store, needleText+".eml", "x"),
		"zip in base64":       "x\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(zipOf(t, zip.Deflate, "a.txt", filler+needleText))),
		"zip behind a text":   "text " + strings.TrimSuffix(zipOf(t, zip.Deflate, "1.eml", mail+filler), "\x00\x00"),
		"json":                string(line),
		"json in json":        string(double),
		"zstd frame":          "\x00\x01\x02" + zstdOf(t, filler+needleText),
		"across two frames":   zstdOf(t, filler+"Quimperlé Har") + zstdOf(t, "bour"+filler),
		"gzip in a zip":       zipOf(t, zip.Deflate, "a", gzipOf(mail)),
		"base64 url":          "data=" + base64.RawURLEncoding.EncodeToString([]byte("???>>> "+needleText)),
		"hex":                 "x " + hex.EncodeToString([]byte(needleText)) + " y",
		"end of a stretch":    strings.Repeat("x", stretch-7) + " " + needleText,
		"text of a segment":   string(segmentOf(t, &index.Doc{Body: filler + needleText})),
		"row of a segment":    string(segmentOf(t, &index.Doc{Subject: needleText})),
		"person of a segment": string(segmentOf(t, &index.Doc{From: []trove.Address{{Name: needleText, Addr: "a@example.org"}}})),
	} {
		if got := hunt(t, []byte(content), []string{needleText}); len(got) == 0 {
			t.Errorf("%s: not found", name)
		}
		if got := hunt(t, []byte(content), []string{"Quimperlé Hafen", "absent"}); len(got) > 0 {
			t.Errorf("%s: found what is not there: %v", name, got)
		}
	}
}

// The dictionary cuts a word behind what it shares with the one before.
func TestWordsOfTheDictionaryAreFound(t *testing.T) {
	b := segmentOf(t, &index.Doc{Body: "quimpera quimperlezard quimperlezards"})
	found := false
	for _, l := range hunt(t, b, []string{"quimperlezard"}) {
		found = found || l.How == "dictionary"
	}
	if !found {
		t.Error("not found in the dictionary")
	}
}

func TestDigestsOfSecretsAreFound(t *testing.T) {
	secret := []byte("the body of a mail")
	sum := sha256.Sum256(secret)
	id := sha256.Sum256([]byte("<1@example.org>"))
	for name, content := range map[string]string{
		"binary":  "xx" + string(sum[:]) + "yy",
		"hex":     `{"sha256":"` + hex.EncodeToString(sum[:]) + `"}`,
		"HEX":     strings.ToUpper(hex.EncodeToString(sum[:])),
		"base64":  "bh=" + base64.StdEncoding.EncodeToString(sum[:]) + "; b=",
		"url":     "/" + base64.RawURLEncoding.EncodeToString(sum[:]),
		"in zstd": zstdOf(t, strings.Repeat("x", 1000)+hex.EncodeToString(sum[:])),
	} {
		want := Leak{Needle: "SHA-256 of secret 1"}
		got := hunt(t, []byte(content), nil, secret)
		if !slices.ContainsFunc(got, func(l Leak) bool { return l.Needle == want.Needle }) {
			t.Errorf("%s: %v", name, got)
		}
		if got := hunt(t, []byte(content), nil, []byte("another body")); len(got) > 0 {
			t.Errorf("%s: found what is not there: %v", name, got)
		}
	}
	if got := hunt(t, append([]byte("term"), id[:8]...), nil, []byte("<1@example.org>")); len(got) != 1 {
		t.Errorf("the first 8 bytes of a digest: %v", got)
	}
}

func TestShortNeedlesCountAsWordsOnly(t *testing.T) {
	for text, found := range map[string]bool{"the market": false, "asked Mark, who": true, "=?utf-8?Q?=4Dark?=": true} {
		if got := hunt(t, []byte(text), []string{"mark"}); len(got) > 0 != found {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := needleText
	for range maxDepth + 1 {
		deep = gzipOf(deep)
	}
	err := New([]string{needleText}, nil).In("file", []byte(deep), func(l Leak) { t.Errorf("found %v", l) })
	if !errors.Is(err, ErrDeep) {
		t.Errorf("%d wrappings: error %v, want ErrDeep", maxDepth+1, err)
	}
	s := &search{left: 5}
	if s.spend(6); !errors.Is(s.err, ErrDeep) {
		t.Errorf("more bytes than may be undone: error %v, want ErrDeep", s.err)
	}
}

func FuzzIn(f *testing.F) {
	f.Add([]byte(fmt.Sprintf("Subject: =?utf-8?Q?x?=\n\n<b>&eacute;</b>%%20\\u00e9=\n%s", gzipOf(needleText))), "x")
	f.Add(segmentOf(f, &index.Doc{Body: needleText}), "quimper")
	f.Fuzz(func(t *testing.T, b []byte, needle string) {
		h := New([]string{needle}, [][]byte{[]byte(needle)})
		if err := h.In("file", b, func(Leak) {}); err != nil && !errors.Is(err, ErrDeep) {
			t.Fatal(err)
		}
	})
}
