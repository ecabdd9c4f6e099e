// Package sandbox starts children that read hostile files so that they reach
// nothing: no network, no file but their own folder and the system's programs,
// no process but their own, and no more memory, time and files than they are
// given. What the kernel does not grant is left out and said in [Report].
//
// A child is started twice: [Prepare] has the program started in namespaces of
// its own with the hidden argument [Argument]; there [Enter] gives up what is
// left to give up, for good, and starts the real program in its place, which
// inherits all of it, as do the programs that it runs.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// Argument is the hidden first argument of a child that has yet to call [Enter].
const Argument = "sandboxed"

// variable tells the child what it may keep, and then what is on.
const variable = "UNSEAL_SANDBOX"

// Options say what a child keeps.
type Options struct {
	Dir    string   // the one folder in which it may write; empty for none
	Read   []string // files and folders that it may read besides the system's
	Memory int64    // bytes of data of each of its processes; 0 for no limit
	CPU    int64    // seconds of processor time of each of its processes; 0 for no limit
}

// Report says which protections are on.
type Report struct {
	On      []string `json:"on"`      // words as in [Protections]
	Missing []string `json:"missing"` // the others, each with why where that is known
}

// Protections are all there are, in the order of a report.
var Protections = []string{"network", "users", "processes", "files", "system-calls", "limits"}

// String is the report in one line.
func (r Report) String() string {
	s := "on: " + strings.Join(r.On, ", ")
	if len(r.Missing) > 0 {
		s += "; not on: " + strings.Join(r.Missing, ", ")
	}
	return s
}

// wish is what the parent tells the child.
type wish struct {
	Options
	Report Report // what the parent has done already
}

// Prepare changes cmd, which is this program and not started yet, so that it
// starts in the sandbox, without the variables that are not for it. Where the
// system grants no namespaces the rest still holds.
func Prepare(cmd *exec.Cmd, o Options) {
	w := wish{Options: o}
	if granted() {
		w.Report.On = apart(cmd)
	}
	b, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings and numbers
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(slices.DeleteFunc(slices.Clone(cmd.Env), isPrivate), variable+"="+string(b))
	cmd.Args = append([]string{cmd.Args[0], Argument}, cmd.Args[1:]...)
}

// isPrivate reports whether a variable of the environment is none of a child's
// business: what it reads is published, and so might be what it knows.
func isPrivate(s string) bool {
	name, _, _ := strings.Cut(s, "=")
	return !slices.Contains([]string{"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL"}, name) &&
		!strings.HasPrefix(name, "GO") && !strings.HasPrefix(name, "UNSEAL_WORKER_")
}

// granted reports whether the system starts a program in namespaces of its own.
// One that does not exist is enough to ask: it fails later.
var granted = sync.OnceValue(func() bool {
	cmd := exec.Command("/nowhere/at/all")
	apart(cmd)
	return errors.Is(cmd.Start(), os.ErrNotExist)
})

// Enter is what a child that was started with [Argument] calls first: it gives
// up what the options do not keep and starts this program again in its own
// place, with the arguments that followed. It only returns with an error.
func Enter(args []string) error {
	var w wish
	if err := json.Unmarshal([]byte(os.Getenv(variable)), &w); err != nil {
		return fmt.Errorf("enter the sandbox: %s: %w", variable, err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("enter the sandbox: %w", err)
	}
	w.Read = append(w.Read, program)
	return w.enter(append([]string{program}, args...))
}

// Applied is the report of the process that asks, which [Enter] has started.
func Applied() Report {
	var w wish
	if json.Unmarshal([]byte(os.Getenv(variable)), &w) != nil || len(w.Report.Missing)+len(w.Report.On) < len(Protections) {
		return Report{Missing: Protections}
	}
	return w.Report
}
