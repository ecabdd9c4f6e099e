package site

import "unseal/search"

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
	if name == search.FacetBatch {
		p.say("batch.number", val("Number", v.Value))
		return
	}
	w := facetWord(name, v.Value)
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
