package release_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/blob/disk"
	"unseal/catalog"
	"unseal/catalog/sqlite"
	"unseal/durable"
	"unseal/intake/reader"
	"unseal/release"
	"unseal/search/segment"
	"unseal/translog"
	"unseal/trove"
)

const (
	origin = "example.org/release"
	mail   = trove.CollectionName("mail")
)

var editor = catalog.Author{Who: "the editor", Why: "it has to be"}

// desk is a real one in a temporary folder: SQLite, files, and a clock that
// moves a minute at each look.
type desk struct {
	testing.TB
	*release.Desk
	dir     string
	time    time.Time
	blobs   *disk.Store
	closers []func() error
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	dir := t.TempDir()
	c, err := sqlite.Create(t.Context(), filepath.Join(dir, "catalog.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return openDesk(t, dir)
}

// openDesk opens the desk in dir, as a program that is started does.
func openDesk(t testing.TB, dir string) *desk {
	t.Helper()
	d := &desk{TB: t, dir: dir, time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	private, public := keys(t)
	c, err := sqlite.Open(t.Context(), filepath.Join(dir, "catalog.db"), sqlite.Options{Now: d.now})
	d.check(err)
	d.blobs, err = disk.Open(d.folder(filepath.Join(dir, "blobs")))
	d.check(err)
	signer, err := note.NewSigner(private)
	d.check(err)
	d.Desk = &release.Desk{
		Catalog: c, Blobs: d.blobs, Files: d.folder(dir), LogFiles: d.folder(filepath.Join(dir, "log")),
		Name: "Release papers", Origin: origin, LogKey: public, Signer: signer, Now: d.now,
		NewSecret: func(n trove.CollectionName) catalog.Secret { return catalog.Secret(trove.Sum([]byte(n))) },
		Segment:   segment.Build, Read: readShown,
	}
	d.closers = append(d.closers, d.blobs.Close, c.Close)
	t.Cleanup(d.close)
	return d
}

// keys are those of the log, always the same.
func keys(t testing.TB) (private, public string) {
	t.Helper()
	seed := bytes.Repeat([]byte{7}, 32)
	private, public, err := note.GenerateKey(bytes.NewReader(seed), origin)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func (d *desk) now() time.Time {
	d.time = d.time.Add(time.Minute)
	return d.time
}

func (d *desk) folder(path string) *durable.Folder {
	d.Helper()
	f, err := durable.Make(path)
	d.check(err)
	d.closers = append(d.closers, f.Close)
	return f
}

func (d *desk) close() {
	for _, fn := range d.closers {
		if err := fn(); err != nil {
			d.Error(err)
		}
	}
	d.closers = nil
}

func (d *desk) check(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// item is one to be taken in.
type item struct {
	subject, text string
	date          time.Time
	owner, path   string
	unreadable    bool
	copyOf        string // the subject of the item that this one is a copy of
}

// ingest takes items in, as intake does: their bytes lie one after the other in
// one blob, their texts in another.
func (d *desk) ingest(coll trove.CollectionName, items ...item) {
	d.Helper()
	ctx := d.Context()
	d.check(d.Catalog.PutCollection(ctx, catalog.Collection{Name: coll, Title: "All of " + string(coll), Created: d.time}))
	var box, texts []byte
	var chunk catalog.Chunk
	for _, it := range items {
		n := it.row(coll, &box, &texts)
		chunk.Items = append(chunk.Items, n)
	}
	boxSum, textSum := d.put(box), d.put(texts)
	for i := range chunk.Items {
		it := &chunk.Items[i]
		it.Span.Blob, it.Text.Blob = boxSum, textSum
		it.Occurrences[0].FileSHA256 = boxSum
	}
	t, err := d.Catalog.BeginTrove(ctx, catalog.Trove{Collection: coll, Path: "/" + boxSum.Short(), Started: d.time}, editor)
	d.check(err)
	files, err := d.Catalog.BeginFiles(ctx, t.ID, []catalog.File{{Trove: t.ID, Path: "box", SHA256: boxSum, Size: int64(len(box))}})
	d.check(err)
	chunk.File = files[0]
	chunk.File.Done = true
	_, err = d.Catalog.AddChunks(ctx, []catalog.Chunk{chunk})
	d.check(err)
	d.check(d.Catalog.EndTrove(ctx, t.ID))
	d.linkCopies(coll, items)
}

func (it item) row(coll trove.CollectionName, box, texts *[]byte) catalog.NewItem {
	raw := []byte("Subject: " + it.subject + "\n\n" + it.text + "\n")
	rec := trove.Record{Kind: trove.Mail, Subject: it.subject, Date: it.date, Verdict: trove.Unsigned}
	n := catalog.NewItem{Item: catalog.Item{Collection: coll, SHA256: trove.Sum(raw), Size: int64(len(raw)), Kind: trove.Mail,
		SortDate: it.date, State: trove.In, MessageID: it.subject, Thread: it.subject}}
	if it.unreadable {
		n.State, rec.Unreadable = trove.Unreadable, "broken"
	}
	n.Span = catalog.Span{Offset: int64(len(*box)), Length: n.Size}
	n.Occurrences = []trove.Occurrence{{Owner: it.owner, Path: it.path, Offset: n.Span.Offset, Length: n.Size}}
	*box = append(*box, raw...)
	n.Text.Offset = int64(len(*texts))
	enc, _ := zstd.NewWriter(nil)
	*texts = enc.EncodeAll([]byte(it.text), *texts)
	n.Text.Length = int64(len(*texts)) - n.Text.Offset
	n.Record, _ = json.Marshal(rec)
	return n
}

func (d *desk) linkCopies(coll trove.CollectionName, items []item) {
	d.Helper()
	ids := map[string]catalog.ItemID{}
	d.check(d.Catalog.Items(d.Context(), catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		ids[it.MessageID] = it.ID
		return nil
	}))
	var rows []catalog.ThreadRow
	for _, it := range items {
		rows = append(rows, catalog.ThreadRow{Item: ids[it.subject], Thread: it.subject, CopyOf: ids[it.copyOf]})
	}
	d.check(d.Catalog.SetThreads(d.Context(), slices.Values(rows)))
}

func (d *desk) put(b []byte) trove.Digest {
	d.Helper()
	sum, _, err := d.Blobs.Put(d.Context(), bytes.NewReader(b))
	d.check(err)
	return sum
}

func (d *desk) commit(coll trove.CollectionName) release.Committed {
	d.Helper()
	c, err := d.Commit(d.Context(), coll)
	d.check(err)
	return c
}

func (d *desk) plan(coll trove.CollectionName, every int) {
	d.Helper()
	_, err := d.Catalog.PlanBatches(d.Context(), coll, every)
	d.check(err)
}

// publish publishes into the folder to; names are as on the command line.
func (d *desk) publish(to string, names ...string) (release.Published, error) {
	d.Helper()
	var list []trove.Name
	for _, s := range names {
		n, err := trove.ParseName(s)
		d.check(err)
		list = append(list, n)
	}
	f, err := durable.Make(to)
	d.check(err)
	defer f.Close()
	return d.Publish(d.Context(), f, list)
}

func (d *desk) mustPublish(to string, names ...string) release.Published {
	d.Helper()
	p, err := d.publish(to, names...)
	d.check(err)
	return p
}

// mustVerify wants an archive without a finding.
func mustVerify(t testing.TB, dir string) archive.Report {
	t.Helper()
	_, public := keys(t)
	rep, err := archive.Verify(t.Context(), os.DirFS(dir), archive.VerifyOptions{LogKey: public, Deep: true, CheckSegment: segment.Check})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Findings) > 0 {
		t.Fatalf("%s: %v", dir, rep.Findings)
	}
	return rep
}

func open(t testing.TB, dir string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func day(n int) time.Time { return time.Date(2015, 1, n, 10, 0, 0, 0, time.UTC) }

// someItems are n readable ones, a day apart, in a shuffled order.
func someItems(prefix string, n int) []item {
	var list []item
	for i := range n {
		k := (i*7 + 3) % n // a permutation where 7 does not divide n
		list = append(list, item{subject: fmt.Sprintf("%s %02d", prefix, k), text: "The quay needs a wall, says " + prefix, date: day(k + 1),
			owner: "mary", path: "drive/mary.mbox"})
	}
	return list
}

// subjects lists the subjects of a collection by number.
func (d *desk) subjects(coll trove.CollectionName) []string {
	d.Helper()
	var list []string
	d.check(d.Catalog.Items(d.Context(), catalog.Query{Collection: coll, From: 1, To: 1 << 30}, func(it *catalog.Item) error {
		rec, err := release.Record(it)
		list = append(list, rec.Subject)
		return err
	}))
	return list
}

func TestNumbersFollowDatesAndUndatedComeLast(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, item{subject: "undated"}, item{subject: "third", date: day(3)}, item{subject: "first", date: day(1)},
		item{subject: "old", date: time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)}, item{subject: "second", date: day(2)})
	d.commit(mail)
	if got, want := d.subjects(mail), []string{"old", "first", "second", "third", "undated"}; !slices.Equal(got, want) {
		t.Errorf("numbers are %q, want %q", got, want)
	}
	// later material goes on counting, whatever its date
	d.ingest(mail, item{subject: "late and oldest", date: time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)})
	if c := d.commit(mail); c.K != 2 || c.First != 6 || c.Count != 1 {
		t.Errorf("supplement: %+v", c)
	}
	if got := d.subjects(mail); got[5] != "late and oldest" {
		t.Errorf("numbers are %q", got)
	}
}

// TestTiesFallByTheSecret: the order of two items of one second follows neither
// from intake nor from their digests.
func TestTiesFallByTheSecret(t *testing.T) {
	var orders [][]string
	for _, secret := range []string{"one", "two"} {
		for _, reversed := range []bool{false, true} {
			d := newDesk(t)
			d.NewSecret = func(trove.CollectionName) catalog.Secret { return catalog.Secret(trove.Sum([]byte(secret))) }
			items := someItems("tie", 20)
			for i := range items {
				items[i].date = day(1)
			}
			if reversed {
				slices.Reverse(items)
			}
			d.ingest(mail, items...)
			d.commit(mail)
			orders = append(orders, d.subjects(mail))
		}
	}
	if !slices.Equal(orders[0], orders[1]) || !slices.Equal(orders[2], orders[3]) {
		t.Error("the order of intake decides between equal dates")
	}
	if slices.Equal(orders[0], orders[2]) {
		t.Error("two secrets give one order: it can be told without the secret")
	}
	if slices.IsSorted(orders[0]) {
		t.Error("equal dates are in the order of their subjects")
	}
}

func TestCommitMayBeRepeated(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Commit(t.Context(), mail); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("of no collection: %v", err)
	}
	d.check(d.Catalog.PutCollection(t.Context(), catalog.Collection{Name: mail, Created: d.time}))
	if _, err := d.Commit(t.Context(), mail); !errors.Is(err, release.ErrNothing) {
		t.Errorf("of nothing: %v", err)
	}
	d.ingest(mail, someItems("a", 5)...)
	first := d.commit(mail)
	again := d.commit(mail)
	if !again.Before || again.Root != first.Root || again.Count != first.Count {
		t.Errorf("again: %+v, want %+v", again, first)
	}
	d.close()
	if again := openDesk(t, d.dir).commit(mail); !again.Before || again.Root != first.Root {
		t.Errorf("after a new start: %+v, want %+v", again, first)
	}
}

