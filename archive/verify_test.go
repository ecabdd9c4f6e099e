package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// mapOf is an archive in memory.
func mapOf(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return m
}

func verified(tb testing.TB, fsys fs.FS, o VerifyOptions) Report {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := Verify(ctx, fsys, o)
	must(tb, err)
	return r
}

func clean(tb testing.TB, r Report) {
	tb.Helper()
	for _, f := range r.Findings {
		tb.Errorf("%s: %s", f.Path, f.What)
	}
}

// names reports whether r holds a finding of that class at the path.
func names(r Report, path string, c Class) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Path == path && f.Class == c })
}

// archived is a published archive of p, in memory.
func (p *press) archived() fstest.MapFS {
	p.tb.Helper()
	_, dir := p.published()
	return mapOf(contents(p.tb, dir))
}

func TestVerifyOfAWholeArchiveAddsUp(t *testing.T) {
	p := newPress(t, 300, 100)
	p.reject[17], p.reject[18], p.reject[250] = "privacy", "unreadable", "source"
	fsys, _ := testFolder(t)
	w := p.writer(fsys)
	must(t, p.all(w, 2))
	for _, deep := range []bool{false, true} {
		r := verified(t, fsys, VerifyOptions{
			LogKey: p.key, Deep: deep, Jobs: 1,
			CheckSegment: func(r io.ReaderAt, size int64) error {
				b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
				if !strings.HasPrefix(string(b), "segment of batch ") {
					t.Errorf("segment %q", b)
				}
				return err
			},
		})
		clean(t, r)
		c := r.Collections[0]
		if c.Committed != 300 || c.Published != 198 || c.Withheld["privacy"] != 1 || c.Unreadable != 1 || c.NotOut != 100 || c.Opened != 198 || c.Batches != 2 {
			t.Errorf("account %+v", c)
		}
		if !r.KeyKnown || r.Items != 198 || r.Verdicts[trove.Unsigned] != 198 || r.Bytes == 0 || r.Checkpoint.Size != w.Signed().Size {
			t.Errorf("report %+v", r)
		}
	}
}

// tampering is what is done to one file, or two.
type tampering struct {
	what  string
	files []string // of which one must be named
	fsys  fstest.MapFS
}

