package container

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestNamesAreForShowingOnly(t *testing.T) {
	for _, c := range []struct {
		raw, want string
		safe      bool
	}{
		{"a/b.eml", "a/b.eml", true},
		{"./a//b", "a/b", true},
		{"../../etc/passwd", "etc/passwd", false},
		{"a/../../b", "a/b", false},
		{`..\..\windows\x`, "windows/x", false},
		{"/abs/x", "abs/x", false},
		{`C:\temp\x`, "temp/x", false},
		{"a\x00b\x1b[31m", "a\ufffdb\ufffd[31m", true},
		{"gpj.\u202eexe", "gpj.\ufffdexe", true},
		{"", "", true},
		{"..", "", false},
		{strings.Repeat("é", 1000), strings.Repeat("é", 512), true},
	} {
		got, safe := CleanName(c.raw)
		if got != c.want || safe != c.safe {
			t.Errorf("CleanName(%q) = %q, %v; want %q, %v", c.raw, got, safe, c.want, c.safe)
		}
	}
}

func TestNamesOfOldCharsetsAreRead(t *testing.T) {
	for _, c := range []struct {
		cs   encoding.Encoding
		name string
	}{
		{japanese.ShiftJIS, "表だよ/一覧表.txt"}, // has a backslash as the second byte of a letter
		{japanese.EUCJP, "漢字のファイル.txt"},
		{simplifiedchinese.GBK, "审计压缩包/文件检索测试_V4.0.doc"},
		{charmap.CodePage866, "ПРИВЕТ"},
		{charmap.CodePage866, "Письмо губернатору.eml"},
		{charmap.KOI8R, "ПРИВЕТ"},
		{charmap.KOI8R, "привет"},
		{charmap.CodePage437, "résumé.doc"},
	} {
		raw, err := c.cs.NewEncoder().String(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got, safe := CleanName(raw); got != c.name || !safe {
			t.Errorf("%s in %v: read as %q, safe %v", c.name, c.cs, got, safe)
		}
	}
}
