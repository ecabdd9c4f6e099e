package evidence

import (
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"
)

// drawMail draws a well-formed mail with CRLF line ends: folded and repeated
// fields, white space in odd places, blank lines, bodies without an end.
func drawMail(t *rapid.T) string {
	value := rapid.StringMatching(`[ \t]{0,2}([a-z@<>.=;]{1,9}[ \t]{0,3}(\r\n[ \t]{1,2}[a-z]{1,5})?){1,4}[ \t]{0,2}`)
	name := rapid.SampledFrom([]string{"To", "Subject", "subject", "DATE", "Received", "X-a", "x-A", "Message-ID"})
	var b strings.Builder
	for i := range rapid.IntRange(1, 7).Draw(t, "fields") {
		if i == rapid.IntRange(0, 3).Draw(t, "place of From") {
			b.WriteString("From: ada@example.org\r\n")
		}
		b.WriteString(name.Draw(t, "name") + ":" + value.Draw(t, "value") + "\r\n")
	}
	b.WriteString("from:\tAda  <ada@example.org>\r\n\r\n")
	b.WriteString(rapid.StringMatching(`([a-z.=]{0,9}[ \t]{0,3}[a-z]{0,3}[ \t]{0,2}(\r\n){1,3}){0,6}[a-z ]{0,4}`).Draw(t, "body"))
	return b.String()
}

// drawSigning draws a way to sign it.
func drawSigning(t *rapid.T) (s signing, record string) {
	s = signing{key: fixedKey(), alg: "rsa-sha256"}
	if rapid.Bool().Draw(t, "ed25519") {
		s.key, s.alg = edKey(), "ed25519-sha256"
	}
	canon := rapid.SampledFrom([]string{"simple", "relaxed"})
	s.c = canon.Draw(t, "header") + "/" + canon.Draw(t, "body")
	name := rapid.SampledFrom([]string{"From", "to", "Subject", " date ", "received", "x-a", "x-none", "message-id"})
	s.h = "from:" + strings.Join(rapid.SliceOfN(name, 0, 8).Draw(t, "names"), ":")
	s.h = strings.TrimSuffix(s.h, ":")
	return s, s.key.record()
}

// spoil changes a mail as lists, relays and forgers do; sometimes not at all.
// It keeps clear of what the two verifiers read differently on purpose.
func spoil(t *rapid.T, mail string) string {
	at := rapid.IntRange(0, len(mail)).Draw(t, "at")
	put := func(s string) string { return mail[:at] + s + mail[at:] }
	switch rapid.SampledFrom([]string{"", "letter", "space", "tab", "fold", "drop", "field above", "field below", "lines", "footer"}).Draw(t, "change") {
	case "letter":
		return put("q")
	case "space":
		return put(" ")
	case "tab":
		return put("\t")
	case "fold":
		return put("\r\n ")
	case "drop":
		if at < len(mail) && mail[at] != '\r' && mail[at] != '\n' {
			return mail[:at] + mail[at+1:]
		}
	case "field above":
		return rapid.SampledFrom([]string{"Subject: x\r\n", "From: eve@example.com\r\n", "X-New: y\r\n"}).Draw(t, "field") + mail
	case "field below":
		return strings.Replace(mail, "\r\n\r\n", "\r\nSubject: x\r\n\r\n", 1)
	case "lines":
		return mail + "\r\n\r\n"
	case "footer":
		return mail + "\r\n-- \r\nlist\r\n"
	}
	return mail
}

// sameAsMsgauth signs a mail, changes it, and wants the same of us and of go-msgauth.
func sameAsMsgauth(t *rapid.T) {
	mail := drawMail(t)
	s, record := drawSigning(t)
	signed := s.signed(mail)
	if r := Examine([]byte(signed), keysFor(record), now); len(r.Signatures) != 1 || r.Signatures[0].Outcome != Pass {
		t.Fatalf("what was signed does not pass: %+v\n%q", r.Signatures, signed)
	}
	changed := spoil(t, signed)
	header, _, whole := strings.Cut(changed, "\r\n\r\n")
	if strings.ContainsAny(strings.ReplaceAll(changed, "\r\n", ""), "\r\n") || !whole || !headerReads(header) || strings.Contains(header, " :") || strings.Contains(header, "\t:") {
		return
	}
	ours := Examine([]byte(changed), keysFor(record), now).Signatures
	theirs, err := dkim.VerifyWithOptions(strings.NewReader(changed), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			if name != "sel._domainkey.example.org" {
				return nil, nil
			}
			return []string{record}, nil
		},
	})
	if err != nil || len(theirs) != len(ours) {
		t.Fatalf("go-msgauth finds %d signatures, we %d: %v\n%q", len(theirs), len(ours), err, changed)
	}
	for i, v := range theirs {
		if v.Err != nil && strings.Contains(v.Err.Error(), "illegal base64") {
			continue // it wants the padding that RFC 6376 section 2.10 leaves open
		}
		if pass := ours[i].Outcome == Pass; pass != (v.Err == nil) {
			t.Fatalf("we say %s, go-msgauth %v\n%q", describe(ours[i]), v.Err, changed)
		}
	}
}

func TestGoMsgauthJudgesGeneratedMailsAlike(t *testing.T) { rapid.Check(t, sameAsMsgauth) }

// FuzzDifferential is the same, steered by coverage.
func FuzzDifferential(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(sameAsMsgauth))
}
