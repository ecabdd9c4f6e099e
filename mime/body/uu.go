package body

import (
	"bytes"

	"unseal/mime"
)

// DecodeUU decodes uuencoded data tolerantly, with or without its begin and
// end lines. Spaces lost at line ends count as zero; a line that cannot be
// data is passed over. What goes beyond MaxMessage is left out.
func DecodeUU(b []byte) []byte {
	out := make([]byte, 0, len(b)*3/4)
	if bytes.HasPrefix(b, []byte("begin ")) {
		b = b[mime.LineAfter(b, 0):]
	} else if i := bytes.Index(b, []byte("\nbegin ")); i >= 0 {
		b = b[mime.LineAfter(b, i+1):]
	}
	for len(b) > 0 {
		next := mime.LineAfter(b, 0)
		line := mime.TrimLineEnd(b[:next])
		b = b[next:]
		if string(bytes.TrimSpace(line)) == "end" {
			break
		}
		if len(out) > MaxMessage {
			break // spaces lost at line ends make 31 bytes of one
		}
		if n, ok := UULine(line); ok && len(line) > 0 {
			out = appendUU(out, line[1:], n)
		}
	}
	return out
}

// UULine reports whether a line can be one of uuencoded data, and how many
// bytes it stands for: at most about as many characters as they need, since
// transport takes spaces off line ends. Blank lines and a lone zero length
// stand before the end line.
func UULine(line []byte) (n int, ok bool) {
	line = bytes.TrimRight(line, " ")
	if len(line) == 0 {
		return 0, true
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return 0, false
		}
	}
	n = int(line[0]-' ') & 63
	return n, len(line)-1 <= (n+2)/3*4+2
}

// appendUU appends the n bytes that a line's characters stand for.
func appendUU(out, line []byte, n int) []byte {
	for i := 0; n > 0; i += 4 {
		var v [4]byte
		for k := range v {
			if i+k < len(line) {
				v[k] = (line[i+k] - ' ') & 63
			}
		}
		group := [3]byte{v[0]<<2 | v[1]>>4, v[1]<<4 | v[2]>>2, v[2]<<6 | v[3]}
		out = append(out, group[:min(n, 3)]...)
		n -= 3
	}
	return out
}
