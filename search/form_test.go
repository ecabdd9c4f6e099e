package search

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheFormWritesTheQuery(t *testing.T) {
	for _, c := range []struct {
		form Form
		want string
	}{
		{Form{}, ""},
		{Form{All: "schedule  budget"}, "schedule budget"},
		{Form{All: `sched* or OR -x from:mary "two words" (a) AND "open end`}, `sched* or "OR" "-x" "from:mary" "two words" "(a)" "AND" "open end"`},
		{Form{Any: "schedule plan"}, "(schedule OR plan)"},
		{Form{Any: "schedule"}, "schedule"},
		{Form{Phrase: `“revised” schedule`}, `"revised  schedule"`},
		{Form{Phrase: "revised schedule", Distance: 5}, `"revised schedule"~5`},
		{Form{All: "budget", None: "draft “last plan”"}, `budget -draft -"last plan"`},
		{Form{From: "mary example", To: "omar@example.org", NotFrom: "noreply", NotTo: "all staff"}, "from:(mary example) to:omar@example.org -from:noreply -to:(all staff)"},
		{Form{Subject: "annex", Filename: "annex.pdf"}, "subject:annex filename:annex.pdf"},
		{Form{Since: "2015", Until: "2015-03"}, "date:2015..2015-03"},
		{Form{Since: "2015"}, "date:2015.."},
		{Form{PubUntil: "2016-10-13"}, "published:..2016-10-13"},
		{Form{Since: "last week"}, `date:"last week.."`},
		{Form{Collection: "mail", Batch: "20..23", Type: "doc", Lang: "ar", State: "signed", Exact: true}, "in:mail batch:20..23 type:doc lang:ar is:signed also:no"},
		{Form{All: "budget", Rest: "has:attachment OR thread:x also:no"}, "budget (has:attachment OR thread:x) also:no"},
		{Form{All: "budget", Rest: `"open`}, `budget "open`},
		{Form{All: "* ~ - ()"}, ""},
	} {
		if got := c.form.Query(); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.form, got, c.want)
		}
	}
}

func TestTheFormIsFilledInFromAQuery(t *testing.T) {
	for text, want := range map[string]Form{
		"":                                      {},
		`schedule budget~1 sched*`:              {All: "schedule budget~1 sched*"},
		`"revised schedule" "last plan" -draft`: {Phrase: "revised schedule", All: `"last plan"`, None: "draft"},
		`"revised schedule"~5 "a b"~3`:          {Phrase: "revised schedule", Distance: 5, Rest: `"a b"~3`},
		"(schedule OR plan*) (a OR b)":          {Any: "schedule plan*", Rest: "a OR b"},
		`from:(mary example) -from:noreply -to:(all staff)`: {From: "mary example", NotFrom: "noreply", NotTo: "all staff"},
		"x -from:a -from:b":                              {All: "x", NotFrom: "a", Rest: "-from:b"},
		"from:mary@example.org cc:omar":                  {From: "mary@example.org", Rest: "cc:omar"},
		"date:2015 published:..2016-10-13":               {Since: "2015-01-01", Until: "2015-12-31", PubUntil: "2016-10-13"},
		"in:mail in:notes batch:20..23 type:doc lang:ar": {Collection: "mail", Rest: "in:notes", Batch: "20..23", Type: "doc", Lang: "ar"},
		"x is:signed also:no":                            {All: "x", State: "signed", Exact: true},
		"x -is:signed":                                   {All: "x", Rest: "-(is:valid OR is:kept-key)"},
		"a OR b":                                         {Any: "a b"},
		"a OR from:b":                                    {Rest: "a OR from:b"},
	} {
		if got := FormOf(parsed(t, text)); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", text, got, want)
		}
	}
	if got := FormOf(nil); got != (Form{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// checkForm holds the form to its promise: it writes the clauses that it was
// filled in from, and is filled in the same from what it writes.
func checkForm(t *testing.T, q *Query) {
	t.Helper()
	f := FormOf(q)
	written := f.Query()
	if len(written) > MaxQueryBytes {
		return // longer than typed, as aliases are written out
	}
	again, err := Parse(written)
	if err != nil {
		t.Errorf("%s: the form %+v writes %s: %v", q, f, written, err)
		return
	}
	if a, b := sortedTop(q), sortedTop(again); !slices.Equal(a, b) || q.Exact != again.Exact {
		t.Errorf("%s: the form %+v writes %s:\n got %q\nwant %q", q, f, written, b, a)
	}
	if g := FormOf(again); g != f {
		t.Errorf("%s: the form\n%+v comes back as\n%+v", q, f, g)
	}
}

func sortedTop(q *Query) (list []string) {
	for _, n := range q.top() {
		list = append(list, tree(n))
	}
	slices.Sort(list)
	return list
}

func TestTheFormGoesRoundWithEveryGoldenQuery(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		c := strings.Split(line, "\t")
		if len(c) != 4 || c[2] == "400" {
			continue
		}
		checkForm(t, parsed(t, c[1]))
	}
	for _, text := range []string{"a_b c", `from:"a b" from:cde*`, "bs:x", "x -(a b)", `"a b" "c_d e"`, "filename:a,b", "会 会议记录 \"会\"",
		`"budget"`, `to:"mary"`, "date:<1000-01-01", "after:2016 before:2015", `in:"a b"`, "type:image/*", `-"a b"~3 x`, "a~2 b~1", `subject:"x y" subject:z~`} {
		checkForm(t, parsed(t, text))
	}
}

func FuzzForm(f *testing.F) {
	f.Add("a b", "mary -x", `"c d`, "2015", "has:attachment OR y")
	f.Add("OR (", "“", "not:", "..", "-")
	f.Fuzz(func(t *testing.T, words, who, phrase, day, rest string) {
		form := Form{All: words, Any: who, From: who, NotTo: words, Phrase: phrase, Since: day, None: phrase, Collection: day, Rest: rest}
		q, err := Parse(form.Query())
		if err != nil || !utf8.ValidString(words+who+phrase+day+rest) {
			return
		}
		checkForm(t, q)
	})
}
