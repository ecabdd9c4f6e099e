package office

import (
	"encoding/base64"
	"encoding/xml"
	"path"
	"strconv"
	"strings"

	"unseal/intake/table"
)

// odf reads OpenDocument, packed or flat: one pass over each of its members.
type odf struct {
	*tokens
	d      *document
	p      *pack // nil for a flat file
	book   *table.Book
	slides bool
	notes  []string
	marks  string          // of notes and links, at the end of the paragraph
	hidden map[string]bool // styles of tables that are not shown
	gap    bool
	said   []string // comments
	cells  int
}

// readODF reads a document that is a zip.
func readODF(d *document, p *pack) error {
	mimetype, _ := p.read("mimetype")
	o := &odf{d: d, p: p}
	if err := o.manifest(); err != nil {
		return err
	}
	o.meta()
	o.begin(string(mimetype))
	if err := o.member("styles.xml"); err != nil { // headers and footers
		d.failed(err)
	}
	err := o.member("content.xml")
	o.end()
	o.files()
	return err
}

// flat reads a document that is one XML file.
func (d *document) flat() error {
	b, err := d.bytes()
	if err != nil {
		return err
	}
	o := &odf{d: d}
	o.begin(ending(d.in.Name) + string(b[:min(len(b), 8192)]))
	o.tokens = newTokens(b)
	err = o.walk()
	o.end()
	return err
}

func (o *odf) begin(mimetype string) {
	switch {
	case strings.Contains(mimetype, "opendocument.spreadsheet") || strings.Contains(mimetype, "vnd.sun.xml.calc"):
		o.book = o.d.book()
	case strings.Contains(mimetype, "opendocument.presentation") || strings.Contains(mimetype, "vnd.sun.xml.impress"):
		o.slides = true
	}
}

// member reads one member of the zip.
func (o *odf) member(name string) error {
	b, err := o.p.read(name)
	if err != nil {
		if name == "styles.xml" {
			return nil
		}
		return err
	}
	o.tokens = newTokens(b)
	return o.walk()
}

// walk reads everything up to the end of the member.
func (o *odf) walk() error {
	for {
		token, err := o.next()
		if token == nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := o.element(e.Copy()); err != nil {
				return err
			}
		}
	}
}

// element reads what stands outside paragraphs, to its end.
func (o *odf) element(e xml.StartElement) error {
	switch e.Name.Local {
	case "p", "h":
		s, err := o.paragraph()
		o.block(s, e.Name.Local == "h" || o.gap)
		o.gap = strings.TrimSpace(s) == "" || e.Name.Local == "h"
		return err
	case "list-item":
		return o.item()
	case "table":
		return o.table(e)
	case "page":
		if e.Name.Space != "" && o.slides {
			o.d.page.open(attr(e, "name"))
		}
		return o.each(o.element)
	case "notes":
		o.block("[Notes]", true)
		return o.each(o.element)
	case "tracked-changes":
		return o.tracked()
	case "annotation":
		return o.comment()
	case "header", "footer", "header-left", "footer-left", "header-first", "footer-first":
		return o.each(o.element)
	case "meta":
		return o.each(o.metaElement)
	case "scripts", "script":
		return o.scripts(e)
	case "binary-data":
		return o.binary()
	case "image", "object", "object-ole", "plugin", "applet":
		o.reference(e)
		return o.each(o.element)
	case "automatic-styles":
		return o.each(o.style)
	case "desc", "title":
		s, err := o.paragraph()
		if s = strings.TrimSpace(s); s != "" {
			o.block("["+s+"]", false)
		}
		return err
	case "font-face-decls", "styles", "settings", "sequence-decls", "date-style":
		return o.skip()
	case "dde-source", "dde-connection-decl":
		o.d.once("active-content", "DDE %s %s", attr(e, "dde-application"), attr(e, "dde-topic"))
	}
	return o.each(o.element)
}

// style finds the styles of tables that are not shown.
func (o *odf) style(style xml.StartElement) error {
	return o.each(func(e xml.StartElement) error {
		if e.Name.Local == "table-properties" && attr(e, "display") == "false" {
			if o.hidden == nil {
				o.hidden = map[string]bool{}
			}
			o.hidden[attr(style, "name")] = true
		}
		return o.skip()
	})
}

// block adds a paragraph to the text, or to the tables.
func (o *odf) block(s string, gap bool) {
	switch {
	case strings.TrimSpace(s) == "":
	case o.book != nil:
		o.book.Say(s)
	default:
		o.d.page.block(s, gap)
	}
}

