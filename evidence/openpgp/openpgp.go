// Package openpgp judges the OpenPGP signatures of a mail (RFC 9580): those of
// PGP/MIME (RFC 3156) over the exact bytes of the signed part, and texts signed
// in the clear. Packets, keys and arithmetic are those of ProtonMail/go-crypto.
//
// Nothing is asked over a network. Keys come from the message itself, and a
// pass then shows only that the holder of that key signed; or they are given
// with [Keys.Add]. The Cause of a result says which it was. Old digests,
// expired and revoked keys are checked and named, not refused: an archive says
// what can be known of a mail years later.
//
// The invariant: "pass" only if the bytes, in the canonical form that the
// signature names, are those that the key signed.
package openpgp

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"unseal/evidence/signedpart"
	"unseal/mime/body"
	"unseal/trove"
)

// The limits of what is judged in one mail.
const (
	MaxSignatures = 20       // signatures
	maxSignature  = 64 << 10 // bytes of one part that is a signature
	maxText       = 16 << 20 // bytes of one text that is searched for signed blocks
)

// The results, as in package evidence.
const (
	pass  = "pass"
	fail  = "fail"
	noKey = "nokey"
)

// FromMessage says what a key that nobody vouches for shows.
const FromMessage = "key from the message itself: shows only that its holder signed"

// Examine judges every OpenPGP signature of a mail: those of PGP/MIME, then
// those in texts. raw is the mail's exact bytes; known may be nil. It never
// fails: what cannot be judged has the result "nokey" and its cause. Of a mail
// that is beyond the limits of package body, which cannot be read either, it
// says nothing.
func Examine(raw []byte, known *Keys) []trove.OtherSignature {
	if !mayBeSigned(raw) {
		return nil
	}
	e := examiner{raw: raw}
	var err error
	if e.msg, err = body.Walk(raw); err != nil {
		return nil
	}
	if known != nil {
		e.known = known.list
	}
	e.from = signedpart.Senders(e.msg.Header())
	for _, p := range signedpart.Find(raw, e.msg) {
		if p.Protocol == "application/pgp-signature" || bytes.Contains(p.Signature, signatureStart) {
			e.mime(&p)
		}
	}
	for i := range e.msg.Parts {
		e.part(&e.msg.Parts[i])
	}
	return e.found
}

const tooMuch = "too large to be checked"

// examiner gathers what is found in one mail.
type examiner struct {
	raw      []byte
	msg      *body.Message
	from     []string // addresses that the mail says it is from
	known    openpgp.EntityList
	own      openpgp.EntityList // keys that came with the message, once gathered
	gathered bool
	left     signedpart.Budget
	found    []trove.OtherSignature
}

var (
	signatureStart = []byte("-----BEGIN PGP SIGNATURE-----")
	signedStart    = []byte("-----BEGIN PGP SIGNED MESSAGE-----")
	messageStart   = []byte("-----BEGIN PGP MESSAGE-----")
)

// mayBeSigned passes over most mails fast. A text in base64 hides its blocks,
// and is looked into.
func mayBeSigned(raw []byte) bool {
	return signedpart.Mentions(raw, "-signature", "-encrypted", "-BEGIN PGP", "-BEGIN=20PGP", "-Transfer-Encoding: base64", "-Transfer-Encoding:base64")
}

func (e *examiner) add(s trove.OtherSignature) {
	s.Type = trove.OpenPGP
	switch n := len(e.found); {
	case n < MaxSignatures:
		e.found = append(e.found, s)
	case n == MaxSignatures:
		e.found = append(e.found, trove.OtherSignature{Type: trove.OpenPGP, Result: noKey, Cause: "further signatures are not judged: there are too many"})
	}
}

// mime judges a multipart/signed.
func (e *examiner) mime(p *signedpart.Part) {
	switch {
	case !p.Whole:
		e.add(trove.OtherSignature{Result: fail, Cause: "the signed part or the signature is missing", Of: p.Place})
		return
	case len(p.Signature) > maxSignature:
		e.add(trove.OtherSignature{Result: noKey, Cause: tooMuch, Of: p.Place})
		return
	}
	signature := p.Signature
	if bytes.Contains(signature, signatureStart) {
		if block, err := armor.Decode(bytes.NewReader(signature)); err == nil {
			signature, _ = io.ReadAll(block.Body) // what is cut short is no signature
		}
	}
	e.signatures(p.Place, signature, p.Signed(), nil)
}

