package redact

import (
	"bytes"
	"strconv"
	"unicode/utf16"
)

// pdf looks into the streams of a PDF (ISO 32000) that are packed with Flate
// or not at all: as they stand, and the strings that they show. What is
// encrypted, drawn, or written with letters of an unknown table stays unseen,
// so that a PDF is never looked into as a whole.
func (s *scanner) pdf(b []byte, depth int) {
	if bytes.Contains(b, []byte("/Encrypt")) {
		s.why = "encrypted"
	}
	s.shown(b, nil)
	streams := s.streams(b)
	var tables []codeTable
	for _, t := range streams {
		if m := newCodeTable(t); m != nil && len(tables) < maxCodes {
			tables = append(tables, m)
		}
	}
	for _, t := range streams {
		if bytes.Contains(t, []byte("Tj")) || bytes.Contains(t, []byte("TJ")) || bytes.Contains(t, []byte("(")) {
			s.shown(t, tables)
		}
	}
}

// streams unpacks the streams of a PDF and looks into each as it stands.
func (s *scanner) streams(b []byte) [][]byte {
	var list [][]byte
	for {
		i := bytes.Index(b, []byte("stream"))
		if i < 0 {
			return list
		}
		b = b[i+len("stream"):]
		data := bytes.TrimLeft(b[:min(len(b), 2)], "\r\n")
		body := b[min(len(b), 2)-len(data):]
		if t := s.inflated(body); len(t) > 0 {
			list = append(list, t)
		} else if end := bytes.Index(body, []byte("endstream")); end > 0 && texty(body[:end]) {
			list = append(list, body[:end])
		}
		if s.open--; s.open < 0 {
			s.why = "limit"
			return list
		}
	}
}

// shown looks into the strings of a content stream, each on its own line: a
// word may be cut between them anywhere.
func (s *scanner) shown(b []byte, tables []codeTable) {
	var plain []byte
	mapped := make([][]byte, len(tables))
	for i := 0; i < len(b); {
		var str []byte
		switch b[i] {
		case '(':
			str, i = literalString(b, i)
		case '<':
			str, i = hexString(b, i)
		default:
			i++
			continue
		}
		plain = append(append(plain, pdfText(str)...), '\n')
		for k, m := range tables {
			mapped[k] = append(append(mapped[k], m.text(str)...), '\n')
		}
	}
	s.readings(blindly(plain), "windows-1252")
	for _, m := range mapped {
		s.within(blindly(m))
	}
}

// pdfText reads a string that begins with a byte order mark as UTF-16 (ISO
// 32000 section 7.9.2.2), and any other as it stands.
func pdfText(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return []byte(string(utf16.Decode(units)))
}

// literalString reads "(text)" at i (section 7.3.4.2) and returns where it ends.
func literalString(b []byte, i int) ([]byte, int) {
	var out []byte
	depth := 0
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && i+1 < len(b):
			var n int
			out, n = pdfEscape(out, b[i+1:])
			i += n
			continue
		case c == '(':
			if depth++; depth == 1 {
				continue
			}
		case c == ')':
			if depth--; depth == 0 {
				return out, i + 1
			}
		}
		out = append(out, b[i])
	}
	return out, i
}

func pdfEscape(out, b []byte) ([]byte, int) {
	if b[0] < '0' || b[0] > '7' {
		if i := bytes.IndexByte([]byte("nrtbf"), b[0]); i >= 0 {
			return append(out, "\n\r\t\b\f"[i]), 1
		}
		return append(out, b[0]), 1
	}
	n, v := 0, 0
	for ; n < 3 && n < len(b) && b[n] >= '0' && b[n] <= '7'; n++ {
		v = v<<3 | int(b[n]-'0')
	}
	return append(out, byte(v)), n
}

// hexString reads "<48656C>" at i (section 7.3.4.3) and returns where it ends.
func hexString(b []byte, i int) ([]byte, int) {
	end := i + 1
	for end < len(b) && (hexDigit(b[end]) < 16 || blankByte(b[end])) {
		end++
	}
	if end == len(b) || b[end] != '>' {
		return nil, i + 1
	}
	return unhex(b[i+1 : end]), end + 1
}

func unhex(b []byte) []byte {
	out := make([]byte, 0, len(b)/2)
	half := -1
	for _, c := range b {
		v := int(hexDigit(c))
		switch {
		case v > 15:
		case half < 0:
			half = v
		default:
			out, half = append(out, byte(half<<4|v)), -1
		}
	}
	if half >= 0 {
		out = append(out, byte(half<<4))
	}
	return out
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// codeTable says which letters the codes of a font stand for: a ToUnicode
// CMap (section 9.10.3).
type codeTable map[int]string

// newCodeTable reads a CMap, or returns nil where b is none.
func newCodeTable(b []byte) codeTable {
	if !bytes.Contains(b, []byte("begincmap")) {
		return nil
	}
	m := codeTable{}
	for _, section := range []struct{ begin, end string }{{"beginbfchar", "endbfchar"}, {"beginbfrange", "endbfrange"}} {
		for rest := b; ; {
			_, after, ok := bytes.Cut(rest, []byte(section.begin))
			if !ok {
				break
			}
			var in []byte
			in, rest, _ = bytes.Cut(after, []byte(section.end))
			m.read(in, section.begin == "beginbfrange")
		}
	}
	return m
}

func (m codeTable) read(b []byte, ranges bool) {
	var codes [][]byte
	list := false
	for i := 0; i < len(b); {
		switch b[i] {
		case '[':
			list = true
			i++
		case ']':
			list, codes = false, nil
			i++
		case '<':
			var code []byte
			code, i = hexString(b, i)
			codes = m.take(append(codes, code), ranges, list)
		default:
			i++
		}
	}
}

// take enters what a row of the table says as soon as it is read.
func (m codeTable) take(row [][]byte, ranges, list bool) [][]byte {
	if !ranges {
		if len(row) == 2 {
			m[number(row[0])] = string(pdfText(append([]byte{0xfe, 0xff}, row[1]...)))
			return nil
		}
		return row
	}
	if len(row) < 3 {
		return row
	}
	first, last, to := number(row[0]), number(row[1]), row[len(row)-1]
	if list {
		m[first+len(row)-3] = string(pdfText(append([]byte{0xfe, 0xff}, to...)))
		return row
	}
	for c := first; c <= last && c-first < 1<<16 && len(to) >= 2; c++ {
		m[c] = string(pdfText(append([]byte{0xfe, 0xff}, to...)))
		to = bytes.Clone(to)
		if to[len(to)-1]++; to[len(to)-1] == 0 {
			to[len(to)-2]++
		}
	}
	return nil
}

func number(b []byte) int {
	n, err := strconv.ParseUint("0"+hexOf(b), 16, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// text reads a string of codes of two bytes, and of one where that says more.
func (m codeTable) text(b []byte) []byte {
	var two, one []byte
	for i := 0; i+1 < len(b); i += 2 {
		two = append(two, m[int(b[i])<<8|int(b[i+1])]...)
	}
	for _, c := range b {
		one = append(one, m[int(c)]...)
	}
	if len(two) >= len(one) {
		return two
	}
	return one
}
