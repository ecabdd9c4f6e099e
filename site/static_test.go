package site

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"unseal/trove"
)

// staticFixture is the fixture as its pages become files.
func staticFixture(t *testing.T) *fixtureSite {
	t.Helper()
	f := newFixture(t)
	h, err := New(Options{Archive: f.archive, Files: os.DirFS(f.dir), Index: f.index, Log: f.site.log, Language: "en", Static: &Static{Search: []trove.CollectionName{"mail"}}})
	must(t, err)
	f.Handler = h
	return f
}

func TestPagesForFilesAskNoServer(t *testing.T) {
	f := staticFixture(t)
	for _, path := range []string{"/", "/search", "/search?q=x", "/search/help", "/browse", "/c/mail/", "/c/mail/1", "/c/mail/3", "/nowhere"} {
		if page := f.get(t, path).Body.String(); strings.Contains(page, "<form") || strings.Contains(page, "view=source") {
			t.Errorf("%s has a form, or a view that repeats the .eml", path)
		}
	}
	for _, path := range []string{"/", "/search", "/search/help", "/c/mail/"} {
		if page := f.get(t, path).Body.String(); !strings.Contains(page, `c/mail/search"`) || strings.Contains(page, "c/later/search") {
			t.Errorf("%s does not lead to the search page of the only collection that has one", path)
		}
	}
	if page := f.get(t, "/c/mail/3").Body.String(); !strings.Contains(page, "view=html") {
		t.Error("the safe view of HTML is left out")
	}
	if page := f.get(t, "/search").Body.String(); !strings.Contains(page, "unseal -C archive search") || !strings.Contains(page, "browse") {
		t.Errorf("how to search without script: %s", page)
	}
}

func TestTheListOfABatchIsWholeForFiles(t *testing.T) {
	f := staticFixture(t)
	var list listJSON
	must(t, json.Unmarshal(f.get(t, "/c/mail/batch/1/index.json").Body.Bytes(), &list))
	if len(list.Items) != list.Total || list.NextURL != "" {
		t.Errorf("%d of %d, next %q", len(list.Items), list.Total, list.NextURL)
	}
}

func TestNoPagesInAnUnknownLanguage(t *testing.T) {
	f := newFixture(t)
	if _, err := New(Options{Archive: f.archive, Files: os.DirFS(f.dir), Log: f.site.log, Language: "xx"}); err == nil {
		t.Error("pages in xx")
	}
	if all, err := Languages(); err != nil || len(all) == 0 || all[0] == "" {
		t.Errorf("%q, %v", all, err)
	}
}

// Back and forth through the list of a batch are the same pages, whatever
// numbers are not in it.
func TestPagesOfABatchAreTheSameInBothDirections(t *testing.T) {
	f := newFixture(t)
	c := f.site.byName["mail"]
	b := c.batch(2)
	for _, size := range []int{1, 3, 7} {
		var begins []int
		for from := 0; ; {
			_, next, err := f.site.batchRows(c, b, from, size)
			must(t, err)
			begins = append(begins, from)
			if from = next; next == 0 {
				break
			}
		}
		for i := 1; i < len(begins); i++ {
			if got := c.before(b, begins[i], size); got != begins[i-1] {
				t.Errorf("pages of %d: before %d comes %d, want %d", size, begins[i], got, begins[i-1])
			}
		}
	}
	if answer := f.get(t, "/c/mail/batch/2/?from="+strconv.Itoa(lastNumber)); answer.Code != http.StatusOK {
		t.Errorf("%d", answer.Code)
	}
}
