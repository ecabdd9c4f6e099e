package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
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
	must(tb, err)
	signer, err := note.NewSigner(skey)
	must(tb, err)
	return signer, vkey
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// press is a publisher for tests: it knows a collection of made-up mails and
// brings an archive to any state.
type press struct {
	tb      testing.TB
	count   int
	per     int // items a batch
	signer  note.Signer
	key     string
	release []note.Signer
	genesis translog.Genesis
	reject  map[int]string // number → reason for which it is withheld
	infos   CollectionInfo
	keys    []SenderKey
	verdict trove.Verdict                        // that records state
	edit    func(n int, mail []byte) []byte      // nil: as they are
	judge   func(rec *trove.Record, mail []byte) // nil: by verdict
	hide    map[int][]proof.Cut                  // number → what is hidden of it
	edition map[int]int                          // number → its edition, where that is not 1
	files   func(n int) []NewMade                // made of a number; nil: madeOf
	liar    int                                  // a number that is another mail than when it was committed to
}

const testOrigin = "demo.example.org/log"

func newPress(tb testing.TB, count, per int) *press {
	tb.Helper()
	p := &press{tb: tb, count: count, per: per, reject: map[int]string{}, verdict: trove.Unsigned, hide: map[int][]proof.Cut{}, edition: map[int]int{}}
	p.signer, p.key = testKey(tb, testOrigin, 1)
	release, releaseKey := testKey(tb, "release.example.org", 2)
	p.release = []note.Signer{release}
	p.genesis = translog.Genesis{LogKey: p.key, Origin: testOrigin, ReleaseKeys: []string{releaseKey}, ReleaseQuorum: 1}
	p.infos = CollectionInfo{Name: "mail", Title: "Mails of the harbour board", Promised: count}
	return p
}

var words = strings.Fields("quay wall harbour board minutes draft tender crane dredging moves attached please the of and we 2016 3.5 mm <a@example.org> naïve")

// content is mail number n, as it was committed to.
func (p *press) content(n int) []byte {
	mail := p.mail(n)
	if p.edit != nil {
		mail = p.edit(n, mail)
	}
	return mail
}

func (p *press) mail(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	fmt.Fprintf(&b, "From: ada@example.org\r\nMessage-ID: <%d@example.org>\r\nSubject: item %d\r\n\r\n", n, n)
	for range r.IntN(120) {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(" \n"[r.IntN(8)/7])
	}
	if n == p.liar {
		b.WriteString("what was never there\n")
	}
	if n%13 == 0 {
		for range 30 {
			fmt.Fprintf(&b, "%038x%038x\r\n", r.Uint64(), r.Uint64())
		}
	}
	return []byte(b.String())
}

func (p *press) secret() proof.Secret { return proof.Secret{7} }

func (p *press) commit(n int) (trove.Digest, proof.Opening) {
	c := proof.Context{Origin: testOrigin, Collection: "mail", Number: n, Kind: trove.Mail}
	return proof.Commit(c, p.secret().Item("mail", n), p.content(n))
}

func (p *press) item(n int) *NewItem {
	_, o := p.commit(n)
	i := &NewItem{Number: n, Kind: trove.Mail, Edition: max(1, p.edition[n]), Date: time.Unix(1_450_000_000+int64(n)*5000, 0), Content: p.content(n)}
	i.Record = Record{
		Opening: o, Thread: trove.ThreadID(fmt.Sprint(n / 3)), Owners: []string{"ada"}, Paths: []string{"drive.mbox"},
		Record: trove.Record{Kind: trove.Mail, Subject: fmt.Sprintf("item %d", n), MessageID: fmt.Sprintf("%d@example.org", n), Verdict: p.verdict},
	}
	if p.judge != nil {
		p.judge(&i.Record.Record, i.Content)
	}
	i.Made = p.made(n)
	if p.hide[n] != nil {
		p.redact(i)
	}
	return i
}

