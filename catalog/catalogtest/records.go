package catalogtest

import (
	"unseal/catalog"
	"unseal/trove"
)

// testReplaceRecords follows a record up to publication.
func testReplaceRecords(d *desk) {
	ids := d.committed(3)
	_, g := d.trove("second")
	loose := d.add(g, "loose")[0]
	d.ok(d.Withhold(d.Context(), coll, 3, 3, "private", editor))
	rows := func(record string, ids ...catalog.ItemID) (all []catalog.RecordRow) {
		for _, id := range ids {
			all = append(all, catalog.RecordRow{Item: id, Record: []byte(record)})
		}
		return all
	}
	before := d.items(catalog.Query{})
	now := rows(`{"kind":"mail","verdict":"kept-key"}`, ids[0], ids[2], loose)
	d.ok(d.ReplaceRecords(d.Context(), coll, now, editor))
	d.ok(d.ReplaceRecords(d.Context(), coll, now, editor)) // nothing new
	d.ok(d.ReplaceRecords(d.Context(), coll, nil, editor))
	for i := range before {
		if before[i].ID != ids[1] {
			before[i].Record = now[0].Record
		}
	}
	same(d, "items, all but the records as before", d.items(catalog.Query{}), before)
	d.acts(catalog.WithheldRange, catalog.JudgedAgain)
	decisions, err := d.Decisions(d.Context(), coll)
	d.ok(err)
	same(d, "the decision", decisions[1].Subject+" "+decisions[1].Who, "3 items "+editor.Who)

	b, err := d.PlanBatch(d.Context(), coll, 1, 1)
	d.ok(err)
	d.ok(d.ReplaceRecords(d.Context(), coll, rows(`{"kind":"mail"}`, ids[0]), editor)) // planned is not published
	b.Manifest, b.Edition = trove.Sum([]byte("manifest")), 1
	d.ok(d.MarkPublished(d.Context(), b))
	before = d.items(catalog.Query{})
	d.want(d.ReplaceRecords(d.Context(), coll, rows(`{"kind":"other"}`, loose, ids[0]), editor), catalog.ErrConflict)
	d.want(d.ReplaceRecords(d.Context(), coll, rows(`{"kind":"other"}`, loose, 999), editor), catalog.ErrNotFound)
	d.ok(d.PutCollection(d.Context(), catalog.Collection{Name: "other"}))
	d.want(d.ReplaceRecords(d.Context(), "other", rows(`{}`, loose), editor), catalog.ErrNotFound)
	d.want(d.ReplaceRecords(d.Context(), "none", nil, editor), catalog.ErrNotFound)
	same(d, "items after refusals", d.items(catalog.Query{}), before)
	d.sound()
}
