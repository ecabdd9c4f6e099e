package spelling

import (
	"slices"
)

// Walker finds the words of some patterns in a sorted dictionary. It keeps what
// it knows of the last word, so one goroutine at a time may use it.
type Walker struct {
	edges [][]edge // of each state
	sets  [][]int  // states after 0, 1, 2 ... bytes of the word looked at
	ends  []bool   // whether a word may end in a state
	next  []byte
}

// edge goes to another state by a byte; empty edges are followed in advance.
type edge struct {
	by byte
	to int
}

// NewWalker makes a walker for the words of all the patterns.
func NewWalker(patterns []Pattern) *Walker {
	w := &Walker{}
	start := []int{}
	for _, p := range patterns {
		start = append(start, w.add(p)...)
	}
	slices.Sort(start)
	w.sets = [][]int{slices.Compact(start)}
	return w
}

// add adds the states of a pattern, from its end to its beginning, and returns
// those to begin with.
func (w *Walker) add(p Pattern) []int {
	next := []int{w.state(true)}
	for _, slot := range slices.Backward(p) {
		var now []int
		for _, piece := range slot {
			now = append(now, w.piece(piece, next)...)
		}
		slices.Sort(now)
		next = slices.Compact(now)
	}
	return next
}

// piece adds the states that read a piece and then go on in one of next.
func (w *Walker) piece(piece string, next []int) []int {
	for i := len(piece) - 1; i >= 0; i-- {
		s := w.state(false)
		for _, to := range next {
			w.edges[s] = append(w.edges[s], edge{piece[i], to})
		}
		next = []int{s}
	}
	return next
}

func (w *Walker) state(end bool) int {
	w.edges, w.ends = append(w.edges, nil), append(w.ends, end)
	return len(w.edges) - 1
}

// Next returns the least word of the patterns that is not less than from, or
// nil. It is valid until the next call. Called with each word of a sorted
// dictionary that is not less than what it returned before, it finds them all:
//
//	for w := walker.Next(nil); w != nil; {
//		have := dictionary.FirstNotLess(w)
//		if w = walker.Next(have); string(w) == have { use(have); w = walker.Next(have + "\x00") }
//	}
func (w *Walker) Next(from []byte) []byte {
	n := 0
	w.sets = w.sets[:1]
	for n < len(from) && w.step(w.sets[n], from[n]) {
		n++
	}
	if n == len(from) && w.accepts(w.sets[n]) {
		w.next = append(w.next[:0], from...)
		return w.next
	}
	for ; n >= 0; n-- {
		least := 0
		if n < len(from) {
			least = int(from[n]) + 1
		}
		if by := w.least(w.sets[n], least); by >= 0 {
			w.sets = w.sets[:n+1]
			w.next = append(w.next[:0], from[:n]...)
			return w.complete(byte(by))
		}
	}
	return nil
}

// Fits reports whether a word is one of the patterns'.
func (w *Walker) Fits(word string) bool {
	return string(w.Next([]byte(word))) == word && word != ""
}

// complete goes on with a byte, and then to the least end.
func (w *Walker) complete(by byte) []byte {
	for {
		w.next = append(w.next, by)
		w.step(w.sets[len(w.sets)-1], by)
		set := w.sets[len(w.sets)-1]
		if w.accepts(set) {
			return w.next
		}
		by = byte(w.least(set, 0))
	}
}

// step appends the states after one more byte; false if there are none.
func (w *Walker) step(set []int, by byte) bool {
	n := len(w.sets)
	if n < cap(w.sets) {
		w.sets = w.sets[:n+1]
	} else {
		w.sets = append(w.sets, nil)
	}
	to := w.sets[n][:0]
	for _, s := range set {
		for _, e := range w.edges[s] {
			if e.by == by && !slices.Contains(to, e.to) {
				to = append(to, e.to)
			}
		}
	}
	w.sets[n] = to
	if len(to) == 0 {
		w.sets = w.sets[:n]
	}
	return len(to) > 0
}

func (w *Walker) accepts(set []int) bool {
	return slices.ContainsFunc(set, func(s int) bool { return w.ends[s] })
}

// least is the least byte, from one on, by which a word may go on; -1 for none.
func (w *Walker) least(set []int, from int) int {
	best := 256
	for _, s := range set {
		for _, e := range w.edges[s] {
			if int(e.by) >= from && int(e.by) < best {
				best = int(e.by)
			}
		}
	}
	if best == 256 {
		return -1
	}
	return best
}
