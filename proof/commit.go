package proof

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// ErrMismatch says that something was checked and does not match. What it
// wraps names the part. Nothing that comes with it may be trusted.
var ErrMismatch = errors.New("does not match")

// Context binds a commitment to its place, so that nobody can present it as
// that of another log, collection, number or kind.
type Context struct {
	Origin     string // of the log
	Collection trove.CollectionName
	Number     int
	Kind       trove.Kind
}

// Secret is the secret of a collection: 32 random bytes from which the salts
// of all its items follow. Losing it ends provable publishing of what is not
// yet out; leaking it opens withheld items to guessing.
type Secret [32]byte

// ItemSecret is what salts one item. Publishing it as an [Opening] tells
// nothing of any other item.
type ItemSecret struct {
	Seed Seed // root of the salt tree of the segments
	Salt Seed // of the whole bytes
}

// Item derives the secret of item number n (RFC 5869, HKDF-SHA256 without salt).
func (s Secret) Item(coll trove.CollectionName, n int) ItemSecret {
	key := s.derive("unseal-item-secret/1\n" + string(coll) + "\n" + strconv.Itoa(n) + "\n")
	return ItemSecret{Seed: Seed(key[:16]), Salt: Seed(key[16:])}
}

func (s Secret) derive(info string) []byte {
	key, err := hkdf.Key(sha256.New, s[:], nil, info, 32)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return key
}

// Inventory is the salted root over the SHA-256 digests of the files of a
// trove, in the order of the digests: it goes into commitment k, so that a
// second holder of the trove can later be shown what was taken in. The order
// in which files are given does not matter; files is left as it is.
func (s Secret) Inventory(coll trove.CollectionName, k int, files []trove.Digest) trove.Digest {
	key := s.derive("unseal-inventory-secret/1\n" + string(coll) + "\n" + strconv.Itoa(k) + "\n")
	sorted := slices.SortedFunc(slices.Values(files), func(a, b trove.Digest) int { return slices.Compare(a[:], b[:]) })
	content := make([]byte, 0, len(files)*sha256.Size)
	lens := make([]uint16, len(files))
	for i, d := range sorted {
		content = append(content, d[:]...)
		lens[i] = sha256.Size
	}
	return newSegmentTree().root(content, lens, Seed(key[:16]))
}

// Opening is what is published with an item so that anyone can recompute its
// commitment from its exact bytes.
type Opening struct {
	Rule     string       `json:"rule"`
	Root     trove.Digest `json:"root"` // of the tree of salted segments
	Segments int          `json:"segments"`
	Seed     Seed         `json:"seed"`
	Salt     Seed         `json:"salt"`
}

// Commit makes the commitment of content and what opens it. It is safe for
// concurrent use; memory beyond content is about 0.4 bytes a byte, and reused.
func Commit(c Context, s ItemSecret, content []byte) (trove.Digest, Opening) {
	o := Opening{Rule: WordsRule, Seed: s.Seed, Salt: s.Salt}
	o.Root, o.Segments = treeOf(content, s.Seed)
	leaf, _ := o.Fast(c, content)
	return leaf, o
}

// Fast is the commitment that follows from content by its salted digest, the
// root and count being taken as stated, and that digest. The commitment equals
// the logged one only if content is what was committed to.
func (o Opening) Fast(c Context, content []byte) (leaf, salted trove.Digest) {
	salted = Salted(o.Salt, content)
	return o.commitment(c, salted), salted
}

// Salted is the digest of salt and content: unlike that of content alone it
// tells nothing to those who guess content and do not know the salt.
func Salted(salt Seed, content []byte) (sum trove.Digest) {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(content)
	h.Sum(sum[:0])
	return sum
}

// commitment hashes the leaf: nine lines of text, so that it can be made again
// with printf and sha256sum.
func (o Opening) commitment(c Context, salted trove.Digest) trove.Digest {
	b := make([]byte, 0, 320)
	b = append(b, "unseal-item/1\n"...)
	b = append(append(b, c.Origin...), '\n')
	b = append(append(b, c.Collection...), '\n')
	b = append(strconv.AppendInt(b, int64(c.Number), 10), '\n')
	b = append(hex.AppendEncode(b, salted[:]), '\n')
	b = append(hex.AppendEncode(b, o.Root[:]), '\n')
	b = append(strconv.AppendInt(b, int64(o.Segments), 10), '\n')
	b = append(append(b, o.Rule...), '\n')
	b = append(append(b, c.Kind...), '\n')
	return trove.Digest(tlog.RecordHash(b))
}

// Deep recomputes the tree of segments of content and compares root and count
// with what o states. Together with a Fast that equals the logged commitment it
// shows that both halves of the commitment are of the same bytes.
func (o Opening) Deep(content []byte) error {
	if o.Rule != WordsRule {
		return fmt.Errorf("segmentation rule %q is not known to this version: %w", o.Rule, ErrMismatch)
	}
	root, n := treeOf(content, o.Seed)
	if root != o.Root {
		return fmt.Errorf("tree of segments: root %s, opening states %s: %w", root.Short(), o.Root.Short(), ErrMismatch)
	}
	if n != o.Segments {
		return fmt.Errorf("tree of segments: %d segments, opening states %d: %w", n, o.Segments, ErrMismatch)
	}
	return nil
}

// workspace is what hashing one item needs beyond the item.
type workspace struct {
	tree *segmentTree
	lens []uint16
}

var workspaces = sync.Pool{New: func() any { return &workspace{tree: newSegmentTree()} }}

func treeOf(content []byte, seed Seed) (trove.Digest, int) {
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	w.lens = segments(content, w.lens[:0])
	return w.tree.rootAside(content, w.lens, seed), len(w.lens)
}

// aside is how many segments are worth a goroutine of their own.
const aside = 4096

// rootAside is root, with the halves of a large tree hashed side by side.
func (t *segmentTree) rootAside(content []byte, lens []uint16, seed Seed) trove.Digest {
	if len(lens) <= aside {
		return t.root(content, lens, seed)
	}
	k, at := split(len(lens)), 0
	for _, n := range lens[:k] {
		at += int(n)
	}
	leftSeed, rightSeed := seed.children()
	left := make(chan trove.Digest, 1)
	go func() {
		w := workspaces.Get().(*workspace)
		defer workspaces.Put(w)
		left <- w.tree.rootAside(content[:at], lens[:k], leftSeed)
	}()
	right := t.rootAside(content[at:], lens[k:], rightSeed)
	return trove.Digest(tlog.NodeHash(tlog.Hash(<-left), tlog.Hash(right)))
}

// MarshalText writes 32 lower-case hex digits.
func (s Seed) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Seed) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) {
		return fmt.Errorf("seed of %d characters, want %d hex digits", len(b), 2*len(s))
	}
	_, err := hex.Decode(s[:], b)
	return err
}
