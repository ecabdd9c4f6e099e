package intake_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"unseal/catalog"
	"unseal/intake"
	"unseal/trove"
)

// joinedAs is what Join says of an item; the one it is a copy of by its path.
type joinedAs struct {
	thread, copyOf string
	number         int
}

// joins lists what Join recorded, by path.
func (d *desk) joins() map[string]joinedAs {
	d.t.Helper()
	places := d.places(coll)
	path := map[catalog.ItemID]string{}
	for _, p := range places {
		path[p.item.ID] = p.Path
	}
	all := map[string]joinedAs{}
	for _, p := range places {
		all[p.Path] = joinedAs{p.item.Thread, path[p.item.CopyOf], p.item.Number}
	}
	return all
}

// number commits to the items at the paths, in this order.
func (d *desk) number(k int, paths ...string) {
	d.t.Helper()
	ctx := context.Background()
	id := map[string]catalog.ItemID{}
	first := 1
	for _, p := range d.places(coll) {
		id[p.Path] = p.item.ID
		first = max(first, p.item.Number+1)
	}
	items := make([]catalog.Numbered, len(paths))
	for i, p := range paths {
		items[i] = catalog.Numbered{Item: id[p], Opening: catalog.Opening{Root: trove.Sum([]byte(p)), Segments: 1}}
	}
	must(d.t, d.cat.Commit(ctx, catalog.Commitment{Collection: coll, K: k, First: first, Count: len(items), Root: trove.Digest{byte(k)}, LogSize: int64(k), Time: time.Unix(1e9, 0)}, items))
}

func (d *desk) wantJoins(want map[string]joinedAs) {
	d.t.Helper()
	got := d.joins()
	for path, w := range want {
		if got[path] != w {
			d.t.Errorf("%s: %+v, want %+v", path, got[path], w)
		}
	}
	if len(got) != len(want) {
		d.t.Errorf("%d items, want %d", len(got), len(want))
	}
}

func refs(ids string) string { return "References: " + ids + "\n" }

// Readers of the first batches know the threads by their names. A supplement
// that brings the root above one, a link between two, an answer to either,
// changes nothing for what is numbered and joins what comes later to it.
func TestASupplementNeitherRenamesNorSplitsAThread(t *testing.T) {
	d := newDesk(t)
	d.take(folder(t, "b", letter("b"), "b1", letter("b1", refs("<b@example.org>")), "x", letter("x"), "late", letter("late", refs("<b@example.org>"))))
	b, x := trove.ThreadID("b@example.org"), trove.ThreadID("x@example.org")
	d.number(1, "x", "b1", "b") // "late" stays without a number
	fixed := map[string]joinedAs{"x": {x, "", 1}, "b1": {b, "", 2}, "b": {b, "", 3}}
	with := func(more map[string]joinedAs) map[string]joinedAs {
		all := maps.Clone(fixed)
		maps.Copy(all, more)
		return all
	}
	d.wantJoins(with(map[string]joinedAs{"late": {thread: b}}))

	// x answers m in its own words, so that m's tree is x's; m answers b, so
	// that all are one tree with the root a above.
	d.take(folder(t, "a", letter("a"),
		"link", letter("link", refs("<a@example.org> <b@example.org>")),
		"bridge", letter("bridge", refs("<a@example.org> <b@example.org> <x@example.org>")),
		"other", letter("other"), "other1", letter("other1", refs("<other@example.org>"))))
	other := trove.ThreadID("other@example.org")
	// The lowest number in the tree of a, b and x is x's.
	want := with(map[string]joinedAs{"late": {thread: x}, "a": {thread: x}, "link": {thread: x}, "bridge": {thread: x},
		"other": {thread: other}, "other1": {thread: other}})
	d.wantJoins(want)
	must(t, intake.Join(context.Background(), d.cat, coll))
	d.wantJoins(want) // the second time as the first

	d.number(2, "late", "a", "link", "bridge", "other", "other1")
	d.take(folder(t, "root of other", letter("root", "Message-ID: <never@example.org>\n"), "above", letter("above", refs("<root@example.org> <other@example.org>"))))
	got := d.joins()
	if got["other"].thread != other || got["root of other"].thread != other || got["above"].thread != other {
		t.Errorf("a root that comes later: %+v", got)
	}
}

