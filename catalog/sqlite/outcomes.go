package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/trove"
)

// SetOutcomes records outcomes; see [catalog.Catalog].
func (c *Catalog) SetOutcomes(ctx context.Context, name trove.CollectionName, rows []catalog.OutcomeRow) error {
	return c.write(ctx, "set outcomes", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		for i := range rows {
			if i%askEvery == 0 && t.ctx.Err() != nil {
				return t.ctx.Err()
			}
			if err := t.setOutcome(coll, &rows[i]); err != nil {
				return fmt.Errorf("item %d: %w", rows[i].Item, err)
			}
		}
		return nil
	})
}

func (t *tx) setOutcome(coll int64, r *catalog.OutcomeRow) error {
	var number int
	var state trove.State
	err := t.one([]any{&number, &state}, `SELECT number, state FROM items WHERE id = ? AND collection = ?`, int64(r.Item), coll)
	if err == nil && (state == trove.Excluded || state == trove.Tombstone) {
		err = fmt.Errorf("%w: it is %s", catalog.ErrConflict, state)
	}
	if err != nil {
		return err
	}
	fresh, err := t.isNew(&r.Outcome)
	if err == nil && r.Change != nil {
		err = t.changeItem(r.Item, number, r.Change)
	}
	if err == nil && fresh && state == trove.Published {
		err = t.amend(coll, number, number)
	}
	if err != nil {
		return err
	}
	return t.putOutcome(&r.Outcome)
}

// isNew reports whether an outcome gives something else than the one before.
func (t *tx) isNew(o *catalog.Outcome) (bool, error) {
	var sum []byte
	err := t.one([]any{&sum}, `SELECT sum FROM outcomes WHERE item = ? AND stage = ?`, int64(o.Item), o.Stage)
	if errors.Is(err, catalog.ErrNotFound) {
		err = nil
	}
	return string(sum) != string(digest(o.Sum)), err
}

// changeItem records what a stage found of an item.
func (t *tx) changeItem(id catalog.ItemID, number int, c *catalog.Change) error {
	n, err := t.exec(`UPDATE items SET text_blob = ?1, text_offset = ?2, text_length = ?3, message_id = ?4, kind = ?5,
		sort_date = CASE number WHEN 0 THEN ?6 ELSE sort_date END WHERE id = ?7 AND (number = 0 OR kind = ?5)`,
		digest(c.Text.Blob), c.Text.Offset, c.Text.Length, c.MessageID, string(c.Kind), micros(c.SortDate), int64(id))
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: it has number %d, and its kind is not %s", catalog.ErrConflict, number, c.Kind)
	}
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE records SET record = ?, first = CASE first WHEN '' THEN record ELSE first END WHERE item = ?`,
		string(c.Record), int64(id))
	return err
}

func (t *tx) putOutcome(o *catalog.Outcome) error {
	found := ""
	if len(o.Findings) > 0 {
		b, err := json.Marshal(o.Findings)
		if err != nil {
			return err
		}
		found = string(b)
	}
	_, err := t.exec(`INSERT INTO outcomes (item, stage, state, cause, maker, reading_blob, reading_offset, reading_length, findings, sum, again)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (item, stage) DO UPDATE SET state = excluded.state, cause = excluded.cause, maker = excluded.maker,
			reading_blob = excluded.reading_blob, reading_offset = excluded.reading_offset, reading_length = excluded.reading_length,
			findings = excluded.findings, sum = excluded.sum, again = 0`,
		int64(o.Item), o.Stage, string(o.State), o.Cause, o.By, digest(o.Reading.Blob), o.Reading.Offset, o.Reading.Length, found, digest(o.Sum))
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM made WHERE item = ? AND stage = ?`, int64(o.Item), o.Stage); err != nil {
		return err
	}
	for _, m := range o.Made {
		_, err := t.exec(`INSERT INTO made (item, stage, name, type, size, sha256) VALUES (?, ?, ?, ?, ?, ?)`,
			int64(o.Item), o.Stage, m.Name, m.Type, m.Size, digest(m.SHA256))
		if err != nil {
			return fmt.Errorf("file %s: %w", m.Name, err)
		}
	}
	return nil
}

// Outcomes walks outcomes; see [catalog.Catalog].
func (c *Catalog) Outcomes(ctx context.Context, q catalog.OutcomeQuery, fn func(*catalog.Outcome) error) error {
	return c.view(ctx, "list outcomes", func(t *tx) error {
		coll, err := t.collection(q.Collection)
		if err != nil {
			return err
		}
		where, args := outcomeConditions(coll, &q)
		var o catalog.Outcome
		var blob, sum sql.RawBytes
		var found string
		return t.each(func(r *sql.Rows) error {
			o = catalog.Outcome{}
			err := r.Scan(&o.Item, &o.Stage, &o.State, &o.Cause, &o.By, &blob, &o.Reading.Offset, &o.Reading.Length, &found, &sum, &o.Again)
			if err == nil {
				err = errors.Join(toDigest(&o.Reading.Blob, blob), toDigest(&o.Sum, sum))
			}
			if err == nil && found != "" {
				err = json.Unmarshal([]byte(found), &o.Findings)
			}
			if err == nil {
				o.Made, err = t.made(o.Item, o.Stage)
			}
			if err == nil {
				o.Options, err = t.answers(o.Item)
			}
			if err != nil {
				return err
			}
			return ownError(fn(&o))
		}, `SELECT o.item, o.stage, o.state, o.cause, o.maker, o.reading_blob, o.reading_offset, o.reading_length, o.findings, o.sum, o.again
			FROM outcomes o JOIN items i ON i.id = o.item`+where+` ORDER BY o.item, o.rowid`, args...)
	})
}

