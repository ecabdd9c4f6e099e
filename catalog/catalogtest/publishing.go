package catalogtest

import (
	"unseal/catalog"
	"unseal/trove"
)

func testExcludeItems(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 3)...)
	if err := d.ExcludeItems(d.Context(), ids[:1], catalog.Author{Who: "ed"}); err == nil {
		d.Error("an item was excluded without a reason")
	}
	d.ok(d.ExcludeItems(d.Context(), ids[:1], editor))
	d.ok(d.ExcludeItems(d.Context(), ids[:1], editor))
	d.acts(catalog.ExcludedItem)
	got := d.item("text 0")
	if got.State != trove.Excluded || got.Reason != editor.Why {
		d.Errorf("the excluded item is %+v", got)
	}
	if n := len(d.occurrences(ids[0])); n != 1 {
		d.Errorf("the excluded item has %d occurrences left to list", n)
	}
	d.add(f, "text 0") // being found again does not undo the decision
	d.count(map[trove.State]int{trove.In: 2, trove.Excluded: 1})

	d.want(d.commit(1, 1, ids...), catalog.ErrConflict)
	d.ok(d.commit(1, 1, ids[1:]...))
	d.want(d.ExcludeItems(d.Context(), ids, editor), catalog.ErrConflict)
	d.count(map[trove.State]int{trove.Committed: 2, trove.Excluded: 1})
	all, err := d.Decisions(d.Context(), coll)
	d.ok(err)
	if len(all) != 1 || all[0].Subject != trove.Sum([]byte("text 0")).String() || all[0].Author != editor || all[0].Time.IsZero() {
		d.Errorf("decisions are %+v", all)
	}
	d.sound()
}

func testExcludeTrove(d *desk) {
	t1, f := d.trove("right")
	t2, g := d.trove("wrong")
	d.add(f, "a", "both")
	wrong := newItem(g, "broken", 0)
	wrong.State = trove.Unreadable
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: g, Items: []catalog.NewItem{wrong}}})
	d.ok(err)
	ids := d.add(g, "b", "both", "alone")
	d.ok(d.ExcludeItems(d.Context(), ids[2:], editor))

	d.ok(d.ExcludeTrove(d.Context(), t2.ID, editor))
	d.ok(d.ExcludeTrove(d.Context(), t2.ID, editor))
	d.count(map[trove.State]int{trove.In: 2, trove.Excluded: 3})
	if got := d.occurrences(d.item("both").ID); len(got) != 1 || got[0].FileSHA256 != f.SHA256 {
		d.Errorf("an item of both occurs at %+v", got)
	}
	if got := d.occurrences(d.item("b").ID); len(got) != 1 {
		d.Errorf("an excluded item has %d occurrences left to list", len(got))
	}
	var files int
	d.ok(d.Files(d.Context(), coll, func(f *catalog.File) error { files++; return nil }))
	if files != 1 {
		d.Errorf("%d files are in", files)
	}
	troves, err := d.Troves(d.Context(), coll)
	d.ok(err)
	if troves[0].Excluded != "" || troves[1].Excluded != editor.Why {
		d.Errorf("troves are %+v", troves)
	}
	_, err = d.AddChunks(d.Context(), []catalog.Chunk{{File: g}})
	d.want(err, catalog.ErrConflict)
	d.sound()

	back, err := d.BeginTrove(d.Context(), t2, editor)
	d.ok(err)
	if back.ID != t2.ID || back.Excluded != "" {
		d.Errorf("taken in again: %+v", back)
	}
	d.count(map[trove.State]int{trove.In: 3, trove.Unreadable: 1, trove.Excluded: 1})
	d.acts(catalog.ExcludedItem, catalog.ExcludedTrove, catalog.IncludedTrove)

	// An item of two excluded troves is out until one of them is in again, and
	// in with any third trove that has it.
	d.ok(d.ExcludeTrove(d.Context(), t1.ID, editor))
	d.ok(d.ExcludeTrove(d.Context(), t2.ID, editor))
	d.count(map[trove.State]int{trove.Excluded: 5})
	_, h := d.trove("third")
	d.add(h, "both")
	d.count(map[trove.State]int{trove.In: 1, trove.Excluded: 4})
	d.sound()
}

