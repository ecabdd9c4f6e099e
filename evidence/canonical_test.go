package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"unseal/evidence"
	"unseal/material"
)

// canonicalMail is our own small mail, signed by nobody: the form is what counts.
const canonicalMail = "From: Mary  <mary@example.org>\r\nTo: omar@example.org\r\nSubject: One\r\n two\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=s1;\r\n" +
	" h=from:subject:subject; l=4; bh=AAAA; b=AA\r\n AA; t=1\r\n\r\nab\r\ncd\r\n\r\n"

func TestCanonicalBytesAreThoseOfTheStandard(t *testing.T) {
	for _, raw := range []string{canonicalMail, strings.ReplaceAll(canonicalMail, "\r\n", "\n")} {
		c, ok := evidence.Canonicalise([]byte(raw), 0)
		if !ok {
			t.Fatal("not read")
		}
		want := "from:Mary <mary@example.org>\r\nsubject:One two\r\n" +
			"dkim-signature:v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=s1; h=from:subject:subject; l=4; bh=AAAA; b=; t=1"
		if string(c.Header) != want || string(c.Body) != "ab\r\n" {
			t.Errorf("header %q body %q", c.Header, c.Body)
		}
		if c.Kind != "rsa" || c.Hash != "sha256" || !bytes.Equal(c.B, make([]byte, 3)) || !bytes.Equal(c.BH, make([]byte, 3)) {
			t.Errorf("%+v", c)
		}
	}
}

func TestWhatIsNoSignatureHasNoCanonicalBytes(t *testing.T) {
	for _, n := range []int{-1, 1, 1 << 30} {
		if _, ok := evidence.Canonicalise([]byte(canonicalMail), n); ok {
			t.Errorf("signature %d is there", n)
		}
	}
	for _, raw := range []string{"", "From: a@b\r\n\r\n", strings.Replace(canonicalMail, "bh=AAAA", "", 1), strings.Replace(canonicalMail, "v=1; ", "", 1)} {
		if _, ok := evidence.Canonicalise([]byte(raw), 0); ok {
			t.Errorf("%q has canonical bytes", raw)
		}
	}
}

// TestTheBodyHashOfRealMailIsThatOfItsCanonicalBody recomputes bh= from what
// readers are given, for every real signature that is judged to pass.
func TestTheBodyHashOfRealMailIsThatOfItsCanonicalBody(t *testing.T) {
	keys, compared := corporaKeys(t, "keys.json"), 0
	for path, want := range material.Truth[truthFile](t, "") {
		if len(want.DKIM) == 0 || want.Type != "eml" {
			continue
		}
		raw := mailOf(t, path)
		for n, s := range evidence.Examine(raw, keys, testNow).Signatures {
			c, ok := evidence.Canonicalise(raw, n)
			if s.Outcome != evidence.Pass || c.Hash != "sha256" {
				continue
			}
			sum := sha256.Sum256(c.Body)
			if compared++; !ok || !bytes.Equal(sum[:], c.BH) || !strings.Contains(string(c.Header), base64.StdEncoding.EncodeToString(c.BH)[:8]) {
				t.Errorf("%s, signature %d: bh= is not the hash of the canonical body", path, n)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d signatures were compared", compared)
	}
}
