package openpgp

import (
	"bytes"
	"crypto/dsa" //lint:ignore SA1019 old keys are measured, checked and named
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
)

// The limits of keys.
const (
	MaxKeyFile  = 16 << 20  // bytes of one file given to [Keys.Add]
	maxKeyBytes = 256 << 10 // of the keys in one message
	maxKeys     = 20        // blocks of keys in one message
	maxRSA      = 16384     // bits; an honest key is shorter
	maxDSA      = 4096
	maxSubgroup = 512
	minRSA      = 1024 // shorter ones the standard library does not check with
)

// ErrNoKeys says that a file holds no OpenPGP key that can be read.
var ErrNoKeys = errors.New("no OpenPGP key")

// Keys are those known to the caller. The zero value is empty. It may be read
// by several goroutines at once.
type Keys struct{ list openpgp.EntityList }

// Add takes in a file of public keys, armored or not. Private halves are not
// kept.
func (k *Keys) Add(file []byte) error {
	if len(file) > MaxKeyFile {
		return fmt.Errorf("%w: %d bytes", ErrNoKeys, len(file))
	}
	list := readKeys(file)
	if len(list) == 0 {
		return ErrNoKeys
	}
	k.list = append(k.list, list...)
	return nil
}

var armorStart = []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")

// readKeys reads armored blocks of keys, or else keys as such.
func readKeys(b []byte) openpgp.EntityList {
	if !bytes.Contains(b, armorStart) {
		return readRing(b)
	}
	var list openpgp.EntityList
	for n := 0; n < maxKeys; n++ {
		i := bytes.Index(b, armorStart)
		if i < 0 {
			break
		}
		b = b[i:]
		if block, err := armor.Decode(bytes.NewReader(b)); err == nil {
			if raw, err := io.ReadAll(block.Body); err == nil {
				list = append(list, readRing(raw)...)
			}
		}
		b = b[len(armorStart):]
	}
	return list
}

// readRing reads keys whose arithmetic is bounded; what it cannot read it
// leaves out.
func readRing(b []byte) openpgp.EntityList {
	if !bounded(b) {
		return nil
	}
	list, _ := openpgp.ReadKeyRing(bytes.NewReader(b)) // none, where it cannot be read
	for _, e := range list {
		e.PrivateKey = nil
		for i := range e.Subkeys {
			e.Subkeys[i].PrivateKey = nil
		}
	}
	return list
}

// bounded reports whether no key is so long that checking with it, as reading
// a ring does, would take long.
func bounded(b []byte) bool {
	packets := packet.NewReader(bytes.NewReader(b))
	for range len(b) + 1 { // each packet has a byte at least
		p, err := packets.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			continue // the reader goes on behind what it cannot read
		}
		if key, ok := p.(*packet.PublicKey); ok && !modest(key) {
			return false
		}
		if key, ok := p.(*packet.PrivateKey); ok && !modest(&key.PublicKey) {
			return false
		}
	}
	return true
}

func modest(key *packet.PublicKey) bool {
	switch k := key.PublicKey.(type) {
	case *dsa.PublicKey:
		return k.P.BitLen() <= maxDSA && k.Q.BitLen() <= maxSubgroup
	default:
		bits, err := key.BitLength()
		return err != nil || bits <= maxRSA
	}
}

// find are the keys with an id: those of the caller, then those of the message.
func (e *examiner) find(id uint64) (keys []openpgp.Key, known bool) {
	if keys = e.known.KeysById(id); len(keys) > 0 {
		return keys, true
	}
	if !e.gathered {
		e.own, e.gathered = e.gather(), true
	}
	return e.own.KeysById(id), false
}

// gather reads the keys that the message brings along: in parts that are keys
// (RFC 3156 section 7) and in the Autocrypt field.
func (e *examiner) gather() openpgp.EntityList {
	var list openpgp.EntityList
	left, blocks := maxKeyBytes, maxKeys
	add := func(b []byte) {
		if left -= len(b); left >= 0 && blocks > 0 {
			blocks--
			list = append(list, readKeys(b)...)
		}
	}
	for f := range e.msg.Header().All("Autocrypt") {
		_, data, _ := strings.Cut(string(mime.Unfold(f.Value())), "keydata=")
		add(mime.DecodeBase64([]byte(data)))
	}
	for i := range e.msg.Parts {
		p := &e.msg.Parts[i]
		if p.Kind != body.Leaf || p.End-p.Offset > maxKeyBytes {
			continue
		}
		b := body.Decode(e.raw[p.Offset:p.End], p.Encoding)
		if p.Type == "application/pgp-keys" || bytes.Contains(b, armorStart) {
			add(b)
		}
	}
	return list
}

// userID is how a key calls its holder.
func userID(e *openpgp.Entity) string {
	if id := e.PrimaryIdentity(); id != nil {
		return trove.SignerName(id.Name)
	}
	return ""
}

// names reports whether a key names one of the addresses, or none at all.
func names(e *openpgp.Entity, addresses []string) bool {
	any := false
	for _, id := range e.Identities {
		if id.UserId == nil || id.UserId.Email == "" {
			continue
		}
		any = true
		if slices.Contains(addresses, strings.ToLower(id.UserId.Email)) {
			return true
		}
	}
	return !any
}
