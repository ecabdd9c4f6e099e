// Package compare lays two parties' exports of one chain beside each other and
// says what is in both, what only one of them has, and what differs.
//
// What both have is corroborated: two exports, made apart, agree. It is not
// proven, since both can have been changed alike, and nothing says who typed.
//
// Two messages are taken for the same if text, sender and time agree. Names
// are not compared, because each phone has its own; which member of one chain
// is which of the other follows from the texts they share. Times may be in
// different zones and clocks may be wrong by a constant; both follow from the
// texts too. White space, marks of direction and forms of the same letters are
// no difference. What the platform itself writes is left out.
package compare

import (
	"slices"
	"strconv"
	"time"

	"unseal/reading"
)

// Kind is how two chains differ in one place.
type Kind string

// The kinds of differences.
const (
	OnlyA   Kind = "only-a"
	OnlyB   Kind = "only-b"
	Text    Kind = "text"    // both have the message, with other words
	Deleted Kind = "deleted" // one has it, the other says that it was deleted
	Media   Kind = "media"   // one has it with a file, the other without
	Sender  Kind = "sender"  // both have it, from different members
	Time    Kind = "time"    // both have it, at times that no constant explains
)

// Difference is one place in which the chains differ.
type Difference struct {
	Kind Kind `json:"kind"`
	A    int  `json:"a,omitempty"` // which message of A, from 1; 0 if it is not there
	B    int  `json:"b,omitempty"`
	// Seconds is by how much B's time is later than A's, after the clocks were
	// set; for a difference of time.
	Seconds int64 `json:"seconds,omitempty"`
}

// Offset is a constant by which B's clock is later than A's, and for how many
// messages. There are several where one of them changed to summer time.
type Offset struct {
	Seconds  int64 `json:"seconds"`
	Messages int   `json:"messages"`
}

// Pair is a member of A and who that is in B, as indexes into the members.
type Pair struct {
	A int `json:"a"`
	B int `json:"b"`
}

// Report is what was found. Differences are in order of the chains.
type Report struct {
	Both        int          `json:"corroborated"` // messages that both have, alike
	Differences []Difference `json:"differences"`
	Clock       []Offset     `json:"clock,omitempty"`   // the most frequent first; empty if times were not used
	Minutes     bool         `json:"minutes,omitempty"` // one of them has times to the minute alone
	Members     []Pair       `json:"members"`
	OutsideA    int          `json:"left_out_a"` // lines of the platform, calls, other conversations of the item
	OutsideB    int          `json:"left_out_b"`
	Rough       bool         `json:"rough,omitempty"` // so much differs that not all of it was paired
}

// Count is how many differences of a kind there are.
func (r *Report) Count(kind Kind) int {
	n := 0
	for _, d := range r.Differences {
		if d.Kind == kind {
			n++
		}
	}
	return n
}

// Chains compares two exports. It changes neither.
func Chains(a, b *reading.Chain) Report {
	c := &comparison{tests: maxTests}
	var r Report
	c.a, r.OutsideA = lines(a)
	c.b, r.OutsideB = lines(b)
	c.choose(a, b, &r)
	c.coarse = minutes(c.a) || minutes(c.b)
	anchors := c.anchors()
	c.people(anchors)
	c.clocks(anchors)
	c.places(anchors)
	r.Members = c.quietPeople(len(a.Members), len(b.Members))
	c.match(func(l *line) string { return l.key(c.side(l)) }, "")
	c.match((*line).long, Sender)
	c.matchLate()
	c.rest(func(x, y *line) bool { return x.deleted != y.deleted && x.text != y.text }, Deleted)
	c.rest(alike, Text)
	c.rest(func(x, y *line) bool { return x.media != y.media && x.words == y.words }, Media)
	c.lone()
	c.report(&r)
	r.Rough, r.Minutes = c.tests <= 0, c.timed && c.coarse
	return r
}

// line is a message as it is compared.
type line struct {
	n       int       // from 1
	at      time.Time // zero if not known
	by      int       // the member of B that this is; -1 if none is known
	words   string    // normal form
	text    string    // words, and whether it is deleted or has a file
	deleted bool
	media   bool
	fromB   bool
	place   int   // between which anchors it stands, where times do not say
	with    *line // its counterpart
	kind    Kind  // how the counterpart differs
	gap     int   // n in A of the last message before it that both have
}

// lines are the messages that people wrote.
func lines(c *reading.Chain) (list []*line, outside int) {
	for i := range c.Messages {
		m := &c.Messages[i]
		if m.Kind == "system" || m.Kind == "call" || m.By < 0 || m.By >= len(c.Members) {
			outside++
			continue
		}
		l := &line{n: i + 1, at: parse(m.When), by: m.By, deleted: m.Kind == "deleted", media: len(m.Media) > 0}
		if !l.deleted {
			l.words = normal(m.Text)
		}
		l.text = l.words
		switch {
		case l.deleted:
			l.text = "\x00deleted"
		case l.media:
			l.text += "\x00media"
		}
		list = append(list, l)
	}
	return list, outside
}

// parse reads the time of a message, with its zone or without.
func parse(when string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, when); err == nil {
			return t
		}
	}
	return time.Time{}
}

// minutes reports whether the times of a chain have no seconds.
func minutes(list []*line) bool {
	return !slices.ContainsFunc(list, func(l *line) bool { return l.at.Second() != 0 })
}

// comparison is two chains being compared.
type comparison struct {
	a, b   []*line
	coarse bool // times of one have no seconds
	timed  bool // times can be compared
	clock  []Offset
	toB    map[int]int // members of A in B
	fromB  map[int]bool
	tests  int // pairs of texts that may still be looked at
}

// maxTests bounds the pairs of texts that are looked at letter by letter.
const maxTests = 1_000_000

// side is the member of B that wrote a line.
func (c *comparison) side(l *line) int {
	if l.fromB {
		return l.by
	}
	if to, ok := c.toB[l.by]; ok {
		return to
	}
	return -1 - l.by // nobody of B
}

// key is what the same message has in both.
func (l *line) key(by int) string { return strconv.Itoa(by) + " " + l.text }

// report collects what was found, in order of A, and what only B has behind
// what stands before it.
func (c *comparison) report(r *Report) {
	r.Clock, r.Differences = c.clock, []Difference{}
	slices.SortStableFunc(c.b, func(x, y *line) int { return x.gap - y.gap })
	for i, j := 0, 0; i < len(c.a) || j < len(c.b); {
		if j < len(c.b) && (c.b[j].with != nil || i == len(c.a) || c.b[j].gap < c.a[i].n) {
			if c.b[j].with == nil {
				r.Differences = append(r.Differences, Difference{Kind: OnlyB, B: c.b[j].n})
			}
			j++
			continue
		}
		switch l := c.a[i]; {
		case l.with == nil:
			r.Differences = append(r.Differences, Difference{Kind: OnlyA, A: l.n})
		case l.kind == "":
			r.Both++
		default:
			d := Difference{Kind: l.kind, A: l.n, B: l.with.n}
			if l.kind == Time {
				d.Seconds = int64(c.apart(l, l.with) / time.Second)
			}
			r.Differences = append(r.Differences, d)
		}
		i++
	}
}
