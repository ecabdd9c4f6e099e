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

// AddChunks records what intake found; see [catalog.Catalog].
func (c *Catalog) AddChunks(ctx context.Context, chunks []catalog.Chunk) (added catalog.Added, err error) {
	err = c.write(ctx, "add items", func(t *tx) error {
		a := adder{tx: t}
		if err := a.prepare(); err != nil {
			return err
		}
		for i := range chunks {
			if err := t.ctx.Err(); err != nil {
				return err
			}
			if err := a.chunk(&chunks[i]); err != nil {
				return fmt.Errorf("file %s: %w", chunks[i].File.Path, err)
			}
		}
		added = a.added
		return nil
	})
	if err != nil {
		return catalog.Added{}, err
	}
	return added, nil
}

// adder adds chunks within one transaction.
type adder struct {
	*tx
	added              catalog.Added
	last               int64 // the highest id of an item so far
	coll               int64 // of the current file
	file               catalog.File
	item, record       *sql.Stmt
	occurrence, lookUp *sql.Stmt
	back               *sql.Stmt
}

func (a *adder) prepare() (err error) {
	for _, s := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&a.item, `INSERT INTO items (id, collection, sha256, size, span_blob, span_offset, span_length, span_rule,
			text_blob, text_offset, text_length, kind, sort_date, message_id, content, unreadable, state,
			files, reason, alone, number, batch, edition, thread, copy_of, tree_root, segments)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, 0, '', 0, x'', 0)
			ON CONFLICT (collection, sha256) DO NOTHING`},
		{&a.record, `INSERT INTO records (item, record) VALUES (?, ?)`},
		{&a.occurrence, `INSERT INTO occurrences (item, file, path, start, length, rule, owner)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&a.lookUp, `SELECT id FROM items WHERE collection = ? AND sha256 = ?`},
		{&a.back, `UPDATE items SET reason = '', state = ` + stateBefore + ` WHERE id = ? AND state = 'excluded' AND alone = 0`},
	} {
		if *s.stmt, err = a.PrepareContext(a.inner, s.query); err != nil {
			return err
		}
	}
	return a.one([]any{&a.last}, `SELECT coalesce(max(id), 0) FROM items`)
}

// stateBefore is an item's state as intake gave it.
const stateBefore = `CASE unreadable WHEN 1 THEN 'unreadable' ELSE 'in' END`

func (a *adder) chunk(c *catalog.Chunk) error {
	if err := a.begin(c.File.ID); err != nil {
		return err
	}
	for i := range c.Items {
		if err := a.add(&c.Items[i]); err != nil {
			return fmt.Errorf("item %s: %w", c.Items[i].SHA256.Short(), err)
		}
	}
	var warnings []byte
	if len(c.File.Warnings) > 0 {
		var err error
		if warnings, err = json.Marshal(c.File.Warnings); err != nil {
			return err
		}
	}
	_, err := a.exec(`UPDATE files SET type = ?, progress = max(progress, ?), done = max(done, ?), warnings = ? WHERE id = ?`,
		c.File.Type, c.File.Progress, c.File.Done, string(warnings), int64(c.File.ID))
	return err
}

// begin looks up the file that the next items come from.
func (a *adder) begin(id catalog.FileID) error {
	var sum []byte
	var excluded string
	err := a.one([]any{&sum, &a.coll, &excluded},
		`SELECT f.sha256, t.collection, t.excluded FROM files f JOIN troves t ON t.id = f.trove WHERE f.id = ?`, int64(id))
	if err == nil && excluded != "" {
		err = fmt.Errorf("%w: its trove is excluded", catalog.ErrConflict)
	}
	if err != nil {
		return err
	}
	a.file = catalog.File{ID: id}
	return toDigest(&a.file.SHA256, sum)
}

func (a *adder) add(n *catalog.NewItem) error {
	if err := a.check(n); err != nil {
		return err
	}
	id, err := a.addItem(n)
	if err != nil {
		return err
	}
	for i := range n.Occurrences {
		o := &n.Occurrences[i]
		r, err := a.occurrence.ExecContext(a.inner, id, int64(a.file.ID), o.Path, o.Offset, o.Length, string(o.Rule), o.Owner)
		if err != nil {
			return err
		}
		count, err := r.RowsAffected()
		if err != nil {
			return err
		}
		a.added.Occurrences += int(count)
	}
	return nil
}

// check refuses what would break an invariant.
func (a *adder) check(n *catalog.NewItem) error {
	switch {
	case n.SHA256.IsZero():
		return errors.New("it has no digest")
	case n.State != trove.In && n.State != trove.Unreadable:
		return fmt.Errorf("state %q is none that intake gives", n.State)
	case len(n.Occurrences) == 0:
		return errors.New("it occurs nowhere")
	}
	for _, o := range n.Occurrences {
		if o.FileSHA256 != a.file.SHA256 {
			return fmt.Errorf("it occurs in file %s, not in this one", o.FileSHA256.Short())
		}
	}
	return nil
}

// addItem adds the item, or finds the one of the same bytes; that one is back
// if it was only excluded with its trove.
func (a *adder) addItem(n *catalog.NewItem) (id int64, err error) {
	id = a.last + 1
	r, err := a.item.ExecContext(a.inner, id, a.coll, n.SHA256[:], n.Size,
		digest(n.Span.Blob), n.Span.Offset, n.Span.Length, string(n.Span.Rule),
		digest(n.Text.Blob), n.Text.Offset, n.Text.Length,
		string(n.Kind), micros(n.SortDate), n.MessageID, digest(n.Content), n.State == trove.Unreadable, string(n.State), n.Files)
	if err != nil {
		return 0, err
	}
	count, err := r.RowsAffected()
	if err != nil {
		return 0, err
	}
	if count == 1 {
		a.last = id
		a.added.Items++
		_, err = a.record.ExecContext(a.inner, id, string(n.Record))
		return id, err
	}
	if err = a.lookUp.QueryRowContext(a.inner, a.coll, n.SHA256[:]).Scan(&id); err != nil {
		return 0, err
	}
	_, err = a.back.ExecContext(a.inner, id)
	return id, err
}
