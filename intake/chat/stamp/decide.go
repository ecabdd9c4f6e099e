package stamp

import (
	"strings"
	"time"
)

// Decision is what a file says of the order of its dates.
type Decision struct {
	Order    string   // the one to read by; empty if it cannot be decided
	Possible []string // those that the file leaves, if more than one gives other dates
	Why      string   // in words, what decided it
	Inferred bool     // the numbers alone do not decide it; the order of the messages does
}

// Orders are the orders in which dates are written, in words.
var Orders = map[string]string{"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}

// Decide finds the order of the dates of one export, in the order of the file.
// answer is what a person at the desk said, or empty. Without stamps, or where
// no order fits, the decision is empty.
func Decide(stamps []Stamp, answer string) Decision {
	if Orders[answer] != "" {
		return Decision{Order: answer, Why: "as said at the desk"}
	}
	if len(stamps) == 0 {
		return Decision{}
	}
	left, why := byNumbers(stamps)
	inferred := false
	for _, rule := range []struct {
		count func([]Stamp, string) int
		slack int // faults that a true order may have, per thousand stamps
		why   string

		inferred bool
	}{{againstWeekday, 0, "by the days of the week", false}, {backwards, 2, "by the order of the messages", true}} {
		if len(left) > 1 {
			if kept := fewest(left, stamps, rule.count, rule.slack); len(kept) < len(left) {
				left, why, inferred = kept, rule.why, rule.inferred
			}
		}
	}
	switch {
	case len(left) == 0:
		return Decision{}
	case len(left) == 1:
		return Decision{Order: left[0], Why: why, Inferred: inferred}
	case allEqual(left, stamps):
		return Decision{Order: left[0], Why: "every order gives the same dates"}
	}
	return Decision{Possible: left}
}

// candidates are the orders that the shape allows. Dates with dots are never
// written month first, and with a year of two digits first only where spaces
// stand behind the dots (CLDR, all locales).
func candidates(s Shape) ([]string, string) {
	switch {
	case s.Year == 1:
		return []string{"ymd"}, "the year is seen"
	case s.Sep == '年':
		return []string{"ymd"}, "the signs say it"
	case s.Year == 3 && s.Sep == '.':
		return []string{"dmy"}, "dates with dots are not written month first"
	case s.Year == 3:
		return []string{"dmy", "mdy"}, ""
	case s.Sep == '.' && !s.Spaced:
		return []string{"dmy"}, "dates with dots are not written month first"
	case s.Sep == '.':
		return []string{"dmy", "ymd"}, ""
	}
	return []string{"dmy", "mdy", "ymd"}, ""
}

// byNumbers keeps the orders under which every stamp is a day. Up to one in a
// hundred may be broken where all other orders break far more.
func byNumbers(stamps []Stamp) ([]string, string) {
	list, why := candidates(stamps[0].Shape)
	least, faults := len(stamps)+1, map[string]int{}
	for _, order := range list {
		faults[order] = impossible(stamps, order)
		least = min(least, faults[order])
	}
	if least > len(stamps)/100 {
		return nil, ""
	}
	var kept []string
	for _, order := range list {
		if faults[order] == 0 || faults[order] == least || faults[order] < 10*least {
			kept = append(kept, order)
		}
	}
	if why == "" {
		why = "by days after the twelfth"
	}
	return kept, why
}

func impossible(stamps []Stamp, order string) int {
	n := 0
	for i := range stamps {
		if _, ok := stamps[i].Time(order); !ok {
			n++
		}
	}
	return n
}

// fewest keeps the orders with the fewest faults, if those have next to none
// and the others have some.
func fewest(orders []string, stamps []Stamp, count func([]Stamp, string) int, slack int) []string {
	allowed := len(stamps) * slack / 1000
	var kept []string
	for _, order := range orders {
		if count(stamps, order) <= allowed {
			kept = append(kept, order)
		}
	}
	if len(kept) == 0 {
		return orders
	}
	return kept
}

// jump is how far a message may stand before its predecessor without being a
// sign of a wrong order: phones list messages as they arrive.
const jump = 20 * 24 * time.Hour

func backwards(stamps []Stamp, order string) int {
	n := 0
	var last time.Time
	for i := range stamps {
		t, ok := stamps[i].Time(order)
		if !ok {
			continue
		}
		if last.Sub(t) > jump {
			n++
		}
		last = t
	}
	return n
}

func againstWeekday(stamps []Stamp, order string) int {
	n := 0
	for i := range stamps {
		if t, ok := stamps[i].Time(order); ok && stamps[i].weekday > 0 && int(t.Weekday())+1 != stamps[i].weekday {
			n++
		}
	}
	return n
}

func allEqual(orders []string, stamps []Stamp) bool {
	for i := range stamps {
		first, ok := stamps[i].Time(orders[0])
		for _, order := range orders[1:] {
			if t, also := stamps[i].Time(order); ok != also || !t.Equal(first) {
				return false
			}
		}
	}
	return true
}

// Words says the orders, joined by "or".
func Words(orders []string) string {
	var list []string
	for _, order := range orders {
		list = append(list, order+" ("+Orders[order]+")")
	}
	return strings.Join(list, " or ")
}
