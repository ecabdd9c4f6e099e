package segment

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"bytes"
	"slices"
	"testing"
	"unseal/material"
	"unseal/search"

	"golang.org/x/sys/unix"
)

func BenchmarkBuild(b *testing.B) {
	docs := mails(b)
	b.SetBytes(textSize(docs))
	var out bytes.Buffer
	used, n := processTime(), 0
	for b.Loop() {
		size := 0
		n++
		for batch := range slices.Chunk(docs, perBatch) {
			out.Reset()
			if err := Build(&out, each(batch)); err != nil {
				b.Fatal(err)
			}
			size += out.Len()
		}
		b.ReportMetric(float64(size)/float64(textSize(docs)), "of_text")
	}
	b.ReportMetric((processTime()-used).Seconds()/float64(n), "cpu_s")
}

var joined struct {
	sync.Once
	ix *Index
}

// whole is the index of all mails, a segment a batch, built once and read
// through memory maps as the server reads it. With UNSEAL_SEGMENTS set to a
// folder the segments are kept there for the next run.
func whole(tb testing.TB) *Index {
	joined.Do(func() {
		dir := os.Getenv("UNSEAL_SEGMENTS")
		if dir == "" {
			dir = tb.TempDir()
		}
		names, _ := filepath.Glob(filepath.Join(dir, "batch-*.seg"))
		if len(names) == 0 {
			for batch := range slices.Chunk(mails(tb), perBatch) {
				name := filepath.Join(dir, fmt.Sprintf("batch-%03d.seg", len(names)))
				if err := os.WriteFile(name, build(tb, batch), 0o600); err != nil {
					tb.Fatal(err)
				}
				names = append(names, name)
			}
		}
		var segs []*Segment
		for _, name := range names {
			segs = append(segs, openMap(tb, name))
		}
		joined.ix = NewIndex(segs...)
	})
	return joined.ix
}

// mapped writes a segment to a file and opens a map of it.
func mapped(tb testing.TB, name string, data Bytes) *Segment {
	tb.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	defer os.Remove(name)
	return openMap(tb, name)
}

func openMap(tb testing.TB, name string) *Segment {
	tb.Helper()
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	m, err := Map(f, info.Size())
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Open(m, info.Size())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// classQuery is a query of queries.json.
type classQuery struct{ Cls, Q string }

func classes(tb testing.TB) (order []string, by map[string][]string) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(material.Bench(tb), "queries.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Queries []classQuery }
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	by = map[string][]string{}
	for _, q := range file.Queries {
		if by[q.Cls] == nil {
			order = append(order, q.Cls)
		}
		by[q.Cls] = append(by[q.Cls], q.Q)
	}
	return order, by
}

// requestOf is what the class asks with its query: as in the design's table.
func requestOf(tb testing.TB, class, q string) search.Request {
	tb.Helper()
	query, err := search.Parse(q)
	if err != nil {
		tb.Fatal(err)
	}
	r := search.Request{Query: query, Sort: search.Relevance, Limit: 10}
	switch class {
	case "facets":
		r.Facets, r.FacetSize = []string{search.FacetCollection, search.FacetYear, search.FacetPerson}, 6
	case "newest 10":
		r.Sort = search.Newest
	case "hits 10,000 on":
		r.Sort, r.Limit = search.Newest, 10_000
	}
	return r
}

// BenchmarkClasses reports p50 and p95 of each class of queries in milliseconds.
func BenchmarkClasses(b *testing.B) {
	ix := whole(b)
	order, by := classes(b)
	for _, class := range order {
		b.Run(strings.ReplaceAll(class, " ", "_"), func(b *testing.B) {
			var times, cpu []time.Duration
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for b.Loop() {
				for _, q := range by[class] {
					r := requestOf(b, class, q)
					start, used := time.Now(), threadTime()
					if _, err := ix.Search(b.Context(), r); err != nil {
						b.Fatal(err)
					}
					times, cpu = append(times, time.Since(start)), append(cpu, threadTime()-used)
				}
			}
			slices.Sort(times)
			slices.Sort(cpu)
			b.ReportMetric(ms(times[len(times)/2]), "p50_ms")
			b.ReportMetric(ms(times[len(times)*95/100]), "p95_ms")
			b.ReportMetric(ms(cpu[len(cpu)/2]), "cpu50_ms")
			b.ReportMetric(ms(cpu[len(cpu)*95/100]), "cpu95_ms")
		})
	}
}

// threadTime is the processor time of this thread: what a search costs on a
// machine that does other things besides.
func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// processTime is the processor time of the whole process, collector included.
func processTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// BenchmarkOpen opens the segments of all mails, as a server does at its start.
func BenchmarkOpen(b *testing.B) {
	var files []Bytes
	for batch := range slices.Chunk(mails(b), perBatch) {
		files = append(files, build(b, batch))
	}
	for b.Loop() {
		b.StopTimer()
		before := heapSize()
		b.StartTimer()
		segs := make([]*Segment, len(files))
		for i, f := range files {
			segs[i] = open(b, f)
		}
		ix := NewIndex(segs...)
		if _, err := ix.Search(b.Context(), search.Request{Facets: []string{search.FacetPerson, search.FacetYear, search.FacetType, search.FacetBatch}}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(heapSize()-before)/1e6, "heap_MB")
		runtime.KeepAlive(ix)
		b.StartTimer()
	}
}

// BenchmarkBuildMemory reports how much the heap grows while one batch is built.
func BenchmarkBuildMemory(b *testing.B) {
	docs := mails(b)[40_000 : 40_000+perBatch]
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	for b.Loop() {
		before, peak := heapSize(), int64(0)
		watched := func(yield func(*search.Doc, error) bool) {
			for i, d := range docs {
				if i%100 == 0 {
					peak = max(peak, live())
				}
				if !yield(d, nil) {
					return
				}
			}
		}
		if err := Build(watching{&peak}, watched); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(peak-before)/1e6, "peak_MB")
	}
}

// watching is a writer that looks at the heap.
type watching struct{ peak *int64 }

func (w watching) Write(p []byte) (int, error) {
	*w.peak = max(*w.peak, live())
	return len(p), nil
}

func heapSize() int64 {
	runtime.GC()
	return live()
}

func live() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
