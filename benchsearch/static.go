package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"unseal/search/segment"
)

// The most that a static reader may fetch, from search.md.
const (
	aimFirstBytes = 300_000
	aimFirstReads = 8
	aimNextBytes  = 100_000
)

// pageSnippets is how many snippets the page shows of a hit.
const pageSnippets = 2

// rangePage is the unit in which ranges are counted: that of the checksums.
const rangePage = 4096

// ranges is a file as a static host gives it out: read in pages, each fetched
// once. Pages side by side that are missing are one request. It is not safe for
// concurrent use.
type ranges struct {
	r    io.ReaderAt
	size int64
	have map[int64]bool
	cost fetched
}

// ReadAt implements io.ReaderAt.
func (x *ranges) ReadAt(p []byte, off int64) (int, error) {
	run := false
	for page := off / rangePage; page*rangePage < off+int64(len(p)); page++ {
		missing := !x.have[page]
		if missing {
			if !run {
				x.cost.Reads++
			}
			x.have[page] = true
			x.cost.Bytes += max(0, min(rangePage, x.size-page*rangePage))
		}
		run = missing
	}
	return x.r.ReadAt(p, off)
}

// fetched is what something cost over ranges.
type fetched struct {
	Reads  int // requests
	Rounds int // of requests that wait for others; 0 where that is not known
	Bytes  int64
}

func (f fetched) less(g fetched) fetched {
	return fetched{f.Reads - g.Reads, f.Rounds - g.Rounds, f.Bytes - g.Bytes}
}

// static counts what a reader of one segment over ranges fetches.
func (b *bench) static() error {
	b.doc.section("A static reader")
	b.doc.text("One merged segment behind HTTP ranges. First: opening and the first answer, hits with snippets. Further: every question once, one after another, with what was fetched before at hand. The page's script runs under node, as it does in a browser; it and Go's reader, which reads pages of %d bytes, each once, neighbours in one request, ask for ten hits. Rounds are requests that had to wait for others.\n", rangePage)
	node, err := exec.LookPath("node")
	if err != nil {
		b.doc.text("node is not installed: the page's script was left out.\n")
	}
	b.doc.table("mails", "segment MB", "reader", "opening: requests, KB", "first: requests p50 / p95 / most", "first: rounds", "first: KB", "further: requests", "further: rounds", "further: KB")
	for _, copies := range []int{1, largest} {
		b.say("static reader: %d times the mails", copies)
		if err := b.staticRows(node, copies); err != nil {
			return err
		}
	}
	return nil
}

// staticRows counts with each reader. The targets are the page's.
func (b *bench) staticRows(node string, copies int) error {
	f, err := os.Open(b.merged(copies))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c, err := b.goCosts(f, info.Size())
	if err != nil {
		return err
	}
	b.staticRow(copies, info.Size(), "Go", c)
	if node == "" {
		return nil
	}
	if c, err = b.browserCosts(node, f.Name(), 0); err != nil {
		return err
	}
	b.staticRow(copies, info.Size(), "the page, without snippets", c)
	if c, err = b.browserCosts(node, f.Name(), pageSnippets); err != nil {
		return err
	}
	b.staticRow(copies, info.Size(), "the page", c)
	if copies == largest {
		b.targets.first, b.targets.further, b.targets.static = most(c.First), most(c.Further), true
	}
	return nil
}

func (b *bench) staticRow(copies int, size int64, reader string, c costs) {
	cells := []string{number(copies * b.docs), decimals(megabytes(size), 0), reader, fmt.Sprintf("%d, %s", c.Opening.Reads, kilo(c.Opening.Bytes))}
	for _, list := range [][]fetched{c.First, c.Further} {
		for _, value := range []func(fetched) int64{
			func(f fetched) int64 { return int64(f.Reads) }, func(f fetched) int64 { return int64(f.Rounds) }, func(f fetched) int64 { return (f.Bytes + 500) / 1000 },
		} {
			cells = append(cells, spread(list, value))
		}
	}
	b.doc.row(cells...)
}

// spread writes p50, p95 and the greatest of a value; "-" where it is always 0.
func spread(all []fetched, value func(fetched) int64) string {
	var list []int64
	for _, f := range all {
		list = append(list, value(f))
	}
	slices.Sort(list)
	if len(list) == 0 || list[len(list)-1] == 0 {
		return "-"
	}
	return fmt.Sprintf("%d / %d / %d", list[len(list)/2], list[len(list)*95/100], list[len(list)-1])
}

// goCosts counts what our reader in Go fetches.
func (b *bench) goCosts(f io.ReaderAt, size int64) (c costs, err error) {
	for i := range b.queries {
		x, ix, err := openRanges(f, size)
		if err != nil {
			return c, err
		}
		c.Opening = x.cost
		if err := staticAsk(ix, &b.queries[i]); err != nil {
			return c, err
		}
		c.First = append(c.First, x.cost)
	}
	x, ix, err := openRanges(f, size)
	if err != nil {
		return c, err
	}
	for i := range b.queries {
		before := x.cost
		if err := staticAsk(ix, &b.queries[i]); err != nil {
			return c, err
		}
		if i > 0 {
			c.Further = append(c.Further, x.cost.less(before))
		}
	}
	return c, nil
}

func openRanges(f io.ReaderAt, size int64) (*ranges, *segment.Index, error) {
	x := &ranges{r: f, size: size, have: map[int64]bool{}}
	s, err := segment.Open(x, size)
	if err != nil {
		return nil, nil, err
	}
	return x, segment.NewIndex(s), nil
}

func staticAsk(ix *segment.Index, q *question) error {
	r := request(q, ranked)
	r.Snippets = 1
	if _, err := ix.Search(context.Background(), r); err != nil {
		return fmt.Errorf("static: query %s: %w", q.Text, err)
	}
	return nil
}

// most is the greatest of each.
func most(all []fetched) (m fetched) {
	for _, f := range all {
		m = fetched{max(m.Reads, f.Reads), max(m.Rounds, f.Rounds), max(m.Bytes, f.Bytes)}
	}
	return m
}

func kilo(n int64) string { return decimals(float64(n)/1000, 0) }
