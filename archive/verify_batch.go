package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"unseal/evidence"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// batchCheck is one edition of a batch, whose manifest is the logged one.
type batchCheck struct {
	v      *verifier
	coll   *translog.Collection
	leaves []trove.Digest
	keys   *evidence.Keys // of keys.json, or nil
	dir    string
	m      *Manifest
	files  handles
	made   madeCheck
}

// task is a piece of work on a batch, safe to do beside others.
type task func()

// checkBatches checks every batch folder, on several goroutines.
func (v *verifier) checkBatches() error {
	var tasks []task
	var checks []*batchCheck
	defer func() {
		for _, b := range checks {
			b.files.close()
		}
	}()
	w := &tally{v: v, opened: map[trove.CollectionName]chunkSum{}}
	for _, c := range v.state.Collections() {
		for _, logged := range c.Batches {
			if err := v.ctx.Err(); err != nil {
				return err
			}
			if superseded(c, logged) {
				v.checkSuperseded(c, logged)
				continue
			}
			b := v.checkManifest(c, logged)
			if b == nil {
				continue
			}
			checks = append(checks, b)
			tasks = append(tasks, b.tasks(w)...)
			for _, r := range b.m.Items {
				w.total += r.Size
			}
		}
	}
	v.work(tasks)
	if err := v.ctx.Err(); err != nil {
		return err
	}
	for _, b := range checks {
		b.compareMade()
	}
	w.finish()
	return nil
}

// work does the tasks on Jobs goroutines, and stops early when ctx is done.
func (v *verifier) work(tasks []task) {
	next := make(chan task)
	var workers sync.WaitGroup
	for range v.o.Jobs {
		workers.Go(func() {
			for t := range next {
				if v.ctx.Err() == nil {
					t()
				}
			}
		})
	}
	for _, t := range tasks {
		next <- t
	}
	close(next)
	workers.Wait()
}

// batchNames are the files of a batch folder.
var batchNames = []string{ManifestName, ItemsName, SegmentName, SumsName}

// checkSuperseded looks whether the folder of an edition is gone that a later
// one has superseded. A publish that was stopped may have left it, or a copy
// that never deletes.
func (v *verifier) checkSuperseded(c *translog.Collection, logged translog.LoggedBatch) {
	dir, there := BatchDir(c.Name, logged.Batch.Batch, logged.Edition), false
	for _, name := range batchNames {
		if _, ok := v.present[path.Join(dir, name)]; ok {
			there = true
			v.claimed[path.Join(dir, name)] = true
		}
	}
	if there {
		v.add(dir, Unfinished, "superseded edition is still here: remove it")
	}
}

// checkManifest checks the small files of a batch folder. It returns nil if
// the manifest is not the logged one, so that the rest cannot be judged.
func (v *verifier) checkManifest(c *translog.Collection, logged translog.LoggedBatch) *batchCheck {
	dir := BatchDir(c.Name, logged.Batch.Batch, logged.Edition)
	for _, name := range batchNames {
		v.claimed[path.Join(dir, name)] = true
		if _, ok := v.present[path.Join(dir, name)]; !ok {
			v.altered(path.Join(dir, name), "is missing")
		}
	}
	name := path.Join(dir, ManifestName)
	if _, ok := v.present[name]; !ok {
		return nil
	}
	b, err := readWhole(v.fsys, name, maxManifest)
	if err != nil {
		v.altered(name, "cannot be read: %v", err)
		return nil
	}
	if got := trove.Sum(b); got != logged.Manifest {
		v.altered(name, "has SHA-256 %s, the log says %s", got, logged.Manifest)
		return nil
	}
	m, err := ParseManifest(b)
	if err == nil {
		err = m.belongs(c.Name, logged)
	}
	if err != nil {
		v.altered(name, "%v", err)
		return nil
	}
	check := &batchCheck{v: v, coll: c, leaves: v.leaves[c.Name], keys: v.report.Keys, dir: dir, m: m, files: handles{fsys: v.fsys}}
	check.rows()
	check.sums(logged.Manifest)
	return check
}

