package segment

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"unseal/search"
	"unseal/search/searchtest"
)

func merged(tb testing.TB, segs ...*Segment) Bytes {
	tb.Helper()
	var out bytes.Buffer
	if err := Merge(&out, segs...); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestMergingEqualsBuilding cuts documents at random, builds the pieces and
// merges them, some of them twice: the bytes must be those of one build.
func TestMergingEqualsBuilding(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for round, docs := range [][]*search.Doc{goldenDocs(), searchtest.Docs(31, 600), searchtest.Docs(32, 40), searchtest.Docs(33, 1), nil} {
		want := build(t, docs)
		for range 6 {
			var segs []*Segment
			for rest := docs; ; {
				n := rnd.IntN(1 + min(len(rest), 200))
				segs = append(segs, open(t, build(t, rest[:n])))
				if rest = rest[n:]; len(rest) == 0 {
					break
				}
			}
			if got := merged(t, segs...); !bytes.Equal(got, want) {
				t.Fatalf("round %d: merging %d segments gives other bytes than building", round, len(segs))
			}
			cut := rnd.IntN(1 + len(segs))
			left, right := open(t, merged(t, segs[:cut]...)), open(t, merged(t, segs[cut:]...))
			if got := merged(t, left, right); !bytes.Equal(got, want) {
				t.Fatalf("round %d: merging what was merged gives other bytes", round)
			}
		}
	}
}

// TestMergingOverRanges merges segments that are read by calls.
func TestMergingOverRanges(t *testing.T) {
	docs := searchtest.Docs(34, 300)
	var segs []*Segment
	for _, part := range [][]*search.Doc{docs[:120], docs[120:]} {
		data := build(t, part)
		s, err := Open(&slowReader{b: data}, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		segs = append(segs, s)
	}
	if !bytes.Equal(merged(t, segs...), build(t, docs)) {
		t.Error("merging over ranges gives other bytes than building")
	}
}

// TestMergingDamageIsRefused merges segments of which one has a flipped bit:
// the error says so, or the bit did not matter.
func TestMergingDamageIsRefused(t *testing.T) {
	docs := searchtest.Docs(35, 60)
	good, data := open(t, build(t, docs[:30])), build(t, docs[30:])
	want := build(t, docs)
	rnd := rand.New(rand.NewPCG(8, 8))
	for range 300 {
		bad := bytes.Clone(data)
		bad[rnd.IntN(len(bad))] ^= 1 << rnd.IntN(8)
		s, err := Open(Bytes(bad), int64(len(bad)))
		if err != nil {
			continue
		}
		var out bytes.Buffer
		if err := Merge(&out, good, s); err == nil && !bytes.Equal(out.Bytes(), want) || err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("merging damage: %v", err)
		}
	}
}