// part looks at one part for what is encrypted and for texts signed in the clear.
func (e *examiner) part(p *body.Part) {
	place := signedpart.Place(p)
	switch {
	case p.Type == "multipart/encrypted", p.Type == "application/pgp-encrypted" && !e.inside(p, "multipart/encrypted"):
		if protocol := p.Media.Param("protocol"); protocol == "" || strings.EqualFold(protocol, "application/pgp-encrypted") {
			e.add(trove.OtherSignature{Result: noKey, Cause: encrypted, Of: place})
		}
	case p.Kind == body.Leaf && p.Type == "text/plain" && p.End-p.Offset <= maxText && len(e.found) <= MaxSignatures:
		e.text(place, body.Decode(e.raw[p.Offset:p.End], p.Encoding))
	}
}

func (e *examiner) inside(p *body.Part, kind string) bool {
	return p.Parent >= 0 && e.msg.Parts[p.Parent].Type == kind
}

const encrypted = "encrypted: what is inside, and whether it is signed, cannot be read without the receiver's key"

// text finds blocks of OpenPGP that begin a line of a text.
func (e *examiner) text(place string, b []byte) {
	for range MaxSignatures {
		at, start := nextBlock(b)
		if at < 0 {
			return
		}
		before := b[:at]
		b = b[at:]
		if bytes.Equal(start, messageStart) {
			e.message(place, b)
			b = b[len(start):]
			continue
		}
		block, rest := clearsign.Decode(b)
		if block == nil {
			e.add(trove.OtherSignature{Result: fail, Cause: "the signed text or its signature cannot be read: damaged", Of: place})
			b = b[len(start):]
			continue
		}
		var remarks []string
		if len(bytes.TrimSpace(before)) > 0 || len(bytes.TrimSpace(rest)) > 0 {
			remarks = append(remarks, "the text around the signed block is not covered")
		}
		signature, _ := io.ReadAll(io.LimitReader(block.ArmoredSignature.Body, maxSignature)) // what is cut short is no signature
		e.signatures(place, signature, block.Bytes, remarks)
		b = rest
	}
}

// nextBlock finds the next line that begins a block.
func nextBlock(b []byte) (at int, start []byte) {
	at = -1
	for _, s := range [][]byte{signedStart, messageStart} {
		if i := lineIndex(b, s); i >= 0 && (at < 0 || i < at) {
			at, start = i, s
		}
	}
	return at, start
}

// lineIndex is where s begins a line of b, or -1.
func lineIndex(b, s []byte) int {
	if bytes.HasPrefix(b, s) {
		return 0
	}
	if i := bytes.Index(b, append([]byte{'\n'}, s...)); i >= 0 {
		return i + 1
	}
	return -1
}

// message names a block that is not clear text, by its first packet (RFC 9580
// section 5): session keys and encrypted data, or something else.
func (e *examiner) message(place string, b []byte) {
	cause := "an OpenPGP message that is not in the clear: not judged"
	if block, err := armor.Decode(bytes.NewReader(b)); err == nil {
		var first [1]byte
		if _, err := io.ReadFull(block.Body, first[:]); err == nil && isEncrypted(packetType(first[0])) {
			cause = encrypted
		}
	}
	e.add(trove.OtherSignature{Result: noKey, Cause: cause, Of: place})
}

// packetType is RFC 9580 section 4.2.
func packetType(head byte) byte {
	if head&0x40 != 0 {
		return head & 0x3f
	}
	return head >> 2 & 0x0f
}

func isEncrypted(kind byte) bool {
	return kind == 1 || kind == 3 || kind == 9 || kind == 18 || kind == 20
}

