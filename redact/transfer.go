package redact

import (
	"bytes"

	"unseal/mime"
	"unseal/mime/body"
)

// transfer undoes a transfer encoding, named as in [trove.Part].
func transfer(t text, encoding string) text {
	if !t.tracked() {
		return blindly(body.Decode(t.b, encoding))
	}
	switch encoding {
	case "base64":
		return unbase64(t)
	case "quoted-printable":
		return unquote(t)
	case "uuencode":
		return unuu(t)
	}
	return t
}

// sextets maps a byte to its value in either alphabet of RFC 4648, 64 for '='
// and 65 for every other.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 65
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'], t['='] = 62, 63, 64
	return t
}()

// quantum is up to four characters of base64, RFC 4648 section 4.
type quantum struct {
	acc         uint32
	n           int // characters so far
	first, last int // offsets of the first and after the last
}

func (q *quantum) add(i int, v byte) {
	if q.n == 0 {
		q.first = i
	}
	q.acc, q.n, q.last = q.acc<<6|uint32(v), q.n+1, i+1
}

// flush writes the bytes that the characters so far stand for; end is where
// the padding after them ends, if there is any.
func (q *quantum) flush(w *writer, end int) {
	b := []byte{byte(q.acc << (24 - 6*q.n) >> 16), byte(q.acc << (24 - 6*q.n) >> 8), byte(q.acc)}
	w.done = q.first // what stands between groups is no data
	w.put(q.first, max(q.last, end), b[:max(q.n, 1)-1]...)
	*q = quantum{}
}

// unbase64 decodes as mime.DecodeBase64 does. Every byte came from all of its
// group of four characters, what stands between them and the padding.
func unbase64(t text) text {
	w := rewrite(t)
	var q quantum
	padded := false
	for pos := 0; pos < len(t.b); {
		next := mime.LineAfter(t.b, pos)
		if padded && !onlyBase64(t.b[pos:next]) {
			break
		}
		for i := pos; i < next; i++ {
			switch v := sextets[t.b[i]]; {
			case v < 64 && t.b[i] != '-' && t.b[i] != '_':
				if q.add(i, v); q.n == 4 {
					q.flush(w, 0)
				}
			case v == 64 && q.n >= 2:
				q.flush(w, i+1)
				padded = true
			}
		}
		pos = next
	}
	if q.n >= 2 {
		q.flush(w, 0)
	}
	return w.out
}

func onlyBase64(line []byte) bool {
	for _, c := range bytes.TrimSpace(line) {
		if sextets[c] > 64 || c == '-' || c == '_' {
			return false
		}
	}
	return true
}

// unquote decodes quoted-printable (RFC 2045 section 6.7) as
// body.DecodeQuotedPrintable does. A soft line break belongs to the byte
// after it.
func unquote(t text) text {
	w := rewrite(t)
	soft := -1 // where soft line breaks began that await a byte
	put := func(i, j int, s ...byte) {
		if soft >= 0 {
			i, soft = soft, -1
		}
		w.put(i, j, s...)
	}
	for pos := 0; pos < len(t.b); {
		next := mime.LineAfter(t.b, pos)
		line := mime.TrimLineEnd(t.b[pos:next])
		ending := pos + len(line)
		end := pos + len(bytes.TrimRight(line, " \t"))
		broken := end > pos && t.b[end-1] == '='
		if broken {
			end--
		}
		for i := pos; i < end; i++ {
			if v, ok := triplet(t.b[i:end]); ok {
				put(i, i+3, v)
				i += 2
			} else if soft >= 0 {
				put(i, i+1, t.b[i])
			}
		}
		switch {
		case broken && soft < 0:
			w.keep(end)
			soft = end
		case !broken && end < ending: // white space that transport added
			put(end, ending)
		}
		pos = next
	}
	if soft >= 0 {
		w.put(soft, len(t.b))
	}
	return w.end()
}

// triplet reads "=41" at the beginning of b.
func triplet(b []byte) (byte, bool) {
	if len(b) < 3 || b[0] != '=' {
		return 0, false
	}
	return mime.HexByte(b[1], b[2])
}

// unuu decodes uuencoded lines; every byte came from all of its line's data.
func unuu(t text) text {
	out := text{kin: mapped}
	for pos := 0; pos < len(t.b); {
		next := mime.LineAfter(t.b, pos)
		line := mime.TrimLineEnd(t.b[pos:next])
		if string(bytes.TrimSpace(line)) == "end" && len(out.b) > 0 {
			break
		}
		if _, ok := body.UULine(line); ok && len(line) > 1 && !bytes.HasPrefix(line, []byte("begin ")) {
			h := t.hull(pos, pos+len(line))
			for _, c := range body.DecodeUU(line) {
				out.b, out.at = append(out.b, c), append(out.at, h)
			}
		}
		pos = next
	}
	return out
}
