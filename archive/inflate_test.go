package archive

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"
	"pgregory.net/rapid"
)

// packings packs b in many ways: by two encoders, at all levels.
func packings(tb testing.TB, b []byte) (list [][]byte) {
	tb.Helper()
	for level := flate.HuffmanOnly; level <= 9; level++ {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, level)
		must(tb, err)
		must(tb, func() error { _, err := w.Write(b); return err }())
		must(tb, w.Close())
		list = append(list, packed.Bytes())
		var std bytes.Buffer
		sw, err := stdflate.NewWriter(&std, level)
		must(tb, err)
		must(tb, func() error { _, err := sw.Write(b); return err }())
		must(tb, sw.Close())
		list = append(list, std.Bytes())
	}
	return list
}

func TestInflateUndoesEveryPacking(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	random := make([]byte, 70_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 200_000) // long codes
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 9)
	}
	p := newPress(t, 1, 1)
	contents := [][]byte{nil, {7}, []byte("aaaaaaaaaaaaaaaaaaaaaaaa"), bytes.Repeat([]byte("ab"), 40_000), random, skewed, p.content(13), p.content(14)}
	f := new(inflater)
	for i, want := range contents {
		for j, packed := range packings(t, want) {
			out := make([]byte, len(want))
			if err := f.inflate(out, packed); err != nil || !bytes.Equal(out, want) {
				t.Errorf("content %d, packing %d: %v", i, j, err)
			}
			for _, size := range []int{len(want) - 1, len(want) + 1} {
				if size >= 0 && f.inflate(make([]byte, size), packed) == nil {
					t.Errorf("content %d, packing %d: inflates to %d bytes as well", i, j, size)
				}
			}
			if f.inflate(out, append(bytes.Clone(packed), 0)) == nil {
				t.Errorf("content %d, packing %d: with a byte behind it", i, j)
			}
			if f.inflate(out, packed[:len(packed)-1]) == nil {
				t.Errorf("content %d, packing %d: without its last byte", i, j)
			}
		}
	}
}

func TestInflateUndoesAnyContent(t *testing.T) {
	f := new(inflater)
	rapid.Check(t, func(rt *rapid.T) {
		alphabet := rapid.IntRange(1, 256).Draw(rt, "alphabet")
		bytesOf := rapid.Map(rapid.IntRange(0, alphabet-1), func(i int) byte { return byte(i) })
		piece := rapid.SliceOfN(bytesOf, 0, 300).Draw(rt, "piece")
		want := bytes.Repeat(piece, rapid.IntRange(1, 8).Draw(rt, "times"))
		want = append(want, rapid.SliceOfN(bytesOf, 0, 3000).Draw(rt, "tail")...)
		for i, packed := range packings(t, want) {
			out := make([]byte, len(want))
			if err := f.inflate(out, packed); err != nil || !bytes.Equal(out, want) {
				rt.Fatalf("packing %d: %v", i, err)
			}
		}
	})
}

// agree fails if packed inflates to other bytes than the standard library's.
func agree(tb testing.TB, packed []byte, size int) {
	out := make([]byte, size)
	if new(inflater).inflate(out, packed) != nil {
		return
	}
	r := bytes.NewReader(packed)
	want, err := io.ReadAll(stdflate.NewReader(r))
	if err != nil || !bytes.Equal(out, want) {
		tb.Fatalf("%x: %v", packed, fmt.Sprint("inflates to other bytes: ", err))
	}
}

func TestInflateOfDamagedInputAgreesOrFails(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	p := newPress(t, 1, 1)
	for n := range 40 {
		want := p.content(n)
		for _, packed := range packings(t, want) {
			for range 40 {
				bad := bytes.Clone(packed)
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
				agree(t, bad, len(want)+r.IntN(3)-1)
			}
		}
	}
}

func FuzzInflate(f *testing.F) {
	for _, packed := range packings(f, []byte("From: ada@example.org\nSubject: quay\n\nquay quay quay wall")) {
		f.Add(packed, uint16(56))
	}
	f.Fuzz(func(t *testing.T, packed []byte, size uint16) { agree(t, packed, int(size)) })
}
