package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"unseal/search"
	"unseal/search/segment"
)

// segments is our own engine.
type segments struct{ workers, perBatch int }

func (segments) name() string { return "unseal" }

// build writes a segment a batch, workers of them side by side.
func (e segments) build(dir string, docs iter.Seq2[*search.Doc, error]) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	batches := make(chan []*search.Doc)
	failed := make(chan error, max(1, e.workers))
	var wg sync.WaitGroup
	for range max(1, e.workers) {
		wg.Go(func() {
			var errs []error
			for batch := range batches {
				errs = append(errs, writeSegment(filepath.Join(dir, fmt.Sprintf("%05d.seg", batch[0].Batch)), batch))
			}
			failed <- errors.Join(errs...)
		})
	}
	err := eachBatch(docs, e.perBatch, func(batch []*search.Doc) { batches <- batch })
	close(batches)
	wg.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// eachBatch cuts documents into batches.
func eachBatch(docs iter.Seq2[*search.Doc, error], size int, fn func([]*search.Doc)) error {
	var batch []*search.Doc
	for d, err := range docs {
		if err != nil {
			return err
		}
		if batch = append(batch, d); len(batch) == size {
			fn(batch)
			batch = nil
		}
	}
	if len(batch) > 0 {
		fn(batch)
	}
	return nil
}

func writeSegment(name string, docs []*search.Doc) error {
	return writeFile(name, func(w *bufio.Writer) error {
		return segment.Build(w, func(yield func(*search.Doc, error) bool) {
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		})
	})
}

func writeFile(name string, fill func(*bufio.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(fill(w), w.Flush(), f.Close())
}

func (segments) open(dir string) (index, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return nil, err
	}
	return openFiles(files)
}

// openFiles opens segments through memory maps, as the server does.
func openFiles(files []string) (*joined, error) {
	slices.Sort(files)
	var list []*segment.Segment
	for _, name := range files {
		s, err := openMapped(name)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return &joined{segment.NewIndex(list...)}, nil
}

func openMapped(name string) (*segment.Segment, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := segment.Map(f, info.Size())
	if err != nil {
		return nil, err
	}
	return segment.Open(m, info.Size())
}

// joined is our index over segments.
type joined struct{ *segment.Index }

func (x *joined) prepare(q *question, how variant) (func() (int, error), error) {
	r := request(q, how)
	if q.Class == classDeep {
		first, err := x.Search(context.Background(), search.Request{Query: r.Query, Sort: search.Newest, Limit: deep})
		if err != nil {
			return nil, err
		}
		r.Cursor = first.Next
	}
	var run atomic.Int64
	return func() (int, error) {
		r := r
		r.Query = &search.Query{Root: unlike(r.Query.Root, int(run.Add(1))), Exact: r.Query.Exact}
		res, err := x.Search(context.Background(), r)
		if err != nil {
			return 0, err
		}
		return res.Total, nil
	}, nil
}

// unlike is a clause that means the same and shares no answer with earlier
// runs: the index keeps those of heavy phrases for the next page, and what is
// measured is the first. Phrases have no use for N.
func unlike(n search.Node, run int) search.Node {
	switch n := n.(type) {
	case search.And:
		return search.And(unlikeAll(n, run))
	case search.Or:
		return search.Or(unlikeAll(n, run))
	case search.Not:
		return search.Not{Node: unlike(n.Node, run)}
	case *search.Text:
		if n.Mode == search.Phrase {
			t := *n
			t.N = run
			return &t
		}
	}
	return n
}

func unlikeAll(list []search.Node, run int) (out []search.Node) {
	for _, n := range list {
		out = append(out, unlike(n, run))
	}
	return out
}

// request is what a question asks of our index.
func request(q *question, how variant) search.Request {
	r := search.Request{Query: q.asked, Sort: search.Relevance, Limit: 10}
	if q.Class == classNewest || q.Class == classDeep {
		r.Sort = search.Newest
	}
	switch how {
	case faceted:
		r.Facets, r.FacetSize = []string{search.FacetCollection, search.FacetYear, search.FacetPerson}, facetTop
	case page:
		r.Facets, r.FacetSize = []string{search.FacetType, search.FacetPerson, search.FacetBatch, search.FacetVerification, search.FacetLanguage,
			search.FacetHas, search.FacetCollection, search.FacetOwner, search.FacetYear}, facetTop
		r.Limit, r.Snippets = 20, 2
	case exact:
		r.Query = q.exact
	}
	return r
}

func (x *joined) numbers(q *question) (list []int, err error) {
	r := search.Request{Query: q.exact, Sort: search.Number, Limit: search.MaxLimit}
	for {
		res, err := x.Search(context.Background(), r)
		if err != nil {
			return nil, err
		}
		for _, h := range res.Hits {
			list = append(list, h.Number)
		}
		if r.Cursor = res.Next; r.Cursor == "" {
			return list, nil
		}
	}
}