// rows compares the rows with the entries of the log. As there are as many of
// them as numbers are out in the batch, they are these.
func (b *batchCheck) rows() {
	name := path.Join(b.dir, ManifestName)
	for _, r := range b.m.Items {
		st, ok := b.coll.Number(r.Number)
		switch {
		case !ok:
			b.v.altered(name, "number %d is not committed to", r.Number)
		case st.State != trove.Published || st.Batch != b.m.Batch:
			b.v.altered(name, "row %d: the number is not out in this batch", r.Number)
		case st.Edition != r.Edition:
			b.v.altered(name, "row %d is of edition %d, the log says %d", r.Number, r.Edition, st.Edition)
		}
	}
}

// sums compares SHA256SUMS with what it must be.
func (b *batchCheck) sums(manifest trove.Digest) {
	name := path.Join(b.dir, SumsName)
	if _, ok := b.v.present[name]; !ok {
		return
	}
	want := b.m.sums(manifest)
	got, err := readWhole(b.v.fsys, name, int64(len(want)))
	if err != nil {
		b.v.altered(name, "cannot be read: %v", err)
		return
	}
	if !bytes.Equal(got, want) {
		b.v.altered(name, "does not list the digests that the manifest states")
	}
}

// chunkBytes is about how many unpacked bytes one task handles.
const chunkBytes = 4 << 20

// tasks cuts the batch into pieces: its files as wholes, and its items group
// by group of records.
func (b *batchCheck) tasks(w *tally) []task {
	var list []task
	for _, f := range b.m.Files {
		if _, ok := b.v.present[path.Join(b.dir, f.Name)]; ok {
			list = append(list, func() { b.file(f) })
		}
	}
	zip := path.Join(b.dir, ItemsName)
	if _, ok := b.v.present[zip]; !ok {
		return list
	}
	list = append(list, func() { b.directory(zip) })
	first, size := 0, int64(0)
	for i := range b.m.Records {
		for _, r := range b.group(i) {
			size += r.Size
		}
		if size < chunkBytes && i < len(b.m.Records)-1 {
			continue
		}
		from, to := first, i+1
		list = append(list, func() { b.items(zip, from, to, w) })
		first, size = to, 0
	}
	return list
}

// group is the rows of a group of records.
func (b *batchCheck) group(i int) []Row {
	return b.m.Items[i*groupSize:][:b.m.Records[i].Items]
}

// file checks a file as a whole.
func (b *batchCheck) file(f FileSum) {
	name := path.Join(b.dir, f.Name)
	h, err := b.files.get(name)
	if err != nil {
		b.v.altered(name, "cannot be read: %v", err)
		return
	}
	defer b.files.release(h)
	if h.size != f.Size {
		b.v.altered(name, "has %d bytes, the manifest says %d", h.size, f.Size)
		return
	}
	got, err := sumOf(h, h.size)
	switch {
	case err != nil:
		b.v.altered(name, "cannot be read: %v", err)
	case got != f.SHA256:
		b.v.altered(name, "has SHA-256 %s, the manifest says %s", got, f.SHA256)
	case f.Name == SegmentName && b.v.o.CheckSegment != nil:
		if err := b.v.o.CheckSegment(h, h.size); err != nil {
			b.v.altered(name, "%v", err)
		}
	}
}

// directory compares the central directory of items.zip, which any zip tool
// goes by, with the manifest, which we go by: both must show the same bytes.
func (b *batchCheck) directory(name string) {
	h, err := b.files.get(name)
	if err != nil {
		return // reported by file
	}
	defer b.files.release(h)
	z, err := zip.NewReader(&window{ReaderAt: h}, h.size)
	if err != nil {
		b.v.altered(name, "is not a zip file: %v", err)
		return
	}
	want := make(map[string]member, len(b.m.Items)+len(b.m.Records))
	for _, r := range b.m.Items {
		want[r.Name] = member{r.At, r.Size}
	}
	for _, g := range b.m.Records {
		want[recordsName(g.First)] = member{g.At, g.Size}
	}
	for _, f := range z.File {
		at, err := f.DataOffset()
		got := member{Extent{at, int64(f.CompressedSize64)}, int64(f.UncompressedSize64)}
		form := err == nil && (f.Method == zip.Store) == (got.at[1] == got.size)
		if form && strings.HasPrefix(f.Name, madeDir) && b.made.lies(f.Name, got) {
			continue // compared with the records when all of them are read
		}
		if w, ok := want[f.Name]; !form || !ok || w != got {
			b.v.altered(name, "member %q is not where the manifest has it", f.Name)
		}
		delete(want, f.Name)
	}
	for missing := range want {
		b.v.altered(name, "its directory does not list %s", missing)
	}
	b.made.finish()
}

