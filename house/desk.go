package house

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/blob"
	"unseal/catalog"
	"unseal/durable"
	"unseal/translog"
	"unseal/trove"
)

// Mode says what a desk is opened for.
type Mode int

// The modes. Many may read; one process writes.
const (
	ReadOnly Mode = iota
	ReadWrite
)

// Desk is an open desk. Close it.
type Desk struct {
	Dir     string
	Config  Config
	Catalog catalog.Catalog
	Blobs   blob.Store
	Files   *durable.Folder // the desk's folder
	Signer  note.Signer
	LogKey  string // the log's key that readers were told last, as note.NewVerifier reads it
	Now     func() time.Time

	writing     bool
	logFiles    *durable.Folder
	logKeys     []keyPair        // the first is Signer, the newest last
	releaseKeys []keyPair        // those that are here
	begin       translog.Genesis // how the log begins
	secret      *catalog.Secret  // of demonstrations; else nil and secrets are random
	closers     []io.Closer      // closed last first

	reading sync.Mutex   // guards readers
	readers *itemReaders // nil before something is read
}

// InitOptions are what a new desk may be told; zero fields are chosen.
type InitOptions struct {
	Name        string
	Origin      string
	ReleaseKeys []string // made elsewhere; without any the desk makes its own
	Quorum      int      // how many of them must sign what is published; 0 is all
	Seed        []byte   // 32 bytes from which the keys are made; only for demonstrations
}

// InitDesk makes a desk in dir, which must be empty or absent, and returns its
// configuration and its keys. What it made is durable on return.
func InitDesk(ctx context.Context, dir string, o InitOptions) (Config, OurKeys, error) {
	if err := emptyDir(dir); err != nil {
		return Config{}, OurKeys{}, err
	}
	c, seed, err := o.complete()
	if err != nil {
		return Config{}, OurKeys{}, err
	}
	files, err := durable.Dir(dir)
	if err != nil {
		return Config{}, OurKeys{}, fmt.Errorf("init: %w", err)
	}
	defer files.Close()
	if err := makeRooms(dir, files); err != nil {
		return Config{}, OurKeys{}, fmt.Errorf("init: %w", err)
	}
	keys, err := o.initKeys(files, c.Origin, seed)
	if err != nil {
		return Config{}, OurKeys{}, fmt.Errorf("init: %w", err)
	}
	if err := createVariants(ctx, dir); err != nil {
		return Config{}, OurKeys{}, fmt.Errorf("init: %w", err)
	}
	text, err := c.text()
	if err != nil {
		return Config{}, OurKeys{}, fmt.Errorf("init: %w", err)
	}
	// The configuration comes last: a folder without it is no desk.
	return c, keys, durable.WriteFile(files, ConfigName, text)
}

// makeRooms makes the folders that every desk has, and keeps dir and the keys
// to their owner.
func makeRooms(dir string, files durable.FS) error {
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	for _, d := range []string{keysDir, blobsDir, logDir, indexDir} {
		if err := files.MkdirAll(d); err != nil {
			return err
		}
	}
	return os.Chmod(filepath.Join(dir, keysDir), 0o700)
}

func (o InitOptions) complete() (Config, []byte, error) {
	c := Config{Name: o.Name, Origin: o.Origin}
	random := make([]byte, 36)
	rand.Read(random)
	if c.Name == "" {
		c.Name = "Unnamed archive"
	}
	if c.Origin == "" {
		c.Origin = "unseal.invalid/" + hex.EncodeToString(random[32:])
	}
	seed := random[:32]
	if o.Seed != nil {
		seed = o.Seed
	}
	return c, seed, c.check()
}

// OpenDesk opens the desk in dir. Without a desk there the error matches
// [ErrNoDesk]; with mode ReadWrite and another writer at work, [ErrLocked].
func OpenDesk(ctx context.Context, dir string, mode Mode) (_ *Desk, err error) {
	c, err := readConfig(filepath.Join(dir, ConfigName))
	if err != nil {
		return nil, err
	}
	d := &Desk{Dir: dir, Config: c, Now: now, writing: mode == ReadWrite}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if mode == ReadWrite {
		held, err := lock(dir)
		if err != nil {
			return nil, err
		}
		d.closers = append(d.closers, held)
	}
	return d, d.openRooms(ctx, mode)
}

