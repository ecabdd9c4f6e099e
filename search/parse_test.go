package search

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tree writes a node in the notation of query-language.md, section 7.
func tree(n Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case And:
		return "and(" + trees(n) + ")"
	case Or:
		return "or(" + trees(n) + ")"
	case Not:
		return "not(" + tree(n.Node) + ")"
	case *Text:
		return inField(n.Field, textTree(n))
	case *Value:
		return inField(n.Field, n.Value)
	case *Numbers:
		if n.From == n.To {
			return fmt.Sprintf("%s(%d)", n.Field, n.From)
		}
		return fmt.Sprintf("%s[%s]", n.Field, strings.Replace(numberText(n), "..", ",", 1))
	case *Dates:
		return fmt.Sprintf("%s[%s,%s)", n.Field, day(n.From), day(n.To))
	}
	panic("unknown node")
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func trees(nodes []Node) string {
	var parts []string
	for _, n := range nodes {
		parts = append(parts, tree(n))
	}
	return strings.Join(parts, ", ")
}

func inField(f Field, s string) string {
	if f == Any {
		return s
	}
	return string(f) + "(" + s + ")"
}

func textTree(t *Text) string {
	if t.Value != "" {
		return t.Value
	}
	words := ""
	for i, w := range t.Words {
		switch {
		case w.Glued:
			words += "_"
		case i > 0:
			words += " "
		}
		words += w.Text
	}
	switch {
	case t.Mode == Prefix:
		return "prefix(" + words + ")"
	case t.Mode == Fuzzy:
		return fmt.Sprintf("fuzzy(%s,%d)", words, t.N)
	case t.Mode == Near:
		return fmt.Sprintf("near(%q,%d)", words, t.N)
	case len(t.Words) > 1:
		return `"` + words + `"`
	}
	return words
}

func TestEveryRowOfTheGoldenTableParses(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // tree by row number
	rows := 0
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 4 {
			continue
		}
		rows++
		number, query, as, note := f[0], f[1], f[2], f[3]
		q, err := Parse(query)
		if as == "400" {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Text == "" || syntax.Offset+syntax.Length > len(query) {
				t.Errorf("%s: %s: error %#v, want a syntax error: %s", number, query, err, note)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %s: %v", number, query, err)
			continue
		}
		if row, ok := strings.CutPrefix(as, "as "); ok {
			as = want[row]
		}
		want[number] = as
		if got := tree(q.Root); got != as {
			t.Errorf("%s: %s\n got %s\nwant %s", number, query, got, as)
		}
		if (note != "-") != (len(q.Notes) > 0) {
			t.Errorf("%s: %s: notes %+v, want %q", number, query, q.Notes, note)
		}
		checkCanonical(t, q)
	}
	if rows != 94 {
		t.Errorf("read %d rows, want 94", rows)
	}
}

// checkCanonical holds a query to its promise: the canonical text parses to
// the same tree.
func checkCanonical(t *testing.T, q *Query) {
	t.Helper()
	s := q.String()
	again, err := Parse(s)
	if err != nil {
		if len(s) > MaxQueryBytes {
			return // longer than typed, as aliases are written out
		}
		t.Errorf("canonical %q: %v", s, err)
		return
	}
	if a, b := tree(q.Root), tree(again.Root); a != b || q.Exact != again.Exact {
		t.Errorf("canonical %q:\n got %s\nwant %s", s, b, a)
	}
	if again.String() != s {
		t.Errorf("canonical of %q is %q", s, again.String())
	}
}

func TestErrorsPointAtThePlace(t *testing.T) {
	for _, c := range []struct {
		query, code, place string
		column             int
	}{
		{`budget "revised schedule`, "open-quote", `"`, 8},
		{`été (plan OR x`, "open-bracket", "(", 5},
		{`été plan)`, "stray-bracket", ")", 9},
		{`plan *dule`, "star-place", "*", 6},
		{`plan sc*`, "short-prefix", "sc*", 6},
		{`plan sch*dule`, "star-place", "*", 9},
		{`plan on:2015-02-30`, "no-such-day", "on:2015-02-30", 6},
		{`from: budget`, "no-value", "from:", 1},
		{`subject:"" x`, "no-value", `subject:""`, 1},
		{`plan OR`, "dangling-operator", "OR", 6},
		{`plan AND OR x`, "dangling-operator", "OR", 10},
		{`plan NOT`, "dangling-operator", "NOT", 6},
		{`plan ()`, "empty-bracket", "()", 6},
		{`no:0`, "bad-number", "no:0", 1},
		{`batch:x`, "bad-number", "batch:x", 1},
		{`sha256:abc`, "bad-hash", "sha256:abc", 1},
		{`-a -b`, "not-alone", "-a -b", 1},
		{`a OR -b`, "not-alone", "a OR -b", 1},
		{`date:..`, "no-such-day", "date:..", 1},
		{`date:[2015 2016]`, "bad-range", "date:[2015 2016]", 1},
	} {
		_, err := Parse(c.query)
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, want an error", c.query, err)
			continue
		}
		place := c.query[e.Offset : e.Offset+e.Length]
		if e.Code != c.code || place != c.place || e.Column != c.column {
			t.Errorf("%s: %s at %q column %d, want %s at %q column %d", c.query, e.Code, place, e.Column, c.code, c.place, c.column)
		}
	}
}

