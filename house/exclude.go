package house

import (
	"context"
	"fmt"

	"unseal/catalog"
	"unseal/intake"
	"unseal/trove"
)

// ExcludeItem takes one item out, by name, before it has a number; else the
// error matches [catalog.ErrConflict]. Threads, copies and people follow.
// Durable on return; it may be repeated.
func (d *Desk) ExcludeItem(ctx context.Context, name string, by catalog.Author) error {
	it, err := d.Item(ctx, name)
	if err != nil {
		return err
	}
	if err := d.Catalog.ExcludeItems(ctx, []catalog.ItemID{it.ID}, by); err != nil {
		return err
	}
	return d.rejoin(ctx, it.Collection)
}

// rejoin finds again what holds between the items that are left.
func (d *Desk) rejoin(ctx context.Context, name trove.CollectionName) error {
	if err := intake.Join(ctx, d.Catalog, name); err != nil {
		return err
	}
	return d.TellTimes(ctx, name)
}

// ExcludeTrove takes the troves of a path out of a collection, with the items
// that occur in no other; as [Desk.ExcludeItem] does otherwise.
func (d *Desk) ExcludeTrove(ctx context.Context, collection, path string, by catalog.Author) error {
	coll, err := d.Collection(ctx, collection)
	if err != nil {
		return err
	}
	troves, err := d.Catalog.Troves(ctx, coll.Name)
	if err != nil {
		return err
	}
	found := false
	for _, t := range troves {
		if t.Path != path && t.Path != absolute(path) {
			continue
		}
		found = true
		if err := d.Catalog.ExcludeTrove(ctx, t.ID, by); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("trove %s in %s: %w", path, coll.Name, catalog.ErrNotFound)
	}
	return d.rejoin(ctx, coll.Name)
}

// excluded lists a collection's troves that are out.
func (d *Desk) excluded(ctx context.Context, name trove.CollectionName) (map[catalog.TroveID]bool, error) {
	troves, err := d.Catalog.Troves(ctx, name)
	out := map[catalog.TroveID]bool{}
	for _, t := range troves {
		if t.Excluded != "" {
			out[t.ID] = true
		}
	}
	return out, err
}
