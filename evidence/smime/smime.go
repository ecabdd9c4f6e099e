// Package smime judges the S/MIME signatures of a mail (RFC 8551): detached
// ones (multipart/signed) and those that enclose what they sign
// (application/pkcs7-mime), over the exact bytes.
//
// Nothing is asked over a network and no authority is trusted: a certificate
// mostly comes with the message itself, and a pass then shows only that the
// holder of its key signed these bytes. Certificates that are given with
// [Certificates.Add] say more; the Cause of a result says which it was. That a
// certificate was revoked later is not known here.
//
// The invariant is that of package cms: "pass" only if the bytes are those that
// the certificate's key signed.
package smime

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"unseal/evidence/cms"
	"unseal/evidence/signedpart"
	"unseal/mime/body"
	"unseal/trove"
)

// MaxSignatures is how many signatures of one mail are judged.
const MaxSignatures = 20

// Certificates are those known to the caller, of people or of authorities. The
// zero value is empty. It may be read by several goroutines at once.
type Certificates struct{ list []*x509.Certificate }

// Add takes in a file of certificates, in PEM, DER or PKCS #7.
func (c *Certificates) Add(file []byte) error {
	list, err := cms.ParseCertificates(file)
	c.list = append(c.list, list...)
	return err
}

// List are all of them; do not change it.
func (c *Certificates) List() []*x509.Certificate { return c.list }

// Examine judges every S/MIME signature of a mail, in the order of its parts.
// raw is the mail's exact bytes; known may be nil. It never fails: what cannot
// be judged has the result "nokey" and its cause. Of a mail that is beyond the
// limits of package body, which cannot be read either, it says nothing.
func Examine(raw []byte, known *Certificates) []trove.OtherSignature {
	if !mayBeSigned(raw) {
		return nil
	}
	m, err := body.Walk(raw)
	if err != nil {
		return nil
	}
	e := examiner{from: signedpart.Senders(m.Header())}
	if known != nil {
		e.known = known.list
	}
	for _, p := range signedpart.Find(raw, m) {
		if isSMIME(p.Protocol) {
			e.detached(&p)
		}
	}
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Kind == body.Leaf && isOpaque(p) && len(e.found) <= MaxSignatures {
			e.opaque(signedpart.Place(p), body.Decode(raw[p.Offset:p.End], p.Encoding))
		}
	}
	return e.found
}

// mayBeSigned passes over most mails fast: it looks for what follows "pkcs7".
func mayBeSigned(raw []byte) bool {
	return signedpart.Mentions(raw, "-signature", "-mime") || bytes.Contains(raw, []byte(".p7m")) || bytes.Contains(raw, []byte(".P7M"))
}

func isSMIME(protocol string) bool {
	return protocol == "application/pkcs7-signature" || protocol == "application/x-pkcs7-signature"
}

// isOpaque: RFC 8551 section 3.9 allows the name alone to tell. What holds
// certificates only (section 3.8) is no signature.
func isOpaque(p *body.Part) bool {
	switch p.Type {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return !strings.EqualFold(p.Media.Param("smime-type"), "certs-only")
	case "application/octet-stream":
		return strings.HasSuffix(strings.ToLower(p.Name()), ".p7m")
	}
	return false
}

// examiner gathers what is found in one mail.
type examiner struct {
	known []*x509.Certificate
	from  []string
	left  signedpart.Budget
	found []trove.OtherSignature
}

func unjudged(place, cause string) trove.OtherSignature {
	return trove.OtherSignature{Type: trove.SMIME, Result: noKey, Cause: cause, Of: place}
}

// The results, as in package evidence.
const (
	pass  = "pass"
	fail  = "fail"
	noKey = "nokey"
)

func (e *examiner) detached(p *signedpart.Part) {
	if !p.Whole {
		e.add(trove.OtherSignature{Type: trove.SMIME, Result: fail, Cause: "the signed part or the signature is missing", Of: p.Place})
		return
	}
	d, err := cms.Parse(p.Signature)
	if err != nil {
		e.add(unread(p.Place, err))
		return
	}
	content := p.Signed()
	if !d.Detached && !bytes.Equal(d.Content, content) {
		content = nil // it encloses something else than what a reader sees
	}
	e.signers(p.Place, d, content)
}

