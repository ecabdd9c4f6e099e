package whatsapp

import (
	"strings"

	"unseal/intake/chat/draft"
	"unseal/intake/chat/stamp"
)

// Evidence is what a file's beginning says of where it comes from.
type Evidence int

// The degrees of evidence.
const (
	None  Evidence = iota
	Chat           // dated lines of named people, written by another program
	Whats          // WhatsApp's own marks or sentences
)

// levels are words of program logs, which look like names of people.
var levels = map[string]bool{"info": true, "error": true, "warn": true, "warning": true, "debug": true, "notice": true, "trace": true,
	"fatal": true, "critical": true, "alert": true, "emerg": true, "severe": true, "fine": true, "err": true, "emergency": true}

const (
	minDated  = 2  // lines that begin with a date
	maxBefore = 3  // lines before the first one that does
	enough    = 50 // lines of names that are looked at
)

// Detect tells from a file's first bytes whether it is such a file.
func Detect(head []byte) Evidence {
	n := tally(string(head))
	whats := n.marked > 0 && n.named > 0 || n.whats
	switch { // "date - name: text" is WhatsApp's own form
	case n.dated == 0 || n.early > maxBefore || n.logged > 0 || n.odd*4 > n.named:
		return None
	case whats:
		return Whats
	case n.dated < minDated || n.named*2 < n.dated || n.other > n.dated/10:
		return None
	case n.dashed && n.named > 2:
		return Whats
	case len(n.names) > 1:
		return Chat
	}
	return None
}

// count is what lines were seen.
type count struct {
	early, dated, named, marked, logged, odd, other int
	whats, dashed                                   bool
	names                                           map[string]bool
}

func tally(head string) count {
	n := count{names: map[string]bool{}}
	var shape stamp.Shape
	for line := range strings.Lines(head) {
		s, ok := stamp.Parse(line)
		switch {
		case !ok && n.dated == 0:
			if strings.TrimSpace(line) != "" {
				n.early++
			}
		case !ok:
		case n.dated > 0 && s.Shape != shape:
			n.other++
		default:
			shape = s.Shape
			n.add(&s, strings.TrimRight(line[s.Rest:], "\r\n"))
		}
		if n.named == enough {
			break
		}
	}
	return n
}

func (n *count) add(s *stamp.Stamp, rest string) {
	n.dated++
	n.dashed = !s.Shape.Bracket
	if strings.Contains(rest, "WhatsApp") {
		n.whats = true
	}
	name, text, ok := sender(rest)
	if !ok {
		return
	}
	n.named++
	name = draft.Line(name)
	n.names[name] = true
	if s.Marked || strings.HasPrefix(text, "\u200e") || strings.HasPrefix(text, "\u200f") {
		n.marked++
	}
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" .[]()<>-|", r) }) {
		if levels[word] {
			n.logged++
		}
	}
	if strings.ContainsAny(name, "/\\=<>{}[]|") {
		n.odd++
	}
}
