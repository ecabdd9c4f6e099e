package mail

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"unseal/mime/body"
	"unseal/trove"
)

// promised checks a parse result against what the package promises of any bytes.
func promised(raw []byte, rec trove.Record, text string) error {
	if !utf8.ValidString(text) || strings.Contains(text, "\r") || len(text) > MaxText {
		return fmt.Errorf("the text is no text")
	}
	if rec.Kind != trove.Mail || len(rec.Warnings) > MaxWarnings {
		return fmt.Errorf("kind %q, %d warnings", rec.Kind, len(rec.Warnings))
	}
	paths := map[string]bool{}
	for _, p := range rec.Parts {
		b, err := body.DecodePart(raw, p)
		if err != nil {
			return err
		}
		if int64(len(b)) != p.Size || trove.Sum(b) != p.SHA256 {
			return fmt.Errorf("part %s decodes to other bytes than recorded", p.Path)
		}
		if !utf8.ValidString(p.Name + p.Type + p.Charset + p.Disposition + p.ContentID) {
			return fmt.Errorf("part %s is described in invalid UTF-8", p.Path)
		}
		if p.Path == "" || paths[p.Path] || p.Role == "" {
			return fmt.Errorf("part %q (%s) is there twice or has no role", p.Path, p.Role)
		}
		paths[p.Path] = true
	}
	for _, w := range rec.Warnings {
		if w.Code == "" || w.Text == "" || w.Offset < 0 || w.Offset > int64(len(raw)) || !utf8.ValidString(w.Text) {
			return fmt.Errorf("warning %+v", w)
		}
	}
	return nil
}

// parse is Parse, with its promises checked.
func parse(t *testing.T, raw string) (trove.Record, string) {
	t.Helper()
	rec, text := Parse([]byte(raw))
	if err := promised([]byte(raw), rec, text); err != nil {
		t.Errorf("%.60q: %v", raw, err)
	}
	return rec, text
}

func codes(rec trove.Record) string {
	var all []string
	for _, w := range rec.Warnings {
		all = append(all, w.Code)
	}
	return strings.Join(all, " ")
}

