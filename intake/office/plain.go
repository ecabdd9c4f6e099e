package office

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"unseal/intake/text"
)

// maxPlain is how much of a plain text is read: more than its text may have,
// for charsets of several bytes a letter.
const maxPlain = 2*MaxText + 4

// beginning reads as much of the document as its text may have.
func (d *document) beginning() ([]byte, error) {
	b := make([]byte, min(d.in.Size, maxPlain))
	if n, err := d.in.Content.ReadAt(b, 0); n < len(b) {
		return b[:n], err
	}
	if int64(len(b)) < d.in.Size {
		d.page.cut = true
		if i := bytes.LastIndexByte(b, '\n'); i > 0 {
			b = b[:i]
		}
	}
	return b, nil
}

// decode converts text and says where its charset was guessed.
func (d *document) decode(b []byte, declared string) string {
	s, charset, sure := text.Decode(b, declared)
	if !sure {
		if charset == "" {
			charset = "windows-1252"
		}
		d.res.Warn(warnCharset, "the text does not say which charset it is written in; it is read as %s", charset)
	}
	return s
}

// plain reads plain text.
func (d *document) plain() error {
	b, err := d.beginning()
	d.page.block(d.decode(b, ""), false)
	return err
}

// html reads a page of HTML as text.
func (d *document) html() error {
	b, err := d.beginning()
	s := d.decode(b, text.HTMLCharset(b, ""))
	d.page.block(text.HTML(s, MaxText), false)
	d.htmlFindings(s)
	return err
}

// metas are names of meta elements that are facts.
var metas = map[string]string{
	"author": "author", "description": "description", "keywords": "keywords", "generator": "software", "date": "created", "dc.title": "title", "dc.creator": "author", "last-modified": "modified",
}

// maxTags bounds how many tags are looked at for findings.
const maxTags = 500_000

// htmlFindings reads the title, the metas, and what a browser would load or run.
func (d *document) htmlFindings(s string) {
	z := html.NewTokenizer(strings.NewReader(s))
	for n := 0; n < maxTags; n++ {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			d.tag(z, z.Token())
		}
	}
}

func (d *document) tag(z *html.Tokenizer, t html.Token) {
	at := func(name string) string {
		for _, a := range t.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	switch t.Data {
	case "title":
		if z.Next() == html.TextToken && d.res.Record.Subject == "" {
			d.fact("title", string(z.Text()))
		}
	case "meta":
		if fact := metas[strings.ToLower(at("name")+at("http-equiv"))]; fact != "" {
			d.said(fact, at("content"))
		}
	case "script":
		d.once("active-content", "the page holds scripts")
	case "form":
		d.once("form", "the page holds a form")
	case "object", "embed", "applet":
		d.once("active-content", "the page holds an object (%s)", t.Data)
	case "img", "iframe", "frame", "audio", "video", "source", "link":
		d.loaded(t.Data, at("src")+at("href"))
	}
}

// loaded notes what a page loads; data in the page itself is a part.
func (d *document) loaded(tag, src string) {
	if strings.HasPrefix(src, "data:") {
		d.inlineData(src)
		return
	}
	if u, err := url.Parse(src); err == nil && u.Host != "" {
		d.once("external-link", "%s: %s", tag, src)
	}
}

// inlineData keeps what lies in a data: URL, RFC 2397.
func (d *document) inlineData(src string) {
	head, data, ok := strings.Cut(strings.TrimPrefix(src, "data:"), ",")
	typ, coded := strings.CutSuffix(head, ";base64")
	if !ok || len(src) < 64 {
		return
	}
	b := []byte(data)
	if coded {
		data = strings.Join(strings.Fields(data), "")
		var err error
		if b, err = base64.StdEncoding.DecodeString(data); err != nil {
			b, _ = base64.RawStdEncoding.DecodeString(strings.TrimRight(data, "="))
		}
	}
	if len(b) > 0 {
		typ, _, _ = strings.Cut(typ, ";")
		d.part("", "", oneLine(strings.ToLower(typ)), b)
	}
}

// xml reads XML: what Word wrote as XML in 2003 as a document, else the text of
// its elements.
func (d *document) xml() error {
	b, err := d.beginning()
	if bytes.Contains(b[:min(len(b), 4096)], []byte("schemas.microsoft.com/office/word/2003/wordml")) {
		d.instructions(b)
		f := &flow{tokens: newTokens(b), d: d}
		list, err := f.blocks()
		d.emit(list)
		return err
	}
	d.page.block(xmlText(b), false)
	return err
}

// instructions shows the processing instructions before the root element, which
// say what program a file is for.
func (d *document) instructions(b []byte) {
	t := newTokens(b)
	for {
		token, _ := t.next()
		switch e := token.(type) {
		case nil, xml.StartElement:
			return
		case xml.ProcInst:
			if e.Target != "xml" {
				d.page.block("<?"+e.Target+" "+string(e.Inst)+"?>", false)
			}
		}
	}
}

// xmlText is the text of XML whose words are not known: elements that hold
// words alone are words of the line, others are lines.
func xmlText(b []byte) string {
	t := newTokens(b)
	var out strings.Builder
	ended := false
	for out.Len() <= MaxText {
		token, _ := t.next()
		switch e := token.(type) {
		case nil:
			return strings.TrimSpace(out.String())
		case xml.ProcInst:
			if e.Target != "xml" {
				out.WriteString("<?" + e.Target + " " + string(e.Inst) + "?>\n")
			}
		case xml.EndElement:
			ended = true
		case xml.StartElement:
			if ended {
				newline(&out)
			}
			ended = false
		case xml.CharData:
			words(&out, e)
			if len(bytes.TrimSpace(e)) > 0 || bytes.ContainsAny(e, " \n") {
				ended = false
			}
		}
	}
	return out.String()
}

func newline(b *strings.Builder) {
	if s := b.String(); s != "" && s[len(s)-1] != '\n' {
		b.WriteByte('\n')
	}
}

// words adds character data: white space with a line end in it is a line end
// where an element stands on either side, else a space.
func words(out *strings.Builder, data []byte) {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		if bytes.IndexByte(data, '\n') >= 0 {
			newline(out)
		} else if len(data) > 0 && out.Len() > 0 {
			out.WriteByte(' ')
		}
		return
	}
	if data[0] <= ' ' && out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
		out.WriteByte(' ')
	}
	out.WriteString(strings.Join(strings.Fields(string(trimmed)), " "))
	if last := data[len(data)-1]; last == '\n' {
		out.WriteByte('\n')
	} else if last <= ' ' {
		out.WriteByte(' ')
	}
}
