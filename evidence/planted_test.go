package evidence

import (
	"slices"
	"strings"
	"testing"
)

// A planted item: the signature is a real one and checks, but the attachment is
// another mail's. What the signature leaves open is said; where it leaves
// nothing open, it does not match.
func TestPlantedAttachmentIsNotCoveredByVerdict(t *testing.T) {
	const text = "The minutes are attached.\r\n"
	mail := strings.SplitN(plainMail, "\r\n\r\n", 2)[0] + "\r\nContent-Type: text/plain\r\n\r\n" + text
	planted := func(signed string) string {
		signed = strings.Replace(signed, "Content-Type: text/plain", "Content-Type: multipart/mixed; boundary=b", 1)
		return signed + "--b\r\nContent-Type: application/pdf\r\n\r\nanother mail's minutes\r\n--b--\r\n"
	}
	k := fixedKey()
	open := signing{key: k, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from:subject", extra: "; l=27"}.signed(mail)
	s := one(t, Examine([]byte(planted(open)), keysFor(k.record()), now))
	if s.Outcome != Pass || !slices.Contains(s.Qualifiers, PartialBody) || s.BodyCovered != int64(len(text)) || s.BodyLength <= s.BodyCovered {
		t.Errorf("with l=: %s, %d of %d bytes covered", describe(s), s.BodyCovered, s.BodyLength)
	}
	if !slices.Contains(s.Unsigned, "content-type") {
		t.Errorf("with l=: not said that Content-Type is not signed: %v", s.Unsigned)
	}
	whole := signing{key: k, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from:subject"}.signed(mail)
	if s := one(t, Examine([]byte(planted(whole)), keysFor(k.record()), now)); s.Outcome != Fail || s.Cause != BodyChanged {
		t.Errorf("without l=: %s", describe(s))
	}
	closed := signing{key: k, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from:subject:content-type", extra: "; l=27"}.signed(mail)
	if s := one(t, Examine([]byte(planted(closed)), keysFor(k.record()), now)); s.Outcome != Fail || s.Cause != HeaderChanged {
		t.Errorf("with Content-Type signed: %s", describe(s))
	}
}
