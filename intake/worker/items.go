package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"unseal/intake/reader"
	"unseal/intake/sandbox"
	"unseal/intake/tool"
)

// readRequest asks for one item to be read.
type readRequest struct {
	Request reader.Request
	Size    int64
	Dir     string
}

// readAnswer is what was read. Ran says that the child has run the program of
// others.
type readAnswer struct {
	reader.Result
	Ran bool
}

// fileHead goes before the bytes of a file that a reader made or found.
type fileHead struct {
	Made     *reader.Made     `json:",omitempty"`
	Embedded *reader.Embedded `json:",omitempty"`
}

// readItem answers with the files of the result and then the rest of it.
func (c *child) readItem(b []byte) error {
	var req readRequest
	if err := json.Unmarshal(b, &req); err != nil {
		return err
	}
	r := &remote{c: c, size: req.Size}
	res := c.guardedRead(&reader.Input{Request: req.Request, Content: r, Size: req.Size, Dir: req.Dir})
	if r.broken != nil {
		return r.broken
	}
	if err := c.sendFiles(&res); err != nil {
		return err
	}
	answer, err := json.Marshal(readAnswer{Result: res, Ran: tool.Ran()})
	if err != nil {
		return err
	}
	return c.say(done, answer)
}

// guardedRead reads the item; a panic costs what would have been made of it.
func (c *child) guardedRead(in *reader.Input) (res reader.Result) {
	defer func() {
		if p := recover(); p != nil {
			res = reader.Result{Failed: fmt.Sprintf("the reader gave up: %v", p)}
		}
	}()
	if c.work.Read == nil {
		return reader.Result{Failed: "nothing here reads such items"}
	}
	return c.work.Read(context.Background(), in)
}

// sendFiles sends the files and takes them out of the result.
func (c *child) sendFiles(res *reader.Result) error {
	for _, m := range res.Files {
		b := m.Bytes
		m.Bytes = nil
		if err := c.sendFile(fileHead{Made: &m}, b); err != nil {
			return err
		}
	}
	for _, e := range res.Embedded {
		b := e.Bytes
		e.Bytes = nil
		if err := c.sendFile(fileHead{Embedded: &e}, b); err != nil {
			return err
		}
	}
	res.Files, res.Embedded = nil, nil
	return nil
}

func (c *child) sendFile(h fileHead, b []byte) error {
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := writeFrame(c.out, member, head); err != nil {
		return err
	}
	for len(b) > 0 {
		n := min(len(b), dataSize)
		if err := writeFrame(c.out, data, b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return c.say(finish)
}

// errTooMuch says that a reader made more than is taken from it.
var errTooMuch = errors.New("more was made of it than is allowed")

// readAll runs the exchange of one item.
func (x *exchange) readAll(req readRequest) (res readAnswer, err error) {
	b, err := json.Marshal(req)
	if err != nil {
		return res, err
	}
	if err := writeFrame(x.c.in, readItem, b); err != nil {
		return res, errDied
	}
	var files []reader.Made
	var inside []reader.Embedded
	for left := int64(MaxMade); ; {
		f, err := x.next()
		if err != nil {
			return res, err
		}
		switch f.kind {
		case member:
			if err := x.file(f.payload, &left, &files, &inside); err != nil {
				return res, err
			}
		case done:
			x.ended = true
			err := json.Unmarshal(f.payload, &res)
			res.Files, res.Embedded = files, inside
			return res, err
		default:
			return res, fmt.Errorf("worker: unexpected frame %q", f.kind)
		}
	}
}

// file takes one file of a result.
func (x *exchange) file(head []byte, left *int64, files *[]reader.Made, inside *[]reader.Embedded) error {
	var h fileHead
	if err := json.Unmarshal(head, &h); err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(&memberReader{x: x}, *left+1))
	if err != nil {
		return err
	}
	if *left -= int64(len(b)) + fileCost; *left < 0 {
		return errTooMuch
	}
	switch {
	case h.Made != nil:
		h.Made.Bytes = b
		*files = append(*files, *h.Made)
	case h.Embedded != nil:
		h.Embedded.Bytes = b
		*inside = append(*inside, *h.Embedded)
	}
	return nil
}

// Readers read items that are no mails, in children with a folder of their own.
// A child that ran the program of others, or made something for readers, ends
// with its item; others read some items one after the other, since starting one
// costs more than reading a small file. They are safe for concurrent use.
type Readers struct {
	Alone   func(reader.Request) bool // which items get a child of their own whatever it does; nil for none
	command func(dir string) Command
	temp    string
	time    time.Duration

	mu   sync.Mutex // guards idle
	idle []*seat
}

// maxReads is how many items one child reads.
const maxReads = 32

// seat is a child in its folder.
type seat struct {
	*proc
	dir   string
	reads int
}

// leave ends the child and removes its folder.
func (s *seat) leave() error {
	s.end()
	return os.RemoveAll(s.dir)
}

// NewReaders returns readers whose children command makes, for the folder that
// they may write in. These folders are made in temp; empty is the system's.
func NewReaders(command func(dir string) Command, temp string) *Readers {
	return &Readers{command: command, temp: temp, time: ItemTime}
}

// Close ends the children that wait. No call may be under way.
func (p *Readers) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, s := range p.idle {
		err = errors.Join(err, s.leave())
	}
	p.idle = nil
	return err
}

