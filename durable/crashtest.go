//go:build crashtest && unix

package durable

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// A binary built with the tag "crashtest" obeys three variables of the environment:
//
//	UNSEAL_CRASH_AT=k        kill yourself (SIGKILL) at step k, counted from 1
//	UNSEAL_CRASH_COUNT=path  append one line to the file at path for each step
//	UNSEAL_FAULT=name        commit the fault of that name, see Fault
//
// Package crash builds and drives such binaries. No other build has this file.
var _ = arm()

// arm sets Step as the environment says. It is a variable's value and not an
// init function, so that it is run before any code that writes.
func arm() bool {
	at, _ := strconv.Atoi(os.Getenv("UNSEAL_CRASH_AT"))
	path := os.Getenv("UNSEAL_CRASH_COUNT")
	Fault = os.Getenv("UNSEAL_FAULT")
	if at <= 0 && path == "" {
		return false
	}
	c := &counter{at: at, path: path}
	Step = c.step
	return true
}

// counter numbers the steps of the process.
type counter struct {
	at   int
	path string

	mu  sync.Mutex
	n   int      // guarded by mu
	log *os.File // guarded by mu; opened at the first step, as child processes take none
}

func (c *counter) step(what string) {
	c.mu.Lock() // never unlocked where the process ends: nobody gets past the moment
	defer c.mu.Unlock()
	c.n++
	c.note(what)
	if c.n == c.at {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// note appends the step to the file. A harness that cannot count must not go
// on as if it did.
func (c *counter) note(what string) {
	if c.path == "" {
		return
	}
	var err error
	if c.log == nil {
		c.log, err = os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	}
	if err == nil {
		_, err = fmt.Fprintf(c.log, "%s\n", what)
	}
	if err != nil {
		panic(err)
	}
}
