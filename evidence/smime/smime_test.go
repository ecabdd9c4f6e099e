package smime_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"unseal/evidence/cms"
	"unseal/evidence/cms/cmstest"
	"unseal/evidence/smime"
	"unseal/material"
	"unseal/trove"
)

const text = "Content-Type: text/plain\r\n\r\nThe harbour wall was paid for twice.\r\n"

var signedAt = time.Date(2016, 3, 4, 5, 6, 7, 0, time.UTC)

func mail(from, contentType, body string) []byte {
	return []byte("From: " + from + "\r\nDate: Fri, 4 Mar 2016 05:06:07 +0000\r\nMIME-Version: 1.0\r\nContent-Type: " + contentType + "\r\n\r\n" + body)
}

func detached(from, part string, signature []byte) []byte {
	return mail(from, `multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b`,
		"--b\r\n"+part+"\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
			base64.StdEncoding.EncodeToString(signature)+"\r\n--b--\r\n")
}

func opaque(from string, signed []byte) []byte {
	b := mail(from, "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", base64.StdEncoding.EncodeToString(signed)+"\r\n")
	return bytes.Replace(b, []byte("\r\n\r\n"), []byte("\r\nContent-Transfer-Encoding: base64\r\n\r\n"), 1)
}

func certificate(t testing.TB, list ...*cmstest.Identity) *smime.Certificates {
	t.Helper()
	var known smime.Certificates
	for _, id := range list {
		if err := known.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Certificate.Raw})); err != nil {
			t.Fatal(err)
		}
	}
	return &known
}

// one examines a mail with one signature.
func one(t testing.TB, raw []byte, known *smime.Certificates) trove.OtherSignature {
	t.Helper()
	list := smime.Examine(raw, known)
	if len(list) != 1 {
		t.Fatalf("%d signatures: %+v", len(list), list)
	}
	return list[0]
}

