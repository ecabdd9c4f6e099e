package body

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"testing"
	"unicode/utf8"

	"unseal/mime"
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
			if s, _ := mime.ToUTF8(b, p.Charset()); !utf8.ValidString(s) || !utf8.ValidString(p.Name()+p.Type+p.Charset()) {
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