// TestCommitRefusesDamagedBytes: a commitment to them could never be taken back.
func TestCommitRefusesDamagedBytes(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, someItems("a", 3)...)
	err := filepath.WalkDir(filepath.Join(d.dir, "blobs"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(b, []byte("Subject")) {
			return err
		}
		b[12] ^= 1
		return os.WriteFile(name, b, 0o666)
	})
	d.check(err)
	if _, err := d.Commit(t.Context(), mail); err == nil || !strings.Contains(err.Error(), "fsck") {
		t.Errorf("commit over damaged bytes: %v", err)
	}
	if list, err := d.Catalog.Commitments(t.Context(), mail); err != nil || len(list) > 0 {
		t.Errorf("commitments: %v, %v", list, err)
	}
}

// same wants two folders with the same files and bytes.
func same(t testing.TB, one, two string) {
	t.Helper()
	a, b := tree(t, one), tree(t, two)
	for name := range a {
		if b[name] != a[name] {
			t.Errorf("%s differs between %s and %s", name, filepath.Base(one), filepath.Base(two))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			t.Errorf("%s is in %s only", name, filepath.Base(two))
		}
	}
}

func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		all[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAnEmptyFolderCatchesUp: whatever happened since, a new folder gets the
// same archive, byte for byte, and publishing again changes nothing.
func TestAnEmptyFolderCatchesUp(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	main := filepath.Join(dir, "main")
	d.ingest(mail, someItems("a", 9)...)
	d.commit(mail)
	d.plan(mail, 4)
	d.mustPublish(main, "mail/batch/2") // out of order
	d.check(d.Withhold(t.Context(), mail, 2, 3, "privacy", editor))
	early := filepath.Join(dir, "early")
	d.mustPublish(early, "mail/batch/3")

	d.ingest("other", append(someItems("o", 5), item{subject: "broken", unreadable: true})...)
	d.commit("other")
	d.plan("other", 3)
	coll, err := d.Catalog.Collection(t.Context(), mail)
	d.check(err)
	coll.Title = "A better title"
	d.check(d.Catalog.PutCollection(t.Context(), coll))
	d.ingest(mail, someItems("late", 5)...)
	// a further place where items already out were found
	again := someItems("a", 9)
	for i := range again {
		again[i].owner, again[i].path = "omar", "other/omar.mbox"
	}
	d.ingest(mail, append(again, item{subject: "one more", text: "x"})...)
	d.commit(mail)
	d.plan(mail, 100)
	d.mustPublish(main)
	d.close()

	d = openDesk(t, d.dir)
	before := tree(t, main)
	if p := d.mustPublish(main); p.Batches != 0 || p.Items != 0 {
		t.Errorf("published again: %+v", p)
	}
	for name, text := range tree(t, main) {
		if before[name] != text {
			t.Errorf("publishing again changed %s", name)
		}
	}
	d.mustPublish(early)
	same(t, main, early)
	empty := filepath.Join(dir, "empty")
	d.mustPublish(empty)
	same(t, main, empty)
	rep := mustVerify(t, main)
	for _, c := range rep.Collections {
		t.Logf("%+v", c)
	}
	if n, faults, err := d.Check(t.Context()); err != nil || len(faults) > 0 || n == 0 {
		t.Errorf("check: %d entries, %v, %v", n, faults, err)
	}
}

// TestALogIsNeverForked: a desk put back to an older state refuses the newer
// archive, before and after it has gone on by itself, and changes nothing.
func TestALogIsNeverForked(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	public := filepath.Join(dir, "public")
	d.ingest(mail, someItems("a", 9)...)
	d.commit(mail)
	d.plan(mail, 3)
	d.mustPublish(public, "mail/batch/1")
	d.close()
	old := filepath.Join(dir, "old desk")
	d.check(os.CopyFS(old, os.DirFS(d.dir)))
	d = openDesk(t, d.dir)
	d.mustPublish(public, "mail/batch/2")
	before := tree(t, public)

	o := openDesk(t, old)
	if _, err := o.publish(public); !errors.Is(err, translog.ErrFork) {
		t.Errorf("older desk: %v, want ErrFork", err)
	}
	// now the older desk says other things, in steps of one checkpoint each
	for i := range 8 {
		c, err := o.Catalog.Collection(t.Context(), mail)
		o.check(err)
		c.Title = fmt.Sprint("Title ", i)
		o.check(o.Catalog.PutCollection(t.Context(), c))
		o.mustPublish(filepath.Join(dir, "elsewhere"))
	}
	if _, err := o.publish(public); !errors.Is(err, translog.ErrFork) {
		t.Errorf("older desk that went on: %v, want ErrFork", err)
	}
	for name, text := range tree(t, public) {
		if before[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	mustVerify(t, public)
}

func TestAnArchivePutBackToAnOlderStateIsBroughtUpToDate(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	public, older := filepath.Join(dir, "public"), filepath.Join(dir, "older")
	d.ingest(mail, someItems("a", 9)...)
	d.commit(mail)
	d.plan(mail, 3)
	d.mustPublish(public, "mail/batch/1")
	d.check(os.CopyFS(older, os.DirFS(public)))
	d.mustPublish(public)
	d.mustPublish(older)
	same(t, public, older)
}

func TestAFolderWithOtherThingsIsRefused(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, someItems("a", 2)...)
	d.commit(mail)
	for _, name := range []string{"thesis.txt", ".ssh"} {
		to := t.TempDir()
		d.check(os.WriteFile(filepath.Join(to, name), []byte("mine"), 0o666))
		if _, err := d.publish(to); !errors.Is(err, release.ErrForeign) {
			t.Errorf("%s: %v, want ErrForeign", name, err)
		}
		if got := tree(t, to); len(got) != 1 {
			t.Errorf("left: %v", got)
		}
	}
	// an archive may have a page of its publisher beside it
	to := t.TempDir()
	d.mustPublish(to)
	d.check(os.WriteFile(filepath.Join(to, "robots.txt"), nil, 0o666))
	d.mustPublish(to)
}

func TestWhatIsWithheldIsCountedAndNotShown(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.ingest(mail, append(someItems("a", 9), item{subject: "broken", text: "Unreadable words", unreadable: true, date: day(20)})...)
	d.commit(mail)
	d.plan(mail, 3)
	d.check(d.Withhold(t.Context(), mail, 1, 3, "privacy", editor)) // all of batch 1
	d.check(d.Withhold(t.Context(), mail, 8, 8, "third-party", editor))
	pre, err := d.Preview(t.Context(), nil)
	d.check(err)
	if pre.Items != 5 || pre.Withheld["privacy"] != 3 || pre.Withheld["third-party"] != 1 || pre.Withheld["unreadable"] != 1 || pre.Bytes == 0 {
		t.Errorf("preview: %+v", pre)
	}
	if _, err := d.publish(to, "mail@1"); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("a batch of which all is withheld: %v", err)
	}
	if _, err := d.publish(to, "mail@9"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("no such batch: %v", err)
	}
	if p := d.mustPublish(to); p.Items != 5 {
		t.Errorf("published: %+v", p)
	}
	mustVerify(t, to)
	c, err := open(t, to).Collection(mail)
	d.check(err)
	reasons := map[string]int{}
	for n := 1; n <= 10; n++ {
		st, ok := c.Status(n)
		if !ok {
			t.Errorf("the log does not know no. %d", n)
		}
		reasons[string(st.State)+" "+st.Reason]++
		if st.State != trove.Published {
			if _, err := c.Item(n); !errors.Is(err, archive.ErrNotShown) {
				t.Errorf("no. %d: %v", n, err)
			}
		}
	}
	want := map[string]int{"withheld privacy": 3, "withheld third-party": 1, "unreadable unreadable": 1, "published ": 5}
	if fmt.Sprint(reasons) != fmt.Sprint(want) {
		t.Errorf("states: %v, want %v", reasons, want)
	}
	for _, bad := range []struct {
		from, to int
		code     string
		is       error
	}{{4, 4, "privacy", catalog.ErrConflict}, {10, 11, "privacy", catalog.ErrConflict}, {1, 1, "unreadable", nil}, {1, 1, "Not a code", nil}, {1, 1, "", nil}} {
		if err := d.Withhold(t.Context(), mail, bad.from, bad.to, bad.code, editor); err == nil || bad.is != nil && !errors.Is(err, bad.is) {
			t.Errorf("withhold %d to %d for %q: %v", bad.from, bad.to, bad.code, err)
		}
	}
	// another reason is another entry
	d.check(d.Withhold(t.Context(), mail, 1, 1, "safety", editor))
	d.mustPublish(to)
	mustVerify(t, to)
}

// TestWithholdKnowsWhatAStoppedPublishSaid: the log has the batch, the catalog
// was not told any more.
func TestWithholdKnowsWhatAStoppedPublishSaid(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.ingest(mail, someItems("a", 4)...)
	d.commit(mail)
	d.plan(mail, 2)
	real := d.Catalog
	d.Catalog = stopsBeforeMarking{real}
	if _, err := d.publish(to, "mail@1"); !errors.Is(err, errStop) {
		t.Fatalf("publish: %v", err)
	}
	d.close()
	d = openDesk(t, d.dir)
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("check calls a stopped publish a fault: %v, %v", faults, err)
	}
	if err := d.Withhold(t.Context(), mail, 2, 2, "privacy", editor); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("withhold what the log says is out: %v", err)
	}
	if p := d.mustPublish(to); p.Items != 2 {
		t.Errorf("published: %+v", p)
	}
	mustVerify(t, to)
}

