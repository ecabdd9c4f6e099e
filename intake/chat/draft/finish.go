package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// Finish makes the result. Nothing may be added afterwards.
func (c *Chain) Finish() reader.Result {
	var res reader.Result
	sorted := c.order()
	c.number(sorted)
	res.Record = trove.Record{Kind: trove.Chain, Subject: c.subject(), From: c.from()}
	res.Text = c.render()
	chain := &reading.Chain{Platform: c.Platform, Title: Line(c.Title), Members: c.members, Clock: c.Clock, Order: c.Order,
		Sorted: sorted, Pictures: c.Pictures, Conversations: c.conversations(), Messages: make([]reading.Message, len(c.messages))}
	c.date(&res)
	for i, m := range c.messages {
		chain.Messages[i], c.messages[i] = m.Message, nil // a long chain is not held twice
	}
	if chain.Members == nil {
		chain.Members = []reading.Member{}
	}
	res.Reading.Chain = chain
	if c.trimmed {
		res.Warn("long-message", "A message is longer than %d bytes; its end is not shown.", MaxMessage)
	}
	return res
}

// order groups messages by conversation, in order of the first of each, and
// puts those of one in stable order of time, if all times can be compared. It
// reports whether anything moved.
func (c *Chain) order() bool {
	rank := map[string]int{}
	for i := range c.messages {
		m := c.messages[i]
		m.Place = i + 1
		if _, ok := rank[m.Conversation]; !ok {
			rank[m.Conversation] = len(rank)
		}
	}
	timed, down := c.comparable(), c.newestFirst()
	slices.SortStableFunc(c.messages, func(a, b *Message) int {
		if n := cmp.Compare(rank[a.Conversation], rank[b.Conversation]); n != 0 || !timed {
			return n
		}
		if n := a.At.Compare(b.At); n != 0 || !down {
			return n
		}
		return cmp.Compare(b.Place, a.Place)
	})
	return !slices.IsSortedFunc(c.messages, func(a, b *Message) int { return cmp.Compare(a.Place, b.Place) })
}

// comparable reports whether all messages have times of the same sort.
func (c *Chain) comparable() bool {
	for i := range c.messages {
		if c.messages[i].At.IsZero() || c.messages[i].Zoned != c.messages[0].Zoned {
			return false
		}
	}
	return true
}

// newestFirst reports whether the source lists messages so.
func (c *Chain) newestFirst() bool {
	down := 0
	for i := 1; i < len(c.messages); i++ {
		if c.messages[i].Conversation == c.messages[i-1].Conversation {
			down += c.messages[i-1].At.Compare(c.messages[i].At)
		}
	}
	return down > 0
}

// number gives messages their N, writes their times and joins answers.
func (c *Chain) number(sorted bool) {
	ids := map[[2]string]int{}
	for i := range c.messages {
		m := c.messages[i]
		m.N, m.When = i+1, when(m.At, m.Zoned)
		if !sorted {
			m.Place = 0
		}
		if m.ID != "" {
			ids[[2]string{m.Conversation, m.ID}] = m.N
		}
	}
	for i := range c.messages {
		if m := c.messages[i]; m.Answers != "" {
			m.ReplyTo = -1
			if n, ok := ids[[2]string{m.Conversation, Line(m.Answers)}]; ok {
				m.ReplyTo = n
			}
		}
	}
}

// Floating is RFC 3339 without a zone.
const Floating = "2006-01-02T15:04:05"

func when(at time.Time, zoned bool) string {
	switch {
	case at.IsZero():
		return ""
	case zoned:
		return at.Format(time.RFC3339)
	}
	return at.Format(Floating)
}

// render writes one block a message and notes where each lies.
func (c *Chain) render() string {
	var b strings.Builder
	last := ""
	several := c.several()
	for i := range c.messages {
		m := c.messages[i]
		if several && (i == 0 || m.Conversation != last) {
			fmt.Fprintf(&b, "== %s ==\n", c.title(m.Conversation))
			last = m.Conversation
		}
		m.From = b.Len()
		b.WriteString(c.block(m))
		m.To = b.Len()
		b.WriteByte('\n')
	}
	return b.String()
}

// block is a message as text: "2016-07-04 08:14 Name: text", then its files.
func (c *Chain) block(m *Message) string {
	head := m.Written
	if !m.At.IsZero() {
		head = m.At.Format("2006-01-02 15:04")
	}
	if m.By >= 0 {
		head = strings.TrimLeft(head+" "+c.name(m.By)+":", " ")
	}
	block := strings.TrimSpace(head + " " + m.Text)
	for i, f := range m.Media {
		sep := "\n"
		if i == 0 && m.Text == "" {
			sep = " "
		}
		if what := cmp.Or(f.Name, f.Type); what != "" {
			block += sep + "[" + what + "]"
		}
	}
	return block
}

func (c *Chain) name(i int) string { return cmp.Or(c.members[i].Name, c.members[i].Handle) }

func (c *Chain) title(conversation string) string {
	return cmp.Or(Line(c.Titles[conversation]), Line(conversation), "-")
}

// several reports whether the messages are of more than one conversation.
func (c *Chain) several() bool {
	return slices.ContainsFunc(c.messages, func(m *Message) bool { return m.Conversation != c.messages[0].Conversation })
}

func (c *Chain) conversations() []reading.Conversation {
	if !c.several() {
		return nil
	}
	var list []reading.Conversation
	for i := range c.messages {
		m := c.messages[i]
		if i == 0 || m.Conversation != c.messages[i-1].Conversation {
			list = append(list, reading.Conversation{Title: c.title(m.Conversation), First: m.N})
		}
		list[len(list)-1].Last = m.N
	}
	return list
}

// subject is the title, or who takes part.
func (c *Chain) subject() string {
	if t := Line(c.Title); t != "" {
		return t
	}
	var names []string
	for i := range c.members {
		if len(names) == 4 {
			names = append(names, "…")
			break
		}
		names = append(names, c.name(i))
	}
	return strings.Join(names, ", ")
}

func (c *Chain) from() []trove.Address {
	var list []trove.Address
	for _, m := range c.members[:min(len(c.members), maxList)] {
		list = append(list, trove.Address{Name: m.Name, Addr: m.Handle})
	}
	return list
}

// date sets the record's date to that of the first message. A device's clock
// gives one too, with a warning that says so.
func (c *Chain) date(res *reader.Result) {
	var first *Message
	for i := range c.messages {
		if m := c.messages[i]; !m.At.IsZero() && (first == nil || m.At.Before(first.At)) {
			first = m
		}
	}
	if first == nil {
		return
	}
	res.Record.Date = first.At.UTC()
	if _, east := first.At.Zone(); first.Zoned {
		res.Record.DateOffset = east / 60
		return
	}
	res.Warn("no-zone", "The times have no zone: they are those of a device's clock.")
}
