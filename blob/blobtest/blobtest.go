// Package blobtest is the conformance suite of blob stores: every variant
// passes it.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"unseal/blob"
	"unseal/crash"
	"unseal/durable"
	"unseal/trove"
)

// Run runs the suite on stores that open makes, each new and empty.
func Run(t *testing.T, open func(t testing.TB) blob.Store) {
	for _, test := range []struct {
		name string
		fn   func(*testing.T, blob.Store)
	}{
		{"BytesComeBackUnderTheirDigest", testPut},
		{"EqualBytesAreOneBlob", testTwice},
		{"BatchIsThereAfterFlush", testBatch},
		{"MissingBlobIsNotFound", testNotFound},
		{"RemovedBlobIsGone", testRemove},
		{"FailedPutStoresNothing", testFailedPut},
		{"CancelledContextStopsPut", testCancel},
		{"OpenBlobsAreIndependent", testManyOpen},
		{"ManyMayReadAndWriteAtOnce", testConcurrent},
		{"SpansAreRead", testSpans},
	} {
		t.Run(test.name, func(t *testing.T) { test.fn(t, open(t)) })
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s blob.Store, text string) trove.Digest {
	t.Helper()
	d, n, err := s.Put(t.Context(), strings.NewReader(text))
	must(t, err)
	if d != trove.Sum([]byte(text)) || n != int64(len(text)) {
		t.Fatalf("put %d bytes, got digest %s of %d", len(text), d.Short(), n)
	}
	return d
}

// holds checks a blob's bytes.
func holds(t testing.TB, s blob.Store, text string) {
	t.Helper()
	d := trove.Sum([]byte(text))
	b, err := s.Open(t.Context(), d)
	must(t, err)
	defer b.Close()
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()+1))
	if err != nil || string(got) != text || b.Size() != int64(len(text)) {
		t.Errorf("blob %s holds %d other bytes, size %d (%v)", d.Short(), len(got), b.Size(), err)
	}
	must(t, blob.Check(t.Context(), s, d))
}

func all(t testing.TB, s blob.Store) (list []trove.Digest) {
	t.Helper()
	for d, err := range s.All(t.Context()) {
		must(t, err)
		list = append(list, d)
	}
	return list
}

// random is n bytes without a pattern.
func random(n int, seed byte) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return string(b)
}

func testPut(t *testing.T, s blob.Store) {
	var want []trove.Digest
	for i, n := range []int{0, 1, 1000, 1 << 20, 3<<20 + 17} {
		text := random(n, byte(i))
		want = append(want, put(t, s, text))
		holds(t, s, text)
	}
	slices.SortFunc(want, func(a, b trove.Digest) int { return bytes.Compare(a[:], b[:]) })
	if got := all(t, s); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for range s.All(t.Context()) {
		break // a walk may end early
	}
}

func testTwice(t *testing.T, s blob.Store) {
	for range 3 {
		put(t, s, "the same")
		holds(t, s, "the same")
	}
	b := s.NewBatch()
	_, err := b.Put(t.Context(), []byte("the same"))
	must(t, err)
	must(t, b.Flush())
	if n := len(all(t, s)); n != 1 {
		t.Errorf("%d blobs", n)
	}
}

func testBatch(t *testing.T, s blob.Store) {
	b := s.NewBatch()
	text := func(i int) string { return fmt.Sprintf("blob %d", i/2) } // each twice
	for i := range 300 {
		d, err := b.Put(t.Context(), []byte(text(i)))
		must(t, err)
		if d != trove.Sum([]byte(text(i))) {
			t.Fatal("another digest")
		}
	}
	must(t, b.Flush())
	for i := range 300 {
		holds(t, s, text(i))
	}
	if n := len(all(t, s)); n != 150 {
		t.Errorf("%d blobs", n)
	}
	must(t, s.NewBatch().Flush())
}

func testNotFound(t *testing.T, s blob.Store) {
	put(t, s, "another")
	d := trove.Sum([]byte("missing"))
	_, openErr := s.Open(t.Context(), d)
	_, readErr := blob.Read(t.Context(), s, blob.Span{Blob: d, Length: 1}, 10)
	for what, err := range map[string]error{"open": openErr, "read": readErr, "check": blob.Check(t.Context(), s, d), "remove": s.Remove(t.Context(), d)} {
		if !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func testRemove(t *testing.T, s blob.Store) {
	d := put(t, s, "to be removed")
	put(t, s, "to stay")
	b, err := s.Open(t.Context(), d)
	must(t, err)
	defer b.Close()
	must(t, s.Remove(t.Context(), d))
	if _, err := s.Open(t.Context(), d); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("after removal: %v, want ErrNotFound", err)
	}
	p := make([]byte, 2)
	if _, err := b.ReadAt(p, 0); err != nil || string(p) != "to" {
		t.Errorf("an open reader got %q, %v", p, err)
	}
	if got := all(t, s); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	put(t, s, "to be removed")
	holds(t, s, "to be removed")
}

func testFailedPut(t *testing.T, s blob.Store) {
	own := errors.New("my own")
	r := io.MultiReader(strings.NewReader(random(100_000, 1)), iotest.ErrReader(own))
	if _, _, err := s.Put(t.Context(), r); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	if got := all(t, s); len(got) > 0 {
		t.Errorf("stored %v", got)
	}
}

func testCancel(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Put(ctx, strings.NewReader("text")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	b := s.NewBatch()
	if _, err := b.Put(ctx, []byte("text")); !errors.Is(err, context.Canceled) {
		t.Errorf("put in a batch: %v", err)
	}
	must(t, b.Flush())
	if got := all(t, s); len(got) > 0 {
		t.Errorf("stored %v", got)
	}
}

func testManyOpen(t *testing.T, s blob.Store) {
	var open []blob.Blob
	text := func(i int) string { return fmt.Sprintf("blob number %d", i) }
	for i := range 100 {
		d := put(t, s, text(i))
		for range 2 {
			b, err := s.Open(t.Context(), d)
			must(t, err)
			open = append(open, b)
		}
		must(t, open[2*i].Close())
		must(t, open[2*i].Close()) // twice is once
	}
	for i := range 100 {
		got, err := io.ReadAll(io.NewSectionReader(open[2*i+1], 0, 100))
		if err != nil || string(got) != text(i) {
			t.Errorf("blob %d: %q, %v", i, got, err)
		}
		must(t, open[2*i+1].Close())
	}
	for i := range 100 {
		holds(t, s, text(i))
	}
}

func testConcurrent(t *testing.T, s blob.Store) {
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 30 {
				text := random(1000, byte((g+i)%40))
				d, _, err := s.Put(t.Context(), strings.NewReader(text))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := blob.Read(t.Context(), s, blob.Span{Blob: d, Length: 1000}, 1000)
				if err != nil || string(got) != text {
					t.Errorf("read back: %v", err)
				}
			}
		})
	}
	wait.Wait()
}

