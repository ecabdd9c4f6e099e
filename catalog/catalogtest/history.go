package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"unseal/catalog"
	"unseal/trove"
)

// maxSteps is how long a history is, and vocabulary how many different items,
// mailboxes (troves) and so collisions it has.
const (
	maxSteps   = 25
	vocabulary = 12
	mailboxes  = 3
)

// testHistories lets random histories run on the catalog and on a model that
// says the same rules in the plainest way, and compares the two after each step.
func testHistories(t *testing.T, fresh func(t testing.TB) Opener) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory(rt, fresh(t))
		defer func() { h.c.Close() }()
		steps := []func(){h.ingest, h.ingest, h.excludeItem, h.excludeTrove, h.includeTrove, h.commit, h.plan, h.planRange, h.publish, h.publish, h.withhold, h.replace, h.redact, h.lift, h.withdraw, h.read, h.reopen}
		for range rapid.IntRange(1, maxSteps).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")()
			h.compare()
		}
	})
}

// model is what an item of a history should be. Its bytes say whether it can
// be read.
type model struct {
	troves   map[int]bool // where it occurs
	alone    bool         // excluded by itself
	number   int
	batch    int
	withheld string
	judged   int             // which replacement of its record stands; 0: that of intake
	hidden   map[string]bool // its redactions
	edition  int
	amended  bool
	gone     bool         // a tombstone
	read     trove.Digest // what reading it gave; zero if it was not read
}

type history struct {
	*rapid.T
	ctx      context.Context
	open     Opener
	c        catalog.Catalog
	troves   [mailboxes]catalog.Trove
	files    [mailboxes]catalog.File
	excluded [mailboxes]bool
	items    map[int]*model // by word of the vocabulary
	numbers  []int          // words by number - 1
	batches  []int          // by number - 1: editions that are out
	commits  int
	decided  int
}

func newHistory(rt *rapid.T, open Opener) *history {
	h := &history{T: rt, ctx: context.Background(), open: open, items: map[int]*model{}}
	h.reopen()
	h.ok(h.c.PutCollection(h.ctx, catalog.Collection{Name: coll}))
	for i := range mailboxes {
		h.begin(i)
	}
	return h
}

func (h *history) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// refused checks that err is nil or a conflict, as the model wants.
func (h *history) refused(err error, want bool) {
	h.Helper()
	if !want {
		h.ok(err)
	} else if !errors.Is(err, catalog.ErrConflict) {
		h.Fatalf("got %v, want a conflict", err)
	}
}

func (h *history) begin(i int) {
	path := fmt.Sprintf("trove %d", i)
	t, err := h.c.BeginTrove(h.ctx, catalog.Trove{Collection: coll, Path: path}, editor)
	h.ok(err)
	files, err := h.c.BeginFiles(h.ctx, t.ID, []catalog.File{{Path: "a.mbox", SHA256: trove.Sum([]byte(path))}})
	h.ok(err)
	h.troves[i], h.files[i] = t, files[0]
}

func (h *history) reopen() {
	if h.c != nil {
		h.ok(h.c.Close())
	}
	c, err := h.open(func() time.Time { return time.Unix(1e9, 0) })
	h.ok(err)
	h.c = c
}

func word(w int) string { return fmt.Sprintf("word %d", w) }

func readable(w int) bool { return w%4 != 0 }

func (h *history) trove() int { return rapid.IntRange(0, mailboxes-1).Draw(h.T, "trove") }

func (h *history) ingest() {
	i := h.trove()
	words := rapid.SliceOfN(rapid.IntRange(0, vocabulary-1), 1, 4).Draw(h.T, "words")
	chunk := catalog.Chunk{File: h.files[i]}
	for _, w := range words {
		n := newItem(h.files[i], word(w), int64(w)*100)
		if !readable(w) {
			n.State = trove.Unreadable
		}
		chunk.Items = append(chunk.Items, n)
	}
	added, err := h.c.AddChunks(h.ctx, []catalog.Chunk{chunk})
	h.refused(err, h.excluded[i])
	if err != nil {
		return
	}
	var want catalog.Added
	for _, w := range words {
		if h.items[w] == nil {
			h.items[w] = &model{troves: map[int]bool{}}
			want.Items++
		}
		if !h.items[w].troves[i] {
			h.items[w].troves[i] = true
			want.Occurrences++
		}
	}
	if added != want {
		h.Fatalf("added %+v, want %+v", added, want)
	}
}

// someItem draws a word that is an item, or -1.
func (h *history) someItem() int {
	w := rapid.IntRange(0, vocabulary-1).Draw(h.T, "word")
	if h.items[w] == nil {
		return -1
	}
	return w
}

