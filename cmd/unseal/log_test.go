package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/note"

	"unseal/proof"
	"unseal/trove"
)

// freePort puts an address where nobody listens into a variable: freeport VAR.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport VAR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// listening waits until somebody listens at an address: listening ADDR.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listening ADDR")
	}
	for range 600 {
		if c, err := net.Dial("tcp", args[0]); err == nil {
			ts.Check(c.Close())
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nobody listens at %s", args[0])
}

// fetch writes what an address answers into a file: fetch URL FILE.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fetch URL FILE")
	}
	resp, err := http.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", args[0], resp.Status)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

// forge signs another root for the size of a checkpoint, as one who holds the
// log's key can: forge KEY CHECKPOINT OUT.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: forge KEY CHECKPOINT OUT")
	}
	private, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	signer, err := note.NewSigner(private)
	ts.Check(err)
	c, err := proof.ParseCheckpoint([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	text := proof.FormatCheckpoint(c.Origin, c.Size, trove.Sum([]byte("another history")))
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), msg, 0o644))
}
