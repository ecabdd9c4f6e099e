package openpgp_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pgp "github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"unseal/evidence/openpgp"
	"unseal/material"
	"unseal/trove"
)

const text = "Content-Type: text/plain\r\n\r\nThe harbour wall was paid for twice. \r\n"

var signedAt = time.Date(2016, 3, 4, 5, 6, 7, 0, time.UTC)

func at(t time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return t }, Algorithm: packet.PubKeyAlgoEdDSA}
}

func newKey(t testing.TB, mail string) *pgp.Entity { return newKeyOf(t, mail, packet.PubKeyAlgoEdDSA) }

func newKeyOf(t testing.TB, mail string, algo packet.PublicKeyAlgorithm) *pgp.Entity {
	t.Helper()
	c := at(signedAt.Add(-time.Hour))
	c.Algorithm, c.RSABits = algo, 2048
	e, err := pgp.NewEntity("Ada Quay", "", mail, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func public(t testing.TB, e *pgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func armored(t testing.TB, kind string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return append(out.Bytes(), '\n')
}

func keys(t testing.TB, list ...*pgp.Entity) *openpgp.Keys {
	t.Helper()
	var k openpgp.Keys
	for _, e := range list {
		if err := k.Add(armored(t, pgp.PublicKeyType, public(t, e))); err != nil {
			t.Fatal(err)
		}
	}
	return &k
}

func sign(t testing.TB, e *pgp.Entity, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pgp.ArmoredDetachSign(&b, e, strings.NewReader(text), at(signedAt)); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

// mail is a PGP/MIME mail; more are header fields.
func mail(from, part string, signature []byte, more ...string) []byte {
	return []byte("From: " + from + "\r\n" + strings.Join(more, "") + "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n" +
		"--b\r\n" + part + "\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n" + string(signature) + "\r\n--b--\r\n")
}

// one examines a mail with one signature.
func one(t testing.TB, raw []byte, known *openpgp.Keys) trove.OtherSignature {
	t.Helper()
	list := openpgp.Examine(raw, known)
	if len(list) != 1 {
		t.Fatalf("%d signatures: %+v", len(list), list)
	}
	return list[0]
}

func TestASignatureOverTheExactBytesPasses(t *testing.T) {
	e := newKey(t, "ada@example.org")
	raw := mail("Ada <ada@example.org>", text, sign(t, e, text))
	for name, raw := range map[string][]byte{"as sent": raw, "with bare line ends": bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))} {
		got := one(t, raw, keys(t, e))
		if got.Result != "pass" || got.Cause != "key given for the check" || !got.Time.Equal(signedAt) || got.Signer != "Ada Quay <ada@example.org>" || len(got.Fingerprint) != 40 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	attached := bytes.Replace(raw, []byte("--b--"), []byte("--b\r\nContent-Type: application/pgp-keys\r\n\r\n"+string(armored(t, pgp.PublicKeyType, public(t, e)))+"\r\n--b--"), 1)
	autocrypt := mail("Ada <ada@example.org>", text, sign(t, e, text), "Autocrypt: addr=ada@example.org; keydata="+base64.StdEncoding.EncodeToString(public(t, e))+"\r\n")
	for name, raw := range map[string][]byte{"attached": attached, "autocrypt": autocrypt} {
		if got := one(t, raw, nil); got.Result != "pass" || got.Cause != openpgp.FromMessage {
			t.Errorf("key %s: %+v", name, got)
		}
	}
}

func TestWhatDoesNotFitFailsAndWhatIsUnknownIsNotJudged(t *testing.T) {
	e, stranger := newKey(t, "ada@example.org"), newKey(t, "ada@example.org")
	good := sign(t, e, text)
	block, err := armor.Decode(bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	raw.ReadFrom(block.Body)
	damaged := bytes.Clone(raw.Bytes())
	damaged[len(damaged)-5] ^= 1
	for name, c := range map[string]struct {
		raw           []byte
		known         *openpgp.Keys
		result, cause string
	}{
		"altered text":      {mail("ada@example.org", strings.Replace(text, "twice", "once", 1), good), keys(t, e), "fail", "text changed: the signed bytes are others"},
		"white space":       {mail("ada@example.org", strings.Replace(text, "twice. ", "twice.", 1), good), keys(t, e), "fail", "text changed: the signed bytes are others"},
		"altered signature": {mail("ada@example.org", text, armored(t, pgp.SignatureType, damaged)), keys(t, e), "fail", "the signature does not match"},
		"no key":            {mail("ada@example.org", text, good), nil, "nokey", "key unknown"},
		"another key":       {mail("ada@example.org", text, good), keys(t, stranger), "nokey", "key unknown"},
		"no key, altered":   {mail("ada@example.org", text+"x", good), nil, "nokey", "key unknown; the text is not the one that was signed"},
		"garbage":           {mail("ada@example.org", text, []byte("-----BEGIN PGP SIGNATURE-----\r\n\r\nxx\r\n")), keys(t, e), "fail", "the signature cannot be read: damaged"},
		"another sender":    {mail("eve@example.org", text, good), keys(t, e), "pass", "key given for the check, it names another address than From"},
	} {
		if got := one(t, c.raw, c.known); got.Result != c.result || got.Cause != c.cause {
			t.Errorf("%s: %s, %q; want %s, %q", name, got.Result, got.Cause, c.result, c.cause)
		}
	}
}

func TestARevokedOrExpiredKeyIsNamedAndNotRefused(t *testing.T) {
	e := newKey(t, "ada@example.org")
	raw := mail("ada@example.org", text, sign(t, e, text))
	if err := e.RevokeKey(packet.KeyCompromised, "", at(signedAt.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if got := one(t, raw, keys(t, e)); got.Result != "pass" || !strings.Contains(got.Cause, "the key was revoked") {
		t.Errorf("%+v", got)
	}
	early := at(signedAt.Add(-48 * time.Hour))
	early.KeyLifetimeSecs = 3600
	short, err := pgp.NewEntity("Ada", "", "ada@example.org", early)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	late := *early
	sig := &packet.Signature{Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: short.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256,
		CreationTime: signedAt, IssuerKeyId: &short.PrimaryKey.KeyId}
	h := sha256.New()
	h.Write([]byte(text))
	if err := sig.Sign(h, short.PrivateKey, &late); err != nil {
		t.Fatal(err)
	}
	if err := sig.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if got := one(t, mail("ada@example.org", text, armored(t, pgp.SignatureType, b.Bytes())), keys(t, short)); got.Result != "pass" || !strings.Contains(got.Cause, "the key was not valid at the time") {
		t.Errorf("%+v", got)
	}
}

// version3 makes a signature packet as PGP did before 2010 (RFC 4880 section 5.2.2).
func version3(t testing.TB, e *pgp.Entity, text string, kind byte) []byte {
	t.Helper()
	suffix := binary.BigEndian.AppendUint32([]byte{kind}, uint32(signedAt.Unix()))
	sum := sha256.Sum256(append([]byte(text), suffix...))
	sig, err := rsa.SignPKCS1v15(rand.Reader, e.PrivateKey.PrivateKey.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	b := append([]byte{3, 5}, suffix...)
	b = binary.BigEndian.AppendUint64(b, e.PrimaryKey.KeyId)
	b = append(b, 1, 8, sum[0], sum[1])
	b = append(binary.BigEndian.AppendUint16(b, uint16(8*len(sig))), sig...)
	return append(binary.BigEndian.AppendUint16([]byte{0x89}, uint16(len(b))), b...)
}

func TestOldSignaturesOfVersion3Fit(t *testing.T) {
	e := newKeyOf(t, "ada@example.org", packet.PubKeyAlgoRSA)
	known := keys(t, e)
	for _, kind := range []byte{0, 1} {
		whole := version3(t, e, text, kind)
		if got := one(t, mail("ada@example.org", text, armored(t, pgp.SignatureType, whole)), known); got.Result != "pass" || !got.Time.Equal(signedAt) {
			t.Errorf("kind %d: %+v", kind, got)
		}
		for i := range whole {
			b := bytes.Clone(whole)
			b[i] ^= 0x01
			for _, got := range openpgp.Examine(mail("ada@example.org", text, armored(t, pgp.SignatureType, b)), known) {
				hint := i >= 20 && i < 24 // two bytes of the digest, and a length in bits, which nothing rests on
				if got.Result == "pass" && !hint {
					t.Errorf("byte %d altered, and it passes: %+v", i, got)
				}
			}
		}
	}
}

func clear(t testing.TB, e *pgp.Entity, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, e.PrivateKey, at(signedAt))
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

func TestTextsSignedInTheClear(t *testing.T) {
	e := newKey(t, "ada@example.org")
	known, block := keys(t, e), clear(t, e, "The wall.\n- paid twice\n")
	plain := func(body string) []byte { return []byte("From: ada@example.org\n\n" + body) }
	for name, c := range map[string]struct {
		raw           []byte
		result, cause string
	}{
		"alone":    {plain(block), "pass", "key given for the check"},
		"quoted":   {plain("Look:\n\n" + block + "\n-- \nAda\n"), "pass", "key given for the check, the text around the signed block is not covered"},
		"base64":   {[]byte("From: ada@example.org\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("Hi\n"+block)) + "\n"), "pass", "key given for the check, the text around the signed block is not covered"},
		"altered":  {plain(strings.Replace(block, "twice", "once", 1)), "fail", "text changed: the signed bytes are others"},
		"cut":      {plain(block[:len(block)/2]), "fail", "the signed text or its signature cannot be read: damaged"},
		"enclosed": {plain("-----BEGIN PGP MESSAGE-----\n\nowGd\n-----END PGP MESSAGE-----\n"), "nokey", "an OpenPGP message that is not in the clear: not judged"},
	} {
		if got := one(t, c.raw, known); got.Result != c.result || got.Cause != c.cause {
			t.Errorf("%s: %s, %q; want %s, %q", name, got.Result, got.Cause, c.result, c.cause)
		}
	}
	if list := openpgp.Examine(plain("> -----BEGIN PGP SIGNED MESSAGE-----\nno block\n"), known); len(list) != 0 {
		t.Errorf("a quoted line: %+v", list)
	}
	many := openpgp.Examine(plain(strings.Repeat("-----BEGIN PGP MESSAGE-----\n", 10_000)), known)
	if n := len(many); n < openpgp.MaxSignatures || n > openpgp.MaxSignatures+1 {
		t.Errorf("%d results", n)
	}
}

func TestSignaturesOfOneMailAreBounded(t *testing.T) {
	e := newKey(t, "ada@example.org")
	block, err := armor.Decode(bytes.NewReader(sign(t, e, text)))
	if err != nil {
		t.Fatal(err)
	}
	var one bytes.Buffer
	one.ReadFrom(block.Body)
	raw := mail("ada@example.org", text, armored(t, pgp.SignatureType, bytes.Repeat(one.Bytes(), 200)))
	raw = append(raw, bytes.Repeat([]byte(clear(t, e, "The wall.\n")), 50)...)
	if list := openpgp.Examine(raw, keys(t, e)); len(list) < openpgp.MaxSignatures || len(list) > openpgp.MaxSignatures+1 || list[0].Result != "pass" {
		t.Errorf("%d results", len(list))
	}
}

// TestKeysTooLongAreNotTried: a key whose arithmetic takes minutes is left out
// before the library reads it, which checks its own signatures.
func TestKeysTooLongAreNotTried(t *testing.T) {
	mpi := func(bits int) []byte {
		b := bytes.Repeat([]byte{0xff}, (bits+7)/8)
		return append(binary.BigEndian.AppendUint16(nil, uint16(bits)), b...)
	}
	body := append([]byte{4, 0, 0, 0, 1, 1}, append(mpi(60_000), mpi(24)...)...)
	raw := append(binary.BigEndian.AppendUint16([]byte{0x99}, uint16(len(body))), body...)
	var k openpgp.Keys
	if err := k.Add(raw); err == nil {
		t.Error("a key of 60,000 bits is taken")
	}
	if err := k.Add([]byte("no key")); err == nil {
		t.Error("a text is taken")
	}
}

// TestGnuPGsSignaturesFit lets gpg make a key with a subkey and sign.
func TestGnuPGsSignaturesFit(t *testing.T) {
	gpg := material.Program(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // a short name: the agent's socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(gpg, append([]string{"--batch", "--homedir", home, "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v: %s", args, err, errs.String())
		}
		return out
	}
	t.Cleanup(func() {
		if conf, err := exec.LookPath("gpgconf"); err == nil {
			_ = exec.Command(conf, "--homedir", home, "--kill", "all").Run() // ends the agent that gpg began
		}
		os.RemoveAll(home)
	})
	for _, kind := range []string{"ed25519", "rsa2048", "dsa2048"} {
		mailbox := kind + "@example.org"
		run("", "--quick-generate-key", "Ada <"+mailbox+">", kind, "sign", "never")
		var known openpgp.Keys
		if err := known.Add(run("", "--armor", "--export", mailbox)); err != nil {
			t.Fatal(err)
		}
		raw := mail(mailbox, text, run(text, "-u", mailbox, "--armor", "--detach-sign"))
		if got := one(t, raw, &known); got.Result != "pass" || got.Cause != "key given for the check" {
			t.Errorf("%s: %+v", kind, got)
		}
		clearText := "From: " + mailbox + "\n\n" + string(run("caf\xe9 \n- dash\n", "-u", mailbox, "--digest-algo", "SHA512", "--clearsign"))
		if got := one(t, []byte(clearText), &known); got.Result != "pass" {
			t.Errorf("%s, in the clear: %+v", kind, got)
		}
	}
}

// TestRealMails: every mail that truth.json calls a signed multipart or
// encrypted, S/MIME apart, has a result; and the digests of those signed say
// which are still what was signed, without any key.
func TestRealMails(t *testing.T) {
	type expectation struct {
		Type      string
		Signed    bool `json:"multipart_signed"`
		Encrypted bool `json:"encrypted_or_smime"`
	}
	dir := material.Corpora(t)
	causes := map[string]string{
		"openpgp-inline-signed.mbox": "key unknown", "openpgp-inline-signed-broken.mbox": "key unknown; the text is not the one that was signed",
		"openpgp-signed-two-attachments.mbox": "key unknown", "signed-protected-header.eml": "key unknown",
		"openpgp-signed-base64-mailman-footer.mbox":           "key unknown; the text is not the one that was signed",
		"openpgp-signed-mailinglist+additional-children.mbox": "key unknown", "openpgp-signed-protected-headers.mbox": "key unknown",
	}
	for name, f := range material.Truth[expectation](t, "email-crypto/") {
		if f.Type != "eml" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		list, base := openpgp.Examine(raw, nil), filepath.Base(name)
		if (f.Signed || f.Encrypted) && !strings.HasPrefix(base, "smime") && len(list) == 0 {
			t.Errorf("%s: no result", base)
		}
		encrypted := slices.ContainsFunc(list, func(s trove.OtherSignature) bool {
			return strings.HasPrefix(s.Cause, "encrypted: ") && s.Result == "nokey"
		})
		if f.Encrypted && !strings.HasPrefix(base, "smime") && !encrypted {
			t.Errorf("%s: not called encrypted: %+v", base, list)
		}
		if want := causes[base]; want != "" && (len(list) != 1 || list[0].Cause != want || list[0].Result != "nokey") {
			t.Errorf("%s: %+v, want %q", base, list, want)
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

func FuzzExamine(f *testing.F) {
	var known openpgp.Keys
	if err := known.Add(sample(f, "ada.pgp")); err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"mime.eml", "version3.eml", "clear.eml", "withkey.eml"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range openpgp.Examine(raw, &known) {
			if !slices.Contains([]string{"pass", "fail", "nokey"}, s.Result) || s.Result != "pass" && s.Cause == "" || s.Type != trove.OpenPGP {
				t.Errorf("%+v", s)
			}
		}
	})
}

// FuzzKeys looks for a panic in reading keys, and for one that is taken and
// makes a text pass that its holder did not sign.
func FuzzKeys(f *testing.F) {
	altered := bytes.Replace(sample(f, "mime.eml"), []byte("twice"), []byte("once!"), 1)
	f.Add(sample(f, "ada.pgp"))
	f.Add(sample(f, "eve.asc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var known openpgp.Keys
		if known.Add(b) != nil {
			return
		}
		for _, s := range openpgp.Examine(altered, &known) {
			if s.Result == "pass" {
				t.Errorf("an altered text passes: %+v", s)
			}
		}
	})
}

func TestTheSamplesPass(t *testing.T) {
	var known openpgp.Keys
	if err := known.Add(sample(t, "ada.pgp")); err != nil {
		t.Fatal(err)
	}
	for name, cause := range map[string]string{"mime.eml": "key given for the check", "version3.eml": "key given for the check",
		"clear.eml": "key given for the check", "withkey.eml": openpgp.FromMessage} {
		if got := one(t, sample(t, name), &known); got.Result != "pass" || got.Cause != cause {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
