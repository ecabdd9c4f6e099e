// Command benchsearch measures the search engine on 76,487 public mails, beside
// bleve, SQLite FTS5 and notmuch on the same mails and machine in the same run,
// and writes the figures as Markdown. "make bench-search" runs it, in about 20
// minutes on two quiet cores.
//
// It is a module of its own, so that what bleve brings along stands in no list
// of ours and in no binary. It needs Linux (/proc), xz, the material of
// ../shared/bench (UNSEAL_BENCH), and for archives and abuse the binary. What
// is not there is left out, and the page says so.
//
// The mails are parsed once, into a temporary file. Each index is built by a
// child process of its own, which reads them from there; the time that reading
// alone takes is taken off. CPU seconds are those of the child; memory is its
// largest resident set, as the kernel counted it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// bench is one run with what it has found so far.
type bench struct {
	ctx    context.Context
	began  time.Time
	unseal string // the binary under test; empty leaves out what needs it
	shared string // the material
	dir    string // where everything is made
	mails  int    // mails taken of each mailbox, 0 for all
	peers  bool   // measure them too
	doc    report

	corpus  string // the parsed mails, see writeCorpus
	mboxes  []string
	docs    int
	text    int64 // bytes of their bodies and subjects
	queries []question
	engines []engine // those whose index is built, ours first
	targets targets
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		os.Exit(child(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchsearch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{ctx: ctx, began: time.Now()}
	out := flag.String("o", "", "file for the figures; empty prints them only")
	keep := flag.String("dir", "", "work in this folder and keep it; empty takes a temporary one")
	flag.BoolVar(&b.peers, "peers", true, "measure bleve, FTS5 and notmuch too")
	flag.StringVar(&b.unseal, "unseal", "../unseal", "the binary under test")
	flag.StringVar(&b.shared, "material", cmp.Or(os.Getenv("UNSEAL_BENCH"), "../../shared/bench"), "folder with lists.mbox.xz, r-help.mbox.xz, languages.jsonl.xz, queries.json")
	flag.IntVar(&b.mails, "mails", 0, "take only so many mails of each mailbox, to try things out")
	flag.Parse()
	if b.unseal, err = filepath.Abs(b.unseal); err != nil {
		return err
	}
	if b.dir = *keep; b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "unseal-benchsearch-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	err = b.sections()
	fmt.Print(b.doc.String()) // also what there is of a run that failed
	if err != nil || *out == "" {
		return err
	}
	return os.WriteFile(*out, []byte(b.doc.String()), 0o644)
}

// sections makes the page, one section after another. What the table of the
// targets says of each comes last, when all is known.
func (b *bench) sections() error {
	b.heading()
	for _, step := range []func() error{
		b.material, b.builds, b.latency, b.hits, b.throughput, b.enlarged, b.archives, b.memory, b.static, b.abuse, b.languages, b.verdicts,
	} {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// say tells a person who waits what is under way, and since when they wait.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
