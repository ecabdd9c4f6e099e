package durable

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"sync"
)

// Batch writes many small files that become durable together: their syncs run
// side by side and each folder is synced once. Any of them may be there, whole,
// before Commit; none is acknowledged until Commit has returned nil.
//
// Write and Commit are called from one goroutine. A Batch holds at most as
// many contents in memory as it has jobs.
type Batch struct {
	fsys FS
	temp string // where files are staged
	work chan batchFile
	done sync.WaitGroup
	dirs map[string]bool // folders to sync; used by the caller's goroutine only

	mu  sync.Mutex
	err error // guarded by mu: the first failure
}

type batchFile struct {
	name string
	data []byte
}

// NewBatch starts a batch with that many writers (at least one), which end
// with [Batch.Commit]; so Commit must be called, also after an error. Files
// are staged in the folder temp, which is the one to [Sweep] after a crash.
func NewBatch(fsys FS, temp string, jobs int) *Batch {
	b := &Batch{fsys: fsys, temp: temp, work: make(chan batchFile), dirs: map[string]bool{}}
	for range max(jobs, 1) {
		b.done.Go(b.run)
	}
	return b
}

func (b *Batch) run() {
	for f := range b.work {
		if b.failed() != nil {
			continue
		}
		if err := b.write(f); err != nil {
			b.mu.Lock()
			b.err = errors.Join(b.err, err)
			b.mu.Unlock()
		}
	}
}

// write is WriteFile without the sync of the folder.
func (b *Batch) write(f batchFile) error {
	s, err := stage(b.fsys, b.temp, 0) // it comes in one piece
	if err != nil {
		return fmt.Errorf("write %s: %w", f.name, err)
	}
	if _, err := s.Write(f.data); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", f.name, err), s.Discard())
	}
	return s.keepUnsynced(f.name)
}

func (b *Batch) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Write hands over one file; data must not change until Commit. The folder
// must exist. The error is that of any file so far.
func (b *Batch) Write(name string, data []byte) error {
	if err := b.failed(); err != nil {
		return err
	}
	b.dirs[path.Dir(name)] = true
	b.work <- batchFile{name, data}
	return nil
}

// Touch has Commit sync dir as well, for a name in it that an earlier, perhaps
// interrupted, run may have made.
func (b *Batch) Touch(dir string) { b.dirs[dir] = true }

// Commit waits for all writes, syncs the folders and ends the batch. Only when
// it returns nil is anything durable, and then everything.
func (b *Batch) Commit() error {
	close(b.work)
	b.done.Wait()
	if err := b.failed(); err != nil {
		return err
	}
	for _, dir := range slices.Sorted(maps.Keys(b.dirs)) {
		if err := b.fsys.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
