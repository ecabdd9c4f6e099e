package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/klauspost/compress/zstd"

	"unseal/intake/container"
	"unseal/intake/sandbox"
	"unseal/trove"
)

// Memory of a child: collected seldom while it is small, hard before the
// system's own limit ends it.
const (
	gcPercent   = 400
	maxStack    = MaxMemory / 8
	dataSize    = 64 << 10  // of a data frame
	readAhead   = 256 << 10 // asked of the parent at once
	keepBuffers = 4 << 20   // larger ones are given back after a request
)

// Main is the child's life: it limits itself, then answers requests from in on
// out until in ends. Only a broken pipe is an error.
func Main(in io.Reader, out io.Writer, work Work) error {
	if work.Memory == 0 {
		work.Memory = MaxMemory
	}
	if work.Expand == nil {
		work.Expand = container.Expand
	}
	runtime.GOMAXPROCS(1) // several children share the processors
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(work.Memory * 3 / 4)
	debug.SetMaxStack(maxStack)
	if err := limitMemory(work.Memory); err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	c := &child{in: bufio.NewReaderSize(in, dataSize), out: bufio.NewWriterSize(out, dataSize), work: work, text: enc}
	if err := c.greet(); err != nil {
		return err
	}
	for {
		f, err := readFrame(c.in, c.buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		c.buf = f.payload
		if err := c.answer(f); err != nil {
			return err
		}
		if cap(c.buf) > keepBuffers {
			c.buf, c.reply = nil, nil
		}
	}
}

type child struct {
	in         *bufio.Reader
	out        *bufio.Writer
	work       Work
	text       *zstd.Encoder
	buf, reply []byte
}

func (c *child) greet() error {
	b, err := json.Marshal(greeting{Sandbox: sandbox.Applied(), Memory: c.work.Memory})
	if err != nil {
		return err
	}
	return c.say(hello, b)
}

// say sends a frame at once.
func (c *child) say(kind byte, payload ...[]byte) error {
	if err := writeFrame(c.out, kind, payload...); err != nil {
		return err
	}
	return c.out.Flush()
}

func (c *child) answer(f frame) error {
	switch f.kind {
	case parseAll:
		return c.parseAll(f.payload)
	case expand:
		return c.expand(f.payload)
	case readItem:
		return c.readItem(f.payload)
	}
	return fmt.Errorf("unknown request %q", f.kind)
}

func (c *child) parseAll(b []byte) error {
	for len(b) >= 4 {
		n := binary.BigEndian.Uint32(b)
		b = b[4:]
		if uint64(n) > uint64(len(b)) {
			return io.ErrUnexpectedEOF
		}
		r, err := c.parseOne(b[:n:n])
		if err != nil {
			return err
		}
		b = b[n:]
		c.reply = r.append(c.reply[:0])
		if err := writeFrame(c.out, result, c.reply); err != nil {
			return err
		}
	}
	return c.out.Flush()
}

// parseOne makes one result. A panic makes the mail unreadable; what cannot be
// caught ends the child, and the parent finds the culprit.
func (c *child) parseOne(raw []byte) (r Result, err error) {
	rec, text := c.guarded(raw)
	r = Result{
		Kind: rec.Kind, MessageID: rec.MessageID, Date: rec.Date, Received: rec.Received,
		Content: rec.Content, Unreadable: rec.Unreadable,
	}
	for _, w := range rec.Warnings {
		r.Warnings = append(r.Warnings, w.Code)
	}
	if text != "" {
		r.Text = c.text.EncodeAll([]byte(text), nil)
	}
	r.Record, err = json.Marshal(&rec)
	return r, err
}

func (c *child) guarded(raw []byte) (rec trove.Record, text string) {
	defer func() {
		if p := recover(); p != nil {
			rec, text = trove.Record{Kind: trove.Mail, Verdict: trove.Unchecked, Unreadable: fmt.Sprintf("the parser gave up: %v", p)}, ""
		}
	}()
	return c.work.Parse(raw)
}

type expandRequest struct {
	Size    int64
	Format  container.Format
	Options container.Options
}

type expandAnswer struct {
	Report container.Report
	Error  string // why it could not be opened, or not to its end
	Reason string // document or encrypted, where the error is one of these
}

// The reasons that an error keeps on its way to the parent.
const (
	isDocument  = "document"
	isEncrypted = "encrypted"
)

func (c *child) expand(b []byte) error {
	var req expandRequest
	if err := json.Unmarshal(b, &req); err != nil {
		return err
	}
	r := &remote{c: c, size: req.Size}
	req.Options.Unlock = r.passwords
	report, err := c.work.Expand(r, req.Size, req.Format, req.Options, c.sendMember)
	if c.broken(err) || r.broken != nil {
		return errors.Join(err, r.broken)
	}
	a := expandAnswer{Report: report}
	if err != nil {
		a.Error = err.Error()
	}
	switch {
	case errors.Is(err, container.ErrDocument):
		a.Reason = isDocument
	case errors.Is(err, container.ErrEncrypted):
		a.Reason = isEncrypted
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return c.say(done, answer)
}

// passwords asks the parent for them.
func (r *remote) passwords() (list []string) {
	if err := r.c.say(locked); err != nil {
		r.broken = pipeError{err}
		return nil
	}
	f, err := readFrame(r.c.in, nil)
	if err == nil && f.kind != keys {
		err = fmt.Errorf("the passwords were asked for, and a frame %q came", f.kind)
	}
	if err == nil {
		err = json.Unmarshal(f.payload, &list)
	}
	if err != nil {
		r.broken = pipeError{err}
	}
	return list
}

// pipeError marks an error of the pipe to the parent, which ends the child.
type pipeError struct{ error }

func (c *child) broken(err error) bool {
	var p pipeError
	return errors.As(err, &p)
}

func (c *child) sendMember(m container.Member, r io.Reader) error {
	head, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := writeFrame(c.out, member, head); err != nil {
		return pipeError{err}
	}
	buf := make([]byte, dataSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if err := writeFrame(c.out, data, buf[:n]); err != nil {
				return pipeError{err}
			}
		}
		if err == nil {
			continue
		}
		var bad error
		if err != io.EOF && err != io.ErrUnexpectedEOF || container.StreamError(err) {
			bad = err
		}
		if err := c.endMember(bad); err != nil {
			return err
		}
		return bad
	}
}

func (c *child) endMember(bad error) error {
	why := ""
	if bad != nil {
		why = bad.Error()
	}
	if err := c.say(finish, []byte(why)); err != nil {
		return pipeError{err}
	}
	return nil
}

// remote reads the container's bytes through the parent. The decoders use it
// from one goroutine.
type remote struct {
	c      *child
	size   int64
	window []byte
	at     int64
	broken error
}

func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		if off+int64(n) >= r.size {
			return n, io.EOF
		}
		if err := r.fill(off + int64(n)); err != nil {
			return n, err
		}
		n += copy(p[n:], r.window[off+int64(n)-r.at:])
	}
	return n, nil
}

// fill makes the window hold the byte at off.
func (r *remote) fill(off int64) error {
	if off >= r.at && off < r.at+int64(len(r.window)) {
		return nil
	}
	var req [12]byte
	binary.BigEndian.PutUint64(req[:], uint64(off))
	binary.BigEndian.PutUint32(req[8:], uint32(min(readAhead, r.size-off)))
	if err := r.c.say(want, req[:]); err != nil {
		r.broken = pipeError{err}
		return r.broken
	}
	f, err := readFrame(r.c.in, r.window[:0])
	switch {
	case err != nil:
		r.broken = pipeError{err}
		return r.broken
	case f.kind != have || len(f.payload) == 0:
		return fmt.Errorf("read container at byte %d: %s", off, f.payload)
	}
	r.window, r.at = f.payload, off
	return nil
}
