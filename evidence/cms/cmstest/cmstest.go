// Package cmstest makes certificates and signed data for tests, with keys that
// are made on the spot. It is no part of the program.
package cmstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// Identity is a certificate with its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// The time for which all certificates are good.
var (
	From = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)
	To   = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
)

// NewCA makes an authority that signs itself.
func NewCA(t testing.TB, name string) *Identity {
	return issue(t, nil, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, newKey(t))
}

// Issue makes a certificate of the authority for a new key. Serial number and
// times are filled in.
func (ca *Identity) Issue(t testing.TB, template x509.Certificate) *Identity {
	return issue(t, ca, &template, newKey(t))
}

// IssueFor makes a certificate for a given key.
func (ca *Identity) IssueFor(t testing.TB, template x509.Certificate, key crypto.Signer) *Identity {
	return issue(t, ca, &template, key)
}

// Person is a template for a certificate of S/MIME.
func Person(name, mail string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: name}, EmailAddresses: []string{mail}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issue(t testing.TB, ca *Identity, template *x509.Certificate, key crypto.Signer) *Identity {
	t.Helper()
	if template.SerialNumber == nil {
		template.SerialNumber = new(big.Int).SetBytes([]byte(rand.Text())[:8])
	}
	if template.NotBefore.IsZero() {
		template.NotBefore, template.NotAfter = From, To
	}
	if template.SubjectKeyId == nil {
		id := sha256.Sum256([]byte(template.Subject.CommonName + template.SerialNumber.String()))
		template.SubjectKeyId = id[:20]
	}
	if ca == nil {
		ca = &Identity{Certificate: template, Key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Certificate, key.Public(), ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Identity{Certificate: c, Key: key}
}

// Attribute is a signed attribute with one value, which is given as its DER.
type Attribute struct {
	Type  asn1.ObjectIdentifier
	Value []byte
}

// Options say how signed data differs from the usual.
type Options struct {
	Type         asn1.ObjectIdentifier // of the content
	Detached     bool
	ByKeyID      bool                // name the signer by key identifier
	Time         time.Time           // signing time; none if zero
	More         []Attribute         // further signed attributes
	Instead      []Attribute         // signed attributes in place of all
	Digest       []byte              // stated, if not that of the content
	Certificates []*x509.Certificate // that come along; nil is the signer's, an empty list none
}

type attributeDER struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

var (
	ecdsaSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	sha256ID    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	signedID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	typeID      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	digestID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	timeID      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
)

// Sign makes signed data (RFC 5652) with SHA-256 and the identity's key, which
// must be one of ECDSA.
func (id *Identity) Sign(t testing.TB, content []byte, o Options) []byte {
	t.Helper()
	digest := sha256.Sum256(content)
	if o.Digest == nil {
		o.Digest = digest[:]
	}
	attributes := o.Instead
	if attributes == nil {
		attributes = append([]Attribute{{typeID, DER(t, o.Type)}, {digestID, DER(t, o.Digest)}}, o.More...)
		if !o.Time.IsZero() {
			attributes = append(attributes, Attribute{timeID, DER(t, o.Time.UTC())})
		}
	}
	list := make([]attributeDER, len(attributes))
	for i, a := range attributes {
		list[i] = attributeDER{a.Type, []asn1.RawValue{{FullBytes: a.Value}}}
	}
	set, err := asn1.MarshalWithParams(list, "set")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(set)
	signature, err := id.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	set[0] = 0xa0
	return id.wrap(t, content, o, set, signature)
}

func (id *Identity) wrap(t testing.TB, content []byte, o Options, set, signature []byte) []byte {
	t.Helper()
	if o.Certificates == nil {
		o.Certificates = []*x509.Certificate{id.Certificate}
	}
	var certificates []byte
	for _, c := range o.Certificates {
		certificates = append(certificates, c.Raw...)
	}
	inner := DER(t, o.Type)
	if !o.Detached {
		inner = append(inner, tagged(t, 0, DER(t, content))...)
	}
	name := DER(t, struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}{asn1.RawValue{FullBytes: id.Certificate.RawIssuer}, id.Certificate.SerialNumber})
	version := 1
	if o.ByKeyID {
		version = 3
		name = raw(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Bytes: id.Certificate.SubjectKeyId})
	}
	algorithm := func(oid asn1.ObjectIdentifier) []byte { return sequence(t, DER(t, oid)) }
	signer := sequence(t, DER(t, version), name, algorithm(sha256ID), set, algorithm(ecdsaSHA256), DER(t, signature))
	setOf := func(b []byte) []byte { return raw(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: b}) }
	data := sequence(t, DER(t, 3), setOf(algorithm(sha256ID)), sequence(t, inner), tagged(t, 0, certificates), setOf(signer))
	return sequence(t, DER(t, signedID), tagged(t, 0, data))
}

// DER is a value in DER.
func DER(t testing.TB, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func raw(t testing.TB, v asn1.RawValue) []byte { return DER(t, v) }

func sequence(t testing.TB, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return raw(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: all})
}

func tagged(t testing.TB, tag int, b []byte) []byte {
	return raw(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: b})
}
