package mail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"unseal/material"
	"unseal/trove"
)

// expectation is what truth.json says of one file.
type expectation struct {
	Kind, Type  string
	SHA256      string
	Strict      bool
	Subject     *string
	From        []string
	DateUTC     string `json:"date_utc"`
	MessageID   string `json:"message_id"`
	LeafParts   int    `json:"leaf_parts"`
	Nested      int    `json:"nested_messages"`
	Text        string `json:"text_contains"`
	Attachments []struct{ Name, Type, SHA256 string }
}

// eachMail calls fn for every mail of the corpora, in order of their names.
func eachMail(t testing.TB, fn func(path string, raw []byte, want expectation)) {
	dir, truth := material.Corpora(t), material.Truth[expectation](t, "email-")
	var names []string
	for name, e := range truth {
		if e.Type == "eml" || e.Type == "emlx" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		fn(name, raw, truth[name])
	}
}

// TestStrictMailsEqualTheTruth compares as the acceptance check "truth" does.
func TestStrictMailsEqualTheTruth(t *testing.T) {
	n, good := 0, 0
	eachMail(t, func(path string, raw []byte, want expectation) {
		if !want.Strict {
			return
		}
		rec, text := Parse(raw)
		n++
		if why := difference(rec, text, want); len(why) > 0 {
			t.Errorf("%s: %s", path, strings.Join(why, "; "))
		} else {
			good++
		}
	})
	t.Logf("%d of %d strict mails equal", good, n)
	if n < 300 {
		t.Errorf("only %d strict mails found", n)
	}
}

var addressRE = regexp.MustCompile(`[^\s<>",;()]+@[^\s<>",;()]+`)

func difference(rec trove.Record, text string, want expectation) (why []string) {
	if want.Subject != nil && fold(rec.Subject) != fold(*want.Subject) {
		why = append(why, "subject "+rec.Subject+", want "+*want.Subject)
	}
	if got := rec.Date.Format("2006-01-02T15:04:05Z"); strings.HasSuffix(want.DateUTC, "Z") && got != want.DateUTC {
		why = append(why, "date "+got+", want "+want.DateUTC)
	}
	if want.MessageID != "" && rec.MessageID != strings.Trim(want.MessageID, "<> ") {
		why = append(why, "message id "+rec.MessageID+", want "+want.MessageID)
	}
	shown, _ := json.Marshal(rec.From)
	from := map[string]bool{}
	for _, a := range addressRE.FindAllString(strings.ToLower(string(shown)), -1) {
		from[a] = true
	}
	for _, f := range want.From {
		if !from[strings.ToLower(f)] {
			why = append(why, "from "+string(shown)+", want "+f)
		}
	}
	digests := map[string]bool{}
	for _, p := range rec.Parts {
		digests[p.SHA256.String()] = true
	}
	for _, a := range want.Attachments {
		if a.SHA256 != "" && !digests[a.SHA256] {
			why = append(why, "attachment "+a.Name+" ("+a.Type+") missing")
		}
	}
	if !strings.Contains(fold(text), fold(want.Text)) {
		why = append(why, "text does not contain "+want.Text)
	}
	return why
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestEveryMailIsReadInTime(t *testing.T) {
	eachMail(t, func(path string, raw []byte, want expectation) {
		begin := time.Now()
		rec, text := Parse(raw)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s took %v", path, took)
		}
		if err := promised(raw, rec, text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
}
