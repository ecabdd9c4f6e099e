package cms

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// SignedData is RFC 5652 section 5.1, as far as it is needed.
type SignedData struct {
	ContentType  asn1.ObjectIdentifier
	Content      []byte // what was signed, if it is inside
	Detached     bool   // it is not
	Certificates []*x509.Certificate
	Unread       int // certificates that could not be read
	Signers      []Signer
}

// Signer is one signer's part of signed data.
type Signer struct {
	Time       time.Time // as the signer states it, zero if not at all (RFC 5652 section 11.3)
	data       *SignedData
	info       signerInfo
	statement  []byte // DER of the signed attributes; nil if there are none
	attributes []attribute
	issuer     []byte // DER of the name, or empty
	serial     *big.Int
	keyID      []byte // or the subject key identifier
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type signedData struct {
	Version      int
	Digests      asn1.RawValue
	Inner        contentInfo
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version    int
	ID         asn1.RawValue
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
	Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// Parse reads signed data in BER or DER; zeros and line ends may follow it. The
// error matches ErrSyntax, ErrLimit, or, for other contents, ErrEncrypted or
// ErrOther.
func Parse(b []byte) (*SignedData, error) {
	der, rest, err := toDER(b)
	if err != nil {
		return nil, err
	}
	if len(bytes.Trim(rest, "\x00\r\n")) > 0 {
		return nil, fmt.Errorf("%d bytes follow it: %w", len(rest), ErrSyntax)
	}
	var outer contentInfo
	if err := unmarshal(der, &outer, ""); err != nil {
		return nil, err
	}
	switch {
	case slices.ContainsFunc(encrypted, outer.Type.Equal):
		return nil, ErrEncrypted
	case !outer.Type.Equal(Signed):
		return nil, fmt.Errorf("%v: %w", outer.Type, ErrOther)
	}
	var in signedData
	if err := unmarshal(outer.Content.Bytes, &in, ""); err != nil {
		return nil, err
	}
	return newSignedData(&in)
}

// unmarshal reads all of b.
func unmarshal(b []byte, to any, params string) error {
	rest, err := asn1.UnmarshalWithParams(b, to, params)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSyntax, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes too many: %w", len(rest), ErrSyntax)
	}
	return nil
}

func newSignedData(in *signedData) (*SignedData, error) {
	d := &SignedData{ContentType: in.Inner.Type, Detached: len(in.Inner.Content.FullBytes) == 0}
	if !d.Detached {
		// RFC 5652 section 5.2: an octet string. PKCS #7 allowed anything.
		if err := unmarshal(in.Inner.Content.Bytes, &d.Content, ""); err != nil {
			return nil, err
		}
	}
	if len(in.Signers) > MaxSigners {
		return nil, fmt.Errorf("%d signers: %w", len(in.Signers), ErrLimit)
	}
	var err error
	if d.Certificates, d.Unread, err = readCertificates(in.Certificates.Bytes); err != nil {
		return nil, err
	}
	for _, info := range in.Signers {
		s := Signer{data: d, info: info}
		if err := s.read(); err != nil {
			return nil, err
		}
		d.Signers = append(d.Signers, s)
	}
	return d, nil
}

// readCertificates reads certificates one after the other. Those that the
// standard library refuses, and other things that may stand there, are counted.
func readCertificates(b []byte) (list []*x509.Certificate, unread int, err error) {
	for n := 0; len(b) > 0; n++ {
		var raw asn1.RawValue
		if b, err = asn1.Unmarshal(b, &raw); err != nil {
			return nil, 0, fmt.Errorf("certificates: %w: %v", ErrSyntax, err)
		}
		if n == MaxCertificates {
			return nil, 0, fmt.Errorf("more than %d certificates: %w", MaxCertificates, ErrLimit)
		}
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || !modest(c) {
			unread++
			continue
		}
		list = append(list, c)
	}
	return list, unread, nil
}

// maxRSA is the longest RSA key that is multiplied with, in bits: a longer one
// takes minutes, and is no honest one.
const maxRSA = 16384

func modest(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return !ok || key.N.BitLen() <= maxRSA
}

// read takes apart who signed, and what was stated.
func (s *Signer) read() error {
	id := s.info.ID
	switch {
	case id.Class == asn1.ClassUniversal && id.Tag == asn1.TagSequence:
		var is issuerAndSerial
		if err := unmarshal(id.FullBytes, &is, ""); err != nil {
			return err
		}
		s.issuer, s.serial = is.Issuer.FullBytes, is.Serial
	case id.Class == asn1.ClassContextSpecific && id.Tag == 0 && !id.IsCompound:
		s.keyID = id.Bytes
	default:
		return fmt.Errorf("the signer is named in an unknown way: %w", ErrSyntax)
	}
	if len(s.info.Attributes.FullBytes) == 0 {
		return nil
	}
	// RFC 5652 section 5.4: the signature is over the attributes as a SET.
	s.statement = bytes.Clone(s.info.Attributes.FullBytes)
	s.statement[0] = asn1.TagSet | constructed
	if err := unmarshal(s.statement, &s.attributes, "set"); err != nil {
		return err
	}
	if b, ok := s.Attribute(signingTime); ok {
		if _, err := asn1.Unmarshal(b, &s.Time); err == nil {
			s.Time = s.Time.UTC()
		}
	}
	return nil
}

// The signed attributes of RFC 5652 section 11.
var (
	contentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	messageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	signingTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
)

// Attribute is the DER of the one value of a signed attribute; ok is false
// where there is none, or more than one, or the attribute stands twice.
func (s *Signer) Attribute(id asn1.ObjectIdentifier) (der []byte, ok bool) {
	for _, a := range s.attributes {
		if !a.Type.Equal(id) {
			continue
		}
		if ok || len(a.Values) != 1 {
			return nil, false
		}
		der, ok = a.Values[0].FullBytes, true
	}
	return der, ok
}

// ParseCertificates reads a file of certificates: PEM with any number of them,
// DER of one, or signed data that carries some (.p7b, .p7c).
func ParseCertificates(b []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := b; len(list) < MaxCertificates; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		list = append(list, c)
	}
	if len(list) > 0 {
		return list, nil
	}
	c, err := x509.ParseCertificate(b)
	if err == nil {
		return []*x509.Certificate{c}, nil
	}
	if d, err := Parse(b); err == nil && len(d.Certificates) > 0 {
		return d.Certificates, nil
	}
	return nil, fmt.Errorf("no certificate: %w", err)
}
