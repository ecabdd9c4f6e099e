package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"unseal/intake/container"
)

// errDied says that the child ended within an exchange.
var errDied = errors.New("the worker ended")

// exchange is one container being opened by a child.
type exchange struct {
	c     *proc
	r     io.ReaderAt
	size  int64
	limit time.Duration
	ended bool // the child is ready for the next request
	buf   []byte

	unlock func() []string // the passwords to try; nil for none
	told   bool            // the child knows some
}

func (x *exchange) run(req expandRequest, visit container.Visit) (container.Report, error) {
	b, err := json.Marshal(req)
	if err != nil {
		return container.Report{}, err
	}
	if err := writeFrame(x.c.in, expand, b); err != nil {
		return container.Report{}, errDied
	}
	for {
		f, err := x.next()
		if err != nil {
			return container.Report{}, err
		}
		switch f.kind {
		case member:
			if err := x.visit(f.payload, visit); err != nil {
				return container.Report{}, err
			}
		case done:
			return x.finish(f.payload)
		default:
			return container.Report{}, fmt.Errorf("worker: unexpected frame %q", f.kind)
		}
	}
}

func (x *exchange) finish(b []byte) (container.Report, error) {
	x.ended = true
	var a expandAnswer
	if err := json.Unmarshal(b, &a); err != nil {
		return a.Report, err
	}
	switch {
	case a.Reason == isDocument:
		return a.Report, container.ErrDocument
	case a.Reason == isEncrypted:
		return a.Report, container.ErrEncrypted
	case a.Error != "":
		return a.Report, errors.New(a.Error)
	}
	return a.Report, nil
}

// next returns the child's next frame after serving what it wants to read or
// to know.
func (x *exchange) next() (frame, error) {
	for {
		timer := time.AfterFunc(x.limit, x.c.late)
		f, err := readFrame(x.c.out, x.buf)
		timer.Stop()
		if err != nil {
			return f, errDied
		}
		x.buf = f.payload
		switch f.kind {
		case want:
			err = x.serve(f.payload)
		case locked:
			err = x.tell()
		default:
			return f, nil
		}
		if err != nil {
			return f, errDied
		}
	}
}

// tell sends the passwords.
func (x *exchange) tell() error {
	var list []string
	if x.unlock != nil {
		list = x.unlock()
	}
	x.told = x.told || len(list) > 0
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return writeFrame(x.c.in, keys, b)
}

// serve sends the bytes that the child wants.
func (x *exchange) serve(req []byte) error {
	if len(req) != 12 {
		return errDied
	}
	off := int64(binary.BigEndian.Uint64(req))
	n := int64(binary.BigEndian.Uint32(req[8:]))
	if off < 0 || off > x.size || n > readAhead {
		return errDied
	}
	b := make([]byte, min(n, x.size-off))
	if m, err := x.r.ReadAt(b, off); m < len(b) {
		return writeFrame(x.c.in, cannot, []byte(err.Error()))
	}
	return writeFrame(x.c.in, have, b)
}

// visit hands a member to the visitor and skips what it left.
func (x *exchange) visit(head []byte, visit container.Visit) error {
	var m container.Member
	if err := json.Unmarshal(head, &m); err != nil {
		return err
	}
	r := &memberReader{x: x}
	if err := visit(m, r); err != nil && (r.damage == nil || !errors.Is(err, r.damage)) {
		return err
	}
	_, err := io.Copy(io.Discard, r)
	if err != nil && err != r.damage {
		return err
	}
	return nil
}

// memberReader reads a member's data frames.
type memberReader struct {
	x      *exchange
	rest   []byte
	ended  bool
	damage error
}

// brokenMember is the error of a member that could not be read to its end; the bytes
// before it are good.
type brokenMember struct{ text string }

func (d *brokenMember) Error() string { return d.text }

func (r *memberReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.damage != nil {
			return 0, r.damage
		}
		if r.ended {
			return 0, io.EOF
		}
		f, err := r.x.next()
		if err != nil {
			return 0, err
		}
		switch f.kind {
		case data:
			r.rest = f.payload
		case finish:
			r.ended = true
			if len(f.payload) > 0 {
				r.damage = &brokenMember{string(f.payload)}
			}
		default:
			return 0, fmt.Errorf("worker: unexpected frame %q", f.kind)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
