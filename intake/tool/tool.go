// Package tool runs outside programs (ffmpeg, tesseract, readpst, catdoc) on
// hostile files. It belongs into the child that reads an item: the program
// inherits that child's sandbox and gets, besides, a clean environment, a limit
// of time and one of output. Without the program an item is read partly, and
// the caller says so.
package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

var (
	// ErrAbsent says that the program is not installed.
	ErrAbsent = errors.New("is not installed")
	// ErrTooMuch says that the program wrote more than was allowed.
	ErrTooMuch = errors.New("wrote more than is allowed")
)

// Command is one run of a program.
type Command struct {
	Name  string        // looked up in the system's folders of programs alone
	Args  []string      // no argument comes from a file's own name
	Stdin io.Reader     // nil for none
	Dir   string        // where it runs and may write; required
	Env   []string      // beyond PATH, HOME, TMPDIR and LC_ALL
	Max   int64         // bytes of stdout; 0 is DefaultMax
	Time  time.Duration // 0 is DefaultTime
}

// Limits of a program that names none.
const (
	DefaultMax  = 64 << 20
	DefaultTime = 110 * time.Second // below the limit of an item
)

// path is where programs are looked for, whatever the operator's PATH says.
const path = "/usr/local/bin:/usr/bin:/bin"

// Find returns the file of a program, or ErrAbsent with its name.
func Find(name string) (string, error) {
	for dir := range strings.SplitSeq(path, ":") {
		file := dir + "/" + name
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s %w", name, ErrAbsent)
}

var ran atomic.Bool

// Ran reports whether this process has run a program by [Run].
func Ran() bool { return ran.Load() }

// Run runs a program to its end and returns what it wrote to stdout. The error
// names the program and says what it said last.
func Run(ctx context.Context, c Command) ([]byte, error) {
	file, err := Find(c.Name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(c.Time, DefaultTime))
	defer cancel()
	ran.Store(true)
	cmd := exec.CommandContext(ctx, file, c.Args...)
	cmd.Dir, cmd.Stdin = c.Dir, c.Stdin
	cmd.Env = append([]string{"PATH=" + path, "HOME=" + c.Dir, "TMPDIR=" + c.Dir, "LC_ALL=C.UTF-8"}, c.Env...)
	cmd.WaitDelay = time.Second
	out := &bounded{max: orDefault(c.Max, DefaultMax), stop: cancel}
	said := new(tail)
	cmd.Stdout, cmd.Stderr = out, said
	err = cmd.Run()
	switch {
	case out.over:
		return nil, fmt.Errorf("%s %w: %d bytes", c.Name, ErrTooMuch, out.max)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("%s took longer than %v", c.Name, orDefault(c.Time, DefaultTime))
	case err != nil:
		return out.kept, fmt.Errorf("%s: %w: %s", c.Name, err, lastLine(string(*said)))
	}
	return out.kept, nil
}

// Put writes a file into a program's folder, under a name of ours.
func Put(dir, name string, r io.Reader) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// Get reads a file that a program wrote into its folder. More than max bytes
// are ErrTooMuch; what is no regular file is refused.
func Get(dir, name string, max int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	if info.Size() > max {
		return nil, fmt.Errorf("%s: a program %w: %d bytes, the limit is %d", name, ErrTooMuch, info.Size(), max)
	}
	return root.ReadFile(name)
}

// maxSaid bounds what is kept of stderr.
const maxSaid = 16 << 10

// tail keeps at least the last maxSaid bytes, and at most twice as many.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p[max(0, len(p)-maxSaid):]...)
	if over := len(*t) - maxSaid; over > maxSaid {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}

// bounded keeps the first max bytes and calls stop when there are more. It has
// no method but Write: io.Copy would go past it to a buffer's ReadFrom.
type bounded struct {
	kept []byte
	max  int64
	over bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.max - int64(len(b.kept))
	b.kept = append(b.kept, p[:min(int64(len(p)), room)]...)
	if int64(len(p)) > room {
		b.over = true
		b.stop()
	}
	return len(p), nil
}

func orDefault[T int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// lastLine is the last line that says something, cut.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	last := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, lines[len(lines)-1])
	return strings.ToValidUTF8(last[:min(len(last), 200)], "")
}
