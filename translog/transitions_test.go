package translog

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"unseal/trove"
)

// TestEveryTransitionOfANumber plays every entry that can name a number
// against every state that a number can be in.
func TestEveryTransitionOfANumber(t *testing.T) {
	begin := []Entry{commitment(9), item(1, 7, 1), batch(7, 1, 1)} // batch 7 is there already, with another number
	out := append(begin[:3:3], item(5, 1, 1), batch(1, 1, 1))
	states := map[string][]Entry{
		"not out":                   begin,
		"withheld":                  append(begin[:3:3], held(5, 5, "privacy")),
		"unreadable":                append(begin[:3:3], held(5, 5, "unreadable")),
		"coming":                    append(begin[:3:3], item(5, 1, 1)),
		"coming, was withheld":      append(begin[:3:3], held(5, 5, "privacy"), item(5, 1, 1)),
		"out":                       out,
		"out, batch made anew":      append(out[:5:5], batch(1, 2, 1)),
		"out, batch open":           append(out[:5:5], item(6, 1, 1)),
		"out, neighbour withdrawn":  append(out[:5:5], item(6, 1, 1), batch(1, 2, 2), tomb(6)),
		"second edition is coming":  append(out[:5:5], item(5, 1, 2)),
		"second edition":            append(out[:5:5], item(5, 1, 2), batch(1, 2, 1)),
		"tombstone, batch open":     append(out[:5:5], tomb(5)),
		"tombstone":                 append(out[:5:5], tomb(5), batch(1, 2, 0)),
		"tombstone, second edition": append(out[:5:5], item(5, 1, 2), batch(1, 2, 1), tomb(5), batch(1, 3, 0)),
	}
	entries := map[string]Entry{
		"first edition":                 item(5, 1, 1),
		"first edition in batch 7":      item(5, 7, 1),
		"first edition in a new batch":  item(5, 8, 1),
		"second edition":                item(5, 1, 2),
		"second edition in batch 7":     item(5, 7, 2),
		"second edition in a new batch": item(5, 8, 2),
		"third edition":                 item(5, 1, 3),
		"third edition in batch 7":      item(5, 7, 3),
		"fourth edition":                item(5, 1, 4),
		"withheld for privacy":          held(5, 5, "privacy"),
		"unreadable":                    held(5, 5, "unreadable"),
		"tombstone":                     tomb(5),
	}
	first := []string{"first edition", "first edition in batch 7", "first edition in a new batch"}
	afterOut := []string{"second edition", "tombstone"}
	legal := map[string][]string{
		"not out":                  append(first[:3:3], "withheld for privacy", "unreadable"),
		"withheld":                 append(first[:3:3], "unreadable"),
		"unreadable":               append(first[:3:3], "withheld for privacy"),
		"out":                      afterOut,
		"out, batch made anew":     afterOut,
		"out, batch open":          afterOut,
		"out, neighbour withdrawn": afterOut,
		"second edition":           {"third edition", "tombstone"},
	}
	for state, history := range states {
		may := map[string]bool{}
		for _, what := range legal[state] {
			may[what] = true
		}
		for what, e := range entries {
			s, err := replayed(t, history...)
			must(t, err)
			if err := s.Apply(e.Append(nil)); (err == nil) != may[what] || err != nil && !errors.Is(err, ErrIllegal) {
				t.Errorf("%s, then %s: %v, legal is %v", state, what, err, may[what])
			}
		}
	}
}

