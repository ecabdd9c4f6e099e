// Package timestamp reads and judges timestamps of RFC 3161: a time stamping
// authority's signed statement that a digest was there at a time.
//
// Nothing is asked over a network. No authority is trusted by itself: a pass
// says that the statement is whole, made with the key of a certificate that is
// for timestamps only and was good at the time stated. Whether that authority
// is one the reader knows is said along with it, after the certificates that
// the caller gives.
package timestamp

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // names of certificates in old tokens
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"unseal/evidence/cms"
	"unseal/trove"
)

// MaxSize is how many bytes a token or a response may have.
const MaxSize = 256 << 10

var (
	// ErrSyntax says that the bytes are no timestamp, or a damaged one.
	ErrSyntax = errors.New("not a timestamp that can be read")
	// ErrRefused says that the bytes are an authority's refusal.
	ErrRefused = errors.New("the authority refused")
	// ErrOther says that a timestamp is not the answer to what was asked.
	ErrOther = errors.New("the timestamp is of something else")
)

// Token is a timestamp that was read, and not judged.
type Token struct {
	Time   time.Time   // as stated, in UTC
	Hash   crypto.Hash // of Digest; 0 for one that is not known here
	Digest []byte      // of the bytes that the timestamp speaks of
	Serial *big.Int
	Policy string // object identifier
	nonce  *big.Int
	data   *cms.SignedData
}

// tstInfo is RFC 3161 section 2.4.2.
type tstInfo struct {
	Version    int
	Policy     asn1.ObjectIdentifier
	Imprint    imprint
	Serial     *big.Int
	Time       time.Time     `asn1:"generalized"`
	Accuracy   accuracy      `asn1:"optional"`
	Ordering   bool          `asn1:"optional"`
	Nonce      *big.Int      `asn1:"optional"`
	TSA        asn1.RawValue `asn1:"optional,tag:0"`
	Extensions asn1.RawValue `asn1:"optional,tag:1"`
}

type accuracy struct {
	Seconds int `asn1:"optional"`
	Millis  int `asn1:"optional,tag:0"`
	Micros  int `asn1:"optional,tag:1"`
}

type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

