package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Build compiles the command in package pkg so that it obeys UNSEAL_CRASH_AT
// and UNSEAL_CRASH_COUNT (see package durable), and returns the binary's path.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), path.Base(pkg))
	out, err := exec.Command("go", "build", "-tags", "crashtest", "-o", bin, pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return bin
}

// Command is a run of such a binary, to be counted or killed.
type Command struct {
	Path    string
	Args    []string
	Dir     string
	Env     []string      // beside the test's own environment
	Timeout time.Duration // after it the run is a failure of the test; 0 is a minute
}

// Run is what became of a Command.
type Run struct {
	Steps  []string // those it came to; the last is the one it was killed at
	Killed bool     // by itself, at its step
	Code   int      // its exit code, -1 if killed
	Stdout []byte
	Stderr []byte
}

// Count runs the command to its end. Its steps number the moments to kill it at.
func (c Command) Count(t testing.TB) Run { return c.KillAt(t, 0) }

// KillAt runs the command until it kills itself at step k, counted from 1, or
// to its end if it does not come that far.
func (c Command) KillAt(t testing.TB, k int) Run {
	t.Helper()
	list := filepath.Join(t.TempDir(), fmt.Sprintf("steps-%d", k))
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append(append(os.Environ(), c.Env...), "UNSEAL_CRASH_COUNT="+list, fmt.Sprintf("UNSEAL_CRASH_AT=%d", k))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second // for children that hold the pipes open
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s did not end within %v of step %d\n%s", cmd, c.Timeout, k, &stderr)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v", cmd, err)
	}
	return Run{Steps: steps(t, list), Killed: killed(cmd.ProcessState), Code: cmd.ProcessState.ExitCode(), Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
}

func killed(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// steps reads the list that a run left; there is none if it wrote nothing.
func steps(t testing.TB, list string) []string {
	t.Helper()
	b, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")[:bytes.Count(b, []byte("\n"))]
}

// Moments picks n of the steps 1 … total, or all if there are no more: the
// first, the last, and one at random from each of the equal parts between them.
func Moments(total, n int, seed uint64) []int {
	if n >= total {
		n = total
	}
	r := rand.New(rand.NewPCG(seed, 0))
	var all []int
	for i := range n {
		from, to := 1+i*total/n, 1+(i+1)*total/n // this part, without its end
		switch i {
		case 0:
			all = append(all, 1)
		case n - 1:
			all = append(all, total)
		default:
			all = append(all, from+r.IntN(to-from))
		}
	}
	return slices.Compact(all)
}

// Tally counts kills.
type Tally struct {
	Armed  int // runs that were to be killed
	Killed int // those that really were
	Bad    int // those after which something was wrong
	First  error
}

// Add counts one run that was to be killed, and what was found after it.
func (c *Tally) Add(r Run, found error) {
	c.Armed++
	if r.Killed {
		c.Killed++
	}
	if found == nil {
		return
	}
	c.Bad++
	if c.First == nil {
		step := "none"
		if len(r.Steps) > 0 {
			step = r.Steps[len(r.Steps)-1]
		}
		c.First = fmt.Errorf("after step %d (%s): %w", len(r.Steps), step, found)
	}
}

func (c *Tally) String() string {
	return fmt.Sprintf("%d armed, %d really killed, %d bad", c.Armed, c.Killed, c.Bad)
}

// minReal is the least share of armed kills, in percent, that must really
// happen for the rest to mean anything; see Enough.
const minReal = 95

// Enough fails the test if too few of the armed runs were really killed. One
// run may always end before its kill: of few runs, one is more than the share.
func (c *Tally) Enough(t testing.TB) {
	t.Helper()
	if missed := c.Armed - c.Killed; c.Killed == 0 || missed > max(1, c.Armed*(100-minReal)/100) {
		t.Errorf("%v: fewer than %d %% are real", c, minReal)
	}
}