func (d *Desk) openRooms(ctx context.Context, mode Mode) (err error) {
	if err := d.openKeys(); err != nil {
		return err
	}
	if d.Files, err = durable.Dir(d.Dir); err != nil {
		return fmt.Errorf("open the desk: %w", err)
	}
	d.closers = append(d.closers, d.Files)
	if mode == ReadWrite {
		if err := durable.Sweep(d.Files, "."); err != nil {
			return fmt.Errorf("open the desk: %w", err)
		}
	}
	return d.openVariants(ctx)
}

// now is the time of the desk: SOURCE_DATE_EPOCH (seconds since 1970), where
// set, makes the output repeatable.
func now() time.Time {
	var sec int64
	if _, err := fmt.Sscan(os.Getenv("SOURCE_DATE_EPOCH"), &sec); err == nil {
		return time.Unix(sec, 0).UTC()
	}
	return time.Now().UTC()
}

// Close lets go of the desk.
func (d *Desk) Close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i].Close())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// Collection finds a collection by its name; the error matches
// [catalog.ErrNotFound] and says which there are.
func (d *Desk) Collection(ctx context.Context, name string) (catalog.Collection, error) {
	n, err := trove.ParseCollection(name)
	if err != nil {
		return catalog.Collection{}, fmt.Errorf("%w: %w", ErrName, err)
	}
	c, err := d.Catalog.Collection(ctx, n)
	if !errors.Is(err, catalog.ErrNotFound) {
		return c, err
	}
	all, err2 := d.Catalog.Collections(ctx)
	if err2 != nil {
		return c, err2
	}
	known := make([]string, len(all))
	for i := range all {
		known[i] = string(all[i].Name)
	}
	return c, fmt.Errorf("collection %q: %w; this desk has: %s", name, err, strings.Join(known, ", "))
}

// digestPrefix begins the name of an item that has no number yet.
const digestPrefix = "sha256:"

// ItemName is the name of an item: its number, or before commit the beginning
// of its digest.
func ItemName(it *catalog.Item) string {
	if it.Number > 0 {
		return trove.Name{Collection: it.Collection, Number: it.Number}.String()
	}
	return string(it.Collection) + "/" + digestPrefix + it.SHA256.String()[:16]
}

// Item finds one item by name: "mail/5205", or "mail/sha256:" with at least 8
// hex digits. The error matches [ErrName] or [catalog.ErrNotFound].
func (d *Desk) Item(ctx context.Context, name string) (catalog.Item, error) {
	coll, hexDigits, ok := strings.Cut(name, "/"+digestPrefix)
	if ok {
		return d.itemByDigest(ctx, coll, hexDigits)
	}
	n, err := oneItem(name)
	if err != nil {
		return catalog.Item{}, err
	}
	it, err := catalog.One(ctx, d.Catalog, catalog.Query{Collection: n.Collection, From: n.Number, To: n.Number})
	if err == nil && n.Edition > 0 && n.Edition != it.Edition {
		err = fmt.Errorf("%w: its edition is %d", catalog.ErrNotFound, it.Edition)
	}
	if err != nil {
		return it, fmt.Errorf("item %s: %w", name, err)
	}
	return it, nil
}

func (d *Desk) itemByDigest(ctx context.Context, coll, prefix string) (catalog.Item, error) {
	c, err := d.Collection(ctx, coll)
	if err != nil {
		return catalog.Item{}, err
	}
	if len(prefix) < 8 {
		return catalog.Item{}, fmt.Errorf("%s%s: %w: give at least 8 hex digits", digestPrefix, prefix, ErrName)
	}
	var found []catalog.ItemID
	err = d.Catalog.Items(ctx, catalog.Query{Collection: c.Name, NoRecord: true}, func(it *catalog.Item) error {
		if strings.HasPrefix(it.SHA256.String(), strings.ToLower(prefix)) {
			found = append(found, it.ID)
		}
		return nil
	})
	if err != nil {
		return catalog.Item{}, err
	}
	if len(found) != 1 {
		return catalog.Item{}, fmt.Errorf("%s/%s%s: %d items begin so: %w", coll, digestPrefix, prefix, len(found), catalog.ErrNotFound)
	}
	return catalog.One(ctx, d.Catalog, catalog.Query{Collection: c.Name, ID: found[0]})
}