// outcomeConditions says q in SQL.
func outcomeConditions(coll int64, q *catalog.OutcomeQuery) (where string, args []any) {
	where, args = ` WHERE i.collection = ? AND i.state <> 'excluded'`, []any{coll}
	if q.Stage != "" {
		where, args = where+` AND o.stage = ?`, append(args, q.Stage)
	}
	where, args = oneOf(where, args, `o.item`, q.Items)
	where, args = oneOf(where, args, `i.kind`, q.Kinds)
	return oneOf(where, args, `o.state`, q.States)
}

// oneOf adds that a column is one of the values, if there are any.
func oneOf[T ~string | ~int64](where string, args []any, column string, values []T) (string, []any) {
	if len(values) == 0 {
		return where, args
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings and numbers
	}
	return where + ` AND ` + column + ` IN (SELECT value FROM json_each(?))`, append(args, string(b))
}

func (t *tx) made(id catalog.ItemID, stage string) (all []catalog.Made, err error) {
	err = t.each(func(r *sql.Rows) error {
		var m catalog.Made
		var sum sql.RawBytes
		if err := r.Scan(&m.Name, &m.Type, &m.Size, &sum); err != nil {
			return err
		}
		err := toDigest(&m.SHA256, sum)
		all = append(all, m)
		return err
	}, `SELECT name, type, size, sha256 FROM made WHERE item = ? AND stage = ? ORDER BY name`, int64(id), stage)
	return all, err
}

func (t *tx) answers(id catalog.ItemID) (all map[string]string, err error) {
	err = t.each(func(r *sql.Rows) error {
		var name, value string
		err := r.Scan(&name, &value)
		if all == nil {
			all = map[string]string{}
		}
		all[name] = value
		return err
	}, `SELECT name, value FROM answers WHERE item = ?`, int64(id))
	return all, err
}

// Unread walks items that are to be read; see [catalog.Catalog].
func (c *Catalog) Unread(ctx context.Context, q catalog.UnreadQuery, fn func(*catalog.Unread) error) error {
	return c.view(ctx, "list what is not read", func(t *tx) error {
		coll, err := t.collection(q.Collection)
		if err != nil {
			return err
		}
		var u catalog.Unread
		w := walk{tx: t, record: true}
		w.item.Collection = q.Collection
		var first sql.RawBytes
		w.first = &first
		w.fn = func(it *catalog.Item) error {
			u = catalog.Unread{Item: *it, First: first}
			if len(first) == 0 {
				u.First = it.Record
			}
			if u.Options, err = t.answers(it.ID); err != nil {
				return err
			}
			return fn(&u)
		}
		where, args := unreadConditions(coll, &q)
		limit := cmp.Or(q.Limit, -1)
		return w.run(where+` AND i.id > ? ORDER BY i.id LIMIT ?`, append(args, int64(q.From), limit))
	})
}

// Places walks places; see [catalog.Catalog].
func (c *Catalog) Places(ctx context.Context, name trove.CollectionName, items []catalog.ItemID, fn func(*catalog.Place) error) error {
	return c.view(ctx, "list places", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		where, args := oneOf(` WHERE i.collection = ? AND i.kind <> 'mail'`, []any{coll}, `i.id`, items)
		var p catalog.Place
		return t.each(func(r *sql.Rows) error {
			if err := r.Scan(&p.Item, &p.Trove, &p.Path, &p.Size, &p.Hidden, &p.Redacted); err != nil {
				return err
			}
			p.Redacted = p.Redacted && !p.Hidden
			p.Hidden = p.Hidden || p.Redacted
			return ownError(fn(&p))
		}, `SELECT i.id, f.trove, o.path, i.size, t.excluded <> '' OR i.state IN ('excluded', 'withheld', 'tombstone'),
			EXISTS (SELECT 1 FROM redactions r WHERE r.item = i.id) FROM items i CROSS JOIN occurrences o ON o.item = i.id
			CROSS JOIN files f ON f.id = o.file CROSS JOIN troves t ON t.id = f.trove`+where+` ORDER BY i.id, o.file, o.path, o.start`, args...)
	})
}

