package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"unseal/trove"
)

// seededReader is an endless stream of bytes for test keys, the same each run.
type seededReader struct{ n uint64 }

func (r *seededReader) Read(b []byte) (int, error) {
	r.n++
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, r.n))
	return copy(b, sum[:]), nil
}

func testKey(tb testing.TB, name string) (note.Signer, string) {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(&seededReader{}, name)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, vkey
}

// memoryTree is an RFC 6962 tree of leaf hashes.
type memoryTree []tlog.Hash

func (m *memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = (*m)[x]
	}
	return out, nil
}

func (m *memoryTree) add(tb testing.TB, n int64, h tlog.Hash) {
	hs, err := tlog.StoredHashesForRecordHash(n, h, m)
	if err != nil {
		tb.Fatal(err)
	}
	*m = append(*m, hs...)
}

func (m *memoryTree) root(tb testing.TB, n int64) trove.Digest {
	h, err := tlog.TreeHash(n, m)
	if err != nil {
		tb.Fatal(err)
	}
	return trove.Digest(h)
}

func (m *memoryTree) path(tb testing.TB, n, i int64) Path {
	p, err := tlog.ProveRecord(n, i, m)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// testProof makes a log with a collection of count items, in which item number
// is published, and its proof file.
func testProof(tb testing.TB, count, number int, content []byte) (*File, string) {
	tb.Helper()
	return testProofAt(tb, count, number, content, 1)
}

// testProofAt is testProof with the place of the commitment in the log.
func testProofAt(tb testing.TB, count, number int, content []byte, commitment int64) (*File, string) {
	tb.Helper()
	c := testContext
	c.Number = number
	leaf, opening := Commit(c, testSecret.Item("mail", number), content)
	var place memoryTree
	for i := range count {
		h := tlog.RecordHash(binary.BigEndian.AppendUint32(nil, uint32(i)))
		if i == number-1 {
			h = tlog.Hash(leaf)
		}
		place.add(tb, int64(i), h)
	}
	f := &File{Kind: c.Kind, Seed: opening.Seed, Salt: opening.Salt, CommitmentIndex: commitment, ItemIndex: int64(number + 2), Place: place.path(tb, int64(count), int64(number-1))}
	f.Item = Item{Batch: 1 + number/2500, Collection: "mail", Edition: 1, Number: number, Shown: Salted(opening.Salt, content)}
	f.Commitment = Commitment{
		Collection: "mail", Count: count, First: 1, K: 1, Root: place.root(tb, int64(count)), Rule: WordsRule,
		Inventory: trove.Sum([]byte("inventory")), Time: time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC),
	}
	return testLog(tb, f, int64(count+10))
}

// testLog puts the entries of f into a log of that size, signs it, and fills
// in the paths.
func testLog(tb testing.TB, f *File, size int64) (*File, string) {
	tb.Helper()
	signer, vkey := testKey(tb, testContext.Origin)
	var log memoryTree
	for i := range size {
		h := tlog.RecordHash(binary.BigEndian.AppendUint32(nil, uint32(-i)))
		switch i {
		case f.CommitmentIndex:
			h = tlog.RecordHash(f.Commitment.Append(nil))
		case f.ItemIndex:
			h = tlog.RecordHash(f.Item.Append(nil))
		}
		log.add(tb, i, h)
	}
	f.ItemPath, f.CommitmentPath = log.path(tb, size, f.ItemIndex), log.path(tb, size, f.CommitmentIndex)
	msg, err := note.Sign(&note.Note{Text: FormatCheckpoint(testContext.Origin, size, log.root(tb, size))}, signer)
	if err != nil {
		tb.Fatal(err)
	}
	if f.Checkpoint, err = ParseCheckpoint(msg); err != nil {
		tb.Fatal(err)
	}
	return f, vkey
}

var testContent = []byte("From: ada@example.org\nSubject: quay\n\nThe wall moves by 3 mm a year.\n")

