package witness

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"time"

	"unseal/proof"
)

// Signer makes cosignatures.
type Signer struct {
	proof.Witness // the public half
	key           ed25519.PrivateKey
}

// NewSigner names a key. One key has one name only: an Ed25519 cosignature
// does not cover the name.
func NewSigner(name string, key ed25519.PrivateKey) (Signer, error) {
	w, err := proof.NewWitness(name, key.Public().(ed25519.PublicKey))
	return Signer{w, key}, err
}

// cosign is the signature line over the text of a checkpoint.
func (s Signer) cosign(text string, at time.Time) string {
	b := binary.BigEndian.AppendUint32(nil, s.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	b = append(b, ed25519.Sign(s.key, proof.CosignedText(at.Unix(), text))...)
	return "— " + s.Name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}
