package table

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"unicode/utf8"

	"unseal/intake/reader"
)

// Report is what was made of a table of mails.
type Report struct {
	Mails    int  // made
	Undated  int  // whose date cannot be read, or in two ways
	Zoneless int  // whose date states no zone
	Empty    int  // rows without anything in the columns of the mapping: no mail
	Cut      bool // rows or fields were longer than is read
}

// Add adds the counts of another table.
func (r *Report) Add(more Report) {
	r.Mails += more.Mails
	r.Undated += more.Undated
	r.Zoneless += more.Zoneless
	r.Empty += more.Empty
	r.Cut = r.Cut || more.Cut
}

// ErrColumns says that a table does not have the columns of a mapping.
var ErrColumns = errors.New("the table does not have the columns of the mapping")

// Message is one row as a message.
type Message struct {
	Row int    // from 1, the row of names not counted
	Raw []byte // RFC 5322, good after the call
}

// Expand makes a message of each row of a table under a mapping that a person
// confirmed. The same table and mapping give the same bytes. What the table
// does not say is not in the message: it has no Message-ID unless the table has
// one, and a time without a zone is written with the zone "-0000", which is
// "not known" (RFC 5322 section 3.3), and a comment that says so. All other
// columns stand in fields X-Unseal-Column. visit may stop it by an error. A table
// that the mapping does not fit is an error that matches [ErrColumns].
func Expand(ctx context.Context, in *reader.Input, m Mapping, visit func(Message) error) (report Report, err error) {
	s, err := open(in)
	if err != nil {
		return report, err
	}
	var header []string
	var stop error
	n := 0
	report.Cut, err = s.each(ctx, func(row []string) bool {
		if header == nil {
			header = append(header, row...)
			stop = m.Check(header)
			return stop == nil
		}
		n++
		raw := m.message(header, row, n, in.Name, &report)
		if raw == nil {
			report.Empty++
			return true
		}
		report.Mails++
		stop = visit(Message{n, raw})
		return stop == nil
	})
	if stop != nil {
		return report, stop
	}
	return report, err
}

// message makes the message of one row; nil where its mapped columns are empty.
func (m Mapping) message(header, row []string, n int, name string, report *Report) []byte {
	value := func(f Field) string {
		i := m.at(header, f)
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	if value(From)+value(To)+value(Subject)+value(Body) == "" {
		return nil
	}
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	field("X-Unseal-Source", encoded(fmt.Sprintf("row %d of %s", n, name)))
	field("X-Unseal-Mapping", encoded(m.String()))
	for _, f := range []struct {
		name string
		Field
	}{{"From", From}, {"To", To}, {"Cc", Cc}, {"Bcc", Bcc}} {
		field(f.name, people(value(f.Field)))
	}
	field("Subject", encoded(value(Subject)))
	m.date(value(Date), field, report)
	if id := value(ID); isMessageID(id) {
		field("Message-ID", "<"+strings.Trim(id, "<>")+">")
	} else if id != "" {
		field("X-Unseal-ID", encoded(id))
	}
	m.others(header, row, field)
	writeBody(&b, value(Body), field)
	return []byte(b.String())
}

// date writes what is known of the time.
func (m Mapping) date(s string, field func(name, value string), report *Report) {
	t, ok := parseDate(s, m[Dates])
	switch {
	case !ok:
		report.Undated++
		field("X-Unseal-Date", encoded(s))
		return
	case t.zone:
		field("Date", t.time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
		return
	}
	report.Zoneless++
	comment := "the table states no zone"
	if !t.clock {
		comment = "the table states the day alone"
	}
	field("Date", t.time.Format("Mon, 02 Jan 2006 15:04:05 -0000")+" ("+comment+")")
	field("X-Unseal-Date", encoded(s))
}

// Limits of what is kept of the other columns in the fields of a message.
const (
	maxColumnValue = 500
	maxColumnField = 64
)

// others keeps the columns that the mapping does not name.
func (m Mapping) others(header, row []string, field func(name, value string)) {
	used := map[int]bool{}
	for _, f := range fields {
		used[m.at(header, f)] = true
	}
	kept := 0
	for i, c := range row {
		if c = strings.TrimSpace(c); used[i] || c == "" || i >= len(header) || len(c) > maxColumnValue || kept == maxColumnField {
			continue
		}
		field("X-Unseal-Column", encoded(strings.TrimSpace(header[i])+": "+c))
		kept++
	}
}

// encoded makes text fit for a field: one line, RFC 2047 words where it is not
// ASCII, folded.
func encoded(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	return fold(mime.QEncoding.Encode("utf-8", s))
}

// maxHeaderLine is where a field is folded, RFC 5322 section 2.1.1.
const maxHeaderLine = 76

// fold breaks a field at white space.
func fold(s string) string {
	var b strings.Builder
	line := 0
	for i, word := range strings.Split(s, " ") {
		if i > 0 && line+len(word) > maxHeaderLine {
			b.WriteString("\r\n ")
			line = 1
		} else if i > 0 {
			b.WriteByte(' ')
			line++
		}
		b.WriteString(word)
		line += len(word)
	}
	return b.String()
}

// people writes a list of persons: addresses where there are any, else names.
func people(s string) string {
	var list []string
	for _, one := range split(s) {
		switch a, err := mail.ParseAddress(one); {
		case err == nil && a.Name == "":
			list = append(list, a.Address)
		case err == nil:
			list = append(list, a.String())
		default:
			list = append(list, phrase(one))
		}
	}
	return fold(strings.Join(list, ", "))
}

// split divides a list of persons: at semicolons and line ends, and at commas
// where each piece is an address. A name may hold a comma itself: "Doe, Jane".
func split(s string) (list []string) {
	for _, piece := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		commas := strings.Split(piece, ",")
		for _, c := range commas {
			if !strings.Contains(c, "@") {
				commas = []string{piece}
				break
			}
		}
		for _, c := range commas {
			if c = strings.Join(strings.Fields(c), " "); c != "" {
				list = append(list, c)
			}
		}
	}
	return list
}

// phrase writes a name without an address: a quoted string, or encoded words.
func phrase(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if e := mime.QEncoding.Encode("utf-8", s); e != s {
		return e
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// isMessageID reports whether s has the form of RFC 5322 section 3.6.4.
func isMessageID(s string) bool {
	s = strings.Trim(s, "<>")
	left, right, ok := strings.Cut(s, "@")
	return ok && left != "" && right != "" && len(s) < 250 && ascii(s) && !strings.ContainsAny(s, " <>\t\r\n\"(),;") && strings.Count(s, "@") == 1
}

// maxBodyLine is the longest line that goes out as it stands, RFC 5322 section 2.1.1.
const maxBodyLine = 998

// writeBody ends the header and writes the text with CRLF line ends.
func writeBody(b *strings.Builder, s string, field func(name, value string)) {
	s = strings.ReplaceAll(plainBreaks.Replace(strings.ToValidUTF8(s, "\uFFFD")), "\n", "\r\n")
	long := false
	for line := range strings.SplitSeq(s, "\r\n") {
		long = long || len(line) > maxBodyLine
	}
	encoding := "7bit"
	if !ascii(s) {
		encoding = "8bit"
	}
	if long {
		encoding = "quoted-printable"
	}
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", encoding)
	b.WriteString("\r\n")
	if long {
		w := quotedprintable.NewWriter(b)
		_, _ = w.Write([]byte(s)) // into memory
		_ = w.Close()
	} else {
		b.WriteString(s)
	}
	b.WriteString("\r\n")
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
