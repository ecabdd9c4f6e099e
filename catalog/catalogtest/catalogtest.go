// Package catalogtest is the conformance suite of catalogs: every variant
// passes it. It tests the promises of package catalog one by one, and its
// invariants by random histories against a plain model in memory.
package catalogtest

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"unseal/catalog"
	"unseal/trove"
)

// Opener opens one catalog, the same at each call; a nil now means the clock.
type Opener func(now func() time.Time) (catalog.Catalog, error)

// Run runs the suite. fresh makes an empty catalog and returns how to open it.
func Run(t *testing.T, fresh func(t testing.TB) Opener) {
	for _, test := range []struct {
		name string
		fn   func(*desk)
	}{
		{"CollectionsAreKept", testCollections},
		{"SecretIsGivenOnce", testSecret},
		{"TroveIsFoundAgain", testTroves},
		{"FileIsFoundAgainByItsBytes", testFiles},
		{"IdenticalBytesAreOneItem", testOccurrences},
		{"AddChunksMayBeRepeated", testRepeat},
		{"AddChunksRefusesWhatBreaksInvariants", testRefusals},
		{"ItemComesBackAsItWentIn", testRoundTrip},
		{"QueriesSelect", testQueries},
		{"WalksMayCallBack", testWalks},
		{"ThreadsAndPeopleAreReplaced", testThreads},
		{"ItemIsExcludedBeforeCommitOnly", testExcludeItems},
		{"TroveGoesOutAndInAgain", testExcludeTrove},
		{"CommittedTroveStaysIn", testExcludeCommitted},
		{"NumbersAreFixedOnce", testCommit},
		{"SupplementGoesOnCounting", testSupplement},
		{"BatchesTakeWhatMayBePublished", testBatches},
		{"PublishedBatchStands", testPublished},
		{"AmendedBatchComesInEditions", testAmended},
		{"WithheldNumbersStayBack", testWithhold},
		{"RecordsAreReplacedBeforePublicationOnly", testReplaceRecords},
		{"OutcomesAreKeptAndCounted", testOutcomes},
		{"MailsWithFilesAreRead", testMailFiles},
		{"OutcomesAreDoneAgain", testAgain},
		{"ReadingChangesItemsUntilTheyAreOut", testChangedItems},
		{"PlacesAreListed", testPlaces},
		{"WalksOfOutcomesMayCallBack", testOutcomeWalks},
		{"UnknownThingsAreNotFound", testNotFound},
		{"EverythingSurvivesReopening", testReopen},
		{"RandomHistoriesKeepTheInvariants", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.fn == nil {
				testHistories(t, fresh)
				return
			}
			test.fn(newDesk(t, fresh(t)))
		})
	}
}

// desk is a catalog in a test, with a clock that moves a second at each look.
type desk struct {
	testing.TB
	catalog.Catalog
	open Opener
	time time.Time
}

// coll is the collection of most tests.
const coll = trove.CollectionName("mail")

var editor = catalog.Author{Who: "the editor", Why: "it is wrong"}

