package mime

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"testing"
	"unicode/utf8"

	"unseal/trove"
)

func encodeBase64(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) }

func encodeQP(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := quotedprintable.NewWriter(&out)
	w.Binary = true
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FuzzWalk holds a walk over any bytes against what it promises, and decodes
// every part.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{
		"", "A: b\n\nc", "From x\nA: b\r\n c\r\n\r\nd",
		"Content-Type: multipart/mixed; boundary=b\n\np\n--b\n\nx\n--b\nContent-Type: message/rfc822\n\nS: t\n\nu\n--b--\ne",
		"Content-Type: multipart/digest; boundary=\"b\"\r\n\r\n--b\r\n\r\nA: b\r\n\r\nx\r\n--b \r\n--b--\r\n",
		"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\n--a--\n--a--\n",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==\n",
		"Content-Transfer-Encoding: quoted-printable\n\n=41=\n=zz",
		"Content-Transfer-Encoding: x-uue\n\nbegin 644 a\n#86)C\n`\nend\n",
		"Content-Type: multipart/mixed;\nboundary*0=a; boundary*1*=''%62\n\n--ab\n\nx",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		msg, err := Walk(raw)
		if err != nil {
			return
		}
		if err := sound(raw, msg); err != nil {
			t.Fatal(err)
		}
		total := 0
		for i := range msg.Parts {
			p := &msg.Parts[i]
			if p.Kind == Leaf {
				total += p.End - p.Offset
			}
			b, err := DecodePart(raw, trove.Part{Offset: int64(p.Offset), Length: int64(p.End - p.Offset), Encoding: p.Encoding})
			if err != nil || p.Encoding != "uuencode" && len(b) > p.End-p.Offset {
				t.Fatalf("part %d: %d bytes from %d, %v", i, len(b), p.End-p.Offset, err)
			}
			if s, _ := ToUTF8(b, p.Charset()); !utf8.ValidString(s) || !utf8.ValidString(p.Name()+p.Type+p.Charset()) {
				t.Fatalf("part %d is not UTF-8", i)
			}
		}
		if total > len(raw) {
			t.Fatalf("the leaves are longer than the message")
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the walk changed the message")
		}
	})
}

// FuzzHeaderDecode gives any bytes to everything that reads a field's value.
func FuzzHeaderDecode(f *testing.F) {
	for _, s := range []string{
		"", "=?utf-8?Q?=C3=A9?= =?utf-8?b?w6k=?=", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "a/b; name*1*=%A4; name*0*=utf-8''%C3",
		"Ann (A) <a@b>, \"B, C\" <b@b>; t: c@d;", "Mon, 02 Jan 2006 15:04:05 -0700 (MST)", "<a@b>\r\n <c@d>", "=?utf-7?Q?+AGE-?=",
		"2006-01-02T15:04:05Z", "=?hz-gb-2312?Q?~{VPND~}?=", "\x1b$BF|K\\\x1b(B", "from a by b; 2 Jan 06 3:04 PM",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		before := bytes.Clone(value)
		var all []string
		all = append(all, DecodeText(value), ParseID(value), ParseMedia(value).Type, ParseMedia(value).Param("name"))
		all = append(all, ParseIDs(value)...)
		for _, a := range ParseAddresses(value) {
			all = append(all, a.Name, a.Addr)
		}
		for _, s := range all {
			if !utf8.ValidString(s) || len(s) > 16*len(value)+16 {
				t.Fatalf("%q", s)
			}
		}
		if d, zone, ok := ParseDate(value); ok && (d.Year() < 0 || d.Year() > 10000 || zone < -24*60-60 || zone > 24*60+60) {
			t.Fatalf("date %v, zone %d", d, zone)
		}
		ReceivedDate(value)
		if !bytes.Equal(value, before) {
			t.Fatal("reading changed the value")
		}
	})
}
