package cms

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"unseal/trove"
)

// Name is how a certificate calls its holder: by address, else by name.
func Name(c *x509.Certificate) string {
	name := trove.SignerName(c.Subject.CommonName)
	if name == "" && len(c.Subject.Organization) > 0 {
		name = trove.SignerName(c.Subject.Organization[0])
	}
	mails := Addresses(c)
	switch {
	case len(mails) == 0:
		return name
	case name == "" || strings.EqualFold(name, mails[0]):
		return mails[0]
	}
	return name + " <" + mails[0] + ">"
}

var emailAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// Addresses are the mail addresses that a certificate names (RFC 8551 section 3).
func Addresses(c *x509.Certificate) []string {
	var list []string
	for _, a := range c.EmailAddresses {
		list = append(list, trove.SignerName(a))
	}
	for _, n := range c.Subject.Names {
		if s, ok := n.Value.(string); ok && n.Type.Equal(emailAddress) && !slices.Contains(list, trove.SignerName(s)) {
			list = append(list, trove.SignerName(s))
		}
	}
	return list
}

// Fingerprint is the SHA-256 of a certificate in hex.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Anchor says in words why a signer's certificate is known: it is one of those
// given, or was issued under one of them, for this use and good at that time,
// through certificates that came along. Empty if it is not known. Whether it
// was revoked cannot be told.
func (d *SignedData) Anchor(c *x509.Certificate, known []*x509.Certificate, at time.Time, use x509.ExtKeyUsage) string {
	if slices.ContainsFunc(known, c.Equal) {
		return "certificate given for the check"
	}
	if len(known) == 0 {
		return ""
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, k := range known {
		roots.AddCert(k)
	}
	for _, k := range d.Certificates {
		between.AddCert(k)
	}
	chains, err := c.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use}})
	if err != nil {
		return ""
	}
	chain := chains[0]
	return "certificate issued under " + Name(chain[len(chain)-1]) + ", which was given for the check"
}