func newDesk(t testing.TB, open Opener) *desk {
	t.Helper()
	d := &desk{TB: t, open: open, time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	c, err := open(d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.Catalog = c
	t.Cleanup(func() { d.Catalog.Close() })
	d.ok(d.PutCollection(t.Context(), catalog.Collection{Name: coll, Created: d.time}))
	return d
}

func (d *desk) now() time.Time {
	d.time = d.time.Add(time.Second)
	return d.time
}

func (d *desk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// want checks that err is of a kind.
func (d *desk) want(err, kind error) {
	d.Helper()
	if !errors.Is(err, kind) {
		d.Errorf("got error %v, want %v", err, kind)
	}
}

// same compares two values.
func same[T any](d *desk, what string, got, want T) {
	d.Helper()
	if !reflect.DeepEqual(got, want) {
		d.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// trove begins a trove and a file in it, whose bytes are its path.
func (d *desk) trove(path string) (catalog.Trove, catalog.File) {
	d.Helper()
	t, err := d.BeginTrove(d.Context(), catalog.Trove{Collection: coll, Path: path}, editor)
	d.ok(err)
	files, err := d.BeginFiles(d.Context(), t.ID, []catalog.File{{Path: "a.mbox", SHA256: trove.Sum([]byte(path)), Size: 1000}})
	d.ok(err)
	return t, files[0]
}

// newItem makes an item whose bytes are text, at an offset in file.
func newItem(file catalog.File, text string, at int64) catalog.NewItem {
	n := catalog.NewItem{Item: catalog.Item{
		Collection: coll,
		SHA256:     trove.Sum([]byte(text)), Size: int64(len(text)),
		Span:   catalog.Span{Blob: file.SHA256, Offset: at, Length: int64(len(text))},
		Kind:   trove.Mail,
		Record: fmt.Appendf(nil, `{"kind":"mail","subject":%q}`, text),
		State:  trove.In,
	}}
	n.Occurrences = []trove.Occurrence{{Path: file.Path, FileSHA256: file.SHA256, Offset: at, Length: n.Size}}
	return n
}

// add puts items of these texts into file and returns their ids.
func (d *desk) add(file catalog.File, texts ...string) []catalog.ItemID {
	d.Helper()
	chunk := catalog.Chunk{File: file}
	for i, s := range texts {
		chunk.Items = append(chunk.Items, newItem(file, s, int64(i)*100))
	}
	_, err := d.AddChunks(d.Context(), []catalog.Chunk{chunk})
	d.ok(err)
	var ids []catalog.ItemID
	for _, s := range texts {
		ids = append(ids, d.item(s).ID)
	}
	return ids
}

// item reads the item whose bytes are text.
func (d *desk) item(text string) catalog.Item {
	d.Helper()
	it, err := catalog.One(d.Context(), d, catalog.Query{Collection: coll, SHA256: trove.Sum([]byte(text))})
	d.ok(err)
	return it
}

// texts makes n different texts.
func texts(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s %d", prefix, i)
	}
	return all
}

// commit gives numbers to the items.
func (d *desk) commit(k, first int, ids ...catalog.ItemID) error {
	c := catalog.Commitment{Collection: coll, K: k, First: first, Count: len(ids), Root: trove.Sum(fmt.Append(nil, k, ids)), LogSize: int64(k), Time: d.time}
	var items []catalog.Numbered
	for i, id := range ids {
		items = append(items, catalog.Numbered{Item: id, Opening: catalog.Opening{Root: trove.Sum([]byte{byte(i)}), Segments: i}})
	}
	return d.Commit(d.Context(), c, items)
}

// committed makes n items with numbers from 1.
func (d *desk) committed(n int) []catalog.ItemID {
	d.Helper()
	_, f := d.trove("first")
	ids := d.add(f, texts("text", n)...)
	d.ok(d.commit(1, 1, ids...))
	return ids
}

func (d *desk) items(q catalog.Query) (all []catalog.Item) {
	d.Helper()
	q.Collection = coll
	d.ok(d.Items(d.Context(), q, func(it *catalog.Item) error {
		all = append(all, *it)
		all[len(all)-1].Record = slices.Clone(it.Record)
		return nil
	}))
	return all
}

func (d *desk) occurrences(id catalog.ItemID) (all []trove.Occurrence) {
	d.Helper()
	d.ok(d.Occurrences(d.Context(), coll, id, func(_ catalog.ItemID, o *trove.Occurrence) error {
		all = append(all, *o)
		return nil
	}))
	return all
}

// count checks the items by state.
func (d *desk) count(want map[trove.State]int) {
	d.Helper()
	got, err := d.Count(d.Context(), coll)
	d.ok(err)
	if !maps.Equal(got, want) {
		d.Errorf("counts are %v, want %v", got, want)
	}
}

// acts checks the kinds of decisions so far.
func (d *desk) acts(want ...catalog.Act) {
	d.Helper()
	all, err := d.Decisions(d.Context(), coll)
	d.ok(err)
	var got []catalog.Act
	for _, x := range all {
		got = append(got, x.Act)
	}
	if !slices.Equal(got, want) {
		d.Errorf("decisions are %q, want %q", got, want)
	}
}

// sound checks the catalog's own check.
func (d *desk) sound() {
	d.Helper()
	found, err := d.Check(d.Context())
	d.ok(err)
	if len(found) > 0 {
		d.Errorf("check found %q", found)
	}
}
