package redact

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"unseal/trove"
)

// signed is a mail with a body and all that is computed from it.
func signed(body string) string {
	sum := sha256.Sum256([]byte(body))
	bh := base64.StdEncoding.EncodeToString(sum[:])
	five := md5.Sum([]byte(body))
	b := strings.Repeat("c2lnbmF0dXJl", 10)
	return "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.org; s=k;\r\n b=" + b + "\r\n" +
		"ARC-Message-Signature: i=1; a=rsa-sha256; d=example.org; s=k; h=from:subject;\r\n bh=" + bh + ";\r\n b=" + b + "\r\n" +
		"X-Google-DKIM-Signature: v=1; a=rsa-sha256; d=1e100.net; s=k; h=to; bh=" + bh + "; b=" + b + "\r\n" +
		"DomainKey-Signature: a=rsa-sha1; q=dns; c=nofws; s=k; d=example.org; b=" + b + "\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=k; l=" + fmt.Sprint(len(body)) + "; h=From:Subject; bh=" + bh + "; b=" + b + "\r\n" +
		"Content-MD5: " + base64.StdEncoding.EncodeToString(five[:]) + "\r\n" +
		"Content-Digest: sha-256=:" + bh + ":\r\n" +
		"Content-Length: " + fmt.Sprint(len(body)) + "\r\n" +
		"From: a@example.org\r\nTo: b@example.org\r\nSubject: call me\r\n\r\n" + body
}

const phone = "202-555-0173"

// guessPhone mounts the attack: who knows all of the body but the last four
// digits tries them against a body hash that was left.
func guessPhone(published string) string {
	i := strings.Index(published, "\r\n\r\n") + 4
	for _, bh := range regexp.MustCompile(`(?:bh=|sha-256=:)([A-Za-z0-9+/]{43}=)`).FindAllStringSubmatch(published, -1) {
		for n := range 10_000 {
			guess := fmt.Sprintf("202-555-%04d", n)
			sum := sha256.Sum256([]byte(strings.Replace(published[i:], "[redacted]", guess, 1)))
			if base64.StdEncoding.EncodeToString(sum[:]) == bh[1] {
				return guess
			}
		}
	}
	return ""
}

func TestAPhoneNumberCannotBeGuessedFromTheBodyHash(t *testing.T) {
	raw := signed("You reach me at " + phone + " today.\r\n")
	naive := strings.Replace(raw, phone, "[redacted]", 1)
	if got := guessPhone(naive); got != phone {
		t.Fatalf("the attack on a copy with its body hash gives %q; it must succeed to show anything", got)
	}
	f := find(t, raw, Selection{Words: []string{phone}})
	if got := guessPhone(string(hide([]byte(raw), f.Places))); got != "" {
		t.Errorf("the attack gives %q", got)
	}
}

func TestEveryDigestOfAHiddenBodyIsHidden(t *testing.T) {
	f := find(t, signed("You reach me at "+phone+" today.\r\n"), Selection{Words: []string{phone}})
	want := []string{
		"ARC-Seal b=", "ARC-Message-Signature bh=", "ARC-Message-Signature b=", "X-Google-DKIM-Signature bh=", "X-Google-DKIM-Signature b=",
		"DomainKey-Signature b=", "DKIM-Signature bh=", "DKIM-Signature b=", "DKIM-Signature l=", "Content-MD5", "Content-Digest", "Content-Length",
	}
	if !slices.Equal(f.Signatures, want) {
		t.Errorf("hidden\n%q\nwant\n%q", f.Signatures, want)
	}
}

func TestFieldsNamedAsDigestsOrLengthsGoWithTheBody(t *testing.T) {
	gone := []string{"X-Body-Size", "X-Content-SHA1-Hash", "X-Fingerprint", "X-Checksum-Body", "X-MD5", "X-Sha256sum", "X-Body-MD5-Sum",
		"ETag", "LINES", "X-Lines", "X-SHA", "X-Sha-256-Of", "x-crc32", "X_Digest_Value", "X-BodyHash", "X-Original-Content-Length", "X-Signature", "Content-MD5"}
	stay := []string{"MIME-Version", "Content-Transfer-Encoding", "Content-Language", "Content-ID", "X-Headlines", "X-Shape", "X-Hashtag", "Thread-Index", "List-Id", "X-Mailer"}
	raw := "From: a@example.org\r\nSubject: x\r\n"
	for _, name := range append(gone[:len(gone):len(gone)], stay...) {
		raw += name + ": 8bit 73\r\n"
	}
	raw += "DKIM-Signature: v=1; d=example.org; s=k; h=From; bh=QUJD; b=QUJD\r\nContent-Type: text/plain\r\n\r\nYou reach me at " + phone + " today.\r\n"
	f := find(t, raw, Selection{Words: []string{phone}})
	if want := append([]string{"DKIM-Signature bh=", "DKIM-Signature b="}, gone...); !slices.Equal(f.Signatures, want) {
		t.Errorf("hidden\n%q\nwant\n%q", f.Signatures, want)
	}
	left := string(hide([]byte(raw), f.Places))
	for _, name := range stay {
		if !strings.Contains(left, "\r\n"+name+": 8bit 73\r\n") {
			t.Errorf("%s is hidden", name)
		}
	}
	if f := find(t, raw, Selection{Words: []string{"example.org"}}); slices.Contains(f.Signatures, "X-MD5") {
		t.Errorf("digests of a body that is shown whole: %q", f.Signatures)
	}
}

