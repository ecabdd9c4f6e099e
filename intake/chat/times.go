package chat

import (
	"path"
	"strconv"
	"strings"
	"time"

	"unseal/intake/chat/draft"
)

// deviceClock is what is known of times without a zone.
const deviceClock = "clock of the device or account that made the export; its zone is not in the file"

// the years between which a time of a chat lies; what lies outside is a broken
// number.
const (
	firstYear = 1990
	lastYear  = 2199
)

// unixTime reads a count of units since 1970.
func unixTime(s string, unit time.Duration) (time.Time, bool) {
	whole, _, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}, false
	}
	per := int64(time.Second / unit)
	t := time.Unix(n/per, n%per*int64(unit)).UTC()
	if t.Year() < firstYear || t.Year() > lastYear {
		return time.Time{}, false
	}
	return t, true
}

// layouts are those of times in exports, with a zone or without.
var layouts = []struct {
	layout string
	zoned  bool
}{
	{time.RFC3339, true}, {"2006-01-02T15:04:05", false}, {"2006-01-02 15:04:05Z07:00", true}, {"2006-01-02 15:04:05", false}, {"2006-01-02 15:04", false},
	{"2006-01-02T15:04", false}, {"2006-01-02, 15:04", false}, {"Monday, January 2, 2006 at 3:04:05 PM MST", true}, {"2006-01-02", false},
}

// anyTime reads a time in one of the layouts. The zero time is none.
func anyTime(s string) (t time.Time, zoned bool) {
	s = strings.Join(strings.Fields(s), " ")
	for _, l := range layouts {
		t, err := time.Parse(l.layout, s)
		if err != nil || t.Year() < firstYear || t.Year() > lastYear {
			continue
		}
		if name, east := t.Zone(); l.zoned && east == 0 && name != "UTC" && name != "" && name != "GMT" {
			return t, false // a name of a zone that is not known says nothing
		}
		return t, l.zoned
	}
	return time.Time{}, false
}

// format writes a time as a reading has it.
func format(t time.Time, zoned bool) string {
	if zoned {
		return t.Format(time.RFC3339)
	}
	return t.Format(draft.Floating)
}

// orYes is s, or "yes" where the source gives no more than that it is so.
func orYes(s string) string {
	if s == "" {
		return "yes"
	}
	return s
}

// baseName is the last name of a path or address, without what follows "?".
func baseName(p string) string {
	if at := strings.Index(p, "://"); at >= 0 {
		p, _, _ = strings.Cut(p[at+3:], "?")
	}
	p = path.Base(strings.ReplaceAll(p, "\\", "/"))
	if p == "." || p == "/" {
		return ""
	}
	return p
}
