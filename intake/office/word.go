package office

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"

	"unseal/intake/mail"
	"unseal/intake/text"
)

// word reads WordprocessingML.
func (x *ooxml) word(main string) error {
	styles := x.styleNames(main)
	rels := x.relations(main)
	x.aside(rels, "header", styles)
	b, err := x.read(main)
	if err != nil {
		return err
	}
	f := x.flow(b, main, styles)
	list, err := f.blocks()
	x.emit(list)
	x.notes(f, rels, styles)
	x.aside(rels, "footer", styles)
	x.drawings(rels)
	x.changed(f.changes)
	x.comments(rels)
	return err
}

func (x *ooxml) flow(b []byte, name string, styles map[string]string) *flow {
	f := &flow{tokens: newTokens(b), d: x.document, rels: x.byID(name), styles: styles}
	f.chunk = x.altChunk
	return f
}

// emit puts blocks into the text.
func (d *document) emit(list []block) {
	for _, b := range list {
		d.page.block(b.text, b.gap)
	}
}

// styleNames are the names of paragraph styles, which say what a heading is.
func (x *ooxml) styleNames(main string) map[string]string {
	names := map[string]string{}
	b, err := x.read(path.Join(path.Dir(main), "styles.xml"))
	if err != nil {
		return names
	}
	t, id := newTokens(b), ""
	for {
		token, _ := t.next()
		if token == nil {
			return names
		}
		e, ok := token.(xml.StartElement)
		switch {
		case ok && e.Name.Local == "style":
			id = attr(e, "styleId")
		case ok && e.Name.Local == "name" && id != "":
			names[id], id = attr(e, "val"), ""
		}
	}
}

// aside adds headers or footers, each text once.
func (x *ooxml) aside(rels []namedRelation, kind string, styles map[string]string) {
	var seen []string
	for _, r := range rels {
		if r.kind != kind || r.external {
			continue
		}
		b, err := x.read(r.target)
		if err != nil {
			continue
		}
		f := x.flow(b, r.target, styles)
		list, _ := f.blocks()
		s := joinBlocks(list)
		if s != "" && !slices.Contains(seen, s) {
			seen = append(seen, s)
			x.page.block(s, kind == "footer" && len(seen) == 1)
		}
		x.changed(f.changes)
	}
}

// notes adds footnotes and endnotes in the order of their marks.
func (x *ooxml) notes(f *flow, rels []namedRelation, styles map[string]string) {
	texts := map[string]string{}
	for _, r := range rels {
		if (r.kind == "footnotes" || r.kind == "endnotes") && !r.external {
			x.noteTexts(r.target, r.kind[0], styles, texts)
		}
	}
	gap := true
	for i, id := range f.notes {
		if s := texts[id]; s != "" {
			x.page.block(fmt.Sprintf("[%d] %s", i+1, s), gap)
			gap = false
		}
	}
}

func (x *ooxml) noteTexts(name string, kind byte, styles map[string]string, texts map[string]string) {
	b, err := x.read(name)
	if err != nil {
		return
	}
	f := x.flow(b, name, styles)
	for {
		token, _ := f.next()
		if token == nil {
			break
		}
		if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "footnote" || e.Name.Local == "endnote") {
			id := noteID(kind, attr(e, "id"))
			list, _ := f.blocks()
			texts[id] = joinBlocks(list)
		}
	}
	x.changed(f.changes)
}

// drawings adds the words of diagrams and charts.
func (x *ooxml) drawings(rels []namedRelation) {
	for _, r := range rels {
		if r.external || r.kind != "diagramData" && r.kind != "chart" {
			continue
		}
		if b, err := x.read(r.target); err == nil {
			f := x.flow(b, r.target, nil)
			list, _ := f.blocks()
			x.emit(list)
		}
	}
}

// changed notes tracked changes: findings, and what was deleted as text.
func (x *ooxml) changed(list []change) {
	var deleted []string
	for _, c := range list {
		x.find("tracked-change", "%s", c)
		if c.who != "" {
			x.once("author", "%s", c.who)
		}
		if c.kind == "deleted" {
			deleted = append(deleted, c.text)
		}
	}
	x.behind(deletedText, deleted)
}

// comments adds comments as findings and text.
func (x *ooxml) comments(rels []namedRelation) {
	var lines []string
	for _, r := range rels {
		if r.kind != "comments" || r.external {
			continue
		}
		if b, err := x.read(r.target); err == nil {
			lines = append(lines, x.commentLines(x.flow(b, r.target, nil))...)
		}
	}
	x.behind("Comments", lines)
}

func (x *ooxml) commentLines(f *flow) (lines []string) {
	for {
		token, _ := f.next()
		if token == nil {
			return lines
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "comment" {
			continue
		}
		who, when := oneLine(attr(e, "author")), attr(e, "date")
		list, _ := f.blocks()
		lines = append(lines, x.comment(who, when, joinBlocks(list)))
	}
}

// comment notes one comment and returns its line.
func (d *document) comment(who, when, said string) string {
	by := who
	if when != "" {
		by = strings.TrimPrefix(by+", "+oneLine(when), ", ")
	}
	d.find("comment", "%s: %s", by, said)
	if who != "" {
		d.once("author", "%s", who)
	}
	return strings.TrimPrefix(by+": ", ": ") + said
}

// altChunk adds a document of another format that stands in the text.
func (x *ooxml) altChunk(r relation) {
	b, err := x.read(r.target)
	if err != nil {
		return
	}
	x.part("", path.Base(r.target), typeOf(r.target, b), b)
	switch strings.ToLower(path.Ext(r.target)) {
	case ".mht", ".mhtml", ".eml":
		_, s := mail.Parse(b)
		x.page.block(s, true)
	case ".html", ".htm", ".xhtml":
		s, _, _ := text.Decode(b, text.HTMLCharset(b, ""))
		x.page.block(text.HTML(s, MaxText), true)
	case ".rtf":
		x.page.block(rtfText(b), true)
	case ".txt":
		s, _, _ := text.Decode(b, "")
		x.page.block(s, true)
	case ".docx":
		x.partly("a document stands in the text and is a part: " + path.Base(r.target))
	}
}
