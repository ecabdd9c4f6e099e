package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNoTable says that a report has no table of a name; name another.
var ErrNoTable = errors.New("no such table")

// CSV writes a report as one file of RFC 4180: the tables one after the other,
// each with a header, every line with as many fields, of which the first is
// the table's name. Named alone, a table comes without that field. What a
// spreadsheet would take for a formula gets an apostrophe before it.
func (r *Report) CSV(w io.Writer, only string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180 section 2
	tables := append([]Table{r.figureTable()}, r.Tables...)
	width := 0
	for i := range tables {
		width = max(width, len(tables[i].Columns)+1)
	}
	found := false
	for i := range tables {
		t := &tables[i]
		if only != "" && t.Name != only {
			continue
		}
		found = true
		for _, fields := range t.fields() {
			if only == "" {
				fields = append([]string{t.Name}, fields...)
				fields = append(fields, make([]string, width-len(fields))...)
			}
			if err := out.Write(fields); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("%q: %w; there are: %s", only, ErrNoTable, strings.Join(names(tables), ", "))
	}
	out.Flush()
	return out.Error()
}

func names(tables []Table) []string {
	list := make([]string, len(tables))
	for i := range tables {
		list[i] = tables[i].Name
	}
	return list
}

// figureTable is the figures as a table; its first rows say what report it is.
func (r *Report) figureTable() Table {
	t := Table{Name: "figures", Columns: []Column{{Name: "figure"}, {Name: "value"}}}
	t.add(words("report"), words(r.Kind))
	t.add(words("collection"), words(string(r.Collection)))
	t.add(words("scope"), words(r.Scope()))
	t.add(words("made"), moment(r.Made))
	if r.Log.Size > 0 {
		t.add(words("log"), words(r.Log.Origin))
		t.add(words("log_size"), words(fmt.Sprint(r.Log.Size)))
		t.add(words("log_root"), words(r.Log.Root.String()))
	}
	for _, f := range r.Figures {
		t.add(words(f.Name), words(f.String(f.Form)))
	}
	return t
}

// Scope says who may see the report.
func (r *Report) Scope() string {
	if r.Desk {
		return DeskOnly
	}
	return "public: made from the archive alone"
}

// fields is a table as text, header first.
func (t *Table) fields() [][]string {
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = c.Name
		if c.Of != "" {
			head[i] += "_" + c.Of
		}
	}
	list := [][]string{head}
	for _, r := range t.Rows {
		row := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			row[i] = c.String(t.Columns[i].Form)
			if t.Columns[i].Form == Words || t.Columns[i].Form == Code {
				row[i] = harmless(row[i])
			}
		}
		list = append(list, row)
	}
	return list
}

// harmless keeps a spreadsheet from taking a value for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
