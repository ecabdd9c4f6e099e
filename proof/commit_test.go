package proof

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"unseal/trove"
)

var (
	testContext = Context{Origin: "demo.example.org/log", Collection: "mail", Number: 7, Kind: trove.Mail}
	testSecret  = Secret{1, 2, 3}
)

// wordsByPattern cuts a line that is not base64 the slow way.
var wordsByPattern = regexp.MustCompile(`(?s)^[^0-9A-Za-z._'\x80-\xff-]*[0-9A-Za-z._'\x80-\xff-]*[^0-9A-Za-z._'\x80-\xff-]*`)

// plainSegments is WordsRule written a second time, over latin-1 so that
// patterns see bytes.
func plainSegments(content []byte) (lens []uint16) {
	for line := range bytes.Lines(content) {
		body := bytes.TrimSuffix(line, []byte("\n"))
		if len(body) < len(line) {
			body = bytes.TrimSuffix(body, []byte("\r"))
		}
		if regexp.MustCompile(`^[0-9A-Za-z+/=]{40,}$`).Match(body) && !bytes.HasSuffix(body, []byte("\n")) {
			for len(line) > 0 {
				n := min(len(line), 1000)
				lens, line = append(lens, uint16(n)), line[n:]
			}
			continue
		}
		for first := true; len(line) > 0; first = false {
			part := line[:min(64, len(line))]
			n := wordRun(part, first)
			lens, line = append(lens, uint16(n)), line[n:]
		}
	}
	return lens
}

func wordRun(part []byte, first bool) int {
	runes := make([]rune, len(part))
	for i, c := range part {
		runes[i] = rune(c)
	}
	text := string(runes)
	if !first {
		text = "w" + text // the pattern's leading run must be empty
	}
	n := len([]rune(wordsByPattern.FindString(text)))
	if !first {
		n--
	}
	return n
}

func fast(o Opening, c Context, content []byte) trove.Digest {
	leaf, _ := o.Fast(c, content)
	return leaf
}

