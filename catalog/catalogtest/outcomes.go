package catalogtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"unseal/catalog"
	"unseal/trove"
)

// addKinds puts items of these kinds into a file; the bytes of each are its kind.
func (d *desk) addKinds(file catalog.File, kinds ...trove.Kind) []catalog.ItemID {
	d.Helper()
	chunk := catalog.Chunk{File: file}
	for i, k := range kinds {
		n := newItem(file, string(k), int64(i)*100)
		n.Kind, n.Record = k, []byte(`{"kind":"`+string(k)+`"}`)
		chunk.Items = append(chunk.Items, n)
	}
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{chunk})
	d.ok(err)
	var ids []catalog.ItemID
	for _, k := range kinds {
		ids = append(ids, d.item(string(k)).ID)
	}
	return ids
}

// outcome is one of stage read.
func outcome(id catalog.ItemID, state catalog.OutcomeState, cause string) catalog.Outcome {
	return catalog.Outcome{Item: id, Stage: "read", State: state, Cause: cause, By: "a reader 1.0", Sum: trove.Sum([]byte(cause))}
}

func (d *desk) set(rows ...catalog.OutcomeRow) error {
	return d.SetOutcomes(d.Context(), coll, rows)
}

func (d *desk) outcomes(q catalog.OutcomeQuery) (all []catalog.Outcome) {
	d.Helper()
	q.Collection = coll
	d.ok(d.Outcomes(d.Context(), q, func(o *catalog.Outcome) error {
		all = append(all, *o)
		return nil
	}))
	return all
}

// unread checks which items a stage still has to read, and that counting them
// comes to the same.
func (d *desk) unread(q catalog.UnreadQuery, want ...catalog.ItemID) (all []catalog.Unread) {
	d.Helper()
	q.Collection = coll
	counted := q
	counted.From, counted.Limit = 0, 0
	kinds := map[trove.Kind]int{}
	var got []catalog.ItemID
	d.ok(d.Unread(d.Context(), q, func(u *catalog.Unread) error {
		c := *u
		c.Record, c.First = slices.Clone(u.Record), slices.Clone(u.First)
		all, got = append(all, c), append(got, u.ID)
		kinds[u.Kind]++
		return nil
	}))
	if !slices.Equal(got, want) {
		d.Errorf("unread of %+v are %v, want %v", q, got, want)
	}
	counts, err := d.CountUnread(d.Context(), counted)
	d.ok(err)
	if counted.From == q.From && counted.Limit == q.Limit && !maps.Equal(counts, kinds) {
		d.Errorf("counted %v, walked %v", counts, kinds)
	}
	return all
}

