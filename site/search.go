package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
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
	droppedMost    = 6 // clauses tried without when nothing is found
)

// sorts are the orders a reader may choose, with their words.
var sorts = [...]struct {
	sort search.Sort
	w    word
}{
	{search.Newest, "sort.newest"}, {search.Oldest, "sort.oldest"}, {search.Relevance, "sort.relevance"}, {search.Number, "sort.number"},
}

// facets are counted beside the results, in the order of the page.
var facets = [...]struct {
	name string
	w    word
}{
	{search.FacetType, "facet.type"}, {search.FacetPerson, "facet.person"}, {search.FacetBatch, "facet.batch"},
	{search.FacetVerification, "facet.verification"}, {search.FacetLanguage, "facet.language"}, {search.FacetHas, "facet.has"},
	{search.FacetCollection, "facet.collection"}, {search.FacetOwner, "facet.owner"},
}

var facetNames = func() []string {
	names := []string{search.FacetYear}
	for _, f := range facets {
		names = append(names, f.name)
	}
	return names
}()

// asked is what the address of a search page says.
type asked struct {
	q      string // as typed
	sort   search.Sort
	cursor string
	fold   bool
	facet  string // the facet shown in full, or empty
	query  *search.Query
	again  bool // q came encoded twice and stands decoded now
}

// readAsked reads the parameters of a search page. Unknown values of sort and
// facet are left out.
func readAsked(v url.Values) asked {
	a := asked{q: strings.TrimSpace(v.Get("q")), sort: search.Newest, cursor: v.Get("_next"), fold: v.Get("copies") == "fold"}
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
	req := search.Request{Query: a.query, Sort: a.sort, Limit: limit, Cursor: a.cursor, Facets: facetNames,
		FacetSize: facetValues, Snippets: snippetsAHit, FoldCopies: a.fold}
	if a.facet != "" {
		req.FacetSize = facetAll
	}
	res, err := s.ask(ctx, req)
	if errors.Is(err, search.ErrCursor) {
		req.Cursor = ""
		res, err = s.ask(ctx, req)
	}
	return res, err
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

// searchForm writes the search box.
func (s *site) searchForm(p *page, q string) {
	p.html(`<form role="search"`)
	p.link("action", "search", "")
	p.html(`><label for="q">`)
	p.say("search.label")
	p.html(` <span class="hint" id="qh">`)
	p.say("search.hint", code("Example", `from:mary subject:"schedule" after:2015-01-01 -draft`))
	p.html(`</span></label><input id="q" name="q" type="search" size="40" dir="auto" aria-describedby="qh"`)
	p.attr("value", q)
	p.html("> <button>")
	p.say("search.button")
	p.html("</button> ")
	p.anchor("search/help", "search.help")
	p.html("</form>\n")
}

func (s *site) searchHead(title string, noindex bool) head {
	return head{title: title, noindex: noindex, crumbs: []crumb{{"", s.locale.plain("search.title")}}}
}

// searchEmpty answers an empty query: what may be asked.
func (s *site) searchEmpty(w http.ResponseWriter, r *http.Request) error {
	if asJSON(r) {
		return badRequest("search.empty")
	}
	if s.index == nil {
		return &fault{status: http.StatusServiceUnavailable, w: "error.no-index"}
	}
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, s.searchHead(p.loc.plain("search.title"), false))
	p.heading("search.title")
	s.searchForm(p, "")
	s.examples(p)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// searchRefused answers a query that cannot be read: the place, the reason,
// the help.
func (s *site) searchRefused(w http.ResponseWriter, r *http.Request, a *asked, err error) error {
	bad, ok := errors.AsType[*search.SyntaxError](err)
	if !ok {
		return err
	}
	if asJSON(r) {
		return sendJSON(w, r, http.StatusBadRequest, problem{Status: http.StatusBadRequest, Title: s.locale.plain("search.refused"), Detail: bad.Text, Code: bad.Code})
	}
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, s.searchHead(p.loc.plain("error.prefix", plain("Title", p.loc.plain("search.title"))), true))
	p.heading("search.title")
	p.section("eh", "panel bad", "search.refused")
	p.html("<p>")
	p.syntaxReason(bad)
	p.html("</p><p><bdi><code>")
	from := min(bad.Offset, len(a.q))
	to := min(from+bad.Length, len(a.q))
	p.b = appendEscaped(p.b, a.q[:from], inText)
	p.html("<mark>")
	if from == to {
		p.b = append(p.b, "…"...)
	}
	p.b = appendEscaped(p.b, a.q[from:to], inText)
	p.html("</mark>")
	p.b = appendEscaped(p.b, a.q[to:], inText)
	p.html("</code></bdi></p><p>")
	p.anchor("search/help", "search.help")
	p.html("</p></section>\n")
	s.searchForm(p, a.q)
	s.end(p)
	sendPage(w, r, http.StatusBadRequest, p)
	return nil
}

