package intake

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMailsAreFoundByContent(t *testing.T) {
	emlxOf := func(mail string) string { return fmt.Sprintf("%d\n%s<?xml version=\"1.0\"?>", len(mail), mail) }
	for text, want := range map[string]shape{
		"From: a@b\nTo: c@d\nSubject: x\n\nbody":                       isMail,
		"Received: from x\n\tby y\n\nbody":                             isMail,
		"\n\nReturn-Path: <a@b>\nFrom: a\n\nx":                         isMail,
		"X-Thing: 1\nMessage-ID : <a@b>\n\nx":                          isMail,
		"Subject: alone\n\nbody":                                       isMail,
		"Content-Type: multipart/mixed; boundary=x\n\n--x":             isMail,
		"From: a\nthis line is broken\nTo: b\nDate: c\n\nx":            isMail,
		"From a@b Thu Jan  1 00:00:00 2015\nSubject: x\n\nbody":        isMbox,
		emlxOf("From: a@b\nTo: c@d\n\nbody"):                           isEmlx,
		"":                                                             isOther,
		"hello":                                                        isOther,
		"12345\nhello":                                                 isOther,
		"Name: x\nVersion: 1\nSummary: a package\n\nFrom: a\nTo: b\n":  isOther,
		"Subject: x":                                                   isOther,
		"key: value\nother: value\ndate: 2020\n":                       isOther,
		"HTTP/1.1 200 OK\nContent-Type: text/html\nDate: x\n\n":        isOther,
		"<html><body>From: a\nTo: b</body></html>":                     isOther,
		"BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n":                isOther,
		"From: a@b\nTo: c@d\nDear Bob,\nhow are you?\nBest,\nAnna\n\n": isOther,
	} {
		if got := detect([]byte(text)); got != want {
			t.Errorf("%.60q is taken for %s, want %s", text, got, want)
		}
	}
}

func TestEmlxEndsWhereItsCountSays(t *testing.T) {
	const mail = "From: a@b\nTo: c@d\n\nbody\n"
	for text, want := range map[string]bool{
		fmt.Sprintf("%d\n%s<?xml", len(mail), mail):           true,
		fmt.Sprintf("%d      \r\n%s\n<?xml", len(mail), mail): true,
		fmt.Sprintf("%d\n%s", len(mail), mail):                true,
		fmt.Sprintf("%d\n%s<?xml", len(mail)-3, mail):         false,
		fmt.Sprintf("%d\n%s", len(mail)+1, mail):              false,
		"99999999999999999999\n" + mail:                       false,
	} {
		off, n, ok := emlx(bytes.NewReader([]byte(text)), int64(len(text)), []byte(text))
		if ok != want || ok && text[off:off+n] != mail {
			t.Errorf("%q: %d+%d, %v", text, off, n, ok)
		}
		if !ok && text[off:off+n] != text[strings.IndexByte(text, '\n')+1:] {
			t.Errorf("%q: %d+%d is not all that follows the count", text, off, n)
		}
	}
}

func TestOwnerOf(t *testing.T) {
	for path, want := range map[string]string{
		"maildir/lay-k/inbox/1.":          "lay-k",
		"x/maildir/lay-k/sent_items/a/1.": "lay-k",
		"home/anna/Maildir/cur/1:2,S":     "anna",
		"home/anna/Maildir/.Sent/cur/1":   "anna",
		"Maildir/cur/1":                   "",
		"anna/inbox/1.eml":                "anna",
		"anna/Sent Mail/1.eml":            "anna",
		"anna/inbox.mbox":                 "anna",
		"anna/Inbox":                      "anna",
		"anna/cur/1:2,":                   "anna",
		"inbox/1":                         "",
		"mail.mbox":                       "",
		"a/b/c.eml":                       "",
	} {
		if got := OwnerOf(path); got != want {
			t.Errorf("OwnerOf(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestShownPathsAreOneLineAndDistinct(t *testing.T) {
	seen := map[string]string{}
	for raw, want := range map[string]string{
		"a/b c.eml":     "a/b c.eml",
		"é\u00a0ü":      "é\u00a0ü",
		`a\b`:           `a\b`,
		"a\nb":          `a\x0ab`,
		`a\x0ab`:        `a\x5cx0ab`,
		"\xff\xfe":      `\xff\xfe`,
		"gpj.\u202eexe": `gpj.\xe2\x80\xaeexe`,
	} {
		got := shownPath(raw)
		if got != want {
			t.Errorf("shownPath(%q) = %s, want %s", raw, got, want)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q look alike", raw, other)
		}
		seen[got] = raw
	}
}

func TestSortDate(t *testing.T) {
	intake := time.Unix(2e9, 0)
	day := func(n int64) time.Time { return time.Unix(n*86400, 0).UTC() }
	for _, c := range []struct {
		name                 string
		date, received, want time.Time
	}{
		{"the date", day(10), day(20), day(10)},
		{"1970 itself", day(0), day(20), day(0)},
		{"before 1970", day(-1), day(20), day(20)},
		{"after the intake", intake.Add(time.Second), day(20), day(20)},
		{"no date", time.Time{}, day(20), day(20)},
		{"nothing", time.Time{}, time.Time{}, time.Time{}},
		{"a wrong date alone", day(-1), time.Time{}, time.Time{}},
	} {
		if got := sortDate(c.date, c.received, intake); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"From: a\nTo: b\n\n", "12\nFrom: a\nTo: b\n", "From a Thu Jan  1 00:00:00 2015\n", "\xef\xbb\xbf\n\nFrom x\nA: b\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if detect(b) == isEmlx {
			if off, n, ok := emlx(bytes.NewReader(b), int64(len(b)), b); off < 2 || n < 0 || off+n > int64(len(b)) || !ok && off+n != int64(len(b)) {
				t.Errorf("%d+%d of %d", off, n, len(b))
			}
		}
		if s := shownPath(string(b)); strings.ContainsAny(s, "\n\r\x00") {
			t.Errorf("%q", s)
		}
		_ = OwnerOf(string(b))
	})
}
