package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	"unseal/catalog"
	"unseal/evidence"
	"unseal/intake"
	"unseal/intake/mail"
	"unseal/intake/sandbox"
	"unseal/intake/worker"
	"unseal/trove"
)

// These tell a child where the archive of senders' keys and the keys of people lie.
const (
	keysVariable   = "UNSEAL_WORKER_KEYS"
	peopleVariable = "UNSEAL_WORKER_PEOPLE"
)

// Worker is the life of a child: it parses mails from in, or reads an item, and
// answers on out until in ends. It returns the exit code.
func Worker(in io.Reader, out, errw io.Writer) int {
	if os.Getenv(readVariable) != "" {
		return ended(worker.Main(in, out, readerWork()), errw)
	}
	keys, err := judgingKeys(os.Getenv(keysVariable))
	known, err2 := readPeople(os.Getenv(peopleVariable))
	if err = errors.Join(err, err2); err == nil {
		at := now()
		parse := func(raw []byte) (trove.Record, string) {
			r, text := mail.Parse(raw)
			if r.Kind == trove.Mail {
				evidence.Examine(raw, keys, at).Fill(&r)
				known.fill(&r, raw)
			}
			return r, text
		}
		if os.Getenv(proofsOnly) != "" {
			parse = func(raw []byte) (trove.Record, string) { return known.readProof(raw), "" }
		}
		err = worker.Main(in, out, worker.Work{Parse: parse, Expand: expand})
	}
	return ended(err, errw)
}

// ended is the exit code of a child.
func ended(err error, errw io.Writer) int {
	if err != nil {
		fmt.Fprintln(errw, "intake worker:", err)
		return 1
	}
	return 0
}

// IngestOptions say what is taken in.
type IngestOptions struct {
	Paths      []string
	Collection string
	Owner      string
	Mails      string // a mapping under which rows of tables are messages; empty for none
	Jobs       int
	Progress   func(intake.Progress)
	Reading    func(intake.ReadProgress) // of the second pass; may be nil
	Skip       func(path string, size int64, changed time.Time) bool
}

// Ingested is what taking in came to: of the files, and of reading what is in
// them.
type Ingested struct {
	intake.Summary
	Read intake.ReadSummary
}

// Ingest takes material in and reads it; see [intake.Run] and [intake.Read].
// The collection is made if it is new.
func (d *Desk) Ingest(ctx context.Context, o IngestOptions) (Ingested, error) {
	var both Ingested
	sum, err := d.takeIn(ctx, o)
	both.Summary = sum
	if err != nil {
		return both, err
	}
	name := trove.CollectionName(o.Collection)
	if both.Read, err = d.read(ctx, intake.ReadOptions{Collection: name, Jobs: o.Jobs, Progress: o.Reading}); err != nil {
		return both, err
	}
	return both, d.TellTimes(ctx, name)
}

// takeIn is the first pass.
func (d *Desk) takeIn(ctx context.Context, o IngestOptions) (intake.Summary, error) {
	if err := checkMapping(o.Mails); err != nil {
		return intake.Summary{}, err
	}
	name, err := d.newCollection(ctx, o.Collection)
	if err != nil {
		return intake.Summary{}, err
	}
	if _, err := readPeople(filepath.Join(d.Dir, peopleDir)); err != nil { // rather here than in a child
		return intake.Summary{}, err
	}
	passwords, err := d.passwords()
	if err != nil {
		return intake.Summary{}, err
	}
	self, err := worker.Self()
	if err != nil {
		return intake.Summary{}, err
	}
	child := func() *exec.Cmd {
		c := self()
		c.Env = append(os.Environ(), keysVariable+"="+filepath.Join(d.Dir, senderKeysFile),
			peopleVariable+"="+filepath.Join(d.Dir, peopleDir))
		return c
	}
	child = worker.InSandbox(child, sandbox.Options{Read: []string{filepath.Join(d.Dir, senderKeysFile), filepath.Join(d.Dir, peopleDir)}})
	out, err := d.excluded(ctx, name)
	if err != nil {
		return intake.Summary{}, err
	}
	sum, err := intake.Run(ctx, intake.Options{
		Paths: o.Paths, Collection: name, Owner: o.Owner, Mails: o.Mails, By: catalog.Author{Who: Who()},
		Catalog: d.Catalog, Blobs: d.Blobs, Jobs: o.Jobs, Now: d.Now, Progress: o.Progress, Skip: o.Skip,
		Worker: child, KindOf: kindOf(), Passwords: passwords,
	})
	if err != nil || len(out) == 0 {
		return sum, err
	}
	// What is in again brings nothing new that a run would join.
	still, err := d.excluded(ctx, name)
	if err == nil && len(still) < len(out) {
		err = intake.Join(ctx, d.Catalog, name)
	}
	return sum, err
}

func (d *Desk) newCollection(ctx context.Context, s string) (trove.CollectionName, error) {
	name, err := trove.ParseCollection(s)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrName, err)
	}
	_, err = d.Catalog.Collection(ctx, name)
	if errors.Is(err, catalog.ErrNotFound) {
		err = d.Catalog.PutCollection(ctx, catalog.Collection{Name: name, Title: s, Created: d.Now().Truncate(time.Second)})
	}
	return name, err
}

// Who is the person at the keyboard, for the log of decisions.
func Who() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
