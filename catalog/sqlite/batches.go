package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

// unplanned are the items of collection ?1 that a batch may take.
const unplanned = ` FROM items WHERE collection = ?1 AND number > 0 AND batch = 0 AND state = 'committed'`

// PlanBatches plans batches of that many items; see [catalog.Catalog].
func (c *Catalog) PlanBatches(ctx context.Context, name trove.CollectionName, every int) (planned []catalog.Batch, err error) {
	if every < 1 {
		return nil, fmt.Errorf("plan batches of %d items: at least one", every)
	}
	err = c.write(ctx, "plan batches", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		var numbers []int
		err = t.each(func(r *sql.Rows) error {
			var n int
			err := r.Scan(&n)
			numbers = append(numbers, n)
			return err
		}, `SELECT number`+unplanned+` ORDER BY number`, coll)
		for err == nil && len(numbers) > 0 {
			n := min(every, len(numbers))
			var b catalog.Batch
			b, err = t.planBatch(coll, name, numbers[0], numbers[n-1])
			planned = append(planned, b)
			numbers = numbers[n:]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return planned, nil
}

// PlanBatch plans one batch; see [catalog.Catalog].
func (c *Catalog) PlanBatch(ctx context.Context, name trove.CollectionName, from, to int) (b catalog.Batch, err error) {
	err = c.write(ctx, "plan batch", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		if b, err = t.planBatch(coll, name, from, to); err == nil && b.Items == 0 {
			err = fmt.Errorf("%w: none of %d-%d is committed, readable, not withheld and in no batch", catalog.ErrConflict, from, to)
		}
		return err
	})
	if err != nil {
		return catalog.Batch{}, err
	}
	return b, nil
}

// planBatch puts what is unplanned in a range into a new batch.
func (t *tx) planBatch(coll int64, name trove.CollectionName, from, to int) (catalog.Batch, error) {
	number, err := t.number(`SELECT coalesce(max(number), 0) + 1 FROM batches WHERE collection = ?`, coll)
	if err != nil {
		return catalog.Batch{}, err
	}
	_, err = t.exec(`UPDATE items SET batch = ?4 WHERE id IN (SELECT id`+unplanned+` AND number BETWEEN ?2 AND ?3)`, coll, from, to, number)
	if err != nil {
		return catalog.Batch{}, err
	}
	_, err = t.exec(`INSERT INTO batches (collection, number, state, published, manifest, log_size) VALUES (?, ?, ?, ?, x'', 0)`,
		coll, number, string(catalog.Planned), micros(catalog.Batch{}.Published))
	if err != nil {
		return catalog.Batch{}, err
	}
	all, err := t.batches(coll, name, number)
	if err != nil {
		return catalog.Batch{}, err
	}
	return all[0], nil
}

// Batches lists all batches; see [catalog.Catalog].
func (c *Catalog) Batches(ctx context.Context, name trove.CollectionName) (all []catalog.Batch, err error) {
	err = c.view(ctx, "list batches", func(t *tx) error {
		coll, err := t.collection(name)
		if err == nil {
			all, err = t.batches(coll, name, 0)
		}
		return err
	})
	return all, err
}

// batches lists the batches from a number on.
func (t *tx) batches(coll int64, name trove.CollectionName, from int) (all []catalog.Batch, err error) {
	err = t.each(func(r *sql.Rows) error {
		b := catalog.Batch{Collection: name}
		var at int64
		var manifest []byte
		if err := r.Scan(&b.Number, &b.State, &at, &manifest, &b.LogSize, &b.Edition, &b.Items, &b.First, &b.Last, &b.Amended); err != nil {
			return err
		}
		b.Published = fromMicros(at)
		if err := toDigest(&b.Manifest, manifest); err != nil {
			return err
		}
		all = append(all, b)
		return nil
	}, `SELECT b.number, b.state, b.published, b.manifest, b.log_size, b.edition,
			coalesce(i.items, 0), coalesce(i.first, 0), coalesce(i.last, 0), coalesce(i.amended, 0)
		FROM batches b LEFT JOIN (SELECT batch, count(*) FILTER (WHERE state <> 'tombstone') AS items,
				min(number) FILTER (WHERE state <> 'tombstone') AS first, max(number) FILTER (WHERE state <> 'tombstone') AS last,
				sum(amended) AS amended
			FROM items WHERE collection = ?1 AND batch > 0 AND batch >= ?2 GROUP BY batch) i ON i.batch = b.number
		WHERE b.collection = ?1 AND b.number >= ?2 ORDER BY b.number`, coll, from)
	return all, err
}

// MarkPublished records that a batch is out; see [catalog.Catalog].
func (c *Catalog) MarkPublished(ctx context.Context, b catalog.Batch) error {
	return c.write(ctx, "mark published", func(t *tx) error {
		coll, err := t.collection(b.Collection)
		if err != nil {
			return err
		}
		done, err := t.isOut(coll, b)
		if err != nil || done {
			return err
		}
		if err := t.itemsOut(coll, b); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE batches SET state = ?, edition = ?, published = ?, manifest = ?, log_size = ? WHERE collection = ? AND number = ?`,
			string(catalog.BatchIsOut), b.Edition, micros(b.Published), digest(b.Manifest), b.LogSize, coll, b.Number)
		return err
	})
}

// itemsOut records that the items of a batch edition are out.
func (t *tx) itemsOut(coll int64, b catalog.Batch) error {
	set := `state = 'published', edition = 1 WHERE collection = ? AND batch = ? AND batch > 0`
	if b.Edition > 1 {
		set = `amended = 0, edition = edition + (state = 'published') WHERE collection = ? AND batch = ? AND batch > 0 AND amended = 1`
	}
	_, err := t.exec(`UPDATE items SET `+set, coll, b.Number)
	return err
}

// isOut reports whether the edition is published with that manifest already.
func (t *tx) isOut(coll int64, b catalog.Batch) (bool, error) {
	var edition int
	var manifest []byte
	err := t.one([]any{&edition, &manifest}, `SELECT edition, manifest FROM batches WHERE collection = ? AND number = ?`, coll, b.Number)
	switch {
	case err != nil:
		return false, fmt.Errorf("batch %d: %w", b.Number, err)
	case b.Edition == edition && string(manifest) == string(digest(b.Manifest)):
		return true, nil
	case b.Edition != edition+1:
		return false, fmt.Errorf("batch %d, edition %d: %w: edition %d is published with manifest %x", b.Number, b.Edition, catalog.ErrConflict, edition, manifest)
	}
	return false, nil
}
