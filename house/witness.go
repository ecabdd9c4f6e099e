package house

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/durable"
	"unseal/proof"
	"unseal/witness"
)

var (
	// ErrSplitView says that two checkpoints show two histories of a log.
	ErrSplitView = witness.ErrSplitView
	// ErrForgotten says that a witness's folder is not the one of its key.
	ErrForgotten = witness.ErrForgotten
	// ErrMoved says that the log has gone on while witnesses were asked.
	ErrMoved = witness.ErrMoved
)

// WitnessOptions say what a witness watches and where it listens.
type WitnessOptions struct {
	Listen string
	State  string   // its folder
	Key    string   // the file of its key
	Name   string   // of a new witness, whose key and folder are made; else empty
	Logs   []string // keys of logs, or files that hold one
	Log    *slog.Logger
}

// ServeWitness runs a witness until ctx ends; ready is told the address and
// the public key. The error matches [ErrSplitView] where the witness's folder
// holds two histories of a log at the end.
func ServeWitness(ctx context.Context, o WitnessOptions, ready func(addr, key string) error) error {
	signer, err := witnessKey(o)
	if err != nil {
		return err
	}
	var logs []string
	for _, l := range o.Logs {
		key, err := readLogKeyGiven(l)
		if err != nil {
			return err
		}
		logs = append(logs, key)
	}
	folder, err := durable.Dir(o.State)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no folder %s", ErrForgotten, o.State)
	}
	if err != nil {
		return fmt.Errorf("open the witness's folder: %w", err)
	}
	defer folder.Close()
	held, err := tryLock(filepath.Join(o.State, lockFile))
	if errors.Is(err, ErrLocked) {
		return fmt.Errorf("another witness uses %s: %w", o.State, ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("lock the witness's folder: %w", err)
	}
	defer held.Close()
	s, err := witness.Open(folder, witness.Options{Signer: signer, Logs: logs, Now: now, Log: o.Log})
	if err != nil {
		return fmt.Errorf("open the witness's folder: %w", err)
	}
	if err := splitViews(s, o); err != nil && !errors.Is(err, ErrSplitView) {
		return fmt.Errorf("read the witness's folder: %w", err)
	}
	err = serve(ctx, &http.Server{Handler: s, ReadTimeout: requestTime, WriteTimeout: requestTime}, o.Listen,
		func(addr string) error { return ready(addr, signer.String()) })
	if err != nil {
		return err
	}
	return splitViews(s, o)
}

// splitViews tells the operator what a witness has kept, and is the error for it.
func splitViews(s *witness.Server, o WitnessOptions) error {
	list, err := s.SplitViews()
	if err != nil || len(list) == 0 {
		return err
	}
	for _, c := range list {
		o.Log.Warn("a log shows two histories", "log", c.A.Origin, "size", c.A.Size, "evidence", filepath.Join(o.State, c.Dir))
	}
	return fmt.Errorf("log %s: %w: see a and b in %s", list[0].A.Origin, ErrSplitView, filepath.Join(o.State, list[0].Dir))
}

// Limits of a witness's connection: requests are small.
const (
	requestTime = 30 * time.Second
	cosignTime  = 30 * time.Second
)

// witnessKey reads the key of a witness; with a name it makes a new one, and
// the folder that belongs to it. Its first line is a key of package note, as
// other witnesses read it; its second is the public key.
func witnessKey(o WitnessOptions) (witness.Signer, error) {
	if o.Name != "" {
		if err := newWitness(o); err != nil {
			return witness.Signer{}, fmt.Errorf("make a witness: %w", err)
		}
	}
	b, err := os.ReadFile(o.Key)
	if err != nil {
		return witness.Signer{}, fmt.Errorf("read the witness's key: %w", err)
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	_, err = note.NewSigner(private)
	parts := strings.SplitN(private, "+", 5) // PRIVATE+KEY+name+hash+base64
	if err != nil || len(parts) != 5 {
		return witness.Signer{}, fmt.Errorf("read the witness's key: %s is not whole", o.Key)
	}
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return witness.Signer{}, fmt.Errorf("read the witness's key: %s is not whole", o.Key)
	}
	s, err := witness.NewSigner(parts[2], ed25519.NewKeyFromSeed(seed[1:]))
	if err == nil && s.String() != public {
		err = fmt.Errorf("read the witness's key: the halves in %s are not those of one key", o.Key)
	}
	return s, err
}

