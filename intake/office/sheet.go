package office

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"unseal/intake/table"
	"unseal/trove"
)

// spill is the size of a sheet from which excelize reads it from a file in our
// folder instead of memory.
const spill = 16 << 20

// maxShown is how many bytes of sheets are shown with the formats of their
// numbers: excelize reads two megabytes a second.
const maxShown = 40 << 20

// maxCells bounds the cells that are looked at in one workbook.
const maxCells = 20_000_000

// book begins the tables of a document.
func (d *document) book() *table.Book {
	d.res.Record.Kind = trove.Table
	return &table.Book{CSV: true}
}

// keep puts the tables into the result and their text into the page.
func (d *document) keep(b *table.Book) {
	b.Close()
	d.res.Reading.Sheets = b.Sheets
	d.res.Files = append(d.res.Files, b.Files...)
	d.page.block(b.Text(), false)
	if b.Cut {
		d.page.cut = true
	}
	table.Guessed(&d.res, b.Sheets)
}

// sheet is what the workbook's list says of a sheet.
type sheet struct {
	name   string
	hidden bool
	path   string
}

// workbook reads SpreadsheetML. Cells are shown as Excel shows them, by
// excelize; what it cannot open is read without the formats of numbers.
func (x *ooxml) workbook(main string) error {
	book := x.book()
	defer func() { x.keep(book) }()
	if path.Ext(main) == ".bin" {
		return x.binaryWorkbook(main, book)
	}
	list, err := x.sheets(main)
	if err != nil {
		return err
	}
	x.linked(main)
	f, err := x.excelize()
	if err != nil {
		x.res.Warn(warnDamaged, "the workbook cannot be opened, its numbers are shown without their formats: %s", oneLine(err.Error()))
		x.partly("the workbook cannot be opened: its numbers are shown without their formats")
	} else {
		defer f.Close()
	}
	cells, shown := 0, uint64(0) // bytes of sheets that excelize read
	for _, s := range list {
		if !book.Open(s.name, s.hidden) {
			break
		}
		if s.hidden {
			x.find("hidden-sheet", "the sheet %s is hidden", s.name)
		}
		if m := x.members[memberKey(s.path)]; f != nil && m != nil {
			shown += m.UncompressedSize64
		}
		switch {
		case f == nil:
			x.plainRows(s, book, &cells)
		case shown > maxShown:
			x.partly("a large workbook: from the sheet " + s.name + " on, its numbers are shown without their formats")
			x.plainRows(s, book, &cells)
		case x.rows(f, s, book, &cells) != nil:
			x.plainRows(s, book, &cells)
		default:
			x.sheetFrame(s, book)
		}
		x.sheetAside(s, book)
	}
	return nil
}

// excelize opens the workbook, which lies in the zip that was handed over or
// that was decrypted.
func (x *ooxml) excelize() (f *excelize.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("the reader of workbooks gave up: %v", p)
		}
	}()
	b, err := x.bytes()
	if err != nil {
		return nil, err
	}
	var total uint64
	for key, m := range x.members {
		total += m.UncompressedSize64
		most := uint64(maxMember)
		if strings.HasPrefix(key, "xl/worksheets/") || key == "xl/sharedstrings.xml" {
			most = maxSheet
		}
		if tooWide(m, most) {
			return nil, fmt.Errorf("%s %w", path.Base(m.Name), errLimit)
		}
	}
	if total > maxWorkbook {
		return nil, errLimit
	}
	return excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: maxWorkbook, UnzipXMLSizeLimit: spill, TmpDir: x.in.Dir})
}

// sheets lists the sheets in their order.
func (x *ooxml) sheets(main string) (list []sheet, err error) {
	b, err := x.read(main)
	if err != nil {
		return nil, err
	}
	rels := x.byID(main)
	t := newTokens(b)
	for {
		token, err := t.next()
		if token == nil {
			return list, err
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "sheet":
			r := rels[attr(e, "id")]
			if r.kind != "chartsheet" && r.kind != "dialogsheet" {
				list = append(list, sheet{oneLine(attr(e, "name")), attr(e, "state") != "" && attr(e, "state") != "visible", r.target})
			}
		case "fileSharing":
			x.person("last-author", attr(e, "userName"))
		}
	}
}

