package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"unseal/catalog"
	"unseal/trove"
)

func testCollections(d *desk) {
	c := catalog.Collection{Name: "voices", Title: "Voices", Series: "S", Description: "recordings",
		Promised: 100, PromisedBy: "2026-01-02", PromiseSource: "https://example.org/", Created: d.time}
	d.ok(d.PutCollection(d.Context(), c))
	got, err := d.Collection(d.Context(), "voices")
	d.ok(err)
	same(d, "collection", got, c)

	c.Title, c.Created = "More voices", d.time.Add(time.Hour)
	d.ok(d.PutCollection(d.Context(), c))
	got, err = d.Collection(d.Context(), "voices")
	d.ok(err)
	c.Created = d.time
	same(d, "changed collection, created when it was", got, c)

	all, err := d.Collections(d.Context())
	d.ok(err)
	if len(all) != 2 || all[0].Name != coll || all[1].Name != "voices" {
		d.Errorf("collections are %v", all)
	}
}

func testSecret(d *desk) {
	first, other := catalog.Secret{1}, catalog.Secret{2}
	d.ok(d.PutCollection(d.Context(), catalog.Collection{Name: coll, Secret: first}))
	d.ok(d.PutCollection(d.Context(), catalog.Collection{Name: coll, Title: "T"}))
	d.want(d.PutCollection(d.Context(), catalog.Collection{Name: coll, Secret: other}), catalog.ErrConflict)
	got, err := d.Collection(d.Context(), coll)
	d.ok(err)
	if got.Secret != first || got.Title != "T" {
		d.Errorf("the secret or the title was lost")
	}
	if s := fmt.Sprintf("%v %+v %#v %s", got, got, got, got.Secret); strings.Contains(s, "1 0 0") || strings.Contains(s, "0x1") {
		d.Errorf("the secret is printed: %s", s)
	}
}

func testTroves(d *desk) {
	t1, err := d.BeginTrove(d.Context(), catalog.Trove{Collection: coll, Path: "/in/a", Owner: "ann"}, editor)
	d.ok(err)
	if t1.ID == 0 || t1.Started.IsZero() || t1.Done || !t1.Ended.IsZero() {
		d.Errorf("a new trove is %+v", t1)
	}
	t2, err := d.BeginTrove(d.Context(), catalog.Trove{Collection: coll, Path: "/in/a", Owner: "ben"}, editor)
	d.ok(err)
	d.ok(d.EndTrove(d.Context(), t1.ID))
	again, err := d.BeginTrove(d.Context(), catalog.Trove{Collection: coll, Path: "/in/a", Owner: "ann"}, editor)
	d.ok(err)
	if again.ID != t1.ID || t2.ID == t1.ID || !again.Started.Equal(t1.Started) || !again.Done || again.Ended.IsZero() {
		d.Errorf("found %+v, the first was %+v, the second %+v", again, t1, t2)
	}
	all, err := d.Troves(d.Context(), coll)
	d.ok(err)
	if len(all) != 2 || all[0].ID != t1.ID || all[1].ID != t2.ID {
		d.Errorf("troves are %+v", all)
	}
	d.acts()
}

func testFiles(d *desk) {
	t, _ := d.trove("t")
	want := []catalog.File{
		{Path: "b \xff.mbox", SHA256: trove.Sum([]byte("b")), Size: 1, Type: "mbox"},
		{Path: "a.mbox", SHA256: trove.Sum([]byte("a")), Size: 2},
	}
	got, err := d.BeginFiles(d.Context(), t.ID, want)
	d.ok(err)
	for i := range want {
		want[i].ID, want[i].Trove = got[i].ID, t.ID
	}
	same(d, "new files", got, want)

	f := got[0]
	f.Progress, f.Done, f.Type = 7, true, "mbox"
	f.Warnings = []trove.Warning{{Code: "cut-off", Text: "It ends in the middle.", Offset: 3}}
	_, err = d.AddChunks(d.Context(), []catalog.Chunk{{File: f}})
	d.ok(err)
	back := f
	back.Progress, back.Done = 3, false
	_, err = d.AddChunks(d.Context(), []catalog.Chunk{{File: back}})
	d.ok(err)
	changed := catalog.File{Path: f.Path, SHA256: trove.Sum([]byte("other bytes")), Size: 9}
	got, err = d.BeginFiles(d.Context(), t.ID, []catalog.File{want[0], changed})
	d.ok(err)
	same(d, "progress never goes back", got[0], f)
	if got[1].ID == f.ID || got[1].Progress != 0 {
		d.Errorf("other bytes under the same path gave %+v", got[1])
	}

	var paths []string
	d.ok(d.Files(d.Context(), coll, func(f *catalog.File) error {
		paths = append(paths, f.Path)
		return nil
	}))
	if want := []string{"a.mbox", "a.mbox", "b \xff.mbox", "b \xff.mbox"}; !slices.Equal(paths, want) {
		d.Errorf("files %q, want %q", paths, want)
	}
}

