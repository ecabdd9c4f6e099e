package site

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/search"
)

// searchAnswer is what tests read of /search.json.
type searchAnswer struct {
	Query     string
	Total     int
	Items     []struct{ Number int }
	Near      []struct{ Number int }
	NearTotal int `json:"near_total"`
	Notes     []string
	Next      string `json:"_next"`
	NextURL   string `json:"next_url"`
}

func (f *fixtureSite) found(t testing.TB, query string) (a searchAnswer) {
	t.Helper()
	must(t, json.Unmarshal([]byte(f.page(t, "/search.json?q="+url.QueryEscape(query))), &a))
	return a
}

func numbersIn(items []struct{ Number int }) (list []int) {
	for _, it := range items {
		list = append(list, it.Number)
	}
	slices.Sort(list)
	return list
}

func TestWordsCloseTogetherFollowThePhraseItself(t *testing.T) {
	f := newFixture(t)
	const phrase = `in:mail "schedule the"`
	a := f.found(t, phrase)
	if a.Total != 1 || !slices.Equal(numbersIn(a.Items), []int{longNumber}) || !slices.Equal(numbersIn(a.Near), []int{plainNumber, copyNumber}) || a.NearTotal != 2 {
		t.Errorf("%+v", a)
	}
	body := f.page(t, "/search?q="+url.QueryEscape(phrase))
	results, near := strings.Index(body, `id="results"`), strings.Index(body, `id="near"`)
	exact, other := strings.Index(body, `href="./c/mail/5"`), strings.Index(body, `href="./c/mail/1"`)
	if results < 0 || exact < results || near < exact || other < near {
		t.Errorf("results at %d, the phrase at %d, near at %d, its hit at %d", results, exact, near, other)
	}
	if !strings.Contains(body, "<bdi>1</bdi> result</strong>") || !strings.Contains(body, "in%3Amail+%22schedule+the%22~10") {
		t.Error("the page does not count the phrase alone, or does not lead to what is near")
	}
	if body := f.page(t, "/search?q="+url.QueryEscape(`"schedule budget"`)); !strings.Contains(body, "Nothing found") || !strings.Contains(body, `id="near"`) {
		t.Error("where nothing has the phrase, what is near is not shown")
	}
	if a := f.found(t, "schedule the"); len(a.Near) > 0 {
		t.Errorf("words that are no phrase have near hits: %+v", a)
	}
}

// listed reads how many entries each form of a list has.
func (f *fixtureSite) listed(t *testing.T, form, params string) int {
	t.Helper()
	w := f.get(t, "/search"+form+"?"+params)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", form, w.Code, w.Body)
	}
	body := w.Body.Bytes()
	switch form {
	case ".csv":
		lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		must(t, err)
		return len(lines) - 1
	case ".ndjson":
		return bytes.Count(body, []byte("\n"))
	case ".mbox.gz":
		z, err := gzip.NewReader(bytes.NewReader(body))
		must(t, err)
		text, err := io.ReadAll(z)
		must(t, err)
		return bytes.Count(append([]byte("\n"), text...), []byte("\nFrom unseal@invalid "))
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	files, lines := 0, 0
	for _, file := range z.File {
		b, err := fs.ReadFile(z, file.Name)
		must(t, err)
		if file.Name != "list.csv" {
			files++
			continue
		}
		all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		must(t, err)
		lines = len(all) - 1
	}
	if files > lines {
		t.Errorf("%d files in the zip, %d lines in its list", files, lines)
	}
	return lines
}

// fed follows a feed to its end.
func (f *fixtureSite) fed(t *testing.T, params string) (ids []string) {
	t.Helper()
	at := "/search.atom?" + params
	for pages := 0; at != "" && pages < 50; pages++ {
		var feed struct {
			Link []struct {
				Rel  string `xml:"rel,attr"`
				Href string `xml:"href,attr"`
			} `xml:"link"`
			Entry []struct {
				ID string `xml:"id"`
			} `xml:"entry"`
		}
		must(t, xml.Unmarshal([]byte(f.page(t, at)), &feed))
		for _, e := range feed.Entry {
			ids = append(ids, e.ID)
		}
		at = ""
		for _, l := range feed.Link {
			if l.Rel == "next" {
				at = strings.TrimPrefix(l.Href, "https://harbour.example")
			}
		}
	}
	return ids
}

func TestEveryFormOfAListHasTheSameItems(t *testing.T) {
	f := newFixture(t)
	for _, query := range []string{"harbour", "in:mail", "type:voice OR type:doc", "words -harbour", "zzzz"} {
		for _, more := range []string{"", "&copies=fold", "&threads=fold", "&sort=oldest"} {
			params := "q=" + url.QueryEscape(query) + more
			var a searchAnswer
			must(t, json.Unmarshal([]byte(f.page(t, "/search.json?"+params)), &a))
			for _, form := range []string{".csv", ".ndjson", ".mbox.gz", ".zip"} {
				if n := f.listed(t, form, params); n != a.Total {
					t.Errorf("%s: %d in %s, %d in all", params, n, form, a.Total)
				}
			}
			ids := f.fed(t, params)
			total := len(ids)
			slices.Sort(ids)
			if len(slices.Compact(ids)) != total || !strings.Contains(params, "fold") && total != a.Total {
				t.Errorf("%s: %d entries in the feed, %d in all", params, total, a.Total)
			}
		}
	}
	for _, form := range []string{".csv", ".ndjson", ".mbox.gz", ".zip", ".atom"} {
		if w := f.get(t, "/search"+form+"?q=%22open"); w.Code != 400 {
			t.Errorf("a query that cannot be read: %d as %s", w.Code, form)
		}
		if w := f.get(t, "/search"+form); w.Code != 400 {
			t.Errorf("no query: %d as %s", w.Code, form)
		}
	}
}

