package mail

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"unseal/intake/language"
	"unseal/mime"
	"unseal/mime/body"
	"unseal/trove"
)

// Limits of what is made for display and of what a record holds.
const (
	MaxText     = 16 << 20 // bytes of text of one message
	MaxHTML     = 16 << 20 // bytes of HTML of one message that are laid out as text; one pass without a tree, so more than a tree may have
	MaxWarnings = 100      // warnings of one message
)

// Parse reads a message. The text is valid UTF-8 with "\n" line ends; it is
// empty when the message is unreadable or has none. The same bytes always
// give the same result. It may be called from several goroutines at once.
func Parse(raw []byte) (trove.Record, string) {
	start, end := window(raw)
	r := &reader{raw: raw[start:end], start: start}
	text := r.read()
	return r.rec, text
}

// read fills in the record and returns the text.
func (r *reader) read() string {
	msg, err := body.Walk(r.raw)
	r.msg = msg
	r.rec.Kind = trove.Mail
	r.fields(msg.Header())
	text := ""
	if err != nil {
		r.rec.Unreadable = err.Error()
	} else {
		r.rec.Warnings = append(r.rec.Warnings, msg.Warnings...)
		r.parts()
		text = r.text()
		r.rec.Content = r.content()
		r.rec.Lang = language.Of(text)
	}
	r.place()
	return text
}

// reader holds the state of reading one message.
type reader struct {
	raw     []byte
	start   int // offset of raw in the item's exact bytes
	msg     *body.Message
	rec     trove.Record
	leafs   []leaf   // one for each of rec.Parts
	part    []int    // index into rec.Parts of each of msg.Parts, or of what follows a multipart
	index   int      // of the part of msg that is being listed
	out     []string // pieces of the text
	size    int      // of out
	cut     bool     // there is more text than in out
	html    int      // bytes of HTML laid out so far
	guesses int      // charsets guessed so far
	level   int      // encoded messages around this one
	charset *string  // see bodyCharset; nil before it is asked for
}

// window finds the message inside the wrapper of an emlx file: a line with its
// length before it, a property list after it.
func window(raw []byte) (start, end int) {
	i := bytes.IndexByte(raw[:min(len(raw), 32)], '\n')
	if i < 1 || raw[0] < '0' || raw[0] > '9' {
		return 0, len(raw)
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(raw[:i])))
	if err != nil || n < 0 || n > len(raw)-i-1 {
		return 0, len(raw)
	}
	return i + 1, i + 1 + n
}

func (r *reader) warn(code, text string, offset int) {
	r.rec.Warnings = append(r.rec.Warnings, trove.Warning{Code: code, Text: text, Offset: int64(offset)})
}

// fields takes what the record needs from the header. Fields that may stand
// only once (RFC 5322 section 3.6) count where they stand first; addresses of
// further ones are added.
func (r *reader) fields(h mime.Header) {
	if len(h.Fields) == 0 {
		r.warn("no-header", "there is no header field: this may be no mail", 0)
	}
	var seen [fieldKinds]int
	dated := false
	for _, f := range h.Fields {
		kind := kindOf(f)
		seen[kind]++
		if seen[kind] == 2 && kind != otherField && kind < lastSingle {
			r.warn("repeated-field", "the header has more than one "+f.Name()+" field", f.Offset)
		}
		first := seen[kind] == 1
		value := f.Value()
		if kind != otherField && !utf8.Valid(value) && !bytes.Contains(value, []byte("=?")) {
			s, _ := mime.ToUTF8(value, r.bodyCharset())
			value = []byte(s)
		}
		switch kind {
		case subject:
			if first {
				r.rec.Subject = oneLine(mime.DecodeText(value))
			}
		case from:
			r.rec.From = append(r.rec.From, mime.ParseAddresses(value)...)
		case sender:
			r.rec.Sender = append(r.rec.Sender, mime.ParseAddresses(value)...)
		case replyTo:
			r.rec.ReplyTo = append(r.rec.ReplyTo, mime.ParseAddresses(value)...)
		case to:
			r.rec.To = append(r.rec.To, mime.ParseAddresses(value)...)
		case cc:
			r.rec.Cc = append(r.rec.Cc, mime.ParseAddresses(value)...)
		case bcc:
			r.rec.Bcc = append(r.rec.Bcc, mime.ParseAddresses(value)...)
		case date:
			if bytes.Contains(value, []byte("=?")) {
				value = []byte(mime.DecodeText(value))
			}
			if t, offset, ok := mime.ParseDate(value); ok && !dated {
				r.rec.Date, r.rec.DateOffset, dated = t, offset, true
			} else if !ok {
				r.warn("bad-date", "the date cannot be read: "+clip(oneLine(mime.DecodeText(value))), f.Offset)
			}
		case received:
			if t, ok := mime.ReceivedDate(value); ok {
				r.rec.Received = t // the last one stands lowest and is the oldest
			}
		case messageID:
			if first {
				r.rec.MessageID = parseID(value)
			}
		case inReplyTo:
			r.rec.InReplyTo = append(r.rec.InReplyTo, parseIDs(value)...)
		case references:
			r.rec.References = append(r.rec.References, parseIDs(value)...)
		case listID:
			r.rec.Mass = true
			r.rec.ListID = listName(mime.DecodeText(value))
		case listUnsubscribe:
			r.rec.Mass = true
		case precedence, autoSubmitted:
			r.rec.Mass = r.rec.Mass || massWord(mime.DecodeText(value))
		}
	}
}