func testOccurrences(d *desk) {
	_, f := d.trove("one")
	_, g := d.trove("two")
	a := newItem(f, "hello", 0)
	a.Occurrences = append(a.Occurrences, trove.Occurrence{Owner: "ann", Path: "a.mbox!/x", FileSHA256: f.SHA256, Offset: 70, Length: 6, Rule: trove.MboxRD})
	b := newItem(g, "hello", 33)
	b.Record, b.State = []byte(`{"kind":"file"}`), trove.Unreadable // of known bytes: not looked at
	added, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{a}}, {File: g, Items: []catalog.NewItem{b}}})
	d.ok(err)
	same(d, "added", added, catalog.Added{Items: 1, Occurrences: 3})
	all := d.items(catalog.Query{})
	if len(all) != 1 || string(all[0].Record) != string(a.Record) || all[0].State != trove.In {
		d.Fatalf("items are %+v", all)
	}
	want := append(slices.Clone(a.Occurrences), b.Occurrences...)
	same(d, "occurrences", d.occurrences(all[0].ID), want)
	same(d, "all occurrences", d.occurrences(0), want)
	d.sound()
}

func testRepeat(d *desk) {
	_, f := d.trove("one")
	f.Progress = 3
	chunk := catalog.Chunk{File: f}
	for i, s := range texts("text", 3) {
		chunk.Items = append(chunk.Items, newItem(f, s, int64(i)))
	}
	first, err := d.AddChunks(d.Context(), []catalog.Chunk{chunk})
	d.ok(err)
	again, err := d.AddChunks(d.Context(), []catalog.Chunk{chunk, chunk})
	d.ok(err)
	same(d, "added first", first, catalog.Added{Items: 3, Occurrences: 3})
	same(d, "added again", again, catalog.Added{})
	d.count(map[trove.State]int{trove.In: 3})
}

func testRefusals(d *desk) {
	_, f := d.trove("one")
	good := newItem(f, "good", 0)
	for _, test := range []struct {
		name  string
		spoil func(*catalog.NewItem)
	}{
		{"no digest", func(n *catalog.NewItem) { n.SHA256 = trove.Digest{} }},
		{"a state of later", func(n *catalog.NewItem) { n.State = trove.Published }},
		{"no state", func(n *catalog.NewItem) { n.State = "" }},
		{"no occurrence", func(n *catalog.NewItem) { n.Occurrences = nil }},
		{"an occurrence in another file", func(n *catalog.NewItem) { n.Occurrences[0].FileSHA256 = trove.Sum([]byte("x")) }},
	} {
		bad := newItem(f, "bad", 50)
		test.spoil(&bad)
		if _, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{good, bad}}}); err == nil {
			d.Errorf("%s was taken", test.name)
		}
	}
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: catalog.File{ID: 999}}})
	d.want(err, catalog.ErrNotFound)
	d.count(map[trove.State]int{}) // nor were the good ones beside them
}

func testRoundTrip(d *desk) {
	_, f := d.trove("one")
	n := newItem(f, "text", 5)
	n.Span.Rule = trove.MboxRD
	n.Text = catalog.TextRef{Blob: trove.Sum([]byte("text blob")), Offset: 1 << 40, Length: 17}
	n.SortDate = time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)
	n.MessageID = "odd \x00 \xff id"
	n.Content = trove.Sum([]byte("content"))
	undated := newItem(f, "undated", 9)
	undated.Kind, undated.State, undated.Record = trove.File, trove.Unreadable, []byte("{}")
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{{File: f, Items: []catalog.NewItem{n, undated}}})
	d.ok(err)
	for _, want := range []catalog.NewItem{n, undated} {
		got, err := catalog.One(d.Context(), d, catalog.Query{Collection: coll, SHA256: want.SHA256})
		d.ok(err)
		want.ID = got.ID
		same(d, "item", got, want.Item)
		if got.SortDate.IsZero() != want.SortDate.IsZero() {
			d.Errorf("date %v came back as %v", want.SortDate, got.SortDate)
		}
	}
}

func testQueries(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 6)...)
	d.ok(d.commit(1, 1, ids[3], ids[1], ids[0], ids[2])) // 4 and 5 stay without numbers
	_, err := d.PlanBatch(d.Context(), coll, 2, 3)
	d.ok(err)
	for _, test := range []struct {
		name string
		q    catalog.Query
		want []int // indexes of ids
	}{
		{"all: numbers, then ids", catalog.Query{}, []int{3, 1, 0, 2, 4, 5}},
		{"without records", catalog.Query{NoRecord: true}, []int{3, 1, 0, 2, 4, 5}},
		{"a range", catalog.Query{From: 2, To: 3}, []int{1, 0}},
		{"from", catalog.Query{From: 3}, []int{0, 2}},
		{"to", catalog.Query{To: 1}, []int{3}},
		{"a batch", catalog.Query{Batch: 1}, []int{1, 0}},
		{"no such batch", catalog.Query{Batch: 2}, nil},
		{"an id", catalog.Query{ID: ids[4]}, []int{4}},
		{"a digest", catalog.Query{SHA256: trove.Sum([]byte("text 2"))}, []int{2}},
		{"a state", catalog.Query{States: []trove.State{trove.In}}, []int{4, 5}},
		{"states", catalog.Query{States: []trove.State{trove.Committed, trove.In}, To: 2}, []int{3, 1}},
	} {
		var got, want []catalog.ItemID
		for _, it := range d.items(test.q) {
			got = append(got, it.ID)
			if (len(it.Record) == 0) != test.q.NoRecord {
				d.Errorf("%s: record %q", test.name, it.Record)
			}
		}
		for _, i := range test.want {
			want = append(want, ids[i])
		}
		if !slices.Equal(got, want) {
			d.Errorf("%s: got %v, want %v", test.name, got, want)
		}
	}
}

