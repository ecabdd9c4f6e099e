package calendar

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"unseal/intake/reader"
	"unseal/trove"
)

// MaxText bounds the text of one file in bytes.
const MaxText = 16 << 20

// Detect tells the kind and the media type of a file that is a calendar or a
// card of addresses; no kind if it is neither.
func Detect(head []byte, _ string) (trove.Kind, string) {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	head = bytes.ReplaceAll(head[:min(len(head), 64)], []byte{0}, nil)
	head = bytes.ToUpper(bytes.TrimLeft(head, "\xff\xfe"))
	switch {
	case bytes.HasPrefix(head, []byte("BEGIN:VCALENDAR")):
		return trove.Doc, "text/calendar"
	case bytes.HasPrefix(head, []byte("BEGIN:VCARD")):
		return trove.Doc, "text/vcard"
	}
	return "", ""
}

// Takes reports whether [Read] reads files of a media type as [Detect] names it.
func Takes(kind trove.Kind, mediaType string) bool {
	return kind == trove.Doc && (mediaType == "text/calendar" || mediaType == "text/vcard")
}

// file is one that is being read.
type file struct {
	reader.Result
	out strings.Builder
	cut bool
}

// Read reads a calendar or cards; it is the stage [reader.Read] of what
// [Detect] knows.
func Read(ctx context.Context, in *reader.Input) reader.Result {
	f := &file{}
	f.Record.Kind = trove.Doc
	b, err := in.Bytes(MaxFile)
	if err != nil {
		f.Failed = err.Error()
		return f.Result
	}
	root, cut := parse(b)
	f.cut = cut
	for _, c := range root.below {
		switch c.name {
		case "VCALENDAR":
			f.calendar(c)
		case "VCARD":
			f.card(c)
		}
		if ctx.Err() != nil || f.out.Len() > MaxText {
			f.cut = true
			break
		}
	}
	f.title(root)
	f.Text = strings.TrimSpace(f.out.String())
	if f.cut {
		f.Warn("text-cut", "the file is longer than is read")
		f.Partly = "the file is longer than is read"
	}
	if f.Text == "" {
		f.Failed = "neither an event nor a card was found"
	}
	return f.Result
}

// title names the item after the only event or card, else after their number.
func (f *file) title(root *component) {
	events, cards := 0, 0
	for _, c := range root.below {
		if c.name == "VCARD" {
			cards++
		}
		for _, e := range c.below {
			if isEvent[e.name] {
				events++
			}
		}
	}
	switch {
	case f.Record.Subject != "":
	case cards > 1:
		f.Record.Subject = fmt.Sprintf("%d cards", cards)
	case events > 1:
		f.Record.Subject = fmt.Sprintf("%d entries of a calendar", events)
	}
}

var isEvent = map[string]bool{"VEVENT": true, "VTODO": true, "VJOURNAL": true, "VFREEBUSY": true}

// say adds a line of text, unless there is nothing to say.
func (f *file) say(label, value string) {
	if value = strings.TrimSpace(strings.ReplaceAll(value, "\x00", "")); value == "" || f.out.Len() > MaxText {
		return
	}
	if label != "" {
		label += ": "
	}
	f.out.WriteString(label + value + "\n")
}

// fact adds a fact in one line.
func (f *file) fact(name, value string) {
	value = strings.Join(strings.Fields(value), " ")
	f.Fact(name, strings.ToValidUTF8(value[:min(len(value), 500)], ""))
}

// calendar reads what a calendar says of itself and its entries.
func (f *file) calendar(c *component) {
	f.say("Calendar", c.first("X-WR-CALNAME"))
	if len(f.Reading.Facts) == 0 {
		f.fact("software", c.first("PRODID"))
		f.fact("method", c.first("METHOD"))
	}
	if method := c.first("METHOD"); method != "" && !strings.EqualFold(method, "PUBLISH") {
		f.say("Method", method)
	}
	n := 0
	for _, e := range c.below {
		if isEvent[e.name] {
			n++
		}
	}
	for _, e := range c.below {
		if isEvent[e.name] {
			f.event(e, n == 1)
		}
	}
}

