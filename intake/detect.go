package intake

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"unseal/intake/container"
	"unseal/intake/mbox"
)

// shape is what a file's bytes are. It is also the catalog's word for it.
type shape string

const (
	isMail  shape = "mail"
	isMbox  shape = "mbox"
	isEmlx  shape = "emlx"
	isOther shape = "file"
)

// headSize is how much of a file's beginning decides what it is.
const headSize = container.HeadSize

// detect tells what a file is that is no container, from its first headSize
// bytes, or all of them.
func detect(head []byte) shape {
	switch {
	case len(head) == 0:
		return isOther
	case mbox.Begins(head):
		return isMbox
	}
	if _, ok := emlxLine(head); ok {
		return isEmlx
	}
	if headerBlock(head) {
		return isMail
	}
	return isOther
}

// emlxLine reads the first line of an Apple Mail file: the byte count of the
// message that follows, before a property list. It returns the line's length.
func emlxLine(head []byte) (int64, bool) {
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	digits := bytes.TrimRight(line, " \r")
	if !ok || len(digits) == 0 || len(line) > 20 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return 0, false
	}
	return int64(len(line) + 1), headerBlock(rest)
}

// emlx returns where the message of an Apple Mail file lies, of which emlxLine
// knew the head. Where the count does not lead to the property list or the
// file's end, ok is false and the message is all that follows the count.
func emlx(r io.ReaderAt, size int64, head []byte) (off, n int64, ok bool) {
	off, _ = emlxLine(head)
	n, err := strconv.ParseInt(strings.TrimRight(string(head[:off-1]), " \r"), 10, 48)
	if err != nil || n > size-off {
		return off, size - off, false
	}
	if off+n == size {
		return off, n, true
	}
	after := make([]byte, min(16, size-off-n))
	_, err = r.ReadAt(after, off+n)
	if err != nil && err != io.EOF || !bytes.HasPrefix(bytes.TrimLeft(after, "\r\n"), []byte("<?xml")) {
		return off, size - off, false
	}
	return off, n, true
}

// mailFields are header fields of messages, by how sure a sign they are: two
// points make a message, and one where no other field stands with it.
var mailFields = map[string]int{
	"received": 2, "message-id": 2, "return-path": 2, "mime-version": 2, "delivered-to": 2, "x-mailer": 2,
	"dkim-signature": 2, "in-reply-to": 2, "x-originating-ip": 2, "envelope-to": 2, "content-transfer-encoding": 2,
	"from": 1, "to": 1, "subject": 1, "date": 1, "cc": 1, "bcc": 1, "reply-to": 1, "sender": 1,
	"content-type": 2, "references": 1, "importance": 1, "priority": 1, "sent": 1, "user-agent": 1,
}

const (
	enough    = 2
	blankLead = 64 // bytes of white space allowed before the header block
	maxJunk   = 2  // lines in it that are no fields: broken mail is mail
)

// headerBlock reports whether b begins with a plausible header block of a mail
// (RFC 5322 section 2.2): field lines and folded lines up to a blank line.
func headerBlock(b []byte) bool {
	lead := len(b) - len(bytes.TrimLeft(b, "\r\n \t"))
	if lead > blankLead {
		return false
	}
	b = b[lead:]
	points, junk, fields, alien := 0, 0, 0, 0
	ended := false
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			ended = true
			break
		}
		if fields > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		name, ok := fieldName(line)
		switch {
		case ok:
			fields++
			n := mailFields[strings.ToLower(name)]
			points += n
			if n == 0 {
				alien++
			}
		case fields == 0 && !bytes.HasPrefix(line, []byte(">From ")):
			return false // a mail's first line is a field
		default:
			if junk++; junk > maxJunk {
				return points >= enough && fields > junk
			}
		}
	}
	return points >= enough || points > 0 && alien+junk == 0 && ended
}

// fieldName returns the name of a field line: printable ASCII without a colon.
// White space before the colon is obsolete syntax (RFC 5322 section 4.5).
func fieldName(line []byte) (string, bool) {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 || len(name) > 100 {
		return "", false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return "", false
		}
	}
	return string(name), true
}
