package site

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// Sizes of lists.
const (
	batchesPerPage = 25
	itemsPerPage   = 50
)

// home answers "/": search, the latest batch, the collections.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	if asJSON(r) {
		return s.collectionsJSON(w, r)
	}
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: p.loc.plain("home.title"), feed: func(p *page) {
		p.html(`<link rel="alternate" type="application/atom+xml"`)
		p.href("feed.atom")
		p.html(">")
	}})
	p.html("<h1>")
	p.bdi(s.name)
	p.html("</h1>\n")
	s.noticeStrip(p)
	s.searchOrBrowse(p)
	s.latest(p)
	p.section("collections", "", "home.collections")
	s.collectionTable(p)
	p.html("</section>\n")
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// searchOrBrowse writes the search box, or what there is without an index.
func (s *site) searchOrBrowse(p *page) {
	if s.static != nil {
		s.searchLinks(p)
		return
	}
	if s.index != nil {
		s.searchForm(p, "")
		return
	}
	p.paragraph("home.no-index")
	p.html("<p>")
	p.anchor("browse", "home.browse")
	p.html("</p>\n")
}

// latest writes the newest batch of all collections.
func (s *site) latest(p *page) {
	var coll *collection
	var newest *batch
	for _, c := range s.collections {
		if len(c.batches) == 0 {
			continue
		}
		b := &c.batches[len(c.batches)-1]
		if newest == nil || b.Published.After(newest.Published) {
			coll, newest = c, b
		}
	}
	if newest == nil {
		p.paragraph("home.empty")
		p.paragraph("home.empty-log", count(int(s.archive.Checkpoint().Size)))
		return
	}
	p.section("latest", "panel", "home.latest")
	p.html("<p>")
	p.say("home.latest-text", with("Batch", func(p *page) { p.say("batch.number", val("Number", strconv.Itoa(newest.Number))) }),
		val("Collection", coll.Title), with("Date", func(p *page) { p.moment(newest.Published) }), count(newest.Items))
	p.html("</p><p>")
	p.anchor(batchPath(coll.Name, newest.Number), "home.read")
	p.html("</p></section>\n")
}

// collectionTable writes every collection with how far it is published.
func (s *site) collectionTable(p *page) {
	if len(s.collections) == 0 {
		p.paragraph("about.nothing")
		return
	}
	p.html(`<table class="stack chart"><thead><tr>`)
	p.heads("collections.name", "collections.published", "collections.share", "collections.promised", "collections.last")
	p.html("</tr></thead><tbody>\n")
	for _, c := range s.collections {
		p.html("<tr>")
		p.cell("collections.name", "")
		p.html("<a")
		p.href("c/" + string(c.Name) + "/")
		p.html(">")
		p.bdi(c.Title)
		p.html("</a>")
		p.cellEnd()
		p.cell("collections.published", "")
		p.say("collections.of", num("Published", c.published()), num("Total", c.Committed))
		p.cellEnd()
		p.cell("collections.share", "b")
		p.meter(c.published(), max(c.Committed, c.Promised))
		p.cellEnd()
		p.cell("collections.promised", "n")
		if c.Promised > 0 {
			p.num(c.Promised)
		}
		p.cellEnd()
		p.cell("collections.last", "")
		if n := len(c.batches); n > 0 {
			p.batchLink(c, &c.batches[n-1])
			p.sep()
			p.day(c.batches[n-1].Published)
		}
		p.cellEnd()
		p.html("</tr>\n")
	}
	p.html("</tbody></table>\n")
}

// heads writes the head cells of a table.
func (p *page) heads(words ...word) {
	for _, w := range words {
		p.html(`<th scope="col">`)
		p.say(w)
		p.html("</th>")
	}
}

// cell begins a cell of a table that small screens show as label and value;
// cellEnd must follow.
func (p *page) cell(label word, class markup) {
	p.html("<td")
	p.sayAttr("data-l", label)
	if class != "" {
		p.html(` class="`)
		p.html(class)
		p.html(`"`)
	}
	p.html("><span>")
}

// cellEnd ends what cell began.
func (p *page) cellEnd() { p.html("</span></td>") }

// collectionList answers /c/.
func (s *site) collectionList(w http.ResponseWriter, r *http.Request) error {
	return s.simplePage(w, r, "collections.title", s.collectionTable)
}

// browse answers /browse: everything that stands, without the index.
func (s *site) browse(w http.ResponseWriter, r *http.Request) error {
	return s.simplePage(w, r, "browse.title", func(p *page) {
		p.paragraph("browse.text")
		if len(s.collections) == 0 {
			p.paragraph("about.nothing")
		}
		for _, c := range s.collections {
			p.html("<section><h2><a")
			p.href("c/" + string(c.Name) + "/")
			p.html(">")
			p.bdi(c.Title)
			p.html("</a></h2>\n")
			s.collectionFacts(p, c)
			p.batchTable(c, c.batches)
			p.html("</section>\n")
		}
	})
}

// collectionFacts writes how much of a collection is published and promised.
func (s *site) collectionFacts(p *page, c *collection) {
	p.html("<p>")
	p.say("collection.facts", count(c.published()), num("Total", c.Committed))
	p.html("</p>\n")
	if c.Promised > 0 {
		p.html("<p>")
		if c.PromisedBy != "" {
			p.say("collection.promise-by", num("Promised", c.Promised), val("By", c.PromisedBy))
		} else {
			p.say("collection.promise", num("Promised", c.Promised))
		}
		if c.PromiseSource != "" {
			p.html(" ")
			p.say("collection.promise-source", val("Source", c.PromiseSource))
		}
		p.html("</p>\n")
	}
}

