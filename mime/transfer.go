package mime

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"unseal/trove"
)

// base64Value maps a byte to its value in the base64 alphabet, 64 for '=',
// 65 for every byte outside it.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 65
	}
	for i, c := range []byte(base64Alphabet) {
		t[c] = byte(i)
	}
	t['='] = 64
	return t
}()

// DecodeBase64 decodes RFC 2045 section 6.8 tolerantly: bytes outside the
// alphabet are passed over, padding may be missing, and further data after
// padding is decoded as long as its lines hold nothing else.
func DecodeBase64(b []byte) []byte {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	if n, err := base64.StdEncoding.Decode(out, b); err == nil {
		return out[:n]
	}
	return looseBase64(out[:0], b)
}

// looseBase64 appends to out, which holds all that b can decode to.
func looseBase64(out, b []byte) []byte {
	var acc uint32
	n, padded := 0, false
	for len(b) > 0 {
		line := b[:lineAfter(b, 0, len(b))]
		b = b[len(line):]
		if padded && !allBase64(line) {
			break
		}
		for _, c := range line {
			v := base64Value[c]
			if v < 64 {
				acc = acc<<6 | uint32(v)
				if n++; n == 4 {
					out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
					n = 0
				}
			} else if v == 64 && n >= 2 {
				out = tail(out, acc, n)
				n, padded = 0, true
			}
		}
	}
	return tail(out, acc, n)
}

// tail appends the bytes of an incomplete group of n characters.
func tail(out []byte, acc uint32, n int) []byte {
	switch n {
	case 2:
		return append(out, byte(acc>>4))
	case 3:
		return append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

func allBase64(line []byte) bool {
	for _, c := range bytes.TrimSpace(line) {
		if base64Value[c] > 64 {
			return false
		}
	}
	return true
}

// DecodeQuotedPrintable decodes RFC 2045 section 6.7 tolerantly: a '=' that
// begins no code stays as it stands; white space at line ends, which
// transport added, is removed.
func DecodeQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		next := lineAfter(b, 0, len(b))
		line := trimLineEnd(b[:next])
		end := b[len(line):next]
		b = b[next:]
		line = bytes.TrimRight(line, " \t")
		if n := len(line); n > 0 && line[n-1] == '=' {
			line, end = line[:n-1], nil
		}
		out = append(appendQP(out, line), end...)
	}
	return out
}

func appendQP(out, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			return append(out, line...)
		}
		out = append(out, line[:i]...)
		if i+2 < len(line) {
			if v, ok := hexByte(line[i+1], line[i+2]); ok {
				out = append(out, v)
				line = line[i+3:]
				continue
			}
		}
		out = append(out, '=')
		line = line[i+1:]
	}
}

// hexByte reads two hex digits of either case.
func hexByte(a, b byte) (byte, bool) {
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

// Decode undoes a transfer encoding, named as in [trove.Part]. The bytes are
// b itself where there is nothing to undo.
func Decode(b []byte, encoding string) []byte {
	switch encoding {
	case "base64":
		return DecodeBase64(b)
	case "quoted-printable":
		return DecodeQuotedPrintable(b)
	case "uuencode":
		return DecodeUU(b)
	}
	return b
}

// DecodePart returns the decoded bytes of a part of the message raw, and an
// error when the part's place is not inside it. The bytes may share raw's
// memory: do not change them.
func DecodePart(raw []byte, p trove.Part) ([]byte, error) {
	if p.Offset < 0 || p.Length < 0 || p.Offset > int64(len(raw)) || p.Length > int64(len(raw))-p.Offset {
		return nil, fmt.Errorf("part %s: bytes %d+%d are not inside a message of %d", p.Path, p.Offset, p.Length, len(raw))
	}
	return Decode(raw[p.Offset:p.Offset+p.Length], p.Encoding), nil
}
