// Package opentimestamps reads, extends and writes proofs of OpenTimestamps
// (.ots): chains of operations that lead from the digest of a file to what was
// put somewhere public, mostly the merkle root of a Bitcoin block.
//
// The format is that of python-opentimestamps (opentimestamps/core, version 1
// of the file), written here again because no Go library for it is at hand
// under a fixed version; it has a dozen tags. Numbers are LEB128, a tree is one
// byte of tag after the other, and 0xff says that more than one thing follows.
//
// The package does no I/O. It computes all operations, so what it says of a
// block is certain in one direction: if block N has the merkle root X, the
// bytes were there before it. Whether it has, any Bitcoin node can tell, and
// this package cannot; it says so.
package opentimestamps

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	//lint:ignore SA1019 proofs through a Bitcoin address need it
	"golang.org/x/crypto/ripemd160"

	"unseal/trove"
)

// The limits of a proof; those of messages and attestations are the format's.
const (
	MaxSize        = 256 << 10 // bytes of a file
	MaxDepth       = 256       // operations one after the other
	maxNodes       = 10_000
	maxMessage     = 4096
	maxAttestation = 8192
	maxURI         = 1000
)

var (
	// ErrSyntax says that the bytes are no proof, or a damaged one.
	ErrSyntax = errors.New("not an OpenTimestamps proof that can be read")
	// ErrOther says that two proofs do not belong together.
	ErrOther = errors.New("the proof is of something else")
)

// magic begins each file; version 1 follows.
const magic = "\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"

// Kind says where an attestation leads.
type Kind string

// The kinds of attestations.
const (
	Bitcoin Kind = "bitcoin" // the message is the merkle root of a block
	Pending Kind = "pending" // a calendar has promised the rest
	Other   Kind = "other"   // another chain, or one not known here
)

// Attestation is one end of a proof.
type Attestation struct {
	Kind    Kind
	Height  uint64 // of the Bitcoin block
	URI     string // of the calendar
	Message []byte // what the operations came to; nil where one of them is not known here
	Kept    bool   // of a pending one: what the calendar promised is in the proof
	raw     []byte // tag and payload
}

// MerkleRoot is the root that the block must have, written as Bitcoin nodes do.
func (a *Attestation) MerkleRoot() string {
	b := bytes.Clone(a.Message)
	slices.Reverse(b)
	return hex.EncodeToString(b)
}

// Proof is a proof for a file's digest.
type Proof struct {
	Hash   crypto.Hash // of Digest; 0 for one that is not known here
	Digest []byte
	op     byte
	root   *node
}

// node is a message and what is done with it.
type node struct {
	message      []byte // nil where it is not known
	attestations []Attestation
	steps        []step
}

// step is an operation and what it comes to.
type step struct {
	op   byte
	arg  []byte
	next *node
}

// The tags of operations. Those not computed here are known, so that the rest
// of a proof can be read.
const (
	opSHA1      = 0x02
	opRIPEMD160 = 0x03
	opSHA256    = 0x08
	opKeccak256 = 0x67
	opAppend    = 0xf0
	opPrepend   = 0xf1
	opReverse   = 0xf2
	opHexlify   = 0xf3

	tagAttestation = 0x00
	tagMore        = 0xff
)

// digestSizes of the operations with which a file may be hashed.
var digestSizes = map[byte]int{opSHA1: 20, opRIPEMD160: 20, opSHA256: 32, opKeccak256: 32}

var fileHashes = map[byte]crypto.Hash{opSHA1: crypto.SHA1, opRIPEMD160: crypto.RIPEMD160, opSHA256: crypto.SHA256}

// apply computes an operation; the result is nil where it is one that is not
// computed here, or the message is not known.
func apply(op byte, arg, message []byte) []byte {
	if message == nil {
		return nil
	}
	switch op {
	case opSHA1:
		sum := sha1.Sum(message)
		return sum[:]
	case opRIPEMD160:
		h := ripemd160.New()
		h.Write(message)
		return h.Sum(nil)
	case opSHA256:
		sum := sha256.Sum256(message)
		return sum[:]
	case opAppend:
		return slices.Concat(message, arg)
	case opPrepend:
		return slices.Concat(arg, message)
	case opReverse:
		out := bytes.Clone(message)
		slices.Reverse(out)
		return out
	case opHexlify:
		return hex.AppendEncode(nil, message)
	}
	return nil
}

