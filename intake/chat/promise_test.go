package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"unseal/intake/reader"
	"unseal/trove"
)

// promised holds a result against what readers of chains promise.
func promised(res *reader.Result) error {
	c := res.Reading.Chain
	switch {
	case res.Failed != "":
		return nil
	case c == nil:
		return fmt.Errorf("no chain")
	case res.Record.Kind != trove.Chain:
		return fmt.Errorf("kind %q", res.Record.Kind)
	case !utf8.ValidString(res.Text) || strings.ContainsAny(res.Text, "\r\x00"):
		return fmt.Errorf("the text is not clean")
	}
	end, n := 0, len(c.Messages)
	for i, m := range c.Messages {
		switch {
		case m.N != i+1:
			return fmt.Errorf("message %d is called %d", i+1, m.N)
		case m.By < -1 || m.By >= len(c.Members):
			return fmt.Errorf("#m%d is by %d", m.N, m.By)
		case m.ReplyTo < -1 || m.ReplyTo > n:
			return fmt.Errorf("#m%d answers %d", m.N, m.ReplyTo)
		case m.From < end || m.To < m.From || m.To > len(res.Text):
			return fmt.Errorf("#m%d lies at %d to %d after %d", m.N, m.From, m.To, end)
		case m.Text != "" && !strings.Contains(res.Text[m.From:m.To], strings.TrimSpace(m.Text)):
			return fmt.Errorf("#m%d: %q is not in %q", m.N, m.Text, res.Text[m.From:m.To])
		case c.Sorted && m.Place == 0 || m.Place > n:
			return fmt.Errorf("#m%d stood at %d", m.N, m.Place)
		}
		if m.When != "" {
			if _, err := time.Parse(time.RFC3339, m.When); err != nil {
				if _, err = time.Parse("2006-01-02T15:04:05", m.When); err != nil {
					return err
				}
			}
		}
		for _, r := range m.Reactions {
			for _, by := range r.By {
				if by < 0 || by >= len(c.Members) {
					return fmt.Errorf("#m%d: a sign by %d", m.N, by)
				}
			}
		}
		end = m.To
	}
	next := 1
	for _, g := range c.Conversations {
		if g.First != next || g.Last < g.First || g.Last > n {
			return fmt.Errorf("a conversation from %d to %d", g.First, g.Last)
		}
		next = g.Last + 1
	}
	return nil
}
