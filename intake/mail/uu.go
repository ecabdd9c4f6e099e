package mail

import (
	"bytes"
	"strconv"

	"unseal/mime"
	"unseal/trove"
)

// maxFiles bounds the uuencoded files of one message.
const maxFiles = 1000

// span is a range of a text.
type span struct{ start, end int }

// uuencoded lists the files that are uuencoded in the plain text of a part as
// parts, and returns where they stand in its body. Linear: a begin line cannot
// be a data line, so no byte is looked at for two files.
func (r *reader) uuencoded(p *mime.Part) (files []span) {
	body := r.raw[p.Offset:p.End]
	for pos := uuBegin(body, 0); pos < len(body) && len(files) < maxFiles; pos = uuBegin(body, pos) {
		name, end, ok := uuFile(body, pos)
		if ok {
			files = append(files, span{pos, end})
			r.addPart(trove.Part{
				Path: p.Path + "." + strconv.Itoa(len(files)), Name: oneLine(mime.DecodeText(name)), Type: "application/octet-stream",
				Role: trove.RoleAttachment, Encoding: "uuencode", Offset: int64(p.Offset + pos), Length: int64(end - pos),
			})
		}
		pos = end
	}
	return files
}

// uuBegin is the offset of the next line at or after pos, which begins a line,
// that may begin a file.
func uuBegin(body []byte, pos int) int {
	if bytes.HasPrefix(body[pos:], []byte("begin ")) {
		return pos
	}
	if i := bytes.Index(body[pos:], []byte("\nbegin ")); i >= 0 {
		return pos + i + 1
	}
	return len(body)
}

// uuFile reads the file that begins with the line at pos: its name and where
// it ends. It is one only with a mode, a name, data and an end line; else end
// is where no more of it was seen.
func uuFile(body []byte, pos int) (name []byte, end int, ok bool) {
	next := lineEnd(body, pos)
	mode, name, _ := bytes.Cut(bytes.TrimSpace(body[pos+len("begin "):next]), []byte(" "))
	if len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 || len(name) == 0 {
		return nil, next, false
	}
	for data := 0; next < len(body); data++ {
		after := lineEnd(body, next)
		line := bytes.TrimRight(body[next:after], "\r\n")
		if string(bytes.TrimSpace(line)) == "end" {
			return name, after, data > 0
		}
		if _, ok := mime.UULine(line); !ok {
			break
		}
		next = after
	}
	return nil, next, false
}

// lineEnd is the offset after the line at pos.
func lineEnd(body []byte, pos int) int {
	if i := bytes.IndexByte(body[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(body)
}
