package chat

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"unseal/intake/chat/draft"
)

// Span is where one chain of a file lies.
type Span struct {
	Offset, Length int64
	Title          string // what the platform calls it; empty if nothing
}

// maxSpans bounds the chains of one file.
const maxSpans = 100_000

// Several reports whether a file that begins so may hold several chains that
// [Split] tells apart.
func Several(head []byte) bool {
	if b := strings.TrimLeft(string(strip(head[:min(len(head), 2*lead)])), " \t\r\n"); b == "" || b[0] != '{' && b[0] != '[' {
		return false
	}
	if !slices.ContainsFunc(keysOfSeveral, func(key string) bool { return bytes.Contains(head, []byte(key)) }) {
		return false // without following the document, as [Detect] does afterwards
	}
	shape := shapeOf(head)
	return isSeveral(findExport(shape), shape)
}

// keysOfSeveral are keys of which one stands in every document that isSeveral
// knows.
var keysOfSeveral = []string{`"chats"`, `"personal_information"`, `"dmConversation"`}

func isSeveral(e *export, s shape) bool {
	switch {
	case e == nil:
		return false
	case e.platform == "telegram":
		return isTelegramFull(s)
	}
	return e.platform == "twitter" && s.any("[]")
}

// Split says where the chains of an export lie that holds several, one after
// the other: a full export of Telegram, the direct messages of a Twitter
// archive. Each span is a chain that [Detect] and [Read] know. For every other
// file, and where there is but one chain, it returns none. A file that breaks
// off gives the spans before the break, with the error.
func Split(r io.ReaderAt, size int64) ([]Span, error) {
	head := make([]byte, min(headSize, size))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil && size > 0 {
		return nil, err
	}
	if !Several(head) {
		return nil, nil
	}
	s, err := newStream(r, size)
	if err != nil {
		return nil, err
	}
	p := &splitter{stream: s}
	if findExport(shapeOf(head)).platform == "telegram" {
		err = p.telegram()
	} else {
		err = s.array(func() error { return p.span("conversationId") })
	}
	if len(p.spans) < 2 && err == nil {
		return nil, nil
	}
	return p.spans, err
}

type splitter struct {
	stream *stream
	spans  []Span
}

func (p *splitter) telegram() error {
	s := p.stream
	return s.object(func(key string) error {
		if key != "chats" && key != "left_chats" {
			return s.skip()
		}
		return s.object(func(list string) error {
			if list != "list" {
				return s.skip()
			}
			return s.array(func() error { return p.span("name") })
		})
	})
}

// span passes over the value that comes next and, if it is an object, notes
// where it lies and its title: the string under the key title in it or in an
// object directly in it.
func (p *splitter) span(title string) error {
	s := p.stream
	t, err := s.token()
	if err != nil || t != json.Delim('{') {
		if err == nil {
			err = s.skipRest(t, 0)
		}
		return err
	}
	span := Span{Offset: s.offset() - 1}
	if err := p.titled(&span, title, 1); err != nil {
		return err
	}
	if span.Length = s.offset() - span.Offset; len(p.spans) < maxSpans {
		p.spans = append(p.spans, span)
	}
	return nil
}

// titled passes over the fields of an object that has begun.
func (p *splitter) titled(span *Span, title string, depth int) error {
	s := p.stream
	return s.fields(func(key string) error {
		t, err := s.token()
		if err != nil {
			return err
		}
		if name, ok := t.(string); ok && key == title && span.Title == "" {
			span.Title = draft.Line(name)
		}
		if t == json.Delim('{') && depth == 1 {
			return p.titled(span, title, depth+1)
		}
		return s.skipRest(t, held-1)
	})
}
