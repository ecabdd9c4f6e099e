package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"
)

// serveTime is how long a process serves before its memory is told.
const serveTime = 10 * time.Second

// servers is how many clients it serves at once.
const servers = 4

// memory says what a process holds that serves the largest enlargement.
func (b *bench) memory() error {
	b.doc.section("Memory while serving")
	b.doc.text("A process of its own opens the segments and answers all questions, as ranked, faceted and full pages, for %d clients for %s. Beyond the page cache: the largest anonymous resident set seen.\n", servers, serveTime)
	b.doc.table("mails", "segments", "beyond the page cache, MB", "resident at most, MB", "answers a second")
	for _, dir := range []string{b.largeDir(largest), b.merged(largest)} {
		b.say("serving from memory: %s", dir)
		o, err := b.send(job{What: "serve", Engine: "unseal", Dir: dir, Shared: b.shared})
		if err != nil {
			return err
		}
		b.doc.row(number(largest*b.docs), number(max(1, len(segmentFiles(dir)))), decimals(megabytes(o.Own), 0), decimals(megabytes(o.Peak), 0),
			number(int(float64(o.Answers)/o.Wall)))
		if dir == b.largeDir(largest) {
			b.targets.memory = o.Own
		}
	}
	return nil
}

// serve answers questions and watches the memory of this process.
func (j *job) serve() (o outcome, err error) {
	files := segmentFiles(j.Dir)
	if len(files) == 0 {
		files = []string{j.Dir}
	}
	ix, err := openFiles(files)
	if err != nil {
		return o, err
	}
	defer ix.Close()
	b := &bench{shared: j.Shared}
	if err := b.readQueries(); err != nil {
		return o, err
	}
	var asks []func() (int, error)
	for _, how := range []variant{ranked, faceted, page} {
		list, err := b.prepareAll(ix, how)
		if err != nil {
			return o, err
		}
		asks = append(asks, list...)
	}
	ctx, stop := context.WithCancel(context.Background())
	peak := make(chan int64)
	go func() { peak <- watchPeak(ctx, os.Getpid(), "RssAnon") }()
	rate, err := loadWith(asks, servers, serveTime)
	stop()
	o.Own, o.Wall, o.Answers = <-peak, serveTime.Seconds(), int(rate*serveTime.Seconds())
	runtime.KeepAlive(ix)
	return o, errors.Join(err)
}