// response is RFC 3161 section 2.4.2.
type response struct {
	Status struct {
		Status  int
		Text    []asn1.RawValue `asn1:"optional"`
		Failure asn1.BitString  `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

// Is reports whether bytes begin as a timestamp does; Parse decides.
func Is(b []byte) bool {
	if len(b) < 2 || b[0] != 0x30 || len(b) > MaxSize {
		return false
	}
	id, err := asn1.Marshal(cms.Timestamp)
	return err == nil && bytes.Contains(b[:min(len(b), headSize)], id)
}

// headSize is how far into a timestamp its type of content stands at the most.
const headSize = 256

// Parse reads a timestamp: a response (.tsr) or a bare token. The error matches
// ErrSyntax or ErrRefused.
func Parse(b []byte) (*Token, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrSyntax, len(b))
	}
	token, err := granted(b)
	if err != nil {
		return nil, err
	}
	d, err := cms.Parse(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
	}
	var info tstInfo
	if rest, err := asn1.Unmarshal(d.Content, &info); err != nil || len(rest) > 0 || !d.ContentType.Equal(cms.Timestamp) || info.Version != 1 {
		return nil, fmt.Errorf("%w: its statement cannot be read", ErrSyntax)
	}
	if len(d.Signers) != 1 {
		return nil, fmt.Errorf("%w: %d signers", ErrSyntax, len(d.Signers))
	}
	return &Token{Time: info.Time.UTC(), Hash: hashes[info.Imprint.Algorithm.Algorithm.String()], Digest: info.Imprint.Digest,
		Serial: info.Serial, Policy: info.Policy.String(), nonce: info.Nonce, data: d}, nil
}

// granted is the token in a response, or the bytes themselves.
func granted(b []byte) ([]byte, error) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(b, &outer); err != nil || len(outer.Bytes) == 0 || outer.Bytes[0] != 0x30 {
		return b, nil // a token, which package cms reads
	}
	var r response
	if rest, err := asn1.Unmarshal(b, &r); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: the response cannot be read", ErrSyntax)
	}
	if r.Status.Status > 1 || len(r.Token.FullBytes) == 0 { // 0 granted, 1 granted with modifications
		return nil, fmt.Errorf("%w: status %d, %s", ErrRefused, r.Status.Status, failure(r.Status.Failure))
	}
	return r.Token.FullBytes, nil
}

// failure names the reason of a refusal, RFC 3161 section 2.4.2.
func failure(bits asn1.BitString) string {
	for bit, words := range map[int]string{0: "bad algorithm", 2: "bad request", 5: "bad data format", 14: "no time source",
		15: "policy not accepted", 16: "extension not accepted", 17: "additional information not available", 25: "system failure"} {
		if bits.At(bit) == 1 {
			return words
		}
	}
	return "no reason given"
}

// hashes by object identifier.
var hashes = map[string]crypto.Hash{
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

var sha256ID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}

// Unknown says what an authority that nobody vouches for shows.
const Unknown = "authority not known: shows only that the holder of its key stated this time"

// Judge says what the timestamp shows of the digest that it names, as a result
// of the closed set pass, fail and nokey. known are certificates of authorities
// that the reader trusts, or of those above them; there may be none. Whether
// the digest is that of some bytes, [Token.Covers] tells.
func (t *Token) Judge(known []*x509.Certificate) trove.OtherSignature {
	out := trove.OtherSignature{Type: trove.RFC3161, Time: t.Time}
	s := &t.data.Signers[0]
	v, err := s.Verify(t.data.Content, known)
	if v.Certificate != nil {
		out.Signer, out.Fingerprint = cms.Name(v.Certificate), cms.Fingerprint(v.Certificate)
	}
	if err == nil {
		err = t.fitting(s, v.Certificate)
	}
	switch {
	case errors.Is(err, cms.ErrNoKey):
		out.Result, out.Cause = "nokey", "certificate of the authority unknown"
		return out
	case errors.Is(err, cms.ErrUnsupported):
		out.Result, out.Cause = "nokey", "not judged: unknown algorithm or too short a key"
		return out
	case err != nil:
		out.Result, out.Cause = "fail", err.Error()
		return out
	}
	out.Result, out.Cause = "pass", t.data.Anchor(v.Certificate, known, t.Time, x509.ExtKeyUsageTimeStamping)
	if out.Cause == "" {
		out.Cause = Unknown
	}
	if t.Hash == crypto.SHA1 {
		v.Weak = "SHA-1"
	}
	if v.Weak != "" {
		out.Cause += ", weak algorithm (" + v.Weak + ")"
	}
	return out
}

var (
	signingCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	signingCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	extendedKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// fitting: the certificate is named by the signed statement (RFC 3161 section
// 2.4.2, RFC 5816), is for timestamps and nothing else (section 2.3), and was
// good at the time.
func (t *Token) fitting(s *cms.Signer, c *x509.Certificate) error {
	critical := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(extendedKeyUsage) && e.Critical })
	switch {
	case !names(s, c):
		return errors.New("the timestamp names another certificate than the one that signed it")
	case !critical || len(c.UnknownExtKeyUsage) > 0 || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}):
		return errors.New("the certificate is not one for timestamps")
	case t.Time.Before(c.NotBefore) || t.Time.After(c.NotAfter):
		return errors.New("the certificate was not valid at the time that is stated")
	}
	return nil
}

// essCert is an ESSCertID or ESSCertIDv2 (RFC 5035 section 4); the first of a
// list names the signer's certificate.
type essCert struct {
	Digest []byte
	Issuer asn1.RawValue `asn1:"optional"`
}

type essCertV2 struct {
	Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
	Digest    []byte
	Issuer    asn1.RawValue `asn1:"optional"`
}

func names(s *cms.Signer, c *x509.Certificate) bool {
	if der, ok := s.Attribute(signingCertificateV2); ok {
		var v struct {
			Certs    []essCertV2
			Policies asn1.RawValue `asn1:"optional"`
		}
		if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || len(v.Certs) == 0 {
			return false
		}
		id := v.Certs[0].Algorithm.Algorithm
		if len(id) == 0 {
			id = sha256ID // the default
		}
		return digestIs(hashes[id.String()], c.Raw, v.Certs[0].Digest)
	}
	der, ok := s.Attribute(signingCertificate)
	var v struct {
		Certs    []essCert
		Policies asn1.RawValue `asn1:"optional"`
	}
	if !ok {
		return false
	}
	rest, err := asn1.Unmarshal(der, &v)
	return err == nil && len(rest) == 0 && len(v.Certs) > 0 && digestIs(crypto.SHA1, c.Raw, v.Certs[0].Digest)
}

func digestIs(hash crypto.Hash, b, want []byte) bool {
	if hash == 0 {
		return false
	}
	h := hash.New()
	h.Write(b)
	return bytes.Equal(h.Sum(nil), want)
}

// Covers reports whether the timestamp is of these bytes. One whose digest is
// not known here covers nothing.
func (t *Token) Covers(b []byte) bool { return digestIs(t.Hash, b, t.Digest) }

// Request is the question to an authority (RFC 3161 section 2.4.1): a timestamp
// of a SHA-256 digest, with the authority's certificate.
func Request(digest trove.Digest, nonce *big.Int) ([]byte, error) {
	return asn1.Marshal(struct {
		Version int
		Imprint imprint
		Nonce   *big.Int
		Certify bool
	}{1, imprint{pkix.AlgorithmIdentifier{Algorithm: sha256ID, Parameters: asn1.NullRawValue}, digest[:]}, nonce, true})
}

// The media types of requests and responses, RFC 3161 section 3.4.
const (
	RequestType  = "application/timestamp-query"
	ResponseType = "application/timestamp-reply"
)

// Answers reports whether the timestamp is the answer to a [Request]; else the
// error matches ErrOther.
func (t *Token) Answers(digest trove.Digest, nonce *big.Int) error {
	if t.Hash != crypto.SHA256 || !bytes.Equal(t.Digest, digest[:]) {
		return fmt.Errorf("%w: another digest", ErrOther)
	}
	if t.nonce == nil || t.nonce.Cmp(nonce) != 0 {
		return fmt.Errorf("%w: an answer to an earlier question", ErrOther)
	}
	return nil
}