var errStop = errors.New("stopped here")

type stopsBeforeMarking struct{ catalog.Catalog }

func (stopsBeforeMarking) MarkPublished(context.Context, catalog.Batch) error { return errStop }

func TestCopiesNameEachOtherButNotWithheldOnes(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.ingest(mail, item{subject: "first", date: day(1), path: "a"}, item{subject: "copy", date: day(2), path: "b", copyOf: "first"},
		item{subject: "hidden copy", date: day(3), path: "c", copyOf: "first"}, item{subject: "alone", date: day(4), path: "d"})
	d.commit(mail)
	d.plan(mail, 10)
	d.check(d.Withhold(t.Context(), mail, 3, 3, "privacy", editor))
	d.mustPublish(to)
	c, err := open(t, to).Collection(mail)
	d.check(err)
	for n, want := range map[int]struct {
		copies []int
		of     int
	}{1: {[]int{2}, 0}, 2: {[]int{1}, 1}, 4: {nil, 0}} {
		it, err := c.Item(n)
		d.check(err)
		if !slices.Equal(it.Record.Copies, want.copies) || it.Record.CopyOf != want.of {
			t.Errorf("no. %d: copies %v of %d, want %v of %d", n, it.Record.Copies, it.Record.CopyOf, want.copies, want.of)
		}
	}
}

