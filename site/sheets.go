package site

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"unseal/reading"
)

// What a page of a table holds.
const (
	columnsMost = 60
	columnsAll  = 500
	cellMost    = 160  // characters of a cell
	cellAll     = 2000 // of a cell on the page without limits
	sheetsMost  = 60
)

// sheetsView writes one sheet of a table, and links to the others.
func (p *page) sheetsView(it *item, r *http.Request, all bool) {
	sheets := it.read.Sheets
	at := parseSheet(r.FormValue("sheet"), sheets)
	if len(sheets) > 1 {
		p.html("<nav")
		p.sayAttr("aria-label", "sheet.label")
		p.html(`><ul class="links">`)
		for i := range sheets[:min(len(sheets), sheetsMost)] {
			p.option(it, "sheet="+strconv.Itoa(i+1), i == at, func(p *page) { p.sheetName(&sheets[i], i) })
		}
		p.html("</ul></nav>\n")
	}
	p.sheet(it, at, all)
}

// parseSheet is the place of the sheet asked for, or of the first that is not
// hidden.
func parseSheet(s string, sheets []reading.Sheet) int {
	if n := parseSheetNumber(s); n >= 1 && n <= len(sheets) {
		return n - 1
	}
	for i := range sheets {
		if !sheets[i].Hidden {
			return i
		}
	}
	return 0
}

func parseSheetNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (p *page) sheetName(sh *reading.Sheet, i int) {
	if sh.Name == "" {
		p.say("sheet.number", num("Number", i+1))
	} else {
		p.bdi(cut(sh.Name, listName))
	}
	if sh.Hidden {
		p.html(" <small>")
		p.say("sheet.hidden")
		p.html("</small>")
	}
}

// sheet writes a sheet as a table in a region that scrolls by itself.
func (p *page) sheet(it *item, at int, all bool) {
	sh := &it.read.Sheets[at]
	shown, whole := p.sheetTable(it, sh, at, all)
	p.sheetNote(it, sh, at, shown, whole, all)
}

// sheetTable writes the table of a sheet and says how many rows of it, and
// whether all of their columns.
func (p *page) sheetTable(it *item, sh *reading.Sheet, at int, all bool) (shown int, whole bool) {
	p.html(`<div class="wide" role="region" tabindex="0"`)
	p.sayAttr("aria-label", "sheet.region")
	p.html("><table><caption>")
	p.sheetName(sh, at)
	p.html(" <small>")
	p.say("sheet.size", num("Columns", sh.Columns), count(sh.Rows))
	p.html("</small></caption>\n")
	shown, whole = p.sheetRows(it, sh, all)
	p.html("</table></div>\n")
	return shown, whole
}

// sheetRows writes the rows and says how many, and whether all columns.
func (p *page) sheetRows(it *item, sh *reading.Sheet, all bool) (shown int, whole bool) {
	columns, cell := columnsMost, cellMost
	if all {
		columns, cell = columnsAll, cellAll
	}
	limit := len(p.b) + bodyLimit
	whole = true
	for i, row := range sh.Cells {
		if !all && len(p.b) > limit {
			return i, whole
		}
		p.html("<tr>")
		if len(row) > columns {
			row, whole = row[:columns], false
		}
		for _, value := range row {
			if !all && len(p.b) > limit+bodyLimit/4 {
				whole = false
				break
			}
			if sh.Head && i == 0 {
				p.html(`<th scope="col">`)
			} else {
				p.html("<td>")
			}
			p.value(it, cut(value, cell))
		}
		p.html("</tr>\n")
	}
	return len(sh.Cells), whole
}

// value writes the value of a cell; its end tag is left to the parser, as HTML
// allows: tables are long.
func (p *page) value(it *item, s string) {
	if s == "" {
		return
	}
	p.html("<bdi>")
	p.marked(it.signedText(s), it.rec.Redactions, inText)
	p.html("</bdi>")
}

// sheetNote says what is left out and where all of it is.
func (p *page) sheetNote(it *item, sh *reading.Sheet, at, shown int, whole, all bool) {
	if shown < sh.Rows || !whole {
		p.html("<p>")
		p.say("sheet.shown", num("Shown", shown), count(sh.Rows))
		if !all && (shown < len(sh.Cells) || !whole) {
			p.html(" <a")
			p.hrefQuery(itemPath(it.coll.Name, it.number), "sheet="+strconv.Itoa(at+1)+"&all=1")
			p.html(">")
			p.say("sheet.more")
			p.html("</a>")
		}
		p.html("</p>\n")
	}
	p.html("<p>")
	p.anchor(itemPath(it.coll.Name, it.number)+"/sheet/"+strconv.Itoa(at+1)+".csv", "sheet.csv", count(len(sh.Cells)))
	p.html(" <small>")
	p.say("sheet.formulas")
	p.html("</small></p>\n")
}

// sheetCSV answers a sheet as CSV: the rows that the reading has.
func (s *site) sheetCSV(w http.ResponseWriter, r *http.Request, it *item, name string) error {
	n := parseNumber(strings.TrimSuffix(name, ".csv"))
	if it.read == nil || !strings.HasSuffix(name, ".csv") || n < 1 || n > len(it.read.Sheets) {
		return missing("error.no-page")
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	for _, row := range it.read.Sheets[n-1].Cells {
		safe := make([]string, len(row))
		for i, value := range row {
			safe[i] = unarmed(value)
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	sendFile(w, r, it.fileBase()+"-"+strconv.Itoa(n)+".csv", headerCSV[0], b.Bytes())
	return nil
}

// unarmed is the value of a cell that no program runs as a formula: what could
// be one and is no number begins with an apostrophe.
func unarmed(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}
