package demo

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/text/encoding/charmap"
)

func open(t testing.TB) (*story, map[string][]copied) {
	t.Helper()
	s, err := readStory()
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := s.mailboxes()
	if err != nil {
		t.Fatal(err)
	}
	return s, boxes
}

// copiesOf lists what the mailboxes hold of a letter.
func copiesOf(t testing.TB, boxes map[string][]copied, id string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for box, list := range boxes {
		for _, c := range list {
			if c.id == id {
				found[box] = c.bytes
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no mailbox holds %s", id)
	}
	return found
}

func TestTroveHasTheSameBytesOnEachRun(t *testing.T) {
	first, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 { // the second time over the first
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range first {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s: written otherwise than made (%v)", f.Path, err)
		}
	}
	n := 0
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if n != len(first) {
		t.Errorf("%d files written, %d made", n, len(first))
	}
	for _, d := range Deliveries() {
		if _, err := os.Stat(filepath.Join(dir, d.Path)); err != nil {
			t.Errorf("listed, not written: %v", err)
		}
	}
	if seed("a") == seed("b") || LogSeed == Secret {
		t.Error("the seeds do not differ")
	}
}

var host = regexp.MustCompile(`(?:@|https?://|mailto:[^@]*@)((?:[\w-]+\.)+[a-z]+)`)

// Nobody who exists is written about or written to.
func TestEveryAddressIsFictional(t *testing.T) {
	s, boxes := open(t)
	var all strings.Builder
	for _, l := range s.letters {
		all.WriteString(s.text(l))
	}
	for _, list := range boxes {
		for _, c := range list {
			all.Write(c.bytes)
		}
	}
	for _, p := range people {
		all.WriteString(" " + p.Addr)
	}
	found := host.FindAllStringSubmatch(all.String(), -1)
	if len(found) < 500 {
		t.Fatalf("only %d addresses found, the test looks in the wrong place", len(found))
	}
	reserved := regexp.MustCompile(`^([\w-]+\.)*example\.(org|com|net)$`)
	for _, m := range found {
		if !reserved.MatchString(m[1]) {
			t.Errorf("%s is not a reserved name", m[0])
		}
	}
	if reserved.MatchString("example.org.uk") || reserved.MatchString("badexample.org") {
		t.Error("control: a name that could exist passed")
	}
}

// What is meant to be sound is read by the standard library to the text and
// the files that the story holds.
func TestSoundMailsAreWellFormed(t *testing.T) {
	s, boxes := open(t)
	sound := 0
	for _, list := range boxes {
		for _, c := range list {
			if slices.Contains([]string{"missing-end", "broken-charset", "raw-8bit", "list", "newsletter", "html", "encrypted"}, c.form) || c.altered != nil || c.badDate {
				continue
			}
			sound++
			m, err := mail.ReadMessage(bytes.NewReader(c.bytes))
			if err != nil {
				t.Errorf("%s: %v", c.id, err)
				continue
			}
			if _, err := m.Header.Date(); err != nil {
				t.Errorf("%s: %v", c.id, err)
			}
			if _, err := m.Header.AddressList("To"); err != nil {
				t.Errorf("%s: To: %v", c.id, err)
			}
			if subject := decodeWords(t, m.Header.Get("Subject")); subject != c.subject {
				t.Errorf("%s: subject reads %q, written as %q", c.id, subject, c.subject)
			}
			leaves, err := walk(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
			if err != nil {
				t.Errorf("%s: %v", c.id, err)
			} else if want := c.charset == "utf-8" && c.crlf == nil; want && leaves[0] != s.text(c.letter) {
				t.Errorf("%s: text reads %q, written as %q", c.id, leaves[0], s.text(c.letter))
			} else if n := len(leaves); n < 1+len(c.attach) {
				t.Errorf("%s: %d parts, has %d attachments", c.id, n, len(c.attach))
			}
		}
	}
	if sound < 80 {
		t.Errorf("only %d sound mails looked at", sound)
	}
}

func decodeWords(t *testing.T, s string) string {
	t.Helper()
	dec := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		if charset != "windows-1256" {
			return nil, errors.New("charset " + charset)
		}
		return charmap.Windows1256.NewDecoder().Reader(r), nil
	}}
	out, err := dec.DecodeHeader(s)
	if err != nil {
		t.Fatalf("subject %q: %v", s, err)
	}
	return out
}

// walk returns the decoded leaves of a body.
func walk(typ, encoding string, body io.Reader) ([]string, error) {
	media, params, err := mime.ParseMediaType(typ)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(media, "multipart/") {
		b, err := io.ReadAll(decoder(encoding, body))
		return []string{string(b)}, err
	}
	var leaves []string
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return leaves, nil
		} else if err != nil {
			return nil, err
		}
		more, err := walk(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, more...)
	}
}

