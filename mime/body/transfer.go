package body

import (
	"bytes"
	"fmt"

	"unseal/mime"
	"unseal/trove"
)

// DecodeQuotedPrintable decodes RFC 2045 section 6.7 tolerantly: a '=' that
// begins no code stays as it stands; white space at line ends, which
// transport added, is removed.
func DecodeQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		next := mime.LineAfter(b, 0)
		line := mime.TrimLineEnd(b[:next])
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
			if v, ok := mime.HexByte(line[i+1], line[i+2]); ok {
				out = append(out, v)
				line = line[i+3:]
				continue
			}
		}
		out = append(out, '=')
		line = line[i+1:]
	}
}

// Decode undoes a transfer encoding, named as in [trove.Part]. The bytes are
// b itself where there is nothing to undo.
func Decode(b []byte, encoding string) []byte {
	switch encoding {
	case "base64":
		return mime.DecodeBase64(b)
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
