package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"unseal/durable"
)

// invariants are queries that find what must not be. Each names what is wrong;
// its first column says where.
var invariants = []struct{ wrong, query string }{
	{"item without a record", `SELECT id FROM items WHERE id NOT IN (SELECT item FROM records)`},
	{"item that occurs nowhere", `SELECT id FROM items WHERE id NOT IN (SELECT item FROM occurrences)`},
	{"item in an impossible state", `SELECT id FROM items WHERE NOT CASE state
		WHEN 'in' THEN number = 0 AND unreadable = 0
		WHEN 'unreadable' THEN unreadable = 1 AND batch = 0
		WHEN 'excluded' THEN number = 0 AND reason <> ''
		WHEN 'committed' THEN number > 0 AND unreadable = 0
		WHEN 'withheld' THEN number > 0 AND batch = 0 AND reason <> ''
		WHEN 'published' THEN number > 0 AND batch > 0 AND edition > 0
		WHEN 'tombstone' THEN number > 0 AND edition > 0
		ELSE 0 END`},
	{"item in a batch that is not there", `SELECT i.id FROM items i WHERE i.batch > 0 AND NOT EXISTS
		(SELECT 1 FROM batches b WHERE b.collection = i.collection AND b.number = i.batch)`},
	{"item that is not as published as its batch", `SELECT i.id FROM items i JOIN batches b ON b.collection = i.collection AND b.number = i.batch
		WHERE i.batch > 0 AND (i.edition > 0) <> (b.state = 'published')`},
	{"item that is amended and not out", `SELECT id FROM items WHERE amended = 1 AND state NOT IN ('published', 'tombstone')`},
	{"redaction of an item without a number", `SELECT r.item FROM redactions r JOIN items i ON i.id = r.item WHERE i.number = 0`},
	{"outcome in no state", `SELECT item FROM outcomes WHERE state NOT IN ('done', 'partly', 'failed', 'waiting')`},
	{"file made by no outcome", `SELECT m.item FROM made m WHERE NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.item = m.item AND o.stage = m.stage)`},
	{"number of no commitment", `SELECT i.number FROM items i WHERE i.number > 0 AND NOT EXISTS
		(SELECT 1 FROM commitments c WHERE c.collection = i.collection AND i.number >= c.first AND i.number < c.first + c.count)`},
	{"commitment without all of its numbers", `SELECT c.k FROM commitments c WHERE c.count <>
		(SELECT count(*) FROM items i WHERE i.collection = c.collection AND i.number >= c.first AND i.number < c.first + c.count AND i.number > 0)`},
	{"commitment that does not follow the one before", `SELECT c.k FROM commitments c WHERE c.first <>
		(SELECT coalesce(sum(p.count), 0) + 1 FROM commitments p WHERE p.collection = c.collection AND p.k < c.k)`},
	{"item of another collection than its trove", `SELECT i.id FROM occurrences o JOIN items i ON i.id = o.item
		JOIN files f ON f.id = o.file JOIN troves t ON t.id = f.trove WHERE t.collection <> i.collection`},
	{"item that is in, though every trove with it is excluded", `SELECT i.id FROM items i WHERE i.state <> 'excluded' AND NOT EXISTS
		(SELECT 1 FROM occurrences o JOIN files f ON f.id = o.file JOIN troves t ON t.id = f.trove WHERE o.item = i.id AND t.excluded = '')`},
	{"row that refers to nothing, in table", `SELECT DISTINCT "table" FROM pragma_foreign_key_check`},
}

// maxFindings is how many places of one kind Check names.
const maxFindings = 10

// Check looks for damage; see [catalog.Catalog].
func (c *Catalog) Check(ctx context.Context) (found []string, err error) {
	err = c.view(ctx, "check catalog", func(t *tx) error {
		err := t.each(func(r *sql.Rows) error {
			var s string
			err := r.Scan(&s)
			if s != "ok" {
				found = append(found, "damaged: "+s)
			}
			return err
		}, `PRAGMA integrity_check(10)`)
		for _, inv := range invariants {
			if err != nil {
				break
			}
			err = t.each(func(r *sql.Rows) error {
				var where string
				err := r.Scan(&where)
				found = append(found, inv.wrong+": "+where)
				return err
			}, fmt.Sprintf(`%s LIMIT %d`, inv.query, maxFindings))
		}
		return err
	})
	return found, err
}

// Backup copies the catalog; see [catalog.Catalog].
func (c *Catalog) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("back up catalog: %w", err)
	}
	defer f.Close()
	// VACUUM INTO takes an empty file for its target and leaves the syncing to us.
	if _, err := c.write1.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return errors.Join(fmt.Errorf("back up catalog: %w", failure(err)), os.Remove(path))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("back up catalog: %w (%v)", durable.ErrSync, err)
	}
	dir, err := durable.Dir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.SyncDir(".")
}
