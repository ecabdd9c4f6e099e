package writer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
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

func testFolder(tb testing.TB) (*durable.Folder, string) {
	tb.Helper()
	dir := tb.TempDir()
	fsys, err := durable.Dir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { fsys.Close() })
	return fsys, dir
}

// genesis begins the log whose key has the seed 1.
func genesis() translog.Entry {
	skey, vkey, err := note.GenerateKey(keySeed(1), testOrigin)
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		panic(err)
	}
	e, err := translog.Sign(translog.Genesis{LogKey: vkey, Origin: testOrigin}, signer)
	if err != nil {
		panic(err)
	}
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

func index(n int) translog.Index {
	return translog.Index{Files: map[string]trove.Digest{"unseal.json": trove.Sum(fmt.Append(nil, n))}}
}

// story is the log of a collection of count numbers in batches of per.
func story(count, per int) (runs [][]translog.Entry) {
	runs = append(runs, []translog.Entry{genesis(), commitment(count), index(0)})
	for b, n := 1, 1; n <= count; b++ {
		var run []translog.Entry
		first := n
		for ; n <= count && n < first+per; n++ {
			run = append(run, item(n, b, 1))
		}
		run = append(run, translog.Batch{Batch: b, Collection: "mail", Edition: 1, Items: n - first, Manifest: trove.Sum(fmt.Append(nil, b))}, index(b))
		runs = append(runs, run)
	}
	return runs
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func open(tb testing.TB, fsys durable.FS, signer note.Signer) *Log {
	tb.Helper()
	l, err := Open(fsys, "log", signer, proof.Checkpoint{})
	must(tb, err)
	return l
}

// contents reads all files below root.
func contents(tb testing.TB, root string) map[string]string {
	tb.Helper()
	all := map[string]string{}
	fsys := os.DirFS(root)
	must(tb, fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var b []byte
			b, err = fs.ReadFile(fsys, name)
			all[name] = string(b)
		}
		return err
	}))
	return all
}

func load(fsys fs.FS) (*tiles.View, error) {
	return tiles.Load(func(name string) ([]byte, error) { return fs.ReadFile(fsys, name) }, "log")
}

func TestBytesOfALogDoNotDependOnHowManyRunsWroteIt(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	runs := story(700, 150)
	one, oneDir := testFolder(t)
	l := open(t, one, signer)
	for _, run := range runs {
		must(t, l.Append(run...))
	}
	must(t, l.Sign())

	many, manyDir := testFolder(t)
	for i, run := range runs {
		l := open(t, many, signer)
		if i == 3 { // a run that is stopped after other tiles than the next will write
			must(t, l.Append(run[:40]...))
			must(t, l.Flush())
			l = open(t, many, signer)
		}
		must(t, l.Append(run...))
		must(t, l.Sign())
		must(t, l.Sign())
	}
	a, b := contents(t, oneDir), contents(t, manyDir)
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
		delete(b, name)
	}
	for name := range b {
		t.Errorf("%s is only in the log of many runs", name)
	}
}

func TestEveryEntryIsProvenAndEverySizeConsistent(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, _ := testFolder(t)
	l := open(t, fsys, signer)
	var checkpoints []proof.Checkpoint
	var lines [][]byte
	for _, run := range story(600, 100) {
		must(t, l.Append(run...))
		must(t, l.Sign())
		checkpoints = append(checkpoints, l.Signed())
		for _, e := range run {
			lines = append(lines, e.Append(nil))
		}
	}
	v, err := load(fsys)
	must(t, err)
	c := v.Checkpoint
	for i, line := range lines {
		p, err := v.Tree().Prove(int64(i))
		must(t, err)
		must(t, tlog.CheckRecord(p, c.Size, tlog.Hash(c.Root), int64(i), tlog.RecordHash(line)))
	}
	for _, old := range checkpoints {
		p, err := v.Tree().Consistency(old.Size)
		must(t, err)
		must(t, tlog.CheckTree(p, c.Size, tlog.Hash(c.Root), old.Size, tlog.Hash(old.Root)))
	}
	if _, err := v.Tree().Prove(c.Size); err == nil {
		t.Error("a leaf beyond the end is proven")
	}
	if _, err := v.Tree().Consistency(c.Size + 1); err == nil {
		t.Error("consistency with a larger tree")
	}
}