func testExcludeCommitted(d *desk) {
	t1, f := d.trove("first")
	t2, g := d.trove("second")
	ids := d.add(f, "a", "both")
	d.ok(d.commit(1, 1, ids...))
	d.add(g, "both", "new")
	d.want(d.ExcludeTrove(d.Context(), t1.ID, editor), catalog.ErrConflict)
	d.count(map[trove.State]int{trove.Committed: 2, trove.In: 1})
	d.ok(d.ExcludeTrove(d.Context(), t2.ID, editor))
	d.count(map[trove.State]int{trove.Committed: 2, trove.Excluded: 1})
	d.acts(catalog.ExcludedTrove)
	d.sound()
}

func testCommit(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 4)...)
	broken := newItem(f, "broken", 900)
	broken.State = trove.Unreadable
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{broken}}})
	d.ok(err)
	ids = append(ids, d.item("broken").ID)

	good := catalog.Commitment{Collection: coll, K: 1, First: 1, Count: 2, Root: trove.Sum([]byte("root")), LogSize: 1, Time: d.time}
	two := []catalog.Numbered{{Item: ids[0], Opening: catalog.Opening{Root: trove.Sum([]byte("r")), Segments: 9}}, {Item: ids[4]}}
	for name, spoil := range map[string]func(*catalog.Commitment, *[]catalog.Numbered){
		"not the first": func(c *catalog.Commitment, _ *[]catalog.Numbered) { c.K = 2 },
		"a gap":         func(c *catalog.Commitment, _ *[]catalog.Numbered) { c.First = 2 },
		"another count": func(c *catalog.Commitment, _ *[]catalog.Numbered) { c.Count = 3 },
		"no items":      func(c *catalog.Commitment, n *[]catalog.Numbered) { c.Count, *n = 0, nil },
		"an item twice": func(_ *catalog.Commitment, n *[]catalog.Numbered) {
			*n = []catalog.Numbered{{Item: ids[0]}, {Item: ids[0]}}
		},
		"an item not there": func(_ *catalog.Commitment, n *[]catalog.Numbered) {
			*n = []catalog.Numbered{{Item: ids[0]}, {Item: 999}}
		},
	} {
		c, n := good, two
		spoil(&c, &n)
		if err := d.Commit(d.Context(), c, n); err == nil {
			d.Errorf("committed with %s", name)
		} else {
			d.want(err, catalog.ErrConflict)
		}
	}
	d.count(map[trove.State]int{trove.In: 4, trove.Unreadable: 1})

	d.ok(d.Commit(d.Context(), good, two))
	d.ok(d.Commit(d.Context(), good, two))
	bad := good
	bad.Root = trove.Sum([]byte("another"))
	d.want(d.Commit(d.Context(), bad, two), catalog.ErrConflict)
	d.count(map[trove.State]int{trove.In: 3, trove.Committed: 1, trove.Unreadable: 1})
	got := d.items(catalog.Query{From: 1})
	if len(got) != 2 || got[0].ID != ids[0] || got[0].Opening != two[0].Opening || got[1].ID != ids[4] || got[1].Number != 2 {
		d.Errorf("numbered items are %+v", got)
	}
	all, err := d.Commitments(d.Context(), coll)
	d.ok(err)
	same(d, "commitments", all, []catalog.Commitment{good})
	d.sound()
}

func testSupplement(d *desk) {
	d.committed(3)
	_, f := d.trove("late")
	late := d.add(f, "late 0", "late 1")
	d.want(d.commit(2, 3, late...), catalog.ErrConflict)
	d.ok(d.commit(2, 4, late...))
	if it := d.item("late 1"); it.Number != 5 || it.State != trove.Committed {
		d.Errorf("the last item is %+v", it)
	}
	d.sound()
}