func (e *examiner) opaque(place string, b []byte) {
	d, err := cms.Parse(b)
	if err != nil {
		e.add(unread(place, err))
		return
	}
	if d.Detached && len(d.Signers) > 0 {
		e.add(trove.OtherSignature{Type: trove.SMIME, Result: fail, Cause: "what was signed is missing", Of: place})
		return
	}
	e.signers(place, d, d.Content)
}

func (e *examiner) add(s trove.OtherSignature) {
	switch n := len(e.found); {
	case n < MaxSignatures:
		e.found = append(e.found, s)
	case n == MaxSignatures:
		e.found = append(e.found, unjudged("", "further signatures are not judged: there are too many"))
	}
}

// unread is the result for an envelope that cannot be opened.
func unread(place string, err error) trove.OtherSignature {
	switch {
	case errors.Is(err, cms.ErrEncrypted):
		return unjudged(place, "encrypted: what is inside, and whether it is signed, cannot be read without the receiver's key")
	case errors.Is(err, cms.ErrLimit):
		return unjudged(place, cms.ErrLimit.Error())
	case errors.Is(err, cms.ErrOther):
		return unjudged(place, "neither signed nor encrypted: another type of content")
	}
	return trove.OtherSignature{Type: trove.SMIME, Result: fail, Cause: "the signature cannot be read: damaged", Of: place}
}

// signers judges each signer of signed data. One without signers carries
// certificates only and says nothing.
func (e *examiner) signers(place string, d *cms.SignedData, content []byte) {
	for i := range d.Signers {
		s := &d.Signers[i]
		if len(e.found) > MaxSignatures || !e.left.Spend(len(content)) {
			e.add(unjudged(place, cms.ErrLimit.Error()))
			return
		}
		v, err := s.Verify(content, e.known)
		r := trove.OtherSignature{Type: trove.SMIME, Time: s.Time, Of: place}
		if v.Certificate != nil {
			r.Signer, r.Fingerprint = cms.Name(v.Certificate), cms.Fingerprint(v.Certificate)
		}
		if r.Result, r.Cause = judged(err, d.Unread); err == nil {
			r.Cause = strings.Join(e.remarks(d, s, v), ", ")
		}
		e.add(r)
	}
}

// judged tells a signature that does not fit from one that cannot be checked.
func judged(err error, unread int) (result, cause string) {
	switch {
	case err == nil:
		return pass, ""
	case errors.Is(err, cms.ErrContent):
		return fail, "text changed: the signed bytes are others"
	case errors.Is(err, cms.ErrSignature):
		return fail, cms.ErrSignature.Error()
	case errors.Is(err, cms.ErrNoKey) && unread > 0:
		return noKey, "the certificate cannot be read"
	case errors.Is(err, cms.ErrNoKey):
		return noKey, cms.ErrNoKey.Error()
	case errors.Is(err, cms.ErrUnsupported):
		return noKey, "not judged: unknown algorithm or too short a key"
	}
	return fail, "the signature breaks the rules of its format"
}

// remarks are what must be said along with a pass.
func (e *examiner) remarks(d *cms.SignedData, s *cms.Signer, v cms.Verified) []string {
	c := v.Certificate
	list := []string{e.origin(d, s, c)}
	if mails := cms.Addresses(c); len(mails) > 0 && !slices.ContainsFunc(mails, func(m string) bool { return slices.Contains(e.from, strings.ToLower(m)) }) {
		list = append(list, "it names another address than From")
	}
	if !s.Time.IsZero() && (s.Time.Before(c.NotBefore) || s.Time.After(c.NotAfter)) {
		list = append(list, "it was not valid at the time that the signature states")
	}
	if v.Weak != "" {
		list = append(list, "weak algorithm ("+v.Weak+")")
	}
	return list
}

// FromMessage says what a certificate that nobody vouches for shows.
const FromMessage = "certificate from the message itself: shows only that the holder of its key signed"

// origin says why the certificate is believed, if it is.
func (e *examiner) origin(d *cms.SignedData, s *cms.Signer, c *x509.Certificate) string {
	at := s.Time
	if at.IsZero() || at.After(c.NotAfter) {
		at = c.NotAfter
	}
	if known := d.Anchor(c, e.known, at, x509.ExtKeyUsageEmailProtection); known != "" {
		return known
	}
	return FromMessage
}