func TestViewProvesWhatItCoversWhileTheLogGrows(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, _ := testFolder(t)
	runs := story(700, 300)
	l := open(t, fsys, signer)
	must(t, l.Append(runs[0]...))
	must(t, l.Append(runs[1]...))
	must(t, l.Sign())
	v, err := load(fsys)
	must(t, err)
	must(t, l.Append(runs[2]...))
	must(t, l.Sign())
	for i := range v.Checkpoint.Size {
		if _, err := v.Tree().Prove(i); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

func TestWhatIsNotSignedDoesNotCount(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, _ := testFolder(t)
	runs := story(20, 10)
	l := open(t, fsys, signer)
	must(t, l.Append(runs[0]...))
	if l.Signed().Size != 0 {
		t.Error("signed before Sign")
	}
	must(t, l.Sign())
	must(t, l.Append(runs[1]...))
	must(t, l.Flush())
	v, err := load(fsys)
	must(t, err)
	if v.Checkpoint.Size != 3 || v.State.Size != 3 {
		t.Errorf("size %d, state of %d", v.Checkpoint.Size, v.State.Size)
	}
	if again := open(t, fsys, signer); again.Size() != 3 {
		t.Errorf("opened for writing with %d entries", again.Size())
	}
}

func TestLogDoesNotForkWhatWasSeen(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, _ := testFolder(t)
	runs := story(20, 10)
	l := open(t, fsys, signer)
	must(t, l.Append(runs[0]...))
	must(t, l.Append(runs[1]...))
	must(t, l.Sign())
	seen := l.Signed()

	empty, _ := testFolder(t)
	l, err := Open(empty, "log", signer, seen)
	must(t, err)
	must(t, l.Append(runs[0]...)) // the same beginning again
	must(t, l.Sign())
	other := append([]translog.Entry{translog.Withheld{Collection: "mail", First: 20, Last: 20, Reason: "privacy"}}, runs[1]...)
	if err := l.Append(other[:len(runs[1])]...); !errors.Is(err, translog.ErrFork) {
		t.Errorf("another entry at the seen size: %v", err)
	}
	if err := l.Sign(); !errors.Is(err, translog.ErrFork) {
		t.Errorf("signed after a fork: %v", err)
	}
	forked := seen
	forked.Size, forked.Root = 2, trove.Sum(nil)
	if _, err := Open(fsys, "log", signer, forked); !errors.Is(err, translog.ErrFork) {
		t.Errorf("opened beyond a checkpoint that it does not contain: %v", err)
	}
	if _, err := Open(fsys, "log", signer, seen); err != nil {
		t.Errorf("opened at the checkpoint seen: %v", err)
	}
}

func TestSignRefusesAnotherKeyAndAnOpenBatch(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	wrong, _ := testKey(t, testOrigin, 2)
	fsys, _ := testFolder(t)
	l := open(t, fsys, wrong)
	must(t, l.Append(genesis()))
	if err := l.Sign(); err == nil {
		t.Error("signed with another key than the log's")
	}
	l = open(t, fsys, signer)
	must(t, l.Append(genesis(), commitment(5), index(0), item(1, 1, 1)))
	if err := l.Sign(); err == nil {
		t.Error("signed within a batch")
	}
}

func TestLoadRefusesAnyAlteredFile(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, dir := testFolder(t)
	l := open(t, fsys, signer)
	for _, run := range story(300, 100) {
		must(t, l.Append(run...))
	}
	must(t, l.Sign())
	for _, name := range []string{"log/checkpoint", "log/tile/entries/000", "log/tile/entries/001.p/53"} {
		good, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(good); i += 1 + len(good)/150 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			must(t, os.WriteFile(dir+"/"+name, bad, 0o600))
			if _, err := load(fsys); err == nil {
				t.Fatalf("%s: bit in byte %d changed unseen", name, i)
			}
		}
		must(t, os.WriteFile(dir+"/"+name, good[:len(good)-1], 0o600))
		if _, err := load(fsys); err == nil {
			t.Errorf("%s: cut unseen", name)
		}
		must(t, os.WriteFile(dir+"/"+name, good, 0o600))
	}
	if _, err := load(fsys); err != nil {
		t.Fatal(err)
	}
}

func FuzzLoad(f *testing.F) {
	signer, _ := testKey(f, testOrigin, 1)
	fsys, dir := testFolder(f)
	l := open(f, fsys, signer)
	for _, run := range story(6, 3) {
		must(f, l.Append(run...))
	}
	must(f, l.Sign())
	files := contents(f, dir)
	name := "log/" + tiles.Tile{Level: tiles.Entries}.In(l.Size()).Path()
	f.Add([]byte(files["log/checkpoint"]), []byte(files[name]))
	f.Fuzz(func(t *testing.T, checkpoint, entries []byte) {
		v, err := tiles.Load(func(path string) ([]byte, error) {
			if path == "log/checkpoint" {
				return checkpoint, nil
			}
			return entries, nil
		}, "log")
		if err == nil && (v.Checkpoint.Root != l.Root() || v.Checkpoint.Size != l.Size()) {
			t.Fatalf("a log that nobody signed: %+v", v.Checkpoint)
		}
	})
}

// rotated is a Key entry that puts vkey into force next.
func rotated(tb testing.TB, s *translog.State, vkey string, by ...note.Signer) translog.Entry {
	tb.Helper()
	e, err := translog.Sign(translog.Key{Effective: s.Size + 1, Keys: []string{vkey}, Log: s.ID, Role: translog.RoleLog}, by...)
	must(tb, err)
	return e
}

func TestTheKeyInForceSigns(t *testing.T) {
	old, _ := testKey(t, testOrigin, 1)
	next, nextKey := testKey(t, testOrigin, 2)
	fsys, dir := testFolder(t)
	l := open(t, fsys, old)
	must(t, l.Append(genesis(), commitment(3), index(1)))
	must(t, l.Sign())
	before := l.Signed()
	must(t, l.Append(rotated(t, l.State(), nextKey, next, old)))
	if err := l.Sign(); err == nil || l.CanSign() {
		t.Errorf("signed with a key that is not in force any more: %v", err)
	}

	l = open(t, fsys, old)
	l.AddKey(next)
	must(t, l.Append(rotated(t, l.State(), nextKey, next, old), index(2)))
	must(t, l.Sign())
	v, err := load(fsys)
	must(t, err)
	if !l.CanSign() || v.State.LogKey(v.Checkpoint.Size) != nextKey || v.Checkpoint.Verify(nextKey) != nil || v.State.Verify(before) != nil {
		t.Error("the new key has not signed the new checkpoint, or the old one the old")
	}

	// The old key, stolen, signs the very same log.
	msg, err := note.Sign(&note.Note{Text: v.Checkpoint.Text()}, old)
	must(t, err)
	must(t, os.WriteFile(dir+"/log/checkpoint", msg, 0o600))
	if _, err := load(fsys); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("a checkpoint of the old key beyond its time: %v", err)
	}
}
