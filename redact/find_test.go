package redact

import (
	"encoding/base64"
	"errors"
	"mime/quotedprintable"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"unseal/redact/leak"
	"unseal/trove"
)

// hide does what the caller of this package does, without segments: every
// place is replaced by a mark.
func hide(raw []byte, places []Place) []byte {
	var out []byte
	at := int64(0)
	for _, p := range places {
		out = append(out, raw[at:p.From]...)
		mark := "[redacted]"
		if p.Base64 {
			mark = "W3JlZGFjdGVkXSAg"
		}
		out = append(out, mark...)
		at = p.To
	}
	return append(out, raw[at:]...)
}

func find(t testing.TB, raw string, sel Selection) Found {
	t.Helper()
	f, err := Find([]byte(raw), trove.Mail, sel)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	last := int64(0)
	for _, p := range f.Places {
		if p.From < last || p.To <= p.From || p.To > int64(len(raw)) {
			t.Fatalf("places are not sorted ranges inside the item: %+v", f.Places)
		}
		last = p.To
	}
	return f
}

func b64(s string) string {
	e := base64.StdEncoding.EncodeToString([]byte(s))
	var out strings.Builder
	for len(e) > 76 {
		out.WriteString(e[:76] + "\r\n")
		e = e[76:]
	}
	return out.String() + e
}