// New begins a proof for a SHA-256 digest. It attests nothing yet.
func New(digest trove.Digest) *Proof {
	return &Proof{Hash: crypto.SHA256, Digest: digest[:], op: opSHA256, root: &node{message: digest[:]}}
}

// Is reports whether bytes begin as a proof does; Parse decides.
func Is(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }

// Covers reports whether the proof is of these bytes. One whose digest is not
// known here covers nothing.
func (p *Proof) Covers(b []byte) bool {
	return p.Hash != 0 && bytes.Equal(apply(p.op, nil, append([]byte{}, b...)), p.Digest)
}

// Attestations lists all ends of the proof in its order.
func (p *Proof) Attestations() []Attestation {
	var list []Attestation
	p.root.walk(func(n *node) {
		for _, a := range n.attestations {
			a.Message, a.Kept = n.message, a.Kind == Pending && len(n.steps) > 0
			list = append(list, a)
		}
	})
	return list
}

func (n *node) walk(fn func(*node)) {
	fn(n)
	for _, s := range n.steps {
		s.next.walk(fn)
	}
}

// Join adds what another proof of the same digest attests. The error matches
// ErrOther if it is of another one.
func (p *Proof) Join(q *Proof) error {
	if p.op != q.op || !bytes.Equal(p.Digest, q.Digest) {
		return fmt.Errorf("%w: another digest", ErrOther)
	}
	p.root.join(q.root)
	return nil
}

// Extend adds what a calendar sent for a message of the proof (its answer to a
// digest, or to a message that was pending) and reports how many attestations
// are new. The error matches ErrSyntax, or ErrOther if there is no such message.
func (p *Proof) Extend(message, answer []byte) (int, error) {
	r := reader{b: answer, nodes: maxNodes}
	branch, err := r.node(message, 0)
	if err != nil {
		return 0, err
	}
	if len(r.b) > 0 {
		return 0, fmt.Errorf("%w: %d bytes too many", ErrSyntax, len(r.b))
	}
	found, before := false, len(p.Attestations())
	p.root.walk(func(n *node) {
		if !found && bytes.Equal(n.message, message) && n.message != nil {
			found = true
			n.join(branch)
		}
	})
	if !found {
		return 0, fmt.Errorf("%w: no such message in it", ErrOther)
	}
	return len(p.Attestations()) - before, nil
}

func (n *node) join(o *node) {
	for _, a := range o.attestations {
		if !slices.ContainsFunc(n.attestations, func(b Attestation) bool { return bytes.Equal(a.raw, b.raw) }) {
			n.attestations = append(n.attestations, a)
		}
	}
	for _, s := range o.steps {
		i := slices.IndexFunc(n.steps, func(t step) bool { return t.op == s.op && bytes.Equal(t.arg, s.arg) })
		if i < 0 {
			n.steps = append(n.steps, s)
			continue
		}
		n.steps[i].next.join(s.next)
	}
}

// Judge says what the proof shows of the digest that it names, an attestation
// after the other: never "pass", since a block is not at hand, but what it is
// to be compared with. Whether the digest is that of some bytes, [Proof.Covers]
// tells.
func (p *Proof) Judge() []trove.OtherSignature {
	var list []trove.OtherSignature
	add := func(signer, print, cause string) {
		list = append(list, trove.OtherSignature{Type: trove.OpenTimestamps, Result: "nokey", Signer: signer, Fingerprint: print, Cause: cause})
	}
	for _, a := range p.Attestations() {
		switch {
		case a.Kept:
		case len(list) == maxJudged:
			add("", "", "further attestations are not listed: there are too many")
			return list
		case a.Kind == Bitcoin && len(a.Message) == sha256.Size:
			root := a.MerkleRoot()
			add(fmt.Sprintf("Bitcoin block %d", a.Height), root, fmt.Sprintf(
				"commits to Bitcoin block %d if its merkle root is %s: compare with any Bitcoin node", a.Height, root))
		case a.Kind == Pending:
			add(a.URI, "", "pending: the calendar was told of it, and shows no time before it gives out the rest of the proof")
		default:
			add("", "", "not judged: an attestation or operation that is not known here")
		}
	}
	if len(list) == 0 {
		add("", "", "it attests nothing")
	}
	return list
}

// maxJudged is how many attestations are told.
const maxJudged = 20
