package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
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
	b.doc.text("# Figures\n\nWritten by `make bench` on %s at commit %s: %s, %d cores, %s, %s/%s. Load of the machine when the run began: %s.",
		time.Now().UTC().Format("2 January 2006"), strings.TrimSpace(string(commit)),
		procField("/proc/cpuinfo", "model name"), runtime.NumCPU(), procField("/proc/meminfo", "MemTotal"),
		runtime.GOOS, runtime.GOARCH, load)
	b.doc.text("\nEvery figure is of this one run. CPU seconds count the command and all its children; MB are 1,000,000 bytes; memory is the largest sum of resident sets seen.")
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

// times writes a ratio: how many times a is b.
func times(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return decimals(a/b, 1) + " ×"
}
