package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"unseal/search"
)

// childArg is the first argument of this program as a child of itself.
const childArg = "child"

// job is what a child is to do.
type job struct {
	What    string // build, merge or serve
	Engine  string
	Corpus  string
	Docs    int // in it
	Copies  int
	Batch   int // documents a batch
	Workers int
	Dir     string // of the index
	File    string // of the merged segment
	Shared  string // the material
}

// outcome is what a child says of its work.
type outcome struct {
	CPU     float64 // seconds, without reading the documents
	Wall    float64 // seconds, with it
	Peak    int64   // bytes resident at most
	Own     int64   // bytes resident at the end that are no page cache
	Text    int64   // bytes of the documents
	Answers int     // to queries
}

// child does the job of its argument and prints the outcome. It is the whole
// of a child process; the result is its exit code.
func child(args []string) int {
	var j job
	err := json.Unmarshal([]byte(strings.Join(args, " ")), &j)
	var o outcome
	if err == nil {
		switch j.What {
		case "build":
			o, err = j.build()
		case "merge":
			o, err = j.merge()
		case "serve":
			o, err = j.serve()
		default:
			err = fmt.Errorf("no job %q", j.What)
		}
	}
	if err == nil {
		o.Peak = kilobytes("VmHWM")
		err = json.NewEncoder(os.Stdout).Encode(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// kilobytes reads a field of this process's status that is in kB, as bytes.
func kilobytes(field string) int64 { return kilobytesOf("self", field) }

func kilobytesOf(pid, field string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/"+pid+"/status", field), " kB"), 10, 64)
	return n * 1024
}

// cpuTime is the processor time of this process so far, in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// build reads the documents once without doing anything, to know what that
// takes, and then builds the index.
func (j *job) build() (outcome, error) {
	make, ok := engineNames[j.Engine]
	if !ok {
		return outcome{}, fmt.Errorf("no engine %q", j.Engine)
	}
	docs := enlarge(j.Corpus, j.Docs, j.Copies, j.Batch)
	var o outcome
	begin := cpuTime()
	for d, err := range docs {
		if err != nil {
			return o, err
		}
		o.Text += textSize(d)
	}
	reading := cpuTime() - begin
	start, begin := time.Now(), cpuTime()
	err := make(j.Workers, j.Batch).build(j.Dir, func(yield func(*search.Doc, error) bool) { docs(yield) })
	o.CPU, o.Wall = cpuTime()-begin-reading, time.Since(start).Seconds()
	return o, err
}

// send has a child do a job.
func (b *bench) send(j job) (outcome, error) {
	var o outcome
	arg, err := json.Marshal(j)
	if err != nil {
		return o, err
	}
	cmd := exec.CommandContext(b.ctx, "/proc/self/exe", childArg, string(arg))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return o, fmt.Errorf("%s %s: %w: %s", j.What, j.Engine, err, lastLine(errs.String()))
	}
	return o, json.Unmarshal(out.Bytes(), &o)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
