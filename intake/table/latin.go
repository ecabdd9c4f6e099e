package table

import (
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// latin passes UTF-8 on and reads bytes that are none as windows-1252, which
// keeps tables readable that were put together from several sources.
type latin struct {
	r    io.Reader
	in   []byte // not looked at yet
	out  []byte
	done bool
}

// latinBlock is how much is read at once.
const latinBlock = 32 << 10

func (l *latin) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		if l.done {
			return 0, io.EOF
		}
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}

// fill reads a block and makes it UTF-8 but for a letter that its end cuts.
func (l *latin) fill() error {
	block := make([]byte, latinBlock)
	n, err := l.r.Read(block)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	l.done = err != nil
	l.in = append(l.in, block[:n]...)
	l.out = nil
	for len(l.in) > 0 && (l.done || utf8.FullRune(l.in)) {
		r, size := utf8.DecodeRune(l.in)
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(l.in[0])
		}
		l.out = utf8.AppendRune(l.out, r)
		l.in = l.in[size:]
	}
	return nil
}
