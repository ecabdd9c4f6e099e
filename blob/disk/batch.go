package disk

import (
	"context"

	"unseal/blob"
	"unseal/durable"
	"unseal/trove"
)

// batchJobs is how many blobs of a batch are being synced at once. The work is
// waiting for the disk, so it does not follow the number of processors.
const batchJobs = 8

// batch is a [blob.Batch].
type batch struct {
	store *Store
	files *durable.Batch
}

// NewBatch starts putting many small blobs; see [blob.Store].
func (s *Store) NewBatch() blob.Batch {
	return &batch{store: s, files: durable.NewBatch(s.fsys, tmp, batchJobs)}
}

// Put hands over one blob; see [blob.Batch].
func (b *batch) Put(ctx context.Context, p []byte) (trove.Digest, error) {
	d := trove.Sum(p)
	if err := ctx.Err(); err != nil {
		return d, err
	}
	if err := b.store.fsys.MkdirAll(folder(d)); err != nil {
		return d, err
	}
	if b.store.has(d, int64(len(p))) {
		b.files.Touch(folder(d))
		return d, nil
	}
	return d, b.files.Write(name(d), p)
}

// Flush makes all of it durable; see [blob.Batch].
func (b *batch) Flush() error { return b.files.Commit() }
