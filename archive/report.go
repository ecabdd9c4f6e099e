package archive

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"unseal/evidence"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// Class says what a finding means for the archive.
type Class int

// The classes of findings.
const (
	// Altered: something is altered, missing, swapped, too much or rolled back.
	Altered Class = iota + 1
	// Unfinished: files lie beyond the checkpoint. A publish is under way or
	// was stopped, or the archive was rolled back; the archive alone cannot say.
	Unfinished
)

// Finding is something that Verify found wrong.
type Finding struct {
	Path  string `json:"path"` // of the file, inside the archive
	What  string `json:"what"`
	Class Class  `json:"class"`
}

// Note is something that is not wrong in itself, and that a reader should know.
type Note struct {
	Path string `json:"path"`
	What string `json:"what"`
}

// Report is what Verify says of an archive.
type Report struct {
	Checkpoint  proof.Checkpoint
	LogKey      string           // that signed the checkpoint
	LogID       trove.Digest     // of the log that it signs; see [translog.State.Leads]
	LogKeys     []string         // all there were, the newest last
	KeyKnown    bool             // what the caller knows of the log leads to it
	Against     proof.Checkpoint // the one seen, where it is signed too and of another history; else zero
	Findings    []Finding
	More        int // findings that are counted but not listed
	Notes       []Note
	Notices     []translog.LoggedNotice
	Collections []CollectionReport
	Cosigned    []proof.Checkpoint    // earlier ones that witnesses have cosigned, of this history
	Times       []TimeShown           // what proofs of time show, by size
	Verdicts    map[trove.Verdict]int // as the records state them
	Later       int                   // of them, mails of which more can be said with keys that came later
	Keys        *evidence.Keys        // of keys.json; nil if that is not as logged
	Items       int                   // whose bytes were read and opened
	Bytes       int64                 // of these items
	Made        int                   // files made of items that were checked against their records
	Files       int                   // that were checked
}

// CollectionReport adds up one collection: every number is in one place of
// the account. It is as the log has it.
type CollectionReport struct {
	Name trove.CollectionName
	translog.Account
	Batches  int // editions, those superseded included
	Opened   int // numbers whose commitment was opened by the bytes shown
	Redacted int // of them, numbers of which something is hidden
}

// Has reports whether there are findings of the class.
func (r *Report) Has(c Class) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Class == c })
}

// The bounds of what is listed: a broken archive has as many findings as items.
const (
	maxPerPath  = 3
	maxFindings = 2000
)

// findings gathers findings from many goroutines.
type findings struct {
	mu      sync.Mutex
	list    []Finding
	perPath map[string]int
	more    int
}

func (f *findings) add(path string, class Class, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.perPath == nil {
		f.perPath = map[string]int{}
	}
	if f.perPath[path]++; f.perPath[path] > maxPerPath || len(f.list) >= maxFindings {
		f.more++
		return
	}
	f.list = append(f.list, Finding{path, fmt.Sprintf(format, args...), class})
}

func (f *findings) altered(path, format string, args ...any) { f.add(path, Altered, format, args...) }

// count is how many there are, listed or not.
func (f *findings) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.list) + f.more
}

func (f *findings) any() bool { return f.count() > 0 }

func (f *findings) sorted() []Finding {
	slices.SortStableFunc(f.list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What))
	})
	return f.list
}
