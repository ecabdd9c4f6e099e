package evidence

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"unseal/trove"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// RFC 6376 appendix A.2, with the key of appendix C.
const rfc6376 = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
        4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
        KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
        4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`

const rfc6376Key = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"

// RFC 8463 appendix A.3, with the keys of appendix A.2.
const rfc8463 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`

func TestVectorsOfTheRFCs(t *testing.T) {
	var keys Keys
	keys.Add(Key{Domain: "example.com", Selector: "brisbane", Record: rfc6376Key})
	keys.Add(Key{Domain: "football.example.com", Selector: "brisbane", Record: "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="})
	keys.Add(Key{Domain: "football.example.com", Selector: "test", Record: "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"})
	for name, mail := range map[string]string{"RFC 6376 A.2": rfc6376, "RFC 8463 A.3": rfc8463} {
		for _, text := range []string{mail, strings.ReplaceAll(mail, "\n", "\r\n")} {
			r := Examine([]byte(text), &keys, now)
			for _, s := range r.Signatures {
				if s.Outcome != Pass {
					t.Errorf("%s %s: %s", name, s.Algorithm, describe(s))
				}
			}
			if want := strings.Count(mail, "DKIM-Signature"); len(r.Signatures) != want || r.Verdict != trove.KeptKey {
				t.Errorf("%s: %d signatures, want %d; verdict %s", name, len(r.Signatures), want, r.Verdict)
			}
			if r.BareLF != (text == mail) {
				t.Errorf("%s: BareLF is %v", name, r.BareLF)
			}
		}
	}
}

