package search

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// String is the canonical text of the query: queries of one tree share it, and
// it parses to that tree.
func (q *Query) String() string {
	if q == nil {
		return ""
	}
	s := text(q.Root)
	if q.Exact {
		s = strings.TrimPrefix(s+" also:no", " ")
	}
	return s
}

// Has reports whether the clause stands in the query as one of those joined by
// AND at its top.
func (q *Query) Has(clause string) bool {
	want := canonical(clause)
	return want != "" && slices.ContainsFunc(q.top(), func(n Node) bool { return text(n) == want })
}

// With is the canonical text of the query with a clause added by AND; put '-'
// before the clause to exclude it. A clause already there is not repeated.
func (q *Query) With(clause string) string {
	add, err := Parse("in:x " + clause) // a positive clause, so that -clause parses
	if err != nil || q.Has(clause) {
		return q.String()
	}
	nodes := slices.Concat(q.top(), And{}, (&Query{Root: add.Root}).top()[1:])
	return (&Query{Root: join(nodes, true), Exact: q != nil && q.Exact}).String()
}

// Without is the canonical text of the query with a clause taken out.
func (q *Query) Without(clause string) string {
	want := canonical(clause)
	nodes := slices.DeleteFunc(slices.Clone(q.top()), func(n Node) bool { return text(n) == want })
	return (&Query{Root: join(nodes, true), Exact: q != nil && q.Exact}).String()
}

// top lists the clauses joined by AND at the top of the tree.
func (q *Query) top() []Node {
	if q == nil || q.Root == nil {
		return nil
	}
	if and, ok := q.Root.(And); ok {
		return and
	}
	return []Node{q.Root}
}

// canonical is the canonical text of a clause, which may be negative.
func canonical(clause string) string {
	q, err := Parse("in:x " + clause)
	if err != nil {
		return ""
	}
	return text(join(q.top()[1:], true))
}

// text writes a node in the query language.
func text(n Node) string {
	switch n := n.(type) {
	case And:
		return list(n, " ")
	case Or:
		return list(n, " OR ")
	case Not:
		return "-" + inner(n.Node)
	case *Text:
		return fieldText(n.Field, n.text())
	case *Value:
		return fieldText(n.Field, safe(n.Value))
	case *Numbers:
		return fieldText(n.Field, numberText(n))
	case *Dates:
		return fieldText(n.Field, dateText(n.From, n.To))
	}
	return ""
}

func list(nodes []Node, sep string) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = inner(n)
	}
	return strings.Join(parts, sep)
}

// inner is text, in brackets where it holds several clauses.
func inner(n Node) string {
	switch n.(type) {
	case And, Or:
		return "(" + text(n) + ")"
	}
	return text(n)
}

func fieldText(f Field, v string) string {
	if f == Any {
		return v
	}
	return string(f) + ":" + v
}

func (t *Text) text() string {
	s := t.joined()
	switch {
	case t.Value != "":
		return t.Value
	case t.Mode == Prefix:
		return s + "*"
	case t.Mode == Fuzzy:
		return s + "~" + strconv.Itoa(t.N)
	case t.Mode == Near:
		return `"` + s + `"~` + strconv.Itoa(t.N)
	case t.Quoted || !t.whole():
		return `"` + s + `"`
	}
	return s
}

// whole reports whether the text is one word, not of CJK, or one whose pieces
// are joined.
func (t *Text) whole() bool {
	for i, w := range t.Words {
		if i > 0 && !w.Joint || pairOf(w.Text) {
			return false
		}
	}
	return t.Mode == Phrase && t.Value == ""
}

// isPair reports whether a word is two characters of a run of CJK.
func isPair(w string) bool { return pairOf(w) && utf8.RuneCountInString(w) == 2 }

// joined writes the words so that they read back the same: pairs of CJK that
// overlap become the run they came from.
func (t *Text) joined() string {
	var b strings.Builder
	for i, w := range t.Words {
		switch {
		case i == 0:
			b.WriteString(w.Text)
		case w.At == t.Words[i-1].At+1 && isPair(w.Text) && isPair(t.Words[i-1].Text): // a character that stands alone is in no run
			_, n := utf8.DecodeRuneInString(w.Text)
			b.WriteString(w.Text[n:])
		case w.Glued:
			b.WriteString("_" + w.Text)
		case w.Joint:
			b.WriteString(joiner + w.Text)
		default:
			b.WriteString(" " + w.Text)
		}
	}
	return b.String()
}

// safe quotes a value that would not read back as one piece.
func safe(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return strings.ContainsRune(` (){}&|`, r) }) {
		return `"` + v + `"`
	}
	return v
}

func numberText(n *Numbers) string {
	if n.From == n.To {
		return strconv.Itoa(n.From)
	}
	var from, to string
	if n.From > 0 {
		from = strconv.Itoa(n.From)
	}
	if n.To > 0 {
		to = strconv.Itoa(n.To)
	}
	return from + ".." + to
}

// dateText writes the shortest form: a year, month or day, else days with the
// last one included.
func dateText(from, to time.Time) string {
	if !from.IsZero() {
		for _, f := range []string{"2006", "2006-01", time.DateOnly} {
			if s, ok := parseSpan(from.Format(f)); ok && s.from.Equal(from) && s.to.Equal(to) {
				return from.Format(f)
			}
		}
	}
	switch {
	case to.IsZero():
		return from.Format(time.DateOnly) + ".."
	case from.IsZero() && to.Year() <= minYear:
		return "<" + to.Format(time.DateOnly)
	case from.IsZero():
		return ".." + to.AddDate(0, 0, -1).Format(time.DateOnly)
	case !from.Before(to): // empty
		return "[" + from.Format(time.DateOnly) + " TO " + to.Format(time.DateOnly) + "}"
	}
	return from.Format(time.DateOnly) + ".." + to.AddDate(0, 0, -1).Format(time.DateOnly)
}
