package main

import (
	"bufio"
	"context"
	"os"
	"time"

	"unseal/search/segment"
)

// merge makes one segment of the segments of a folder.
func (j *job) merge() (o outcome, err error) {
	var list []*segment.Segment
	for _, name := range segmentFiles(j.Dir) {
		s, err := openMapped(name)
		if err != nil {
			return o, err
		}
		defer s.Close()
		list = append(list, s)
	}
	ctx, stop := context.WithCancel(context.Background())
	own := make(chan int64)
	go func() { own <- watchPeak(ctx, os.Getpid(), "RssAnon") }()
	start, begin := time.Now(), cpuTime()
	err = writeFile(j.File, func(w *bufio.Writer) error { return segment.Merge(w, list...) })
	o.CPU, o.Wall = cpuTime()-begin, time.Since(start).Seconds()
	stop()
	o.Own = <-own
	return o, err
}
