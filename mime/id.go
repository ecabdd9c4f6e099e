package mime

import (
	"bytes"
	"regexp"
	"strings"
)

var bracketed = regexp.MustCompile(`<([^<>]+)>`)

// ParseIDs lists the message ids of a value such as that of References, in
// their order, without angle brackets and white space. Where there are no
// brackets, words with an '@' count.
func ParseIDs(value []byte) []string {
	var ids []string
	for _, m := range bracketed.FindAllSubmatch(value, -1) {
		ids = append(ids, idText(m[1]))
	}
	if ids != nil {
		return ids
	}
	for _, word := range bytes.Fields(value) {
		if bytes.IndexByte(word, '@') > 0 {
			ids = append(ids, idText(bytes.Trim(word, "<>,;")))
		}
	}
	return ids
}

// ParseID is the id of a Message-ID field, without angle brackets.
func ParseID(value []byte) string {
	if ids := ParseIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return idText(bytes.Trim(bytes.TrimSpace(value), "<>"))
}

func idText(b []byte) string {
	s, _ := ToUTF8(b, "")
	return strings.Join(strings.Fields(s), "")
}
