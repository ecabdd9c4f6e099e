package openpgp

import (
	"bytes"
	"crypto"
	"crypto/dsa"   //lint:ignore SA1019 most signatures before 2010 are made with it
	_ "crypto/md5" // digests of old signatures
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// signature is one signature packet. Those of version 3, which PGP and GnuPG
// made by default until about 2010 and the library no longer reads, are read
// here (RFC 4880 section 5.2.2).
type signature struct {
	made   time.Time
	id     uint64 // of the key; 0 for none
	print  []byte // fingerprint of the key, where it is stated
	digest crypto.Hash
	kind   packet.SignatureType
	suffix []byte // hashed after the signed bytes
	tag    [2]byte
	tagged bool // the tag can be compared

	modern *packet.Signature // or:
	algo   packet.PublicKeyAlgorithm
	values []*big.Int
}

var (
	errShort  = errors.New("too short a key")
	errNoText = errors.New("not a signature of a text")
	errMatch  = errors.New("the signature does not match")
)

func parseSignature(o *packet.OpaquePacket) (signature, error) {
	if len(o.Contents) > 0 && o.Contents[0] == 3 {
		return parseVersion3(o.Contents)
	}
	p, err := o.Parse()
	if err != nil {
		return signature{}, err
	}
	m, ok := p.(*packet.Signature)
	if !ok {
		return signature{}, pgperrors.StructuralError("no signature")
	}
	s := signature{made: m.CreationTime.UTC(), print: m.IssuerFingerprint, digest: m.Hash, kind: m.SigType,
		suffix: m.HashSuffix, tag: m.HashTag, tagged: m.Version != 5, modern: m}
	if m.IssuerKeyId != nil {
		s.id = *m.IssuerKeyId
	}
	return s, nil
}

// digests by their number (RFC 4880 section 9.4).
var digests = map[byte]crypto.Hash{1: crypto.MD5, 2: crypto.SHA1, 8: crypto.SHA256, 9: crypto.SHA384, 10: crypto.SHA512, 11: crypto.SHA224}

const version3Header = 19 // bytes before the numbers of the signature

// parseVersion3 reads RFC 4880 section 5.2.2: version, 5, type, time, key id,
// algorithm, digest, two bytes of the digest, numbers.
func parseVersion3(b []byte) (signature, error) {
	if len(b) < version3Header || b[1] != 5 {
		return signature{}, pgperrors.StructuralError("a signature of version 3 is cut short")
	}
	s := signature{
		kind: packet.SignatureType(b[2]), made: time.Unix(int64(binary.BigEndian.Uint32(b[3:])), 0).UTC(),
		id: binary.BigEndian.Uint64(b[7:]), algo: packet.PublicKeyAlgorithm(b[15]), suffix: b[2:7],
		tag: [2]byte(b[17:19]), tagged: true,
	}
	var ok bool
	if s.digest, ok = digests[b[16]]; !ok {
		return s, pgperrors.UnsupportedError("digest")
	}
	for b = b[version3Header:]; len(b) > 0; {
		if len(b) < 2 {
			return s, pgperrors.StructuralError("a number is cut short")
		}
		n := (int(binary.BigEndian.Uint16(b)) + 7) / 8
		if b = b[2:]; n > len(b) {
			return s, pgperrors.StructuralError("a number is cut short")
		}
		s.values, b = append(s.values, new(big.Int).SetBytes(b[:n])), b[n:]
	}
	return s, nil
}

// key names the key as the signature does.
func (s *signature) key() string {
	switch {
	case len(s.print) > 0:
		return fingerprint(s.print)
	case s.id != 0:
		return fmt.Sprintf("%016X", s.id)
	}
	return ""
}

// hashed is the digest of the signed bytes, in the form that the signature
// names (RFC 9580 section 5.2.4): as they are, or with CRLF line ends. The
// suffix is still to come.
func (s *signature) hashed(signed []byte) (hash.Hash, error) {
	if !s.digest.Available() {
		return nil, pgperrors.UnsupportedError("digest")
	}
	h := s.digest.New()
	if s.modern != nil {
		var err error
		if h, err = s.modern.PrepareVerify(); err != nil {
			return nil, err
		}
	}
	switch s.kind {
	case packet.SigTypeBinary:
		h.Write(signed)
	case packet.SigTypeText:
		openpgp.NewCanonicalTextHash(h).Write(signed)
	default:
		return nil, errNoText
	}
	return h, nil
}

// tagFits compares the two bytes of the digest that stand in the signature: if
// they differ, the signed bytes are others, whatever the key. The error is for
// what cannot be checked at all.
func (s *signature) tagFits(signed []byte) (bool, error) {
	h, err := s.hashed(signed)
	if err != nil || !s.tagged {
		return true, err
	}
	h.Write(s.suffix)
	return bytes.HasPrefix(h.Sum(nil), s.tag[:]), nil
}

// check is nil if the key made the signature over these bytes. errShort says
// that nothing could be checked.
func (s *signature) check(key *packet.PublicKey, signed []byte) error {
	if k, ok := key.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
		return errShort
	}
	h, err := s.hashed(signed)
	if err != nil {
		return err
	}
	if s.modern != nil {
		return key.VerifySignature(h, s.modern)
	}
	h.Write(s.suffix)
	return s.checkNumbers(key, h.Sum(nil))
}

func (s *signature) checkNumbers(key *packet.PublicKey, sum []byte) error {
	fits := false
	switch k := key.PublicKey.(type) {
	case *rsa.PublicKey:
		if len(s.values) == 1 && s.algo == key.PubKeyAlgo && s.values[0].BitLen() <= k.N.BitLen() {
			fits = rsa.VerifyPKCS1v15(k, s.digest, sum, s.values[0].FillBytes(make([]byte, k.Size()))) == nil
		}
	case *dsa.PublicKey:
		// FIPS 186-4 section 4.6: the leftmost bits of the digest.
		if len(s.values) == 2 && s.algo == key.PubKeyAlgo {
			fits = dsa.Verify(k, sum[:min(len(sum), (k.Q.BitLen()+7)/8)], s.values[0], s.values[1])
		}
	}
	if !fits {
		return errMatch
	}
	return nil
}
