// Package stamp reads the dates that phones write before each message of an
// exported chat, in any locale, and decides over the whole file in which order
// day, month and year stand.
//
// The invariant: an order is used only if the file leaves no other one that
// would give other dates. Where it does, [Decide] says which ones are possible
// and the caller claims no times.
package stamp

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxHead bounds the bytes in which a line's date must end.
const maxHead = 96

// Stamp is the date and time at the beginning of a line.
type Stamp struct {
	Shape   Shape
	Written string // as it stands, without marks of direction
	Marked  bool   // the line begins with a mark of direction: on an iPhone, a file's message
	Rest    int    // offset of what follows in the line

	date    [3]number
	clock   [3]int // hour, minute, second
	half    int    // 1 before noon, 2 after, 0 not said
	weekday int    // 1 Sunday … 7 Saturday, 0 not said
	thai    bool   // the year is said to be Buddhist
}

// Shape is how a program writes its dates: equal in all lines of one export.
type Shape struct {
	Bracket   bool // [date] text; else: date - text
	TimeFirst bool
	Sep       rune // between day, month and year
	Colon     rune // between hour and minute
	Seconds   bool
	Halves    bool // before and after noon are said
	Year      int  // where it stands if it can be seen: 1 first, 3 last
	Weekday   bool
	Spaced    bool // a space stands behind the sign
}

type number struct {
	n, digits int
	era       int // Japanese: the year before its first
}

// Parse reads a line's beginning. ok is false if it is no date of a chat.
func Parse(line string) (s Stamp, ok bool) {
	skipped := 0
	for {
		r, n := utf8.DecodeRuneInString(line[skipped:])
		if n == 0 || !isMark(r) {
			break
		}
		skipped += n
		s.Marked = s.Marked || r != 0xfeff
	}
	head, rest, bracket, ok := cut(line[skipped:])
	if !ok {
		return Stamp{}, false
	}
	s.Shape.Bracket, s.Rest = bracket, skipped+rest
	s.Written = fold(head)
	if !s.read(lex(s.Written)) {
		return Stamp{}, false
	}
	s.Shape.Spaced = strings.Contains(s.Written, ". ") && spaced.MatchString(s.Written)
	return s, true
}

// spaced is a date with spaces between its numbers: "22. 3. 18."
var spaced = regexp.MustCompile(`[0-9]\. +[0-9]+\. +[0-9]`)

// cut takes the date off a line: what stands in brackets, or before " - ".
func cut(line string) (head string, rest int, bracket, ok bool) {
	window := line[:min(len(line), maxHead)]
	if strings.HasPrefix(window, "[") {
		end := strings.IndexByte(window, ']')
		if end < 0 {
			return "", 0, true, false
		}
		rest = end + 1
		if rest < len(line) && line[rest] == ' ' {
			rest++
		}
		return window[1:end], rest, true, true
	}
	if r, _ := utf8.DecodeRuneInString(window); !unicode.IsDigit(r) && !unicode.IsLetter(r) {
		return "", 0, false, false
	}
	for _, dash := range []string{" - ", " \u2013 "} {
		if at := strings.Index(window, dash); at > 0 {
			return window[:at], at + len(dash), false, true
		}
	}
	return "", 0, false, false
}

// fold makes digits of all scripts, spaces and commas those of ASCII, and takes
// marks of direction out.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isMark(r):
			return -1
		case r < 0x80:
			return unicode.ToLower(r)
		case unicode.Is(unicode.Nd, r):
			return '0' + digit(r)
		case unicode.IsSpace(r):
			return ' '
		case r == '،' || r == '、':
			return ','
		case r == '：':
			return ':'
		}
		return unicode.ToLower(r)
	}, s)
}

// digit is the value of a decimal digit: in Unicode the ten of a script follow
// each other, and its zero follows no digit of the same script.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

func isMark(r rune) bool {
	return r == 0x200e || r == 0x200f || r == 0x061c || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// the ways in which calendars other than the Gregorian are told from it.
const (
	buddhist    = 543 // years ahead
	firstYear   = 1990
	lastYear    = 2199
	firstThai   = firstYear + buddhist
	lastThai    = lastYear + buddhist
	shortPivot  = 2000
	firstOfChat = 2005 // no program whose exports write two digits is older
	lastOfChat  = 2049 // more is a short year of another calendar
)

// Time returns the time under an order ("dmy", "mdy", "ymd"), in UTC. ok is
// false if there is no such day.
func (s *Stamp) Time(order string) (t time.Time, ok bool) {
	var d, m int
	var y number
	switch order {
	case "dmy":
		d, m, y = s.date[0].n, s.date[1].n, s.date[2]
	case "mdy":
		m, d, y = s.date[0].n, s.date[1].n, s.date[2]
	case "ymd":
		y, m, d = s.date[0], s.date[1].n, s.date[2].n
	}
	year, ok := s.year(y)
	if !ok || m < 1 || m > 12 || d < 1 {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(m), d, s.hour(), s.clock[1], s.clock[2], 0, time.UTC)
	return t, t.Day() == d || s.hour() == 24
}

func (s *Stamp) year(y number) (int, bool) {
	switch {
	case y.era > 0:
		year := y.era + y.n
		return year, y.n > 0 && y.n < 70 && year >= firstYear
	case s.thai || y.n >= firstThai && y.n <= lastThai:
		return y.n - buddhist, y.n >= firstThai && y.n <= lastThai
	case y.digits <= 2:
		return shortPivot + y.n, shortPivot+y.n >= firstOfChat && shortPivot+y.n <= lastOfChat
	}
	return y.n, y.n >= firstYear && y.n <= lastYear
}

func (s *Stamp) hour() int {
	h := s.clock[0]
	switch {
	case s.half == 1 && h == 12:
		return 0
	case s.half == 2 && h < 12:
		return h + 12
	}
	return h
}

// SameDay reports whether both say the same day in the same way.
func (s *Stamp) SameDay(o *Stamp) bool {
	return s.date == o.date && s.weekday == o.weekday && s.thai == o.thai
}
