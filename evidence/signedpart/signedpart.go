// Package signedpart finds the parts of a message that were signed as
// multipart/signed (RFC 1847), with the exact bytes that the signature is over.
//
// These are the bytes of the first part, header included, up to the line end
// before the next boundary line, which belongs to the boundary. Line ends count
// as CRLF (RFC 8551 section 3.1.1, RFC 3156 section 5); apart from that nothing
// is touched. The package judges nothing.
package signedpart

import (
	"bytes"
	"strings"

	"unseal/mime"
	"unseal/mime/body"
)

// The limits of one message.
const (
	Max       = 8         // signed parts that are looked at
	MaxHashed = 512 << 20 // bytes hashed for one mail, as in package evidence
)

// Budget is what may still be hashed of one mail. The zero value is all of it.
type Budget struct{ spent int64 }

// Spend takes n bytes off, and reports whether they were still there.
func (b *Budget) Spend(n int) bool {
	b.spent += int64(n)
	return b.spent <= MaxHashed
}

// Part is one multipart/signed.
type Part struct {
	Place     string // "part 2" where it is not the whole message
	Protocol  string // lower-case media type of the signature, as the signature's part or else the multipart says
	Signature []byte // decoded
	Whole     bool   // both parts are there
	signed    []byte // as it stands in the message
}

// Signed is what the signature is over, in a copy of its own where line ends
// had to be changed.
func (p *Part) Signed() []byte { return CRLF(p.signed) }

// Find lists the multipart/signed of a walked message, outer ones first.
func Find(raw []byte, m *body.Message) []Part {
	var list []Part
	for i := range m.Parts {
		if m.Parts[i].Type == "multipart/signed" && len(list) < Max {
			list = append(list, read(raw, m, i))
		}
	}
	return list
}

// Place names a part of a message for people; the message itself is "".
func Place(p *body.Part) string {
	if p.Parent < 0 || p.Path == "" {
		return ""
	}
	return "part " + p.Path
}

// Senders are the addresses that a mail says it is from, in lower case.
func Senders(h mime.Header) []string {
	var list []string
	for _, name := range []string{"From", "Sender"} {
		for f := range h.All(name) {
			for _, a := range mime.ParseAddresses(f.Value()) {
				list = append(list, strings.ToLower(a.Addr))
			}
		}
	}
	return list
}

// Mentions reports whether one of the words, which begin with a dash, stands in
// a message, letter case aside. It passes over most mails fast: there is no dash
// in base64.
func Mentions(raw []byte, words ...string) bool {
	for {
		i := bytes.IndexByte(raw, '-')
		if i < 0 {
			return false
		}
		raw = raw[i:]
		for _, w := range words {
			if len(raw) >= len(w) && raw[1]|0x20 == w[1]|0x20 && strings.EqualFold(string(raw[:len(w)]), w) {
				return true
			}
		}
		raw = raw[1:]
	}
}

func read(raw []byte, m *body.Message, i int) Part {
	p := &m.Parts[i]
	out := Part{Place: Place(p), Protocol: strings.ToLower(strings.TrimSpace(p.Media.Param("protocol")))}
	if p.Kind != body.Multipart || i+1 >= p.After {
		return out
	}
	first := &m.Parts[i+1]
	start := firstLine(raw, p)
	if first.After >= p.After || start < 0 || start > first.End {
		return out
	}
	second := &m.Parts[first.After]
	if strings.HasPrefix(second.Type, "application/") {
		out.Protocol = second.Type
	}
	out.signed, out.Whole = raw[start:first.End], true
	out.Signature = body.Decode(raw[second.Offset:second.End], second.Encoding)
	return out
}

// firstLine is the offset after the first boundary line of a multipart, or -1.
func firstLine(raw []byte, p *body.Part) int {
	want := "--" + strings.TrimRight(p.Media.Param("boundary"), " \t")
	for at := p.Offset; at < p.End; {
		next := mime.LineAfter(raw, at)
		if string(bytes.TrimRight(raw[at:next], " \t\r\n")) == want {
			return next
		}
		at = next
	}
	return -1
}

// CRLF turns each line end into CRLF; the bytes are b's own if they all are.
func CRLF(b []byte) []byte {
	bare := 0
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			bare++
		}
	}
	if bare == 0 {
		return b
	}
	out := make([]byte, 0, len(b)+bare)
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}
