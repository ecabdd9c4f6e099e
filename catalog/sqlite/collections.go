package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

const collectionColumns = `name, title, series, description, promised, promised_by, promise_source, secret, created`

// PutCollection makes or changes a collection; see [catalog.Catalog].
func (c *Catalog) PutCollection(ctx context.Context, n catalog.Collection) error {
	return c.write(ctx, "put collection", func(t *tx) error {
		old, err := t.readCollection(n.Name)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			if n.Created.IsZero() {
				n.Created = t.now()
			}
		case err != nil:
			return err
		default:
			if n.Secret, err = keptSecret(old.Secret, n.Secret); err != nil {
				return fmt.Errorf("collection %q: %w", n.Name, err)
			}
			n.Created = old.Created
		}
		_, err = t.exec(`INSERT INTO collections (`+collectionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET title = excluded.title, series = excluded.series,
			description = excluded.description, promised = excluded.promised, promised_by = excluded.promised_by,
			promise_source = excluded.promise_source, secret = excluded.secret`,
			string(n.Name), n.Title, n.Series, n.Description, n.Promised, n.PromisedBy, n.PromiseSource, n.Secret[:], micros(n.Created))
		return err
	})
}

// keptSecret is the one to keep: a secret is given once.
func keptSecret(old, given catalog.Secret) (catalog.Secret, error) {
	none := catalog.Secret{}
	if given == none || given == old {
		return old, nil
	}
	if old != none {
		return old, fmt.Errorf("%w: it has another secret already", catalog.ErrConflict)
	}
	return given, nil
}

// Collection reads one collection; see [catalog.Catalog].
func (c *Catalog) Collection(ctx context.Context, name trove.CollectionName) (got catalog.Collection, err error) {
	err = c.view(ctx, "read collection", func(t *tx) (err error) {
		got, err = t.readCollection(name)
		return err
	})
	return got, err
}

func (t *tx) readCollection(name trove.CollectionName) (got catalog.Collection, err error) {
	got, err = scanCollection(t.QueryRowContext(t.inner, `SELECT `+collectionColumns+` FROM collections WHERE name = ?`, string(name)))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("collection %q: %w", name, catalog.ErrNotFound)
	}
	return got, err
}

// Collections lists all; see [catalog.Catalog].
func (c *Catalog) Collections(ctx context.Context) (all []catalog.Collection, err error) {
	err = c.view(ctx, "list collections", func(t *tx) error {
		return t.each(func(r *sql.Rows) error {
			n, err := scanCollection(r)
			all = append(all, n)
			return err
		}, `SELECT `+collectionColumns+` FROM collections ORDER BY name`)
	})
	return all, err
}

// scanner is a row to read from.
type scanner interface{ Scan(dest ...any) error }

func scanCollection(r scanner) (n catalog.Collection, err error) {
	var name string
	var secret []byte
	var created int64
	err = r.Scan(&name, &n.Title, &n.Series, &n.Description, &n.Promised, &n.PromisedBy, &n.PromiseSource, &secret, &created)
	n.Name, n.Created = trove.CollectionName(name), fromMicros(created)
	copy(n.Secret[:], secret)
	return n, err
}