// syntaxReason writes why a query was refused, in the words of the catalogue
// where it has them.
func (p *page) syntaxReason(e *search.SyntaxError) {
	if w := word("syntax." + e.Code); p.loc.has(w) {
		p.say(w, positional(e.Args)...)
		return
	}
	p.bdi(e.Text)
}

// note writes a remark on a query. A remark whose second value is empty has
// words of its own.
func (p *page) note(n *search.Note) {
	w := word("note." + n.Code)
	if len(n.Args) == 2 && n.Args[1] == "" {
		w += "-alone"
	}
	if p.loc.has(w) {
		p.say(w, positional(n.Args)...)
		return
	}
	p.bdi(n.Text)
}

// argNames are the places of words whose values come in order.
var argNames = [...]string{"A", "B", "C", "D"}

func positional(values []string) []arg {
	args := make([]arg, 0, len(argNames))
	for i, v := range values {
		if i < len(argNames) {
			args = append(args, val(argNames[i], v))
		}
	}
	return args
}

// searchPage writes the answer to a query. Results come before the facets.
func (s *site) searchPage(ctx context.Context, p *page, a *asked, res *search.Result) {
	s.begin(p, s.searchHead(p.loc.plain("search.titled", plain("Query", a.q)), res.Total == 0))
	p.heading("search.title")
	s.searchForm(p, a.q)
	s.searchNotes(p, a, res)
	if res.Total == 0 {
		s.nothingFound(ctx, p, a)
		s.end(p)
		return
	}
	s.searchStatus(p, a, res)
	p.html(`<div class="cols left">`)
	p.section("results", "", "search.results")
	p.years(a, res.Years)
	p.rows(s.hitRows(res.Hits))
	p.pager(a, res)
	p.html("</section>\n")
	s.narrow(p, a, res)
	p.html("</div>\n")
	s.end(p)
}

// searchNotes writes the remarks between the box and the results.
func (s *site) searchNotes(p *page, a *asked, res *search.Result) {
	if !a.again && !res.Partial && len(res.Notes) == 0 {
		return
	}
	p.html(`<div class="panel warn" role="note">`)
	if a.again {
		p.html("<p>")
		p.say("search.encoded-twice")
		p.html("</p>")
	}
	if res.Partial {
		p.html("<p>")
		p.say("search.partial", count(res.Total), num("Seconds", int(searchTime/time.Second)))
		p.html("</p>")
	}
	for i := range res.Notes {
		n := &res.Notes[i]
		p.html("<p>")
		p.note(n)
		if n.Query != "" {
			p.html(" <a")
			p.hrefQuery("search", a.params(n.Query))
			p.html(">")
			p.bdi(n.Query)
			p.html("</a>")
		}
		p.html("</p>")
	}
	p.html("</div>\n")
}

// searchStatus says how many there are, in which order, and in which other
// forms they can be had.
func (s *site) searchStatus(p *page, a *asked, res *search.Result) {
	p.html(`<p role="status"><strong>`)
	p.say("search.found", count(res.Total))
	p.html("</strong> ")
	p.say("search.for", val("Query", a.q))
	p.html("</p>\n" + `<ul class="links"><li>`)
	p.say("search.sort")
	p.html("</li>")
	for _, o := range sorts {
		b := *a
		b.sort = o.sort
		p.choice(o.sort == a.sort, b.params(a.q), o.w)
	}
	b := *a
	b.fold = !a.fold
	if a.fold {
		p.choice(false, b.params(a.q), "search.unfold")
	} else {
		p.choice(false, b.params(a.q), "search.fold")
	}
	p.html(`<li><a rel="nofollow"`)
	p.hrefQuery("search.json", a.params(a.q))
	p.html(">")
	p.say("search.as-json")
	p.html("</a></li><li><a href=\"#narrow\">")
	p.say("search.narrow")
	p.html("</a></li></ul>\n")
}

// choice is a link to another form of the same search, or its name alone where
// it is the one shown.
func (p *page) choice(here bool, params string, w word) {
	if here {
		p.html(`<li aria-current="true"><strong>`)
		p.say(w)
		p.html("</strong></li>")
		return
	}
	p.html(`<li><a rel="nofollow"`)
	p.hrefQuery("search", params)
	p.html(">")
	p.say(w)
	p.html("</a></li>")
}

