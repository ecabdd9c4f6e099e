package outlook

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"unseal/intake/outlook/mapi"
)

// Named properties of appointments and tasks, MS-OXPROPS; their names there are
// those here with PidLid before them.
const (
	location              = 0x8208
	appointmentStartWhole = 0x820d
	appointmentEndWhole   = 0x820e
	appointmentSubType    = 0x8215
	appointmentRecur      = 0x8216
	recurrencePattern     = 0x8232
	timeZoneDescription   = 0x8234
	busyStatus            = 0x8205
	globalObjectID        = 0x0003
	cleanGlobalObjectID   = 0x0023
	reminderDelta         = 0x8501
	reminderSet           = 0x8503
	commonStart           = 0x8516
	commonEnd             = 0x8517
	taskStatus            = 0x8101
	taskStartDate         = 0x8104
	taskDueDate           = 0x8105
	taskDateCompleted     = 0x810f
	taskOwner             = 0x811f
)

// kind tells appointments and meetings, tasks, contacts and lists by the
// message class, MS-OXOMSG and its companions.
func (m *Message) kind() string {
	c := strings.ToLower(m.Class())
	for _, k := range []struct{ prefix, kind string }{
		{"ipm.appointment", "event"}, {"ipm.schedule.meeting", "event"}, {"ipm.ole.class.{00061055", "event"}, {"ipm.task", "task"},
		{"ipm.contact", "contact"}, {"ipm.distlist", "list"},
	} {
		if strings.HasPrefix(c, k.prefix) {
			return k.kind
		}
	}
	return ""
}

// method is the parameter of a calendar part that says what is asked with it.
func (m *Message) method() string {
	if s := m.calendarMethod(); s != "" {
		return "; method=" + s
	}
	return ""
}

func (m *Message) calendarMethod() string {
	c := strings.ToLower(m.Class())
	switch {
	case strings.HasPrefix(c, "ipm.schedule.meeting.request"):
		return "REQUEST"
	case strings.HasPrefix(c, "ipm.schedule.meeting.canceled"):
		return "CANCEL"
	case strings.HasPrefix(c, "ipm.schedule.meeting.resp"):
		return "REPLY"
	}
	return ""
}

// calendar writes an appointment, a meeting or a task as iCalendar (RFC 5545),
// empty for anything else. text is its body. Times are in UTC as Outlook keeps them; no zone is
// made up.
func (m *Message) calendar(text string) string {
	var lines *ical
	switch m.kind() {
	case "event":
		lines = m.event(text)
	case "task":
		lines = m.task(text)
	default:
		return ""
	}
	all := &ical{}
	all.add("BEGIN", "VCALENDAR")
	all.add("PRODID", "-//Unseal//reconstructed from Outlook//EN")
	all.add("VERSION", "2.0")
	all.add("METHOD", m.calendarMethod())
	return all.b.String() + lines.b.String() + "END:VCALENDAR\r\n"
}

// ical writes lines of iCalendar and vCard: escaped, folded, without those that
// have no value.
type ical struct{ b strings.Builder }

func (c *ical) add(name, value string) {
	if strings.Trim(value, ";") == "" {
		return
	}
	const fold = 74
	line := name + ":" + value
	for len(line) > fold {
		n := fold
		for n > 1 && line[n]&0xc0 == 0x80 {
			n--
		}
		c.b.WriteString(line[:n] + "\r\n")
		line = " " + line[n:]
	}
	c.b.WriteString(line + "\r\n")
}

// text escapes a value, RFC 5545 section 3.3.11.
func icalText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(strings.TrimRight(s, "\r\n"), "\r\n", "\n"), "\r", "\n")
	s = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
	return strings.Map(visible, s)
}

func icalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("20060102T150405Z")
}