// event reads one entry; of the only one there are facts.
func (f *file) event(e *component, only bool) {
	if f.out.Len() > 0 {
		f.out.WriteByte('\n')
	}
	title := e.first("SUMMARY")
	f.say("", title)
	start, end := when(e.line("DTSTART")), when(e.line("DTEND"))
	f.say("Start", start.words())
	f.say("End", end.words())
	f.say("Due", when(e.line("DUE")).words())
	f.say("Duration", e.first("DURATION"))
	f.say("Repeats", e.first("RRULE"))
	f.say("Location", e.first("LOCATION"))
	f.say("Status", e.first("STATUS"))
	organizer := person(e.line("ORGANIZER"))
	f.say("Organizer", words(organizer))
	var attendees []trove.Address
	for i := range e.lines {
		if e.lines[i].name == "ATTENDEE" {
			a := person(&e.lines[i])
			attendees = append(attendees, a)
			f.say("Attendee", strings.TrimSpace(words(a)+" "+strings.ToLower(bracket(e.lines[i].params["PARTSTAT"]))))
		}
	}
	f.say("Link", e.first("URL"))
	f.say("Attached", e.attached())
	f.say("", e.first("DESCRIPTION"))
	f.say("Comment", e.first("COMMENT"))
	if !only || f.Record.Subject != "" {
		return
	}
	f.Record.Subject = strings.Join(strings.Fields(title), " ")
	f.fact("title", title)
	f.fact("start", start.String())
	f.fact("end", end.String())
	f.fact("location", e.first("LOCATION"))
	f.fact("organizer", words(organizer))
	if organizer != (trove.Address{}) {
		f.Record.From = []trove.Address{organizer}
	}
	f.Record.To = attendees
	f.Record.Date = start.utc()
	if f.Record.Date.IsZero() {
		f.Record.Date = when(e.line("DTSTAMP")).utc()
	}
}