func with(m fstest.MapFS, name string, data []byte) fstest.MapFS {
	m = maps.Clone(m)
	if delete(m, name); data != nil {
		m[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return m
}

// tamperings yields every alteration of every file of m whose path contains
// part: some bits flipped, all of them in files up to a size, and the rest.
func tamperings(m fstest.MapFS, part string, bits, all int) func(yield func(tampering) bool) {
	r := rand.New(rand.NewPCG(3, 4))
	files := slices.Sorted(maps.Keys(m))
	files = slices.DeleteFunc(files, func(name string) bool { return !strings.Contains(name, part) })
	flips := func(data []byte) []int {
		var at []int
		for i := range 8 * len(data) {
			if len(data) <= all {
				at = append(at, i)
			}
		}
		for range bits {
			at = append(at, r.IntN(8*len(data)))
		}
		return at
	}
	return func(yield func(tampering) bool) {
		for _, name := range files {
			data := m[name].Data
			for _, i := range flips(data) {
				bad := bytes.Clone(data)
				bad[i/8] ^= 1 << (i % 8)
				if !yield(tampering{fmt.Sprintf("bit %d flipped in", i), []string{name}, with(m, name, bad)}) {
					return
				}
			}
			if !yield(tampering{"cut", []string{name}, with(m, name, data[:len(data)-1])}) ||
				!yield(tampering{"emptied", []string{name}, with(m, name, []byte{})}) ||
				!yield(tampering{"grown", []string{name}, with(m, name, append(bytes.Clone(data), 0))}) ||
				!yield(tampering{"deleted", []string{name}, with(m, name, nil)}) {
				return
			}
		}
		for i, a := range files {
			for _, b := range files[:i] {
				if bytes.Equal(m[a].Data, m[b].Data) {
					continue
				}
				swapped := with(with(m, a, m[b].Data), b, m[a].Data)
				if !yield(tampering{"swapped", []string{a, b}, swapped}) {
					return
				}
			}
		}
	}
}

// missed verifies every tampering and returns those that nobody found, and
// how many there were.
func missed(m fstest.MapFS, part string, bits, all int, verify func(fs.FS) (Report, error)) (list []string, tried int) {
	for x := range tamperings(m, part, bits, all) {
		tried++
		r, err := verify(x.fsys)
		found := slices.ContainsFunc(x.files, func(name string) bool { return names(r, name, Altered) })
		if err != nil || !found {
			list = append(list, fmt.Sprintf("%s %s: %v, %+v", x.what, x.files, err, r.Findings))
		}
	}
	return list, tried
}

func TestEveryAlterationOfEveryFileIsFoundAndNamed(t *testing.T) {
	bits, all := 3, 0
	if os.Getenv("UNSEAL_LONG") != "" {
		bits, all = 200, 1000
	}
	sizes := []int{20, 520}
	if testing.Short() {
		sizes = sizes[:1] // 520 items take ten seconds; go test without -short
	}
	for _, size := range sizes {
		p := newPress(t, size, 180)
		m := p.archived()
		for _, key := range []string{"", p.key} {
			if key == "" && size > 20 && os.Getenv("UNSEAL_LONG") == "" {
				continue
			}
			list, tried := missed(m, "", bits, all, func(fsys fs.FS) (Report, error) {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				return Verify(ctx, fsys, VerifyOptions{LogKey: key})
			})
			t.Logf("%d of %d alterations of %d files found and named", tried-len(list), tried, len(m))
			for _, m := range list[:min(len(list), 20)] {
				t.Error(m)
			}
		}
	}
}

// blind shows the good file wherever a path contains part, as to a verifier
// that never looks there.
type blind struct {
	fstest.MapFS
	good fstest.MapFS
	part string
}

func (b blind) Open(name string) (fs.File, error) {
	if strings.Contains(name, b.part) {
		return b.good.Open(name)
	}
	return b.MapFS.Open(name)
}

func (b blind) Stat(name string) (fs.FileInfo, error) {
	if strings.Contains(name, b.part) {
		return b.good.Stat(name)
	}
	return b.MapFS.Stat(name)
}

// The size is the one thing that says where the key lies, if none is given.
func TestAnAlteredSizeIsNamedWithoutAKey(t *testing.T) {
	m := newPress(t, 20, 10).archived()
	const name = "log/checkpoint"
	good := string(m[name].Data)
	for _, size := range []string{"1", "2", "25", "26", "35", "255", "256", "257", "999999"} {
		bad := strings.Replace(good, "\n27\n", "\n"+size+"\n", 1)
		if bad == good {
			t.Fatalf("the log has another size: %s", good)
		}
		if r := verified(t, with(m, name, []byte(bad)), VerifyOptions{}); !names(r, name, Altered) {
			t.Errorf("size %s: %+v", size, r.Findings)
		}
	}
}

func TestHarnessCatchesAVerifierThatSkipsALevelOfTiles(t *testing.T) {
	p := newPress(t, 260, 130)
	m := p.archived()
	for _, part := range []string{"log/tile/1/", "commitment/1/tile/0/", "search.seg"} {
		list, _ := missed(m, part, 1, 0, func(fsys fs.FS) (Report, error) {
			return Verify(context.Background(), blind{fsys.(fstest.MapFS), m, part}, VerifyOptions{})
		})
		if len(list) == 0 {
			t.Errorf("a verifier that does not look at %s passes", part)
		}
	}
}

func TestUnknownKeyIsNoFindingAndAnotherKeyIs(t *testing.T) {
	p := newPress(t, 20, 20)
	m := p.archived()
	r := verified(t, m, VerifyOptions{})
	clean(t, r)
	if r.KeyKnown || r.LogKey != p.key {
		t.Errorf("key %q, known %v", r.LogKey, r.KeyKnown)
	}
	_, other := testKey(t, testOrigin, 9)
	_, elsewhere := testKey(t, "other.example.org/log", 1)
	for _, key := range []string{other, elsewhere, "nonsense"} {
		if r := verified(t, m, VerifyOptions{LogKey: key}); !names(r, "log/checkpoint", Altered) || r.KeyKnown {
			t.Errorf("%s: %+v", key, r.Findings)
		}
	}
}

func TestRollbackIsFoundByACheckpointSeen(t *testing.T) {
	p := newPress(t, 300, 100)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.all(w, 2))
	old, oldSeen := mapOf(contents(t, dir)), w.Signed().Note
	must(t, p.all(w, 0))
	now, seen := mapOf(contents(t, dir)), w.Signed().Note

	clean(t, verified(t, now, VerifyOptions{Seen: oldSeen}))
	clean(t, verified(t, now, VerifyOptions{Seen: seen}))
	clean(t, verified(t, old, VerifyOptions{}))
	if r := verified(t, old, VerifyOptions{Seen: seen}); !names(r, "log/checkpoint", Altered) {
		t.Errorf("rolled back: %+v", r.Findings)
	}
	for what, bad := range map[string][]byte{"nonsense": []byte("nonsense"), "altered": bytes.Replace(bytes.Clone(seen), []byte("\n"), []byte("\n1"), 1)} {
		if _, err := Verify(context.Background(), now, VerifyOptions{Seen: bad}); !errors.Is(err, ErrSeen) {
			t.Errorf("%s: %v", what, err)
		}
	}

	// the same key, the same size, another history
	fork := newPress(t, 300, 100)
	fork.reject[5] = "privacy"
	forked, forkedDir := testFolder(t)
	w = fork.writer(forked)
	must(t, fork.all(w, 0))
	if r := verified(t, mapOf(contents(t, forkedDir)), VerifyOptions{Seen: seen}); !names(r, "log/checkpoint", Altered) || !bytes.Equal(r.Against.Note, seen) {
		t.Errorf("forked: %+v", r.Findings)
	}
}

func TestFilesBeyondTheCheckpointAreUnfinishedNotAltered(t *testing.T) {
	p := newPress(t, 300, 100)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.all(w, 2))
	old := mapOf(contents(t, dir))
	must(t, p.all(w, 0))
	now := mapOf(contents(t, dir))

	only := func(what string, m fstest.MapFS, c Class) {
		t.Helper()
		r := verified(t, m, VerifyOptions{})
		if len(r.Findings) == 0 {
			t.Errorf("%s: nothing found", what)
		}
		for _, f := range r.Findings {
			if f.Class != c {
				t.Errorf("%s: %+v", what, f)
			}
		}
	}
	only("an old checkpoint", with(now, "log/checkpoint", old["log/checkpoint"].Data), Unfinished)
	both := maps.Clone(old)
	for name, f := range now {
		if name != "log/checkpoint" && name != "unseal.json" && name != "c/mail/collection.json" {
			both[name] = f
		}
	}
	only("before the index files", both, Unfinished)
	both["c/mail/collection.json"] = now["c/mail/collection.json"]
	only("between the index files", both, Unfinished)
	if _, err := Open(context.Background(), both); err != nil {
		t.Errorf("an archive in the middle of a publish cannot be read: %v", err)
	}
	only("a temporary file", with(now, "c/mail/.tmp-0123456789abcdef", []byte("x")), Unfinished)
	only("a batch not logged", with(now, "c/mail/batch/0004/1/items.zip", []byte("x")), Unfinished)
	only("a collection not logged", with(now, "c/post/collection.json", []byte("x")), Unfinished)
	for _, stray := range []string{"index.html", "log/tile/0/000.p/7x", "c/mail/batch/0001/1/more.txt", "c/mail/batch/0004/1/x", "c/mail/batch/4/1/items.zip", "c/MAIL/x", "c/mail/commitment/1/tile/0/007"} {
		only(stray, with(now, stray, []byte("x")), Altered)
	}
	overtaken := with(now, "log/tile/entries/000.p/203", old["log/tile/entries/000.p/207"].Data)
	only("another width", overtaken, Altered)
	for name, f := range old { // a mirror that never deletes
		if strings.HasPrefix(name, "log/tile/") {
			now[name] = f
		}
	}
	clean(t, verified(t, now, VerifyOptions{}))
}

