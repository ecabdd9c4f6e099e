package table

import (
	"strings"
	"time"
)

// moment is a time as a table states it.
type moment struct {
	time  time.Time
	zone  bool // the table states the zone
	clock bool // it states the time of the day
}

// layouts of dates. Under dmy and mdy stand those that can be read both ways.
var (
	zoned   = []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05-07", time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "2006-01-02 15:04:05Z"}
	clocked = []string{
		"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", "2006/01/02 15:04:05", "2006/01/02 15:04",
		"Monday, January 2, 2006 3:04 PM", "Mon, Jan 2, 2006 3:04 PM", "January 2, 2006 3:04 PM", "Jan 2, 2006 3:04 PM", "Monday, January 2, 2006 15:04", "Mon, 2 Jan 2006 15:04:05", "2 January 2006 15:04", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04",
		"Mon Jan 2 15:04:05 2006", "20060102150405", "20060102T150405", "2.1.2006 15:04:05", "2.1.2006 15:04",
	}
	days = []string{"2006-01-02", "2006/01/02", "January 2, 2006", "Jan 2, 2006", "Monday, January 2, 2006", "2 January 2006", "2 Jan 2006", "2-Jan-2006", "2-Jan-06", "2.1.2006"}
	dmy  = [2][]string{{"2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/2006 3:04:05 PM", "2/1/2006 3:04 PM", "2/1/06 15:04", "2/1/06 3:04 PM"}, {"2/1/2006", "2/1/06", "2-1-2006"}}
	mdy  = [2][]string{{"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/06 15:04", "1/2/06 3:04 PM"}, {"1/2/2006", "1/2/06", "1-2-2006"}}
)

// maxDate bounds the text of a date in bytes.
const maxDate = 80

// parseDate reads a date. order says how day and month stand where both
// readings are possible: "dmy", "mdy", or "" for not known, which reads none of
// those.
func parseDate(s, order string) (moment, bool) {
	s = strings.Join(strings.Fields(strings.Trim(s, "\"' ")), " ")
	if s == "" || len(s) > maxDate || s[0] > '9' && !hasLetter(s[:1]) {
		return moment{}, false
	}
	if t, ok := tryLayouts(s, zoned); ok {
		return moment{t, true, true}, true
	}
	twoWays := map[string][2][]string{"dmy": dmy, "mdy": mdy}[order]
	if t, ok := tryLayouts(s, clocked, twoWays[0]); ok {
		return moment{t, false, true}, true
	}
	if t, ok := tryLayouts(s, days, twoWays[1]); ok {
		return moment{t, false, false}, true
	}
	return moment{}, false
}

func tryLayouts(s string, lists ...[]string) (time.Time, bool) {
	for _, list := range lists {
		for _, layout := range list {
			if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1900 && t.Year() < 2200 {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// dayOrder tells from all values how day and month stand: "dmy" or "mdy" where
// some value can be read in one way alone and none in the other alone; else "".
func dayOrder(rows [][]string, column int) string {
	onlyDMY, onlyMDY := false, false
	for _, row := range rows {
		if column >= len(row) {
			continue
		}
		_, d := parseDate(row[column], "dmy")
		_, m := parseDate(row[column], "mdy")
		onlyDMY, onlyMDY = onlyDMY || d && !m, onlyMDY || m && !d
	}
	switch {
	case onlyDMY && !onlyMDY:
		return "dmy"
	case onlyMDY && !onlyDMY:
		return "mdy"
	}
	return ""
}
