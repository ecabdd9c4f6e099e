package signedpart_test

import (
	"testing"

	"unseal/evidence/signedpart"
	"unseal/mime/body"
)

const mail = "From: ada@example.org\n" +
	"Content-Type: multipart/mixed; boundary=out\n\n" +
	"--out\n" +
	"Content-Type: multipart/signed; boundary=\"in ner\"; protocol=\"Application/PGP-Signature\"\n\n" +
	"a preamble\n--in ner \n" +
	"Content-Type: text/plain\n\nThe wall. \n\n" +
	"--in ner\n" +
	"Content-Type: application/pgp-signature\nContent-Transfer-Encoding: base64\n\nQUJD\n" +
	"--in ner--\n" +
	"--out--\n"

func TestSignedBytesAreThoseBetweenTheBoundaries(t *testing.T) {
	for name, c := range map[string]string{"bare line ends": mail, "line ends of mail": string(signedpart.CRLF([]byte(mail)))} {
		m, err := body.Walk([]byte(c))
		if err != nil {
			t.Fatal(err)
		}
		list := signedpart.Find([]byte(c), m)
		if len(list) != 1 {
			t.Fatalf("%s: %d parts", name, len(list))
		}
		p := list[0]
		if want := "Content-Type: text/plain\r\n\r\nThe wall. \r\n"; string(p.Signed()) != want || !p.Whole {
			t.Errorf("%s: signed %q, want %q", name, p.Signed(), want)
		}
		if string(p.Signature) != "ABC" || p.Protocol != "application/pgp-signature" || p.Place != "part 1" {
			t.Errorf("%s: %q, %q, %q", name, p.Signature, p.Protocol, p.Place)
		}
	}
}

func TestAPartWithoutItsTwoPartsHasNoSignedBytes(t *testing.T) {
	for _, c := range []string{
		"Content-Type: multipart/signed; boundary=b\n\nno parts\n",
		"Content-Type: multipart/signed; boundary=b\n\n--b\n\nonly one\n--b--\n",
		"Content-Type: multipart/signed\n\nno boundary\n",
	} {
		m, err := body.Walk([]byte(c))
		if err != nil {
			t.Fatal(err)
		}
		if list := signedpart.Find([]byte(c), m); len(list) != 1 || list[0].Whole || list[0].Place != "" {
			t.Errorf("%q: %+v", c, list)
		}
	}
}

func TestWordsAreFoundInAnyCase(t *testing.T) {
	for raw, want := range map[string]bool{
		"application/pkcs7-signature": true, "APPLICATION/PKCS7-SIGNATURE": true, "x-y--Mime": true, "-": false, "": false, "--signatur": false, "signature": false,
	} {
		if got := signedpart.Mentions([]byte(raw), "-signature", "-mime"); got != want {
			t.Errorf("%q: %v", raw, got)
		}
	}
}

func TestABudgetIsSpentOnce(t *testing.T) {
	var b signedpart.Budget
	if !b.Spend(signedpart.MaxHashed) || b.Spend(1) || b.Spend(0) {
		t.Error("more is spent than there is")
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(mail))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _ := body.Walk(raw)
		for _, p := range signedpart.Find(raw, m) {
			if s := p.Signed(); len(s) > 2*len(raw) || !p.Whole && len(s) > 0 {
				t.Errorf("%d signed bytes of %d", len(s), len(raw))
			}
		}
	})
}
