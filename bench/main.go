// Command bench measures the real binary on 76,487 public mails, beside
// notmuch, mu and nginx on the same mails and machine in the same run, and
// writes the figures as Markdown. It is no part of the binary; "make bench"
// runs it.
//
// It needs Linux (/proc), xz, and the material of ../shared/bench
// (UNSEAL_BENCH). A peer that is not installed is left out, and the table
// says so. CPU seconds are those of the command and all its children; memory
// is the largest sum of resident sets of the command and all below it, seen
// ten times a second.
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
)

// bench is one run with what it has found so far.
type bench struct {
	ctx    context.Context
	unseal string // the binary under test
	shared string // the material
	dir    string // where everything is made
	mails  int    // mails taken of each mailbox, 0 for all
	peers  bool   // measure them too
	doc    report

	mboxes  []string
	raw     int64 // bytes of the first two mailboxes
	count   int   // mails in them
	planted int   // mails that are in the third again

	desk, archive string
	logKey        string
	items         int                // in the archive
	own           usage              // intake, commit and publish together
	rate          map[string]float64 // pages a second, by server
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{ctx: ctx, rate: map[string]float64{}}
	out := flag.String("o", "", "file for the figures; empty prints them only")
	keep := flag.String("dir", "", "work in this folder and keep it; empty takes a temporary one")
	flag.BoolVar(&b.peers, "peers", true, "measure notmuch, mu and nginx too")
	flag.StringVar(&b.unseal, "unseal", "./unseal", "the binary under test")
	flag.StringVar(&b.shared, "material", cmp.Or(os.Getenv("UNSEAL_BENCH"), "../shared/bench"), "folder with lists.mbox.xz, r-help.mbox.xz, queries.json")
	flag.IntVar(&b.mails, "mails", 0, "take only so many mails of each mailbox, to try things out")
	flag.Parse()
	if b.unseal, err = filepath.Abs(b.unseal); err != nil {
		return err
	}
	if b.dir = *keep; b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "unseal-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	b.heading()
	for _, step := range []func() error{b.material, b.chain, b.indexPeers, b.verify, b.search, b.searchPeers, b.serve, b.nginx, b.kinds, b.large} {
		if err := step(); err != nil {
			return err
		}
	}
	fmt.Print(b.doc.String())
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(b.doc.String()), 0o644)
}

// say tells a person who waits what is under way.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
