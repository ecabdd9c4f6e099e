package mail

import (
	"bytes"
	"testing"
)

// FuzzParse holds Parse over any bytes against its promises.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "x", "From a@b Mon\nSubject: x\n\ny\n", "12\nSubject: x\n\nyyyyyyyyyyy",
		"From: =?utf-8?Q?=C3=A9?= <a@b>\r\nTo: t: c@d;\r\nDate: 2 Jan 06 10:00 EST\r\nReferences: <a@b>\r\n\r\nbegin 644 a\r\n#86)C\r\nend\r\n",
		"Content-Type: multipart/alternative; boundary=x\n\n--x\n\np\n--x\nContent-Type: text/html\n\n<p>h<a href=u>v</a><pre> w</pre><td>c<blockquote>q\n--x--\ne",
		"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nSubject: s\n\nt\n--x\nContent-Type: message/delivery-status\n\nu\n--x--",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogcwoKaXRzIHRleHQ=\n",
		"Content-Type: text/html; charset=shift_jis\nContent-Transfer-Encoding: quoted-printable\n\n=93=FA=96{<!-- x --><script>y</script>",
		"Content-Type: text/plain; charset=utf-7\nList-Id: <l>\nPrecedence: bulk\n\n+AGE-",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		rec, text := Parse(raw)
		if err := promised(raw, rec, text); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("reading changed the message")
		}
	})
}
