package evidence

import (
	"bufio"
	"bytes"
	"io"

	"unseal/mime"
)

// Canonical is what one DKIM-Signature field states, in the bytes that tools
// other than ours hash.
type Canonical struct {
	Kind   string // of the key: "rsa" or "ed25519"
	Hash   string // "sha1" or "sha256"
	Header []byte // what b= signs: the covered fields and the signature without its b= (RFC 6376 section 3.7)
	Body   []byte // what bh= is the hash of, up to l=
	BH, B  []byte // bh= and b=, decoded
}

// Canonicalise gives the bytes behind the DKIM-Signature field number n, from
// 0, from the top downwards. It needs no key and judges nothing; false for a
// field that is not there, cannot be read, or lies beyond [MaxSignatures].
func Canonicalise(raw []byte, n int) (Canonical, bool) {
	header, err := mime.ReadHeader(raw)
	if err != nil {
		return Canonical{}, false
	}
	m := newMessage(raw, header)
	if all := m.byName["dkim-signature"]; n < 0 || n >= min(len(all), MaxSignatures) {
		return Canonical{}, false
	}
	s, c := m.read(m.byName["dkim-signature"][n])
	if c.readDKIM(&s); c.cause != "" {
		return Canonical{}, false
	}
	var head, body bytes.Buffer
	m.writeHeader(&head, m.cover(&s, c), c)
	w := bodyWriter{to: bufio.NewWriter(&body), left: c.limit}
	w.lines(m.body, c.relaxedBody)
	w.to.Flush()
	return Canonical{c.alg.kind, c.alg.hashName, head.Bytes(), body.Bytes(), c.bh, c.b}, true
}

// writeHeader writes what b= signs (section 3.7): the covered fields, each with
// CRLF, then the signature field itself with an empty b= and without CRLF.
func (m *message) writeHeader(w io.Writer, covered []int, c *claim) {
	var buf []byte
	for _, i := range covered {
		buf = append(appendHeader(buf[:0], m.fields[i].Raw, c.relaxedHeader), crlf...)
		w.Write(buf)
	}
	w.Write(appendHeader(buf[:0], withoutB(m.fields[c.field], c.tags), c.relaxedHeader))
}
