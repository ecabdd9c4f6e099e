package outlook

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"path"
	"strings"
	"unicode/utf8"

	"unseal/intake/outlook/mapi"
)

// Mail is a message written as a mail.
type Mail struct {
	Bytes  []byte
	Beside []File // attachments that did not fit
	Notes  []string
}

// File is an attachment that stands beside its mail.
type File struct {
	Name    string
	Content func() (io.Reader, error)
}

// Mail writes the message as RFC 5322 and MIME. The same message gives the same
// bytes: boundaries are counted, and cannot stand in what is between them.
func (m *Message) Mail() Mail {
	w := &writer{left: maxMail}
	w.message(m, 0)
	return Mail{Bytes: w.b.Bytes(), Beside: w.beside, Notes: w.notes}
}

type writer struct {
	b      bytes.Buffer
	left   int64 // bytes of attachments that still fit
	parts  int   // boundaries given
	files  int   // parts made of attachments
	beside []File
	notes  []string
}

// part is a leaf of the mail, written when its turn comes.
type part struct {
	mediaType string // with parameters
	header    []field
	encoding  string // of the content; empty for one that needs none
	write     func(w *writer)
}

// message writes a message with all that is in it.
func (w *writer) message(m *Message, depth int) {
	t := m.texts()
	w.notes = append(w.notes, m.Notes...)
	w.head(m)
	parts := []part{}
	for _, f := range m.files(&t) {
		parts = append(parts, filePart(f.mediaType, f.name, f.b))
	}
	for i := range m.Attachments {
		parts = append(parts, w.attachment(&m.Attachments[i], i+1, depth)...)
	}
	parts = append(parts, m.listing())
	w.tree("mixed", append([]part{alternatives(t.bodies())}, parts...))
}

// alternatives makes one part of the bodies.
func alternatives(bodies []part) part {
	switch len(bodies) {
	case 0:
		return textPart("text/plain", "")
	case 1:
		return bodies[0]
	}
	return part{mediaType: "multipart/alternative", write: func(w *writer) { w.tree("alternative", bodies) }}
}

// tree writes a multipart. Its boundary holds "=_", which neither
// quoted-printable nor base64 can begin a line with, and no header line does.
func (w *writer) tree(kind string, parts []part) {
	w.parts++
	boundary := fmt.Sprintf("=_unseal_%06d_=", w.parts)
	w.b.WriteString("Content-Type: multipart/" + kind + ";\r\n boundary=\"" + boundary + "\"\r\n\r\n")
	for _, p := range parts {
		w.b.WriteString("\r\n--" + boundary + "\r\n")
		w.part(p)
	}
	w.b.WriteString("\r\n--" + boundary + "--\r\n")
}

func (w *writer) part(p part) {
	if strings.HasPrefix(p.mediaType, "multipart/") {
		p.write(w)
		return
	}
	w.field("Content-Type", p.mediaType)
	if p.encoding != "" {
		w.field("Content-Transfer-Encoding", p.encoding)
	}
	for _, f := range p.header {
		w.field(f.name, f.value)
	}
	w.b.WriteString("\r\n")
	p.write(w)
}

// textPart is a body in UTF-8.
func textPart(mediaType, s string) part {
	return part{mediaType: mediaType + "; charset=utf-8", encoding: "quoted-printable", write: func(w *writer) { w.quoted([]byte(s)) }}
}

func (w *writer) quoted(b []byte) {
	q := quotedprintable.NewWriter(&w.b)
	_, _ = q.Write(b) // a buffer does not fail
	_ = q.Close()
}

// base64 writes what r gives, in lines; it returns r's error.
func (w *writer) base64(r io.Reader) error {
	lines := &lineWriter{b: &w.b}
	enc := base64.NewEncoder(base64.StdEncoding, lines)
	_, err := io.Copy(enc, r)
	_ = enc.Close() // a buffer does not fail
	w.b.WriteString("\r\n")
	return err
}

// lineWriter breaks lines after 76 characters (RFC 2045 section 6.8).
type lineWriter struct {
	b  *bytes.Buffer
	at int
}

