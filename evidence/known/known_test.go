package known_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unseal/evidence"
	"unseal/evidence/keyfile"
	"unseal/evidence/known"
	"unseal/material"
	"unseal/trove"
)

var at = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestEveryKeyIsUsableAndHasItsSource(t *testing.T) {
	all := known.Keys().All()
	for _, k := range all {
		switch {
		case k.Record == "":
			if k.Gone.IsZero() || k.Note == "" {
				t.Errorf("%s: neither a record nor when and by whom it was found gone", k.Name())
			}
		case k.Bits() == 0:
			t.Errorf("%s: %v", k.Name(), k.Fault())
		case len(k.Seen) == 0 || k.Seen[0].Where == "" || k.Seen[0].Where == "built in":
			t.Errorf("%s: no source", k.Name())
		}
		if k.Current(at) {
			t.Errorf("%s counts as given by DNS itself", k.Name())
		}
		if strings.HasSuffix(k.Domain, "example.com") {
			t.Errorf("%s is a key of examples, which everybody has", k.Name())
		}
	}
	for _, name := range []string{"20120113._domainkey.gmail.com", "20120113._domainkey.google.com", "s2048._domainkey.yahoo.com",
		"q20140121._domainkey.comcast.net", "google._domainkey.hillaryclinton.com", "dccckey._domainkey.dccc.org"} {
		selector, domain, _ := strings.Cut(name, "._domainkey.")
		if len(known.Keys().Lookup(domain, selector, at)) == 0 {
			t.Errorf("%s is not there", name)
		}
	}
}

func TestTheTextIsInItsOwnCanonicalForm(t *testing.T) {
	got, err := keyfile.Encode(known.Keys())
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("keys.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("keys.ndjson is not as keyfile.Encode writes it")
	}
}

// The set against what was gathered: the same records under the same names.
func TestRecordsAreThoseGathered(t *testing.T) {
	b := corpus(t, "email-dkim", "keys", "keys.json")
	gathered, errs := keyfile.Parse(b, "keys.json")
	for _, err := range errs {
		t.Error(err)
	}
	var all evidence.Keys
	for _, k := range gathered {
		all.Add(k)
	}
	for _, k := range known.Keys().All() {
		if k.Record == "" {
			continue
		}
		found := all.Lookup(k.Domain, k.Selector, at)
		if len(found) == 0 || found[0].Record != k.Record && found[len(found)-1].Record != k.Record {
			t.Errorf("%s: not the record that was gathered", k.Name())
		}
	}
}

// Real mails with these keys alone: their senders' signatures hold, and the two
// that were edited by hand do not.
func TestRealMailsAreJudgedWithBuiltInKeys(t *testing.T) {
	type expectation struct {
		Type string
		DKIM []struct{ D, S, Result string }
	}
	keys, domains := known.Keys(), map[string]bool{}
	for path, f := range material.Truth[expectation](t, "") {
		if f.Type != "eml" || len(f.DKIM) == 0 {
			continue
		}
		r := evidence.Examine(corpus(t, filepath.FromSlash(path)), keys, at)
		if r.Verdict == trove.Valid {
			t.Errorf("%s: a kept key made it valid without saying so", path)
		}
		for _, s := range r.Signatures {
			if s.Outcome == evidence.Pass {
				domains[s.Domain] = true
			}
			for _, want := range f.DKIM {
				if strings.EqualFold(want.D, s.Domain) && want.S == s.Selector && s.Outcome != evidence.NoKey && string(s.Outcome) != want.Result && len(f.DKIM) == 1 {
					t.Errorf("%s: %s of %s, want %s", path, s.Outcome, s.Domain, want.Result)
				}
			}
		}
		if strings.HasSuffix(path, "_zip") && (r.Verdict != trove.Mismatch || r.Signatures[0].Cause != evidence.BodyChanged) {
			t.Errorf("%s: %s %s", path, r.Verdict, r.Signatures[0].Said())
		}
	}
	if len(domains) < 10 {
		t.Errorf("signatures of %d domains hold, want 10 or more: %v", len(domains), domains)
	}
}

// corpus reads a file of the real-world material; the test skips aloud without it.
func corpus(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{material.Corpora(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
