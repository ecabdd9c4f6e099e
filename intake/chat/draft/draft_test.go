package draft

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/reading"
)

func message(by int, text string, at time.Time) Message {
	return Message{Message: reading.Message{By: by, Text: text}, At: at, Zoned: true}
}

var begin = time.Date(2016, 7, 4, 8, 14, 0, 0, time.UTC)

func order(c *reading.Chain) (texts string) {
	for _, m := range c.Messages {
		texts += m.Text
	}
	return texts
}

func add(t testing.TB, c *Chain, m Message) {
	t.Helper()
	if err := c.Add(m); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesStandInStableOrderOfTime(t *testing.T) {
	for _, c := range []struct {
		name    string
		minutes []int // -1: no time
		want    string
		sorted  bool
	}{
		{"in order", []int{0, 1, 2, 3}, "abcd", false},
		{"out of order", []int{0, 2, 3, 1}, "adbc", true},
		{"equal times", []int{1, 1, 0, 1}, "cabd", true},
		{"newest first", []int{3, 2, 2, 1}, "dcba", true},
		{"one without a time", []int{3, -1, 2, 1}, "abcd", false},
	} {
		d := New("x")
		for i, n := range c.minutes {
			m := message(-1, string(rune('a'+i)), begin.Add(time.Duration(n)*time.Minute))
			if n < 0 {
				m.At = time.Time{}
			}
			add(t, d, m)
		}
		chain := d.Finish().Reading.Chain
		if got := order(chain); got != c.want || chain.Sorted != c.sorted {
			t.Errorf("%s: %s, sorted %v", c.name, got, chain.Sorted)
		}
		for _, m := range chain.Messages {
			if c.sorted && "abcd"[m.Place-1:m.Place] != m.Text {
				t.Errorf("%s: %+v", c.name, m)
			}
		}
	}
}

func TestTimesOfTwoSortsAreNotCompared(t *testing.T) {
	d := New("x")
	add(t, d, message(-1, "a", begin.Add(time.Hour)))
	m := message(-1, "b", begin)
	m.Zoned = false
	add(t, d, m)
	if c := d.Finish().Reading.Chain; order(c) != "ab" || c.Messages[1].When != "2016-07-04T08:14:00" || c.Messages[0].When != "2016-07-04T09:14:00Z" {
		t.Errorf("%+v", c.Messages)
	}
}

func TestConversationsAreGroupedInOrderOfTheirFirst(t *testing.T) {
	d := New("x")
	d.Titles["2"] = "Two"
	for i, conversation := range []string{"2", "1", "2", "1"} {
		m := message(-1, string(rune('a'+i)), begin.Add(time.Duration(i)*time.Minute))
		m.Conversation, m.ID = conversation, "same"
		m.Answers = "same"
		add(t, d, m)
	}
	res := d.Finish()
	c := res.Reading.Chain
	want := []reading.Conversation{{Title: "Two", First: 1, Last: 2}, {Title: "1", First: 3, Last: 4}}
	if order(c) != "acbd" || !slices.Equal(c.Conversations, want) || !strings.HasPrefix(res.Text, "== Two ==\n2016-07-04 08:14 a\n") {
		t.Errorf("%s %+v\n%s", order(c), c.Conversations, res.Text)
	}
	if c.Messages[0].ReplyTo != 2 || c.Messages[2].ReplyTo != 4 { // an ID counts within its conversation
		t.Errorf("%+v", c.Messages)
	}
}

func TestMembersAreKnownByHandleElseByName(t *testing.T) {
	d := New("x")
	a, b := d.Member("Ann", "+1"), d.Member("Ann", "+2")
	c, again := d.Member("", "+3"), d.Member("Carol", "+3")
	n := d.Member("Ann", "")
	if a == b || c != again || n == a || d.Member("", "") != -1 || d.Known("Ann") != n || d.Known("nobody") != -1 {
		t.Error(a, b, c, again, n)
	}
	d.Alias("Bob", "+2")
	if d.Known("Bob") != b {
		t.Error("an alias is not known")
	}
	d.Self(a)
	d.Self(-1)
	if m := d.Finish().Reading.Chain.Members; m[c].Name != "Carol" || !m[a].Self || len(m) != 4 {
		t.Errorf("%+v", m)
	}
}

func TestNamesAndTextsAreClean(t *testing.T) {
	if got := Line(" a\u202eb\x00\n c\ufeff " + strings.Repeat("x", 2000)); strings.ContainsAny(got, "\u202e\x00\n\ufeff") || len([]rune(got)) > maxName || !strings.HasPrefix(got, "ab c x") {
		t.Errorf("%q", got)
	}
	if got := Text("\na\r\nb\rc\x00\x1bd\te\n\n\xff"); got != "a\nb\ncd\te\n\n\uFFFD" {
		t.Errorf("%q", got)
	}
}

func TestLimitsAreKept(t *testing.T) {
	d := New("x")
	m := message(5, strings.Repeat("é", MaxMessage), begin)
	m.Media, m.Reactions = make([]reading.Media, 5000), make([]reading.Reaction, 5000)
	m.Reactions[0].By = []int{-1, 3}
	add(t, d, m)
	res := d.Finish()
	got := res.Reading.Chain.Messages[0]
	if len(got.Text) > MaxMessage || len(got.Media) != maxList || len(got.Reactions) != maxList || got.By != -1 || len(got.Reactions[0].By) != 0 {
		t.Error(len(got.Text), len(got.Media), got.By, got.Reactions[0].By)
	}
	if len(res.Record.Warnings) != 1 || res.Record.Warnings[0].Code != "long-message" {
		t.Error(res.Record.Warnings)
	}
	d = New("x")
	for i := range maxMembers + 10 {
		if n := d.Member(fmt.Sprint(i), ""); (n < 0) != (i >= maxMembers) {
			t.Fatal(i, n)
		}
	}
	d = New("x")
	d.messages = make([]*Message, MaxMessages-1)
	if first, second := d.Add(Message{}), d.Add(Message{}); first != nil || !errors.Is(second, ErrFull) || d.Len() != MaxMessages {
		t.Error(first, second, d.Len())
	}
}

func TestEditsDeletionsAndSigns(t *testing.T) {
	d := New("x")
	a := d.Member("A", "")
	m := message(a, "first", begin)
	m.ID = "1"
	add(t, d, m)
	d.React("", "1", "👍", a, false)
	d.React("", "1", "❤", a, false)
	d.React("", "2", "❤", a, false)
	d.Edit("", "1", "second", begin.Add(time.Minute))
	d.Edit("", "1", "third", time.Time{})
	got := *d.Find("", "1")
	want := []reading.Earlier{{When: "2016-07-04T08:14:00Z", Text: "first"}, {When: "2016-07-04T08:15:00Z", Text: "second"}}
	if got.Text != "third" || got.Edited != "yes" || !slices.Equal(got.Earlier, want) || len(got.Reactions) != 2 {
		t.Errorf("%+v", got)
	}
	d.React("", "1", "", a, true)
	if d.Delete("", "2") || !d.Delete("", "1") || d.Find("", "1").Text != "" || len(d.Find("", "1").Reactions) != 0 {
		t.Errorf("%+v", d.Find("", "1"))
	}
}
