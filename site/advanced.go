package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"unseal/search"
	"unseal/trove"
)

// formWords are the boxes of the Advanced form that take words, in its order.
var formWords = [...]struct {
	name  string
	label word
	hint  word
	box   func(*search.Form) *string
}{
	{"all", "form.all", "", func(f *search.Form) *string { return &f.All }},
	{"any", "form.any", "", func(f *search.Form) *string { return &f.Any }},
	{"phrase", "form.phrase", "", func(f *search.Form) *string { return &f.Phrase }},
	{"none", "form.none", "", func(f *search.Form) *string { return &f.None }},
	{"from", "form.from", "form.who-hint", func(f *search.Form) *string { return &f.From }},
	{"to", "form.to", "", func(f *search.Form) *string { return &f.To }},
	{"notfrom", "form.not-from", "", func(f *search.Form) *string { return &f.NotFrom }},
	{"notto", "form.not-to", "", func(f *search.Form) *string { return &f.NotTo }},
	{"subject", "form.subject", "", func(f *search.Form) *string { return &f.Subject }},
	{"filename", "form.filename", "", func(f *search.Form) *string { return &f.Filename }},
	{"since", "form.since", "form.date-hint", func(f *search.Form) *string { return &f.Since }},
	{"until", "form.until", "", func(f *search.Form) *string { return &f.Until }},
	{"pubsince", "form.published-since", "", func(f *search.Form) *string { return &f.PubSince }},
	{"pubuntil", "form.published-until", "", func(f *search.Form) *string { return &f.PubUntil }},
	{"batch", "form.batch", "form.batch-hint", func(f *search.Form) *string { return &f.Batch }},
	{"rest", "form.rest", "form.rest-hint", func(f *search.Form) *string { return &f.Rest }},
}

// formChoices are those that take one of a list.
var formChoices = [...]struct {
	name  string
	label word
	facet string // whose words its values have
	box   func(*search.Form) *string
}{
	{"in", "facet.collection", search.FacetCollection, func(f *search.Form) *string { return &f.Collection }},
	{"type", "facet.type", search.FacetType, func(f *search.Form) *string { return &f.Type }},
	{"lang", "facet.language", search.FacetLanguage, func(f *search.Form) *string { return &f.Lang }},
	{"is", "facet.verification", search.FacetVerification, func(f *search.Form) *string { return &f.State }},
}

// formStates are the states offered; signed stands for two of them.
var formStates = []string{"valid", "kept-key", "signed", "unchecked", "unsigned", "mismatch", "redacted", "withdrawn"}

// advanced answers /search/advanced: with the parameter write it leads to the
// query that its boxes write; else it shows them, filled in from q.
func (s *site) advanced(w http.ResponseWriter, r *http.Request) error {
	if s.index == nil {
		return &fault{status: http.StatusServiceUnavailable, w: "error.no-index"}
	}
	v := r.URL.Query()
	if v.Has("write") {
		f := formOf(v)
		return redirect(w, r, "../search?"+url.Values{"q": {f.Query()}}.Encode(), http.StatusFound)
	}
	q, err := search.Parse(v.Get("q"))
	if err != nil {
		q = nil // an empty form
	}
	f := search.FormOf(q)
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: p.loc.plain("form.title"), noindex: v.Has("q"), crumbs: []crumb{{"search", p.loc.plain("search.title")}, {"", p.loc.plain("form.title")}}})
	p.heading("form.title")
	p.paragraph("form.intro")
	s.advancedForm(r.Context(), p, &f)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// formOf reads the boxes out of an address.
func formOf(v url.Values) search.Form {
	var f search.Form
	for _, b := range formWords {
		*b.box(&f) = v.Get(b.name)
	}
	for _, b := range formChoices {
		*b.box(&f) = v.Get(b.name)
	}
	f.Distance, _ = strconv.Atoi(v.Get("distance"))
	f.Exact = v.Has("exact")
	return f
}

