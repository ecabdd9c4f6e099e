package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const arMagic = "!<arch>\n"

// maxOldName bounds a name in an old archive, and the table of long names.
const (
	maxOldName = 64 << 10
	maxNames   = 16 << 20
)

// ar reads the archives of Unix (System V and BSD, as ar(5) has them): headers
// of sixty bytes, data filled up to two. Long names stand in a table, or before
// the data.
func (x *expansion) ar(r io.Reader) error {
	br := bufio.NewReaderSize(r, 64<<10)
	if _, err := br.Discard(len(arMagic)); err != nil {
		return err
	}
	var table []byte
	for {
		var head [60]byte
		switch _, err := io.ReadFull(br, head[:]); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		size, err := strconv.ParseInt(strings.TrimRight(string(head[48:58]), " "), 10, 62)
		if err != nil || size < 0 || string(head[58:]) != "`\n" {
			return errors.New("the header of a member is damaged")
		}
		data := &io.LimitedReader{R: br, N: size}
		if table, err = x.arred(strings.TrimRight(string(head[:16]), " "), data, table); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, data); err != nil {
			return err
		}
		if data.N > 0 {
			return io.ErrUnexpectedEOF
		}
		if size%2 == 1 {
			_, _ = br.Discard(1) // the last one may lack it
		}
	}
}

// arred takes in one member; it returns the table of long names.
func (x *expansion) arred(name string, data *io.LimitedReader, table []byte) ([]byte, error) {
	switch {
	case name == "//":
		return io.ReadAll(io.LimitReader(data, maxNames))
	case name == "/", name == "/SYM64/", strings.HasPrefix(name, "__.SYMDEF"):
		return table, nil
	case strings.HasPrefix(name, "/"):
		if off, err := strconv.Atoi(name[1:]); err == nil && off >= 0 && off < len(table) {
			long, _, _ := bytes.Cut(table[off:], []byte("\n"))
			name = string(long)
		}
	case strings.HasPrefix(name, "#1/"):
		n, err := strconv.Atoi(name[3:])
		if err != nil || n < 0 || n > maxOldName {
			return table, errors.New("the name of a member is damaged")
		}
		long := make([]byte, n)
		if _, err := io.ReadFull(data, long); err != nil {
			return table, err
		}
		name = strings.TrimRight(string(long), "\x00")
	}
	x.Entries++
	return table, x.member(strings.TrimSuffix(name, "/"), whole(data))
}

// whole makes the end of data an error if some of them are missing.
func whole(l *io.LimitedReader) io.Reader { return &wholeReader{l} }

type wholeReader struct{ l *io.LimitedReader }

