package outlook

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strings"
	"time"
	"unicode/utf8"

	"unseal/intake/outlook/mapi"
)

// noteField says what a message was made from.
const noteField = "X-Unseal-Reconstructed"

// foldAt is the length of header lines that is aimed at, RFC 5322 section 2.1.1.
const foldAt = 76

// Bounds of what goes into a header, in bytes.
const (
	maxWords   = 4 << 10   // a name or a value
	maxHeaders = 512 << 10 // those of the transport
	maxLines   = 1_000     // of these
	maxList    = 100 << 10 // a list of addresses
)

// head writes the header block up to the fields that say how the body is
// built: the transport's own fields as they stand, then those that are missing.
func (w *writer) head(m *Message) {
	raw := transport(m.Text(transportHeaders))
	if raw.short {
		w.notes = append(w.notes, "the headers of the transport are too long to stand in the mail in full")
	}
	w.b.WriteString(raw.text)
	from := "properties"
	if raw.text != "" {
		from = "transport headers"
	}
	for _, f := range fields(m) {
		if f.value != "" && !raw.has[strings.ToLower(f.name)] {
			w.field(f.name, f.value)
		}
	}
	w.field(noteField, fmt.Sprintf("from=%s; class=%s; header=%s", m.Source, word(m.Class()), from))
	for _, n := range m.Notes {
		w.field(noteField+"-Problem", word(n))
	}
	w.field("MIME-Version", "1.0")
}

// block is the header block that a message came with.
type block struct {
	text  string
	has   map[string]bool // names of fields, lower case
	short bool            // some of it was left out
}

// displaced fields told of a body that is not there any more: how it was built,
// and signatures that were made over it.
var displaced = map[string]bool{
	"mime-version": true, "content-type": true, "content-transfer-encoding": true, "content-disposition": true, "content-length": true, "content-id": true, "content-md5": true, "lines": true,
	"dkim-signature": true, "domainkey-signature": true, "arc-seal": true, "arc-message-signature": true, "arc-authentication-results": true,
}

// transport makes a block of fields out of the headers that Outlook kept: with
// CRLF, without empty lines; fields of the lost body and lines that are no
// fields get a name of their own in front.
func transport(s string) block {
	b := block{has: map[string]bool{}, short: len(s) > maxHeaders}
	s = cut(s, maxHeaders)
	lines := 0
	var out strings.Builder
	folded := false // a field was met that folded lines can belong to
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		line = strings.Map(visible, strings.TrimRight(line, " \t\r"))
		name, _, ok := strings.Cut(line, ":")
		key := strings.ToLower(strings.TrimRight(name, " \t"))
		switch {
		case strings.TrimSpace(line) == "":
			continue
		case lines == maxLines:
			b.short = true
			continue
		case (line[0] == ' ' || line[0] == '\t') && folded:
		case !ok || !isFieldName(key):
			line, folded = "X-Original-Line: "+strings.TrimSpace(line), true
		default:
			folded = true
			b.has[key] = true
			if displaced[key] {
				line = "X-Original-" + line
			}
		}
		lines++
		out.WriteString(line)
		out.WriteString("\r\n")
	}
	b.text = out.String()
	return b
}

func visible(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

func isFieldName(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) < 100
}

type field struct{ name, value string }

// fields are those that properties tell of, in their order.
func fields(m *Message) []field {
	list := []field{{"From", m.from()}, {"Sender", m.sender()}, {"Reply-To", m.replyTo()}}
	list = append(list, m.receivers()...)
	list = append(list,
		field{"Subject", encodeText(m.Subject())},
		field{"Date", m.date()},
		field{"Message-ID", messageIDs(m.Text(internetMessageID))},
		field{"In-Reply-To", messageIDs(m.Text(inReplyToID))},
		field{"References", messageIDs(m.Text(internetReferences))},
		field{"Thread-Topic", encodeText(m.Text(conversationTopic))},
		field{"Thread-Index", base64.StdEncoding.EncodeToString(m.Bytes(conversationIndex))},
		field{"Importance", m.importance()},
		field{"Sensitivity", m.sensitivity()},
		field{"Keywords", encodeText(strings.Join(m.keywords(), ", "))},
	)
	return list
}

func (m *Message) keywords() []string {
	return m.Texts(m.Named(mapi.Name{Set: mapi.PublicStrings, Word: "Keywords"}))
}

func (m *Message) importance() string {
	n, ok := m.Number(importance)
	if !ok {
		return ""
	}
	return map[int64]string{0: "low", 2: "high"}[n]
}

func (m *Message) sensitivity() string {
	return map[int64]string{1: "Personal", 2: "Private", 3: "Company-Confidential"}[m.Int(sensitivity)]
}

