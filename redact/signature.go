package redact

import (
	"bytes"
	"regexp"
	"strings"

	"unseal/mime"
	"unseal/mime/body"
)

// oracles hides what would let a guess at hidden bytes be checked: the digests
// and signatures of each message that a hit lies in. It returns the names of
// the fields and parts.
type oracles struct {
	raw   []byte
	msg   *body.Message
	hits  []hit // what is hidden for its own sake
	found []hit
	names []string
}

func newOracles(raw []byte, hits []hit) *oracles {
	msg, _ := body.Walk(raw)
	o := &oracles{raw: raw, msg: msg, hits: hits}
	for i := range msg.Parts {
		p := &msg.Parts[i]
		ofMessage := i == 0 || p.Parent >= 0 && msg.Parts[p.Parent].Kind == body.Embedded
		if ofMessage {
			o.message(i)
		}
		if o.hit(p.Offset, p.End) {
			o.digests(p, ofMessage)
		}
	}
	return o
}

// hit reports whether a hidden byte lies in [from, to).
func (o *oracles) hit(from, to int) bool {
	for _, h := range o.hits {
		if int(h.from) < to && int(h.to) > from {
			return true
		}
	}
	return false
}

func (o *oracles) hide(from, to int, name, part string) {
	if from >= to {
		return
	}
	o.found = append(o.found, hit{span: span{int32(from), int32(to)}, part: part})
	o.names = append(o.names, name)
}

// message hides the signatures of the message that part i is.
func (o *oracles) message(i int) {
	p := &o.msg.Parts[i]
	end := p.End
	if i == 0 {
		end = len(o.raw)
	} else if outer := o.msg.Parts[p.Parent].End; outer > end {
		end = outer
	}
	inBody := o.hit(p.Header.Body, end)
	touched := map[string]bool{}
	for _, f := range p.Header.Fields {
		if o.hit(f.Offset, f.Offset+len(f.Raw)) {
			touched[strings.ToLower(f.Name())] = true
		}
	}
	for _, f := range p.Header.Fields {
		o.field(f, inBody, touched)
		if touched["message-id"] && ofMessageID(f) {
			o.value(f)
		}
	}
	if inBody {
		o.parts(i)
	}
}

// field hides the values of a signature that depend on what is hidden: bh=,
// b= and l= of one over the body, b= of one over a hidden field (RFC 6376
// section 3.5, RFC 8617 section 4.1, RFC 4870 section 3.3).
func (o *oracles) field(f mime.Field, inBody bool, touched map[string]bool) {
	name := strings.ToLower(f.Name())
	if !signatureField(f) {
		return
	}
	tags := tagsOf(f)
	switch {
	case inBody:
		for _, tag := range []string{"bh", "b", "l"} {
			o.hide(tags[tag].from, tags[tag].to, f.Name()+" "+tag+"=", "")
		}
	case o.covers(name, tags["h"], touched):
		o.hide(tags["b"].from, tags["b"].to, f.Name()+" b=", "")
	}
}

// covers reports whether a hidden field is among those that are signed. Of
// several fields of one name all count, whichever of them is.
func (o *oracles) covers(name string, list tag, touched map[string]bool) bool {
	switch {
	case name == "arc-seal":
		return touched["arc-seal"] || touched["arc-message-signature"] || touched["arc-authentication-results"]
	case list.to == 0: // of DomainKeys: all that follow it
		return len(touched) > 0
	}
	for _, n := range strings.Split(string(o.raw[list.from:list.to]), ":") {
		if touched[strings.ToLower(strings.Join(strings.Fields(n), ""))] {
			return true
		}
	}
	return touched[name]
}

// tag is where the value of a tag stands in the item.
type tag struct{ from, to int }

// tagsOf reads the list of tags of a signature field (RFC 6376 section 3.2).
func tagsOf(f mime.Field) map[string]tag {
	tags := map[string]tag{}
	value := f.Value()
	at := f.Offset + bytes.IndexByte(f.Raw, ':') + 1
	for len(value) > 0 {
		end := bytes.IndexByte(value, ';')
		if end < 0 {
			end = len(value)
		}
		if key, _, ok := bytes.Cut(value[:end], []byte("=")); ok {
			from := len(key) + 1
			for from < end && blankByte(value[from]) {
				from++
			}
			to := end
			for to > from && blankByte(value[to-1]) {
				to--
			}
			tags[strings.ToLower(string(bytes.TrimSpace(key)))] = tag{at + from, at + to}
		}
		next := min(end+1, len(value))
		value, at = value[next:], at+next
	}
	return tags
}

