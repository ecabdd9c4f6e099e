package thread

import (
	"fmt"
	"slices"
	"testing"
)

func TestMissingNamesEveryAbsentAncestorOnce(t *testing.T) {
	msgs := []Message{
		{ID: "a"},
		{ID: "d", References: []string{"a", "b", "c"}},                           // b and c would leave no ghost in the tree
		{ID: "e", References: []string{"a", "c", "c"}, InReplyTo: []string{"x"}}, // twice, and an answer to another one
		{ID: "f", References: []string{"f", "e"}},                                // itself
		{References: []string{""}, InReplyTo: []string{"b"}},
	}
	want := [][]string{nil, {"b", "c"}, {"c", "x"}, nil, {"b"}}
	got := Missing(msgs)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("message %d misses %q, want %q", i, got[i], want[i])
		}
	}
}

func TestMissingIsBounded(t *testing.T) {
	m := Message{ID: "m"}
	for i := range 10 * maxReferences {
		m.References = append(m.References, fmt.Sprint(i))
	}
	got := Missing([]Message{m})[0]
	if len(got) != maxReferences || got[0] != fmt.Sprint(9*maxReferences) {
		t.Errorf("%d missing from %q on, want the newest %d", len(got), got[0], maxReferences)
	}
}