// unreadConditions says q in SQL, over items i.
func unreadConditions(coll int64, q *catalog.UnreadQuery) (where string, args []any) {
	where = ` WHERE i.collection = ? AND (i.kind <> 'mail' OR i.files = 1) AND i.state NOT IN ('excluded', 'tombstone')
		AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.item = i.id AND o.stage = ? AND o.again = 0 AND o.state <> 'waiting')`
	args = []any{coll, q.Stage}
	if q.After != "" {
		where += ` AND EXISTS (SELECT 1 FROM outcomes o WHERE o.item = i.id AND o.stage = ? AND o.state IN ('done', 'partly'))`
		args = append(args, q.After)
	}
	where, args = oneOf(where, args, `i.kind`, q.Kinds)
	return oneOf(where, args, `i.id`, q.Items)
}

// CountUnread counts items that are to be read; see [catalog.Catalog].
func (c *Catalog) CountUnread(ctx context.Context, q catalog.UnreadQuery) (map[trove.Kind]int, error) {
	counts := map[trove.Kind]int{}
	err := c.view(ctx, "count what is not read", func(t *tx) error {
		coll, err := t.collection(q.Collection)
		if err != nil {
			return err
		}
		where, args := unreadConditions(coll, &q)
		return t.each(func(r *sql.Rows) error {
			var kind trove.Kind
			var n int
			err := r.Scan(&kind, &n)
			counts[kind] = n
			return err
		}, `SELECT i.kind, count(*) FROM items i`+where+` GROUP BY i.kind`, args...)
	})
	return counts, err
}

// Again marks outcomes to be done again; see [catalog.Catalog].
func (c *Catalog) Again(ctx context.Context, q catalog.OutcomeQuery, options map[string]string) (marked int, err error) {
	err = c.write(ctx, "mark to be read again", func(t *tx) error {
		coll, err := t.collection(q.Collection)
		if err != nil {
			return err
		}
		where, args := outcomeConditions(coll, &q)
		chosen := `SELECT o.rowid, o.item FROM outcomes o JOIN items i ON i.id = o.item` + where + ` AND i.state <> 'tombstone'`
		for _, name := range slices.Sorted(maps.Keys(options)) {
			_, err := t.exec(`INSERT INTO answers (item, name, value) SELECT DISTINCT item, ?, ? FROM (`+chosen+`) WHERE true
				ON CONFLICT DO UPDATE SET value = excluded.value`, append([]any{name, options[name]}, args...)...)
			if err != nil {
				return err
			}
		}
		marked, err = t.exec(`UPDATE outcomes SET again = 1 WHERE rowid IN (SELECT rowid FROM (`+chosen+`))`, args...)
		return err
	})
	return marked, err
}

// CountOutcomes counts outcomes; see [catalog.Catalog].
func (c *Catalog) CountOutcomes(ctx context.Context, name trove.CollectionName) (all []catalog.OutcomeCount, err error) {
	err = c.grouped(ctx, name, `SELECT o.stage, i.kind, o.state, count(*)`, ` AND (o.state <> 'done' OR o.sum <> x'') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, func(r *sql.Rows) error {
		var n catalog.OutcomeCount
		err := r.Scan(&n.Stage, &n.Kind, &n.State, &n.Items)
		all = append(all, n)
		return err
	})
	return all, err
}

// Causes groups outcomes by cause; see [catalog.Catalog].
func (c *Catalog) Causes(ctx context.Context, name trove.CollectionName, limit int) (all []catalog.Cause, err error) {
	rest := fmt.Sprintf(` AND o.state <> 'done' GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 1, 2, 3, 4 LIMIT %d`, limit)
	err = c.grouped(ctx, name, `SELECT o.stage, i.kind, o.state, o.cause, count(*), min(o.item)`, rest, func(r *sql.Rows) error {
		var n catalog.Cause
		err := r.Scan(&n.Stage, &n.Kind, &n.State, &n.Cause, &n.Items, &n.First)
		all = append(all, n)
		return err
	})
	return all, err
}

// CountFindings counts findings; see [catalog.Catalog].
func (c *Catalog) CountFindings(ctx context.Context, name trove.CollectionName) (all []catalog.FindingCount, err error) {
	err = c.grouped(ctx, name, `SELECT f.key, count(DISTINCT o.item), sum(f.value)`, ` GROUP BY 1 ORDER BY 1`, func(r *sql.Rows) error {
		var n catalog.FindingCount
		err := r.Scan(&n.Code, &n.Items, &n.Findings)
		all = append(all, n)
		return err
	})
	return all, err
}

// grouped runs a query over the outcomes o of a collection's items i, those of
// excluded items left out; f are the findings, where columns name them.
func (c *Catalog) grouped(ctx context.Context, name trove.CollectionName, columns, rest string, fn func(*sql.Rows) error) error {
	return c.view(ctx, "count outcomes", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		from := ` FROM outcomes o JOIN items i ON i.id = o.item`
		if strings.Contains(columns, "f.key") {
			from += ` JOIN json_each(CASE o.findings WHEN '' THEN '{}' ELSE o.findings END) f`
		}
		return t.each(fn, columns+from+` WHERE i.collection = ? AND i.state <> 'excluded'`+rest, coll)
	})
}
