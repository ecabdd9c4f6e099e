package container

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/material"
	"unseal/trove"
)

// expected is what truth.json says of an archive.
type expected struct {
	Kind      string
	Strict    bool
	Entries   *int `json:"entries_bsdtar"`
	Names     []string
	Undecoded bool     `json:"names_not_utf8"`
	Encrypted any      `json:"encrypted"`
	Password  string   `json:"opens_with_password"`
	Traversal []string `json:"path_traversal"`
	Bytes     *int64   `json:"uncompressed_bytes"`
}

// outcome is what came of opening one archive.
type outcome struct {
	format Format
	names  []string
	unsafe []string
	bytes  int64
	Report
	err error
}

func open(b []byte, name string, passwords ...string) outcome {
	r := bytes.NewReader(b)
	o := outcome{format: DetectIn(r, r.Size(), b[:min(len(b), HeadSize)], name)}
	if o.format == "" {
		return o
	}
	o.Report, o.err = Expand(r, r.Size(), o.format, Options{MaxEntries: 10000, Unlock: func() []string { return passwords }}, func(m Member, r io.Reader) error {
		n, err := io.Copy(io.Discard, r)
		o.bytes += n
		o.names = append(o.names, m.Name)
		if m.Unsafe {
			o.unsafe = append(o.unsafe, m.Name)
		}
		return err
	})
	return o
}

func (o *outcome) says(code string) bool {
	return slices.ContainsFunc(slices.Concat(o.Problems, o.Notes), func(w trove.Warning) bool { return w.Code == code })
}

// TestTruth holds every archive of the corpora against what other programs say:
// strict ones exactly, the others by what must be said of them.
func TestTruth(t *testing.T) {
	dir := material.Corpora(t)
	counts := map[string]int{}
	for name, want := range material.Truth[expected](t, "") {
		if want.Kind != "archives" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(name, func(t *testing.T) {
			o := open(b, name, passwords...)
			counts[o.grade()]++
			if os.Getenv("UNSEAL_LIST") != "" {
				t.Logf("%s %s: %q %v %v %v", o.grade(), o.format, o.names, o.Problems, o.Notes, o.err)
			}
			if want.Strict {
				strict(t, want, &o)
			} else if o.grade() != "fully" && o.format != "" && o.err == nil && len(o.Problems) == 0 {
				t.Error("no word of what is missing")
			}
			locked(t, b, name, want)
		})
	}
	t.Logf("%v", counts)
}

// passwords are those that the corpora name, with wrong ones before them.
var passwords = []string{"wrong", "geheim", "12345678", "password", "Tika"}

func (o *outcome) grade() string {
	lost := slices.ContainsFunc(o.Problems, func(w trove.Warning) bool { return w.Code != LinkSkipped })
	switch {
	case o.format == "" || o.Members == 0 && (o.err != nil || lost):
		return "kept"
	case o.err != nil || lost:
		return "partly"
	}
	return "fully"
}

// strict compares entries, names and the bytes that came out.
func strict(t *testing.T, want expected, o *outcome) {
	if o.err != nil {
		t.Errorf("%v", o.err)
	}
	if want.Entries != nil && o.Entries != *want.Entries {
		t.Errorf("%d entries, want %d: %q %v", o.Entries, *want.Entries, o.names, o.Problems)
	}
	less := o.says(Unsupported) || o.says(LinkSkipped)
	if want.Bytes != nil && o.bytes != *want.Bytes && !less {
		t.Errorf("%d bytes, want %d", o.bytes, *want.Bytes)
	}
	for _, name := range o.names {
		if !want.Undecoded && len(want.Traversal) == 0 && !slices.Contains(want.Names, name) && len(want.Names) < 20 {
			t.Errorf("%q is none of %q", name, want.Names)
		}
	}
	if len(o.unsafe) != min(len(want.Traversal), 1) {
		t.Errorf("unsafe: %q, want one of %q", o.unsafe, want.Traversal)
	}
}

// locked tries an encrypted archive without a password, with wrong ones and
// with the right one.
func locked(t *testing.T, b []byte, name string, want expected) {
	if want.Encrypted == nil || want.Encrypted == false {
		return
	}
	for _, list := range [][]string{nil, {"wrong", "geheim"}} {
		if o := open(b, name, list...); !errors.Is(o.err, ErrEncrypted) && !o.says(Encrypted) {
			t.Errorf("passwords %q: not said to be encrypted: %v %v", list, o.err, o.Problems)
		}
	}
	if want.Password == "" {
		return
	}
	o := open(b, name, want.Password)
	if o.err != nil || o.says(Encrypted) || o.says(Damaged) || !o.says(PasswordUsed) || o.Members == 0 {
		t.Errorf("with its password: %v %v %v", o.err, o.Problems, o.Notes)
	}
}

// TestNamesOfTheCorporaAreDecoded is case 20: charsets are found, and the
// backslash that is half a letter leads nowhere.
func TestNamesOfTheCorporaAreDecoded(t *testing.T) {
	dir := filepath.Join(material.Corpora(t), "archives")
	for name, want := range map[string][]string{
		"libarchive/test_read_format_cpio_filename_koi8r.cpio":  {"ПРИВЕТ", "привет"},
		"libarchive/test_read_format_gtar_filename_cp866.tar.Z": {"ПРИВЕТ", "привет"},
		"libarchive/test_read_format_gtar_filename_eucjp.tar.Z": {"ɽ.txt", "漢字.txt"}, // the bytes of 表 in EUC-JP are a letter of UTF-8
		"libarchive/test_read_format_zip_filename_cp866.zip":    {"ПРИВЕТ", "привет"},
		"libarchive/test_read_format_zip_filename_koi8r.zip":    {"ПРИВЕТ", "привет"},
		"libarchive/test_read_format_zip_filename_utf8_ru2.zip": {"ПРИВЕТ", "привет"},
		"libarchive/test_read_format_zip_filename_cp932.zip":    {"表だよ/一覧表.txt", "表だよ/漢字.txt"},
		"libarchive/test_read_format_rar_unicode.rar":           {"abcdefghijklmnopqrsテスト.txt", "表だよ/新しいフォルダ/新規テキスト ドキュメント.txt", "表だよ/漢字長いファイル名long-filename-in-漢字.txt"},
		"tika-pkg/gbk.zip":                        {"审计压缩包文件检索测试/集团邮件审计系统2021年自动巡检需求文档_V4.0.doc"},
		"zip-slip/zip-slip-win.tar":               {"Temp/evil.txt", "good.txt"},
		"zip-slip/zip-slip.zip":                   {"good.txt", "tmp/evil.txt"},
		"tika-pkg/testLZ4-framed.lz4":             {""},
		"tika-pkg/testBROTLI_compressed.br":       {""},
		"libarchive/test_read_format_rar_sfx.exe": {"test.txt", "testdir/test.txt", "testshortcut.lnk"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		o := open(b, name)
		got := slices.Sorted(slices.Values(o.names))
		if o.err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q; %v %v", name, got, want, o.err, o.Problems)
		}
		if slip := strings.HasPrefix(name, "zip-slip"); slip != (len(o.unsafe) == 1) {
			t.Errorf("%s: unsafe %q", name, o.unsafe)
		}
	}
}
