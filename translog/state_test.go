package translog

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/proof"
	"unseal/trove"
)

// keySeed makes the same test keys each run.
type keySeed byte

func (k keySeed) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(k)
	}
	return len(b), nil
}

func testKey(tb testing.TB, name string, seed byte) (note.Signer, string) {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(keySeed(seed), name)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, vkey
}

const testOrigin = "demo.example.org/log"

// genesis begins the log whose key has the seed 1.
func genesis(tb testing.TB, change ...func(*Genesis)) Entry {
	tb.Helper()
	signer, vkey := testKey(tb, testOrigin, 1)
	e := Genesis{LogKey: vkey, Origin: testOrigin}
	for _, fn := range change {
		fn(&e)
	}
	return signed(tb, e, signer)
}

func signed(tb testing.TB, e Entry, signers ...note.Signer) Entry {
	tb.Helper()
	e, err := Sign(e, signers...)
	must(tb, err)
	return e
}

func commitment(count int) proof.Commitment {
	return proof.Commitment{
		Collection: "mail", Count: count, First: 1, K: 1, Root: trove.Sum([]byte("root")), Rule: proof.WordsRule,
		Inventory: trove.Sum([]byte("inventory")), Time: time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC),
	}
}

func item(n, batch, edition int) proof.Item {
	return proof.Item{Batch: batch, Collection: "mail", Edition: edition, Number: n, Shown: trove.Sum(fmt.Append(nil, n, edition))}
}