func testBatches(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 11)...)
	broken := newItem(f, "broken", 9000)
	broken.State = trove.Unreadable
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{broken}}})
	d.ok(err)
	order := append([]catalog.ItemID{ids[0], d.item("broken").ID}, ids[1:10]...) // number 2 is unreadable, ids[10] stays in
	d.ok(d.commit(1, 1, order...))
	d.ok(d.Withhold(d.Context(), coll, 4, 5, "private", editor))

	one, err := d.PlanBatch(d.Context(), coll, 1, 4) // 1 and 3
	d.ok(err)
	same(d, "batch of a range", one, catalog.Batch{Collection: coll, Number: 1, State: catalog.Planned, Items: 2, First: 1, Last: 3})
	_, err = d.PlanBatch(d.Context(), coll, 1, 5)
	d.want(err, catalog.ErrConflict)
	rest, err := d.PlanBatches(d.Context(), coll, 4) // 6 7 8 9, 10 11
	d.ok(err)
	if len(rest) != 2 || rest[0].First != 6 || rest[0].Last != 9 || rest[0].Items != 4 || rest[1].Number != 3 || rest[1].Items != 2 || rest[1].Last != 11 {
		d.Errorf("planned %+v", rest)
	}
	again, err := d.PlanBatches(d.Context(), coll, 4)
	d.ok(err)
	all, err := d.Batches(d.Context(), coll)
	d.ok(err)
	if len(again) != 0 {
		d.Errorf("planned again: %+v", again)
	}
	same(d, "batches", all, append([]catalog.Batch{one}, rest...))
	if _, err := d.PlanBatches(d.Context(), coll, 0); err == nil {
		d.Error("planned batches of no items")
	}

	// Late items come into batches of their own.
	d.ok(d.commit(2, 12, ids[10]))
	more, err := d.PlanBatches(d.Context(), coll, 4)
	d.ok(err)
	if len(more) != 1 || more[0].Number != 4 || more[0].First != 12 {
		d.Errorf("planned for the supplement: %+v", more)
	}
	d.sound()
}

func testPublished(d *desk) {
	d.committed(5)
	planned, err := d.PlanBatches(d.Context(), coll, 3)
	d.ok(err)
	b := planned[0]
	b.Manifest, b.LogSize, b.Published, b.Edition = trove.Sum([]byte("manifest")), 7, d.time, 1
	d.ok(d.MarkPublished(d.Context(), b))
	d.ok(d.MarkPublished(d.Context(), b))
	other := b
	other.Manifest = trove.Sum([]byte("other"))
	d.want(d.MarkPublished(d.Context(), other), catalog.ErrConflict)
	b.State = catalog.BatchIsOut
	all, err := d.Batches(d.Context(), coll)
	d.ok(err)
	same(d, "batches", all, []catalog.Batch{b, planned[1]})
	d.count(map[trove.State]int{trove.Published: 3, trove.Committed: 2})
	for _, it := range d.items(catalog.Query{Batch: 1}) {
		if it.Edition != 1 || it.State != trove.Published {
			d.Errorf("a published item is %+v", it)
		}
	}
	d.want(d.Withhold(d.Context(), coll, 3, 4, "private", editor), catalog.ErrConflict)
	d.count(map[trove.State]int{trove.Published: 3, trove.Committed: 2})
	d.sound()
}

