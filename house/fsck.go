package house

import (
	"context"
	"fmt"

	"unseal/blob"
	"unseal/catalog"
	"unseal/trove"
)

// FsckReport says what a check of the desk looked at and found.
type FsckReport struct {
	Blobs   int      `json:"blobs"`
	Bytes   int64    `json:"bytes"`
	Items   int      `json:"items"`
	LogSize int64    `json:"log_size"`
	Faults  []string `json:"faults"`
}

// Fsck checks the desk's own state: that every blob has its digest, that the
// catalog is sound, that every item's bytes and text lie in a blob that is
// there and are those taken in, and that the log and the stored commitments
// follow from the catalog. It changes nothing. progress is told blobs done and
// in all.
func (d *Desk) Fsck(ctx context.Context, progress func(done, total int64)) (FsckReport, error) {
	rep := FsckReport{Faults: []string{}}
	sizes, err := d.checkBlobs(ctx, &rep, progress)
	if err != nil {
		return rep, err
	}
	faults, err := d.Catalog.Check(ctx)
	if err != nil {
		return rep, fmt.Errorf("check the catalog: %w", err)
	}
	for _, f := range faults {
		rep.fault("catalog: %s", f)
	}
	if err := d.checkItems(ctx, &rep, sizes); err != nil {
		return rep, err
	}
	size, faults, err := d.Release().Check(ctx)
	if err != nil {
		return rep, fmt.Errorf("check the log: %w", err)
	}
	rep.LogSize = size
	for _, f := range faults {
		rep.fault("%s", f)
	}
	return rep, nil
}

func (r *FsckReport) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// checkBlobs hashes every blob and returns their sizes.
func (d *Desk) checkBlobs(ctx context.Context, rep *FsckReport, progress func(done, total int64)) (map[trove.Digest]int64, error) {
	sizes := map[trove.Digest]int64{}
	for sum, err := range d.Blobs.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list the blobs: %w", err)
		}
		sizes[sum] = 0
	}
	for sum := range sizes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := blob.Check(ctx, d.Blobs, sum); err != nil {
			rep.fault("%v", err)
		}
		b, err := d.Blobs.Open(ctx, sum)
		if err != nil {
			return nil, err
		}
		sizes[sum] = b.Size()
		b.Close()
		rep.Blobs++
		rep.Bytes += sizes[sum]
		progress(int64(rep.Blobs), int64(len(sizes)))
	}
	return sizes, nil
}

// checkItems looks whether what the catalog points at is there.
func (d *Desk) checkItems(ctx context.Context, rep *FsckReport, sizes map[trove.Digest]int64) error {
	all, err := d.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		err := d.Catalog.Items(ctx, catalog.Query{Collection: all[i].Name, NoRecord: true}, func(it *catalog.Item) error {
			rep.Items++
			d.checkItem(ctx, rep, sizes, it)
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) checkItem(ctx context.Context, rep *FsckReport, sizes map[trove.Digest]int64, it *catalog.Item) {
	b, err := blob.Read(ctx, d.Blobs, blob.Span(it.Span), 4<<30)
	switch {
	case err != nil:
		rep.fault("item %s of %s: %v", it.SHA256, it.Collection, err)
	case trove.Sum(b) != it.SHA256:
		rep.fault("item %s of %s: its bytes in blob %s at %d are others", it.SHA256, it.Collection, it.Span.Blob, it.Span.Offset)
	}
	size, there := sizes[it.Text.Blob]
	if it.Text.Length > 0 && (!there || it.Text.Offset+it.Text.Length > size) {
		rep.fault("item %s of %s: its text in blob %s is missing", it.SHA256, it.Collection, it.Text.Blob)
	}
}