func index(n int) Index {
	return Index{Files: map[string]trove.Digest{"unseal.json": trove.Sum(fmt.Append(nil, n))}}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// replayed applies entries to a fresh state, an index entry behind each
// commitment; the error is that of the last.
func replayed(tb testing.TB, entries ...Entry) (*State, error) {
	tb.Helper()
	s := &State{}
	for i, e := range append([]Entry{genesis(tb)}, entries...) {
		if err := s.Apply(e.Append(nil)); err != nil {
			if i < len(entries) {
				tb.Fatalf("entry %d: %v", i, err)
			}
			return s, err
		}
		if _, ok := e.(proof.Commitment); ok {
			must(tb, s.Apply(index(0).Append(nil)))
		}
	}
	return s, nil
}

// committed counts the commitments among entries.
func committed(entries []Entry) (n int) {
	for _, e := range entries {
		if _, ok := e.(proof.Commitment); ok {
			n++
		}
	}
	return n
}

func batch(n, edition, items int) Batch {
	return Batch{Batch: n, Collection: "mail", Edition: edition, Items: items, Manifest: trove.Sum(fmt.Append(nil, n, edition))}
}

func held(first, last int, reason string) Withheld {
	return Withheld{Collection: "mail", First: first, Last: last, Reason: reason}
}

func tomb(n int) Tombstone { return Tombstone{Collection: "mail", Number: n, Reason: "court-order"} }

func TestLegalHistoryAddsUp(t *testing.T) {
	second := commitment(5)
	second.K, second.First, second.Previous = 2, 11, commitment(10).Root
	s, err := replayed(t, commitment(10),
		held(1, 3, "privacy"), held(4, 4, "unreadable"), item(5, 1, 1), item(6, 1, 1), batch(1, 1, 2),
		item(1, 2, 1), batch(2, 1, 1), held(2, 2, "source"), item(5, 1, 2), batch(1, 2, 2), tomb(6), batch(1, 3, 1), item(4, 3, 1), batch(3, 1, 1),
		second, item(15, 4, 1), batch(4, 1, 1), index(1))
	must(t, err)
	c := s.Collection("mail")
	got := c.Account()
	want := Account{Committed: 15, Published: 4, Tombstones: 1, NotOut: 8, Withheld: map[string]int{"privacy": 1, "source": 1}}
	if got.Published != want.Published || got.Tombstones != 1 || got.NotOut != 8 || got.Committed != 15 || got.Unreadable != 0 || !maps.Equal(got.Withheld, want.Withheld) {
		t.Errorf("%+v, want %+v", got, want)
	}
	st, _ := c.Number(5)
	if st.State != trove.Published || st.Edition != 2 || st.Batch != 1 || st.BatchEdition != 3 || st.Shown != item(5, 1, 2).Shown || st.Index != 11 {
		t.Errorf("%+v", st)
	}
	if st, _ := c.Number(6); st.State != trove.Tombstone || st.Reason != "court-order" {
		t.Errorf("%+v", st)
	}
	if st, _ := c.Number(3); st.State != trove.Withheld || st.Reason != "privacy" {
		t.Errorf("%+v", st)
	}
	if _, ok := c.Number(16); ok {
		t.Error("a number that is not committed to")
	}
	if k := c.Commitment(10).K; k != 1 {
		t.Errorf("number 10 is in commitment %d", k)
	}
	if k := c.Commitment(11).K; k != 2 {
		t.Errorf("number 11 is in commitment %d", k)
	}
	if len(c.Batches) != 6 || len(s.Open()) != 0 || !s.Indexed || len(s.Collections()) != 1 {
		t.Errorf("batches %+v, open %v", c.Batches, s.Open())
	}
}

func TestIllegalTransitionsAreRefused(t *testing.T) {
	later := func(change func(*proof.Commitment)) proof.Commitment {
		c := commitment(5)
		c.K, c.First, c.Previous = 2, 11, commitment(10).Root
		change(&c)
		return c
	}
	noRule := commitment(10)
	noRule.Rule = ""
	late := commitment(10)
	late.First = 2
	huge := commitment(maxNumbers + 1)
	out := []Entry{commitment(10), item(5, 1, 1), batch(1, 1, 1)}
	for what, entries := range map[string][]Entry{
		"second genesis":              {genesis(t)},
		"item of no collection":       {item(1, 1, 1)},
		"batch of no collection":      {batch(1, 1, 0)},
		"withheld of no collection":   {held(1, 1, "privacy")},
		"no rule":                     {noRule},
		"first number missing":        {late},
		"too many numbers":            {huge},
		"number beyond the end":       {commitment(10), item(11, 1, 1)},
		"edition twice":               append(out, item(5, 1, 1)),
		"edition twice, other batch":  append(out, item(5, 2, 1)),
		"gap in editions":             append(out, item(5, 1, 3)),
		"edition in another batch":    append(out, item(5, 2, 2)),
		"first edition is not 1":      {commitment(10), item(5, 1, 2)},
		"twice in a batch":            {commitment(10), item(5, 1, 1), item(5, 1, 2)},
		"tombstone in an open batch":  {commitment(10), item(5, 1, 1), tomb(5)},
		"withheld after it was out":   append(out, held(4, 6, "privacy")),
		"withheld twice":              {commitment(10), held(1, 3, "privacy"), held(3, 4, "privacy")},
		"withheld beyond the end":     {commitment(10), held(9, 11, "privacy")},
		"withheld backwards":          {commitment(10), held(3, 2, "privacy")},
		"withheld from zero":          {commitment(10), held(0, 2, "privacy")},
		"bad reason":                  {commitment(10), held(1, 2, "Privacy!")},
		"no reason":                   {commitment(10), held(1, 2, "")},
		"too many withheld":           {commitment(200_000), held(1, 100_001, "privacy")},
		"tombstone of what is not":    {commitment(10), tomb(5)},
		"tombstone of a withheld one": {commitment(10), held(5, 5, "privacy"), tomb(5)},
		"tombstone twice":             append(out, tomb(5), tomb(5)),
		"tombstone, new edition":      append(out, item(5, 1, 2), tomb(5)),
		"item after its tombstone":    append(out, tomb(5), item(5, 1, 2)),
		"item after tombstone closed": append(out, tomb(5), batch(1, 2, 0), item(5, 1, 2)),
		"withheld after tombstone":    append(out, tomb(5), held(5, 5, "privacy")),
		"batch states fewer":          {commitment(10), item(5, 1, 1), batch(1, 1, 0)},
		"batch states new ones alone": append(out, item(6, 1, 1), batch(1, 2, 1)),
		"batch counts a tombstone":    append(out, tomb(5), batch(1, 2, 1)),
		"batch counts one twice":      append(out, item(5, 1, 2), batch(1, 2, 2)),
		"batch edition twice":         append(out, batch(1, 1, 1)),
		"gap in batch editions":       append(out, batch(1, 3, 1)),
		"batch number 0":              {commitment(10), batch(0, 1, 0)},
		"commitment twice":            {commitment(10), commitment(10)},
		"supplement overlaps":         {commitment(10), later(func(c *proof.Commitment) { c.First = 10 })},
		"supplement with a gap":       {commitment(10), later(func(c *proof.Commitment) { c.First = 12 })},
		"supplement of another":       {commitment(10), later(func(c *proof.Commitment) { c.Previous = trove.Sum(nil) })},
		"supplement out of order":     {commitment(10), later(func(c *proof.Commitment) { c.K = 3 })},
		"index outside":               {Index{Files: map[string]trove.Digest{"../unseal.json": {}}}},
	} {
		s, err := replayed(t, entries...)
		if !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if s.Size != int64(len(entries)+committed(entries[:len(entries)-1])) {
			t.Errorf("%s: a refused entry counts", what)
		}
	}
	s := &State{}
	if err := s.Apply(commitment(1).Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("a log without genesis: %v", err)
	}
}

// What a collection is fixed to is covered by a checkpoint before anything of
// it is out.
func TestNoItemIsInTheCheckpointOfItsCommitment(t *testing.T) {
	second := commitment(5)
	second.K, second.First, second.Previous = 2, 11, commitment(10).Root
	first := []Entry{genesis(t), commitment(10)}
	told := append(first[:2:2], index(0), item(1, 1, 1), batch(1, 1, 1))
	for what, c := range map[string]struct {
		before []Entry
		n      int
		ok     bool
	}{
		"no index entry":                     {first, 1, false},
		"other entries between":              {append(first[:2:2], held(5, 6, "privacy"), batch(1, 1, 0)), 1, false},
		"an index entry":                     {append(first[:2:2], index(0)), 1, true},
		"an index entry long ago":            {told, 10, true},
		"supplement, no index entry":         {append(told[:5:5], second), 11, false},
		"supplement, number of the first":    {append(told[:5:5], second), 10, true},
		"supplement, an index entry":         {append(told[:5:5], second, index(1)), 11, true},
		"supplement, an index entry, others": {append(told[:5:5], second, index(1), item(2, 2, 1), batch(2, 1, 1)), 15, true},
	} {
		s := &State{}
		for _, e := range c.before {
			must(t, s.Apply(e.Append(nil)))
		}
		if err := s.Apply(item(c.n, 9, 1).Append(nil)); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A hostile log is replayed before any signature is looked at.
func TestMemoryIsBoundedByTheLengthOfALog(t *testing.T) {
	s, err := replayed(t, commitment(maxNumbers))
	must(t, err)
	s.slots = maxSlots - 2*chunkSize // as if other numbers had taken the rest
	must(t, s.Apply(held(1, 2*chunkSize, "privacy").Append(nil)))
	for what, e := range map[string]Entry{
		"a range":        held(2*chunkSize+1, 4*chunkSize, "privacy"),
		"a number":       item(maxNumbers, 1, 1),
		"a range beyond": held(2*chunkSize, 2*chunkSize+1, "source"),
	} {
		if err := s.Apply(e.Append(nil)); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, s.Apply(held(1, 9, "source").Append(nil)))
	must(t, s.Apply(item(2*chunkSize, 1, 1).Append(nil)))
	if st, _ := s.Collection("mail").Number(2*chunkSize + 1); st.State != trove.Committed {
		t.Errorf("what was refused left %+v", st)
	}
	s.Size += chunkSize / maxEach // a longer log may take more
	must(t, s.Apply(item(2*chunkSize+1, 1, 1).Append(nil)))
}

func TestNumbersOfAllCollectionsAreBounded(t *testing.T) {
	s, err := replayed(t)
	must(t, err)
	next := commitment(maxNumbers)
	for i := range maxAll / maxNumbers {
		next.Collection = trove.CollectionName(fmt.Sprintf("mail-%d", i))
		must(t, s.Apply(next.Append(nil)))
	}
	next.Collection, next.Count = "more", 1
	if err := s.Apply(next.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("%v", err)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	s, err := replayed(t, commitment(1))
	must(t, err)
	for i := range maxReasons {
		must(t, s.Apply(held(1, 1, fmt.Sprintf("r-%d", i)).Append(nil)))
	}
	if err := s.Apply(held(1, 1, "one-more").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("%v", err)
	}
}

func TestReleaseSignaturesAreCounted(t *testing.T) {
	a, aKey := testKey(t, "a.example.org", 2)
	b, bKey := testKey(t, "b.example.org", 3)
	stranger, _ := testKey(t, "c.example.org", 4)
	quorum := func(g *Genesis) { g.ReleaseKeys, g.ReleaseQuorum = []string{aKey, bKey}, 2 }
	altered := signed(t, batch(1, 1, 1), a, b).(Batch)
	altered.Manifest[0] ^= 1
	for what, c := range map[string]struct {
		e  Entry
		ok bool
	}{
		"both":                {signed(t, batch(1, 1, 1), a, b), true},
		"both, other order":   {signed(t, batch(1, 1, 1), b, a), true},
		"both and a stranger": {signed(t, batch(1, 1, 1), a, stranger, b), true},
		"none":                {batch(1, 1, 1), false},
		"one":                 {signed(t, batch(1, 1, 1), a), false},
		"one twice":           {signed(t, batch(1, 1, 1), a, a), false},
		"one and a stranger":  {signed(t, batch(1, 1, 1), a, stranger), false},
		"a stranger":          {signed(t, batch(1, 1, 1), stranger), false},
		"of another manifest": {altered, false},
	} {
		s := &State{}
		for _, e := range []Entry{genesis(t, quorum), commitment(10), index(0), item(1, 1, 1)} {
			must(t, s.Apply(e.Append(nil)))
		}
		if err := s.Apply(c.e.Append(nil)); (err == nil) != c.ok {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// everyEntry is one of each type.
func everyEntry(tb testing.TB) []Entry {
	signer, vkey := testKey(tb, testOrigin, 2)
	key := Key{Effective: 1, Keys: []string{vkey}, Role: RoleLog}
	notice := Notice{Kind: "cut-off", Number: 1, Text: trove.Sum(nil)}
	return []Entry{genesis(tb), commitment(5), item(1, 2, 3), held(1, 2, "privacy"), tomb(1), batch(1, 1, 1), index(1),
		signed(tb, key, signer), signed(tb, notice, signer)}
}

func TestEntriesHaveOneForm(t *testing.T) {
	for _, e := range everyEntry(t) {
		line := e.Append(nil)
		back, err := Parse(line)
		must(t, err)
		if !bytes.Equal(back.Append(nil), line) {
			t.Errorf("%s reads back as %s", line, back.Append(nil))
		}
		s := string(line)
		for what, bad := range map[string]string{
			"space":         strings.Replace(s, ":", ": ", 1),
			"line end":      s + "\n",
			"unknown field": strings.Replace(s, "{", `{"a":1,`, 1),
			"field twice":   strings.Replace(s, "}", `,"type":"x"}`, 1),
			"escape":        strings.Replace(s, `"type"`, `"typ\u0065"`, 1),
			"not ASCII":     strings.Replace(s, `"type":"`, `"type":"ä`, 1),
			"other type":    strings.Replace(s, `"type":"`, `"type":"x`, 1),
			"cut":           s[:len(s)-1],
			"null":          "null",
			"long":          s + strings.Repeat(" ", MaxEntry),
		} {
			if _, err := Parse([]byte(bad)); err == nil {
				t.Errorf("%s accepted: %.200s", what, bad)
			}
		}
	}
}

func FuzzEntry(f *testing.F) {
	for _, e := range everyEntry(f) {
		f.Add(e.Append(nil))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Parse(line)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Append(nil), line) {
			t.Fatalf("two forms of one entry: %q and %q", line, e.Append(nil))
		}
		s, err := replayed(t, commitment(5), item(1, 1, 1))
		must(t, err)
		_ = s.Apply(line) // must not panic, whatever it says
	})
}
