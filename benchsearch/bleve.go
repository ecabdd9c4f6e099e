package main

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strconv"
	"sync"
	"unicode"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/character"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
	bq "github.com/blevesearch/bleve/v2/search/query"

	"unseal/search"
)

// bleveEngine is bleve with its default index (scorch), made by its builder for
// indexes that do not change. Words are runs of letters, digits and marks, as
// ours and FTS5's are, in lower case, without stop words. It stores no text.
type bleveEngine struct{}

func (bleveEngine) name() string { return "bleve" }

// bleveDoc is a document as bleve takes it. Text is what a bare word is looked
// for in; its parts are fields of their own, so that phrases do not cross them.
type bleveDoc struct {
	Text, Subject, From       []string
	Person, Year, Collection_ string
	Date                      *float64 // none for undated mails
}

// plainWords is the name of the analyser and of its tokenizer.
const plainWords = "plain"

// registered makes the tokenizer known to bleve, once.
var registered = sync.OnceValue(func() error {
	return registry.RegisterTokenizer(plainWords, func(map[string]any, *registry.Cache) (analysis.Tokenizer, error) {
		return character.NewCharacterTokenizer(func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.M) }), nil
	})
})

func bleveMapping() (mapping.IndexMapping, error) {
	if err := registered(); err != nil {
		return nil, err
	}
	m := bleve.NewIndexMapping()
	err := m.AddCustomAnalyzer(plainWords, map[string]any{
		"type": custom.Name, "tokenizer": plainWords, "token_filters": []string{lowercase.Name},
	})
	if err != nil {
		return nil, err
	}
	text := bleve.NewTextFieldMapping()
	text.Analyzer, text.Store, text.IncludeInAll, text.DocValues, text.IncludeTermVectors = plainWords, false, false, false, true
	plain := *text
	plain.IncludeTermVectors = false
	word := bleve.NewTextFieldMapping()
	word.Analyzer, word.Store, word.IncludeInAll, word.IncludeTermVectors = keyword.Name, false, false, false
	number := bleve.NewNumericFieldMapping()
	number.Store, number.IncludeInAll = false, false
	d := bleve.NewDocumentStaticMapping()
	d.AddFieldMappingsAt("Text", text)
	for _, f := range []string{"Subject", "From"} {
		d.AddFieldMappingsAt(f, &plain)
	}
	for _, f := range []string{"Person", "Year", "Collection_"} {
		d.AddFieldMappingsAt(f, word)
	}
	d.AddFieldMappingsAt("Date", number)
	m.DefaultMapping = d
	return m, nil
}

func (bleveEngine) build(dir string, docs iter.Seq2[*search.Doc, error]) error {
	m, err := bleveMapping()
	if err != nil {
		return err
	}
	w, err := bleve.NewBuilder(dir, m, map[string]any{"buildPathPrefix": filepath.Dir(dir)})
	if err != nil {
		return err
	}
	for d, err := range docs {
		if err == nil {
			err = w.Index(strconv.Itoa(d.Number), toBleve(d))
		}
		if err != nil {
			return err
		}
	}
	return w.Close()
}

func toBleve(d *search.Doc) *bleveDoc {
	b := &bleveDoc{Text: []string{d.Body, d.Subject}, Subject: []string{d.Subject}, Person: person(d), Year: year(d), Collection_: string(d.Collection)}
	for _, a := range d.From {
		b.From = append(b.From, a.Name, a.Addr)
	}
	b.Text = append(b.Text, b.From...)
	for _, a := range append(d.To[:len(d.To):len(d.To)], d.Cc...) {
		b.Text = append(b.Text, a.Name, a.Addr)
	}
	b.Date = bound(d.Date.Unix(), d.Date.IsZero())
	return b
}

// person is the value of a document's facet of senders.
func person(d *search.Doc) string {
	if len(d.From) == 0 {
		return ""
	}
	return d.From[0].Addr
}

func year(d *search.Doc) string {
	if d.Date.IsZero() {
		return ""
	}
	return strconv.Itoa(d.Date.Year())
}

func (bleveEngine) open(dir string) (index, error) {
	if err := registered(); err != nil {
		return nil, err
	}
	ix, err := bleve.OpenUsing(dir, map[string]any{"read_only": true})
	if err != nil {
		return nil, err
	}
	return &bleveIndex{ix}, nil
}

