package site

import (
	"strings"

	"unseal/archive"
)

// longQuote is how many quoted lines stand open; a longer quote is closed.
const longQuote = 12

// writeBody writes the text of an item as paragraphs with ids p1, p2, … and
// quotes, each with a direction of its own. It stops at a line end once limit
// bytes are written, unless limit is 0, and reports whether all is written.
// ids is false where the page holds several texts, and ids would be doubled.
// marks are the redactions whose signs stand in the text.
func (p *page) writeBody(text string, limit int, ids bool, marks []archive.Redaction) (whole bool) {
	start := len(p.b)
	full := func() bool { return limit > 0 && len(p.b)-start >= limit }
	paragraph := 0
	for text = trimLines(text); text != ""; text = trimLines(text) {
		if full() {
			return false
		}
		var block string
		if isQuoted(text) {
			block, text = takeQuote(text)
			if !p.writeQuote(block, full, marks) {
				return false
			}
			continue
		}
		block, text = takeParagraph(text)
		paragraph++
		p.html("<p")
		if ids {
			p.attrNum("id", "p", paragraph)
		}
		p.html(` dir="auto">`)
		done := p.writeLines(block, full, marks)
		p.html("</p>\n")
		if !done {
			return false
		}
	}
	return true
}

// trimLines drops empty lines at the start of text, and all of it when nothing
// else is left.
func trimLines(text string) string {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if strings.TrimSpace(line) != "" {
			return text
		}
		text = rest
	}
	return ""
}

func isQuoted(line string) bool { return strings.HasPrefix(line, ">") }

// takeParagraph cuts off the lines up to an empty or a quoted one.
func takeParagraph(text string) (block, rest string) {
	for i := 0; i < len(text); {
		end := lineEnd(text, i)
		line := text[i:end]
		if i > 0 && (strings.TrimSpace(line) == "" || isQuoted(line)) {
			return text[:i-1], text[i:]
		}
		i = end + 1
	}
	return strings.TrimRight(text, "\n"), ""
}

// takeQuote cuts off the quoted lines; empty lines between them belong to it.
func takeQuote(text string) (block, rest string) {
	last := 0
	for i := 0; i < len(text); {
		end := lineEnd(text, i)
		line := text[i:end]
		if isQuoted(line) {
			last = end
		} else if strings.TrimSpace(line) != "" {
			break
		}
		i = end + 1
	}
	return text[:last], text[last:]
}

// lineEnd is the place of the line feed that ends the line at i, or len(text).
func lineEnd(text string, i int) int {
	if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(text)
}

func (p *page) writeQuote(block string, full func() bool, marks []archive.Redaction) (whole bool) {
	lines := strings.Count(block, "\n") + 1
	long := lines > longQuote
	if long {
		p.html("<details")
		if at, _ := nextSign(block); len(marks) > 0 && at >= 0 {
			p.html(" open") // what is hidden is not hidden twice
		}
		p.html("><summary>")
		p.say("item.quoted", count(lines))
		p.html("</summary>")
	}
	p.html(`<div class="q" dir="auto">`)
	whole = p.writeLines(block, full, marks)
	p.html("</div>")
	if long {
		p.html("</details>")
	}
	p.html("\n")
	return whole
}

// longLine is how much of a line is written before looking again whether the
// page is full.
const longLine = 1 << 10

// writeLines writes lines until the page is full.
func (p *page) writeLines(block string, full func() bool, marks []archive.Redaction) (whole bool) {
	for first := true; block != ""; first = false {
		if full() {
			return false
		}
		var line string
		line, block, _ = strings.Cut(block, "\n")
		if !first {
			p.b = append(p.b, '\n')
		}
		for len(line) > longLine {
			head := cutSigned(line, longLine)
			p.marked(head, marks, inBody)
			if line = line[len(head):]; full() {
				return false
			}
		}
		p.marked(line, marks, inBody)
	}
	return true
}
