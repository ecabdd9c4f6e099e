package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Limits of what is done to go on behind a message that is broken.
const (
	maxAttempt = 1 << 20   // bytes of an object that is tried as the next message
	maxWork    = 256 << 20 // bytes of all attempts
)

// keys are fields that every message of a form has.
type keys []string

// messages calls fn before each message of the list that comes next. Behind a
// message that is broken, as where words of a redacted export are hidden, it
// goes on with the next object in a list that has all keys of one of the forms.
func (s *stream) messages(fn func() error, forms ...keys) error {
	if ok, err := s.enter('['); !ok {
		return err
	}
	return s.listed(fn, forms...)
}

// listed is messages after the beginning of the list was read.
func (s *stream) listed(fn func() error, forms ...keys) error {
	s.open = append(s.open, '[')
	depth := len(s.open)
	for {
		at := s.offset()
		more := s.more()
		var err error
		if more {
			err = fn()
		} else {
			err = s.leave()
		}
		switch {
		case err == nil && !more:
			return nil
		case err == nil:
			continue
		case !isBroken(err):
			return err
		}
		s.open = append(s.open[:min(len(s.open), depth-1)], '[')
		begin := s.element(at)
		from := max(begin, s.tried) + 1
		if errors.Is(err, errLast) { // in the list within: there stands what comes next
			from = s.tried
		}
		err = s.resync(from, forms, err)
		if e := s.hidden(begin, fn, forms); e != nil {
			return e
		}
		if err != nil {
			return err
		}
		s.lost++
	}
}

// element is where the next element of a list begins, behind an offset.
func (s *stream) element(off int64) int64 {
	buf := make([]byte, 512)
	n, _ := s.r.ReadAt(buf, off)
	return off + int64(n-len(bytes.TrimLeft(buf[:n], " \t\r\n,")))
}

// isBroken reports whether an error is one of the JSON, and not of the reading
// or a limit of ours.
func isBroken(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errLong) || errors.Is(err, errLast)
}

// errLast says that what is broken is the last message of a list: the list
// around it goes on with the next conversation.
var errLast = errors.New("the last message is broken")

// resync finds the next message from an offset on and begins with it. It does
// not go beyond the beginning of another conversation. If there is none it
// returns an error, why if the file breaks off.
func (s *stream) resync(from int64, forms []keys, why error) error {
	found, beyond := false, false
	s.objects(from, func(off int64) (stop bool) {
		s.tried = off
		first := s.firstKeys(off)
		found = has(first, forms)
		if beyond = !found && has(first, conversations); beyond {
			return true
		}
		if !found {
			found = has(s.allKeys(off), forms)
		}
		if found {
			s.begin(off, s.prefix())
		}
		return found || s.work > maxWork
	})
	if found {
		return s.reopen()
	}
	if !beyond {
		s.tried = s.size
	}
	syntax := (*json.SyntaxError)(nil)
	switch {
	case beyond, errors.Is(why, errLast):
		return errLast
	case errors.As(why, &syntax):
		s.lost++
		return errLast
	}
	return why
}

// reopen reads what prefix has put before the file.
func (s *stream) reopen() error {
	for range 2*len(s.open) - strings.Count(string(s.open), "[") {
		if _, err := s.token(); err != nil {
			return err
		}
	}
	return nil
}

// conversations are the fields by which the objects of conversations are known,
// which hold messages and are none.
var conversations = []keys{{"messages"}, {"dmConversation"}}

// allKeys are the keys of the object at an offset; none if it is broken or long.
func (s *stream) allKeys(off int64) map[string]bool {
	var raw map[string]nothing
	in := &allowance{r: io.NewSectionReader(s.r, off, s.size-off), left: maxAttempt}
	err := json.NewDecoder(in).Decode(&raw)
	s.work += int64(maxAttempt - in.left)
	if err != nil {
		return nil
	}
	return keysOf(raw)
}

// firstKeys are the keys of the object at an offset up to the first whose value
// is a list or an object.
func (s *stream) firstKeys(off int64) map[string]bool {
	in := &allowance{r: io.NewSectionReader(s.r, off, s.size-off), left: maxAttempt}
	dec, list := json.NewDecoder(in), map[string]bool{}
	for i := 0; ; i++ {
		t, err := dec.Token()
		key, ok := t.(string)
		if err != nil || i > 0 && (t == json.Delim('[') || t == json.Delim('{') || t == json.Delim('}')) {
			break
		}
		if ok && i%2 == 1 {
			list[key] = true
		}
	}
	s.work += int64(maxAttempt - in.left)
	return list
}

// has reports whether all keys of one of the forms are there.
func has(list map[string]bool, forms []keys) bool {
	for _, form := range forms {
		n := 0
		for _, key := range form {
			if list[key] {
				n++
			}
		}
		if n == len(form) {
			return true
		}
	}
	return false
}

// prefix opens what is open, so that a decoder that begins with it ends as the
// file does.
func (s *stream) prefix() string {
	return strings.ReplaceAll(string(s.open), "{", `{"":`)
}

// objects calls fn for each place behind an offset where an object in a list
// may begin, until it returns true.
func (s *stream) objects(off int64, fn func(int64) bool) {
	buf := make([]byte, 64<<10)
	last := byte(0) // before the offset, but for white space
	if off == s.tried {
		last = ','
	}
	for off < s.size {
		n, err := s.r.ReadAt(buf, off)
		for i, c := range buf[:n] {
			if c == '{' && (last == ',' || last == '[') && fn(off+int64(i)) {
				return
			}
			if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
				last = c
			}
		}
		s.work += int64(n)
		if off += int64(n); err != nil || s.work > maxWork {
			return
		}
	}
}

// lost says at how many places messages were passed over.
func (n *notes) lost(places int) {
	if places > 0 {
		n.warn("broken-messages", count(places, "place in the list of messages is", "places in the list of messages are")+" broken and not shown.")
	}
}