// TestACopyWithheldBetweenTwoPublishesIsNotNamed: the second publish of one
// Desk looks again.
func TestACopyWithheldBetweenTwoPublishesIsNotNamed(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.ingest(mail, item{subject: "alone", date: day(1)}, item{subject: "first", date: day(2)}, item{subject: "copy", date: day(3), copyOf: "first"})
	d.commit(mail)
	d.plan(mail, 1)
	d.mustPublish(to, "mail@1")
	d.check(d.Withhold(t.Context(), mail, 3, 3, "privacy", editor))
	d.mustPublish(to)
	c, err := open(t, to).Collection(mail)
	d.check(err)
	it, err := c.Item(2)
	d.check(err)
	if len(it.Record.Copies) > 0 {
		t.Errorf("no. 2 names its withheld copy: %v", it.Record.Copies)
	}
}

// TestProvenanceTellsNothingOfNeighbours: offsets and lengths in containers,
// and the containers' digests, stay on the desk.
func TestProvenanceTellsNothingOfNeighbours(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	d.ingest(mail, someItems("a", 9)...)
	secret := item{subject: "withheld", text: "the neighbour", date: day(5).Add(time.Hour)}
	d.ingest(mail, secret)
	d.commit(mail)
	d.plan(mail, 20)
	d.check(d.Withhold(t.Context(), mail, 6, 6, "privacy", editor))
	d.mustPublish(to)
	var hidden [][]byte
	d.check(d.Catalog.Items(t.Context(), catalog.Query{Collection: mail}, func(it *catalog.Item) error {
		for _, sum := range []trove.Digest{it.Span.Blob, it.Text.Blob} {
			hidden = append(hidden, []byte(sum.String()), sum[:])
		}
		if it.State == trove.Withheld {
			hidden = append(hidden, []byte(it.SHA256.String()), it.SHA256[:])
		}
		return nil
	}))
	c, err := open(t, to).Collection(mail)
	d.check(err)
	for n := 1; n <= 10; n++ {
		it, err := c.Item(n)
		if err != nil {
			continue
		}
		line, err := json.Marshal(it.Record)
		d.check(err)
		for _, word := range []string{`"offset"`, `"length"`, `"file_sha256"`, `"occurrences"`} {
			if bytes.Contains(line, []byte(word)) {
				t.Errorf("no. %d tells %s: %s", n, word, line)
			}
		}
		if !slices.Equal(it.Record.Owners, []string{"mary"}) || !slices.Equal(it.Record.Paths, []string{"drive/mary.mbox"}) {
			t.Errorf("no. %d: owners %v, paths %v", n, it.Record.Owners, it.Record.Paths)
		}
		for _, h := range hidden {
			if bytes.Contains(line, h) {
				t.Errorf("no. %d tells a digest that must stay: %s", n, line)
			}
		}
	}
	for name, text := range tree(t, to) {
		for _, h := range hidden {
			if strings.Contains(text, string(h)) {
				t.Errorf("%s holds a digest that must stay on the desk", name)
			}
		}
	}
}