func TestRecordHoldsTheHeader(t *testing.T) {
	rec, text := parse(t, strings.Join([]string{
		"Received: from a by b; 3 Jan 2006 00:00:00 +0000",
		"Received: from c by d; 2 Jan 2006 23:00:00 +0000",
		"From: =?utf-8?Q?Ren=C3=A9e?= <renee@harbour.example>", "Sender: s@harbour.example", "Reply-To: r@harbour.example",
		"To: Ann <ann@town.example>, bob@town.example", "Cc: c@town.example", "Bcc: d@town.example",
		"Subject: The new", "\tquay", "Date: Mon, 02 Jan 2006 23:30:00 +0100", "Message-ID: <1@harbour.example>",
		"In-Reply-To: <0@town.example>", "References: <a@town.example>", " <0@town.example>", "", "Hello", "",
	}, "\r\n"))
	want := trove.Record{
		Kind: trove.Mail, Subject: "The new quay", From: []trove.Address{{Name: "Renée", Addr: "renee@harbour.example"}},
		Sender: []trove.Address{{Addr: "s@harbour.example"}}, ReplyTo: []trove.Address{{Addr: "r@harbour.example"}},
		To: []trove.Address{{Name: "Ann", Addr: "ann@town.example"}, {Addr: "bob@town.example"}},
		Cc: []trove.Address{{Addr: "c@town.example"}}, Bcc: []trove.Address{{Addr: "d@town.example"}},
		Date: time.Date(2006, 1, 2, 22, 30, 0, 0, time.UTC), DateOffset: 60, Received: time.Date(2006, 1, 2, 23, 0, 0, 0, time.UTC),
		MessageID: "1@harbour.example", InReplyTo: []string{"0@town.example"}, References: []string{"a@town.example", "0@town.example"},
	}
	got := rec
	got.Parts, got.Content = nil, trove.Digest{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if text != "Hello" || len(rec.Parts) != 1 || rec.Parts[0].Role != trove.RoleText || rec.Content.IsZero() {
		t.Errorf("text %q, parts %+v", text, rec.Parts)
	}
}

func TestMassMailIsMarked(t *testing.T) {
	for field, want := range map[string]bool{
		"List-Id: Harbour news <news.harbour.example>": true, "List-Unsubscribe: <mailto:x@y>": true, "Precedence: Bulk": true,
		"Precedence: list": true, "precedence: junk": true, "Precedence: first-class": false, "Auto-Submitted: auto-generated; x=y": true,
		"Auto-Submitted: no": false, "X-List: a": false,
	} {
		rec, _ := parse(t, field+"\nSubject: x\n\ny\n")
		if rec.Mass != want {
			t.Errorf("%s: mass is %v", field, rec.Mass)
		}
		if strings.HasPrefix(field, "List-Id") && rec.ListID != "news.harbour.example" {
			t.Errorf("list id %q", rec.ListID)
		}
	}
}

const alternative = "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\n%s\n--x\nContent-Type: text/html\n\n%s\n--x--\n"

func TestTextChoice(t *testing.T) {
	mixed := func(parts ...string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Join(parts, "\n--b\n") + "\n--b--\n"
	}
	for _, c := range []struct{ why, raw, want string }{
		{"plain before HTML", fmt.Sprintf(alternative, "plain", "<b>rich</b>"), "plain"},
		{"HTML where plain is blank", fmt.Sprintf(alternative, " \n", "<b>rich</b>"), "rich"},
		{"texts in sequence are joined", mixed("\nfirst\n", "Content-Type: text/html\n\n<p>second", "\nthird"), "first\n\nsecond\n\nthird"},
		{"a text with a name is a file", mixed("\nfirst", "Content-Type: text/plain; name=a.txt\n\nno"), "first"},
		{"unless it is all there is", "Content-Type: text/plain; name=a.txt\n\nyes", "yes"},
		{"an attached text is a file", mixed("\nfirst", "Content-Disposition: attachment\n\nno"), "first"},
		{"an uuencoded file is cut out", "A: b\n\nbefore\nbegin 644 a.txt\n#86)C\n`\nend\nafter\n", "before\nafter"},
		{"an embedded message follows", mixed("\nsee below", "Content-Type: message/rfc822\n\nFrom: a@b\nSubject: inner\n\nits text"), "see below\n\n-------- ✉ --------\nFrom: a@b\nSubject: inner\n\nits text"},
		{
			"an embedded message in the form not chosen",
			"Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\n" + mixed("Content-Type: text/html\n\nrich", "Content-Type: message/rfc822\n\nSubject: s\n\nits text") + "\n--x--",
			"plain\n\n-------- ✉ --------\nSubject: s\n\nits text",
		},
		{"an encoded message is read", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogcwoKaXRzIHRleHQ=\n", "-------- ✉ --------\nSubject: s\n\nits text"},
		{"what became of a message", mixed("\nbounced", "Content-Type: message/delivery-status\n\nStatus: 5.1.1"), "bounced\n\nStatus: 5.1.1"},
		{"a signature is not text", mixed("\nsigned", "Content-Type: application/pgp-signature\n\nno"), "signed"},
		{"a multipart without parts", "Content-Type: multipart/mixed; boundary=x\n\nall of it", "all of it"},
		{"line ends", "A: b\r\n\r\na\r\nb\rc\r\n", "a\nb\nc"},
		{"byte order mark", "A: b\n\n\xef\xbb\xbfa", "a"},
		{"quoted-printable", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9=\n!\n", "café!"},
	} {
		if _, got := parse(t, c.raw); got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

func TestPartsHaveRoles(t *testing.T) {
	rec, _ := parse(t, "Content-Type: multipart/mixed; boundary=b\n\n--b\n"+fmt.Sprintf(alternative, "p", "h")+
		"\n--b\nContent-Type: text/calendar\n\nc\n--b\nContent-Type: image/png; name=i.png\nContent-ID: <i@b>\nContent-Transfer-Encoding: base64\n\nQUJD\n"+
		"--b\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: application/pdf; name=x.pdf\n\nPDF\n--b\n\nbegin 644 u.bin\n#86)C\n`\nend\n--b--\n")
	var got []string
	for _, p := range rec.Parts {
		got = append(got, fmt.Sprintf("%s %s %s %q %d", p.Path, p.Role, p.Type, p.Name, p.Size))
	}
	want := []string{
		`1.1 text text/plain "" 1`, `1.2 html text/html "" 1`, `2 other text/calendar "" 1`, `3 attachment image/png "i.png" 3`,
		`4 message message/rfc822 "inner" 61`, `4.1 attachment application/pdf "x.pdf" 3`, `5 text text/plain "" 27`, `5.1 attachment application/octet-stream "u.bin" 3`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if rec.Nested != 1 || rec.Parts[3].ContentID != "i@b" {
		t.Errorf("%d nested, content id %q", rec.Nested, rec.Parts[3].ContentID)
	}
}

func TestWarnings(t *testing.T) {
	for raw, want := range map[string]string{
		"Subject: x\n\ny":                                         "",
		"no mail at all":                                          "no-header",
		"From: a@b\nFrom: c@d\nDate: never\n\ny":                  "repeated-field bad-date",
		"Content-Type: text/plain; charset=martian\n\n\xe9":       "bad-charset",
		"A: b\n\n\xe9":                                            "bad-charset",
		"Content-Type: multipart/mixed; boundary=x\n\ny":          "no-boundary",
		"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ny\n": "cut-short",
	} {
		if rec, _ := parse(t, raw); codes(rec) != want {
			t.Errorf("%q: got %q, want %q", raw, codes(rec), want)
		}
	}
	rec, _ := parse(t, "Content-Type: multipart/mixed; boundary=x\n\n"+strings.Repeat("--x\n\n\xe9\n", 2*MaxWarnings))
	if n := len(rec.Warnings); n != MaxWarnings || rec.Warnings[n-1].Code != "more-warnings" {
		t.Errorf("%d warnings", n)
	}
}

func TestUnreadableMailKeepsItsHeader(t *testing.T) {
	raw := "Subject: deep\nContent-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\n\n", body.MaxParts)
	rec, text := parse(t, raw)
	if rec.Subject != "deep" || rec.Unreadable == "" || text != "" || len(rec.Parts) != 0 {
		t.Errorf("subject %q, unreadable %q, %d parts", rec.Subject, rec.Unreadable, len(rec.Parts))
	}
}

func TestWrapperOfEmlxIsPassedOver(t *testing.T) {
	message := "Subject: x\n\nbody\n"
	raw := fmt.Sprintf("%-10d\n%s<?xml version=\"1.0\"?>\n", len(message), message)
	rec, text := parse(t, raw)
	if rec.Subject != "x" || text != "body" || raw[rec.Parts[0].Offset:rec.Parts[0].Offset+rec.Parts[0].Length] != "body\n" {
		t.Errorf("subject %q, text %q, parts %+v", rec.Subject, text, rec.Parts)
	}
	if rec, text := parse(t, "99999\nSubject: x\n\nbody"); rec.Subject != "" || !strings.Contains(text, "body") {
		t.Errorf("a length that is none: subject %q, text %q", rec.Subject, text)
	}
}

func TestCharsetsThatAreNotNamedAreGuessedAloud(t *testing.T) {
	russian := "\xd3\xe2\xe0\xe6\xe0\xe5\xec\xfb\xe5 \xea\xee\xeb\xeb\xe5\xe3\xe8, \xef\xf0\xee\xf8\xf3 \xe2\xe0\xf1 \xed\xe0\xef\xf0\xe0\xe2\xe8\xf2\xfc \xee\xf2\xf7\xb8\xf2 \xef\xee \xef\xf0\xee\xe5\xea\xf2\xf3 \xe3\xe0\xe2\xe0\xed\xe8 \xe4\xee \xef\xff\xf2\xed\xe8\xf6\xfb"
	rec, text := parse(t, "Subject: x\n\n"+russian)
	if text != "Уважаемые коллеги, прошу вас направить отчёт по проекту гавани до пятницы" || codes(rec) != "guessed-charset" {
		t.Errorf("%q, %q", text, codes(rec))
	}
	rec, _ = parse(t, "Subject: \xef\xf0\xee\xe5\xea\xf2\nContent-Type: text/plain; charset=windows-1251\n\nx")
	if rec.Subject != "проект" {
		t.Errorf("a raw subject in the charset of the body reads %q", rec.Subject)
	}
}

// TestCopiesShareTheirContent writes one message in several ways.
func TestCopiesShareTheirContent(t *testing.T) {
	head := "From: A <a@b>\nSubject: =?utf-8?Q?caf=C3=A9?=\nDate: 2 Jan 2006 10:00:00 +0000\n"
	base, _ := parse(t, head+"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nun café\n")
	same := []string{
		"Received: x; 3 Jan 2006 10:00:00 +0000\n" + head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nun caf=C3=A9\n",
		head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\ndW4gY2Fmw6kK\n",
		strings.ReplaceAll(head+"Content-Type: text/plain; charset=utf-8\n\nun café\n\n", "\n", "\r\n"),
		"From: a@b\nSubject: café\nDate: Mon, 02 Jan 2006 11:00:00 +0100\n\nun café",
	}
	for _, raw := range same {
		if rec, _ := parse(t, raw); rec.Content != base.Content {
			t.Errorf("not a copy: %q", raw)
		}
	}
	other := []string{
		head + "\nun cafe\n", head + "\nun café\nx\n", strings.Replace(head, "2 Jan", "3 Jan", 1) + "\nun café\n",
		strings.Replace(head, "a@b", "c@b", 1) + "\nun café\n", strings.Replace(head, "caf", "kaf", 1) + "\nun café\n",
		head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nun café\n--x\nContent-Type: image/png\n\n1\n--x--\n",
	}
	seen := map[trove.Digest]string{base.Content: "the message"}
	for _, raw := range other {
		rec, _ := parse(t, raw)
		if seen[rec.Content] != "" {
			t.Errorf("%q is a copy of %q", raw, seen[rec.Content])
		}
		seen[rec.Content] = raw
	}
}

func TestHTMLAsText(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"words cut by tags stay whole", "con<b>tra</b>ct <i>and</i> more", "contract and more"},
		{"white space", " a \n\t b&nbsp;c ", "a b c"},
		{"entities", "&lt;x&gt; &amp; &eacute;&#x20AC;", "<x> & é€"},
		{"blocks", "<h1>T</h1><p>one<p>two<div>three</div>four<br>five<br><br>six", "T\n\none\n\ntwo\nthree\nfour\nfive\n\nsix"},
		{"hidden text is there", `<div style="display:none">secret</div><span hidden>too</span>`, "secret\ntoo"},
		{"scripts are not", "<head><title>t</title><style>s</style></head><script>if (a<b) x()</script>y", "y"},
		{"comments are not", "a<!-- b -->c<!--[if mso]>d<![endif]-->", "ac"},
		{"lists", "<ul><li>a<li>b</ul>c", "* a\n* b\n\nc"},
		{"tables", "<table><tr><td>a<td>b<tr><td>c</table>d", "a\tb\nc\n\nd"},
		{"links", `<a href="http://x.example/">here</a> <a href="mailto:a@b">a@b</a> <a href="#x">y</a>`, "here <http://x.example/> a@b y"},
		{"pictures", `<img src=x alt="The quay"><img src=y>`, "[The quay]"},
		{"quotes", "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n\n> b\n> c\n\n> > d\n\ne"},
		{"preformatted", "<pre>a  b\n c</pre>d", "a  b\n c\n\nd"},
		{"broken", "<p>a</b></div><td>b<", "a\nb<"},
		{"empty", "", ""},
	} {
		_, got := parse(t, "Content-Type: text/html; charset=utf-8\n\n"+c.in)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

func TestHTMLNamesItsCharset(t *testing.T) {
	_, got := parse(t, "Content-Type: text/html\n\n<meta charset=koi8-r>\xf0\xd2\xc9")
	if got != "При" {
		t.Errorf("got %q", got)
	}
}

func TestLongTextsAreCutAloud(t *testing.T) {
	rec, text := parse(t, "A: b\n\n"+strings.Repeat("é\n", MaxText/3+10))
	if codes(rec) != "text-cut" || len(text) > MaxText || len(text) < MaxText-3 {
		t.Errorf("%q, %d bytes", codes(rec), len(text))
	}
	if rec, text = parse(t, "A: b\n\n"+strings.Repeat("x", MaxText+1)); codes(rec) != "text-cut" || len(text) != MaxText {
		t.Errorf("one line: %q, %d bytes", codes(rec), len(text))
	}
	rec, text = parse(t, "Content-Type: text/html\n\n"+strings.Repeat("<p>", MaxHTML/3)+"ab")
	if codes(rec) != "html-cut" || text != "a" {
		t.Errorf("%q, %q", codes(rec), text)
	}
}

func TestParseIsDeterministic(t *testing.T) {
	raw := []byte("Subject: x\n\n" + strings.Repeat("\xa4\xa4\xa4\xe5 ", 40))
	first, text := Parse(raw)
	for range 20 {
		if again, text2 := Parse(raw); !reflect.DeepEqual(first, again) || text != text2 {
			t.Fatal("the same bytes gave another result")
		}
	}
}