func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if l.at == foldAt {
			l.b.WriteString("\r\n")
			l.at = 0
		}
		k := min(foldAt-l.at, len(p))
		l.b.Write(p[:k])
		l.at += k
		p = p[k:]
	}
	return n, nil
}

// texts are the bodies of a message; RTF counts as what it was made from.
type texts struct {
	plain   string
	html    string
	raw     []byte // HTML in its own bytes, where it is kept as bytes
	charset string // of raw
	rtf     []byte // unpacked, if it is no copy of another body
}

// texts reads the bodies; it notes what of the RTF cannot be unpacked.
func (m *Message) texts() texts {
	t := texts{plain: m.Text(body), html: m.Text(html)}
	if v, _ := m.Value(html); v.Type == mapi.Binary && len(m.Bytes(html)) > 0 {
		t.raw, t.charset = m.Bytes(html), m.HTMLCharset()
		if t.charset == "" || utf8.Valid(t.raw) {
			t.charset = "utf-8"
		}
	}
	packed := m.Bytes(rtfCompressed)
	if marked := t.html != "" || t.raw != nil; len(packed) == 0 || marked && t.plain != "" {
		return t
	}
	rtf, err := mapi.UnpackRTF(packed, maxBody)
	if err != nil {
		m.note("the RTF body: " + err.Error())
	}
	s, origin := mapi.ReadRTF(rtf, maxBody)
	if origin == mapi.Written && t.html == "" && t.raw == nil {
		t.rtf = rtf
	}
	t.add(s, origin)
	return t
}

// add takes what RTF says where the body that it was made from is not there.
func (t *texts) add(s string, origin mapi.Origin) {
	switch {
	case origin == mapi.FromHTML && t.html == "" && t.raw == nil:
		t.html = s
	case origin != mapi.FromHTML && t.plain == "":
		t.plain = s
	}
}

// bodies are the texts as parts, the plain one first.
func (t *texts) bodies() (list []part) {
	if t.plain != "" {
		list = append(list, textPart("text/plain", t.plain))
	}
	switch {
	case t.html != "":
		list = append(list, textPart("text/html", t.html))
	case t.raw != nil:
		list = append(list, part{mediaType: "text/html; charset=" + t.charset, encoding: "base64", write: func(w *writer) {
			_ = w.base64(bytes.NewReader(t.raw)) // bytes do not fail
		}})
	}
	return list
}

// made are files that a message holds in another form.
type made struct {
	mediaType, name string
	b               []byte
}

// files are the calendar entry, the contact and the RTF that nothing else says.
func (m *Message) files(t *texts) (list []made) {
	if cal := m.calendar(t.plain); cal != "" {
		list = append(list, made{"text/calendar; charset=utf-8" + m.method(), "event.ics", []byte(cal)})
	}
	if card := m.card(t.plain); card != "" {
		list = append(list, made{"text/vcard; charset=utf-8", "contact.vcf", []byte(card)})
	}
	if t.rtf != nil {
		list = append(list, made{"application/rtf", "body.rtf", t.rtf})
	}
	return list
}

func filePart(mediaType, name string, b []byte) part {
	return part{
		mediaType: mediaType, encoding: "base64", header: []field{{"Content-Disposition", disposition("attachment", name)}},
		write: func(w *writer) { _ = w.base64(bytes.NewReader(b)) }, // bytes do not fail
	}
}

// disposition writes a file's name, in the form of RFC 2231 where it is not ASCII.
func disposition(kind, name string) string {
	if s := mime.FormatMediaType(kind, map[string]string{"filename": name}); s != "" {
		return s
	}
	return kind
}

// fileName makes a name fit for a header: one line, no folders.
func fileName(s string) string {
	s = word(strings.ToValidUTF8(s, "\uFFFD"))
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	return cut(s, 255)
}

