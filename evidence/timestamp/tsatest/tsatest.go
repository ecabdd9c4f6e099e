// Package tsatest is a time stamping authority for tests, with keys made on the
// spot. It is no part of the program.
package tsatest

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"unseal/evidence/cms"
	"unseal/evidence/cms/cmstest"
)

// Authority is one with its own root.
type Authority struct {
	Root, TSA *cmstest.Identity
	t         testing.TB
}

// New makes an authority.
func New(t testing.TB) *Authority {
	root := cmstest.NewCA(t, "Test Time Root")
	return &Authority{Root: root, TSA: root.Issue(t, Template()), t: t}
}

// Template is that of an authority's certificate: for timestamps, critically.
func Template() x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: "Test TSA"}, ExtraExtensions: []pkix.Extension{{
		Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8},
	}}}
}

// Statement is what a token says. Zero fields are chosen.
type Statement struct {
	Algorithm asn1.ObjectIdentifier // of Digest; SHA-256
	Digest    []byte
	Time      time.Time
	Nonce     *big.Int
	Certs     []byte // DER of the attribute that names the certificate
	NoCerts   bool   // leave that attribute out
}

type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

var (
	sha256ID        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	signingCertV2ID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// SigningCertificate is the attribute that names a certificate (RFC 5035).
func SigningCertificate(t testing.TB, c *x509.Certificate) []byte {
	sum := sha256.Sum256(c.Raw)
	return cmstest.DER(t, struct{ Certs []struct{ Digest []byte } }{[]struct{ Digest []byte }{{sum[:]}}})
}

// Token makes a bare token.
func (a *Authority) Token(s Statement) []byte {
	if s.Algorithm == nil {
		s.Algorithm = sha256ID
	}
	if s.Time.IsZero() {
		s.Time = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	}
	if s.Nonce == nil {
		s.Nonce = big.NewInt(1)
	}
	if s.Certs == nil {
		s.Certs = SigningCertificate(a.t, a.TSA.Certificate)
	}
	info := cmstest.DER(a.t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int
		Time    time.Time `asn1:"generalized"`
		Nonce   *big.Int
	}{1, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, imprint{pkix.AlgorithmIdentifier{Algorithm: s.Algorithm}, s.Digest}, 7, s.Time.UTC(), s.Nonce})
	o := cmstest.Options{Type: cms.Timestamp, Time: s.Time}
	if !s.NoCerts {
		o.More = []cmstest.Attribute{{Type: signingCertV2ID, Value: s.Certs}}
	}
	return a.TSA.Sign(a.t, info, o)
}

// Response wraps a token; without one it refuses.
func Response(t testing.TB, token []byte) []byte {
	if token == nil {
		return cmstest.DER(t, struct {
			Status struct {
				Status  int
				Text    []asn1.RawValue
				Failure asn1.BitString
			}
		}{struct {
			Status  int
			Text    []asn1.RawValue
			Failure asn1.BitString
		}{2, nil, asn1.BitString{Bytes: []byte{0x20}, BitLength: 3}}})
	}
	return cmstest.DER(t, struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}})
}

// Answer answers a request, as of at.
func (a *Authority) Answer(request []byte, at time.Time) []byte {
	a.t.Helper()
	var r struct {
		Version int
		Imprint imprint
		Nonce   *big.Int `asn1:"optional"`
		Certify bool     `asn1:"optional"`
	}
	if rest, err := asn1.Unmarshal(request, &r); err != nil || len(rest) > 0 {
		return Response(a.t, nil)
	}
	return Response(a.t, a.Token(Statement{Algorithm: r.Imprint.Algorithm.Algorithm, Digest: r.Imprint.Digest, Time: at, Nonce: r.Nonce}))
}
