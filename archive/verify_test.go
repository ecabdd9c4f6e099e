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
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"unseal/proof"
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
		items := 0
		r := verified(t, fsys, VerifyOptions{
			LogKey: p.key, Deep: deep, Jobs: 1,
			CheckSegment: func(r io.ReaderAt, size int64) error {
				b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
				if !strings.HasPrefix(string(b), "segment of batch ") {
					t.Errorf("segment %q", b)
				}
				return err
			},
			CheckItem: func(r *Record, content []byte) error {
				items++
				if !bytes.Equal(content, p.content(r.Number)) || r.Verdict != trove.Unsigned || deep != (r.Subject == fmt.Sprintf("item %d", r.Number)) {
					t.Errorf("record %+v", r)
				}
				return nil
			},
		})
		clean(t, r)
		c := r.Collections[0]
		if c.Committed != 300 || c.Published != 198 || c.Withheld["privacy"] != 1 || c.Unreadable != 1 || c.NotOut != 100 || c.Opened != 198 || c.Batches != 2 {
			t.Errorf("account %+v", c)
		}
		if !r.KeyKnown || r.Items != 198 || items != 198 || r.Verdicts[trove.Unsigned] != 198 || r.Bytes == 0 || r.Checkpoint.Size != w.Signed().Size {
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
	for _, size := range []int{20, 520} {
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
	if r := verified(t, mapOf(contents(t, forkedDir)), VerifyOptions{Seen: seen}); !names(r, "log/checkpoint", Altered) {
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
	m := p.archived()
	r := verified(t, m, VerifyOptions{CheckItem: func(*Record, []byte) error { return errors.New("spoilt") }})
	if len(r.Findings) != maxPerPath || r.More != 520-maxPerPath {
		t.Errorf("%d findings, %d more", len(r.Findings), r.More)
	}
}

// A publisher that lies in what it signs: the log is sound, the content is not.
func TestAnItemThatIsNotWhatWasCommittedToIsFound(t *testing.T) {
	p := newPress(t, 20, 20)
	fsys, dir := p.published()
	w := p.writer(fsys)
	c := w.State().Collection("mail")
	// the same archive with the commitments of two numbers exchanged
	name := "c/mail/commitment/1/tile/0/000.p/20"
	m := mapOf(contents(t, dir))
	tile := bytes.Clone(m[name].Data)
	copy(tile, m[name].Data[32:64])
	copy(tile[32:], m[name].Data[:32])
	if r := verified(t, with(m, name, tile), VerifyOptions{}); !names(r, name, Altered) {
		t.Errorf("%+v", r.Findings)
	}
	if c.Count != 20 {
		t.Error(c.Count)
	}
	_, o := p.commit(1)
	if err := o.Deep(p.content(2)); !errors.Is(err, proof.ErrMismatch) {
		t.Error(err)
	}
}
