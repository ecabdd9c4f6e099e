package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"unseal/material"
)

// commandsOf are the lines to paste that a page shows, by their heading.
func commandsOf(t testing.TB, body string) map[string]string {
	t.Helper()
	found, heading := map[string]string{}, ""
	for n := range parsePage(t, body).Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "h3":

			heading = content(n)
		case "pre":
			found[heading] += content(n) + "\n"
		}
	}
	return found
}

// content is the text of an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// readersFolder is a folder into which a reader has saved what the page of a
// proof offers, under the names that the site suggests.
func readersFolder(t *testing.T, f *fixtureSite, page string) string {
	t.Helper()
	dir := t.TempDir()
	for n := range parsePage(t, f.page(t, page)).Descendants() {
		to := attribute(n, "href")
		if n.Type != html.ElementNode || !regexp.MustCompile(`\.(eml|proof|tlog-proof|py|signed|body)$`).MatchString(to) {
			continue
		}
		w := f.get(t, resolve(t, page, to))
		name := regexp.MustCompile(`filename="?([^"]+)"?$`).FindStringSubmatch(w.Header().Get("Content-Disposition"))
		if w.Code != 200 || name == nil {
			t.Fatalf("%s: %d, %q", to, w.Code, w.Header())
		}
		must(t, os.WriteFile(filepath.Join(dir, name[1]), w.Body.Bytes(), 0o644))
	}
	return dir
}

// paste runs lines in a folder as a reader's shell does, and returns what they
// print; it fails the test if ok is not how they end.
func paste(t *testing.T, dir, lines string, ok bool) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", lines)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if (err == nil) != ok {
		t.Errorf("%s\nends in %v, and prints:\n%s", lines, err, out)
	}
	return string(out)
}

// needTools skips aloud where one of the tools that the page names is not here.
func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range append(names, "bash") {
		material.Program(t, name)
	}
}

// toolLines are the headings of the lines for other people's tools.
const (
	digestLines    = "The bytes: sha256sum"
	pythonLines    = "The commitment and its place in the log: Python, without further modules, then openssl for the log's signature"
	logLines       = "The entry in the log: torchwood"
	keyLines       = "The key, as DNS had it"
	signatureLines = "The signature: Verified OK, or Signature Verified Successfully"
	bodyLines      = "The hash of the body"
)

// TestTheLinesForOtherPeoplesToolsWork pastes what the page prints, over items
// of every kind, and then over bytes that were changed.
func TestTheLinesForOtherPeoplesToolsWork(t *testing.T) {
	needTools(t, "sha256sum", "openssl", "python3", "sed")
	f := newFixture(t)
	for _, n := range []int{plainNumber, arabicNumber, attachmentNumber, wideNumber, emptyNumber, threadFirst, lastNumber} {
		page := fmt.Sprintf("/c/mail/%d/verify", n)
		dir, lines := readersFolder(t, f, page), commandsOf(t, f.page(t, page))
		python := strings.ReplaceAll(lines[pythonLines], "KEY", "'"+f.logKey+"'")
		paste(t, dir, lines[digestLines], true)
		if said := paste(t, dir, python, true); !strings.Contains(said, fmt.Sprintf("MATCHES: mail no. %d, edition 1, one of %d fixed on 2016-09-01T00:00:00Z", n, committedCount)) || !strings.Contains(said, "Signature Verified Successfully") {
			t.Errorf("item %d: %s", n, said)
		}
		name := filepath.Join(dir, fmt.Sprintf("mail-%d.eml", n))
		raw, err := os.ReadFile(name)
		must(t, err)
		raw[len(raw)/2] ^= 1
		must(t, os.WriteFile(name, raw, 0o644))
		paste(t, dir, lines[digestLines], false)
		if said := paste(t, dir, python, false); !strings.Contains(said, "DOES NOT MATCH") {
			t.Errorf("changed item %d: %s", n, said)
		}
	}
}

// TestTheScriptRefusesForgedProofs changes every line of a proof file.
func TestTheScriptRefusesForgedProofs(t *testing.T) {
	needTools(t, "python3")
	f := newFixture(t)
	dir := readersFolder(t, f, "/c/mail/12/verify")
	proof, err := os.ReadFile(filepath.Join(dir, "mail-12.proof"))
	must(t, err)
	lines := strings.Split(string(proof), "\n")
	for i, line := range lines[:len(lines)-3] { // the signature is for openssl
		if line == "" {
			continue
		}
		changed := []byte(line)
		changed[max(0, len(changed)-3)] ^= 3
		forged := append(append(append([]string{}, lines[:i]...), string(changed)), lines[i+1:]...)
		must(t, os.WriteFile(filepath.Join(dir, "forged.proof"), []byte(strings.Join(forged, "\n")), 0o644))
		paste(t, dir, "python3 check.py mail-12.eml forged.proof", false)
	}
	paste(t, dir, "python3 check.py mail-11.eml mail-12.proof", false)
	paste(t, dir, "python3 check.py mail-12.eml mail-12.proof 'other.example+00000000+AAAA'", false)
	paste(t, dir, "python3 check.py mail-12.eml mail-12.proof", true)
}

