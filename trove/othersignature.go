package trove

import (
	"strings"
	"time"
)

// SignatureType says what kind of thing an [OtherSignature] is.
type SignatureType string

// The types of signatures and proofs of time besides DKIM.
const (
	SMIME          SignatureType = "smime"          // of the sender's own certificate, RFC 8551
	OpenPGP        SignatureType = "openpgp"        // of the sender's own key, RFC 3156 or clear-signed
	RFC3161        SignatureType = "rfc3161"        // of a time stamping authority
	OpenTimestamps SignatureType = "opentimestamps" // through the chain of Bitcoin
)

// OtherSignature is a signature or a proof of time besides DKIM, and what was
// found of it, without any network. DKIM speaks for the sender's server; these
// speak for whoever holds a key, or of when the bytes were there at the latest.
//
// A pass means that the signature fits the bytes and the key, no more: whose
// key it is, Cause says. A key or certificate that came with the message shows
// only that its holder signed. Readers are told Type, Result, Signer,
// Fingerprint, Time and Cause, always together.
type OtherSignature struct {
	Type        SignatureType `json:"type"`
	Result      string        `json:"result"`                // pass, fail, nokey (could not be checked); as in [Signature]
	Signer      string        `json:"signer,omitempty"`      // who, as the key or certificate says of itself: an address, a name, "Bitcoin block 358391"
	Fingerprint string        `json:"fingerprint,omitempty"` // of the key or certificate in hex (SHA-256 of a certificate), or a key id; of a Bitcoin block, the merkle root that it must have
	Time        time.Time     `json:"time,omitzero"`         // as the signature states it, in UTC; a pass of a proof of time vouches for it, one of a sender does not
	Cause       string        `json:"cause,omitempty"`       // why not; or what must be said along with a pass
	Of          string        `json:"of,omitempty"`          // what was signed, if not the item or its body: "part 2", "the file it came in"; in the record of a proof that is an item of its own, "sha256:" and the digest it speaks of
}

// maxSigner is how many characters of a signer's name are kept.
const maxSigner = 200

// SignerName makes a name out of a key or certificate fit for
// [OtherSignature.Signer]: one line of valid UTF-8 and bounded length.
func SignerName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if r := []rune(s); len(r) > maxSigner {
		s = string(r[:maxSigner])
	}
	return strings.TrimSpace(s)
}
