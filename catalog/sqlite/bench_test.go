package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"unseal/catalog"
	"unseal/trove"
)

// The size of the mail archive that the product is measured with.
const (
	benchItems = 76_487
	benchChunk = 500
)

// benchItem makes item i of a big collection, with a record of about 900 bytes.
func benchItem(i int, file trove.Digest) catalog.NewItem {
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(i))
	id := fmt.Sprintf("%d.1075855378110.JavaMail.evans@thyme.example.org", i)
	return catalog.NewItem{
		Item: catalog.Item{
			SHA256: trove.Sum(seed[:]), Size: 3000,
			Span:     catalog.Span{Blob: file, Offset: int64(i) * 3100, Length: 3000, Rule: trove.MboxRD},
			Text:     catalog.TextRef{Blob: trove.Sum([]byte("text")), Offset: int64(i) * 900, Length: 900},
			Kind:     trove.Mail,
			SortDate: time.Unix(1e9+int64(i)*60, 0), MessageID: id,
			Content: trove.Sum(append(seed[:], 'c')),
			Record:  fmt.Appendf(nil, `{"kind":"mail","subject":"Subject %d","message_id":%q,"text":%q}`, i, id, strings.Repeat("a word ", 110)),
			State:   trove.In,
		},
		Occurrences: []trove.Occurrence{{Owner: "someone", Path: "mail/big.mbox", FileSHA256: file, Offset: int64(i) * 3100, Length: 3000, Rule: trove.MboxRD}},
	}
}

// fillBench makes a catalog of n items.
func fillBench(b *testing.B, n int) *Catalog {
	b.Helper()
	ctx := context.Background()
	c, err := Create(ctx, filepath.Join(b.TempDir(), "catalog.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(c.PutCollection(ctx, catalog.Collection{Name: "mail"}))
	t, err := c.BeginTrove(ctx, catalog.Trove{Collection: "mail", Path: "big"}, catalog.Author{})
	must(err)
	sum := trove.Sum([]byte("big.mbox"))
	files, err := c.BeginFiles(ctx, t.ID, []catalog.File{{Path: "mail/big.mbox", SHA256: sum, Size: 1 << 28}})
	must(err)
	for i := 0; i < n; i += benchChunk {
		chunk := catalog.Chunk{File: files[0]}
		for j := i; j < min(i+benchChunk, n); j++ {
			chunk.Items = append(chunk.Items, benchItem(j, sum))
		}
		chunk.File.Progress = int64(i + len(chunk.Items))
		_, err := c.AddChunks(ctx, []catalog.Chunk{chunk})
		must(err)
	}
	must(c.EndTrove(ctx, t.ID))
	return c
}

func numbered(b *testing.B, c *Catalog) []catalog.Numbered {
	b.Helper()
	var all []catalog.Numbered
	err := c.Items(context.Background(), catalog.Query{Collection: "mail", NoRecord: true}, func(it *catalog.Item) error {
		all = append(all, catalog.Numbered{Item: it.ID, Opening: catalog.Opening{Root: it.SHA256, Segments: 500}})
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func BenchmarkAddChunks(b *testing.B) {
	for b.Loop() {
		fillBench(b, benchItems)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB-sys")
}

func BenchmarkItems(b *testing.B) {
	for _, noRecord := range []bool{false, true} {
		b.Run(fmt.Sprintf("norecord=%v", noRecord), func(b *testing.B) {
			c := fillBench(b, benchItems)
			for b.Loop() {
				n := 0
				err := c.Items(context.Background(), catalog.Query{Collection: "mail", NoRecord: noRecord}, func(it *catalog.Item) error {
					n += len(it.Record) + 1
					return nil
				})
				if err != nil || n < benchItems {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkOccurrences(b *testing.B) {
	c := fillBench(b, benchItems)
	for b.Loop() {
		n := 0
		err := c.Occurrences(context.Background(), "mail", 0, func(catalog.ItemID, *trove.Occurrence) error { n++; return nil })
		if err != nil || n != benchItems {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkPublishing times each bulk change once over a full collection.
func BenchmarkPublishing(b *testing.B) {
	ctx := context.Background()
	for b.Loop() {
		b.StopTimer()
		c := fillBench(b, benchItems)
		all := numbered(b, c)
		b.StartTimer()
		timed := func(name string, fn func() error) {
			start := time.Now()
			if err := fn(); err != nil {
				b.Fatal(name, err)
			}
			b.ReportMetric(float64(time.Since(start).Milliseconds()), name+"-ms")
		}
		timed("threads", func() error {
			return c.SetThreads(ctx, func(yield func(catalog.ThreadRow) bool) {
				for i, n := range all {
					if !yield(catalog.ThreadRow{Item: n.Item, Thread: fmt.Sprintf("%016x", i/3)}) {
						return
					}
				}
			})
		})
		timed("threads-again", func() error {
			return c.SetThreads(ctx, func(yield func(catalog.ThreadRow) bool) {
				for i, n := range all {
					if !yield(catalog.ThreadRow{Item: n.Item, Thread: fmt.Sprintf("%016x", i/3)}) {
						return
					}
				}
			})
		})
		timed("commit", func() error {
			return c.Commit(ctx, catalog.Commitment{Collection: "mail", K: 1, First: 1, Count: len(all), Root: trove.Sum(nil)}, all)
		})
		timed("plan", func() error {
			_, err := c.PlanBatches(ctx, "mail", 2500)
			return err
		})
		timed("read-by-batch", func() error {
			for n := range (len(all) + 2499) / 2500 {
				err := c.Items(ctx, catalog.Query{Collection: "mail", Batch: n + 1}, func(*catalog.Item) error { return nil })
				if err != nil {
					return err
				}
			}
			return nil
		})
		timed("published", func() error {
			batches, err := c.Batches(ctx, "mail")
			for _, x := range batches {
				x.Manifest, x.Edition = trove.Sum([]byte{byte(x.Number)}), 1
				if err := c.MarkPublished(ctx, x); err != nil {
					return err
				}
			}
			return err
		})
		timed("check", func() error {
			found, err := c.Check(ctx)
			if len(found) > 0 {
				b.Fatal(found)
			}
			return err
		})
		timed("backup", func() error { return c.Backup(ctx, filepath.Join(b.TempDir(), "copy.db")) })
	}
}
