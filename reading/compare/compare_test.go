package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"unseal/reading"
)

// chain makes a chain of lines "8:14:00 A text"; a member's name is a letter.
func chain(lines ...string) *reading.Chain {
	c := &reading.Chain{}
	index := map[string]int{}
	for i, l := range lines {
		clock, rest, _ := strings.Cut(l, " ")
		name, text, _ := strings.Cut(rest, " ")
		if _, ok := index[name]; !ok {
			index[name] = len(c.Members)
			c.Members = append(c.Members, reading.Member{Name: name})
		}
		m := reading.Message{N: i + 1, By: index[name], Text: text}
		if at, err := time.Parse("15:04:05", clock); err == nil {
			m.When = at.AddDate(2016, 6, 3).Format("2006-01-02T15:04:05")
		}
		switch text {
		case "<deleted>":
			m.Kind, m.Text = "deleted", ""
		case "<file>":
			m.Text, m.Media = "", []reading.Media{{Missing: true}}
		case "<system>":
			m.Kind, m.By = "system", -1
		}
		c.Messages = append(c.Messages, m)
	}
	return c
}

func TestDifferencesAreNamed(t *testing.T) {
	a := []string{"08:00:00 A good morning", "08:01:00 B did you read the report", "08:02:00 A I did", "08:03:00 B and what do you think", "08:04:00 A it is thin"}
	for _, c := range []struct {
		name string
		b    []string
		want []Difference
	}{
		{"alike", a, nil},
		{"a message is missing", slices.Delete(slices.Clone(a), 1, 2), []Difference{{Kind: OnlyA, A: 2}}},
		{"a message is more", slices.Insert(slices.Clone(a), 1, "08:00:30 A anyone there?"), []Difference{{Kind: OnlyB, B: 2}}},
		{"a word differs", slices.Replace(slices.Clone(a), 1, 2, "08:01:00 B did you read the whole report"), []Difference{{Kind: Text, A: 2, B: 2}}},
		{"all words differ", slices.Replace(slices.Clone(a), 1, 2, "08:01:00 B xyz"), []Difference{{Kind: Text, A: 2, B: 2}}},
		{"a message was deleted", slices.Replace(slices.Clone(a), 1, 2, "08:01:00 B <deleted>"), []Difference{{Kind: Deleted, A: 2, B: 2}}},
		{"another sender", slices.Replace(slices.Clone(a), 1, 2, "08:01:00 A did you read the report"), []Difference{{Kind: Sender, A: 2, B: 2}}},
		{"another time", slices.Replace(slices.Clone(a), 1, 2, "10:31:00 B did you read the report"), []Difference{{Kind: Time, A: 2, B: 2, Seconds: 9000}}},
		{"a line of the platform", slices.Insert(slices.Clone(a), 0, "07:00:00 A <system>"), nil},
	} {
		r := Chains(chain(a...), chain(c.b...))
		if !slices.Equal(r.Differences, c.want) {
			t.Errorf("%s: %+v, not %+v", c.name, r.Differences, c.want)
		}
		if r.Rough {
			t.Errorf("%s: rough", c.name)
		}
	}
}

func TestMoreFilesAndMarksAreNoDifference(t *testing.T) {
	a := chain("08:00:00 A good  morning\u200e", "08:01:00 B <file>", "08:02:00 A cafe\u0301 at nine?", "08:03:00 B ok")
	b := chain("08:00:00 X good morning", "08:01:00 Y <file>", "08:02:00 X café at nine?", "08:03:00 Y ok")
	if r := Chains(a, b); len(r.Differences) > 0 || r.Both != 4 {
		t.Errorf("%+v", r)
	}
}

func TestChainsWithoutTimesAreComparedByTheirOrder(t *testing.T) {
	a := chain("- A good morning", "- B did you read the report", "- A ok", "- B and what do you think", "- A ok")
	b := chain("- A good morning", "- B did you read the report", "- B and what do you think", "- A ok")
	r := Chains(a, b)
	if want := []Difference{{Kind: OnlyA, A: 3}}; !slices.Equal(r.Differences, want) || r.Clock != nil {
		t.Errorf("%+v", r)
	}
}

