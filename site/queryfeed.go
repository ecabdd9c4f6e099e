package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"unseal/search"
	"unseal/trove"
)

// Sizes of the feed of a query.
const (
	feedPage     = 100 // entries
	feedSearches = 64  // windows looked into for one page
)

// window is a stretch of publication: from a day up to the one before the next
// publication, all that is older, or what has no date of publication.
type window struct {
	name     string // as the cursor names it
	from, to time.Time
	undated  bool
}

// windows are the stretches in which things were published, newest first. They
// hold every item once.
func (s *site) windows() []window {
	var days []time.Time
	for _, c := range s.collections {
		for _, t := range c.editions {
			days = append(days, t.UTC().Truncate(24*time.Hour))
		}
	}
	slices.SortFunc(days, func(a, b time.Time) int { return b.Compare(a) })
	days = slices.CompactFunc(days, time.Time.Equal)
	var list []window
	to := time.Time{}
	for _, d := range days {
		list = append(list, window{name: d.Format(time.DateOnly), from: d, to: to})
		to = d
	}
	return append(list, window{name: "older", to: to}, window{name: "undated", undated: true})
}

// of narrows a query down to the window.
func (w window) of(q *search.Query) *search.Query {
	var n search.Node = &search.Dates{Field: search.Published, From: w.from, To: w.to}
	if w.undated {
		n = search.Not{Node: &search.Dates{Field: search.Published}}
	}
	narrowed := &search.Query{Root: n, Exact: q.Exact}
	switch root := q.Root.(type) {
	case nil:
	case search.And:
		narrowed.Root = append(slices.Clone(root), n)
	default:
		narrowed.Root = search.And{root, n}
	}
	return narrowed
}

// queryFeed answers /search.atom: what a query finds, last published first,
// with the pages after the first behind links (RFC 4287, RFC 5005 section 3).
func (s *site) queryFeed(w http.ResponseWriter, r *http.Request) error {
	a := readAsked(r.URL.Query())
	if a.q == "" {
		return badRequest("search.empty")
	}
	var err error
	if a.query, err = search.Parse(a.q); err != nil {
		return s.searchRefused(w, r, &a, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	all, err := s.ask(ctx, search.Request{Query: a.query, FoldCopies: a.fold, FoldThreads: a.threads})
	if err == nil && all.Partial {
		err = &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
	}
	if err != nil {
		return err
	}
	hits, next, err := s.feedHits(ctx, &a)
	if err != nil {
		return err
	}
	p := newPage(s.locale, r.URL.Path)
	s.writeQueryFeed(p, &a, all.Total, hits, next)
	send(w, r, http.StatusOK, headerAtom, p.b)
	p.free()
	return nil
}

// feedHits are the entries behind a's cursor, and the cursor behind them.
func (s *site) feedHits(ctx context.Context, a *asked) (hits []search.Hit, next string, err error) {
	name, inner, _ := strings.Cut(a.cursor, ".")
	list := s.windows()
	at := max(0, slices.IndexFunc(list, func(w window) bool { return w.name == name }))
	for looked := 0; at < len(list); at, inner = at+1, "" {
		if looked++; looked > feedSearches || len(hits) == feedPage {
			return hits, list[at].name + ".", nil
		}
		res, err := s.ask(ctx, search.Request{Query: list[at].of(a.query), Limit: feedPage - len(hits), Cursor: inner, Snippets: 1,
			FoldCopies: a.fold, FoldThreads: a.threads})
		if err != nil {
			return nil, "", err
		}
		if res.Partial {
			return nil, "", &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
		}
		hits = append(hits, res.Hits...)
		if res.Next != "" {
			return hits, list[at].name + "." + res.Next, nil
		}
	}
	return hits, "", nil
}

func (s *site) writeQueryFeed(p *page, a *asked, total int, hits []search.Hit, next string) {
	canonical := *a
	canonical.q = a.query.String()
	params := canonical.feedParams()
	p.html(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<feed xmlns="` + atomSpace + `">`)
	p.element("title", p.loc.plain("search.titled", plain("Query", canonical.q)))
	p.element("subtitle", p.loc.plain("search.found", count(total)))
	p.element("id", s.urn("search?"+params))
	updated := time.Unix(0, 0)
	if len(hits) > 0 {
		updated = s.cameOut(&hits[0])
	}
	p.element("updated", updated.UTC().Format(time.RFC3339))
	p.html("<author>")
	p.element("name", s.name)
	p.html("</author>")
	p.feedLink("self", s.address("search.atom?"+params))
	p.feedLink("alternate", s.address("search?"+params))
	if next != "" {
		p.feedLink("next", s.address("search.atom?"+params+"&_next="+url.QueryEscape(next)))
	}
	p.html("\n")
	for i := range hits {
		s.queryEntry(p, &hits[i])
	}
	p.html("</feed>\n")
}

// feedParams are the parameters that a feed has: it has an order of its own.
func (a *asked) feedParams() string {
	b := *a
	b.sort = search.Newest
	return b.params(b.q)
}

func (p *page) feedLink(rel markup, address string) {
	p.html(`<link rel="`)
	p.html(rel)
	p.html(`"`)
	p.attr("href", address)
	p.html("/>")
}

// cameOut is when the batch of a hit came out, or the epoch.
func (s *site) cameOut(h *search.Hit) time.Time {
	if c := s.byName[h.Collection]; c != nil {
		if b := c.batch(h.Batch); b != nil {
			return b.Published
		}
	}
	return time.Unix(0, 0)
}

func (s *site) queryEntry(p *page, h *search.Hit) {
	r := s.hitRow(h)
	name := trove.Name{Collection: h.Collection, Number: h.Number}.String()
	title := r.Subject
	if title == "" {
		title = name
	}
	p.html("<entry>")
	p.element("title", cut(title, listSubject))
	p.element("id", s.urn(name))
	p.element("updated", s.cameOut(h).UTC().Format(time.RFC3339))
	p.feedLink("alternate", s.address(itemPath(h.Collection, h.Number)))
	if r.State != trove.Published {
		p.element("summary", string(r.State))
	} else if len(r.Snippets) > 0 {
		p.element("summary", plainSnippet(&r.Snippets[len(r.Snippets)-1]))
	}
	p.html("</entry>\n")
}

// plainSnippet is the text of a snippet without marks.
func plainSnippet(sn *search.Snippet) string {
	var text strings.Builder
	for _, span := range sn.Spans {
		text.WriteString(span.Text)
	}
	return text.String()
}
