package site

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
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
