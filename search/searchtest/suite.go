package searchtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"unseal/search"
	"unseal/trove"
)

// Open makes an index of documents, as a variant of search.Index makes it. The
// suite closes it.
type Open func(t *testing.T, docs []*search.Doc) search.Index

// Run runs the whole suite on generated documents.
func Run(t *testing.T, open Open) {
	docs := Docs(7, 400)
	ix := open(t, docs)
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Run("Oracle", func(t *testing.T) { Oracle(t, docs, ix, 300) })
	t.Run("EveryItem", func(t *testing.T) { everyItem(t, docs, ix) })
	t.Run("Texts", func(t *testing.T) { texts(t, docs, ix) })
	t.Run("Copies", func(t *testing.T) { copies(t, docs, ix) })
	t.Run("Threads", func(t *testing.T) { threads(t, ix) })
	t.Run("Cursors", func(t *testing.T) { cursors(t, ix) })
	t.Run("Deadline", func(t *testing.T) { deadline(t, ix) })
	t.Run("Concurrent", func(t *testing.T) { concurrent(t, ix) })
	t.Run("Empty", func(t *testing.T) { empty(t, open) })
	t.Run("Editions", func(t *testing.T) { editions(t, open) })
}

// Oracle asks n generated questions about docs and holds every answer of ix
// against the oracle's: hit sets, totals, orders, pages, facets, years,
// snippets. Every operator takes part at least n/15 times, and at least four
// questions of five must tell documents apart.
func Oracle(t *testing.T, docs []*search.Doc, ix search.Index, n int) {
	m := &maker{rnd: rand.New(rand.NewPCG(11, uint64(n)))}
	for _, d := range docs {
		m.pages = append(m.pages, read(d))
	}
	used := map[string]int{}
	telling := 0
	for i, q := range m.questions(n) {
		for _, op := range q.ops {
			used[op]++
		}
		var want []*search.Doc
		for _, p := range m.pages {
			if q.match(p) {
				want = append(want, p.doc)
			}
		}
		if len(want) > 0 && len(want) < len(docs) {
			telling++
		}
		ask(t, m.rnd, ix, q.text, want, i)
	}
	for _, op := range operators {
		// A corpus may have nothing for some operators, generated texts have all.
		if used[op.name] < n/15 && used[op.name] > 0 {
			t.Errorf("operator %s took part %d times, want %d", op.name, used[op.name], n/15)
		}
	}
	if telling < n*4/5 {
		t.Errorf("%d of %d questions tell documents apart, want four of five", telling, n)
	}
	t.Logf("%d questions about %d documents, %d with some but not all as hits; operators: %v", n, len(docs), telling, used)
}

// ask holds the answers to one question against the documents wanted.
func ask(t *testing.T, rnd *rand.Rand, ix search.Index, text string, want []*search.Doc, i int) {
	t.Helper()
	q, err := search.Parse(text)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	sort := []search.Sort{search.Newest, search.Oldest, search.Number}[i%3]
	slices.SortFunc(want, order(sort))
	limit := []int{1000, 7, 1, 23}[i%4]
	if len(want) > 3*limit {
		limit = len(want)/3 + 1
	}
	got, total := pages(t, ix, search.Request{Query: q, Sort: sort, Limit: limit})
	if total != len(want) {
		t.Errorf("%s: total %d, want %d", text, total, len(want))
	}
	if diff := difference(got, want); diff != "" {
		t.Errorf("%s (by %s, %d a page): %s", text, sort, limit, diff)
		return
	}
	counts(t, ix, q, want)
	ranks(t, ix, q, want)
	snippets(t, ix, q)
}

// pages reads all pages of an answer.
func pages(t *testing.T, ix search.Index, r search.Request) (hits []search.Hit, total int) {
	t.Helper()
	for page := 0; page < 10_000; page++ {
		res, err := ix.Search(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", r.Query, err)
			return hits, total
		}
		if page > 0 && res.Total != total {
			t.Errorf("%s: total %d on page %d, %d before", r.Query, res.Total, page, total)
		}
		total = res.Total
		hits = append(hits, res.Hits...)
		if r.Cursor = res.Next; r.Cursor == "" {
			return hits, total
		}
	}
	t.Errorf("%s: pages without an end", r.Query)
	return hits, total
}

func name(c trove.CollectionName, n int) string { return fmt.Sprintf("%s/%d", c, n) }

