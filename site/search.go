package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"unseal/search"
	"unseal/trove"
)

// Sizes and limits of search pages.
const (
	hitsPerPage    = 20
	jsonPerPage    = 100
	snippetsAHit   = 2
	facetValues    = 6
	facetAll       = 200
	searchTime     = 2 * time.Second // threats.md, "Readers' privacy": search budget
	searchesAtOnce = 8
)

// sorts are the orders a reader may choose, with their words.
var sorts = [...]struct {
	sort search.Sort
	w    word
}{
	{search.Newest, "sort.newest"}, {search.Oldest, "sort.oldest"}, {search.Relevance, "sort.relevance"}, {search.Number, "sort.number"},
}

// asked is what the address of a search page says.
type asked struct {
	q       string // as typed
	sort    search.Sort
	cursor  string
	fold    bool   // copies of one message
	threads bool   // items of one thread
	facet   string // the facet shown in full, or empty
	query   *search.Query
	again   bool // q came encoded twice and stands decoded now
}

// readAsked reads the parameters of a search page. Unknown values of sort and
// facet are left out.
func readAsked(v url.Values) asked {
	a := asked{q: strings.TrimSpace(v.Get("q")), sort: search.Newest, cursor: v.Get("_next"), fold: v.Get("copies") == "fold", threads: v.Get("threads") == "fold"}
	for _, s := range sorts {
		if v.Get("sort") == string(s.sort) {
			a.sort = s.sort
		}
	}
	for _, f := range facets {
		if v.Get("facet") == f.name {
			a.facet = f.name
		}
	}
	return a
}

// params is the query part of the address that asks a with the query q.
func (a *asked) params(q string) string {
	v := url.Values{"q": {q}}
	if a.sort != search.Newest {
		v.Set("sort", string(a.sort))
	}
	if a.fold {
		v.Set("copies", "fold")
	}
	if a.threads {
		v.Set("threads", "fold")
	}
	return v.Encode()
}

func (a *asked) next(cursor string) string {
	return a.params(a.q) + "&_next=" + url.QueryEscape(cursor)
}

// search answers /search and /search.json.
func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	a := readAsked(v)
	if in := v.Get("in"); in != "" {
		return s.searchWithin(w, r, a, in)
	}
	if a.q == "" {
		return s.searchEmpty(w, r)
	}
	var err error
	if a.query, err = search.Parse(a.q); err != nil {
		return s.searchRefused(w, r, &a, err)
	}
	limit := hitsPerPage
	if asJSON(r) {
		limit = jsonPerPage
	}
	res, err := s.find(r.Context(), &a, limit)
	if err != nil {
		return err
	}
	if res.Total == 0 && !res.Partial {
		if res2, ok := s.decodedTwice(r.Context(), &a, limit); ok {
			res = res2
		}
	}
	if err := s.findNear(r.Context(), &a, limit, res); err != nil {
		return err
	}
	if asJSON(r) {
		found := s.searchJSON(&a, res)
		if found.NextURL != "" {
			linkNext(w, found.NextURL)
		}
		return sendJSON(w, r, http.StatusOK, found)
	}
	p := newPage(s.locale, r.URL.Path)
	s.searchPage(r.Context(), p, &a, res)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// searchWithin sends a form that names its collection apart on to the query
// that says so itself: a query has no parameter beside it.
func (s *site) searchWithin(w http.ResponseWriter, r *http.Request, a asked, in string) error {
	if coll, err := trove.ParseCollection(in); err == nil {
		clause := "in:" + string(coll)
		if q, err := search.Parse(a.q); err == nil && a.q != "" {
			a.q = q.With(clause)
		} else {
			a.q = strings.TrimSpace(a.q + " " + clause)
		}
	}
	http.Redirect(w, r, "search?"+a.params(a.q), http.StatusFound)
	return nil
}

// find asks the index within the time and the number of searches at once that
// the site allows.
func (s *site) find(ctx context.Context, a *asked, limit int) (*search.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	req := a.request(limit)
	res, err := s.ask(ctx, req)
	if errors.Is(err, search.ErrCursor) {
		req.Cursor = ""
		res, err = s.ask(ctx, req)
	}
	return res, err
}

