package chat

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// hiddenMark stands in a redacted copy for bytes that are hidden.
const hiddenMark = "[redacted]"

// maxHidden bounds the bytes of a message that are looked at up to a mark.
const maxHidden = 64 << 10

// hidden reads what is shown of a message, which begins at an offset, up to the
// mark of what is hidden in it, if that stands in a string and all keys of one
// of the forms stand before. What follows the mark, up to the next message, is
// not read: its beginning is hidden.
func (s *stream) hidden(begin int64, fn func() error, forms []keys) error {
	raw := make([]byte, min(maxHidden, max(0, min(s.tried, s.size)-begin)))
	n, _ := s.r.ReadAt(raw, begin)
	at := bytes.Index(raw[:n], []byte(hiddenMark))
	if at < 0 {
		return nil
	}
	closing, ok := closed(raw[:at])
	if !ok {
		return nil
	}
	whole := string(raw[:at]) + hiddenMark + closing
	var fields map[string]nothing
	if json.Unmarshal([]byte(whole), &fields) != nil || !has(keysOf(fields), forms) || has(keysOf(fields), conversations) {
		return nil
	}
	dec, in := s.dec, s.in
	defer func() { s.dec, s.in = dec, in }()
	s.in = &allowance{r: io.Reader(strings.NewReader(whole))}
	s.dec = json.NewDecoder(s.in)
	return fn()
}

func keysOf(fields map[string]nothing) map[string]bool {
	list := map[string]bool{}
	for key := range fields {
		list[key] = true
	}
	return list
}

// closed returns what closes the string and the brackets that are open at the
// end of b. ok is false if no string that is a value is open.
func closed(b []byte) (closing string, ok bool) {
	var open []byte // brackets that would close
	inString, escaped, key := false, false, false
	last := byte(0)
	for _, c := range b {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			if inString = !inString; inString {
				key = len(open) > 0 && open[len(open)-1] == '}' && last != ':'
			}
			last = c
		case inString, c == ' ', c == '\n', c == '\r', c == '\t':
		case c == '{':
			open, last = append(open, '}'), c
		case c == '[':
			open, last = append(open, ']'), c
		case c == '}' || c == ']':
			if len(open) == 0 {
				return "", false
			}
			open, last = open[:len(open)-1], c
		default:
			last = c
		}
	}
	if !inString || key || escaped || len(open) > maxDepth {
		return "", false
	}
	closing = `"`
	for i := len(open) - 1; i >= 0; i-- {
		closing += string(open[i])
	}
	return closing, true
}