func testWalks(d *desk) {
	_, f := d.trove("one")
	d.add(f, texts("text", 3)...)
	seen := 0
	d.ok(d.Items(d.Context(), catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		seen++
		got, err := catalog.One(d.Context(), d, catalog.Query{Collection: coll, ID: it.ID})
		if err != nil || got.ID != it.ID {
			d.Errorf("reading in a walk: %v, %v", got.ID, err)
		}
		return d.SetThreads(d.Context(), slices.Values([]catalog.ThreadRow{{Item: it.ID, Thread: "t"}}))
	}))
	if seen != 3 {
		d.Errorf("walked over %d items", seen)
	}
	own := errors.New("my own")
	err := d.Items(d.Context(), catalog.Query{Collection: coll}, func(*catalog.Item) error { return own })
	if err != own {
		d.Errorf("the walk changed my error to %v", err)
	}
	ctx, cancel := context.WithCancel(d.Context())
	cancel()
	d.want(d.Items(ctx, catalog.Query{Collection: coll}, func(*catalog.Item) error { return nil }), context.Canceled)
	_, err = d.AddChunks(ctx, []catalog.Chunk{{File: f}})
	d.want(err, context.Canceled)
}

func testThreads(d *desk) {
	_, f := d.trove("one")
	ids := d.add(f, texts("text", 3)...)
	rows := []catalog.ThreadRow{{Item: ids[0], Thread: "aa"}, {Item: ids[1], Thread: "aa", CopyOf: ids[0]}, {Item: ids[2], Thread: "bb"}}
	d.ok(d.SetThreads(d.Context(), slices.Values(rows)))
	d.ok(d.SetThreads(d.Context(), slices.Values(rows)))
	d.ok(d.SetThreads(d.Context(), slices.Values([]catalog.ThreadRow{{Item: ids[2]}})))
	for i, want := range []catalog.ThreadRow{rows[0], rows[1], {Item: ids[2]}} {
		got := d.items(catalog.Query{ID: ids[i]})[0]
		same(d, "thread", catalog.ThreadRow{Item: got.ID, Thread: got.Thread, CopyOf: got.CopyOf}, want)
	}
	people := []catalog.Person{{Address: "a@example.org", Names: []string{"Ann", "A \"x\""}, Sent: 1, Received: 2}, {Address: "b@example.org"}}
	d.ok(d.SetPeople(d.Context(), coll, append(people, catalog.Person{Address: "c@example.org"})))
	d.ok(d.SetPeople(d.Context(), coll, people))
	got, err := d.People(d.Context(), coll)
	d.ok(err)
	same(d, "people", got, people)
}

func testNotFound(d *desk) {
	ctx := d.Context()
	none := trove.CollectionName("none")
	_, err := d.Collection(ctx, none)
	d.want(err, catalog.ErrNotFound)
	_, err = d.BeginTrove(ctx, catalog.Trove{Collection: none, Path: "t"}, editor)
	d.want(err, catalog.ErrNotFound)
	d.want(d.EndTrove(ctx, 99), catalog.ErrNotFound)
	_, err = d.BeginFiles(ctx, 99, nil)
	d.want(err, catalog.ErrNotFound)
	d.want(d.Items(ctx, catalog.Query{Collection: none}, nil), catalog.ErrNotFound)
	_, err = catalog.One(ctx, d, catalog.Query{Collection: coll, From: 1, To: 1})
	d.want(err, catalog.ErrNotFound)
	d.want(d.ExcludeItems(ctx, []catalog.ItemID{99}, editor), catalog.ErrNotFound)
	d.want(d.ExcludeTrove(ctx, 99, editor), catalog.ErrNotFound)
	_, err = d.PlanBatches(ctx, none, 1)
	d.want(err, catalog.ErrNotFound)
	d.want(d.MarkPublished(ctx, catalog.Batch{Collection: coll, Number: 1}), catalog.ErrNotFound)
	d.want(d.Withhold(ctx, none, 1, 1, "x", editor), catalog.ErrNotFound)
}

func testReopen(d *desk) {
	d.committed(3)
	_, err := d.PlanBatches(d.Context(), coll, 2)
	d.ok(err)
	before := d.items(catalog.Query{})
	d.ok(d.Close())
	d.Catalog, err = d.open(d.now)
	d.ok(err)
	same(d, "items after reopening", d.items(catalog.Query{}), before)
	d.sound()
}