// TestTheLinesForOpensslCheckTheSender pastes them for signatures of each kind,
// and for a mail whose body was changed.
func TestTheLinesForOpensslCheckTheSender(t *testing.T) {
	needTools(t, "openssl", "sed")
	keys, mails := signedMails(t)
	f := mailSite(t, keys, mails...)
	for _, name := range signedNames {
		if name == "unknown" {
			continue
		}
		page := fmt.Sprintf("/c/mail/%d/verify", 1+slices.Index(signedNames, name))
		dir, body := readersFolder(t, f, page), f.page(t, page)
		lines := commandsOf(t, body)
		paste(t, dir, lines[keyLines], true)
		said := paste(t, dir, lines[signatureLines], name != "header")
		if verified := strings.Contains(said, "Verified OK") || strings.Contains(said, "Signature Verified Successfully"); verified != (name != "header") {
			t.Errorf("%s: %s", name, said)
		}
		hash := strings.TrimSpace(paste(t, dir, lines[bodyLines], true))
		if match := strings.Contains(body, "It must print") && strings.Contains(content(parsePage(t, body)), "first file: "+hash+"."); match != (name != "changed") {
			t.Errorf("%s: the body's hash is %s", name, hash)
		}
	}
	if w := f.get(t, "/c/mail/1/dkim/2.signed"); w.Code != 404 {
		t.Errorf("a signature that is not there: %d", w.Code)
	}
}

// TestTheLinesForOpensslCheckRealSenders pastes them for every real mail that is
// valid on its page; some carry a second signature that is not.
func TestTheLinesForOpensslCheckRealSenders(t *testing.T) {
	needTools(t, "openssl", "sed")
	f, number := realSite(t)
	checked := 0
	for path, n := range number {
		page := fmt.Sprintf("/c/mail/%d/verify", n)
		body := f.page(t, page)
		if !strings.Contains(panelOf(t, body), "Signature valid") {
			continue
		}
		dir := readersFolder(t, f, page)
		for _, section := range opensslSections(t, body) {
			lines := commandsOf(t, section)
			valid := strings.Contains(section, "This page found: valid.")
			said := paste(t, dir, lines[keyLines]+lines[signatureLines]+"true\n", valid)
			hash := strings.TrimSpace(paste(t, dir, lines[bodyLines], true))
			same := strings.Contains(content(parsePage(t, section)), "first file: "+hash+".")
			if (same && !strings.Contains(said, "failure")) != valid {
				t.Errorf("%s: the page says valid %t, openssl: %s, body hash %s", path, valid, said, hash)
			}
			checked++
		}
	}
	t.Logf("%d signatures were checked with openssl", checked)
	if checked < 15 {
		t.Errorf("only %d signatures were checked", checked)
	}
}

// opensslSections are the parts of a page for one signature each.
func opensslSections(t testing.TB, body string) (list []string) {
	t.Helper()
	for n := range parsePage(t, body).Descendants() {
		if n.Type == html.ElementNode && n.Data == "section" && strings.HasPrefix(attribute(n, "aria-labelledby"), "dkim") {
			var b strings.Builder
			must(t, html.Render(&b, n))
			list = append(list, b.String())
		}
	}
	return list
}

// TestTheLinesForTorchwoodCheckTheEntry builds the tool at the release that the
// page names, which is the one of our own go.mod.
func TestTheLinesForTorchwoodCheckTheEntry(t *testing.T) {
	needTools(t, "openssl", "sed", "go")
	spicy := filepath.Join(t.TempDir(), "spicy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", spicy, "filippo.io/torchwood/cmd/spicy").CombinedOutput(); err != nil {
		material.Missing(t, "torchwood: "+string(out))
	}
	mod, err := os.ReadFile("../go.mod")
	must(t, err)
	release := spicyTool[strings.IndexByte(spicyTool, '@')+1:]
	if !strings.Contains(string(mod), "filippo.io/torchwood "+release) {
		t.Errorf("go.mod does not hold torchwood %s, which the page names", release)
	}
	f := newFixture(t)
	page := fmt.Sprintf("/c/mail/%d/verify", threadFirst)
	dir := readersFolder(t, f, page)
	lines := strings.ReplaceAll(commandsOf(t, f.page(t, page))[logLines], spicyTool, spicy)
	lines = strings.ReplaceAll(lines, "KEY", "'"+f.logKey+"'")
	paste(t, dir, lines, true)
	entry, err := os.ReadFile(filepath.Join(dir, "entry"))
	must(t, err)
	if !strings.Contains(string(entry), fmt.Sprintf(`"number":%d,`, threadFirst)) {
		t.Errorf("the entry is %s", entry)
	}
	must(t, os.WriteFile(filepath.Join(dir, "entry"), append(entry, ' '), 0o644))
	paste(t, dir, lines[strings.Index(lines, spicy):], false)
}
