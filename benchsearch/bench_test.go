package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/search"
	"unseal/search/segment"
	"unseal/trove"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// letters are a few mails of ours.
func letters() []*search.Doc {
	var docs []*search.Doc
	for i, body := range []string{
		"The harbour wall moved.\n> The wall of the quay\n", "Of the harbours, the quay-wall: no. 20150105\n",
		"harbor\n", "The council of Annex_7 met\n", "minutes of the harbour council\n",
	} {
		n := i + 1
		docs = append(docs, &search.Doc{Collection: collection, Number: n, Batch: 1, Edition: 1, Kind: trove.Mail,
			Date: time.Date(2015, 1, n, 0, 0, 0, 0, time.UTC), Subject: []string{"Harbour", "Wall", "error"}[i%3], Body: body,
			From: []trove.Address{{Name: "Mary Quay", Addr: "mary@example.org"}}, To: []trove.Address{{Addr: "john@example.net"}},
			MessageID: strings.Repeat("m", n) + "@example.org", Thread: trove.ThreadID("x"), Lang: "en", SHA256: trove.Sum([]byte(body))})
	}
	return docs
}

func asked(t *testing.T, text string) *question {
	t.Helper()
	q := &question{Text: text}
	must(t, q.parse())
	return q
}

func stored(t *testing.T, docs []*search.Doc) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mails")
	must(t, writeCorpus(name, docs))
	return name
}

// All engines, each asked in its own words, find what the naive scan finds.
func TestEnginesAndScanAgree(t *testing.T) {
	docs := letters()
	corpus := stored(t, docs)
	var questions []question
	for _, text := range []string{
		"harbour -annex -wall OR harbor OR (minutes council)", "wall", `"the quay" OR "wall moved"`, `of -moved`, "from:mary", "subject:harbour", "harbour -annex -wall OR harbor OR moved",
		"the", "the council OR moved", "subject:error OR council -annex", "harbor", "date:2015-01-02..2015-01-04 of",
	} {
		questions = append(questions, *asked(t, text))
	}
	scanned, err := scanAll(corpus, questions)
	must(t, err)
	for _, make := range engineNames {
		e := make(1, 2)
		dir := filepath.Join(t.TempDir(), "index")
		must(t, e.build(dir, enlarge(corpus, len(docs), 1, 2)))
		ix, err := e.open(dir)
		must(t, err)
		for i := range questions {
			got, err := ix.numbers(&questions[i])
			if errors.Is(err, errNoOperator) {
				continue
			}
			must(t, err)
			slices.Sort(got)
			if !slices.Equal(got, scanned[i]) {
				t.Errorf("%s: %s: %v, the scan finds %v", e.name(), questions[i].Text, got, scanned[i])
			}
			as := questions[i]
			as.asked = as.exact // the peers know no other spellings
			for _, how := range []variant{ranked, faceted} {
				ask, err := ix.prepare(&as, how)
				must(t, err)
				if n, err := ask(); err != nil || n != len(got) {
					t.Errorf("%s: %s: %d hits in all, want %d, %v", e.name(), questions[i].Text, n, len(got), err)
				}
			}
		}
		must(t, ix.Close())
	}
}

// No two runs of a question share an answer that the index kept, and they mean
// the same.
func TestRunsShareNoAnswer(t *testing.T) {
	root := asked(t, `("a b" OR c) -"d e"~3`).asked.Root
	one, two := unlike(root, 1), unlike(root, 2)
	if cmp := fmt.Sprintf("%+v", one.(search.And)[0].(search.Or)[0]); cmp == fmt.Sprintf("%+v", two.(search.And)[0].(search.Or)[0]) {
		t.Errorf("the same phrase again: %s", cmp)
	}
	if got := (&search.Query{Root: two}).String(); got != (&search.Query{Root: root}).String() {
		t.Errorf("it means %s", got)
	}
}

func TestPeersSayWhatTheyCannot(t *testing.T) {
	for _, text := range []string{"harbor~1", `"a b"~3`, "lang:en", "to:john"} {
		root := asked(t, text).exact.Root
		if _, _, err := ftsQuery(root); !errors.Is(err, errNoOperator) {
			t.Errorf("FTS5 takes %s: %v", text, err)
		}
		if _, err := notmuchQuery(root); !errors.Is(err, errNoOperator) {
			t.Errorf("notmuch takes %s: %v", text, err)
		}
	}
	got, err := notmuchQuery(asked(t, `(a OR subject:b) -"c d" after:1970 before:1970-01-02 reg*`).exact.Root)
	want := `(("a" or subject:"b") and not "c d" and date:@0..@86399 and reg*)`
	if err != nil || got != want {
		t.Errorf("notmuch is asked %s, want %s, %v", got, want, err)
	}
}

// An enlargement is in order of number and date, within the years of the
// original, and no two of its documents are the same.
func TestEnlargementsAreInOrder(t *testing.T) {
	docs := letters()
	corpus := stored(t, docs)
	var last *search.Doc
	ids, bodies, n := map[string]bool{}, map[string]bool{}, 0
	for d, err := range enlarge(corpus, len(docs), largest, 7) {
		must(t, err)
		n++
		if d.Number != n || d.Batch != 1+(n-1)/7 || last != nil && d.Date.Before(last.Date) || d.Date.Before(docs[0].Date) || d.Date.After(docs[4].Date) {
			t.Fatalf("document %d: number %d, batch %d, %v", n, d.Number, d.Batch, d.Date)
		}
		if last = d; strings.Contains(d.Body, "no.") {
			bodies[d.Body] = true
		}
		ids[d.MessageID+d.SHA256.String()] = true
	}
	if n != largest*len(docs) || len(ids) != n || len(bodies) != largest {
		t.Errorf("%d documents, %d Message-IDs, %d texts with numbers", n, len(ids), len(bodies))
	}
	if got := turn("call 12 or 1999, x", 3); got != "call 12 or 4222, x" {
		t.Errorf("turned: %s", got)
	}
}

