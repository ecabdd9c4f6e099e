package outlook

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"unseal/intake/reader"
	"unseal/intake/text"
	"unseal/trove"
)

// The media types of what lies in mails as a file: winmail.dat, which programs
// also write as application/vnd.ms-tnef or with no type at all, and messages
// that were saved and attached.
const (
	WinmailType = "application/ms-tnef"
	MessageType = "application/vnd.ms-outlook"
)

// IsWinmail reports whether a file is a TNEF by its first bytes.
func IsWinmail(head []byte) bool { return bytes.HasPrefix(head, []byte(TNEFMagic)) }

// Takes reports whether [ReadWinmail] reads a file of this type.
func Takes(_ trove.Kind, mediaType string) bool {
	return mediaType == WinmailType || mediaType == "application/vnd.ms-tnef" || mediaType == MessageType
}

// ReadWinmail reads a winmail.dat, or a message file, that is a part of a mail,
// as a [reader.Func] of the stage Read: its text, and the files in it, each of
// which is a part of the record and comes with its bytes to be read in its turn.
func ReadWinmail(_ context.Context, in *reader.Input) reader.Result {
	m, err := readPart(in)
	if err != nil {
		return reader.Result{Failed: err.Error()}
	}
	t := m.texts()
	r := reader.Result{Record: trove.Record{Kind: trove.Doc, Subject: word(m.Subject()), Date: m.when()}, Text: t.words()}
	r.Fact("subject", word(m.Subject()))
	for _, p := range []person{m.representing(), m.author()} {
		if p.name+p.addr != "" {
			r.Fact("author", strings.TrimSpace(p.name+" "+p.addr))
			break
		}
	}
	e := embedding{r: &r, left: reader.MaxEmbeddedBytes}
	for i := range m.Attachments {
		e.attachment(&m.Attachments[i])
	}
	for _, f := range m.files(&t) {
		mediaType, _, _ := strings.Cut(f.mediaType, ";")
		e.file(f.name, mediaType, trove.RoleAttachment, f.b)
	}
	for _, n := range m.Notes {
		r.Warn("damaged", "%s", n)
		r.Partly = n
	}
	return r
}

func readPart(in *reader.Input) (*Message, error) {
	b, err := in.Bytes(tnefLimit)
	if err != nil {
		return nil, err
	}
	if IsWinmail(b) {
		return ReadTNEF(b)
	}
	return ReadMSG(bytes.NewReader(b))
}

// words is the text, from whichever body there is.
func (t *texts) words() string {
	switch {
	case t.plain != "":
		return text.Lines(t.plain)
	case t.html != "":
		return text.HTML(t.html, maxBody)
	}
	s, _, _ := text.Decode(t.raw, t.charset)
	return text.HTML(s, maxBody)
}

// embedding adds files to a result, as many as the engine takes.
type embedding struct {
	r    *reader.Result
	left int64
}

func (e *embedding) attachment(a *Attachment) {
	name := fileName(a.name(numberName(len(e.r.Record.Parts)+1) + a.extension()))
	switch {
	case a.Message != nil:
		e.file(name+".eml", "message/rfc822", trove.RoleMessage, a.Message.Mail().Bytes)
	case a.Content == nil:
		e.r.Warn("damaged", "%s is attached without content", name)
	case a.Size > e.left:
		e.list(trove.Part{Name: name, Type: a.mediaType(name), Role: trove.RoleAttachment, Size: a.Size})
		e.r.Partly = "not every file in it is read: there are too many bytes"
	default:
		r, err := a.Content()
		var b []byte
		if err == nil {
			b, err = io.ReadAll(io.LimitReader(r, a.Size))
		}
		if err != nil {
			e.r.Warn("damaged", "%s breaks off: %v", name, err)
		}
		e.file(name, a.mediaType(name), trove.RoleAttachment, b)
	}
}

// list adds a part and returns its path.
func (e *embedding) list(p trove.Part) string {
	p.Path = strconv.Itoa(len(e.r.Record.Parts) + 1)
	e.r.Record.Parts = append(e.r.Record.Parts, p)
	return p.Path
}

func (e *embedding) file(name, mediaType string, role trove.Role, b []byte) {
	at := e.list(trove.Part{Name: name, Type: mediaType, Role: role, Size: int64(len(b)), SHA256: trove.Sum(b)})
	if len(e.r.Embedded) < reader.MaxEmbedded {
		e.left -= int64(len(b))
		e.r.Embedded = append(e.r.Embedded, reader.Embedded{Path: at, Name: name, Type: mediaType, Bytes: b})
	}
}