func TestVerifyStopsWhenTold(t *testing.T) {
	m := newPress(t, 20, 20).archived()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Verify(ctx, m, VerifyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := Verify(context.Background(), fstest.MapFS{"x": {}}, VerifyOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no archive: %v", err)
	}
}

func TestFindingsAreCapped(t *testing.T) {
	p := newPress(t, 520, 520)
	p.verdict = trove.Valid // which is not so
	r := verified(t, p.archived(), VerifyOptions{})
	if len(r.Findings) != maxPerPath || r.More != 520-maxPerPath {
		t.Errorf("%d findings, %d more", len(r.Findings), r.More)
	}
}

func TestHeadOfARecordIsWhatJSONSays(t *testing.T) {
	p := newPress(t, 3, 3)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "plain", `"verdict":"valid"`, `\","verdict":"`, `"unreadable":"x"`, "ä\n<&>"})
		want := p.item(rapid.IntRange(1, 3).Draw(t, "number")).Record
		want.Number = 7
		want.Subject, want.Thread = text.Draw(t, "subject"), text.Draw(t, "thread")
		want.Verdict = rapid.SampledFrom([]trove.Verdict{"", trove.Valid, trove.Unsigned}).Draw(t, "verdict")
		want.Unreadable = rapid.SampledFrom([]string{"", "too deep"}).Draw(t, "unreadable")
		want.Warnings = []trove.Warning{{Code: "x", Text: text.Draw(t, "warning")}}
		h, ok := parseRecordHead(mustJSON(want))
		if !ok || h.number != 7 || h.opening != want.Opening || string(h.verdict) != string(want.Verdict) || string(h.unreadable) != want.Unreadable {
			t.Fatalf("%+v of %s", h, mustJSON(want))
		}
	})
}

