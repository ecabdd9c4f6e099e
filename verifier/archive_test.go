package verifier

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"unseal/trove"
)

// program is the command line, built for one test.
type program string

func newProgram(t *testing.T) program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "unseal")
	out, err := exec.Command("go", "build", "-o", file, "unseal/cmd/unseal").CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return program(file)
}

func (p program) run(t *testing.T, args ...string) []byte {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(string(p), args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("unseal %q: %v:\n%s%s", args, err, out, &said)
	}
	return out
}

// TestThePageChecksWhatAnArchiveHolds makes an archive with the program, redacts
// a name in it, and gives the page that the archive carries, for every sixth
// item, the item, its proof and the archive's keys.
func TestThePageChecksWhatAnArchiveHolds(t *testing.T) {
	b := newBrowser(t)
	unseal, dir := newProgram(t), t.TempDir()
	desk, public := filepath.Join(dir, "demo", "desk"), filepath.Join(dir, "demo", "archive")
	unseal.run(t, "demo", "--no-serve", "--dir", filepath.Join(dir, "demo"))
	read := func(path ...string) []byte {
		content, err := os.ReadFile(filepath.Join(path...))
		must(t, err)
		return content
	}
	page, keys, key := read(public, "verify.html"), read(public, "keys.json"), string(bytes.TrimSpace(read(desk, "keys", "log.pub")))
	if !bytes.Equal(page, Page) {
		t.Error("the archive carries another page")
	}
	ask := func() (map[string]int, map[string]int) {
		var proofs []vector
		var mails []mailVector
		for n := 1; n <= 93; n += 6 {
			name := fmt.Sprint("harbour/", n)
			content := unseal.run(t, "-C", public, "cat", name)
			proofs = append(proofs, vector{name, unseal.run(t, "-C", public, "proof", "make", name), content, key, nil})
			mails = append(mails, mailVector{name, content, keys})
		}
		return b.compare(t, proofs), b.compareMail(t, mails)
	}
	matches, verdicts := ask()
	if len(matches) != 1 || matches["matches"] < 15 || verdicts[string(trove.KeptKey)] < 5 {
		t.Errorf("%v, %v", matches, verdicts)
	}
	unseal.run(t, "-C", desk, "redact", "harbour/1", "--words", "Edith Marlowe", "--reason", "privacy", "--yes")
	unseal.run(t, "-C", desk, "publish", "--to", public, "--yes")
	matches, verdicts = ask()
	if len(matches) != 1 || matches["matches"] < 15 || verdicts["mismatch"]+verdicts["unchecked"] < 5 {
		t.Errorf("after a redaction: %v, %v", matches, verdicts)
	}
	item, proof := filepath.Join(dir, "1.eml"), filepath.Join(dir, "1.proof")
	must(t, os.WriteFile(item, unseal.run(t, "-C", public, "cat", "harbour/1"), 0o644))
	must(t, os.WriteFile(proof, unseal.run(t, "-C", public, "proof", "make", "harbour/1"), 0o644))
	b.answers(t, form{item: item, proof: proof, logKey: key, keys: filepath.Join(public, "keys.json")}, "Matches", "harbour/1, edition 2, batch 1", "places", "Redacted copy")
	b.quiet(t)
}