// paragraph reads the text of a paragraph to its end.
func (o *odf) paragraph() (string, error) {
	var b strings.Builder
	outer := o.marks
	o.marks = ""
	err := o.inline(&b)
	s := b.String() + o.marks
	o.marks = outer
	return s, err
}

func (o *odf) inline(b *strings.Builder) error {
	for {
		token, err := o.next()
		if token == nil {
			return err
		}
		switch e := token.(type) {
		case xml.EndElement:
			return nil
		case xml.CharData:
			o.characters(b, string(e))
		case xml.StartElement:
			if err := o.span(b, e.Copy()); err != nil {
				return err
			}
		}
	}
}

// characters adds text; white space counts as one space, ODF 1.3 section 6.1.2.
func (o *odf) characters(b *strings.Builder, s string) {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' })
	if len(words) == 0 {
		if s != "" && b.Len() > 0 && !strings.HasSuffix(b.String(), " ") {
			b.WriteByte(' ')
		}
		return
	}
	if s[0] <= ' ' && b.Len() > 0 && !strings.HasSuffix(b.String(), " ") {
		b.WriteByte(' ')
	}
	b.WriteString(strings.Join(words, " "))
	if s[len(s)-1] <= ' ' {
		b.WriteByte(' ')
	}
}

// maxSpaces bounds the spaces that one element stands for.
const maxSpaces = 200

// span reads one element in a paragraph.
func (o *odf) span(b *strings.Builder, e xml.StartElement) error {
	switch e.Name.Local {
	case "s":
		n, _ := strconv.Atoi(attr(e, "c"))
		b.WriteString(strings.Repeat(" ", max(1, min(n, maxSpaces))))
	case "tab":
		b.WriteByte('\t')
	case "line-break":
		b.WriteByte('\n')
	case "note":
		return o.note()
	case "annotation":
		return o.comment()
	case "a":
		return o.link(b, attr(e, "href"))
	case "change-start", "change", "change-end", "bookmark":
	case "ruby-text":
		b.WriteByte('(')
		err := o.inline(b)
		b.WriteByte(')')
		return err
	case "hidden-text", "hidden-paragraph":
		o.d.find("hidden-text", "not shown in the document: %s", attr(e, "string-value"))
		return o.inline(b)
	case "frame", "custom-shape", "g", "rect", "text-box", "p", "h", "list", "table", "title", "desc":
		return o.boxed(b, e)
	default:
		return o.inline(b)
	}
	return o.skip()
}

// boxed reads what is anchored in a paragraph: it follows the text so far.
func (o *odf) boxed(b *strings.Builder, e xml.StartElement) error {
	s := b.String()
	b.Reset()
	o.block(s, o.gap)
	return o.element(e)
}

func (o *odf) note() error {
	return o.each(func(e xml.StartElement) error {
		if e.Name.Local != "note-body" {
			return o.skip()
		}
		s, err := o.inside()
		o.notes = append(o.notes, s)
		o.marks += " [" + strconv.Itoa(len(o.notes)) + "]"
		return err
	})
}

// inside is the text of the paragraphs below the element whose start was read
// last.
func (o *odf) inside() (string, error) {
	var lines []string
	var walk func(e xml.StartElement) error
	walk = func(e xml.StartElement) error {
		if e.Name.Local == "p" || e.Name.Local == "h" {
			s, err := o.paragraph()
			lines = append(lines, s)
			return err
		}
		return o.each(walk)
	}
	err := o.each(walk)
	return strings.TrimSpace(strings.Join(lines, "\n")), err
}

func (o *odf) link(b *strings.Builder, to string) error {
	from := b.Len()
	err := o.inline(b)
	if said := b.String()[min(from, b.Len()):]; to != "" && to[0] != '#' && !strings.Contains(said, strings.TrimPrefix(to, "mailto:")) {
		o.marks += " <" + oneLine(to) + ">"
	}
	return err
}

func (o *odf) item() error {
	first := true
	return o.each(func(e xml.StartElement) error {
		if e.Name.Local != "p" && e.Name.Local != "h" {
			return o.element(e)
		}
		s, err := o.paragraph()
		if first && strings.TrimSpace(s) != "" {
			s, first = "* "+s, false
		}
		o.block(s, false)
		return err
	})
}

// comment reads an annotation.
func (o *odf) comment() error {
	who, when := "", ""
	var said []string
	err := o.each(func(e xml.StartElement) error {
		s, err := o.paragraph()
		switch e.Name.Local {
		case "creator":
			who = oneLine(s)
		case "date":
			when = s
		case "p", "list":
			said = append(said, s)
		}
		return err
	})
	o.said = append(o.said, o.d.comment(who, when, strings.Join(said, "\n")))
	return err
}

