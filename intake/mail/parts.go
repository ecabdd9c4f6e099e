package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"

	"unseal/mime/body"
	"unseal/trove"
)

// leaf is what stands beside a part of the record.
type leaf struct {
	index int    // of the part of the message; that around an uuencoded file
	bytes []byte // decoded
	files []span // the uuencoded files in a text
}

// parts lists the leaves of the message in the record and decodes each once.
func (r *reader) parts() {
	n := len(r.msg.Parts)
	r.part = make([]int, n)
	r.rec.Parts = make([]trove.Part, 0, n)
	r.leafs = make([]leaf, 0, n)
	first := true
	for i := range r.msg.Parts {
		p := &r.msg.Parts[i]
		r.part[i] = len(r.rec.Parts)
		if p.Kind == body.Multipart {
			continue
		}
		r.index = i
		j := r.part[i]
		r.addPart(r.describe(p, r.role(p, first)))
		if p.Kind == body.Embedded {
			r.rec.Nested++
			if r.rec.Parts[j].Name == "" {
				r.rec.Parts[j].Name = oneLine(r.msg.Parts[i+1].Header.First("Subject").Text())
			}
		} else if p.Encoding == "" && p.Type == "text/plain" {
			r.leafs[j].files = r.uuencoded(p)
		}
		first = first && p.Kind == body.Embedded
	}
}

// describe is what the message says of a leaf.
func (r *reader) describe(p *body.Part, role trove.Role) trove.Part {
	q := trove.Part{
		Path: p.Path, Name: oneLine(p.Name()), Type: p.Type, Role: role, Offset: int64(p.Offset), Length: int64(p.End - p.Offset),
		Encoding: p.Encoding, Charset: p.Charset(), Disposition: p.Disposition.Type,
	}
	if f := p.Header.First("Content-ID"); f.Raw != nil {
		q.ContentID = parseID(f.Value())
	}
	return q
}

// addPart adds a part with what its decoded bytes say.
func (r *reader) addPart(q trove.Part) {
	decoded := body.Decode(r.raw[q.Offset:q.Offset+q.Length], q.Encoding)
	q.Size, q.SHA256 = int64(len(decoded)), trove.Sum(decoded)
	r.rec.Parts = append(r.rec.Parts, q)
	r.leafs = append(r.leafs, leaf{index: r.index, bytes: decoded})
}

// role says what part p is for a reader; first means that no leaf stands
// before it. A text with a file name is a file, unless it is all there is.
func (r *reader) role(p *body.Part, first bool) trove.Role {
	if p.Kind == body.Embedded || messageType(p.Type) {
		return trove.RoleMessage
	}
	if p.Disposition.Type == "attachment" {
		return trove.RoleAttachment
	}
	if structural[p.Type] {
		return trove.RoleOther
	}
	text := strings.HasPrefix(p.Type, "text/") || strings.HasPrefix(p.Type, "multipart/")
	if !text || (!first && p.Name() != "") {
		return trove.RoleAttachment
	}
	switch {
	case p.Type == "text/html":
		return trove.RoleHTML
	case p.Type == "text/plain", !r.inAlternative(p):
		return trove.RoleText
	}
	return trove.RoleOther
}

func (r *reader) inAlternative(p *body.Part) bool {
	return p.Parent >= 0 && r.msg.Parts[p.Parent].Type == "multipart/alternative"
}

func messageType(t string) bool {
	return t == "message/rfc822" || t == "message/global" || t == "message/news"
}

// structural types carry no file that a person put there.
var structural = map[string]bool{
	"application/pgp-signature": true, "application/pgp-encrypted": true, "application/pkcs7-signature": true,
	"application/x-pkcs7-signature": true, "message/delivery-status": true, "message/disposition-notification": true,
	"message/feedback-report": true, "text/rfc822-headers": true, "text/calendar": true, "message/partial": true,
	"message/external-body": true,
}

// content is the digest that copies of one message share, whatever their line
// ends, transfer encodings and further header fields are.
func (r *reader) content() trove.Digest {
	h := sha256.New()
	io.WriteString(h, "unseal-content-1\n"+r.rec.Subject+"\n")
	for _, a := range r.rec.From {
		io.WriteString(h, strings.ToLower(a.Addr)+"\n")
	}
	var when [8]byte
	binary.BigEndian.PutUint64(when[:], uint64(r.rec.Date.Unix()))
	h.Write(when[:])
	for i, l := range r.leafs {
		p, q := &r.rec.Parts[i], &r.msg.Parts[l.index]
		switch {
		case p.Encoding == "uuencode" && p.Path != q.Path: // stands in the text around it
		case q.Kind == body.Embedded:
			inner := r.msg.Parts[l.index+1].Header
			io.WriteString(h, inner.First("Subject").Text()+"\n"+inner.First("Date").Text()+"\n")
		case strings.HasPrefix(p.Type, "text/"), p.Role == trove.RoleMessage:
			d := textDigest(l.bytes, p.SHA256)
			h.Write(d[:])
		default:
			h.Write(p.SHA256[:])
		}
	}
	return trove.Digest(h.Sum(nil))
}

// textDigest is the digest of b with "\n" line ends and one of them at its
// end; sum is that of b as it stands.
func textDigest(b []byte, sum trove.Digest) trove.Digest {
	trimmed := bytes.TrimRight(b, " \t\r\n")
	if bytes.IndexByte(trimmed, '\r') < 0 && string(b[len(trimmed):]) == "\n" {
		return sum
	}
	h := sha256.New()
	for len(trimmed) > 0 {
		i := bytes.Index(trimmed, []byte("\r\n"))
		if i < 0 {
			h.Write(trimmed)
			break
		}
		h.Write(trimmed[:i])
		trimmed = trimmed[i+1:]
	}
	h.Write([]byte("\n"))
	return trove.Digest(h.Sum(nil))
}
