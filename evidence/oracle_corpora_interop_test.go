package evidence_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/evidence"
	"unseal/material"
)

// realDisagreements are the signed mails of the corpora on which dkimpy and
// OpenDKIM disagree, each with the case of decision 021 that decides it.
var realDisagreements = map[string]string{
	"email-dkim/mail-auth/dkim/002.stripped.eml":  "bare PKCS#1 key",
	"email-dkim/mail-auth/dmarc-feedback/100.eml": "last line without an end, relaxed",
}

// On real mails dkimpy, OpenDKIM and we agree, signature by signature, unless
// the tables of decision 021 name the case. One that has expired by now is
// refused by the two tools, whatever else there is to it.
func TestVerifiersAgreeOnRealMails(t *testing.T) {
	keys := corporaKeys(t, "keys.json")
	records := map[string]string{}
	for _, k := range keys.All() {
		if _, twice := records[k.Name()]; !twice && k.Record != "" {
			records[k.Name()] = strings.Join(strings.Fields(k.Record), " ")
		}
	}
	var paths []string
	for path, want := range material.Truth[truthFile](t, "") {
		if len(want.DKIM) > 0 && want.Type == "eml" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	mails := make([]evidence.OracleMail, len(paths))
	for i, path := range paths {
		mails[i] = evidence.NewOracleMail(mailOf(t, path), records)
	}
	for _, name := range realDisagreements {
		if !bytes.Contains(readFile(t, "..", "docs", "decisions", "021-dkim-disagreements.md"), []byte("\n| "+name+" |")) {
			t.Errorf("no table names %q", name)
		}
	}
	theirs, others := evidence.Dkimpy(t, mails), evidence.OpenDKIM(t, mails)
	left, judged := maps.Clone(realDisagreements), 0
	for i, path := range paths {
		for n, s := range evidence.Examine(mailOf(t, path), keys, testNow).Signatures {
			ours := string(s.Outcome)
			if !s.Expires.IsZero() && s.Expires.Before(time.Now()) {
				ours = string(evidence.Fail)
			}
			py, od := "fail", "fail"
			if n < len(theirs[i]) {
				py = theirs[i][n]
			}
			if n < len(others[i]) && others[i][n] != "none" {
				od = others[i][n]
			}
			if judged++; py == od && py == ours {
				continue
			}
			if left[path] == "" || py == od {
				t.Errorf("%s, signature %d (%s %s): dkimpy %s, OpenDKIM %s, we %s %s", path, n, s.Domain, s.Selector, py, od, s.Outcome, s.Said())
			}
			delete(left, path)
		}
	}
	for path, name := range left {
		t.Errorf("%s: no disagreement (%s)", path, name)
	}
	t.Logf("%d signatures of %d mails", judged, len(paths))
}
