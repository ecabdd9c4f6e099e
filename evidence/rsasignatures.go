package evidence

import (
	"unseal/mime"
)

// RSASignature is the equation that one RSA signature of DKIM states of its
// key (n, e): Value^e = Block modulo n. Two of one key give it away.
type RSASignature struct {
	Domain, Selector string // lower case domain
	Value            []byte // b=
	Block            []byte // what was signed, padded: as long as Value
}

// RSASignatures reads the RSA signatures among the DKIM-Signature fields of a
// mail, from the top downwards. It needs no key and checks nothing: after a
// change to a signed header field the equation is wrong; the body stands in it
// only by the hash that the signature names. Fields that cannot be read, are of
// another algorithm or lie beyond MaxSignatures are left out.
func RSASignatures(raw []byte) []RSASignature {
	if !mayBeSigned(raw) {
		return nil
	}
	header, err := mime.ReadHeader(raw)
	if err != nil {
		return nil
	}
	m := newMessage(raw, header)
	var all []RSASignature
	for n, i := range m.byName["dkim-signature"] {
		if n == MaxSignatures {
			break
		}
		s, c := m.read(i)
		c.readDKIM(&s)
		covered := m.cover(&s, c)
		if c.cause != "" || c.alg.kind != "rsa" || 8*len(c.b) < minModulus || 8*len(c.b) > maxModulus {
			continue
		}
		tail := append([]byte(c.alg.digestInfo), m.headerDigest(covered, c)...)
		if len(c.b) >= len(tail)+11 {
			all = append(all, RSASignature{s.Domain, s.Selector, c.b, paddedBlock(len(c.b), tail)})
		}
	}
	return all
}
