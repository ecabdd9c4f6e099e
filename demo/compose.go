package demo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"mime/quotedprintable"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// part is a node of a message's structure: fields, then a body with "\n" line ends.
type part struct {
	fields []string // "Name: value", folded
	body   string
}

func (p part) String() string {
	return strings.Join(p.fields, "\n") + "\n\n" + p.body
}

// join makes a multipart of parts (RFC 2046 section 5.1). The boundary depends on the
// letter alone.
func join(kind, id string, parts ...part) part {
	tag := seed("boundary " + kind + id)
	boundary := fmt.Sprintf("=_%x", tag[:9])
	subtype, _, _ := strings.Cut(kind, ";")
	var b strings.Builder
	if subtype == "mixed" {
		b.WriteString("This is a message in several parts.\n")
	}
	for _, p := range parts {
		b.WriteString("\n--" + boundary + "\n" + p.String())
	}
	b.WriteString("\n--" + boundary + "--\n")
	return part{
		fields: []string{"Content-Type: multipart/" + kind + ";\n boundary=\"" + boundary + "\""},
		body:   b.String(),
	}
}

// compose makes the message of a letter without signature, in "\n" line ends.
func (s *story) compose(l *letter) (string, error) {
	root, err := l.structure(s.text(l))
	if err != nil {
		return "", fmt.Errorf("demo: %s: %w", l.id, err)
	}
	top := part{fields: append(s.header(l), root.fields...), body: root.body}
	msg := top.String()
	if l.form == "missing-end" {
		msg = msg[:len(msg)-260] // the line broke off in the middle of the last part
	}
	return msg, nil
}

// header is the fields of a letter above those of its structure.
func (s *story) header(l *letter) []string {
	subject := encodeWord(l.charset, l.subject)
	if l.form == "raw-8bit" {
		subject = l.subject
	}
	h := []string{"From: " + address(l.from, l.charset)}
	h = append(h, "To: "+addresses(l.to, l.charset))
	if l.cc != nil {
		h = append(h, "Cc: "+addresses(l.cc, l.charset))
	}
	h = append(h, "Subject: "+subject, "Date: "+l.dateField())
	if !l.noID {
		h = append(h, "Message-ID: <"+s.messageID(l.id)+">")
	}
	if ids := s.ancestors(l); len(ids) > 0 {
		h = append(h, "In-Reply-To: <"+ids[len(ids)-1]+">", "References: <"+strings.Join(ids, ">\n <")+">")
	}
	if l.form == "newsletter" {
		h = append(h, "List-Id: Council News <news.example.org>", "List-Unsubscribe: <mailto:news-leave@example.org>", "Precedence: bulk")
	}
	if m := people[l.from].Mailer; m != "" {
		h = append(h, "User-Agent: "+m)
	}
	return append(h, "MIME-Version: 1.0")
}

// dateField is the Date field; one clock in the story speaks no English.
func (l *letter) dateField() string {
	if l.badDate {
		return "Seg, 8 Abril 2019 as 6h45"
	}
	return l.date.Format(time.RFC1123Z)
}

// structure makes the body of a letter with its attachments.
func (l *letter) structure(text string) (part, error) {
	body, err := l.main(text)
	if err != nil || l.attach == nil {
		return body, err
	}
	parts := []part{body}
	for _, file := range l.attach {
		p, err := attachment(file, l.form == "bidi-name")
		if err != nil {
			return part{}, err
		}
		parts = append(parts, p)
	}
	return join("mixed", l.id, parts...), nil
}

// main makes the part that is read.
func (l *letter) main(text string) (part, error) {
	switch l.form {
	case "html":
		return textPart("text/html", "utf-8", asHTML(text))
	case "newsletter":
		return textPart("text/html", "utf-8", newsletter(l, text))
	case "alternative":
		plain, err := textPart("text/plain", "utf-8", text)
		if err != nil {
			return part{}, err
		}
		rich, err := textPart("text/html", "utf-8", asHTML(text))
		return join("alternative", l.id, plain, rich), err
	case "encrypted":
		return encrypted(l.id), nil
	case "flowed":
		return textPart("text/plain; format=flowed", "utf-8", text)
	case "raw-8bit":
		return part{[]string{"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"}, text}, nil
	case "broken-charset": // says UTF-8, is Windows-1252
		b, err := encode("windows-1252", text)
		return part{[]string{"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"}, string(b)}, err
	case "", "list", "missing-end", "bidi-name":
		return textPart("text/plain", l.charset, text)
	}
	return part{}, fmt.Errorf("no such form %q", l.form)
}

