package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"unseal/material"
	"unseal/mime"
)

// The two verifiers that most of the world's mail is judged by: dkimpy, and
// OpenDKIM in its test mode. They run as they come, and neither asks DNS.

// OracleMail is a mail with CRLF line ends and the records that exist.
type OracleMail struct {
	Raw     string            `json:"raw"`     // one character for each byte (latin-1)
	Records map[string]string `json:"records"` // by full name
}

// NewOracleMail gives a mail the line ends it had when it was signed.
func NewOracleMail(raw []byte, records map[string]string) OracleMail {
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	runes := make([]rune, len(raw))
	for i, c := range raw {
		runes[i] = rune(c)
	}
	return OracleMail{string(runes), records}
}

func (m OracleMail) bytes() []byte {
	var b []byte
	for _, r := range m.Raw {
		b = append(b, byte(r))
	}
	return b
}

const dkimpyScript = `
import sys, json, logging, dkim
logging.disable(logging.CRITICAL)
for line in sys.stdin:
    m = json.loads(line)
    raw, records = m["raw"].encode("latin-1"), m["records"]
    missing = []
    def txt(name, timeout=5):
        name = (name.decode() if isinstance(name, bytes) else name).rstrip(".").lower()
        if name not in records: missing.append(name)
        r = records.get(name)
        return r.encode("utf-8", "surrogateescape") if r is not None else None
    out = []
    try:
        n = len([h for h, _ in dkim.DKIM(raw).headers if h.lower() == b"dkim-signature"])
    except Exception as e:
        n = 0
    for i in range(n):
        del missing[:]
        try:
            r = "pass" if dkim.DKIM(raw).verify(idx=i, dnsfunc=txt) else "fail"
        except Exception as e:
            r = "fail"
        out.append("nokey" if r == "fail" and missing else r)
    print(json.dumps(out))
`

// python is an interpreter that has dkimpy.
func python(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("other verifiers take their time")
	}
	for _, name := range []string{os.Getenv("UNSEAL_PYTHON"), "python3", "/usr/bin/python3"} {
		if name != "" && exec.Command(name, "-c", "import dkim, nacl").Run() == nil {
			return name
		}
	}
	material.Missing(t, "python3 with dkimpy (Debian: python3-dkim python3-nacl)")
	return ""
}

// Dkimpy judges each DKIM-Signature field of each mail, top down: pass, fail or
// nokey. It skips the test, aloud, where dkimpy is not installed.
func Dkimpy(t testing.TB, mails []OracleMail) [][]string {
	t.Helper()
	var in bytes.Buffer
	for _, m := range mails {
		if err := json.NewEncoder(&in).Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python(t), "-c", dkimpyScript)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dkimpy: %v", err)
	}
	var results [][]string
	for line := range strings.Lines(string(out)) {
		var r []string
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("dkimpy says %q", line)
		}
		results = append(results, r)
	}
	if len(results) != len(mails) {
		t.Fatalf("dkimpy judged %d of %d mails", len(results), len(mails))
	}
	return results
}

const openDKIM = "/usr/sbin/opendkim"

// oneResult is what OpenDKIM writes of one signature into the field
// Authentication-Results that it would add.
var oneResult = regexp.MustCompile(`dkim=(\w+)(?: reason="([^"]*)")?.*header\.b=("?[^;"\s]*)`)

// OpenDKIM judges like Dkimpy. A signature that it does not report is "none".
func OpenDKIM(t testing.TB, mails []OracleMail) [][]string {
	t.Helper()
	if _, err := os.Stat(openDKIM); err != nil {
		material.Missing(t, openDKIM+" (Debian: opendkim)")
	}
	var results [][]string
	for i, m := range mails {
		results = append(results, openDKIMOne(t, i, m))
	}
	return results
}

func openDKIMOne(t testing.TB, n int, m OracleMail) (list []string) {
	t.Helper()
	dir := t.TempDir()
	var keys strings.Builder
	for name, record := range m.Records {
		fmt.Fprintf(&keys, "%s %s\n", name, record)
	}
	conf := "Mode v\nSyslog no\nLogWhy yes\nInternalHosts /dev/null\nTestPublicKeys " + dir + "/keys\n"
	for name, text := range map[string]string{"keys": keys.String(), "conf": conf, "mail": string(m.bytes())} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := exec.Command(openDKIM, "-x", dir+"/conf", "-vvv", "-t", dir+"/mail").CombinedOutput()
	found := oneResult.FindAllStringSubmatch(string(out), -1)
	for _, s := range Examine(m.bytes(), nil, now).Signatures {
		result, signed := "none", removeFWS(tagsAt(t, m.bytes(), s.Offset).get("b"))
		for i, f := range found {
			if b := strings.Trim(f[3], `"`); b != "" && strings.HasPrefix(signed, b) {
				result, found = openDKIMWord(f), slices.Delete(found, i, i+1)
				break
			}
		}
		list = append(list, result)
	}
	return list
}

// tagsAt are those of the signature field at an offset.
func tagsAt(t testing.TB, raw []byte, offset int) tagList {
	t.Helper()
	header, err := mime.ReadHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(header.Fields, func(f mime.Field) bool { return f.Offset == offset })
	tags, _ := parseTags(string(header.Fields[at].Value()))
	return tags
}

func openDKIMWord(f []string) string {
	switch {
	case f[1] == "pass":
		return "pass"
	case strings.Contains(f[2], "not found"):
		return "nokey"
	}
	return "fail"
}