// TestEveryTransitionOfABatch plays batch entries of any edition and count
// against every state that a batch can be in, and looks whether it is open.
func TestEveryTransitionOfABatch(t *testing.T) {
	two := []Entry{commitment(9), item(1, 1, 1), item(2, 1, 1)}
	out := append(two[:3:3], batch(1, 1, 2))
	for state, c := range map[string]struct {
		history       []Entry
		edition, live int // of the batch entry that is legal
		open          bool
	}{
		"new":                         {two[:1], 1, 0, false},
		"first items":                 {two, 1, 2, true},
		"out":                         {out, 2, 2, false},
		"another batch is out":        {append(out[:4:4], item(3, 2, 1), batch(2, 1, 1)), 2, 2, false},
		"one more":                    {append(out[:4:4], item(3, 1, 1)), 2, 3, true},
		"next edition of one":         {append(out[:4:4], item(2, 1, 2)), 2, 2, true},
		"one withdrawn":               {append(out[:4:4], tomb(2)), 2, 1, true},
		"one withdrawn, one anew":     {append(out[:4:4], tomb(2), item(1, 1, 2)), 2, 1, true},
		"one withdrawn, one more":     {append(out[:4:4], tomb(2), item(3, 1, 1)), 2, 2, true},
		"all withdrawn":               {append(out[:4:4], tomb(2), tomb(1)), 2, 0, true},
		"all withdrawn, one by one":   {append(out[:4:4], tomb(2), batch(1, 2, 1), tomb(1)), 3, 0, true},
		"empty":                       {append(out[:4:4], tomb(2), tomb(1), batch(1, 2, 0)), 3, 0, false},
		"empty, and something new":    {append(out[:4:4], tomb(2), tomb(1), batch(1, 2, 0), item(3, 1, 1)), 3, 1, true},
		"made anew with nothing new":  {append(out[:4:4], batch(1, 2, 2)), 3, 2, false},
		"what was withheld is coming": {append(out[:4:4], held(3, 4, "privacy"), item(3, 1, 1)), 2, 3, true},
	} {
		for edition := range 5 {
			for live := range 5 {
				s, err := replayed(t, c.history...)
				must(t, err)
				want := []trove.Name{}
				if c.open {
					want = append(want, trove.Name{Collection: "mail", Batch: 1})
				}
				if open := s.Open(); len(open) != len(want) || c.open && open[0] != want[0] {
					t.Fatalf("%s: open are %v, want %v", state, open, want)
				}
				legal := edition == c.edition && live == c.live
				if err := s.Apply(batch(1, edition, live).Append(nil)); (err == nil) != legal {
					t.Errorf("%s, then edition %d of %d: %v, legal is %v", state, edition, live, err, legal)
				}
				if legal && (len(s.Open()) != 0 || s.Collection("mail").Edition(1) != edition) {
					t.Errorf("%s: open %v, edition %d", state, s.Open(), s.Collection("mail").Edition(1))
				}
			}
		}
	}
}

// modelNumbers and modelBatches bound the worlds of the property tests.
const (
	modelNumbers = 8
	modelBatches = 3
)

// model is the state machine in the plainest words: maps, and no cleverness.
type model struct {
	state   map[int]string // "", "privacy", "source", "out", "gone"
	edition map[int]int
	batch   map[int]int
	fresh   map[int]bool // named by an entry since its batch's edition
	made    map[int]int  // batch → edition
	open    map[int]bool
}

func newModel() *model {
	return &model{map[int]string{}, map[int]int{}, map[int]int{}, map[int]bool{}, map[int]int{}, map[int]bool{}}
}

func (m *model) live(b int) (n int) {
	for i, s := range m.state {
		if s == "out" && m.batch[i] == b {
			n++
		}
	}
	return n
}

// step is one entry of any kind, legal or not.
type step struct {
	what           string
	n, b, e, items int
	reason         string
}

func drawStep(t *rapid.T) step {
	return step{
		what: rapid.SampledFrom([]string{"item", "item", "withhold", "tombstone", "batch", "batch"}).Draw(t, "what"),
		n:    rapid.IntRange(0, modelNumbers+1).Draw(t, "n"), b: rapid.IntRange(1, modelBatches).Draw(t, "b"),
		e: rapid.IntRange(1, 3).Draw(t, "e"), items: rapid.IntRange(0, 3).Draw(t, "items"),
		reason: rapid.SampledFrom([]string{"privacy", "source"}).Draw(t, "reason"),
	}
}

func (x step) entry() Entry {
	switch x.what {
	case "item":
		return item(x.n, x.b, x.e)
	case "withhold":
		return held(x.n, x.n, x.reason)
	case "tombstone":
		return tomb(x.n)
	}
	return batch(x.b, x.e, x.items)
}

func (m *model) legal(x step) bool {
	if x.what == "batch" {
		return x.e == m.made[x.b]+1 && x.items == m.live(x.b)
	}
	if x.n < 1 || x.n > modelNumbers {
		return false
	}
	switch s := m.state[x.n]; x.what {
	case "item":
		return s != "gone" && x.e == m.edition[x.n]+1 && !m.fresh[x.n] && (s != "out" || m.batch[x.n] == x.b)
	case "withhold":
		return s != "gone" && s != "out" && s != x.reason
	default:
		return s == "out" && !m.fresh[x.n]
	}
}

// play makes a legal step.
func (m *model) play(x step) {
	switch x.what {
	case "item":
		m.state[x.n], m.edition[x.n], m.batch[x.n], m.fresh[x.n], m.open[x.b] = "out", x.e, x.b, true, true
	case "withhold":
		m.state[x.n] = x.reason
	case "tombstone":
		m.state[x.n], m.open[m.batch[x.n]] = "gone", true
	case "batch":
		m.made[x.b] = x.e
		delete(m.open, x.b)
		for n, b := range m.batch {
			if b == x.b {
				delete(m.fresh, n)
			}
		}
	}
}

