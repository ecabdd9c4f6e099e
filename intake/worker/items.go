package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"unseal/intake/reader"
	"unseal/intake/sandbox"
)

// readRequest asks for one item to be read.
type readRequest struct {
	Request reader.Request
	Size    int64
	Dir     string
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
	answer, err := json.Marshal(res)
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
func (x *exchange) readAll(req readRequest) (res reader.Result, err error) {
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

// Readers read items that are no mails, each in a child of its own, in a folder
// of its own. They are safe for concurrent use.
type Readers struct {
	command func(dir string) Command
	temp    string
	time    time.Duration
}

// NewReaders returns readers whose children command makes, for the folder that
// they may write in. These folders are made in temp; empty is the system's.
func NewReaders(command func(dir string) Command, temp string) *Readers {
	return &Readers{command: command, temp: temp, time: ItemTime}
}

// Read has one item read. What the child did not survive, or not in time, is
// said in Result.Failed; an error means that no child could be had or ctx is
// done. Nothing of the child is left on return, programs that it ran included.
func (p *Readers) Read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64) (res reader.Result, err error) {
	if err := ctx.Err(); err != nil {
		return res, err
	}
	dir, err := os.MkdirTemp(p.temp, "unseal-read-*")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := start(p.command(dir)())
	if err != nil {
		return res, err
	}
	defer context.AfterFunc(ctx, c.kill)()
	defer time.AfterFunc(p.time, c.late).Stop()
	x := &exchange{c: c, r: content, size: size, limit: p.time}
	res, err = x.readAll(readRequest{Request: req, Size: size, Dir: dir})
	if errors.Is(err, errDied) {
		err = errors.New(c.fate(p.time))
	} else {
		c.end()
	}
	switch {
	case ctx.Err() != nil:
		return reader.Result{}, ctx.Err()
	case err != nil:
		return reader.Result{Failed: err.Error()}, nil
	}
	return res, nil
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
