package proof

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// ErrKey says that a signature could not be judged, since its key is not known
// to the caller. Ask for the key; what was proven does not depend on it.
var ErrKey = errors.New("signed with a key not known to you")

// Checkpoint is a signed statement of a log's size and root, in the form of
// c2sp.org/tlog-checkpoint@v1.0.0. It covers everything below it.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   trove.Digest
	Note   []byte // the signed note, byte for byte
}

// maxCheckpoint bounds a checkpoint with the cosignatures of many witnesses.
const maxCheckpoint = 64 << 10

// FormatCheckpoint is the text of a checkpoint, before signing.
func FormatCheckpoint(origin string, size int64, root trove.Digest) string {
	return origin + "\n" + strconv.FormatInt(size, 10) + "\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
}

// ParseCheckpoint reads a checkpoint without looking at its signatures. It
// accepts exactly one form of each: no leading zeros, no loose base64 bits.
func ParseCheckpoint(msg []byte) (Checkpoint, error) {
	if len(msg) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes, at most %d are read", len(msg), maxCheckpoint)
	}
	text, sigs, ok := strings.Cut(string(msg), "\n\n")
	if !ok {
		return Checkpoint{}, errors.New("checkpoint without signature block")
	}
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 3 || lines[0] == "" {
		return Checkpoint{}, errors.New("checkpoint without origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("checkpoint size %q", lines[1])
	}
	root, err := strictBase64(lines[2])
	if err != nil || len(root) != len(trove.Digest{}) {
		return Checkpoint{}, fmt.Errorf("checkpoint root %q", lines[2])
	}
	if err := checkSignatureLines(sigs); err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: trove.Digest(root), Note: bytes.Clone(msg)}, nil
}

// checkSignatureLines refuses what note.Open would pass over, so that no bit
// of a signature can change unseen.
func checkSignatureLines(sigs string) error {
	for line := range strings.Lines(sigs) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(fields) != 3 || fields[0] != "—" || !strings.HasSuffix(line, "\n") {
			return fmt.Errorf("signature line %q", line)
		}
		if _, err := strictBase64(fields[2]); err != nil {
			return fmt.Errorf("signature line %q: %v", line, err)
		}
	}
	return nil
}

func strictBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// Verify checks the signature of the log, whose key is given in the form of
// golang.org/x/mod/sumdb/note. The name of the key must be the origin. The
// error is ErrKey for the key of another log or none, else ErrMismatch.
func (c Checkpoint) Verify(vkey string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("log key %q: %v: %w", vkey, err, ErrKey)
	}
	if v.Name() != c.Origin {
		return fmt.Errorf("log key is named %q, the checkpoint's origin is %q: %w", v.Name(), c.Origin, ErrKey)
	}
	if _, err := note.Open(c.Note, note.VerifierList(v)); err != nil {
		return fmt.Errorf("signature of the checkpoint: %v: %w", err, ErrMismatch)
	}
	return nil
}

// Path is the chain of hashes from a leaf up to a root (RFC 6962 section 2.1.1).
type Path = tlog.RecordProof

// rootOf is the root of the tree of that size in which leaf stands at index and
// p is its path (RFC 9162 section 2.1.3.2); false if there is no such path.
func rootOf(p Path, size, index int64, leaf trove.Digest) (trove.Digest, bool) {
	if index < 0 || index >= size {
		return leaf, false
	}
	last, hash := size-1, tlog.Hash(leaf)
	for _, h := range p {
		if last == 0 {
			return leaf, false
		}
		if index&1 == 1 || index == last {
			for index&1 == 0 {
				index, last = index>>1, last>>1
			}
			hash = tlog.NodeHash(h, hash)
		} else {
			hash = tlog.NodeHash(hash, h)
		}
		index, last = index>>1, last>>1
	}
	return trove.Digest(hash), last == 0
}