func qp(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func encode(t testing.TB, name, s string) string {
	t.Helper()
	var out string
	var err error
	switch name {
	case "utf-16":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	case "utf-16be":
		out, err = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(s)
	case "iso-2022-jp":
		out, err = japanese.ISO2022JP.NewEncoder().String(s)
	case "windows-1252":
		out, err = charmap.Windows1252.NewEncoder().String(s)
	case "koi8-r":
		out, err = charmap.KOI8R.NewEncoder().String(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// body is a mail of one part.
func bodyOf(headers, body string) string {
	return "From: a@example.org\r\nMIME-Version: 1.0\r\n" + headers + "\r\n" + body
}

// hiddenWord is what is hidden in these tests.
const hiddenWord = "Quimperlé Harbour"

// writings are mails in which a word stands in one form each.
func writings(t testing.TB) map[string]string {
	const w = hiddenWord
	list := map[string]string{
		"plain utf-8":       bodyOf("", "before Quimperlé Harbour after\r\n"),
		"case and marks":    bodyOf("", "before QUIMPERLE harbour after\r\n"),
		"decomposed":        bodyOf("", "before Quimperle\u0301 Harbour after\r\n"),
		"subject":           bodyOf("Subject: before Quimperlé Harbour after\r\n", "x"),
		"folded subject":    bodyOf("Subject: before Quimperlé\r\n Harbour after\r\n", "x"),
		"B word":            bodyOf("Subject: before =?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(w))+"?= after\r\n", "x"),
		"Q word":            bodyOf("Subject: before =?iso-8859-1?Q?Quimperl=E9_Harbour?= after\r\n", "x"),
		"two Q words":       bodyOf("Subject: before =?utf-8?Q?Quimperl=C3?=\r\n =?utf-8?Q?=A9_Harbour?= after\r\n", "x"),
		"rfc 2231":          bodyOf("Content-Disposition: attachment;\r\n filename*=utf-8''Quimperl%C3%A9%20Harbour.txt\r\n", "x"),
		"rfc 2231 pieces":   bodyOf("Content-Disposition: attachment;\r\n filename*0*=utf-8''Quimperl%C3;\r\n filename*1*=%A9%20Har;\r\n filename*2=bour.txt\r\n", "x"),
		"base64":            bodyOf("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n", b64(strings.Repeat("something else. ", 20)+w+" after")),
		"qp":                bodyOf("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n", qp(strings.Repeat("something else. ", 4)+w+" after")),
		"qp soft break":     bodyOf("Content-Transfer-Encoding: quoted-printable\r\n", "before Quimper=\r\nl=C3=A9 Har=\r\nbour after"),
		"quoted":            bodyOf("", "> before Quimperlé\r\n> Harbour after\r\n"),
		"quoted twice":      bodyOf("", ">> before Quimperlé\r\n>> Harbour after\r\n"),
		"flowed":            bodyOf("Content-Type: text/plain; format=flowed\r\n", "before Quimperlé \r\nHarbour after\r\n"),
		"hyphen":            bodyOf("", "before Quimper-\r\nlé Harbour after\r\n"),
		"html":              bodyOf("Content-Type: text/html; charset=utf-8\r\n", "<p>before Quim<b>perl&eacute;</b>&nbsp;Har&shy;bour after</p>"),
		"html entities":     bodyOf("Content-Type: text/html\r\n", "<p>before &#81;uimperl&#xe9;<br>Harbour after</p>"),
		"html attribute":    bodyOf("Content-Type: text/html\r\n", `<p>before <img alt="Quimperl&eacute; Harbour" src="x"> after</p>`),
		"html comment":      bodyOf("Content-Type: text/html\r\n", "<p>before <!-- Quimperl&eacute; Harbour --> after</p>"),
		"html cut":          bodyOf("Content-Type: text/html\r\n", "<p>before Quim<!-- x -->perl&eacute; Harbour after</p>"),
		"zero width":        bodyOf("", "before Quim\u200bperlé Har\u00adbour after\r\n"),
		"url":               bodyOf("", "before https://example.org/?q=Quimperl%C3%A9+Harbour after\r\n"),
		"utf-16":            bodyOf("Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n", b64(encode(t, "utf-16", "before "+w+" after"))),
		"utf-16be":          bodyOf("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64\r\n", b64(encode(t, "utf-16be", "before "+w+" after"))),
		"windows-1252":      bodyOf("Content-Type: text/plain; charset=windows-1252\r\n", encode(t, "windows-1252", "before "+w+" after")),
		"no charset":        bodyOf("", encode(t, "windows-1252", "before "+w+" after")),
		"utf-7":             bodyOf("Content-Type: text/plain; charset=utf-7\r\n", "before Quimperl+AOk- Harbour after"),
		"json":              bodyOf("Content-Type: application/json\r\n", `{"a":"before Quimperl\u00e9 Harbour after"}`),
		"base64 in text":    bodyOf("", "before data:text/plain;base64,"+base64.StdEncoding.EncodeToString([]byte(w))+" after"),
		"uuencoded":         bodyOf("", "before\r\nbegin 644 a.txt\r\n"+uu(w)+"`\r\nend\r\nafter\r\n"),
		"embedded":          bodyOf("Content-Type: message/rfc822\r\n", "Subject: before =?utf-8?Q?Quimperl=C3=A9_Harbour?= after\r\n\r\nx"),
		"embedded b64":      bodyOf("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", b64("Subject: before =?utf-8?Q?Quimperl=C3=A9_Harbour?= after\r\n\r\nx")),
		"preamble":          bodyOf("Content-Type: multipart/mixed; boundary=b\r\n", "before Quimperlé Harbour after\r\n--b\r\n\r\nx\r\n--b--\r\n"),
		"epilogue":          bodyOf("Content-Type: multipart/mixed; boundary=b\r\n", "\r\n--b\r\n\r\nx\r\n--b--\r\nbefore Quimperlé Harbour after\r\n"),
		"base64 in a field": bodyOf("X-Note: before; "+base64.StdEncoding.EncodeToString([]byte(w))+"; after\r\n", "x"),
		"name of a field":   bodyOf("X-Note: before Quimperlé Harbour after\r\n", "x"),
		"rtf":               bodyOf("Content-Type: text/rtf\r\n", `{\rtf1 before Quimperl\'e9 Harbour after}`),
	}
	return list
}

func uu(s string) string {
	var out strings.Builder
	out.WriteByte(byte(' ' + len(s)))
	for b := []byte(s); len(b) > 0; b = b[min(3, len(b)):] {
		var g [3]byte
		copy(g[:], b)
		for _, v := range []byte{g[0] >> 2, g[0]<<4 | g[1]>>4, g[1]<<2 | g[2]>>6, g[2]} {
			out.WriteByte(v&63 + ' ')
		}
	}
	return out.String() + "\r\n"
}

func TestAWordIsFoundInEveryWriting(t *testing.T) {
	for name, raw := range writings(t) {
		t.Run(name, func(t *testing.T) {
			f := find(t, raw, Selection{Words: []string{hiddenWord}})
			left := string(hide([]byte(raw), f.Places))
			if len(leaks(t, raw, hiddenWord)) == 0 {
				t.Error("package leak does not find it in the original, so that its silence shows nothing")
			}
			if got := leaks(t, left, hiddenWord, "Quimperlé", "Harbour"); len(got) > 0 {
				t.Errorf("still there: %+v\n%s\nplaces %+v of\n%s", got, left, f.Places, raw)
			}
			if span := f.Places[0]; len(f.Places) == 1 && int(span.To-span.From) > 150 {
				t.Errorf("%d bytes are hidden: %q", span.To-span.From, raw[span.From:span.To])
			}
		})
	}
}

// leaks is what package leak finds.
func leaks(t testing.TB, s string, needles ...string) []leak.Leak {
	t.Helper()
	var list []leak.Leak
	if err := leak.New(needles, nil).In("x", []byte(s), func(l leak.Leak) { list = append(list, l) }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNothingSelectedIsAnError(t *testing.T) {
	_, err := Find([]byte(bodyOf("", "text")), trove.Mail, Selection{Words: []string{"absent"}})
	if !errors.Is(err, ErrNothing) {
		t.Errorf("got %v, want ErrNothing", err)
	}
}