func TestAListHoldsTheExactBytesAndNoFormulas(t *testing.T) {
	f := newFixture(t)
	body := f.get(t, "/search.zip?q="+url.QueryEscape("no:1 in:mail")).Body.Bytes()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	b, err := fs.ReadFile(z, "mail-1.eml")
	must(t, err)
	if string(b) != f.page(t, "/c/mail/1.eml") {
		t.Error("the mail in the zip is not the one published")
	}
	for in, want := range map[string]string{"=1+1": "'=1+1", "plan": "plan", "": "", "@x": "'@x", "-1": "'-1"} {
		if got := harmless(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
	if got := string(inMbox([]byte("From a\n>From b\nfrom c\n From d"), time.Time{})); got != "From unseal@invalid Thu Jan  1 00:00:00 1970\n>From a\n>>From b\nfrom c\n From d\n\n" {
		t.Errorf("in an mbox: %q", got)
	}
}

// cutShort is an index that runs out of time after its first page.
type cutShort struct {
	search.Index
	asked int
}

func (c *cutShort) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	r.Cursor = ""
	res, err := c.Index.Search(ctx, r)
	if err == nil {
		c.asked++
		res.Next, res.Partial = "more", c.asked > 1
	}
	return res, err
}

func TestAListThatIsCutShortDoesNotEnd(t *testing.T) {
	f := newFixture(t)
	h, err := New(Options{Archive: f.archive, Files: os.DirFS(f.dir), Index: &cutShort{Index: f.index}, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("the list ended as if it were whole: %v", v)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/search.csv?q=harbour", nil))
}

func TestThreadsFold(t *testing.T) {
	f := newFixture(t)
	var a struct {
		Total int
		Items []struct{ Number, Answers int }
	}
	must(t, json.Unmarshal([]byte(f.page(t, "/search.json?q=harbour&threads=fold")), &a))
	if a.Total != 1 || len(a.Items) != 1 || a.Items[0].Number != threadLast || a.Items[0].Answers != threadLast-threadFirst {
		t.Errorf("%+v", a)
	}
	if body := f.page(t, "/search?q=harbour&threads=fold"); !strings.Contains(body, "more of its thread") {
		t.Error("the page does not say how many more the thread has")
	}
}

func TestTheAdvancedFormWritesTheQuery(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/search/advanced?write=1&all=budget&phrase=revised+schedule&none=draft&from=mary&in=mail&is=signed&since=2015&exact=1&distance=")
	to, err := url.Parse(w.Header().Get("Location"))
	must(t, err)
	const query = `"revised schedule" budget -draft from:mary date:2015.. in:mail is:signed also:no`
	if q := to.Query().Get("q"); w.Code != 302 || to.Path != "/search" || q != query {
		t.Errorf("%d to %s with %s", w.Code, to, q)
	}
	body := f.page(t, "/search/advanced?q="+url.QueryEscape(query+" has:attachment"))
	for _, want := range []string{`name="all" value="budget"`, `name="phrase" value="revised schedule"`, `name="none" value="draft"`, `name="since" value="2015-01-01"`,
		`<option value="signed" selected>`, `<option value="mail" selected>`, `value="1" checked>`, `name="rest" value="has:attachment"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form is without %s", want)
		}
	}
	if body := f.page(t, "/search/advanced?q=%22open"); !strings.Contains(body, `name="all" value=""`) {
		t.Error("a query that cannot be read does not leave the form empty")
	}
}

func TestNothingFoundLeadsToWhatIsNear(t *testing.T) {
	f := newFixture(t)
	body := f.page(t, "/search?q="+url.QueryEscape("harbuor"))
	if !strings.Contains(body, `href="./search?q=harbour"`) || !strings.Contains(body, `content="noindex"`) {
		t.Error("a misspelt word does not lead to the right one")
	}
	if body := f.page(t, "/search?q="+url.QueryEscape("harbour in:nothing")); !strings.Contains(body, `href="./search?q=harbour"`) {
		t.Error("the query without the clause that finds nothing is not offered")
	}
}

func TestAnswersOfOneMeaningHaveOneAddress(t *testing.T) {
	f := newFixture(t)
	for _, q := range []string{"subject:harbour f:mary", "s:Harbour from:mary"} {
		body := f.page(t, "/search?q="+url.QueryEscape(q))
		if !strings.Contains(body, `<link rel="canonical" href="./search?q=subject%3Aharbour+from%3Amary"`) {
			t.Errorf("%s has another canonical address", q)
		}
	}
}