// member is where a member of items.zip lies, and how large it is unpacked.
type member struct {
	at   Extent
	size int64
}

// bench holds the file and the buffers of one task.
type bench struct {
	window
	size                     int64 // of the file
	packed, records, content []byte
}

var benches = sync.Pool{New: func() any { return new(bench) }}

// items checks the groups from and up to to: the records and the items.
func (b *batchCheck) items(zip string, from, to int, w *tally) {
	h, err := b.files.get(zip)
	if err != nil {
		return // reported by file
	}
	defer b.files.release(h)
	buf := benches.Get().(*bench)
	defer benches.Put(buf)
	buf.window = window{ReaderAt: h, buf: buf.window.buf[:0]}
	buf.size = h.size
	defer func() { buf.window.ReaderAt = nil }()
	var sum chunkSum
	for i := from; i < to && b.v.ctx.Err() == nil; i++ {
		g := b.m.Records[i]
		name := recordsName(g.First)
		buf.records = b.member(buf, buf.records[:0], zip, name, g.At, g.Size)
		if buf.records == nil {
			b.made.blind()
			continue
		}
		if trove.Sum(buf.records) != g.SHA256 {
			b.v.altered(zip, "%s is not what the manifest says", name)
			b.made.blind()
			continue
		}
		rest := buf.records
		for _, r := range b.group(i) {
			var line []byte
			line, rest, _ = bytes.Cut(rest, []byte{'\n'})
			b.item(buf, zip, r, line, &sum)
		}
		if len(rest) > 0 {
			b.v.altered(zip, "%s holds more than %d records", name, g.Items)
		}
	}
	w.add(b.coll.Name, sum)
}

// member unpacks a member into to; nil, after a finding, if it cannot.
func (b *batchCheck) member(buf *bench, to []byte, zip, name string, at Extent, size int64) []byte {
	if at[1] > buf.size {
		b.v.altered(zip, "%s lies beyond its end", name)
		return nil
	}
	if int64(cap(buf.packed)) < at[1] {
		buf.packed = make([]byte, at[1]+at[1]/4)
	}
	buf.packed = buf.packed[:at[1]]
	if n, err := buf.ReadAt(buf.packed, at[0]); int64(n) < at[1] {
		b.v.altered(zip, "%s cannot be read: %v", name, err)
		return nil
	}
	to, err := unpack(to, buf.packed, size)
	if err != nil {
		b.v.altered(zip, "%s: %v", name, err)
		return nil
	}
	if to == nil {
		to = []byte{} // an empty member
	}
	return to
}

// item checks one item: its bytes against manifest, commitment and log, and its
// record as far as asked.
func (b *batchCheck) item(buf *bench, zip string, r Row, line []byte, sum *chunkSum) {
	var rec Record
	bad := b.record(&rec, r, line)
	if bad != nil {
		b.v.altered(zip, "the record of number %d: %v", r.Number, bad)
		b.made.blind()
	} else {
		b.checkMade(buf, zip, &rec, sum)
	}
	content := b.member(buf, buf.content[:0], zip, r.Name, r.At, r.Size)
	if content == nil {
		return
	}
	buf.content = content
	if trove.Sum(content) != r.SHA256 {
		b.v.altered(zip, "%s is not what the manifest says", r.Name)
		return
	}
	if bad != nil {
		return
	}
	sum.items++
	sum.bytes += int64(len(content))
	sum.count(rec.Verdict)
	if rec.Redacted != nil {
		sum.redacted++
	}
	if err := b.opens(r, &rec, content, sum); err != nil {
		b.v.altered(zip, "%s: %v", r.Name, err)
		return
	}
	if err := b.sender(&rec, content, sum); err != nil {
		b.v.altered(zip, "the record of number %d: %v", r.Number, err)
	}
}

