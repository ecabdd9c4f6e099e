package trove

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tree prints threads as nested brackets; a ghost is printed with a question mark.
func tree(roots []*Node) string {
	var b strings.Builder
	for _, r := range roots {
		b.WriteString(one(r))
	}
	return b.String()
}

func one(n *Node) string {
	s := n.ID
	if n.Ghost() {
		s += "?"
	}
	for _, c := range n.Children {
		s += "(" + one(c) + ")"
	}
	return s + " "
}

func msg(id, refs string, day int) Message {
	return Message{ID: id, References: strings.Fields(refs), Date: time.Date(2015, 1, day, 0, 0, 0, 0, time.UTC)}
}

func TestThreads(t *testing.T) {
	for _, c := range []struct {
		name string
		msgs []Message
		want string
	}{
		{"a reply stands under its parent", []Message{msg("a", "", 1), msg("b", "a", 2)}, "a(b ) "},
		{"order of arrival does not matter", []Message{msg("b", "a", 2), msg("a", "", 1)}, "a(b ) "},
		{"a missing root is a ghost", []Message{msg("b", "a", 2), msg("c", "a", 3)}, "a?(b )(c ) "},
		{"a single reply keeps its ghost", []Message{msg("b", "a", 2)}, "a?(b ) "},
		{"an inner ghost with one child is lifted", []Message{msg("a", "", 1), msg("c", "a b", 3)}, "a(c ) "},
		{"an inner ghost with two children stays", []Message{msg("a", "", 1), msg("c", "a b", 3), msg("d", "a b", 4)}, "a(b?(c )(d ) ) "},
		{"brothers by date", []Message{msg("a", "", 1), msg("c", "a", 9), msg("b", "a", 2)}, "a(b )(c ) "},
		{"one id twice", []Message{msg("a", "", 1), msg("a", "", 2), msg("b", "a", 3)}, "a(b ) a "},
		{"a loop ends", []Message{msg("a", "b", 1), msg("b", "a", 2)}, "b(a ) "},
		{"a message that refers to itself", []Message{msg("a", "a", 1)}, "a "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tree(Threads(c.msgs)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestInReplyToCountsWhereReferencesAreSilent(t *testing.T) {
	m := msg("b", "", 2)
	m.InReplyTo = []string{"a", "somebody@example.org"}
	if got := tree(Threads([]Message{msg("a", "", 1), m})); got != "a(b ) " {
		t.Errorf("got %q", got)
	}
}

func TestEveryMessageIsInExactlyOneThread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		id := rapid.IntRange(0, 20)
		msgs := make([]Message, n)
		for i := range msgs {
			refs := ""
			for range rapid.IntRange(0, 5).Draw(t, "refs") {
				refs += fmt.Sprint(" m", id.Draw(t, "ref"))
			}
			msgs[i] = msg(fmt.Sprint("m", id.Draw(t, "id")), refs, 1+i%28)
		}
		seen := make([]int, n)
		for _, r := range Threads(msgs) {
			r.Walk(func(n *Node, _ int) {
				if !n.Ghost() {
					seen[n.Message]++
				}
			})
		}
		for i, k := range seen {
			if k != 1 {
				t.Fatalf("message %d stands %d times in the threads", i, k)
			}
		}
	})
}

func TestALongChainEnds(t *testing.T) {
	const n = 20_000
	msgs := make([]Message, n)
	for i := range msgs {
		msgs[i] = msg(fmt.Sprint(i), fmt.Sprint(i-1), 1)
	}
	count := 0
	for _, r := range Threads(msgs) {
		r.Walk(func(n *Node, _ int) {
			if !n.Ghost() {
				count++
			}
		})
	}
	if count != n {
		t.Fatalf("%d of %d messages in threads", count, n)
	}
}