// request is what a asks the index for.
func (a *asked) request(limit int) search.Request {
	req := search.Request{Query: a.query, Sort: a.sort, Limit: limit, Cursor: a.cursor, Facets: facetNames,
		FacetSize: facetValues, Snippets: snippetsAHit, FoldCopies: a.fold, FoldThreads: a.threads}
	if a.facet != "" {
		req.FacetSize = facetAll
	}
	return req
}

// findNear adds to a first page that is not full what the index has of the
// words of a phrase close together.
func (s *site) findNear(ctx context.Context, a *asked, limit int, res *search.Result) error {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	return search.AddNear(ctx, s.ask, a.request(limit), res)
}

// ask asks the index for one request, after waiting for a place.
func (s *site) ask(ctx context.Context, req search.Request) (*search.Result, error) {
	if s.index == nil {
		return nil, &fault{status: http.StatusServiceUnavailable, w: "error.no-index"}
	}
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	case <-ctx.Done():
		return nil, &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
	}
	return s.index.Search(ctx, req)
}

// decodedTwice runs the decoded form of a query that was encoded twice.
func (s *site) decodedTwice(ctx context.Context, a *asked, limit int) (*search.Result, bool) {
	if !strings.Contains(a.q, "%") {
		return nil, false
	}
	again := *a
	var err error
	if again.q, err = url.QueryUnescape(a.q); err != nil || again.q == a.q {
		return nil, false
	}
	if again.query, err = search.Parse(again.q); err != nil {
		return nil, false
	}
	res, err := s.find(ctx, &again, limit)
	if err != nil || res.Total == 0 {
		return nil, false
	}
	again.again = true
	*a = again
	return res, true
}

// foundJSON is the answer of /search.json.
type foundJSON struct {
	Query   string                  `json:"query"`
	Total   int                     `json:"total"`
	Partial bool                    `json:"partial,omitempty"`
	Items   []foundItem             `json:"items"`
	Near    []foundItem             `json:"near,omitempty"` // besides: the words of a phrase close together, not side by side
	NearAll int                     `json:"near_total,omitempty"`
	Facets  map[string][]foundFacet `json:"facets,omitempty"`
	Notes   []string                `json:"notes,omitempty"`
	Also    []search.Also           `json:"also,omitempty"` // other spellings that were searched
	Next    string                  `json:"_next,omitempty"`
	NextURL string                  `json:"next_url,omitempty"`
}

type foundItem struct {
	row
	URL      string   `json:"url"`
	Snippets []string `json:"snippets,omitempty"`
}

type foundFacet struct {
	Value  string `json:"value"`
	Clause string `json:"clause,omitempty"`
	Count  int    `json:"count"`
}

func (s *site) searchJSON(a *asked, res *search.Result) *foundJSON {
	out := &foundJSON{Query: a.query.String(), Total: res.Total, Partial: res.Partial, Items: s.foundItems(res.Hits),
		Near: s.foundItems(res.Near), NearAll: res.NearTotal, Also: res.Also, Next: res.Next}
	out.Facets = make(map[string][]foundFacet, len(res.Facets))
	for name, f := range res.Facets {
		for _, v := range f.Values {
			out.Facets[name] = append(out.Facets[name], foundFacet{v.Value, v.Clause, v.Count})
		}
	}
	for _, n := range res.Notes {
		out.Notes = append(out.Notes, n.Text)
	}
	if res.Next != "" {
		out.NextURL = "/search.json?" + a.next(res.Next)
	}
	return out
}

func (s *site) foundItems(hits []search.Hit) []foundItem {
	items := make([]foundItem, len(hits))
	rows := s.hitRows(hits)
	for i := range hits {
		items[i] = foundItem{row: rows[i], URL: "/" + itemPath(hits[i].Collection, hits[i].Number)}
		for k := range rows[i].Snippets {
			items[i].Snippets = append(items[i].Snippets, plainSnippet(&rows[i].Snippets[k]))
		}
	}
	return items
}
