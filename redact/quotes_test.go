package redact

import (
	"slices"
	"strings"
	"testing"

	"unseal/trove"
)

func TestQuotesAreFoundInEveryWriting(t *testing.T) {
	q := NewQuotes([]string{hiddenWord}, nil)
	for name, raw := range writings(t) {
		f, err := q.Find([]byte(raw), trove.Mail)
		if err != nil || len(f.Places) == 0 {
			t.Errorf("%s: %d places, error %v", name, len(f.Places), err)
		} else if got := leaks(t, string(hide([]byte(raw), f.Places)), hiddenWord); len(got) > 0 {
			t.Errorf("%s: still there: %v", name, got)
		}
	}
	if f, err := q.Find([]byte(bodyOf("", "nothing of it, at Quimper or in a harbour")), trove.Mail); err != nil || len(f.Places) > 0 {
		t.Errorf("places %v in a mail that quotes nothing, error %v", f.Places, err)
	}
}

func TestLinesOfALongTextAreQuotes(t *testing.T) {
	removed := "Dear Ada,\r\n\r\nthe tender was decided before it was published.\r\nRegards\r\n"
	q := NewQuotes([]string{removed}, nil)
	for text, quoted := range map[string]bool{
		"> the tender was decided before it was published.":                     true,
		"He wrote: The tender was\n> decided before it\n> was published. True?": true,
		"Dear Ada,\n\nhow are you?\nRegards":                                    false,
	} {
		f, err := q.Find([]byte(bodyOf("", text)), trove.Mail)
		if err != nil || len(f.Places) > 0 != quoted {
			t.Errorf("%q: places %v, want any: %v; error %v", text, f.Places, quoted, err)
		}
	}
}

func TestShortTextsAreNotLookedForElsewhere(t *testing.T) {
	q := NewQuotes([]string{"no", "Mark", "a.b"}, nil)
	if got := q.Short(); !slices.Equal(got, []string{"no", "a.b"}) {
		t.Errorf("too short: %q", got)
	}
	for text, quoted := range map[string]bool{"no": false, "the market": false, "asked Mark, who": true, "MARK": true} {
		if q.Holds(text) != quoted {
			t.Errorf("%q is held: %v", text, !quoted)
		}
	}
}

func TestACopyOfARemovedFileIsAQuote(t *testing.T) {
	content := "\xff\xd8\xff\xe0" + noise(500)
	first := bodyOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"+b64(content)+"\r\n--b--\r\n")
	at := strings.Index(first, b64(content))
	f := find(t, first, Selection{Part: &trove.Part{Path: "2", Offset: int64(at), Length: int64(len(b64(content))), Encoding: "base64"}})
	if left := string(hide([]byte(first), f.Places)); !strings.Contains(left, "name=a.jpg") || !strings.Contains(left, "--b--") || strings.Contains(left, b64(content)[:60]) {
		t.Errorf("left:\n%s", left)
	}
	q := NewQuotes(f.Removed, f.Files)
	second := bodyOf("Content-Type: image/jpeg; name=b.jpg\r\nContent-Transfer-Encoding: base64\r\n", strings.ReplaceAll(b64(content), "\r\n", "\n"))
	found, err := q.Find([]byte(second), trove.Mail)
	if err != nil || len(found.Places) != 1 || !found.Places[0].Base64 {
		t.Errorf("the copy: %+v, error %v", found.Places, err)
	}
	if found, err = q.Find([]byte(strings.Replace(second, "AA", "AB", 1)), trove.Mail); err != nil || len(found.Places) > 0 && strings.Contains(second, "AA") {
		t.Errorf("another file: %+v, error %v", found.Places, err)
	}
	if packed, err := q.Find([]byte(attached(zipped(t, map[string]string{"x": content}))), trove.Mail); err != nil || len(packed.Places) != 1 {
		t.Errorf("the copy in a zip file: %+v, error %v", packed.Places, err)
	}
}

func TestTheTextOfARemovedFileIsLookedFor(t *testing.T) {
	document := zipped(t, map[string]string{"word/document.xml": `<w:p><w:r><w:t>The tender was deci</w:t></w:r><w:r><w:t>ded before it was out.</w:t></w:r></w:p><w:p><w:t>Short</w:t></w:p>`, "word/styles.xml": "<w:style>the same in every document of the world</w:style>"})
	raw := attached(document)
	at := strings.Index(raw, b64(document))
	f := find(t, raw, Selection{Part: &trove.Part{Path: "1", Offset: int64(at), Length: int64(len(b64(document))), Encoding: "base64"}})
	q := NewQuotes(f.Removed, f.Files)
	for text, quoted := range map[string]bool{"it says: The tender was decided before it was out.": true, "the same in every document of the world": false} {
		if q.Holds(text) != quoted {
			t.Errorf("%q is a quote: %v", text, !quoted)
		}
	}
}

func TestARangeIsWidenedToWhatItLiesIn(t *testing.T) {
	for _, c := range []struct{ name, raw, from, to, hidden, removed string }{
		{"plain", bodyOf("", "one two three"), "two", "two", "two", "two"},
		{"qp", bodyOf("Content-Transfer-Encoding: quoted-printable\r\n", "one=20tw=C3=A9 three"), "9", "9", "C3=A9", "é"},
		{"base64", bodyOf("Content-Transfer-Encoding: base64\r\n", b64("abcdefghijkl")), "ZGVm", "Z", "ZGVm", "def"},
		{"encoded word", bodyOf("Subject: x =?utf-8?Q?one_two?= y\r\n", "x"), "two", "two", "utf-8?Q?one_two?=", "one two"},
		{"letter", bodyOf("", "né"), "\xc3", "\xc3", "é", "é"},
		{"packed", attached(zipped(t, map[string]string{"a": "some text"})), "UEs", "U", b64(zipped(t, map[string]string{"a": "some text"})), ""},
		{"html", bodyOf("Content-Type: text/html\r\n", "<p>one t<b>w</b>o</p>"), "t<b>", "o</p>", "t<b>w</b>o</p>", "two"},
	} {
		at := strings.LastIndex(c.raw, c.from)
		end := at + strings.Index(c.raw[at:], c.to) + len(c.to)
		f := find(t, c.raw, Selection{Bytes: [2]int64{int64(at), int64(end)}})
		if got := c.raw[f.Places[0].From:f.Places[0].To]; got != c.hidden || len(f.Places) > 1 {
			t.Errorf("%s: hidden %q and %d more, want %q", c.name, got, len(f.Places)-1, c.hidden)
		}
		if c.removed != "" && !slices.Contains(f.Removed, c.removed) && !slices.Contains(f.Removed, c.removed+"\n") {
			t.Errorf("%s: removed %q, want %q", c.name, f.Removed, c.removed)
		}
	}
}
