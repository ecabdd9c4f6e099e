package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"unseal/house"
	"unseal/reading"
	"unseal/reading/compare"
)

type compareCmd struct {
	A string `arg:"" help:"A chain of messages: dm/3, or dm/sha256:c0ffee25 before commit."`
	B string `arg:"" help:"The same chain, exported by another party."`
}

func (compareCmd) Help() string {
	return `Example: unseal compare dm/3 dm/4

Two parties' exports of one chain are laid beside each other: what is in both, what only one
has, what differs, and by how much their clocks are apart. What both have is corroborated,
not proven: both can have been changed alike. Works on a desk and on an archive (-C). The
exit code is 4 if they differ.`
}

func (c *compareCmd) Run(a *app) error {
	chains, err := house.Chains(a.ctx, a.dir(), c.A, c.B)
	if errors.Is(err, house.ErrNoChain) {
		return exitError{code: exitFailed, word: "no-chain", err: err,
			hint: "Only exports of chats can be compared. What was read of an item: unseal show NAME"}
	}
	if err != nil {
		return err
	}
	r := compare.Chains(chains[0], chains[1])
	v := comparison{a: side{c.A, chains[0]}, b: side{c.B, chains[1]}, report: &r}
	for _, d := range r.Differences {
		if err := a.ui.item("compare", v.difference(d), v.lines(d)...); err != nil {
			return err
		}
	}
	if err := a.ui.summary("compare", v.summary(), v.rows(), ""); err != nil {
		return err
	}
	return ended(v.exit())
}

// side is one chain and its item's name.
type side struct {
	name  string
	chain *reading.Chain
}

// comparison is a report with the chains that it is about.
type comparison struct {
	a, b   side
	report *compare.Report
}

// compareItem is a difference as JSON.
type compareItem struct {
	compare.Difference
	TextA string `json:"text_a,omitempty"`
	TextB string `json:"text_b,omitempty"`
}

func (c *comparison) difference(d compare.Difference) compareItem {
	item := compareItem{Difference: d}
	if d.A > 0 {
		item.TextA = c.a.chain.Messages[d.A-1].Text
	}
	if d.B > 0 {
		item.TextB = c.b.chain.Messages[d.B-1].Text
	}
	return item
}

type compareSummary struct {
	A            string         `json:"a"`
	B            string         `json:"b"`
	Corroborated int            `json:"corroborated"`
	Differences  int            `json:"differences"`
	Kinds        map[string]int `json:"kinds"`
	Clock        []clockOffset  `json:"clock"`
	Minutes      bool           `json:"to_the_minute"`
	LeftOutA     int            `json:"left_out_a"`
	LeftOutB     int            `json:"left_out_b"`
	Rough        bool           `json:"rough"`
	Exit         int            `json:"exit"`
}

// clockOffset is a constant by which B's clock is later: what a zone explains,
// and the rest.
type clockOffset struct {
	compare.Offset
	Zone int64 `json:"zone_seconds"`
	Skew int64 `json:"skew_seconds"`
}

func newClockOffset(o compare.Offset) clockOffset {
	zone := int64((time.Duration(o.Seconds) * time.Second).Round(15*time.Minute) / time.Second)
	return clockOffset{Offset: o, Zone: zone, Skew: o.Seconds - zone}
}

func (c *comparison) summary() compareSummary {
	s := compareSummary{A: c.a.name, B: c.b.name, Corroborated: c.report.Both, Differences: len(c.report.Differences),
		Kinds: map[string]int{}, Clock: []clockOffset{}, Minutes: c.report.Minutes,
		LeftOutA: c.report.OutsideA, LeftOutB: c.report.OutsideB, Rough: c.report.Rough, Exit: c.exit()}
	for _, d := range c.report.Differences {
		s.Kinds[string(d.Kind)]++
	}
	for _, o := range c.report.Clock {
		s.Clock = append(s.Clock, newClockOffset(o))
	}
	return s
}