func decoder(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}

// verdict asks a second implementation: "valid", "unchecked", "unsigned", "mismatch".
func verdict(t *testing.T, msg []byte, keys map[string]string) string {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(msg), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if txt, ok := keys[name]; ok {
			return []string{txt}, nil
		}
		return nil, errNoKey
	}})
	switch {
	case err != nil:
		t.Fatal(err)
	case len(found) == 0:
		return "unsigned"
	case found[0].Err == nil:
		return "valid"
	case strings.Contains(found[0].Err.Error(), errNoKey.Error()):
		return "unchecked"
	}
	return "mismatch"
}

var errNoKey = errors.New("no such key was kept")

// keptKeys reads Keys as its receiver does.
func keptKeys(t *testing.T) map[string]string {
	t.Helper()
	var kept map[string][]struct{ TXT string }
	if err := json.Unmarshal(Keys(), &kept); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for name, records := range kept {
		keys[name] = records[0].TXT
	}
	return keys
}

func TestSignaturesAreOfEachState(t *testing.T) {
	_, boxes := open(t)
	kept := keptKeys(t)
	every := map[string]string{} // also the key that nobody kept
	for _, k := range signingKeys {
		every[k.selector+"._domainkey."+k.domain] = k.record()
	}
	counts := map[string]int{}
	for box, list := range boxes {
		for _, c := range list {
			want := "valid"
			switch {
			case c.sign == "none":
				want = "unsigned"
			case c.altered != nil && c.altered.box == box, c.form == "missing-end", c.form == "list" && c.from != box:
				want = "mismatch"
			}
			if got := verdict(t, c.bytes, every); got != want {
				t.Errorf("%s of %s with every key: %s, want %s", c.id, box, got, want)
			}
			if c.sign == "quay" {
				want = "unchecked"
			}
			if got := verdict(t, c.bytes, kept); got != want {
				t.Errorf("%s of %s with the kept keys: %s, want %s", c.id, box, got, want)
			}
			counts[want]++
		}
	}
	for state, least := range map[string]int{"valid": 40, "unchecked": 5, "unsigned": 10, "mismatch": 4} {
		if counts[state] < least {
			t.Errorf("%d mails are %s, want %d or more", counts[state], state, least)
		}
	}
	t.Log(counts)
}

// One word changed in a signed mail is noticed, so "valid" above means something.
func TestSpoiltMailDoesNotMatch(t *testing.T) {
	_, boxes := open(t)
	msg := copiesOf(t, boxes, "outcome-15")["edith"]
	spoilt := bytes.Replace(msg, []byte("twenty years"), []byte("thirty years"), 1)
	if got := verdict(t, spoilt, keptKeys(t)); bytes.Equal(msg, spoilt) || got != "mismatch" {
		t.Errorf("a spoilt mail is %s", got)
	}
}

// The mailbox file gives back each mail byte for byte.
func TestMboxHoldsTheExactBytes(t *testing.T) {
	_, boxes := open(t)
	parts := regexp.MustCompile(`(?m)^From \S+@\S+ .*\n`).Split(string(mboxFile(boxes["edith"])), -1)[1:]
	if len(parts) != len(boxes["edith"]) {
		t.Fatalf("%d mails in the mbox, %d in the mailbox", len(parts), len(boxes["edith"]))
	}
	quoted := 0
	for i, p := range parts {
		plain := regexp.MustCompile(`(?m)^>(>*From )`).ReplaceAllString(p, "$1")
		want := string(boxes["edith"][i].bytes)
		if !strings.HasSuffix(want, "\n") { // the one that breaks off in a line
			want += "\n"
		}
		if plain != want+"\n" {
			t.Errorf("%s comes back changed", boxes["edith"][i].id)
		}
		if plain != p {
			quoted++
		}
	}
	if quoted == 0 {
		t.Error("no mail has a line that begins with \"From \", so nothing was shown")
	}
}

