package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxKeys bounds the columns of a JSON table.
const maxKeys = 2000

// errObject says that one object is larger than is read.
var errObject = errors.New("an object of the table is larger than is read")

// meter fails when one object takes more bytes than a row may have.
type meter struct {
	r    io.Reader
	left int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errObject
	}
	n, err := m.r.Read(p)
	m.left -= n
	return n, err
}

// member is one key of an object with its value as a cell.
type member struct{ key, cell string }

// walk calls do with the members of each object.
func (s *source) walk(ctx context.Context, do func([]member) bool) error {
	m := &meter{r: io.NewSectionReader(s.in.Content, int64(s.mark()), s.in.Size), left: maxRowSize}
	dec := json.NewDecoder(m)
	dec.UseNumber()
	token, err := dec.Token()
	if err != nil {
		return err
	}
	list := token == json.Delim('[')
	for n := 0; ; n++ {
		if n > 0 || list {
			if list && !dec.More() {
				return nil
			}
			token, err = dec.Token()
			if errors.Is(err, io.EOF) && !list {
				return nil
			} else if err != nil {
				return err
			}
		}
		if token != json.Delim('{') {
			return fmt.Errorf("entry %d of the list is no object", n+1)
		}
		row, err := object(dec)
		if err != nil {
			return err
		}
		if !do(row) || n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m.left = maxRowSize
	}
}

// mark is the length of a byte order mark.
func (s *source) mark() int {
	b := make([]byte, 3)
	if n, _ := s.in.Content.ReadAt(b, 0); n == 3 && bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		return 3
	}
	return 0
}

// object reads the members of an object whose bracket was read.
func object(dec *json.Decoder) (row []member, err error) {
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return row, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return row, err
		}
		name, _ := key.(string)
		if len(row) < maxFields {
			row = append(row, member{name, cell(raw)})
		}
	}
	_, err = dec.Token()
	return row, err
}

// cell is a value as it is shown: a string itself, nothing for null, lists of
// plain values joined, anything else as JSON.
func cell(raw json.RawMessage) string {
	var s string
	var list []string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s
	case raw[0] == '[' && json.Unmarshal(raw, &list) == nil:
		return strings.Join(list, "; ")
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// keys collects the columns in the order in which they first appear.
func (s *source) keys() error {
	seen := map[string]bool{}
	err := s.walk(context.Background(), func(row []member) bool {
		for _, m := range row {
			if !seen[m.key] && len(s.columns) < maxKeys {
				seen[m.key] = true
				s.columns = append(s.columns, m.key)
			}
		}
		return true
	})
	if len(s.columns) > 0 {
		return nil // a damage is met again when the rows are read
	}
	return err
}

// objects passes over the table: the names of the columns, then a row an object.
func (s *source) objects(ctx context.Context, do func(row []string) bool) (cut bool, err error) {
	if !do(s.columns) {
		return true, nil
	}
	at := map[string]int{}
	for i, c := range s.columns {
		at[c] = i
	}
	err = s.walk(ctx, func(row []member) bool {
		cells := make([]string, len(s.columns))
		for _, m := range row {
			if i, ok := at[m.key]; ok {
				cells[i] = m.cell
			} else {
				cut = true
			}
		}
		ok := do(cells)
		cut = cut || !ok
		return ok
	})
	return cut, err
}