// Read has one item read. What the child did not survive, or not in time, is
// said in Result.Failed; an error means that no child could be had or ctx is
// done. Nothing that the item made lies about on return, and no program that
// was run for it goes on.
//
// The request's passwords go to no child but one that reads an item of which a
// child without them said that it is locked, and that reads nothing else.
func (p *Readers) Read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64) (reader.Result, error) {
	passwords := req.Passwords
	req.Passwords = nil
	res, err := p.read(ctx, req, content, size)
	if err != nil || !res.Locked || len(passwords) == 0 {
		return res, err
	}
	req.Passwords = passwords
	return p.read(ctx, req, content, size)
}

func (p *Readers) read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64) (reader.Result, error) {
	shares := req.Stage == reader.Read && req.Passwords == nil && (p.Alone == nil || !p.Alone(req))
	s, err := p.sit(ctx, shares)
	if err != nil {
		return reader.Result{}, err
	}
	res, ran, died, err := p.readIn(ctx, s, req, content, size)
	if died && err == nil && s.reads > 1 { // an item before it may be the cause
		if err := os.RemoveAll(s.dir); err != nil {
			return res, err
		}
		if s, err = p.fresh(ctx); err != nil {
			return res, err
		}
		res, ran, died, err = p.readIn(ctx, s, req, content, size)
	}
	if died {
		return res, errors.Join(err, os.RemoveAll(s.dir))
	}
	return res, p.rise(s, shares && !ran)
}

// sit finds a child that waits, or starts one.
func (p *Readers) sit(ctx context.Context, shares bool) (*seat, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 && shares {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return s, ctx.Err()
	}
	p.mu.Unlock()
	return p.fresh(ctx)
}

func (p *Readers) fresh(ctx context.Context) (*seat, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(p.temp, "unseal-read-*")
	if err != nil {
		return nil, err
	}
	c, err := start(p.command(dir)())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &seat{proc: c, dir: dir}, nil
}

// readIn has one item read by a child. ran says that the child has run the
// program of others, died that it is gone.
func (p *Readers) readIn(ctx context.Context, s *seat, req reader.Request, content io.ReaderAt, size int64) (res reader.Result, ran, died bool, err error) {
	stop := context.AfterFunc(ctx, s.kill)
	timer := time.AfterFunc(p.time, s.late)
	s.reads++
	x := &exchange{c: s.proc, r: content, size: size, limit: p.time}
	answer, err := x.readAll(readRequest{Request: req, Size: size, Dir: s.dir})
	timer.Stop()
	stop()
	switch {
	case ctx.Err() != nil:
		s.end()
		return res, false, true, ctx.Err()
	case errors.Is(err, errDied):
		return reader.Result{Failed: s.fate(p.time)}, false, true, nil
	case err != nil:
		s.end()
		return reader.Result{Failed: err.Error()}, false, true, nil
	}
	return answer.Result, answer.Ran, false, nil
}

// rise lets a child wait for its next item, or go.
func (p *Readers) rise(s *seat, stays bool) error {
	if !stays || s.reads >= maxReads {
		return s.leave()
	}
	if err := empty(s.dir); err != nil {
		return errors.Join(err, s.leave())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
	return nil
}

// empty removes what is in a folder.
func empty(dir string) error {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// Protections starts a child and asks what protects us from it.
func (p *Readers) Protections() (sandbox.Report, error) {
	c, err := start(p.command("")())
	if err != nil {
		return sandbox.Report{}, err
	}
	defer c.end()
	return c.report, nil
}

// InSandbox makes the commands of a child that keeps what the options name and
// nothing else.
func InSandbox(command Command, o sandbox.Options) Command {
	return func() *exec.Cmd {
		cmd := command()
		sandbox.Prepare(cmd, o)
		return cmd
	}
}

// ReadOptions are those of a child that reads one item in the folder dir.
func ReadOptions(dir string, read ...string) sandbox.Options {
	return sandbox.Options{Dir: dir, Read: read, Memory: ReadMemory, CPU: int64(2 * ItemTime / time.Second)}
}
