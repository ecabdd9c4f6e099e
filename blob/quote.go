package blob

import (
	"bytes"

	"unseal/trove"
)

// from is what a line of an mbox begins with that could be taken for a
// separator. The mboxrd format puts one '>' before each line of a message that
// matches ^>*From_ (the "rd" is for Rahul Dhesi; RFC 4155 leaves quoting open).
var from = []byte("From ")

// quotedFrom is in every line that un-quoting changes.
var quotedFrom = []byte(">From ")

// Unquote takes the quoting of rule off b, which begins at a line's start. It
// returns b itself where nothing is quoted, else a new slice; b stays as it is.
// Lines end with '\n'.
func Unquote(rule trove.Rule, b []byte) []byte {
	if rule != trove.MboxRD {
		return b
	}
	var out []byte
	done := 0 // b[:done] is in out
	for at := nextQuoted(b, 0); at >= 0; at = nextQuoted(b, at+1) {
		if out == nil {
			out = make([]byte, 0, len(b))
		}
		out = append(out, b[done:at]...)
		done = at + 1
	}
	if done == 0 {
		return b
	}
	return append(out, b[done:]...)
}

// nextQuoted is the offset of the first line at or after i that matches
// ^>+From_, or -1.
func nextQuoted(b []byte, i int) int {
	for {
		j := bytes.Index(b[i:], quotedFrom)
		if j < 0 {
			return -1
		}
		start := lineOfQuote(b, i+j)
		if start >= i {
			return start
		}
		i += j + 1
	}
}

// lineOfQuote is the start of the line of which b[i] is a '>', if only '>'
// stand before it there, else -1.
func lineOfQuote(b []byte, i int) int {
	for i > 0 && b[i-1] == '>' {
		i--
	}
	if i == 0 || b[i-1] == '\n' {
		return i
	}
	return -1
}

// Quote is the inverse of [Unquote]: Unquote(rule, Quote(rule, b)) is b for
// every b, and Quote(rule, Unquote(rule, b)) is b where [Reversible] holds.
func Quote(rule trove.Rule, b []byte) []byte {
	if rule != trove.MboxRD || !bytes.Contains(b, from) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/64)
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i+1]
		}
		if bytes.HasPrefix(bytes.TrimLeft(line, ">"), from) {
			out = append(out, '>')
		}
		out = append(out, line...)
		b = b[len(line):]
	}
	return out
}

// Reversible reports whether un-quoting b under rule and quoting it again
// gives b: for mboxrd, that no line of b begins with a bare "From ".
func Reversible(rule trove.Rule, b []byte) bool {
	if rule != trove.MboxRD {
		return true
	}
	return !bytes.HasPrefix(b, from) && !bytes.Contains(b, []byte("\nFrom "))
}
