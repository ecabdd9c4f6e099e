package site

import (
	"maps"
	"net/http"
	"slices"

	"unseal/trove"
)

// Static says that the pages become files, which no program serves. What only
// a server can do gives way: a search leads to the search page of a collection,
// c/mail/search, which whoever writes the files makes, and of the views of a
// mail those are left out that repeat the .eml beside the page.
type Static struct {
	Search []trove.CollectionName // collections that have a search page
}

// Languages are the languages that pages can be had in, in order.
func Languages() ([]string, error) {
	all, err := loadLocales()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// staticViews are the views of a mail in files: the others show what any
// program shows of the .eml.
var staticViews = [...]view{viewText, viewHTML}

// hasView reports whether a mail can be looked at in that way.
func (s *site) hasView(v view) bool { return s.static == nil || slices.Contains(staticViews[:], v) }

// searchPath is the search page of a collection among files, from the root.
func searchPath(c trove.CollectionName) string { return "c/" + string(c) + "/search" }

// searchable are the collections that have a search page among files.
func (s *site) searchable() []*collection {
	var list []*collection
	for _, name := range s.static.Search {
		if c := s.byName[name]; c != nil {
			list = append(list, c)
		}
	}
	return list
}

// searchElsewhere answers /search among files: where each collection is
// searched, and how to search without script.
func (s *site) searchElsewhere(w http.ResponseWriter, r *http.Request) error {
	return s.simplePage(w, r, "search.title", func(p *page) {
		list := s.searchable()
		if len(list) == 0 {
			p.paragraph("static.no-search")
		} else {
			p.paragraph("static.search")
		}
		for _, c := range list {
			p.searchLink(c)
		}
		p.section("program", "", "static.program")
		p.paragraph("static.program-text")
		p.html("<pre><code>")
		p.body("unseal -C archive search 'from:mary schedule'")
		p.html("</code></pre>\n<p>")
		p.anchor("search/help", "search.help")
		p.sep()
		p.anchor("browse", "home.browse")
		p.html("</p></section>\n")
	})
}

// searchLinks writes the way to where each collection is searched.
func (s *site) searchLinks(p *page) {
	for _, c := range s.searchable() {
		p.searchLink(c)
	}
	p.html("<p>")
	p.anchor("browse", "home.browse")
	p.html("</p>\n")
}

// searchLink writes the way to the search page of a collection. It is no box: a
// form would send the query to the host, which that page never does.
func (p *page) searchLink(c *collection) {
	p.html("<p>")
	p.anchor(searchPath(c.Name), "static.in", val("Collection", c.Title))
	p.html("</p>\n")
}
