package evidence

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"unseal/mime"
)

// fixedKey is an RSA key that is the same in each process, as the workers of a
// fuzzing run need it.
var fixedKey = sync.OnceValue(func() *testKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	p, q := fixedPrime("p"), fixedPrime("q")
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return &testKey{n: new(big.Int).Mul(p, q), e: e, d: new(big.Int).ModInverse(e, phi)}
})

// fixedPrime is the first prime of 512 bits from a place that follows from a word.
func fixedPrime(word string) *big.Int {
	a, b := sha256.Sum256([]byte(word+"1")), sha256.Sum256([]byte(word+"2"))
	p := new(big.Int).SetBytes(append(a[:], b[:]...))
	p.SetBit(p, 511, 1).SetBit(p, 510, 1).SetBit(p, 0, 1)
	for !p.ProbablyPrime(20) {
		p.Add(p, big.NewInt(2))
	}
	return p
}

var valueOfB = regexp.MustCompile(`((?:^|[:;])[ \t\r\n]*b[ \t\r\n]*=)[^;]*`)

// bare is a signature field as it was signed: canonical and with an empty b=.
func bare(field, canon string) string {
	field = strings.ReplaceAll(strings.ReplaceAll(strings.TrimRight(field, "\r\n"), "\r\n", "\n"), "\n", "\r\n")
	return testHeader(valueOfB.ReplaceAllString(field, "$1"), canon)
}

// FuzzSignatureField: whatever a DKIM-Signature field says, it passes only if
// it is one that the key's holder made over this mail, up to what the
// canonical form leaves open and to white space in b=.
func FuzzSignatureField(f *testing.F) {
	made := map[string]bool{} // by canonical form
	for _, key := range []*testKey{fixedKey(), edKey()} {
		alg := map[bool]string{true: "ed25519-sha256", false: "rsa-sha256"}[key.ed != nil]
		for _, c := range []string{"simple/simple", "relaxed/relaxed", "relaxed/simple"} {
			for _, s := range []signing{
				{key: key, alg: alg, c: c, h: "from:to:subject:date"},
				{key: key, alg: alg, c: c, h: "From : To : From : Subject", extra: "; t=1483444800; x=1483444900; i=@example.org; q=dns/txt"},
				{key: key, alg: alg, c: c, h: "from", extra: "; l=5"},
			} {
				field, _, _ := strings.Cut(s.signed(plainMail), "\r\nFrom:")
				canon, _, _ := strings.Cut(c, "/")
				made[bare(field, canon)] = true
				f.Add(strings.TrimPrefix(field, "DKIM-Signature:"))
			}
		}
	}
	f.Add(" v=1; a=rsa-sha256; d=example.org; s=sel; h=from; bh=; b=")
	f.Add("")
	var keys Keys
	keys.Add(Key{Domain: "example.org", Selector: "sel", Record: fixedKey().record()})
	keys.Add(Key{Domain: "example.org", Selector: "sel", Record: edKey().record()})
	f.Fuzz(func(t *testing.T, value string) {
		raw := []byte("DKIM-Signature:" + value + "\r\n" + plainMail)
		r := Examine(raw, &keys, now)
		for _, s := range r.Signatures {
			if s.Outcome != Pass {
				continue
			}
			header, err := mime.ReadHeader(raw)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(header.Fields, func(f mime.Field) bool { return f.Offset == s.Offset })
			field := string(header.Fields[at].Raw)
			if !made[bare(field, "simple")] && !made[bare(field, "relaxed")] {
				t.Errorf("passes, and nobody has signed it: %q", field)
			}
		}
	})
}

// FuzzKeyRecord: a record is a key, revoked or at fault; it is the key that
// the standard library reads in it; and it makes a signature pass only if it
// holds the key that made it.
func FuzzKeyRecord(f *testing.F) {
	key := fixedKey()
	mail := []byte(signing{key: key, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from:subject"}.signed(plainMail))
	for _, record := range []string{
		key.record(), key.bareRecord(), edKey().record(), rfc6376Key, "v=DKIM1; p=", "p=", "k=rsa; h=sha1; " + key.bareRecord(),
		"v=DKIM1; h=sha256 : sha1; s=email; t=y:s; n=note; " + key.bareRecord(), "v=DKIM1;k=ed25519;p=AAAA", "p=MAA=", ";",
	} {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record string) {
		keys := keysFor(record)
		k := keys.All()[0]
		if k.Record == "" {
			return
		}
		if revoked := k.public != nil && k.public.revoked; (k.Fault() != nil) == (k.Bits() > 0 || revoked) {
			t.Fatalf("fault %v, %d bits", k.Fault(), k.Bits())
		}
		if tags, ok := parseTags(k.Record); ok && k.Bits() > 0 && k.public.modulus != nil {
			sameAsTheStandardLibrary(t, k.public, tags.get("p"))
		}
		for _, s := range Examine(mail, keys, now).Signatures {
			if s.Outcome == Pass && k.public.modulus.Cmp(key.n) != 0 {
				t.Fatal("a signature of another key passes")
			}
		}
	})
}

func sameAsTheStandardLibrary(t *testing.T, k *publicKey, p string) {
	der, err := base64.StdEncoding.DecodeString(removeFWS(p))
	if err != nil {
		return
	}
	theirs, err := x509.ParsePKIXPublicKey(der)
	if pub, ok := theirs.(*rsa.PublicKey); err == nil && ok && (pub.N.Cmp(k.modulus) != 0 || int64(pub.E) != k.exp.Int64()) {
		t.Fatalf("we read another key than crypto/x509: %v", pub)
	}
}

// FuzzARCSet: whatever ARC fields say, the chain passes only if each is one
// that its sealer made.
func FuzzARCSet(f *testing.F) {
	made := map[string]bool{} // by canonical form
	for _, key := range []*testKey{fixedKey(), edKey()} {
		alg := map[bool]string{true: "ed25519-sha256", false: "rsa-sha256"}[key.ed != nil]
		for n := range 4 {
			mail := chainOf(n, key, alg)
			block := strings.TrimSuffix(mail, plainMail)
			for _, field := range testFields(block) {
				made[bare(field, "relaxed")] = true
			}
			f.Add(block)
		}
	}
	f.Add("ARC-Seal: i=1; cv=fail\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1\r\n")
	f.Add("ARC-Seal: i=51\r\n")
	var keys Keys
	keys.Add(Key{Domain: "example.org", Selector: "sel", Record: fixedKey().record()})
	keys.Add(Key{Domain: "example.org", Selector: "sel", Record: edKey().record()})
	f.Fuzz(func(t *testing.T, block string) {
		raw := []byte(block + plainMail)
		ch := Examine(raw, &keys, now).Chain
		if bad := ch.Status == ChainFail || ch.Status == ChainNoKey; bad && ch.Detail == "" {
			t.Errorf("%s without a word why", ch.Status)
		}
		if ch.Status != ChainPass {
			return
		}
		header, err := mime.ReadHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, field := range header.Fields {
			if !slices.ContainsFunc(arcFields[:], field.Is) {
				continue
			}
			if found++; !made[bare(string(field.Raw), "relaxed")] {
				t.Errorf("the chain passes with a field that nobody has made: %q", field.Raw)
			}
		}
		if found != 3*len(ch.Sets) {
			t.Errorf("%d fields in %d sets", found, len(ch.Sets))
		}
	})
}