// What the demonstration promises to hold is there.
func TestTroveHoldsWhatIsHardToRead(t *testing.T) {
	s, boxes := open(t)
	same := copiesOf(t, boxes, "annex-1")
	if !bytes.Equal(same["edith"], same["nadia"]) {
		t.Error("annex-1 differs between two mailboxes, and should not")
	}
	for _, id := range []string{"budget-2", "sediment-9", "annex-21", "outcome-4", "annex-16", "outcome-12"} {
		c := copiesOf(t, boxes, id)
		if len(c) != 2 || bytes.Equal(c["edith"], c["luc"]) && c["nadia"] == nil || bytes.Equal(c["edith"], c["nadia"]) && c["luc"] == nil {
			t.Errorf("%s: want two copies with different bytes, have %d", id, len(c))
		}
	}
	thread := 0
	for _, l := range s.letters {
		root := l
		for s.byID[root.reply] != nil {
			root = s.byID[root.reply]
		}
		if root.id == "annex-1" {
			thread++
		}
	}
	if thread < 15 {
		t.Errorf("the long thread has %d mails", thread)
	}
	if l := s.byID["annex-17"]; s.byID[l.reply] != nil || len(s.ancestors(l)) != 1 {
		t.Error("annex-17 should answer a mail that is not there")
	}
	for _, words := range []struct{ id, box, words string }{
		{"press-11", "edith", "%E2%80%AE"},
		{"annex-14", "edith", "BEGIN PGP MESSAGE"},
		{"news-1", "nadia", "<script"},
		{"outcome-12", "edith", "Abril"},
		{"tender-12", "luc", "\r\n"},
		{"press-9", "nadia", "caf\xe9"},
		{"press-10", "edith", "Harbour affair – request"},
		{"sediment-10", "edith", "boundary="},
		{"annex-4", "edith", "\n>>> "},
		{"annex-8", "nadia", "format=flowed"},
		{"tender-9", "luc", "windows-1256"},
	} {
		if !bytes.Contains(copiesOf(t, boxes, words.id)[words.box], []byte(words.words)) {
			t.Errorf("%s has no %q", words.id, words.words)
		}
	}
	broken := copiesOf(t, boxes, "sediment-10")["edith"]
	if bytes.HasSuffix(bytes.TrimSpace(broken), []byte("--")) {
		t.Error("sediment-10 should break off before its last boundary")
	}
	if bytes.Contains(copiesOf(t, boxes, "outcome-7")["nadia"], []byte("Message-ID")) {
		t.Error("outcome-7 should have no Message-ID")
	}
}

func TestZipHoldsOneMailTwice(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == "haddad.zip" })
	r, err := zip.NewReader(bytes.NewReader(files[i].Data), int64(len(files[i].Data)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]int{}
	for _, f := range r.File {
		seen[f.CRC32]++
	}
	if len(seen) == len(r.File) {
		t.Error("every member is different")
	}
}

// A mistake in the story is an error that names it, not a mail that is wrong.
func TestMistakesInTheStoryAreNamed(t *testing.T) {
	for what, text := range map[string]string{
		"no such field": "x\nfrom: luc\nto: edith\ndate: 2019-01-01 10:00\nmood: bad\n\nText",
		"was | is":      "x\nfrom: luc\ndate: 2019-01-01 10:00\naltered: edith\n\nText",
		"without":       "x\nfrom: luc\nto: edith\n\nText",
		"parsing time":  "x\nfrom: luc\ndate: soon\n\nText",
	} {
		s := &story{byID: map[string]*letter{}}
		if err := s.add(text); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q gives %v, want an error with %q", text, err, what)
		}
	}
	s, _ := open(t)
	for what, change := range map[string]func(*letter){
		"no such form": func(l *letter) { l.form = "papyrus" },
		"no charset":   func(l *letter) { l.charset, l.body = "runes", "é" },
		"no key":       func(l *letter) { l.sign = "wax" },
		"not in the":   func(l *letter) { l.altered = &alteration{"edith", "not there", "x"} },
	} {
		l := *s.byID["tender-2"]
		change(&l)
		if _, err := s.copyFor(&l, "edith"); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want an error with %q", err, what)
		}
	}
}