// tracked reads the list of tracked changes, which holds what was deleted.
func (o *odf) tracked() error {
	return o.each(func(region xml.StartElement) error {
		return o.each(func(e xml.StartElement) error {
			c := change{kind: map[string]string{"insertion": "inserted", "deletion": "deleted"}[e.Name.Local]}
			if c.kind == "" {
				c.kind = "changed"
			}
			var lines []string
			err := o.each(func(e xml.StartElement) error {
				if e.Name.Local == "change-info" {
					return o.changeInfo(&c)
				}
				s, err := o.paragraph()
				lines = append(lines, s)
				return err
			})
			c.text = strings.Join(lines, "\n")
			o.changed(c)
			return err
		})
	})
}

func (o *odf) changeInfo(c *change) error {
	return o.each(func(e xml.StartElement) error {
		s, err := o.paragraph()
		switch e.Name.Local {
		case "creator":
			c.who = oneLine(s)
		case "date":
			c.when = oneLine(s)
		}
		return err
	})
}

func (o *odf) changed(c change) {
	o.d.find("tracked-change", "%s", c)
	if c.who != "" {
		o.d.once("author", "%s", c.who)
	}
	if c.kind == "deleted" && strings.TrimSpace(c.text) != "" {
		o.d.behind(deletedText, []string{c.text})
	}
}

// table reads a table: of a spreadsheet into the book, else as lines.
func (o *odf) table(e xml.StartElement) error {
	name := oneLine(attr(e, "name"))
	hidden := o.hidden[attr(e, "style-name")]
	if o.book != nil && !o.book.Open(name, hidden) {
		return o.skip()
	}
	if hidden {
		o.d.find("hidden-sheet", "the sheet %s is hidden", name)
	}
	gap := true
	var held [][]string // empty rows that count only if another follows
	var walk func(e xml.StartElement) error
	walk = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "table-row":
			row, err := o.row()
			n := repeated(e, "number-rows-repeated", maxRepeat)
			if v := attr(e, "visibility"); v == "collapse" || v == "filter" {
				o.d.once("hidden-sheet", "rows of the sheet %s are hidden", name)
			}
			if o.book == nil {
				if s := joinCells(row); s != "" {
					o.d.page.block(s, gap)
					gap = false
				}
				return err
			}
			o.add(row, n, &held)
			return err
		case "table-column":
			if v := attr(e, "visibility"); v == "collapse" {
				o.d.once("hidden-sheet", "columns of the sheet %s are hidden", name)
			}
		case "shapes":
			return o.each(o.element)
		case "dde-source":
			return o.element(e)
		case "table-source":
			o.d.once("external-link", "a table is taken from %s", attr(e, "href"))
		}
		return o.each(walk)
	}
	err := o.each(walk)
	o.gap = true
	return err
}

// maxRepeat bounds how often a row or a cell is repeated: files end with
// millions of empty ones.
const maxRepeat = 1000

func repeated(e xml.StartElement, name string, most int) int {
	n, err := strconv.Atoi(attr(e, name))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, most)
}

// add puts a row into the book; empty ones when another follows.
func (o *odf) add(row []string, n int, held *[][]string) {
	empty := true
	for _, c := range row {
		empty = empty && c == ""
	}
	for range n {
		if empty {
			if len(*held) < maxRepeat {
				*held = append(*held, nil)
			}
			continue
		}
		for _, h := range *held {
			o.book.Row(h)
		}
		*held = nil
		if o.cells += len(row); o.cells > maxCells {
			o.book.Cut = true
			return
		}
		o.book.Row(row)
	}
}

// row reads the cells of a row as they are shown.
func (o *odf) row() (row []string, err error) {
	err = o.each(func(e xml.StartElement) error {
		if e.Name.Local != "table-cell" && e.Name.Local != "covered-table-cell" {
			return o.skip()
		}
		if o.book == nil {
			return o.lineCell(&row)
		}
		s, err := o.cellText(e)
		for range repeated(e, "number-columns-repeated", maxRepeat) {
			if len(row) < 16384 {
				row = append(row, s)
			}
		}
		return err
	})
	for len(row) > 0 && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	return row, err
}

func (o *odf) lineCell(row *[]string) error {
	s, err := o.inside()
	*row = append(*row, s)
	return err
}

