package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// rowsMost is how many rows of a table a page shows; CSV and JSON have all.
const rowsMost = 300

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// HTML writes a report as one page that needs nothing else: no script, no
// picture, nothing from another place, which its own policy forbids. Every
// value stands in a bdi element, every bar beside its number.
func (r *Report) HTML(w io.Writer) error {
	sum := sha256.Sum256([]byte(pageStyle))
	p := struct {
		*Report
		Policy        string
		Style         template.CSS
		Heading, Name string
		Tables        []htmlTable
	}{Report: r, Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style: template.CSS(pageStyle), Heading: "Completeness", Name: shown(words(cmp.Or(r.Title, string(r.Collection))), Words)}
	if r.Kind == "authenticity" {
		p.Heading = "Authenticity"
	}
	for i := range r.Tables {
		p.Tables = append(p.Tables, r.Tables[i].html())
	}
	return pageTemplate.Execute(w, p)
}

// htmlTable is a table as the page shows it: the columns that say of what a
// row is, then the bar, then the values.
type htmlTable struct {
	*Table
	Keys, Values []Column
	Shown        []htmlRow
	Sum          *htmlRow
	More         int // rows that are left out
}

type htmlRow struct {
	Keys, Values []htmlCell
	Bar          []part
}

// part is a piece of a bar, Width per cent of it long.
type part struct {
	Class string // the name of its column
	Width int
}

type htmlCell struct {
	Text                string
	Number, Code, First bool
}

func (t *Table) html() htmlTable {
	keys := 0
	for keys < len(t.Columns) && t.Columns[keys].Form <= Number {
		keys++
	}
	h := htmlTable{Table: t, Keys: t.Columns[:keys], Values: t.Columns[keys:]}
	longest := 0
	for _, r := range t.Rows {
		if !r.Sum && len(t.Parts) > 0 {
			longest = max(longest, r.Cells[t.Whole].N)
		}
	}
	for _, r := range t.Rows {
		cells := t.cells(r)
		row := htmlRow{Keys: cells[:keys], Values: cells[keys:]}
		switch {
		case r.Sum:
			h.Sum = &row
		case len(h.Shown) == rowsMost:
			h.More++
		default:
			row.Bar = t.bar(r, longest)
			h.Shown = append(h.Shown, row)
		}
	}
	return h
}

func (t *Table) cells(r Row) []htmlCell {
	list := make([]htmlCell, len(r.Cells))
	for i, c := range r.Cells {
		f := t.Columns[i].Form
		list[i] = htmlCell{Text: shown(c, f), Number: f == Count || f == Share, Code: f == Code && !r.Sum, First: i == 0}
	}
	return list
}

// bar is a row's parts, each rounded down so that they fit.
func (t *Table) bar(r Row, longest int) []part {
	whole := longest
	if !t.Max && len(t.Parts) > 0 {
		whole = r.Cells[t.Whole].N
	}
	var bar []part
	for _, p := range t.Parts {
		if whole > 0 {
			width := max(0, min(100, int(100*int64(r.Cells[p].N)/int64(whole))))
			bar = append(bar, part{t.Columns[p].Name, width})
		}
	}
	return bar
}

// Value is the figure as people read it.
func (f Figure) Value() string { return shown(f.Cell, f.Form) }

// IsShare says that the value is in per cent.
func (f Figure) IsShare() bool { return f.Form == Share && !f.None }

// MadeText is the time of the report.
func (r *Report) MadeText() string {
	return r.Made.Format(time.DateOnly) + " " + r.Made.Format("15:04") + " UTC"
}

// shown is a cell as people read it: numbers with separators, and whatever
// would hide or turn the order of a text as a visible mark.
func shown(c Cell, f Form) string {
	s := c.String(f)
	if f == Count && !c.None {
		return separated(c.N)
	}
	if !strings.ContainsFunc(s, concealed) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if concealed(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func concealed(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func separated(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
