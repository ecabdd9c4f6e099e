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
	b := withoutComments(Unfold(value))
	if day, rest, found := bytes.Cut(b, []byte(",")); found && !bytes.ContainsAny(day, "0123456789") {
		b = rest // the day of the week, in whatever language
	}
	d := date{hour: -1}
	for _, word := range strings.FieldsFunc(string(b), func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
		d.read(word)
	}
	if d.month < 1 || d.month > 12 || d.day < 1 || d.year < 1 || d.hour > 24 || d.minute > 59 {
		return time.Time{}, 0, false
	}
	t = time.Date(d.year, time.Month(d.month), d.day, max(d.hour, 0), d.minute-d.zone, d.second, 0, time.UTC)
	exists := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Day() == d.day
	return t, d.zone, exists
}

type date struct {
	year, month, day     int // 0 when not seen yet
	hour, minute, second int // hour is -1 when not seen yet
	zone                 int // minutes east
	zoned                bool
}

// read takes one word of the date for what it looks like.
func (d *date) read(word string) {
	n, err := strconv.Atoi(word)
	switch c := word[0]; {
	case d.hour < 0 && (strings.Contains(word, ":") || strings.Count(word, ".") == 2):
		d.readClock(word)
	case d.hour >= 0 && (c == '+' || c == '-'):
		d.readZone(word)
	case strings.ContainsAny(word[1:], "-/"):
		d.readJoined(word)
	case err == nil && len(word) <= 2 && d.day == 0:
		d.day = n
	case err == nil && d.year == 0:
		d.year = fullYear(n, len(word))
	case d.month == 0 && monthNamed(word) > 0:
		d.month = monthNamed(word)
	case d.hour >= 0:
		d.readZone(word)
	}
}

// fullYear completes a year of two or three digits (RFC 5322 section 4.3).
func fullYear(n, digits int) int {
	switch {
	case digits > 4:
		return 0
	case digits <= 2 && n < 50:
		return 2000 + n
	case digits <= 3:
		return 1900 + n
	}
	return n
}

// readClock reads a time, which may have a date of ISO 8601 before it and a
// zone after it.
func (d *date) readClock(word string) {
	if day, clock, ok := strings.Cut(word, "T"); ok && day != "" {
		d.readJoined(day)
		word = clock
	}
	if i := strings.IndexAny(word, "+-Z"); i > 0 {
		d.readZone(word[i:])
		word = word[:i]
	}
	var n [3]int
	for i, p := range strings.FieldsFunc(word, func(r rune) bool { return r == ':' || r == '.' }) {
		v, err := strconv.Atoi(p)
		if i < len(n) && (err != nil || v < 0 || v > 60) {
			return
		} else if i < len(n) {
			n[i] = v
		}
	}
	d.hour, d.minute, d.second = n[0], n[1], n[2]
}

// readJoined reads "02-Jan-2006" and "2006-01-02".
func (d *date) readJoined(word string) {
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '/' })
	if len(parts) != 3 {
		return
	}
	if len(parts[0]) == 4 {
		d.year, _ = strconv.Atoi(parts[0])
		d.month, _ = strconv.Atoi(parts[1])
		d.day, _ = strconv.Atoi(parts[2])
	} else if monthNamed(parts[1]) > 0 {
		for _, p := range parts {
			d.read(p)
		}
	}
}

// zones are the names of RFC 5322 section 4.3 and others that mail has used,
// where they mean one thing, in minutes east.
var zones = map[string]int{
	"Z": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "NST": -210, "NDT": -150, "AST": -240, "ADT": -180,
	"WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120,
	"EET": 120, "EEST": 180, "MSK": 180, "MSD": 240, "SAST": 120, "JST": 540, "KST": 540, "HKT": 480, "SGT": 480,
	"AEST": 600, "AEDT": 660, "ACST": 570, "AWST": 480, "NZST": 720, "NZDT": 780,
}

// readZone reads a zone: signed digits, a name, or a name with digits.
func (d *date) readZone(word string) {
	word = strings.ToUpper(strings.Trim(word, `"'`))
	named, known := zones[word]
	for _, p := range []string{"GMT", "UTC", "UT"} {
		word = strings.TrimPrefix(word, p)
	}
	digits := strings.ReplaceAll(strings.TrimLeft(word, "+-"), ":", "")
	if len(digits) <= 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	switch {
	case word == "PM" && d.hour < 12:
		d.hour += 12
	case word == "AM" && d.hour == 12:
		d.hour = 0
	case word == "DST":
		d.zone += 60
	case d.zoned:
	case known || word == "":
		d.zone, d.zoned = named, true
	case err == nil && (word[0] == '+' || word[0] == '-') && n < 2400 && n%100 < 60:
		if d.zone, d.zoned = n/100*60+n%100, true; word[0] == '-' {
			d.zone = -d.zone
		}
	}
}

// monthNamed is the number of the month whose English name a word begins
// with, or 0.
func monthNamed(word string) int {
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(word[:min(len(word), 3)]))
	if len(word) < 3 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
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
			b = b[CommentEnd(b):]
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
