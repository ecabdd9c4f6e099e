package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"unseal/search/segment"
)

// The most that a static reader may fetch, from search.md.
const (
	aimFirstBytes = 300_000
	aimFirstReads = 8
	aimNextBytes  = 100_000
)

// rangePage is the unit in which ranges are counted: that of the checksums.
const rangePage = 4096

// ranges is a file as a static host gives it out: read in pages, each fetched
// once. Pages side by side that are missing are one request. It is not safe for
// concurrent use.
type ranges struct {
	r     io.ReaderAt
	size  int64
	have  map[int64]bool
	reads int
	bytes int64
}

// ReadAt implements io.ReaderAt.
func (x *ranges) ReadAt(p []byte, off int64) (int, error) {
	run := false
	for page := off / rangePage; page*rangePage < off+int64(len(p)); page++ {
		missing := !x.have[page]
		if missing {
			if !run {
				x.reads++
			}
			x.have[page] = true
			x.bytes += max(0, min(rangePage, x.size-page*rangePage))
		}
		run = missing
	}
	return x.r.ReadAt(p, off)
}

// fetched is what one question cost.
type fetched struct {
	reads int
	bytes int64
}

// static counts what a reader of one segment over ranges fetches.
func (b *bench) static() error {
	b.doc.section("A static reader")
	b.doc.text("One merged segment behind HTTP ranges, as Go's reader asks for it: pages of %d bytes, each fetched once, neighbours in one request. First: opening and the first answer, ten best hits with a snippet. Further: every question once, one after another, with what was fetched before at hand.\n", rangePage)
	b.doc.table("mails", "segment MB", "opening, requests", "opening, KB", "first, requests p50 / most", "first, KB p50 / p95 / most", "further, requests p50 / most", "further, KB p50 / p95 / most")
	for _, copies := range []int{1, largest} {
		if err := b.staticRow(copies); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) staticRow(copies int) error {
	f, err := os.Open(b.merged(copies))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	opening, first, err := b.firstAnswers(f, info.Size())
	if err != nil {
		return err
	}
	further, err := b.furtherAnswers(f, info.Size())
	if err != nil {
		return err
	}
	b.doc.row(number(copies*b.docs), decimals(megabytes(info.Size()), 0), number(opening.reads), kilo(opening.bytes),
		readsCell(first), bytesCell(first), readsCell(further), bytesCell(further))
	if copies == largest {
		b.targets.first, b.targets.further = most(first), most(further)
	}
	return nil
}

// firstAnswers opens the segment anew for each question.
func (b *bench) firstAnswers(f io.ReaderAt, size int64) (opening fetched, all []fetched, err error) {
	for i := range b.queries {
		x := &ranges{r: f, size: size, have: map[int64]bool{}}
		s, err := segment.Open(x, size)
		if err != nil {
			return opening, nil, err
		}
		ix := segment.NewIndex(s)
		opening = fetched{x.reads, x.bytes}
		if err := staticAsk(ix, &b.queries[i]); err != nil {
			return opening, nil, err
		}
		all = append(all, fetched{x.reads, x.bytes})
	}
	return opening, all, nil
}

// furtherAnswers asks all questions of one open segment; the first is not counted.
func (b *bench) furtherAnswers(f io.ReaderAt, size int64) (all []fetched, err error) {
	x := &ranges{r: f, size: size, have: map[int64]bool{}}
	s, err := segment.Open(x, size)
	if err != nil {
		return nil, err
	}
	ix := segment.NewIndex(s)
	for i := range b.queries {
		before := *x
		if err := staticAsk(ix, &b.queries[i]); err != nil {
			return nil, err
		}
		if i > 0 {
			all = append(all, fetched{x.reads - before.reads, x.bytes - before.bytes})
		}
	}
	return all, nil
}

func staticAsk(ix *segment.Index, q *question) error {
	r := request(q, ranked)
	if q.Class == classDeep {
		r.Limit = 10 // no browser goes there
	}
	r.Snippets = 1
	if _, err := ix.Search(context.Background(), r); err != nil {
		return fmt.Errorf("static: query %s: %w", q.Text, err)
	}
	return nil
}

// most is the greatest of each.
func most(all []fetched) (m fetched) {
	for _, f := range all {
		m.reads, m.bytes = max(m.reads, f.reads), max(m.bytes, f.bytes)
	}
	return m
}

func kilo(n int64) string { return decimals(float64(n)/1000, 0) }

func readsCell(all []fetched) string {
	var list []int
	for _, f := range all {
		list = append(list, f.reads)
	}
	slices.Sort(list)
	return fmt.Sprintf("%d / %d", list[len(list)/2], list[len(list)-1])
}

func bytesCell(all []fetched) string {
	var list []int64
	for _, f := range all {
		list = append(list, f.bytes)
	}
	slices.Sort(list)
	return fmt.Sprintf("%s / %s / %s", kilo(list[len(list)/2]), kilo(list[len(list)*95/100]), kilo(list[len(list)-1]))
}