func testSpans(t *testing.T, s blob.Store) {
	text := "From a\nhello\n>From b\n"
	d := put(t, s, text)
	for _, test := range []struct {
		at, length int64
		rule       trove.Rule
		limit      int64
		want       string
		err        error
	}{
		{7, 14, trove.Verbatim, 14, "hello\n>From b\n", nil},
		{7, 14, trove.MboxRD, 14, "hello\nFrom b\n", nil},
		{0, 0, trove.Verbatim, 0, "", nil},
		{21, 0, trove.MboxRD, 0, "", nil},
		{7, 14, trove.MboxRD, 13, "", blob.ErrTooLarge},
		{7, 15, trove.Verbatim, 100, "", blob.ErrDamaged},
		{22, 0, trove.Verbatim, 100, "", blob.ErrDamaged},
		{1 << 62, 1 << 62, trove.Verbatim, 1<<63 - 1, "", blob.ErrDamaged},
	} {
		got, err := blob.Read(t.Context(), s, blob.Span{Blob: d, Offset: test.at, Length: test.length, Rule: test.rule}, test.limit)
		if string(got) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	for _, sp := range []blob.Span{{Blob: d, Offset: -1}, {Blob: d, Length: -1}} {
		if _, err := blob.Read(t.Context(), s, sp, 100); err == nil {
			t.Errorf("read %+v", sp)
		}
	}
}

// crashes is how many different crashes there are at each step.
func crashes() int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return 200
	}
	return 10
}

// RunCrash runs the suite's crashes and disk errors on a store that keeps its
// blobs in a [durable.FS]; name says under which name. It fails if a blob that
// was acknowledged is lost, or if one is there that has not its digest.
func RunCrash(t *testing.T, open func(fsys durable.FS) (blob.Store, error), name func(trove.Digest) string) {
	story := crash.Story{Run: func(fsys durable.FS, ack func(string, []byte)) error {
		s, err := open(fsys)
		if err != nil {
			return err
		}
		return work(s, func(text string) { ack(name(trove.Sum([]byte(text))), []byte(text)) })
	}}
	for what, try := range map[string]func(crash.Story) (crash.Result, error){
		"PowerLoss":  func(s crash.Story) (crash.Result, error) { return s.PowerLoss(crashes()) },
		"DiskErrors": crash.Story.Faults,
	} {
		t.Run(what, func(t *testing.T) {
			r, err := try(story)
			must(t, err)
			t.Log(r)
			if r.Bad > 0 {
				t.Errorf("%v; first: %v", r, r.First)
			}
		})
	}
	for what, wrap := range map[string]func(durable.FS) durable.FS{"NoSync": crash.WithoutSync, "NoDirSync": crash.WithoutDirSync} {
		t.Run("Control"+what, func(t *testing.T) {
			s := story
			s.Wrap = wrap
			if r, err := s.PowerLoss(3); err != nil || r.Bad == 0 {
				t.Errorf("not caught: %v, %v", r, err)
			}
		})
	}
}

// work puts blobs in both ways, some of them twice. Before it acknowledges, it
// looks at every blob that an earlier run left, which must be whole.
func work(s blob.Store, ack func(text string)) error {
	ctx := context.Background()
	for d, err := range s.All(ctx) {
		if err == nil {
			err = blob.Check(ctx, s, d)
		}
		if err != nil {
			return err
		}
	}
	for _, text := range []string{"one", random(300_000, 1), "one"} {
		if _, _, err := s.Put(ctx, strings.NewReader(text)); err != nil {
			return err
		}
		ack(text)
	}
	texts := []string{"two", "three", "one", "two"}
	b := s.NewBatch()
	for _, text := range texts {
		if _, err := b.Put(ctx, []byte(text)); err != nil {
			return errors.Join(err, b.Flush())
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	for _, text := range texts {
		ack(text)
	}
	return nil
}