// newWitness makes a key, its public half beside it (.pub), and the folder of a
// witness that has cosigned nothing.
func newWitness(o WitnessOptions) error {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	s, err := witness.NewSigner(o.Name, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	private, _, err := signerKey(o.Name, seed)
	if err != nil {
		return err
	}
	folder, err := durable.Make(o.State)
	if err != nil {
		return err
	}
	defer folder.Close()
	public := s.String() + "\n"
	if err := writeNew(o.Key, private+"\n"+public, 0o600); err != nil {
		return err
	}
	if err := writeNew(o.Key+".pub", public, 0o644); err != nil {
		return err
	}
	return witness.Create(folder, s.Witness)
}

// writeNew makes a file where none is; durable on return.
func writeNew(name, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	d, err := durable.Dir(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.SyncDir("."), d.Close())
}

// CosignOptions say who is asked to cosign which archive.
type CosignOptions struct {
	Dir       string   // a desk, or an archive
	Archive   string   // the archive of a desk, unless its configuration names it
	Witnesses []string // KEY=URL each, or FILE=URL
}

// Cosigned is what one witness answered.
type Cosigned struct {
	Witness string     `json:"witness"`
	Name    string     `json:"name"`
	Time    *time.Time `json:"time,omitempty"`
	Already bool       `json:"already,omitempty"`    // the checkpoint had it before
	Split   []string   `json:"split_view,omitempty"` // two signed notes: the archive's, and the one that the witness holds against it
	Err     error      `json:"-"`
}

// Cosign has the newest checkpoint of an archive cosigned, and keeps the
// cosignatures in it. A desk is locked meanwhile; without one, a publisher who
// goes on at the same time makes it end with [ErrMoved].
func Cosign(ctx context.Context, o CosignOptions) (proof.Checkpoint, []Cosigned, error) {
	asked, err := readAsked(o.Witnesses)
	if err != nil {
		return proof.Checkpoint{}, nil, err
	}
	dir, done, err := cosignDir(ctx, o)
	if err != nil {
		return proof.Checkpoint{}, nil, err
	}
	defer done()
	l, err := OpenLog(dir, "")
	if err != nil {
		return proof.Checkpoint{}, nil, err
	}
	c := l.View.Checkpoint
	list, lines := askAll(ctx, l, asked)
	if lines == "" {
		return c, list, nil
	}
	folder, err := durable.Dir(dir)
	if err != nil {
		return c, list, err
	}
	defer folder.Close()
	c, err = witness.Keep(folder, archive.LogDir, c, lines)
	return c, list, err
}

// cosignDir is the folder of the archive; done lets go of the desk.
func cosignDir(ctx context.Context, o CosignOptions) (dir string, done func() error, err error) {
	if !exists(filepath.Join(o.Dir, ConfigName)) {
		if o.Archive != "" {
			return o.Archive, func() error { return nil }, nil
		}
		return o.Dir, func() error { return nil }, nil
	}
	desk, err := OpenDesk(ctx, o.Dir, ReadWrite)
	if err != nil {
		return "", nil, err
	}
	if dir, err = desk.ArchiveDir(o.Archive); err != nil {
		return "", nil, errors.Join(err, desk.Close())
	}
	return dir, desk.Close, nil
}

// readAsked reads KEY=URL. A key has no '=' and a file's name is cut at the
// last one before a URL.
func readAsked(list []string) ([]witness.Client, error) {
	var asked []witness.Client
	for _, s := range list {
		at := max(strings.LastIndex(s, "=http://"), strings.LastIndex(s, "=https://"))
		if at < 0 {
			return nil, fmt.Errorf("witness %q: want KEY=URL, the URL with http:// or https://", s)
		}
		w, err := readWitness(s[:at])
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(asked, func(c witness.Client) bool { return c.Witness == w }) {
			return nil, fmt.Errorf("witness %s is named twice", w.Name)
		}
		asked = append(asked, witness.Client{URL: s[at+1:], Witness: w, HTTP: &http.Client{Timeout: cosignTime}})
	}
	return asked, nil
}

// askAll asks one witness after the other. Those that have cosigned the
// checkpoint before are not asked again: the earlier time says more.
func askAll(ctx context.Context, l *Log, asked []witness.Client) (list []Cosigned, lines string) {
	c := l.View.Checkpoint
	for _, w := range asked {
		one := Cosigned{Witness: w.Witness.String(), Name: w.Witness.Name}
		at, err := c.SeenBy(w.Witness)
		if one.Already = err == nil; err != nil {
			var line string
			line, at, one.Err = w.Cosign(ctx, c, l.View.Tree().Consistency)
			lines += line
		}
		if errors.Is(one.Err, ErrSplitView) {
			if other, ok := w.Other(ctx, c, l.Key); ok {
				one.Split = []string{string(c.Note), string(other.Note)}
			}
		}
		if one.Err == nil {
			one.Time = &at
		}
		list = append(list, one)
	}
	return list, lines
}
