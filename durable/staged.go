package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
)

// Staged is a file being written under a temporary name, for content whose
// final name is known only at its end. It ends with Keep or Discard, either
// once. It is not safe for concurrent use.
type Staged struct {
	fsys FS
	temp string
	f    File
	w    *bufio.Writer
}

// stageBuffer is how much a Staged gathers before it writes.
const stageBuffer = 128 << 10

// Stage begins a file in dir, which must exist.
func Stage(fsys FS, dir string) (*Staged, error) { return stage(fsys, dir, stageBuffer) }

// stage is Stage with a buffer of a size that suits the content.
func stage(fsys FS, dir string, buffer int) (*Staged, error) {
	temp := path.Join(dir, fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()))
	f, err := fsys.Create(temp)
	if err != nil {
		return nil, err
	}
	return &Staged{fsys: fsys, temp: temp, f: f, w: bufio.NewWriterSize(f, buffer)}, nil
}

// Write adds bytes to the file; it is buffered.
func (s *Staged) Write(p []byte) (int, error) { return s.w.Write(p) }

// Keep puts the file under name, durably, in place of what is there. After an
// error that is not about the folder's sync, the name is as before.
func (s *Staged) Keep(name string) error {
	if err := s.keepUnsynced(name); err != nil {
		return err
	}
	return s.fsys.SyncDir(path.Dir(name))
}

// keepUnsynced is Keep without the sync of the folder: the bytes are durable,
// the name is not.
func (s *Staged) keepUnsynced(name string) error {
	err := s.w.Flush()
	if err == nil {
		err = s.f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), s.Discard())
	}
	err = s.f.Close()
	if err == nil {
		err = s.fsys.Rename(s.temp, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), s.drop())
	}
	return nil
}

// Discard removes the file.
func (s *Staged) Discard() error { return errors.Join(s.f.Close(), s.drop()) }

// drop removes the temporary name. After a failed sync nothing more is touched
// (the next start sweeps), and that failure has been told already.
func (s *Staged) drop() error {
	if err := s.fsys.Remove(s.temp); err != nil && !errors.Is(err, ErrSync) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove temporary file: %w", err)
	}
	return nil
}
