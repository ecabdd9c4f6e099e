package office

import (
	"encoding/xml"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// block is a paragraph, or the row of a table.
type block struct {
	text string
	gap  bool // a blank line stands before it
}

// flow reads the text of WordprocessingML and DrawingML, whose words for
// paragraphs, breaks and tables are the same.
type flow struct {
	*tokens
	d      *document
	rels   map[string]relation
	styles map[string]string // names of paragraph styles by their id
	chunk  func(r relation)  // takes a foreign document that stands here; may be nil

	hidden  *strings.Builder // text of the run, if that is not shown
	blank   bool             // an empty paragraph stood before
	notes   []string         // ids of notes in their order, "f1", "e2"
	changes []change
}

// change is a tracked change.
type change struct{ kind, who, when, text string }

func (c change) String() string {
	s := c.kind
	if c.who != "" {
		s += " by " + c.who
	}
	if c.when != "" {
		s += ", " + c.when
	}
	return s + ": " + c.text
}

// para is a paragraph while it is read.
type para struct {
	strings.Builder
	style string
	list  bool
	marks string  // of notes
	after []block // what stands in boxes anchored to it
}

// blocks reads what is below the element whose start was read last.
func (f *flow) blocks() (list []block, err error) {
	for {
		token, err := f.next()
		if token == nil {
			return list, err
		}
		switch e := token.(type) {
		case xml.EndElement:
			return list, nil
		case xml.StartElement:
			more, err := f.block(e.Copy())
			list = append(list, more...)
			if err != nil {
				return list, err
			}
		}
	}
}

func (f *flow) block(e xml.StartElement) ([]block, error) {
	switch e.Name.Local {
	case "p":
		return f.paragraph()
	case "tbl":
		return f.table()
	case "sectPr", "pPr", "rPr", "tblPr", "tblGrid", "sdtPr", "Fallback", "binData", "docOleData", "fonts", "styles", "lists", "extLst":
		return nil, f.skip()
	case "altChunk":
		if r, ok := f.rels[attr(e, "id")]; ok && f.chunk != nil {
			f.chunk(r)
		}
		return nil, f.skip()
	case "docPr", "cNvPr":
		if s := oneLine(attr(e, "descr")); s != "" {
			return []block{{text: "[" + s + "]"}}, f.skip()
		}
		return nil, f.skip()
	case "t": // text outside paragraphs, in diagrams
		s, err := f.text(MaxText)
		return []block{{text: s}}, err
	}
	return f.blocks()
}

// paragraph reads a paragraph and what hangs on it.
func (f *flow) paragraph() ([]block, error) {
	var p para
	err := f.inline(&p)
	s := p.String() + p.marks
	if strings.TrimSpace(s) == "" {
		f.blank = true
		return p.after, err
	}
	if p.list {
		s = "* " + s
	}
	head := f.heading(p.style)
	list := append([]block{{s, f.blank || head}}, p.after...)
	f.blank = head
	return list, err
}

func (f *flow) heading(style string) bool {
	name := strings.ToLower(f.styles[style] + " " + style)
	return strings.Contains(name, "heading") || strings.Contains(name, "title")
}

// inline reads the runs of a paragraph.
func (f *flow) inline(p *para) error {
	return f.each(func(e xml.StartElement) error { return f.run(p, e) })
}

// run reads one element of a paragraph.
func (f *flow) run(p *para, e xml.StartElement) error {
	switch e.Name.Local {
	case "t", "delText":
		return f.word(p)
	case "r":
		return f.wordRun(p)
	case "tab", "ptab":
		p.WriteByte('\t')
	case "br", "cr":
		p.WriteByte('\n')
	case "noBreakHyphen":
		p.WriteByte('-')
	case "footnoteReference", "endnoteReference":
		f.note(p, e)
	case "pPr":
		return f.paragraphStyle(p)
	case "rPr", "fldChar", "binData", "sdtPr", "Fallback", "delInstrText", "proofErr", "numPr", "endParaRPr":
		return f.runStyle(e)
	case "instrText":
		s, err := f.text(maxLine)
		f.instruction(s)
		return err
	case "fldSimple":
		f.instruction(attr(e, "instr"))
		return f.inline(p)
	case "del", "moveFrom", "ins", "moveTo":
		return f.changed(p, e)
	case "hyperlink":
		return f.link(p, f.rels[attr(e, "id")].target)
	case "ruby":
		return f.ruby(p)
	case "docPr", "cNvPr":
		if s := oneLine(attr(e, "descr")); s != "" {
			p.after = append(p.after, block{text: "[" + s + "]"})
		}
	case "txbxContent", "p", "tbl", "txBody":
		return f.box(p, e)
	default:
		return f.inline(p)
	}
	return f.skip()
}

func (f *flow) word(p *para) error {
	s, err := f.text(MaxText)
	p.WriteString(s)
	if f.hidden != nil {
		f.hidden.WriteString(s)
	}
	return err
}

// wordRun reads a run; whether its text is hidden stands in it before the text.
func (f *flow) wordRun(p *para) error {
	outer := f.hidden
	err := f.inline(p)
	if f.hidden != nil && f.hidden != outer {
		if s := strings.TrimSpace(f.hidden.String()); s != "" {
			f.d.find("hidden-text", "not shown in the document: %s", s)
		}
	}
	f.hidden = outer
	return err
}

// runStyle reads how a run looks, as far as it matters, or passes over e.
func (f *flow) runStyle(e xml.StartElement) error {
	if e.Name.Local != "rPr" {
		return f.skip()
	}
	return f.each(func(c xml.StartElement) error {
		switch c.Name.Local {
		case "vanish", "specVanish":
			if v := attr(c, "val"); v != "0" && v != "false" && f.hidden == nil {
				f.hidden = &strings.Builder{}
			}
		case "hlinkClick", "hlinkHover":
			if to := f.rels[attr(c, "id")]; to.external {
				f.d.fact("link", to.target)
			}
		}
		return f.skip()
	})
}

// starts gives the beginnings of all elements that come, however deep, up to the
// end of the document or where it is broken. What is read of an element between
// two of them is passed over.
func (t *tokens) starts() iter.Seq[xml.StartElement] {
	return func(yield func(xml.StartElement) bool) {
		for {
			token, _ := t.next()
			if token == nil {
				return
			}
			if e, ok := token.(xml.StartElement); ok && !yield(e) {
				return
			}
		}
	}
}

// each calls do with every element below the one whose start was read last; do
// reads it to its end.
func (t *tokens) each(do func(e xml.StartElement) error) error {
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch e := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := do(e.Copy()); err != nil {
				return err
			}
		}
	}
}

