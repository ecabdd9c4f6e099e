package evidence

import (
	"encoding/base64"
	"strings"
)

// tag is one name=value of a tag list, white space around both taken off.
type tag struct {
	name, value string
	from, to    int // where the value stands in the text the list was read from, white space included
}

// tagList is a list of RFC 6376 section 3.2, in order of appearance.
type tagList []tag

// maxTags bounds a tag list; real ones have about ten.
const maxTags = 100

// parseTags reads a tag list. Names are case-sensitive and must not repeat; a
// final semicolon is allowed, an empty element is not. What was read before a
// fault is still given back, so that a broken signature can be named.
func parseTags(s string) (list tagList, ok bool) {
	for pos := 0; pos <= len(s); {
		end := len(s)
		if i := strings.IndexByte(s[pos:], ';'); i >= 0 {
			end = pos + i
		}
		if end == len(s) && trimFWS(s[pos:]) == "" && len(list) > 0 {
			return list, true
		}
		name, value, found := strings.Cut(s[pos:end], "=")
		name = trimFWS(name)
		if !found || !isTagName(name) || list.has(name) || len(list) == maxTags {
			return list, false
		}
		list = append(list, tag{name, trimFWS(value), end - len(value), end})
		pos = end + 1
	}
	return list, true
}

func (l tagList) find(name string) (tag, bool) {
	for _, t := range l {
		if t.name == name {
			return t, true
		}
	}
	return tag{}, false
}

func (l tagList) has(name string) bool {
	_, ok := l.find(name)
	return ok
}

// get is the value of a tag, or empty.
func (l tagList) get(name string) string {
	t, _ := l.find(name)
	return t.value
}

// isTagName: ALPHA *(ALPHA / DIGIT / "_").
func isTagName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func isFWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimFWS(s string) string { return strings.Trim(s, " \t\r\n") }

// removeFWS takes out all folding white space, as allowed in h=, b= and bh=.
func removeFWS(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if !isFWS(s[i]) {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// decodeBase64 reads base64 with white space in it. Padding may be missing;
// bits that carry nothing must be zero, so that one value has one spelling.
func decodeBase64(s string) ([]byte, error) {
	return base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(removeFWS(s), "="))
}

// isDomain accepts names of letters, digits, '-' and '_', and the UTF-8 of
// RFC 8616, with at least one dot.
func isDomain(s string) bool {
	return strings.Contains(s, ".") && isSelector(s) && len(s) <= 253
}

// isSelector is isDomain without the need of a dot (RFC 6376 section 3.1).
func isSelector(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if c < 0x80 && c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return true
}

// within reports whether domain is parent or lies below it.
func within(domain, parent string) bool {
	domain, parent = strings.ToLower(domain), strings.ToLower(parent)
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}
