package search

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fix is a stretch of the query, in runes, and what a note offers instead.
type fix struct {
	from, to int
	text     string
}

// relative remarks that a date counted from today is searched as text, and
// offers the absolute form for today where there is one.
func (p *parser) relative(name string, f fix) {
	p.note("relative-date", "Relative dates are not used, since a cited query must not change its meaning. Searched as text; write before: or after: with the day.", name)
	if f.text != "" {
		p.fixes = append(p.fixes, f)
	}
}

// offerAbsolute puts into the first remark on relative dates the query with all
// of them made absolute.
func (p *parser) offerAbsolute() {
	if len(p.fixes) == 0 {
		return
	}
	var b strings.Builder
	at := 0
	for _, f := range p.fixes {
		b.WriteString(p.text(at, f.from) + f.text)
		at = f.to
	}
	b.WriteString(p.text(at, len(p.rs)))
	for i := range p.notes {
		if p.notes[i].Code == "relative-date" && b.Len() <= MaxQueryBytes {
			p.notes[i].Query = b.String()
			return
		}
	}
}

// thanFix is the absolute form of older_than:1y, which stands in the runes
// [start, p.pos).
func (p *parser) thanFix(name, value string, start int) fix {
	field := map[string]string{"older_than": "before:", "newer_than": "after:"}[name]
	day, ok := p.ago(Fold(value))
	if !ok {
		return fix{}
	}
	return fix{start, p.pos, field + day}
}

// dateFix is the absolute form of a value of a date field whose last rune
// stands before p.pos: yesterday, now-1month, 2weeks..
func (p *parser) dateFix(raw string) fix {
	from := p.pos - len([]rune(raw))
	if from < 0 || p.text(from, p.pos) != raw {
		return fix{} // it stood in quotes
	}
	v := Fold(raw)
	rest := strings.TrimLeft(v, "<>=")
	op := v[:len(v)-len(rest)]
	first, last, isRange := strings.Cut(rest, "..")
	if !isRange {
		day, ok := p.ago(rest)
		if !ok {
			return fix{}
		}
		return fix{from, p.pos, op + day}
	}
	first, ok1 := p.absolute(first)
	last, ok2 := p.absolute(last)
	if !ok1 || !ok2 {
		return fix{}
	}
	return fix{from, p.pos, op + first + ".." + last}
}

// absolute is an end of a range: open, a day, month or year, or counted from
// today.
func (p *parser) absolute(v string) (string, bool) {
	if _, ok := parseSpan(v); ok || v == "" || v == "*" {
		return v, true
	}
	return p.ago(v)
}

// isRelative reports whether a value of a date field, or an end of its range,
// is counted from today or names a day in words.
func (p *parser) isRelative(v string) bool {
	first, last, _ := strings.Cut(strings.TrimLeft(v, "<>="), "..")
	for _, end := range []string{first, last} {
		if end == "" {
			continue
		}
		if _, ok := p.ago(end); ok || isLetter(end) {
			return true
		}
	}
	return false
}

// ago is the day, as a query writes it, that a value counted from today means:
// today, yesterday, 3d, 2weeks, 1_month_ago, last_week, now-1year, now/day.
func (p *parser) ago(v string) (string, bool) {
	v, _, _ = strings.Cut(v, "/") // Lucene rounds so
	switch v {
	case "now", "today":
		return p.today.Format(time.DateOnly), true
	case "yesterday":
		return p.today.AddDate(0, 0, -1).Format(time.DateOnly), true
	}
	if unit, ok := strings.CutPrefix(v, "last_"); ok {
		v = "1" + unit
	}
	v = strings.TrimSuffix(strings.NewReplacer("_", "", ".", "").Replace(strings.TrimPrefix(v, "now-")), "ago")
	unit := strings.TrimLeft(v, "0123456789")
	n, err := strconv.ParseUint(v[:len(v)-len(unit)], 10, 16)
	if err != nil {
		return "", false
	}
	day, ok := before(p.today, int(n), strings.TrimSuffix(unit, "s"))
	if !ok || day.Year() < minYear {
		return "", false
	}
	return day.Format(time.DateOnly), true
}

// before counts n units back from a day.
func before(day time.Time, n int, unit string) (time.Time, bool) {
	switch unit {
	case "d", "day":
		return day.AddDate(0, 0, -n), true
	case "w", "week":
		return day.AddDate(0, 0, -7*n), true
	case "m", "month":
		return day.AddDate(0, -n, 0), true
	case "y", "year":
		return day.AddDate(-n, 0, 0), true
	}
	return time.Time{}, false
}

// relativeRange remarks on [NOW-1MONTH TO NOW], which stands in the runes
// [at, p.pos), and reads it as text; ok is false for a range of days.
func (p *parser) relativeRange(spec fieldSpec, from, to string, at int) (Node, bool) {
	if !p.isRelative(from) && !p.isRelative(to) {
		return nil, false
	}
	var f fix
	first, ok1 := p.absolute(from)
	last, ok2 := p.absolute(to)
	if ok1 && ok2 {
		f = fix{at, p.pos, fmt.Sprintf("%c%s TO %s%c", p.rs[at], first, last, p.rs[p.pos-1])}
	}
	p.relative(string(spec.field), f)
	return p.phrase(Any, string(spec.field)+" "+from+" "+to), true
}
