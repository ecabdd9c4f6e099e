package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"unseal/house"
	"unseal/report"
	"unseal/thread"
	"unseal/trove"
)

// cell is the value of a table in the row that begins with those keys.
func cell(tb testing.TB, t *report.Table, column string, keys ...string) string {
	tb.Helper()
	at := slices.IndexFunc(t.Columns, func(c report.Column) bool { return c.Name == column || c.Name+"_"+c.Of == column })
	if at < 0 {
		tb.Fatalf("%s: no column %s", t.Name, column)
	}
	for _, r := range t.Rows {
		fits := true
		for i, k := range keys {
			fits = fits && r.Cells[i].String(t.Columns[i].Form) == k
		}
		if fits {
			return r.Cells[at].String(t.Columns[at].Form)
		}
	}
	return "no row"
}

func TestRandomArchivesAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, want := randomArchive(t, rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)))
		defer a.Close()
		in, err := report.FromArchive(t.Context(), a, "mail", now)
		if err != nil {
			rt.Fatal(err)
		}
		r, err := report.Completeness(in)
		if err != nil {
			rt.Fatal(err)
		}
		kept := want.withheld["privacy"] + want.withheld["legal"]
		for name, n := range map[string]int{"committed": want.committed, "published": want.published, "tombstone": want.tombstones,
			"unreadable": want.unreadable, "not_out": want.notOut, "withheld": kept, "duplicates": want.further, "copies": want.copies} {
			if got := figure(t, r, name); got != strconv.Itoa(n) {
				rt.Errorf("%s: %s, want %d", name, got, n)
			}
		}
		months := table(t, r, "months")
		for month, n := range want.months {
			if got := cell(t, months, "published", month); got != strconv.Itoa(n) {
				rt.Errorf("%s: %s published, want %d", month, got, n)
			}
		}
		sumsHold(rt, r)
		gaps := table(t, r, "gaps")
		if got := cell(t, gaps, "numbers", "total"); got != strconv.Itoa(want.committed-want.published) {
			rt.Errorf("gaps of %s numbers, %d of %d are published", got, want.published, want.committed)
		}
		s, err := report.Authenticity(in)
		if err != nil {
			rt.Fatal(err)
		}
		sumsHold(rt, s)
		for v, n := range want.verdicts {
			if got := figure(t, s, strings.ReplaceAll(string(v), "-", "_")); got != strconv.Itoa(n) {
				rt.Errorf("%s: %s, want %d", v, got, n)
			}
		}
	})
}

// sumsHold adds every table up again, from its text.
func sumsHold(t interface{ Errorf(string, ...any) }, r *report.Report) {
	for _, table := range r.Tables {
		for c, column := range table.Columns {
			if column.Form != report.Count || table.Name == "threads" {
				continue
			}
			sum := 0
			for _, row := range table.Rows {
				if row.Sum {
					break
				}
				sum += row.Cells[c].N
			}
			if got := table.Rows[len(table.Rows)-1]; !got.Sum || got.Cells[c].N != sum {
				t.Errorf("%s, %s: the total says %d, the rows %d", table.Name, column.Name, got.Cells[c].N, sum)
			}
		}
		for _, row := range table.Rows {
			if strings.HasPrefix(table.Name, "months") || table.Name == "owners" {
				account(t, &table, row)
			}
		}
	}
}

// account adds up one row.
func account(t interface{ Errorf(string, ...any) }, table *report.Table, row report.Row) {
	of := map[string]int{}
	for i, c := range table.Columns {
		of[c.Name] += row.Cells[i].N
	}
	if of["published"]+of["withheld"]+of["tombstone"]+of["unreadable"]+of["not_out"] != of["committed"] {
		t.Errorf("%s: %v does not add up", table.Name, row)
	}
	if n, desk := of["received"]; desk && of["committed"]+of["uncommitted"]+of["excluded"]+of["duplicates"] != n {
		t.Errorf("%s: %v does not add up to what was received", table.Name, row)
	}
}

