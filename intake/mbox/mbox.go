// Package mbox finds the messages of an mbox file: mboxo, mboxrd, mboxcl and
// mboxcl2, with either kind of line end.
//
// The invariant: what does not belong to a message is separator only. The
// bytes before the first From line, then for each message its From line, its
// exact bytes and the blank line after them, are the file, byte for byte.
// Un-quoting is left to the reader of a span and proposed only where its
// inverse gives back the container's bytes.
//
// The package reads through an io.ReaderAt with a fixed buffer, so a box of
// any size costs the same memory. It does not judge what is in a message.
package mbox

import (
	"cmp"
	"fmt"
	"io"
	"iter"

	"unseal/trove"
)

// Dialect is what the writer of a box did to mark and quote, found by evidence.
// The zero value means "not looked at".
type Dialect string

// The dialects. See https://www.loc.gov/preservation/digital/formats/fdd/fdd000383.shtml
// and qmail's mbox(5).
const (
	Plain Dialect = "mbox"    // nothing in it is quoted, so its writer's rule does not show
	RD    Dialect = "mboxrd"  // one '>' was put before every line of ^>*From
	O     Dialect = "mboxo"   // '>' was put before ^From only: not to be undone with certainty
	CL    Dialect = "mboxcl"  // messages end where Content-Length says, and From lines are quoted
	CL2   Dialect = "mboxcl2" // messages end where Content-Length says, and nothing is quoted
)

// Box is what the first pass over an mbox found. It is not changed afterwards
// and may be used from several goroutines as far as its reader allows it.
type Box struct {
	Dialect  Dialect
	Messages int // by our rule: what [Box.All] gives
	Lines    int // lines beginning with "From ": what the simplest tools count
	Strict   int // such lines that follow a blank line and end in a date: what strict tools count
	Headed   int // such lines that a header follows, the first one counted in any case: what tools count that want a mail there

	r     io.ReaderAt
	size  int64
	first mark // the first From line: its shape tells what others may look like
	blank bool // the writer put a blank line before From lines
	rule  trove.Rule
}

// Message is one message of a box. Offsets are in bytes from the beginning of
// the box.
type Message struct {
	Start    int64           // of its From line
	Offset   int64           // of its first exact byte
	Length   int64           // of its exact bytes as they stand in the box, before un-quoting
	End      int64           // of its separator: Start of the next message, or the size of the box
	Rule     trove.Rule      // to be applied to the span; Verbatim where it changes nothing
	Warnings []trove.Warning // doubts about its limits; offsets are in the span as it stands
}

// Survey reads the box once and finds its dialect and its counts. The box must
// begin with a From line, blank lines and a byte order mark aside; see
// [Begins]. An error is one of reading.
func Survey(r io.ReaderAt, size int64) (*Box, error) {
	b := &Box{r: r, size: size}
	w := newWindow(r, size)
	first, ok := w.firstMark()
	if !ok {
		if w.err != nil {
			return nil, w.err
		}
		return nil, fmt.Errorf("no From line at the beginning")
	}
	b.first = first
	b.blank = true // until shown otherwise: the rule for the end of the box needs it
	if err := b.count(w); err != nil {
		return nil, err
	}
	return b, nil
}

// tally is the evidence of the first pass.
type tally struct {
	afterBlank int // separators after a blank line, the first one aside
	lands      int // messages whose Content-Length ends where the From lines say too
	inner      int // bare From lines inside messages
	quoted     int // lines of ^>+From
	rd, o      int // votes of the quoted lines' neighbours
}

func (b *Box) count(w *window) error {
	var t tally
	for m, err := range b.walk(w, &t) {
		if err != nil {
			return err
		}
		b.Messages++
		if end, ok := w.contentEnd(m); ok && (end == m.Offset+m.Length || end == m.End) {
			t.lands++
		}
	}
	b.blank = b.Messages == 1 || 2*t.afterBlank >= b.Messages-1
	switch {
	case 2*t.lands >= b.Messages:
		return b.countByLength(w)
	case t.quoted == 0:
		b.Dialect = Plain
	case t.o > t.rd:
		b.Dialect = O
	default:
		b.Dialect, b.rule = RD, trove.MboxRD
	}
	return nil
}

// countByLength counts again, this time believing Content-Length where it
// lands on a separator.
func (b *Box) countByLength(w *window) error {
	b.Dialect, b.Messages = CL, 0
	lines, strict, headed := b.Lines, b.Strict, b.Headed
	var t tally
	for _, err := range b.walk(w, &t) {
		if err != nil {
			return err
		}
		b.Messages++
	}
	b.Lines, b.Strict, b.Headed = lines, strict, headed
	switch {
	case t.inner > 0:
		b.Dialect = CL2
	case t.quoted > 0 && t.rd >= t.o:
		b.rule = trove.MboxRD
	}
	return nil
}

// All yields the messages in the order of the file. It may be called again and
// gives the same. After an error of reading it ends.
func (b *Box) All() iter.Seq2[Message, error] {
	return b.walk(newWindow(b.r, b.size), nil)
}

