package mime

import (
	"bytes"
	"encoding/base64"
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
		line := b[:LineAfter(b, 0)]
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