func testOutcomes(d *desk) {
	_, f := d.trove("one")
	ids := d.addKinds(f, trove.Doc, trove.Voice, trove.Image)
	d.unread(catalog.UnreadQuery{Stage: "read"}, ids...)
	d.unread(catalog.UnreadQuery{Stage: "read", Kinds: []trove.Kind{trove.Voice, trove.Table}}, ids[1])
	d.unread(catalog.UnreadQuery{Stage: "read", Items: ids[2:]}, ids[2])
	d.unread(catalog.UnreadQuery{Stage: "ocr", After: "read"})
	d.unread(catalog.UnreadQuery{Stage: "read", Limit: 2}, ids[:2]...)
	d.unread(catalog.UnreadQuery{Stage: "read", From: ids[1], Limit: 2}, ids[2])

	made := []catalog.Made{{Name: "a.png", Type: "image/png", Size: 3, SHA256: trove.Sum([]byte("a"))}, {Name: "b.png", Type: "image/png", Size: 4, SHA256: trove.Sum([]byte("b"))}}
	first := outcome(ids[0], catalog.ReadPartly, "one page is damaged")
	first.Reading, first.Findings, first.Made = catalog.TextRef{Blob: trove.Sum(nil), Offset: 3, Length: 9}, map[string]int{"gps": 2, "macro": 1}, made
	second := outcome(ids[1], catalog.ReadFailed, "the worker ended")
	second.Findings = map[string]int{"gps": 1}
	third := outcome(ids[2], catalog.ReadWaiting, "no answer")
	rows := []catalog.OutcomeRow{{Outcome: first}, {Outcome: second}, {Outcome: third}}
	for range 2 { // it may be repeated
		d.ok(d.set(rows...))
		same(d, "outcomes", d.outcomes(catalog.OutcomeQuery{}), []catalog.Outcome{first, second, third})
	}
	d.unread(catalog.UnreadQuery{Stage: "read"}, ids[2]) // what waits is tried again
	d.unread(catalog.UnreadQuery{Stage: "ocr", After: "read"}, ids[0])
	same(d, "what failed", d.outcomes(catalog.OutcomeQuery{States: []catalog.OutcomeState{catalog.ReadFailed}}), []catalog.Outcome{second})
	same(d, "of a document", d.outcomes(catalog.OutcomeQuery{Stage: "read", Kinds: []trove.Kind{trove.Doc}}), []catalog.Outcome{first})
	same(d, "of another stage", d.outcomes(catalog.OutcomeQuery{Stage: "ocr"}), nil)

	counts, err := d.CountOutcomes(d.Context(), coll)
	d.ok(err)
	same(d, "counts", fmt.Sprint(counts), "[{read doc partly 1} {read image waiting 1} {read voice failed 1}]")
	findings, err := d.CountFindings(d.Context(), coll)
	d.ok(err)
	same(d, "findings", fmt.Sprint(findings), "[{gps 2 3} {macro 1 1}]")
	causes, err := d.Causes(d.Context(), coll, 2)
	d.ok(err)
	same(d, "causes", fmt.Sprint(causes), fmt.Sprintf("[{read doc partly one page is damaged 1 %d} {read image waiting no answer 1 %d}]", ids[0], ids[2]))

	first.State, first.Cause, first.Made, first.Findings = catalog.ReadDone, "", made[:1], nil
	d.ok(d.set(catalog.OutcomeRow{Outcome: first}))
	same(d, "the later outcome", d.outcomes(catalog.OutcomeQuery{Items: ids[:1]}), []catalog.Outcome{first})
	d.ok(d.ExcludeItems(d.Context(), ids[:1], editor))
	d.want(d.set(catalog.OutcomeRow{Outcome: first}), catalog.ErrConflict)
	same(d, "of an excluded item", d.outcomes(catalog.OutcomeQuery{Items: ids[:1]}), nil)
	d.unread(catalog.UnreadQuery{Stage: "ocr", After: "read"})
	d.want(d.set(catalog.OutcomeRow{Outcome: outcome(999, catalog.ReadDone, "")}), catalog.ErrNotFound)
	d.want(d.SetOutcomes(d.Context(), "none", nil), catalog.ErrNotFound)
	d.sound()
}

// testMailFiles: of mails, those with files in them are read.
func testMailFiles(d *desk) {
	_, f := d.trove("one")
	with, without := newItem(f, "with", 0), newItem(f, "without", 100)
	with.Files = true
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{with, without}}})
	d.ok(err)
	if !d.item("with").Files || d.item("without").Files {
		d.Error("it is not kept which mails have files")
	}
	d.unread(catalog.UnreadQuery{Stage: "read"}, d.item("with").ID)
}

