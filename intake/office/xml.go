package office

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html/charset"

	"unseal/intake/text"
)

// Limits of the XML of documents. The reader behind it holds the attributes of
// one tag at a time in memory.
const (
	maxDepth  = 512
	maxTag    = 1 << 20     // bytes of one tag, comment or declaration
	maxTokens = 100_000_000 // of one member
)

// errXML says that XML is beyond what is read.
var errXML = errors.New("the XML of the document is deeper or longer than is read")

// tokens reads XML, forgiving, under limits.
type tokens struct {
	d     *xml.Decoder
	depth int
	count int
}

func newTokens(b []byte) *tokens {
	b, wide := narrow(b)
	return tokensOf(bytes.NewReader(b), wide)
}

// tokensOf reads XML from a stream; wide says that it was converted to UTF-8,
// whatever it says of itself.
func tokensOf(r io.Reader, wide bool) *tokens {
	d := xml.NewDecoder(&tagGuard{r: bufio.NewReaderSize(r, 32<<10)})
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if wide {
			return r, nil
		}
		return charset.NewReaderLabel(label, r)
	}
	return &tokens{d: d}
}

// narrow converts XML of two bytes a letter to UTF-8.
func narrow(b []byte) ([]byte, bool) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(b) < 2 || b[0] != 0 && b[1] != 0 && b[0] < 0xfe {
		return b, false
	}
	s, _, _ := text.Decode(b, "")
	return []byte(s), true
}

// next returns the next token, nil at the end. The token is good until the
// next call.
func (t *tokens) next() (xml.Token, error) {
	token, err := t.d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		t.depth++
	case xml.EndElement:
		t.depth--
	}
	if t.count++; t.count > maxTokens || t.depth > maxDepth {
		return nil, errXML
	}
	return token, nil
}

// skip passes over what is left of the element whose start was read last.
func (t *tokens) skip() error {
	for depth := 1; depth > 0; {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// text is all character data up to the end of the element whose start was read
// last, at most max bytes of it.
func (t *tokens) text(max int) (string, error) {
	var b strings.Builder
	for depth := 1; depth > 0; {
		token, err := t.next()
		if token == nil {
			return b.String(), err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			b.Write(token[:min(len(token), max-b.Len())])
		}
	}
	return b.String(), nil
}

// attr is the value of an attribute by its local name.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// tagGuard passes bytes on and fails in a tag that is too long, before the
// decoder has its attributes in memory.
type tagGuard struct {
	r   *bufio.Reader
	in  bool
	run int
}

func (g *tagGuard) ReadByte() (byte, error) {
	c, err := g.r.ReadByte()
	switch {
	case c == '<':
		g.in, g.run = true, 0
	case c == '>':
		g.in = false
	case g.in:
		if g.run++; g.run > maxTag {
			return 0, errXML
		}
	}
	return c, err
}

// Read is there for the decoder's sake, which reads byte by byte.
func (g *tagGuard) Read(p []byte) (int, error) {
	for i := range p {
		c, err := g.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = c
	}
	return len(p), nil
}
