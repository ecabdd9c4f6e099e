// Package whatsapp reads the text file that WhatsApp exports a chat as, on
// Android and iPhone, in any locale, and any file of the same form: a date, a
// name, a colon, the text.
//
// The dates are read by package stamp over the whole file. What the program
// itself writes is told from what people write by the marks of direction that
// it puts before it, and on Android by the sentences of the common languages;
// what is not known stays text, as it stands.
package whatsapp

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"unseal/intake/chat/draft"
	"unseal/intake/chat/stamp"
	"unseal/reading"
)

const (
	maxLine   = draft.MaxMessage
	maxShapes = 64
	maxDays   = 200_000 // days of dates that are looked at to decide their order
	maxName   = 100     // bytes of a name before a colon
)

// ErrNone says that no line begins with a date.
var ErrNone = errors.New("no line begins with a date")

// Result is what [Read] found of the file as a whole.
type Result struct {
	Decision stamp.Decision
	Broken   int // dates that are none under the order of the others
	Foreign  int // lines that begin with a date of another form; they stay text
	Before   int // lines before the first message; they are left out
}

// Read adds the messages of the file to c. answer is the order of dates that a
// person said, or empty. Where the order cannot be decided, messages have no
// time and their dates as written.
func Read(r io.ReaderAt, size int64, answer string, c *draft.Chain) (Result, error) {
	shape, days, err := survey(io.NewSectionReader(r, 0, size))
	if err != nil {
		return Result{}, err
	}
	f := &file{chain: c, shape: shape}
	f.Decision = stamp.Decide(days, answer)
	c.Order = f.Decision.Order
	err = lines(io.NewSectionReader(r, 0, size), f.line)
	if err == nil {
		err = f.flush()
	}
	return f.Result, err
}

// survey finds the form in which most dates are written, and the days in it, in
// the order of the file.
func survey(r io.Reader) (stamp.Shape, []stamp.Stamp, error) {
	counts, first := map[stamp.Shape]int{}, map[stamp.Shape]int{}
	days := map[stamp.Shape][]stamp.Stamp{}
	n := 0
	err := lines(r, func(line string) error {
		s, ok := stamp.Parse(line)
		if !ok || len(counts) == maxShapes && counts[s.Shape] == 0 {
			return nil
		}
		if counts[s.Shape]++; counts[s.Shape] == 1 {
			first[s.Shape] = n
		}
		if list := days[s.Shape]; n < maxDays && (len(list) == 0 || !list[len(list)-1].SameDay(&s)) {
			days[s.Shape] = append(list, s)
			n++
		}
		return nil
	})
	if err != nil {
		return stamp.Shape{}, nil, err
	}
	var best stamp.Shape
	for shape, count := range counts {
		if count > counts[best] || count == counts[best] && first[shape] < first[best] {
			best = shape
		}
	}
	if counts[best] == 0 {
		return best, nil, ErrNone
	}
	return best, days[best], nil
}

// lines calls fn for each line without its end. Of an over-long line only the
// beginning is given.
func lines(r io.Reader, fn func(string) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	var long []byte
	for {
		piece, err := b.ReadSlice('\n')
		if len(long) < maxLine {
			long = append(long, piece...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			return err
		}
		if len(long) > 0 {
			if e := fn(strings.TrimRight(string(long), "\r\n")); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
		long = long[:0]
	}
}

// file is a file being read.
type file struct {
	Result
	chain *draft.Chain
	shape stamp.Shape
	open  bool // a message has begun
	stamp stamp.Stamp
	by    string // name before the colon
	named bool
	text  []string
	size  int
}

func (f *file) line(line string) error {
	s, ok := stamp.Parse(line)
	if ok && s.Shape != f.shape {
		f.Foreign++
		ok = false
	}
	if !ok {
		switch {
		case !f.open && strings.TrimFunc(line, draft.IsMark) != "":
			f.Before++
		case f.open && f.size < maxLine:
			f.text = append(f.text, line)
			f.size += len(line)
		}
		return nil
	}
	if err := f.flush(); err != nil {
		return err
	}
	f.open, f.stamp = true, s
	var rest string
	f.by, rest, f.named = sender(line[s.Rest:])
	f.text, f.size = []string{rest}, len(rest)
	return nil
}

// sender splits "Name: text". A line without a name is the program's.
func sender(rest string) (name, text string, ok bool) {
	at := strings.IndexByte(rest, ':')
	if at <= 0 || at > maxName {
		return "", rest, false
	}
	name, text = rest[:at], rest[at+1:]
	if text != "" && text[0] != ' ' && !strings.HasPrefix(text, "\u200e") && !strings.HasPrefix(text, "\u200f") {
		return "", rest, false
	}
	if strings.ContainsAny(name, "\"“„«") { // a subject that was changed, not a name
		return "", rest, false
	}
	return name, strings.TrimPrefix(text, " "), draft.Line(name) != ""
}

// flush adds the message that has been read.
func (f *file) flush() error {
	if !f.open {
		return nil
	}
	f.open = false
	m := draft.Message{Message: reading.Message{By: -1}}
	m.At = f.time()
	if m.At.IsZero() {
		m.Written = f.stamp.Written
	}
	text := strings.Join(f.text, "\n")
	if f.named {
		m.Text = text
		f.classify(&m)
	} else {
		m.Kind, m.Text = "system", unmark(text)
	}
	return f.chain.Add(m)
}

// unmark takes the marks of direction from a text's beginning and end.
func unmark(s string) string { return strings.TrimFunc(s, draft.IsMark) }
