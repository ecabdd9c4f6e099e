package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/catalog"
	"unseal/catalog/catalogtest"
	"unseal/durable"
	"unseal/trove"
)

var update = flag.Bool("update", false, "write schema.sql anew")

func TestConformance(t *testing.T) {
	catalogtest.Run(t, func(t testing.TB) catalogtest.Opener {
		path := filepath.Join(t.TempDir(), "catalog ?#%.db") // a path that a URL would misread
		create(t, path).Close()
		return func(now func() time.Time) (catalog.Catalog, error) {
			return Open(context.Background(), path, Options{Wait: 50 * time.Millisecond, Now: now})
		}
	})
}

func create(t testing.TB, path string) *Catalog {
	t.Helper()
	c, err := Create(context.Background(), path, Options{Wait: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSchemaFileIsWhatMigrationsMake(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	var got strings.Builder
	got.WriteString("-- DO NOT EDIT. The whole schema as the migrations make it: go test ./catalog/sqlite -update\n")
	err := c.view(t.Context(), "dump", func(tx *tx) error {
		return tx.each(func(r *sql.Rows) error {
			var s string
			err := r.Scan(&s)
			fmt.Fprintf(&got, "\n%s;\n", s)
			return err
		}, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, rowid`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.sql", []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("schema.sql is not what the migrations make; run with -update. Got:\n%s", got.String())
	}
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	open := func(name string) error {
		c, err := Open(t.Context(), filepath.Join(dir, name), Options{})
		if err == nil {
			c.Close()
		}
		return err
	}
	change := func(name, query string) {
		c := create(t, filepath.Join(dir, name))
		if _, err := c.write1.Exec(query); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if err := open("missing"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("no file: %v, want ErrNotFound", err)
	}
	change("newer", `PRAGMA user_version = 1000`)
	if err := open("newer"); !errors.Is(err, catalog.ErrNewer) {
		t.Errorf("a newer schema: %v, want ErrNewer", err)
	}
	change("other", `PRAGMA application_id = 1`)
	if err := open("other"); err == nil {
		t.Error("another program's database was opened")
	}
	if err := os.WriteFile(filepath.Join(dir, "junk"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open("junk"); err == nil {
		t.Error("a file that is no database was opened")
	}
	if _, err := Create(t.Context(), filepath.Join(dir, "newer"), Options{}); err == nil {
		t.Error("Create took an existing file")
	}
}

// TestQueriesUseTheirIndexes: on a big collection any of these would take
// seconds with a sort or a scan of all items.
func TestQueriesUseTheirIndexes(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	for _, test := range []struct {
		q    catalog.Query
		rest string
		want string
	}{
		{catalog.Query{SHA256: trove.Sum(nil)}, ` AND i.number > 0 ORDER BY i.number`, "INDEX items_sha256 (collection=? AND sha256=?)"},
		{catalog.Query{ID: 1}, ` AND i.number = 0 ORDER BY i.id`, "INTEGER PRIMARY KEY"},
		{catalog.Query{Batch: 1}, ` ORDER BY i.number`, "INDEX items_batch (collection=? AND batch=?)"},
		{catalog.Query{From: 1, To: 9}, ` AND i.number > 0 ORDER BY i.number`, "INDEX items_number (collection=? AND number>? AND number<?)"},
		{catalog.Query{States: []trove.State{trove.In}}, ` AND i.number > 0 ORDER BY i.number`, "INDEX items_number (collection=? AND number>?)"},
		{catalog.Query{}, ` AND i.number = 0 ORDER BY i.id`, "INDEX items_waiting (collection=?)"},
	} {
		where, args := conditions(1, test.q)
		var plan []string
		err := c.view(t.Context(), "explain", func(tx *tx) error {
			return tx.each(func(r *sql.Rows) error {
				var id, parent, none int
				var s string
				err := r.Scan(&id, &parent, &none, &s)
				plan = append(plan, s)
				return err
			}, `EXPLAIN QUERY PLAN SELECT `+itemColumns+`, r.record FROM items i JOIN records r ON r.item = i.id`+where+test.rest, args...)
		})
		sorted := strings.Contains(strings.Join(plan, "; "), "TEMP B-TREE") && test.q.SHA256.IsZero() // one row needs no order
		if err != nil || len(plan) == 0 || !strings.Contains(plan[0], test.want) || sorted {
			t.Errorf("%+v%s: plan %q, want %q (%v)", test.q, test.rest, plan, test.want, err)
		}
	}
}

// TestEmptyFileIsACatalogAfterCrash: Create may be stopped right after it made
// the file; the next Open finishes its work.
func TestEmptyFileIsACatalogAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.PutCollection(t.Context(), catalog.Collection{Name: "mail"}); err != nil {
		t.Error(err)
	}
}

func TestCatalogIsWrittenDurably(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := c.write1.QueryRow(`PRAGMA ` + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("pragma %s is %q, want %q (%v)", pragma, got, want, err)
		}
	}
}

func TestSecondWriterIsToldThatItIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	first := create(t, path)
	second, err := Open(t.Context(), path, Options{Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	err = first.write(t.Context(), "hold", func(*tx) error {
		return second.PutCollection(t.Context(), catalog.Collection{Name: "mail"})
	})
	if !errors.Is(err, catalog.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if err := second.PutCollection(t.Context(), catalog.Collection{Name: "mail"}); err != nil {
		t.Errorf("after the other has ended: %v", err)
	}
}

// TestNothingIsWrittenAfterFailedSync: see durable.ErrSync.
func TestNothingIsWrittenAfterFailedSync(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	err := c.write(t.Context(), "test", func(*tx) error { return fmt.Errorf("%w: injected", durable.ErrSync) })
	if !errors.Is(err, durable.ErrSync) {
		t.Fatalf("got %v, want ErrSync", err)
	}
	if err := c.PutCollection(t.Context(), catalog.Collection{Name: "mail"}); !errors.Is(err, durable.ErrSync) {
		t.Errorf("the next change: %v, want ErrSync", err)
	}
	if all, err := c.Collections(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("reading on: %v, %v", all, err)
	}
}

// TestCommitsAreSteps: each transaction has a step before and after it.
func TestCommitsAreSteps(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	var steps []string
	durable.Step = func(what string) { steps = append(steps, what) }
	defer func() { durable.Step = nil }()
	if err := c.PutCollection(t.Context(), catalog.Collection{Name: "mail"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"commit put collection", "committed put collection"}; !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
}

func TestDecisionsAreOnlyAdded(t *testing.T) {
	c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
	if _, err := c.write1.Exec(`INSERT INTO collections VALUES (1, 'mail', '', '', '', 0, '', '', zeroblob(32), 0);
		INSERT INTO decisions VALUES (1, 0, 1, 'withheld', '1-2', 'ed', 'why')`); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`DELETE FROM decisions`, `UPDATE decisions SET why = ''`} {
		if _, err := c.write1.Exec(query); err == nil {
			t.Errorf("%s was allowed", query)
		}
	}
}

// TestCheckFindsBrokenInvariants is the control of Check: every one of its
// queries finds what it is for.
func TestCheckFindsBrokenInvariants(t *testing.T) {
	for _, test := range []struct{ query, wrong string }{
		{`DELETE FROM records WHERE item = 1`, "item without a record"},
		{`DELETE FROM occurrences WHERE item = 1`, "item that occurs nowhere"},
		{`UPDATE items SET state = 'in' WHERE id = 1`, "item in an impossible state"},
		{`UPDATE items SET batch = 9 WHERE id = 1`, "item in a batch that is not there"},
		{`UPDATE items SET edition = 1 WHERE id = 1`, "item that is not as published as its batch"},
		{`UPDATE items SET number = 99 WHERE id = 1`, "number of no commitment"},
		{`UPDATE items SET number = 99 WHERE id = 1`, "commitment without all of its numbers"},
		{`UPDATE commitments SET first = 2`, "commitment that does not follow the one before"},
		{`INSERT INTO collections VALUES (2, 'other', '', '', '', 0, '', '', zeroblob(32), 0); UPDATE troves SET collection = 2`, "item of another collection than its trove"},
		{`UPDATE troves SET excluded = 'why'`, "item that is in, though every trove with it is excluded"},
		{`PRAGMA foreign_keys = 0; UPDATE files SET trove = 9`, "row that refers to nothing, in table"},
	} {
		t.Run(test.wrong, func(t *testing.T) {
			c := create(t, filepath.Join(t.TempDir(), "catalog.db"))
			small(t, c)
			if found, err := c.Check(t.Context()); err != nil || len(found) > 0 {
				t.Fatalf("before: %q, %v", found, err)
			}
			if _, err := c.write1.Exec(test.query); err != nil {
				t.Fatal(err)
			}
			found, err := c.Check(t.Context())
			if err != nil || !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, test.wrong+": ") }) {
				t.Errorf("found %q, %v", found, err)
			}
		})
	}
}

// small fills a catalog with one committed item in a planned batch.
func small(t *testing.T, c *Catalog) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.PutCollection(ctx, catalog.Collection{Name: "mail"}))
	tr, err := c.BeginTrove(ctx, catalog.Trove{Collection: "mail", Path: "t"}, catalog.Author{})
	must(err)
	files, err := c.BeginFiles(ctx, tr.ID, []catalog.File{{Path: "f", SHA256: trove.Sum(nil)}})
	must(err)
	_, err = c.AddChunks(ctx, []catalog.Chunk{{File: files[0], Items: []catalog.NewItem{benchItem(1, files[0].SHA256)}}})
	must(err)
	must(c.Commit(ctx, catalog.Commitment{Collection: "mail", K: 1, First: 1, Count: 1, Root: trove.Sum(nil)}, []catalog.Numbered{{Item: 1}}))
	_, err = c.PlanBatches(ctx, "mail", 10)
	must(err)
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := create(t, path)
	small(t, c)
	c.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for page := 4096; page < len(b); page += 4096 {
		bad := slices.Clone(b)
		for i := range 64 { // the page's header and its list of cells
			bad[page+i] ^= 0x55
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Open(t.Context(), path, Options{})
		if err != nil {
			found++
			continue
		}
		if list, err := c.Check(t.Context()); err != nil || len(list) > 0 {
			found++
		}
		c.Close()
	}
	if pages := len(b)/4096 - 1; found != pages {
		t.Errorf("%d of %d spoilt pages were found", found, pages)
	}
}

func TestBackupIsTheWholeCatalog(t *testing.T) {
	dir := t.TempDir()
	c := create(t, filepath.Join(dir, "catalog.db"))
	small(t, c)
	copied := filepath.Join(dir, "copy.db")
	if err := c.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := c.Backup(t.Context(), copied); err == nil {
		t.Error("Backup wrote over a file")
	}
	d, err := Open(t.Context(), copied, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if found, err := d.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("check of the copy: %q, %v", found, err)
	}
	if n, err := d.Count(t.Context(), "mail"); err != nil || n[trove.Committed] != 1 {
		t.Errorf("count of the copy: %v, %v", n, err)
	}
}
