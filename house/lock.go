package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lock takes the desk for one writing process; the error matches [ErrLocked]
// where another has it. The lock ends with the process, however it ends.
func lock(dir string) (*os.File, error) {
	f, err := tryLock(filepath.Join(dir, lockFile))
	if err != nil && !errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("lock the desk: %w", err)
	}
	return f, err
}

// tryLock locks a file, which it makes if need be, until it is closed.
func tryLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, err
}

// lockPause is how long to wait before a lock is tried again.
const lockPause = 50 * time.Millisecond

// waitLock is tryLock that waits for its turn.
func waitLock(ctx context.Context, name string) (*os.File, error) {
	for {
		f, err := tryLock(name)
		if !errors.Is(err, ErrLocked) {
			return f, err
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