func testAgain(d *desk) {
	_, f := d.trove("one")
	ids := d.addKinds(f, trove.Chain, trove.Doc)
	d.ok(d.set(catalog.OutcomeRow{Outcome: outcome(ids[0], catalog.ReadFailed, "which comes first, day or month?")},
		catalog.OutcomeRow{Outcome: outcome(ids[1], catalog.ReadDone, "")}))
	d.unread(catalog.UnreadQuery{Stage: "read"})
	again := func(q catalog.OutcomeQuery, options map[string]string, want int) {
		d.Helper()
		q.Collection = coll
		n, err := d.Again(d.Context(), q, options)
		d.ok(err)
		if n != want {
			d.Errorf("%d of %+v are to be done again, want %d", n, q, want)
		}
	}
	again(catalog.OutcomeQuery{Stage: "ocr"}, nil, 0)
	again(catalog.OutcomeQuery{States: []catalog.OutcomeState{catalog.ReadFailed}}, map[string]string{"dates": "mdy"}, 1)
	again(catalog.OutcomeQuery{Items: ids[:1]}, map[string]string{"dates": "dmy", "zone": "UTC"}, 1)
	want := map[string]string{"dates": "dmy", "zone": "UTC"}
	same(d, "the answers", d.unread(catalog.UnreadQuery{Stage: "read"}, ids[0])[0].Options, want)
	o := d.outcomes(catalog.OutcomeQuery{Items: ids[:1]})[0]
	if !o.Again || o.State != catalog.ReadFailed {
		d.Errorf("until it is done again it is %+v", o)
	}
	d.ok(d.set(catalog.OutcomeRow{Outcome: outcome(ids[0], catalog.ReadDone, "")}))
	d.unread(catalog.UnreadQuery{Stage: "read"})
	same(d, "the answers afterwards", d.outcomes(catalog.OutcomeQuery{Items: ids[:1]})[0].Options, want)
	again(catalog.OutcomeQuery{}, nil, 2)
	d.unread(catalog.UnreadQuery{Stage: "read"}, ids...)
	_, err := d.Again(d.Context(), catalog.OutcomeQuery{Collection: "none"}, nil)
	d.want(err, catalog.ErrNotFound)
	d.sound()
}

// testChangedItems follows an item that is read, committed, read again,
// published and read again.
func testChangedItems(d *desk) {
	_, f := d.trove("one")
	ids := d.addKinds(f, trove.Doc)
	taken := d.item("doc")
	at := func(year int) time.Time { return time.Date(year, 1, 2, 3, 4, 5, 0, time.UTC) }
	change := func(kind trove.Kind, title string, year int) *catalog.Change {
		return &catalog.Change{Kind: kind, Record: []byte(`{"kind":"` + string(kind) + `","subject":"` + title + `"}`), SortDate: at(year),
			MessageID: title + "@example.org", Text: catalog.TextRef{Blob: trove.Sum([]byte(title)), Offset: 1, Length: 2}}
	}
	read := func(title string, c *catalog.Change) error {
		o := outcome(ids[0], catalog.ReadDone, "")
		o.Sum = trove.Sum([]byte(title))
		return d.set(catalog.OutcomeRow{Outcome: o, Change: c})
	}
	look := func(c *catalog.Change, year int, amended bool) {
		d.Helper()
		it := d.item("doc")
		if it.Kind != c.Kind || string(it.Record) != string(c.Record) || it.Text != c.Text || it.MessageID != c.MessageID || !it.SortDate.Equal(at(year)) || it.Amended != amended {
			d.Errorf("the item is %+v, want %+v of %d, amended %t", it, c, year, amended)
		}
	}
	c := change(trove.Table, "first", 2001)
	d.ok(read("first", c))
	look(c, 2001, false)
	d.ok(d.commit(1, 1, ids...))
	d.want(read("second", change(trove.Doc, "second", 2002)), catalog.ErrConflict)
	look(c, 2001, false)
	c = change(trove.Table, "second", 2002)
	d.ok(read("second", c))
	look(c, 2001, false)
	_, err := d.Again(d.Context(), catalog.OutcomeQuery{Collection: coll}, nil)
	d.ok(err)
	if first := d.unread(catalog.UnreadQuery{Stage: "read"}, ids...)[0].First; string(first) != string(taken.Record) {
		d.Errorf("the first record is %s, want %s", first, taken.Record)
	}

	b, err := d.PlanBatch(d.Context(), coll, 1, 1)
	d.ok(err)
	b.Manifest, b.Edition = trove.Sum([]byte("manifest")), 1
	d.ok(d.MarkPublished(d.Context(), b))
	d.ok(read("second", c))
	look(c, 2001, false) // nothing new
	c = change(trove.Table, "third", 2003)
	d.ok(read("third", c))
	look(c, 2001, true)
	b.Manifest, b.Edition = trove.Sum([]byte("manifest 2")), 2
	d.ok(d.MarkPublished(d.Context(), b))
	look(c, 2001, false)
	o := outcome(ids[0], catalog.ReadDone, "")
	o.Stage, o.Sum = "ocr", trove.Digest{}
	d.ok(d.set(catalog.OutcomeRow{Outcome: o}))
	look(c, 2001, false) // a stage that it did not have, and that gave nothing
	counts, err := d.CountOutcomes(d.Context(), coll)
	d.ok(err)
	same(d, "counts without what gave nothing", fmt.Sprint(counts), "[{read table done 1}]")
	o.Sum = trove.Sum([]byte("words"))
	d.ok(d.set(catalog.OutcomeRow{Outcome: o}))
	look(c, 2001, true)
	d.ok(d.Withdraw(d.Context(), coll, 1, 1, "court", editor))
	d.want(read("fourth", nil), catalog.ErrConflict)
	d.sound()
}

