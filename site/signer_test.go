package site

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"unseal/evidence"
)

// testSigner signs mails as a sender's server does, in the simple form.
type testSigner struct {
	domain, selector string
	rsa              *rsa.PrivateKey // else the other
	ed               ed25519.PrivateKey
	tags             string // further tags: "l=10; "
	headers          string // h=; the usual ones where empty
}

var testRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// record is the TXT record of the key.
func (s *testSigner) record(t testing.TB, bare bool) string {
	t.Helper()
	if s.ed != nil {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(s.ed.Public().(ed25519.PublicKey))
	}
	der := x509.MarshalPKCS1PublicKey(&s.rsa.PublicKey)
	if !bare {
		var err error
		der, err = x509.MarshalPKIXPublicKey(&s.rsa.PublicKey)
		must(t, err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// sign puts a signature on top of a mail with CRLF line ends. l= in tags
// limits what is hashed of the body.
func (s *testSigner) sign(t testing.TB, raw []byte) []byte {
	t.Helper()
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	body = strings.TrimRight(body, "\r\n") + "\r\n"
	var l int
	if _, err := fmt.Sscanf(s.tags, "l=%d", &l); err == nil {
		body = body[:l]
	}
	names := s.headers
	if names == "" {
		names = "from:to:subject:date"
	}
	var signed strings.Builder
	for _, name := range strings.Split(names, ":") {
		for line := range strings.SplitSeq(head, "\r\n") {
			if field, _, _ := strings.Cut(line, ":"); strings.EqualFold(field, name) {
				signed.WriteString(line + "\r\n")
				break
			}
		}
	}
	alg := "rsa-sha256"
	if s.ed != nil {
		alg = "ed25519-sha256"
	}
	bh := sha256.Sum256([]byte(body))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=simple/simple; d=%s; s=%s; %sh=%s; bh=%s; b=", alg, s.domain, s.selector, s.tags, names, base64.StdEncoding.EncodeToString(bh[:]))
	sum := sha256.Sum256([]byte(signed.String() + field))
	var sig []byte
	var err error
	if s.ed != nil {
		sig = ed25519.Sign(s.ed, sum[:])
	} else {
		sig, err = rsa.SignPKCS1v15(nil, s.rsa, crypto.SHA256, sum[:])
	}
	must(t, err)
	return []byte(field + base64.StdEncoding.EncodeToString(sig) + "\r\n" + string(raw))
}

// testKeys are the keys of test signers, as an archive of keys has them.
func testKeys(t testing.TB, signers ...*testSigner) *evidence.Keys {
	t.Helper()
	keys := new(evidence.Keys)
	for i, s := range signers {
		keys.Add(evidence.Key{Domain: s.domain, Selector: s.selector, Record: s.record(t, i%2 == 1),
			Seen: []evidence.Sighting{{Where: "a friend's notebook", When: time.Date(2016, 2, 3, 0, 0, 0, 0, time.UTC)}, {Where: "keys.example/list"}}})
	}
	return keys
}