// rows gives the rows of a sheet as they are shown.
func (x *ooxml) rows(f *excelize.File, s sheet, book *table.Book, cells *int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the reader of workbooks gave up: %v", p)
		}
	}()
	rows, err := f.Rows(s.name)
	if err != nil {
		return err
	}
	defer rows.Close()
	hidden, n := 0, 0
	for rows.Next() {
		n++
		row, err := rows.Columns()
		if err != nil && n == 1 {
			return err
		}
		if rows.GetRowOpts().Hidden {
			hidden++
		}
		if *cells += len(row); *cells > maxCells || x.ctx.Err() != nil {
			book.Cut = true
			break
		}
		if !book.Row(row) {
			break
		}
	}
	if hidden > 0 {
		x.find("hidden-sheet", "%d rows of the sheet %s are hidden", hidden, s.name)
	}
	return nil
}

// plainRows gives the values of a sheet as the file holds them.
func (x *ooxml) plainRows(s sheet, book *table.Book, cells *int) {
	shared, dates := x.sharedStrings(), x.dateStyles()
	r, err := x.stream(s.path)
	if err != nil {
		x.failed(err)
		return
	}
	defer r.Close()
	t, around := tokensOf(r, false), &frame{}
	defer x.framed(s, around, book)
	var row []string
	column, kind, style := 0, "", 0
	for {
		token, _ := t.next()
		if token == nil || x.ctx.Err() != nil {
			return
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				row, column = nil, 0
				if on(attr(e, "hidden")) {
					around.rows++
				}
			case "c":
				kind = attr(e, "t")
				style, _ = strconv.Atoi(attr(e, "s"))
				if at := columnOf(attr(e, "r")); at > 0 {
					column = at
				} else {
					column++
				}
			case "v", "t":
				v, _ := t.text(table.MaxCell)
				if i, err := strconv.Atoi(v); kind == "s" && err == nil && i >= 0 && i < len(shared) {
					v = shared[i]
				} else if kind == "" || kind == "n" {
					v = dates.show(style, v)
				}
				for len(row) < column {
					row = append(row, "")
				}
				if column > 0 {
					row[column-1] += v
				}
			default:
				around.element(e, t)
			}
		case xml.EndElement:
			if e.Name.Local == "row" {
				if *cells += len(row); *cells > maxCells || !book.Row(row) {
					return
				}
			}
		}
	}
}

// columnOf is the number of the column of a cell's name, from 1; 0 for none.
func columnOf(ref string) int {
	n := 0
	for _, c := range strings.ToUpper(ref) {
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A'+1); n > excelize.MaxColumns {
			return 0
		}
	}
	return n
}

func (x *ooxml) sharedStrings() (list []string) {
	b, err := x.read("xl/sharedStrings.xml")
	if err != nil {
		return nil
	}
	t := newTokens(b)
	for e := range t.starts() {
		if e.Name.Local == "si" {
			var s strings.Builder
			_ = t.each(func(e xml.StartElement) error { return richText(t, e, &s) })
			list = append(list, s.String())
		}
	}
	return list
}

// richText adds the text of a string but for how it is pronounced.
func richText(t *tokens, e xml.StartElement, s *strings.Builder) error {
	switch e.Name.Local {
	case "t":
		v, err := t.text(MaxText)
		s.WriteString(v)
		return err
	case "rPh", "phoneticPr", "rPr":
		return t.skip()
	}
	return t.each(func(e xml.StartElement) error { return richText(t, e, s) })
}

// sheetAside adds what hangs on a sheet: comments and boxes of text.
func (x *ooxml) sheetAside(s sheet, book *table.Book) {
	for _, r := range x.related(s.path) {
		if r.external {
			continue
		}
		switch r.kind {
		case "comments", "threadedComment":
			x.cellComments(r.target, book)
		case "drawing":
			x.drawingText(r.target, book)
		}
	}
}

// frame is what stands around the cells of a sheet.
type frame struct {
	hidden int // ranges of columns
	rows   int
	lines  []string // headers and footers
}

