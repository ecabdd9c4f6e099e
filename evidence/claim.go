package evidence

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// claim is a signature field being read. The first fault found stays, so that
// reading goes on in order and is judged at its end.
type claim struct {
	field  int // index of the signature field
	tags   tagList
	cause  Cause // of the first fault; empty while all is in order
	detail string

	alg                        algorithm
	relaxedHeader, relaxedBody bool
	names                      []string // h=, lower case
	limit                      int64    // l=, or -1
	bh, b                      []byte
}

// read begins with the field at an index: what it says of itself is known even
// where the rest is broken.
func (m *message) read(index int) (Signature, *claim) {
	f := m.fields[index]
	tags, ok := parseTags(string(f.Value()))
	c := &claim{field: index, tags: tags}
	c.need(ok, "not a tag list")
	return Signature{Offset: f.Offset, Domain: strings.ToLower(tags.get("d")), Selector: tags.get("s"), Algorithm: tags.get("a")}, c
}

func (c *claim) fault(cause Cause, detail string) {
	if c.cause == "" {
		c.cause, c.detail = cause, detail
	}
}

func (c *claim) need(ok bool, detail string) {
	if !ok {
		c.fault(BadSyntax, detail)
	}
}

// readDKIM reads the tags that only DKIM-Signature has (RFC 6376 section 3.5).
func (c *claim) readDKIM(s *Signature) {
	if v := c.tags.get("v"); v == "" || v[0] == '0' {
		c.fault(DraftSyntax, "no v=1") // RFC 4871 of 2007 brought v=1 and bh=
	} else {
		c.need(v == "1", "v= is not 1")
	}
	c.readSeal(s)
	c.readMessage()
	s.Expires = c.when("x")
	s.Identity = removeFWS(c.tags.get("i"))
	if !within(s.identityDomain(), s.Domain) {
		c.fault(DomainMismatch, "i= is not in d=") // section 6.1.1
	}
	if !slices.Contains(c.names, "from") {
		c.fault(FromUnsigned, "h=") // section 6.1.1
	}
}

// readSeal reads the tags that all three kinds of signature fields share.
func (c *claim) readSeal(s *Signature) {
	for _, name := range []string{"a", "b", "d", "s"} {
		c.need(c.tags.get(name) != "", name+"= is missing")
	}
	var known bool
	if c.alg, known = algorithms[s.Algorithm]; !known {
		c.fault(BadAlgorithm, "a=")
	}
	c.need(isDomain(s.Domain) && isSelector(s.Selector), "d= or s= is no domain name")
	s.Time = c.when("t")
	c.b = c.base64("b")
}

// readMessage reads the tags that DKIM-Signature and ARC-Message-Signature share.
func (c *claim) readMessage() {
	c.need(c.tags.get("bh") != "" && c.tags.has("h"), "bh= or h= is missing")
	c.bh = c.base64("bh")
	if t, ok := c.tags.find("c"); ok { // "header/body", each simple unless said
		header, body, both := strings.Cut(t.value, "/")
		c.relaxedHeader, c.relaxedBody = header == "relaxed", body == "relaxed"
		c.need((c.relaxedHeader || header == "simple") && (c.relaxedBody || body == "simple" || !both), "c= is unknown")
	}
	c.limit = c.number("l", 18) // RFC 6376 has 76 digits; no body needs more
	c.names = colonList(strings.ToLower(c.tags.get("h")))
	c.need(len(c.names) <= MaxSigned, "h= is too long")
}

func (c *claim) base64(name string) []byte {
	b, err := decodeBase64(c.tags.get(name))
	c.need(err == nil, name+"= is not base64")
	return b
}

// number reads an optional tag of digits; -1 when absent.
func (c *claim) number(name string, digits int) int64 {
	t, ok := c.tags.find(name)
	if !ok {
		return -1
	}
	n, err := strconv.ParseUint(t.value, 10, 63)
	c.need(err == nil && len(t.value) <= digits, name+"= is no number")
	return int64(n)
}

// when reads an optional time, in seconds since 1970; zero when absent.
func (c *claim) when(name string) time.Time {
	if n := c.number(name, 12); n >= 0 { // section 3.5 asks for 12 digits at least
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}
