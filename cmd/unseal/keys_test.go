package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"unseal/material"
)

// signer is an RSA key with the exponent 3, whose signatures give it away fast.
type signer struct {
	pub rsa.PublicKey
	d   *big.Int
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	one := big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		n := new(big.Int).Mul(p, q)
		if d := new(big.Int).ModInverse(big.NewInt(3), phi); d != nil && n.BitLen() == 1024 {
			return &signer{rsa.PublicKey{N: n, E: 3}, d}
		}
	}
}

func (s *signer) Public() crypto.PublicKey { return &s.pub }

// Sign is RSASSA-PKCS1-v1_5 with SHA-256.
func (s *signer) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	tail := append([]byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"), digest...)
	block := append([]byte{0, 1}, slices.Repeat([]byte{0xff}, 128-3-len(tail))...)
	block = append(append(block, 0), tail...)
	return new(big.Int).Exp(new(big.Int).SetBytes(block), s.d, s.pub.N).FillBytes(make([]byte, 128)), nil
}

func (s *signer) record(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&s.pub)
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// mail is a signed mail.
func (s *signer) mail(t testing.TB, domain string, n int) string {
	t.Helper()
	text := fmt.Sprintf("From: Ann <ann@%s>\r\nTo: ben@example.net\r\nSubject: report %d\r\nDate: Mon, %d Jan 2015 10:00:00 +0000\r\nMessage-ID: <%d@%s>\r\n\r\nThe figures of day %d.\r\n",
		domain, n, 5+7*(n%3), n, domain, n)
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(text), &dkim.SignOptions{Domain: domain, Selector: "s1", Signer: s, Hash: crypto.SHA256,
		HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed", HeaderKeys: []string{"From", "To", "Subject", "Date"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// unseal runs a command line with --json and returns its lines.
func unseal(t testing.TB, want int, args ...string) (lines []map[string]any) {
	t.Helper()
	var out, errw bytes.Buffer
	if code := run(t.Context(), append(args, "--json", "--yes"), os.Stdin, &out, &errw); code != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, &out, &errw)
	}
	for line := range strings.Lines(out.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %v: %s", args, err, line)
		}
		lines = append(lines, v)
	}
	return lines
}

func last(lines []map[string]any) map[string]any { return lines[len(lines)-1] }

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// verdicts maps subjects to "verdict result cause".
func verdicts(t testing.TB, desk string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, l := range unseal(t, 0, "-C", desk, "list", "mail") {
		if l["message_type"] != "item" {
			continue
		}
		text := fmt.Sprint(l["verdict"])
		for _, s := range l["signatures"].([]any) {
			sig := s.(map[string]any)
			text += strings.TrimSuffix(fmt.Sprintf(" %v %v", sig["result"], sig["cause"]), " <nil>")
		}
		found[fmt.Sprint(l["subject"])] = text
	}
	return found
}

func wantVerdicts(t testing.TB, desk string, want map[string]string) {
	t.Helper()
	got := verdicts(t, desk)
	for subject, v := range want {
		if got[subject] != v {
			t.Errorf("%s: %q, want %q", subject, got[subject], v)
		}
	}
}