// forged publishes batch 1 with entries that forge has changed, signed anew.
func (p *press) forged(forge func(entries []translog.Entry, b *translog.Batch) []translog.Entry) (*durable.Folder, error) {
	p.tb.Helper()
	fsys, _ := testFolder(p.tb)
	w := p.writer(fsys)
	must(p.tb, p.start(w))
	items := func(yield func(*NewItem, error) bool) {
		for n := 1; n <= 3; n++ {
			if !yield(p.item(n), nil) {
				return
			}
		}
	}
	entries, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: 1, Edition: 1}, items, func(w io.Writer) error { return nil })
	must(p.tb, err)
	b := entries[len(entries)-1].(translog.Batch)
	entries = forge(entries[:len(entries)-1], &b)
	b.Signatures = nil
	signed, err := translog.Sign(b, p.release[0])
	must(p.tb, err)
	if err := w.Append(append(entries, signed)...); err != nil {
		return nil, err
	}
	return fsys, p.publish(w)
}

// A publisher that lies in what it signs: the log is sound, the content is not.
func TestOmittedItemBreaksBatchCount(t *testing.T) {
	p := newPress(t, 20, 20)
	const manifest = "c/mail/batch/0001/1/manifest.json"
	extra := proof.Item{Batch: 1, Collection: "mail", Edition: 1, Number: 4, Shown: trove.Sum(p.content(4))}
	fsys, err := p.forged(func(entries []translog.Entry, b *translog.Batch) []translog.Entry {
		b.Items++
		return append(entries, extra)
	})
	must(t, err)
	if r := verified(t, fsys, VerifyOptions{}); !names(r, manifest, Altered) {
		t.Errorf("an item that the manifest leaves out: %+v", r.Findings)
	}
	fsys, err = p.forged(func(entries []translog.Entry, b *translog.Batch) []translog.Entry {
		return append(entries[:2], extra)
	})
	must(t, err)
	if r := verified(t, fsys, VerifyOptions{}); !names(r, manifest, Altered) {
		t.Errorf("an item in the place of another: %+v", r.Findings)
	}
	fsys, err = p.forged(func(entries []translog.Entry, b *translog.Batch) []translog.Entry {
		other := entries[2].(proof.Item)
		other.Shown = trove.Sum(nil)
		return append(entries[:2], other)
	})
	must(t, err)
	if r := verified(t, fsys, VerifyOptions{}); !names(r, "c/mail/batch/0001/1/items.zip", Altered) {
		t.Errorf("an item with another digest: %+v", r.Findings)
	}
}

