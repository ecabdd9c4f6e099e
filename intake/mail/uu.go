package mail

import (
	"bytes"
	"strconv"

	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
)

// maxFiles bounds the uuencoded files of one message.
const maxFiles = 1000

// span is a range of a text.
type span struct{ start, end int }

// uuencoded lists the files that are uuencoded in the plain text of a part as
// parts, and returns where they stand in its body. Linear: a begin line cannot
// be a data line, so no byte is looked at for two files.
func (r *reader) uuencoded(p *body.Part) (files []span) {
	text := r.raw[p.Offset:p.End]
	for pos := uuBegin(text, 0); pos < len(text) && len(files) < maxFiles; pos = uuBegin(text, pos) {
		name, end, ok := uuFile(text, pos)
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
func uuBegin(text []byte, pos int) int {
	if bytes.HasPrefix(text[pos:], []byte("begin ")) {
		return pos
	}
	if i := bytes.Index(text[pos:], []byte("\nbegin ")); i >= 0 {
		return pos + i + 1
	}
	return len(text)
}

// uuFile reads the file that begins with the line at pos: its name and where
// it ends. It is one only with a mode, a name, data and an end line; else end
// is where no more of it was seen.
func uuFile(text []byte, pos int) (name []byte, end int, ok bool) {
	next := mime.LineAfter(text, pos)
	mode, name, _ := bytes.Cut(bytes.TrimSpace(text[pos+len("begin "):next]), []byte(" "))
	if len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 || len(name) == 0 {
		return nil, next, false
	}
	for data := 0; next < len(text); data++ {
		after := mime.LineAfter(text, next)
		line := bytes.TrimRight(text[next:after], "\r\n")
		if string(bytes.TrimSpace(line)) == "end" {
			return name, after, data > 0
		}
		if _, ok := body.UULine(line); !ok {
			break
		}
		next = after
	}
	return nil, next, false
}
