// Package sqlite keeps the desk's catalog in one SQLite file. The schema, as it
// stands today, is schema.sql; migrations/ leads to it.
//
// Durability: the file is in WAL mode with synchronous=FULL, so a transaction
// is on the disk when its COMMIT returns (sqlite.org/pragma.html, "synchronous").
// SQLite does its own file I/O and does not pass through package durable, so
// each commit is one step there, with [durable.At] before and after it. Beside
// the file lie its -wal and -shm files; only all of them together, or a copy
// made by Backup, are the catalog.
//
// One connection writes, several read: a walk sees the catalog as of its
// beginning, and its function may call any method.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"unseal/catalog"
	"unseal/durable"
	"unseal/trove"
)

// Options are what a caller may choose. The zero value is good.
type Options struct {
	// Wait is how long to wait for another process before ErrLocked; 0 means
	// five seconds.
	Wait time.Duration
	// Now is the clock for what the catalog dates itself; nil means time.Now.
	Now func() time.Time
}

// Catalog is a [catalog.Catalog] in a SQLite file.
type Catalog struct {
	path   string
	now    func() time.Time
	write1 *sql.DB // one connection, in a transaction as long as it is used
	read   *sql.DB
	broken atomic.Pointer[error] // the first failed fsync; nil while all is well
}

var _ catalog.Catalog = (*Catalog)(nil)

const (
	defaultWait = 5 * time.Second
	readers     = 4
)

// Create makes a new catalog in a file that must not exist.
func Create(ctx context.Context, path string, o Options) (*Catalog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return Open(ctx, path, o)
}

// Open opens the catalog in the file at path and brings its schema up to date.
// Without such a file the error matches [catalog.ErrNotFound].
func Open(ctx context.Context, path string, o Options) (*Catalog, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("catalog %s: %w", path, catalog.ErrNotFound)
	}
	if o.Wait == 0 {
		o.Wait = defaultWait
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Catalog{path: path, now: o.Now}
	var err error
	if c.write1, err = open(path, o.Wait, "_txlock=immediate", 1); err == nil {
		c.read, err = open(path, o.Wait, "_pragma=query_only(1)", readers)
	}
	if err == nil {
		err = c.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, failure(err)), c.Close())
	}
	return c, nil
}

// open prepares connections; the settings are said in the package comment. The
// write-ahead log is folded into the file at 16 MB, since random keys (digests)
// touch the same pages again and again.
func open(path string, wait time.Duration, more string, conns int) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: more +
		fmt.Sprintf("&_pragma=busy_timeout(%d)", wait.Milliseconds()) +
		"&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(1)" +
		"&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)" +
		"&_pragma=cache_size(-8000)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(33554432)"}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes the catalog and folds the write-ahead log into the file.
func (c *Catalog) Close() error {
	var errs []error
	for _, db := range []*sql.DB{c.read, c.write1} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// write runs fn in one transaction, durable when it returns nil. what names it
// for people and for [durable.Step].
func (c *Catalog) write(ctx context.Context, what string, fn func(t *tx) error) error {
	if p := c.broken.Load(); p != nil {
		return fmt.Errorf("%s: after an earlier failure: %w", what, *p)
	}
	// Transactions are short, and a context that can end costs a goroutine for
	// each statement; so long loops ask ctx themselves.
	inner := context.WithoutCancel(ctx)
	t, err := c.write1.BeginTx(inner, nil)
	if err == nil {
		err = c.finish(&tx{Tx: t, ctx: ctx, inner: inner, now: c.now}, what, fn)
	}
	if err = failure(err); err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if errors.Is(err, durable.ErrSync) {
		c.broken.CompareAndSwap(nil, &err)
	}
	return err
}

func (c *Catalog) finish(t *tx, what string, fn func(t *tx) error) error {
	if err := fn(t); err != nil {
		return errors.Join(err, t.Rollback())
	}
	durable.At("commit", what)
	if err := t.Commit(); err != nil {
		return err
	}
	durable.At("committed", what)
	return nil
}

// view runs fn on one state of the catalog.
func (c *Catalog) view(ctx context.Context, what string, fn func(t *tx) error) error {
	inner := context.WithoutCancel(ctx)
	t, err := c.read.BeginTx(inner, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = errors.Join(fn(&tx{Tx: t, ctx: ctx, inner: inner, now: c.now}), t.Rollback())
	}
	var own callerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	}
	return fmt.Errorf("%s: %w", what, failure(err))
}

// callerError is an error of a caller's function, which comes back as it is.
type callerError struct{ error }

// tx is a transaction. Its statements do not end with ctx; see Catalog.write.
type tx struct {
	*sql.Tx
	ctx   context.Context // the caller's, for the length of one transaction
	inner context.Context
	now   func() time.Time
}

func (t *tx) exec(query string, args ...any) (changed int, err error) {
	r, err := t.ExecContext(t.inner, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// one scans the first row into dest, or fails with ErrNotFound.
func (t *tx) one(dest []any, query string, args ...any) error {
	err := t.QueryRowContext(t.inner, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.ErrNotFound
	}
	return err
}

// number returns the one number that a query gives.
func (t *tx) number(query string, args ...any) (n int, err error) {
	err = t.one([]any{&n}, query, args...)
	return n, err
}

// askEvery is after how many rows a loop asks whether it shall go on.
const askEvery = 1024

// each calls fn for every row.
func (t *tx) each(fn func(r *sql.Rows) error, query string, args ...any) error {
	rows, err := t.QueryContext(t.inner, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if i%askEvery == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// collection finds the row of a collection.
func (t *tx) collection(name trove.CollectionName) (id int64, err error) {
	if err = t.one([]any{&id}, `SELECT id FROM collections WHERE name = ?`, string(name)); err != nil {
		err = fmt.Errorf("collection %q: %w", name, err)
	}
	return id, err
}

// failure turns the driver's errors into those of the contract.
func failure(err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch code := e.Code(); {
	case code&0xff == sqlite3.SQLITE_BUSY || code&0xff == sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w (%v)", catalog.ErrLocked, e)
	case code&0xff == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w (%v)", syscall.ENOSPC, e)
	case code == sqlite3.SQLITE_IOERR_FSYNC || code == sqlite3.SQLITE_IOERR_DIR_FSYNC:
		return fmt.Errorf("%w (%v)", durable.ErrSync, e)
	}
	return err
}

// micros is how times are stored.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(v int64) time.Time { return time.UnixMicro(v).UTC() }

// digest is how digests are stored.
func digest(d trove.Digest) []byte {
	if d.IsZero() {
		return []byte{}
	}
	return d[:]
}

// toDigest reads what digest made.
func toDigest(d *trove.Digest, b []byte) error {
	*d = trove.Digest{}
	if len(b) != 0 && copy(d[:], b) != len(b) || len(b) != 0 && len(b) != len(d) {
		return fmt.Errorf("a digest in the catalog has %d bytes", len(b))
	}
	return nil
}
