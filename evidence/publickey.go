package evidence

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ed25519"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
)

// publicKey is a key record of RFC 6376 section 3.6.1, read.
type publicKey struct {
	kind    string   // k=: "rsa" or "ed25519"
	hashes  []string // h=: acceptable hashes; empty means all
	testing bool     // t=y
	strict  bool     // t=s: i= may not be a subdomain of d=
	revoked bool     // p= is empty
	modulus *big.Int // of an RSA key
	exp     *big.Int
	ed      ed25519.PublicKey
}

// maxModulus bounds the work for one RSA signature; RFC 8301 section 3.2 asks
// for 4096 bits. Shorter moduli than minModulus carry no PKCS#1 signature.
const (
	maxModulus = 8192
	minModulus = 384
	weakBelow  = 1024 // RFC 8301 section 3.2
)

// parseRecord reads the text of a key record.
func parseRecord(record string) (*publicKey, error) {
	tags, ok := parseTags(record)
	version, service := tags.get("v"), colonList(tags.get("s"))
	switch {
	case !ok:
		return nil, errors.New("the record is not a tag list")
	case tags.has("v") && (version != "DKIM1" || tags[0].name != "v"):
		return nil, errors.New("the record is not of version DKIM1")
	case !tags.has("p"):
		return nil, errors.New("the record has no p=")
	case len(service) > 0 && !slices.Contains(service, "*") && !slices.Contains(service, "email"):
		return nil, errors.New("the record is not for mail (s=)")
	}
	flags := colonList(tags.get("t"))
	k := &publicKey{
		kind: cmp.Or(tags.get("k"), "rsa"), hashes: colonList(tags.get("h")),
		testing: slices.Contains(flags, "y"), strict: slices.Contains(flags, "s"),
	}
	if err := k.parseKey(tags.get("p")); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *publicKey) parseKey(p string) error {
	der, err := decodeBase64(p)
	switch {
	case p == "":
		k.revoked = true
		return nil
	case err != nil:
		return errors.New("p= is not base64")
	case k.kind == "rsa":
		return k.parseRSA(der)
	case k.kind != "ed25519":
		return errors.New("key type " + k.kind + " is unknown")
	case len(der) != ed25519.PublicKeySize:
		return errors.New("p= is not a key of 32 bytes (RFC 8463 section 4)")
	}
	k.ed = der
	return nil
}

// parseRSA accepts SubjectPublicKeyInfo, which everybody publishes, and the
// bare RSAPublicKey that RFC 6376 section 3.6.1 asks for.
func (k *publicKey) parseRSA(der []byte) error {
	var info struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err == nil {
		der = info.Key.RightAlign()
	}
	var rsa struct{ N, E *big.Int }
	if rest, err := asn1.Unmarshal(der, &rsa); err != nil || len(rest) > 0 {
		return errors.New("p= is not an RSA key")
	}
	odd := func(n *big.Int, from, to int) bool {
		return n.Sign() > 0 && n.Bit(0) == 1 && n.BitLen() >= from && n.BitLen() <= to
	}
	if !odd(rsa.N, minModulus, maxModulus) || !odd(rsa.E, 2, 32) {
		return errors.New("the modulus or exponent of the RSA key is out of range")
	}
	k.modulus, k.exp = rsa.N, rsa.E
	return nil
}

// bits is the size of the key.
func (k *publicKey) bits() int {
	if k.modulus != nil {
		return k.modulus.BitLen()
	}
	return 8 * len(k.ed)
}

// sameKey reports whether two records hold the same key.
func (k *Key) sameKey(o *Key) bool {
	switch a, b := k.public, o.public; {
	case a == nil || b == nil || a.revoked || b.revoked:
		return false
	case a.modulus != nil && b.modulus != nil:
		return a.modulus.Cmp(b.modulus) == 0 && a.exp.Cmp(b.exp) == 0
	default:
		return a.ed != nil && bytes.Equal(a.ed, b.ed)
	}
}

// algorithm is a value of a= (RFC 6376 section 3.3, RFC 8463 section 3).
type algorithm struct {
	kind, hashName string // as in k= and h= of key records
	hash           crypto.Hash
	digestInfo     string // the DER before an RSA signature's digest, RFC 8017 section 9.2 note 1
}

const (
	sha1Info   = "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
	sha256Info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
)

var algorithms = map[string]algorithm{
	"rsa-sha1":       {"rsa", "sha1", crypto.SHA1, sha1Info},
	"rsa-sha256":     {"rsa", "sha256", crypto.SHA256, sha256Info},
	"ed25519-sha256": {"ed25519", "sha256", crypto.SHA256, ""},
}

// verify checks a signature over a digest; empty when it fits.
func (k *publicKey) verify(alg algorithm, digest, sig []byte) Cause {
	if k.ed != nil {
		// RFC 8463 section 3: PureEdDSA over the SHA-256 digest.
		if len(sig) == ed25519.SignatureSize && ed25519.Verify(k.ed, digest, sig) {
			return ""
		}
		return HeaderOrKey
	}
	return k.verifyRSA(alg, digest, sig)
}

// verifyRSA is RSASSA-PKCS1-v1_5 of RFC 8017 section 8.2.2. It is written out
// here because the runtime's crypto/rsa refuses keys below 1024 bits, which
// archives are full of, and can be told otherwise only for the whole process.
// All values are public, so that constant time does not matter. The expected
// block is built and compared whole (nothing of the signer's padding is
// parsed), which leaves no room for the forgeries known of e=3 keys.
func (k *publicKey) verifyRSA(alg algorithm, digest, sig []byte) Cause {
	size := (k.modulus.BitLen() + 7) / 8
	s := new(big.Int).SetBytes(sig)
	tail := append([]byte(alg.digestInfo), digest...)
	if len(sig) != size || s.Cmp(k.modulus) >= 0 || size < len(tail)+11 {
		return KeyMismatch
	}
	block := s.Exp(s, k.exp, k.modulus).FillBytes(make([]byte, size))
	want := paddedBlock(size, tail)
	switch {
	case bytes.Equal(block, want):
		return ""
	case bytes.Equal(block[:size-len(digest)], want[:size-len(digest)]):
		return HeaderChanged
	}
	return KeyMismatch
}

// paddedBlock is EMSA-PKCS1-v1_5 of RFC 8017 section 9.2: what an RSA signature
// of that many bytes is made of. tail is DigestInfo and is 11 bytes shorter at least.
func paddedBlock(size int, tail []byte) []byte {
	block := slices.Repeat([]byte{0xff}, size)
	block[0], block[1] = 0, 1
	block[size-len(tail)-1] = 0
	copy(block[size-len(tail):], tail)
	return block
}