func (m *Message) event(text string) *ical {
	first := func(set string, id uint32, more ...mapi.ID) time.Time {
		for _, id := range append([]mapi.ID{m.named(set, id)}, more...) {
			if t := m.Time(id); !t.IsZero() {
				return t
			}
		}
		return time.Time{}
	}
	c := &ical{}
	c.add("BEGIN", "VEVENT")
	c.add("UID", m.uid())
	c.add("DTSTAMP", icalTime(m.stamp()))
	c.add("DTSTART", icalTime(first(mapi.Appointment, appointmentStartWhole, m.named(mapi.Common, commonStart), startDate)))
	c.add("DTEND", icalTime(first(mapi.Appointment, appointmentEndWhole, m.named(mapi.Common, commonEnd), endDate)))
	c.add("SUMMARY", icalText(m.Subject()))
	c.add("LOCATION", icalText(m.Text(m.named(mapi.Appointment, location))))
	c.add("DESCRIPTION", icalText(text))
	c.add("CATEGORIES", icalText(strings.Join(m.keywords(), ", ")))
	m.people(c)
	rule, ok := recurrence(m.Bytes(m.named(mapi.Appointment, appointmentRecur)))
	c.add("RRULE", rule)
	if pattern := m.Text(m.named(mapi.Appointment, recurrencePattern)); pattern != "" || !ok {
		c.add("X-UNSEAL-RECURRENCE", icalText(pattern))
	}
	c.add("X-UNSEAL-TIME-ZONE", icalText(m.Text(m.named(mapi.Appointment, timeZoneDescription))))
	if m.Bool(m.named(mapi.Appointment, appointmentSubType)) {
		c.add("X-MICROSOFT-CDO-ALLDAYEVENT", "TRUE")
	}
	if n, ok := m.Number(m.named(mapi.Appointment, busyStatus)); ok {
		c.add("X-MICROSOFT-CDO-BUSYSTATUS", map[int64]string{0: "FREE", 1: "TENTATIVE", 2: "BUSY", 3: "OOF"}[n])
	}
	m.alarm(c)
	c.add("END", "VEVENT")
	return c
}

// stamp is when the entry was last changed.
func (m *Message) stamp() time.Time {
	if t := m.Time(lastModificationTime); !t.IsZero() {
		return t
	}
	return m.when()
}

// uid is the entry's own name: that of another calendar where it came from one
// (MS-OXOCAL 2.2.1.27), else Outlook's.
func (m *Message) uid() string {
	id := m.Bytes(m.named(mapi.Meeting, cleanGlobalObjectID))
	if id == nil {
		id = m.Bytes(m.named(mapi.Meeting, globalObjectID))
	}
	if _, uid, ok := bytes.Cut(id, []byte("vCal-Uid\x01\x00\x00\x00")); ok {
		return word(string(bytes.TrimRight(uid, "\x00")))
	}
	if id == nil {
		id = m.Bytes(searchKey)
	}
	return strings.ToUpper(hex.EncodeToString(id))
}

// people are the organizer and those who are asked.
func (m *Message) people(c *ical) {
	mailto := func(name string, p person) {
		if p.name != "" {
			name += `;CN="` + strings.ReplaceAll(p.name, `"`, "'") + `"`
		}
		switch {
		case p.addr != "":
			c.add(name, "mailto:"+p.addr)
		case p.name != "":
			c.add(name, "invalid:nomail")
		}
	}
	mailto("ORGANIZER", m.representing())
	for _, r := range m.Recipients {
		role := map[int64]string{2: ";ROLE=OPT-PARTICIPANT", 3: ";CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT"}[r.Int(recipientType)&0xf]
		mailto("ATTENDEE"+role, whoIs(r, displayName, addressType, emailAddress, smtpAddress))
	}
}

func (m *Message) alarm(c *ical) {
	n, ok := m.Number(m.named(mapi.Common, reminderDelta))
	if !ok || !m.Bool(m.named(mapi.Common, reminderSet)) || n < 0 || n > 1<<20 {
		return
	}
	c.add("BEGIN", "VALARM")
	c.add("ACTION", "DISPLAY")
	c.add("DESCRIPTION", "Reminder")
	c.add("TRIGGER", fmt.Sprintf("-PT%dM", n))
	c.add("END", "VALARM")
}

