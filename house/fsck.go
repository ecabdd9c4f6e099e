package house

import (
	"context"
	"errors"
	"fmt"
	"io"

	"unseal/blob"
	"unseal/catalog"
	"unseal/release"
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
// follow from the catalog. It changes nothing, and may run while another process
// works on the desk. progress is told blobs done and in all.
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
		if err := blob.Check(ctx, d.Blobs, sum); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			rep.fault("%v", err)
		}
		sizes[sum], _ = d.blobSize(ctx, sum) // what cannot be opened was a fault already
		rep.Blobs++
		rep.Bytes += sizes[sum]
		progress(int64(rep.Blobs), int64(len(sizes)))
	}
	return sizes, nil
}

func (d *Desk) blobSize(ctx context.Context, sum trove.Digest) (int64, error) {
	b, err := d.Blobs.Open(ctx, sum)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	return b.Size(), nil
}

// checkItems looks whether what the catalog points at is there, and whether its
// records can be read.
func (d *Desk) checkItems(ctx context.Context, rep *FsckReport, sizes map[trove.Digest]int64) error {
	all, err := d.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		err := d.Catalog.Items(ctx, catalog.Query{Collection: all[i].Name}, func(it *catalog.Item) error {
			rep.Items++
			for _, err := range []error{d.checkBytes(ctx, sizes, it), d.checkText(ctx, sizes, it), checkRecord(it)} {
				if err != nil && ctx.Err() == nil {
					rep.fault("item %s of %s: %v", it.SHA256, it.Collection, err)
				}
			}
			return ctx.Err()
		})
		if err == nil {
			err = d.checkOutcomes(ctx, rep, sizes, all[i].Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkOutcomes looks whether what the stages of reading made is there.
func (d *Desk) checkOutcomes(ctx context.Context, rep *FsckReport, sizes map[trove.Digest]int64, name trove.CollectionName) error {
	return d.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: name}, func(o *catalog.Outcome) error {
		refs := []catalog.TextRef{o.Reading}
		for _, f := range o.Made {
			refs = append(refs, catalog.TextRef{Blob: f.SHA256, Length: f.Size})
		}
		for _, ref := range refs {
			if err := d.checkRef(ctx, sizes, ref); err != nil && ctx.Err() == nil {
				rep.fault("what the stage %s made of item %d of %s: %v", o.Stage, o.Item, name, err)
			}
		}
		return ctx.Err()
	})
}

// checkBytes hashes an item, unless it is a whole blob, whose digest was
// checked with it.
func (d *Desk) checkBytes(ctx context.Context, sizes map[trove.Digest]int64, it *catalog.Item) error {
	size, known := sizes[it.Span.Blob]
	if known && it.SHA256 == it.Span.Blob && it.Span.Rule == trove.Verbatim && it.Span.Offset == 0 && it.Span.Length == size {
		return nil
	}
	if it.Span.Rule == trove.Verbatim {
		return d.stream(ctx, it, io.Discard)
	}
	_, err := d.Bytes(ctx, it)
	return err
}

// checkText looks whether an item's text can lie where the catalog says.
func (d *Desk) checkText(ctx context.Context, sizes map[trove.Digest]int64, it *catalog.Item) error {
	if err := d.checkRef(ctx, sizes, it.Text); err != nil {
		return fmt.Errorf("its text: %w", err)
	}
	return nil
}

// checkRef looks whether a piece of a blob can be there. A blob that came after
// the list of blobs was made is asked for.
func (d *Desk) checkRef(ctx context.Context, sizes map[trove.Digest]int64, ref catalog.TextRef) (err error) {
	if ref.Length == 0 {
		return nil
	}
	size, known := sizes[ref.Blob]
	if !known {
		if size, err = d.blobSize(ctx, ref.Blob); err != nil {
			return err
		}
		sizes[ref.Blob] = size
	}
	if ref.Offset+ref.Length > size {
		return fmt.Errorf("it ends beyond blob %s", ref.Blob)
	}
	return nil
}

func checkRecord(it *catalog.Item) error {
	rec, err := release.Record(it)
	if err == nil && (rec.Kind != it.Kind || rec.MessageID != it.MessageID) {
		err = errors.New("its record is of another item")
	}
	return err
}
