package compare

import (
	"cmp"
	"slices"
	"time"
)

// anchor is a text that stands once in each chain.
type anchor struct{ a, b *line }

// shortest is how many bytes a text must have to be an anchor: "ok" twice in
// ten years says nothing.
const shortest = 4

// anchors are the texts that each chain has exactly once, in order of A.
func (c *comparison) anchors() []anchor {
	type seen struct {
		a, b     *line
		na, nb   int
		position int
	}
	texts := map[string]*seen{}
	for _, l := range c.a {
		s := texts[l.words]
		if s == nil {
			s = &seen{}
			texts[l.words] = s
		}
		s.a, s.na = l, s.na+1
	}
	for i, l := range c.b {
		l.fromB = true
		if s := texts[l.words]; s != nil {
			s.b, s.nb, s.position = l, s.nb+1, i
		}
	}
	var list []anchor
	for _, l := range c.a {
		if s := texts[l.words]; s.na == 1 && s.nb == 1 && len(l.words) >= shortest {
			list = append(list, anchor{l, s.b})
		}
	}
	return list
}

// people finds who of A is who of B: those who share most of the texts that
// stand once, each once.
func (c *comparison) people(anchors []anchor) {
	votes := map[Pair]int{}
	for _, x := range anchors {
		votes[Pair{x.a.by, x.b.by}]++
	}
	c.toB, c.fromB = map[int]int{}, map[int]bool{}
	c.elect(votes)
}

// quietPeople finds those who wrote nothing that stands once, by what they
// wrote at the same places. If one is left on either side, they are the same.
func (c *comparison) quietPeople(inA, inB int) []Pair {
	votes := map[Pair]int{}
	free := func(l *line) string {
		if _, known := c.toB[l.by]; !l.fromB && known || l.fromB && c.fromB[l.by] {
			return ""
		}
		return l.text
	}
	c.meet(free, func(a, b *line) { votes[Pair{a.by, b.by}]++ })
	c.elect(votes)
	c.lastTwo(inA, inB)
	pairs := []Pair{}
	for a, b := range c.toB {
		pairs = append(pairs, Pair{a, b})
	}
	slices.SortFunc(pairs, func(x, y Pair) int { return x.A - y.A })
	return pairs
}

// elect joins the members with most votes, each once.
func (c *comparison) elect(votes map[Pair]int) {
	list := make([]Pair, 0, len(votes))
	for p := range votes {
		list = append(list, p)
	}
	slices.SortFunc(list, func(x, y Pair) int {
		return cmp.Or(votes[y]-votes[x], x.A-y.A, x.B-y.B)
	})
	for _, p := range list {
		if _, taken := c.toB[p.A]; !taken && !c.fromB[p.B] {
			c.toB[p.A], c.fromB[p.B] = p.B, true
		}
	}
}

func (c *comparison) lastTwo(inA, inB int) {
	if inA-len(c.toB) != 1 || inB-len(c.fromB) != 1 {
		return
	}
	free := func(n int, taken func(int) bool) int {
		for i := range n {
			if !taken(i) {
				return i
			}
		}
		return 0
	}
	a := free(inA, func(i int) bool { _, ok := c.toB[i]; return ok })
	c.toB[a] = free(inB, func(i int) bool { return c.fromB[i] })
}

const (
	slack     = 60 * time.Second // by which two phones may disagree about one message
	maxClocks = 4
	fewAnchor = 3 // anchors that a second offset needs at least, and one in
	shareOf   = 50
)

// tolerance is by how much the times of one message may differ.
func (c *comparison) tolerance() time.Duration {
	if c.coarse {
		return slack + time.Minute
	}
	return slack
}