// signatures judges each signature packet over the signed bytes.
func (e *examiner) signatures(place string, packets, signed []byte, remarks []string) {
	r := packet.NewOpaqueReader(bytes.NewReader(packets))
	seen := false
	for range MaxSignatures {
		o, err := r.Next()
		if err == io.EOF || len(e.found) > MaxSignatures {
			break
		}
		if err != nil {
			e.add(unread(place, err))
			return
		}
		if o.Tag == signatureTag {
			seen = true
			e.packet(place, o, signed, remarks)
		}
	}
	if !seen {
		e.add(unread(place, io.ErrUnexpectedEOF))
	}
}

const signatureTag = 2 // RFC 9580 section 5.2

// packet judges one signature packet.
func (e *examiner) packet(place string, o *packet.OpaquePacket, signed []byte, remarks []string) {
	s, err := parseSignature(o)
	if err != nil {
		e.add(unread(place, err))
		return
	}
	out := e.judge(s, signed, remarks)
	out.Of = place
	e.add(out)
}

func unread(place string, err error) trove.OtherSignature {
	if _, ok := errors.AsType[pgperrors.UnsupportedError](err); ok {
		return trove.OtherSignature{Result: noKey, Cause: "not judged: an unknown form of signature", Of: place}
	}
	return trove.OtherSignature{Result: fail, Cause: "the signature cannot be read: damaged", Of: place}
}

// judge judges one signature over the signed bytes.
func (e *examiner) judge(s signature, signed []byte, remarks []string) trove.OtherSignature {
	out := trove.OtherSignature{Result: noKey, Time: s.made, Fingerprint: s.key(), Cause: tooMuch}
	if !e.left.Spend(len(signed)) {
		return out
	}
	fits, err := s.tagFits(signed)
	switch {
	case s.id == 0:
		out.Cause = "it names no key"
		return out
	case err != nil:
		out.Cause = "not judged: unknown algorithm or not a signature of a text"
		return out
	}
	keys, known := e.find(s.id)
	switch {
	case len(keys) == 0 && fits:
		out.Cause = "key unknown"
		return out
	case len(keys) == 0:
		out.Cause = "key unknown; the text is not the one that was signed"
		return out
	}
	out.Result, out.Cause = fail, "the signature does not match"
	if !fits {
		out.Cause = "text changed: the signed bytes are others"
	}
	for i := range keys {
		if !e.left.Spend(len(signed)) {
			out.Result, out.Cause = noKey, tooMuch
			return out
		}
		k := &keys[i]
		out.Signer, out.Fingerprint = userID(k.Entity), fingerprint(k.PublicKey.Fingerprint)
		switch err := s.check(k.PublicKey, signed); {
		case err == nil:
			out.Result, out.Cause = pass, strings.Join(append(e.remarks(k, &s, known), remarks...), ", ")
			return out
		case errors.Is(err, errShort):
			out.Result, out.Cause = noKey, "not judged: too short a key"
		}
	}
	return out
}

func fingerprint(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// weak are the digests of which collisions have been made.
var weak = map[crypto.Hash]string{crypto.MD5: "MD5", crypto.SHA1: "SHA-1"}

// remarks are what must be said along with a pass.
func (e *examiner) remarks(k *openpgp.Key, s *signature, known bool) []string {
	list := []string{FromMessage}
	if known {
		list[0] = "key given for the check"
	}
	add := func(yes bool, remark string) {
		if yes {
			list = append(list, remark)
		}
	}
	self, _ := k.Entity.PrimarySelfSignature()
	at := s.made
	add(!names(k.Entity, e.from), "it names another address than From")
	add(len(k.Entity.Revocations) > 0 || len(k.Revocations) > 0, "the key was revoked, then or later")
	add(self != nil && k.Entity.PrimaryKey.KeyExpired(self, at) || k.SelfSignature != nil && k.PublicKey.KeyExpired(k.SelfSignature, at),
		"the key was not valid at the time that the signature states")
	add(k.SelfSignature != nil && k.SelfSignature.FlagsValid && !k.SelfSignature.FlagSign, "the key is not meant for signing")
	add(weak[s.digest] != "", "weak algorithm ("+weak[s.digest]+")")
	return list
}
