package keyfile

import (
	"bytes"
	"strings"
)

// Bare reads a file that holds the text of one key record and nothing else, as
// it is often kept beside a mail: plain, on one line or several, or in the
// quoted pieces in which dig +short prints it. False for anything else.
func Bare(data []byte) (record string, ok bool) {
	text := strings.TrimSpace(string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	if strings.HasPrefix(text, `"`) {
		tokens, rest, err := zoneEntry(text)
		if err != nil || rest != "" {
			return "", false
		}
		text = ""
		for _, t := range tokens {
			text += t.text
		}
	}
	tag, _, _ := strings.Cut(text, "=")
	if !isWord(strings.TrimSpace(tag)) {
		return "", false
	}
	text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
	for tag := range strings.SplitSeq(text, ";") {
		name, _, found := strings.Cut(tag, "=")
		ok = ok || found && strings.TrimSpace(name) == "p"
	}
	return text, ok
}
