package sqlite

import (
	"context"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

// ReplaceRecords replaces records; see [catalog.Catalog].
func (c *Catalog) ReplaceRecords(ctx context.Context, name trove.CollectionName, rows []catalog.RecordRow, by catalog.Author) error {
	return c.write(ctx, "replace records", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		changed := 0
		for i, r := range rows {
			if i%askEvery == 0 && t.ctx.Err() != nil {
				return t.ctx.Err()
			}
			n, err := t.replaceRecord(coll, r)
			if err != nil {
				return fmt.Errorf("item %d: %w", r.Item, err)
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
		return t.decide(coll, catalog.JudgedAgain, fmt.Sprintf("%d items", changed), by)
	})
}

// replaceRecord returns 1 if the record was another one, else 0.
func (t *tx) replaceRecord(coll int64, r catalog.RecordRow) (int, error) {
	var state trove.State
	if err := t.one([]any{&state}, `SELECT state FROM items WHERE id = ? AND collection = ?`, int64(r.Item), coll); err != nil {
		return 0, err
	}
	if state == trove.Published || state == trove.Tombstone {
		return 0, fmt.Errorf("%w: it is %s", catalog.ErrConflict, state)
	}
	return t.exec(`UPDATE records SET record = ?1 WHERE item = ?2 AND record <> ?1`, string(r.Record), int64(r.Item))
}
