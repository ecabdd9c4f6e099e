package proof

import "bytes"

// WordsRule names the segmentation that Commit uses. Bytes are taken line by
// line, a line ending with '\n' or at the end of the content. A line whose
// bytes, without its line end, are at least 40 and all of the base64 alphabet
// or '=', is cut every 1000 bytes. Any other line is cut into runs of word
// bytes (ASCII letters and digits, ".", "-", "_", "'", and every byte from
// 0x80), each with the run of other bytes that follows it, and every 64 bytes
// within. What stands before the first word of a line belongs to that word.
const WordsRule = "unseal-words-1"

// The figures of WordsRule. They are part of the format.
const (
	minEncodedLine = 40
	maxEncodedCut  = 1000
	maxWordCut     = 64
)

// The classes of bytes of WordsRule.
const (
	wordByte    = 1 << iota // what words are made of
	encodedByte             // the base64 alphabet and '='
)

var byteClass = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			t[c] = wordByte | encodedByte
		case c >= 0x80, c == '.', c == '-', c == '_', c == '\'':
			t[c] = wordByte
		case c == '+', c == '/', c == '=':
			t[c] = encodedByte
		}
	}
	return t
}()

// segments appends the lengths of the segments of content to lens. They are
// between 1 and 1000 and add up to len(content).
func segments(content []byte, lens []uint16) []uint16 {
	for len(content) > 0 {
		end := bytes.IndexByte(content, '\n') + 1
		if end == 0 {
			end = len(content)
		}
		if line := content[:end]; encodedLine(line) {
			lens = cutEvery(maxEncodedCut, len(line), lens)
		} else {
			lens = cutWords(line, true, lens)
		}
		content = content[end:]
	}
	return lens
}

// cutPiece appends the segments of a piece of content between two marks, which
// is cut as in the whole: lineStart and lineEnd tell whether its first line is
// there from its beginning, its last one to its end. Lines that are not are no
// encoded ones.
func cutPiece(piece []byte, lineStart, lineEnd bool, lens []uint16) []uint16 {
	if !lineStart {
		end := bytes.IndexByte(piece, '\n') + 1
		if end == 0 {
			end = len(piece)
		}
		lens = cutWords(piece[:end], false, lens)
		piece = piece[end:]
	}
	last := len(piece)
	if !lineEnd {
		last = bytes.LastIndexByte(piece, '\n') + 1
	}
	return cutWords(piece[last:], true, segments(piece[:last], lens))
}

// encodedLine reports whether line looks like base64.
func encodedLine(line []byte) bool {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
		if n > 0 && line[n-1] == '\r' {
			n--
		}
	}
	if n < minEncodedLine {
		return false
	}
	for _, c := range line[:n] {
		if byteClass[c]&encodedByte == 0 {
			return false
		}
	}
	return true
}

func cutEvery(size, n int, lens []uint16) []uint16 {
	for ; n > size; n -= size {
		lens = append(lens, uint16(size))
	}
	return append(lens, uint16(n))
}

// cutWords cuts a line, or the rest of one where whole is false.
func cutWords(line []byte, whole bool, lens []uint16) []uint16 {
	for p := 0; p < len(line); {
		start, end := p, min(p+maxWordCut, len(line))
		for p < end && start == 0 && whole && byteClass[line[p]]&wordByte == 0 {
			p++
		}
		for p < end && byteClass[line[p]]&wordByte != 0 {
			p++
		}
		for p < end && byteClass[line[p]]&wordByte == 0 {
			p++
		}
		lens = append(lens, uint16(p-start))
	}
	return lens
}
