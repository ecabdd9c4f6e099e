package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits runs a command and wants this very exit code: exits 4 unseal verify dir.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got); scanErr != nil {
			ts.Fatalf("%v: %v", args[1:], err)
		}
	}
	if got != want {
		ts.Fatalf("%s exits %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// jsonLines wants stdout to be JSON lines with schema and message_type, a
// summary last: jsonl SCHEMA.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: jsonl SCHEMA")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
	for i, line := range lines {
		var v struct {
			Schema string `json:"schema"`
			Type   string `json:"message_type"`
			Exit   *int   `json:"exit"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			ts.Fatalf("line %d is no JSON: %v\n%s", i+1, err, line)
		}
		if v.Schema != "unseal."+args[0]+"/1" {
			ts.Fatalf("line %d has schema %q", i+1, v.Schema)
		}
		if last := i == len(lines)-1; last != (v.Type == "summary") || last && v.Exit == nil {
			ts.Fatalf("line %d of %d has type %q and exit %v", i+1, len(lines), v.Type, v.Exit)
		}
	}
}

// flip flips one bit of a file: flip FILE OFFSET.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	name := ts.MkAbs(args[0])
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(name)
	ts.Check(err)
	spoilt := bytes.Clone(b)
	spoilt[at] ^= 1
	ts.Check(os.WriteFile(name, spoilt, 0o644))
}
