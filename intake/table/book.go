// Package table reads tables: CSV in its dialects and JSON lists of objects. It
// shows what looks like a table of mails, as answers to requests for public
// records come, and makes messages of its rows once a person confirmed which
// column is what.
//
// A table is read as one pass over its bytes: any length, in bounded memory. A
// reading repeats the first rows, the text as much as is searched, and what is
// left out is said.
package table

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"unseal/intake/reader"
	"unseal/reading"
)

// Limits of what is kept of the tables of one item.
const (
	MaxText     = 16 << 20 // bytes of text
	MaxCSV      = 48 << 20 // bytes of all files made
	MaxColumns  = 256      // shown of a row
	MaxCell     = 4000     // bytes shown of a cell
	MaxShown    = 4 << 20  // bytes shown of all cells
	MaxSheets   = 500
	maxBookRows = 20_000_000
)

// Book collects the tables of one item, row by row. Its zero value is empty;
// it is used by one goroutine.
type Book struct {
	CSV bool // make a CSV file of each table

	Sheets []reading.Sheet
	Files  []reader.Made
	Cut    bool // something is left out of text, files or tables

	text  strings.Builder
	csv   bytes.Buffer
	made  int // bytes of Files
	shown int
	rows  int
}

// Open begins a table. It returns false where there are too many.
func (b *Book) Open(name string, hidden bool) bool {
	b.Close()
	if len(b.Sheets) >= MaxSheets {
		b.Cut = true
		return false
	}
	b.Sheets = append(b.Sheets, reading.Sheet{Name: name, Hidden: hidden, Cells: [][]string{}})
	if name != "" {
		b.Say(name)
	}
	return true
}

// Say adds a line of text outside the cells.
func (b *Book) Say(line string) {
	if b.text.Len() > 0 {
		b.line("")
	}
	b.line(line)
}

func (b *Book) line(s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if b.text.Len()+len(s)+1 > MaxText {
		b.Cut = true
		return
	}
	b.text.WriteString(s)
	b.text.WriteByte('\n')
}

// Row adds a row to the open table, whose cells it may clean; empty cells at its end do not count. It
// returns false where no more rows are read.
func (b *Book) Row(cells []string) bool {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	for i, c := range cells {
		if !utf8.ValidString(c) {
			cells[i] = strings.ToValidUTF8(c, "\uFFFD")
		}
	}
	s := &b.Sheets[len(b.Sheets)-1]
	if b.rows++; b.rows > maxBookRows {
		b.Cut = true
		return false
	}
	s.Rows++
	s.Columns = max(s.Columns, len(cells))
	b.show(s, cells)
	if len(cells) > 0 {
		b.line(rowLine(cells))
	}
	if b.CSV {
		b.write(cells)
	}
	return true
}

// rowLine is a row as a line of text.
func rowLine(cells []string) string {
	var l strings.Builder
	for i, c := range cells {
		if i > 0 {
			l.WriteByte('\t')
		}
		l.WriteString(strings.TrimSpace(plainBreaks.Replace(c)))
	}
	return strings.Trim(l.String(), "\t")
}

var plainBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")

// show repeats the row in the reading, within its limits.
func (b *Book) show(s *reading.Sheet, cells []string) {
	if s.Rows > reading.MaxRows || b.shown > MaxShown {
		return
	}
	row := make([]string, min(len(cells), MaxColumns))
	for i := range row {
		c := plainBreaks.Replace(cells[i])
		if len(c) > MaxCell {
			c = strings.ToValidUTF8(c[:MaxCell], "") + " …"
		}
		row[i] = c
		b.shown += len(c) + 4
	}
	s.Cells = append(s.Cells, row)
}

func (b *Book) write(cells []string) {
	if b.made+b.csv.Len() > MaxCSV {
		b.Cut = true
		return
	}
	for i, c := range cells {
		if i > 0 {
			b.csv.WriteByte(',')
		}
		if strings.ContainsAny(c, "\",\r\n") || c == "" && len(cells) == 1 {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		b.csv.WriteString(c)
	}
	b.csv.WriteString("\r\n") // RFC 4180 section 2
}

// Close ends the open table.
func (b *Book) Close() {
	n := len(b.Sheets)
	if n == 0 {
		return
	}
	s := &b.Sheets[n-1]
	s.Head = s.Rows > 1 && len(s.Cells) > 1 && isHead(s.Cells)
	if b.CSV && b.csv.Len() > 0 {
		b.Files = append(b.Files, reader.Made{Name: fmt.Sprintf("s%d.csv", n), Type: "text/csv", Bytes: bytes.Clone(b.csv.Bytes())})
		b.made += b.csv.Len()
		b.csv.Reset()
	}
}

// Text is the text of all tables: a line a row, tabs between cells.
func (b *Book) Text() string { return strings.TrimRight(b.text.String(), "\n") }

// isHead reports whether the first row names the columns: each of its cells is
// filled with a short word or two that are no number, and none twice.
func isHead(rows [][]string) bool {
	seen := map[string]bool{}
	for _, c := range rows[0] {
		c = strings.TrimSpace(c)
		if c == "" || len(c) > 80 || seen[c] || strings.ContainsAny(c, "\n@") || !hasLetter(c) || c[0] >= '0' && c[0] <= '9' {
			return false
		}
		seen[c] = true
	}
	return len(rows[0]) > 0 && (len(rows[0]) > 1 || len(rows[1]) == 1)
}

func hasLetter(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f })
}