// From mails without a key to a recovered one, to the real one, up to
// publication, after which nothing is said otherwise.
func TestKeysAreRecoveredImportedAndJudgedWith(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := t.TempDir()
	desk, in := filepath.Join(dir, "desk"), filepath.Join(dir, "in")
	s, lone := newSigner(t), newSigner(t)
	for i := 1; i <= 4; i++ {
		write(t, in, fmt.Sprintf("%d.eml", i), s.mail(t, "example.org", i))
	}
	write(t, in, "changed.eml", strings.Replace(s.mail(t, "example.org", 5), "report 5", "report 55", 1))
	write(t, in, "body.eml", strings.Replace(s.mail(t, "example.org", 6), "day 6", "day 66", 1))
	write(t, in, "lone.eml", lone.mail(t, "example.com", 7)) // one alone gives no key
	for i := 8; i <= 9; i++ {                                // nor do two that were changed
		write(t, in, fmt.Sprintf("%d.eml", i), strings.Replace(lone.mail(t, "example.net", i), "report", "note", 1))
	}
	unseal(t, 0, "init", desk)
	unseal(t, 0, "-C", desk, "ingest", in, "-c", "mail")
	unknown := "unchecked nokey key unknown"
	wantVerdicts(t, desk, map[string]string{"report 1": unknown, "report 55": unknown, "report 7": unknown, "note 8": unknown})

	lines := unseal(t, 0, "-C", desk, "keys", "archive", "recover", "-c", "mail", "--max-bits", "512")
	if sum := last(lines); sum["names"] != 2.0 || sum["recovered"] != 1.0 || lines[1]["fits"] != 5.0 || lines[1]["signatures"] != 6.0 || lines[1]["bits"] != 1024.0 || lines[0]["fits"] != 0.0 {
		t.Errorf("recovered: %v", lines)
	}
	if sum := last(unseal(t, 0, "-C", desk, "keys", "archive", "recover", "-c", "mail", "--max-bits", "512")); sum["names"] != 1.0 || sum["recovered"] != 0.0 {
		t.Errorf("the second time: %v", sum)
	}
	shown := unseal(t, 0, "-C", desk, "keys", "archive", "show", "s1._domainkey.example.org")[0]
	if shown["recovered"] != true || shown["bits"] != 1024.0 || len(shown["witnesses"].([]any)) != 0 || !strings.Contains(fmt.Sprint(shown["note"]), "does not show whose key") {
		t.Errorf("shown: %v", shown)
	}
	wantVerdicts(t, desk, map[string]string{"report 1": unknown}) // not yet

	if sum := last(unseal(t, 0, "-C", desk, "keys", "judge", "--dry-run")); sum["changed"] != 6.0 {
		t.Errorf("dry run: %v", sum)
	}
	wantVerdicts(t, desk, map[string]string{"report 1": unknown})
	if sum := last(unseal(t, 0, "-C", desk, "keys", "judge", "-c", "mail")); sum["changed"] != 6.0 || sum["judged"] != 9.0 {
		t.Errorf("judged: %v", sum)
	}
	wantVerdicts(t, desk, map[string]string{
		"report 1": "unchecked nokey key recovered from signatures, not known whose", "report 55": "mismatch fail header changed",
		"report 6": "mismatch fail body changed", "report 7": unknown, "note 8": unknown})
	if sum := last(unseal(t, 0, "-C", desk, "keys", "judge")); sum["changed"] != 0.0 {
		t.Errorf("judged twice: %v", sum)
	}

	// The real record turns up after some of them are out.
	unseal(t, 0, "-C", desk, "commit", "mail")
	unseal(t, 0, "-C", desk, "batch", "new", "mail", "--items", "1-3")
	archive := filepath.Join(dir, "archive")
	unseal(t, 0, "-C", desk, "publish", "--to", archive)
	before := verdicts(t, desk)
	unseal(t, 0, "-C", desk, "keys", "archive", "import", write(t, dir, "dns.txt", "s1._domainkey.example.org "+s.record(t)+"\n"))
	status := unseal(t, 0, "-C", desk, "status")[0]
	if status["to_judge"] != 0.0 {
		t.Errorf("what was judged with a recovered key waits for no key: %v", status)
	}
	rep := last(unseal(t, 0, "-C", desk, "keys", "judge"))
	if rep["published"] != 3.0 || rep["judged"] != 6.0 {
		t.Errorf("judged after publication: %v", rep)
	}
	after, kept := verdicts(t, desk), 0
	for _, l := range unseal(t, 0, "-C", desk, "list", "mail") {
		subject := fmt.Sprint(l["subject"])
		switch {
		case l["state"] == "published" && after[subject] != before[subject]:
			t.Errorf("%s is published, and says %q where it said %q", subject, after[subject], before[subject])
		case l["state"] == "committed" && strings.HasPrefix(after[subject], "kept-key pass"):
			kept++
		}
	}
	if kept == 0 {
		t.Errorf("no mail has the kept key: %v", after)
	}
	unseal(t, 0, "-C", desk, "batch", "plan", "mail", "--every", "10")
	unseal(t, 0, "-C", desk, "publish", "--to", archive)
	unseal(t, 0, "verify", archive, "--log-key", filepath.Join(desk, "keys", "log.pub"), "--allow", "unsigned")
}

