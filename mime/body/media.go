package body

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"unseal/mime"
)

// Media is a value with parameters: that of Content-Type (RFC 2045 section
// 5.1) or Content-Disposition (RFC 2183).
type Media struct {
	Type   string // lower case: "text/plain", "attachment"; empty when absent
	params []param
}

type param struct{ key, value []byte }

// ParseMedia reads a value leniently: separators may be missing, quotes
// unclosed, comments anywhere.
func ParseMedia(value []byte) Media {
	b := bytes.TrimSpace(mime.Unfold(value))
	i := bytes.IndexAny(b, "; \t(,")
	if i < 0 {
		i = len(b)
	}
	m := Media{Type: lower(b[:i])}
	for b = b[i:]; len(b) > 0; {
		var p param
		if p, b = nextParam(b); len(p.key) > 0 {
			m.params = append(m.params, p)
		}
	}
	return m
}

// nextParam reads one parameter at the beginning of b, which is not empty, and
// returns what follows it.
func nextParam(b []byte) (param, []byte) {
	switch b[0] {
	case ';', ' ', '\t', ',':
		return param{}, b[1:]
	case '(':
		return param{}, b[mime.CommentEnd(b):]
	}
	i := bytes.IndexAny(b, "=;")
	if i < 0 {
		return param{}, nil
	}
	if b[i] == ';' {
		return param{}, b[i:]
	}
	p := param{key: bytes.TrimSpace(b[:i])}
	b = bytes.TrimLeft(b[i+1:], " \t")
	if len(b) > 0 && b[0] == '"' {
		n := mime.QuotedEnd(b)
		p.value = mime.Unquote(b[:n])
		return p, b[n:]
	}
	n := bytes.IndexByte(b, ';')
	if n < 0 {
		n = len(b)
	}
	p.value = bytes.TrimSpace(b[:n])
	return p, b[n:]
}

// Param is the decoded value of a parameter, or "" when it is absent: encoded
// words, raw 8-bit bytes, and the continuations and charsets of RFC 2231.
func (m Media) Param(name string) string {
	var plain []byte
	var segments []segment
	for _, p := range m.params {
		key, suffix, split := bytes.Cut(p.key, []byte("*"))
		switch {
		case !strings.EqualFold(string(key), name):
		case split:
			segments = append(segments, newSegment(string(suffix), p.value))
		case plain == nil:
			plain = p.value
		}
	}
	if len(segments) > 0 {
		return join(segments)
	}
	return mime.DecodeText(plain)
}

// segment is one piece of a value split or encoded after RFC 2231.
type segment struct {
	index   int
	encoded bool
	value   []byte
}

// newSegment reads what stands after the first '*' of a name: "", "0" or "0*".
func newSegment(suffix string, value []byte) segment {
	number, encoded := strings.CutSuffix(suffix, "*")
	index, _ := strconv.Atoi(number)
	return segment{index: index, encoded: encoded || suffix == "", value: value}
}

// join puts segments together in the order of their numbers. The first encoded
// one names the charset (RFC 2231 section 4); encoded words are decoded where
// no segment is encoded.
func join(segments []segment) string {
	slices.SortStableFunc(segments, func(a, b segment) int { return a.index - b.index })
	var all []byte
	charset, encoded := "", false
	for _, s := range segments {
		if !s.encoded {
			all = append(all, s.value...)
			continue
		}
		v := s.value
		if parts := bytes.SplitN(v, []byte("'"), 3); !encoded && len(parts) == 3 {
			charset, v = string(parts[0]), parts[2]
		}
		encoded = true
		all = appendPercent(all, v)
	}
	if !encoded {
		return mime.DecodeText(all)
	}
	s, _ := mime.ToUTF8(all, charset)
	return s
}

func appendPercent(out, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '%' && i+2 < len(b) {
			if v, ok := mime.HexByte(b[i+1], b[i+2]); ok {
				c = v
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

func lower(b []byte) string { return strings.ToLower(strings.ToValidUTF8(string(b), "\uFFFD")) }