// deskInput is a small desk with something of everything.
func deskInput() *report.Input {
	item := func(n int, s trove.State, reason, date, from, thread string, owners ...string) report.Item {
		it := report.Item{Number: n, State: s, Reason: reason, Known: true, Kind: trove.Mail, Sender: from, Thread: thread, Owners: owners, Places: len(owners),
			Verdict: trove.Unsigned}
		it.Date, _ = time.Parse("2006-01-02", date)
		return it
	}
	in := &report.Input{Collection: "mail", Title: "Mails", Desk: true, Now: now,
		Promise:     report.Promise{Total: 3, By: "2019-09", Source: "https://example.org/promise"},
		Commitments: []report.Commitment{{K: 1, First: 1, Count: 5, Time: now}, {K: 2, First: 6, Count: 1, Time: now}},
		Batches:     []report.Batch{{Number: 1, Edition: 1, Items: 2, Published: now.AddDate(0, -1, 0)}}}
	in.Items = []report.Item{
		item(1, trove.Published, "", "2019-01-02", "ada@example.org", "t1", "ada", "grace", "ada"),
		item(2, trove.Withheld, "privacy", "2019-01-03", "secret@withheld.example", "t1", "grace"),
		item(3, trove.Committed, "", "2019-02-01", "ada@example.org", "t2", "ada"),
		item(4, trove.Unreadable, "", "", "", "", "ada"),
		item(5, trove.Published, "", "2019-02-01", "grace@example.net", "t2", "grace"),
		item(6, trove.Tombstone, "court", "2019-02-02", "x@gone.example", "", "ada"),
		item(0, trove.In, "", "2019-03-01", "ada@example.org", "", "", ""),
		item(0, trove.Excluded, "", "2019-03-02", "y@excluded.example", "", "ada"),
	}
	in.Items[3].Unreadable = "no header"
	in.Items[0].Batch, in.Items[4].Batch = 1, 1
	in.Items[0].Message = thread.Message{ID: "1@x"}
	in.Items[1].Message = thread.Message{ID: "2@x", References: []string{"0@x", "1@x"}}
	in.Items[4].Message = thread.Message{ID: "5@x", References: []string{"a@x", "b@x"}}
	in.Items[2].Message = thread.Message{ID: "3@x", References: []string{"a@x"}}
	in.Items[1].Signatures = []trove.Signature{{Domain: "withheld.example", Result: "nokey", Cause: "key unknown"}}
	in.Items[0].Signatures = []trove.Signature{{Domain: "Example.org", Result: "pass"}}
	in.Items[0].Verdict, in.Items[1].Verdict = trove.Valid, trove.Unchecked
	return in
}

func TestADeskIsCountedToTheLastPlace(t *testing.T) {
	r, err := report.Completeness(deskInput())
	must(t, err)
	sumsHold(t, r)
	for _, c := range []struct {
		table, column, want string
		keys                []string
	}{
		{"months", "received", "4", []string{"2019-01"}},
		{"months", "duplicates", "2", []string{"2019-01"}},
		{"months", "withheld_privacy", "1", []string{"2019-01"}},
		{"months", "not_out", "1", []string{"2019-02"}},
		{"months", "unreadable", "1", []string{"undated"}},
		{"months", "excluded", "1", []string{"2019-03"}},
		{"months", "uncommitted", "1", []string{"2019-03"}},
		{"months", "received", "11", []string{"total"}},
		{"owners", "received", "6", []string{"ada"}},
		{"owners", "duplicates", "1", []string{"ada"}},
		{"owners", "duplicates", "1", []string{"grace"}},
		{"owners", "duplicates", "1", []string{"not stated"}},
		{"months-owners", "not_out", "1", []string{"2019-02", "ada"}},
		{"months-owners", "duplicates", "1", []string{"2019-01", "grace"}},
		{"unreadable", "items", "1", []string{"no header"}},
		{"ghosts", "ghosts", "1", []string{"t1"}},
		{"ghosts", "ghosts", "2", []string{"t2"}},
		{"threads", "conversations", "2", []string{"received"}},
		{"threads", "both_sides", "2", []string{"received"}},
		{"threads", "conversations", "1", []string{"published"}},
		{"threads", "share", "0.0", []string{"published"}},
		{"gaps", "state", "withheld", []string{"2", "2"}},
		{"gaps", "reason", "court", []string{"6", "6"}},
		{"domains", "committed", "2", []string{"example.org"}},
		{"domains", "committed", "2", []string{"others"}},
		{"domains", "committed", "1", []string{"no sender's address"}},
		{"domains", "difference", "16.7", []string{"example.org"}},
		{"commitments", "kind", "supplement", []string{"2"}},
		{"commitments", "numbers", "1", []string{"2"}},
	} {
		if got := cell(t, table(t, r, c.table), c.column, c.keys...); got != c.want {
			t.Errorf("%s, %v, %s: %s, want %s", c.table, c.keys, c.column, got, c.want)
		}
	}
}

