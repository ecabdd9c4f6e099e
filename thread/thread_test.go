package thread

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
		{"a longer loop ends", []Message{msg("a", "c", 1), msg("b", "a", 2), msg("c", "b", 3)}, "c(a(b ) ) "},
		{"one's own word wins over a guess", []Message{msg("x", "p q b", 1), msg("b", "a", 2), msg("a", "", 1)}, "a(b(x ) ) "},
		{"a ghost has the date of its earliest child", []Message{msg("n", "a", 5), msg("late", "a g", 9), msg("soon", "a g", 2)}, "a?(g?(soon )(late ) )(n ) "},
		{"a message that refers to itself", []Message{msg("a", "a", 1)}, "a "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tree(Trees(c.msgs)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestInReplyToCountsWhereReferencesAreSilent(t *testing.T) {
	m := msg("b", "", 2)
	m.InReplyTo = []string{"a", "somebody@example.org"}
	if got := tree(Trees([]Message{msg("a", "", 1), m})); got != "a(b ) " {
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
		for _, r := range Trees(msgs) {
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

// shapes are chains and combs that a naive test for loops, or a naive date of
// a ghost, walks again and again.
var shapes = map[string]func(i, n int) Message{
	"chain, oldest first":    func(i, n int) Message { return msg(fmt.Sprint(i), fmt.Sprint(i-1), 1) },
	"chain, newest first":    func(i, n int) Message { return msg(fmt.Sprint(n-i), fmt.Sprint(n-i-1), 1) },
	"chain, scattered":       func(i, n int) Message { k := i * 7919 % n; return msg(fmt.Sprint(k), fmt.Sprint(k-1), 1) },
	"chain with long memory": func(i, n int) Message { return msg(fmt.Sprint(i), fmt.Sprint(i-4, " ", i-3, " ", i-2, " ", i-1), 1) },
	"ring":                   func(i, n int) Message { return msg(fmt.Sprint(i), fmt.Sprint((i+n-1)%n), 1) },
	"comb of ghosts":         func(i, n int) Message { return msg(fmt.Sprint("m", i), fmt.Sprint("g", i-1, " g", i), 1) },
	"everybody's last word":  func(i, n int) Message { return msg(fmt.Sprint(i), fmt.Sprint(n-1), 1) },
}

func shaped(shape func(i, n int) Message, n int) []Message {
	msgs := make([]Message, n)
	for i := range msgs {
		msgs[i] = shape(i, n)
	}
	return msgs
}

// With 200,000 messages a quadratic walk would take minutes, and this test with it.
func TestHostileShapesOfAnySizeEnd(t *testing.T) {
	const n = 200_000
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			count, deepest := 0, 0
			for _, r := range Trees(shaped(shape, n)) {
				r.Walk(func(n *Node, depth int) {
					deepest = max(deepest, depth)
					if !n.Ghost() {
						count++
					}
				})
			}
			if count != n {
				t.Fatalf("%d of %d messages in threads", count, n)
			}
			if strings.HasPrefix(name, "chain") && deepest < n-1 {
				t.Errorf("the chain is only %d deep", deepest)
			}
		})
	}
}

func BenchmarkTrees(b *testing.B) {
	for name, shape := range shapes {
		for _, n := range []int{50_000, 200_000} {
			msgs := shaped(shape, n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					Trees(msgs)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/message")
			})
		}
	}
}