func bracket(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// attached names a link of an entry that is no data.
func (c *component) attached() string {
	if l := c.line("ATTACH"); l != nil && !strings.EqualFold(l.params["ENCODING"], "BASE64") {
		return l.value
	}
	return ""
}

// person is who a line names, RFC 5545 section 3.3.3.
func person(l *line) trove.Address {
	if l == nil {
		return trove.Address{}
	}
	addr := strings.TrimSpace(l.value)
	if i := strings.IndexByte(addr, ':'); i >= 0 && strings.EqualFold(addr[:i], "mailto") {
		addr = addr[i+1:]
	}
	return trove.Address{Name: strings.Join(strings.Fields(l.params["CN"]), " "), Addr: strings.Join(strings.Fields(addr), " ")}
}

func words(a trove.Address) string {
	switch {
	case a.Name == "" || a.Name == a.Addr:
		return a.Addr
	case a.Addr == "":
		return a.Name
	}
	return a.Name + " <" + a.Addr + ">"
}

// moment is a time as a line states it.
type moment struct {
	at   time.Time
	zone string // "Z", a name, or "" where none is stated
	day  bool   // the day alone
	raw  string // where it cannot be read
}

// when reads a time, RFC 5545 sections 3.3.4 and 3.3.5.
func when(l *line) moment {
	if l == nil {
		return moment{}
	}
	s := strings.TrimSpace(l.value)
	if t, err := time.Parse("20060102", s); err == nil {
		return moment{at: t, day: true}
	}
	if t, err := time.Parse("20060102T150405Z", s); err == nil {
		return moment{at: t, zone: "Z"}
	}
	if t, err := time.Parse("20060102T150405", s); err == nil {
		return moment{at: t, zone: l.params["TZID"]}
	}
	return moment{raw: s}
}

// utc is the time, if the file states it in UTC; else zero.
func (m moment) utc() time.Time {
	if m.zone == "Z" {
		return m.at
	}
	return time.Time{}
}

// String is a fact: RFC 3339 without a zone where none is stated, with the name
// of the zone behind where it has one.
func (m moment) String() string {
	switch {
	case m.at.IsZero():
		return m.raw
	case m.day:
		return m.at.Format("2006-01-02")
	case m.zone == "Z":
		return m.at.Format("2006-01-02T15:04:05Z")
	}
	return strings.TrimSpace(m.at.Format("2006-01-02T15:04:05") + " " + m.zone)
}

// words is the time in the text.
func (m moment) words() string {
	switch {
	case m.at.IsZero() || m.day:
		return m.String()
	case m.zone == "Z":
		return m.at.Format("2006-01-02 15:04:05") + " UTC"
	case m.zone == "":
		return m.at.Format("2006-01-02 15:04:05") + " (no time zone stated)"
	}
	return m.at.Format("2006-01-02 15:04:05") + " " + m.zone
}

// labels of the lines of a card that are shown, in the order of the card.
var labels = map[string]string{
	"NICKNAME": "Nickname", "ORG": "Organization", "TITLE": "Title", "ROLE": "Role", "TEL": "Telephone", "EMAIL": "Email", "ADR": "Address", "LABEL": "Address", "URL": "Link", "BDAY": "Birthday",
	"ANNIVERSARY": "Anniversary", "NOTE": "Note", "CATEGORIES": "Categories", "IMPP": "Messages", "GEO": "Place", "TZ": "Time zone", "REV": "Changed", "UID": "", "RELATED": "Related",
}

// card reads one card.
func (f *file) card(c *component) {
	if f.out.Len() > 0 {
		f.out.WriteByte('\n')
	}
	name := c.first("FN")
	if l := c.line("N"); name == "" && l != nil {
		n := append(fields(l.value), "", "", "", "", "")
		name = strings.Join(strings.Fields(strings.Join([]string{n[3], n[1], n[2], n[0], n[4]}, " ")), " ")
	}
	f.say("", name)
	if f.Record.Subject == "" {
		f.Record.Subject = strings.Join(strings.Fields(name), " ")
	}
	for i := range c.lines {
		f.cardLine(&c.lines[i])
	}
}

func (f *file) cardLine(l *line) {
	switch label := labels[l.name]; {
	case l.name == "PHOTO" || l.name == "LOGO" || l.name == "SOUND" || l.name == "KEY":
		f.data(l)
	case label != "":
		var parts []string
		for _, p := range fields(l.value) {
			if p != "" {
				parts = append(parts, p)
			}
		}
		value := strings.Join(parts, ", ")
		f.say(label+kindOf(l), value)
		if l.name == "TEL" || l.name == "EMAIL" {
			f.fact(map[string]string{"TEL": "phone", "EMAIL": "email"}[l.name], value)
		}
	}
}

// kindOf is what a number or an address is for: " (work)".
func kindOf(l *line) string {
	var kinds []string
	for k := range strings.SplitSeq(strings.ToLower(l.params["TYPE"]), ",") {
		switch k {
		case "", "internet", "pref", "quoted-printable", "base64":
		default:
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 || len(kinds) > 4 {
		return ""
	}
	return " (" + strings.Join(kinds, ", ") + ")"
}

// maxParts bounds the pictures of cards.
const maxParts = 2000

// data keeps a picture or a sound that lies in a card.
func (f *file) data(l *line) {
	coded := l.value
	typ := ""
	if rest, ok := strings.CutPrefix(coded, "data:"); ok {
		head, data, _ := strings.Cut(rest, ",")
		typ, _, _ = strings.Cut(head, ";")
		coded = data
	} else if e := l.params["ENCODING"]; !strings.EqualFold(e, "b") && !strings.EqualFold(e, "BASE64") {
		f.say(strings.ToLower(l.name), l.value)
		return
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(coded), ""))
	if err != nil || len(b) == 0 || len(f.Record.Parts) >= maxParts {
		return
	}
	path := fmt.Sprint(len(f.Record.Parts) + 1)
	if typ == "" {
		typ = typeOf(b)
	}
	f.Record.Parts = append(f.Record.Parts, trove.Part{Path: path, Type: typ, Role: trove.RoleAttachment, Size: int64(len(b)), SHA256: trove.Sum(b)})
	f.Embedded = append(f.Embedded, reader.Embedded{Path: path, Type: typ, Bytes: b})
}

func typeOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("GIF8")):
		return "image/gif"
	}
	return ""
}