// element takes one element, to its end where it has text.
func (f *frame) element(e xml.StartElement, t *tokens) {
	switch e.Name.Local {
	case "col":
		if on(attr(e, "hidden")) {
			f.hidden++
		}
	case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
		said, _ := t.text(maxLine)
		if said = headerText(said); said != "" {
			f.lines = append(f.lines, said)
		}
	}
}

func (x *ooxml) framed(s sheet, f *frame, book *table.Book) {
	for _, l := range f.lines {
		book.Say(l)
	}
	if f.hidden > 0 {
		x.find("hidden-sheet", "columns of the sheet %s are hidden", s.name)
	}
	if f.rows > 0 {
		x.find("hidden-sheet", "%d rows of the sheet %s are hidden", f.rows, s.name)
	}
}

// sheetFrame reads what stands around the cells of a sheet.
func (x *ooxml) sheetFrame(s sheet, book *table.Book) {
	r, err := x.stream(s.path)
	if err != nil {
		return
	}
	defer r.Close()
	t, f := tokensOf(r, false), &frame{}
	for {
		token, _ := t.next()
		if token == nil {
			break
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "sheetData" {
			if t.skip() != nil {
				break
			}
		} else if ok {
			f.element(e.Copy(), t)
		}
	}
	x.framed(s, f, book)
}

func on(v string) bool { return v == "1" || v == "true" }

// headerText takes the codes out of a header: &L, &"Arial,Bold", &12, &P.
// ECMA-376 part 1 section 18.3.1.39.
func headerText(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '&' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == '&':
			b.WriteByte('&')
		case c == '"':
			if end := strings.IndexByte(s[i+1:], '"'); end >= 0 {
				i += end + 1
			}
		case c == 'L' || c == 'C' || c == 'R':
			b.WriteByte('\t')
		case c >= '0' && c <= '9':
			for i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				i++
			}
		}
	}
	return strings.TrimSpace(b.String())
}

// cellComments adds the comments of a sheet.
func (x *ooxml) cellComments(name string, book *table.Book) {
	b, err := x.read(name)
	if err != nil {
		return
	}
	t := newTokens(b)
	var authors []string
	for {
		token, _ := t.next()
		if token == nil {
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "author":
			s, _ := t.text(maxLine)
			authors = append(authors, oneLine(s))
		case "comment", "threadedComment":
			who, ref, when := "", attr(e, "ref"), attr(e, "dT")
			if i, err := strconv.Atoi(attr(e, "authorId")); err == nil && i >= 0 && i < len(authors) {
				who = authors[i]
			}
			var s strings.Builder
			_ = t.each(func(e xml.StartElement) error {
				if e.Name.Local == "text" && name != "" && len(e.Attr) == 0 {
					return t.each(func(e xml.StartElement) error { return richText(t, e, &s) })
				}
				v, err := t.text(MaxText)
				s.WriteString(v)
				return err
			})
			book.Say("[Comment] " + strings.TrimSpace(ref+" "+x.comment(who, when, strings.TrimSpace(s.String()))))
		}
	}
}

// drawingText adds the words of boxes and charts on a sheet.
func (x *ooxml) drawingText(name string, book *table.Book) {
	say := func(member string) {
		b, err := x.read(member)
		if err != nil {
			return
		}
		list, _ := x.flow(b, member, nil).blocks()
		if s := joinBlocks(list); s != "" {
			book.Say(s)
		}
	}
	say(name)
	for _, r := range x.related(name) {
		if !r.external && (r.kind == "chart" || r.kind == "diagramData") {
			say(r.target)
		}
	}
}

// linked finds workbooks that this one takes values from, data connections and
// DDE links.
func (x *ooxml) linked(main string) {
	for _, r := range x.related(main) {
		b, err := x.read(r.target)
		if r.external || err != nil || r.kind != "externalLink" && r.kind != "connections" {
			continue
		}
		for e := range newTokens(b).starts() {
			switch e.Name.Local {
			case "ddeLink":
				x.once("active-content", "DDE %s %s", attr(e, "ddeService"), attr(e, "ddeTopic"))
			case "connection":
				x.once("external-link", "data connection %s %s", attr(e, "name"), attr(e, "description"))
			case "dbPr", "webPr":
				x.once("external-link", "data connection %s%s", attr(e, "connection"), attr(e, "url"))
			}
		}
	}
}