// made are the files made of every fifth item: what was read out of it, which
// is packed, and sound of more than one block, which is not.
func (p *press) made(n int) iter.Seq2[NewMade, error] {
	if n%5 != 2 {
		return nil
	}
	files := madeOf
	if p.files != nil {
		files = p.files
	}
	return func(yield func(NewMade, error) bool) {
		for _, f := range files(n) {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func madeOf(n int) []NewMade {
	sound := make([]byte, blockSize+100*n)
	for i := range sound {
		sound[i] = byte(i * i >> 5)
	}
	return []NewMade{
		{Name: "play.ogg", Type: "audio/ogg", Content: sound},
		{Name: "reading.json", Type: "application/json", Content: fmt.Appendf(nil, `{"format":"unseal-reading/1","facts":[{"name":"title","value":"item %d%s"}]}`, n, strings.Repeat(", and once more", 20))},
	}
}

// redact makes of an item what is shown of it.
func (p *press) redact(i *NewItem) {
	shown, r, _, err := proof.Redact(p.secret().Item("mail", i.Number), p.secret().Edition("mail", i.Number, i.Edition), i.Content, p.hide[i.Number], nil)
	must(p.tb, err)
	i.Record.Original = &Original{Verdict: i.Record.Verdict, Signatures: i.Record.Signatures}
	i.Content, i.Record.Opening, i.Record.Redacted = shown, proof.Opening{}, &r
	i.Record.Verdict, i.Record.Signatures = trove.Redacted, nil
	for _, h := range r.Hidden {
		i.Record.Redactions = append(i.Record.Redactions, Redaction{At: h.At, Reason: "privacy"})
	}
}

func (p *press) writer(fsys durable.FS) *Writer {
	p.tb.Helper()
	w, err := NewWriter(fsys, p.signer, p.release, proof.Checkpoint{})
	must(p.tb, err)
	return w
}

func (p *press) publish(w *Writer) error {
	return w.Publish(Told{Info: Info{Name: "Demo", Addresses: []string{"https://demo.example.org"}}, Collections: []CollectionInfo{p.infos}, Keys: p.keys, Salt: proof.Seed{5}})
}

// start brings an empty archive to its first checkpoint: the commitment alone.
func (p *press) start(w *Writer) error {
	if w.State().Size > 0 {
		return nil
	}
	leaves := func(yield func(trove.Digest) bool) {
		for n := 1; n <= p.count; n++ {
			if leaf, _ := p.commit(n); !yield(leaf) {
				return
			}
		}
	}
	root, count, err := w.WriteCommitment(context.Background(), "mail", 1, leaves)
	if err != nil {
		return err
	}
	c := proof.Commitment{
		Collection: "mail", K: 1, First: 1, Count: count, Root: root, Rule: proof.WordsRule,
		Inventory: p.secret().Inventory("mail", 1, []trove.Digest{trove.Sum([]byte("drive.mbox"))}), Time: time.Unix(1_470_000_000, 0),
	}
	begin, err := translog.Sign(p.genesis, p.signer)
	must(p.tb, err)
	if err := w.Append(begin, c); err != nil {
		return err
	}
	return p.publish(w)
}

// batch publishes the next batch, if there is one.
func (p *press) batch(w *Writer) (more bool, err error) {
	b := 1
	for c := w.State().Collection("mail"); c != nil && c.Edition(b) > 0; {
		b++
	}
	first, last := (b-1)*p.per+1, min(b*p.per, p.count)
	if first > last {
		return false, nil
	}
	items := func(yield func(*NewItem, error) bool) {
		for n := first; n <= last; n++ {
			if p.reject[n] == "" && !yield(p.item(n), nil) {
				return
			}
		}
	}
	segment := func(w io.Writer) error { _, err := fmt.Fprintf(w, "segment of batch %d\n", b); return err }
	entries, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: b, Edition: 1, Published: time.Unix(1_475_000_000+int64(b)*86_400, 0)}, items, segment)
	if err != nil {
		return false, err
	}
	for n := first; n <= last; n++ {
		if r := p.reject[n]; r != "" {
			entries = append(entries, translog.Withheld{Collection: "mail", First: n, Last: n, Reason: r})
		}
	}
	if err := w.Append(entries...); err != nil {
		return false, err
	}
	return true, p.publish(w)
}

// revise publishes the next edition of a batch, in which something is hidden in
// some numbers, and others are withdrawn.
func (p *press) revise(w *Writer, batch int, hide map[int][]proof.Cut, drop ...int) error {
	c := w.State().Collection("mail")
	for n, cuts := range hide {
		st, _ := c.Number(n)
		p.hide[n], p.edition[n] = cuts, st.Edition+1
	}
	items := func(yield func(*NewItem, error) bool) {
		for n := 1; n <= p.count; n++ {
			if st, _ := c.Number(n); st.Batch == batch && st.State == trove.Published && !slices.Contains(drop, n) && !yield(p.item(n), nil) {
				return
			}
		}
	}
	edition := c.Edition(batch) + 1
	segment := func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "segment of batch %d, edition %d\n", batch, edition)
		return err
	}
	b := NewBatch{Collection: "mail", Number: batch, Edition: edition, Published: time.Unix(1_480_000_000+int64(edition)*86_400, 0)}
	entries, err := w.WriteBatch(context.Background(), b, items, segment)
	if err != nil {
		return err
	}
	for _, n := range drop {
		if err := w.Append(translog.Tombstone{Collection: "mail", Number: n, Reason: "court-order"}); err != nil {
			return err
		}
	}
	if err := w.Append(entries...); err != nil {
		return err
	}
	return p.publish(w)
}

