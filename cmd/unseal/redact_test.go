package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"unseal/redact/leak"
)

// The name that goes away, and a word that must stay.
const (
	secretName = "Zephyrine Quillfeather"
	plainWord  = "dredging"
)

// do runs one command and wants exit code 0.
func do(t testing.TB, args ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &said); code != exitDone {
		t.Fatalf("unseal %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), said.String())
	}
	return out.String()
}

// summaryOf is the last line that a command with --json prints.
func summaryOf(t testing.TB, out string) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	m := map[string]any{}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &m); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return m
}

// writings are the ways in which a mail of the test holds a name. Each returns
// header fields, with line ends, and a body.
var writings = []func(name string) (head, body string){
	func(n string) (string, string) { // a plain body
		return "", "\nThe " + plainWord + " was told to " + n + " in May.\n"
	},
	func(n string) (string, string) { // header fields
		return "Reply-To: " + n + " <z@example.org>\nCc: \"" + n + "\" <z@example.org>\n", "\n" + plainWord + "\n"
	},
	func(n string) (string, string) { // encoded words, B and Q
		return "X-Note: " + mime.BEncoding.Encode("utf-8", "né "+n) + "\nX-Other: " + mime.QEncoding.Encode("iso-8859-1", "né "+n+" é") + "\n", "\n" + plainWord + "\n"
	},
	func(n string) (string, string) { // quoted-printable with soft breaks
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		io.WriteString(w, "é "+strings.Repeat("long words before it and ", 2)+n+" and after, "+plainWord+"\n")
		w.Close()
		return "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", "\n" + b.String()
	},
	func(n string) (string, string) { // base64
		return "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n", "\n" + folded("Some lines before, and more of them, so that it is not the first.\n"+n+" said so.\n"+strings.Repeat("Lines behind it that stay as they are. ", 6)+plainWord+"\n")
	},
	func(n string) (string, string) { // HTML beside text, tags and entities within the name
		first, last, _ := strings.Cut(n, " ")
		html := "<html><body><p>To <b>" + first + "</b>&nbsp;<i>" + last[:3] + "</i>" + last[3:] + ", " + plainWord + "</p><p>&#" + fmt.Sprint(int(first[0])) + ";" + first[1:] + " " + last + "</p></body></html>"
		return parts("text/plain", "Dear "+n+", "+plainWord+"\n", "text/html; charset=utf-8", html)
	},
	func(n string) (string, string) { // a text attachment, in base64, and its name
		return parts("text/plain", plainWord+"\n", "text/csv; name=\""+n+".csv\"\nContent-Disposition: attachment; filename*=utf-8''"+strings.ReplaceAll(n, " ", "%20")+".csv\nContent-Transfer-Encoding: base64", folded("who,what\n"+n+",harbour\n"))
	},
	func(n string) (string, string) { // packed attachments
		return parts("application/zip; name=a.zip\nContent-Transfer-Encoding: base64", folded(zipped("word/document.xml", "<w:t>"+n+"</w:t>")), "application/gzip; name=a.gz\nContent-Transfer-Encoding: base64", folded(gzipped("a "+n+" b")))
	},
	func(n string) (string, string) { // quoted in a reply, over a line break
		first, last, _ := strings.Cut(n, " ")
		return "In-Reply-To: <1@example.org>\n", "\n> I asked " + first + "\n> " + last + " for it.\nYes, " + plainWord + ".\n"
	},
	func(n string) (string, string) { // UTF-16
		return "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n", "\n" + folded(utf16le("It was "+n+".\n"+strings.Repeat("Lines behind it. ", 6)+plainWord+".\n"))
	},
	func(n string) (string, string) { // another writing of it
		return "Subject: " + strings.ToUpper(n) + "\n", "\n" + strings.ToLower(n) + " " + plainWord + "\n"
	},
	func(n string) (string, string) { // a mail in the mail
		return "Content-Type: message/rfc822\n", "\nFrom: " + n + " <z@example.org>\nSubject: fwd\n\n" + n + " " + plainWord + "\n"
	},
}

func folded(s string) string {
	s = base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	return b.String() + s + "\n"
}

func parts(list ...string) (head, body string) {
	for i := 0; i < len(list); i += 2 {
		body += "\n--=_b\nContent-Type: " + list[i] + "\n\n" + list[i+1]
	}
	return "Content-Type: multipart/mixed; boundary=\"=_b\"\n", body + "\n--=_b--\n"
}

