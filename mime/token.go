package mime

import "bytes"

// What values and bodies consist of, for those who read fields that this
// package has no reader for.

// LineAfter is the offset of the line after the one at pos.
func LineAfter(raw []byte, pos int) int {
	if i := bytes.IndexByte(raw[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(raw)
}

// TrimLineEnd takes one line end off.
func TrimLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// Unfold removes the line ends of folding (RFC 5322 section 2.2.3) and leaves
// the white space after them.
func Unfold(b []byte) []byte {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c != '\n' && c != '\r' {
			out = append(out, c)
		}
	}
	return out
}

// CommentEnd is the length of the comment at the beginning of b (RFC 5322
// section 3.2.2); one that is not closed ends with b.
func CommentEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

// QuotedEnd is the length of the quoted string at the beginning of b, or of b
// when it is not closed.
func QuotedEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// Unquote takes the quotes off, and the backslashes before quotes and
// backslashes only, since file names of Windows hold bare ones.
func Unquote(b []byte) []byte {
	b = bytes.TrimSuffix(b[1:], []byte(`"`))
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\') {
			i++
		}
		out = append(out, b[i])
	}
	return out
}

// HexByte reads two hex digits of either case.
func HexByte(a, b byte) (byte, bool) {
	x, y := hexValue[a], hexValue[b]
	return x<<4 | y, x < 16 && y < 16
}

var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(16) {
		t["0123456789ABCDEF"[i]], t["0123456789abcdef"[i]] = i, i
	}
	return t
}()
