package site

import (
	"strconv"
	"time"
)

// day writes a day in UTC: "12 Mar 2014".
func (p *page) day(t time.Time) {
	if t.IsZero() {
		p.say("date.none")
		return
	}
	p.html("<bdi><time")
	p.b = append(p.b, ` datetime="`...)
	t = t.UTC()
	p.b = t.AppendFormat(p.b, "2006-01-02")
	p.html(`">`)
	p.b = p.loc.appendDay(p.b, t)
	p.html("</time></bdi>")
}

// moment writes a time in UTC: "30 Oct 2016, 09:00 UTC".
func (p *page) moment(t time.Time) {
	if t.IsZero() {
		p.say("date.none")
		return
	}
	t = t.UTC()
	p.html("<bdi><time")
	p.b = append(p.b, ` datetime="`...)
	p.b = t.AppendFormat(p.b, time.RFC3339)
	p.html(`">`)
	p.b = append(p.b, p.loc.moment(t)...)
	p.html("</time></bdi>")
}

// sent writes a mail's date in the sender's zone and in UTC, as one value:
// "12 Mar 2014, 08:14:05 −0400 (12:14:05 UTC)". offset is minutes east of UTC.
func (p *page) sent(t time.Time, offset int) {
	if t.IsZero() {
		p.say("date.none")
		return
	}
	local := t.In(time.FixedZone("", offset*60))
	p.html("<bdi><time")
	p.b = append(p.b, ` datetime="`...)
	p.b = local.AppendFormat(p.b, time.RFC3339)
	p.html(`">`)
	p.say("date.zoned", plain("Day", p.loc.day(local)), plain("Time", local.Format("15:04:05")), plain("Zone", zone(offset)))
	p.html("</time> <small>")
	p.say("date.utc", plain("Time", t.UTC().Format("15:04:05")))
	p.html("</small></bdi>")
}

// zone is an offset as mail writes it, with a real minus.
func zone(offset int) string {
	sign := "+"
	if offset < 0 {
		sign, offset = "\u2212", -offset
	}
	return sign + twoDigits(offset/60) + twoDigits(offset%60)
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// dayPattern is the id of the order of day, month and year.
const dayPattern word = "date.day"

// months are the ids of the short month names.
var months = [13]word{"", "month.1", "month.2", "month.3", "month.4", "month.5", "month.6",
	"month.7", "month.8", "month.9", "month.10", "month.11", "month.12"}

// appendDay writes the day of t, in t's own zone. It is on every line of every
// list, so it writes without detours; a test sees to it that the words of dates
// need no escaping.
func (l *locale) appendDay(b []byte, t time.Time) []byte {
	y, m, d := t.Date()
	for _, piece := range l.dayPattern {
		switch piece.place {
		case "Day":
			b = strconv.AppendInt(b, int64(d), 10)
		case "Month":
			b = append(b, l.months[m]...)
		case "Year":
			b = strconv.AppendInt(b, int64(y), 10)
		default:
			b = append(b, piece.text...)
		}
	}
	return b
}

// day is the day of t, in t's own zone, as plain text.
func (l *locale) day(t time.Time) string { return string(l.appendDay(nil, t)) }

// moment is a time to the minute, in UTC, as plain text.
func (l *locale) moment(t time.Time) string {
	t = t.UTC()
	return l.plain("date.moment", plain("Day", l.day(t)), plain("Time", t.Format("15:04")))
}