func zipped(name, content string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create(name)
	io.WriteString(w, strings.Repeat(content+" filler ", 20))
	z.Close()
	return b.String()
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, strings.Repeat(s, 10))
	z.Close()
	return b.String()
}

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// mailbox is an mbox of n mails that hold the name, in all writings, and as
// many that do not.
func mailbox(n int) []byte {
	var b bytes.Buffer
	for i := range 2 * n {
		name := "Somebody Else"
		if i%2 == 0 {
			name = secretName
		}
		head, body := writings[i/2%len(writings)](name)
		fmt.Fprintf(&b, "From a@example.org Sat Jan  3 01:05:34 2015\nFrom: Ada <ada@example.org>\nTo: bob@example.org\nDate: Sat, %02d Jan 2015 %02d:%02d:00 +0000\nMessage-ID: <%d@example.org>\nMIME-Version: 1.0\n%s%s\n",
			3+i/(24*60), i/60%24, i%60, i, head, strings.ReplaceAll(body, "\nFrom ", "\n>From "))
	}
	return b.Bytes()
}

// newsroom is a desk with that mailbox, all of it published in two batches.
func newsroom(t testing.TB, mbox []byte) (desk, archive string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	desk, archive = filepath.Join(dir, "desk"), filepath.Join(dir, "archive")
	file := filepath.Join(dir, "drive.mbox")
	if err := os.WriteFile(file, mbox, 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "init", desk)
	do(t, "-C", desk, "ingest", file, "-c", "mail")
	do(t, "-C", desk, "commit", "mail")
	do(t, "-C", desk, "batch", "plan", "mail", "--every", "250")
	do(t, "-C", desk, "publish", "--yes", "--to", archive)
	return desk, archive
}

// verifies checks an archive in depth; that nobody told the log's key is no fault.
func verifies(t testing.TB, dir string) {
	t.Helper()
	var out, said bytes.Buffer
	if code := run(context.Background(), []string{"verify", dir, "--deep", "--allow", "unsigned"}, strings.NewReader(""), &out, &said); code != exitUnchecked {
		t.Fatalf("verify: exit %d\n%s%s", code, out.String(), said.String())
	}
}

// leaks looks for the name in every file of an archive.
func leaks(t testing.TB, dir string) []leak.Leak {
	t.Helper()
	return hunted(t, dir, leak.New([]string{secretName}, nil))
}

// hunted are the leaks that a hunt finds in every file of an archive.
func hunted(t testing.TB, dir string, hunt *leak.Hunt) (found []leak.Leak) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err == nil {
			err = hunt.In(strings.TrimPrefix(name, dir), b, func(l leak.Leak) { found = append(found, l) })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestARedactedNameIsNowhereInTheArchive takes a name out of 200 mails that are
// published: headers, bodies, HTML, attachments, quotes, in all encodings.
func TestARedactedNameIsNowhereInTheArchive(t *testing.T) {
	desk, dir := newsroom(t, mailbox(200))
	before := saying(t, dir)
	if n := len(leaks(t, dir)); n < 200 {
		t.Fatalf("the search finds the name at %d places before it is redacted, where it must stand in 200 mails", n)
	}
	sum := summaryOf(t, do(t, "-C", desk, "redact", "mail", "--words", secretName, "--reason", "privacy", "--json"))
	if sum["items"] != 200.0 || sum["out"] != 200.0 {
		t.Fatalf("redacted: %v", sum)
	}
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	for _, l := range leaks(t, dir) {
		t.Errorf("left: %+v", l)
	}
	verifies(t, dir)
	if n := saying(t, dir); n != before {
		t.Errorf("%d mails say %q, %d did before", n, plainWord, before)
	}
	rebuilt := filepath.Join(t.TempDir(), "archive")
	do(t, "-C", desk, "publish", "--yes", "--to", rebuilt)
	sameFiles(t, dir, rebuilt)
}

// saying counts the mails in which search finds the word that must stay.
func saying(t testing.TB, dir string) int {
	t.Helper()
	n, _ := summaryOf(t, do(t, "-C", dir, "search", plainWord, "--json"))["total"].(float64)
	return int(n)
}

// sameFiles wants the same files with the same bytes in two folders.
func sameFiles(t testing.TB, a, b string) {
	t.Helper()
	files := func(dir string) map[string]string {
		m := map[string]string{}
		_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				b, _ := os.ReadFile(name)
				m[strings.TrimPrefix(name, dir)] = string(b)
			}
			return err
		})
		return m
	}
	one, two := files(a), files(b)
	for name := range one {
		if one[name] != two[name] {
			t.Errorf("%s differs", name)
		}
	}
	if len(one) != len(two) || len(one) == 0 {
		t.Errorf("%d files and %d", len(one), len(two))
	}
}
