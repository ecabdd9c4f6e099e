package intake

import (
	"context"
	"maps"
	"slices"

	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/trove"
)

// late marks to be read again what was read before a file came that lies beside
// it: a recording whose transcript is handed over later. It does so before the
// late file is read itself, so that a stop loses nothing.
func (p *pass) late(ctx context.Context, q catalog.UnreadQuery) error {
	counts, err := p.o.Catalog.CountOutcomes(ctx, q.Collection)
	if err != nil || len(counts) == 0 {
		return err
	}
	fresh, err := p.neverRead(ctx, q)
	if err != nil || len(fresh) == 0 {
		return err
	}
	near, err := besideThose(ctx, p.o.Catalog, q.Collection, func(at *catalog.Place) bool { return fresh[at.Item] && !at.Hidden })
	if err != nil {
		return err
	}
	maps.DeleteFunc(near, func(id catalog.ItemID, _ bool) bool { return fresh[id] })
	for part := range slices.Chunk(slices.Sorted(maps.Keys(near)), unreadPage) {
		for _, stage := range []reader.Stage{reader.Read, reader.Translate} { // that read what lies beside an item
			if _, err := p.o.Catalog.Again(ctx, catalog.OutcomeQuery{Collection: q.Collection, Stage: string(stage), Items: part}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// neverRead are the items, no mails among them, that the first stage has no
// outcome of at all.
func (p *pass) neverRead(ctx context.Context, q catalog.UnreadQuery) (map[catalog.ItemID]bool, error) {
	q.Kinds = slices.DeleteFunc(slices.Clone(q.Kinds), func(k trove.Kind) bool { return k == trove.Mail })
	fresh := map[catalog.ItemID]bool{}
	if len(q.Kinds) == 0 {
		return fresh, nil
	}
	err := p.o.Catalog.Unread(ctx, q, func(u *catalog.Unread) error {
		fresh[u.ID] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(fresh)), unreadPage) {
		err := p.o.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: q.Collection, Stage: q.Stage, Items: part}, func(o *catalog.Outcome) error {
			delete(fresh, o.Item)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}
