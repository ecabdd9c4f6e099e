package site

import (
	"encoding/csv"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// cellsOf are the rows of the tables of a page, as text; links are the
// addresses of the searches behind their cells.
func cellsOf(t testing.TB, base, body string, accept func(*html.Node) bool) (rows [][]string, links [][]string) {
	t.Helper()
	for n := range parsePage(t, body).Descendants() {
		if n.Type != html.ElementNode || n.Data != "tr" || !accept(n) {
			continue
		}
		var row, to []string
		for c := range n.ChildNodes() {
			row, to = append(row, content(c)), append(to, "")
			for a := range c.Descendants() {
				if a.Type == html.ElementNode && a.Data == "a" {
					to[len(to)-1] = resolve(t, base, attribute(a, "href"))
				}
			}
		}
		rows, links = append(rows, row), append(links, to)
	}
	return rows, links
}

// within accepts what lies in the section of a heading.
func within(id string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		for p := n; p != nil; p = p.Parent {
			if p.Data == "section" {
				return attribute(p, "aria-labelledby") == id
			}
		}
		return false
	}
}

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	must(t, err)
	return n
}

// addsUp checks a table of the six states: rows add up to their items, columns
// to the total. It returns the total of items.
func addsUp(t testing.TB, where string, rows [][]string) int {
	t.Helper()
	if len(rows) < 2 || len(rows[0]) != 2+len(verdicts) {
		t.Fatalf("%s: no table of the states: %q", where, rows)
	}
	sums := make([]int, len(rows[0]))
	for i, row := range rows[1:] {
		sum := 0
		for k, cell := range row[1:] {
			n := atoi(t, cell)
			if k > 0 {
				sum += n
			}
			if i < len(rows)-2 {
				sums[k+1] += n
			} else if sums[k+1] != n {
				t.Errorf("%s: %s of the total is %d, the rows have %d", where, rows[0][k+1], n, sums[k+1])
			}
		}
		if items := atoi(t, row[1]); items != sum {
			t.Errorf("%s, %s: %d items, the states add up to %d", where, row[0], items, sum)
		}
	}
	return atoi(t, rows[len(rows)-1][1])
}

func TestTheSixStatesAddUpAndLeadToTheirItems(t *testing.T) {
	f := newFixture(t)
	const address = "/c/mail/authenticity"
	w := f.get(t, address)
	checkPage(t, address, w)
	published := f.site.byName["mail"].published()
	for _, id := range []string{"batches", "domains"} {
		rows, links := cellsOf(t, address, w.Body.String(), within(id))
		if total := addsUp(t, id, rows); total != published {
			t.Errorf("%s: %d items, %d are published", id, total, published)
		}
		followed := 0
		for r := range links {
			for k, to := range links[r] {
				if k == 0 || to == "" {
					continue
				}
				u, err := url.Parse(to)
				must(t, err)
				if found := searchTotal(t, f, u.Query().Get("q")); found != atoi(t, rows[r][k]) {
					t.Errorf("%s, %s, %s: %s, the list behind it has %d", id, rows[r][0], rows[0][k], rows[r][k], found)
				}
				followed++
			}
		}
		if followed < 4 {
			t.Errorf("%s: only %d numbers lead to a list", id, followed)
		}
	}
	for b, want := range map[string]int{"1": 30, "2": lastNumber - 30 - 3} {
		rows, _ := cellsOf(t, "/c/mail/batch/"+b+"/", f.page(t, "/c/mail/batch/"+b+"/"), within("authenticity"))
		if total := addsUp(t, "batch "+b, rows); total != want {
			t.Errorf("batch %s: %d items, want %d", b, total, want)
		}
	}
}

func searchTotal(t testing.TB, f *fixtureSite, q string) int {
	t.Helper()
	var found struct{ Total int }
	fromJSON(t, f.page(t, "/search.json?q="+url.QueryEscape(q)), &found)
	return found.Total
}

func TestTheStatesAsFilesAreThoseOfThePage(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/c/mail/authenticity.csv")
	lines, err := csv.NewReader(strings.NewReader(w.Body.String())).ReadAll()
	must(t, err)
	total := ""
	for _, l := range lines {
		if l[0] == "batches" && l[1] == "total" {
			total = l[2]
		}
	}
	if want := strconv.Itoa(f.site.byName["mail"].published()); total != want || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("the file counts %q items, want %s", total, want)
	}
	if body := f.page(t, "/c/mail/authenticity.json"); !strings.Contains(body, `"table":"domains"`) || !strings.Contains(body, `"domain":"example.org"`) {
		t.Errorf("as JSON: %s", body)
	}
}

// TestCountingGoesOnFromRequestToRequest keeps the turn, as a request that
// counts a great batch does.
func TestCountingGoesOnFromRequestToRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the time of a request")
	}
	f := newFixture(t)
	f.page(t, "/c/mail/batch/1/")
	f.site.checks.turn <- struct{}{}
	w := f.get(t, "/c/mail/authenticity")
	checkPage(t, "/c/mail/authenticity", w)
	if said := textOf(t, w.Body.String(), func(n *html.Node) bool { return n.Data == "main" }); !strings.Contains(said, "Counting: 1 of 2 batches are counted. Refresh") || strings.Contains(said, "By batch") {
		t.Errorf("while it counts, the page says: %s", said)
	}
	if w := f.get(t, "/c/mail/authenticity.csv"); w.Code != 503 {
		t.Errorf("while it counts, the file answers %d", w.Code)
	}
	<-f.site.checks.turn
	if !strings.Contains(f.page(t, "/c/mail/authenticity"), "By batch") {
		t.Error("the counting did not go on")
	}
}