func TestPublishNeedsACommitment(t *testing.T) {
	d := newDesk(t)
	to := t.TempDir()
	d.ingest(mail, someItems("a", 2)...)
	d.ingest("other", someItems("o", 2)...)
	if _, err := d.publish(to); !notCommitted(err) {
		t.Errorf("nothing is committed: %v", err)
	}
	d.commit(mail)
	if _, err := d.publish(to, "other/batch/1"); !notCommitted(err) {
		t.Errorf("of another collection: %v", err)
	}
	d.mustPublish(to) // the commitment to mail goes out by itself
	c, err := open(t, to).Collection(mail)
	d.check(err)
	if list, err := c.Batches(); err != nil || len(list) > 0 || c.Count() != 2 {
		t.Errorf("batches %v of %d, %v", list, c.Count(), err)
	}
}

func notCommitted(err error) bool {
	_, ok := errors.AsType[*release.NotCommittedError](err)
	return ok
}

func TestCheckFindsWhatIsMissingOrOther(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, someItems("a", 4)...)
	d.commit(mail)
	d.plan(mail, 2)
	d.mustPublish(filepath.Join(t.TempDir(), "archive"))
	d.close()
	for what, spoil := range map[string]func(dir string) error{
		"a batch's lines":     func(dir string) error { return os.Remove(filepath.Join(dir, "batches/mail/0001.ndjson.zst")) },
		"a batch's lines cut": func(dir string) error { return os.Truncate(filepath.Join(dir, "batches/mail/0001.ndjson.zst"), 60) },
		"what is known":       func(dir string) error { return os.Remove(filepath.Join(dir, "batches/mail/0002.json")) },
		"what was told":       func(dir string) error { return os.RemoveAll(filepath.Join(dir, "told")) },
		"the checkpoint": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "log/log/checkpoint"), []byte("x"), 0o666)
		},
		"the log":      func(dir string) error { return os.RemoveAll(filepath.Join(dir, "log/log")) },
		"a commitment": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "log/c")) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "desk")
			if err := errors.Join(os.CopyFS(dir, os.DirFS(d.dir)), spoil(dir)); err != nil {
				t.Fatal(err)
			}
			if _, faults, err := openDesk(t, dir).Check(t.Context()); err != nil || len(faults) == 0 {
				t.Errorf("faults %v, %v", faults, err)
			}
		})
	}
}

