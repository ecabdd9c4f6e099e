package evidence

import (
	"bufio"
	"bytes"
	"hash"
)

// Canonicalisation of RFC 6376 section 3.4. Archives often store mail with
// bare LF line ends; every line end counts as CRLF here (section 5.3: what was
// signed had CRLF).

// crlf ends a canonical line.
var crlf = []byte("\r\n")

// cutLine splits off the first line of b without its end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// hasBareLF reports whether a line of b ends in LF without CR.
func hasBareLF(b []byte) bool {
	return bytes.Count(b, crlf[1:]) != bytes.Count(b, crlf)
}

// appendHeader adds one header field in canonical form, without the final
// CRLF. raw is the whole field as it stands, folding and line end included.
func appendHeader(dst, raw []byte, relaxed bool) []byte {
	if !relaxed { // section 3.4.1: nothing changes, but for the line ends of storage
		return bytes.TrimSuffix(appendLines(dst, raw, crlf), crlf)
	}
	// Section 3.4.2: name in lower case, unfolded, runs of white space as one
	// space, none at the ends and around the colon. A line that mime takes for
	// folded though it lacks the white space (broken mail) is not unfolded.
	name, value, _ := bytes.Cut(raw, []byte(":"))
	dst = append(dst, bytes.ToLower(bytes.TrimRight(name, " \t\r\n"))...)
	value = bytes.TrimSuffix(appendLines(nil, value, crlf), crlf)
	value = bytes.ReplaceAll(bytes.ReplaceAll(value, []byte("\r\n "), []byte(" ")), []byte("\r\n\t"), []byte(" "))
	return appendReduced(append(dst, ':'), bytes.TrimLeft(value, " \t"))
}

// appendLines adds the lines of b with the given end in place of their own.
func appendLines(dst, b, end []byte) []byte {
	var line []byte
	for len(b) > 0 {
		line, b = cutLine(b)
		dst = append(append(dst, line...), end...)
	}
	return dst
}

// bodyHash hashes the canonical body up to limit bytes (all when negative) and
// says how long the whole canonical body is.
func bodyHash(h hash.Hash, body []byte, relaxed bool, limit int64) (sum []byte, length int64) {
	w := bodyWriter{to: bufio.NewWriterSize(h, 8<<10), left: limit}
	w.lines(body, relaxed)
	w.to.Flush()
	return h.Sum(nil), w.length
}

// bodyWriter takes canonical bytes, counts them and hashes the first of them.
type bodyWriter struct {
	to     *bufio.Writer
	left   int64 // bytes still to hash; negative: no limit
	length int64
}

func (w *bodyWriter) write(b []byte) {
	w.length += int64(len(b))
	if w.left >= 0 {
		b = b[:min(int64(len(b)), w.left)]
		w.left -= int64(len(b))
	}
	w.to.Write(b)
}

// lines is section 3.4.3, or 3.4.4 when relaxed.
func (w *bodyWriter) lines(body []byte, relaxed bool) {
	empty := 0 // lines seen that count only when another follows
	var line, scratch []byte
	for len(body) > 0 {
		line, body = cutLine(body)
		if relaxed {
			scratch = appendReduced(scratch[:0], line)
			line = scratch
		}
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			w.write(crlf)
		}
		w.write(line)
		w.write(crlf)
	}
	if w.length == 0 && !relaxed {
		w.write(crlf) // section 3.4.3: an empty body is one CRLF; 3.4.4: it is empty
	}
}

// appendReduced adds line with runs of white space as one space and none at the end.
func appendReduced(dst, line []byte) []byte {
	gap := false
	for _, c := range line {
		if c == ' ' || c == '\t' {
			gap = true
			continue
		}
		if gap {
			dst = append(dst, ' ')
			gap = false
		}
		dst = append(dst, c)
	}
	return dst
}
