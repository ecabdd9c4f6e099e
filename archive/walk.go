package archive

import (
	"bytes"
	"context"
	"path"

	"unseal/trove"
)

// Walk calls fn for every published number in its newest edition, by batch and
// number, as [Collection.Item] would give it, but unpacks each group of records
// once only. It ends with the first error, of fn too.
func (c *Collection) Walk(ctx context.Context, fn func(*Item) error) error {
	for _, b := range c.log.Batches {
		if superseded(c.log, b) {
			continue // its folder is gone
		}
		if err := c.WalkBatch(ctx, b.Batch.Batch, b.Edition, fn); err != nil {
			return err
		}
	}
	return nil
}

// WalkBatch is Walk over one edition of one batch, which must be the newest.
func (c *Collection) WalkBatch(ctx context.Context, batch, ed int, fn func(*Item) error) error {
	m, err := c.Manifest(batch, ed)
	if err != nil {
		return err
	}
	zip := path.Join(BatchDir(c.Name, batch, ed), ItemsName)
	for g := range m.Records {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.walkGroup(m, zip, g, fn); err != nil {
			return err
		}
	}
	return nil
}

// walkGroup calls fn for those numbers of a group whose newest edition it has.
func (c *Collection) walkGroup(m *Manifest, zip string, g int, fn func(*Item) error) error {
	rows := m.Items[g*groupSize : min((g+1)*groupSize, len(m.Items))]
	var lines [][]byte
	for i := range rows {
		st, _ := c.Status(rows[i].Number)
		if st.State != trove.Published || st.Batch != m.Batch || st.BatchEdition != m.Edition {
			continue
		}
		p, err := c.find(rows[i].Number) // compares the row with the log
		if err != nil {
			return err
		}
		if lines == nil {
			r := m.Records[g]
			b, err := c.a.member(zip, recordsName(r.First), r.At, r.Size, r.SHA256)
			if err != nil {
				return err
			}
			lines = append(bytes.SplitAfter(b, []byte{'\n'}), make([][]byte, groupSize)...) // a group with too few lines has empty ones
		}
		item, err := c.item(p, lines[i])
		if err != nil {
			return err
		}
		if err := fn(item); err != nil {
			return err
		}
	}
	return nil
}