// TestAnItemTooLargeToPublishIsRefusedBeforeCommit: by name, with nothing fixed.
func TestAnItemTooLargeToPublishIsRefusedBeforeCommit(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, someItems("a", 2)...)
	d.Catalog = claimsSize{d.Catalog, 3 << 30}
	if _, err := d.Commit(t.Context(), mail); !errors.Is(err, release.ErrTooLarge) || !strings.Contains(err.Error(), "mail/sha256:") {
		t.Errorf("commit: %v", err)
	}
}

// claimsSize says that every item has that many bytes.
type claimsSize struct {
	catalog.Catalog
	size int64
}

func (c claimsSize) Items(ctx context.Context, q catalog.Query, fn func(*catalog.Item) error) error {
	return c.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		it.Size = c.size
		return fn(it)
	})
}

func TestStopsWhereItIsAsked(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, someItems("a", 40)...)
	ctx, cancel := context.WithCancel(t.Context())
	d.Progress = func(string, int64, int64) { cancel() }
	if _, err := d.Commit(ctx, mail); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	d.Progress = nil
	d.close()
	d = openDesk(t, d.dir)
	d.commit(mail)
	d.plan(mail, 10)
	to := filepath.Join(t.TempDir(), "archive")
	for n := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		left := n % 2
		d.Progress = func(string, int64, int64) {
			if left--; left < 0 {
				cancel()
			}
		}
		f, err := durable.Make(to)
		d.check(err)
		if _, err := d.Publish(ctx, f, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("publish, stopped for the %d. time: %v", n+1, err)
		}
		d.check(f.Close())
		cancel()
		d.close()
		d = openDesk(t, d.dir)
	}
	d.mustPublish(to)
	mustVerify(t, to)
	again := filepath.Join(t.TempDir(), "again")
	d.mustPublish(again)
	same(t, to, again)
}

func TestAHalfTakenTroveIsNotCommitted(t *testing.T) {
	d := newDesk(t)
	d.ingest(mail, item{subject: "one", text: "One."})
	half, err := d.Catalog.BeginTrove(t.Context(), catalog.Trove{Collection: mail, Path: "/half", Started: d.time}, editor)
	d.check(err)
	if _, err := d.Commit(t.Context(), mail); !errors.Is(err, release.ErrUnfinished) {
		t.Fatalf("commit with a half-taken trove: %v", err)
	}
	d.check(d.Catalog.EndTrove(t.Context(), half.ID))
	if _, err := d.Commit(t.Context(), mail); err != nil {
		t.Fatal(err)
	}
}

// readShown reads what is left of an item, as plainly as the items are made.
func readShown(_ context.Context, _ *catalog.Item, req reader.Request, content []byte) (reader.Result, error) {
	head, text, _ := strings.Cut(string(content), "\n\n")
	rec := trove.Record{Kind: req.Kind, Subject: strings.TrimPrefix(head, "Subject: "), Verdict: trove.Unsigned}
	return reader.Result{Record: rec, Text: strings.TrimSuffix(text, "\n")}, nil
}
