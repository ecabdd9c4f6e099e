package evidence

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The signer of the tests shares no code with the package: it follows the
// words of RFC 6376 section 3.4 with regular expressions, slowly.

type testKey struct {
	n, e, d *big.Int
	ed      ed25519.PrivateKey
}

var testKeys sync.Map // bits: *testKey

// rsaKey makes RSA keys of any size, also of those that crypto/rsa refuses.
func rsaKey(bits int) *testKey {
	if k, ok := testKeys.Load(bits); ok {
		return k.(*testKey)
	}
	one, e := big.NewInt(1), big.NewInt(65537)
	for {
		p, _ := rand.Prime(rand.Reader, bits/2)
		q, _ := rand.Prime(rand.Reader, bits-bits/2)
		n := new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil && n.BitLen() == bits && p.Cmp(q) != 0 {
			k, _ := testKeys.LoadOrStore(bits, &testKey{n: n, e: e, d: d})
			return k.(*testKey)
		}
	}
}

func edKey() *testKey {
	return &testKey{ed: ed25519.NewKeyFromSeed([]byte("unseal evidence tests, seed no 1"))}
}

func (k *testKey) record() string {
	if k.ed != nil {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k.ed.Public().(ed25519.PublicKey))
	}
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: k.n, E: int(k.e.Int64())})
	if err != nil {
		panic(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// bareRecord has the key as RSAPublicKey, as RFC 6376 section 3.6.1 says.
func (k *testKey) bareRecord() string {
	der, err := asn1.Marshal(struct{ N, E *big.Int }{k.n, k.e})
	if err != nil {
		panic(err)
	}
	return "p=" + base64.StdEncoding.EncodeToString(der)
}

func (k *testKey) sign(hash crypto.Hash, digest []byte) string {
	if k.ed != nil {
		return base64.StdEncoding.EncodeToString(ed25519.Sign(k.ed, digest))
	}
	prefix := "3031300d060960864801650304020105000420"
	if hash == crypto.SHA1 {
		prefix = "3021300906052b0e03021a05000414"
	}
	info, _ := new(big.Int).SetString(prefix, 16)
	tail := append(info.Bytes(), digest...)
	size := (k.n.BitLen() + 7) / 8
	block := append([]byte{0, 1}, slices.Repeat([]byte{0xff}, size-3-len(tail))...)
	block = append(append(block, 0), tail...)
	s := new(big.Int).Exp(new(big.Int).SetBytes(block), k.d, k.n)
	return base64.StdEncoding.EncodeToString(s.FillBytes(make([]byte, size)))
}

// signing is one signature to be made.
type signing struct {
	key   *testKey
	alg   string // a=
	c     string // c=
	h     string // h=
	extra string // further tags, "; l=5"
	where string // "; s=...; d=...": default sel, example.org
}

// signed puts a DKIM-Signature above a mail with CRLF line ends.
func (s signing) signed(mail string) string {
	if s.where == "" {
		s.where = "; d=example.org; s=sel"
	}
	field := s.field("DKIM-Signature: v=1; a="+s.alg, mail)
	return field + "\r\n" + mail
}

// field makes a signature field that begins in the given way.
func (s signing) field(begin, mail string) string {
	headerCanon, bodyCanon, _ := strings.Cut(s.c, "/")
	header, body, _ := strings.Cut(mail, "\r\n\r\n")
	fields := testFields(header)
	body = testBody(body, bodyCanon)
	if _, l, ok := strings.Cut(s.extra, "l="); ok {
		n, _ := strconv.Atoi(strings.TrimRight(l, "; "))
		body = body[:min(n, len(body))]
	}
	hash := crypto.SHA256
	if strings.HasSuffix(s.alg, "sha1") {
		hash = crypto.SHA1
	}
	bh := base64.StdEncoding.EncodeToString(testHash(hash, body))
	field := begin + s.where + "; c=" + s.c + s.extra + ";\r\n\th=" + s.h + ";\r\n\tbh=" + bh + ";\r\n\tb="
	var data strings.Builder
	for name := range strings.SplitSeq(s.h, ":") {
		for i := len(fields) - 1; i >= 0; i-- {
			if n, _, _ := strings.Cut(fields[i], ":"); strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(name)) {
				data.WriteString(testHeader(fields[i], headerCanon) + "\r\n")
				fields = slices.Delete(fields, i, i+1)
				break
			}
		}
	}
	data.WriteString(testHeader(field, headerCanon))
	b := s.key.sign(hash, testHash(hash, data.String()))
	return field + b[:len(b)/2] + "\r\n\t" + b[len(b)/2:]
}

func testHash(hash crypto.Hash, s string) []byte {
	if hash == crypto.SHA1 {
		sum := sha1.Sum([]byte(s))
		return sum[:]
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func testFields(header string) (fields []string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(header, "\r\n"), "\r\n") {
		if len(fields) > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			fields[len(fields)-1] += "\r\n" + line
			continue
		}
		fields = append(fields, line)
	}
	return fields
}

var (
	wspRun  = regexp.MustCompile(`[ \t]+`)
	wspLast = regexp.MustCompile(`[ \t]+\r\n`)
	endings = regexp.MustCompile(`(\r\n)*$`)
)

func testHeader(field, canon string) string {
	if canon == "simple" {
		return field
	}
	name, value, _ := strings.Cut(field, ":")
	value = wspRun.ReplaceAllString(strings.ReplaceAll(value, "\r\n", ""), " ")
	return strings.ToLower(strings.Trim(name, " \t")) + ":" + strings.Trim(value, " ")
}

func testBody(body, canon string) string {
	if canon == "relaxed" {
		if body != "" && !strings.HasSuffix(body, "\r\n") {
			body += "\r\n"
		}
		body = wspRun.ReplaceAllString(wspLast.ReplaceAllString(body, "\r\n"), " ")
	}
	body = endings.ReplaceAllString(body, "") + "\r\n"
	if canon == "relaxed" && body == "\r\n" {
		return ""
	}
	return body
}

// keysFor is an archive with one key at sel._domainkey.example.org.
func keysFor(record string) *Keys {
	var ks Keys
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: record, Seen: []Sighting{{Where: "test"}}})
	return &ks
}

func one(t testing.TB, r Result) Signature {
	t.Helper()
	if len(r.Signatures) != 1 {
		t.Fatalf("%d signatures, want 1", len(r.Signatures))
	}
	return r.Signatures[0]
}

func describe(s Signature) string {
	return fmt.Sprintf("%s %q %q", s.Outcome, s.Said(), s.Detail)
}

// raw applies the private key to a whole block.
func (k *testKey) raw(block []byte) []byte {
	return new(big.Int).Exp(new(big.Int).SetBytes(block), k.d, k.n).FillBytes(make([]byte, len(block)))
}

// bigBits is an odd number of that many bits.
func bigBits(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.SetBit(n, 0, 1)
}