// Without numbers nothing is fixed yet: the same material has the same names,
// in whatever order it came.
func TestBeforeCommitTheOrderOfDeliveriesDoesNotMatter(t *testing.T) {
	first := folder(t, "b", letter("b", refs("<a@example.org>")))
	second := folder(t, "a", letter("a"))
	one, two := newDesk(t), newDesk(t)
	one.take(first)
	one.take(second)
	two.take(second, first)
	a := trove.ThreadID("a@example.org")
	for _, d := range []*desk{one, two} {
		d.wantJoins(map[string]joinedAs{"a": {thread: a}, "b": {thread: a}})
	}
}

func TestACopyOfWhatIsNumberedStaysWhatItIs(t *testing.T) {
	mail := letter("m")
	copied := func(n string) string { return "X-Copy: " + n + "\n" + mail }
	d := newDesk(t)
	d.take(folder(t, "1", mail, "2", copied("2")))
	d.wantJoins(map[string]joinedAs{"1": {thread: trove.ThreadID("m@example.org")}, "2": {trove.ThreadID("m@example.org"), "1", 0}})
	d.number(1, "2", "1") // the copy has the lower number
	d.take(folder(t, "0", copied("0"), "3", copied("3")))
	m := trove.ThreadID("m@example.org")
	d.wantJoins(map[string]joinedAs{"1": {m, "", 2}, "2": {m, "1", 1}, "0": {m, "1", 0}, "3": {m, "1", 0}})
}

// An item that was taken out, and came back after others were numbered, has a
// lower id than they; it is their copy all the same.
func TestWhatComesBackIsACopyOfWhatIsNumbered(t *testing.T) {
	ctx := context.Background()
	mail := letter("m")
	early := folder(t, "early", "X-Copy: early\n"+mail)
	d := newDesk(t)
	d.take(early)
	troves, err := d.cat.Troves(ctx, coll)
	must(t, err)
	must(t, d.cat.ExcludeTrove(ctx, troves[0].ID, catalog.Author{Who: "test", Why: "test"}))
	d.take(folder(t, "kept", mail))
	d.number(1, "kept")
	d.take(early)
	m := trove.ThreadID("m@example.org")
	d.wantJoins(map[string]joinedAs{"kept": {m, "", 1}, "early": {m, "kept", 0}})
}

func TestMailWithoutAnIDIsAloneOrInTheThreadItAnswers(t *testing.T) {
	noID := func(more string) string {
		return "From: x@example.org\nTo: anna@example.org\nSubject: no id\n" + more + "\nx\n"
	}
	d := newDesk(t)
	d.take(folder(t, "alone", noID(""), "answer", noID(refs("<a@example.org>")), "a", letter("a")))
	a := trove.ThreadID("a@example.org")
	d.wantJoins(map[string]joinedAs{"alone": {}, "answer": {thread: a}, "a": {thread: a}})
	d.number(1, "alone", "answer", "a")
	must(t, intake.Join(context.Background(), d.cat, coll))
	d.wantJoins(map[string]joinedAs{"alone": {number: 1}, "answer": {a, "", 2}, "a": {a, "", 3}})
}

// TestRecordingsOfOneCallAreAThread: what reading found joins items that are no
// mails; those that name nothing stand alone.
func TestRecordingsOfOneCallAreAThread(t *testing.T) {
	d := newDesk(t)
	d.take(folder(t, "1.txt", "one", "2.txt", "two", "3.txt", "three", "m.eml", letter("m")))
	change := func(path, record, id string) {
		t.Helper()
		it, _ := d.named(path)
		must(t, d.cat.SetOutcomes(context.Background(), coll, []catalog.OutcomeRow{{Outcome: catalog.Outcome{Item: it.ID, Stage: "read", State: catalog.ReadDone},
			Change: &catalog.Change{Kind: trove.Voice, Record: []byte(record), MessageID: id}}}))
	}
	change("1.txt", `{"kind":"voice","message_id":"call-11@test","from":[{"address":"+1555"}]}`, "call-11@test")
	change("2.txt", `{"kind":"voice","references":["call-11@test"],"from":[{"address":"+1555"}]}`, "")
	must(t, intake.Join(context.Background(), d.cat, coll))
	call := trove.ThreadID("call-11@test")
	d.wantJoins(map[string]joinedAs{"1.txt": {thread: call}, "2.txt": {thread: call}, "3.txt": {}, "m.eml": {thread: trove.ThreadID("m@example.org")}})
	people, err := d.cat.People(context.Background(), coll)
	must(t, err)
	if len(people) != 3 || people[0].Address != "+1555" || people[0].Sent != 2 {
		t.Errorf("people are %+v", people)
	}
}