// years writes the chart of hits by year, closed at first.
func (p *page) years(a *asked, years []search.YearCount) {
	if len(years) < 2 {
		return
	}
	most := 0
	for _, y := range years {
		most = max(most, y.Count)
	}
	p.html(`<details><summary>`)
	p.say("search.by-year")
	p.html(`</summary><table class="chart"><thead><tr><th scope="col">`)
	p.say("search.year")
	p.html(`</th><th scope="col">`)
	p.say("search.share")
	p.html(`</th><th scope="col" class="n">`)
	p.say("search.items")
	p.html("</th></tr></thead><tbody>")
	for _, y := range years {
		p.html(`<tr><th scope="row">`)
		if y.Year == 0 {
			p.say("date.none")
		} else {
			year := strconv.Itoa(y.Year)
			p.html(`<a rel="nofollow"`)
			p.hrefQuery("search", a.params(a.query.With("date:"+year)))
			p.html(">")
			p.bdi(year)
			p.html("</a>")
		}
		p.html(`</th><td class="b">`)
		p.meter(y.Count, most)
		p.html(`</td><td class="n">`)
		p.num(y.Count)
		p.html("</td></tr>")
	}
	p.html("</tbody></table></details>\n")
}

// meter writes a bar of part of whole, in whole percent; what is there has 1 at
// least.
func (p *page) meter(part, whole int) {
	percent := 0
	if whole > 0 && part > 0 {
		percent = min(100, max(1, (part*100+whole/2)/whole))
	}
	p.html("<span")
	p.attrNum("class", "v w", percent)
	p.html("></span>")
}

// pager says how many are shown and leads to the next; there are no page
// numbers, so that nothing ends.
func (p *page) pager(a *asked, res *search.Result) {
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.pages")
	p.html("><span>")
	p.say("search.shown", num("Shown", len(res.Hits)), count(res.Total))
	p.html("</span>")
	if res.Next != "" {
		p.html(`<a rel="next"`)
		p.hrefQuery("search", a.next(res.Next))
		p.html(">")
		p.say("nav.next")
		p.html("</a>")
	}
	p.html("</nav>\n")
}

// narrow writes the clauses of the query, each to take out, and the facets.
func (s *site) narrow(p *page, a *asked, res *search.Result) {
	p.html(`<aside id="narrow"`)
	p.sayAttr("aria-label", "search.narrow-label")
	p.html("><h2>")
	p.say("search.narrow")
	p.html("</h2>\n")
	p.clauses(a)
	for _, f := range facets {
		facet, counted := res.Facets[f.name]
		if !counted {
			if res.Partial {
				p.html("<p>")
				p.say("facet.not-counted", with("Facet", func(p *page) { p.say(f.w) }))
				p.html("</p>")
			}
			continue
		}
		if facet.Distinct > 1 || f.name == a.facet {
			p.facet(a, f.name, f.w, &facet)
		}
	}
	p.html("</aside>\n")
}

// clauses writes the parts of an AND query with links that take each out.
func (p *page) clauses(a *asked) {
	parts := clausesOf(a.query)
	if len(parts) < 2 {
		return
	}
	p.html("<ul>")
	for i := range parts {
		p.html("<li>")
		p.code(parts[i])
		rest := a.query.Without(parts[i])
		if _, err := search.Parse(rest); err != nil {
			p.html("</li>") // what is left may be a NOT alone, which nobody may ask
			continue
		}
		p.html(" ")
		p.refine(a, rest, "search.remove", "search.remove-clause", plain("Clause", parts[i]))
		p.html("</li>")
	}
	p.html("</ul>\n")
}

// clausesOf are the parts of a query that is an AND, in canonical form.
func clausesOf(q *search.Query) []string {
	and, ok := q.Root.(search.And)
	if !ok {
		return nil
	}
	parts := make([]string, len(and))
	for i, n := range and {
		parts[i] = (&search.Query{Root: n}).String()
	}
	return parts
}

func (p *page) facet(a *asked, name string, w word, f *search.Facet) {
	p.html(`<details class="facet"`)
	if name == a.facet {
		p.html(" open")
	}
	p.html("><summary>")
	p.say(w)
	p.html("</summary><ul>")
	for i := range f.Values {
		if name != a.facet && i == facetValues {
			break
		}
		p.facetValue(a, name, &f.Values[i])
	}
	p.html("</ul>")
	if name != a.facet && f.Distinct > facetValues {
		p.html(`<p><a rel="nofollow"`)
		p.hrefQuery("search", a.params(a.q)+"&facet="+name)
		p.html(">")
		p.say("facet.all", count(f.Distinct))
		p.html("</a></p>")
	}
	p.html("</details>\n")
}