func TestASignatureOverTheExactBytesPasses(t *testing.T) {
	ca := cmstest.NewCA(t, "Harbour Root")
	id := ca.Issue(t, cmstest.Person("Ada Quay", "ada@example.org"))
	sig := id.Sign(t, []byte(text), cmstest.Options{Type: cms.Data, Detached: true, Time: signedAt})
	raw := detached("ada@example.org", text, sig)
	want := trove.OtherSignature{Type: trove.SMIME, Result: "pass", Signer: "Ada Quay <ada@example.org>",
		Fingerprint: cms.Fingerprint(id.Certificate), Time: signedAt, Cause: smime.FromMessage}
	for name, raw := range map[string][]byte{
		"as sent": raw, "with bare line ends": bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")),
		"enclosed": opaque("Ada <ADA@example.org>", id.Sign(t, []byte(text), cmstest.Options{Type: cms.Data, Time: signedAt})),
	} {
		if diff := cmp.Diff(want, one(t, raw, nil)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for known, cause := range map[*smime.Certificates]string{
		certificate(t, id): "certificate given for the check", certificate(t, ca): "certificate issued under Harbour Root, which was given for the check",
		certificate(t, cmstest.NewCA(t, "Harbour Root")): smime.FromMessage,
	} {
		if got := one(t, raw, known); got.Cause != cause || got.Result != "pass" {
			t.Errorf("%+v, want cause %q", got, cause)
		}
	}
}

func TestWhatDoesNotFitFailsAndWhatIsUnknownIsNotJudged(t *testing.T) {
	id := cmstest.NewCA(t, "Root").Issue(t, cmstest.Person("Ada", "ada@example.org"))
	sign := func(o cmstest.Options) []byte {
		o.Type = cms.Data
		return id.Sign(t, []byte(text), o)
	}
	good := sign(cmstest.Options{Detached: true})
	damaged := bytes.Clone(good)
	damaged[len(damaged)-3] ^= 1
	encrypted := cmstest.DER(t, struct{ T asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}})
	for name, c := range map[string]struct {
		raw           []byte
		result, cause string
	}{
		"altered text":        {detached("a@b", strings.Replace(text, "twice", "once", 1), good), "fail", "text changed: the signed bytes are others"},
		"altered part header": {detached("a@b", strings.Replace(text, "plain", "html", 1), good), "fail", "text changed: the signed bytes are others"},
		"altered signature":   {detached("a@b", text, damaged), "fail", "the signature does not match"},
		"no certificate":      {detached("a@b", text, sign(cmstest.Options{Detached: true, Certificates: []*x509.Certificate{}})), "nokey", "certificate unknown"},
		"garbage":             {detached("a@b", text, []byte("garbage")), "fail", "the signature cannot be read: damaged"},
		"other text enclosed": {detached("a@b", strings.Replace(text, "twice", "once", 1), sign(cmstest.Options{})), "fail", "text changed: the signed bytes are others"},
		"nothing enclosed":    {opaque("a@b", good), "fail", "what was signed is missing"},
		"encrypted":           {opaque("a@b", encrypted), "nokey", "encrypted: what is inside, and whether it is signed, cannot be read without the receiver's key"},
		"signature cut off":   {mail("a@b", `multipart/signed; protocol="application/pkcs7-signature"; boundary=b`, "--b\r\n"+text+"\r\n--b--\r\n"), "fail", "the signed part or the signature is missing"},
		"not valid at the time": {detached("ada@example.org", text, sign(cmstest.Options{Detached: true, Time: cmstest.From.Add(-time.Hour)})), "pass",
			smime.FromMessage + ", it was not valid at the time that the signature states"},
		"another sender": {detached("eve@example.org", text, good), "pass", smime.FromMessage + ", it names another address than From"},
	} {
		if got := one(t, c.raw, nil); got.Result != c.result || got.Cause != c.cause {
			t.Errorf("%s: %s, %q; want %s, %q", name, got.Result, got.Cause, c.result, c.cause)
		}
	}
}

func TestMailsWithoutASignatureHaveNone(t *testing.T) {
	id := cmstest.NewCA(t, "Root").Issue(t, cmstest.Person("Ada", "ada@example.org"))
	for name, raw := range map[string][]byte{
		"plain":           mail("a@b", "text/plain", "nothing about pkcs7-signature here\r\n"),
		"openpgp":         mail("a@b", `multipart/signed; protocol="application/pgp-signature"; boundary=b`, "--b\r\n"+text+"\r\n--b\r\nContent-Type: application/pgp-signature; x=pkcs7-\r\n\r\nx\r\n--b--\r\n"),
		"a certificate":   bytes.Replace(opaque("a@b", []byte("garbage")), []byte("signed-data"), []byte("certs-only"), 1),
		"empty, unsigned": nil,
	} {
		if list := smime.Examine(raw, certificate(t, id)); len(list) != 0 {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

func TestSignaturesOfOneMailAreBounded(t *testing.T) {
	part := "--b\r\nContent-Type: application/pkcs7-mime\r\n\r\nx\r\n"
	raw := mail("a@b", "multipart/mixed; boundary=b", strings.Repeat(part, 1000)+"--b--\r\n")
	list := smime.Examine(raw, nil)
	if n := len(list); n != smime.MaxSignatures+1 || list[n-1].Result != "nokey" {
		t.Errorf("%d results", n)
	}
}

func TestNamesOfCertificatesAreOneShortLine(t *testing.T) {
	id := cmstest.NewCA(t, "Root").Issue(t, cmstest.Person("Ada\r\n"+strings.Repeat("x", 1000), "ada@example.org"))
	if name := cms.Name(id.Certificate); strings.ContainsAny(name, "\r\n") || len(name) > 300 {
		t.Errorf("%d bytes: %q", len(name), name)
	}
}

// TestRealMails: two of notmuch pass, the one that KDE altered on purpose
// fails, and what truth.json calls a signed multipart has a result.
func TestRealMails(t *testing.T) {
	dir := material.Corpora(t)
	want := map[string]string{
		"smime-multipart-signed.eml": "pass", "smime-onepart-signed.eml": "pass", "smime-signed-apple.mbox": "fail",
		"smime-encrypted.mbox": "encrypted", "smime-opaque-enc+sign.mbox": "encrypted", "smime-signed-encrypted.mbox": "encrypted",
		"smime-sign+enc.eml": "encrypted", "smime-sign+enc+legacy-disp.eml": "encrypted",
	}
	for name, f := range material.Truth[struct{ Type string }](t, "email-crypto/") {
		if f.Type != "eml" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range smime.Examine(raw, nil) {
			if got = s.Result; strings.HasPrefix(s.Cause, "encrypted") && s.Result == "nokey" {
				got = "encrypted"
			}
		}
		if base := filepath.Base(name); got != want[base] {
			t.Errorf("%s: %q, want %q", base, got, want[base])
		}
		delete(want, filepath.Base(name))
	}
	if len(want) > 0 {
		t.Errorf("not met: %v", want)
	}
}

// sample reads a file of testdata. The fuzz target uses no fresh keys: what it
// does must follow from its input alone.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzExamine(f *testing.F) {
	var known smime.Certificates
	if err := known.Add(sample(f, "ada.der")); err != nil {
		f.Fatal(err)
	}
	f.Add(sample(f, "detached.eml"))
	f.Add(sample(f, "enclosed.eml"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range smime.Examine(raw, &known) {
			if !slices.Contains([]string{"pass", "fail", "nokey"}, s.Result) || s.Result != "pass" && s.Cause == "" || s.Type != trove.SMIME {
				t.Errorf("%+v", s)
			}
		}
	})
}
