package imessage

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// stringMark stands before the characters of an NSString in a typedstream, the
// archive of NeXTSTEP in which Messages keeps the text of a message.
var stringMark = []byte{0x84, 0x01, '+'}

// replacement is a character that stands for an attachment.
const replacement = '\uFFFC'

// Text returns the text of an attributed body: the first string of the archive.
// Lengths are one byte, or 0x81 and two, or 0x82 and four, least byte first.
// ok is false if b is no such archive or holds no string.
func Text(b []byte) (text string, ok bool) {
	if !bytes.HasPrefix(b, []byte("\x04\x0bstreamtyped")) {
		return "", false
	}
	_, rest, found := bytes.Cut(b, stringMark)
	if !found || len(rest) == 0 {
		return "", false
	}
	n, rest := int(rest[0]), rest[1:]
	switch {
	case n == 0x81 && len(rest) >= 2:
		n, rest = int(binary.LittleEndian.Uint16(rest)), rest[2:]
	case n == 0x82 && len(rest) >= 4:
		n, rest = int(binary.LittleEndian.Uint32(rest)), rest[4:]
	case n >= 0x80:
		return "", false
	}
	if n >= 0 && n <= len(rest) && utf8.Valid(rest[:n]) {
		return string(rest[:n]), true
	}
	before, _, ended := bytes.Cut(rest, stringEnd) // the length is wrong; the end still stands
	return string(before), ended && utf8.Valid(before)
}

// stringEnd stands behind the characters.
var stringEnd = []byte{0x86, 0x84}