func anyContent() *rapid.Generator[[]byte] {
	piece := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9+/=]{30,120}\r?\n?`),
		rapid.StringMatching(`[ >.,:<-]{0,80}`),
		rapid.StringMatching(`([a-z]{1,9}[ ,.]{1,2}){1,20}\n`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 200), func(b []byte) string { return string(b) }),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 12), func(s []string) []byte { return []byte(strings.Join(s, "")) })
}

func TestSegmentsAreThoseOfTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := anyContent().Draw(t, "content")
		got, want := segments(content, nil), plainSegments(content)
		if len(got) != len(want) {
			t.Fatalf("%d segments, the rule gives %d: %v, %v", len(got), len(want), got, want)
		}
		sum := 0
		for i := range got {
			sum += int(got[i])
			if got[i] != want[i] || got[i] == 0 || got[i] > 1000 {
				t.Fatalf("segment %d has %d bytes, the rule gives %d", i, got[i], want[i])
			}
		}
		if sum != len(content) {
			t.Fatalf("segments hold %d of %d bytes", sum, len(content))
		}
	})
}

// plainRoot hashes the tree of segments as the specification words it.
func plainRoot(parts [][]byte, seed []byte) [32]byte {
	if len(parts) == 0 {
		return sha256.Sum256(nil)
	}
	if len(parts) == 1 {
		return sha256.Sum256(bytes.Join([][]byte{{0}, seed, parts[0]}, nil))
	}
	k := 1
	for 2*k < len(parts) {
		k *= 2
	}
	both := sha256.Sum256(append([]byte{2}, seed...))
	return tlog.NodeHash(plainRoot(parts[:k], both[:16]), plainRoot(parts[k:], both[16:]))
}

func TestTreeIsThatOfTheSpecification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := anyContent().Draw(t, "content")
		var parts [][]byte
		rest := content
		for _, n := range segments(content, nil) {
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		s := testSecret.Item("mail", 7)
		_, o := Commit(testContext, s, content)
		if want := plainRoot(parts, s.Seed[:]); o.Root != want {
			t.Fatalf("root %x, want %x", o.Root, want)
		}
	})
}

func TestCommitmentOpensBothWaysAndForNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := anyContent().Draw(t, "content")
		want, o := Commit(testContext, testSecret.Item("mail", 7), content)
		if fast(o, testContext, content) != want {
			t.Fatal("fast opening differs")
		}
		if err := o.Deep(content); err != nil {
			t.Fatal(err)
		}
		other := append(bytes.Clone(content), 'x')
		if at := rapid.IntRange(0, len(content)).Draw(t, "at"); at < len(content) {
			other = bytes.Clone(content)
			other[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if fast(o, testContext, other) == want {
			t.Fatal("fast opening for other bytes")
		}
		if err := o.Deep(other); !errors.Is(err, ErrMismatch) {
			t.Fatalf("deep opening for other bytes: %v", err)
		}
	})
}

func TestCommitmentIsBoundToItsPlace(t *testing.T) {
	content := []byte("Subject: harbour\n\nThe quay wall moves.\n")
	want, o := Commit(testContext, testSecret.Item("mail", 7), content)
	for what, c := range map[string]Context{
		"origin":     {"demo.example.net/log", "mail", 7, trove.Mail},
		"collection": {"demo.example.org/log", "mails", 7, trove.Mail},
		"number":     {"demo.example.org/log", "mail", 8, trove.Mail},
		"kind":       {"demo.example.org/log", "mail", 7, trove.File},
	} {
		if fast(o, c, content) == want {
			t.Errorf("another %s gives the same commitment", what)
		}
	}
	if _, p := Commit(testContext, testSecret.Item("mail", 8), content); p.Seed == o.Seed || p.Salt == o.Salt {
		t.Error("two items share a secret")
	}
}

func TestHalvesThatDisagreeAreCaughtByDeep(t *testing.T) {
	mine, other := []byte("what is shown"), []byte("what the tree is of")
	s := testSecret.Item("mail", 7)
	_, lie := Commit(testContext, s, other)
	logged := fast(lie, testContext, mine) // salted digest of one, tree of the other
	if fast(lie, testContext, mine) != logged {
		t.Fatal("the fast opening is not meant to see this")
	}
	if err := lie.Deep(mine); !errors.Is(err, ErrMismatch) {
		t.Fatalf("deep opening: %v", err)
	}
	_, honest := Commit(testContext, s, mine)
	honest.Segments++
	if err := honest.Deep(mine); !errors.Is(err, ErrMismatch) {
		t.Fatalf("another count: %v", err)
	}
	honest.Rule = "unseal-words-9"
	if err := honest.Deep(mine); !errors.Is(err, ErrMismatch) {
		t.Fatalf("another rule: %v", err)
	}
}

func TestHashOfABlockEqualsSum256(t *testing.T) {
	if !stateIsSum {
		t.Error("this Go release has another form of marshalled state: hashing is right, but slow")
	}
	w := newSegmentTree()
	for n := range 60 {
		content := bytes.Repeat([]byte("a"), n)
		if n == 0 {
			continue
		}
		got := w.root(content, []uint16{uint16(n)}, Seed{9})
		if want := plainRoot([][]byte{content}, append([]byte{9}, make([]byte, 15)...)); got != want {
			t.Errorf("segment of %d bytes: %x, want %x", n, got, want)
		}
	}
}

func TestCommitDoesNotAllocatePerSegment(t *testing.T) {
	content := []byte(strings.Repeat("one word after another\n", 20_000))
	s := testSecret.Item("mail", 7)
	if n := testing.AllocsPerRun(5, func() { Commit(testContext, s, content) }); n > 200 {
		t.Errorf("%v allocations for 80,000 segments", n)
	}
}

func TestInventoryDoesNotDependOnOrder(t *testing.T) {
	a, b, c := trove.Sum([]byte("a")), trove.Sum([]byte("b")), trove.Sum([]byte("c"))
	want := testSecret.Inventory("mail", 1, []trove.Digest{a, b, c})
	if got := testSecret.Inventory("mail", 1, []trove.Digest{c, a, b}); got != want {
		t.Error("another order, another inventory")
	}
	for _, other := range []trove.Digest{
		testSecret.Inventory("mail", 2, []trove.Digest{a, b, c}),
		testSecret.Inventory("post", 1, []trove.Digest{a, b, c}),
		testSecret.Inventory("mail", 1, []trove.Digest{a, b}),
		Secret{}.Inventory("mail", 1, []trove.Digest{a, b, c}),
	} {
		if other == want {
			t.Error("another trove, the same inventory")
		}
	}
}
