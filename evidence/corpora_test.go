package evidence_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/evidence"
	"unseal/evidence/keyfile"
	"unseal/material"
	"unseal/trove"
)

func readFile(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// corporaKeys is the corpora's key archive, through our own parser.
func corporaKeys(t testing.TB, name string) *evidence.Keys {
	t.Helper()
	list, errs := keyfile.Parse(readFile(t, material.Corpora(t), "email-dkim", "keys", name), name)
	for _, err := range errs {
		t.Error(err)
	}
	var keys evidence.Keys
	for _, k := range list {
		keys.Add(k)
	}
	return &keys
}

type truthFile struct {
	Type string
	DKIM []struct {
		D, S, A, Result string
	}
	Agree *bool `json:"dkim_agree"`
	ARC   struct {
		CV string
	} `json:"arc_dkimpy"`
	ARCSets int `json:"arc_sets"`
}

var testNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// mailOf is the exact bytes of a file that holds one mail; some of the corpora
// stand in one-message mboxes.
func mailOf(t testing.TB, path string) []byte {
	return readFile(t, material.Corpora(t), filepath.FromSlash(path))
}

func TestRealSignaturesAreJudgedAsTheTruthSays(t *testing.T) {
	for _, list := range []string{"keys.json", "keys.txt"} {
		keys := corporaKeys(t, list)
		judged := 0
		for path, want := range material.Truth[truthFile](t, "") {
			if len(want.DKIM) == 0 || want.Type != "eml" {
				continue
			}
			r := evidence.Examine(mailOf(t, path), keys, testNow)
			var expected, got []string
			for _, s := range want.DKIM {
				expected = append(expected, s.D+" "+s.S+" "+s.A+" "+s.Result)
			}
			for _, s := range r.Signatures {
				got = append(got, s.Domain+" "+s.Selector+" "+s.Algorithm+" "+string(s.Outcome))
			}
			slices.Sort(expected)
			slices.Sort(got)
			if judged++; !slices.Equal(expected, got) {
				t.Errorf("%s:\nwant %v\ngot  %v", path, expected, got)
			}
		}
		t.Logf("%s: %d signed mails", list, judged)
		if judged < 60 {
			t.Errorf("only %d signed mails: is the truth whole?", judged)
		}
	}
}

// The cases of CASES.md that concern signatures.
func TestSurprisingCases(t *testing.T) {
	keys := corporaKeys(t, "keys.json")
	for _, c := range []struct {
		path    string
		outcome evidence.Outcome
		said    string
		verdict trove.Verdict
	}{
		{"email-dkim/mail-auth/dkim/002.stripped.eml", evidence.Pass, "signed later", trove.KeptKey}, // case 3: bare PKCS#1
		{"email-dkim/dkim_verifier/original/Fastmail from Fastmail - Welcome! Get set up in 3 steps..eml", evidence.Pass, "expired since", trove.KeptKey},
		{"email-dkim/crymap/dkim-lingl-rsa-sha1.eml", evidence.Pass, "weak algorithm", trove.KeptKey},
		{"email-mime/public-single/git-list-2007-gb18030.eml", evidence.Fail, "draft syntax", trove.Unchecked},
		{"email-mime/tika-mail/testRFC822_normal_zip", evidence.Fail, "body changed", trove.Mismatch},
		{"email-mime/tika-mail/testRFC822_encrypted_zip", evidence.Fail, "body changed", trove.Mismatch},
		{"email-dkim/dkim_verifier/rfc6376-A.2-body_modified.eml", evidence.Fail, "body changed", trove.Mismatch},
		{"email-dkim/dkim_verifier/rfc6376-A.2-header_subject_modified.eml", evidence.Fail, "header changed", trove.Mismatch},
		{"email-dkim/dkim_verifier/rfc8463-A.3-key_algo_mismatch.eml", evidence.Fail, "key mismatch", trove.Mismatch},
		{"email-dkim/dkim_verifier/dkim/added_header-subject.eml", evidence.Pass, "ambiguous headers", trove.KeptKey},
		{"email-dkim/dkim_verifier/dkim/added_header-date.eml", evidence.Pass, "ambiguous headers", trove.KeptKey},
	} {
		r := evidence.Examine(mailOf(t, c.path), keys, testNow)
		s := r.Signatures[0]
		if s.Outcome != c.outcome || s.Said() != c.said || r.Verdict != c.verdict {
			t.Errorf("%s: %s %q %s, want %s %q %s", c.path, s.Outcome, s.Said(), r.Verdict, c.outcome, c.said, c.verdict)
		}
	}
}

// The ARC suite of ValiMail states, for each message, the chain's state by
// RFC 8617; where a sealer itself stated cv=fail it states none, since the
// chain ends there and no further seal may be added.
func TestARCSuite(t *testing.T) {
	dir := filepath.Join(material.Corpora(t), "email-dkim", "arc_test_suite")
	var expected map[string]struct {
		CV string `json:"expected_cv"`
	}
	if err := json.Unmarshal(readFile(t, dir, "arc-expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, scenario := range arcScenarios(readFile(t, dir, "tests", "arc-draft-validation-tests.yml")) {
		var keys evidence.Keys
		for name, record := range scenario.records {
			selector, domain, _ := strings.Cut(name, "._domainkey.")
			keys.Add(evidence.Key{Domain: domain, Selector: selector, Record: record})
		}
		for name, message := range scenario.messages {
			chain := evidence.Examine([]byte(message), &keys, testNow).Chain
			got := string(chain.Status)
			switch chain.Status {
			case "", evidence.ChainEnded:
				got = "none"
			case evidence.ChainNoKey: // the suite gives all keys that there are
				got = "fail"
			}
			if want := expected[name].CV; got != want {
				t.Errorf("%s: %s (instance %d: %s), want %s", name, got, chain.Instance, chain.Detail, want)
			}
			run++
		}
	}
	if run != len(expected) || run < 171 {
		t.Errorf("ran %d of %d cases", run, len(expected))
	}
}

type arcScenario struct {
	messages, records map[string]string
}

// arcScenarios reads as much YAML as the suite uses: block texts by indentation.
func arcScenarios(data []byte) []arcScenario {
	var all []arcScenario
	for _, doc := range bytes.Split(data, []byte("\n---")) {
		sc := arcScenario{map[string]string{}, map[string]string{}}
		var test, section string
		lines := strings.Split(string(doc), "\n")
		for i := 0; i < len(lines); i++ {
			line := lines[i]
			indent := len(line) - len(strings.TrimLeft(line, " "))
			key, value, isKey := strings.Cut(strings.TrimSpace(line), ":")
			if !isKey || strings.HasPrefix(line, "#") {
				continue
			}
			value = strings.TrimSpace(value)
			var block []string
			if value == "|" || value == ">-" {
				for ; i+1 < len(lines); i++ {
					next := lines[i+1]
					if trimmed := strings.TrimLeft(next, " "); trimmed != "" && len(next)-len(trimmed) <= indent {
						break
					}
					block = append(block, next)
				}
			}
			switch {
			case indent == 0:
				section = key
			case section == "tests" && indent == 2:
				test = key
			case section == "tests" && key == "message":
				sc.messages[test] = literal(block)
			case section == "txt-records" && indent == 2:
				var b strings.Builder
				for _, l := range block {
					b.WriteString(strings.TrimSpace(l) + " ")
				}
				if sc.records[key] = strings.TrimSpace(b.String()); block == nil {
					sc.records[key] = strings.Trim(value, `"'`)
				}
			}
		}
		all = append(all, sc)
	}
	return all
}

// literal is a YAML block text: the indentation of its first line taken off,
// one line end at its end.
func literal(block []string) string {
	indent := 0
	for _, l := range block {
		if t := strings.TrimLeft(l, " "); t != "" {
			indent = len(l) - len(t)
			break
		}
	}
	var b strings.Builder
	for _, l := range block {
		b.WriteString(l[min(indent, len(l)):] + "\r\n")
	}
	text := strings.TrimRight(b.String(), "\r\n")
	if text == "" {
		return ""
	}
	return text + "\r\n"
}

// The chains of the other real mails, as dkimpy saw them, where it had keys
// that we have too.
func TestRealChains(t *testing.T) {
	keys := corporaKeys(t, "keys.json")
	for path, want := range material.Truth[truthFile](t, "") {
		if want.ARCSets == 0 {
			continue
		}
		chain := evidence.Examine(mailOf(t, path), keys, testNow).Chain
		t.Logf("%s: %s %d %s; dkimpy: %s", path, chain.Status, chain.Instance, chain.Detail, want.ARC.CV)
		if chain.Status == evidence.ChainPass && want.ARC.CV == "fail" && !strings.HasSuffix(path, "arc/002.stripped.eml") {
			t.Errorf("%s: passes, dkimpy says %s", path, want.ARC.CV)
		}
		if chain.Status == evidence.ChainFail && want.ARC.CV == "pass" {
			t.Errorf("%s: %s, dkimpy says pass", path, chain.Detail)
		}
	}
}