// difference says where hits and documents differ, in order.
func difference(got []search.Hit, want []*search.Doc) string {
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = name(got[i].Collection, got[i].Number)
		}
		if i < len(want) {
			w = name(want[i].Collection, want[i].Number)
		}
		if g != w {
			return fmt.Sprintf("hit %d of %d is %s, want %s of %d", i+1, len(got), g, w, len(want))
		}
	}
	return ""
}

var allFacets = []string{search.FacetType, search.FacetPerson, search.FacetBatch, search.FacetVerification, search.FacetLanguage,
	search.FacetHas, search.FacetCollection, search.FacetOwner, search.FacetYear}

// counts holds facets and years against a count by hand.
func counts(t *testing.T, ix search.Index, q *search.Query, want []*search.Doc) {
	t.Helper()
	res, err := ix.Search(t.Context(), search.Request{Query: q, Facets: allFacets})
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return
	}
	for _, facet := range allFacets {
		hand := map[string]int{}
		years := map[int]int{}
		for _, d := range want {
			values := facetValues(d, facet)
			if facet == search.FacetBatch {
				values = []string{strconv.Itoa(d.Batch)}
			}
			for _, v := range values {
				hand[v]++
			}
			if d.Date.IsZero() {
				years[0]++
			} else {
				years[d.Date.UTC().Year()]++
			}
		}
		got := map[string]int{}
		for _, v := range res.Facets[facet].Values {
			got[v.Value] = v.Count
		}
		if facet == search.FacetYear {
			gotYears := map[int]int{}
			for _, y := range res.Years {
				gotYears[y.Year] = y.Count
			}
			if !maps.Equal(gotYears, years) {
				t.Errorf("%s: years %v, want %v", q, gotYears, years)
			}
		} else if !maps.Equal(got, hand) || res.Facets[facet].Distinct != len(hand) {
			t.Errorf("%s: facet %s %v, want %v", q, facet, got, hand)
		}
	}
}

// ranks checks that the best hits are the same whether all are ranked or few,
// and that a facet's clause picks as many hits as it counted.
func ranks(t *testing.T, ix search.Index, q *search.Query, want []*search.Doc) {
	t.Helper()
	all, total := pages(t, ix, search.Request{Query: q, Sort: search.Relevance, Limit: search.MaxLimit})
	if total != len(want) || len(all) != len(want) {
		t.Errorf("%s: %d hits by relevance of %d, want %d", q, len(all), total, len(want))
		return
	}
	res, err := ix.Search(t.Context(), search.Request{Query: q, Sort: search.Relevance, Limit: 5, Facets: []string{search.FacetBatch, search.FacetVerification}})
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return
	}
	for i, h := range res.Hits {
		if name(h.Collection, h.Number) != name(all[i].Collection, all[i].Number) || h.Score != all[i].Score {
			t.Errorf("%s: best %d is %s with %g, of all %s with %g", q, i+1, name(h.Collection, h.Number), h.Score,
				name(all[i].Collection, all[i].Number), all[i].Score)
		}
		if i > 0 && h.Score > res.Hits[i-1].Score {
			t.Errorf("%s: hit %d scores more than the one before", q, i+1)
		}
	}
	for _, f := range res.Facets {
		for _, v := range f.Values[:min(1, len(f.Values))] {
			narrow, err := search.Parse(q.With(v.Clause))
			if err != nil {
				continue // past the limits
			}
			if sub, err := ix.Search(t.Context(), search.Request{Query: narrow}); err != nil || sub.Total != v.Count {
				t.Errorf("%s: %d hits, the facet said %d (%v)", narrow, sub.Total, v.Count, err)
			}
		}
	}
}

// snippets checks that pieces of text are well formed.
func snippets(t *testing.T, ix search.Index, q *search.Query) {
	t.Helper()
	res, err := ix.Search(t.Context(), search.Request{Query: q, Limit: 5, Snippets: 2})
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return
	}
	for _, h := range res.Hits {
		if len(h.Snippets) > 3 {
			t.Errorf("%s: %d snippets", q, len(h.Snippets))
		}
		for _, s := range h.Snippets {
			for _, span := range s.Spans {
				if span.Text == "" || strings.ContainsAny(span.Text, "\n\t") || !slices.Contains([]search.Field{search.Body, search.Subject, search.Filename}, s.Field) {
					t.Errorf("%s: snippet %+v", q, s)
				}
				if span.Mark && !strings.ContainsFunc(span.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
					t.Errorf("%s: marks %q", q, span.Text)
				}
			}
		}
	}
}