func (p *page) facetValue(a *asked, name string, v *search.FacetValue) {
	more, less := a.query.With(v.Clause), a.query.With("-"+v.Clause)
	p.html("<li>")
	switch {
	case v.Clause == "" || len(less) > search.MaxQueryBytes:
		p.html("<span>")
		p.facetLabel(name, v)
		p.html("</span>")
	case a.query.Has(v.Clause):
		p.html("<strong>")
		p.facetLabel(name, v)
		p.html("</strong> ")
		p.refine(a, a.query.Without(v.Clause), "search.remove", "search.remove-clause", plain("Clause", v.Clause))
	default:
		p.html(`<a rel="nofollow"`)
		p.hrefQuery("search", a.params(more))
		p.html(">")
		p.facetLabel(name, v)
		p.html("</a> ")
		p.refine(a, less, "facet.exclude", "facet.exclude-value", plain("Clause", v.Clause))
	}
	p.html(`<span class="n">`)
	p.num(v.Count)
	p.html("</span></li>")
}

// refine writes a small link to another query; label says in full what the
// word w leaves out.
func (p *page) refine(a *asked, q string, w, label word, args ...arg) {
	p.html(`<a rel="nofollow" class="small"`)
	p.hrefQuery("search", a.params(q))
	p.sayAttr("aria-label", label, args...)
	p.html(">")
	p.say(w)
	p.html("</a>")
}

// facetLabel writes a facet's value for people.
func (p *page) facetLabel(name string, v *search.FacetValue) {
	var w word
	switch name {
	case search.FacetType:
		w = word("kind." + v.Value)
	case search.FacetVerification:
		w = verdictWord(trove.Verdict(v.Value))
	case search.FacetHas:
		w = word("facet.has-" + v.Value)
	case search.FacetLanguage:
		w = word("lang." + v.Value)
	case search.FacetBatch:
		p.say("batch.number", val("Number", v.Value))
		return
	}
	if w != "" && p.loc.has(w) {
		p.say(w)
		return
	}
	if v.Label != "" {
		p.bdi(cut(v.Label, listName))
		return
	}
	p.bdi(cut(v.Value, listName))
}

// nothingFound leads on from a query that finds nothing: the same query with
// each clause dropped, with counts.
func (s *site) nothingFound(ctx context.Context, p *page, a *asked) {
	p.html(`<p role="status"><strong>`)
	p.say("search.nothing")
	p.html("</strong> ")
	p.say("search.for", val("Query", a.q))
	p.html("</p>\n")
	parts := clausesOf(a.query)
	if len(parts) < 2 {
		s.examples(p)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	p.section("nearest", "", "search.nearest")
	p.html("<ul>")
	for i := range parts[:min(len(parts), droppedMost)] {
		q := a.query.Without(parts[i])
		parsed, err := search.Parse(q)
		if err != nil {
			continue // what is left may be a NOT alone, which nobody may ask
		}
		res, err := s.ask(ctx, search.Request{Query: parsed, FoldCopies: a.fold})
		if err != nil || res.Total == 0 {
			continue
		}
		p.html(`<li><a rel="nofollow"`)
		p.hrefQuery("search", a.params(q))
		p.html(">")
		p.bdi(q)
		p.html("</a> ")
		p.say("search.found", count(res.Total))
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}

// searchExamples are queries to click; they are the same in every language.
var searchExamples = [...]struct {
	q string
	w word
}{
	{"schedule budget", "example.words"}, {`"revised schedule"`, "example.phrase"}, {"from:mary", "example.from"},
	{"subject:annex", "example.subject"}, {"after:2015-01-01 before:2016-01-01", "example.dates"},
	{"has:attachment", "example.attachment"}, {"schedule -draft", "example.not"}, {"is:valid", "example.state"},
}

func (s *site) examples(p *page) {
	p.section("examples", "", "search.examples")
	p.html("<ul>")
	for _, e := range searchExamples {
		p.html("<li><a")
		p.hrefQuery("search", url.Values{"q": {e.q}}.Encode())
		p.html(">")
		p.code(e.q)
		p.html("</a> ")
		p.say(e.w)
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}

// foundJSON is the answer of /search.json.
type foundJSON struct {
	Query   string                  `json:"query"`
	Total   int                     `json:"total"`
	Partial bool                    `json:"partial,omitempty"`
	Items   []foundItem             `json:"items"`
	Facets  map[string][]foundFacet `json:"facets,omitempty"`
	Notes   []string                `json:"notes,omitempty"`
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
	out := &foundJSON{Query: a.query.String(), Total: res.Total, Partial: res.Partial, Items: make([]foundItem, len(res.Hits)), Next: res.Next}
	for i := range res.Hits {
		out.Items[i] = foundItem{row: s.hitRow(&res.Hits[i]), URL: "/" + itemPath(res.Hits[i].Collection, res.Hits[i].Number)}
		for _, sn := range out.Items[i].row.Snippets {
			var text strings.Builder
			for _, span := range sn.Spans {
				text.WriteString(span.Text)
			}
			out.Items[i].Snippets = append(out.Items[i].Snippets, text.String())
		}
	}
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
