// Package text makes text that a person reads out of bytes that strangers
// wrote: it guesses charsets that are not declared and lays HTML out as lines.
// It does no I/O, and whatever the bytes are, it gives UTF-8 in linear time.
package text

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// HTML lays HTML out as text in one pass over its tokens: linear, without
// a tree, so that no nesting is too deep. Text hidden by style sheets is
// there, as are the targets of links; words cut by inline tags stay whole.
// Comments, scripts, style sheets and the title are left out. It stops when
// the text is longer than limit.
func HTML(s string, limit int) string {
	l := layout{out: make([]byte, 0, min(len(s)/2, limit))}
	z := html.NewTokenizer(strings.NewReader(s))
	skip := false // the text that follows is no text
	for len(l.out) <= limit {
		switch z.Next() {
		case html.ErrorToken:
			return string(l.out)
		case html.TextToken:
			if !skip {
				l.text(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := l.open(z)
			skip = tag == atom.Script || tag == atom.Style || tag == atom.Title
			continue
		case html.EndTagToken:
			name, _ := z.TagName()
			l.end(atom.Lookup(name))
		}
		skip = false
	}
	return string(l.out)
}

// layout is the text so far and what stands between it and the next word.
type layout struct {
	out    []byte
	breaks int  // line ends owed
	space  bool // a space is owed
	quote  int  // open blockquotes
	pre    bool
	href   string // of the open link
	linked int    // length of out where its text began
	cells  int    // cells begun in the row
}

// maxQuote bounds the marks before a quoted line.
const maxQuote = 8

// text adds text; white space counts as one space outside pre.
func (l *layout) text(b []byte) {
	for len(b) > 0 {
		n := wordLength(b)
		if n > 0 {
			l.word(b[:n])
			b = b[n:]
			continue
		}
		if l.pre && b[0] == '\n' {
			l.flush()
			l.breaks = 1
		} else if l.pre {
			l.word(b[:1])
		} else {
			l.space = true
		}
		if b[0] == 0xc2 { // no-break space
			b = b[1:]
		}
		b = b[1:]
	}
}

// wordLength is the length of what stands before white space in b.
func wordLength(b []byte) int {
	for i, c := range b {
		if c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
			return i
		}
		if c == 0xc2 && i+1 < len(b) && b[i+1] == 0xa0 {
			return i
		}
	}
	return len(b)
}

func (l *layout) word(b []byte) {
	l.flush()
	l.out = append(l.out, b...)
}

// flush writes the line ends or the space that are owed.
func (l *layout) flush() {
	switch {
	case len(l.out) == 0:
		l.prefix()
	case l.breaks > 0:
		l.out = append(l.out, "\n\n"[:min(l.breaks, 2)]...)
		l.prefix()
	case l.space:
		l.out = append(l.out, ' ')
	}
	l.breaks, l.space = 0, false
}

func (l *layout) prefix() {
	for range min(l.quote, maxQuote) {
		l.out = append(l.out, "> "...)
	}
}

// gap owes at least n line ends.
func (l *layout) gap(n int) {
	l.breaks = max(l.breaks, n)
}

// line ends a line; two in a row leave a blank one.
func (l *layout) line() {
	if l.breaks++; len(l.out) == 0 {
		l.breaks = 0
	}
}

// open takes the start tag that z is at and returns it.
func (l *layout) open(z *html.Tokenizer) atom.Atom {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	switch tag {
	case atom.Br:
		l.line()
	case atom.A:
		l.end(atom.A)
		l.href, l.linked = attribute(z, more, "href"), len(l.out)
	case atom.Img:
		if alt := attribute(z, more, "alt"); alt != "" {
			l.text([]byte("[" + alt + "]"))
		}
	case atom.Li:
		l.gap(1)
		l.word([]byte("*"))
		l.space = true
	case atom.Hr:
		l.gap(1)
		l.word([]byte("--------"))
		l.gap(1)
	case atom.Td, atom.Th:
		if l.cells++; l.cells > 1 && l.breaks == 0 && len(l.out) > 0 {
			l.out, l.space = append(l.out, '\t'), false
		}
	case atom.Tr:
		l.cells = 0
		l.gap(1)
	case atom.Pre:
		l.pre = true
		l.gap(2)
	case atom.Blockquote:
		l.gap(2)
		l.quote++
	default:
		l.gap(breaksAround(tag))
	}
	return tag
}

// end takes the end tag of an element.
func (l *layout) end(tag atom.Atom) {
	switch tag {
	case atom.A:
		l.link()
	case atom.Tr:
		l.gap(1)
	case atom.Pre:
		l.pre = false
		l.gap(2)
	case atom.Blockquote:
		l.gap(2)
		l.quote = max(0, l.quote-1)
	case atom.Td, atom.Th, atom.Br:
	default:
		l.gap(breaksAround(tag))
	}
}

// link writes the target of the link that ends, unless its text says it.
func (l *layout) link() {
	target := strings.TrimPrefix(l.href, "mailto:")
	if target != "" && target[0] != '#' && !bytes.Contains(l.out[min(l.linked, len(l.out)):], []byte(target)) {
		l.space = true
		l.text([]byte("<" + target + ">"))
	}
	l.href = ""
}

// attribute is the value of one attribute of the tag that z is at.
func attribute(z *html.Tokenizer, more bool, name string) string {
	for more {
		var key, value []byte
		if key, value, more = z.TagAttr(); string(key) == name {
			return strings.TrimSpace(string(value))
		}
	}
	return ""
}

// breaksAround is how many line ends stand around an element at least.
func breaksAround(tag atom.Atom) int {
	switch tag {
	case atom.P, atom.Table, atom.Ul, atom.Ol, atom.Dl, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Form:
		return 2
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Center, atom.Dt, atom.Dd,
		atom.Li, atom.Fieldset, atom.Option, atom.Body, atom.Head, atom.Html, atom.Textarea, atom.Figure, atom.Main, atom.Nav:
		return 1
	}
	return 0
}
