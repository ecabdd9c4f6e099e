package mime

import (
	"bytes"
	"strings"
)

// DecodeText decodes the value of an unstructured field, such as a subject:
// unfolded, encoded words of RFC 2047 decoded, raw 8-bit bytes read as in
// [ToUTF8]. Broken encoded words are decoded as far as they can be told: with
// spaces in them, next to other text, cut between the bytes of one letter.
// What cannot be told stays as it stands.
func DecodeText(b []byte) string {
	b = bytes.TrimSpace(Unfold(b))
	i := bytes.Index(b, wordMark)
	if i < 0 {
		s, _ := ToUTF8(b, "")
		return s
	}
	return decodeWords(b, i)
}

var wordMark = []byte("=?")

// word is one encoded word: charset and encoding as declared, decoded bytes.
type word struct {
	charset string
	bytes   []byte
}

// decodeWords decodes the encoded words of b, the first of which may begin at i.
// Bytes of adjacent words of one charset are joined before they are converted,
// since letters may be cut between words.
func decodeWords(b []byte, i int) string {
	var out strings.Builder
	var pending word
	flush := func() {
		s, _ := ToUTF8(pending.bytes, pending.charset)
		out.WriteString(s)
		pending = word{}
	}
	for {
		w, n := parseWord(b[i:])
		if n == 0 {
			i += 2
		} else {
			gap := b[:i]
			if pending.bytes == nil || len(bytes.TrimSpace(gap)) > 0 {
				flush()
				s, _ := ToUTF8(gap, "")
				out.WriteString(s)
			} else if pending.charset != w.charset {
				flush()
			}
			pending.charset = w.charset
			pending.bytes = append(pending.bytes, w.bytes...)
			if pending.bytes == nil {
				pending.bytes = []byte{}
			}
			b, i = b[i+n:], 0
		}
		next := bytes.Index(b[i:], wordMark)
		if next < 0 {
			break
		}
		i += next
	}
	flush()
	s, _ := ToUTF8(b, "")
	out.WriteString(s)
	return out.String()
}

// maxToken bounds charset names, so that a run of "=?" is read in linear time.
const maxToken = 80

// parseWord reads an encoded word at the beginning of b: its length, or 0.
func parseWord(b []byte) (word, int) {
	head := b[2:]
	q := bytes.IndexByte(head[:min(len(head), maxToken)], '?')
	if q < 0 || q+2 >= len(head) || head[q+2] != '?' {
		return word{}, 0
	}
	charset, kind, body := head[:q], head[q+1]|0x20, head[q+3:]
	if kind != 'q' && kind != 'b' || bytes.ContainsAny(charset, " \t") {
		return word{}, 0
	}
	end, size := wordEnd(body, kind)
	w := word{charset: CharsetName(string(charset))}
	if kind == 'b' {
		w.bytes = DecodeBase64(body[:end])
	} else {
		w.bytes = decodeQ(body[:end])
	}
	return w, 2 + q + 3 + size
}

// wordEnd finds where the text of a word ends and how long it is with its
// closing "?=". A word without one ends at the first byte that cannot be in it.
func wordEnd(body []byte, kind byte) (end, size int) {
	for i, c := range body {
		switch {
		case c == '?' && i+1 < len(body) && body[i+1] == '=':
			return i, i + 2
		case c == '?' && kind == 'b', c == '?' && i+1 == len(body):
			return i, i + 1
		case kind == 'b' && base64Value[c] >= 64 && c != '=' && c != ' ' && c != '\t':
			return i, i
		case c == '=' && i+1 < len(body) && body[i+1] == '?' && (i+2 == len(body) || body[i+2] != '='):
			return i, i // the next word begins
		}
	}
	return len(body), len(body)
}

// decodeQ decodes the Q encoding of RFC 2047 section 4.2.
func decodeQ(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '_' {
			c = ' '
		} else if c == '=' && i+2 < len(b) {
			if v, ok := HexByte(b[i+1], b[i+2]); ok {
				c = v
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}