func (h *history) id(w int) catalog.ItemID {
	it, err := catalog.One(h.ctx, h.c, catalog.Query{Collection: coll, SHA256: trove.Sum([]byte(word(w)))})
	h.ok(err)
	return it.ID
}

func (h *history) excludeItem() {
	w := h.someItem()
	if w < 0 {
		return
	}
	m := h.items[w]
	err := h.c.ExcludeItems(h.ctx, []catalog.ItemID{h.id(w)}, editor)
	h.refused(err, m.number > 0)
	if err == nil && !m.alone {
		m.alone = true
		h.decided++
	}
}

// lonely are the items that occur in trove i and in no other that is in.
func (h *history) lonely(i int) (all []*model) {
	for _, m := range h.items {
		alone := m.troves[i]
		for j := range m.troves {
			alone = alone && (j == i || h.excluded[j])
		}
		if alone {
			all = append(all, m)
		}
	}
	return all
}

func (h *history) excludeTrove() {
	i := h.trove()
	numbered := slices.ContainsFunc(h.lonely(i), func(m *model) bool { return m.number > 0 })
	err := h.c.ExcludeTrove(h.ctx, h.troves[i].ID, editor)
	h.refused(err, numbered && !h.excluded[i])
	if err == nil && !h.excluded[i] {
		h.excluded[i] = true
		h.decided++
	}
}

func (h *history) includeTrove() {
	i := h.trove()
	h.begin(i)
	if h.excluded[i] {
		h.excluded[i] = false
		h.decided++
	}
}

// out reports whether an item is excluded.
func (h *history) out(m *model) bool {
	if m.alone {
		return true
	}
	for i := range m.troves {
		if !h.excluded[i] {
			return false
		}
	}
	return true
}

