package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is the Markdown that is written.
type report struct{ strings.Builder }

func (r *report) section(title string) { fmt.Fprintf(r, "\n## %s\n\n", title) }

func (r *report) text(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

// table begins a table; rows follow.
func (r *report) table(columns ...string) {
	r.row(columns...)
	r.text("|%s", strings.Repeat("---|", len(columns)))
}

func (r *report) row(cells ...string) { r.text("| %s |", strings.Join(cells, " | ")) }

// heading says on what machine, at what commit and beside what load.
func (b *bench) heading() {
	commit, err := exec.CommandContext(b.ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	load, _, _ := strings.Cut(readString("/proc/loadavg"), " ")
	b.doc.text("# Figures of the search engine\n\nWritten by `make bench-search` on %s at commit %s: %s, %d cores, %s, %s, %s/%s. Load of the machine when the run began: %s.",
		time.Now().UTC().Format("2 January 2006"), strings.TrimSpace(string(commit)),
		procField("/proc/cpuinfo", "model name"), runtime.NumCPU(), procField("/proc/meminfo", "MemTotal"), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, load)
	b.doc.text("\nEvery figure is of this one run. MB are 1,000,000 bytes. The table of the targets stands at the end.")
	if b.mails > 0 {
		b.doc.text("\n**A trial with at most %s mails of each mailbox: no figure below is one of the project's.**", number(b.mails))
	}
}

func readString(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(data)
}

// procField returns the value of the first "name : value" line of a file of /proc.
func procField(file, name string) string {
	for line := range strings.Lines(readString(file)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func decimals(f float64, n int) string { return fmt.Sprintf("%.*f", n, f) }

func megabytes(n int64) float64 { return float64(n) / 1e6 }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// millis writes a duration in milliseconds, with as many digits as matter.
func millis(d time.Duration) string {
	switch v := ms(d); {
	case v < 10:
		return decimals(v, 2)
	case v < 100:
		return decimals(v, 1)
	default:
		return decimals(v, 0)
	}
}

// times are durations of one kind of thing.
type times []time.Duration

// sort puts them in order, which quantile wants.
func (t times) sort() times {
	slices.Sort(t)
	return t
}

// quantile of sorted times; 0 of none.
func (t times) quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(int(q*float64(len(t))), len(t)-1)]
}

// cell writes p50, p95 and p99 of sorted times.
func (t times) cell() string {
	if len(t) == 0 {
		return "-"
	}
	return millis(t.quantile(0.5)) + " / " + millis(t.quantile(0.95)) + " / " + millis(t.quantile(0.99))
}
