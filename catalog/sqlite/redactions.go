package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"unseal/catalog"
	"unseal/trove"
)

// Redact adds redactions; see [catalog.Catalog].
func (c *Catalog) Redact(ctx context.Context, name trove.CollectionName, rows []catalog.Redaction, by catalog.Author) error {
	return c.write(ctx, "redact", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		decided := map[catalog.ItemID]bool{}
		for _, r := range rows {
			if err := t.redact(coll, r, by, decided); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) redact(coll int64, r catalog.Redaction, by catalog.Author, decided map[catalog.ItemID]bool) error {
	var number int
	var state string
	err := t.one([]any{&number, &state}, `SELECT number, state FROM items WHERE id = ? AND collection = ?`, int64(r.Item), coll)
	if err != nil {
		return fmt.Errorf("item %d: %w", r.Item, err)
	}
	if number == 0 || trove.State(state) == trove.Tombstone {
		return fmt.Errorf("%w: item %d is %s", catalog.ErrConflict, r.Item, state)
	}
	n, err := t.exec(`INSERT INTO redactions (item, reason, spec) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, int64(r.Item), r.Reason, r.Spec)
	if err != nil || n == 0 || decided[r.Item] {
		return err
	}
	decided[r.Item] = true
	if err := t.amend(coll, number, number); err != nil {
		return err
	}
	by.Why = fmt.Sprintf("%s: %s", r.Reason, by.Why)
	return t.decide(coll, catalog.RedactedItem, strconv.Itoa(number), by)
}

// amend says of the numbers of a range that are out that they are not as they
// are to be shown.
func (t *tx) amend(coll int64, from, to int) error {
	_, err := t.exec(`UPDATE items SET amended = 1 WHERE collection = ? AND number BETWEEN ? AND ? AND number > 0
		AND state IN ('published', 'tombstone')`, coll, from, to)
	return err
}

// LiftRedactions takes redactions away; see [catalog.Catalog].
func (c *Catalog) LiftRedactions(ctx context.Context, name trove.CollectionName, from, to int, by catalog.Author) error {
	return c.write(ctx, "lift redactions", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		numbers, err := t.numbers(`SELECT DISTINCT i.number FROM redactions r JOIN items i ON i.id = r.item
			WHERE i.collection = ? AND i.number BETWEEN ? AND ? AND i.state <> 'tombstone' ORDER BY i.number`, coll, from, to)
		for _, n := range numbers {
			_, err = t.exec(`DELETE FROM redactions WHERE item = (SELECT id FROM items WHERE collection = ? AND number = ? AND number > 0)`, coll, n)
			if err == nil {
				err = t.amend(coll, n, n)
			}
			if err == nil {
				err = t.decide(coll, catalog.UnhiddenItem, strconv.Itoa(n), by)
			}
			if err != nil {
				return err
			}
		}
		return err
	})
}

// numbers reads one column.
func (t *tx) numbers(query string, args ...any) (list []int, err error) {
	err = t.each(func(r *sql.Rows) error {
		var n int
		err := r.Scan(&n)
		list = append(list, n)
		return err
	}, query, args...)
	return list, err
}

// Redactions lists them; see [catalog.Catalog].
func (c *Catalog) Redactions(ctx context.Context, name trove.CollectionName, id catalog.ItemID) (all []catalog.Redaction, err error) {
	err = c.view(ctx, "list redactions", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			var row catalog.Redaction
			err := r.Scan(&row.Item, &row.Reason, &row.Spec)
			all = append(all, row)
			return err
		}, `SELECT r.item, r.reason, r.spec FROM redactions r JOIN items i ON i.id = r.item
			WHERE i.collection = ?1 AND (?2 = 0 OR r.item = ?2) ORDER BY r.item, r.rowid`, coll, int64(id))
	})
	return all, err
}

// Withdraw makes tombstones; see [catalog.Catalog].
func (c *Catalog) Withdraw(ctx context.Context, name trove.CollectionName, from, to int, code string, by catalog.Author) error {
	return c.write(ctx, "withdraw", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		out, err := t.number(`SELECT count(*) FROM items WHERE collection = ? AND number BETWEEN ? AND ? AND number > 0
			AND state IN ('published', 'tombstone')`, coll, from, to)
		if err == nil && (from < 1 || to < from || out != to-from+1) {
			err = fmt.Errorf("%w: %d of %d-%d are published", catalog.ErrConflict, out, from, to)
		}
		if err != nil {
			return err
		}
		n, err := t.exec(`UPDATE items SET state = 'tombstone', reason = ?, amended = 1
			WHERE collection = ? AND number BETWEEN ? AND ? AND number > 0 AND state = 'published'`, code, coll, from, to)
		if err != nil || n == 0 {
			return err
		}
		by.Why = fmt.Sprintf("%s: %s", code, by.Why)
		return t.decide(coll, catalog.WithdrawnItem, fmt.Sprintf("%d-%d", from, to), by)
	})
}
