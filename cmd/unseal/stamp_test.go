package main

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unseal/evidence/timestamp/tsatest"
	"unseal/trove"
)

// TestTheLogIsStampedAndVerifyTellsWhoSaysSo goes the reader's way: a time
// stamping authority on this machine, one who gives its proof by hand, one that
// is not there, and verify with and without the authority's certificate.
func TestTheLogIsStampedAndVerifyTellsWhoSaysSo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	desk, arch := filepath.Join(dir, "desk"), filepath.Join(dir, "archive")
	a := tsatest.New(t)
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Write(a.Answer(b, at))
	}))
	defer s.Close()
	unseal(t, exitDone, "init", desk)
	unseal(t, exitDone, "-C", desk, "ingest", write(t, dir, "1.eml", "From: ada@example.org\nDate: Fri, 4 Mar 2016 05:06:07 +0000\n\nThe wall.\n"), "-c", "mail")
	unseal(t, exitDone, "-C", desk, "commit", "mail")
	unseal(t, exitDone, "-C", desk, "batch", "new", "mail", "--items", "1-1")
	unseal(t, exitDone, "-C", desk, "publish", "--to", arch, "--yes")

	unseal(t, exitUsage, "-C", desk, "log", "stamp", "--to", arch)
	sum := last(unseal(t, exitPartly, "-C", desk, "log", "stamp", "--to", arch, "--tsa", s.URL, "--tsa", "http://127.0.0.1:1/"))
	if sum["kept"] != 1.0 || sum["asked"] != 2.0 {
		t.Errorf("%v", sum)
	}
	text := filepath.Join(dir, "checkpoint.txt")
	unseal(t, exitDone, "-C", arch, "log", "stamp", "--text", text)
	b, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	other := tsatest.New(t)
	digest := trove.Sum(b)
	byHand := write(t, dir, "checkpoint.tsr", string(other.Token(tsatest.Statement{Digest: digest[:]})))
	lines := unseal(t, exitDone, "-C", arch, "log", "stamp", "--from", byHand)
	if p, _ := lines[0]["path"].(string); !strings.HasSuffix(p, "-2.tsr") {
		t.Errorf("%v", lines)
	}

	root := write(t, dir, "root.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Certificate.Raw})))
	key := filepath.Join(desk, "keys", "log.pub")
	sum = last(unseal(t, exitDone, "verify", arch, "--log-key", key, "--allow", "unsigned", "--tsa-cert", root))
	times, _ := sum["times"].([]any)
	if len(times) != 2 || sum["findings"] != 0.0 {
		t.Fatalf("%v", sum)
	}
	known := 0
	for _, v := range times {
		if m := v.(map[string]any); m["result"] == "pass" && strings.Contains(m["cause"].(string), "which was given for the check") && m["time"] == "2026-05-06T07:08:09Z" {
			known++
		}
	}
	if known != 1 {
		t.Errorf("%v", times)
	}
	if err := os.WriteFile(filepath.Join(arch, "log", "timestamps", "1.tsr"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	unseal(t, exitMismatch, "verify", arch, "--log-key", key, "--allow", "unsigned")
}

func TestTimesAreToldInWords(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for want, s := range map[string]trove.OtherSignature{
		"the log of 8 entries existed on 2026-05-06T07:08:09Z, says Test TSA: certificate given for the check": {
			Type: trove.RFC3161, Result: "pass", Signer: "Test TSA", Time: at, Cause: "certificate given for the check"},
		"the log of 8 entries: a timestamp that states 2026-05-06T07:08:09Z could not be checked: certificate of the authority unknown": {
			Type: trove.RFC3161, Result: "nokey", Time: at, Cause: "certificate of the authority unknown"},
		"the log of 8 entries commits to Bitcoin block 7": {Type: trove.OpenTimestamps, Result: "nokey", Cause: "commits to Bitcoin block 7"},
	} {
		if got := timeWords(8, s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