// opens checks that what is shown opens the item's commitment and is what the
// log says. Of a redacted item both is always computed in full.
func (b *batchCheck) opens(r Row, rec *Record, content []byte, sum *chunkSum) error {
	if r.Number > len(b.leaves) || b.leaves[r.Number-1].IsZero() {
		return nil // reported with the commitment
	}
	if rec.rule() != b.coll.Commitment(r.Number).Rule {
		return errors.New("is not cut by the rule that was committed to")
	}
	c := proof.Context{Origin: b.v.state.Genesis.Origin, Collection: b.coll.Name, Number: r.Number, Kind: r.Kind}
	leaf, shown, err := rec.opens(c, content)
	if err != nil {
		return err
	}
	if leaf != b.leaves[r.Number-1] {
		return fmt.Errorf("is not what was committed to as number %d", r.Number)
	}
	if st, _ := b.coll.Number(r.Number); st.Shown != shown {
		return errors.New("is not what its log entry says")
	}
	sum.opened++
	if b.v.o.Deep && rec.Redacted == nil {
		return rec.Opening.Deep(content)
	}
	return nil
}

// record reads a record: all of it in a deep verification, of a redacted item
// and of one of which files were made; else what its head tells.
func (b *batchCheck) record(rec *Record, r Row, line []byte) error {
	if b.v.o.Deep || r.Hidden > 0 || bytes.Contains(line, madeKey) {
		if err := rec.parse(line, r); err != nil {
			return err
		}
		if (r.Hidden > 0) != (rec.Verdict == trove.Redacted) {
			return fmt.Errorf("says %q of the sender's signature, and %d runs are hidden", rec.Verdict, r.Hidden)
		}
		return nil
	}
	h, ok := parseRecordHead(line)
	if !ok || h.number != r.Number {
		return errRecord
	}
	rec.Number, rec.Opening, rec.Kind = h.number, h.opening, r.Kind
	rec.Verdict, rec.Unreadable = trove.Verdict(h.verdict), string(h.unreadable)
	return nil
}

// chunkSum is what one task counts.
type chunkSum struct {
	items, opened, redacted int
	later, made             int
	bytes                   int64
	verdicts                map[trove.Verdict]int
}

func (s *chunkSum) count(verdict trove.Verdict) {
	if s.verdicts == nil {
		s.verdicts = map[trove.Verdict]int{}
	}
	s.verdicts[verdict]++
}

// tally adds up what the tasks count.
type tally struct {
	v      *verifier
	total  int64
	mu     sync.Mutex
	sum    chunkSum                          // guarded by mu
	opened map[trove.CollectionName]chunkSum // guarded by mu: what was opened and what is redacted
}

func (w *tally) add(c trove.CollectionName, s chunkSum) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sum.items += s.items
	w.sum.bytes += s.bytes
	w.sum.later += s.later
	w.sum.made += s.made
	of := w.opened[c]
	of.opened += s.opened
	of.redacted += s.redacted
	w.opened[c] = of
	for verdict, n := range s.verdicts {
		w.v.report.Verdicts[verdict] += n
	}
	if w.v.o.Progress != nil {
		w.v.o.Progress(w.sum.bytes, w.total)
	}
}

// finish puts the sums into the report, once no task runs.
func (w *tally) finish() {
	w.v.report.Items, w.v.report.Bytes, w.v.report.Later = w.sum.items, w.sum.bytes, w.sum.later
	w.v.report.Made = w.sum.made
	for i := range w.v.report.Collections {
		r := &w.v.report.Collections[i]
		r.Opened, r.Redacted = w.opened[r.Name].opened, w.opened[r.Name].redacted
	}
}