// attachment makes the part of one. One that does not fit is left to stand
// beside the mail, and its part says so.
func (w *writer) attachment(a *Attachment, n, depth int) []part {
	name := fileName(a.name(""))
	if name == "" {
		name = numberName(n) + a.extension()
	}
	w.files++
	switch {
	case w.files > maxFiles && a.Content == nil:
		w.notes = append(w.notes, name+" is left out of the mail, which has too many parts")
		return nil
	case a.Message != nil && depth+1 <= maxDepth:
		w.files += 3 // its body and what is made of it
		return []part{a.messagePart(name, depth+1)}
	case a.Message != nil:
		w.notes = append(w.notes, errDeep.Error())
		return nil
	case a.Content == nil:
		return []part{a.placePart(name)}
	case a.Size*4/3 > w.left, w.files > maxFiles:
		beside := fmt.Sprintf("%03d-%s", len(w.beside)+1, name)
		w.beside = append(w.beside, File{Name: beside, Content: a.Content})
		return []part{a.sayPart(name, fmt.Sprintf("%s, %d bytes, is too large to be part of this mail, or one of too many. It is an item of its own: %s\n", name, a.Size, beside))}
	}
	w.left -= a.Size * 4 / 3
	return []part{a.filePart(name)}
}

func (a *Attachment) extension() string {
	if e := fileName(a.Text(attachExtension)); strings.HasPrefix(e, ".") {
		return e
	}
	return ""
}

// messagePart is a message in the message.
func (a *Attachment) messagePart(name string, depth int) part {
	if !strings.HasSuffix(strings.ToLower(name), ".eml") {
		name += ".eml"
	}
	return part{
		mediaType: "message/rfc822", encoding: "8bit", header: []field{{"Content-Disposition", disposition("attachment", name)}},
		write: func(w *writer) {
			if w.b.Len() > maxMail {
				w.notes = append(w.notes, "the message "+name+" is left out of the mail, which is too large")
				return
			}
			w.message(a.Message, depth)
		},
	}
}

// placePart stands for an attachment that only names where it lies.
func (a *Attachment) placePart(name string) part {
	place := a.place()
	if place == "" {
		return a.sayPart(name, name+" is attached without content.\n")
	}
	return a.sayPart(name, name+" is not in the message, which only names where it was: "+word(place)+"\n")
}

func (a *Attachment) sayPart(name, s string) part {
	p := textPart("text/plain", s)
	p.header = []field{{"Content-Disposition", disposition("attachment", name+".txt")}}
	return p
}

func (a *Attachment) filePart(name string) part {
	p := part{mediaType: a.mediaType(name), encoding: "base64"}
	kind := "attachment"
	if id := word(a.Text(attachContentID)); id != "" {
		kind = "inline"
		p.header = append(p.header, field{"Content-ID", "<" + strings.Trim(id, "<>") + ">"})
	}
	p.header = append(p.header, field{"Content-Disposition", disposition(kind, name)})
	p.write = func(w *writer) {
		r, err := a.Content()
		if err == nil {
			err = w.base64(io.LimitReader(r, a.Size))
		}
		if err != nil {
			w.notes = append(w.notes, fmt.Sprintf("the attachment %s breaks off: %v", name, err))
		}
	}
	return p
}

// mediaType is what the attachment says it is, if that can stand in a header.
func (a *Attachment) mediaType(name string) string {
	t := strings.ToLower(word(a.Text(attachMimeTag)))
	base, _, err := mime.ParseMediaType(t)
	if err != nil || !strings.Contains(base, "/") || strings.HasPrefix(base, "multipart/") || strings.HasPrefix(base, "message/") {
		base = typeOfEnding[strings.ToLower(path.Ext(name))]
	}
	if base == "" {
		return "application/octet-stream"
	}
	return base
}

// typeOfEnding helps readers where Outlook says nothing of a file's type.
var typeOfEnding = map[string]string{
	".txt": "text/plain", ".htm": "text/html", ".html": "text/html", ".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
	".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff", ".tiff": "image/tiff", ".doc": "application/msword", ".mp3": "audio/mpeg", ".wav": "audio/wav",
	".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".zip": "application/zip", ".rtf": "application/rtf", ".csv": "text/csv", ".ics": "text/calendar", ".vcf": "text/vcard",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
