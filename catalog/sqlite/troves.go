package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

const troveColumns = `id, path, owner, started, ended, done, excluded`

// BeginTrove finds or adds a trove; see [catalog.Catalog].
func (c *Catalog) BeginTrove(ctx context.Context, n catalog.Trove, by catalog.Author) (got catalog.Trove, err error) {
	err = c.write(ctx, "begin trove", func(t *tx) error {
		coll, err := t.collection(n.Collection)
		if err != nil {
			return err
		}
		got, err = t.findTrove(coll, n)
		if errors.Is(err, sql.ErrNoRows) {
			got, err = t.addTrove(coll, n)
		} else if err == nil && got.Excluded != "" {
			err = t.include(coll, got, by)
			got.Excluded = ""
		}
		return err
	})
	return got, err
}

func (t *tx) findTrove(coll int64, n catalog.Trove) (catalog.Trove, error) {
	return scanTrove(n.Collection, t.QueryRowContext(t.inner,
		`SELECT `+troveColumns+` FROM troves WHERE collection = ? AND path = ? AND owner = ?`, coll, n.Path, n.Owner))
}

func (t *tx) addTrove(coll int64, n catalog.Trove) (catalog.Trove, error) {
	if n.Started.IsZero() {
		n.Started = t.now()
	}
	_, err := t.exec(`INSERT INTO troves (collection, path, owner, started, ended, done, excluded) VALUES (?, ?, ?, ?, ?, 0, '')`,
		coll, n.Path, n.Owner, micros(n.Started), micros(catalog.Trove{}.Ended))
	if err != nil {
		return n, err
	}
	return t.findTrove(coll, n)
}

func scanTrove(coll trove.CollectionName, r scanner) (catalog.Trove, error) {
	n := catalog.Trove{Collection: coll}
	var started, ended int64
	err := r.Scan(&n.ID, &n.Path, &n.Owner, &started, &ended, &n.Done, &n.Excluded)
	n.Started, n.Ended = fromMicros(started), fromMicros(ended)
	return n, err
}

// EndTrove records the end of a run; see [catalog.Catalog].
func (c *Catalog) EndTrove(ctx context.Context, id catalog.TroveID) error {
	return c.write(ctx, "end trove", func(t *tx) error {
		n, err := t.exec(`UPDATE troves SET done = 1, ended = ? WHERE id = ?`, micros(t.now()), int64(id))
		if err == nil && n == 0 {
			err = fmt.Errorf("trove %d: %w", id, catalog.ErrNotFound)
		}
		return err
	})
}

// Troves lists a collection's troves; see [catalog.Catalog].
func (c *Catalog) Troves(ctx context.Context, name trove.CollectionName) (all []catalog.Trove, err error) {
	err = c.view(ctx, "list troves", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			n, err := scanTrove(name, r)
			all = append(all, n)
			return err
		}, `SELECT `+troveColumns+` FROM troves WHERE collection = ? ORDER BY id`, coll)
	})
	return all, err
}

const fileColumns = `f.id, f.trove, f.path, f.sha256, f.size, f.type, f.progress, f.done, f.warnings`

// BeginFiles finds or adds files; see [catalog.Catalog].
func (c *Catalog) BeginFiles(ctx context.Context, id catalog.TroveID, files []catalog.File) ([]catalog.File, error) {
	got := make([]catalog.File, len(files))
	err := c.write(ctx, "begin files", func(t *tx) error {
		if _, err := t.number(`SELECT 1 FROM troves WHERE id = ?`, int64(id)); err != nil {
			return fmt.Errorf("trove %d: %w", id, err)
		}
		find, err := t.PrepareContext(t.inner, `SELECT `+fileColumns+` FROM files f WHERE f.trove = ? AND f.path = ? AND f.sha256 = ?`)
		if err != nil {
			return err
		}
		for i, f := range files {
			if i%askEvery == 0 && t.ctx.Err() != nil {
				return t.ctx.Err()
			}
			f.Trove = id
			if got[i], err = t.beginFile(find, f); err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (t *tx) beginFile(find *sql.Stmt, f catalog.File) (catalog.File, error) {
	row := func() scanner { return find.QueryRowContext(t.inner, int64(f.Trove), f.Path, digest(f.SHA256)) }
	got, err := scanFile(row())
	if !errors.Is(err, sql.ErrNoRows) {
		return got, err
	}
	_, err = t.exec(`INSERT INTO files (trove, path, sha256, size, type, progress, done, warnings) VALUES (?, ?, ?, ?, ?, 0, 0, '')`,
		int64(f.Trove), f.Path, digest(f.SHA256), f.Size, f.Type)
	if err != nil {
		return f, err
	}
	return scanFile(row())
}

func scanFile(r scanner) (f catalog.File, err error) {
	var sum, warnings []byte
	if err = r.Scan(&f.ID, &f.Trove, &f.Path, &sum, &f.Size, &f.Type, &f.Progress, &f.Done, &warnings); err != nil {
		return f, err
	}
	if len(warnings) > 0 {
		if err = json.Unmarshal(warnings, &f.Warnings); err != nil {
			return f, fmt.Errorf("warnings of file %d: %w", f.ID, err)
		}
	}
	return f, toDigest(&f.SHA256, sum)
}

// Files walks the files; see [catalog.Catalog].
func (c *Catalog) Files(ctx context.Context, name trove.CollectionName, fn func(*catalog.File) error) error {
	return c.view(ctx, "list files", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			f, err := scanFile(r)
			if err != nil {
				return err
			}
			return ownError(fn(&f))
		}, `SELECT `+fileColumns+` FROM files f JOIN troves t ON t.id = f.trove
			WHERE t.collection = ? AND t.excluded = '' ORDER BY f.trove, f.path, f.sha256`, coll)
	})
}

// ownError marks an error of a caller's function.
func ownError(err error) error {
	if err == nil {
		return nil
	}
	return callerError{err}
}
