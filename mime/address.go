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
	p := addressParser{b: bytes.TrimSpace(Unfold(value))}
	p.quote, p.paren, p.corner = bytes.LastIndexByte(p.b, '"'), bytes.LastIndexByte(p.b, ')'), bytes.LastIndexByte(p.b, '>')
	for p.i < len(p.b) {
		p.step()
	}
	p.finish()
	return p.list
}

type addressParser struct {
	b                    []byte
	i                    int
	quote, paren, corner int // where the last of each closing byte stands; after it an opening one means nothing
	list                 []trove.Address
	phrase               []byte // what stands outside comments and angle brackets
	comment              []byte
	angle                []byte // nil when there is none
	named                int    // length of phrase before angle
	group                []byte // name of the group that the list is in
	members              int    // length of list when the group began
}

// step reads one token.
func (p *addressParser) step() {
	rest := p.b[p.i:]
	n := 1
	switch c := rest[0]; {
	case c == '"' && p.i < p.quote:
		if n = QuotedEnd(rest); n < len(rest) && rest[n] == '@' { // a local part keeps its quotes
			p.phrase = append(p.phrase, rest[:n]...)
		} else {
			p.phrase = append(p.phrase, Unquote(rest[:n])...)
		}
	case c == '(' && p.i < p.paren:
		n = CommentEnd(rest)
		p.comment = append(append(p.comment, ' '), bytes.TrimSuffix(rest[1:n], []byte(")"))...)
	case c == '<' && p.i < p.corner:
		if p.angle != nil { // the comma is missing
			next := p.phrase[p.named:]
			p.phrase = p.phrase[:p.named]
			p.finish()
			p.phrase = append(p.phrase, next...)
		}
		p.named = len(p.phrase)
		n = bytes.IndexByte(rest, '>') + 1
		p.angle = rest[1 : n-1]
	case c == ',':
		p.finish()
	case c == ';' && (p.group != nil || p.angle != nil || bytes.IndexByte(p.phrase, '@') >= 0):
		p.finish()
		p.endGroup()
	case c == ':' && p.angle == nil && len(bytes.TrimSpace(p.phrase)) > 0 && bytes.IndexByte(p.phrase, '@') < 0:
		p.group, p.members, p.phrase = bytes.TrimSpace(p.phrase), len(p.list), nil
	case bytes.HasPrefix(rest, wordMark):
		_, n = parseWord(rest)
		n = max(n, 1)
		p.phrase = append(p.phrase, rest[:n]...)
	default:
		if n = bytes.IndexAny(rest[1:], "\"(<,;:=") + 1; n == 0 {
			n = len(rest)
		}
		p.phrase = append(p.phrase, rest[:n]...)
	}
	p.i += n
}

// finish adds the address read so far, if there is one.
func (p *addressParser) finish() {
	name, addr := bytes.Trim(p.phrase, " \t;"), p.angle
	if addr != nil {
		name = bytes.Trim(name, "<> \t")
	} else if bytes.IndexByte(name, '@') >= 0 {
		addr, name = bare(name)
	} else if bytes.Count(name, []byte(" ")) == 2 && bytes.Contains(name, []byte(" at ")) {
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

// bare splits text without angle brackets into the word with an '@' and the
// rest. A quoted local part may hold white space.
func bare(b []byte) (addr, rest []byte) {
	if b[0] == '"' {
		return b, nil
	}
	for _, word := range bytes.Fields(b) {
		if addr == nil && bytes.IndexByte(word, '@') >= 0 {
			addr = word
		} else {
			rest = append(append(rest, word...), ' ')
		}
	}
	return addr, rest
}

// cleanAddress takes white space, brackets and the route of RFC 5322 section
// 4.4 off an address.
func cleanAddress(b []byte) string {
	b = bytes.Trim(b, "<> \t")
	if len(b) > 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b = Unquote(b)
	}
	if i := bytes.IndexByte(b, ':'); i >= 0 && (b[0] == '@' || string(b[:i]) == "mailto") {
		b = b[i+1:]
	}
	s, _ := ToUTF8(b, "")
	between := " "
	if strings.Contains(s, "@") && !strings.HasPrefix(s, `"`) {
		between = ""
	}
	return strings.Join(strings.Fields(s), between)
}
