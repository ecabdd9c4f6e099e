package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" // digests of old signatures
	"crypto/rsa"
	_ "crypto/sha1" // the same
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// Verified is what a signature that fits shows.
type Verified struct {
	Certificate *x509.Certificate
	Weak        string // the name of a digest that can be forged, or empty
}

// Verify checks the signer's signature over content, with a certificate that
// came along or one of more. The error matches ErrContent or ErrSignature
// where something does not fit, and ErrNoKey, ErrUnsupported or ErrSyntax where
// nothing could be checked. With ErrContent and ErrSignature the certificate is
// the one that the signer names, if it is at hand.
func (s *Signer) Verify(content []byte, more []*x509.Certificate) (Verified, error) {
	digest, ok := digestOf(s.info.Digest.Algorithm)
	if !ok {
		return Verified{}, fmt.Errorf("digest %v: %w", s.info.Digest.Algorithm, ErrUnsupported)
	}
	found := s.named(s.data.Certificates, more)
	var named Verified
	if len(found) > 0 {
		named.Certificate = found[0]
	}
	signed, err := s.signed(digest, content)
	if err != nil {
		return named, err
	}
	if len(found) == 0 {
		return Verified{}, ErrNoKey
	}
	for _, c := range found {
		if err = s.check(c, digest, signed); err == nil {
			return Verified{Certificate: c, Weak: weak[digest]}, nil
		}
	}
	return named, err
}

// named are the certificates that the signer may mean.
func (s *Signer) named(lists ...[]*x509.Certificate) (found []*x509.Certificate) {
	for _, list := range lists {
		for _, c := range list {
			switch {
			case s.keyID != nil && bytes.Equal(c.SubjectKeyId, s.keyID),
				s.serial != nil && c.SerialNumber.Cmp(s.serial) == 0 && bytes.Equal(c.RawIssuer, s.issuer):
				found = append(found, c)
			}
		}
	}
	return found[:min(len(found), MaxCertificates)]
}

// signed are the bytes that the signature is over: the statement, which must
// fit the content, or without one the content itself (RFC 5652 section 5.4).
func (s *Signer) signed(digest crypto.Hash, content []byte) ([]byte, error) {
	if s.statement == nil {
		// A statement must not be passed off as a content that was signed
		// without one: section 5.3 wants one for any type but data, and the
		// content of data does not look like one.
		if !s.data.ContentType.Equal(Data) || len(content) > 0 && content[0] == asn1.TagSet|constructed {
			return nil, fmt.Errorf("there are no signed attributes: %w", ErrSyntax)
		}
		return content, nil
	}
	var sum []byte
	var kind asn1.ObjectIdentifier
	b, ok := s.Attribute(messageDigest)
	t, also := s.Attribute(contentType)
	if !ok || !also {
		return nil, fmt.Errorf("the signed attributes name no digest or no type: %w", ErrSyntax)
	}
	if err := errors.Join(unmarshal(b, &sum, ""), unmarshal(t, &kind, "")); err != nil {
		return nil, err
	}
	h := digest.New()
	h.Write(content)
	switch {
	case !kind.Equal(s.data.ContentType):
		return nil, fmt.Errorf("signed as content of type %v: %w", kind, ErrContent)
	case subtle.ConstantTimeCompare(h.Sum(nil), sum) != 1:
		return nil, ErrContent
	}
	return s.statement, nil
}

// check checks the signature over signed with the key of c.
func (s *Signer) check(c *x509.Certificate, digest crypto.Hash, signed []byte) error {
	id := s.info.Algorithm
	own, named := signatures[id.Algorithm.String()]
	if !named {
		return fmt.Errorf("signature %v: %w", id.Algorithm, ErrUnsupported)
	}
	if own != 0 {
		digest = own
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if id.Algorithm.Equal(rsaPSS) {
			return checkPSS(key, id, signed, s.info.Signature)
		}
		return checkRSA(key, digest, signed, s.info.Signature)
	case *ecdsa.PublicKey:
		return fits(ecdsa.VerifyASN1(key, sum(digest, signed), s.info.Signature))
	case ed25519.PublicKey: // RFC 8419
		return fits(ed25519.Verify(key, signed, s.info.Signature))
	}
	return fmt.Errorf("a key of type %v: %w", c.PublicKeyAlgorithm, ErrUnsupported)
}

