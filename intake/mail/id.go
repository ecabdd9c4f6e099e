package mail

import (
	"bytes"
	"regexp"
	"strings"

	"unseal/mime"
)

var bracketed = regexp.MustCompile(`<([^<>]+)>`)

// parseIDs lists the message ids of a value such as that of References, in
// their order, without angle brackets and white space. Where there are no
// brackets, words with an '@' count.
func parseIDs(value []byte) []string {
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

// parseID is the id of a Message-ID field, without angle brackets.
func parseID(value []byte) string {
	if ids := parseIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return idText(bytes.Trim(bytes.TrimSpace(value), "<>"))
}

func idText(b []byte) string {
	s, _ := mime.ToUTF8(b, "")
	return strings.Join(strings.Fields(s), "")
}
