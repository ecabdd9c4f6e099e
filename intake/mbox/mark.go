package mbox

import (
	"bytes"
	"strconv"
	"strings"
)

// mark is a line of ^>*From, a possible separator or a quoted line.
type mark struct {
	start, end int64 // of the line, its line end included
	depth      int   // signs before "From "
	afterBlank bool
	date       dateKind
	git        bool     // a line of git format-patch, which marks no mail unless the box consists of such
	next       lineKind // what the line after it looks like
	words      int      // words after "From "
}

// dateKind says how sure it is that a From line ends in a date.
type dateKind byte

const (
	undated dateKind = iota
	loose            // month, year and time somewhere among its last words
	asctime          // weekday, month, day, time and year stand at the end, with or without a zone
)

// lineKind says what a line looks like to somebody who expects a header.
type lineKind byte

const (
	text lineKind = iota
	empty
	header
)

// separates decides whether a bare From line starts a message. A box's first
// line does by definition. A date as ctime writes it is enough after a blank
// line; elsewhere a header line must follow. Lines without a date count only
// in a box that begins with such a line.
func (b *Box) separates(m mark) bool {
	switch {
	case m.git != b.first.git:
		return false
	case m.date == asctime:
		return m.afterBlank || m.next == header
	case m.date == loose:
		return m.afterBlank && m.next == header
	}
	return b.first.date == undated && m.words <= 1 && m.words == b.first.words && m.afterBlank && m.next == header
}

// gitDate is the fixed time that git format-patch writes into its From lines.
const gitDate = "Mon Sep 17 00:00:00 2001"

// read fills in what the words of a From line say. The line comes without its
// end and without "From ".
func (m *mark) read(line string) {
	words := strings.Fields(line)
	m.words = len(words)
	if len(words) > 0 && len(words[0]) == 40 && strings.HasSuffix(line, gitDate) && isHex(words[0]) {
		m.git = true
	}
	m.date = dated(words)
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// dated looks for a date at the end of a From line. "remote from HOST" after
// it is UUCP's.
func dated(words []string) dateKind {
	if n := len(words); n > 3 && words[n-3] == "remote" && words[n-2] == "from" {
		words = words[:n-3]
	}
	if len(words) > maxDateWords {
		words = words[len(words)-maxDateWords:]
	}
	if isASCTime(words) {
		return asctime
	}
	var month, year, clock bool
	for _, w := range words {
		w = strings.TrimRight(w, ",;")
		month = month || isMonth(w)
		year = year || isYear(w)
		clock = clock || isClock(w)
	}
	if month && year && clock {
		return loose
	}
	return undated
}

// maxDateWords is how far from its end a From line is searched for a date:
// weekday, day, month, year, time, and up to three words of zone.
const maxDateWords = 8

// isASCTime accepts "Thu Jan  1 00:00:00 2015" at the end, with a zone before
// or after the year, and the time without seconds.
func isASCTime(w []string) bool {
	for i := 0; i+4 < len(w); i++ {
		if !isWeekday(w[i]) || !isMonth(w[i+1]) || !isDay(w[i+2]) || !isClock(w[i+3]) {
			continue
		}
		rest := w[i+4:]
		if isYear(rest[0]) {
			rest = rest[1:]
		} else if len(rest) > 1 && isZone(rest[0]) && isYear(rest[1]) {
			rest = rest[2:]
		} else {
			continue
		}
		return len(rest) == 0 || len(rest) == 1 && isZone(rest[0])
	}
	return false
}

func isWeekday(s string) bool {
	return len(s) == 3 && strings.Contains("Mon Tue Wed Thu Fri Sat Sun", s)
}

func isMonth(s string) bool {
	return len(s) == 3 && strings.Contains("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", s)
}

func isDay(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 31 && len(s) <= 2
}

func isYear(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && len(s) == 4 && n >= 1969 && n <= 2199
}

// isClock accepts "09:05" and "09:05:00".
func isClock(s string) bool {
	if len(s) < 4 || len(s) > 8 || strings.Count(s, ":") < 1 || strings.Count(s, ":") > 2 {
		return false
	}
	return strings.Trim(s, "0123456789:") == ""
}

// isZone accepts "+0100" and names such as "MEST".
func isZone(s string) bool {
	if len(s) == 5 && (s[0] == '+' || s[0] == '-') {
		return strings.Trim(s[1:], "0123456789") == ""
	}
	return len(s) <= 6 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// looksLike says what a line, of which at least the beginning is given, looks like.
func looksLike(line []byte) lineKind {
	switch {
	case len(line) == 0 || line[0] == '\n' || bytes.HasPrefix(line, []byte("\r\n")):
		return empty
	case bytes.HasPrefix(line, []byte(">From ")): // quoted twice over, as UUCP's gateways did
		return header
	}
	// RFC 5322 section 2.2: printable ASCII before the colon; white space before it is obsolete but seen.
	for i, c := range line {
		switch {
		case c == ':':
			if i > 0 {
				return header
			}
			return text
		case c == ' ' || c == '\t':
			if i > 0 && bytes.HasPrefix(bytes.TrimLeft(line[i:], " \t"), []byte(":")) {
				return header
			}
			return text
		case c <= ' ' || c >= 0x7f:
			return text
		}
	}
	return text
}
