package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"unseal/catalog"
	"unseal/trove"
)

// decide adds a line to the log of decisions.
func (t *tx) decide(coll int64, act catalog.Act, subject string, by catalog.Author) error {
	_, err := t.exec(`INSERT INTO decisions (time, collection, act, subject, who, why) VALUES (?, ?, ?, ?, ?, ?)`,
		micros(t.now()), coll, string(act), subject, by.Who, by.Why)
	return err
}

// Decisions lists the log; see [catalog.Catalog].
func (c *Catalog) Decisions(ctx context.Context, name trove.CollectionName) (all []catalog.Decision, err error) {
	err = c.view(ctx, "list decisions", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			d := catalog.Decision{Collection: name}
			var at int64
			err := r.Scan(&at, &d.Act, &d.Subject, &d.Who, &d.Why)
			d.Time = fromMicros(at)
			all = append(all, d)
			return err
		}, `SELECT time, act, subject, who, why FROM decisions WHERE collection = ? ORDER BY id`, coll)
	})
	return all, err
}

// errNoReason refuses an exclusion that says nothing.
var errNoReason = errors.New("an exclusion needs a reason")

// ExcludeItems takes items out; see [catalog.Catalog].
func (c *Catalog) ExcludeItems(ctx context.Context, ids []catalog.ItemID, by catalog.Author) error {
	if by.Why == "" {
		return errNoReason
	}
	return c.write(ctx, "exclude items", func(t *tx) error {
		for _, id := range ids {
			if err := t.excludeItem(id, by); err != nil {
				return fmt.Errorf("item %d: %w", id, err)
			}
		}
		return nil
	})
}

func (t *tx) excludeItem(id catalog.ItemID, by catalog.Author) error {
	var coll int64
	var number int
	var alone bool
	var sum []byte
	if err := t.one([]any{&coll, &number, &alone, &sum}, `SELECT collection, number, alone, sha256 FROM items WHERE id = ?`, int64(id)); err != nil {
		return err
	}
	if number > 0 {
		return fmt.Errorf("%w: it has number %d", catalog.ErrConflict, number)
	}
	if alone {
		return nil
	}
	if _, err := t.exec(`UPDATE items SET state = 'excluded', alone = 1, reason = ? WHERE id = ?`, by.Why, int64(id)); err != nil {
		return err
	}
	return t.decide(coll, catalog.ExcludedItem, fmt.Sprintf("%x", sum), by)
}

// itemsOfTrove are those that occur in trove ?1.
const itemsOfTrove = `SELECT o.item FROM occurrences o JOIN files f ON f.id = o.file WHERE f.trove = ?1`

// itemsElsewhere are those that occur in a trove that is in, other than ?1.
const itemsElsewhere = `SELECT o.item FROM occurrences o JOIN files f ON f.id = o.file JOIN troves t ON t.id = f.trove
	WHERE t.id <> ?1 AND t.excluded = ''`

// ExcludeTrove takes a trove out; see [catalog.Catalog].
func (c *Catalog) ExcludeTrove(ctx context.Context, id catalog.TroveID, by catalog.Author) error {
	if by.Why == "" {
		return errNoReason
	}
	return c.write(ctx, "exclude trove", func(t *tx) error {
		var coll int64
		var path, excluded string
		if err := t.one([]any{&coll, &path, &excluded}, `SELECT collection, path, excluded FROM troves WHERE id = ?`, int64(id)); err != nil {
			return fmt.Errorf("trove %d: %w", id, err)
		}
		if excluded != "" {
			return nil
		}
		if err := t.dropItems(id, by.Why); err != nil {
			return fmt.Errorf("trove %s: %w", path, err)
		}
		if _, err := t.exec(`UPDATE troves SET excluded = ? WHERE id = ?`, by.Why, int64(id)); err != nil {
			return err
		}
		return t.decide(coll, catalog.ExcludedTrove, path, by)
	})
}

// dropItems excludes the items that occur in no other trove.
func (t *tx) dropItems(id catalog.TroveID, why string) error {
	if _, err := t.exec(`CREATE TEMP TABLE dropped AS `+itemsOfTrove+` EXCEPT `+itemsElsewhere, int64(id)); err != nil {
		return err
	}
	numbered, err := t.number(`SELECT count(*) FROM items WHERE number > 0 AND id IN (SELECT item FROM dropped)`)
	if err == nil && numbered > 0 {
		err = fmt.Errorf("%w: %d of its items have numbers and occur nowhere else", catalog.ErrConflict, numbered)
	}
	if err != nil {
		return err // the table goes with the transaction
	}
	if _, err := t.exec(`UPDATE items SET state = 'excluded', reason = ? WHERE state <> 'excluded' AND id IN (SELECT item FROM dropped)`, why); err != nil {
		return err
	}
	_, err = t.exec(`DROP TABLE dropped`)
	return err
}

// include takes an excluded trove in again, with its items; those excluded by
// themselves stay out.
func (t *tx) include(coll int64, n catalog.Trove, by catalog.Author) error {
	_, err := t.exec(`UPDATE items SET reason = '', state = `+stateBefore+`
		WHERE state = 'excluded' AND alone = 0 AND id IN (`+itemsOfTrove+`)`, int64(n.ID))
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE troves SET excluded = '' WHERE id = ?`, int64(n.ID)); err != nil {
		return err
	}
	return t.decide(coll, catalog.IncludedTrove, n.Path, by)
}

// Withhold keeps numbers back; see [catalog.Catalog].
func (c *Catalog) Withhold(ctx context.Context, name trove.CollectionName, from, to int, code string, by catalog.Author) error {
	return c.write(ctx, "withhold", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		if err := t.notOut(coll, from, to); err != nil {
			return err
		}
		act, set := catalog.WithheldRange, `state = 'withheld', batch = 0`
		cond := `(state <> 'withheld' OR reason <> ?1)`
		if code == "" {
			act, set = catalog.LiftedRange, `state = CASE unreadable WHEN 1 THEN 'unreadable' ELSE 'committed' END`
			cond = `state = 'withheld'`
		}
		n, err := t.exec(`UPDATE items SET reason = ?1, `+set+` WHERE collection = ?2 AND number BETWEEN ?3 AND ?4 AND number > 0 AND `+cond, code, coll, from, to)
		if err != nil || n == 0 {
			return err
		}
		if code != "" {
			by.Why = fmt.Sprintf("%s: %s", code, by.Why)
		}
		return t.decide(coll, act, fmt.Sprintf("%d-%d", from, to), by)
	})
}

// notOut refuses a range that is not wholly numbered, or in part published.
func (t *tx) notOut(coll int64, from, to int) error {
	var given, out int
	err := t.one([]any{&given, &out}, `SELECT count(*), coalesce(sum(state IN ('published', 'tombstone')), 0)
		FROM items WHERE collection = ? AND number BETWEEN ? AND ? AND number > 0`, coll, from, to)
	switch {
	case err != nil:
		return err
	case from < 1 || to < from || given != to-from+1:
		return fmt.Errorf("%w: %d-%d is no range of numbers given so far", catalog.ErrConflict, from, to)
	case out > 0:
		return fmt.Errorf("%w: %d of %d-%d are published", catalog.ErrConflict, out, from, to)
	}
	return nil
}
