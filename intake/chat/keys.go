package chat

import (
	"bytes"
	"encoding/json"
)

// shape is what the beginning of a JSON document holds: the paths of its
// values, "messages[].date", and the first value that stood at each.
type shape map[string]string

const (
	maxPaths = 4096
	maxDepth = 32
)

// shapeOf reads as much of a document as there is. Several documents one after
// the other count as one.
func shapeOf(head []byte) shape {
	paths := shape{}
	dec := json.NewDecoder(bytes.NewReader(strip(head)))
	w := walker{paths: paths}
	for len(paths) < maxPaths && len(w.stack) < maxDepth {
		t, err := dec.Token()
		if err != nil {
			break
		}
		w.take(t)
	}
	return paths
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
