package searchtest

import (
	"slices"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// page is a document as the oracle reads it: its texts in words, by where they
// stand.
type page struct {
	doc     *search.Doc
	body    []unit
	subject [][]unit // one text
	from    [][]unit
	to      [][]unit
	cc      [][]unit
	bcc     [][]unit
	names   [][]unit // of files
	texts   [][]unit // of files
	all     [][]unit
}

func read(d *search.Doc) *page {
	p := &page{doc: d, subject: [][]unit{units(d.Subject)}, from: people(d.From), to: people(d.To), cc: people(d.Cc), bcc: people(d.Bcc)}
	for line := range strings.Lines(d.Body) {
		for _, u := range units(line) {
			u.quoted = strings.HasPrefix(line, ">")
			p.body = append(p.body, u)
		}
	}
	for _, f := range d.Files {
		p.names = append(p.names, units(f.Name))
		p.texts = append(p.texts, units(f.Text))
	}
	p.all = slices.Concat([][]unit{p.body}, p.subject, p.from, p.to, p.cc, p.bcc, p.names, p.texts)
	return p
}

func people(list []trove.Address) (out [][]unit) {
	for _, a := range list {
		out = append(out, append(units(a.Name), units(a.Addr)...))
	}
	return out
}

// in returns the texts of a field. Words of one text may stand together.
func (p *page) in(f search.Field) [][]unit {
	switch f {
	case search.Subject:
		return p.subject
	case search.From:
		return p.from
	case search.To:
		return slices.Concat(p.to, p.cc, p.bcc)
	case search.Cc:
		return p.cc
	case search.Bcc:
		return p.bcc
	case search.With, search.Person:
		return slices.Concat(p.from, p.to, p.cc, p.bcc)
	case search.Filename:
		return p.names
	case search.Body:
		return [][]unit{p.body}
	case search.Own, search.Quoted:
		return runs(p.body, f == search.Quoted)
	}
	return p.all
}

// runs splits the body where own text turns into quoted text, and keeps one kind.
func runs(body []unit, quoted bool) (out [][]unit) {
	open := false
	for _, u := range body {
		if u.quoted != quoted {
			open = false
			continue
		}
		if !open {
			out = append(out, nil)
			open = true
		}
		out[len(out)-1] = append(out[len(out)-1], u)
	}
	return out
}

// phrase reports whether the units stand side by side in one of the texts.
func phrase(texts [][]unit, want []unit) bool {
	for _, text := range texts {
		for i := 0; i+len(want) <= len(text); i++ {
			if same(text[i:i+len(want)], want) {
				return true
			}
		}
	}
	return false
}

func same(text, want []unit) bool {
	for j, w := range want {
		if text[j].word != w.word || w.joined && !text[j].joined {
			return false
		}
	}
	return true
}

// anyWord reports whether a word for which fits holds stands in one of the texts.
func anyWord(texts [][]unit, fits func(string) bool) bool {
	return slices.ContainsFunc(texts, func(t []unit) bool {
		return slices.ContainsFunc(t, func(u unit) bool { return fits(u.word) })
	})
}

// close reports whether some stretch of one text, n words longer than the
// words asked for, holds them all, as often as they are asked for.
func close(texts [][]unit, want []unit, n int) bool {
	need := map[string]int{}
	for _, w := range want {
		need[w.word]++
	}
	for _, text := range texts {
		for i, u := range text {
			if need[u.word] == 0 {
				continue // the stretch may as well begin later
			}
			have := map[string]int{}
			for _, u := range text[i:min(len(text), i+len(want)+n)] {
				have[u.word]++
			}
			all := true
			for w, k := range need {
				all = all && have[w] >= k
			}
			if all {
				return true
			}
		}
	}
	return false
}

// order is how results stand: less comes first.
func order(sort search.Sort) func(a, b *search.Doc) int {
	byNumber := func(a, b *search.Doc) int { return a.Number - b.Number }
	collection := func(a, b *search.Doc) int { return strings.Compare(string(a.Collection), string(b.Collection)) }
	return func(a, b *search.Doc) int {
		c := 0
		switch {
		case sort == search.Number:
		case a.Date.IsZero() != b.Date.IsZero():
			if a.Date.IsZero() {
				return 1
			}
			return -1
		case sort == search.Newest:
			c = b.Date.Compare(a.Date)
		default:
			c = a.Date.Compare(b.Date)
		}
		if c == 0 {
			c = collection(a, b)
		}
		if c == 0 && sort == search.Newest {
			return byNumber(b, a)
		}
		if c == 0 {
			return byNumber(a, b)
		}
		return c
	}
}

// facetValues are the values of a document in a facet.
func facetValues(d *search.Doc, facet string) (out []string) {
	switch facet {
	case search.FacetType:
		out = append(out, string(d.Kind))
		for _, f := range d.Files {
			family, sub, _ := strings.Cut(f.Type, "/")
			if family == "application" {
				family = sub
			}
			out = append(out, family)
		}
	case search.FacetPerson:
		for _, a := range d.From {
			out = append(out, strings.ToLower(a.Addr))
		}
	case search.FacetVerification:
		out = append(out, string(d.Verdict))
	case search.FacetLanguage:
		out = append(out, d.Lang)
	case search.FacetHas:
		if len(d.Files) > 0 {
			out = append(out, "attachment")
		}
		out = append(out, d.Made...)
	case search.FacetCollection:
		out = append(out, string(d.Collection))
	case search.FacetOwner:
		out = append(out, d.Owner)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "" })
}