// bodyCharset is what raw 8-bit bytes in the header are most likely written
// in: the charset that the first text names.
func (r *reader) bodyCharset() string {
	if r.charset == nil {
		r.charset = new(string)
		for i := range r.msg.Parts {
			if p := &r.msg.Parts[i]; p.Kind == body.Leaf && strings.HasPrefix(p.Type, "text/") {
				*r.charset = p.Charset()
				break
			}
		}
	}
	return *r.charset
}

// fieldKind is a header field that the record has a use for.
type fieldKind int

const (
	otherField fieldKind = iota
	subject
	from
	sender
	replyTo
	to
	cc
	bcc
	date
	messageID
	inReplyTo
	references
	lastSingle // those above may stand only once
	received
	listID
	listUnsubscribe
	precedence
	autoSubmitted
	fieldKinds
)

var fieldNames = map[string]fieldKind{
	"subject": subject, "from": from, "sender": sender, "reply-to": replyTo, "to": to, "cc": cc, "bcc": bcc, "date": date,
	"message-id": messageID, "in-reply-to": inReplyTo, "references": references, "received": received, "list-id": listID,
	"list-unsubscribe": listUnsubscribe, "precedence": precedence, "auto-submitted": autoSubmitted,
}

func kindOf(f mime.Field) fieldKind {
	var buf [16]byte // the longest name above
	n := 0
	for n < len(f.Raw) && f.Raw[n] > ' ' && f.Raw[n] != ':' {
		if n == len(buf) {
			return otherField
		}
		if buf[n] = f.Raw[n]; buf[n] >= 'A' && buf[n] <= 'Z' {
			buf[n] |= 0x20
		}
		n++
	}
	return fieldNames[string(buf[:n])]
}

// massWord reports whether the value of Precedence or Auto-Submitted (RFC 3834
// section 5) says that a machine sent the message.
func massWord(s string) bool {
	s, _, _ = strings.Cut(strings.ToLower(s), ";")
	switch strings.TrimSpace(s) {
	case "bulk", "list", "junk", "auto-generated", "auto-replied", "auto-notified":
		return true
	}
	return false
}

// listName is the identifier in a List-Id (RFC 2919 section 3).
func listName(s string) string {
	if _, rest, ok := strings.Cut(s, "<"); ok {
		s, _, _ = strings.Cut(rest, ">")
	}
	return strings.TrimSpace(s)
}

// oneLine turns line ends and tabs into spaces.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") {
		return s
	}
	return strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\t", " ", "\r", " ", "\n", " ").Replace(s))
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// place moves offsets to the item's exact bytes and bounds the warnings.
func (r *reader) place() {
	for i := range r.rec.Parts {
		r.rec.Parts[i].Offset += int64(r.start)
	}
	for i := range r.rec.Warnings {
		r.rec.Warnings[i].Offset += int64(r.start)
	}
	if n := len(r.rec.Warnings); n > MaxWarnings {
		r.rec.Warnings = append(r.rec.Warnings[:MaxWarnings-1:MaxWarnings-1],
			trove.Warning{Code: "more-warnings", Text: strconv.Itoa(n-MaxWarnings+1) + " further warnings are left out"})
	}
}