// all publishes all batches up to number last, 0 for all there are.
func (p *press) all(w *Writer, last int) error {
	if err := p.start(w); err != nil {
		return err
	}
	for b := 0; last == 0 || b < last; b++ {
		if more, err := p.batch(w); err != nil || !more {
			return err
		}
	}
	return nil
}

func testFolder(tb testing.TB) (*durable.Folder, string) {
	tb.Helper()
	dir := tb.TempDir()
	fsys, err := durable.Dir(dir)
	must(tb, err)
	tb.Cleanup(func() { fsys.Close() })
	return fsys, dir
}

// published is an archive with all batches of p.
func (p *press) published() (*durable.Folder, string) {
	p.tb.Helper()
	fsys, dir := testFolder(p.tb)
	must(p.tb, p.all(p.writer(fsys), 0))
	return fsys, dir
}

func opened(tb testing.TB, fsys fs.FS) *Archive {
	tb.Helper()
	a, err := Open(context.Background(), fsys)
	must(tb, err)
	tb.Cleanup(func() { a.Close() })
	return a
}

// contents reads all files below root, by path.
func contents(tb testing.TB, root string) map[string]string {
	tb.Helper()
	all := map[string]string{}
	must(tb, filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var b []byte
			b, err = os.ReadFile(name)
			rel, _ := filepath.Rel(root, name)
			all[filepath.ToSlash(rel)] = string(b)
		}
		return err
	}))
	return all
}

func sameFiles(tb testing.TB, got, want map[string]string) {
	tb.Helper()
	for name := range want {
		if g, ok := got[name]; !ok {
			tb.Errorf("%s is missing", name)
		} else if g != want[name] {
			tb.Errorf("%s differs", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			tb.Errorf("%s is too much", name)
		}
	}
}

func TestWhatWasPublishedIsReadBackByteForByte(t *testing.T) {
	p := newPress(t, 300, 100)
	p.reject[17], p.reject[18] = "privacy", "unreadable"
	fsys, _ := p.published()
	a := opened(t, fsys)
	c, err := a.Collection("mail")
	must(t, err)
	if c.Count() != 300 || a.Info().Name != "Demo" || c.Info.Title != p.infos.Title || len(a.Collections()) != 1 {
		t.Errorf("count %d, info %+v, %+v", c.Count(), a.Info(), c.Info)
	}
	for n := 1; n <= 300; n++ {
		if reason := p.reject[n]; reason != "" {
			st, _ := c.Status(n)
			if _, err := c.Bytes(n); !errors.Is(err, ErrNotShown) || st.Reason != reason {
				t.Errorf("%d: %v, %+v", n, err, st)
			}
			continue
		}
		b, err := c.Bytes(n)
		must(t, err)
		if !bytes.Equal(b, p.content(n)) {
			t.Fatalf("%d: other bytes", n)
		}
		item, err := c.Item(n)
		must(t, err)
		if want := p.item(n); item.Record.Subject != want.Record.Subject || item.Record.Opening != want.Record.Opening || item.Batch != (n-1)/100+1 {
			t.Fatalf("%d: %+v", n, item)
		}
		text, err := a.Proof("mail", n)
		must(t, err)
		f, err := proof.Parse(text)
		must(t, err)
		s, err := proof.Verify(f, b, p.key)
		if err != nil || s.Item.Number != n {
			t.Fatalf("%d: %+v, %v", n, s, err)
		}
	}
	for _, n := range []int{0, -1, 301} {
		if _, err := c.Bytes(n); !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := a.Collection("post"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another collection: %v", err)
	}
}

func TestBatchesAndSegmentsAreListed(t *testing.T) {
	p := newPress(t, 250, 100)
	fsys, _ := p.published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	list, err := c.Batches()
	must(t, err)
	if len(list) != 3 || list[2].First != 201 || list[2].Last != 250 || list[2].Items != 50 || list[1].Number != 2 {
		t.Errorf("%+v", list)
	}
	r, size, err := c.Segment(2, 1)
	must(t, err)
	if b, err := io.ReadAll(io.NewSectionReader(r, 0, size)); err != nil || string(b) != "segment of batch 2\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, _, err := c.Segment(2, 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("another edition: %v", err)
	}
	account := c.Account()
	if account.Published != 250 || account.Committed != 250 || account.NotOut != 0 {
		t.Errorf("%+v", account)
	}
}

func TestItemsLieInAnOrdinaryZipFile(t *testing.T) {
	p := newPress(t, 40, 40)
	fsys, dir := p.published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	m, err := c.Manifest(1, 1)
	must(t, err)
	name := filepath.Join(dir, BatchDir("mail", 1, 1), ItemsName)
	z, err := zip.OpenReader(name)
	must(t, err)
	defer z.Close()
	at := map[string]Extent{}
	for _, f := range z.File {
		off, err := f.DataOffset()
		must(t, err)
		at[f.Name] = Extent{off, int64(f.CompressedSize64)}
		r, err := f.Open()
		must(t, err)
		b, err := io.ReadAll(r) // checks the CRC
		must(t, err)
		if n := 0; strings.HasSuffix(f.Name, ".eml") {
			fmt.Sscanf(f.Name, "%d.eml", &n)
			if !bytes.Equal(b, p.content(n)) {
				t.Errorf("%s: other bytes", f.Name)
			}
		}
	}
	if len(z.File) != 40+3+2*8 { // every fifth has two files made of it
		t.Errorf("%d members", len(z.File))
	}
	for _, made := range itemOf(t, opened(t, fsys), 7).Record.Made {
		if name := madeName(7, made.Name); at[name] != made.At {
			t.Errorf("%s lies at %v, the record says %v", name, at[name], made.At)
		}
	}
	for _, r := range m.Items {
		if at[r.Name] != r.At {
			t.Errorf("%s lies at %v, the manifest says %v", r.Name, at[r.Name], r.At)
		}
	}
	for _, g := range m.Records {
		if at[recordsName(g.First)] != g.At {
			t.Errorf("%s lies at %v, the manifest says %v", recordsName(g.First), at[recordsName(g.First)], g.At)
		}
	}
}

func TestBytesOfAnArchiveDoNotDependOnHowManyRunsWroteIt(t *testing.T) {
	p := newPress(t, 300, 70)
	p.reject[71] = "privacy"
	_, want := p.published()
	fsys, got := testFolder(t)
	for range 7 {
		must(t, p.start(p.writer(fsys)))
		if _, err := p.batch(p.writer(fsys)); err != nil {
			t.Fatal(err)
		}
		must(t, p.publish(p.writer(fsys))) // nothing new
	}
	sameFiles(t, contents(t, got), contents(t, want))
}

func TestFirstCheckpointHoldsTheCommitmentAlone(t *testing.T) {
	p := newPress(t, 20, 10)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.start(w))
	a := opened(t, fsys)
	if a.Checkpoint().Size != 3 || a.Collections()[0].Count() != 20 {
		t.Errorf("%+v", a.Checkpoint())
	}
	for name := range contents(t, dir) {
		if strings.Contains(name, "/batch/") {
			t.Errorf("%s is out before its time", name)
		}
	}
}