func TestProofFileVerifiesOffline(t *testing.T) {
	for _, count := range []int{1, 2, 3, 255, 256, 257, 1000} {
		for _, number := range []int{1, (count + 1) / 2, count} {
			f, vkey := testProof(t, count, number, testContent)
			back, err := Parse(f.Format())
			if err != nil {
				t.Fatal(err)
			}
			s, err := Verify(back, testContent, vkey)
			if err != nil {
				t.Fatalf("%d of %d: %v", number, count, err)
			}
			if !s.KeyKnown || s.Item.Number != number || s.Commitment.Count != count || s.Origin != testContext.Origin || s.Kind != trove.Mail {
				t.Errorf("statement %+v", s)
			}
		}
	}
}

// refused reports an altered proof that passes.
func refused(tb interface{ Fatalf(string, ...any) }, what string, text, content []byte, vkey string) {
	f, err := Parse(text)
	if err != nil {
		return
	}
	if s, err := Verify(f, content, vkey); err == nil || (!errors.Is(err, ErrMismatch) && !errors.Is(err, ErrKey)) || s.KeyKnown {
		tb.Fatalf("%s: accepted as %+v (%v)", what, s, err)
	}
}

func TestAnyAlteredByteOfAProofIsRefused(t *testing.T) {
	f, vkey := testProof(t, 300, 123, testContent)
	text := f.Format()
	for i := range text {
		for bit := range 8 {
			other := bytes.Clone(text)
			other[i] ^= 1 << bit
			refused(t, string(text[:i]), other, testContent, vkey)
		}
		refused(t, "cut", text[:i], testContent, vkey)
	}
	for i := range testContent {
		other := bytes.Clone(testContent)
		other[i] ^= 4
		refused(t, "content", text, other, vkey)
	}
	refused(t, "one byte more", append(bytes.Clone(text), '\n'), testContent, vkey)
}

// A proof file comes from a stranger: what is none costs no more than its bytes
// a few times over.
func TestWhatIsNoProofFileCostsLittle(t *testing.T) {
	const rest = "\nx\nx\nx\nx\nx\n\n"
	for what, text := range map[string]string{
		"lines": fileFormat + strings.Repeat("\n", MaxFile-100) + "\n\n",
		"words": fileFormat + "\nitem" + strings.Repeat(" ", MaxFile-100) + rest,
		"runs":  fileFormat + "\nx\nx\nx\nx\nredacted 1 x x " + strings.Repeat(",", MaxFile-100) + " x x\nx\n\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: accepted", what)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*MaxFile {
			t.Errorf("%s: %d bytes of text took %d bytes", what, len(text), took)
		}
	}
}

func TestAForgedProofIsRefused(t *testing.T) {
	f, vkey := testProof(t, 300, 123, testContent)
	rapid.Check(t, func(t *rapid.T) {
		g := *f
		what := rapid.SampledFrom([]string{"number", "collection", "edition", "batch", "shown", "inventory", "count", "first", "k", "time", "swap", "path", "short", "long", "index", "kind", "seed", "salt", "redacted"}).Draw(t, "what")
		e, c := &g.Item, &g.Commitment
		n := rapid.IntRange(1, 400).Draw(t, "n")
		switch what {
		case "number":
			e.Number += n
		case "collection":
			e.Collection, c.Collection = "post", "post"
		case "edition":
			e.Edition += n
		case "batch":
			e.Batch += n
		case "shown":
			e.Shown[n%32] ^= 1
		case "inventory":
			c.Inventory[n%32] ^= 1
		case "count":
			c.Count += n
		case "first":
			c.First += n
		case "k":
			c.K += n
		case "time":
			c.Time = c.Time.Add(time.Duration(n) * time.Second)
		case "swap":
			g.ItemPath, g.CommitmentPath = g.CommitmentPath, g.ItemPath
		case "path":
			g.Place = append(Path{}, g.Place...)
			g.Place[n%len(g.Place)][n%32] ^= 1
		case "short":
			g.ItemPath = g.ItemPath[:n%len(g.ItemPath)]
		case "long":
			g.Place = append(append(Path{}, g.Place...), g.ItemPath[n%len(g.ItemPath)])
		case "index":
			g.ItemIndex += int64(n)
		case "kind":
			g.Kind = trove.Doc
		case "seed":
			g.Seed[n%16] ^= 1
		case "salt":
			g.Salt[n%16] ^= 1
		case "redacted":
			g.Redacted = &Rendition{Rule: WordsRule, Segments: n, Hidden: []Hidden{{Count: n}}}
		}
		refused(t, what, g.Format(), testContent, vkey)
	})
}