func TestASignatureOverAHiddenFieldLosesItsValueOnly(t *testing.T) {
	raw := signed("body\r\n")
	f := find(t, raw, Selection{Words: []string{"call me"}})
	want := []string{"ARC-Message-Signature b=", "DomainKey-Signature b=", "DKIM-Signature b="}
	if !slices.Equal(f.Signatures, want) {
		t.Errorf("hidden\n%q\nwant\n%q", f.Signatures, want)
	}
	f = find(t, raw, Selection{Words: []string{"b@example.org"}})
	if want := []string{"X-Google-DKIM-Signature b=", "DomainKey-Signature b="}; !slices.Equal(f.Signatures, want) {
		t.Errorf("To is hidden, and with it %q, want %q", f.Signatures, want)
	}
}

func TestTheDigestOfAHiddenMessageIDIsHidden(t *testing.T) {
	raw := bodyOf("Message-ID: <quimperle-harbour@example.org>\r\nMessage-ID-Hash: JZFQ2P3XJ7Y6WDNKLQXSUYVO2EYKZQOK\r\nArchived-At: <https://example.org/JZFQ2P3XJ7Y6WDNKLQXSUYVO2EYKZQOK/>\r\n", "x")
	f := find(t, raw, Selection{Words: []string{"quimperle-harbour"}})
	if got := string(hide([]byte(raw), f.Places)); strings.Contains(got, "JZFQ2") || !strings.Contains(got, "Archived-At: ") {
		t.Errorf("left:\n%s", got)
	}
}

func TestGuessBits(t *testing.T) {
	for _, c := range []struct {
		texts []string
		bits  float64
	}{
		{nil, 0}, {[]string{"", "+-., "}, 0}, {[]string{"0173"}, 4 * digitBits}, {[]string{"2015", "1984"}, 2 * yearBits},
		{[]string{"Smith", "SMITH smith"}, 5 * letterBits}, {[]string{"Müller"}, 6 * letterBits}, {[]string{"202-555-0173"}, 6*digitBits + 4*digitBits},
	} {
		if got := GuessBits(c.texts); math.Abs(got-c.bits) > 1e-9 {
			t.Errorf("%q: %.1f bits, want %.1f", c.texts, got, c.bits)
		}
	}
}

func TestSignaturesAreKeptOnlyOverWhatCannotBeGuessed(t *testing.T) {
	for text, refused := range map[string]bool{
		phone:                                  true,
		"Quimperlé Harbour, 14 rue de la Paix": true,
		strings.Repeat("the same words over and over ", 50): true,
		"sixteen different longish words nobody repeats anywhere inside quite ordinary business correspondence " +
			"concerning harbour dredging contracts awarded without public tender during previous administration": false,
		"key 4929 5512 9087 6620 1147 8839 0021 5530": false,
	} {
		raw := signed("Dear all,\r\n" + text + "\r\n")
		f, err := Find([]byte(raw), trove.Mail, Selection{Words: []string{text}, KeepSignatures: true})
		if refused != errors.Is(err, ErrGuessable) {
			t.Errorf("%.30q of %.0f bits: error %v, want refusal %v", text, GuessBits([]string{text}), err, refused)
		}
		if !refused && (len(f.Signatures) == 0 || strings.Contains(string(hide([]byte(raw), f.Places)), "bh=[")) {
			t.Errorf("%.30q: signatures are hidden, or not named: %q", text, f.Signatures)
		}
	}
	raw := signed(bodyOf("", "")) + b64("x")
	part := trove.Part{Path: "1", Offset: int64(len(raw) - 4), Length: 4}
	if _, err := Find([]byte(raw), trove.Mail, Selection{Part: &part, KeepSignatures: true}); !errors.Is(err, ErrGuessable) {
		t.Errorf("a whole file is hidden, which may be one that others have: error %v", err)
	}
}

