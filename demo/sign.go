package demo

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// signingKey is a sender's DKIM key in the demonstration.
type signingKey struct {
	domain, selector string
	kept             bool // its public half is handed over with the trove
	note             string
	make             func() crypto.Signer
}

// signingKeys made once, as RSA keys take a moment.
var signingKeys = []signingKey{
	{"example.org", "harbour", true, "the council's key until January 2019; demonstration", rsaKey("example.org harbour", 1024)},
	{"example.org", "tide", true, "the council's key from February 2019; demonstration", edKey("example.org tide")},
	{"example.com", "post", true, "consultants, contractors, laboratory; demonstration", rsaKey("example.com post", 2048)},
	{"example.net", "quay", false, "nobody kept it", edKey("example.net quay")},
}

// keyChange is when the council went from RSA to Ed25519.
var keyChange = time.Date(2019, time.February, 1, 0, 0, 0, 0, time.UTC)

// defaultSelector is the key with which the sender's server signs.
func defaultSelector(p person, date time.Time) string {
	switch domain(p.Addr) {
	case "example.org":
		if date.Before(keyChange) {
			return "harbour"
		}
		return "tide"
	case "example.com":
		return "post"
	}
	return "quay"
}

// Keys returns the public keys that were kept, as DNS records with their
// origin, in the JSON form that "unseal keys archive import" reads. One key
// that signed mails of the trove is not among them.
func Keys() []byte {
	type record struct {
		TXT     string   `json:"txt"`
		Sources []string `json:"sources"`
		Note    string   `json:"note"`
	}
	kept := map[string][]record{}
	for _, k := range signingKeys {
		if k.kept {
			name := k.selector + "._domainkey." + k.domain
			kept[name] = []record{{k.record(), []string{"unseal/demo"}, k.note}}
		}
	}
	b, err := json.MarshalIndent(kept, "", " ")
	if err != nil {
		panic(err) // strings always marshal
	}
	return append(b, '\n')
}

// record is the DNS record of a key (RFC 6376 section 3.6.1, RFC 8463 section 4).
func (k signingKey) record() string {
	switch pub := k.make().Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)
	default:
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			panic(err) // we made the key
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// signedFields are covered where they are present.
var signedFields = []string{"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type"}

// sign returns the DKIM-Signature field of a message in "\n" line ends,
// with its own line end (RFC 6376 section 3.5), relaxed in header and body.
func sign(msg string, k signingKey, at time.Time) (string, error) {
	head, body, _ := strings.Cut(msg, "\n\n")
	bodyHash := sha256.Sum256([]byte(relaxedBody(body)))
	fields := map[string]string{}
	for _, f := range unfold(head) {
		name, _, _ := strings.Cut(f, ":")
		fields[strings.ToLower(name)] = f
	}
	var names []string
	hash := sha256.New()
	for _, name := range signedFields {
		if f, ok := fields[name]; ok {
			names = append(names, name)
			hash.Write([]byte(relaxedField(f) + "\r\n"))
		}
	}
	key := k.make()
	algorithm := "rsa-sha256"
	if _, ok := key.(ed25519.PrivateKey); ok {
		algorithm = "ed25519-sha256"
	}
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=%s; s=%s;\n\tt=%d; h=%s;\n\tbh=%s;\n\tb=",
		algorithm, k.domain, k.selector, at.Unix(), strings.Join(names, ":"), base64.StdEncoding.EncodeToString(bodyHash[:]))
	hash.Write([]byte(relaxedField(field)))
	sig, err := signDigest(key, hash.Sum(nil))
	if err != nil {
		return "", err
	}
	return field + strings.TrimSuffix(strings.ReplaceAll(base64Lines(sig), "\n", "\n\t"), "\t"), nil
}

// signDigest signs a SHA-256 digest. Ed25519 signs the digest as its message
// (RFC 8463 section 3). Neither form uses chance, so the bytes repeat.
func signDigest(key crypto.Signer, digest []byte) ([]byte, error) {
	if k, ok := key.(*rsa.PrivateKey); ok {
		return rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest)
	}
	return key.Sign(nil, digest, crypto.Hash(0))
}

// unfold splits a header into its fields, each still folded.
func unfold(head string) []string {
	var fields []string
	for line := range strings.SplitSeq(head, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			fields[len(fields)-1] += "\n" + line
			continue
		}
		fields = append(fields, line)
	}
	return fields
}

// relaxedField is RFC 6376 section 3.4.2.
func relaxedField(f string) string {
	name, value, _ := strings.Cut(f, ":")
	return strings.ToLower(name) + ":" + strings.Join(strings.Fields(value), " ")
}

// relaxedBody is RFC 6376 section 3.4.4, for a body with "\n" line ends.
func relaxedBody(body string) string {
	var b strings.Builder
	empty := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
		line = relaxedLine(line)
		if line == "" {
			empty++
			continue
		}
		b.WriteString(strings.Repeat("\r\n", empty) + line + "\r\n")
		empty = 0
	}
	return b.String()
}

// relaxedLine makes each run of blanks one space and drops those at the end.
func relaxedLine(line string) string {
	var b strings.Builder
	gap := false
	for i := range len(line) {
		if c := line[i]; c == ' ' || c == '\t' {
			gap = true
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteByte(line[i])
	}
	return b.String()
}

func edKey(label string) func() crypto.Signer {
	return func() crypto.Signer {
		s := seed(label)
		return ed25519.NewKeyFromSeed(s[:])
	}
}

// rsaKey makes a key from the seed: crypto/rsa takes no such source any more.
func rsaKey(label string, bits int) func() crypto.Signer {
	return sync.OnceValue(func() crypto.Signer {
		for round := uint32(0); ; round += 2 {
			p, q := prime(label, round, bits/2), prime(label, round+1, bits/2)
			one, e := big.NewInt(1), big.NewInt(65537)
			phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
			d := new(big.Int).ModInverse(e, phi)
			if d == nil || p.Cmp(q) == 0 {
				continue
			}
			k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q}}
			k.Precompute()
			return k
		}
	})
}

// prime finds the first prime above a number drawn from the seed, its two
// highest bits set, so that a product of two has the full length.
func prime(label string, round uint32, bits int) *big.Int {
	var stream []byte
	for i := uint32(0); len(stream) < bits/8; i++ {
		block := seed(label + string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, round), i)))
		stream = append(stream, block[:]...)
	}
	stream = stream[:bits/8]
	stream[0] |= 0xC0
	stream[len(stream)-1] |= 1
	for n := new(big.Int).SetBytes(stream); ; n.Add(n, big.NewInt(2)) {
		if n.ProbablyPrime(20) {
			return n
		}
	}
}
