package proof

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"math/bits"

	"unseal/trove"
)

// Seed is 16 secret bytes: a place in the salt tree of an item, or a salt.
type Seed [16]byte

// What stands before the bytes of each kind of hash, so that none can pass
// for another. Leaf and node are those of RFC 6962 section 2.1.
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
	seedPrefix = 0x02
)

// segmentTree hashes one content at a time. Its buffers hold messages that are
// padded already, so that a hash costs its blocks and little more.
type segmentTree struct {
	rest []byte   // content that is not hashed yet
	lens []uint16 // segments that are not hashed yet

	digest hash.Hash
	state  encoding.BinaryAppender // of digest
	out    [128]byte
	seed   [sha256.BlockSize]byte     // prefix, seed
	node   [2 * sha256.BlockSize]byte // prefix, left, right
	leaf   [sha256.BlockSize]byte     // prefix, salt, segment
	long   [saltedHead + maxEncodedCut]byte
}

const (
	saltedHead = 1 + len(Seed{})
	nodeLength = 1 + 2*sha256.Size
	// maxOneBlock is the longest message that fits one block with its padding:
	// 0x80 and the length in 8 bytes (FIPS 180-4 section 5.1.1).
	maxOneBlock = sha256.BlockSize - 9
)

func newSegmentTree() *segmentTree {
	t := &segmentTree{digest: sha256.New()}
	t.state, _ = t.digest.(encoding.BinaryAppender)
	t.seed[0], t.node[0], t.leaf[0], t.long[0] = seedPrefix, nodePrefix, leafPrefix, leafPrefix
	pad(t.seed[:], saltedHead)
	pad(t.node[:], nodeLength)
	return t
}

// pad completes a message of n bytes in b, which is a whole number of blocks
// (FIPS 180-4 section 5.1.1).
func pad(b []byte, n int) {
	clear(b[n:])
	b[n] = 0x80
	binary.BigEndian.PutUint64(b[len(b)-8:], uint64(n)*8)
}

// stateIsSum tells whether the marshalled state of a SHA-256 that has taken
// in a padded message holds the message's digest at byte 4, as it has since
// Go 1.10. Hashes of one block are then half as dear as with Sum256, which
// copies and pads; if a Go release changed the form, we would fall back.
var stateIsSum = func() bool {
	t := newSegmentTree()
	return t.state != nil && t.sumOfState(t.seed[:]) == sha256.Sum256(t.seed[:saltedHead])
}()

func (t *segmentTree) sumOfState(padded []byte) (sum [sha256.Size]byte) {
	t.digest.Reset()
	t.digest.Write(padded)
	b, err := t.state.AppendBinary(t.out[:0])
	if err == nil && len(b) >= 4+sha256.Size {
		copy(sum[:], b[4:])
	}
	return sum
}

// sum hashes the first n bytes of padded.
func (t *segmentTree) sum(padded []byte, n int) [sha256.Size]byte {
	if !stateIsSum {
		return sha256.Sum256(padded[:n])
	}
	return t.sumOfState(padded)
}

// root is the RFC 6962 root over the salted segments. Salts come from a
// binary GGM tree of the same shape: the seed of a node hashes to the seeds of
// its two children, the seed of a leaf is its salt. So k places can be shown
// with about k log n seeds, and no other salt follows from them.
func (t *segmentTree) root(content []byte, lens []uint16, seed Seed) trove.Digest {
	if len(lens) == 0 {
		return sha256.Sum256(nil)
	}
	t.rest, t.lens = content, lens
	root := t.subtree(len(lens), seed)
	t.rest, t.lens = nil, nil
	return root
}

// subtree hashes the next n segments. The depth of recursion is at most
// 1 + log2 n.
func (t *segmentTree) subtree(n int, seed Seed) [sha256.Size]byte {
	if n == 1 {
		return t.salted(seed)
	}
	copy(t.seed[1:], seed[:])
	both := t.sum(t.seed[:], saltedHead)
	k := split(n)
	left := t.subtree(k, Seed(both[:16]))
	right := t.subtree(n-k, Seed(both[16:]))
	copy(t.node[1:], left[:])
	copy(t.node[1+sha256.Size:], right[:])
	return t.sum(t.node[:], nodeLength)
}

// salted hashes the next segment with its salt.
func (t *segmentTree) salted(salt Seed) [sha256.Size]byte {
	segment := t.rest[:t.lens[0]]
	t.rest, t.lens = t.rest[len(segment):], t.lens[1:]
	n := saltedHead + len(segment)
	if n > maxOneBlock {
		copy(t.long[1:], salt[:])
		copy(t.long[saltedHead:], segment)
		return sha256.Sum256(t.long[:n])
	}
	copy(t.leaf[1:], salt[:])
	copy(t.leaf[saltedHead:], segment)
	pad(t.leaf[:], n)
	return t.sum(t.leaf[:], n)
}

// split is the largest power of two below n, n > 1 (RFC 6962 section 2.1).
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }
