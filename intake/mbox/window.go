package mbox

import (
	"bytes"
	"io"
	"strconv"
)

// window reads a box through one buffer.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	base int64 // offset of buf[0]
	n    int   // bytes in buf
	err  error // the first error of reading; nothing is found after it
}

const (
	windowSize = 1 << 20
	glanceSize = 8 << 10 // more than lookBehind and a line of mark
	lookBehind = 4 << 10 // kept before the wanted offset when the buffer is filled anew
	stride     = 64 << 10
	maxLine    = 1000 // a longer From line separates nothing
	maxDepth   = 64   // more signs before "From " are not looked at
	maxHeaders = 1 << 20
)

func newWindow(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, buf: make([]byte, min(size, windowSize))}
}

// newGlance is a window for looking at one line here and there, which reads
// little for each.
func newGlance(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, buf: make([]byte, min(size, glanceSize))}
}

// at returns the n bytes at off, fewer at the end of the box or after an
// error. They are good until the next call. n is at most stride, in a glance
// at most maxLine.
func (w *window) at(off int64, n int) []byte {
	if off < 0 || off >= w.size || w.err != nil {
		return nil
	}
	end := min(off+int64(n), w.size)
	if off < w.base || end > w.base+int64(w.n) {
		w.fill(off)
		if w.err != nil {
			return nil
		}
	}
	return w.buf[off-w.base : end-w.base]
}

func (w *window) fill(off int64) {
	w.base = max(0, off-lookBehind)
	want := min(int64(len(w.buf)), w.size-w.base)
	n, err := w.r.ReadAt(w.buf[:want], w.base)
	w.n = n
	if int64(n) < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		w.err = err
	}
}

var fromWord = []byte("From ")

// next finds the first line of ^>*From that begins at off or later. off is the
// beginning of a line.
func (w *window) next(off int64) (mark, bool) {
	for {
		b := w.at(off, stride)
		if len(b) < len(fromWord) {
			return mark{}, false
		}
		i := bytes.Index(b, fromWord)
		if i < 0 {
			off += int64(len(b) - len(fromWord) + 1)
			continue
		}
		hit := off + int64(i)
		if m, ok := w.mark(hit); ok {
			return m, true
		}
		off = hit + int64(len(fromWord))
	}
}

// mark reads the line in which "From " stands at hit, if the line is a mark.
func (w *window) mark(hit int64) (mark, bool) {
	back := min(hit, maxDepth)
	before := w.at(hit-back, int(back))
	depth := len(before) - len(bytes.TrimRight(before, ">"))
	start := hit - int64(depth)
	if start > 0 {
		if p := w.at(start-1, 1); len(p) == 0 || p[0] != '\n' {
			return mark{}, false
		}
	}
	line := w.at(hit, maxLine)
	end := bytes.IndexByte(line, '\n')
	m := mark{start: start, depth: depth}
	switch {
	case end >= 0:
		m.end = hit + int64(end) + 1
		line = line[:end]
	case hit+int64(len(line)) == w.size:
		m.end = w.size
	default: // longer than any From line; its end does not matter to the search
		m.end = hit + int64(len(line))
		return m, true
	}
	m.read(string(bytes.TrimRight(line[len(fromWord):], "\r \t")))
	m.afterBlank = start == 0 || w.blankBefore(start) > 0
	m.next = looksLike(w.at(m.end, 200))
	return m, true
}

// firstMark finds the From line at the beginning of the box, after blank lines
// and a byte order mark at most.
func (w *window) firstMark() (mark, bool) {
	off, ok := begin(w.at(0, stride))
	if !ok {
		return mark{}, false
	}
	hit := int64(off)
	m, ok := w.mark(hit)
	if !ok { // after a byte order mark, which stands on the same line
		line := w.at(hit, maxLine)
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			end = len(line) - 1
		}
		m = mark{start: hit, end: hit + int64(end) + 1}
		m.read(string(bytes.TrimRight(line[min(len(fromWord), end+1):end+1], "\r\n \t")))
	}
	return m, true
}

// Begins reports whether a file that begins with head is an mbox: its first
// line begins with "From " and either ends in a date or is followed by a
// header line.
func Begins(head []byte) bool {
	off, ok := begin(head)
	if !ok {
		return false
	}
	line, rest, _ := bytes.Cut(head[off:], []byte("\n"))
	if len(line) > maxLine {
		return false
	}
	var m mark
	m.read(string(bytes.TrimRight(line[len(fromWord):], "\r \t")))
	next := looksLike(rest)
	return m.date == asctime || next == header
}

func begin(head []byte) (int, bool) {
	b := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	b = bytes.TrimLeft(b, "\r\n")
	return len(head) - len(b), bytes.HasPrefix(b, fromWord)
}

// blankBefore returns the length of the blank line that ends at off, 0 for none.
func (w *window) blankBefore(off int64) int64 {
	from := max(0, off-4)
	b := w.at(from, int(off-from))
	switch {
	case bytes.HasSuffix(b, []byte("\n\r\n")), off == 2 && string(b) == "\r\n":
		return 2
	case bytes.HasSuffix(b, []byte("\n\n")), off == 1 && string(b) == "\n":
		return 1
	}
	return 0
}

// depthAt counts the signs at the beginning of the line at off.
func (w *window) depthAt(off int64) int {
	b := w.at(off, maxDepth)
	return len(b) - len(bytes.TrimLeft(b, ">"))
}

// depthAbove counts the signs at the beginning of the line above m, as far as
// it is not longer than a line of text is.
func (w *window) depthAbove(m mark) int {
	from := max(0, m.start-maxLine)
	b := bytes.TrimSuffix(w.at(from, int(m.start-from)), []byte("\n"))
	i := bytes.LastIndexByte(b, '\n')
	b = b[i+1:]
	return len(b) - len(bytes.TrimLeft(b, ">"))
}

// contentEnd returns the offset after the body as the Content-Length field of
// m's header block has it.
func (w *window) contentEnd(m Message) (int64, bool) {
	length := int64(-1)
	off := m.Offset
	for off < m.Offset+maxHeaders {
		line := w.at(off, maxLine)
		if len(line) == 0 {
			return 0, false
		}
		end := bytes.IndexByte(line, '\n')
		if end >= 0 {
			line = line[:end+1]
		}
		if bytes.HasPrefix(line, fromWord) {
			return 0, false // the header has no end: what follows may be another message's
		}
		off += int64(len(line))
		if end == 0 || string(line) == "\r\n" {
			break
		}
		if n, ok := contentLength(line); ok {
			length = n
		}
	}
	if length < 0 || off+length > w.size {
		return 0, false
	}
	return off + length, true
}

func contentLength(line []byte) (int64, bool) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) != len("Content-Length") || !bytes.EqualFold(name, []byte("Content-Length")) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 48)
	return n, err == nil && n >= 0
}

// landsAt reports whether off is where a message may end: at the end of the
// box or before a From line, with one blank line between them at most.
func (w *window) landsAt(off int64) bool {
	if off == w.size {
		return true
	}
	if p := w.at(off-1, 1); len(p) == 1 && p[0] != '\n' && !startsLine(w.at(off, 2)) {
		return false // in the middle of a line
	}
	b := w.at(off, 2)
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		off += 2
	case bytes.HasPrefix(b, []byte("\n")):
		off++
	}
	if off == w.size {
		return true
	}
	if !bytes.Equal(w.at(off, len(fromWord)), fromWord) {
		return false
	}
	m, ok := w.mark(off)
	return ok && m.date != undated
}

func startsLine(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\n")) || bytes.HasPrefix(b, []byte("\r\n"))
}
