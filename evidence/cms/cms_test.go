package cms_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"unseal/evidence/cms"
	"unseal/evidence/cms/cmstest"
	"unseal/material"
)

var content = []byte("Content-Type: text/plain\r\n\r\nThe harbour wall was paid for twice.\r\n")

func ada(t testing.TB) *cmstest.Identity {
	return cmstest.NewCA(t, "Test Root").Issue(t, cmstest.Person("Ada", "ada@example.org"))
}

// parse reads signed data with one signer.
func parse(t testing.TB, b []byte) *cms.SignedData {
	t.Helper()
	d, err := cms.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Signers) != 1 {
		t.Fatalf("%d signers", len(d.Signers))
	}
	return d
}

func TestASignatureThatFitsNamesItsCertificate(t *testing.T) {
	id, at := ada(t), time.Date(2016, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, o := range []cmstest.Options{
		{Type: cms.Data}, {Type: cms.Data, Detached: true}, {Type: cms.Data, ByKeyID: true}, {Type: cms.Timestamp, Time: at},
	} {
		d := parse(t, id.Sign(t, content, o))
		if d.Detached != o.Detached || !d.Detached && !bytes.Equal(d.Content, content) {
			t.Fatalf("%+v: detached %v, content %q", o, d.Detached, d.Content)
		}
		v, err := d.Signers[0].Verify(content, nil)
		if err != nil || !v.Certificate.Equal(id.Certificate) || v.Weak != "" || !d.Signers[0].Time.Equal(o.Time) {
			t.Errorf("%+v: %v, %v, %v", o, v, err, d.Signers[0].Time)
		}
	}
}

func TestAnotherContentAnotherKeyAndNoKeyAreToldApart(t *testing.T) {
	id, stranger := ada(t), ada(t)
	s := &parse(t, id.Sign(t, content, cmstest.Options{Type: cms.Data, Detached: true})).Signers[0]
	if v, err := s.Verify(append([]byte("x"), content...), nil); !errors.Is(err, cms.ErrContent) || v.Certificate == nil {
		t.Errorf("another content: %v", err)
	}
	none := &parse(t, id.Sign(t, content, cmstest.Options{Type: cms.Data, Certificates: []*x509.Certificate{}})).Signers[0]
	if _, err := none.Verify(content, []*x509.Certificate{stranger.Certificate}); !errors.Is(err, cms.ErrNoKey) {
		t.Errorf("no certificate: %v", err)
	}
	if v, err := none.Verify(content, []*x509.Certificate{stranger.Certificate, id.Certificate}); err != nil || v.Certificate != id.Certificate {
		t.Errorf("with a certificate given: %v", err)
	}
	// A certificate of the same name and number for another key.
	twin := *id.Certificate
	twin.PublicKey = stranger.Key.Public()
	if _, err := none.Verify(content, []*x509.Certificate{&twin}); !errors.Is(err, cms.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := none.Verify(content, []*x509.Certificate{&twin, id.Certificate}); err != nil {
		t.Errorf("the right one among two: %v", err)
	}
}

func TestWhatIsStatedMustBeWhatIsThere(t *testing.T) {
	id := ada(t)
	sum := cmstest.DER(t, make([]byte, 32))
	typeID, digestID := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	for name, c := range map[string]struct {
		o    cmstest.Options
		want error
	}{
		"another digest": {cmstest.Options{Type: cms.Data, Digest: make([]byte, 32)}, cms.ErrContent},
		"another type":   {cmstest.Options{Type: cms.Timestamp, Instead: []cmstest.Attribute{{Type: typeID, Value: cmstest.DER(t, cms.Data)}, {Type: digestID, Value: sum}}}, cms.ErrContent},
		"no digest":      {cmstest.Options{Type: cms.Data, Instead: []cmstest.Attribute{{Type: typeID, Value: cmstest.DER(t, cms.Data)}}}, cms.ErrSyntax},
		"no type":        {cmstest.Options{Type: cms.Data, Instead: []cmstest.Attribute{{Type: digestID, Value: sum}}}, cms.ErrSyntax},
		"two digests":    {cmstest.Options{Type: cms.Data, More: []cmstest.Attribute{{Type: digestID, Value: sum}}}, cms.ErrSyntax},
	} {
		if _, err := parse(t, id.Sign(t, content, c.o)).Signers[0].Verify(content, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestAStatementIsNoContent mounts the swap that RFC 5652 invites: the signed
// attributes of a true signature, given out as a content signed without any.
func TestAStatementIsNoContent(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	id := cmstest.NewCA(t, "Root").IssueFor(t, cmstest.Person("Ada", "ada@example.org"), key)
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	statement := []byte{0x31, 0x03, 0x02, 0x01, 0x00}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	forged, err := pkcs7.NewSignedData(statement)
	if err != nil {
		t.Fatal(err)
	}
	forged.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	for _, d := range []*pkcs7.SignedData{sd, forged} {
		if err := d.SignWithoutAttr(id.Certificate, key, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	good, _ := sd.Finish()
	if _, err := parse(t, good).Signers[0].Verify(content, nil); err != nil {
		t.Errorf("without attributes: %v", err)
	}
	bad, _ := forged.Finish()
	if _, err := parse(t, bad).Signers[0].Verify(statement, nil); !errors.Is(err, cms.ErrSyntax) {
		t.Errorf("a statement as content: %v", err)
	}
}

// TestAnotherMakersSignaturesFit takes those of smallstep/pkcs7, and gives it ours.
func TestAnotherMakersSignaturesFit(t *testing.T) {
	id := ada(t)
	theirs, err := pkcs7.Parse(id.Sign(t, content, cmstest.Options{Type: cms.Data}))
	if err != nil || theirs.Verify() != nil {
		t.Errorf("smallstep refuses ours: %v, %v", err, theirs.Verify())
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaID := cmstest.NewCA(t, "Root").IssueFor(t, cmstest.Person("Ada", "ada@example.org"), key)
	for _, digest := range []asn1.ObjectIdentifier{pkcs7.OIDDigestAlgorithmSHA1, pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA512} {
		for _, who := range []*cmstest.Identity{id, rsaID} {
			sd, err := pkcs7.NewSignedData(content)
			if err != nil {
				t.Fatal(err)
			}
			sd.SetDigestAlgorithm(digest)
			if err := sd.AddSigner(who.Certificate, who.Key, pkcs7.SignerInfoConfig{}); err != nil {
				t.Fatal(err)
			}
			b, err := sd.Finish()
			if err != nil {
				t.Fatal(err)
			}
			v, err := parse(t, b).Signers[0].Verify(content, nil)
			if weak := digest.Equal(pkcs7.OIDDigestAlgorithmSHA1); err != nil || (v.Weak == "SHA-1") != weak {
				t.Errorf("digest %v: %v, weak %q", digest, err, v.Weak)
			}
		}
	}
}

// TestOpenSSLsSignaturesFit lets openssl sign in ways that no Go library does.
func TestOpenSSLsSignaturesFit(t *testing.T) {
	openssl := material.Program(t, "openssl")
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ca := cmstest.NewCA(t, "Root")
	write := func(name string, id *cmstest.Identity) {
		der, err := x509.MarshalPKCS8PrivateKey(id.Key)
		if err != nil {
			t.Fatal(err)
		}
		text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Certificate.Raw})...)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rsa.pem", ca.IssueFor(t, cmstest.Person("Ada", "ada@example.org"), key))
	write("ec.pem", ca.Issue(t, cmstest.Person("Ada", "ada@example.org")))
	if err := os.WriteFile(filepath.Join(dir, "content"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-signer", "rsa.pem", "-md", "sha256", "-keyopt", "rsa_padding_mode:pss"},
		{"-signer", "rsa.pem", "-md", "md5"},
		{"-signer", "rsa.pem", "-md", "sha224", "-keyid"},
		{"-signer", "rsa.pem", "-md", "sha384", "-stream", "-indef", "-nodetach"},
		{"-signer", "ec.pem", "-md", "sha512", "-noattr"},
	} {
		cmd := exec.Command(openssl, append([]string{"cms", "-sign", "-binary", "-in", "content", "-outform", "DER"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %v: %v", args, err)
		}
		if _, err := parse(t, out).Signers[0].Verify(content, nil); err != nil {
			t.Errorf("openssl %v: %v", args, err)
		}
		if _, err := parse(t, out).Signers[0].Verify(content[1:], nil); err == nil {
			t.Errorf("openssl %v: another content passes", args)
		}
	}
}

func TestEveryAlteredByteOfASignatureIsNoticed(t *testing.T) {
	id := ada(t)
	whole := id.Sign(t, content, cmstest.Options{Type: cms.Data, Detached: true, Certificates: []*x509.Certificate{}})
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		d, err := cms.Parse(b)
		if err != nil || len(d.Signers) != 1 {
			continue
		}
		if _, err := d.Signers[0].Verify(content, []*x509.Certificate{id.Certificate}); err == nil && !harmless(whole, i) {
			t.Errorf("byte %d of %d altered, and it passes", i, len(whole))
		}
	}
}

// harmless are the bytes that no signature covers and that change nothing:
// version numbers, the list of digests, and the parameters that are left out.
func harmless(whole []byte, i int) bool {
	data := bytes.Index(whole, []byte{0x02, 0x01, 0x03}) // version, then the set of digests
	end := data + 3 + 2 + int(whole[data+4])
	signer := bytes.Index(whole[end:], []byte{0x02, 0x01, 0x01}) + end
	return i >= data && i < end || i >= signer && i < signer+3
}

func TestTooMuchAndTooDeepIsRefused(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x30, 0x80}, 1<<20), bytes.Repeat([]byte{0, 0}, 1<<20)...)
	many := append([]byte{0x30, 0x84, 0, 8, 0, 0}, bytes.Repeat([]byte{0x05, 0x00}, 1<<18)...)
	for name, b := range map[string][]byte{"deep": deep, "many": many, "large": make([]byte, cms.MaxSize+1)} {
		if _, err := cms.Parse(b); !errors.Is(err, cms.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, b := range [][]byte{nil, {0x30}, {0x30, 0x05}, {0x30, 0x80}, {0x04, 0x80, 0, 0}, {0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255}, {0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0}} {
		if _, err := cms.Parse(b); !errors.Is(err, cms.ErrSyntax) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func TestKeysTooLongAreNotMultipliedWith(t *testing.T) {
	ca := cmstest.NewCA(t, "Root")
	id := ca.Issue(t, cmstest.Person("Ada", "ada@example.org"))
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 100_000), big.NewInt(1))
	template := *id.Certificate
	der, err := x509.CreateCertificate(rand.Reader, &template, ca.Certificate, &rsa.PublicKey{N: huge, E: 65537}, ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	long, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	d := parse(t, id.Sign(t, content, cmstest.Options{Type: cms.Data, Certificates: []*x509.Certificate{long}}))
	if _, err := d.Signers[0].Verify(content, nil); !errors.Is(err, cms.ErrNoKey) || d.Unread != 1 {
		t.Errorf("%v, %d unread", err, d.Unread)
	}
}

func TestWhatIsNotSignedDataIsNamed(t *testing.T) {
	for want, id := range map[error]asn1.ObjectIdentifier{cms.ErrEncrypted: {1, 2, 840, 113549, 1, 7, 3}, cms.ErrOther: cms.Data} {
		b := cmstest.DER(t, struct{ Type asn1.ObjectIdentifier }{id})
		if _, err := cms.Parse(b); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", id, err, want)
		}
	}
}

func TestCertificatesComeInThreeForms(t *testing.T) {
	id := ada(t)
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.Certificate.Raw})
	for name, c := range map[string]struct {
		b    []byte
		want int
	}{
		"pem": {append(inPEM, inPEM...), 2}, "der": {id.Certificate.Raw, 1}, "p7b": {id.Sign(t, nil, cmstest.Options{Type: cms.Data}), 1}, "text": {[]byte("none"), 0},
	} {
		list, err := cms.ParseCertificates(c.b)
		if len(list) != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%s: %d, %v", name, len(list), err)
		}
	}
}

// sample reads a file of testdata. The fuzz targets use no fresh keys: what they
// do must follow from their input alone.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzParse(f *testing.F) {
	ada, err := x509.ParseCertificate(sample(f, "ada.der"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample(f, "signed.der"))
	f.Add(sample(f, "detached.der"))
	f.Add([]byte{0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 'a', 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := cms.Parse(b)
		if err != nil {
			return
		}
		for i := range d.Signers {
			d.Certificates = nil // a forger may bring his own
			if _, err := d.Signers[i].Verify(d.Content, []*x509.Certificate{ada}); err == nil && !bytes.Equal(d.Content, content) {
				t.Errorf("a forged content passes")
			}
		}
	})
}