// clocks finds the constants by which B's times are later than A's: what most
// anchors agree on, then what many of the others do, if it is an hour or two
// away as summer time is.
func (c *comparison) clocks(anchors []anchor) {
	var apart []time.Duration
	for _, x := range anchors {
		if !x.a.at.IsZero() && !x.b.at.IsZero() {
			apart = append(apart, x.b.at.Sub(x.a.at))
		}
	}
	all := len(apart)
	for range maxClocks {
		slices.Sort(apart)
		from, to := densest(apart, c.tolerance())
		n := to - from
		if n == 0 || len(c.clock) > 0 && (n < fewAnchor || n < all/shareOf || !summer(apart[from+n/2], c.clock[0])) {
			break
		}
		c.clock = append(c.clock, Offset{Seconds: int64(c.round(apart[from+n/2]) / time.Second), Messages: n})
		apart = slices.Delete(apart, from, to)
	}
	c.timed = len(c.clock) > 0 && untimed(c.a)+untimed(c.b) == 0
	if !c.timed {
		c.clock = nil
	}
}

// round is an offset as exactly as it is known: to the second, or where one
// chain has minutes alone, to the minute or the zone that it may be.
func (c *comparison) round(d time.Duration) time.Duration {
	if !c.coarse {
		return d.Round(time.Second)
	}
	if zone := d.Round(15 * time.Minute); (d - zone).Abs() <= time.Minute {
		return zone
	}
	return d.Round(time.Minute)
}

func untimed(list []*line) int {
	n := 0
	for _, l := range list {
		if l.at.IsZero() {
			n++
		}
	}
	return n
}

// densest is the window of a width that holds most values.
func densest(sorted []time.Duration, width time.Duration) (from, to int) {
	i := 0
	for j := range sorted {
		for sorted[j]-sorted[i] > width {
			i++
		}
		if j+1-i > to-from {
			from, to = i, j+1
		}
	}
	return from, to
}

// summer reports whether an offset is half an hour to two hours from the main
// one, as full half hours.
func summer(d time.Duration, main Offset) bool {
	off := (d - time.Duration(main.Seconds)*time.Second).Abs()
	return off.Round(30*time.Minute) > 0 && off <= 2*time.Hour+slack && (off-off.Round(30*time.Minute)).Abs() <= slack
}

// apart is by how much B's time is later than A's, after the clock that fits
// best.
func (c *comparison) apart(a, b *line) time.Duration {
	best := time.Duration(1<<63 - 1)
	for _, o := range c.clock {
		if d := b.at.Sub(a.at) - time.Duration(o.Seconds)*time.Second; d.Abs() < best.Abs() {
			best = d
		}
	}
	return best
}

// places gives each line its place between the anchors that stand in the same
// order in both, for chains whose times say nothing.
func (c *comparison) places(anchors []anchor) {
	if c.timed {
		return
	}
	steps := map[*line]bool{}
	for _, x := range inOrder(anchors) {
		x.a.with, x.b.with = x.b, x.a
		if c.side(x.a) != x.b.by {
			x.a.kind, x.b.kind = Sender, Sender
		}
		if x.a.text != x.b.text {
			x.a.kind, x.b.kind = Media, Media
		}
		steps[x.a], steps[x.b] = true, true
	}
	for _, list := range [][]*line{c.a, c.b} {
		n := 0
		for _, l := range list {
			if steps[l] {
				n++
			}
			l.place = n
		}
	}
}

// inOrder is the longest run of anchors that rises in both chains (patience
// sorting).
func inOrder(anchors []anchor) []anchor {
	var tops []int // index of the anchor that ends the best run of each length
	before := make([]int, len(anchors))
	for i, x := range anchors {
		at, _ := slices.BinarySearchFunc(tops, x.b.n, func(t, n int) int { return anchors[t].b.n - n })
		if before[i] = -1; at > 0 {
			before[i] = tops[at-1]
		}
		if at == len(tops) {
			tops = append(tops, i)
		} else {
			tops[at] = i
		}
	}
	var run []anchor
	if len(tops) > 0 {
		for i := tops[len(tops)-1]; i >= 0; i = before[i] {
			run = append(run, anchors[i])
		}
	}
	slices.Reverse(run)
	return run
}
