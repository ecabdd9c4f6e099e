package segment

import (
	"context"
	"fmt"
	"testing"
	"time"

	"unseal/search"
	"unseal/search/searchtest"
)

// manySegments is an index of many small segments.
func manySegments(tb testing.TB, docs []*search.Doc) *Index {
	tb.Helper()
	var segs []*Segment
	for i := 0; i < len(docs); i += 25 {
		segs = append(segs, open(tb, build(tb, docs[i:min(len(docs), i+25)])))
	}
	return NewIndex(segs...)
}

var spelledProbes = []string{"harbour", "harbuor~1", "counsil~2", "budget", "from:mery~1", "subject:report", `"the harbour"`, `"the council" OR "of the"`,
	`"the harbour" -draft`, "har*", "body:the", "порт"}

func answersOf(t *testing.T, ix *Index) (out []string) {
	t.Helper()
	for _, text := range spelledProbes {
		res, err := ix.Search(t.Context(), search.Request{Query: parse(t, text), Sort: search.Relevance, Limit: 50, Snippets: 1})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s: %+v", text, res))
	}
	return out
}

// TestOneDictionaryFindsWhatManyFind asks before and after the dictionaries
// are joined, and with the work shared out.
func TestOneDictionaryFindsWhatManyFind(t *testing.T) {
	ix := manySegments(t, searchtest.Docs(41, 400))
	defer ix.Close()
	ix.words.once.Do(func() {}) // not yet
	apart := answersOf(t, ix)
	ix.words.made.Add(1)
	ix.joinWords()
	if len(ix.dictionaries()) != 1 {
		t.Fatal("the dictionaries were not joined")
	}
	joined := answersOf(t, ix)
	ix.heavy = 1
	shared := answersOf(t, ix)
	if len(ix.kept.order) == 0 {
		t.Error("no answer was kept")
	}
	again := answersOf(t, ix)
	for i := range apart {
		if joined[i] != apart[i] {
			t.Errorf("joined dictionaries answer\n%s\nnot\n%s", joined[i], apart[i])
		}
		if again[i] != apart[i] {
			t.Errorf("a kept answer is\n%s\nnot\n%s", again[i], apart[i])
		}
		if shared[i] != apart[i] {
			t.Errorf("a search shared out answers\n%s\nnot\n%s", shared[i], apart[i])
		}
	}
}

func TestSharedSearchesStopAtTheDeadline(t *testing.T) {
	ix := manySegments(t, searchtest.Docs(42, 400))
	defer ix.Close()
	ix.heavy = 1
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	res, err := ix.Search(late, search.Request{Query: parse(t, `"the harbour"`), Limit: 5})
	if err != nil || !res.Partial {
		t.Errorf("past the deadline: %+v, %v, want a partial answer", res, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Search(gone, search.Request{Query: parse(t, `"the harbour"`), Limit: 5}); err == nil {
		t.Error("a cancelled search answered")
	}
}

// TestClosingWaitsForTheDictionary closes at once after the joining began.
func TestClosingWaitsForTheDictionary(t *testing.T) {
	ix := manySegments(t, searchtest.Docs(43, 400))
	ix.dictionaries()
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if len(ix.dictionaries()) == 0 {
		t.Error("no dictionary is left")
	}
}

// TestKeptAnswersAreBounded keeps more than there is room for.
func TestKeptAnswersAreBounded(t *testing.T) {
	var k kept
	for i := range 100 {
		k.put(fmt.Sprint(i), []bitset{make(bitset, maxKept/8/10)})
	}
	if k.bytes > maxKept || len(k.sets) != len(k.order) || len(k.order) < 5 || k.get("99") == nil || k.get("0") != nil {
		t.Errorf("%d bytes in %d answers are kept", k.bytes, len(k.sets))
	}
	k.put("large", []bitset{make(bitset, maxKept/8/2)})
	if k.get("large") != nil {
		t.Error("half of the room was given to one answer")
	}
}
