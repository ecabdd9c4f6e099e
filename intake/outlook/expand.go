package outlook

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
)

// Kind is a kind of file that holds messages of Outlook.
type Kind string

// The kinds.
const (
	MSG  Kind = "msg"
	TNEF Kind = "tnef"
	PST  Kind = "pst"
)

// Member is what comes out of such a file: a reconstructed mail, or an
// attachment that did not fit into its mail.
type Member struct {
	Name string // for showing, folders joined by "/"
	Mail bool
	io.Reader
}

// Note is something about a file that a person should know.
type Note struct {
	Text string
	Lost bool // something of the file could not be had
}

// Expand gives what is in a file to fn and returns what could not be read. An
// error that fn did not return says why the file could not be opened at all.
func Expand(r io.ReaderAt, size int64, kind Kind, fn func(Member) error) (notes []Note, err error) {
	e := &expansion{fn: fn}
	switch kind {
	case MSG:
		m, err := ReadMSG(cached(r, size))
		if err != nil {
			return nil, err
		}
		err = e.message("message.eml", m)
		return e.notes, err
	case TNEF:
		b, err := readAll(r, size, tnefLimit)
		if err != nil {
			return nil, err
		}
		m, err := ReadTNEF(b)
		if err != nil {
			return nil, err
		}
		err = e.message("message.eml", m)
		return e.notes, err
	case PST:
		f, err := OpenFolders(cached(r, size))
		if err != nil {
			return nil, err
		}
		err = f.All(e.message)
		return append(f.Notes, e.notes...), err
	}
	return nil, fmt.Errorf("kind %q is not known", kind)
}

type expansion struct {
	fn    func(Member) error
	notes []Note
}

// message gives a mail and what stands beside it.
func (e *expansion) message(name string, m *Message) error {
	mail := m.Mail()
	for _, n := range mail.Notes {
		e.note(name + ": " + n)
	}
	if err := e.fn(Member{Name: name, Mail: true, Reader: bytes.NewReader(mail.Bytes)}); err != nil {
		return err
	}
	for _, f := range mail.Beside {
		r, err := f.Content()
		if err != nil {
			e.note(name + ": " + err.Error())
			continue
		}
		if err := e.fn(Member{Name: path.Join(strings.TrimSuffix(name, ".eml"), f.Name), Reader: r}); err != nil {
			return err
		}
	}
	return nil
}

// maxNotes bounds what is said of a file.
const maxNotes = 100

func (e *expansion) note(s string) {
	if len(e.notes) < maxNotes {
		e.notes = append(e.notes, Note{Text: s, Lost: true})
	}
}

// Pages of a file that are held in memory: files of folders are read all over.
const (
	pageSize = 256 << 10
	maxPages = 128
)

// cached keeps the pages of r that were read last. It is used by one goroutine.
func cached(r io.ReaderAt, size int64) io.ReaderAt {
	return &pages{r: r, size: size, at: map[int64]*cachedPage{}}
}

type cachedPage struct {
	b    []byte
	used int64
}

type pages struct {
	r     io.ReaderAt
	size  int64
	at    map[int64]*cachedPage
	clock int64
}

// ReadAt implements [io.ReaderAt].
func (c *pages) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read at byte %d", off)
	}
	for n < len(p) {
		if off+int64(n) >= c.size {
			return n, io.EOF
		}
		b, err := c.page((off + int64(n)) / pageSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[(off+int64(n))%pageSize:])
	}
	return n, nil
}

func (c *pages) page(i int64) ([]byte, error) {
	c.clock++
	if p := c.at[i]; p != nil {
		p.used = c.clock
		return p.b, nil
	}
	b := make([]byte, min(pageSize, c.size-i*pageSize))
	if n, err := c.r.ReadAt(b, i*pageSize); n < len(b) {
		return nil, err
	}
	if len(c.at) >= maxPages {
		c.drop()
	}
	c.at[i] = &cachedPage{b: b, used: c.clock}
	return b, nil
}

// drop forgets the page that was not used for longest.
func (c *pages) drop() {
	oldest, at := c.clock, int64(-1)
	for i, p := range c.at {
		if p.used < oldest {
			oldest, at = p.used, i
		}
	}
	delete(c.at, at)
}