func TestACommitmentBehindItsItemShowsNothing(t *testing.T) {
	const count = 10
	for _, at := range []int64{1, 4, 6, count + 9} { // the item is entry 5
		f, key := testProofAt(t, count, 3, testContent, at)
		_, err := Verify(f, testContent, key)
		if before := at < f.ItemIndex; before != (err == nil) || !before && !errors.Is(err, ErrMismatch) {
			t.Errorf("commitment at %d, item at %d: %v", at, f.ItemIndex, err)
		}
	}
}

func TestUnknownKeyIsSaidApartFromAMismatch(t *testing.T) {
	f, vkey := testProof(t, 5, 2, testContent)
	_, otherName := testKey(t, "other.example.org/log")
	for _, key := range []string{"", "nonsense", otherName} {
		s, err := Verify(f, testContent, key)
		if !errors.Is(err, ErrKey) || errors.Is(err, ErrMismatch) || s.KeyKnown || s.Item.Number != 2 {
			t.Errorf("key %q: %+v, %v", key, s, err)
		}
	}
	f.Checkpoint.Note = bytes.Replace(f.Checkpoint.Note, []byte("— demo"), []byte("— dem0"), 1)
	if _, err := Verify(f, testContent, vkey); !errors.Is(err, ErrMismatch) {
		t.Errorf("without the log's signature: %v", err)
	}
}

func TestCheckpointHasOneForm(t *testing.T) {
	signer, vkey := testKey(t, testContext.Origin)
	msg, err := note.Sign(&note.Note{Text: FormatCheckpoint(testContext.Origin, 42, trove.Sum(nil))}, signer)
	if err != nil {
		t.Fatal(err)
	}
	good, err := ParseCheckpoint(msg)
	if err != nil || good.Size != 42 || good.Root != trove.Sum(nil) || good.Verify(vkey) != nil {
		t.Fatalf("%+v, %v", good, err)
	}
	for i := range msg {
		for bit := range 8 {
			bad := bytes.Clone(msg)
			bad[i] ^= 1 << bit
			if c, err := ParseCheckpoint(bad); err == nil && c.Verify(vkey) == nil {
				t.Errorf("bit %d of byte %d changed unseen: %q", bit, i, bad)
			}
		}
	}
	for what, bad := range map[string]string{
		"empty":         "",
		"no signatures": "log\n1\n" + strings.Repeat("A", 43) + "=\n",
		"leading zero":  strings.Replace(string(msg), "\n42\n", "\n042\n", 1),
		"negative":      strings.Replace(string(msg), "\n42\n", "\n-42\n", 1),
		"huge":          string(msg) + strings.Repeat("— a AAAA\n", 10_000),
	} {
		if _, err := ParseCheckpoint([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestEntriesHaveOneForm(t *testing.T) {
	f, _ := testProof(t, 5, 2, testContent)
	for _, line := range [][]byte{f.Item.Append(nil), f.Commitment.Append(nil)} {
		parse := func(b []byte) error { _, err := ParseItem(b); return err }
		if bytes.Contains(line, []byte("root")) {
			parse = func(b []byte) error { _, err := ParseCommitment(b); return err }
		}
		if err := parse(line); err != nil {
			t.Fatal(err)
		}
		s := string(line)
		for what, bad := range map[string]string{
			"space":         strings.Replace(s, ":", ": ", 1),
			"zero":          strings.Replace(s, ":2,", ":02,", 1) + " ",
			"upper case":    strings.Replace(s, `"mail"`, `"Mail"`, 1),
			"escape":        strings.Replace(s, `mail`, `mai\u006c`, 1),
			"unknown field": strings.Replace(s, `{`, `{"a":1,`, 1),
			"cut":           s[:len(s)-1],
			"huge number":   strings.Replace(s, `":1`, `":99999999999999999999`, 1),
			"nothing":       "",
		} {
			if parse([]byte(bad)) == nil {
				t.Errorf("%s accepted: %s", what, bad)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	file, vkey := testProof(f, 5, 2, testContent)
	text := file.Format()
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Format(), b) {
			t.Fatalf("two forms of one proof: %q", b)
		}
		if _, err := Verify(p, testContent, vkey); err == nil && !bytes.Equal(b, text) {
			t.Fatalf("forged: %q", b)
		}
	})
}
