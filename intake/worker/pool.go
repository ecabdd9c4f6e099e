package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"unseal/intake/container"
	"unseal/intake/sandbox"
	"unseal/trove"
)

// Command makes the command of a new child; each call a fresh one.
type Command func() *exec.Cmd

// Self runs this program again with [Argument].
func Self() (Command, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program to start workers: %w", err)
	}
	return func() *exec.Cmd { return exec.Command(path, Argument) }, nil
}

// Pool keeps children ready. It is safe for concurrent use: every call has a
// child of its own while it lasts.
type Pool struct {
	command  Command
	mailTime time.Duration
	stepTime time.Duration

	mu   sync.Mutex // guards idle
	idle []*proc
}

// NewPool returns a pool without children; they start when they are needed.
func NewPool(command Command) *Pool {
	return &Pool{command: command, mailTime: MailTime, stepTime: ContainerTime}
}

// Close ends all children. No call may be under way.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.end()
	}
	p.idle = nil
	return nil
}

// Parse has a group of mails parsed and returns their results in order. A mail
// that a child did not survive, or not in time, is unreadable with the cause;
// an error means that no child could be had or ctx is done.
func (p *Pool) Parse(ctx context.Context, mails [][]byte) ([]Result, error) {
	results, cause, err := p.tryParse(ctx, mails)
	if err != nil || cause == "" {
		return results, err
	}
	if len(mails) == 1 {
		return []Result{lost(cause)}, nil
	}
	results = results[:0]
	for i := range mails { // one of them did it
		r, err := p.Parse(ctx, mails[i:i+1])
		if err != nil {
			return nil, err
		}
		results = append(results, r[0])
	}
	return results, nil
}

// lost is the result of a mail that ended its child.
func lost(cause string) Result {
	rec := trove.Record{Kind: trove.Mail, Verdict: trove.Unchecked, Unreadable: cause}
	b, err := json.Marshal(&rec)
	if err != nil {
		panic(err) // two strings
	}
	return Result{Record: b, Kind: rec.Kind, Unreadable: cause}
}

// tryParse parses a group in one child. cause says how the child ended, if it did.
func (p *Pool) tryParse(ctx context.Context, mails [][]byte) (results []Result, cause string, err error) {
	c, err := p.get(ctx)
	if err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, c.kill)
	timer := time.AfterFunc(p.mailTime, c.late)
	results, err = c.parse(mails)
	timer.Stop()
	stop()
	if err == nil {
		p.put(c)
		return results, "", nil
	}
	cause = c.fate(p.mailTime)
	return nil, cause, ctx.Err()
}

// Expand opens the container in r in a child and gives its members to visit,
// as [container.Expand] does. The error of a damaged member comes out of the
// reader and needs no reporting: it is in the report. An error that visit did
// not return says why the container was not opened to its end. A child learns
// the passwords when it says that the container is encrypted, and serves nothing
// else afterwards.
func (p *Pool) Expand(ctx context.Context, r io.ReaderAt, size int64, f container.Format, o container.Options, visit container.Visit) (container.Report, error) {
	c, err := p.get(ctx)
	if err != nil {
		return container.Report{}, err
	}
	stop := context.AfterFunc(ctx, c.kill)
	x := &exchange{c: c, r: r, size: size, limit: p.stepTime, unlock: o.Unlock}
	report, err := x.run(expandRequest{Size: size, Format: f, Options: o}, visit)
	stop()
	if !x.ended {
		if !errors.Is(err, errDied) {
			c.kill()
		}
		cause := c.fate(p.stepTime)
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case err == nil || errors.Is(err, errDied):
			err = errors.New(cause)
		}
		return report, err
	}
	if x.told {
		c.end()
	} else {
		p.put(c)
	}
	return report, err
}

func (p *Pool) get(ctx context.Context) (*proc, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return start(p.command())
}

func (p *Pool) put(c *proc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

// proc is one child. One goroutine speaks to it; kill and late may come from
// others.
type proc struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tail
	report sandbox.Report // what protects us from it
	memory int64          // its limit

	mu     sync.Mutex // guards isLate
	isLate bool
}

// start runs a child and waits for its hello.
func start(cmd *exec.Cmd) (*proc, error) {
	c := &proc{cmd: cmd}
	apart(cmd)
	cmd.Stderr = &c.stderr
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReaderSize(out, dataSize)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	timer := time.AfterFunc(startTime, c.late)
	f, err := readFrame(c.out, nil)
	timer.Stop()
	if err != nil || f.kind != hello {
		return nil, fmt.Errorf("start worker %s: no hello: %s", cmd.Path, c.fate(startTime))
	}
	var h greeting
	if err := json.Unmarshal(f.payload, &h); err != nil {
		c.end()
		return nil, fmt.Errorf("start worker %s: %w", cmd.Path, err)
	}
	c.report, c.memory = h.Sandbox, h.Memory
	return c, nil
}

func (c *proc) kill() { killAll(c.cmd.Process) }

func (c *proc) late() {
	c.mu.Lock()
	c.isLate = true
	c.mu.Unlock()
	c.kill()
}

// end lets an idle child go.
func (c *proc) end() {
	_ = c.in.Close()
	c.kill()
	_ = c.cmd.Wait() // killed: an error by definition
}

// fate ends the child and says in words what became of it.
func (c *proc) fate(limit time.Duration) string {
	_ = c.in.Close()
	timer := time.AfterFunc(time.Second, c.kill) // time to print why it dies
	_, _ = io.Copy(io.Discard, c.out)
	err := c.cmd.Wait()
	timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.stderr.reason()
	switch {
	case c.isLate:
		return fmt.Sprintf("took longer than %v", limit)
	case strings.Contains(last, "out of memory") || strings.Contains(last, "cannot allocate"):
		return fmt.Sprintf("needed more than %d MB of memory", c.memory>>20)
	case last != "":
		return "the worker ended: " + last
	case err != nil:
		return "the worker ended: " + err.Error()
	}
	return "the worker ended"
}

func (c *proc) parse(mails [][]byte) ([]Result, error) {
	size := 0
	for _, m := range mails {
		size += 4 + len(m)
	}
	parts := make([][]byte, 0, 2*len(mails))
	lengths := make([]byte, 0, 4*len(mails))
	for _, m := range mails {
		lengths = binary.BigEndian.AppendUint32(lengths, uint32(len(m)))
		parts = append(parts, lengths[len(lengths)-4:], m)
	}
	w := bufio.NewWriterSize(c.in, min(size+5, 256<<10))
	if err := writeFrame(w, parseAll, parts...); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(mails))
	for range mails {
		f, err := readFrame(c.out, nil)
		if err != nil {
			return nil, err
		}
		r, err := decodeResult(f.payload)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// tail keeps the beginning of what a child says on stderr.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const maxStderr = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[:min(len(p), maxStderr-len(t.b))]...)
	return len(p), nil
}

// reason finds the line in which the runtime says why it stops.
func (t *tail) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(t.b) {
		s := strings.TrimSpace(string(line))
		if strings.HasPrefix(s, "fatal error: ") || strings.HasPrefix(s, "panic: ") || strings.HasPrefix(s, "runtime: ") {
			return s[:min(len(s), 200)]
		}
	}
	return ""
}
