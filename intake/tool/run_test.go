package tool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/tool"
)

// shell is a run of a few lines by the system's shell.
func shell(t *testing.T, lines string) tool.Command {
	t.Helper()
	return tool.Command{Name: "sh", Args: []string{"-c", lines}, Dir: t.TempDir()}
}

func TestAProgramThatIsNotInstalledIsAbsent(t *testing.T) {
	_, err := tool.Run(t.Context(), tool.Command{Name: "no-such-program", Dir: t.TempDir()})
	if !errors.Is(err, tool.ErrAbsent) || err.Error() != "no-such-program is not installed" {
		t.Error(err)
	}
	t.Setenv("PATH", t.TempDir()) // the operator's folders are no matter
	if _, err := tool.Run(t.Context(), shell(t, "true")); err != nil {
		t.Error(err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	for lines, over := range map[string]bool{"printf 12345": false, "printf 123456": true, "while :; do echo more; done": true} {
		c := shell(t, lines)
		c.Max = 5
		out, err := tool.Run(t.Context(), c)
		if over && (!errors.Is(err, tool.ErrTooMuch) || len(out) > 0) || !over && (err != nil || string(out) != "12345") {
			t.Errorf("%s: %q, %v", lines, out, err)
		}
	}
}

// What the program started itself holds its output open: it is not waited for.
func TestAProgramThatTakesTooLongIsEnded(t *testing.T) {
	for _, lines := range []string{"exec sleep 20", "sleep 20 & wait"} {
		c := shell(t, lines)
		c.Time = 100 * time.Millisecond
		if _, err := tool.Run(t.Context(), c); err == nil || err.Error() != "sh took longer than 100ms" {
			t.Errorf("%s: %v", lines, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tool.Run(ctx, shell(t, "sleep 20")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTheErrorIsTheLastThingSaid(t *testing.T) {
	for lines, want := range map[string]string{
		"echo first >&2; printf 'the \\033[1mlast\\007\\n\\n' >&2; exit 3": "sh: exit status 3: the [1mlast",
		"exit 4": "sh: exit status 4: ",
		"i=0; while [ $i -lt 9000 ]; do echo noise >&2; i=$((i+1)); done; echo end >&2; exit 5": "sh: exit status 5: end",
		"i=0; while [ $i -lt 150 ]; do printf é >&2; i=$((i+1)); done; exit 6":                  "sh: exit status 6: " + strings.Repeat("é", 100),
	} {
		out, err := tool.Run(t.Context(), shell(t, "echo out; "+lines))
		if err == nil || err.Error() != want || string(out) != "out\n" {
			t.Errorf("%s: %q, %v", lines, out, err)
		}
	}
}

func TestAProgramKnowsLittle(t *testing.T) {
	t.Setenv("UNSEAL_PASSPHRASE_COMMAND", "echo secret")
	c := shell(t, "env; pwd; cat")
	c.Env, c.Stdin = []string{"LIMIT=1"}, strings.NewReader("given")
	out, err := tool.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out), "\n")
	for _, want := range []string{"HOME=" + c.Dir, "TMPDIR=" + c.Dir, "LC_ALL=C.UTF-8", "LIMIT=1", c.Dir, "given"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in %q", want, out)
		}
	}
	if strings.Contains(string(out), "secret") || !tool.Ran() {
		t.Errorf("%q, ran: %v", out, tool.Ran())
	}
}