func (f *flow) paragraphStyle(p *para) error {
	return f.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "pStyle":
			p.style = attr(e, "val")
		case "numPr", "listPr":
			p.list = true
		case "outlineLvl":
			p.style = "heading"
		}
		return f.skip()
	})
}

// box reads paragraphs that stand inside a paragraph: boxes, tables of drawings.
func (f *flow) box(p *para, e xml.StartElement) error {
	blank := f.blank
	f.blank = false
	var list []block
	var err error
	if e.Name.Local == "txbxContent" || e.Name.Local == "txBody" {
		list, err = f.blocks()
	} else {
		list, err = f.block(e)
	}
	p.after = append(p.after, list...)
	f.blank = blank
	return err
}

// note keeps the number of a note. It goes to the end of the paragraph, so that
// it parts no words that a reader searches for.
func (f *flow) note(p *para, e xml.StartElement) {
	f.notes = append(f.notes, e.Name.Local[:1]+attr(e, "id"))
	p.marks += fmt.Sprintf(" [%d]", len(f.notes))
}

// link reads the text of a link; its target stands at the end of the paragraph.
func (f *flow) link(p *para, target string) error {
	from := p.Len()
	err := f.inline(p)
	said := p.String()[from:]
	if target != "" && !strings.Contains(said, strings.TrimPrefix(target, "mailto:")) {
		p.marks += " <" + oneLine(target) + ">"
	}
	return err
}

// ruby puts how something is said behind what is said.
func (f *flow) ruby(p *para) error {
	var base, said para
	err := f.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "rt":
			return f.inline(&said)
		case "rubyBase":
			return f.inline(&base)
		}
		return f.skip()
	})
	p.WriteString(base.String())
	if said.Len() > 0 {
		fmt.Fprintf(p, "(%s)", said.String())
	}
	return err
}

// changed reads a tracked change. What was deleted is no part of the text.
func (f *flow) changed(p *para, e xml.StartElement) error {
	var inner para
	err := f.inline(&inner)
	c := change{"inserted", oneLine(attr(e, "author")), attr(e, "date"), inner.String()}
	if e.Name.Local == "del" || e.Name.Local == "moveFrom" {
		c.kind = "deleted"
	} else {
		p.WriteString(inner.String())
	}
	p.after, p.marks = append(p.after, inner.after...), p.marks+inner.marks
	if strings.TrimSpace(c.text) != "" {
		f.changes = append(f.changes, c)
	}
	return err
}

// risky are instructions of fields that fetch or run something.
var risky = map[string]string{
	"DDE": "active-content", "DDEAUTO": "active-content", "MACROBUTTON": "active-content",
	"INCLUDEPICTURE": "external-link", "INCLUDETEXT": "external-link", "IMPORT": "external-link", "LINK": "external-link", "RD": "external-link",
	"FORMTEXT": "form", "FORMCHECKBOX": "form", "FORMDROPDOWN": "form",
}

func (f *flow) instruction(s string) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return
	}
	if code := risky[strings.ToUpper(words[0])]; code != "" {
		f.d.once(code, "field %s", s)
	}
}

// table reads a table: a line a row, cells with a tab between.
func (f *flow) table() (list []block, err error) {
	f.blank = false
	gap := true
	var walk func(e xml.StartElement) error
	walk = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tr":
			cells, err := f.row()
			if s := joinCells(cells); s != "" {
				list = append(list, block{s, gap})
				gap = false
			}
			return err
		case "tblPr", "tblGrid", "sdtPr":
			return f.skip()
		}
		return f.each(walk)
	}
	err = f.each(walk)
	f.blank = true
	return list, err
}

func (f *flow) row() (cells []string, err error) {
	var walk func(e xml.StartElement) error
	walk = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tc":
			list, err := f.blocks()
			f.blank = false
			cells = append(cells, joinBlocks(list))
			return err
		case "trPr", "tblPrEx", "sdtPr":
			return f.skip()
		}
		return f.each(walk)
	}
	err = f.each(walk)
	return cells, err
}

// joinBlocks puts blocks below each other.
func joinBlocks(list []block) string {
	lines := make([]string, 0, len(list))
	for _, b := range list {
		if s := strings.TrimSpace(b.text); s != "" {
			lines = append(lines, s)
		}
	}
	return strings.Join(lines, "\n")
}

// joinCells makes the line of a row, or several where a cell has several.
func joinCells(cells []string) string {
	s := strings.Join(cells, "\t")
	if strings.Contains(s, "\n") {
		s = strings.Join(cells, "\n")
	}
	return strings.Trim(s, "\t\n")
}

// noteID is how a note is called in its own part.
func noteID(kind byte, id string) string {
	if _, err := strconv.Atoi(id); err != nil {
		return ""
	}
	return string(kind) + id
}
