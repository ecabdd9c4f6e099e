package redact

import (
	"slices"
	"strings"
	"testing"
)

// The negative controls: a search that overlooks one kind of place is caught
// by package leak, which therefore would catch ours.
func TestPlacesLeftOutAreCaught(t *testing.T) {
	all := writings(t)
	for _, name := range []string{"base64", "qp", "B word", "rfc 2231", "html", "utf-16", "url", "json", "embedded b64", "uuencoded", "zero width"} {
		if got := leaks(t, all[name], hiddenWord); len(got) == 0 {
			t.Errorf("%s: nothing is hidden, and nothing is found", name)
		}
	}
	raw := bodyOf("Subject: "+hiddenWord+"\r\nContent-Transfer-Encoding: base64\r\n", b64("some text, then "+hiddenWord))
	f := find(t, raw, Selection{Words: []string{hiddenWord}})
	for name, skip := range map[string]func(p Place) bool{
		"base64":  func(p Place) bool { return p.Base64 },
		"headers": func(p Place) bool { return p.Part == "" },
	} {
		places := slices.DeleteFunc(slices.Clone(f.Places), skip)
		if len(places) == len(f.Places) {
			t.Errorf("%s: there is no such place in %+v", name, f.Places)
		}
		if got := leaks(t, string(hide([]byte(raw), places)), hiddenWord); len(got) == 0 {
			t.Errorf("a search that skips %s is not caught", name)
		}
	}
}

// The second look finds what the first did not lead back to its bytes.
func TestTheSecondLookHidesWhatIsLeft(t *testing.T) {
	raw := []byte(bodyOf("Subject: "+hiddenWord+"\r\n", "at "+hiddenWord+" today"))
	q := NewQuotes([]string{hiddenWord}, nil)
	hits := remains(raw, "mail", q, nil)
	left := string(hide(raw, places(raw, hits)))
	if strings.Contains(left, "Quimper") || !strings.HasPrefix(left, "From: a@example.org\r\nMIME-Version: 1.0\r\n") {
		t.Errorf("left:\n%s", left)
	}
	if again := remains(raw, "mail", q, q.scan(raw, "mail").hits); len(again) > 0 {
		t.Errorf("the second look finds %+v after a good first one", again)
	}
}
