// Package draft puts a chain of messages together: the readers of platforms add
// members and messages in the order of the source, and Finish makes of them the
// record, the text and the reading of one item.
//
// It keeps the limits (messages, bytes of text, members), cleans names, joins
// answers to what they answer, and puts messages in stable order of time where
// their times can be compared. It knows no platform.
package draft

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"unseal/reading"
)

// Limits of a chain.
const (
	MaxMessages = 1_000_000
	MaxMessage  = 1 << 20  // bytes of one
	maxAnswer   = 72 << 20 // bytes of the result as JSON: a child that reads answers with 80 MB at most
	maxMembers  = 100_000
	maxName     = 200 // runes
	maxList     = 200 // reactions, media or recorded members in one place
)

// ErrFull says that the chain has reached a limit; what was added stands.
var ErrFull = errors.New("the chain is longer than what is read")

// Message is one message as a platform has it. By and the members of reactions
// are what [Chain.Member] returned.
type Message struct {
	reading.Message
	At           time.Time // zero if not known
	Zoned        bool      // At has a zone; else it is the clock of a device, held in UTC
	Answers      string    // ID of the message that it answers, in its conversation
	Conversation string    // which one of the source's, if it has several
}

// Chain is a chain being put together. It is used by one goroutine.
type Chain struct {
	Platform string
	Title    string
	Clock    string // what is known of times without a zone
	Order    string // how dates were read
	Pictures bool
	Titles   map[string]string // of conversations, by their names in messages

	members  []reading.Member
	byKey    map[string]int
	byID     map[[2]string]int // conversation and ID: the place in messages
	messages []*Message
	bytes    int // of the result so far, at most
	trimmed  bool
}

// New begins a chain of a platform.
func New(platform string) *Chain {
	return &Chain{Platform: platform, Titles: map[string]string{}, byKey: map[string]int{}, byID: map[[2]string]int{}}
}

// Len is the number of messages so far.
func (c *Chain) Len() int { return len(c.messages) }

// Member returns the index of who has this handle, or this name where there is
// no handle, and adds who is new. A name that comes later completes a handle.
// Without either it is -1: the platform itself.
func (c *Chain) Member(name, handle string) int {
	name, handle = Line(name), Line(handle)
	key := "h" + handle
	if handle == "" {
		key = "n" + name
	}
	i, known := c.byKey[key]
	switch {
	case name == "" && handle == "" || !known && len(c.members) == maxMembers:
		return -1
	case !known:
		i = len(c.members)
		c.members = append(c.members, reading.Member{Name: name, Handle: handle})
		c.byKey[key] = i
	case c.members[i].Name == "":
		c.members[i].Name = name
	}
	return i
}

// Known returns the index of who was added under this name, or -1.
func (c *Chain) Known(name string) int {
	if i, ok := c.byKey["n"+Line(name)]; ok {
		return i
	}
	return -1
}

// Alias makes a member with a handle known by the name as well.
func (c *Chain) Alias(name, handle string) {
	if i, ok := c.byKey["h"+Line(handle)]; ok && handle != "" && Line(name) != "" {
		c.byKey["n"+Line(name)] = i
	}
}

// Self says that the export is that of member i.
func (c *Chain) Self(i int) {
	if i >= 0 {
		c.members[i].Self = true
	}
}

// Add adds a message. At a limit it adds nothing and returns ErrFull.
func (c *Chain) Add(m Message) error {
	if m.Text = Text(m.Text); len(m.Text) > MaxMessage {
		m.Text, c.trimmed = strings.ToValidUTF8(m.Text[:MaxMessage], ""), true
	}
	if m.By >= len(c.members) || m.By < 0 {
		m.By = -1
	}
	m.Media, m.Reactions = m.Media[:min(len(m.Media), maxList)], m.Reactions[:min(len(m.Reactions), maxList)]
	for i := range m.Media {
		m.Media[i].Name, m.Media[i].Type = Line(m.Media[i].Name), Line(m.Media[i].Type)
	}
	for i := range m.Reactions {
		m.Reactions[i].Sign = Line(m.Reactions[i].Sign)
		m.Reactions[i].By = slices.DeleteFunc(m.Reactions[i].By, func(by int) bool { return by < 0 || by >= len(c.members) })
	}
	m.ID, m.Edited, m.Forwarded, m.Written = Line(m.ID), Line(m.Edited), Line(m.Forwarded), Line(m.Written)
	if c.bytes += c.weight(&m); len(c.messages) == MaxMessages || c.bytes > maxAnswer {
		c.bytes = maxAnswer
		return ErrFull
	}
	if m.ID != "" {
		c.byID[[2]string{m.Conversation, m.ID}] = len(c.messages)
	}
	c.messages = append(c.messages, &m)
	return nil
}

