package house

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/writer"
	"unseal/trove"
)

// logged is a folder with a log of more than two tiles, signed at some sizes,
// whose checkpoints are given. From entry fork on it says something else.
func logged(t *testing.T, fork int) (dir, key string, at map[int64]proof.Checkpoint) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	private, key, err := signerKey("test.example/log", bytes.Repeat([]byte{3}, 32))
	must(t, err)
	signer, err := note.NewSigner(private)
	must(t, err)
	fsys, err := durable.Dir(dir)
	must(t, err)
	defer fsys.Close()
	l, err := writer.Open(fsys, "log", signer, proof.Checkpoint{})
	must(t, err)
	begin, err := translog.Sign(translog.Genesis{LogKey: key, Origin: "test.example/log"}, signer)
	must(t, err)
	must(t, l.Append(begin,
		proof.Commitment{Collection: "mail", Count: 1000, First: 1, K: 1, Root: trove.Sum(nil), Rule: proof.WordsRule}))
	at = map[int64]proof.Checkpoint{}
	for n := 3; n <= 600; n++ {
		reason := "privacy"
		if n >= fork {
			reason = "source"
		}
		must(t, l.Append(translog.Withheld{Collection: "mail", First: n, Last: n, Reason: reason}))
		if n%100 == 0 || n == 256 {
			must(t, l.Sign())
			at[int64(n)] = l.Signed()
		}
	}
	return dir, key, at
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Torchwood reads our log from its files and accepts our proofs, and no others.
func TestTorchwoodAcceptsOurProofs(t *testing.T) {
	dir, key, _ := logged(t, 1000)
	l, err := OpenLog(dir, key)
	must(t, err)
	v, err := note.NewVerifier(key)
	must(t, err)
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy("test.example/log"), torchwood.SingleVerifierPolicy(v))
	c, _, err := torchwood.VerifyCheckpoint(l.View.Checkpoint.Note, policy)
	must(t, err)
	files, err := torchwood.NewTileFS(os.DirFS(filepath.Join(dir, "log")))
	must(t, err)
	client, err := torchwood.NewClient(files)
	must(t, err)
	seen := int64(0)
	for n, entry := range client.AllEntries(t.Context(), c.Tree, 0) {
		if seen++; n%37 != 0 && n < 590 {
			continue
		}
		p, err := l.Prove(n)
		must(t, err)
		if !bytes.Equal(p.Entry, entry) {
			t.Fatalf("entry %d is %s, torchwood reads %s", n, p.Entry, entry)
		}
		text := p.Format()
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), text); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
		if extra, err := torchwood.ProofExtraData(text); err != nil || !bytes.Equal(extra, entry) {
			t.Errorf("entry %d: extra data %q, %v", n, extra, err)
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(append(bytes.Clone(entry), ' ')), text); err == nil {
			t.Fatalf("control: the proof of entry %d holds for another", n)
		}
	}
	if err := client.Err(); err != nil || seen != 600 {
		t.Errorf("%d entries, %v", seen, err)
	}
	for _, n := range []int64{-1, 600} {
		if _, err := l.Prove(n); !errors.Is(err, ErrBeyond) {
			t.Errorf("entry %d: %v", n, err)
		}
	}
}

func TestStatesOfOneLogAreThePrefixOfOneAnother(t *testing.T) {
	dir, key, at := logged(t, 1000)
	sizes := []int64{1, 2, 3, 255, 256, 257, 300, 512, 513, 599, 600}
	for _, a := range sizes {
		for _, b := range sizes {
			r, err := Relate(dir, name(t, dir, at, a), name(t, dir, at, b), key)
			must(t, err)
			want := Prefix
			if a == b {
				want = SameState
			}
			if r.Kind != want || !r.KeyKnown || r.A.Size != min(a, b) || r.B.Size != max(a, b) {
				t.Fatalf("%d and %d: %s, %d, %d", a, b, r.Kind, r.A.Size, r.B.Size)
			}
			if a != b {
				must(t, tlog.CheckTree(r.Proof, r.B.Size, tlog.Hash(r.B.Root), r.A.Size, tlog.Hash(r.A.Root)))
			}
		}
	}
	if _, err := Relate(dir, "600", "601", key); !errors.Is(err, ErrBeyond) {
		t.Errorf("beyond the end: %v", err)
	}
	if r, err := Relate(dir, "1", "600", ""); err != nil || r.KeyKnown {
		t.Errorf("a key that nobody gave is known: %v", err)
	}
}

// name is how a state is named: by a checkpoint file where there is one.
func name(t *testing.T, dir string, at map[int64]proof.Checkpoint, size int64) string {
	t.Helper()
	c, ok := at[size]
	if !ok {
		return strconv.FormatInt(size, 10)
	}
	file := filepath.Join(dir, "checkpoint-"+strconv.FormatInt(size, 10))
	must(t, os.WriteFile(file, c.Note, 0o600))
	return file
}

func TestTwoHistoriesAreNamed(t *testing.T) {
	dir, key, at := logged(t, 1000)
	other, _, forked := logged(t, 250)
	for _, c := range []struct {
		a, b int64
		kind string
	}{{200, 600, Prefix}, {256, 600, Contradict}, {300, 300, SplitView}, {600, 256, SplitView}, {600, 600, SplitView}} {
		r, err := Relate(dir, name(t, other, forked, c.a), name(t, dir, at, c.b), key)
		must(t, err)
		if r.Kind != c.kind {
			t.Errorf("forked %d, true %d: %s, want %s", c.a, c.b, r.Kind, c.kind)
		}
		if c.kind != Prefix && (r.A.Verify(key) != nil || r.B.Verify(key) != nil) {
			t.Errorf("forked %d, true %d: not both are signed", c.a, c.b)
		}
	}
	_, stranger, err := signerKey("test.example/log", bytes.Repeat([]byte{4}, 32))
	must(t, err)
	if _, err := Relate(dir, name(t, dir, at, 300), "600", stranger); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("a key that has not signed: %v", err)
	}
	if _, err := Relate(t.TempDir(), name(t, dir, at, 300), name(t, dir, at, 600), key); !errors.Is(err, ErrNoArchive) {
		t.Errorf("two sizes and no log: %v", err)
	}
	if _, err := Relate(t.TempDir(), name(t, dir, at, 300), name(t, other, forked, 300), ""); !errors.Is(err, proof.ErrKey) {
		t.Errorf("a split view of nobody knows whom: %v", err)
	}
}
