package house

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"unseal/archive"
	"unseal/durable"
)

// ErrRestored says that a restored desk was to publish where there is no
// archive yet. Whatever was published after the backup is in the newest copy of
// the archive alone; beside it, a new one would fork the log. Publish into that
// copy, or say that nothing was.
var ErrRestored = errors.New("this desk was restored from a backup and has not met its archive since")

// restoredFile marks such a desk.
const restoredFile = "restored"

// markRestored is the last step of a restore; durable on return.
func markRestored(out durable.FS) error {
	return durable.WriteFile(out, restoredFile, []byte("Publish into the newest copy of the archive first; then this file goes.\n"))
}

// meetArchive refuses to publish from a restored desk into a folder without an
// archive. alone says that no archive was ever published from this desk after
// the backup.
func (d *Desk) meetArchive(to string, alone bool) error {
	if !d.restored() || alone || exists(filepath.Join(to, archive.LogDir, "checkpoint")) {
		return nil
	}
	return fmt.Errorf("%s: %w", to, ErrRestored)
}

func (d *Desk) restored() bool { return exists(filepath.Join(d.Dir, restoredFile)) }

// met takes the mark off after a publish.
func (d *Desk) met() error {
	err := d.Files.Remove(restoredFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
