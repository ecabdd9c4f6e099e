package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/search"
	"unseal/search/searchtest"
)

// small is a segment of a few generated documents.
func small(tb testing.TB) Bytes {
	return build(tb, searchtest.Docs(3, 60)[:20])
}

func TestSameDocumentsGiveTheSameBytes(t *testing.T) {
	docs := searchtest.Docs(5, 300)
	a, b := build(t, docs), build(t, docs)
	if !bytes.Equal(a, b) {
		t.Error("two builds differ")
	}
	if c := build(t, docs[:299]); bytes.Equal(a, c) {
		t.Error("other documents gave the same bytes")
	}
}

// TestEveryFlippedBitIsRefused flips one bit at a time: Check must refuse the
// file each time.
func TestEveryFlippedBitIsRefused(t *testing.T) {
	data := small(t)
	if err := Check(data, int64(len(data))); err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	for i := 0; i < len(data); i += step {
		bad := slices.Clone(data)
		bad[i] ^= 1 << (i % 8)
		if err := Check(bad, int64(len(bad))); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of %d flipped: %v, want ErrDamaged", i, len(data), err)
		}
	}
}

// TestFlippedBitsNeverChangeAnswers searches files with one flipped bit: the
// answer is an error or the right one.
func TestFlippedBitsNeverChangeAnswers(t *testing.T) {
	data := small(t)
	want := answers(t, data)
	rnd := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 600 {
		bad := slices.Clone(data)
		bad[rnd.IntN(len(bad))] ^= 1 << rnd.IntN(8)
		if got := answers(t, bad); got != want {
			if !strings.HasPrefix(got, "refused") {
				t.Fatalf("a damaged segment answers\n%s\nnot\n%s", got, want)
			}
			refused++
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

var probes = []string{"", "harbour", `"the harbour"`, "har*", "harbuor~1", "subject:budget own:x", "from:mary@example.org", `body:"of the"~5`,
	"(budget OR council) -draft", "after:2011-03 type:pdf has:attachment", "quoted:harbour OR sha256:00000000 OR msgid:a@b", "in:mail batch:1 is:valid"}

// answers asks a segment everything the engine can do.
func answers(tb testing.TB, data Bytes) string {
	tb.Helper()
	s, err := Open(data, int64(len(data)))
	if err != nil {
		return refusal(tb, err)
	}
	ix := NewIndex(s)
	var out strings.Builder
	for i, text := range probes {
		q, err := search.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		r := search.Request{Query: q, Sort: []search.Sort{search.Newest, search.Relevance, search.Number}[i%3], Limit: 10, Snippets: 2,
			Facets: []string{search.FacetPerson, search.FacetYear, search.FacetType}, FoldCopies: i%2 == 0}
		res, err := ix.Search(tb.Context(), r)
		if err != nil {
			return refusal(tb, err)
		}
		fmt.Fprintf(&out, "%+v\n", res)
	}
	if _, err := ix.Text(tb.Context(), "mail", 3); err != nil {
		return refusal(tb, err)
	}
	return out.String()
}

func refusal(tb testing.TB, err error) string {
	tb.Helper()
	if !errors.Is(err, ErrDamaged) && !errors.Is(err, search.ErrNotFound) && !strings.Contains(err.Error(), "format version") {
		tb.Fatalf("refused with %v, want ErrDamaged", err)
	}
	return "refused: " + err.Error()
}

func TestTruncatedAndForeignFilesAreRefused(t *testing.T) {
	data := small(t)
	for _, bad := range []Bytes{nil, {}, data[:10], data[:len(data)-1], data[1:], append(slices.Clone(data), 0), bytes.Repeat([]byte("x"), 5000)} {
		if _, err := Open(bad, int64(len(bad))); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes: %v, want ErrDamaged", len(bad), err)
		}
	}
	if _, err := Open(data, int64(len(data))+5); err == nil {
		t.Error("a wrong size opened")
	}
}

// resealed corrects the checksums after the content was changed: what a file
// made wrong on purpose looks like.
func resealed(data Bytes) Bytes {
	t, ok := readTrailer(data[len(data)-trailerSize:], int64(len(data)))
	if !ok {
		return data
	}
	s := &Segment{at: t.head, head: slices.Clone(data[t.head : t.head+t.size])}
	body := slices.Clone(data[:t.head])
	sums, tops := s.sec[secSums], []byte(nil)
	if s.openTable() == nil {
		sums = s.sec[secSums]
		tops, _ = s.own(secTops)
	}
	if sums.off > 0 && sums.off+sums.size == t.head {
		var p pageWriter
		p.w = io.Discard
		p.Write(body[:sums.off])
		copy(body[sums.off:], p.sums())
		copy(tops, topsOf(body[sums.off:]))
	}
	t.sum = crc(s.head)
	return append(append(body, s.head...), t.append(nil)...)
}

// TestFilesMadeWrongNeverPanic changes bytes at random and corrects the
// checksums: anything may be answered, but nothing may panic or hang.
func TestFilesMadeWrongNeverPanic(t *testing.T) {
	data := small(t)
	rnd := rand.New(rand.NewPCG(4, 4))
	rounds := 1500
	if testing.Short() {
		rounds = 200
	}
	opened := 0
	for range rounds {
		bad := slices.Clone(data[:len(data)-trailerSize])
		for range 1 + rnd.IntN(6) {
			at := rnd.IntN(len(bad))
			if rnd.IntN(2) == 0 { // the smaller sections lie at the end
				at = len(bad) - 1 - rnd.IntN(len(bad)/4)
			}
			bad[at] = byte(rnd.Uint32())
		}
		if answersOfWrong(t, resealed(append(bad, data[len(data)-trailerSize:]...))) {
			opened++
		}
	}
	if opened < rounds/10 {
		t.Errorf("only %d of %d files made wrong could be opened", opened, rounds)
	}
}

// answersOfWrong is answers for a file that may claim anything. It reports
// whether the file could be opened at all.
func answersOfWrong(tb testing.TB, data Bytes) bool {
	s, err := Open(data, int64(len(data)))
	if err != nil {
		return false
	}
	ix := NewIndex(s)
	for i, text := range probes {
		q, err := search.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		_, _ = ix.Search(tb.Context(), search.Request{Query: q, Sort: []search.Sort{search.Newest, search.Relevance, search.Number, search.Oldest}[i%4],
			Limit: 10, Snippets: 2, Facets: []string{search.FacetPerson, search.FacetYear, search.FacetType}, FoldCopies: i%2 == 0})
	}
	for n := range 5 {
		_, _ = ix.Text(tb.Context(), "mail", n)
	}
	return true
}

func FuzzSegment(f *testing.F) {
	data := small(f)
	f.Add([]byte(data), uint32(0), byte(0))
	f.Add([]byte(data), uint32(len(data)/2), byte(7))
	f.Fuzz(func(t *testing.T, b []byte, at uint32, x byte) {
		b = slices.Clone(b)
		if len(b) > trailerSize {
			b[int(at)%len(b)] ^= x
		}
		answersOfWrong(t, resealedAny(b))
	})
}

// resealedAny is resealed for bytes that may be no segment at all.
func resealedAny(b []byte) Bytes {
	if len(b) < trailerSize {
		return b
	}
	return resealed(b)
}

// slowReader hides everything but ReadAt and counts.
type slowReader struct {
	b     Bytes
	reads int
	fail  error
}

func (r *slowReader) ReadAt(p []byte, off int64) (int, error) {
	r.reads++
	if r.fail != nil {
		return 0, r.fail
	}
	return r.b.ReadAt(p, off)
}

func TestReaderAtAndMemoryMapAnswerAlike(t *testing.T) {
	docs := searchtest.Docs(9, 200)
	data := build(t, docs)
	file := filepath.Join(t.TempDir(), "search.seg")
	plain := open(t, data)
	asked, err := Open(&slowReader{b: data}, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	maps := mapped(t, file, data)
	ixs := []*Index{NewIndex(plain), NewIndex(asked), NewIndex(maps)}
	for _, text := range probes {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var first string
		for i, ix := range ixs {
			res, err := ix.Search(t.Context(), search.Request{Query: q, Sort: search.Relevance, Limit: 20, Snippets: 2, Facets: []string{search.FacetBatch}})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%+v", res); i == 0 {
				first = got
			} else if got != first {
				t.Errorf("%s: reader %d answers otherwise", text, i)
			}
		}
	}
	for _, ix := range ixs {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := maps.Close(); err == nil {
		t.Error("a map was closed twice without a word")
	}
}

func TestErrorsOfTheReaderComeBack(t *testing.T) {
	data := small(t)
	broken := errors.New("disk on fire")
	if _, err := Open(&slowReader{b: data, fail: broken}, int64(len(data))); !errors.Is(err, broken) {
		t.Errorf("open: %v, want the reader's error", err)
	}
	r := &slowReader{b: data}
	s, err := Open(r, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r.fail = broken
	q, _ := search.Parse("harbour")
	if _, err := NewIndex(s).Search(t.Context(), search.Request{Query: q, Limit: 1}); !errors.Is(err, broken) {
		t.Errorf("search: %v, want the reader's error", err)
	}
	if err := Check(r, int64(len(data))); !errors.Is(err, broken) {
		t.Errorf("check: %v, want the reader's error", err)
	}
}

func TestErrorsOfDocumentsAndWritersComeBack(t *testing.T) {
	broken := errors.New("no more documents")
	err := Build(io.Discard, func(yield func(*search.Doc, error) bool) { yield(nil, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("build: %v, want the error of the documents", err)
	}
	full := errors.New("disk is full")
	for room := 0; room < 6000; room += 997 {
		if err := Build(&narrow{room, full}, each(searchtest.Docs(1, 50))); !errors.Is(err, full) {
			t.Errorf("build into %d bytes: %v, want the writer's error", room, err)
		}
	}
}

// narrow takes so many bytes and then fails.
type narrow struct {
	room int
	err  error
}

func (n *narrow) Write(p []byte) (int, error) {
	if n.room -= len(p); n.room < 0 {
		return 0, n.err
	}
	return len(p), nil
}

func TestOddDocumentsAreIndexed(t *testing.T) {
	long := strings.Repeat("x", 200_000) + " " + strings.Repeat("word ", 100_000) + "needle"
	docs := []*search.Doc{
		{Collection: "mail", Number: 1},
		{Collection: "mail", Number: 2, Subject: "\xff\xfe bad \x00 bytes", Body: "caf\xe9 \xf0\x28 end\n>\n>> quoted\n"},
		{Collection: "mail", Number: 3, Body: long, Files: []search.File{{Name: strings.Repeat("n", 5000), Text: long}}},
		{Collection: "mail", Number: 4, Body: ">only quoted"},
	}
	data := build(t, docs)
	ix := NewIndex(open(t, data))
	for text, want := range map[string]int{"": 4, "needle": 1, "bad": 1, "quoted:only": 1, "own:only": 0, "quoted:quoted": 2,
		`"word needle"`: 1, "filename:nnn*": 1, "end": 1} {
		q, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := ix.Search(t.Context(), search.Request{Query: q, Limit: 10, Snippets: 3})
		if err != nil || res.Total != want {
			t.Errorf("%q: %+v, %v, want %d", text, res, err, want)
		}
	}
	if s, err := ix.Text(context.Background(), "mail", 3); err != nil || s != long {
		t.Errorf("a long text came back as %d bytes, %v", len(s), err)
	}
}
