package intake_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake"
	"unseal/trove"
)

// letter is a mail of ours.
func letter(id string, more ...string) string {
	return fmt.Sprintf("Message-ID: <%s@example.org>\nFrom: Anna <anna@example.org>\nTo: Bob <bob@example.org>\nDate: Thu, 1 Jan 2015 10:00:00 +0100\nSubject: %s\n%s\nHello from %s.\n",
		id, id, strings.Join(more, ""), id)
}

func mboxOf(mails ...string) string {
	var b strings.Builder
	for _, m := range mails {
		b.WriteString("From anna@example.org Thu Jan  1 00:00:00 2015\n")
		b.Write(blob.Quote(trove.MboxRD, []byte(m)))
		b.WriteString("\n")
	}
	return b.String()
}

func zipOf(t testing.TB, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for p := range slices.Chunk(pairs, 2) {
		w, err := z.Create(p[0])
		must(t, err)
		_, err = io.WriteString(w, p[1])
		must(t, err)
	}
	must(t, z.Close())
	return b.String()
}

func tgzOf(t testing.TB, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := tar.NewWriter(&b)
	for p := range slices.Chunk(pairs, 2) {
		must(t, z.WriteHeader(&tar.Header{Name: p[0], Size: int64(len(p[1])), Mode: 0o600}))
		_, err := io.WriteString(z, p[1])
		must(t, err)
	}
	must(t, z.Close())
	return gzOf(t, b.String())
}

func gzOf(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, s)
	must(t, err)
	must(t, z.Close())
	return b.String()
}

// folder writes files, name and content in turn, into a new folder.
func folder(t testing.TB, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for p := range slices.Chunk(pairs, 2) {
		name := filepath.Join(dir, filepath.FromSlash(p[0]))
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		must(t, os.WriteFile(name, []byte(p[1]), 0o600))
	}
	return dir
}

// lines describes a collection: "owner path kind: exact bytes" with warnings,
// sorted.
func (d *desk) lines() []string {
	d.t.Helper()
	var list []string
	for _, p := range d.places(coll) {
		b, err := blob.Read(context.Background(), d.blobs, blob.Span(p.item.Span), 1<<30)
		must(d.t, err)
		list = append(list, fmt.Sprintf("%s|%s|%s|%s|%v", p.Owner, p.Path, p.item.Kind, trove.Sum(b).Short(), codes([]place{p})))
		if trove.Sum(b) != p.item.SHA256 {
			d.t.Errorf("%s: the bytes are not those of the item", p.Path)
		}
	}
	slices.Sort(list)
	return list
}

func line(owner, path string, kind trove.Kind, bytes string, codes ...string) string {
	return fmt.Sprintf("%s|%s|%s|%s|%v", owner, path, kind, trove.Sum([]byte(bytes)).Short(), codes)
}

func wantLines(t testing.TB, d *desk, want ...string) {
	t.Helper()
	slices.Sort(want)
	got := d.lines()
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("unexpected: %s", g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("missing:    %s", w)
		}
	}
}