func (s *site) advancedForm(ctx context.Context, p *page, f *search.Form) {
	p.html(`<form class="boxes"`)
	p.link("action", "search/advanced", "")
	p.html(">")
	for _, b := range formWords {
		p.box(b.name, b.label, b.hint, *b.box(f))
		if b.name == "phrase" {
			distance := ""
			if f.Distance > 0 {
				distance = strconv.Itoa(f.Distance)
			}
			p.box("distance", "form.distance", "form.distance-hint", distance)
		}
	}
	values := s.formValues(ctx)
	for _, b := range formChoices {
		p.choices(b.name, b.label, b.facet, values[b.facet], *b.box(f))
	}
	p.html(`<p><label><input type="checkbox" name="exact" value="1"`)
	if f.Exact {
		p.html(" checked")
	}
	p.html("> ")
	p.say("form.exact")
	p.html(`</label></p><p><button name="write" value="1">`)
	p.say("form.write")
	p.html("</button></p></form>\n")
}

// box writes a labelled box for words.
func (p *page) box(name string, label, hint word, value string) {
	p.html("<p><label")
	p.attr("for", "f-"+name)
	p.html(">")
	p.say(label)
	if hint != "" {
		p.html(` <span class="hint">`)
		p.say(hint)
		p.html("</span>")
	}
	p.html(`</label><input type="text" dir="auto" size="40"`)
	p.attr("id", "f-"+name)
	p.attr("name", name)
	p.attr("value", value)
	p.html("></p>\n")
}

// choices writes a labelled list to choose from. A chosen value that is not in
// the list is added, so that nothing a query says is lost.
func (p *page) choices(name string, label word, facet string, values []search.FacetValue, chosen string) {
	if chosen != "" && !slices.ContainsFunc(values, func(v search.FacetValue) bool { return v.Value == chosen }) {
		values = append(slices.Clip(values), search.FacetValue{Value: chosen})
	}
	p.html("<p><label")
	p.attr("for", "f-"+name)
	p.html(">")
	p.say(label)
	p.html("</label><select")
	p.attr("id", "f-"+name)
	p.attr("name", name)
	p.html(`><option value="">`)
	p.say("form.any-of-them")
	p.html("</option>")
	for i := range values {
		p.html("<option")
		p.attr("value", values[i].Value)
		if values[i].Value == chosen {
			p.html(" selected")
		}
		p.html(">")
		p.optionLabel(facet, &values[i])
		p.html("</option>")
	}
	p.html("</select></p>\n")
}

// optionLabel is facetLabel where no element may stand.
func (p *page) optionLabel(facet string, v *search.FacetValue) {
	w := facetWord(facet, v.Value)
	if v.Value == "signed" || v.Value == "withdrawn" {
		w = word("form.is-" + v.Value)
	}
	if w != "" && p.loc.has(w) {
		p.say(w)
		return
	}
	label := v.Label
	if label == "" {
		label = v.Value
	}
	p.b = appendEscaped(p.b, cut(label, listName), inText)
}

// formValues are the values to choose from: what the index has, and all states.
func (s *site) formValues(ctx context.Context) map[string][]search.FacetValue {
	values := map[string][]search.FacetValue{}
	for _, c := range s.collections {
		values[search.FacetCollection] = append(values[search.FacetCollection], search.FacetValue{Value: string(c.Name), Label: c.Title})
	}
	for _, state := range formStates {
		values[search.FacetVerification] = append(values[search.FacetVerification], search.FacetValue{Value: state})
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	res, err := s.ask(ctx, search.Request{Facets: []string{search.FacetType, search.FacetLanguage}, FacetSize: facetAll})
	if err != nil {
		return values // the boxes of words do without
	}
	for _, name := range []string{search.FacetType, search.FacetLanguage} {
		for _, v := range res.Facets[name].Values {
			if v.Clause != "" {
				values[name] = append(values[name], v)
			}
		}
	}
	return values
}

// facetWord is the word of the catalogue for a facet's value, or empty.
func facetWord(facet, value string) word {
	switch facet {
	case search.FacetType:
		return word("kind." + value)
	case search.FacetVerification:
		return verdictWord(trove.Verdict(value))
	case search.FacetHas:
		return word("facet.has-" + value)
	case search.FacetLanguage:
		return word("lang." + value)
	}
	return ""
}
