package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"unseal/house"
)

func TestMain(m *testing.M) {
	if code, ok := house.Child(os.Args, os.Stdin, os.Stdout, os.Stderr); ok { // started by a command under test
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){"unseal": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "home", "config"))
			if cache, err := os.UserCacheDir(); err == nil { // PDFium is compiled once
				e.Setenv("XDG_CACHE_HOME", cache)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "jsonl": jsonLines, "flip": flip,
			"freeport": freePort, "listening": listening, "forge": forge, "fetch": fetch, "account": account},
	})
}

// TestAPanicBecomesExit70 provokes what no input may: a fault of our own.
func TestAPanicBecomesExit70(t *testing.T) {
	var said strings.Builder
	if code := run(context.Background(), []string{"version"}, os.Stdin, &panicOnce{}, &said); code != exitInternal {
		t.Fatalf("exit %d, want %d", code, exitInternal)
	}
	if !strings.Contains(said.String(), "internal error") {
		t.Fatalf("said %q", said.String())
	}
}

// panicOnce is an output that breaks the program at its first write.
type panicOnce struct{ done bool }

func (p *panicOnce) Write(b []byte) (int, error) {
	if !p.done {
		p.done = true
		panic("broken")
	}
	return len(b), nil
}