func TestNothingInCommonIsNothingInCommon(t *testing.T) {
	r := Chains(chain("08:00:00 A good morning", "08:01:00 B hello"), chain("08:00:00 A entirely", "08:01:00 B different"))
	if r.Both != 0 || len(r.Differences) != 4 || len(r.Members) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestSummerTimeIsASecondOffset(t *testing.T) {
	a, b := &reading.Chain{Members: make([]reading.Member, 2)}, &reading.Chain{Members: make([]reading.Member, 2)}
	begin := time.Date(2016, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range 60 {
		at := begin.AddDate(0, 0, i)
		east := time.Hour
		if i > 26 {
			east = 2 * time.Hour
		}
		m := reading.Message{N: i + 1, By: i % 2, Text: fmt.Sprintf("message number %d", i), When: at.Format(time.RFC3339)}
		a.Messages = append(a.Messages, m)
		m.When = at.Add(east).Format("2006-01-02T15:04:05")
		b.Messages = append(b.Messages, m)
	}
	r := Chains(a, b)
	if len(r.Differences) > 0 || len(r.Clock) != 2 || r.Clock[0].Seconds != 7200 || r.Clock[1].Seconds != 3600 {
		t.Errorf("%+v", r)
	}
}

func TestOneConversationOfSeveralIsCompared(t *testing.T) {
	a := chain("08:00:00 A about the house", "08:05:00 C the roof leaks", "07:00:00 A good morning", "07:01:00 B did you sleep well")
	a.Conversations = []reading.Conversation{{Title: "C", First: 1, Last: 2}, {Title: "B", First: 3, Last: 4}}
	r := Chains(a, chain("07:00:00 A good morning", "07:01:00 B did you sleep well"))
	if r.Both != 2 || len(r.Differences) != 0 || r.OutsideA != 2 {
		t.Errorf("%+v", r)
	}
}

// TestEditsAreFoundExactly is the promise: whatever was taken out of or changed
// in either export is reported, and nothing else, with clocks that differ by a
// constant and times to the minute alone.
func TestEditsAreFoundExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 120).Draw(t, "messages")
		skew := time.Duration(rapid.IntRange(-50_000, 50_000).Draw(t, "skew")) * time.Second
		coarse := rapid.Bool().Draw(t, "minutes")
		at := time.Date(2016, 7, 4, 8, 0, 0, 0, time.UTC)
		a, b := &reading.Chain{}, &reading.Chain{}
		for range 3 {
			a.Members, b.Members = append(a.Members, reading.Member{}), append(b.Members, reading.Member{})
		}
		var want []Difference
		last := -4
		for i := range n {
			at = at.Add(time.Duration(rapid.IntRange(1, 900).Draw(t, "gap")) * time.Second)
			by := rapid.IntRange(0, 2).Draw(t, "by")
			text := fmt.Sprintf("%s %d", rapid.SampledFrom([]string{"ok", "see you at the station", "no", "the meeting is at noon", "why?", "نعم", "да"}).Draw(t, "text"), i)
			plain := false
			if i%3 == 1 { // texts that stand often are never changed
				text, plain = "ok", true
			}
			m := reading.Message{By: by, Text: text, When: at.Format("2006-01-02T15:04:05")}
			o := m
			o.By = (by + 1) % 3
			o.When = at.Add(skew).Format("2006-01-02T15:04:05")
			if coarse {
				o.When = at.Add(skew).Truncate(time.Minute).Format("2006-01-02T15:04:05")
			}
			op := rapid.IntRange(0, 9).Draw(t, "op")
			if i-last < 4 || plain || i < 4 {
				op = 9
			}
			var d Difference
			switch op {
			case 0:
				d = Difference{Kind: OnlyA}
			case 1:
				d = Difference{Kind: OnlyB}
			case 2:
				d, o.Text = Difference{Kind: Text}, "something else altogether"
			case 3:
				d, o.Text = Difference{Kind: Text}, o.Text+"!"
			case 4:
				d = Difference{Kind: Deleted}
				o.Text, o.Kind = "", "deleted"
			}
			if op < 5 {
				last = i
			}
			if d.Kind != OnlyB {
				m.N = len(a.Messages) + 1
				a.Messages, d.A = append(a.Messages, m), m.N
			}
			if d.Kind != OnlyA {
				o.N = len(b.Messages) + 1
				b.Messages, d.B = append(b.Messages, o), o.N
			}
			if d.Kind != "" {
				want = append(want, d)
			}
		}
		r := Chains(a, b)
		if !slices.Equal(r.Differences, want) {
			t.Fatalf("%+v\nnot %+v\nclock %v", r.Differences, want, r.Clock)
		}
		if r.Both != len(a.Messages)-countA(want) {
			t.Fatalf("%d corroborated of %d", r.Both, len(a.Messages))
		}
	})
}

func countA(list []Difference) int {
	n := 0
	for _, d := range list {
		if d.A > 0 {
			n++
		}
	}
	return n
}

// TestLargeUnrelatedChainsEnd is the bound: everything differs, and the work is
// not the product of both lengths.
func TestLargeUnrelatedChainsEnd(t *testing.T) {
	big := func(word string) *reading.Chain {
		c := &reading.Chain{Members: make([]reading.Member, 2)}
		for i := range 50_000 {
			c.Messages = append(c.Messages, reading.Message{N: i + 1, By: i % 2, Text: fmt.Sprintf("%s %d", word, i%7), When: "2016-07-04T08:00:00"})
		}
		return c
	}
	r := Chains(big("yes"), big("never"))
	if r.Both != 0 || len(r.Differences) == 0 {
		t.Errorf("%d corroborated", r.Both)
	}
}

func TestChainsAreNotChanged(t *testing.T) {
	a, b := chain("08:00:00 A good morning", "08:01:00 B hello"), chain("08:00:00 A good morning")
	before := fmt.Sprint(*a, *b)
	Chains(a, b)
	if fmt.Sprint(*a, *b) != before {
		t.Error("comparing changed a chain")
	}
}

func FuzzChains(f *testing.F) {
	f.Add("08:00:00 A good morning\n08:01:00 B <deleted>", "08:00:00 A good morning\n- B x")
	f.Add("", "08:00:00 A <file>")
	f.Fuzz(func(t *testing.T, x, y string) {
		a, b := chain(strings.Split(x, "\n")...), chain(strings.Split(y, "\n")...)
		r := Chains(a, b)
		if got := r.Both + countA(r.Differences) + r.OutsideA; got != len(a.Messages) {
			t.Fatalf("%d of %d messages of A are accounted for", got, len(a.Messages))
		}
		inB := r.Both + r.OutsideB
		for _, d := range r.Differences {
			if d.B > 0 {
				inB++
			}
		}
		if inB != len(b.Messages) {
			t.Fatalf("%d of %d messages of B are accounted for", inB, len(b.Messages))
		}
	})
}