func TestEveryKindOfHandOver(t *testing.T) {
	a, b, c, e := letter("a"), letter("b"), letter("c"), letter("e")
	from := letter("from", "\nFrom here on\n>From there\n")
	text, empty := "just a note\n", ""
	dir := folder(t,
		"maildir/anna/inbox/1.", a,
		"maildir/anna/cur/2:2,S", b,
		"bob/inbox.mbox", mboxOf(a, from),
		"apple/1.emlx", fmt.Sprintf("%d\n%s<?xml version=\"1.0\"?>\n<plist/>\n", len(c), c),
		"mail.mbox.gz", gzOf(t, mboxOf(b, c)),
		"deep.zip", zipOf(t, "in/side.tar.gz", tgzOf(t, "../up/e.eml", e, "box", mboxOf(a, e)), "note.txt", text),
		"note.txt", text,
		"empty", empty,
		"empty.zip", zipOf(t),
		"letter.docx", zipOf(t, "[Content_Types].xml", "<Types/>", "word/document.xml", "x"),
	)
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	docx, err := os.ReadFile(filepath.Join(dir, "letter.docx"))
	must(t, err)

	d := newDesk(t)
	sum := d.take(dir)
	wantLines(t, d,
		line("anna", "maildir/anna/inbox/1.", trove.Mail, a),
		line("anna", "maildir/anna/cur/2:2,S", trove.Mail, b),
		line("bob", "bob/inbox.mbox", trove.Mail, a),
		line("bob", "bob/inbox.mbox", trove.Mail, from),
		line("", "apple/1.emlx", trove.Mail, c),
		line("", "mail.mbox.gz!/mail.mbox", trove.Mail, b),
		line("", "mail.mbox.gz!/mail.mbox", trove.Mail, c),
		line("", "deep.zip!/in/side.tar.gz!/up/e.eml", trove.Mail, e, "unsafe-name"),
		line("", "deep.zip!/in/side.tar.gz!/box", trove.Mail, a),
		line("", "deep.zip!/in/side.tar.gz!/box", trove.Mail, e, "unsafe-name"),
		line("", "deep.zip!/note.txt", trove.Doc, text),
		line("", "note.txt", trove.Doc, text),
		line("", "empty", trove.File, empty, "empty"),
		line("", "empty.zip", trove.File, zipOf(t), "empty-container"),
		line("", "letter.docx", trove.Doc, string(docx)),
	)
	if sum.Files != 10 || sum.New != 9 || sum.Items != 15 || sum.Occurrences != 15 || sum.NoMail != 4 || sum.Unreadable != 0 {
		t.Errorf("summary %+v", sum)
	}
	if len(sum.Links) != 1 || filepath.Base(sum.Links[0]) != "link" || len(sum.Failures) != 1 || filepath.Base(sum.Failures[0].Path) != "pipe" {
		t.Errorf("links %v, failures %v", sum.Links, sum.Failures)
	}
	files := map[string]catalog.File{}
	must(t, d.cat.Files(context.Background(), coll, func(f *catalog.File) error {
		files[f.Path] = *f
		if b, err := os.ReadFile(filepath.Join(dir, f.Path)); err != nil || trove.Sum(b) != f.SHA256 || !f.Done {
			t.Errorf("file %+v, %v", f, err)
		}
		if err := blob.Check(context.Background(), d.blobs, f.SHA256); err != nil {
			t.Errorf("%s as handed over: %v", f.Path, err)
		}
		return nil
	}))
	for path, want := range map[string]string{"bob/inbox.mbox": "mboxrd", "deep.zip": "zip", "note.txt": "file", "apple/1.emlx": "emlx", "maildir/anna/inbox/1.": "mail"} {
		if got := files[path].Type; got != want {
			t.Errorf("%s is a %s, want %s", path, got, want)
		}
	}
	before := d.lines()
	if again := d.take(dir); again.New != 0 || again.Occurrences != 0 || again.FilesDone != 10 || again.Items != 0 {
		t.Errorf("a second run: %+v", again)
	}
	if !slices.Equal(before, d.lines()) {
		t.Error("a second run changed something")
	}
}

func TestAFileAndItsOwner(t *testing.T) {
	d := newDesk(t)
	d.options.Owner = "carol"
	dir := folder(t, "anna/inbox", mboxOf(letter("a")))
	file := filepath.Join(dir, "anna", "inbox")
	d.take(file)
	wantLines(t, d, line("carol", "inbox", trove.Mail, letter("a")))
	d = newDesk(t)
	d.take(file) // what lies around the file is not handed over
	wantLines(t, d, line("", "inbox", trove.Mail, letter("a")))
	d = newDesk(t)
	d.take(filepath.Dir(file))
	wantLines(t, d, line("anna", "inbox", trove.Mail, letter("a")))
}

func TestOwnersInsideContainers(t *testing.T) {
	d := newDesk(t)
	d.take(folder(t,
		"all.zip", zipOf(t, "maildir/anna/inbox/1", letter("a"), "inbox/1", letter("b")),
		"bob/sent/old.tgz", tgzOf(t, "1.eml", letter("c"), "carol/inbox/1", letter("d"))))
	wantLines(t, d,
		line("anna", "all.zip!/maildir/anna/inbox/1", trove.Mail, letter("a")),
		line("", "all.zip!/inbox/1", trove.Mail, letter("b")),
		line("bob", "bob/sent/old.tgz!/1.eml", trove.Mail, letter("c")),
		line("carol", "bob/sent/old.tgz!/carol/inbox/1", trove.Mail, letter("d")))
}

