package mime

import (
	"bytes"
	"strings"

	"unseal/trove"
)

// ParseAddresses reads an address list (RFC 5322 section 3.4) leniently: what
// stands between two commas is always one address, however broken. Members of
// a group stand without it; a group of none is a name without an address, as
// is text in which no address can be told.
func ParseAddresses(value []byte) []trove.Address {
	p := addressParser{rest: bytes.TrimSpace(unfold(value))}
	for len(p.rest) > 0 {
		p.step()
	}
	p.finish()
	return p.list
}

type addressParser struct {
	rest    []byte
	list    []trove.Address
	phrase  []byte // what stands outside comments and angle brackets
	comment []byte
	angle   []byte    // nil when there is none
	group   []byte    // name of the group that the list is in
	members int       // length of list when the group began
	open    [128]bool // closing bytes that do not follow any more
}

// step reads one token.
func (p *addressParser) step() {
	n := 1
	switch c := p.rest[0]; c {
	case '"':
		if n = p.span('"', quotedEnd); n == len(p.rest) || p.rest[n] != '@' {
			p.phrase = append(p.phrase, unquote(p.rest[:n])...)
		} else { // a local part keeps its quotes
			p.phrase = append(p.phrase, p.rest[:n]...)
		}
	case '(':
		if n = p.span(')', commentEnd); n > 1 {
			p.comment = append(append(p.comment, ' '), p.rest[1:n-1]...)
		}
	case '<':
		if n = p.span('>', angleEnd); n > 1 {
			if p.angle != nil { // the comma is missing
				p.finish()
			}
			p.angle = p.rest[1 : n-1]
		}
	case ',', ';':
		p.finish()
		if c == ';' {
			p.endGroup()
		}
	case ':':
		if name := bytes.TrimSpace(p.phrase); p.angle == nil && len(name) > 0 && bytes.IndexByte(name, '@') < 0 {
			p.group, p.members, p.phrase = name, len(p.list), nil
		} else {
			p.phrase = append(p.phrase, c)
		}
	case '=':
		if bytes.HasPrefix(p.rest, []byte("=?")) {
			_, n = parseWord(p.rest)
			n = max(n, 1)
		}
		p.phrase = append(p.phrase, p.rest[:n]...)
	default:
		if n = bytes.IndexAny(p.rest, "\"(<,;:="); n < 0 {
			n = len(p.rest)
		}
		p.phrase = append(p.phrase, p.rest[:n]...)
	}
	p.rest = p.rest[n:]
}

// span is the length of what ends with a closing byte, or 1 when it is never
// closed: the opening byte then means nothing. That no such byte follows is
// remembered, so that the list is read in linear time.
func (p *addressParser) span(closing byte, end func([]byte) int) int {
	if !p.open[closing] && bytes.IndexByte(p.rest[1:], closing) < 0 {
		p.open[closing] = true
	}
	if p.open[closing] {
		return 1
	}
	if n := end(p.rest); p.rest[n-1] == closing {
		return n
	}
	p.open[closing] = true
	return 1
}

func angleEnd(b []byte) int { return bytes.IndexByte(b, '>') + 1 }

// finish adds the address read so far, if there is one.
func (p *addressParser) finish() {
	name := bytes.TrimSpace(p.phrase)
	var addr []byte
	if p.angle != nil {
		addr = p.angle
		name = bytes.Trim(name, "<> \t")
	} else if i := bytes.IndexByte(name, '@'); i >= 0 {
		addr, name = bare(name, i)
	} else if i := bytes.Index(name, []byte(" at ")); i > 0 && bytes.Count(name, []byte(" ")) == 2 {
		addr, name = name, nil // as public list archives write it
	}
	if len(name) == 0 {
		name = p.comment
	}
	a := trove.Address{Name: strings.Join(strings.Fields(DecodeText(name)), " "), Addr: cleanAddress(addr)}
	if a != (trove.Address{}) {
		p.list = append(p.list, a)
	}
	p.phrase, p.comment, p.angle = p.phrase[:0], nil, nil
}

// endGroup names a group that had no members.
func (p *addressParser) endGroup() {
	if p.group != nil && len(p.list) == p.members {
		p.list = append(p.list, trove.Address{Name: DecodeText(p.group)})
	}
	p.group = nil
}

// bare splits text without angle brackets into the address around its '@' at i
// and the rest.
func bare(b []byte, i int) (addr, rest []byte) {
	left, right := bytes.TrimRight(b[:i], " \t"), bytes.TrimLeft(b[i+1:], " \t")
	from := 0
	if b[0] != '"' {
		from = bytes.LastIndexAny(left, " \t") + 1
	}
	to := bytes.IndexAny(right, " \t")
	if to < 0 {
		to = len(right)
	}
	addr = append(append(append(addr, left[from:]...), '@'), right[:to]...)
	return addr, append(append(rest, left[:from]...), right[to:]...)
}

// cleanAddress takes white space, brackets and the route of RFC 5322 section
// 4.4 off an address.
func cleanAddress(b []byte) string {
	b = bytes.Trim(b, "<> \t")
	if len(b) > 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b = unquote(b)
	}
	if i := bytes.IndexByte(b, ':'); i >= 0 && (len(b) > 0 && b[0] == '@' || string(b[:i]) == "mailto") {
		b = b[i+1:]
	}
	s, _ := ToUTF8(b, "")
	between := " "
	if strings.Contains(s, "@") {
		between = ""
	}
	return strings.Join(strings.Fields(s), between)
}