// everyItem checks that no query at all finds everything, row by row.
func everyItem(t *testing.T, docs []*search.Doc, ix search.Index) {
	want := slices.Clone(docs)
	var hits []search.Hit
	for _, sort := range []search.Sort{search.Oldest, search.Number, search.Newest} {
		slices.SortFunc(want, order(sort))
		var total int
		hits, total = pages(t, ix, search.Request{Sort: sort, Limit: 37})
		if total != len(docs) {
			t.Errorf("by %s: total %d, want %d", sort, total, len(docs))
		}
		if diff := difference(hits, want); diff != "" {
			t.Fatalf("by %s: %s", sort, diff)
		}
	}
	for i, h := range hits {
		d := want[i]
		row := search.Hit{Collection: d.Collection, Number: d.Number, Batch: d.Batch, Edition: d.Edition, Kind: d.Kind, Subject: d.Subject,
			From: shown(d.From), To: shown(d.To), Receivers: len(d.To) + len(d.Cc) + len(d.Bcc), Date: d.Date, Files: len(d.Files),
			Verdict: d.Verdict, Thread: d.Thread, CopyOf: d.CopyOf, Size: d.Size, Lang: d.Lang, Mass: d.Mass}
		if got, want := fmt.Sprintf("%+v", h), fmt.Sprintf("%+v", row); got != want {
			t.Errorf("row\n got %s\nwant %s", got, want)
		}
	}
}

func shown(list []trove.Address) string {
	if len(list) == 0 {
		return ""
	}
	if list[0].Name != "" {
		return list[0].Name
	}
	return list[0].Addr
}

func texts(t *testing.T, docs []*search.Doc, ix search.Index) {
	for _, d := range docs {
		got, err := ix.Text(t.Context(), d.Collection, d.Number)
		if err != nil || got != search.Normal(d.Body) {
			t.Errorf("text of %s: %q (%v), want %q", name(d.Collection, d.Number), got, err, d.Body)
		}
	}
	for _, c := range []trove.CollectionName{"mail", "nothing"} {
		if _, err := ix.Text(t.Context(), c, 1_000_000); !errors.Is(err, search.ErrNotFound) {
			t.Errorf("text of an unknown item in %s: %v, want ErrNotFound", c, err)
		}
	}
}

// copies checks that one of each set of copies is left.
func copies(t *testing.T, docs []*search.Doc, ix search.Index) {
	for _, text := range []string{"", "harbour", "budget -council", "no:50..300"} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		open, _ := pages(t, ix, search.Request{Query: q, Sort: search.Number, Limit: 1000})
		want := map[string]int{} // first hit of each set, and how many more
		first := map[string]string{}
		for _, h := range open { // by number: the first of a set comes first
			set := name(h.Collection, h.Number)
			if h.CopyOf != 0 {
				set = name(h.Collection, h.CopyOf)
			}
			if first[set] == "" {
				first[set] = name(h.Collection, h.Number)
				want[first[set]] = 0
				continue
			}
			want[first[set]]++
		}
		folded, total := pages(t, ix, search.Request{Query: q, Limit: 50, FoldCopies: true})
		got := map[string]int{}
		for _, h := range folded {
			got[name(h.Collection, h.Number)] = h.Copies
		}
		if !maps.Equal(got, want) || total != len(want) {
			t.Errorf("%q: %d folded hits, total %d, want %d\n got %v\nwant %v", text, len(got), total, len(want), got, want)
		}
	}
}

// threads checks that the first hit of each thread is left, in any order.
func threads(t *testing.T, ix search.Index) {
	for _, text := range []string{"", "harbour", "budget -council", "no:50..300"} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, sort := range []search.Sort{search.Newest, search.Oldest, search.Number} {
			open, _ := pages(t, ix, search.Request{Query: q, Sort: sort, Limit: 1000})
			var want []string // "mail/3 and 2", in order
			at, more := map[string]int{}, map[string]int{}
			for _, h := range open {
				thread := string(h.Collection) + h.Thread
				if _, seen := at[thread]; seen {
					more[thread]++
					continue
				}
				at[thread] = len(want)
				want = append(want, name(h.Collection, h.Number))
			}
			for thread, i := range at {
				want[i] = fmt.Sprint(want[i], " and ", more[thread])
			}
			var got []string
			folded, total := pages(t, ix, search.Request{Query: q, Sort: sort, Limit: 20, FoldThreads: true})
			for _, h := range folded {
				got = append(got, fmt.Sprint(name(h.Collection, h.Number), " and ", h.Answers))
			}
			if !slices.Equal(got, want) || total != len(want) {
				t.Errorf("%q, %s: %d folded hits, total %d, want %d\n got %v\nwant %v", text, sort, len(got), total, len(want), got, want)
			}
		}
		ranked, total := pages(t, ix, search.Request{Query: q, Sort: search.Relevance, Limit: 20, FoldThreads: true})
		newest, same := pages(t, ix, search.Request{Query: q, Sort: search.Newest, Limit: 1000, FoldThreads: true})
		if total != same || len(ranked) != len(newest) {
			t.Errorf("%q: %d folded hits by relevance, total %d, want %d", text, len(ranked), total, same)
		}
	}
}

