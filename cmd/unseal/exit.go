package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/alecthomas/kong"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/durable"
	"unseal/house"
	"unseal/proof"
	"unseal/release"
	"unseal/search"
	"unseal/static"
	"unseal/translog"
)

// The exit codes. Codes are only ever added; a caller must treat one that it
// does not know as a failure.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2   // wrong usage, a bad query included
	exitPartly      = 3   // done, but some inputs failed
	exitMismatch    = 4   // checked: does not match
	exitUnchecked   = 5   // could not be checked: no signature, no key
	exitNoDesk      = 10  // no desk or archive there
	exitLocked      = 11  // locked by another process
	exitWrongKey    = 12  // wrong key or passphrase
	exitInternal    = 70  // a fault of ours
	exitInterrupted = 130 // stopped by the user
)

// exitError carries an exit code, a stable word for its cause, and what to do
// next. quiet means that the command has already said everything.
type exitError struct {
	code  int
	word  string
	err   error
	hint  string
	quiet bool
}

func (e exitError) Error() string {
	if e.err == nil {
		return e.word
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// ended ends a command that has reported its result itself.
func ended(code int) error {
	if code == exitDone {
		return nil
	}
	return exitError{code: code, word: exitWords[code], quiet: true}
}

var exitWords = map[int]string{
	exitPartly: "partly", exitMismatch: "mismatch", exitUnchecked: "unchecked", exitFailed: "failed",
}

func usage(format string, args ...any) error {
	return exitError{code: exitUsage, word: "usage", err: fmt.Errorf(format, args...)}
}

// usageError explains a command line that kong did not understand.
func usageError(err error) error {
	hint := "See: unseal --help"
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil && p.Context.Command() != "" {
		hint = "See: unseal " + firstWord(p.Context.Command()) + " --help"
	}
	return exitError{code: exitUsage, word: "usage", err: err, hint: hint}
}

// causes maps what the rooms return to exit codes, first match first.
var causes = []struct {
	is   error
	code int
	word string
	hint string
}{
	{context.Canceled, exitInterrupted, "interrupted", "Nothing is lost: the same command goes on where it stopped."},
	{house.ErrNoDesk, exitNoDesk, "no-desk", "Name the desk with -C DIR or UNSEAL_DIR, or make one: unseal init DIR"},
	{house.ErrNoArchive, exitNoDesk, "no-archive", "Name the folder that holds unseal.json."},
	{house.ErrLocked, exitLocked, "locked", "Another unseal works on this desk. Wait for it, or stop it."},
	{catalog.ErrLocked, exitLocked, "locked", "Another unseal works on this desk. Wait for it, or stop it."},
	{catalog.ErrNewer, exitFailed, "newer-desk", "Use the newer unseal, or restore a backup of before."},
	{house.ErrMapping, exitUsage, "bad-mapping", "Write field=column pairs with commas between: from, to, cc, bcc, subject, date, body, id; dates=dmy or dates=mdy"},
	{house.ErrName, exitUsage, "bad-name", "An item is COLLECTION/NUMBER, before commit COLLECTION/sha256:DIGITS; see: unseal list"},
	{house.ErrInside, exitUsage, "bad-folder", "Name a folder of its own."},
	{house.ErrLanguage, exitUsage, "no-language", ""},
	{static.ErrForeign, exitFailed, "foreign-folder", "Name a new folder, or one that an earlier export wrote."},
	{static.ErrChanged, exitFailed, "changed", "Run the same command again: it makes what is new."},
	{house.ErrNoFolder, exitUsage, "no-folder", "Name the folder that files come into."},
	{house.ErrStage, exitUsage, "no-stage", "See: unseal redo --help"},
	{translog.ErrFork, exitFailed, "fork", "Nothing was made public. Name the archive that belongs to this desk, or restore the desk's newest backup."},
	{release.ErrForeign, exitFailed, "foreign-folder", "Name a new folder, or the one that holds the archive."},
	{release.ErrTooLarge, exitFailed, "too-large", "Take it out before the commit: unseal exclude NAME --why REASON"},
	{search.ErrCursor, exitUsage, "bad-cursor", "Leave out --cursor to begin at the first row."},
	{durable.ErrSync, exitFailed, "disk", "The disk did not store what was written. Look after it, then run the same command: it goes on from what is really there."},
	{syscall.ENOSPC, exitFailed, "disk-full", "Make room. Nothing is lost: the same command goes on where it stopped."},
	{blob.ErrDamaged, exitMismatch, "damaged", "Run: unseal fsck. Then restore a backup: unseal -C NEWDESK restore DIR"},
	{proof.ErrMismatch, exitMismatch, "mismatch", "Run: unseal verify ARCHIVE. Use another copy of it."},
	{archive.ErrNotShown, exitFailed, "not-shown", ""},
	{archive.ErrNotFound, exitFailed, "not-found", ""},
	{catalog.ErrNotFound, exitFailed, "not-found", "What there is: unseal status, unseal list"},
	{catalog.ErrConflict, exitFailed, "conflict", ""},
	{release.ErrUnfinished, exitFailed, "unfinished", "Run the same unseal ingest again to finish it, or take it out: unseal exclude PATH -c COLLECTION --why REASON"},
	{house.ErrRestored, exitFailed, "restored", "Publish with --to into the newest copy of its archive; only if nothing was ever published since the backup, add --alone."},
	{house.ErrTellsDigest, exitFailed, "tells-digest", "With the digest, guesses of what is held back can be tested. Withhold the proof too, or withdraw it if it is out."},
	{house.ErrWrongKey, exitWrongKey, "wrong-key", "See which keys there are: unseal keys list"},
	{house.ErrPassphrase, exitWrongKey, "wrong-key", "Check UNSEAL_PASSPHRASE_FILE or UNSEAL_PASSPHRASE_COMMAND."},
}

// classify turns any error into an exitError.
func classify(err error) exitError {
	var e exitError
	if errors.As(err, &e) {
		return e
	}
	var bad *search.SyntaxError
	if errors.As(err, &bad) {
		return exitError{code: exitUsage, word: "bad-query", err: err, hint: "See: unseal search --help"}
	}
	for _, c := range causes {
		if errors.Is(err, c.is) {
			if c.code == exitInterrupted {
				err = errors.New("stopped")
			}
			return exitError{code: c.code, word: c.word, err: err, hint: c.hint}
		}
	}
	return exitError{code: exitFailed, word: "failed", err: err}
}
