package mime

import "bytes"

var (
	uuBegin     = []byte("begin ")
	lineUUBegin = []byte("\nbegin ")
)

// uuencoded finds the uuencoded files in the plain text of part i and adds
// each as a part; the text stays whole. Linear: a begin line cannot be a data
// line, so no byte is looked at for two files.
func (w *walker) uuencoded(i int) error {
	p := w.msg.Parts[i]
	if p.Encoding != "" || p.Type != defaultType {
		return nil
	}
	body := w.raw[p.Offset:p.End]
	for pos, n := 0, 1; pos < len(body); {
		if !bytes.HasPrefix(body[pos:], uuBegin) {
			next := bytes.Index(body[pos:], lineUUBegin)
			if next < 0 {
				break
			}
			pos += next + 1
		}
		name, end, ok := uuFile(body, pos)
		if !ok {
			pos = max(end-1, pos+1)
			continue
		}
		if len(w.msg.Parts) >= MaxParts {
			return &LimitError{"parts", MaxParts}
		}
		w.msg.Parts = append(w.msg.Parts, Part{
			Kind: Uuencoded, Path: under(p.Path, n), Type: "application/octet-stream", Encoding: "uuencode", name: name,
			Offset: p.Offset + pos, End: p.Offset + end, After: len(w.msg.Parts) + 1, Parent: i,
		})
		pos, n = end, n+1
	}
	w.msg.Parts[i].After = len(w.msg.Parts)
	return nil
}

// uuFile reads the file that begins with the line at pos: its name and where
// it ends. It is one only with a mode, a name, data and an end line.
func uuFile(body []byte, pos int) (name []byte, end int, ok bool) {
	next := lineAfter(body, pos, len(body))
	mode, name, _ := bytes.Cut(bytes.TrimSpace(body[pos+len(uuBegin):next]), []byte(" "))
	if len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 || len(name) == 0 {
		return nil, next, false
	}
	for data := 0; next < len(body); data++ {
		after := lineAfter(body, next, len(body))
		line := trimLineEnd(body[next:after])
		if string(bytes.TrimSpace(line)) == "end" {
			return name, after, data > 0
		}
		if !uuLine(line) {
			break
		}
		next = after
	}
	return nil, next, false
}

// uuLine reports whether a line can be one of uuencoded data: a length and at
// most about as many characters as it asks for, since transport takes spaces
// off line ends. Blank lines and a lone zero length stand before the end line.
func uuLine(line []byte) bool {
	line = bytes.TrimRight(line, " ")
	if len(line) == 0 {
		return true
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	return len(line)-1 <= (uuLength(line[0])+2)/3*4+2
}

func uuLength(c byte) int { return int(c-' ') & 63 }

// DecodeUU decodes uuencoded data tolerantly, with or without its begin and
// end lines. Spaces lost at line ends count as zero.
func DecodeUU(b []byte) []byte {
	out := make([]byte, 0, len(b)*3/4)
	if i := uuStart(b); i > 0 {
		b = b[i:]
	}
	for len(b) > 0 {
		next := lineAfter(b, 0, len(b))
		line := trimLineEnd(b[:next])
		b = b[next:]
		if string(bytes.TrimSpace(line)) == "end" {
			break
		}
		if len(line) > 0 && uuLine(line) {
			out = appendUU(out, line[1:], uuLength(line[0]))
		}
	}
	return out
}

// uuStart is the offset of the first data line, after the begin line if any.
func uuStart(b []byte) int {
	if bytes.HasPrefix(b, uuBegin) {
		return lineAfter(b, 0, len(b))
	}
	if i := bytes.Index(b, lineUUBegin); i >= 0 {
		return lineAfter(b, i+1, len(b))
	}
	return 0
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
