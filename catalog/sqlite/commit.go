package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

// Commit gives numbers; see [catalog.Catalog].
func (c *Catalog) Commit(ctx context.Context, n catalog.Commitment, items []catalog.Numbered) error {
	return c.write(ctx, "commit items", func(t *tx) error {
		coll, err := t.collection(n.Collection)
		if err != nil {
			return err
		}
		done, err := t.follows(coll, n, len(items))
		if err != nil || done {
			return err
		}
		if err := t.giveNumbers(coll, n.First, items); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO commitments (collection, k, first, count, root, log_size, time) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			coll, n.K, n.First, n.Count, digest(n.Root), n.LogSize, micros(n.Time))
		return err
	})
}

// follows reports whether n is recorded already, and refuses it if it is not
// the next one either.
func (t *tx) follows(coll int64, n catalog.Commitment, items int) (done bool, err error) {
	all, err := t.commitments(coll, n.Collection)
	if err != nil {
		return false, err
	}
	next := catalog.Commitment{K: 1, First: 1}
	for _, old := range all {
		if old.K == n.K && old.Root == n.Root && old.First == n.First && old.Count == n.Count {
			return true, nil
		}
		next.K, next.First = old.K+1, old.First+old.Count
	}
	if n.K != next.K || n.First != next.First || n.Count != items || items == 0 {
		return false, fmt.Errorf("%w: commitment %d to %d numbers from %d, with %d items; the next is %d, from %d",
			catalog.ErrConflict, n.K, n.Count, n.First, items, next.K, next.First)
	}
	return false, nil
}

func (t *tx) giveNumbers(coll int64, first int, items []catalog.Numbered) error {
	set, err := t.PrepareContext(t.inner, `UPDATE items SET number = ?, tree_root = ?, segments = ?,
		state = CASE unreadable WHEN 1 THEN 'unreadable' ELSE 'committed' END
		WHERE id = ? AND collection = ? AND number = 0 AND state IN ('in', 'unreadable')`)
	if err != nil {
		return err
	}
	for i, it := range items {
		if i%askEvery == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		r, err := set.ExecContext(t.inner, first+i, digest(it.Root), it.Segments, int64(it.Item), coll)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("item %d cannot have number %d: %w: it is excluded, numbered, or not of this collection", it.Item, first+i, catalog.ErrConflict)
		}
	}
	return nil
}

// Commitments lists a collection's commitments; see [catalog.Catalog].
func (c *Catalog) Commitments(ctx context.Context, name trove.CollectionName) (all []catalog.Commitment, err error) {
	err = c.view(ctx, "list commitments", func(t *tx) error {
		coll, err := t.collection(name)
		if err == nil {
			all, err = t.commitments(coll, name)
		}
		return err
	})
	return all, err
}

func (t *tx) commitments(coll int64, name trove.CollectionName) (all []catalog.Commitment, err error) {
	err = t.each(func(r *sql.Rows) error {
		n := catalog.Commitment{Collection: name}
		var root []byte
		var at int64
		if err := r.Scan(&n.K, &n.First, &n.Count, &root, &n.LogSize, &at); err != nil {
			return err
		}
		n.Time = fromMicros(at)
		if err := toDigest(&n.Root, root); err != nil {
			return err
		}
		all = append(all, n)
		return nil
	}, `SELECT k, first, count, root, log_size, time FROM commitments WHERE collection = ? ORDER BY k`, coll)
	return all, err
}
