package redact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
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

// In the characters of base64 a short word stands by accident: it must not
// cost a line of a picture.
func TestShortWordsInEncodedBytesAreNoMatch(t *testing.T) {
	picture := bodyOf("Subject: ask mark about it\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n", "iVBORw0KGgoMarkAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ4829\r\n")
	for name, sel := range map[string]Selection{"word": {Words: []string{"mark"}}, "expression": {Text: regexp.MustCompile(`(?i)mark|\d{4}`)}} {
		if f := find(t, picture, sel); len(f.Places) != 1 || f.Places[0].Base64 {
			t.Errorf("%s: places %+v, want that in the subject", name, f.Places)
		}
	}
}

// What is no mail is one body.
func TestItemsOfOtherKinds(t *testing.T) {
	content := "one " + hiddenWord + " two"
	f, err := Find([]byte(content), trove.Doc, Selection{Words: []string{hiddenWord}})
	if err != nil || string(hide([]byte(content), f.Places)) != "one [redacted] two" {
		t.Errorf("text: %+v, %v", f.Places, err)
	}
	pdf := pdfOf("BT (" + "Quimperle Harbour" + ") Tj ET")
	f, err = Find([]byte(pdf), trove.Doc, Selection{Words: []string{hiddenWord}})
	if err != nil || string(hide([]byte(pdf), f.Places)) != "[redacted]" {
		t.Errorf("PDF: %+v, %v", f.Places, err)
	}
	if f, err = Find([]byte(noise(100)), trove.Image, Selection{Words: []string{hiddenWord}}); !errors.Is(err, ErrNothing) || len(f.Opaque) != 1 {
		t.Errorf("picture: %+v, %v", f, err)
	}
}

func TestLimitsOfItems(t *testing.T) {
	if _, err := Find(make([]byte, MaxItem+1), trove.File, Selection{Words: []string{"x"}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an item over the limit: %v, want ErrTooLarge", err)
	}
	if _, err := NewQuotes([]string{hiddenWord}, nil).Find(make([]byte, MaxItem+1), trove.File); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an item over the limit: %v, want ErrTooLarge", err)
	}
	long := hiddenWord + strings.Repeat(" and other words", maxTracked/16)
	f := find(t, bodyOf("", long), Selection{Words: []string{hiddenWord}})
	if p := f.Places[0]; len(f.Places) != 1 || int(p.To-p.From) != len(long) {
		t.Errorf("a text that is too long to be led back: places %+v, want all of it", f.Places)
	}
	for _, sel := range []Selection{{Bytes: [2]int64{5, 1000}}, {Bytes: [2]int64{-1, 2}}, {Bytes: [2]int64{3, 2}}, {Part: &trove.Part{Offset: 3, Length: 1000}}} {
		if _, err := Find([]byte("0123456789"), trove.File, sel); !errors.Is(err, ErrRange) {
			t.Errorf("%+v: %v, want ErrRange", sel, err)
		}
	}
}

// A mail that cannot be walked to its end is read as text behind it.
func TestTextBeyondTheLimitsOfAWalkIsFound(t *testing.T) {
	deep := "Content-Transfer-Encoding: base64\r\n\r\n" + b64("some text, then "+hiddenWord+" and so on") + "\r\n\r\nplain " + hiddenWord + "\r\n"
	for i := range body.MaxDepth + 2 {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, deep, i)
	}
	many := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", body.MaxParts+1) + "--b\r\n\r\nplain " + hiddenWord
	long := "X: " + strings.Repeat("x", mime.MaxHeader) + " " + hiddenWord + "\r\n\r\nplain " + hiddenWord
	for name, raw := range map[string]string{"depth": deep, "parts": many, "header": long} {
		if _, err := body.Walk([]byte(raw)); err == nil {
			t.Errorf("%s: it can be walked, and shows nothing", name)
		}
		f := find(t, raw, Selection{Words: []string{hiddenWord}})
		if got := leaks(t, string(hide([]byte(raw), f.Places)), hiddenWord); len(got) > 0 {
			t.Errorf("%s: still there: %v", name, got)
		}
	}
}