func testAmended(d *desk) {
	d.committed(5)
	planned, err := d.PlanBatches(d.Context(), coll, 3)
	d.ok(err)
	b := planned[0]
	b.Manifest, b.Edition = trove.Sum([]byte("manifest")), 1
	hide := func(n int, spec string) error {
		it := d.items(catalog.Query{From: n, To: n})[0]
		return d.Redact(d.Context(), coll, []catalog.Redaction{{Item: it.ID, Reason: "privacy", Spec: spec}}, editor)
	}
	d.ok(hide(1, "before it is out"))
	d.ok(d.MarkPublished(d.Context(), b))
	d.ok(hide(2, "a"))
	d.ok(hide(2, "a"))
	d.ok(d.Withdraw(d.Context(), coll, 3, 3, "court", editor))
	d.ok(d.Withdraw(d.Context(), coll, 3, 3, "court", editor))
	d.acts(catalog.RedactedItem, catalog.RedactedItem, catalog.WithdrawnItem)
	d.want(hide(3, "a"), catalog.ErrConflict)
	d.want(d.Withdraw(d.Context(), coll, 3, 4, "court", editor), catalog.ErrConflict)
	all, err := d.Batches(d.Context(), coll)
	d.ok(err)
	if got := all[0]; got.Edition != 1 || got.Amended != 2 || got.Items != 2 || got.First != 1 || got.Last != 2 {
		d.Errorf("the batch is %+v", got)
	}
	late := b
	late.Edition, late.Manifest = 3, trove.Sum([]byte("late"))
	d.want(d.MarkPublished(d.Context(), late), catalog.ErrConflict)
	late.Edition = 2
	d.ok(d.MarkPublished(d.Context(), late))
	d.ok(d.MarkPublished(d.Context(), late))
	for i, it := range d.items(catalog.Query{Batch: 1}) {
		if want := []int{1, 2, 1}[i]; it.Edition != want || it.Amended {
			d.Errorf("number %d is %+v, want edition %d", it.Number, it, want)
		}
	}
	rows, err := d.Redactions(d.Context(), coll, 0)
	d.ok(err)
	if len(rows) != 2 || rows[1].Spec != "a" || rows[1].Reason != "privacy" {
		d.Errorf("redactions are %+v", rows)
	}
	d.ok(d.LiftRedactions(d.Context(), coll, 1, 5, editor))
	rows, err = d.Redactions(d.Context(), coll, 0)
	d.ok(err)
	if all, err = d.Batches(d.Context(), coll); err != nil || all[0].Amended != 2 || len(rows) != 0 {
		d.Errorf("after lifting: %+v, %+v, %v", all[0], rows, err)
	}
	d.sound()
}

func testWithhold(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 4)...)
	broken := newItem(f, "broken", 900)
	broken.State = trove.Unreadable
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{broken}}})
	d.ok(err)
	d.ok(d.commit(1, 1, append(ids, d.item("broken").ID)...))
	_, err = d.PlanBatches(d.Context(), coll, 10)
	d.ok(err)

	for _, r := range [][2]int{{0, 2}, {3, 2}, {4, 6}, {6, 6}} {
		d.want(d.Withhold(d.Context(), coll, r[0], r[1], "private", editor), catalog.ErrConflict)
	}
	d.acts()
	d.ok(d.Withhold(d.Context(), coll, 3, 5, "private", editor))
	d.ok(d.Withhold(d.Context(), coll, 3, 5, "private", editor))
	d.acts(catalog.WithheldRange)
	d.count(map[trove.State]int{trove.Committed: 2, trove.Withheld: 3})
	if it := d.item("text 2"); it.Reason != "private" || it.Batch != 0 {
		d.Errorf("the withheld item is %+v", it)
	}
	all, err := d.Batches(d.Context(), coll)
	d.ok(err)
	if all[0].Items != 2 || all[0].Last != 2 {
		d.Errorf("the batch is %+v", all[0])
	}
	d.ok(d.Withhold(d.Context(), coll, 3, 3, "legal", editor))
	d.ok(d.Withhold(d.Context(), coll, 4, 5, "", editor))
	d.acts(catalog.WithheldRange, catalog.WithheldRange, catalog.LiftedRange)
	d.count(map[trove.State]int{trove.Committed: 3, trove.Withheld: 1, trove.Unreadable: 1})
	if it := d.item("text 2"); it.Reason != "legal" {
		d.Errorf("the reason is %q", it.Reason)
	}
	d.sound()
}
