package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/house"
	"unseal/proof"
	"unseal/search"
)

func TestValuesCannotPassForOurOwnWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain, with é and 日本":  "plain, with é and 日本",
		"a\x1b[31mred":          "a[U+001B][31mred",
		"a\nNext: rm -rf":       "a[U+000A]Next: rm -rf",
		"a\r\x00":               "a[U+000D][U+0000]",
		"right \u202e to left":  "right [U+202E] to left",
		"line \u2028 separator": "line [U+2028] separator",
		"C1 \u009b2J":           "C1 [U+009B]2J",
		"no UTF-8 \x9b\xff":     "no UTF-8 [0x9B][0xFF]",
		"a real \ufffd":         "a real \ufffd",
		"tab\tis fine":          "tab\tis fine",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
	var out bytes.Buffer
	u := newUI(&out, &bytes.Buffer{})
	u.summary("x", nil, [][2]string{{"found in", "a\nroot  deadbeef"}}, "")
	if got := out.String(); strings.Count(got, "\n") != 1 {
		t.Errorf("a value made a line of its own: %q", got)
	}
}

func TestTextKeepsItsLinesAndNothingElse(t *testing.T) {
	var out bytes.Buffer
	u := newUI(&out, &bytes.Buffer{})
	u.text("one\r\ntwo\x1b[2J\n\nthree")
	u.flush()
	if got, want := out.String(), "one\ntwo[U+001B][2J\n\nthree\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEveryCommandHasAnExample walks the whole command line.
func TestEveryCommandHasAnExample(t *testing.T) {
	parser, err := kong.New(new(commands), kongOptions(newUI(&bytes.Buffer{}, &bytes.Buffer{}))...)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = kong.Visit(parser.Model, func(v kong.Visitable, next kong.Next) error {
		if node, ok := v.(*kong.Node); ok && node.Type == kong.CommandNode {
			n++
			if !strings.Contains(node.Detail, "Example: ") || node.Help == "" {
				t.Errorf("unseal %s has no example", node.Path())
			}
		}
		return next(nil)
	})
	if err != nil || n < 20 {
		t.Errorf("%d commands, %v", n, err)
	}
}

func TestCausesHaveTheirCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		word string
	}{
		{context.Canceled, 130, "interrupted"},
		{fmt.Errorf("x: %w", catalog.ErrLocked), 11, "locked"},
		{house.ErrLocked, 11, "locked"},
		{house.ErrName, 2, "bad-name"},
		{search.ErrCursor, 2, "bad-cursor"},
		{catalog.ErrConflict, 1, "conflict"},
		{catalog.ErrNotFound, 1, "not-found"},
		{archive.ErrNotFound, 1, "not-found"},
		{archive.ErrNotShown, 1, "not-shown"},
		{blob.ErrDamaged, 4, "damaged"},
		{proof.ErrMismatch, 4, "mismatch"},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, 1, "disk-full"},
		{errors.New("something"), 1, "failed"},
	} {
		if e := classify(c.err); e.code != c.code || e.word != c.word {
			t.Errorf("%v: exit %d %q, want %d %q", c.err, e.code, e.word, c.code, c.word)
		}
	}
}

// runs executes a command line as main does and returns what it said.
func runs(ctx context.Context, args ...string) (code int, out, errs string) {
	var o, e strings.Builder
	code = run(ctx, args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestASecondWriterIsToldToWait(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "desk")
	if code, _, errs := runs(t.Context(), "init", dir); code != 0 {
		t.Fatal(errs)
	}
	d, err := house.OpenDesk(t.Context(), dir, house.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, args := range [][]string{{"commit", "mail"}, {"ingest", dir, "-c", "mail"}, {"publish", "--to", dir + "2"},
		{"withhold", "mail/1", "--reason", "x"}, {"exclude", "x", "--why", "y"}, {"batch", "plan", "mail", "--every", "2"}} {
		if code, out, errs := runs(t.Context(), append([]string{"-C", dir}, args...)...); code != exitLocked || out != "" {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
	}
	for _, args := range [][]string{{"status"}, {"list"}, {"fsck"}, {"search", "word"}, {"keys", "archive", "list"}} {
		if code, _, errs := runs(t.Context(), append([]string{"-C", dir}, args...)...); code != 0 {
			t.Errorf("%v beside a writer: exit %d, %s", args, code, errs)
		}
	}
}

// TestCommandsEndWhereTheyAreStopped holds over one demonstration.
func TestCommandsEndWhereTheyAreStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	if code, _, errs := runs(t.Context(), "demo", "--no-serve", "--dir", dir, "-q"); code != 0 {
		t.Fatal(errs)
	}
	t.Run("serve", func(t *testing.T) { serveEndsWhereItIsAsked(t, dir) })
	t.Run("others", func(t *testing.T) { stoppedCommandsExit130(t, dir) })
}

// stoppedCommandsExit130, and leave nothing that is broken.
func stoppedCommandsExit130(t *testing.T, dir string) {
	t.Setenv("UNSEAL_PASSPHRASE_COMMAND", "echo secret")
	desk, arch := filepath.Join(dir, "desk"), filepath.Join(dir, "archive")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"ingest", filepath.Join(dir, "trove"), "-c", "more"}, {"publish", "--to", filepath.Join(dir, "again"), "--yes"},
		{"fsck"}, {"backup", filepath.Join(dir, "bk")}, {"list"}, {"search", "harbour"}, {"verify", arch, "--deep"}} {
		code, _, errs := runs(stopped, append([]string{"-C", desk}, args...)...)
		if code != exitInterrupted || !strings.Contains(errs, "stopped") {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
	if code, _, errs := runs(t.Context(), "-C", desk, "fsck"); code != 0 {
		t.Errorf("afterwards: exit %d, %s", code, errs)
	}
}

// serveEndsWhereItIsAsked: which is its good end, with a summary.
func serveEndsWhereItIsAsked(t *testing.T, dir string) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &stopper{word: `"status"`, stop: cancel}
	var errs strings.Builder
	code := run(ctx, []string{"serve", filepath.Join(dir, "archive"), "--listen", "127.0.0.1:0", "--json"}, strings.NewReader(""), out, &errs)
	if code != 0 || !strings.Contains(out.String(), `"message_type":"summary"`) {
		t.Errorf("exit %d, %s%s", code, out, &errs)
	}
}

// stopper is an output that calls stop when it is told a word.
type stopper struct {
	strings.Builder
	word string
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.word) {
		s.stop()
	}
	return s.Builder.Write(b)
}

// TestVerboseSaysMore: what a command took.
func TestVerboseSaysMore(t *testing.T) {
	code, _, errs := runs(t.Context(), "version", "-v")
	if code != 0 || !strings.Contains(errs, "of memory") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if _, _, errs := runs(t.Context(), "version"); errs != "" {
		t.Errorf("without -v: %q", errs)
	}
}
