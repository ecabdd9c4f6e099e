package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"unseal/catalog"
	"unseal/trove"
)

const itemColumns = `i.id, i.sha256, i.size, i.span_blob, i.span_offset, i.span_length, i.span_rule,
	i.text_blob, i.text_offset, i.text_length, i.kind, i.sort_date, i.message_id, i.content,
	i.state, i.reason, i.number, i.batch, i.edition, i.thread, i.copy_of, i.tree_root, i.segments, i.amended, i.files`

// Items walks items; see [catalog.Catalog].
func (c *Catalog) Items(ctx context.Context, q catalog.Query, fn func(*catalog.Item) error) error {
	return c.view(ctx, "list items", func(t *tx) error {
		coll, err := t.collection(q.Collection)
		if err != nil {
			return err
		}
		w := walk{tx: t, fn: fn, record: !q.NoRecord}
		w.item.Collection = q.Collection
		where, args := conditions(coll, q)
		if q.Batch > 0 { // all of it has numbers; without saying so, items_batch is used
			return w.run(where+` ORDER BY i.number`, args)
		}
		if err := w.run(where+` AND i.number > 0 ORDER BY i.number`, args); err != nil {
			return err
		}
		if q.From > 0 || q.To > 0 {
			return nil
		}
		return w.run(where+` AND i.number = 0 ORDER BY i.id`, args)
	})
}

// conditions says q in SQL.
func conditions(coll int64, q catalog.Query) (where string, args []any) {
	where, args = ` WHERE i.collection = ?`, []any{coll}
	add := func(text string, v ...any) {
		where += " AND " + text
		args = append(args, v...)
	}
	if q.ID != 0 {
		add(`i.id = ?`, int64(q.ID))
	}
	if !q.SHA256.IsZero() {
		add(`i.sha256 = ?`, q.SHA256[:])
	}
	if q.From > 0 {
		add(`i.number >= ?`, q.From)
	}
	if q.To > 0 {
		add(`i.number <= ?`, q.To)
	}
	if q.Batch > 0 {
		add(`i.batch = ? AND i.batch > 0`, q.Batch)
	}
	if len(q.States) > 0 {
		var states []any
		for _, s := range q.States {
			states = append(states, string(s))
		}
		add(`i.state IN (?`+strings.Repeat(`, ?`, len(states)-1)+`)`, states...)
	}
	return where, args
}

// walk hands rows to a caller's function, all in the same Item.
type walk struct {
	*tx
	fn     func(*catalog.Item) error
	record bool
	first  *sql.RawBytes // where the record as it was before any stage goes; nil if it is not wanted
	item   catalog.Item

	blob, text, content, sum, root, json sql.RawBytes
	rule, kind, state                    sql.RawBytes
	date                                 int64
}

func (w *walk) run(rest string, args []any) error {
	columns, join, dest := itemColumns, ` FROM items i`, w.dest()
	if w.record {
		columns, join = columns+`, r.record`, join+` JOIN records r ON r.item = i.id`
		dest = append(dest, &w.json)
	}
	if w.first != nil {
		columns, dest = columns+`, r.first`, append(dest, w.first)
	}
	return w.each(func(r *sql.Rows) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		if err := w.fill(); err != nil {
			return err
		}
		return ownError(w.fn(&w.item))
	}, `SELECT `+columns+join+rest, args...)
}

// dest are the targets of itemColumns.
func (w *walk) dest() []any {
	it := &w.item
	return []any{&it.ID, &w.sum, &it.Size, &w.blob, &it.Span.Offset, &it.Span.Length, &w.rule,
		&w.text, &it.Text.Offset, &it.Text.Length, &w.kind, &w.date, &it.MessageID, &w.content,
		&w.state, &it.Reason, &it.Number, &it.Batch, &it.Edition, &it.Thread, &it.CopyOf, &w.root, &it.Opening.Segments, &it.Amended, &it.Files}
}

// fill turns what was scanned raw into the item's fields.
func (w *walk) fill() error {
	it := &w.item
	it.SortDate = fromMicros(w.date)
	it.Record = w.json
	it.Span.Rule = trove.Rule(intern(w.rule))
	it.Kind = trove.Kind(intern(w.kind))
	it.State = trove.State(intern(w.state))
	for _, d := range []struct {
		to   *trove.Digest
		from []byte
	}{{&it.SHA256, w.sum}, {&it.Span.Blob, w.blob}, {&it.Text.Blob, w.text}, {&it.Content, w.content}, {&it.Opening.Root, w.root}} {
		if err := toDigest(d.to, d.from); err != nil {
			return err
		}
	}
	return nil
}

// words are the values that nearly every row repeats.
var words = func() map[string]string {
	m := map[string]string{}
	for _, s := range []string{
		string(trove.Verbatim), string(trove.MboxRD),
		string(trove.Mail), string(trove.Voice), string(trove.Chain), string(trove.Doc), string(trove.Image), string(trove.Table), string(trove.File),
		string(trove.In), string(trove.Unreadable), string(trove.Excluded), string(trove.Committed), string(trove.Published), string(trove.Withheld), string(trove.Tombstone),
	} {
		m[s] = s
	}
	return m
}()

// intern returns b as a string, without a copy if it is one of the words.
func intern(b []byte) string {
	if s, ok := words[string(b)]; ok {
		return s
	}
	return string(b)
}

// Occurrences walks occurrences; see [catalog.Catalog].
func (c *Catalog) Occurrences(ctx context.Context, name trove.CollectionName, id catalog.ItemID, fn func(catalog.ItemID, *trove.Occurrence) error) error {
	return c.view(ctx, "list occurrences", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		where, args := `i.collection = ?`, []any{coll}
		if id != 0 {
			where, args = where+` AND o.item = ?`, append(args, int64(id))
		}
		var item catalog.ItemID
		var o trove.Occurrence
		var sum, rule sql.RawBytes
		return t.each(func(r *sql.Rows) error {
			if err := r.Scan(&item, &o.Owner, &o.Path, &sum, &o.Offset, &o.Length, &rule); err != nil {
				return err
			}
			o.Rule = trove.Rule(intern(rule))
			if err := toDigest(&o.FileSHA256, sum); err != nil {
				return err
			}
			return ownError(fn(item, &o))
		}, `SELECT o.item, o.owner, o.path, f.sha256, o.start, o.length, o.rule
			FROM occurrences o CROSS JOIN items i ON i.id = o.item
			CROSS JOIN files f ON f.id = o.file CROSS JOIN troves t ON t.id = f.trove
			WHERE `+where+` AND (t.excluded = '' OR i.state = 'excluded')
			ORDER BY o.item, o.file, o.path, o.start`, args...)
	})
}

// Count counts items by state; see [catalog.Catalog].
func (c *Catalog) Count(ctx context.Context, name trove.CollectionName) (map[trove.State]int, error) {
	counts := map[trove.State]int{}
	err := c.view(ctx, "count items", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			var state string
			var n int
			err := r.Scan(&state, &n)
			counts[trove.State(state)] = n
			return err
		}, `SELECT state, count(*) FROM items WHERE collection = ? GROUP BY state`, coll)
	})
	return counts, err
}