// when is the time of the message: sent, else received, else made.
func (m *Message) when() time.Time {
	for _, id := range []mapi.ID{clientSubmitTime, messageDeliveryTime, creationTime, lastModificationTime} {
		if t := m.Time(id); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func (m *Message) date() string {
	if t := m.when(); !t.IsZero() {
		return t.Format("Mon, 02 Jan 2006 15:04:05 +0000")
	}
	return ""
}

// person is a name with an address, either of which may be missing.
type person struct{ name, addr string }

// whoIs takes a person from four properties: of the two addresses that of SMTP
// counts, and one of an Exchange server only if it is one of mail by its form.
func whoIs(b *mapi.Bag, name, kind, email, smtp mapi.ID) person {
	p := person{name: word(b.Text(name)), addr: mailAddress(b.Text(smtp))}
	if p.addr == "" && !strings.EqualFold(b.Text(kind), "EX") {
		p.addr = mailAddress(b.Text(email))
	}
	if p.addr == "" {
		p.addr = mailAddress(p.name)
	}
	if p.name == p.addr || strings.Trim(p.name, "'") == p.addr {
		p.name = ""
	}
	return p
}

// mailAddress is s if it can stand between angle brackets, else empty.
func mailAddress(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "'<>")
	if at := strings.LastIndexByte(s, '@'); at < 1 || at == len(s)-1 || len(s) > 320 || strings.ContainsAny(s, " \t\r\n<>,;:\"()[]\\\x00") || strings.Map(visible, s) != s {
		return ""
	}
	return s
}

func (m *Message) representing() person {
	return whoIs(m.Bag, sentRepresentingName, sentRepresentingType, sentRepresentingEmail, sentRepresentingSMTP)
}

func (m *Message) author() person {
	return whoIs(m.Bag, senderName, senderType, senderEmail, senderSMTP)
}

func (m *Message) from() string {
	p := m.representing()
	if p.addr == "" {
		if a := m.author(); a.addr != "" || p.name == "" {
			p = a
		}
	}
	return p.String()
}

// sender is who sent it for somebody else.
func (m *Message) sender() string {
	a, p := m.author(), m.representing()
	if a.addr == "" || p.addr == "" || strings.EqualFold(a.addr, p.addr) {
		return ""
	}
	return a.String()
}

// String writes a mailbox, or a name alone as a group without members (RFC
// 6854), since an address is not to be made up.
func (p person) String() string {
	name := phrase(p.name)
	switch {
	case p.addr != "" && name != "":
		return name + " <" + p.addr + ">"
	case p.addr != "":
		return "<" + p.addr + ">"
	case name != "":
		return name + ":;"
	}
	return ""
}

// phrase writes a display name.
func phrase(s string) string {
	s = word(s)
	for _, r := range s {
		if r >= 0x7f {
			return mime.BEncoding.Encode("utf-8", s)
		}
	}
	if s == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// word makes a value one line without what cannot be seen.
// What is longer than maxWords is cut; it stands in the listing in full.
func word(s string) string {
	return cut(strings.Join(strings.Fields(strings.Map(visible, s)), " "), maxWords)
}

// cut takes letters off the end until s has at most n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// encodeText writes a value of words, encoded where it must be.
func encodeText(s string) string { return mime.BEncoding.Encode("utf-8", word(s)) }

// messageIDs keeps what can be part of a value of message ids.
func messageIDs(s string) string { return word(strings.ToValidUTF8(s, "")) }

// receivers are To, Cc and Bcc: of the recipients, or of the lines that Outlook
// shows where there are none.
func (m *Message) receivers() []field {
	var lists [4][]string
	for _, r := range m.Recipients {
		name := displayName
		if r.Text(name) == "" {
			name = recipientDisplayName
		}
		kind := r.Int(recipientType) & 0xf
		if p := whoIs(r, name, addressType, emailAddress, smtpAddress).String(); p != "" && kind < 4 {
			lists[kind] = append(lists[kind], p)
		}
	}
	list := []field{}
	for kind, f := range []struct {
		name  string
		shown mapi.ID
	}{{"To", displayTo}, {"Cc", displayCc}, {"Bcc", displayBcc}} {
		value := joined(lists[kind+1])
		if len(m.Recipients) == 0 {
			value = shownNames(m.Text(f.shown))
		}
		list = append(list, field{f.name, value})
	}
	return list
}

// shownNames makes addresses of a line of names, ";" between them.
func shownNames(s string) string {
	var list []string
	for name := range strings.SplitSeq(s, ";") {
		p := person{name: word(name)}
		if addr := mailAddress(p.name); addr != "" {
			p = person{addr: addr}
		}
		if p.name+p.addr != "" {
			list = append(list, p.String())
		}
	}
	return joined(list)
}

// joined makes one value of addresses, as many as fit; the others stand in the
// listing.
func joined(list []string) string {
	n := 0
	for i, p := range list {
		if n += len(p) + 2; n > maxList {
			return strings.Join(list[:i], ", ")
		}
	}
	return strings.Join(list, ", ")
}

// replyTo takes addresses from the entries where these name them, else the
// names alone.
func (m *Message) replyTo() string {
	var list []string
	for _, e := range flatEntries(m.Bytes(replyRecipientEntries)) {
		if p, ok := oneOff(e); ok {
			list = append(list, p.String())
		}
	}
	if list == nil {
		return shownNames(m.Text(replyRecipientNames))
	}
	return joined(list)
}

// field writes a header field, folded at its spaces: a long one in lines as long
// as may be, so that there are not too many.
func (w *writer) field(name, value string) {
	const long, foldLong = 8 << 10, 900
	foldAt := foldAt
	if len(value) > long {
		foldAt = foldLong
	}
	line := name + ":"
	for part := range strings.SplitSeq(value, " ") {
		if len(line)+1+len(part) > foldAt && len(line) > len(name)+1 && part != "" {
			w.b.WriteString(line)
			w.b.WriteString("\r\n")
			line = ""
		}
		line += " " + part
	}
	w.b.WriteString(line)
	w.b.WriteString("\r\n")
}
