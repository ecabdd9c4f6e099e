package office

import (
	"encoding/xml"
	"net/url"
	"path"
	"strings"

	"unseal/intake/text"
)

// maxChapters bounds the members of a book that are read as text.
const maxChapters = 5000

// readEPUB reads a book: its chapters in the order of its spine are pages.
func readEPUB(d *document, p *pack) error {
	root := ""
	if b, err := p.read("META-INF/container.xml"); err == nil {
		each(b, func(e xml.StartElement, _ *tokens) {
			if e.Name.Local == "rootfile" && root == "" {
				root = attr(e, "full-path")
			}
		})
	}
	if p.has("META-INF/encryption.xml") {
		d.res.Warn(warnEncrypted, "parts of the book are encrypted or scrambled")
	}
	b, err := p.read(root)
	if err != nil {
		return err
	}
	for i, name := range d.spine(b, path.Dir(root)) {
		b, err := p.read(name)
		if err != nil || i >= maxChapters {
			d.partly("not all chapters of the book can be read")
			continue
		}
		d.page.open("")
		s, _, _ := text.Decode(b, "")
		d.page.block(text.HTML(s, MaxText), false)
	}
	return nil
}

// each calls do with each element of a member.
func each(b []byte, do func(e xml.StartElement, t *tokens)) {
	t := newTokens(b)
	for {
		token, _ := t.next()
		if token == nil {
			return
		}
		if e, ok := token.(xml.StartElement); ok {
			do(e.Copy(), t)
		}
	}
}

// spine reads the package document: facts, and the chapters in their order.
func (d *document) spine(b []byte, dir string) (names []string) {
	byID := map[string]string{}
	each(b, func(e xml.StartElement, t *tokens) {
		switch e.Name.Local {
		case "title", "creator", "publisher", "language", "date", "subject", "description":
			fact := map[string]string{"creator": "author", "date": "created"}[e.Name.Local]
			if fact == "" {
				fact = e.Name.Local
			}
			s, _ := t.text(maxLine)
			d.fact(fact, s)
		case "item":
			if strings.Contains(attr(e, "media-type"), "html") {
				byID[attr(e, "id")] = attr(e, "href")
			}
		case "itemref":
			if href := byID[attr(e, "idref")]; href != "" {
				if u, err := url.PathUnescape(href); err == nil {
					href = u
				}
				names = append(names, path.Join(dir, href))
			}
		}
	})
	return names
}
