package office

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/material"
	"unseal/reading"
	"unseal/trove"
)

type expectation struct {
	Kind, Type, By string
	SHA256         trove.Digest
	Size           int64
	Strict         bool
	Text           string   `json:"text_contains"`
	Embedded       []string `json:"embedded"`
	Encrypted      any      `json:"encrypted"`
	Password       string   `json:"opens_with_password"`
}

func read(t testing.TB, name string, b []byte, passwords ...string) reader.Result {
	t.Helper()
	return Read(context.Background(), &reader.Input{
		Request: reader.Request{Stage: reader.Read, Name: path.Base(name), Passwords: passwords},
		Content: strings.NewReader(string(b)), Size: int64(len(b)), Dir: t.TempDir(),
	})
}

// spoken are the words of a text, as a search finds them.
func spoken(s string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
}

// TestDocumentsSayWhatTheTruthSays reads each document of the corpora: strict
// ones hold the text and the files that two other tools found.
func TestDocumentsSayWhatTheTruthSays(t *testing.T) {
	dir := material.Corpora(t)
	for _, p := range []string{"antiword", "catdoc", "xls2csv", "catppt"} {
		if _, err := tool.Find(p); err != nil {
			material.Missing(t, p)
		}
	}
	files, full, partly, kept, strict := 0, 0, 0, 0, 0
	for name, want := range material.Truth[expectation](t, "") {
		folder, _, _ := strings.Cut(name, "/")
		if folder != "docs-office" && folder != "docs-text" && !(folder == "images" && want.Type == "office") && !strings.HasPrefix(name, "foia/udhr/udhr/") || want.Size == 0 {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || want.Type == "aux" || strings.HasSuffix(name, "ORIGIN.md") {
			continue
		}
		files++
		kind, typ := Detect(b[:min(len(b), 64<<10)], name)
		if kind == "" || !Takes(kind, typ) {
			t.Errorf("%s: detected as %q, %q", name, kind, typ)
		}
		res := read(t, name, b)
		if want.Password != "" && want.By != "catppt" {
			if res.Partly != "encrypted, not opened" {
				t.Errorf("%s without its password: %q", name, res.Partly)
			}
			res = read(t, name, b, "wrong", want.Password)
		}
		check(t, name, want, res)
		switch {
		case res.Failed != "" || res.Text == "" && res.Partly != "":
			kept++
			t.Logf("kept only: %s: %s%s", name, res.Failed, res.Partly)
		case res.Partly != "":
			partly++
			t.Logf("partly: %s: %s", name, res.Partly)
		default:
			full++
		}
		if want.Strict {
			strict++
		}
	}
	t.Logf("%d files: %d fully read, %d partly, %d kept only; %d strict", files, full, partly, kept, strict)
}

func check(t *testing.T, name string, want expectation, res reader.Result) {
	t.Helper()
	if !utf8.ValidString(res.Text) || strings.ContainsAny(res.Text, "\r\x00") {
		t.Errorf("%s: the text is no clean UTF-8", name)
	}
	for _, p := range res.Reading.Pages {
		if p.From > p.To || p.To > len(res.Text) {
			t.Errorf("%s: page %+v of %d bytes", name, p, len(res.Text))
		}
	}
	if want.Text != "" && !strings.Contains(spoken(res.Text), strings.TrimRight(spoken(want.Text), " ")) {
		if want.Strict {
			t.Errorf("%s: want %q in %q", name, want.Text, res.Text[:min(len(res.Text), 300)])
		} else {
			t.Logf("not strict: %s: want %q in %q", name, want.Text, res.Text[:min(len(res.Text), 200)])
		}
	}
	for _, e := range want.Embedded {
		if !strings.Contains(e, "/media/") && !strings.Contains(e, "/embeddings/") || strings.HasSuffix(e, ".rels") || strings.HasSuffix(e, "/") {
			continue
		}
		if !slices.ContainsFunc(res.Record.Parts, func(p trove.Part) bool { return p.Name == path.Base(e) }) {
			t.Errorf("%s: no part %s among %v", name, e, res.Record.Parts)
		}
	}
	if len(want.Embedded) > 0 && strings.Contains(strings.Join(want.Embedded, " "), "comments") && want.Strict && !slices.ContainsFunc(res.Reading.Findings, func(f finding) bool { return f.Code == "comment" }) {
		t.Errorf("%s: its comments are not found", name)
	}
}

type finding = reading.Finding
