// Command unseal takes a disclosure in, commits to it in a public log,
// publishes it in batches, and verifies, searches and serves what was
// published.
//
// This package only parses the command line, builds the house, runs it and
// turns the error into an exit code; what the codes mean stands in exit.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"unseal/catalog"
	"unseal/house"
)

func main() {
	if code, ok := house.Child(os.Args, os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code. A panic is a bug of
// ours; it becomes code 70, since Go's own code for it, 2, means wrong usage.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) (code int) {
	start := time.Now()
	ui := newUI(out, errw)
	ui.in = in
	defer func() {
		if p := recover(); p != nil {
			ui.v(string(debug.Stack()))
			code = ui.fail(exitError{code: exitInternal, word: "internal", err: fmt.Errorf("internal error: %v", p),
				hint: "This is a fault of unseal, not of your material. Please report it with the output of the same command and -v."})
		}
	}()
	var cli commands
	parser, err := kong.New(&cli, kongOptions(ui)...)
	if err != nil {
		panic(err)
	}
	kctx, err := parser.Parse(args)
	if done, ok := ui.stopped(); ok {
		return done
	}
	if err != nil {
		ui.json = hasJSON(args)
		return ui.fail(usageError(err))
	}
	ui.set(cli.Globals)
	err = kctx.Run(&app{ctx: ctx, ui: ui, globals: cli.Globals})
	ui.v(spent(start))
	if err != nil {
		return ui.fail(err)
	}
	return exitDone
}

// spent says what a command took, its children included.
func spent(start time.Time) string {
	var cpu time.Duration
	var memory int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			cpu += time.Duration(r.Utime.Nano() + r.Stime.Nano())
			memory = max(memory, int64(r.Maxrss)<<10)
		}
	}
	return fmt.Sprintf("took %s, %s of processors, at most %s of memory in one process",
		time.Since(start).Round(time.Millisecond), cpu.Round(time.Millisecond), size(memory))
}

// hasJSON finds --json on a command line that did not parse.
func hasJSON(args []string) bool {
	for _, a := range args {
		if a == "--json" {
			return true
		}
	}
	return false
}

// app is what every command runs with.
type app struct {
	ctx     context.Context
	ui      *ui
	globals Globals
}

// dir is the desk or archive that the command works on.
func (a *app) dir() string {
	if a.globals.Dir != "" {
		return a.globals.Dir
	}
	return "."
}

// collection opens the desk and finds one of its collections. The caller closes
// the desk.
func (a *app) collection(name string, mode house.Mode) (*house.Desk, catalog.Collection, error) {
	desk, err := house.OpenDesk(a.ctx, a.dir(), mode)
	if err != nil {
		return nil, catalog.Collection{}, err
	}
	coll, err := desk.Collection(a.ctx, name)
	if err != nil {
		return nil, coll, errors.Join(err, desk.Close())
	}
	return desk, coll, nil
}
