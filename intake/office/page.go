package office

import (
	"strings"

	"unseal/reading"
)

// MaxText bounds the text of one document in bytes.
const MaxText = 16 << 20

// page collects the text of a document, block by block.
type page struct {
	b     strings.Builder
	pages []reading.Page
	cut   bool
	fresh bool // a page begins here
}

// block adds a block of lines; gap puts a blank line before it.
func (p *page) block(s string, gap bool) {
	s = strings.TrimRight(strings.Trim(clean(s), "\n"), " \t\n")
	if strings.TrimSpace(s) == "" {
		return
	}
	if left := MaxText - p.b.Len(); len(s)+2 > left {
		p.cut = true
		if s = cutAt(s, left-2); s == "" {
			return
		}
	}
	if p.b.Len() > 0 && !p.fresh {
		p.b.WriteByte('\n')
		if gap {
			p.b.WriteByte('\n')
		}
	}
	p.fresh = false
	p.b.WriteString(s)
}

// clean makes s UTF-8 with "\n" line ends and without zeros.
func clean(s string) string {
	if strings.ContainsAny(s, "\r\x00") {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// open begins a page; what follows up to the next one is its text.
func (p *page) open(label string) {
	p.shut()
	at := p.b.Len()
	if at > 0 && at+2 <= MaxText {
		p.b.WriteString("\n\n")
		at = p.b.Len()
	}
	p.fresh = true
	p.pages = append(p.pages, reading.Page{Number: len(p.pages) + 1, Label: oneLine(label), From: at, To: at})
}

// shut ends the last page.
func (p *page) shut() {
	if n := len(p.pages); n > 0 {
		p.pages[n-1].To = p.b.Len()
	}
}

// cutAt shortens s to at most n bytes between two letters.
func cutAt(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if n >= len(s) {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// maxLine bounds a fact or the words of a finding in bytes.
const maxLine = 500

// oneLine makes s fit for a fact: one line without controls, cut.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(cutAt(strings.Join(strings.Fields(s), " "), maxLine))
}
