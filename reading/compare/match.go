package compare

import (
	"cmp"
	"slices"
	"time"
)

// near compares where two lines stand: 0 if they can be the same message, -1 if
// a is earlier, 1 if it is later.
func (c *comparison) near(a, b *line) int {
	if !c.timed {
		return cmp.Compare(a.place, b.place)
	}
	switch d := c.apart(a, b); {
	case d.Abs() <= c.tolerance():
		return 0
	case d > 0:
		return -1
	}
	return 1
}

// long is the text of a line that is more than "ok".
func (l *line) long() string {
	if len(l.words) < shortest {
		return ""
	}
	return l.text
}

// match joins lines of the same key, unless it is empty, that stand near each
// other, in order.
func (c *comparison) match(key func(*line) string, kind Kind) {
	c.meet(key, func(a, b *line) { join(a, b, kind) })
}

// meet calls fn for such lines.
func (c *comparison) meet(key func(*line) string, fn func(a, b *line)) {
	next, left := byKey(c.inTime(c.a), key), byKey(c.inTime(c.b), key)
	delete(next, "")
	for k, as := range next {
		bs := left[k]
		for i, j := 0, 0; i < len(as) && j < len(bs); {
			switch c.near(as[i], bs[j]) {
			case 0:
				fn(as[i], bs[j])
				i++
				j++
			case -1:
				i++
			default:
				j++
			}
		}
	}
}

// inTime is what has no counterpart yet, in order of time where that is known.
func (c *comparison) inTime(list []*line) []*line {
	var left []*line
	for _, l := range list {
		if l.with == nil {
			left = append(left, l)
		}
	}
	if c.timed {
		slices.SortStableFunc(left, func(x, y *line) int { return x.at.Compare(y.at) })
	}
	return left
}

func byKey(list []*line, key func(*line) string) map[string][]*line {
	keys := map[string][]*line{}
	for _, l := range list {
		k := key(l)
		keys[k] = append(keys[k], l)
	}
	return keys
}

func join(a, b *line, kind Kind) {
	a.with, b.with, a.kind, b.kind = b, a, kind, kind
}

// matchLate joins lines of one text that are left once in each chain, far from
// each other in time: a message whose time was changed.
func (c *comparison) matchLate() {
	if !c.timed {
		return
	}
	type pair struct {
		a, b   *line
		na, nb int
	}
	left := map[string]*pair{}
	for _, list := range [][]*line{c.a, c.b} {
		for _, l := range list {
			if l.with != nil || len(l.words) < shortest {
				continue
			}
			k := l.key(c.side(l))
			if left[k] == nil {
				left[k] = &pair{}
			}
			if p := left[k]; l.fromB {
				p.b, p.nb = l, p.nb+1
			} else {
				p.a, p.na = l, p.na+1
			}
		}
	}
	for _, p := range left {
		if p.na == 1 && p.nb == 1 {
			join(p.a, p.b, Time)
		}
	}
}

// window is how many lines near another are looked at.
const window = 64

// rest joins what is left and passes a test, from one sender, near each other
// and between the same neighbours, the closest in time first.
func (c *comparison) rest(test func(x, y *line) bool, kind Kind) {
	c.gaps()
	as, bs := c.inTime(c.a), c.inTime(c.b)
	j := 0
	for _, a := range as {
		for j < len(bs) && c.near(a, bs[j]) > 0 {
			j++
		}
		var best *line
		for _, b := range bs[j:min(j+window, len(bs))] {
			if b.with != nil || c.near(a, b) != 0 || a.gap != b.gap || c.side(a) != b.by {
				continue
			}
			if c.tests--; c.tests < 0 || !test(a, b) {
				continue
			}
			if best == nil || c.distance(a, b) < c.distance(a, best) {
				best = b
			}
		}
		if best != nil {
			join(a, best, kind)
		}
	}
}

func (c *comparison) distance(a, b *line) time.Duration {
	if !c.timed {
		return 0
	}
	return c.apart(a, b).Abs()
}

// lone joins two messages of one sender that stand alone between the same
// neighbours, near each other: one message with quite other words.
func (c *comparison) lone() {
	c.gaps()
	type spot struct{ gap, by int }
	alone := map[spot][]*line{}
	for _, list := range [][]*line{c.inTime(c.a), c.inTime(c.b)} {
		for _, l := range list {
			at := spot{l.gap, c.side(l)}
			alone[at] = append(alone[at], l)
		}
	}
	for _, two := range alone {
		if len(two) == 2 && two[0].fromB != two[1].fromB && c.near(two[0], two[1]) == 0 {
			join(two[0], two[1], Text)
		}
	}
}

// gaps notes for each line which message before it both have.
func (c *comparison) gaps() {
	last := 0
	for _, l := range c.a {
		if l.with != nil {
			last = l.n
		}
		l.gap = last
	}
	last = 0
	for _, l := range c.b {
		if l.with != nil {
			last = l.with.n
		}
		l.gap = last
	}
}
