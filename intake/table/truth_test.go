package table

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/mail"
	"unseal/intake/reader"
	"unseal/material"
)

type expectation struct {
	Type    string
	Rows    int
	Columns json.RawMessage // names
	Text    string          `json:"text_contains"`
	Min     time.Time       `json:"date_min"`
	Max     time.Time       `json:"date_max"`
}

// tables are what truth.json says of those in the corpora.
func tables(t testing.TB) map[string]expectation {
	t.Helper()
	all := material.Truth[expectation](t, "")
	maps.DeleteFunc(all, func(_ string, e expectation) bool { return e.Type != "csv" })
	return all
}

func input(name string, b []byte) *reader.Input {
	return &reader.Input{Request: reader.Request{Name: path.Base(name)}, Content: strings.NewReader(string(b)), Size: int64(len(b))}
}

func TestTablesHaveTheRowsAndColumnsOfTheTruth(t *testing.T) {
	dir := material.Corpora(t)
	n := 0
	for name, want := range tables(t) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if kind, typ := Detect(b[:min(len(b), headSize)], name); !Takes(kind, typ) {
			t.Errorf("%s is detected as %q, %q", name, kind, typ)
		}
		res := Read(context.Background(), input(name, b))
		var columns []string
		if err := json.Unmarshal(want.Columns, &columns); err != nil {
			t.Fatal(err)
		}
		s := res.Reading.Sheets[0]
		if !s.Head || s.Rows-1 != want.Rows || !slices.Equal(s.Cells[0], columns) {
			t.Errorf("%s: %d rows below %q (%v), want %d below %q", name, s.Rows-1, s.Cells[0], s.Head, want.Rows, columns)
		}
		if !strings.Contains(strings.Join(strings.Fields(res.Text), " "), strings.Join(strings.Fields(want.Text), " ")) {
			t.Errorf("%s: %q is not in the text", name, want.Text)
		}
		if res.Partly != "" || res.Failed != "" || len(res.Record.Warnings) > 0 {
			t.Errorf("%s: %+v", name, res.Record.Warnings)
		}
		n++
	}
	if n == 0 {
		t.Fatal("no tables")
	}
}

// TestTheTableOfMailsBecomesMails guesses the mapping of a real answer to a
// request for records, and reads every message it makes.
func TestTheTableOfMailsBecomesMails(t *testing.T) {
	dir := material.Corpora(t)
	const name = "foia/clinton-foia/hillary_sent_full.csv"
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	want := tables(t)[name]
	res := Read(context.Background(), input(name, b))
	m := Guess(res.Reading.Sheets[0].Cells[0], res.Reading.Sheets[0].Cells[1:])
	if got := m.String(); got != "date=MetadataDateSent,body=raw_email" {
		t.Fatalf("guessed %s; Id is none, since it comes twice", got)
	}
	m[To] = "Name" // what a person adds
	first, last := time.Time{}, time.Time{}
	report, err := Expand(context.Background(), input(name, b), m, func(msg Message) error {
		rec, text := mail.Parse(msg.Raw)
		if rec.Unreadable != "" || rec.Date.IsZero() || len(rec.To) != 1 || text == "" {
			t.Fatalf("row %d: %+v from\n%s", msg.Row, rec, msg.Raw)
		}
		if first.IsZero() || rec.Date.Before(first) {
			first = rec.Date
		}
		if rec.Date.After(last) {
			last = rec.Date
		}
		return nil
	})
	if err != nil || report.Mails != want.Rows || !first.Equal(want.Min) || !last.Equal(want.Max) {
		t.Fatalf("%+v from %v to %v (%v), want %d from %v to %v", report, first, last, err, want.Rows, want.Min, want.Max)
	}
}