func cursors(t *testing.T, ix search.Index) {
	q, err := search.Parse("harbour")
	if err != nil {
		t.Fatal(err)
	}
	other, err := search.Parse("council")
	if err != nil {
		t.Fatal(err)
	}
	r := search.Request{Query: q, Limit: 3}
	res, err := ix.Search(t.Context(), r)
	if err != nil || res.Next == "" {
		t.Fatalf("first page: %v", err)
	}
	for _, bad := range []search.Request{
		{Query: other, Limit: 3, Cursor: res.Next}, {Query: q, Sort: search.Number, Limit: 3, Cursor: res.Next},
		{Query: q, Limit: 3, Cursor: res.Next, FoldCopies: true}, {Query: q, Limit: 3, Cursor: "x"}, {Query: q, Limit: 3, Cursor: "!" + res.Next},
	} {
		if _, err := ix.Search(t.Context(), bad); !errors.Is(err, search.ErrCursor) {
			t.Errorf("cursor %q with %s: %v, want ErrCursor", bad.Cursor, bad.Query, err)
		}
	}
}

func deadline(t *testing.T, ix search.Index) {
	past, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	res, err := ix.Search(past, search.Request{Facets: allFacets, Limit: 10})
	if err != nil || !res.Partial {
		t.Errorf("past the deadline: %+v, %v, want a partial answer", res, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := ix.Search(ctx, search.Request{Facets: allFacets, Limit: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// concurrent asks the same from several goroutines; the race detector and the
// answers tell.
func concurrent(t *testing.T, ix search.Index) {
	q, err := search.Parse(`harbour OR "budget" OR bud* OR hrbour~1`)
	if err != nil {
		t.Fatal(err)
	}
	r := search.Request{Query: q, Sort: search.Relevance, Limit: 20, Facets: allFacets, Snippets: 2}
	want, err := ix.Search(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for range 4 {
		go func() {
			for range 20 {
				got, err := ix.Search(t.Context(), r)
				if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
					done <- fmt.Sprintf("another answer: %v", err)
					return
				}
			}
			done <- ""
		}()
	}
	for range 4 {
		if s := <-done; s != "" {
			t.Error(s)
		}
	}
}

func empty(t *testing.T, open Open) {
	ix := open(t, nil)
	defer ix.Close()
	for _, text := range []string{"", "harbour", `harb* OR "in order" OR harbuor~1 -own:x from:mary no:5 after:2015`} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, sort := range []search.Sort{search.Newest, search.Relevance, search.Number} {
			res, err := ix.Search(t.Context(), search.Request{Query: q, Sort: sort, Limit: 10, Facets: allFacets, Snippets: 1})
			if err != nil || res.Total != 0 || len(res.Hits) != 0 {
				t.Errorf("an empty index answers %+v, %v", res, err)
			}
		}
	}
}

// editions checks that the later edition of an item hides the earlier one.
func editions(t *testing.T, open Open) {
	old := &search.Doc{Collection: "mail", Number: 1, Edition: 1, Batch: 1, Kind: trove.Mail, Subject: "first words", Body: "secret"}
	other := &search.Doc{Collection: "mail", Number: 2, Edition: 1, Batch: 1, Kind: trove.Mail, Subject: "other words", Body: "plain"}
	now := &search.Doc{Collection: "mail", Number: 1, Edition: 2, Batch: 2, Kind: trove.Mail, Subject: "second words", Body: "redacted"}
	ix := open(t, []*search.Doc{old, other, now})
	defer ix.Close()
	for text, want := range map[string]int{"": 2, "words": 2, "first": 0, "secret": 0, "second": 1, "no:1": 1} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := ix.Search(t.Context(), search.Request{Query: q, Limit: 10})
		if err != nil || res.Total != want || len(res.Hits) != want {
			t.Errorf("%q: %+v, %v, want %d hits", text, res, err, want)
		}
	}
	if s, err := ix.Text(t.Context(), "mail", 1); err != nil || s != "redacted" {
		t.Errorf("text %q, %v", s, err)
	}
}