// An item that is counted twice, left out, or in no state is never shown.
func TestAnAccountThatDoesNotAddUpIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*report.Input){
		"a number twice":           func(in *report.Input) { in.Items[1].Number = 1 },
		"a number too many":        func(in *report.Input) { in.Commitments = in.Commitments[:1] },
		"a number left out":        func(in *report.Input) { in.Items = slices.Delete(in.Items, 5, 6) },
		"a gap of commitments":     func(in *report.Input) { in.Commitments[1].First = 7 },
		"a number that is only in": func(in *report.Input) { in.Items[0].State = trove.In },
		"an item found nowhere":    func(in *report.Input) { in.Items[0].Places = 0 },
		"a place of nobody":        func(in *report.Input) { in.Items[0].Places++ },
	} {
		in := deskInput()
		spoil(in)
		if _, err := report.Completeness(in); !errors.Is(err, report.ErrAccount) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := report.Authenticity(in); !errors.Is(err, report.ErrAccount) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := deskInput()
	in.Items[2].Verdict = "authentic"
	if _, err := report.Authenticity(in); !errors.Is(err, report.ErrAccount) {
		t.Errorf("a seventh state: %v", err)
	}
}

// outputs are all forms of both reports.
func outputs(t *testing.T, in *report.Input) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, make := range []func(*report.Input) (*report.Report, error){report.Completeness, report.Authenticity} {
		r, err := make(in)
		must(t, err)
		var page, lines, sheet bytes.Buffer
		must(t, r.HTML(&page))
		must(t, r.JSON(&lines))
		must(t, r.CSV(&sheet, ""))
		all[r.Kind+".html"], all[r.Kind+".json"], all[r.Kind+".csv"] = page.String(), lines.String(), sheet.String()
	}
	return all
}

func TestADeskReportSaysSoAndNamesNobodyWithheld(t *testing.T) {
	for name, text := range outputs(t, deskInput()) {
		if !strings.Contains(strings.ToLower(text), report.DeskOnly) {
			t.Errorf("%s does not say that it is for the desk only", name)
		}
		for _, secret := range []string{"withheld.example", "secret@", "gone.example", "excluded.example"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s names %s", name, secret)
			}
		}
		if !strings.Contains(text, "example.org") {
			t.Errorf("%s: the control: a published domain is missing", name)
		}
	}
}

func TestCSVIsOneTableOfRFC4180(t *testing.T) {
	in := deskInput()
	in.Items[0].Sender = "a@=HYPERLINK(\"http://evil.example\")"
	in.Items[0].Owners[0], in.Items[0].Owners[2] = "-ada\r\n,\"x\"", "@ada"
	r, err := report.Completeness(in)
	must(t, err)
	var b bytes.Buffer
	must(t, r.CSV(&b, ""))
	rows, err := csv.NewReader(&b).ReadAll() // wants as many fields on each line
	must(t, err)
	for _, row := range rows[1:] {
		for i, f := range row {
			if _, err := strconv.ParseFloat(f, 64); err != nil && f != "" && strings.ContainsRune("=+-@", rune(f[0])) {
				t.Errorf("%v: field %d would be a formula", row, i)
			}
		}
	}
	b.Reset()
	must(t, r.CSV(&b, "domains"))
	if rows, err = csv.NewReader(&b).ReadAll(); err != nil || rows[0][0] != "domain" || !strings.HasPrefix(rows[1][0], "'=") {
		t.Errorf("one table: %v %v", rows, err)
	}
	if err := r.CSV(&b, "nothing"); !errors.Is(err, report.ErrNoTable) || !strings.Contains(err.Error(), "months-owners") {
		t.Errorf("an unknown table: %v", err)
	}
}

