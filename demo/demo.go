// Package demo writes the small fictional trove of the demonstration: the
// harbour of Varnmouth, its tender and the annex that was missing from it, as
// three mailboxes tell it in English, French and Arabic. Everything in it was
// written for this purpose; every address is of example.org, example.com or
// example.net, and no material of third parties is used.
//
// It is small but not tidy: replies across mailboxes, one to a mail that is
// not there, the same mail twice and with other bytes, mailing lists and a
// newsletter, HTML alone, an encrypted mail, broken ones, a file name that
// lies about its ending, and signatures of each state: valid with a kept key,
// of a key nobody kept, none, and on words that were changed afterwards. Beside
// the mails lie voicemails, a chain of messages that both parties exported, a
// scanned letter, a paper with bad redactions, a spreadsheet and an archive
// inside an archive.
//
// The one invariant: the same bytes on each run and on each machine, as
// everything comes from the files of this package and one fixed public seed.
// Nothing made from that seed protects anything.
//
// The story is in story/*.txt, the attachments are in files/.
package demo

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Origin is the origin of the demonstration's log. "demo." tells a verifier
// that its key is public.
const Origin = "demo.unseal.example/harbour"

// LogSeed is the Ed25519 seed of the demonstration's log key, and Secret the
// secret of its collection. Both are public and the same everywhere.
var (
	LogSeed = seed("log key")
	Secret  = seed("collection secret")
)

// seed derives a named value from the one public seed.
func seed(what string) [32]byte {
	return sha256.Sum256([]byte("unseal demonstration, public and without any secrecy: " + what))
}

// Delivery is a piece of the trove as handed over, below the folder given to
// [Write], and the owner of the mailbox in it.
type Delivery struct {
	Path  string
	Owner string // empty for what is nobody's mailbox
}

// Deliveries lists what [Write] writes, in the order of the story.
func Deliveries() []Delivery {
	return []Delivery{
		{"marlowe.mbox", "Edith Marlowe"},
		{"ferrand", "Luc Ferrand"},
		{"haddad.zip", "Nadia Haddad"},
		{"handover-note.txt", ""},
		{"voicemail", "Edith Marlowe"},
		{"chain-marlowe", "Edith Marlowe"},
		{"chain-ferrand", "Luc Ferrand"},
		{"papers", ""},
	}
}

// File is one file of the trove as handed over.
type File struct {
	Path string // with slashes, below the folder of the trove
	Data []byte
}

// Files makes the trove in memory. The error can only come from a mistake in
// the story itself.
func Files() ([]File, error) {
	s, err := readStory()
	if err != nil {
		return nil, err
	}
	boxes, err := s.mailboxes()
	if err != nil {
		return nil, err
	}
	zip, err := zipFile(boxes["nadia"])
	if err != nil {
		return nil, err
	}
	files := []File{
		{"marlowe.mbox", mboxFile(boxes["edith"])},
		{"haddad.zip", zip},
		{"handover-note.txt", attachmentText("handover-note.txt")},
	}
	more, err := papers()
	return slices.Concat(files, maildir("ferrand", boxes["luc"]), more), err
}

// Write makes the trove below dir, which is created where it is missing.
// Files already there under the same names are replaced. It is not durable on
// return: the demonstration can always be made again.
func Write(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	for _, sub := range []string{"ferrand/cur", "ferrand/new", "ferrand/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o755); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// finished is a day after the last mail: the date of the hand-over.
var finished = time.Date(2019, time.September, 9, 20, 0, 0, 0, time.UTC)

// withheldLetter is the letter that the demonstration keeps back:
// it speaks of somebody's family.
const withheldLetter = "annex-9"

// Private is what the demonstration redacts: a number at home, in a mail and in
// the reply that quotes it. Numbers of this kind are given to nobody (Ofcom,
// "Telephone numbers for use in TV and radio drama programmes").
const Private = "01632 960 148"

// WithheldID returns the Message-ID, without angle brackets, of the mail that
// the demonstration keeps back. The error can only come from a mistake in the
// story itself.
func WithheldID() (string, error) {
	s, err := readStory()
	if err != nil {
		return "", err
	}
	return s.messageID(withheldLetter), nil
}
