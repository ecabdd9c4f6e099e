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

// isWord accepts ASCII letters, digits and "_".
func isWord(c rune) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isTagName: ALPHA *(ALPHA / DIGIT / "_").
func isTagName(s string) bool {
	return s != "" && s[0] > '9' && s[0] != '_' && strings.IndexFunc(s, func(c rune) bool { return !isWord(c) }) < 0
}

func trimFWS(s string) string { return strings.Trim(s, " \t\r\n") }

var fws = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

// removeFWS takes out all folding white space, as allowed in h=, b= and bh=.
func removeFWS(s string) string { return fws.Replace(s) }

// colonList reads "a:b:c" with white space around the elements.
func colonList(s string) []string {
	return strings.FieldsFunc(removeFWS(s), func(c rune) bool { return c == ':' })
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
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(c rune) bool { return c < 0x80 && c != '-' && !isWord(c) }) {
			return false
		}
	}
	return true
}

// within reports whether domain is parent or lies below it.
func within(domain, parent string) bool {
	domain, parent = strings.ToLower(domain), strings.ToLower(parent)
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}
