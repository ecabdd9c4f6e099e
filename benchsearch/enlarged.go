package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The enlargements, and how many batches the largest is cut into, as an archive
// of that size would be.
const (
	middle  = 4
	largest = 16
	batches = 500
)

// enlarged builds and asks enlargements of ours, in many segments and in one.
func (b *bench) enlarged() error {
	var rows []scale
	b.targets.rates = map[int]float64{}
	b.doc.section("Enlargements")
	b.doc.text("The mails repeated, each copy in its own stretch of the same years, with numbers of its own in its texts; built by as many workers as there are cores. The memory of a merge is without the mapped files.\n")
	b.doc.table("mails", "segments", "CPU s", "wall s", "MB of text a CPU s", "index / text", "peak MB")
	for _, copies := range []int{1, middle, largest} {
		batch := perBatch
		if copies == largest {
			batch = (b.docs*copies + batches - 1) / batches
		}
		dir, o, err := b.buildLarge(copies, batch)
		if err != nil {
			return err
		}
		rows = append(rows, scale{copies: copies, files: segmentFiles(dir)})
		b.targets.rates[copies] = megabytes(o.Text) / o.CPU
		if err := b.largeRow(number(copies*b.docs), dir, o); err != nil {
			return err
		}
		if copies == middle {
			continue
		}
		one, err := b.mergeLarge(copies, dir)
		if err != nil {
			return err
		}
		rows = append(rows, scale{copies: copies, merged: true, files: []string{one}})
	}
	return b.askLarge(rows)
}

// scale is an index of some size.
type scale struct {
	copies int
	merged bool // into one segment
	files  []string
}

func segmentFiles(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.seg")) // the pattern is sound
	return files
}

func (b *bench) largeRow(mails, dir string, o outcome) error {
	size, err := folderSize(dir)
	if err != nil {
		return err
	}
	b.doc.row(mails, number(len(segmentFiles(dir))), decimals(o.CPU, 1), decimals(o.Wall, 1), decimals(megabytes(o.Text)/o.CPU, 1),
		decimals(float64(size)/float64(o.Text), 2), decimals(megabytes(o.Peak), 0))
	return nil
}

// largeDir is where the segments of an enlargement lie.
func (b *bench) largeDir(copies int) string {
	return filepath.Join(b.dir, fmt.Sprintf("segments-%d", copies))
}

// merged is the one segment of an enlargement.
func (b *bench) merged(copies int) string {
	return filepath.Join(b.dir, fmt.Sprintf("merged-%d", copies), "search.seg")
}

// mergeLarge makes one segment of many.
func (b *bench) mergeLarge(copies int, dir string) (string, error) {
	b.say("merging: %d times the mails", copies)
	name := b.merged(copies)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	o, err := b.send(job{What: "merge", Engine: "unseal", Dir: dir, File: name})
	if err != nil {
		return "", err
	}
	o.Text, o.Peak = int64(copies)*b.text, o.Own // the mapped files are the page cache's
	return name, b.largeRow(number(copies*b.docs)+", merged", filepath.Dir(name), o)
}

// askLarge times ours at every size.
func (b *bench) askLarge(rows []scale) error {
	columns := []string{"mails", "segments"}
	for i := range b.queries {
		if q := &b.queries[i]; q.Class == classCommon {
			columns = append(columns, "`"+q.Text+"`")
		}
	}
	b.doc.text("\nTop ten of common terms, p50 in milliseconds; the slowest class, p95; and what facets cost for each hit: the time of the question with three facets less that of the question without, over all hits of the class of facets.\n")
	b.doc.table(append(columns, "slowest class, ranked", "slowest class, faceted", "facets, ns a hit")...)
	for _, r := range rows {
		b.say("asking: %d times the mails in %d segments", r.copies, len(r.files))
		if err := b.askScale(r); err != nil {
			return err
		}
	}
	return nil
}

// classCommon is the class of queries.json whose growth is watched.
const classCommon = "common term"

func (b *bench) askScale(r scale) error {
	ix, err := openFiles(slices.Clone(r.files))
	if err != nil {
		return err
	}
	defer ix.Close()
	if err := b.settle(ix); err != nil {
		return err
	}
	cells := []string{number(r.copies * b.docs), number(len(r.files))}
	var common times
	for i := range b.queries {
		if q := &b.queries[i]; q.Class == classCommon {
			t, err := timeOne(ix, q, ranked)
			if err != nil {
				return err
			}
			cells, common = append(cells, millis(t.quantile(0.5))), append(common, t...)
		}
	}
	for _, how := range []variant{ranked, faceted} {
		all, err := b.timeAll(ix, how)
		if err != nil {
			return err
		}
		class, p95 := slowest(all, b.classes())
		cells = append(cells, fmt.Sprintf("%s (%s)", millis(p95), class))
	}
	cost, err := b.facetCost(ix)
	if err != nil {
		return err
	}
	b.doc.row(append(cells, decimals(cost, 1))...)
	b.targets.learnScale(r, common.sort().quantile(0.5), cost)
	return nil
}

// timeOne asks one question.
func timeOne(ix preparer, q *question, how variant) (times, error) {
	ask, err := ix.prepare(q, how)
	if err != nil {
		return nil, err
	}
	t, err := clock(ask)
	return t.sort(), err
}

// slowest is the class with the greatest p95.
func slowest(all timed, classes []string) (class string, p95 time.Duration) {
	for _, c := range classes {
		if p := all[c].quantile(0.95); p >= p95 {
			class, p95 = c, p
		}
	}
	return class, p95
}

// facetCost is what facets cost for each hit, in nanoseconds.
func (b *bench) facetCost(ix *joined) (float64, error) {
	var with, without time.Duration
	hits := 0
	for i := range b.queries {
		q := &b.queries[i]
		if q.Class != classFacets {
			continue
		}
		f, err := timeOne(ix, q, faceted)
		if err != nil {
			return 0, err
		}
		r, err := timeOne(ix, q, ranked)
		if err != nil {
			return 0, err
		}
		ask, err := ix.prepare(q, ranked)
		if err != nil {
			return 0, err
		}
		n, err := ask()
		if err != nil {
			return 0, err
		}
		with, without, hits = with+f.quantile(0.5), without+r.quantile(0.5), hits+n
	}
	return float64(with-without) / float64(max(1, hits)), nil
}
