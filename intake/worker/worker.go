// Package worker reads hostile input in child processes of the same program,
// so that a crash, a hang or a hunger for memory costs one item and not the
// run.
//
// A child limits its own memory at start, says hello, and then answers one
// request after the other until its input ends: parse a group of mails, open a
// container, or read an item, whose bytes it asks its parent for. The parent
// keeps the time, kills what is late and starts another. A child that reads
// items that are no mails ([Readers]) may run the programs of others, and then
// ends with its item.
//
// Frames go both ways over the pipes: one byte of type, four bytes of length
// (big endian), the payload.
package worker

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"unseal/intake/container"
	"unseal/intake/reader"
	"unseal/intake/sandbox"
	"unseal/trove"
)

// Argument is the hidden first argument that makes the program a child; it
// calls [Main] and nothing else.
const Argument = "intake-worker"

// Limits of a child, from the table of hostile input in the threat model.
const (
	MaxMail       = 64 << 20          // bytes of one mail; the parent never sends more
	MailTime      = 10 * time.Second  // wall time for one mail
	ContainerTime = 120 * time.Second // wall time for one step of opening a container
	ItemTime      = 120 * time.Second // wall time for one stage of an item that is no mail
	MaxMade       = 256 << 20         // bytes of the files that one stage makes of an item
	MaxMemory     = 512 << 20         // of data, by RLIMIT_DATA where the system has it
	ReadMemory    = 1 << 30           // of a child that reads an item, and of each program that it runs
	startTime     = 30 * time.Second  // until hello
)

// Work is what a child can do.
type Work struct {
	Parse  Parse
	Read   reader.Func // of items that are no mails; nil for none
	Expand Expand      // nil for container.Expand
	Memory int64       // its limit in bytes; 0 for MaxMemory
}

// Expand opens a container as [container.Expand] does.
type Expand func(r io.ReaderAt, size int64, f container.Format, o container.Options, visit container.Visit) (container.Report, error)

// greeting is the payload of hello.
type greeting struct {
	Sandbox sandbox.Report `json:"sandbox"`
	Memory  int64          `json:"memory"`
}

// Parse makes the record and the text of a mail's exact bytes, which it must
// not keep. It runs in the child.
type Parse func(raw []byte) (trove.Record, string)

// Result is what a child made of one mail. Record and Text are as the catalog
// keeps them; the other fields repeat what the parent needs from the record.
type Result struct {
	Record     []byte // JSON of the trove.Record
	Text       []byte // one zstd frame; nil if there is no text
	Kind       trove.Kind
	MessageID  string
	Date       time.Time // zero if there is none
	Received   time.Time
	Content    trove.Digest
	Unreadable string
	Warnings   []string // codes
}

// The types of frames.
const (
	hello    = 'h' // child: ready; JSON of a greeting
	parseAll = 'p' // parent: mails, each with four bytes of length before it
	result   = 'i' // child: one Result, in the order of the mails
	expand   = 'x' // parent: JSON of an expandRequest
	readItem = 'r' // parent: JSON of a readRequest
	want     = 'w' // child: eight bytes of offset, four of length
	have     = 'v' // parent: the bytes wanted
	cannot   = 'c' // parent: why the bytes cannot be had
	member   = 'm' // child: JSON of a container.Member, or of a fileHead
	data     = 'd' // child: bytes of the member
	finish   = 'e' // child: end of the member; the payload says what is wrong with it
	locked   = 'l' // child: the container is encrypted
	keys     = 'k' // parent: JSON of the passwords to try
	done     = 'z' // child: JSON of an expandAnswer, or of a reader.Result whose files went before
)

// fileCost is what one file counts besides its bytes, so that a million empty
// ones are too many.
const fileCost = 1 << 10

// maxFrame bounds what is allocated for a frame.
const maxFrame = MaxMail + 16<<20

type frame struct {
	kind    byte
	payload []byte
}

func writeFrame(w io.Writer, kind byte, payload ...[]byte) error {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	head := [5]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(n))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	for _, p := range payload {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// readFrame reads one frame, into buf if that is large enough.
func readFrame(r io.Reader, buf []byte) (frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return frame{}, fmt.Errorf("frame of %d bytes", n)
	}
	if int(n) > cap(buf) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return frame{}, io.ErrUnexpectedEOF
	}
	return frame{head[0], buf}, nil
}

// append encodes a result; decodeResult is its inverse.
func (r *Result) append(b []byte) []byte {
	b = appendBytes(b, r.Record)
	b = appendBytes(b, r.Text)
	b = appendBytes(b, []byte(r.Kind))
	b = appendBytes(b, []byte(r.MessageID))
	b = appendTime(b, r.Date)
	b = appendTime(b, r.Received)
	b = append(b, r.Content[:]...)
	b = appendBytes(b, []byte(r.Unreadable))
	b = binary.AppendUvarint(b, uint64(len(r.Warnings)))
	for _, w := range r.Warnings {
		b = appendBytes(b, []byte(w))
	}
	return b
}

func appendBytes(b, p []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), t.Unix())
}

// decoder reads what append wrote. After the first mistake everything is empty
// and bad stays set.
type decoder struct {
	b   []byte
	bad bool
}

func decodeResult(b []byte) (Result, error) {
	d := decoder{b: b}
	var r Result
	r.Record = d.bytes()
	r.Text = d.bytes()
	r.Kind = trove.Kind(d.bytes())
	r.MessageID = string(d.bytes())
	r.Date = d.time()
	r.Received = d.time()
	copy(r.Content[:], d.take(uint64(len(r.Content))))
	r.Unreadable = string(d.bytes())
	for range d.uvarint() {
		if d.bad {
			break
		}
		r.Warnings = append(r.Warnings, string(d.bytes()))
	}
	if d.bad || len(d.b) > 0 {
		return Result{}, fmt.Errorf("result of %d bytes cannot be read", len(b))
	}
	return r, nil
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.b)
	d.skip(size)
	return n
}

// skip drops what a varint took; none or less means that it was none.
func (d *decoder) skip(size int) {
	if size <= 0 || d.bad {
		d.b, d.bad = nil, true
		return
	}
	d.b = d.b[size:]
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.b)) {
		d.b, d.bad = nil, true
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

func (d *decoder) time() time.Time {
	if p := d.take(1); len(p) == 0 || p[0] == 0 {
		return time.Time{}
	}
	n, size := binary.Varint(d.b)
	d.skip(size)
	return time.Unix(n, 0).UTC()
}
