package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// schema names the JSON lines of a report. Fields are added, never renamed.
const schema = "unseal.report/1"

// JSON writes a report as lines of JSON: one item a row of a table, and at the
// end the summary with the figures. Shares are in per cent; what has no value
// is null.
func (r *Report) JSON(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i := range r.Tables {
		t := &r.Tables[i]
		for _, row := range t.Rows {
			l := r.begin("item")
			l.field("table", t.Name)
			if row.Sum {
				l.field("total", true)
			}
			l.cells(t.Columns, row)
			out.WriteString(l.end())
		}
	}
	l := r.begin("summary")
	l.field("title", r.Title)
	l.field("made", r.Made)
	if r.Log.Size > 0 {
		l.field("log", map[string]any{"origin": r.Log.Origin, "size": r.Log.Size, "root": r.Log.Root})
	}
	for _, f := range r.Figures {
		l.field(f.Name, f.value(f.Form))
	}
	l.field("exit", 0)
	out.WriteString(l.end())
	return out.Flush()
}

// line is a JSON object being written, its fields in the order given.
type line struct{ strings.Builder }

func (r *Report) begin(kind string) *line {
	l := &line{}
	fmt.Fprintf(l, `{"schema":%q,"message_type":%q`, schema, kind)
	l.field("report", r.Kind)
	l.field("collection", r.Collection)
	l.field("scope", r.Scope())
	return l
}

// field adds a field. The values that reports have can all be marshalled.
func (l *line) field(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(l, ",%q:%s", name, b)
}

// cells adds a row. Columns of one name become an object; a total has counts
// alone.
func (l *line) cells(columns []Column, row Row) {
	for i := 0; i < len(columns); i++ {
		c := columns[i]
		if row.Sum && c.Form != Count {
			continue
		}
		if c.Of == "" {
			l.field(c.Name, row.Cells[i].value(c.Form))
			continue
		}
		parts := map[string]any{}
		for ; i < len(columns) && columns[i].Name == c.Name; i++ {
			parts[columns[i].Of] = row.Cells[i].value(columns[i].Form)
		}
		i--
		l.field(c.Name, parts)
	}
}

func (l *line) end() string { return l.String() + "}\n" }

// value is the cell as JSON has it.
func (c Cell) value(f Form) any {
	switch {
	case c.None, f == Number && c.Text != "":
		return nil
	case f == Count, f == Number:
		return c.N
	case f == Share:
		return json.Number(c.String(f))
	}
	return c.Text
}
