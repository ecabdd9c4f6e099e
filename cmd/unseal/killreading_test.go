package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestKilledReadingGoesOn kills ingest in its second pass, and a redo of what is
// published: run again, the end is that of a run that was not stopped, down to
// every byte of the archive. So nothing that was read is lost or there twice.
func TestKilledReadingGoesOn(t *testing.T) {
	k := newKiller(t, "")
	trove, one := k.papers()
	begun := k.empty()
	k.must(begun, "ingest", "-c", "harbour", one)
	begun = k.secretOf(begun)
	ingest := []string{"ingest", "-c", "harbour", trove}
	rest := [][]string{{"commit", "harbour"}, {"batch", "plan", "harbour", "--every", "40"}, publishing}
	out := k.after(begun, append([][]string{ingest}, rest...)...)
	k.kills([]stage{
		{name: "ingest", job: job{from: begun, args: ingest, then: rest}},
		{name: "outcomes", job: job{from: begun, args: ingest, then: rest, only: "set outcomes", n: 4}},
		{name: "redo", job: job{from: out, args: []string{"redo", "-c", "harbour", "--kind", "chain", "--set", "dates=mdy"}, then: [][]string{publishing}}},
	})
}

// papers writes a folder of texts, chains and a mail with files, and a mail
// beside it.
func (k *killer) papers() (folder, one string) {
	folder, one = filepath.Join(k.dir, "papers"), filepath.Join(k.dir, "one.eml")
	const head = "From: Ada <ada@example.org>\nDate: Mon, 5 Jan 2015 10:00:00 +0000\nMessage-ID: <%s@example.org>\nSubject: Papers\n"
	files := map[string]string{
		one: fmt.Sprintf(head, "one") + "\nThe papers follow.\n",
		filepath.Join(folder, "with.eml"): fmt.Sprintf(head, "with") + "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n\nHere.\n" +
			"--cut\nContent-Disposition: attachment; filename=plan.txt\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("The plan of the quay")) + "\n--cut--\n",
	}
	for i := range 5 {
		files[filepath.Join(folder, fmt.Sprintf("letter-%d.txt", i))] = fmt.Sprintf("Letter %d about the quay", i)
		files[filepath.Join(folder, fmt.Sprintf("chain-%d.txt", i))] = fmt.Sprintf("05/06/20, 10:0%d - Mary: the wall\n06/06/20, 10:07 - Omar: which wall?\n", i)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		k.t.Fatal(err)
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
	return folder, one
}