func TestStatusNamesWhatHasAKeyNow(t *testing.T) {
	dir := t.TempDir()
	desk, s := filepath.Join(dir, "desk"), newSigner(t)
	unseal(t, 0, "init", desk)
	unseal(t, 0, "-C", desk, "ingest", write(t, dir, "1.eml", s.mail(t, "example.org", 1)), "-c", "mail")
	unseal(t, 0, "-C", desk, "keys", "archive", "import", write(t, dir, "dns.txt", "s1._domainkey.example.org "+s.record(t)+"\n"))
	status := unseal(t, 0, "-C", desk, "status")[0]
	if status["to_judge"] != 1.0 || status["next"] != "Next: unseal keys judge -c mail" {
		t.Errorf("status: %v", status)
	}
	unseal(t, 0, "-C", desk, "keys", "judge")
	status = unseal(t, 0, "-C", desk, "status")[0]
	if status["to_judge"] != 0.0 || status["next"] != "Next: unseal commit mail" || fmt.Sprint(status["verdicts"]) != "map[kept-key:1]" {
		t.Errorf("status after judging: %v", status)
	}
}

func TestTheKeyArchiveIsShown(t *testing.T) {
	dir := t.TempDir()
	desk := filepath.Join(dir, "desk")
	unseal(t, 0, "init", desk)
	unseal(t, 0, "-C", desk, "keys", "archive", "import", write(t, dir, "own.json", `{"domain":"gmail.com","selector":"own","record":"p=","from":"2015-01-01T00:00:00Z","seen":[{"where":"x"}]}`))
	list := unseal(t, 0, "-C", desk, "keys", "archive", "list")
	if sum := last(list); sum["keys"].(float64) != sum["built_in"].(float64)+1 || sum["built_in"].(float64) < 30 {
		t.Errorf("list: %v", sum)
	}
	byName := map[string]map[string]any{}
	for _, l := range unseal(t, 0, "-C", desk, "keys", "archive", "show", "Gmail.com.") {
		if l["message_type"] == "item" {
			byName[fmt.Sprint(l["name"])] = l
		}
	}
	if k := byName["20120113._domainkey.gmail.com"]; k["built_in"] != true || k["bits"] != 2048.0 || len(k["witnesses"].([]any)) != 2 {
		t.Errorf("of Gmail: %v", k)
	}
	if k := byName["own._domainkey.gmail.com"]; k["built_in"] != false || k["bits"] != 0.0 {
		t.Errorf("our own: %v", k)
	}
	if k := byName["gamma._domainkey.gmail.com"]; k["gone"] == nil || k["record"] != nil {
		t.Errorf("gone: %v", k)
	}
	unseal(t, exitFailed, "-C", desk, "keys", "archive", "show", "nowhere.example")

	for name, want := range map[string][]string{
		"20120113._domainkey.gmail.com": {"2048 bits", "second witness  yes, 2 sources", "not known from when to when", "built in"},
		"own._domainkey.gmail.com":      {"revoked", "second witness  none", "from 1 Jan 2015 to not known"},
		"gamma._domainkey.gmail.com":    {"gone since  28 Oct 2016"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), []string{"-C", desk, "keys", "archive", "show", name}, os.Stdin, &out, io.Discard); code != 0 {
			t.Fatalf("%s: exit %d", name, code)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s does not say %q:\n%s", name, w, &out)
			}
		}
	}
}