func (c *comparison) exit() int {
	if len(c.report.Differences) > 0 {
		return exitMismatch
	}
	return exitDone
}

// lines tell a difference in words.
func (c *comparison) lines(d compare.Difference) []string {
	switch d.Kind {
	case compare.OnlyA:
		return []string{"only in " + c.a.words(d.A)}
	case compare.OnlyB:
		return []string{"only in " + c.b.words(d.B)}
	}
	what := map[compare.Kind]string{compare.Text: "other words", compare.Deleted: "deleted in one", compare.Media: "a file in one",
		compare.Sender: "other sender", compare.Time: "other time"}[d.Kind]
	if d.Kind == compare.Time {
		what += ", " + apart(d.Seconds)
	}
	return []string{what + ":", "  " + c.a.words(d.A), "  " + c.b.words(d.B)}
}

// words is a message in one line.
func (s *side) words(n int) string {
	m := &s.chain.Messages[n-1]
	line := fmt.Sprintf("%s#m%d", s.name, n)
	if when := m.When + m.Written; when != "" {
		line += "  " + when
	}
	if m.By >= 0 {
		line += "  " + s.member(m.By) + ":"
	}
	return line + " " + oneLine(m.Text)
}

func (s *side) member(i int) string {
	if m := s.chain.Members[i]; m.Name != "" {
		return m.Name
	} else if m.Handle != "" {
		return m.Handle
	}
	return fmt.Sprintf("member %d", i+1)
}

// mostOfText bounds the characters of a message in a line for people.
const mostOfText = 120

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > mostOfText {
		s = string(r[:mostOfText]) + "…"
	}
	return s
}

func (c *comparison) rows() [][2]string {
	r := c.report
	rows := [][2]string{
		{"corroborated", plural(r.Both, "message is in both", "messages are in both")},
		{"only in " + c.a.name, count(r.Count(compare.OnlyA))},
		{"only in " + c.b.name, count(r.Count(compare.OnlyB))},
		{"differ", count(len(r.Differences) - r.Count(compare.OnlyA) - r.Count(compare.OnlyB))},
	}
	for _, o := range r.Clock {
		rows = append(rows, [2]string{"clocks", c.clockWords(newClockOffset(o))})
	}
	if len(r.Clock) == 0 {
		rows = append(rows, [2]string{"clocks", "not compared: times are not known, or nothing is in both"})
	}
	for _, p := range r.Members {
		rows = append(rows, [2]string{"member", c.a.member(p.A) + " is " + c.b.member(p.B)})
	}
	rows = append(rows, [2]string{"left out", fmt.Sprintf("%s and %s: lines of the platform, calls, other conversations", count(r.OutsideA), count(r.OutsideB))})
	if r.Rough {
		rows = append(rows, [2]string{"rough", "so much differs that not all of it was paired"})
	}
	return append(rows, [2]string{"meaning", "Corroborated is not proven: both exports can have been changed alike."})
}

func (c *comparison) clockWords(o clockOffset) string {
	var parts []string
	if o.Zone != 0 {
		parts = append(parts, apart(o.Zone)+" by zone")
	}
	if o.Skew != 0 {
		parts = append(parts, apart(o.Skew)+" by clock")
	}
	words := "the same"
	if len(parts) > 0 {
		words = c.b.name + " is " + strings.Join(parts, ", ")
	}
	if c.report.Minutes {
		words += ", to the minute"
	}
	return words + " (" + plural(o.Messages, "message", "messages") + ")"
}

// apart says seconds as hours, minutes and seconds later or earlier.
func apart(seconds int64) string {
	word := "later"
	if seconds < 0 {
		seconds, word = -seconds, "earlier"
	}
	d := (time.Duration(seconds) * time.Second).String()
	if strings.HasSuffix(d, "m0s") {
		d = strings.TrimSuffix(d, "0s")
	}
	if strings.HasSuffix(d, "h0m") {
		d = strings.TrimSuffix(d, "0m")
	}
	return d + " " + word
}