func (m *Message) task(text string) *ical {
	date := func(id uint32) string {
		if t := m.Time(m.named(mapi.Task, id)); !t.IsZero() {
			return t.Format("20060102")
		}
		return ""
	}
	c := &ical{}
	c.add("BEGIN", "VTODO")
	c.add("UID", m.uid())
	c.add("DTSTAMP", icalTime(m.stamp()))
	c.add("SUMMARY", icalText(m.Subject()))
	c.add("DESCRIPTION", icalText(text))
	c.add("DTSTART;VALUE=DATE", date(taskStartDate))
	c.add("DUE;VALUE=DATE", date(taskDueDate))
	c.add("COMPLETED", icalTime(m.Time(m.named(mapi.Task, taskDateCompleted))))
	if n, ok := m.Number(m.named(mapi.Task, taskStatus)); ok {
		c.add("STATUS", map[int64]string{0: "NEEDS-ACTION", 1: "IN-PROCESS", 2: "COMPLETED", 3: "NEEDS-ACTION", 4: "CANCELLED"}[n])
	}
	if owner := word(m.Text(m.named(mapi.Task, taskOwner))); owner != "" {
		c.add(`ATTENDEE;CN="`+strings.ReplaceAll(owner, `"`, "'")+`"`, "invalid:nomail")
	}
	c.add("CATEGORIES", icalText(strings.Join(m.keywords(), ", ")))
	m.alarm(c)
	c.add("END", "VTODO")
	return c
}

// recurrence turns the pattern of MS-OXOCAL 2.2.1.44.1 into a rule; ok is false
// where there is a pattern that has none.
func recurrence(p []byte) (rule string, ok bool) {
	const head = 22
	if len(p) < head {
		return "", p == nil
	}
	le := binary.LittleEndian
	kind, period := le.Uint16(p[6:]), int(le.Uint32(p[14:]))
	unit := map[uint16]string{0x200a: "DAILY", 0x200b: "WEEKLY", 0x200c: "MONTHLY", 0x200d: "YEARLY"}[le.Uint16(p[4:])]
	if le.Uint16(p[8:]) > 1 { // another calendar than the Gregorian
		return "", false
	}
	c := &cursor{p: p[head:]}
	day := ""
	switch kind {
	case 0:
		period /= 24 * 60
	case 1:
		day = ";BYDAY=" + weekdays(c.u32())
		if unit == "DAILY" {
			unit = "WEEKLY"
		}
	case 2, 4:
		if n := int(c.u32()); kind == 4 || n == 31 {
			day = ";BYMONTHDAY=-1"
		} else {
			day = fmt.Sprintf(";BYMONTHDAY=%d", n)
		}
	case 3:
		mask, n := c.u32(), int(c.u32())
		if n == 5 {
			n = -1
		}
		day = fmt.Sprintf(";BYDAY=%s;BYSETPOS=%d", weekdays(mask), n)
	default:
		return "", false
	}
	if unit == "YEARLY" {
		period /= 12
	}
	end, count := c.u32(), c.u32()
	if c.bad || unit == "" || period < 1 || period > 999 {
		return "", false
	}
	return fmt.Sprintf("FREQ=%s;INTERVAL=%d%s%s", unit, period, day, recurrenceEnd(c, end, count)), true
}

// recurrenceEnd reads on to the last day where the pattern ends on one.
func recurrenceEnd(c *cursor, end, count uint32) string {
	switch end {
	case 0x2022:
		return fmt.Sprintf(";COUNT=%d", count)
	case 0x2021:
		c.u32()
		for range 2 { // deleted and changed instances
			n := c.u32()
			if n > maxAttached {
				return ""
			}
			c.take(4 * n)
		}
		c.u32()
		if minutes := c.u32(); !c.bad {
			day := time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(minutes/(24*60)))
			return ";UNTIL=" + day.Format("20060102") + "T235959Z"
		}
	}
	return ""
}

func weekdays(mask uint32) string {
	var list []string
	for i, d := range []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"} {
		if mask>>i&1 == 1 {
			list = append(list, d)
		}
	}
	return strings.Join(list, ",")
}