// collectionPage answers /c/<collection>/.
func (s *site) collectionPage(w http.ResponseWriter, r *http.Request, c *collection) error {
	from, _ := strconv.Atoi(r.FormValue("from"))
	from = max(0, min(from, len(c.batches)-1))
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: c.Title, crumbs: []crumb{{"c/", p.loc.plain("nav.collections")}, {"", c.Title}}})
	p.html("<h1>")
	p.bdi(c.Title)
	p.html("</h1>\n")
	if c.Series != "" {
		p.paragraph("collection.series", val("Series", c.Series))
	}
	if c.Description != "" {
		for para := range strings.SplitSeq(c.Description, "\n\n") {
			p.html(`<p dir="auto">`)
			p.body(para)
			p.html("</p>\n")
		}
	}
	s.collectionFacts(p, c)
	s.searchInside(p, c)
	p.section("batches", "", "collection.batches")
	if len(c.batches) == 0 {
		p.paragraph("collection.no-batch")
	} else {
		p.batchList(c, from)
	}
	p.html("</section>\n")
	s.overview(r.Context(), p, c)
	s.account(p, c)
	s.commitments(p, c)
	p.html("<p>")
	p.anchor(authenticityPath(c), "authenticity.all")
	p.html("</p><p>")
	p.anchor("c/"+string(c.Name)+"/index.json", "collection.record")
	p.html("</p>\n")
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// searchInside writes a search box that searches in one collection.
func (s *site) searchInside(p *page, c *collection) {
	if s.static != nil && slices.Contains(s.static.Search, c.Name) {
		p.searchLink(c)
	}
	if s.static != nil || s.index == nil {
		return
	}
	p.html(`<form role="search"`)
	p.link("action", "search", "")
	p.html(`><label for="q">`)
	p.say("collection.search")
	p.html(`</label><input type="hidden" name="in"`)
	p.attr("value", string(c.Name))
	p.html(`><input id="q" name="q" type="search" size="40" dir="auto"> <button>`)
	p.say("search.button")
	p.html("</button></form>\n")
}

// sendersMost is how many senders a collection's page names.
const sendersMost = 20

// overview writes who wrote most, and how much of each year there is, as the
// index counts it. Without an index the page is complete but for this.
func (s *site) overview(ctx context.Context, p *page, c *collection) {
	a := asked{q: "in:" + string(c.Name), sort: search.Newest}
	var err error
	if a.query, err = search.Parse(a.q); err != nil || s.index == nil || len(c.batches) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	res, err := s.ask(ctx, search.Request{Query: a.query, Facets: []string{search.FacetYear, search.FacetPerson}, FacetSize: sendersMost})
	if err != nil {
		return
	}
	p.section("overview", "", "collection.overview")
	p.years(&a, res.Years)
	p.senders(&a, res.Facets[search.FacetPerson].Values)
	p.html("</section>\n")
}

// senders writes the chart of who sent most, closed at first.
func (p *page) senders(a *asked, values []search.FacetValue) {
	if len(values) == 0 {
		return
	}
	p.html("<details><summary>")
	p.say("collection.senders")
	p.html(`</summary><table class="chart"><thead><tr>`)
	p.heads("collection.sender", "collections.share")
	p.html(`<th scope="col" class="n">`)
	p.say("collection.items")
	p.html("</th></tr></thead><tbody>\n")
	for i := range values {
		v := &values[i]
		p.html(`<tr><th scope="row">`)
		if v.Clause != "" {
			p.html(`<a rel="nofollow"`)
			p.hrefQuery("search", a.params(a.query.With(v.Clause)))
			p.html(">")
			p.facetLabel(search.FacetPerson, v)
			p.html("</a>")
		} else {
			p.facetLabel(search.FacetPerson, v)
		}
		p.html(`</th><td class="b">`)
		p.meter(v.Count, values[0].Count)
		p.html(`</td><td class="n">`)
		p.num(v.Count)
		p.html("</td></tr>\n")
	}
	p.html("</tbody></table></details>\n")
}

// account writes how many of the committed numbers stand in which state.
func (s *site) account(p *page, c *collection) {
	p.section("account", "", "collection.account")
	p.paragraph("collection.account-what")
	p.html(`<table class="chart"><thead><tr>`)
	p.heads("collection.state", "collections.share")
	p.html(`<th scope="col" class="n">`)
	p.say("collection.items")
	p.html("</th>")
	p.html("</tr></thead><tbody>\n")
	for _, st := range [...]struct {
		state trove.State
		w     word
	}{{trove.Published, "state.published"}, {trove.Withheld, "state.withheld"}, {trove.Unreadable, "state.unreadable"},
		{trove.Tombstone, "state.tombstone"}, {trove.Committed, "state.committed"}} {
		p.accountRow(st.w, c.states[st.state], c.Committed)
	}
	p.accountRow("collection.total", c.Committed, c.Committed)
	p.html("</tbody></table></section>\n")
}

func (p *page) accountRow(w word, n, total int) {
	p.html(`<tr><th scope="row">`)
	p.say(w)
	p.html(`</th><td class="b">`)
	p.meter(n, total)
	p.html(`</td><td class="n">`)
	p.num(n)
	p.html("</td></tr>\n")
}

// commitments writes what was fixed before the first batch.
func (s *site) commitments(p *page, c *collection) {
	p.section("commitments", "", "collection.commitments")
	p.html("<ul>")
	for _, k := range c.Commitments {
		p.html("<li>")
		p.say("collection.commitment", val("Number", strconv.Itoa(k.K)), count(k.Count), code("Root", k.Root.String()))
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}
