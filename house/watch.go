package house

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// WatchOptions say how folders are watched.
type WatchOptions struct {
	IngestOptions
	Every  time.Duration        // between looks
	Settle time.Duration        // a file that was changed within it is left for the next look
	Taken  func(Ingested) error // after each run
}

// ErrNoFolder says that something to be watched is no folder.
var ErrNoFolder = errors.New("only folders can be watched")

// Watch takes in what comes into the paths, which are folders, until ctx is done, which is no
// error. Each look lists the folders; only where something is new or changed,
// and has been left alone for a while, does a run follow.
func (d *Desk) Watch(ctx context.Context, o WatchOptions) error {
	for _, path := range o.Paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return errors.Join(fmt.Errorf("%s: %w", path, ErrNoFolder), err)
		}
	}
	w := watch{o: o, seen: map[string]stampOf{}}
	o.IngestOptions.Skip = w.skip
	for {
		fresh, err := w.look()
		if err != nil {
			return err
		}
		if fresh {
			w.taking = map[string]stampOf{}
			done, err := d.Ingest(ctx, o.IngestOptions)
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				return err
			}
			for path, s := range w.taking {
				w.seen[path] = s
			}
			if err := o.Taken(done); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.Every):
		}
	}
}

// stampOf tells whether a file changed.
type stampOf struct {
	size    int64
	changed time.Time
}

// watch remembers what was taken in.
type watch struct {
	o      WatchOptions
	seen   map[string]stampOf // taken in by this process
	taking map[string]stampOf // by the run under way; its one reader's
}

// skip leaves what is known, and what may still be written.
func (w *watch) skip(path string, size int64, changed time.Time) bool {
	s := stampOf{size, changed}
	if w.seen[path] == s || !w.settled(changed) {
		return true
	}
	w.taking[path] = s
	return false
}

// settled reports whether a file has been left alone for a while. A time to
// come is that of another clock.
func (w *watch) settled(changed time.Time) bool {
	age := time.Since(changed)
	return age < 0 || age >= w.o.Settle
}

// look reports whether there is something to take in. What cannot be listed
// the run tells of.
func (w *watch) look() (fresh bool, err error) {
	for _, root := range w.o.Paths {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			return false, err
		}
		err = filepath.WalkDir(real, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil
			}
			info, err := e.Info()
			if err == nil && w.seen[path] != (stampOf{info.Size(), info.ModTime()}) && w.settled(info.ModTime()) {
				fresh = true
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return fresh, nil
}