func TestQueryKeepsItsLimits(t *testing.T) {
	if _, err := Parse(strings.Repeat("a", 512)); err != nil {
		t.Errorf("512 bytes: %v", err)
	}
	if _, err := Parse(strings.Repeat("a", 513)); err == nil {
		t.Error("513 bytes parsed")
	}
	if _, err := Parse(strings.Repeat("a ", 24)); err != nil {
		t.Errorf("24 clauses: %v", err)
	}
	if _, err := Parse(strings.Repeat("a ", 25)); err == nil {
		t.Error("25 clauses parsed")
	}
	deep := strings.Repeat("(", 255) + "a" + strings.Repeat(")", 255)
	if q, err := Parse(deep); err != nil || q.String() != "a" {
		t.Errorf("deep nesting: %v %v", q, err)
	}
}

func TestFurtherFormsOfQueries(t *testing.T) {
	for _, c := range []struct{ query, tree string }{
		{"", ""},
		{"  -- & ", ""},
		{"is:valid", "is(valid)"},
		{"IS:Valid", "is(valid)"},
		{"a && (b || c)", "and(a, or(b, c))"},
		{"a&&b||c", "or(and(a, b), c)"},
		{"from:Mary@Example.org", "from(mary@example.org)"},
		{`from:"mary@example.org"`, "from(mary@example.org)"},
		{"from:(mary -omar)", "and(from(mary), not(from(omar)))"},
		{"from:mar*", "from(prefix(mar))"},
		{"to:mary~1", "to(fuzzy(mary,1))"},
		{"annex.pd*", ""},
		{"john.pod*", "and(john, prefix(pod))"},
		{"john's", `"john s"`},
		{"aujourd’hui", "aujourd'hui"},
		{"date:>2015 date:<=2016-02", "date[2016-01-01,2016-03-01)"},
		{"after:2016 before:2015", "date[2016-01-01,2015-01-01)"},
		{"no:33101-34103", "no[33101,34103]"},
		{"no:5..", "no[5,]"},
		{"type:image/*", "type(image)"},
		{"ext:.PDF", "ext(pdf)"},
		{"sched~2", "fuzzy(sched,1)"},
		{"schedule~2", "fuzzy(schedule,2)"},
		{"schedule~9", "fuzzy(schedule,2)"},
		{`"budget"~3`, "budget"},
		{`"a b"~0`, `"a b"`},
		{"msgid:<a(b)c@x.org>", "msgid(a(b)c@x.org)"},
		{"(msgid:a(b)c@x.org OR x)", "or(msgid(a(b)c@x.org), x)"},
		{"C'est l'été", "and(est, ete)"},
		{"https://example.org/a", `"https example org a"`},
		{"会", "会"},
		{"date:(2015 OR 2017)", "or(date[2015-01-01,2016-01-01), date[2017-01-01,2018-01-01))"},
		{"bs:(a b)", "and(or(subject(a), body(a)), or(subject(b), body(b)))"},
		{"a also:no", "a"},
	} {
		q, err := Parse(c.query)
		if c.tree == "" && c.query != "" && strings.Contains(c.query, "*") {
			if err == nil {
				t.Errorf("%s: parsed, want an error", c.query)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		if got := tree(q.Root); got != c.tree {
			t.Errorf("%s:\n got %s\nwant %s", c.query, got, c.tree)
		}
		checkCanonical(t, q)
	}
}

func TestClausesAreAddedAndTakenOut(t *testing.T) {
	q, err := Parse("schedule OR plan")
	if err != nil {
		t.Fatal(err)
	}
	with := q.With("batch:3")
	if with != "(schedule OR plan) batch:3" {
		t.Errorf("With: %s", with)
	}
	q, _ = Parse(with)
	if !q.Has("batch:3") || q.Has("schedule") || q.Has("-batch:3") {
		t.Errorf("Has on %s", q)
	}
	if got := q.With("batch:3"); got != with {
		t.Errorf("With twice: %s", got)
	}
	if got := q.Without("batch:3"); got != "schedule OR plan" {
		t.Errorf("Without: %s", got)
	}
	if got := q.With("-lang:fr"); got != with+" -lang:fr" {
		t.Errorf("With a negative clause: %s", got)
	}
	var none *Query
	if got := none.With("in:mail"); got != "in:mail" || none.String() != "" {
		t.Errorf("on nothing: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if c := strings.Split(line, "\t"); len(c) == 4 {
			f.Add(c[1])
		}
	}
	f.Add("batch:*..")
	f.Add("峳!峳峳0")
	f.Add("M:\"ث \u065b\"")
	f.Add("msgid:<<a>>")
	f.Add("ext:..pdf")
	f.Add("with:&0_0")
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		var e *SyntaxError
		if err != nil {
			if !errors.As(err, &e) || e.Text == "" || e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(s) {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		if utf8.ValidString(s) {
			checkCanonical(t, q)
		}
	})
}
