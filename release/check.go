package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/translog"
	"unseal/translog/tiles"
)

// Check compares the log, the stored commitments and what is kept of each
// published batch with the catalog. What a stopped commit or publish leaves,
// and the next one settles, is no fault. It returns the number of entries and
// what is wrong; the error is about looking. It changes nothing.
func (r *Desk) Check(ctx context.Context) (int64, []string, error) {
	c := checker{desk: r}
	if _, err := fs.Stat(r.LogFiles, archive.LogDir+"/"+translog.CheckpointPath); err != nil {
		err := c.collections(ctx, new(translog.State))
		return 0, c.faults, err
	}
	v, err := tiles.Load(r.readLog, archive.LogDir)
	if err != nil {
		c.fault("the desk's log: %v", err)
		return 0, c.faults, nil
	}
	if !v.State.Leads(r.LogKey) {
		c.fault("the desk's key %s is none of its log", r.LogKey)
	}
	for _, n := range v.State.Notices {
		if _, err := r.readNotice(n.Notice); err != nil {
			c.fault("%v", err)
		}
	}
	if err := c.told(v.State.Size); err != nil {
		return 0, nil, err
	}
	if err := c.collections(ctx, &v.State); err != nil {
		return 0, nil, err
	}
	return v.State.Size, c.faults, nil
}

// checker gathers what a Check finds.
type checker struct {
	desk   *Desk
	faults []string
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// told looks whether what was told at each checkpoint is there.
func (c *checker) told(size int64) error {
	at := int64(0)
	return c.desk.entries(size, 0, func(line []byte) error {
		e, err := translog.Parse(line)
		if err != nil {
			return err
		}
		if _, index := e.(translog.Index); index {
			if _, err := c.desk.readTold(at); err != nil {
				c.fault("%v", err)
			}
		}
		at++
		return nil
	})
}

func (c *checker) collections(ctx context.Context, log *translog.State) error {
	all, err := c.desk.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for i := range all {
		name := all[i].Name
		known[string(name)] = true
		logged := log.Collection(name)
		if logged == nil {
			logged = &translog.Collection{Name: name}
		}
		if err := c.commitments(ctx, logged); err != nil {
			return err
		}
		if err := c.batches(ctx, logged); err != nil {
			return err
		}
	}
	for _, l := range log.Collections() {
		if !known[string(l.Name)] {
			c.fault("the log has the collection %s, the catalog has not", l.Name)
		}
	}
	return nil
}

// commitments may be one more in the catalog than in the log.
func (c *checker) commitments(ctx context.Context, log *translog.Collection) error {
	list, err := c.desk.Catalog.Commitments(ctx, log.Name)
	if err != nil {
		return err
	}
	if n := len(log.Commitments); n > len(list) || n < len(list)-1 {
		c.fault("the log has %d commitments to %s, the catalog %d", n, log.Name, len(list))
	}
	for i, k := range log.Commitments {
		if i < len(list) && (list[i].Root != k.Root || list[i].First != k.First || list[i].Count != k.Count) {
			c.fault("commitment %d to %s is another in the catalog than in the log", k.K, log.Name)
		}
		if _, err := c.desk.leaves(log.Name, k.Commitment); err != nil {
			c.fault("%v", err)
		}
	}
	return nil
}

// batches may be published in the log and still be planned in the catalog, or
// be there in the edition before.
func (c *checker) batches(ctx context.Context, log *translog.Collection) error {
	list, err := c.desk.Catalog.Batches(ctx, log.Name)
	if err != nil {
		return err
	}
	rows := map[int]catalog.Batch{}
	for _, b := range list {
		rows[b.Number] = b
	}
	newest := map[int]int{}
	for _, l := range log.Batches {
		newest[l.Batch.Batch] = l.Edition
	}
	for _, l := range log.Batches {
		n := l.Batch.Batch
		row, ok := rows[n]
		if l.Edition == newest[n] {
			delete(rows, n)
		}
		switch {
		case !ok:
			c.fault("batch %d of %s is in the log and not in the catalog", n, log.Name)
		case l.Edition < newest[n]: // superseded
		case row.Edition == l.Edition && row.Manifest != l.Manifest, row.Amended == 0 && row.Items != l.Items:
			c.fault("batch %d of %s is another in the catalog than in the log", n, log.Name)
		}
		c.batchFiles(ctx, l)
	}
	for n, row := range rows {
		if row.State == catalog.BatchIsOut {
			c.fault("batch %d of %s is published in the catalog and not in the log", n, log.Name)
		}
	}
	return nil
}

// batchFiles looks whether a published batch could be made again.
func (c *checker) batchFiles(ctx context.Context, l translog.LoggedBatch) {
	name, n := l.Batch.Collection, l.Batch.Batch
	info, err := c.desk.readBatchInfo(name, n, l.Edition)
	if err != nil {
		c.fault("%v", err)
	} else if info.Manifest != l.Manifest {
		c.fault("what is known of batch %d of %s is not of the logged one", n, name)
	}
	items := 0
	err = c.desk.readBatch(name, n, l.Edition, func(batchHead) error { return nil }, func(line *batchLine) error {
		items++
		c.madeFiles(ctx, line)
		return ctx.Err()
	})
	if err != nil {
		c.fault("%v", err)
	} else if items != l.Items {
		c.fault("what is kept of batch %d of %s has %d items, the log %d", n, name, items, l.Items)
	}
}

// madeFiles looks whether the files made of an item are there. That blobs are
// what they should be is for whoever checks blobs.
func (c *checker) madeFiles(ctx context.Context, l *batchLine) {
	for _, f := range l.Made {
		b, err := c.desk.Blobs.Open(ctx, f.SHA256)
		if err == nil {
			if b.Size() != f.Size {
				err = blob.ErrDamaged
			}
			err = errors.Join(err, b.Close())
		}
		if err != nil {
			c.fault("%s, made of item %d: %v", f.Name, l.Record.Number, err)
		}
	}
}
