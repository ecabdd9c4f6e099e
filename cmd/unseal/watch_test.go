package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// spoken collects what a command says, line by line.
type spoken struct {
	mu  sync.Mutex
	b   bytes.Buffer
	new chan struct{}
}

func (l *spoken) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p)
	select {
	case l.new <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (l *spoken) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}

// wait waits until n lines are there.
func (l *spoken) wait(t *testing.T, n int) {
	t.Helper()
	for limit := time.After(2 * time.Minute); len(l.list()) < n || l.list()[0] == ""; {
		select {
		case <-l.new:
		case <-limit:
			t.Fatalf("waited for %d lines: %q", n, l.list())
		}
	}
}

// TestAWatchedFolderIsTakenInUntilInterrupted: what comes is taken in once it is
// left alone, and Ctrl-C is a good end.
func TestAWatchedFolderIsTakenInUntilInterrupted(t *testing.T) {
	dir := t.TempDir()
	desk, in := filepath.Join(dir, "desk"), filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	drop := func(name string, age time.Duration) {
		t.Helper()
		then := time.Now().Add(-age)
		path := filepath.Join(in, name)
		if err := os.WriteFile(path, []byte("A note by the name of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	if code := run(t.Context(), []string{"init", desk, "--origin", "test.example/watch"}, os.Stdin, &said, &said); code != exitDone {
		t.Fatal(said.String())
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &spoken{new: make(chan struct{}, 1)}
	code := make(chan int)
	drop("first.txt", time.Hour)
	drop("fresh.txt", 0) // is left for as long as the test
	go func() {
		code <- run(ctx, []string{"-C", desk, "ingest", in, "-c", "notes", "--watch", "--settle", "30m", "--json"}, os.Stdin, out, &said)
	}()
	out.wait(t, 1)
	drop("second.txt", time.Hour)
	out.wait(t, 2)
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("interrupted, it exits %d: %s", got, said.String())
	}
	want := []struct {
		kind string
		new  int
	}{{"status", 1}, {"status", 1}, {"summary", 2}}
	got := out.list()
	if len(got) != len(want) {
		t.Fatalf("it said %q", got)
	}
	for i, w := range want {
		var line struct {
			Type string `json:"message_type"`
			New  int    `json:"new"`
			Exit *int   `json:"exit"`
		}
		if err := json.Unmarshal([]byte(got[i]), &line); err != nil || line.Type != w.kind || line.New != w.new || line.Exit == nil {
			t.Errorf("line %d is %s (%v), want %+v", i+1, got[i], err, w)
		}
	}
	if code := run(t.Context(), []string{"-C", desk, "ingest", filepath.Join(in, "first.txt"), "-c", "notes", "--watch"}, os.Stdin, &said, &said); code != exitUsage {
		t.Errorf("watching a file exits %d", code)
	}
}
