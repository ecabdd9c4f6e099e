package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// usage is what a command took.
type usage struct {
	wall time.Duration
	cpu  float64 // seconds, with all children
	peak int64   // bytes, with all below it
	out  []byte
}

// measure runs a command to its end. Exit codes in ok besides 0 are no error.
func measure(cmd *exec.Cmd, ok ...int) (usage, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	ctx, stop := context.WithCancel(context.Background())
	var peak int64
	var watch sync.WaitGroup
	watch.Go(func() { peak = watchMemory(ctx, cmd.Process.Pid) })
	err := cmd.Wait()
	u := usage{wall: time.Since(start), out: out.Bytes()}
	stop()
	watch.Wait()
	u.peak = peak
	s := cmd.ProcessState
	u.cpu = (s.UserTime() + s.SystemTime()).Seconds()
	if err != nil && !slices.Contains(ok, s.ExitCode()) {
		return u, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, lastLine(errs.String()))
	}
	return u, nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// watchMemory returns the largest sum of resident sets of a process and all
// below it, until ctx ends.
func watchMemory(ctx context.Context, pid int) int64 {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		peak = max(peak, resident(pid))
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
	}
}

// resident sums the resident sets of a process and all below it, as of now.
func resident(root int) int64 {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	children := map[int][]int{}
	pages := map[int]int64{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// proc(5): after the name in brackets, field 4 is the parent, 24 the resident pages.
		stat := readString("/proc/" + e.Name() + "/stat")
		f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
		if len(f) < 22 {
			continue
		}
		parent, _ := strconv.Atoi(f[1])
		children[parent] = append(children[parent], pid)
		pages[pid], _ = strconv.ParseInt(f[21], 10, 64)
	}
	var sum int64
	for todo := []int{root}; len(todo) > 0; {
		pid := todo[0]
		sum += pages[pid]
		todo = append(todo[1:], children[pid]...)
	}
	return sum * int64(os.Getpagesize())
}

// program makes a command of the binary under test.
func (b *bench) program(args ...string) *exec.Cmd {
	return exec.CommandContext(b.ctx, b.unseal, args...)
}

// have reports whether a peer takes part; where it is not installed, the
// report says so.
func (b *bench) have(program string) bool {
	if !b.peers {
		return false
	}
	if _, err := exec.LookPath(program); err == nil {
		return true
	}
	b.doc.text("\n%s is not installed here and was left out.", program)
	return false
}