// weight is how many bytes a message takes in the result at most: as a message,
// in the text of the item, and in a text that was made of it.
func (c *Chain) weight(m *Message) int {
	const always, field, item = 150, 20, 60 // numbers, times, brackets and names of fields
	n := always + 2*escaped(m.Text) + escaped(m.ID) + escaped(m.Edited) + escaped(m.Forwarded) + 2*escaped(m.Written)
	for _, there := range []bool{m.ID != "", m.Kind != "", m.Edited != "", m.Forwarded != "", m.Answers != "", m.Written != "", len(m.Media) > 0, len(m.Reactions) > 0, len(m.Earlier) > 0} {
		if there {
			n += field
		}
	}
	if m.By >= 0 {
		n += escaped(c.name(m.By))
	}
	if c.Pictures {
		n += escaped(m.Text) + item
	}
	for _, f := range m.Media {
		n += item + 2*escaped(f.Name) + 2*escaped(f.Type)
	}
	for _, r := range m.Reactions {
		n += item + escaped(r.Sign) + 8*len(r.By)
	}
	for _, e := range m.Earlier {
		n += item + escaped(e.Text)
	}
	return n
}

// escaped is how long a string is in JSON.
func escaped(s string) int {
	n := len(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<' || c == '>' || c == '&' || c < ' ' && c != '\n':
			n += 5
		case c == '"' || c == '\\' || c == '\n':
			n++
		case c == 0xe2: // the separators of lines and paragraphs are written as escapes
			n += 3
		}
	}
	return n
}

// Find returns the message added last under this ID in a conversation, or nil.
// It may be changed until Finish.
func (c *Chain) Find(conversation, id string) *Message {
	if i, ok := c.byID[[2]string{conversation, Line(id)}]; ok && id != "" {
		return c.messages[i]
	}
	return nil
}

// React adds a sign to the message with this ID, or takes it away.
func (c *Chain) React(conversation, id, sign string, by int, away bool) {
	m := c.Find(conversation, id)
	if m == nil || len(m.Reactions) >= maxList {
		return
	}
	if away {
		m.Reactions = slices.DeleteFunc(m.Reactions, func(r reading.Reaction) bool { return slices.Equal(r.By, []int{by}) })
		return
	}
	r := reading.Reaction{Sign: Line(sign)}
	if by >= 0 {
		r.By = []int{by}
	}
	m.Reactions = append(m.Reactions, r)
}

// Delete marks the message with this ID as deleted: its text goes. It reports
// whether the message is there.
func (c *Chain) Delete(conversation, id string) bool {
	m := c.Find(conversation, id)
	if m != nil {
		m.Kind, m.Text, m.Media = "deleted", "", nil
	}
	return m != nil
}

// Edit gives the message with this ID a new text and keeps the old one.
func (c *Chain) Edit(conversation, id, text string, at time.Time) {
	if m := c.Find(conversation, id); m != nil && len(m.Earlier) < maxList {
		m.Earlier = append(m.Earlier, reading.Earlier{When: cmp.Or(m.Edited, when(m.At, m.Zoned)), Text: m.Text})
		m.Edited, m.Text = cmp.Or(when(at, true), "yes"), Text(text[:min(len(text), MaxMessage)])
	}
}

// Line makes one line of a name: without control and direction characters,
// white space folded, of bounded length.
func Line(s string) string {
	if len(s) > 4*maxName {
		s = s[:4*maxName]
	}
	s = strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD"))), " ")
	if utf8.RuneCountInString(s) > maxName {
		s = string([]rune(s)[:maxName])
	}
	return s
}

func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return ' '
	case unicode.IsControl(r) || IsMark(r):
		return -1
	}
	return r
}

// IsMark reports whether r sets the direction of writing or is a byte order
// mark: it is not seen, and phones put it around what they write themselves.
func IsMark(r rune) bool {
	return r == 0x200e || r == 0x200f || r == 0x061c || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// Text makes a message's text well-formed: UTF-8, lines ended by "\n", no
// control characters.
func Text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				return -1
			}
			return r
		}, s)
	}
	return strings.Trim(s, "\n")
}
