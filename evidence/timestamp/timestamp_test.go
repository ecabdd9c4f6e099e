package timestamp_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unseal/evidence/cms"
	"unseal/evidence/cms/cmstest"
	"unseal/evidence/timestamp"
	"unseal/evidence/timestamp/tsatest"
	"unseal/material"
	"unseal/trove"
)

var (
	content = []byte("demo.example.org/log\n8\nbrp2XcZlsueK7ZoqubhjGTiPH5nHh4B1yXIcZUHqCCk=\n")
	digest  = trove.Sum(content)
	at      = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
)

func parse(t testing.TB, b []byte) *timestamp.Token {
	t.Helper()
	token, err := timestamp.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAnAnswerToOurQuestionPasses(t *testing.T) {
	a, nonce := tsatest.New(t), big.NewInt(0).Lsh(big.NewInt(1), 127)
	request, err := timestamp.Request(digest, nonce)
	if err != nil {
		t.Fatal(err)
	}
	reply := a.Answer(request, at)
	token := parse(t, reply)
	if err := token.Answers(digest, nonce); err != nil || !timestamp.Is(reply) || !token.Covers(content) || token.Covers(content[1:]) {
		t.Errorf("%v, %v, %v", err, timestamp.Is(reply), token.Covers(content))
	}
	for _, err := range []error{token.Answers(trove.Sum(nil), nonce), token.Answers(digest, big.NewInt(5))} {
		if !errors.Is(err, timestamp.ErrOther) {
			t.Errorf("another question: %v", err)
		}
	}
	want := trove.OtherSignature{Type: trove.RFC3161, Result: "pass", Signer: "Test TSA", Fingerprint: cms.Fingerprint(a.TSA.Certificate), Time: at, Cause: timestamp.Unknown}
	if got := token.Judge(nil); got != want {
		t.Errorf("%+v", got)
	}
	want.Cause = "certificate issued under Test Time Root, which was given for the check"
	if got := token.Judge([]*x509.Certificate{a.Root.Certificate}); got != want {
		t.Errorf("%+v", got)
	}
	want.Cause = timestamp.Unknown
	if got := token.Judge([]*x509.Certificate{tsatest.New(t).Root.Certificate}); got != want {
		t.Errorf("under a namesake: %+v", got)
	}
}

func TestEachThingThatMakesATimestampIsNeeded(t *testing.T) {
	a := tsatest.New(t)
	stranger := a.Root.Issue(t, tsatest.Template())
	lax := tsatest.Template()
	lax.ExtraExtensions[0].Critical = false
	server := cmstest.Person("Test TSA", "x@example.org")
	with := func(id *cmstest.Identity, s tsatest.Statement) []byte {
		b := *a
		b.TSA, s.Digest = id, digest[:]
		return b.Token(s)
	}
	unsigned := with(a.TSA, tsatest.Statement{})
	unsigned[len(unsigned)-4] ^= 1
	for name, c := range map[string]struct {
		token         []byte
		result, cause string
	}{
		"names another certificate": {with(a.TSA, tsatest.Statement{Certs: tsatest.SigningCertificate(t, stranger.Certificate)}), "fail", "another certificate"},
		"names none":                {with(a.TSA, tsatest.Statement{NoCerts: true}), "fail", "another certificate"},
		"not critically for time":   {with(a.Root.Issue(t, lax), tsatest.Statement{}), "fail", "not one for timestamps"},
		"for mail":                  {with(a.Root.Issue(t, server), tsatest.Statement{}), "fail", "not one for timestamps"},
		"before its certificate":    {with(a.TSA, tsatest.Statement{Time: cmstest.From.Add(-time.Second)}), "fail", "not valid at the time"},
		"after its certificate":     {with(a.TSA, tsatest.Statement{Time: cmstest.To.Add(time.Second)}), "fail", "not valid at the time"},
		"altered signature":         {unsigned, "fail", "the signature does not match"},
	} {
		got := parse(t, c.token).Judge([]*x509.Certificate{a.Root.Certificate})
		if got.Result != c.result || !strings.Contains(got.Cause, c.cause) {
			t.Errorf("%s: %s, %q; want %s, %q", name, got.Result, got.Cause, c.result, c.cause)
		}
	}
	weak := parse(t, a.Token(tsatest.Statement{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Digest: make([]byte, 20)}))
	if got := weak.Judge(nil); weak.Hash != crypto.SHA1 || !strings.HasSuffix(got.Cause, "weak algorithm (SHA-1)") {
		t.Errorf("%+v", got)
	}
}

func TestRefusalsAndOtherThingsAreNoTimestamps(t *testing.T) {
	a := tsatest.New(t)
	if _, err := timestamp.Parse(tsatest.Response(t, nil)); !errors.Is(err, timestamp.ErrRefused) || !strings.Contains(err.Error(), "bad request") {
		t.Errorf("a refusal: %v", err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("a text"), "signed data": a.TSA.Sign(t, content, cmstest.Options{Type: cms.Data}),
		"another statement": a.TSA.Sign(t, content, cmstest.Options{Type: cms.Timestamp}), "too large": make([]byte, timestamp.MaxSize+1),
	} {
		if _, err := timestamp.Parse(b); !errors.Is(err, timestamp.ErrSyntax) || name != "another statement" && timestamp.Is(b) {
			t.Errorf("%s: %v, %v", name, err, timestamp.Is(b))
		}
	}
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	a := tsatest.New(t)
	whole := tsatest.Response(t, a.Token(tsatest.Statement{Digest: digest[:]}))
	roots := []*x509.Certificate{a.Root.Certificate}
	want := parse(t, whole).Judge(roots)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x04
		token, err := timestamp.Parse(b)
		if err != nil || !token.Covers(content) {
			continue
		}
		if got := token.Judge(roots); got.Result == "pass" && got != want {
			t.Errorf("byte %d altered, and it passes otherwise: %+v", i, got)
		}
	}
}

// TestOpenSSLUnderstandsUsAndWeUnderstandIt: it reads our question and answers
// it as an authority, and it finds our test authority's tokens good.
func TestOpenSSLUnderstandsUsAndWeUnderstandIt(t *testing.T) {
	openssl := material.Program(t, "openssl")
	a, dir := tsatest.New(t), t.TempDir()
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.TSA.Key)
	if err != nil {
		t.Fatal(err)
	}
	write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	write("tsa.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.TSA.Certificate.Raw}))
	write("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Certificate.Raw}))
	write("serial", []byte("01\n"))
	write("tsa.cnf", []byte("[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\naccuracy = secs:1, millisecs:500\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n"))
	write("content", content)
	nonce := big.NewInt(4711)
	request, err := timestamp.Request(digest, nonce)
	if err != nil {
		t.Fatal(err)
	}
	write("q.tsq", request)
	run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-signer", "tsa.pem", "-inkey", "key.pem", "-out", "r.tsr")
	reply, err := os.ReadFile(filepath.Join(dir, "r.tsr"))
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, reply)
	if got := token.Judge([]*x509.Certificate{a.Root.Certificate}); got.Result != "pass" || token.Answers(digest, nonce) != nil || !token.Covers(content) || !timestamp.Is(reply) {
		t.Errorf("openssl's: %+v", got)
	}
	write("ours.tsr", a.Answer(request, at))
	run("ts", "-verify", "-data", "content", "-in", "ours.tsr", "-CAfile", "root.pem", "-untrusted", "tsa.pem")
	run("ts", "-verify", "-queryfile", "q.tsq", "-in", "ours.tsr", "-CAfile", "root.pem", "-untrusted", "tsa.pem")
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

func FuzzParse(f *testing.F) {
	root, err := x509.ParseCertificate(sample(f, "root.der"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample(f, "reply.tsr"))
	f.Add(sample(f, "token.tst"))
	f.Add(sample(f, "refusal.tsr"))
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := timestamp.Parse(b)
		if err != nil {
			return
		}
		got := token.Judge([]*x509.Certificate{root})
		if known := strings.HasPrefix(got.Cause, "certificate issued under"); got.Result == "pass" && known && !bytes.Equal(token.Digest, digest[:]) {
			t.Error("a forged digest passes")
		}
	})
}
