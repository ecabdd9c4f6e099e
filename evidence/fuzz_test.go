package evidence

import (
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"unseal/mime"
	"unseal/trove"
)

// FuzzExamine: no input makes it panic, results are consistent in themselves,
// whatever go-msgauth passes (it is the stricter one) passes here too, and
// nothing passes of which it finds that other bytes were signed.
func FuzzExamine(f *testing.F) {
	k, ed := rsaKey(1024), edKey()
	record := k.record()
	for _, c := range []string{"simple/simple", "relaxed/relaxed"} {
		mail := signing{key: k, alg: "rsa-sha256", c: c, h: "from:to:subject:from"}.signed(plainMail)
		f.Add([]byte(mail), record)
		f.Add([]byte(strings.ReplaceAll(mail, "\r\n", "\n")), record)
		f.Add([]byte(signing{key: k, alg: "rsa-sha1", c: c, h: "from", extra: "; l=5"}.signed(plainMail)), k.bareRecord())
		f.Add([]byte(signing{key: ed, alg: "ed25519-sha256", c: c, h: "from", extra: "; t=1; x=2"}.signed(plainMail)), ed.record()+"; t=y:s")
	}
	f.Add([]byte(chainOf(2, k, "rsa-sha256")), record)
	f.Add([]byte(rfc6376), rfc6376Key)
	f.Add([]byte("\xef\xbb\xbf\n \n\t\nFrom x\n>From y\n\ndkim-signature : v=1\n"), "p=")
	f.Add([]byte("DKIM-Signature: v=1; a=;b=\n"), "p=")
	f.Fuzz(func(t *testing.T, raw []byte, record string) {
		if len(raw) > 1<<16 {
			return
		}
		if header, err := mime.ReadHeader(raw); err == nil && !mayBeSigned(raw) {
			for _, field := range header.Fields {
				if field.Is("DKIM-Signature") || field.Is("ARC-Seal") {
					t.Fatal("a signature is passed over")
				}
			}
		}
		var keys Keys
		// Whatever names a mail asks for, it is given the one record.
		for _, s := range Examine(raw, nil, now).Signatures {
			keys.Add(Key{Domain: s.Domain, Selector: s.Selector, Record: record})
		}
		keys.Add(Key{Domain: "example.org", Selector: "sel", Record: record})
		r := Examine(raw, &keys, now)
		for _, s := range r.Signatures {
			if s.Outcome == "" || (s.Outcome == Pass) != (s.Cause == "") || s.Outcome == Pass && s.Key == nil {
				t.Fatalf("inconsistent: %+v", s)
			}
			if s.Offset < 0 || s.Offset >= len(raw) || s.BodyCovered > s.BodyLength {
				t.Fatalf("out of range: %+v", s)
			}
		}
		var rec trove.Record
		if r.Fill(&rec); r.Err == nil && rec.Verdict == "" {
			t.Fatal("no verdict")
		}
		compare(t, raw, record, r)
	})
}

// compare holds the result against go-msgauth's. Inputs are left out that the
// two read differently on purpose: bare LF and CR, headers with lines that are
// no fields, names with blanks before the colon.
func compare(t *testing.T, raw []byte, record string, r Result) {
	text := string(raw)
	plain := strings.ReplaceAll(text, "\r\n", "")
	header, _, _ := strings.Cut(text, "\r\n\r\n")
	if strings.ContainsAny(plain, "\r\n") || strings.HasPrefix(text, "From ") || !headerReads(header) || strings.Contains(header, " :") {
		return
	}
	theirs, err := dkim.VerifyWithOptions(strings.NewReader(text), &dkim.VerifyOptions{
		LookupTXT: func(string) ([]string, error) { return []string{record}, nil }, MaxVerifications: 5,
	})
	if err != nil || len(theirs) != len(r.Signatures) {
		return
	}
	for i, v := range theirs {
		s := r.Signatures[i]
		if v.Err == nil && s.Outcome != Pass && s.Cause != BadSyntax && s.Cause != Expired {
			t.Fatalf("go-msgauth passes, we say %s\n%s", describe(s), text)
		}
		// What it refuses for its form or its weakness we may pass; not what it
		// found to be signed over other bytes.
		if dkim.IsPermFail(v.Err) || dkim.IsTempFail(v.Err) {
			continue
		}
		if v.Err != nil && s.Outcome == Pass {
			t.Fatalf("we pass, go-msgauth says %v\n%s", v.Err, text)
		}
	}
}
