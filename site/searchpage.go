package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"unseal/search"
)

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
	p.html("</button> <a")
	if q == "" {
		p.href("search/advanced")
	} else {
		p.hrefQuery("search/advanced", url.Values{"q": {q}}.Encode())
	}
	p.html(">")
	p.say("search.advanced")
	p.html("</a> ")
	p.anchor("search/help", "search.help")
	p.html("</form>\n")
}

func (s *site) searchHead(title string, noindex bool) head {
	return head{title: title, noindex: noindex, crumbs: []crumb{{"", s.locale.plain("search.title")}}}
}

// answerHead is the head of an answer, which leads to the page and the feed of
// every query that means the same.
func (s *site) answerHead(a *asked, found bool) head {
	h := s.searchHead(s.locale.plain("search.titled", plain("Query", a.q)), !found)
	same := *a
	same.q = a.query.String()
	h.feed = func(p *page) {
		p.html(`<link rel="canonical"`)
		p.hrefQuery("search", same.params(same.q))
		p.html(`><link rel="alternate" type="application/atom+xml"`)
		p.hrefQuery("search.atom", same.feedParams())
		p.html(">")
	}
	return h
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

// searchRefused answers a query that cannot be read: the reason and the help,
// the query as it is in the box, and the place in a copy below.
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
	p.html(`<p><a href="#q">`)
	p.syntaxReason(bad)
	p.html("</a></p><p>")
	p.anchor("search/help", "search.help")
	p.html("</p></section>\n")
	s.searchForm(p, a.q)
	p.html("<p>")
	p.say("search.refused-at", num("Column", bad.Column))
	p.html("<br><bdi><code>")
	p.markedAt(a.q, bad.Offset, bad.Length)
	p.html("</code></bdi></p>\n")
	s.end(p)
	sendPage(w, r, http.StatusBadRequest, p)
	return nil
}

// markedAt writes a query with a stretch of it marked.
func (p *page) markedAt(q string, from, n int) {
	from = min(from, len(q))
	to := min(from+n, len(q))
	p.b = appendEscaped(p.b, q[:from], inText)
	p.html("<mark>")
	if from == to {
		p.b = append(p.b, "…"...)
	}
	p.b = appendEscaped(p.b, q[from:to], inText)
	p.html("</mark>")
	p.b = appendEscaped(p.b, q[to:], inText)
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
	s.begin(p, s.answerHead(a, res.Total > 0))
	p.heading("search.title")
	s.searchForm(p, a.q)
	s.searchNotes(p, a, res)
	if res.Total == 0 && !res.Partial {
		s.nothingFound(ctx, p, a, res)
		s.end(p)
		return
	}
	s.searchStatus(p, a, res)
	p.html(`<div class="cols left">`)
	p.section("results", "", "search.results")
	p.years(a, res.Years)
	p.rows(s.hitRows(res.Hits))
	p.pager(a, res)
	s.nearHits(p, res)
	p.html("</section>\n")
	s.narrow(p, a, res)
	p.html("</div>\n")
	s.end(p)
}

// searchNotes writes the remarks between the box and the results.
func (s *site) searchNotes(p *page, a *asked, res *search.Result) {
	if !a.again && !res.Partial && len(res.Notes) == 0 && len(res.Also) == 0 {
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
	p.alsoSearched(a, res)
	p.html("</div>\n")
}

// alsoSearched says which other spellings were searched, and how to do without.
func (p *page) alsoSearched(a *asked, res *search.Result) {
	if len(res.Also) == 0 {
		return
	}
	for i := range res.Also {
		also := &res.Also[i]
		p.html("<p>")
		p.say("note.also", val("Word", also.Word), with("Spellings", func(p *page) {
			for i, w := range also.Spellings {
				if i > 0 {
					p.sep()
				}
				p.bdi(w)
			}
		}))
		p.html("</p>")
	}
	exact := (&search.Query{Root: a.query.Root, Exact: true}).String()
	p.html(`<p><a rel="nofollow"`)
	p.hrefQuery("search", a.params(exact))
	p.html(">")
	p.say("note.also-no")
	p.html("</a></p>")
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
	s.foldChoices(p, a)
	p.html("<li><a href=\"#narrow\">")
	p.say("search.narrow")
	p.html("</a></li></ul>\n")
	s.saveLinks(p, a)
}

// foldChoices lead to the same answer with copies or threads folded or apart.
func (s *site) foldChoices(p *page, a *asked) {
	b := *a
	b.fold = !a.fold
	w := word("search.fold")
	if a.fold {
		w = "search.unfold"
	}
	p.choice(false, b.params(a.q), w)
	b = *a
	b.threads = !a.threads
	w = "search.fold-threads"
	if a.threads {
		w = "search.unfold-threads"
	}
	p.choice(false, b.params(a.q), w)
}

// saveLinks lead to the forms in which the whole answer can be taken home.
func (s *site) saveLinks(p *page, a *asked) {
	p.html(`<ul class="links"><li>`)
	p.say("search.save")
	p.html("</li>")
	for _, form := range [...]struct {
		suffix string
		w      word
	}{{".csv", "search.as-csv"}, {".json", "search.as-json"}, {".ndjson", "search.as-ndjson"}, {".mbox.gz", "search.as-mbox"},
		{".zip", "search.as-zip"}, {".atom", "search.as-feed"}} {
		params := a.params(a.q)
		if form.suffix == ".atom" {
			params = a.feedParams()
		}
		p.html(`<li><a rel="nofollow"`)
		p.hrefQuery("search"+form.suffix, params)
		p.html(">")
		p.say(form.w)
		p.html("</a></li>")
	}
	p.html("</ul>\n")
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

// nothingFound leads on from a query that finds nothing: to what is near, or
// to what may be asked.
func (s *site) nothingFound(ctx context.Context, p *page, a *asked, res *search.Result) {
	p.html(`<p role="status"><strong>`)
	p.say("search.nothing")
	p.html("</strong> ")
	p.say("search.for", val("Query", a.q))
	p.html("</p>\n")
	s.nearHits(p, res)
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	nearer, err := search.FindNearer(ctx, asker{s}, a.request(0))
	if err != nil || len(nearer) == 0 {
		if len(res.Near) == 0 {
			s.examples(p)
		}
		return
	}
	p.section("nearest", "", "search.nearest")
	p.html("<ul>")
	for _, n := range nearer {
		p.html(`<li><a rel="nofollow"`)
		p.hrefQuery("search", a.params(n.Query))
		p.html(">")
		p.bdi(n.Query)
		p.html("</a> ")
		p.say("search.found", count(n.Total))
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}

// asker asks the index within the searches at once that the site allows.
type asker struct{ s *site }

func (a asker) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	return a.s.ask(ctx, r)
}

func (a asker) Suggest(ctx context.Context, word string, n int) ([]string, error) {
	return a.s.index.Suggest(ctx, word, n)
}

// nearHits writes the items that have the words of a phrase close together,
// apart from those that have them side by side.
func (s *site) nearHits(p *page, res *search.Result) {
	if len(res.Near) == 0 {
		return
	}
	p.section("near", "", "search.near")
	p.rows(s.hitRows(res.Near))
	p.html("</section>\n")
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
