package voice

import (
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// maxMessages bounds the messages of one page.
const maxMessages = 200_000

// messages is a page of text messages while it is read.
type messages struct {
	chain *reading.Chain
	known map[string]int // members by number, or by name without one
}

// readMessages reads the log of a page: who takes part, and the messages as
// they stand.
func readMessages(log *html.Node) *reading.Chain {
	m := messages{chain: &reading.Chain{Platform: "google-voice"}, known: map[string]int{}}
	each(log, func(n *html.Node) bool {
		switch {
		case class("participants")(n):
			each(n, func(n *html.Node) bool {
				if class("sender")(n) {
					m.member(n)
				}
				return true
			})
			return false
		case class("message")(n):
			if len(m.chain.Messages) < maxMessages {
				m.message(n)
			}
			return false
		}
		return true
	})
	return m.chain
}

// member finds the member that a vcard names. The owner of the account stands
// in an element abbr, and is called "Me" in the page's language.
func (m *messages) member(n *html.Node) int {
	a := address(n)
	key := "tel " + a.Addr
	if a.Addr == "" {
		key = "name " + a.Name
	}
	i, ok := m.known[key]
	if !ok {
		i = len(m.chain.Members)
		m.known[key] = i
		m.chain.Members = append(m.chain.Members, reading.Member{Handle: a.Addr})
	}
	member := &m.chain.Members[i]
	if member.Name == "" {
		member.Name = a.Name
	}
	if fn := find(n, class("fn")); fn != nil && fn.DataAtom == atom.Abbr {
		member.Self = true
	}
	return i
}

func (m *messages) message(n *html.Node) {
	msg := reading.Message{N: len(m.chain.Messages) + 1, By: -1}
	each(n, func(n *html.Node) bool {
		switch {
		case class("dt")(n):
			if t, err := time.Parse(time.RFC3339, attr(n, "title")); err == nil {
				msg.When = t.Format("2006-01-02T15:04:05.999Z07:00")
			} else {
				msg.Written = content(n)
			}
			return false
		case class("sender")(n):
			msg.By = m.member(n)
			return false
		case n.DataAtom == atom.Q:
			msg.Text = quoted(n)
			return false
		default:
			msg.Media = append(msg.Media, media(n)...)
		}
		return true
	})
	m.chain.Messages = append(m.chain.Messages, msg)
}

// quoted is the text of a message with its line breaks.
func quoted(n *html.Node) string {
	var b strings.Builder
	each(n, func(n *html.Node) bool {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.DataAtom == atom.Br:
			b.WriteByte('\n')
		}
		return true
	})
	return strings.TrimSpace(strings.ToValidUTF8(b.String(), "\ufffd"))
}

// media is the file that an element names; a takeout leaves its ending out.
func media(n *html.Node) []reading.Media {
	switch {
	case n.DataAtom == atom.Img:
		return []reading.Media{{Name: oneLine(attr(n, "src")), Type: "image"}}
	case n.DataAtom == atom.Audio || n.DataAtom == atom.Video:
		return []reading.Media{{Name: oneLine(attr(n, "src")), Type: n.Data}}
	case n.DataAtom == atom.A && class("vcard")(n):
		return []reading.Media{{Name: oneLine(attr(n, "href")), Type: "text/vcard"}}
	}
	return nil
}

// readChain writes a page of messages as an item.
func (p *takeoutPage) readChain(res *reader.Result) {
	chain, rec := p.chain, &res.Record
	chain.Title, res.Reading.Chain = p.title, chain
	rec.Kind, rec.Subject = trove.Chain, p.title
	if others := others(chain); others != "" && !strings.Contains(p.title, others) {
		rec.Subject = strings.TrimSpace(p.title + " " + others)
	}
	res.Text = lines(chain)
	if len(chain.Messages) == 0 {
		res.Warn("no-messages", "the page holds no messages")
		return
	}
	first := chain.Messages[0]
	if t, err := time.Parse(time.RFC3339, first.When); err == nil {
		dated(rec, t)
	}
	for i, member := range chain.Members {
		a := trove.Address{Name: member.Name, Addr: member.Handle}
		if i == first.By {
			rec.From = []trove.Address{a}
		} else {
			rec.To = append(rec.To, a)
		}
	}
}

// lines is the chain as text, and notes where in it each message stands.
func lines(chain *reading.Chain) string {
	var b strings.Builder
	for i := range chain.Messages {
		m := &chain.Messages[i]
		m.From = b.Len()
		b.WriteString(line(chain, m))
		m.To = b.Len()
		b.WriteByte('\n')
	}
	return b.String()
}

// others names the members but for the owner of the account.
func others(c *reading.Chain) string {
	var names []string
	for _, m := range c.Members {
		if !m.Self {
			names = append(names, who(m))
		}
	}
	return strings.Join(names, ", ")
}

func who(m reading.Member) string {
	if m.Name != "" {
		return m.Name
	}
	return m.Handle
}

// line is a message as a line of the item's text.
func line(c *reading.Chain, m *reading.Message) string {
	from := ""
	if m.By >= 0 {
		from = who(c.Members[m.By])
	}
	s := strings.TrimSpace(strings.Replace(m.When, "T", " ", 1)+m.Written+" "+from) + ": " + m.Text
	for _, f := range m.Media {
		s += " [" + f.Name + "]"
	}
	return s
}