// textPart encodes a text as mail programs do: as it stands where it is ASCII,
// base64 where most of it is Arabic, else quoted-printable.
func textPart(typ, charset, text string) (part, error) {
	if ascii(text) {
		return part{[]string{"Content-Type: " + typ + "; charset=us-ascii", "Content-Transfer-Encoding: 7bit"}, text}, nil
	}
	b, err := encode(charset, text)
	if err != nil {
		return part{}, err
	}
	if arabic(text) {
		return part{[]string{"Content-Type: " + typ + "; charset=" + charset, "Content-Transfer-Encoding: base64"}, base64Lines(b)}, nil
	}
	var q bytes.Buffer
	w := quotedprintable.NewWriter(&q)
	_, err = w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		return part{}, err
	}
	body := strings.ReplaceAll(q.String(), "\r\n", "\n")
	return part{[]string{"Content-Type: " + typ + "; charset=" + charset, "Content-Transfer-Encoding: quoted-printable"}, body}, nil
}

// base64Lines encodes in lines of 76 characters (RFC 2045 section 6.8).
func base64Lines(b []byte) string {
	const line = 76
	s := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	for ; len(s) > line; s = s[line:] {
		out.WriteString(s[:line] + "\n")
	}
	return out.String() + s + "\n"
}

func encode(charset, s string) ([]byte, error) {
	maps := map[string]*charmap.Charmap{
		"iso-8859-1":   charmap.ISO8859_1,
		"windows-1252": charmap.Windows1252,
		"windows-1256": charmap.Windows1256,
	}
	if charset == "utf-8" {
		return []byte(s), nil
	}
	m, ok := maps[charset]
	if !ok {
		return nil, fmt.Errorf("no charset %q in the story", charset)
	}
	return m.NewEncoder().Bytes([]byte(s))
}

// asHTML makes paragraphs of a text.
func asHTML(text string) string {
	var b strings.Builder
	b.WriteString("<html><head><title></title></head><body>\n")
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		dir := ""
		if arabic(p) {
			dir = ` dir="rtl"`
		}
		b.WriteString("<p" + dir + ">" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// newsletter dresses a text as such mails come: a table, style, a script, and
// a picture elsewhere that tells who opened it.
func newsletter(l *letter, text string) string {
	tag := seed("reader " + l.id)
	return fmt.Sprintf(`<html><head><style>body { font-family: sans-serif; background: url(http://www.example.org/paper.png) }</style></head>
<body onload="document.title='open'"><script src="http://www.example.org/count.js"></script>
<table width="600" style="border:1px solid #036"><tr><td><h1>%s</h1>
%s
<p><a href="http://www.example.org/leave?r=%x">Leave this list</a> <a href="javascript:history.back()">Back</a></p>
</td></tr></table><img src="http://www.example.org/open.gif?r=%x" width="1" height="1"></body></html>
`, html.EscapeString(l.subject), asHTML(text), tag[:4], tag[:4])
}

// encrypted is a message after RFC 3156 section 4. Nobody can read it, the
// author of the story included: the inside comes from the seed.
func encrypted(id string) part {
	var inside []byte
	for i := range 14 {
		block := seed(fmt.Sprintf("cipher text %s %d", id, i))
		inside = append(inside, block[:]...)
	}
	armor := "-----BEGIN PGP MESSAGE-----\n\n" + base64Lines(inside) + "=" + checksum(inside) + "\n-----END PGP MESSAGE-----\n"
	return join("encrypted; protocol=\"application/pgp-encrypted\"", id,
		part{[]string{"Content-Type: application/pgp-encrypted"}, "Version: 1\n"},
		part{[]string{"Content-Type: application/octet-stream; name=\"encrypted.asc\""}, armor})
}

// checksum is the CRC-24 of RFC 4880 section 6.1.
func checksum(b []byte) string {
	crc := 0xB704CE
	for _, c := range b {
		crc ^= int(c) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864CFB
			}
		}
	}
	return base64.StdEncoding.EncodeToString([]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)})
}
