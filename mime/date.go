package mime

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// ParseDate reads a date (RFC 5322 section 3.3, obsolete forms of 4.3) and the
// forms that other software wrote: ctime, ISO 8601, two-digit years, named
// zones, missing seconds, comments. The time is in UTC; offset is the zone in
// minutes east, 0 when it is unknown. A date that does not exist is not ok.
func ParseDate(value []byte) (t time.Time, offset int, ok bool) {
	var d date
	d.day, d.hour, d.year = -1, -1, -1
	b := withoutComments(unfold(value))
	if day, rest, ok := bytes.Cut(b, []byte(",")); ok && bytes.IndexAny(day, "0123456789") < 0 {
		b = rest // the day of the week, in whatever language
	}
	for _, word := range strings.FieldsFunc(string(b), isDateSpace) {
		d.read(word)
	}
	return d.time()
}

func isDateSpace(r rune) bool { return r == ' ' || r == '\t' || r == ',' }

type date struct {
	year, day         int // -1 when not seen yet
	month             time.Month
	hour, minute, sec int
	zone              int // minutes
	zoned             bool
}

// read takes one word of the date for what it looks like.
func (d *date) read(word string) {
	if n := strings.Count(word, ":"); n > 0 && d.hour < 0 || n == 0 && d.hour < 0 && strings.Count(word, ".") == 2 {
		d.readISO(word)
		return
	}
	if c := word[0]; (c == '+' || c == '-') && d.hour >= 0 {
		d.readZone(word)
		return
	}
	if strings.Contains(word[1:], "-") || strings.Contains(word, "/") {
		d.readJoined(word)
		return
	}
	if n, err := strconv.Atoi(word); err == nil {
		d.readNumber(n, len(word))
		return
	}
	if m := monthNamed(word); m > 0 && d.month == 0 {
		d.month = m
	} else if d.hour >= 0 {
		d.readZone(word)
	}
}

// readISO reads a time, which may have a date of ISO 8601 before it.
func (d *date) readISO(word string) {
	if day, clock, ok := strings.Cut(word, "T"); ok {
		d.readJoined(day)
		word = clock
	}
	zone := ""
	if i := strings.IndexAny(word, "+-Z"); i > 0 {
		word, zone = word[:i], word[i:]
	}
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == ':' || r == '.' })
	var n [3]int
	for i, p := range parts[:min(len(parts), 3)] {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 60 {
			return
		}
		n[i] = v
	}
	d.hour, d.minute, d.sec = n[0], n[1], n[2]
	if zone != "" {
		d.readZone(zone)
	}
}

// readJoined reads "02-Jan-2006" and "2006-01-02".
func (d *date) readJoined(word string) {
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '/' })
	if len(parts) != 3 {
		return
	}
	if m := monthNamed(parts[1]); m > 0 {
		d.month = m
	} else if n, err := strconv.Atoi(parts[1]); err == nil && len(parts[0]) == 4 && n <= 12 {
		d.month = time.Month(n)
	}
	for _, p := range []string{parts[0], parts[2]} {
		if n, err := strconv.Atoi(p); err == nil {
			d.readNumber(n, len(p))
		}
	}
}

// readNumber takes a number for the day or the year (RFC 5322 section 4.3 for
// years of two and three digits).
func (d *date) readNumber(n, digits int) {
	switch {
	case n < 0:
	case digits <= 2 && d.day < 0:
		d.day = n
	case d.year >= 0:
	case digits <= 2 && n < 50:
		d.year = 2000 + n
	case digits <= 3:
		d.year = 1900 + n
	case digits == 4:
		d.year = n
	}
}

// zones are the names of RFC 5322 section 4.3 and others that mail has used,
// where they mean one thing, in minutes east.
var zones = map[string]int{
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "NST": -210, "NDT": -150, "AST": -240, "ADT": -180,
	"WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "MET DST": 120,
	"EET": 120, "EEST": 180, "MSK": 180, "MSD": 240, "SAST": 120, "JST": 540, "KST": 540, "HKT": 480, "SGT": 480,
	"AEST": 600, "AEDT": 660, "ACST": 570, "AWST": 480, "NZST": 720, "NZDT": 780,
}