// What is left must not depend on what is hidden: two mails that differ in the
// hidden word alone give the same copy. That rules out every attack on what is
// left, of digests, of neighbouring characters of base64, of sizes.
func TestWhatIsLeftSaysNothingOfWhatIsHidden(t *testing.T) {
	other := strings.NewReplacer(
		"Quimperl", "Bxdfghjk", "QUIMPERL", "BXDFGHJK", "Quimper", "Bxdfghj", "Quim", "Bxdf", "perl", "ghjk", "Harbour", "Zatcity", "harbour", "zatcity",
		"&#81;uimperl", "&#66;xdfghjk", "HARBOUR", "ZATCITY", "Har", "Zat", "bour", "city", "l=C3", "k=C3", "l&", "k&",
		"\nlé", "\nké")
	for name, raw := range writings(t) {
		if strings.Contains(name, "base64") || strings.Contains(name, "utf-16") || strings.Contains(name, "b64") || name == "B word" || name == "uuencoded" {
			continue // below
		}
		second := other.Replace(raw)
		if second == raw {
			t.Fatalf("%s: the word was not exchanged", name)
		}
		a, b := find(t, raw, Selection{Words: []string{hiddenWord}}), find(t, second, Selection{Words: []string{"Bxdfghjké Zatcity"}})
		if x, y := hide([]byte(raw), a.Places), hide([]byte(second), b.Places); string(x) != string(y) {
			t.Errorf("%s: what is left differs:\n%s\n%s", name, x, y)
		}
	}
	for lead := range 5 {
		make := func(w string) string {
			return bodyOf("Content-Transfer-Encoding: base64\r\n", b64(strings.Repeat("x", lead+70)+w+" after and more words"))
		}
		a := find(t, make("Quimper Harbour"), Selection{Words: []string{"Quimper Harbour"}})
		b := find(t, make("Bxdfghj Zatcity"), Selection{Words: []string{"Bxdfghj Zatcity"}})
		if x, y := hide([]byte(make("Quimper Harbour")), a.Places), hide([]byte(make("Bxdfghj Zatcity")), b.Places); string(x) != string(y) {
			t.Errorf("base64 behind %d bytes: what is left differs:\n%s\n%s", lead, x, y)
		}
	}
	x, y := signed("at "+phone+".\r\n"), signed("at 303-555-9999.\r\n")
	a, b := find(t, x, Selection{Words: []string{phone}}), find(t, y, Selection{Words: []string{"303-555-9999"}})
	if p, q := hide([]byte(x), a.Places), hide([]byte(y), b.Places); string(p) != string(q) {
		t.Errorf("signed: what is left differs:\n%s\n%s", p, q)
	}
}

func TestSignaturesInBodiesGoWithWhatTheySign(t *testing.T) {
	detached := func(kind string) string {
		return bodyOf("Content-Type: multipart/signed; boundary=b\r\n",
			"--b\r\n\r\ntext Quimperlé Harbour text\r\n--b\r\nContent-Type: "+kind+"; name=s.dat\r\nContent-Transfer-Encoding: base64\r\n\r\nc2lnbmF0dXJl\r\n--b--\r\n")
	}
	for _, kind := range []string{"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"} {
		raw := detached(kind)
		f := find(t, raw, Selection{Words: []string{hiddenWord}})
		if got := string(hide([]byte(raw), f.Places)); strings.Contains(got, "c2lnbmF0dXJl") || !strings.Contains(got, "--b--") {
			t.Errorf("%s:\n%s", kind, got)
		}
	}
	armored := "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\ntext Quimperlé Harbour\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEB\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n"
	for name, raw := range map[string]string{
		"plain":  bodyOf("", armored),
		"qp":     bodyOf("Content-Transfer-Encoding: quoted-printable\r\n", qp(armored)),
		"quoted": bodyOf("", "> "+strings.ReplaceAll(strings.TrimSuffix(armored, "\r\n"), "\r\n", "\r\n> ")),
	} {
		f := find(t, raw, Selection{Words: []string{hiddenWord}})
		if got := string(hide([]byte(raw), f.Places)); strings.Contains(got, "iQEzBAEB") || !strings.Contains(got, "BEGIN PGP SIGNATURE") {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	opaque := bodyOf("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n",
		b64("0\x82\x01\x01"+strings.Repeat("some words of a mail that is signed ", 20)+hiddenWord+" \x01\x02\x03 signature"))
	f := find(t, opaque, Selection{Words: []string{hiddenWord}})
	if got := string(hide([]byte(opaque), f.Places)); !strings.HasSuffix(got, "\r\n\r\nW3JlZGFjdGVkXSAg") {
		t.Errorf("opaque S/MIME is hidden in part:\n%s", got)
	}
}

func TestSignaturesOfOtherMessagesStay(t *testing.T) {
	inner := signed("inner body\r\n")
	raw := bodyOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\ntext "+hiddenWord+"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"+inner+"\r\n--b--\r\n")
	if f := find(t, raw, Selection{Words: []string{hiddenWord}}); len(f.Signatures) > 0 {
		t.Errorf("hidden %q, though the embedded message is as it was", f.Signatures)
	}
	f := find(t, raw, Selection{Words: []string{"inner body"}})
	if len(f.Signatures) != 12 {
		t.Errorf("hidden %q of the embedded message", f.Signatures)
	}
}