func TestWriterRefusesWhatIsNotCommittedTo(t *testing.T) {
	p := newPress(t, 20, 10)
	fsys, _ := testFolder(t)
	w := p.writer(fsys)
	must(t, p.start(w))
	write := func(b NewBatch, items ...*NewItem) error {
		seq := func(yield func(*NewItem, error) bool) {
			for _, i := range items {
				if !yield(i, nil) {
					return
				}
			}
		}
		_, err := w.WriteBatch(context.Background(), b, iter.Seq2[*NewItem, error](seq), func(io.Writer) error { return nil })
		return err
	}
	good := NewBatch{Collection: "mail", Number: 1, Edition: 1}
	altered := p.item(3)
	altered.Content = append(slices.Clone(altered.Content), '!')
	moved := p.item(3)
	moved.Number = 4
	beyond := p.item(3)
	beyond.Number = 21
	for what, err := range map[string]error{
		"altered item":       write(good, altered),
		"item at a place":    write(good, moved),
		"beyond the end":     write(good, beyond),
		"not in order":       write(good, p.item(3), p.item(2)),
		"twice":              write(good, p.item(3), p.item(3)),
		"unknown collection": write(NewBatch{Collection: "post", Number: 1, Edition: 1}, p.item(1)),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	must(t, write(good, p.item(3)))
	if err := p.publish(w); err != nil {
		t.Error("entries that were not appended stop a publish:", err)
	}
}

func TestPublishNeedsTheReleaseSignature(t *testing.T) {
	p := newPress(t, 20, 10)
	p.release = nil
	fsys, _ := testFolder(t)
	w := p.writer(fsys)
	must(t, p.start(w))
	if _, err := p.batch(w); !errors.Is(err, translog.ErrIllegal) {
		t.Errorf("published without a release signature: %v", err)
	}
}

func TestAbandonedBatchIsRemovedByTheNextPublish(t *testing.T) {
	p := newPress(t, 40, 10)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.start(w))
	_, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: 9, Edition: 1}, func(yield func(*NewItem, error) bool) { yield(p.item(9), nil) }, func(io.Writer) error { return nil })
	must(t, err)
	must(t, p.all(p.writer(fsys), 0))
	_, want := p.published()
	sameFiles(t, contents(t, dir), contents(t, want))
}
