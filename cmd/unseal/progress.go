package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// quietEvery is how often progress is told where there is no terminal.
const quietEvery = 30 * time.Second

// progress shows how far long work is: on a terminal one line with rate and
// time left, else one line every 30 s; nothing with --json or -q.
// It is safe for concurrent use.
type progress struct {
	ui    *ui
	what  string
	start time.Time
	every time.Duration

	mu   sync.Mutex // guards last
	last time.Time
}

func (u *ui) progress(what string) *progress {
	p := &progress{ui: u, what: what, start: time.Now(), every: quietEvery}
	p.last = p.start
	if u.tty {
		p.every = time.Second / time.Duration(framesPerSecond())
	}
	return p
}

// framesPerSecond reads UNSEAL_PROGRESS_FPS; see off for 0.
func framesPerSecond() int {
	n, err := strconv.Atoi(os.Getenv("UNSEAL_PROGRESS_FPS"))
	if err != nil || n < 1 || n > 60 {
		return 5
	}
	return n
}

func off() bool { return os.Getenv("UNSEAL_PROGRESS_FPS") == "0" }

// show tells that done of total units are done; total 0 means not known.
// detail follows the figures.
func (p *progress) show(done, total int64, detail string) {
	if p.ui.json || p.ui.quiet || off() {
		return
	}
	p.mu.Lock()
	now := time.Now()
	due := now.Sub(p.last) >= p.every
	if due {
		p.last = now
	}
	p.mu.Unlock()
	if !due {
		return
	}
	p.write(p.text(done, total, now.Sub(p.start)) + detail)
}

func (p *progress) text(done, total int64, spent time.Duration) string {
	rate := float64(done) / spent.Seconds()
	s := fmt.Sprintf("%s  %s", p.what, count(done))
	if total > 0 {
		s += fmt.Sprintf(" of %s (%d %%)", count(total), done*100/total)
	}
	s += fmt.Sprintf("  %s/s", count(int64(rate)))
	if total > done && rate > 0 {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		s += "  " + left.Round(time.Second).String() + " left"
	}
	return s + "  "
}

func (p *progress) write(s string) {
	p.ui.mu.Lock()
	defer p.ui.mu.Unlock()
	if !p.ui.tty {
		fmt.Fprintln(p.ui.err, visible(s))
		return
	}
	fmt.Fprintf(p.ui.err, "\r\x1b[K%s", visible(s))
	p.ui.live = true
}