func (w *wholeReader) Read(p []byte) (int, error) {
	n, err := w.l.Read(p)
	if err == io.EOF && w.l.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// cpioHead is what is used of a header, whatever its form.
type cpioHead struct {
	mode, name, size int64
	length           int64 // of the header
	pad              int64 // to which name and data are filled up
}

// cpio types in the mode, as stat(2) has them.
const (
	modeType = 0o170000
	modeFile = 0o100000
	modeDir  = 0o040000
	modeLink = 0o120000
)

const cpioEnd = "TRAILER!!!"

// isCpio tells a header of one of the four forms whose name can be one.
func isCpio(b []byte) bool {
	h, ok := parseCpio(b)
	if !ok || h.name < 2 || h.name > 4096 || h.mode&modeType == 0 {
		return false
	}
	end := h.length + h.name - 1
	return end >= int64(len(b)) || b[end] == 0
}

// parseCpio reads a header: "new" in hexadecimal, "odc" in octal, and binary in
// either order (cpio(5)).
func parseCpio(b []byte) (cpioHead, bool) {
	num := func(from, n, base int) int64 {
		v, err := strconv.ParseInt(string(b[from:from+n]), base, 62)
		if err != nil || v < 0 {
			return -1
		}
		return v
	}
	var h cpioHead
	switch {
	case len(b) >= 110 && (bytes.HasPrefix(b, []byte("070701")) || bytes.HasPrefix(b, []byte("070702"))):
		h = cpioHead{mode: num(14, 8, 16), size: num(54, 8, 16), name: num(94, 8, 16), length: 110, pad: 4}
	case len(b) >= 76 && bytes.HasPrefix(b, []byte("070707")):
		h = cpioHead{mode: num(18, 6, 8), name: num(59, 6, 8), size: num(65, 11, 8), length: 76, pad: 1}
	case len(b) >= 26 && bytes.HasPrefix(b, []byte("\xc7\x71")):
		h = binaryCpio(b, binary.LittleEndian)
	case len(b) >= 26 && bytes.HasPrefix(b, []byte("\x71\xc7")):
		h = binaryCpio(b, binary.BigEndian)
	}
	return h, h.length > 0 && h.mode >= 0 && h.name > 0 && h.size >= 0
}

func binaryCpio(b []byte, o binary.ByteOrder) cpioHead {
	return cpioHead{
		mode: int64(o.Uint16(b[6:])), name: int64(o.Uint16(b[20:])),
		size: int64(o.Uint16(b[22:]))<<16 | int64(o.Uint16(b[24:])), length: 26, pad: 2,
	}
}

func (x *expansion) cpio(br *bufio.Reader) error {
	for {
		b, err := br.Peek(110)
		if len(b) == 0 {
			return fmt.Errorf("the archive has no end: %w", io.ErrUnexpectedEOF)
		}
		h, ok := parseCpio(b)
		if !ok || h.name > maxOldName {
			return fmt.Errorf("the header of a member is damaged: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		_, _ = br.Discard(int(h.length)) // it was seen
		raw := make([]byte, h.name)
		if _, err := io.ReadFull(br, raw); err != nil {
			return err
		}
		name := strings.TrimRight(string(raw), "\x00")
		if name == cpioEnd {
			return nil
		}
		if err := h.skip(br, h.length+h.name); err != nil {
			return err
		}
		data := &io.LimitedReader{R: br, N: h.size}
		if err := x.cpioed(h, name, data); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, data); err != nil {
			return err
		}
		if data.N > 0 {
			return io.ErrUnexpectedEOF
		}
		if err := h.skip(br, h.size); err != nil {
			return err
		}
	}
}

// skip passes over what fills n bytes up.
func (h cpioHead) skip(br *bufio.Reader, n int64) error {
	_, err := br.Discard(int((h.pad - n%h.pad) % h.pad))
	return err
}

func (x *expansion) cpioed(h cpioHead, raw string, data *io.LimitedReader) error {
	x.Entries++
	name, _ := x.clean(raw)
	switch h.mode & modeType {
	case modeFile:
		return x.member(raw, whole(data))
	case modeLink:
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
	case modeDir:
	default:
		x.problem(Unsupported, "%s is an entry of mode %o, which is not supported", name, h.mode)
	}
	return nil
}

// isCompress tells a stream of compress(1) by its magic and the bits that its
// codes can have.
func isCompress(b []byte) bool {
	const reserved = 0x60
	return len(b) >= 3 && b[0] == 0x1f && b[1] == 0x9d && b[2]&reserved == 0 && b[2]&0x1f >= 9 && b[2]&0x1f <= 16
}

// uncompress undoes the LZW of compress(1): codes of nine bits and more, from
// the low end, in groups of eight; what is left of a group is passed over when
// the width changes or the table is emptied.
type uncompress struct {
	r       *bufio.Reader
	maxBits uint
	block   bool // code 256 empties the table
	bits    uint
	group   []byte // of the codes that are being read
	at      uint   // bits of it that are used
	next    int    // code that is made next
	last    int    // code before, -1 for none
	first   byte   // of its bytes
	prefix  [1 << 16]uint16
	suffix  [1 << 16]byte
	out     []byte // bytes of a code, the last first
	err     error
}

const lzwClear = 256

func newUncompress(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	var head [3]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return nil, err
	}
	u := &uncompress{r: br, maxBits: uint(head[2] & 0x1f), block: head[2]&0x80 != 0, bits: 9, last: -1}
	u.next = u.firstCode()
	return u, nil
}

func (u *uncompress) firstCode() int {
	if u.block {
		return lzwClear + 1
	}
	return lzwClear
}

func (u *uncompress) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(u.out) == 0 {
			if u.err == nil {
				u.err = u.code()
			}
			if u.err != nil {
				return n, u.err
			}
			continue
		}
		p[n] = u.out[len(u.out)-1]
		u.out = u.out[:len(u.out)-1]
		n++
	}
	return n, nil
}

// code reads one code and lays its bytes out.
func (u *uncompress) code() error {
	if u.next == 1<<u.bits && u.bits < u.maxBits {
		u.bits++
		u.group = nil
	}
	c, err := u.take()
	if err != nil {
		return err
	}
	if c == lzwClear && u.block {
		u.bits, u.next, u.last, u.group = 9, u.firstCode(), -1, nil
		return nil
	}
	return u.spell(c)
}

// take reads the next code of the group.
func (u *uncompress) take() (int, error) {
	if uint(len(u.group))*8 < u.at+u.bits || u.group == nil {
		buf := make([]byte, u.bits)
		n, err := io.ReadFull(u.r, buf)
		if uint(n)*8 < u.bits {
			if err == io.ErrUnexpectedEOF {
				err = io.EOF // what fills the last group up
			}
			return 0, err
		}
		u.group, u.at = buf[:n], 0
	}
	c := 0
	for i := range u.bits {
		bit := u.at + i
		c |= int(u.group[bit/8]>>(bit%8)&1) << i
	}
	u.at += u.bits
	return c, nil
}

func (u *uncompress) spell(c int) error {
	at := c
	switch {
	case u.last < 0 && c > 255, c > u.next || c == u.next && u.last < 0:
		return errors.New("a code that was not made yet")
	case c >= u.next: // the code that is being made: the last one and its first byte
		u.out = append(u.out, u.first)
		at = u.last
	}
	for at > 255 {
		if len(u.out) > 1<<16 {
			return errors.New("codes that lead in a circle")
		}
		u.out = append(u.out, u.suffix[at])
		at = int(u.prefix[at])
	}
	u.first = byte(at)
	u.out = append(u.out, u.first)
	if u.last >= 0 && u.next < 1<<u.maxBits {
		u.prefix[u.next], u.suffix[u.next] = uint16(u.last), u.first
		u.next++
	}
	u.last = c
	return nil
}