func TestASingleMailIsJudgedWithAnyFormOfKey(t *testing.T) {
	dir := t.TempDir()
	s, other := newSigner(t), newSigner(t)
	mail := write(t, dir, "m.eml", s.mail(t, "example.org", 1))
	twice := write(t, dir, "twice.eml", strings.Replace(other.mail(t, "example.com", 2), "DKIM-Signature", "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=x; h=from; bh=AAAA; b=AAAA\r\nDKIM-Signature", 1))
	rec := s.record(t)
	half := len(rec) / 2
	for form, text := range map[string]string{
		"bare.txt":  rec + "\n",
		"short.txt": fmt.Sprintf("%q %q\n", rec[:half], rec[half:]),
		"lines.txt": "s1._domainkey.example.org " + rec + "\n",
		"zone.txt":  fmt.Sprintf("$ORIGIN example.org.\ns1._domainkey 300 IN TXT ( %q\n %q )\n", rec[:half], rec[half:]),
		"dig.txt":   fmt.Sprintf(";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n\n;; ANSWER SECTION:\ns1._domainkey.example.org. 300 IN TXT %q %q\n\n;; SERVER: 192.0.2.1#53\n;; WHEN: Sun Oct 09 10:07:06 UTC 2016\n", rec[:half], rec[half:]),
		"json.txt":  fmt.Sprintf(`{"s1._domainkey.example.org": %q}`, rec),
	} {
		sum := last(unseal(t, 0, "verify", mail, "--key", write(t, dir, form, text)))
		keys, _ := sum["keys"].([]any)
		if sum["verdict"] != "kept-key" || len(keys) != 1 || keys[0].(map[string]any)["name"] != "s1._domainkey.example.org" {
			t.Errorf("%s: %v", form, sum)
		}
	}
	wrong := write(t, dir, "wrong.txt", other.record(t))
	if sum := last(unseal(t, exitMismatch, "verify", mail, "--key", wrong)); sum["verdict"] != "mismatch" {
		t.Errorf("another key: %v", sum)
	}
	if sum := last(unseal(t, 0, "verify", twice, "--key", wrong)); sum["verdict"] != "kept-key" {
		t.Errorf("the key of the second signature: %v", sum)
	}
	unseal(t, exitUnchecked, "verify", mail)
	unseal(t, exitFailed, "verify", mail, "--key", write(t, dir, "empty.txt", "nothing here\n"))

	desk := filepath.Join(dir, "desk")
	unseal(t, 0, "init", desk)
	unseal(t, 0, "-C", desk, "keys", "archive", "import", filepath.Join(dir, "lines.txt"))
	if sum := last(unseal(t, 0, "-C", desk, "verify", mail)); sum["verdict"] != "kept-key" {
		t.Errorf("with the desk's own key: %v", sum)
	}
}

// The mails of CASES.md on signatures that are in the corpora, one by one.
func TestVerifyJudgesTheSurprisingCases(t *testing.T) {
	dir := material.Corpora(t)
	all := filepath.Join(dir, "email-dkim", "keys", "keys.json")
	for _, c := range []struct {
		number     int
		file, keys string // keys: beside the corpora's folder; empty: those built in
		exit       int
		verdict    string
		said       string
	}{
		{3, "email-dkim/mail-auth/dkim/002.stripped.eml", "email-dkim/mail-auth/dkim/002.txt", 0, "kept-key", "pass"},
		{3, "email-dkim/mail-auth/dkim/006.stripped.eml", "email-dkim/mail-auth/dkim/006.txt", 0, "kept-key", "pass"},
		{4, "email-dkim/dkim_verifier/original/Fastmail from Fastmail - Welcome! Get set up in 3 steps..eml", "", 0, "kept-key", "expired since"},
		{6, "email-dkim/crymap/dkim-lingl-rsa-sha1.eml", "", 0, "kept-key", "weak algorithm"},
		{7, "email-mime/public-single/git-list-2007-gb18030.eml", "", exitUnchecked, "unchecked", "draft syntax"},
		{8, "email-mime/tika-mail/testRFC822_normal_zip", "", exitMismatch, "mismatch", "body changed"},
		{8, "email-mime/tika-mail/testRFC822_encrypted_zip", "", exitMismatch, "mismatch", "body changed"},
		{9, "email-dkim/dkim_verifier/dkim/added_header-date.eml", all, 0, "kept-key", "ambiguous headers"},
		{9, "email-dkim/dkim_verifier/dkim/added_header-subject.eml", all, 0, "kept-key", "ambiguous headers"},
	} {
		args := []string{"verify", filepath.Join(dir, filepath.FromSlash(c.file))}
		if c.keys != "" {
			if !filepath.IsAbs(c.keys) && c.keys != all {
				c.keys = filepath.Join(dir, filepath.FromSlash(c.keys))
			}
			args = append(args, "--key", c.keys)
		}
		sum := last(unseal(t, c.exit, args...))
		if said := fmt.Sprint(sum["signatures"]); sum["verdict"] != c.verdict || !strings.Contains(said, c.said) {
			t.Errorf("case %d, %s: %v %s; want %s, %s", c.number, c.file, sum["verdict"], said, c.verdict, c.said)
		}
	}
}