func TestDuplicateAcrossBatchesIsReported(t *testing.T) {
	p := newPress(t, 20, 20)
	_, err := p.forged(func(entries []translog.Entry, b *translog.Batch) []translog.Entry {
		again := entries[0].(proof.Item)
		again.Batch = 2
		return append(entries, again)
	})
	if !errors.Is(err, translog.ErrIllegal) || !strings.Contains(fmt.Sprint(err), "mail/1: edition 1 in batch 2 after edition 1 in batch 1") {
		t.Errorf("%v", err)
	}
}

func TestSplitViewIsRefusedWithoutWitnesses(t *testing.T) {
	one, other := newPress(t, 20, 20), newPress(t, 20, 20)
	other.infos.Title = "Another title"
	a, b := one.archived(), other.archived()
	seen := b["log/checkpoint"].Data
	if bytes.Equal(seen, a["log/checkpoint"].Data) {
		t.Fatal("no split view")
	}
	if r := verified(t, a, VerifyOptions{Seen: seen}); !names(r, "log/checkpoint", Altered) {
		t.Errorf("one size, two roots: %+v", r.Findings)
	}
}

// skipTile makes Writer see the commitments that a liar would have made, so
// that it publishes what the log was not committed to.
type skipTile struct {
	durable.FS
	tile string
	lie  []byte
}

func (f skipTile) Open(name string) (fs.File, error) {
	if name == f.tile {
		return fstest.MapFS{name: {Data: f.lie, Mode: 0o644}}.Open(name)
	}
	return f.FS.Open(name)
}

func (f skipTile) Stat(name string) (fs.FileInfo, error) {
	if name == f.tile {
		return fstest.MapFS{name: {Data: f.lie, Mode: 0o644}}.Stat(name)
	}
	return fs.Stat(f.FS, name)
}

func TestAnItemThatIsNotWhatWasCommittedToIsFound(t *testing.T) {
	p := newPress(t, 20, 20)
	fsys, _ := testFolder(t)
	must(t, p.start(p.writer(fsys)))
	const tile, zip = "c/mail/commitment/1/tile/0/000.p/20", "c/mail/batch/0001/1/items.zip"
	honest, err := fs.ReadFile(fsys, tile)
	must(t, err)
	p.liar = 5 // from here on number 5 is another mail
	if _, err := p.batch(p.writer(fsys)); !errors.Is(err, proof.ErrMismatch) {
		t.Fatalf("our own writer publishes it: %v", err)
	}
	leaf, _ := p.commit(5)
	lie := slices.Concat(honest[:4*32], leaf[:], honest[5*32:])
	_, err = p.batch(p.writer(skipTile{fsys, tile, lie}))
	must(t, err)
	if r := verified(t, fsys, VerifyOptions{LogKey: p.key}); !names(r, zip, Altered) || r.Collections[0].Opened != 19 {
		t.Errorf("%+v, %+v", r.Findings, r.Collections)
	}
}

func TestVerifyDoesNotWaitForAPipe(t *testing.T) {
	p := newPress(t, 20, 20)
	fsys, dir := p.published()
	for _, name := range []string{"unseal.json", "log/checkpoint", "c/mail/batch/0001/1/items.zip"} {
		full := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.Rename(full, full+".away"))
		must(t, syscall.Mkfifo(full, 0o600))
		if r := verified(t, fsys, VerifyOptions{}); !names(r, name, Altered) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
		if a, err := Open(context.Background(), fsys); err == nil {
			if _, err := a.Collections()[0].Bytes(1); err == nil {
				t.Errorf("%s: read through a pipe", name)
			}
			a.Close()
		}
		must(t, os.Remove(full))
		must(t, os.Symlink(full+".away", full))
		if r := verified(t, fsys, VerifyOptions{}); !names(r, name, Altered) {
			t.Errorf("%s, a link: %+v", name, r.Findings)
		}
		must(t, os.Remove(full))
		must(t, os.Rename(full+".away", full))
	}
	clean(t, verified(t, fsys, VerifyOptions{}))
}