type bleveIndex struct{ bleve.Index }

func (x *bleveIndex) prepare(q *question, how variant) (func() (int, error), error) {
	query, err := bleveQuery(q.exact.Root)
	if err != nil || how == page || how == exact {
		return nil, errNoOperator
	}
	return func() (int, error) {
		r := bleve.NewSearchRequestOptions(query, 10, 0, false)
		if q.Class == classNewest || q.Class == classDeep {
			r.SortBy([]string{"-Date"})
		}
		if q.Class == classDeep {
			r.From = deep
		}
		if how == faceted {
			for _, f := range []string{"Collection_", "Year", "Person"} {
				r.AddFacet(f, bleve.NewFacetRequest(f, facetTop))
			}
		}
		res, err := x.SearchInContext(context.Background(), r)
		if err != nil {
			return 0, err
		}
		return int(res.Total), nil
	}, nil
}

func (x *bleveIndex) numbers(q *question) ([]int, error) {
	query, err := bleveQuery(q.exact.Root)
	if err != nil {
		return nil, err
	}
	all, err := x.DocCount()
	if err != nil {
		return nil, err
	}
	r := bleve.NewSearchRequestOptions(query, int(all), 0, false)
	r.SortBy([]string{"_id"})
	res, err := x.Search(r)
	if err != nil {
		return nil, err
	}
	var list []int
	for _, h := range res.Hits {
		n, err := strconv.Atoi(h.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// bleveQuery says a clause in bleve's words.
func bleveQuery(n search.Node) (bq.Query, error) {
	switch n := n.(type) {
	case search.And:
		return bleveAnd(n)
	case search.Or:
		all, err := bleveAll(n)
		return bleve.NewDisjunctionQuery(all...), err
	case *search.Dates:
		from, to := bound(n.From.Unix(), n.From.IsZero()), bound(n.To.Unix(), n.To.IsZero())
		yes, no := true, false
		q := bleve.NewNumericRangeInclusiveQuery(from, to, &yes, &no)
		q.SetField("Date")
		return q, nil
	case *search.Text:
		return bleveText(n)
	}
	return nil, fmt.Errorf("bleve: %T: %w", n, errNoOperator)
}

// bound is a time as bleve takes it, or nil for none.
func bound(unix int64, open bool) *float64 {
	if open {
		return nil
	}
	f := float64(unix)
	return &f
}

func bleveAll(list []search.Node) (all []bq.Query, err error) {
	for _, n := range list {
		q, err := bleveQuery(n)
		if err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	return all, nil
}

func bleveAnd(n search.And) (bq.Query, error) {
	q := bleve.NewBooleanQuery()
	for _, c := range n {
		not, minus := c.(search.Not)
		if minus {
			c = not.Node
		}
		part, err := bleveQuery(c)
		if err != nil {
			return nil, err
		}
		if minus {
			q.AddMustNot(part)
		} else {
			q.AddMust(part)
		}
	}
	return q, nil
}

var bleveFields = map[search.Field]string{search.Any: "Text", search.Subject: "Subject", search.From: "From"}

func bleveText(t *search.Text) (bq.Query, error) {
	field, ok := bleveFields[t.Field]
	if !ok {
		return nil, errNoOperator
	}
	word := t.Words[0].Text
	switch {
	case t.Mode == search.Prefix:
		q := bleve.NewPrefixQuery(word)
		q.SetField(field)
		return q, nil
	case t.Mode == search.Fuzzy:
		q := bleve.NewFuzzyQuery(word)
		q.SetField(field)
		q.SetFuzziness(t.N)
		return q, nil
	case t.Mode == search.Phrase && len(t.Words) == 1:
		q := bleve.NewTermQuery(word)
		q.SetField(field)
		return q, nil
	case t.Mode == search.Phrase && field == "Text":
		return bleve.NewPhraseQuery(wordsOf(t), field), nil
	}
	return nil, errNoOperator
}

func wordsOf(t *search.Text) (list []string) {
	for _, w := range t.Words {
		list = append(list, w.Text)
	}
	return list
}
