package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// span is the time that a day, month or year covers: [from, to).
type span struct{ from, to time.Time }

// The years that a query may name, so that every bound has four digits.
const (
	minYear = 1000
	maxYear = 9998
)

// parseSpan reads 2015, 2015-03, 2015-03-12 with - or /, and 20150312.
func parseSpan(s string) (span, bool) {
	if len(s) == 8 && strings.Trim(s, "0123456789") == "" {
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	}
	parts := strings.Split(strings.ReplaceAll(s, "/", "-"), "-")
	if len(parts) > 3 || len(parts[0]) != 4 {
		return span{}, false
	}
	v := [3]int{0, 1, 1}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || n == 0 || i > 0 && len(part) > 2 {
			return span{}, false
		}
		v[i] = int(n)
	}
	from := time.Date(v[0], time.Month(v[1]), v[2], 0, 0, 0, 0, time.UTC)
	if v[0] < minYear || v[0] > maxYear || from.Month() != time.Month(v[1]) || from.Day() != v[2] {
		return span{}, false
	}
	to := [3]time.Time{from.AddDate(1, 0, 0), from.AddDate(0, 1, 0), from.AddDate(0, 0, 1)}[len(parts)-1]
	return span{from, to}, true
}

// dates reads the value of a date field.
func (p *parser) dates(spec fieldSpec, raw string, start int) (Node, error) {
	v := Fold(raw)
	op := spec.op
	for _, o := range []string{">=", "<=", ">", "<"} {
		if rest, ok := strings.CutPrefix(v, o); ok && op == "" {
			op, v = o, rest
			break
		}
	}
	if p.isRelative(v) {
		p.relative(string(spec.field), p.dateFix(raw))
		return p.phrase(Any, string(spec.field)+" "+v), nil
	}
	if from, to, ok := strings.Cut(v, ".."); ok && op == "" {
		return p.interval(spec, from, to, true, true, start)
	}
	s, ok := parseSpan(v)
	if !ok {
		return nil, p.badDate(v, start)
	}
	d := &Dates{Field: spec.field}
	switch op {
	case "":
		d.From, d.To = s.from, s.to
	case ">=":
		d.From = s.from
	case ">":
		d.From = s.to
	case "<=":
		d.To = s.to
	case "<":
		d.To = s.from
	}
	if d.From.Year() > maxYear {
		return nil, p.badDate(v, start)
	}
	p.clauses++
	return d, nil
}

// isLetter reports whether a value begins with a letter, as no day does.
func isLetter(v string) bool {
	r, _ := utf8.DecodeRuneInString(v)
	return unicode.IsLetter(r)
}

func (p *parser) badDate(v string, start int) error {
	return p.fail(start, p.pos, "no-such-day", fmt.Sprintf("no such day: %s. Write 2015, 2015-03 or 2015-03-12", v), v)
}

// interval makes the clause of a range with one or two ends; an end may be
// part of it or not.
func (p *parser) interval(spec fieldSpec, from, to string, withFrom, withTo bool, start int) (Node, error) {
	d := &Dates{Field: spec.field}
	if from == "*" {
		from = ""
	}
	if to == "*" {
		to = ""
	}
	if from != "" {
		s, ok := parseSpan(from)
		if !ok {
			return nil, p.badDate(from, start)
		}
		d.From = s.to
		if withFrom {
			d.From = s.from
		}
	}
	if to != "" {
		s, ok := parseSpan(to)
		if !ok {
			return nil, p.badDate(to, start)
		}
		d.To = s.from
		if withTo {
			d.To = s.to
		}
	}
	if d.From.IsZero() && d.To.IsZero() || d.From.Year() > maxYear {
		return nil, p.badDate("..", start)
	}
	p.clauses++
	return d, nil
}

// lucene reads [a TO b], {a TO b} and mixtures of their brackets.
func (p *parser) lucene(spec fieldSpec, start int) (Node, error) {
	open := p.peek(0)
	at := p.pos
	for p.pos++; !p.end() && p.peek(0) != ']' && p.peek(0) != '}'; p.pos++ {
	}
	if p.end() {
		col := strconv.Itoa(p.column(at))
		return nil, p.fail(at, at+1, "open-bracket", "bracket opened at "+col+" and not closed", col)
	}
	closing := p.peek(0)
	inner := strings.Fields(Fold(p.text(at+1, p.pos)))
	p.pos++
	if len(inner) != 3 || inner[1] != "to" || spec.op != "" {
		return nil, p.fail(start, p.pos, "bad-range", "a range in brackets is [a TO b]")
	}
	if spec.kind == asDate {
		if n, ok := p.relativeRange(spec, inner[0], inner[2], at); ok {
			return n, nil
		}
		return p.interval(spec, inner[0], inner[2], open == '[', closing == ']', start)
	}
	n := &Numbers{Field: spec.field}
	var err1, err2 error
	n.From, err1 = openNumber(inner[0])
	n.To, err2 = openNumber(inner[2])
	if err1 != nil || err2 != nil || n.From == 0 && n.To == 0 {
		return nil, p.fail(start, p.pos, "bad-number", fmt.Sprintf("%s: needs a number from 1 up, or a range such as 20..23", spec.field), string(spec.field))
	}
	if open == '{' && n.From > 0 {
		n.From++
	}
	if closing == '}' && n.To > 0 {
		n.To--
	}
	p.clauses++
	return n, nil
}

// mergeDates makes one interval of the date clauses of an And, at the place of
// the first.
func mergeDates(nodes []Node) []Node {
	var out []Node
	for _, n := range nodes {
		d, ok := n.(*Dates)
		if !ok {
			out = append(out, n)
			continue
		}
		i := slices.IndexFunc(out, func(o Node) bool { e, ok := o.(*Dates); return ok && e.Field == d.Field })
		if i < 0 {
			out = append(out, n)
			continue
		}
		out[i] = out[i].(*Dates).meet(d)
	}
	return out
}

// meet is the interval that lies in both.
func (d *Dates) meet(e *Dates) *Dates {
	m := *d
	if e.From.After(m.From) {
		m.From = e.From
	}
	if m.To.IsZero() || !e.To.IsZero() && e.To.Before(m.To) {
		m.To = e.To
	}
	return &m
}