func TestPagesAreFetchedOnce(t *testing.T) {
	data := make([]byte, 3*rangePage+100)
	x := &ranges{r: bytes.NewReader(data), size: int64(len(data)), have: map[int64]bool{}}
	for _, s := range []struct {
		off, n int64
		reads  int
		bytes  int64
	}{
		{0, 10, 1, rangePage}, {5, 100, 1, rangePage}, {2 * rangePage, 10, 2, 2 * rangePage},
		{0, 4 * rangePage, 4, 3*rangePage + 100}, {100, 3 * rangePage, 4, 3*rangePage + 100},
	} {
		if _, err := x.ReadAt(make([]byte, s.n), s.off); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if x.cost.Reads != s.reads || x.cost.Bytes != s.bytes {
			t.Errorf("at %d: %d requests, %d bytes, want %d and %d", s.off, x.cost.Reads, x.cost.Bytes, s.reads, s.bytes)
		}
	}
}

// What the abusers ask is allowed, or it would be refused and cost nothing.
func TestTheCostliestQueriesAreAllowed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	seen := map[string]bool{}
	for range 500 {
		u, err := url.Parse(costliest(r))
		must(t, err)
		q := u.Query().Get("q")
		if _, err := search.Parse(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if n := strings.Count(q, " OR "); n < 10 {
			t.Errorf("only %d clauses: %s", n+1, q)
		}
		seen[q] = true
	}
	if len(seen) < 450 {
		t.Errorf("only %d different queries", len(seen))
	}
}

func TestWordsOfLanguages(t *testing.T) {
	list := readWords(wordsText)
	for _, l := range list {
		if len(l.words) != 20 || analysers[l.lang] == "" {
			t.Errorf("%s: %d words, analyser %q", l.lang, len(l.words), analysers[l.lang])
		}
	}
	if len(list) != 5 {
		t.Errorf("%d languages", len(list))
	}
}

// A merged segment is the segment that is built of the same documents.
func TestMergedSegmentIsTheBuiltOne(t *testing.T) {
	docs := letters()
	corpus := stored(t, docs)
	dir, file := filepath.Join(t.TempDir(), "many"), filepath.Join(t.TempDir(), "one")
	must(t, segments{2, 2}.build(dir, enlarge(corpus, len(docs), 1, 2)))
	j := job{Dir: dir, File: file}
	_, err := j.merge()
	must(t, err)
	var built bytes.Buffer
	must(t, segment.Build(&built, enlarge(corpus, len(docs), 1, 2)))
	if readString(file) != built.String() {
		t.Error("the bytes differ")
	}
}

// The page's script runs under node and finds what ours finds.
func TestBrowserReaderIsCounted(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: node is not here")
	}
	var out bytes.Buffer
	docs := letters()
	must(t, segment.Build(&out, enlarge(stored(t, docs), len(docs), 1, 2)))
	b := &bench{ctx: t.Context(), dir: t.TempDir(), queries: []question{*asked(t, "harbour also:no"), *asked(t, `"the quay"`)}}
	file := filepath.Join(b.dir, "search.seg")
	must(t, os.WriteFile(file, out.Bytes(), 0o644))
	c, err := b.browserCosts(node, file, pageSnippets)
	must(t, err)
	if !slices.Equal(c.Totals, []int{3, 2}) {
		t.Errorf("totals %v", c.Totals)
	}
	if c.Opening.Reads == 0 || len(c.First) != 2 || c.First[0].Bytes < c.Opening.Bytes || len(c.Further) != 1 || c.First[0].Rounds == 0 {
		t.Errorf("%+v", c)
	}
}

func TestNumbersAreForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %s, want %s", n, got, want)
		}
	}
	list := times{3 * time.Millisecond, time.Millisecond, 200 * time.Millisecond, 12 * time.Millisecond}.sort()
	if got := list.cell(); got != "12.0 / 200 / 200" {
		t.Errorf("cell: %s", got)
	}
	if got := difference(asked(t, "a"), "theirs", []int{1, 2, 3, 4, 9}, []int{3, 7}); got != "`a`: only ours 4 (1, 2, 4), only theirs 1 (7)" {
		t.Errorf("difference: %s", got)
	}
	if (times{}).cell() != "-" {
		t.Error("no times have a cell")
	}
}

// The table of targets says "missed" where a figure is beyond its target, and
// "not measured" where there is none.
func TestVerdictsAreAsTheFigures(t *testing.T) {
	b := &bench{}
	b.targets.rate, b.targets.fuzzy, b.targets.memory = 41, 2*time.Millisecond, aimResident+1
	must(t, b.verdicts())
	for _, want := range []string{
		"| build | ≥ 40 MB of text a CPU second | 41.0 | met |", "| build beside bleve | ≥ 10 × |  | not measured |",
		"| fuzzy, one edit, p50 | ≤ 1 ms | 2.00 ms | **missed** |", "200 MB | **missed** |",
	} {
		if !strings.Contains(b.doc.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.doc.String())
		}
	}
}