// read sets an outcome in a history.
func (h *history) read() {
	w := h.someItem()
	if w < 0 {
		return
	}
	m, sum := h.items[w], trove.Sum([]byte{rapid.Byte().Draw(h.T, "sum") % 3})
	err := h.c.SetOutcomes(h.ctx, coll, []catalog.OutcomeRow{{Outcome: catalog.Outcome{Item: h.id(w), Stage: "read", State: catalog.ReadDone, Sum: sum}}})
	h.refused(err, m.gone || m.number == 0 && h.out(m))
	if err == nil && m.read != sum {
		m.read = sum
		m.amended = m.amended || h.published(m)
	}
}

func testPlaces(d *desk) {
	one, f := d.trove("one")
	two, g := d.trove("two")
	ids := d.addKinds(f, trove.Doc, trove.Voice, trove.Mail)
	d.addKinds(g, trove.Doc)
	places := func(items ...catalog.ItemID) (all []catalog.Place) {
		d.ok(d.Places(d.Context(), coll, items, func(p *catalog.Place) error {
			all = append(all, *p)
			return nil
		}))
		return all
	}
	doc := []catalog.Place{{Item: ids[0], Trove: one.ID, Path: "a.mbox", Size: 3}, {Item: ids[0], Trove: two.ID, Path: "a.mbox", Size: 3}}
	same(d, "places", places(), append(slices.Clone(doc), catalog.Place{Item: ids[1], Trove: one.ID, Path: "a.mbox", Size: 5}))
	same(d, "places of one", places(ids[0]), doc)
	d.ok(d.ExcludeTrove(d.Context(), two.ID, editor))
	doc[1].Hidden = true
	same(d, "a place in what is excluded is hidden", places(ids[0]), doc)
	d.ok(d.ExcludeItems(d.Context(), ids[:1], editor))
	doc[0].Hidden = true
	same(d, "places of what is excluded are hidden", places(ids[0]), doc)
}

var errStop = errors.New("stop")

func testOutcomeWalks(d *desk) {
	_, f := d.trove("one")
	ids := d.addKinds(f, trove.Doc, trove.Voice)
	d.ok(d.set(catalog.OutcomeRow{Outcome: outcome(ids[0], catalog.ReadDone, "")}))
	err := d.Unread(d.Context(), catalog.UnreadQuery{Collection: coll, Stage: "read"}, func(u *catalog.Unread) error {
		d.ok(d.set(catalog.OutcomeRow{Outcome: outcome(u.ID, catalog.ReadDone, "")})) // the walk may call back
		return errStop
	})
	d.want(err, errStop)
	d.want(d.Outcomes(d.Context(), catalog.OutcomeQuery{Collection: coll}, func(*catalog.Outcome) error { return errStop }), errStop)
	d.unread(catalog.UnreadQuery{Stage: "read"})
}
