package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"unseal/catalog"
)

// migrations are the steps from an empty file to today's schema, in order of
// their names. A step that has been in a release is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as ours ("Unsl"), see pragma application_id.
const applicationID = 0x556e736c

// migrate brings the schema up to date, each step in a transaction of its own.
func (c *Catalog) migrate(ctx context.Context) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := c.version(ctx)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: its schema is %d, this program knows %d", catalog.ErrNewer, version, len(steps))
	}
	for ; version < len(steps); version++ {
		if err := c.step(ctx, steps[version], version+1); err != nil {
			return err
		}
	}
	return nil
}

// version is how many steps the file has taken. A file that is not empty and
// not ours is refused.
func (c *Catalog) version(ctx context.Context) (version int, err error) {
	err = c.view(ctx, "read version", func(t *tx) error {
		id, err := t.number(`PRAGMA application_id`)
		if err != nil {
			return err
		}
		if version, err = t.number(`PRAGMA user_version`); err != nil {
			return err
		}
		tables, err := t.number(`SELECT count(*) FROM sqlite_schema`)
		if err == nil && id != applicationID && tables > 0 {
			err = fmt.Errorf("the file holds another program's data")
		}
		return err
	})
	return version, err
}

func (c *Catalog) step(ctx context.Context, name string, version int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return c.write(ctx, "migrate "+name, func(t *tx) error {
		if _, err := t.exec(string(text)); err != nil {
			return err
		}
		_, err := t.exec(fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, version))
		return err
	})
}