// agrees compares what the log says with the model.
func (m *model) agrees(s *State) error {
	if len(s.Open()) != len(m.open) {
		return fmt.Errorf("open are %v, the model says %v", s.Open(), m.open)
	}
	words := map[string]trove.State{"": trove.Committed, "privacy": trove.Withheld, "source": trove.Withheld, "out": trove.Published, "gone": trove.Tombstone}
	for n := 1; n <= modelNumbers; n++ {
		st, _ := s.Collection("mail").Number(n)
		if st.State != words[m.state[n]] || st.Edition != m.edition[n] || st.Batch != m.batch[n] || st.Batch > 0 && st.BatchEdition != m.made[st.Batch] {
			return fmt.Errorf("number %d: %+v, the model says %s, edition %d in batch %d", n, st, m.state[n], m.edition[n], m.batch[n])
		}
	}
	return nil
}

// TestAnyHistoryIsJudgedAsByAPlainModel plays random entries, most of them
// illegal, against the model. What is refused leaves no trace.
func TestAnyHistoryIsJudgedAsByAPlainModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel()
		s, err := replayed(t, commitment(modelNumbers))
		must(t, err)
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			x := drawStep(rt)
			legal := m.legal(x)
			if err := s.Apply(x.entry().Append(nil)); (err == nil) != legal {
				rt.Fatalf("%+v: %v, the model says %v", x, err, legal)
			}
			if legal {
				m.play(x)
			}
			if err := m.agrees(s); err != nil {
				rt.Fatalf("after %+v: %v", x, err)
			}
		}
	})
}

// TestALegalHistoryWithOneEntryAlteredIsRefused takes a legal history and
// changes, drops, doubles or swaps one entry. Where the model says that the
// new history is illegal, the log must say so at that very entry.
func TestALegalHistoryWithOneEntryAlteredIsRefused(t *testing.T) {
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		var history []step
		m := newModel()
		for len(history) < 30 {
			x := drawStep(rt)
			if x.what == "batch" { // let it be legal often
				x.e, x.items = m.made[x.b]+1, m.live(x.b)
			}
			if m.legal(x) {
				m.play(x)
				history = append(history, x)
			}
			if rapid.IntRange(0, 40).Draw(rt, "end") == 0 && len(history) > 1 {
				break
			}
		}
		s, err := replayed(t, commitment(modelNumbers))
		must(t, err)
		for _, x := range history {
			if err := s.Apply(x.entry().Append(nil)); err != nil {
				rt.Fatalf("a legal history: %v", err)
			}
		}
		altered := alter(rt, history)
		m = newModel()
		s, err = replayed(t, commitment(modelNumbers))
		must(t, err)
		for i, x := range altered {
			err := s.Apply(x.entry().Append(nil))
			if !m.legal(x) {
				if !errors.Is(err, ErrIllegal) {
					rt.Fatalf("entry %d of %d altered, %+v: %v", i, len(altered), x, err)
				}
				refused++
				return
			}
			if err != nil {
				rt.Fatalf("entry %d, %+v, is legal: %v", i, x, err)
			}
			m.play(x)
		}
	})
	if refused == 0 {
		t.Error("no altered history was illegal: this test shows nothing")
	}
}

// alter changes one thing in a history.
func alter(t *rapid.T, history []step) []step {
	altered := append([]step(nil), history...)
	i := rapid.IntRange(0, len(altered)-1).Draw(t, "which")
	switch rapid.SampledFrom([]string{"change", "change", "drop", "double", "swap"}).Draw(t, "how") {
	case "drop":
		return append(altered[:i], altered[i+1:]...)
	case "double":
		return append(altered[:i+1], history[i:]...)
	case "swap":
		j := rapid.IntRange(0, len(altered)-1).Draw(t, "with")
		altered[i], altered[j] = altered[j], altered[i]
	default:
		x := drawStep(t)
		field := rapid.IntRange(0, reflect.TypeFor[step]().NumField()-1).Draw(t, "field")
		switch field {
		case 0:
			altered[i].what, altered[i].reason = x.what, x.reason
		case 1:
			altered[i].n = x.n
		case 2:
			altered[i].b = x.b
		case 3:
			altered[i].e = x.e
		case 4:
			altered[i].items = x.items
		default:
			altered[i].reason = x.reason
		}
	}
	return altered
}
