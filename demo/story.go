package demo

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

//go:embed story/*.txt files
var content embed.FS

// letter is one mail of the story as written, before it becomes bytes.
type letter struct {
	id      string
	from    string
	to, cc  []string
	boxes   []string // whose mailboxes hold it; by default those of sender and recipients
	date    time.Time
	subject string
	reply   string // id of the letter it answers, not always one that is there
	quote   bool   // with the whole text that it answers below
	charset string
	form    string // how it departs from plain text; see compose
	sign    string // the selector, or "none"
	attach  []string
	altered *alteration
	traces  []string // mailboxes whose copy carries the fields of delivery
	crlf    []string // mailboxes whose copy has DOS line ends
	noID    bool
	badDate bool
	body    string
}

// alteration changes words in one mailbox's copy, after signing.
type alteration struct{ box, was, is string }

// story is all letters, by date.
type story struct {
	letters []*letter
	byID    map[string]*letter
}

// readStory reads story/*.txt: letters begin with "=== id", then fields, an
// empty line, the text with one line a paragraph.
func readStory() (*story, error) {
	s := &story{byID: map[string]*letter{}}
	entries, err := content.ReadDir("story")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b, err := content.ReadFile("story/" + e.Name())
		if err != nil {
			return nil, err
		}
		for _, part := range strings.Split("\n"+string(b), "\n=== ")[1:] {
			if err := s.add(part); err != nil {
				return nil, fmt.Errorf("demo: %s: %w", e.Name(), err)
			}
		}
	}
	slices.SortStableFunc(s.letters, func(a, b *letter) int { return a.date.Compare(b.date) })
	return s, nil
}

func (s *story) add(part string) error {
	head, body, _ := strings.Cut(part, "\n\n")
	id, fields, _ := strings.Cut(head, "\n")
	l := &letter{id: id, charset: "utf-8", body: strings.TrimSpace(body)}
	for line := range strings.SplitSeq(fields, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		if err := l.set(key, value); err != nil {
			return fmt.Errorf("%s: %q: %w", id, line, err)
		}
	}
	if s.byID[id] != nil || l.from == "" || l.date.IsZero() || l.body == "" {
		return fmt.Errorf("%s: twice, or without sender, date or text", id)
	}
	l.fillIn()
	s.byID[id] = l
	s.letters = append(s.letters, l)
	return nil
}

func (l *letter) set(key, value string) (err error) {
	switch key {
	case "from":
		l.from = value
	case "to":
		l.to = list(value)
	case "cc":
		l.cc = list(value)
	case "boxes":
		l.boxes = list(value)
	case "date":
		l.date, err = time.ParseInLocation("2006-01-02 15:04", value, people[l.from].zone())
	case "subject":
		l.subject = value
	case "reply":
		l.reply = value
	case "quote":
		l.quote = true
	case "charset":
		l.charset = value
	case "form":
		l.form = value
	case "sign":
		l.sign = value
	case "attach":
		l.attach = list(value)
	case "altered":
		words := strings.Split(value, " | ")
		if len(words) != 3 {
			return errors.New("want box | was | is")
		}
		l.altered = &alteration{words[0], words[1], words[2]}
	case "received":
		l.traces = list(value)
	case "crlf":
		l.crlf = list(value)
	case "no-id":
		l.noID = true
	case "bad-date":
		l.badDate = true
	default:
		return errors.New("no such field")
	}
	return err
}

// fillIn sets what a letter leaves to its sender and recipients.
func (l *letter) fillIn() {
	if l.boxes == nil {
		for _, o := range owners {
			if o == l.from || slices.Contains(l.to, o) || slices.Contains(l.cc, o) {
				l.boxes = append(l.boxes, o)
			}
		}
	}
	if l.sign == "" {
		l.sign = defaultSelector(people[l.from], l.date)
	}
}

func list(value string) []string { return strings.Split(value, ", ") }

// messageID makes the Message-ID of a letter, also of one that is not there.
func (s *story) messageID(id string) string {
	from := "edith"
	if l := s.byID[id]; l != nil {
		from = l.from
	}
	tag := seed("message-id " + id)
	return fmt.Sprintf("%x.%s@%s", tag[:6], id, domain(people[from].Addr))
}

// ancestors lists what a letter answers, the oldest first.
func (s *story) ancestors(l *letter) []string {
	var ids []string
	for id := l.reply; id != ""; {
		parent := s.byID[id]
		if parent == nil || !parent.noID {
			ids = append(ids, s.messageID(id))
		}
		if parent == nil {
			break
		}
		id = parent.reply
	}
	slices.Reverse(ids)
	return ids
}

// text is what the sender wrote, with what it quotes, wrapped like mail.
func (s *story) text(l *letter) string {
	var b strings.Builder
	for line := range strings.SplitSeq(l.body, "\n") {
		b.WriteString(wrap(line, l.form == "flowed"))
		b.WriteByte('\n')
	}
	if parent := s.byID[l.reply]; l.quote && parent != nil {
		b.WriteString("\n" + attribution(l, parent) + "\n")
		for line := range strings.Lines(s.text(parent)) {
			mark := "> "
			if strings.HasPrefix(line, ">") || line == "\n" {
				mark = ">"
			}
			b.WriteString(mark + strings.TrimRight(line, " \n") + "\n")
		}
	}
	return b.String()
}

// attribution is the line above a quotation, in the language of the answer.
func attribution(l, parent *letter) string {
	name, day := people[parent.from].Name, parent.date.Format("02/01/2006 15:04")
	switch {
	case arabic(l.body):
		return "كتب " + name + " في " + day + ":"
	case l.charset == "iso-8859-1":
		return "Le " + day + ", " + name + " a écrit :"
	}
	return "On " + parent.date.Format("2 January 2006 at 15:04") + ", " + name + " wrote:"
}

// wrapAt is the width of a line in characters (RFC 3676 section 4.2 advises
// 78 or fewer).
const wrapAt = 74

// wrap breaks a paragraph into lines; flowed lines end in a space where the
// paragraph goes on (RFC 3676 section 4.1).
func wrap(paragraph string, flowed bool) string {
	var b strings.Builder
	width := 0
	for i, word := range strings.Split(paragraph, " ") {
		n := len([]rune(word))
		switch {
		case i == 0:
		case width+1+n > wrapAt && flowed:
			b.WriteString(" \n")
			width = 0
		case width+1+n > wrapAt:
			b.WriteByte('\n')
			width = 0
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// arabic reports whether s holds an Arabic letter.
func arabic(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x0600 && r < 0x0700 })
}