func blankByte(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// digests hides digests and lengths of a body that stand in its header:
// Content-MD5 (RFC 1864), Content-Digest and Repr-Digest (RFC 9530), and what
// looks like one of them; and the size= of RFC 2183.
func (o *oracles) digests(p *body.Part, ofMessage bool) {
	for _, f := range p.Header.Fields {
		name := strings.ToLower(f.Name())
		switch {
		case ofMessage && signatureField(f): // field has seen to it
		case digestField(name):
			o.value(f)
		case name == "content-disposition":
			if size := tagsOf(f)["size"]; size.to > 0 {
				o.hide(size.from, size.to, f.Name()+" size=", "")
			}
		}
	}
}

// value hides all of the value of a field.
func (o *oracles) value(f mime.Field) {
	at := f.Offset + bytes.IndexByte(f.Raw, ':') + 1
	value := f.Value()
	lead := len(value) - len(bytes.TrimLeft(value, " \t\r\n"))
	o.hide(at+lead, at+len(bytes.TrimRight(value, " \t\r\n")), f.Name(), "")
}

// ofMessageID reports whether a field holds a digest of the Message-ID, as
// those of Mailman 3 do, Archived-At (RFC 5064) in an address.
func ofMessageID(f mime.Field) bool {
	return f.Is("Message-ID-Hash") || f.Is("X-Message-ID-Hash") || f.Is("Archived-At")
}

// signatureField reports whether a field is a list of tags with a b= among them.
func signatureField(f mime.Field) bool {
	name := strings.ToLower(f.Name())
	return (name == "arc-seal" || strings.HasSuffix(name, "-signature")) && tagsOf(f)["b"].to > 0
}

// digestField reports whether the name of a field, in lower case, says that its
// value is computed from bytes: a digest, a signature that stands alone, or a
// length. No field that tells of structure bears such a name.
func digestField(name string) bool {
	for word := range strings.FieldsFuncSeq(name, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
		if digestWord.MatchString(word) {
			return true
		}
	}
	return false
}

// digestWord matches a word of the name of such a field: short ones alone,
// others with something before them too (bodyhash).
var digestWord = regexp.MustCompile(`^(sha|crc|crc(16|32|64)c?|lines|signature|cksum)$|(md5|sha(1|224|256|384|512)|digest|hash|fingerprint|etag|length|size)(sum)?$|checksum$`)

// parts hides the signatures in the body of the message that part i is: those
// of S/MIME and OpenPGP that stand apart, as a whole; opaque S/MIME as a whole
// where a hit lies in it; and those in the midst of a text.
func (o *oracles) parts(i int) {
	for k := i; k < o.msg.Parts[i].After; k++ {
		p := &o.msg.Parts[k]
		switch {
		case p.Kind != body.Leaf:
		case detached(p), strings.HasSuffix(p.Type, "pkcs7-mime") && o.hit(p.Offset, p.End):
			h := hit{span: span{int32(p.Offset), int32(p.End)}, base64: p.Encoding == "base64", part: p.Path}
			o.found = append(o.found, h)
			o.names = append(o.names, "part "+p.Path+" ("+p.Type+")")
		case strings.HasPrefix(p.Type, "text/") || p.Encoding == "":
			o.inline(p)
		}
	}
}

func detached(p *body.Part) bool {
	switch p.Type {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature":
		return true
	}
	name := strings.ToLower(p.Name())
	return strings.HasSuffix(name, ".sig") || strings.HasSuffix(name, ".asc") || strings.HasSuffix(name, ".p7s")
}

var (
	armorBegin = []byte("-----BEGIN PGP SIGNATURE-----")
	armorEnd   = []byte("-----END PGP SIGNATURE-----")
)

// inline hides the signatures of cleartext-signed text (RFC 9580 section 7).
func (o *oracles) inline(p *body.Part) {
	raw := exactly(o.raw[p.Offset:p.End], p.Offset)
	if p.Encoding == "" && !bytes.Contains(raw.b, armorBegin) || !bytes.Contains(body.Decode(raw.b, p.Encoding), armorBegin) {
		return
	}
	t := transfer(raw, p.Encoding)
	for pos := 0; ; {
		i := bytes.Index(t.b[pos:], armorBegin)
		if i < 0 {
			return
		}
		from := pos + i + len(armorBegin)
		to := len(t.b)
		if n := bytes.Index(t.b[from:], armorEnd); n >= 0 {
			to = from + n
		}
		if pos = to; from < to {
			for _, a := range t.spans(from, to, maxJoin) {
				o.found = append(o.found, hit{span: a, base64: p.Encoding == "base64", part: p.Path})
			}
			o.names = append(o.names, "part "+p.Path+" (PGP SIGNATURE)")
		}
	}
}
