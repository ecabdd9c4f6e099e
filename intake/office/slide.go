package office

import (
	"encoding/xml"
	"strings"
)

// slides reads PresentationML: a page a slide, with its notes and comments.
func (x *ooxml) slides(main string) error {
	rels := x.byID(main)
	ids, err := x.slideIDs(main)
	for _, id := range ids {
		if r, ok := rels[id]; ok && !r.external {
			x.slide(r.target)
		}
	}
	x.page.shut()
	return err
}

// slideIDs are the relations of slides in their order.
func (x *ooxml) slideIDs(main string) (ids []string, err error) {
	b, err := x.read(main)
	if err != nil {
		return nil, err
	}
	t := newTokens(b)
	for {
		token, err := t.next()
		if token == nil {
			return ids, err
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "sldId" {
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					ids = append(ids, a.Value)
				}
			}
		}
	}
}

func (x *ooxml) slide(name string) {
	x.page.open("")
	b, err := x.read(name)
	if err != nil {
		x.failed(err)
		return
	}
	if hiddenSlide(b) {
		x.find("hidden-text", "the slide is hidden")
	}
	x.slideText(name, b)
	rels := x.relations(name)
	x.drawings(rels)
	for _, r := range rels {
		if r.external {
			continue
		}
		switch r.kind {
		case "notesSlide":
			if b, err := x.read(r.target); err == nil {
				x.page.block("[Notes]", true)
				x.slideText(r.target, b)
			}
		case "comments":
			x.slideComments(r.target)
		}
	}
}

func (x *ooxml) slideText(name string, b []byte) {
	f := x.flow(b, name, nil)
	list, err := f.blocks()
	x.emit(list)
	if err != nil {
		x.failed(err)
	}
}

// hiddenSlide reads the root element alone.
func hiddenSlide(b []byte) bool {
	t := newTokens(b)
	for {
		token, _ := t.next()
		if token == nil {
			return false
		}
		if e, ok := token.(xml.StartElement); ok {
			return attr(e, "show") == "0" || attr(e, "show") == "false"
		}
	}
}

// slideComments adds the comments of a slide, in the old form and the new.
func (x *ooxml) slideComments(name string) {
	b, err := x.read(name)
	if err != nil {
		return
	}
	authors := x.commentAuthors()
	f := x.flow(b, name, nil)
	for {
		token, _ := f.next()
		if token == nil {
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "cm" && e.Name.Local != "reply" {
			continue
		}
		who, when := authors[attr(e, "authorId")], attr(e, "dt")+attr(e, "created")
		said, _ := f.text(MaxText)
		x.page.block("[Comment] "+x.comment(who, when, strings.TrimSpace(said)), true)
	}
}

func (x *ooxml) commentAuthors() map[string]string {
	names := map[string]string{}
	for _, member := range []string{"ppt/commentAuthors.xml", "ppt/authors.xml"} {
		b, err := x.read(member)
		if err != nil {
			continue
		}
		for e := range newTokens(b).starts() {
			if e.Name.Local == "cmAuthor" || e.Name.Local == "author" {
				names[attr(e, "id")] = oneLine(attr(e, "name"))
			}
		}
	}
	return names
}
