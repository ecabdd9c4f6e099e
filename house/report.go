package house

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"unseal/catalog"
	"unseal/release"
	"unseal/report"
	"unseal/trove"
)

// ReportInput reads what the reports on a collection are made from, of the
// archive or the desk in dir, whichever it is. Of an archive it is what is
// public; of a desk what the desk alone knows.
func ReportInput(ctx context.Context, dir, collection string) (*report.Input, error) {
	name, err := trove.ParseCollection(collection)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrName, err)
	}
	if IsArchive(dir) {
		a, _, err := OpenArchive(ctx, dir)
		if err != nil {
			return nil, err
		}
		defer a.Close()
		return report.FromArchive(ctx, a, name, now())
	}
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if errors.Is(err, ErrNoDesk) {
		return nil, fmt.Errorf("%w, and no archive either: %s", ErrNoDesk, dir)
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.reportInput(ctx, collection)
}

func (d *Desk) reportInput(ctx context.Context, collection string) (*report.Input, error) {
	c, err := d.Collection(ctx, collection)
	if err != nil {
		return nil, err
	}
	in := &report.Input{Collection: c.Name, Title: c.Title, Desk: true, Now: d.Now(),
		Promise: report.Promise{Total: c.Promised, By: c.PromisedBy, Source: c.PromiseSource}}
	commitments, err := d.Catalog.Commitments(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	for _, k := range commitments {
		in.Commitments = append(in.Commitments, report.Commitment{K: k.K, First: k.First, Count: k.Count, Time: k.Time, Root: k.Root})
	}
	batches, err := d.Catalog.Batches(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		if b.State == catalog.BatchIsOut {
			in.Batches = append(in.Batches, report.Batch{Number: b.Number, Edition: 1, Items: b.Items, Published: b.Published})
		}
	}
	return in, d.reportItems(ctx, in)
}

// reportItems reads the items and, of each, the owners of its places; these
// come second, so that an item that a run of intake adds meanwhile is not met
// without them. Of copies of one message the one with the lowest number is the
// first, as in an archive.
func (d *Desk) reportItems(ctx context.Context, in *report.Input) error {
	at := map[catalog.ItemID]int{}
	met := map[catalog.ItemID]bool{} // sets of copies, under the id of the first taken in
	err := d.Catalog.Items(ctx, catalog.Query{Collection: in.Collection}, func(it *catalog.Item) error {
		r, err := release.Record(it)
		if err != nil {
			return err
		}
		n := report.Item{Number: it.Number, State: it.State, Reason: it.Reason, Date: it.SortDate, Batch: it.Batch,
			Thread: it.Thread}
		n.Learn(r)
		if it.State != trove.Excluded {
			set := cmp.Or(it.CopyOf, it.ID)
			n.Copy, met[set] = met[set], true
		}
		at[it.ID] = len(in.Items)
		in.Items = append(in.Items, n)
		return nil
	})
	if err != nil {
		return err
	}
	return d.Catalog.Occurrences(ctx, in.Collection, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		if i, ok := at[id]; ok {
			in.Items[i].Owners = append(in.Items[i].Owners, o.Owner)
			in.Items[i].Places++
		}
		return nil
	})
}