func fits(ok bool) error {
	if !ok {
		return ErrSignature
	}
	return nil
}

func sum(digest crypto.Hash, b []byte) []byte {
	h := digest.New()
	h.Write(b)
	return h.Sum(nil)
}

// minRSA is the shortest RSA key that the standard library checks with.
const minRSA = 1024

func checkRSA(key *rsa.PublicKey, digest crypto.Hash, signed, signature []byte) error {
	if key.N.BitLen() < minRSA {
		return fmt.Errorf("an RSA key of %d bits: %w", key.N.BitLen(), ErrUnsupported)
	}
	return fits(rsa.VerifyPKCS1v15(key, digest, sum(digest, signed), signature) == nil)
}

// pssParameters is RFC 4055 section 3.1. The digest of the mask is that of the
// message, as everybody does it; where it is not, nothing fits.
type pssParameters struct {
	Digest  pkix.AlgorithmIdentifier `asn1:"explicit,optional,tag:0"`
	Mask    asn1.RawValue            `asn1:"explicit,optional,tag:1"`
	Salt    int                      `asn1:"explicit,optional,tag:2"`
	Trailer int                      `asn1:"explicit,optional,tag:3"`
}

func checkPSS(key *rsa.PublicKey, id pkix.AlgorithmIdentifier, signed, signature []byte) error {
	if key.N.BitLen() < minRSA {
		return fmt.Errorf("an RSA key of %d bits: %w", key.N.BitLen(), ErrUnsupported)
	}
	var p pssParameters
	if len(id.Parameters.FullBytes) > 0 {
		if err := unmarshal(id.Parameters.FullBytes, &p, ""); err != nil {
			return err
		}
	}
	digest := crypto.SHA1 // the default of RFC 4055
	if len(p.Digest.Algorithm) > 0 {
		var ok bool
		if digest, ok = digestOf(p.Digest.Algorithm); !ok {
			return fmt.Errorf("digest %v: %w", p.Digest.Algorithm, ErrUnsupported)
		}
	}
	return fits(rsa.VerifyPSS(key, digest, sum(digest, signed), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil)
}

var rsaPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// digests by object identifier (RFC 3370, RFC 5754).
var digests = map[string]crypto.Hash{
	"1.2.840.113549.2.5":     crypto.MD5,
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.4": crypto.SHA224,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

func digestOf(id asn1.ObjectIdentifier) (crypto.Hash, bool) {
	h, ok := digests[id.String()]
	return h, ok
}

// weak are the digests of which collisions have been made.
var weak = map[crypto.Hash]string{crypto.MD5: "MD5", crypto.SHA1: "SHA-1"}

// signatures are the known algorithms, with the digest that each names itself;
// 0 takes that of the signer.
var signatures = map[string]crypto.Hash{
	"1.2.840.113549.1.1.1":  0, // RSA
	"1.2.840.113549.1.1.10": 0, // RSA-PSS
	"1.2.840.10045.2.1":     0, // a key of an elliptic curve
	"1.3.101.112":           0, // Ed25519
	"1.2.840.113549.1.1.4":  crypto.MD5,
	"1.2.840.113549.1.1.5":  crypto.SHA1,
	"1.2.840.113549.1.1.14": crypto.SHA224,
	"1.2.840.113549.1.1.11": crypto.SHA256,
	"1.2.840.113549.1.1.12": crypto.SHA384,
	"1.2.840.113549.1.1.13": crypto.SHA512,
	"1.2.840.10045.4.1":     crypto.SHA1, // ECDSA
	"1.2.840.10045.4.3.1":   crypto.SHA224,
	"1.2.840.10045.4.3.2":   crypto.SHA256,
	"1.2.840.10045.4.3.3":   crypto.SHA384,
	"1.2.840.10045.4.3.4":   crypto.SHA512,
}