// RFC 6376 sections 3.4.3 to 3.4.5.
func TestCanonicalFormsOfTheRFC(t *testing.T) {
	for _, c := range []struct{ field, relaxed, simple string }{
		{"A: X\r\n", "a:X", "A: X"},
		{"B : Y\t\r\n\tZ  \r\n", "b:Y Z", "B : Y\t\r\n\tZ  "},
		{"B : Y\t\n\tZ  \n", "b:Y Z", "B : Y\t\r\n\tZ  "},
		{"Subject:\r\n  \r\n x\ry\r\n", "subject:x\ry", "Subject:\r\n  \r\n x\ry"},
		{"C: a;\r\nb=c\r\n", "c:a;\r\nb=c", "C: a;\r\nb=c"}, // lost white space is not made up
		{"Empty:\r\n", "empty:", "Empty:"},
	} {
		if got := string(appendHeader(nil, []byte(c.field), true)); got != c.relaxed {
			t.Errorf("relaxed %q = %q, want %q", c.field, got, c.relaxed)
		}
		if got := string(appendHeader(nil, []byte(c.field), false)); got != c.simple {
			t.Errorf("simple %q = %q, want %q", c.field, got, c.simple)
		}
	}
	for _, c := range []struct {
		body    string
		relaxed bool
		hash    crypto.Hash
		want    string
		length  int64
	}{
		{"", false, crypto.SHA1, "uoq1oCgLlTqpdDX/iUbLy7J1Wic=", 2},
		{"\r\n\r\n", false, crypto.SHA256, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", 2},
		{"", true, crypto.SHA1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", 0},
		{" \t\r\n\r\n", true, crypto.SHA256, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 0},
		{" C \r\nD \t E\r\n\r\n\r\n", true, crypto.SHA256, base64.StdEncoding.EncodeToString(testHash(crypto.SHA256, " C\r\nD E\r\n")), 9},
		{" C \r\nD \t E\r\n\r\n\r\n", false, crypto.SHA256, base64.StdEncoding.EncodeToString(testHash(crypto.SHA256, " C \r\nD \t E\r\n")), 12},
	} {
		sum, length := bodyHash(c.hash.New(), []byte(c.body), c.relaxed, -1)
		if got := base64.StdEncoding.EncodeToString(sum); got != c.want || length != c.length {
			t.Errorf("%q relaxed %v: %s, %d bytes; want %s, %d", c.body, c.relaxed, got, length, c.want, c.length)
		}
	}
}

var testHeaders = []string{
	"From: Ada <ada@example.org>\r\nTo: bob@example.net\r\nSubject: minutes\r\nDate: Tue, 3 Jan 2017 12:00:00 +0000\r\n",
	"Received: by a; Tue, 3 Jan 2017 12:00:02 +0000\r\nReceived: by b;\r\n\tTue, 3 Jan 2017 12:00:01 +0000\r\nFrom:  Ada \t\r\n  <ada@example.org>  \r\nSubject :  a  b\t\tc \r\nX-Empty:\r\n",
	"FROM:ada@example.org\r\nsubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n"[:len("FROM:ada@example.org\r\nsubject: =?utf-8?q?caf=C3=A9?=\r\n")],
}

var testBodies = []string{
	"", "\r\n", "\r\n\r\n\r\n", "one line\r\n", "no end", " lead  and \t trail \t\r\n\r\n\r\n", "a\r\n\r\n\r\nb\r\n \r\n\t\r\n",
	strings.Repeat("long body line with  spaces\r\n", 2000), ".\r\n..\r\n", "caf\xc3\xa9 \xff\r\n",
}

// Every form that a signer may choose passes, as CRLF and as LF, and go-msgauth
// agrees wherever it takes part (it refuses SHA-1, short keys and l=).
func TestSignedMailsPass(t *testing.T) {
	algs := []struct {
		name   string
		key    *testKey
		oracle bool
	}{
		{"ed25519-sha256", edKey(), true}, {"rsa-sha256", rsaKey(1024), true}, {"rsa-sha1", rsaKey(1024), false},
		{"rsa-sha256", rsaKey(512), false}, {"rsa-sha256", rsaKey(768), false}, {"rsa-sha1", rsaKey(384), false}, {"rsa-sha256", rsaKey(2049), true},
	}
	for _, alg := range algs {
		keys := keysFor(alg.key.record())
		for _, c := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
			for i, header := range testHeaders {
				for j, body := range testBodies {
					name := fmt.Sprintf("%s %d %s header %d body %d", alg.name, alg.key.size(), c, i, j)
					mail := signing{key: alg.key, alg: alg.name, c: c, h: "From:subject : Received:received:Received:X-Empty:x-none"}.signed(header + "\r\n" + body)
					s := one(t, Examine([]byte(mail), keys, now))
					if s.Outcome != Pass {
						t.Errorf("%s: %s", name, describe(s))
					}
					if want := int64(len(testBody(body, c[strings.Index(c, "/")+1:]))); s.BodyLength != want || s.BodyCovered != want {
						t.Errorf("%s: %d of %d body bytes covered, want %d", name, s.BodyCovered, s.BodyLength, want)
					}
					r := Examine([]byte(strings.ReplaceAll(mail, "\r\n", "\n")), keys, now)
					if s := one(t, r); s.Outcome != Pass || !r.BareLF {
						t.Errorf("%s with LF: %s", name, describe(s))
					}
					if alg.oracle && !oraclePasses(mail, alg.key.record()) {
						t.Errorf("%s: go-msgauth refuses it", name)
					}
				}
			}
		}
	}
}

func (k *testKey) size() int {
	if k.ed != nil {
		return 256
	}
	return k.n.BitLen()
}

func oraclePasses(mail, record string) bool {
	v, err := dkim.VerifyWithOptions(strings.NewReader(mail), &dkim.VerifyOptions{
		LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
	})
	return err == nil && len(v) == 1 && v[0].Err == nil
}

const plainMail = "From: ada@example.org\r\nTo: bob@example.net\r\nSubject: harbour budget\r\nDate: Tue, 3 Jan 2017 12:00:00 +0000\r\n" +
	"X-Free: not signed\r\n\r\nThe budget is 400.\r\nNothing else.\r\n"

// The negative control: whatever byte of a signed mail is altered, a pass is
// gone if the byte was signed, and stays if it was not.
func TestEveryAlteredByteIsSeen(t *testing.T) {
	for _, alg := range []struct {
		name string
		key  *testKey
	}{{"ed25519-sha256", edKey()}, {"rsa-sha256", rsaKey(512)}} {
		for _, c := range []string{"simple/simple", "relaxed/relaxed"} {
			keys := keysFor(alg.key.record())
			mail := signing{key: alg.key, alg: alg.name, c: c, h: "from:to:subject:date"}.signed(plainMail)
			relaxed := c == "relaxed/relaxed"
			for i := range len(mail) {
				for _, flip := range []byte{0x01, 0x20, 0x80} {
					altered := []byte(mail)
					altered[i] ^= flip
					r := Examine(altered, keys, now)
					passes := len(r.Signatures) == 1 && r.Signatures[0].Outcome == Pass
					if want := sameSigned(mail, string(altered), i, relaxed); passes != want {
						t.Fatalf("%s %s: byte %d %q -> %q: passes %v, want %v\n%s", alg.name, c, i, mail[i], altered[i], passes, want, altered)
					}
				}
			}
		}
	}
}

// sameSigned says by other means than the package's whether altering byte i
// leaves everything signed as it was.
func sameSigned(before, after string, i int, relaxed bool) bool {
	if j := strings.Index(before, "X-Free"); i >= j && i < j+len("X-Free: not signed\r") {
		// Unsigned, unless it now reads as something signed or ends the header.
		return strings.IndexByte("\r\n", after[i]) < 0 && headerReads(after[:strings.Index(after, "\n\r\nThe budget")])
	}
	if i == strings.Index(before, "X-Free")+len("X-Free: not signed\r\n")-1 {
		return true // the empty line is gone; the body then begins with its first line, which is no field
	}
	isWSP := func(c byte) bool { return c == ' ' || c == '\t' }
	b := strings.Index(before, "\tb=") + 3
	end := strings.Index(before, "\r\nFrom:")
	if i >= b && i < end {
		return isWSP(before[i]) && isWSP(after[i])
	}
	if !relaxed {
		return false
	}
	if isWSP(before[i]) && isWSP(after[i]) {
		return true
	}
	// Names of fields are read without case, in the header and in h=.
	for _, f := range testFields(before[:strings.Index(before, "\r\n\r\n")]) {
		start := strings.Index(before, f)
		if colon := strings.IndexByte(f, ':'); i >= start && i < start+colon && strings.EqualFold(before[i:i+1], after[i:i+1]) {
			return true
		}
	}
	return false
}

// headerReads reports whether every line of a header is a field.
func headerReads(header string) bool {
	for _, f := range testFields(header) {
		name, _, ok := strings.Cut(f, ":")
		name = strings.TrimRight(name, " \t")
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	rsa, ed := rsaKey(1024), edKey()
	make := func(s signing) string {
		if s.key == nil {
			s.key, s.alg = rsa, "rsa-sha256"
		}
		if s.c == "" {
			s.c = "relaxed/relaxed"
		}
		if s.h == "" {
			s.h = "from:to:subject:date"
		}
		return s.signed(plainMail)
	}
	change := func(mail, from, to string) string { return strings.Replace(mail, from, to, 1) }
	good, edGood := make(signing{}), make(signing{key: ed, alg: "ed25519-sha256"})
	for name, c := range map[string]struct {
		mail, record string
		want         string // outcome and words
		verdict      trove.Verdict
	}{
		"body":                  {change(good, "400", "900"), "", "fail body changed", trove.Mismatch},
		"header":                {change(good, "harbour", "harmony"), "", "fail header changed", trove.Mismatch},
		"both":                  {change(change(good, "harbour", "harmony"), "400", "900"), "", "fail body and header changed", trove.Mismatch},
		"ed25519 header":        {change(edGood, "harbour", "harmony"), ed.record(), "fail header changed or other key", trove.Mismatch},
		"ed25519 body":          {change(edGood, "400", "900"), ed.record(), "fail body changed", trove.Mismatch},
		"ed25519 both":          {change(change(edGood, "harbour", "harmony"), "400", "900"), ed.record(), "fail body and header changed", trove.Mismatch},
		"another key":           {good, rsaKey(768).record(), "fail key mismatch", trove.Mismatch},
		"key of another type":   {good, ed.record(), "fail key mismatch", trove.Mismatch},
		"bare PKCS#1 key":       {good, rsa.bareRecord(), "pass ", trove.KeptKey},
		"hash forbidden":        {good, strings.Replace(rsa.record(), "k=rsa", "k=rsa; h=sha1:sha512", 1), "fail key does not allow it", trove.Mismatch},
		"hash allowed":          {good, strings.Replace(rsa.record(), "k=rsa", "k=rsa; h=sha1 : sha256", 1), "pass ", trove.KeptKey},
		"key for another use":   {good, strings.Replace(rsa.record(), "k=rsa", "k=rsa; s=tlsrpt", 1), "fail bad key record", trove.Unchecked},
		"key of another kind":   {good, "k=dsa; p=AAAA", "fail bad key record", trove.Unchecked},
		"no key at all":         {good, "v=DKIM1; k=rsa; omgwhatsgoingon", "fail bad key record", trove.Unchecked},
		"revoked":               {good, "v=DKIM1; p=", "nokey key revoked", trove.Unchecked},
		"unknown":               {change(good, "s=sel", "s=zel"), "", "nokey key unknown", trove.Unchecked},
		"test key":              {good, rsa.record() + "; t=y", "pass test key", trove.KeptKey},
		"subdomain":             {make(signing{extra: "; i=ada@mail.example.org"}), "", "pass ", trove.KeptKey},
		"strict subdomain":      {make(signing{extra: "; i=ada@mail.example.org"}), rsa.record() + "; t=s", "fail unauthorized subdomain", trove.Mismatch},
		"strict domain":         {make(signing{extra: "; i=ada@EXAMPLE.org"}), rsa.record() + "; t=s", "pass ", trove.KeptKey},
		"identity elsewhere":    {make(signing{extra: "; i=ada@badexample.org"}), "", "fail domain mismatch", trove.Mismatch},
		"identity without @":    {make(signing{extra: "; i=example.org"}), "", "fail domain mismatch", trove.Mismatch},
		"From not signed":       {make(signing{h: "to:subject"}), "", "fail From not signed", trove.Unchecked},
		"expired since":         {make(signing{extra: "; x=1483500000"}), "", "pass expired since", trove.KeptKey},
		"not expired":           {make(signing{extra: "; x=99999999999"}), "", "pass ", trove.KeptKey},
		"expired then":          {make(signing{extra: "; x=1483000000"}), "", "fail expired", trove.Mismatch},
		"signed later":          {make(signing{extra: "; t=1500000000"}), "", "pass signed later", trove.KeptKey},
		"l= of all":             {make(signing{extra: "; l=35"}), "", "pass ", trove.KeptKey},
		"l= of a part":          {make(signing{extra: "; l=20"}), "", "pass partial body", trove.KeptKey},
		"l= beyond":             {make(signing{extra: "; l=99"}), "", "fail body changed: cut short probable", trove.Mismatch},
		"l= no number":          {change(good, "; c=", "; l=-1; c="), "", "fail bad syntax", trove.Unchecked},
		"appended after l=":     {make(signing{extra: "; l=35"}) + "More.\r\n", "", "pass partial body", trove.KeptKey},
		"a list's footer":       {change(good, "X-Free", "List-Id") + "____\r\nThe List\r\n", "", "fail body changed: list footer probable", trove.Mismatch},
		"a list":                {change(good, "X-Free", "List-Id") + "Bye\r\n", "", "fail body changed: mailing list probable", trove.Mismatch},
		"second Subject":        {change(good, "From:", "Subject: other\r\nFrom:"), "", "pass ambiguous headers", trove.KeptKey},
		"second Subject forbid": {change(make(signing{h: "from:subject:subject"}), "From:", "Subject: other\r\nFrom:"), "", "fail header changed", trove.Mismatch},
		"draft":                 {change(good, "v=1; ", ""), "", "fail draft syntax", trove.Unchecked},
		"draft version":         {change(good, "v=1; ", "v=0.5; "), "", "fail draft syntax", trove.Unchecked},
		"version 2":             {change(good, "v=1; ", "v=2; "), "", "fail bad syntax", trove.Unchecked},
		"algorithm":             {change(good, "rsa-sha256", "rsa-sha512"), "", "fail unknown algorithm", trove.Unchecked},
		"canonicalisation":      {change(good, "relaxed/relaxed", "relaxed/nofws"), "", "fail bad syntax", trove.Unchecked},
		"tag twice":             {change(good, "; d=", "; d=example.net; d="), "", "fail bad syntax", trove.Unchecked},
		"no tag list":           {change(good, "; d=", "; what; d="), "", "fail bad syntax", trove.Unchecked},
		"bh not base64":         {change(good, "bh=", "bh=*"), "", "fail bad syntax", trove.Unchecked},
		"b not base64":          {change(good, "\tb=", "\tb=*"), "", "fail bad syntax", trove.Unchecked},
		"b too long":            {change(good, "\tb=", "\tb=AAAA"), "", "fail key mismatch", trove.Mismatch},
		"d no domain":           {change(good, "d=example.org", "d=.example.org"), "", "fail bad syntax", trove.Unchecked},
		"SHA-1":                 {make(signing{key: rsa, alg: "rsa-sha1"}), "", "pass weak algorithm", trove.KeptKey},
		"a list signs":          {signing{key: rsa, alg: "rsa-sha256", c: "relaxed/simple", h: "from"}.signed(change(plainMail, "ada@example.org", "ada@example.com")), "", "pass another domain", trove.KeptKey},
		"no domain in From":     {signing{key: rsa, alg: "rsa-sha256", c: "relaxed/simple", h: "from"}.signed(change(plainMail, "ada@example.org", "ada@org")), "", "pass another domain", trove.KeptKey},
		"a department signs":    {signing{key: rsa, alg: "rsa-sha256", c: "relaxed/simple", h: "from"}.signed(change(plainMail, "ada@example.org", "Ada <ada@mail.Example.ORG>")), "", "pass ", trove.KeptKey},
		"nothing signed":        {plainMail, "", "", trove.Unsigned},
	} {
		if c.record == "" {
			c.record = rsa.record()
		}
		r := Examine([]byte(c.mail), keysFor(c.record), now)
		got := ""
		for _, s := range r.Signatures {
			got = string(s.Outcome) + " " + s.Said()
		}
		if got != c.want || r.Verdict != c.verdict {
			t.Errorf("%s: %q, %s; want %q, %s", name, got, r.Verdict, c.want, c.verdict)
		}
	}
}

func TestWeakKeysAreNamed(t *testing.T) {
	for bits, want := range map[int]string{512: "weak key", 768: "weak key", 1024: "", 1536: ""} {
		k := rsaKey(bits)
		mail := signing{key: k, alg: "rsa-sha256", c: "relaxed/simple", h: "from"}.signed(plainMail)
		s := one(t, Examine([]byte(mail), keysFor(k.record()), now))
		if s.Outcome != Pass || s.Said() != want || s.Key.Bits() != bits {
			t.Errorf("%d bits: %s, %d", bits, describe(s), s.Key.Bits())
		}
	}
}

func TestWhatIsNotCoveredIsListed(t *testing.T) {
	k := edKey()
	mail := signing{key: k, alg: "ed25519-sha256", c: "relaxed/relaxed", h: "from:subject", extra: "; l=10"}.signed(plainMail)
	mail = "To: eve@example.net\r\nFROM: eve@example.net\r\n" + mail
	r := Examine([]byte(mail), keysFor(k.record()), now)
	s := one(t, r)
	if want := []string{"from", "subject"}; !slices.Equal(s.Signed, want) {
		t.Errorf("signed %v, want %v", s.Signed, want)
	}
	if want := []string{"to", "from", "date", "x-free"}; !slices.Equal(s.Unsigned, want) {
		t.Errorf("unsigned %v, want %v", s.Unsigned, want)
	}
	if s.BodyCovered != 10 || s.BodyLength != 35 {
		t.Errorf("%d of %d body bytes covered", s.BodyCovered, s.BodyLength)
	}
	if len(s.Ambiguous) != 1 || s.Ambiguous[0].Name != "from" || s.Ambiguous[0].Other != strings.Index(mail, "FROM") || s.Ambiguous[0].Signed != strings.Index(mail, "From: ada") {
		t.Errorf("ambiguous: %+v", s.Ambiguous)
	}
	var rec trove.Record
	r.Fill(&rec)
	want := trove.Signature{Domain: "example.org", Selector: "sel", Algorithm: "ed25519-sha256", Result: "pass", Cause: "ambiguous headers, partial body"}
	if rec.Verdict != trove.KeptKey || len(rec.Signatures) != 1 || rec.Signatures[0] != want {
		t.Errorf("record: %s %+v", rec.Verdict, rec.Signatures)
	}
	if len(rec.Warnings) != 1 || rec.Warnings[0].Code != "ambiguous-from" || rec.Warnings[0].Offset != int64(strings.Index(mail, "FROM")) {
		t.Errorf("warnings: %+v", rec.Warnings)
	}
}

// A signature does not cover itself by naming DKIM-Signature in h=, but others.
func TestSignaturesMayCoverEachOther(t *testing.T) {
	k := edKey()
	inner := signing{key: k, alg: "ed25519-sha256", c: "simple/simple", h: "from"}.signed(plainMail)
	outer := signing{key: k, alg: "ed25519-sha256", c: "relaxed/simple", h: "from:dkim-signature"}.signed(inner)
	r := Examine([]byte(outer), keysFor(k.record()), now)
	for _, s := range r.Signatures {
		if s.Outcome != Pass {
			t.Error(describe(s))
		}
	}
	if len(r.Signatures) != 2 {
		t.Errorf("%d signatures", len(r.Signatures))
	}
	r = Examine([]byte(strings.Replace(outer, "v=1; a=ed25519-sha256; d=example.org; s=sel; c=simple", "v=1; a=ed25519-sha256; d=example.org; s=sel;  c=simple", 1)), keysFor(k.record()), now)
	for _, s := range r.Signatures {
		if s.Outcome == Pass && s.Signed[len(s.Signed)-1] == "from" {
			t.Error("the altered signature still passes")
		}
	}
}

func TestVerdictsAddUp(t *testing.T) {
	current := &Key{Seen: []Sighting{{DNS: true, When: now.Add(-time.Hour)}}}
	pass, fresh := Signature{Outcome: Pass, Key: &Key{}}, Signature{Outcome: Pass, Key: current}
	changed, broken, nokey := Signature{Outcome: Fail, Cause: BodyChanged}, Signature{Outcome: Fail, Cause: DraftSyntax}, Signature{Outcome: NoKey}
	for _, c := range []struct {
		sigs []Signature
		want trove.Verdict
	}{
		{nil, trove.Unsigned},
		{[]Signature{nokey}, trove.Unchecked},
		{[]Signature{broken}, trove.Unchecked},
		{[]Signature{changed, nokey}, trove.Mismatch},
		{[]Signature{nokey, changed}, trove.Mismatch},
		{[]Signature{changed, pass, nokey, changed}, trove.KeptKey},
		{[]Signature{pass, changed, fresh}, trove.Valid},
	} {
		if got := verdict(c.sigs, now); got != c.want {
			t.Errorf("%v: %s, want %s", c.sigs, got, c.want)
		}
	}
}

func TestLimitsHold(t *testing.T) {
	k := rsaKey(512)
	keys := keysFor(k.record())
	signed := signing{key: k, alg: "rsa-sha256", c: "simple/simple", h: "from"}.signed(plainMail)
	field := strings.TrimSuffix(signed, plainMail)

	r := Examine([]byte(strings.Repeat(field, MaxSignatures+5)+plainMail), keys, now)
	if n := len(r.Signatures); n != MaxSignatures+5 {
		t.Fatalf("%d signatures listed", n)
	}
	for i, s := range r.Signatures {
		if judged := s.Cause != TooMuch; judged != (i < MaxSignatures) || s.Domain != "example.org" {
			t.Fatalf("signature %d: %s", i, describe(s))
		}
	}

	long := strings.Replace(signed, "h=from", "h=from"+strings.Repeat(":x", MaxSigned), 1)
	if s := one(t, Examine([]byte(long), keys, now)); s.Cause != BadSyntax {
		t.Errorf("too long h=: %s", describe(s))
	}

	r = Examine([]byte(signed[:strings.Index(signed, "\r\n\r\n")+2]+strings.Repeat("X: y\r\n", 3000)), keys, now)
	if r.Err == nil || r.Verdict != "" || len(r.Signatures) != 0 {
		t.Errorf("header beyond its limit: %+v", r)
	}
	var rec trove.Record
	if r.Fill(&rec); len(rec.Warnings) != 1 {
		t.Errorf("no warning: %+v", rec)
	}
	if r := Examine(bytes.Repeat([]byte("X: y\r\n"), 1<<18), keys, now); r.Err == nil || r.Verdict != "" {
		t.Errorf("endless header: %+v", r)
	}

	// Bodies under many different l= are hashed only so often.
	body := strings.Repeat("x", MaxHashed/10)
	var b bytes.Buffer
	for i := range 20 {
		b.WriteString(strings.Replace(field, "; c=", fmt.Sprintf("; l=%d; c=", i), 1))
	}
	r = Examine([]byte(b.String()+"From: a@example.org\r\n\r\n"+body), keys, now)
	judged := 0
	for _, s := range r.Signatures {
		if s.Cause != TooMuch {
			judged++
		}
	}
	if judged != 9 && judged != 10 {
		t.Errorf("%d of 20 bodies hashed", judged)
	}
}

func TestOversizedKeysAreRefused(t *testing.T) {
	for name, record := range map[string]string{
		"modulus of 8200 bits": (&testKey{n: bigBits(8200), e: rsaKey(512).e}).bareRecord(),
		"modulus of 300 bits":  (&testKey{n: bigBits(300), e: rsaKey(512).e}).bareRecord(),
		"exponent of 40 bits":  (&testKey{n: rsaKey(512).n, e: bigBits(40)}).bareRecord(),
		"exponent 1":           (&testKey{n: rsaKey(512).n, e: bigBits(1)}).bareRecord(),
		"short ed25519":        "k=ed25519; p=AAAA",
	} {
		if _, err := parseRecord(record); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// PKCS#1 blocks that a careless parser accepts (Bleichenbacher 2006): the
// digest info is not at the end, or the padding is short.
func TestForgedPaddingIsRefused(t *testing.T) {
	k := rsaKey(1024)
	pub, err := parseRecord(k.record())
	if err != nil {
		t.Fatal(err)
	}
	digest := testHash(crypto.SHA256, "data")
	tail := append([]byte(sha256Info), digest...)
	good := slices.Repeat([]byte{0xff}, 128)
	good[0], good[1], good[128-len(tail)-1] = 0, 1, 0
	copy(good[128-len(tail):], tail)
	if got := pub.verify(algorithms["rsa-sha256"], digest, k.raw(good)); got != "" {
		t.Fatalf("the sound block: %v", got)
	}
	early := append([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, tail...)
	early = append(early, make([]byte, 128-len(early))...)
	wrongType := slices.Clone(good)
	wrongType[1] = 2
	hole := slices.Clone(good)
	hole[5] = 0
	for name, block := range map[string][]byte{"early": early, "type 2": wrongType, "hole": hole} {
		if got := pub.verify(algorithms["rsa-sha256"], digest, k.raw(block)); got != KeyMismatch {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := pub.verify(algorithms["rsa-sha256"], testHash(crypto.SHA256, "other"), k.raw(good)); got != HeaderChanged {
		t.Errorf("other data: %v", got)
	}
	if got := pub.verify(algorithms["rsa-sha256"], digest, append([]byte{0}, k.raw(good)...)); got != KeyMismatch {
		t.Errorf("longer signature: %v", got)
	}
}
