package report

import (
	"strconv"
	"time"

	"unseal/trove"
)

// Report is a report ready to be written.
type Report struct {
	Kind       string // "completeness" or "authenticity"
	Collection trove.CollectionName
	Title      string // of the collection
	Desk       bool   // for the desk only
	Made       time.Time
	Log        Log
	Figures    []Figure // what matters most
	Tables     []Table
}

// DeskOnly is said by every output of a report that tells what is not public.
const DeskOnly = "for the desk only"

// Form says how the cells of a column are to be read.
type Form int

// The forms of cells.
const (
	Words  Form = iota // Text
	Code               // Text, a digest or another name for machines
	Number             // N, the number of something; Text instead where there is none
	Count              // N
	Share              // N tenths of a per cent
	Day                // Text, RFC 3339
)

// Figure is one thing counted or told.
type Figure struct {
	Name  string // stable: "committed"
	Title string
	Form  Form
	Cell
}

// Table is one section of a report.
type Table struct {
	Name    string // stable: "months"
	Title   string
	Note    string // what it says, in a sentence or two
	Columns []Column
	Rows    []Row
	Parts   []int // columns whose counts a bar shows, as parts of Whole
	Whole   int   // column
	Max     bool  // bars are drawn against the longest of the table, not each against its own
}

// Column is one column of a table. Columns of one Name differ in Of.
type Column struct {
	Name  string // stable: "withheld"
	Of    string // "privacy"; else empty
	Title string
	Form  Form
}

// Row is one row; Sum marks the last one, which adds the others up.
type Row struct {
	Cells []Cell
	Sum   bool
}

// Cell is one value, as the Form of its column says.
type Cell struct {
	Text string
	N    int
	None bool // there is no value: a share of nothing
}

func words(s string) Cell { return Cell{Text: s} }
func number(n int) Cell   { return Cell{N: n} }

// share is part of whole in tenths of a per cent, rounded half up.
func share(part, whole int) Cell {
	if whole == 0 {
		return Cell{None: true}
	}
	return Cell{N: int((2000*int64(part) + int64(whole)) / (2 * int64(whole)))}
}

func moment(t time.Time) Cell {
	if t.IsZero() {
		return Cell{None: true}
	}
	return Cell{Text: t.UTC().Format(time.RFC3339)}
}

// String is the cell in words of a form.
func (c Cell) String(f Form) string {
	switch {
	case c.None:
		return ""
	case f == Count, f == Number && c.Text == "":
		return strconv.Itoa(c.N)
	case f == Share:
		sign, n := "", c.N
		if n < 0 {
			sign, n = "-", -n
		}
		return sign + strconv.Itoa(n/10) + "." + strconv.Itoa(n%10)
	}
	return c.Text
}

// add appends a row.
func (t *Table) add(cells ...Cell) { t.Rows = append(t.Rows, Row{Cells: cells}) }

// total appends the row that adds the others up: their counts, and nothing in
// columns of any other form.
func (t *Table) total(what string) {
	sum := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		sum[i].None = c.Form != Count
		for _, r := range t.Rows {
			sum[i].N += r.Cells[i].N
		}
		if sum[i].None {
			sum[i].N = 0
		}
	}
	sum[0] = words(what)
	t.Rows = append(t.Rows, Row{Cells: sum, Sum: true})
}
