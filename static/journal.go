package static

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
)

// journalPath is where the folder's own list of what was written lies: a line
// that names the format, then a [record] a line, by unit once a run is through.
const journalPath = OwnDir + "/journal"

// journalFormat is the first line.
const journalFormat = `{"format":"unseal-static/1"}`

// record says which files one unit of the export came to.
type record struct {
	Unit    string   `json:"unit"`
	Key     string   `json:"key"` // of what it was made from; see export.key
	Files   []file   `json:"files"`
	Pages   int      `json:"pages"`
	Threads []string `json:"threads,omitempty"` // that its pages lead to
}

// file is a file of the folder.
type file struct {
	Name string `json:"n"`
	Size int64  `json:"s"`
}

// journal knows what was written, by this run and by earlier ones. A unit is in
// it only once its files are durable. It is safe for concurrent use.
type journal struct {
	folder *folder
	sync   func() error

	mu      sync.Mutex
	lines   map[string][]byte // guarded by mu: the newest record of each unit
	done    map[string]bool   // guarded by mu: units of this run
	pending [][]byte          // guarded by mu: not in the file yet
	file    *os.File          // guarded by mu: the file, at its end
}

// ErrForeign says that a folder holds something and is no export of ours.
var ErrForeign = errors.New("the folder holds something else")

// openJournal reads the journal of the folder. A folder that is not empty and
// has none is [ErrForeign].
func openJournal(f *folder, sync func() error) (*journal, error) {
	j := &journal{folder: f, sync: sync, lines: map[string][]byte{}, done: map[string]bool{}}
	b, err := f.root.ReadFile(journalPath)
	if err == nil && len(b) > 0 {
		err = j.read(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return j, j.rewrite()
}

// CheckFolder refuses a folder that holds anything but an export, with
// [ErrForeign].
func CheckFolder(root *os.Root) error {
	if _, err := root.Stat(journalPath); err == nil {
		return nil
	}
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if slices.ContainsFunc(names, func(n string) bool { return n != OwnDir }) {
		return ErrForeign
	}
	return nil
}

// read takes the records of a journal. A last line that a stop cut is left out.
func (j *journal) read(b []byte) error {
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	if string(head) != journalFormat {
		return fmt.Errorf("%s: a format that this version does not know", journalPath)
	}
	s := bufio.NewScanner(bytes.NewReader(rest))
	s.Buffer(nil, len(rest)+1)
	for s.Scan() {
		var r record
		if json.Unmarshal(s.Bytes(), &r) == nil && r.Unit != "" {
			j.lines[r.Unit] = bytes.Clone(s.Bytes())
		}
	}
	return s.Err()
}

// find is the newest record of a unit.
func (j *journal) find(unit string) (r record, ok bool) {
	j.mu.Lock()
	line := j.lines[unit]
	j.mu.Unlock()
	return r, line != nil && json.Unmarshal(line, &r) == nil
}

// keep says that a unit of this run stands as an earlier one wrote it.
func (j *journal) keep(unit string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[unit] = true
}

// add records a unit that was written, and removes what only its earlier record
// has.
func (j *journal) add(r record) error {
	if old, ok := j.find(r.Unit); ok {
		if err := j.removeStale(old, r.Files); err != nil {
			return err
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[r.Unit], j.lines[r.Unit] = true, line
	j.pending = append(j.pending, line)
	return nil
}

func (j *journal) removeStale(old record, now []file) error {
	names := make(map[string]bool, len(now))
	for _, f := range now {
		names[f.Name] = true
	}
	for _, f := range old.Files {
		if !names[f.Name] {
			if err := j.folder.remove(f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush makes what was written durable, then its records.
func (j *journal) flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) == 0 {
		return nil
	}
	if err := j.sync(); err != nil {
		return err
	}
	_, err := j.file.Write(append(bytes.Join(j.pending, []byte("\n")), '\n'))
	j.pending = nil
	if err != nil {
		return err
	}
	return j.file.Sync()
}

// rewrite writes the journal anew, by unit, and keeps it open at its end.
func (j *journal) rewrite() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.folder.stream(journalPath, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		b.WriteString(journalFormat + "\n")
		for _, unit := range slices.Sorted(maps.Keys(j.lines)) {
			b.Write(j.lines[unit])
			b.WriteByte('\n')
		}
		return b.Flush()
	})
	if err != nil {
		return err
	}
	j.pending = nil
	old := j.file
	if j.file, err = j.folder.root.OpenFile(journalPath, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return err
	}
	if old != nil {
		return old.Close()
	}
	return nil
}

// finish ends a run that is through: what earlier runs wrote and this one did
// not is removed. It returns how many units that were.
func (j *journal) finish() (removed int, err error) {
	if err := j.flush(); err != nil {
		return 0, err
	}
	for _, unit := range slices.Sorted(maps.Keys(j.lines)) {
		if j.done[unit] {
			continue
		}
		old, _ := j.find(unit)
		if err := j.removeStale(old, nil); err != nil {
			return removed, err
		}
		delete(j.lines, unit)
		removed++
	}
	return removed, j.rewrite()
}

func (j *journal) close() error { return j.file.Close() }