func TestTheSameMailInAnotherTroveIsOneItem(t *testing.T) {
	d := newDesk(t)
	one, two := folder(t, "x.eml", letter("a")), folder(t, "y.mbox", mboxOf(letter("a"), letter("b")))
	d.take(one)
	sum := d.take(two)
	if sum.New != 1 || sum.Occurrences != 2 || sum.Items != 2 {
		t.Errorf("%+v", sum)
	}
	wantLines(t, d,
		line("", "x.eml", trove.Mail, letter("a")),
		line("", "y.mbox", trove.Mail, letter("a")),
		line("", "y.mbox", trove.Mail, letter("b")))
}

func TestAMissingPathDoesNotStopTheOthers(t *testing.T) {
	d := newDesk(t)
	dir := folder(t, "a.eml", letter("a"))
	sum := d.take(filepath.Join(dir, "nothing"), dir)
	if len(sum.Failures) != 1 || sum.New != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestDamagedAndLockedContainersAreListed(t *testing.T) {
	whole := gzOf(t, mboxOf(letter("a"), letter("b")))
	cut := whole[:len(whole)-20]
	locked := []byte(zipOf(t, "open.eml", letter("a"), "locked.eml", letter("b")))
	locked[bytes.LastIndex(locked, []byte("PK\x01\x02"))+8] |= 1
	d := newDesk(t)
	d.take(folder(t, "cut.gz", cut, "locked.zip", string(locked), "bad.zip", "PK\x03\x04 nothing"))
	got := d.lines()
	for _, want := range []string{
		line("", "cut.gz", trove.File, cut, "damaged"),
		line("", "locked.zip", trove.File, string(locked), "encrypted"),
		line("", "locked.zip!/open.eml", trove.Mail, letter("a")),
		line("", "bad.zip", trove.File, "PK\x03\x04 nothing", "damaged"),
	} {
		if !slices.Contains(got, want) {
			t.Errorf("missing: %s in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "|cut.gz!/cut|mail|") }) {
		t.Error("what came before the damage is lost")
	}
}

func TestBombsEnd(t *testing.T) {
	zeros := strings.Repeat("\x00", 1<<20)
	var bomb bytes.Buffer
	gz := gzip.NewWriter(&bomb)
	for range 120 { // over the 100 MB that any file may unpack to
		_, err := io.WriteString(gz, zeros)
		must(t, err)
	}
	must(t, gz.Close())
	many := []string{}
	for i := range 120 {
		many = append(many, fmt.Sprint(i), zeros)
	}
	nested := letter("deep")
	path := "nested.zip"
	for range 12 {
		nested = zipOf(t, "x.zip", nested)
	}
	manyZip := zipOf(t, many...)
	twice := zipOf(t, "many.zip", manyZip)
	d := newDesk(t)
	sum := d.take(folder(t, "bomb.gz", bomb.String(), "many.zip", manyZip, "twice.zip", twice, path, nested, "ok.eml", letter("ok")))
	got := strings.Join(d.lines(), "\n")
	for _, want := range []string{
		line("", "bomb.gz", trove.File, bomb.String(), "too-large"),
		line("", "many.zip", trove.File, manyZip, "too-large"),
		line("", "twice.zip!/many.zip", trove.File, manyZip, "too-large"),
		line("", "ok.eml", trove.Mail, letter("ok")),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if !strings.Contains(got, "nested.zip"+strings.Repeat("!/x.zip", 8)+"|file|") || strings.Contains(got, strings.Repeat("!/x.zip", 9)) {
		t.Errorf("nesting ends elsewhere:\n%s", got)
	}
	if sum.Warnings["too-deep"] == 0 || sum.Warnings["too-large"] == 0 {
		t.Errorf("warnings %v", sum.Warnings)
	}
	left, err := filepath.Glob(filepath.Join(d.dir, "unseal-intake-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func TestNamesInContainersLeadNowhere(t *testing.T) {
	d := newDesk(t)
	outside := filepath.Join(d.dir, "escaped")
	dir := folder(t, "slip.zip", zipOf(t, "../../../escaped", letter("a"), outside, letter("b"), `..\..\c`, letter("c")))
	d.take(dir)
	if _, err := os.Stat(outside); err == nil {
		t.Error("a name in a container led to a file")
	}
	for _, p := range d.places(coll) {
		if strings.Contains(p.Path, "..") || strings.Contains(p.Path, "!//") {
			t.Errorf("path %q", p.Path)
		}
		if !warned([]place{p}, "unsafe-name") {
			t.Errorf("%s: not warned of", p.Path)
		}
	}
}

func TestAMailOverTheLimitIsKept(t *testing.T) {
	big := letter("big") + strings.Repeat("x", 64<<20) + "\n"
	d := newDesk(t)
	sum := d.take(folder(t, "box", mboxOf(letter("a"), big, letter("b"))))
	if sum.Unreadable != 1 || sum.New != 3 {
		t.Errorf("%+v", sum)
	}
	for _, p := range d.places(coll) {
		large := p.item.Size > 1<<20
		if large != (p.item.State == trove.Unreadable) || large != strings.Contains(p.rec.Unreadable, "64 MB") {
			t.Errorf("%s: %d bytes, %s, %q", p.Path, p.item.Size, p.item.State, p.rec.Unreadable)
		}
	}
	d.verify(coll)
}

func TestBadMailsAmongManyGood(t *testing.T) {
	var mails []string
	for i := range 700 {
		m := letter(fmt.Sprint(i))
		switch i {
		case 100:
			m = letter("crash", "X-Test: crash\n")
		case 101:
			m = letter("panic", "X-Test: panic\n")
		case 600:
			m = letter("memory", "X-Test: memory\n")
		}
		mails = append(mails, m)
	}
	d := newDesk(t)
	sum := d.take(folder(t, "box", mboxOf(mails...)))
	if sum.New != 700 || sum.Unreadable != 3 {
		t.Errorf("%+v", sum)
	}
	for _, p := range d.places(coll) {
		bad := strings.Contains(p.rec.Unreadable, "work") || p.rec.Unreadable != ""
		if bad != (p.item.State == trove.Unreadable) || !bad && p.item.Text.Length == 0 {
			t.Errorf("%s: %s %q", p.rec.MessageID, p.item.State, p.rec.Unreadable)
		}
	}
	d.verify(coll)
	d.verifyTexts()
}

// verifyTexts unpacks every text.
func (d *desk) verifyTexts() {
	d.t.Helper()
	z, err := zstd.NewReader(nil)
	must(d.t, err)
	defer z.Close()
	for _, p := range d.places(coll) {
		if p.item.Text.Length == 0 {
			continue
		}
		ref := p.item.Text
		frame, err := blob.Read(context.Background(), d.blobs, blob.Span{Blob: ref.Blob, Offset: ref.Offset, Length: ref.Length}, 1<<30)
		must(d.t, err)
		text, err := z.DecodeAll(frame, nil)
		must(d.t, err)
		if !strings.Contains(string(text), "Hello from "+p.rec.Subject) {
			d.t.Errorf("%s has the text %q", p.rec.Subject, text)
		}
	}
}

// stopping is a catalog that ends a run at its n-th chunk, before or after it
// is durable.
type stopping struct {
	catalog.Catalog
	left  int
	after bool
}

var errStopped = errors.New("power failure")

func (s *stopping) AddChunks(ctx context.Context, chunks []catalog.Chunk) (catalog.Added, error) {
	if s.left--; s.left < 0 {
		if s.after {
			if _, err := s.Catalog.AddChunks(ctx, chunks); err != nil {
				return catalog.Added{}, err
			}
		}
		return catalog.Added{}, errStopped
	}
	return s.Catalog.AddChunks(ctx, chunks)
}

// mixed is how many occurrences are in the mixture.
const mixed = 750 + 701 + 300

// mixture is material that makes several chunks of every kind.
func mixture(t testing.TB) string {
	var big, packed, many []string
	for i := range 700 {
		big = append(big, letter(fmt.Sprint("big ", i)))
		packed = append(packed, letter(fmt.Sprint("packed ", i)))
	}
	big = append(big, big[:50]...)
	pairs := []string{"a-box", mboxOf(big...), "b.zip", zipOf(t, "box", mboxOf(packed[:400]...), "x.tgz", tgzOf(t, "box", mboxOf(packed[400:]...), "note", "no mail"))}
	for i := range 300 {
		many = append(many, fmt.Sprintf("c/inbox/%d.", i), letter(fmt.Sprint("many ", i%280)))
	}
	return folder(t, append(pairs, many...)...)
}

func TestARunGoesOnWhereItWasStopped(t *testing.T) {
	dir := mixture(t)
	whole := newDesk(t)
	sum := whole.take(dir)
	want := whole.state()
	if sum.New != 700+700+280+1 || sum.Occurrences != mixed {
		t.Fatalf("%+v", sum)
	}
	for _, after := range []bool{false, true} {
		d := newDesk(t)
		o := d.options
		o.Paths = []string{dir}
		stops := 0
		for n := 0; ; n++ { // every run comes one chunk further, or none
			o.Catalog = &stopping{Catalog: d.cat, left: n % 2, after: after}
			_, err := intake.Run(context.Background(), o)
			if err == nil {
				break
			}
			if !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			if stops++; stops > 100 {
				t.Fatal("it never comes to the end")
			}
		}
		t.Logf("stopped %d times", stops)
		if stops < 3 {
			t.Errorf("stopped only %d times", stops)
		}
		if got := d.state(); !reflect.DeepEqual(got, want) {
			t.Errorf("after=%v: the state differs: %d lines, want %d", after, len(got), len(want))
		}
		d.verifyTexts()
	}
}

// forgetful is a catalog that says of one chunk that it is durable, though only
// the progress is.
type forgetful struct {
	catalog.Catalog
	left int
}

func (f *forgetful) AddChunks(ctx context.Context, chunks []catalog.Chunk) (catalog.Added, error) {
	if f.left--; f.left == 0 {
		for i := range chunks {
			chunks[i].Items = nil
		}
	}
	return f.Catalog.AddChunks(ctx, chunks)
}

// TestALostChunkShows is the control of the test above.
func TestALostChunkShows(t *testing.T) {
	dir := mixture(t)
	whole, d := newDesk(t), newDesk(t)
	whole.take(dir)
	d.options.Catalog = &forgetful{Catalog: d.cat, left: 2}
	d.take(dir)
	if reflect.DeepEqual(d.state(), whole.state()) {
		t.Error("a lost chunk changes nothing that is looked at")
	}
}

// state is everything that must not depend on interruptions.
func (d *desk) state() []string {
	d.t.Helper()
	list := d.lines()
	for _, p := range d.places(coll) {
		list = append(list, fmt.Sprint(p.item.SHA256, p.item.Thread, p.item.CopyOf != 0, p.item.SortDate, p.item.State, string(p.item.Record), p.Offset, p.Length, p.Rule, p.FileSHA256))
	}
	people, err := d.cat.People(context.Background(), coll)
	must(d.t, err)
	list = append(list, fmt.Sprint(people))
	slices.Sort(list)
	return list
}

func TestCancellingEndsARunSoon(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := d.options
	o.Paths = []string{mixture(t)}
	o.Progress = func(intake.Progress) { cancel() }
	if _, err := intake.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if sum := d.take(o.Paths...); sum.Occurrences == 0 {
		t.Errorf("nothing was left: %+v", sum)
	}
	if got := len(d.lines()); got != mixed {
		t.Errorf("%d occurrences", got)
	}
}

func TestAFullDiskStopsTheRunAndLosesNothing(t *testing.T) {
	dir := mixture(t)
	d := newDesk(t)
	o := d.options
	o.Paths = []string{dir}
	for n := range 4 {
		o.Blobs = &fullDisk{Store: d.blobs, left: 80 * n}
		if _, err := intake.Run(context.Background(), o); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("run %d: %v", n, err)
		}
	}
	d.take(dir)
	if got := len(d.lines()); got != mixed {
		t.Errorf("%d occurrences", got)
	}
	d.verify(coll)
}

// fullDisk is a store that takes so many small blobs and no more.
type fullDisk struct {
	blob.Store
	left int
}

func (f *fullDisk) NewBatch() blob.Batch { return &fullBatch{f.Store.NewBatch(), f} }

type fullBatch struct {
	blob.Batch
	f *fullDisk
}

func (b *fullBatch) Put(ctx context.Context, p []byte) (trove.Digest, error) {
	if b.f.left--; b.f.left < 0 {
		return trove.Digest{}, syscall.ENOSPC
	}
	return b.Batch.Put(ctx, p)
}

func TestProgressGoesToTheEnd(t *testing.T) {
	d := newDesk(t)
	o := d.options
	dir := mixture(t)
	o.Paths = []string{dir, folder(t, "x.eml", letter("x"))}
	var last intake.Progress
	o.Progress = func(p intake.Progress) {
		if p.Items < last.Items || p.Bytes < last.Bytes || p.Bytes > p.TotalBytes || p.Elapsed < 0 {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	sum, err := intake.Run(context.Background(), o)
	must(t, err)
	if last.Bytes != last.TotalBytes || last.Items != sum.Items || last.Items != mixed+1 || sum.Bytes != last.TotalBytes {
		t.Errorf("last %+v, summary %+v", last, sum)
	}
}

func TestThreadsCopiesAndPeople(t *testing.T) {
	reply := letter("reply", "In-Reply-To: <root@example.org>\nReferences: <root@example.org>\n")
	orphan := letter("orphan", "References: <gone@example.org>\n")
	sibling := letter("sibling", "References: <gone@example.org>\n")
	copied := "Received: from somewhere\n" + reply
	d := newDesk(t)
	d.take(folder(t, "anna/inbox/1", letter("root"), "bob/inbox/1", reply, "carol/inbox/1", copied, "carol/inbox/2", orphan, "carol/inbox/3", sibling,
		"noid", "From: x@example.org\nTo: anna@example.org\nSubject: no id\n\nx\n"))
	by := map[string]*catalog.Item{}
	ids := map[catalog.ItemID]string{}
	for _, p := range d.places(coll) {
		by[p.Path], ids[p.item.ID] = p.item, p.Path
	}
	root := by["anna/inbox/1"].Thread
	if root != trove.ThreadID("root@example.org") || by["bob/inbox/1"].Thread != root || by["carol/inbox/1"].Thread != root {
		t.Errorf("the thread across mailboxes: %q, %q, %q", root, by["bob/inbox/1"].Thread, by["carol/inbox/1"].Thread)
	}
	if g := by["carol/inbox/2"].Thread; g != trove.ThreadID("gone@example.org") || by["carol/inbox/3"].Thread != g {
		t.Errorf("the thread of a ghost: %q, %q", g, by["carol/inbox/3"].Thread)
	}
	if by["noid"].Thread != "" {
		t.Errorf("a mail without an id has the thread %q", by["noid"].Thread)
	}
	if first := by["carol/inbox/1"].CopyOf; ids[first] != "bob/inbox/1" || by["bob/inbox/1"].CopyOf != 0 {
		t.Errorf("the copy is one of %q", ids[first])
	}
	people, err := d.cat.People(context.Background(), coll)
	must(t, err)
	want := []catalog.Person{
		{Address: "anna@example.org", Names: []string{"Anna"}, Sent: 4, Received: 1},
		{Address: "bob@example.org", Names: []string{"Bob"}, Received: 4},
		{Address: "x@example.org", Sent: 1},
	}
	if !reflect.DeepEqual(people, want) {
		t.Errorf("people %+v\nwant   %+v", people, want)
	}
}

func TestTheClockDecidesWhatIsTheFuture(t *testing.T) {
	d := newDesk(t)
	d.options.Now = func() time.Time { return time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC) }
	d.take(folder(t, "a.eml", letter("a")))
	for _, p := range d.places(coll) {
		if !p.item.SortDate.IsZero() || p.rec.Date.IsZero() {
			t.Errorf("sorted at %v, dated %v", p.item.SortDate, p.rec.Date)
		}
	}
}