// readZone reads a zone: signed digits, a name, or a name with digits.
func (d *date) readZone(word string) {
	word = strings.ToUpper(strings.Trim(word, `"'`))
	if word == "PM" && d.hour < 12 {
		d.hour += 12
	} else if word == "AM" && d.hour == 12 {
		d.hour = 0
	}
	for _, p := range []string{"GMT", "UTC", "UT"} {
		if rest, ok := strings.CutPrefix(word, p); ok {
			word = rest
		}
	}
	if word == "DST" && d.zoned {
		d.zone += 60
		return
	}
	if d.zoned {
		return
	}
	if z, ok := zones[word]; ok {
		d.zone, d.zoned = z, true
		return
	}
	if len(word) < 2 || (word[0] != '+' && word[0] != '-') {
		d.zoned = word == "" || word == "Z"
		return
	}
	digits := strings.ReplaceAll(word[1:], ":", "")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || len(digits) > 4 {
		return
	}
	if len(digits) <= 2 {
		n *= 100
	}
	if z := n/100*60 + n%100; n/100 < 24 && n%100 < 60 {
		d.zone, d.zoned = z, true
		if word[0] == '-' {
			d.zone = -z
		}
	}
}

func (d *date) time() (time.Time, int, bool) {
	if d.month == 0 || d.day < 1 || d.year < 1 || d.hour > 24 || d.minute > 59 {
		return time.Time{}, 0, false
	}
	t := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
	if t.Day() != d.day {
		return time.Time{}, 0, false
	}
	clock := time.Duration(max(d.hour, 0))*time.Hour + time.Duration(d.minute-d.zone)*time.Minute + time.Duration(d.sec)*time.Second
	return t.Add(clock), d.zone, true
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// monthNamed is the month whose English name a word begins with, or 0.
func monthNamed(word string) time.Month {
	if len(word) < 3 {
		return 0
	}
	if i := strings.Index(months, strings.ToLower(word[:3])); i >= 0 && i%3 == 0 {
		return time.Month(i/3 + 1)
	}
	return 0
}

// withoutComments takes the comments out of a structured value.
func withoutComments(b []byte) []byte {
	i := bytes.IndexByte(b, '(')
	if i < 0 {
		return b
	}
	out := append([]byte(nil), b[:i]...)
	for b = b[i:]; len(b) > 0; {
		if b[0] == '(' {
			b = b[commentEnd(b):]
			out = append(out, ' ')
			continue
		}
		out = append(out, b[0])
		b = b[1:]
	}
	return out
}

// ReceivedDate is the date of a Received field: what follows its last
// semicolon (RFC 5322 section 3.6.7).
func ReceivedDate(value []byte) (time.Time, bool) {
	i := bytes.LastIndexByte(value, ';')
	if i < 0 {
		return time.Time{}, false
	}
	t, _, ok := ParseDate(value[i+1:])
	return t, ok
}

// ParseIDs lists the message ids of a value such as that of References, in
// their order, without angle brackets and white space. Where there are no
// brackets, words with an '@' count.
func ParseIDs(value []byte) []string {
	var ids []string
	b := value
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			break
		}
		n := bytes.IndexAny(b[i+1:], "<>")
		if n < 0 {
			break
		}
		if id := b[i+1 : i+1+n]; b[i+1+n] == '>' && len(id) > 0 {
			ids = append(ids, idText(id))
		}
		b = b[i+1+n:]
	}
	if ids != nil {
		return ids
	}
	for _, word := range bytes.Fields(value) {
		if bytes.IndexByte(word, '@') > 0 {
			ids = append(ids, idText(bytes.Trim(word, "<>,;")))
		}
	}
	return ids
}

// ParseID is the id of a Message-ID field, without angle brackets.
func ParseID(value []byte) string {
	if ids := ParseIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return idText(bytes.Trim(bytes.TrimSpace(value), "<>"))
}

func idText(b []byte) string {
	s, _ := ToUTF8(b, "")
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Join(strings.Fields(s), "")
	}
	return s
}