// cellText is what a cell shows; where it shows nothing, its value.
func (o *odf) cellText(cell xml.StartElement) (string, error) {
	var lines []string
	err := o.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "p", "h":
			s, err := o.paragraph()
			lines = append(lines, s)
			return err
		case "annotation":
			return o.comment()
		}
		return o.element(e)
	})
	s := strings.TrimSpace(strings.Join(lines, "\n"))
	if s == "" {
		s = attr(cell, "value") + attr(cell, "date-value") + attr(cell, "string-value")
	}
	return s, err
}

// scripts finds macros.
func (o *odf) scripts(e xml.StartElement) error {
	if e.Name.Local == "script" {
		o.d.once("macro", "the document holds macros (%s)", attr(e, "language"))
	}
	return o.each(o.element)
}

// binary keeps a file that lies in a flat document.
func (o *odf) binary() error {
	s, err := o.text(maxMember)
	b, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if len(b) > 0 {
		o.d.file("", b)
	}
	return err
}

// reference finds files that are loaded from elsewhere.
func (o *odf) reference(e xml.StartElement) {
	if to := attr(e, "href"); strings.Contains(to, "://") || strings.HasPrefix(to, "../") || strings.HasPrefix(to, "/") {
		o.d.once("external-link", "%s: %s", e.Name.Local, to)
	}
}

// end adds what stands behind the text.
func (o *odf) end() {
	for i, n := range o.notes {
		o.block("["+strconv.Itoa(i+1)+"] "+n, i == 0)
	}
	if o.book != nil {
		for _, s := range o.said {
			o.book.Say("[Comment] " + s)
		}
		o.d.keep(o.book)
		return
	}
	o.d.behind("Comments", o.said)
}

// odfFacts says which fact an element of meta.xml is.
var odfFacts = map[string]string{
	"title": "title", "initial-creator": "author", "creator": "last-author", "subject": "subject", "keyword": "keywords", "description": "description", "creation-date": "created", "date": "modified", "generator": "software", "printed-by": "last-author", "print-date": "printed", "editing-cycles": "revision",
}

func (o *odf) metaElement(e xml.StartElement) error {
	switch e.Name.Local {
	case "template":
		o.d.fact("template", attr(e, "href")+" "+attr(e, "title"))
	case "document-statistic":
		o.d.fact("pages", attr(e, "page-count"))
	case "auto-reload":
		o.d.once("external-link", "the document reloads %s", attr(e, "href"))
	case "user-defined":
		name := attr(e, "name")
		s, err := o.text(maxLine)
		if strings.TrimSpace(s) != "" {
			o.d.fact("property", name+": "+s)
		}
		return err
	}
	fact := odfFacts[e.Name.Local]
	if fact == "" {
		return o.each(o.metaElement)
	}
	s, err := o.text(maxLine)
	o.d.said(fact, s)
	return err
}

// meta reads what the document says of itself.
func (o *odf) meta() {
	if b, err := o.p.read("meta.xml"); err == nil {
		o.tokens = newTokens(b)
		for {
			token, _ := o.next()
			if token == nil {
				return
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "meta" && e.Name.Space != "" {
				_ = o.each(o.metaElement)
			}
		}
	}
}

// manifest finds out whether the document is encrypted, or signed.
func (o *odf) manifest() error {
	if o.p.has("META-INF/documentsignatures.xml") {
		o.d.once("signature", "the document is signed; it was not checked")
	}
	if len(o.p.below("Basic/")) > 0 || len(o.p.below("Scripts/")) > 0 {
		o.d.once("macro", "the document holds macros")
	}
	b, err := o.p.read("META-INF/manifest.xml")
	if err != nil {
		return nil
	}
	for e := range newTokens(b).starts() {
		if e.Name.Local == "encryption-data" {
			return &encryptedError{"OpenDocument"}
		}
	}
	return nil
}

// files are the pictures and objects in the document.
func (o *odf) files() {
	for _, name := range o.p.names {
		low := strings.ToLower(name)
		top, _, nested := strings.Cut(low, "/")
		object := !nested && !strings.HasSuffix(low, ".xml") && low != "mimetype" && !strings.HasSuffix(low, ".rdf") && path.Ext(low) != ".bin" || !nested && strings.HasPrefix(low, "object")
		if top != "pictures" && top != "media" && low != "thumbnails/thumbnail.png" && !object {
			continue
		}
		b, err := o.p.read(name)
		if err != nil {
			o.d.res.Warn(warnDamaged, "a file in the document cannot be read: %s", oneLine(err.Error()))
			continue
		}
		if top != "thumbnails" {
			o.d.file(name, b)
		}
	}
}
