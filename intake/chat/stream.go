package chat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxValue bounds the bytes of one value of a JSON document that is held in
// memory: a message, a name.
const maxValue = 8 << 20

var errLong = errors.New("a value is longer than what is read")

// stream reads a JSON document piece by piece: what is wanted is decoded, the
// rest is skipped without being held.
type stream struct {
	r     io.ReaderAt
	size  int64
	dec   *json.Decoder
	in    *allowance
	base  int64  // added to the decoder's offset, it is one in the file
	open  []byte // the brackets that are open
	lost  int    // messages that were broken and passed over
	tried int64  // how far the next one was looked for
	work  int64  // bytes that were looked at to find the next one
}

// allowance lets a bounded number of bytes through between two refills, so that
// one endless string does not fill the memory.
type allowance struct {
	r    io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errLong
	}
	n, err := a.r.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

// lead is how much of a file's beginning is looked at for what stands before
// the JSON: a byte order mark, or the assignment of a Twitter archive.
const lead = 256

// newStream begins at the first value of a document.
func newStream(r io.ReaderAt, size int64) (*stream, error) {
	head := make([]byte, min(lead, size))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil && size > 0 {
		return nil, err
	}
	off := int64(len(head) - len(strip(head)))
	s := &stream{r: r, size: size}
	s.begin(off, "")
	return s, nil
}

// begin makes a decoder that reads prefix and then the file from an offset.
func (s *stream) begin(off int64, prefix string) {
	file := bufio.NewReaderSize(io.NewSectionReader(s.r, off, s.size-off), 64<<10)
	s.in = &allowance{r: io.MultiReader(strings.NewReader(prefix), file), left: maxValue}
	s.dec, s.base = json.NewDecoder(s.in), off-int64(len(prefix))
}

// strip takes off what stands before the JSON.
func strip(head []byte) []byte {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("window.YTD.")) {
		if at := bytes.IndexByte(head[:min(len(head), lead)], '='); at > 0 {
			head = head[at+1:]
		}
	}
	return head
}

// token returns the next token.
func (s *stream) token() (json.Token, error) {
	s.in.left = maxValue
	return s.dec.Token()
}

// decode reads the next value into v. What has another type than v wants is
// left out; the rest of it stands.
func (s *stream) decode(v any) error {
	s.in.left = maxValue
	err := s.dec.Decode(v)
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		return nil
	}
	return err
}

// skip passes over the next value, of which only what lies in its lists and
// objects is held, one after the other.
func (s *stream) skip() error {
	t, err := s.token()
	if err != nil {
		return err
	}
	return s.skipRest(t, 0)
}

// held is how deep a value that is passed over is taken apart.
const held = 2

// skipRest passes over what is left of a value after its first token.
func (s *stream) skipRest(t json.Token, depth int) error {
	next := func() error {
		if depth >= held {
			return s.decode(new(nothing))
		}
		t, err := s.token()
		if err != nil {
			return err
		}
		return s.skipRest(t, depth+1)
	}
	switch t {
	case json.Delim('{'):
		return s.fields(func(string) error { return next() })
	case json.Delim('['):
		return s.elements(next)
	}
	return nil
}

// nothing takes any value and keeps none of it.
type nothing struct{}

func (*nothing) UnmarshalJSON([]byte) error { return nil }

// object calls fn for each key of the object that comes next; fn reads the
// value. Another value than an object is skipped.
func (s *stream) object(fn func(key string) error) error {
	if ok, err := s.enter('{'); !ok {
		return err
	}
	return s.fields(fn)
}

// fields is object after its beginning was read.
func (s *stream) fields(fn func(key string) error) error {
	s.open = append(s.open, '{')
	for s.more() {
		t, err := s.token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if err := fn(key); err != nil {
			return err
		}
	}
	return s.leave()
}

// array calls fn before each element of the array that comes next; fn reads it.
// Another value is skipped.
func (s *stream) array(fn func() error) error {
	if ok, err := s.enter('['); !ok {
		return err
	}
	return s.elements(fn)
}

// elements is array after its beginning was read.
func (s *stream) elements(fn func() error) error {
	s.open = append(s.open, '[')
	for s.more() {
		if err := fn(); err != nil {
			return err
		}
	}
	return s.leave()
}

func (s *stream) more() bool {
	s.in.left = maxValue
	return s.dec.More()
}

// enter reads the beginning of what is to be entered; another value is skipped
// and not entered.
func (s *stream) enter(want json.Delim) (bool, error) {
	t, err := s.token()
	if err != nil {
		return false, err
	}
	d, ok := t.(json.Delim)
	switch {
	case ok && d == want:
		return true, nil
	case !ok:
		return false, nil
	}
	return false, s.skipRest(t, 0)
}

func (s *stream) leave() error {
	s.open = s.open[:len(s.open)-1]
	_, err := s.token()
	return err
}

// anyOf is a value whose type is found out afterwards.
type anyOf json.RawMessage

func (a *anyOf) UnmarshalJSON(b []byte) error {
	*a = append((*a)[:0], b...)
	return nil
}

// into reads the value into v, or leaves v as it is.
func (a anyOf) into(v any) bool { return json.Unmarshal(a, v) == nil }

// offset is where the last token ended, in the document as a whole.
func (s *stream) offset() int64 { return s.base + s.dec.InputOffset() }

// word is a string in an export where it may as well stand as a number.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	var v any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		*w = word(v)
	case json.Number:
		*w = word(v.String())
	case bool:
		*w = word(fmt.Sprint(v))
	}
	return nil
}

// str is a string; a value of another type is left out without disturbing what
// stands around it.
type str string

func (s *str) UnmarshalJSON(b []byte) error {
	var v string
	if json.Unmarshal(b, &v) == nil {
		*s = str(v)
	}
	return nil
}

// trimmed is what an error says, of bounded length.
func trimmed(err error) string {
	s := err.Error()
	return strings.ToValidUTF8(s[:min(len(s), 200)], "")
}