func TestJSONIsLinesWithASummaryLast(t *testing.T) {
	for name, text := range outputs(t, deskInput()) {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for i, line := range lines {
			var v struct {
				Schema, Report, Collection, Table string
				Type                              string `json:"message_type"`
				Withheld                          json.RawMessage
			}
			must(t, json.Unmarshal([]byte(line), &v))
			last := i == len(lines)-1
			if v.Schema != "unseal.report/1" || v.Collection != "mail" || last != (v.Type == "summary") || last == (v.Table != "") {
				t.Errorf("%s: line %d: %s", name, i+1, line)
			}
			if v.Table == "months" && !strings.HasPrefix(string(v.Withheld), `{"privacy":`) {
				t.Errorf("%s: withheld by reason: %s", name, v.Withheld)
			}
		}
	}
}

func TestAPromiseIsKeptMissedOrOpen(t *testing.T) {
	for _, c := range []struct {
		total int
		by    string
		want  string
	}{
		{0, "", "none stated"}, {2, "2019-09-30", "kept"}, {3, "2019-09-30", "missed"}, {3, "2019-09", "missed"}, {3, "2018", "missed"},
		{3, "2019-10-01", "not yet due"}, {3, "2019", "not yet due"}, {2, "2019-08-31", "kept late"},
		{2, "", "kept"}, {3, "", "open"}, {3, "soon", "open"},
		{2, "2019-09-01", "kept"}, {2, "2019-09-01T11:00:00Z", "kept late"},
	} {
		in := deskInput()
		in.Promise = report.Promise{Total: c.total, By: c.by}
		r, err := report.Completeness(in)
		must(t, err)
		if got := figure(t, r, "promise"); got != c.want {
			t.Errorf("%d by %q: %s, want %s", c.total, c.by, got, c.want)
		}
	}
}

// The demonstration: what is counted over the archive and over the desk.
func TestTheDemonstration(t *testing.T) {
	dir := t.TempDir()
	d, err := house.RunDemo(t.Context(), dir, func(string, ...any) {})
	must(t, err)
	for _, c := range []struct {
		dir     string
		figures string
		cells   [][3]string // table, column and key; the value after "="
	}{
		{d.Archive, "committed=106 published=105 withheld=1 tombstone=0 unreadable=0 not_out=0 duplicates=29 copies=5 both_sides=100.0 ghosts=1", [][3]string{
			{"months", "published", "2019-03=29"}, {"months", "withheld_privacy", "not public=1"}, {"owners", "published", "Luc Ferrand=25"},
			{"gaps", "reason", "47=privacy"}, {"domains", "published_share", "example.org=38.1"}, {"threads", "conversations", "published=25"}}},
		{d.Desk, "received=135 duplicates=29 excluded=0 uncommitted=0 committed=106 published=105 withheld=1 copies=5 ghosts=1", [][3]string{
			{"months", "received", "2019-02=32"}, {"months", "withheld_privacy", "2019-02=1"}, {"owners", "duplicates", "Nadia Haddad=16"},
			{"domains", "difference", "example.net=-0.8"}, {"threads", "two_owners", "received=12"}, {"commitments", "numbers", "1=106"}}},
	} {
		in, err := house.ReportInput(t.Context(), c.dir, "harbour")
		must(t, err)
		r, err := report.Completeness(in)
		must(t, err)
		sumsHold(t, r)
		for want := range strings.FieldsSeq(c.figures) {
			name, _, _ := strings.Cut(want, "=")
			if got := name + "=" + figure(t, r, name); got != want {
				t.Errorf("%s: %s, want %s", c.dir, got, want)
			}
		}
		for _, x := range c.cells {
			key, want, _ := strings.Cut(x[2], "=")
			if got := cell(t, table(t, r, x[0]), x[1], key); got != want {
				t.Errorf("%s: %s, %s, %s: %s, want %s", c.dir, x[0], key, x[1], got, want)
			}
		}
		s, err := report.Authenticity(in)
		must(t, err)
		sumsHold(t, s)
		got := ""
		for _, f := range s.Figures {
			got += fmt.Sprint(f.N, " ")
		}
		if want := map[bool]string{false: "105 0 62 8 27 4 4 ", true: "106 0 64 9 29 4 0 "}[in.Desk]; got != want {
			t.Errorf("%s: the six states are %s, want %s", c.dir, got, want)
		}
		if got := cell(t, table(t, s, "causes"), "signatures", "fail", "body changed: list footer probable"); got != "1" {
			t.Errorf("%s: causes: %s", c.dir, got)
		}
	}
}
