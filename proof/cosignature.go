package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrUnseen says that a checkpoint carries no cosignature of a witness. Ask
// for one, or judge the checkpoint without it.
var ErrUnseen = errors.New("not seen by this witness")

// algCosignature is the type of keys that make Ed25519 cosignatures
// (c2sp.org/tlog-cosignature@v1.0.1). Those of other types are not judged.
const algCosignature = 4

// timestampLength is that of the time before an Ed25519 cosignature.
const timestampLength = 8

// Witness is the public key of a witness: of someone who cosigns a checkpoint
// only if it goes on from all that he has cosigned before.
type Witness struct {
	Name string
	ID   uint32 // by which its signature lines name the key
	key  [ed25519.PublicKeySize]byte
}

// NewWitness names a key. The name has no white space and no '+'.
func NewWitness(name string, key ed25519.PublicKey) (Witness, error) {
	space := strings.ContainsFunc(name, unicode.IsSpace) || strings.Contains(name, "+")
	if name == "" || space || !utf8.ValidString(name) || len(key) != ed25519.PublicKeySize {
		return Witness{}, fmt.Errorf("witness %q: a name without white space and '+', and an Ed25519 key", name)
	}
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), key...))
	return Witness{Name: name, ID: binary.BigEndian.Uint32(sum[:]), key: [ed25519.PublicKeySize]byte(key)}, nil
}

// ParseWitness reads what String wrote: a vkey of c2sp.org/signed-note.
func ParseWitness(vkey string) (Witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) < 3 {
		return Witness{}, fmt.Errorf("witness key %q is not of the form name+hash+base64", vkey)
	}
	key, err := strictBase64(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algCosignature {
		return Witness{}, fmt.Errorf("witness key %q is not an Ed25519 key for cosignatures", vkey)
	}
	w, err := NewWitness(parts[0], key[1:])
	if err == nil && w.String() != vkey {
		err = fmt.Errorf("witness key %q has another hash than it states", vkey)
	}
	return w, err
}

// String is the key as a vkey.
func (w Witness) String() string {
	key := append([]byte{algCosignature}, w.key[:]...)
	return fmt.Sprintf("%s+%08x+%s", w.Name, w.ID, base64.StdEncoding.EncodeToString(key))
}

// CosignedText is what a witness signs at a time, in seconds since 1970: the
// text of a checkpoint behind two lines.
func CosignedText(at int64, text string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

// Text is the part of the checkpoint that is signed.
func (c Checkpoint) Text() string {
	text, _, _ := strings.Cut(string(c.Note), "\n\n")
	return text + "\n"
}

// Signature is one signature line of a checkpoint, not judged.
type Signature struct {
	Name  string
	ID    uint32
	Bytes []byte // without the ID
}

// Signatures lists the signature lines.
func (c Checkpoint) Signatures() []Signature {
	_, block, _ := strings.Cut(string(c.Note), "\n\n")
	var list []Signature
	for line := range strings.Lines(block) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		if b, err := strictBase64(fields[2]); err == nil && len(b) > 4 {
			list = append(list, Signature{fields[1], binary.BigEndian.Uint32(b), b[4:]})
		}
	}
	return list
}

// StatedTime is when a cosignature says that it was made; false for a
// signature of another form.
func (s Signature) StatedTime() (time.Time, bool) {
	if len(s.Bytes) != timestampLength+ed25519.SignatureSize {
		return time.Time{}, false
	}
	at := binary.BigEndian.Uint64(s.Bytes)
	return time.Unix(int64(at), 0).UTC(), at <= math.MaxInt64
}

// SeenBy judges the cosignature of a witness and says when it was made. The
// error is ErrUnseen where there is none, ErrMismatch for one that is wrong.
func (c Checkpoint) SeenBy(w Witness) (time.Time, error) {
	for _, s := range c.Signatures() {
		if s.Name != w.Name || s.ID != w.ID {
			continue
		}
		at, ok := s.StatedTime()
		if !ok || !ed25519.Verify(w.key[:], CosignedText(at.Unix(), c.Text()), s.Bytes[timestampLength:]) {
			return time.Time{}, fmt.Errorf("cosignature of %s: %w", w.Name, ErrMismatch)
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%s: %w", w.Name, ErrUnseen)
}
