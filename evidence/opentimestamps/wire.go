package opentimestamps

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Parse reads a file. The error matches ErrSyntax.
func Parse(b []byte) (*Proof, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic+"\x01"))
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: it does not begin as one of version 1", ErrSyntax)
	case len(b) > MaxSize:
		return nil, fmt.Errorf("%w: %d bytes", ErrSyntax, len(b))
	}
	r := reader{b: rest, nodes: maxNodes}
	p := &Proof{}
	if op := r.take(1); op != nil {
		p.op = op[0]
	}
	size, ok := digestSizes[p.op]
	if p.Digest = r.take(size); !ok || p.Digest == nil {
		return nil, fmt.Errorf("%w: the digest", ErrSyntax)
	}
	p.Hash = fileHashes[p.op]
	var err error
	if p.root, err = r.node(p.Digest, 0); err != nil {
		return nil, err
	}
	if len(r.b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", ErrSyntax, len(r.b))
	}
	return p, nil
}

type reader struct {
	b     []byte
	nodes int // that may still come
}

// take is the next n bytes, or nil if there are fewer.
func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) number() (uint64, error) {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		return 0, fmt.Errorf("%w: a number", ErrSyntax)
	}
	r.b = r.b[size:]
	return n, nil
}

// bytes are those behind their number, which is at most limit.
func (r *reader) bytes(limit int) ([]byte, error) {
	n, err := r.number()
	if err != nil || n > uint64(min(limit, len(r.b))) {
		return nil, fmt.Errorf("%w: a string of %d bytes", ErrSyntax, n)
	}
	return r.take(int(n)), nil
}

// node reads what is done with a message, after depth operations.
func (r *reader) node(message []byte, depth int) (*node, error) {
	if r.nodes--; r.nodes < 0 || depth > MaxDepth {
		return nil, fmt.Errorf("%w: too long", ErrSyntax)
	}
	n := &node{message: message}
	for more := true; more; {
		tag := r.take(1)
		if more = tag != nil && tag[0] == tagMore; more {
			tag = r.take(1)
		}
		if tag == nil {
			return nil, fmt.Errorf("%w: it is cut short", ErrSyntax)
		}
		if err := r.item(n, tag[0], depth); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// item reads an attestation, or an operation with all that follows from it.
func (r *reader) item(n *node, tag byte, depth int) error {
	if r.nodes--; r.nodes < 0 {
		return fmt.Errorf("%w: too long", ErrSyntax)
	}
	if tag == tagAttestation {
		a, err := r.attestation()
		n.attestations = append(n.attestations, a)
		return err
	}
	s := step{op: tag}
	var err error
	switch tag {
	case opAppend, opPrepend:
		if s.arg, err = r.bytes(maxMessage); err == nil && len(s.arg) == 0 {
			err = fmt.Errorf("%w: an empty argument", ErrSyntax)
		}
	case opSHA1, opRIPEMD160, opSHA256, opKeccak256, opReverse, opHexlify:
	default:
		err = fmt.Errorf("%w: operation %#02x", ErrSyntax, tag)
	}
	if err != nil {
		return err
	}
	result := apply(tag, s.arg, n.message)
	if len(result) > maxMessage {
		return fmt.Errorf("%w: a message of %d bytes", ErrSyntax, len(result))
	}
	s.next, err = r.node(result, depth+1)
	n.steps = append(n.steps, s)
	return err
}

const tagSize = 8 // of an attestation

const (
	bitcoinTag = "\x05\x88\x96\x0d\x73\xd7\x19\x01"
	pendingTag = "\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e"
)

func (r *reader) attestation() (Attestation, error) {
	tag := r.take(tagSize)
	if tag == nil {
		return Attestation{}, fmt.Errorf("%w: an attestation is cut short", ErrSyntax)
	}
	payload, err := r.bytes(maxAttestation)
	if err != nil {
		return Attestation{}, err
	}
	a := Attestation{Kind: Other, raw: append(bytes.Clone(tag), payload...)}
	in := reader{b: payload}
	switch string(tag) {
	case bitcoinTag:
		a.Kind = Bitcoin
		a.Height, err = in.number()
	case pendingTag:
		a.Kind = Pending
		var uri []byte
		uri, err = in.bytes(maxURI)
		if a.URI = string(uri); strings.Trim(a.URI, uriCharacters) != "" {
			err = fmt.Errorf("%w: a calendar's address", ErrSyntax)
		}
	default:
		return a, nil
	}
	if err == nil && len(in.b) > 0 {
		err = fmt.Errorf("%w: an attestation is too long", ErrSyntax)
	}
	return a, err
}

// uriCharacters are those that the format allows in the address of a calendar.
const uriCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:"

// Bytes is the file. A proof that attests nothing has none.
func (p *Proof) Bytes() []byte {
	b := append([]byte(magic+"\x01"), p.op)
	return p.root.append(append(b, p.Digest...))
}

// append writes what is done with the message, each thing but the last behind
// the tag that says that more follows.
func (n *node) append(b []byte) []byte {
	left := len(n.attestations) + len(n.steps)
	more := func() {
		if left--; left > 0 {
			b = append(b, tagMore)
		}
	}
	for _, a := range n.attestations {
		more()
		b = append(append(b, tagAttestation), a.raw[:tagSize]...)
		b = appendBytes(b, a.raw[tagSize:])
	}
	for _, s := range n.steps {
		more()
		b = append(b, s.op)
		if s.arg != nil {
			b = appendBytes(b, s.arg)
		}
		b = s.next.append(b)
	}
	return b
}

func appendBytes(b, p []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}
