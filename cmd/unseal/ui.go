package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// ui talks to the person or program that called: data to out, talk to err.
// It is safe for concurrent use.
type ui struct {
	json    bool
	quiet   bool
	verbose bool
	yes     bool
	tty     bool // err is a terminal
	outTTY  bool // out is one
	in      io.Reader

	mu     sync.Mutex // guards what follows
	out    *bufio.Writer
	err    io.Writer
	live   bool // a progress line stands on the terminal
	exited int  // code given to kong's Exit, plus one
}

func newUI(out, errw io.Writer) *ui {
	u := &ui{out: bufio.NewWriterSize(out, 64<<10), err: errw}
	u.tty, u.outTTY = isTerminal(errw), isTerminal(out)
	return u
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (u *ui) set(g Globals) {
	u.json, u.quiet, u.verbose, u.yes = g.JSON, g.Quiet, g.Verbose, g.Yes
	if g.NoColor || os.Getenv("NO_COLOR") != "" {
		u.tty = false
	}
}

// stopped reports whether kong ended the run itself, as --help does.
func (u *ui) stopped() (int, bool) {
	u.flush()
	return u.exited - 1, u.exited > 0
}

func (u *ui) flush() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.out.Flush()
}

// line is one JSON line: v's fields after schema and message type.
func (u *ui) line(schema, kind string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write a line of %s: %w", schema, err)
	}
	head := fmt.Sprintf(`{"schema":"unseal.%s/1","message_type":%q`, schema, kind)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.out.WriteString(head)
	if len(b) > 2 {
		u.out.WriteByte(',')
	}
	u.out.Write(bytes.TrimPrefix(b, []byte("{")))
	return u.out.WriteByte('\n')
}

// item writes one thing the command found: a JSON line, or lines for people.
func (u *ui) item(schema string, v any, lines ...string) error {
	if u.json {
		return u.line(schema, "item", v)
	}
	for _, l := range lines {
		if err := u.print(l); err != nil {
			return err
		}
	}
	return nil
}

// summary ends a command: the last JSON line, or an aligned block whose last
// line says what to do next.
func (u *ui) summary(schema string, v any, rows [][2]string, next string) error {
	if u.json {
		if err := u.line(schema, "summary", v); err != nil {
			return err
		}
		u.flush()
		return nil
	}
	u.clear()
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	for _, r := range rows {
		if err := u.print(fmt.Sprintf("%-*s  %s", width, r[0], r[1])); err != nil {
			return err
		}
	}
	if next != "" && !u.quiet {
		u.print(next)
	}
	u.flush()
	return nil
}

// print writes one line.
func (u *ui) print(s string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, err := u.out.WriteString(visible(s) + "\n")
	return err
}

// text writes something of several lines and nothing else that a terminal
// would obey.
func (u *ui) text(s string) error {
	for line := range strings.Lines(s) {
		if err := u.print(strings.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// raw writes bytes as they are, for cat.
func (u *ui) raw(b []byte) error {
	_, err := rawOut{u}.Write(b)
	return err
}

// rawOut is stdout for bytes as they are.
type rawOut struct{ ui *ui }

func (w rawOut) Write(b []byte) (int, error) {
	w.ui.mu.Lock()
	defer w.ui.mu.Unlock()
	return w.ui.out.Write(b)
}

// say talks on stderr, unless -q or --json.
func (u *ui) say(format string, args ...any) {
	if u.quiet || u.json {
		return
	}
	u.talk(fmt.Sprintf(format, args...))
}

// v says more, with -v only: one line, or several.
func (u *ui) v(s string) {
	if !u.verbose {
		return
	}
	for line := range strings.Lines(s) {
		u.talk(strings.TrimSuffix(line, "\n"))
	}
}

// talk writes one line on stderr. What joins several errors is made a comma.
func (u *ui) talk(s string) {
	u.clear()
	u.mu.Lock()
	defer u.mu.Unlock()
	fmt.Fprintln(u.err, visible(strings.ReplaceAll(s, "\n", ", ")))
}

// logger writes a server's faults to stderr.
func (u *ui) logger() *slog.Logger {
	if u.json {
		return slog.New(slog.NewJSONHandler(u.err, nil))
	}
	return slog.New(slog.NewTextHandler(u.err, nil))
}

// clear takes a progress line off the terminal.
func (u *ui) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.live {
		io.WriteString(u.err, "\r\x1b[K")
		u.live = false
	}
}

// fail reports err once and returns its exit code.
func (u *ui) fail(err error) int {
	u.flush()
	e := classify(err)
	if e.quiet {
		return e.code
	}
	if u.json {
		b, _ := json.Marshal(map[string]any{"schema": "unseal.error/1", "message_type": "exit_error",
			"code": e.code, "cause": e.word, "message": e.Error(), "hint": e.hint})
		fmt.Fprintln(u.err, string(b))
		return e.code
	}
	u.talk("unseal: " + e.Error())
	if e.hint != "" {
		u.talk(e.hint)
	}
	return e.code
}

// confirm asks a question. Without a terminal it never asks: --yes decides.
// A reader of the answer that ctx has overtaken ends with the process.
func (u *ui) confirm(ctx context.Context, question string) error {
	if u.yes {
		return nil
	}
	if !u.canAsk() {
		return exitError{code: exitUsage, word: "needs-yes", err: fmt.Errorf("this needs a yes, and there is no terminal to ask"),
			hint: "Add --yes."}
	}
	answer, err := u.ask(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return errRefused
	}
	return nil
}

// visible shows control characters, line ends and bytes that are no UTF-8, so
// that a value can neither move the cursor, nor turn the direction of a line,
// nor pass for a line of ours.
func visible(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, "[0x%02X]", s[i])
		case hidden(r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	if r == '\t' {
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// count writes a number with separators.
func count[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}
