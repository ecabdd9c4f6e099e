package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"

	"unseal/catalog"
	"unseal/trove"
)

// SetThreads records threads and copies; see [catalog.Catalog].
func (c *Catalog) SetThreads(ctx context.Context, rows iter.Seq[catalog.ThreadRow]) error {
	return c.write(ctx, "set threads", func(t *tx) error {
		set, err := t.PrepareContext(t.inner, `UPDATE items SET thread = ?1, copy_of = ?2
			WHERE id = ?3 AND (thread <> ?1 OR copy_of <> ?2)`)
		if err != nil {
			return err
		}
		n := 0
		for r := range rows {
			if n++; n%askEvery == 0 && t.ctx.Err() != nil {
				return t.ctx.Err()
			}
			if _, err := set.ExecContext(t.inner, r.Thread, int64(r.CopyOf), int64(r.Item)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetPeople replaces the people; see [catalog.Catalog].
func (c *Catalog) SetPeople(ctx context.Context, name trove.CollectionName, people []catalog.Person) error {
	return c.write(ctx, "set people", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM people WHERE collection = ?`, coll); err != nil {
			return err
		}
		add, err := t.PrepareContext(t.inner, `INSERT INTO people (collection, address, names, sent, received) VALUES (?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		for _, p := range people {
			names, err := json.Marshal(p.Names)
			if err != nil {
				return err
			}
			if _, err := add.ExecContext(t.inner, coll, p.Address, string(names), p.Sent, p.Received); err != nil {
				return fmt.Errorf("person %q: %w", p.Address, err)
			}
		}
		return nil
	})
}

// People lists the people; see [catalog.Catalog].
func (c *Catalog) People(ctx context.Context, name trove.CollectionName) (all []catalog.Person, err error) {
	err = c.view(ctx, "list people", func(t *tx) error {
		coll, err := t.collection(name)
		if err != nil {
			return err
		}
		return t.each(func(r *sql.Rows) error {
			var p catalog.Person
			var names sql.RawBytes
			err := r.Scan(&p.Address, &names, &p.Sent, &p.Received)
			if err == nil {
				err = json.Unmarshal(names, &p.Names)
			}
			all = append(all, p)
			return err
		}, `SELECT address, names, sent, received FROM people WHERE collection = ? ORDER BY address`, coll)
	})
	return all, err
}