func (h *history) commit() {
	var words []int
	for w, m := range h.items {
		if m.number == 0 && !h.out(m) {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return
	}
	slices.Sort(words)
	words = rapid.Permutation(words).Draw(h.T, "order")
	c := catalog.Commitment{Collection: coll, K: h.commits + 1, First: len(h.numbers) + 1, Count: len(words), Root: trove.Sum(fmt.Append(nil, h.commits))}
	var items []catalog.Numbered
	for _, w := range words {
		items = append(items, catalog.Numbered{Item: h.id(w)})
		h.numbers = append(h.numbers, w)
		h.items[w].number = len(h.numbers)
	}
	h.commits++
	h.ok(h.c.Commit(h.ctx, c, items))
	if rapid.Bool().Draw(h.T, "again") {
		h.ok(h.c.Commit(h.ctx, c, items))
	}
}

// free lists the numbers of a range that a batch may take.
func (h *history) free(from, to int) (all []*model) {
	for n := max(from, 1); n <= min(to, len(h.numbers)); n++ {
		w := h.numbers[n-1]
		if m := h.items[w]; m.batch == 0 && m.withheld == "" && readable(w) {
			all = append(all, m)
		}
	}
	return all
}

// batch puts items into the next batch.
func (h *history) batch(items []*model) {
	h.batches = append(h.batches, 0)
	for _, m := range items {
		m.batch = len(h.batches)
	}
}

func (h *history) plan() {
	every := rapid.IntRange(1, 5).Draw(h.T, "every")
	var want int
	for part := range slices.Chunk(h.free(1, len(h.numbers)), every) {
		h.batch(part)
		want++
	}
	got, err := h.c.PlanBatches(h.ctx, coll, every)
	h.ok(err)
	if len(got) != want {
		h.Fatalf("planned %d batches, want %d", len(got), want)
	}
}

func (h *history) someRange() (from, to int) {
	from = rapid.IntRange(0, vocabulary).Draw(h.T, "from")
	return from, from + rapid.IntRange(-1, 4).Draw(h.T, "more")
}

func (h *history) planRange() {
	from, to := h.someRange()
	free := h.free(from, to)
	_, err := h.c.PlanBatch(h.ctx, coll, from, to)
	h.refused(err, len(free) == 0)
	if err == nil {
		h.batch(free)
	}
}

func (h *history) publish() {
	if len(h.batches) == 0 {
		return
	}
	n := rapid.IntRange(1, len(h.batches)).Draw(h.T, "batch")
	edition, amended := h.batches[n-1], false
	for _, m := range h.items {
		amended = amended || m.batch == n && m.amended
	}
	if edition == 0 || amended {
		edition++
	}
	h.ok(h.c.MarkPublished(h.ctx, catalog.Batch{Collection: coll, Number: n, Edition: edition, Manifest: trove.Sum([]byte{byte(n), byte(edition)})}))
	for _, m := range h.items {
		if m.batch == n && h.batches[n-1] != edition && (edition == 1 || m.amended) {
			m.amended = false
			if !m.gone {
				m.edition++
			}
		}
	}
	h.batches[n-1] = edition
}

// redact hides something of one item, or of one that cannot be redacted.
func (h *history) redact() {
	w := h.someItem()
	if w < 0 {
		return
	}
	m, spec := h.items[w], rapid.SampledFrom([]string{"a", "b"}).Draw(h.T, "spec")
	err := h.c.Redact(h.ctx, coll, []catalog.Redaction{{Item: h.id(w), Reason: "privacy", Spec: spec}}, editor)
	h.refused(err, m.number == 0 || m.gone)
	if err != nil || m.hidden[spec] {
		return
	}
	if m.hidden == nil {
		m.hidden = map[string]bool{}
	}
	m.hidden[spec] = true
	m.amended = m.amended || h.published(m)
	h.decided++
}

func (h *history) lift() {
	from, to := h.someRange()
	h.ok(h.c.LiftRedactions(h.ctx, coll, from, to, editor))
	for _, m := range h.items {
		if m.number > 0 && m.number >= from && m.number <= to && len(m.hidden) > 0 && !m.gone {
			m.hidden = nil
			m.amended = m.amended || h.published(m)
			h.decided++
		}
	}
}

func (h *history) withdraw() {
	from, to := h.someRange()
	bad := from < 1 || to < from || to > len(h.numbers)
	var changed []*model
	for n := from; n <= to && !bad; n++ {
		m := h.items[h.numbers[n-1]]
		bad = !h.published(m)
		if !m.gone {
			changed = append(changed, m)
		}
	}
	h.refused(h.c.Withdraw(h.ctx, coll, from, to, "court", editor), bad)
	if bad || len(changed) == 0 {
		return
	}
	h.decided++
	for _, m := range changed {
		m.gone, m.amended = true, true
	}
}

func (h *history) published(m *model) bool { return m.batch > 0 && h.batches[m.batch-1] > 0 }

func (h *history) withhold() {
	from, to := h.someRange()
	code := rapid.SampledFrom([]string{"private", "legal", ""}).Draw(h.T, "code")
	bad := from < 1 || to < from || to > len(h.numbers)
	var changed []*model
	for n := from; n <= to && !bad; n++ {
		m := h.items[h.numbers[n-1]]
		bad = h.published(m)
		if m.withheld != code {
			changed = append(changed, m)
		}
	}
	err := h.c.Withhold(h.ctx, coll, from, to, code, editor)
	h.refused(err, bad)
	if bad || len(changed) == 0 {
		return
	}
	h.decided++
	for _, m := range changed {
		m.withheld = code
		if code != "" {
			m.batch = 0
		}
	}
}

func (h *history) replace() {
	w := h.someItem()
	if w < 0 {
		return
	}
	m, n := h.items[w], rapid.IntRange(1, 2).Draw(h.T, "judged")
	err := h.c.ReplaceRecords(h.ctx, coll, []catalog.RecordRow{{Item: h.id(w), Record: fmt.Append(nil, n)}}, editor)
	h.refused(err, h.published(m))
	if err == nil && m.judged != n {
		m.judged = n
		h.decided++
	}
}

// state is what the model wants.
func (h *history) state(w int) trove.State {
	m := h.items[w]
	switch {
	case m.number == 0 && h.out(m):
		return trove.Excluded
	case m.withheld != "":
		return trove.Withheld
	case m.gone:
		return trove.Tombstone
	case h.published(m):
		return trove.Published
	case !readable(w):
		return trove.Unreadable
	case m.number > 0:
		return trove.Committed
	}
	return trove.In
}

// compare looks at everything.
func (h *history) compare() {
	h.Helper()
	seen := 0
	h.ok(h.c.Items(h.ctx, catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		seen++
		for w, m := range h.items {
			if trove.Sum([]byte(word(w))) != it.SHA256 {
				continue
			}
			if it.Edition != m.edition || it.Amended != m.amended {
				h.Fatalf("%s is of edition %d, amended %t; want %+v", word(w), it.Edition, it.Amended, m)
			}
			if it.State != h.state(w) || it.Number != m.number || it.Batch != m.batch {
				h.Fatalf("%s is %s, number %d, batch %d; want %s and %+v", word(w), it.State, it.Number, it.Batch, h.state(w), m)
			}
			if got := string(it.Record); m.judged > 0 && got != fmt.Sprint(m.judged) {
				h.Fatalf("%s has record %s, want %d", word(w), got, m.judged)
			}
		}
		return nil
	}))
	decisions, err := h.c.Decisions(h.ctx, coll)
	h.ok(err)
	if seen != len(h.items) || len(decisions) != h.decided {
		h.Fatalf("%d items and %d decisions, want %d and %d", seen, len(decisions), len(h.items), h.decided)
	}
	found, err := h.c.Check(h.ctx)
	h.ok(err)
	if len(found) > 0 {
		h.Fatalf("check found %q", found)
	}
}
