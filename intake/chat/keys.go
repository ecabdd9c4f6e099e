package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// shape is what the beginning of a JSON document holds: the paths of its
// values, "messages[].date", and the first value that stood at each.
type shape map[string]string

const (
	maxPaths = 4096
	maxDepth = 32
)

// shapeOf reads as much of a document as there is. Several documents one after
// the other count as one. Behind a place that is broken it goes on with the
// next object of the list of messages.
func shapeOf(head []byte) shape {
	w := walker{paths: shape{}}
	for head, tries := strip(head), 0; tries < maxTries; tries++ {
		dec := json.NewDecoder(bytes.NewReader(head))
		if w.follow(dec) != nil {
			break
		}
		at := nextObject(head[min(int(dec.InputOffset()), len(head)):])
		if at < 0 || !w.unwind() {
			break
		}
		head = head[int(dec.InputOffset())+at:]
	}
	return w.paths
}

// maxTries bounds the broken places behind which a shape is followed.
const maxTries = 64

// errStop says that enough was seen.
var errStop = errors.New("enough was seen")

// follow takes tokens until the document is broken, or there is an error.
func (w *walker) follow(dec *json.Decoder) error {
	for len(w.paths) < maxPaths && len(w.stack) < maxDepth {
		t, err := dec.Token()
		if err != nil {
			if _, broken := errors.AsType[*json.SyntaxError](err); broken {
				return nil
			}
			return err
		}
		if (t == json.Delim('}') || t == json.Delim(']')) && len(w.stack) == 0 {
			return errStop
		}
		w.take(t)
	}
	return errStop
}

// nextObject is where the next object in a list may begin, or -1.
func nextObject(b []byte) int {
	last := byte(0)
	for i, c := range b {
		if c == '{' && (last == ',' || last == '[') {
			return i
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			last = c
		}
	}
	return -1
}

// unwind goes back to the list of messages, or else to the outermost list.
func (w *walker) unwind() bool {
	to := -1
	for i, l := range w.stack {
		if l.list && (to < 0 || strings.HasSuffix(l.path, ".messages")) {
			to = i
		}
	}
	w.stack = w.stack[:to+1]
	return to >= 0
}

// walker follows the tokens of a document.
type walker struct {
	paths shape
	stack []level
}

// level is an object or a list that is open.
type level struct {
	path string
	list bool
	key  string // whose value comes next; for an object
	have bool
}

func (w *walker) take(t json.Token) {
	var top *level
	if len(w.stack) > 0 {
		top = &w.stack[len(w.stack)-1]
	}
	if d, ok := t.(json.Delim); ok && (d == '}' || d == ']') {
		w.stack = w.stack[:len(w.stack)-1]
		return
	}
	if top != nil && !top.list && !top.have {
		top.key, _ = t.(string)
		top.have = true
		return
	}
	path := ""
	switch {
	case top == nil:
	case top.list:
		path = top.path + "[]"
	default:
		path, top.have = top.path+"."+top.key, false
	}
	if d, ok := t.(json.Delim); ok {
		w.note(path, "")
		w.stack = append(w.stack, level{path: path, list: d == '['})
		return
	}
	s, _ := t.(string)
	w.note(path, s)
}

func (w *walker) note(path, value string) {
	if old, ok := w.paths[path]; !ok || old == "" {
		w.paths[path] = value
	}
}

// has reports whether all paths are there.
func (s shape) has(paths ...string) bool {
	for _, p := range paths {
		if _, ok := s[p]; !ok {
			return false
		}
	}
	return true
}

// any reports whether one of the paths is there.
func (s shape) any(paths ...string) bool {
	for _, p := range paths {
		if _, ok := s[p]; ok {
			return true
		}
	}
	return false
}