// Note says in one sentence how the box was split, and what other tools would
// count where they differ.
func (b *Box) Note() string {
	s := fmt.Sprintf("%s, %d messages", b.Dialect, b.Messages)
	if b.Lines != b.Messages {
		s += fmt.Sprintf("; %d by every From line", b.Lines)
	}
	if b.Strict != b.Messages {
		s += fmt.Sprintf("; %d by dated From lines after a blank line", b.Strict)
	}
	if b.Headed != b.Messages && b.Headed != b.Strict {
		s += fmt.Sprintf("; %d by From lines that a header follows", b.Headed)
	}
	return s
}

// Differs reports whether other tools would count other than [Box.All] does.
func (b *Box) Differs() bool {
	return b.Lines != b.Messages || b.Strict != b.Messages || b.Headed != b.Messages
}

// walk yields messages; with a tally it gathers evidence on the way.
func (b *Box) walk(w *window, t *tally) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		far := newGlance(b.r, b.size)
		cur := open(b.first)
		at := b.first.end
		if t != nil {
			b.Lines, b.Strict, b.Headed = 1, 1, 1
		}
		for {
			if end, ok := b.trusted(w, far, &cur); ok {
				at = max(at, b.inside(w, &cur, t, at, end))
			}
			m, ok := w.next(at)
			if !ok {
				break
			}
			at = m.end
			if t != nil {
				b.learn(w, t, m)
			}
			if m.depth > 0 || cur.exact == 0 && !b.separates(m) { // after Content-Length comes a separator
				cur.learn(m, t)
				continue
			}
			if !yield(b.close(w, cur, m.start), nil) {
				return
			}
			if t != nil && m.afterBlank {
				t.afterBlank++
			}
			cur = open(m)
			if !m.afterBlank {
				cur.warn("mbox-boundary", 0, "no blank line stands before this message's From line: stricter tools join it to the message before")
			}
		}
		if w.err != nil {
			yield(Message{}, w.err)
			return
		}
		yield(b.close(w, cur, b.size), nil)
	}
}

// learn takes a From line, quoted or bare, into the evidence.
func (b *Box) learn(w *window, t *tally, m mark) {
	if m.depth == 0 {
		b.Lines++
		if m.afterBlank && m.date == asctime {
			b.Strict++
		}
		if m.next == header {
			b.Headed++
		}
		return
	}
	t.quoted++
	above, below := w.depthAbove(m), w.depthAt(m.end)
	switch {
	case above == m.depth || below == m.depth:
		t.o++
	case m.depth > 1 && (above == m.depth-1 || below == m.depth-1):
		t.rd++
	}
}

// draft is a message whose end is not found yet.
type draft struct {
	Message
	quoted, bare bool
	trusted      bool  // Content-Length was looked at
	exact        int64 // end by Content-Length, 0 for none
}

func open(m mark) draft {
	return draft{Message: Message{Start: m.start, Offset: m.end}}
}

func (d *draft) learn(m mark, t *tally) {
	if m.depth > 0 {
		d.quoted = true
		return
	}
	d.bare = true
	d.warn("from-line", m.start-d.Offset, "a line begins with \"From \" but is not taken for the start of a message: other tools may split here")
	if t != nil {
		t.inner++
	}
}

// maxWarnings bounds the doubts kept for one message.
const maxWarnings = 20

func (d *draft) warn(code string, offset int64, text string) {
	if len(d.Warnings) < maxWarnings {
		d.Warnings = append(d.Warnings, trove.Warning{Code: code, Text: text, Offset: offset})
	}
}

// trusted returns where the message ends by its Content-Length, once per
// message and only in a box whose writer meant it. The end is looked at through
// far: every message of a hostile box may name one at the box's other end, and
// w would be filled anew for each.
func (b *Box) trusted(w, far *window, d *draft) (int64, bool) {
	if (b.Dialect != CL && b.Dialect != CL2) || d.trusted {
		return 0, false
	}
	d.trusted = true
	end, ok := w.contentEnd(d.Message)
	if !ok || !far.landsAt(end) {
		w.err = cmp.Or(w.err, far.err)
		return 0, false
	}
	d.exact = end
	return end, true
}

// inside takes the From lines before end, which Content-Length says belong to
// the message, into it, and returns end.
func (b *Box) inside(w *window, d *draft, t *tally, at, end int64) int64 {
	for {
		m, ok := w.next(at)
		if !ok || m.start >= end {
			return end
		}
		at = m.end
		if t != nil {
			b.learn(w, t, m)
		}
		d.learn(m, t)
	}
}

// close ends the draft at the From line at next, or at the end of the box.
func (b *Box) close(w *window, d draft, next int64) Message {
	m := d.Message
	m.End = next
	end := next
	switch blank := w.blankBefore(next); {
	case d.exact > 0:
		end = d.exact
	case next < b.size || b.blank:
		end = max(next-blank, m.Offset)
	}
	m.Length = end - m.Offset
	switch {
	case d.quoted && !d.bare:
		m.Rule = b.rule // a bare From line would come back quoted, so such a message stays as it is
		if b.Dialect == O {
			m.Warnings = append(m.Warnings, trove.Warning{Code: "from-quoted", Text: "lines begin with \">From \": the mailbox's writer may have put the sign there"})
		}
	case d.quoted && b.rule != trove.Verbatim:
		m.Warnings = append(m.Warnings, trove.Warning{Code: "from-quoted", Text: "quoted and bare lines of \"From \" stand side by side, so nothing is un-quoted"})
	}
	return m
}
