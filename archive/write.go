package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/translog/writer"
	"unseal/trove"
)

// Writer writes an archive: one process, one goroutine, package release only.
//
// A publish is: [Writer.WriteCommitment] or [Writer.WriteBatch], which make
// objects durable that nobody sees yet; [Writer.Append] of the entries that
// name them; and [Writer.Publish], which makes entries, tiles and index files
// durable and then signs the checkpoint. A run that is stopped anywhere leaves
// the archive as its last checkpoint shows it; the next opens a Writer, asks
// [Writer.State] what is published, and does the rest again.
//
// Equal entries, infos and items give equal bytes, however many runs it took.
// After an error other than of its arguments a Writer is not used again.
type Writer struct {
	fsys    durable.FS
	log     *writer.Log
	release []note.Signer
	batches map[trove.Digest]BatchInfo // by digest of the manifest
	bare    bool                       // keep the log and the commitments alone
}

// NewLog opens the log that a desk keeps, or begins one: as [NewWriter], but
// the folder holds the log and the commitments alone. What there is of batches
// and index files is bound by the log all the same: tell of batches by
// [Writer.Know].
func NewLog(fsys durable.FS, log note.Signer) (*Writer, error) {
	w, err := NewWriter(fsys, log, nil, proof.Checkpoint{})
	if err != nil {
		return nil, err
	}
	w.bare = true
	return w, nil
}

// NewWriter opens the archive in fsys for writing, or begins one in an empty
// folder. It checks the log and removes temporary files of a run that was
// stopped. Batches are signed by the release keys, if any. Of seen see
// [writer.Open]: with it, an archive that was put back to an older state is
// not continued into a fork.
func NewWriter(fsys durable.FS, log note.Signer, release []note.Signer, seen proof.Checkpoint) (*Writer, error) {
	if err := durable.Sweep(fsys, "."); err != nil {
		return nil, err
	}
	l, err := writer.Open(fsys, LogDir, log, seen)
	if err != nil {
		return nil, err
	}
	w := &Writer{fsys: fsys, log: l, release: release, batches: map[trove.Digest]BatchInfo{}}
	if err := w.readBatches(); err != nil {
		return nil, err
	}
	return w, nil
}

// readBatches learns what is said of the published batches, from the index
// files if they are the logged ones, or those of a publish that was stopped;
// else from the manifests.
func (w *Writer) readBatches() error {
	coming, err := comingIndex(w.fsys, w.Signed().Size)
	if err != nil {
		return err
	}
	for _, c := range w.State().Collections() {
		told := w.toldBatches(CollectionPath(c.Name), coming)
		for _, logged := range c.Batches {
			if i, ok := told[logged.Manifest]; ok {
				w.batches[i.Manifest] = i
				continue
			}
			m, err := w.readManifest(c, logged)
			if errors.Is(err, fs.ErrNotExist) {
				continue // a log kept without its batches; see NewLog
			}
			if err != nil {
				return err
			}
			w.batches[logged.Manifest] = m.info(logged.Manifest)
		}
	}
	return nil
}

// toldBatches is what an index file says of batches, those of a publish that
// was stopped included, of which the folders may be gone.
func (w *Writer) toldBatches(name string, coming map[indexFile]bool) map[trove.Digest]BatchInfo {
	told := map[trove.Digest]BatchInfo{}
	b, err := readWhole(w.fsys, name, maxIndexFile)
	var info CollectionInfo
	sum := trove.Sum(b)
	if err == nil && (sum == w.State().Index[name] || coming[indexFile{name, sum}]) && strictJSON(b, &info) == nil {
		for _, i := range info.Batches {
			told[i.Manifest] = i
		}
	}
	return told
}

func (w *Writer) readManifest(c *translog.Collection, logged translog.LoggedBatch) (*Manifest, error) {
	name := path.Join(BatchDir(c.Name, logged.Batch.Batch, logged.Edition), ManifestName)
	return readManifest(&Collection{Name: c.Name, a: &Archive{fsys: w.fsys}}, name, logged)
}

// Batch is what is said of the batch edition with that manifest, if known.
func (w *Writer) Batch(manifest trove.Digest) (BatchInfo, bool) {
	b, ok := w.batches[manifest]
	return b, ok
}

// Know tells of a batch edition that was written elsewhere; see [NewLog].
func (w *Writer) Know(b BatchInfo) { w.batches[b.Manifest] = b }

// State is what the log says, appended entries included.
func (w *Writer) State() *translog.State { return w.log.State() }

// Signed is the newest checkpoint; its size is 0 before the first Publish.
func (w *Writer) Signed() proof.Checkpoint { return w.log.Signed() }

// Append adds entries to the log, in memory; see [writer.Log.Append].
// Everything that they name must have been written.
func (w *Writer) Append(entries ...translog.Entry) error { return w.log.Append(entries...) }

// WriteCommitment makes the tiles of commitment k durable, from the item
// commitments in the order of their numbers, and returns the root over them
// and how many there are. What an earlier attempt left is replaced.
func (w *Writer) WriteCommitment(ctx context.Context, c trove.CollectionName, k int, leaves iter.Seq[trove.Digest]) (trove.Digest, int, error) {
	dir := CommitmentDir(c, k)
	files := map[string][]byte{}
	var edge tiles.Edge
	put := func(t tiles.Tile, hashes []trove.Digest) error {
		files[dir+"/"+t.Path()] = tiles.Encode(hashes)
		if len(files) < maxPending {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := writer.WriteFiles(w.fsys, dir, files)
		clear(files)
		return err
	}
	for leaf := range leaves {
		if err := edge.Add(leaf, put); err != nil {
			return trove.Digest{}, 0, err
		}
	}
	if err := edge.Partial(put); err != nil {
		return trove.Digest{}, 0, err
	}
	if err := writer.WriteFiles(w.fsys, dir, files); err != nil {
		return trove.Digest{}, 0, err
	}
	return edge.Root(), int(edge.Size), nil
}

// maxPending is how many tiles are held before they are written: 2 MB.
const maxPending = 256

// NewItem is an item to be published.
type NewItem struct {
	Number  int
	Kind    trove.Kind
	Edition int
	Date    time.Time // by which items are in order; zero for none
	Content []byte    // what is shown; only used until the next item is asked for
	Record  Record    // its Number, Content digest and Made are set by the writer
	// Made gives the files made of the item in order of their names, each used
	// only until the next is asked for; nil for none.
	Made iter.Seq2[NewMade, error]
}

// NewMade is a file made of an item, to be published with it.
type NewMade struct {
	Name, Type string
	Content    []byte
}

// NewBatch says which edition of which batch is written.
type NewBatch struct {
	Collection trove.CollectionName
	Number     int
	Edition    int
	Published  time.Time // stated by the publisher; kept to the second
}

// WriteBatch makes the folder of an edition of a batch durable, from all its
// items in the order of their numbers and a function that writes its search
// segment. Those that are out already come again, in the edition in which they
// are, or in the next. It returns the entries that Append needs: one for each
// item that is new or in a new edition, then that of the batch; tombstones, of
// what is in it no more, go before these. It refuses an item that does not open
// its place in the commitment, or that shows something else than the log says.
// Memory is one item or file made of one, the rows, and what the segment takes. What an earlier
// attempt left is replaced; a published edition is refused.
func (w *Writer) WriteBatch(ctx context.Context, b NewBatch, items iter.Seq2[*NewItem, error], segment func(io.Writer) error) ([]translog.Entry, error) {
	c := w.State().Collection(b.Collection)
	if c == nil {
		return nil, fmt.Errorf("publish %s batch %d: the collection is not committed to", b.Collection, b.Number)
	}
	for _, done := range c.Batches {
		if done.Batch.Batch == b.Number && done.Edition >= b.Edition {
			return nil, fmt.Errorf("batch %d of %s, edition %d, is published", b.Number, b.Collection, b.Edition)
		}
	}
	dir := BatchDir(b.Collection, b.Number, b.Edition)
	if err := w.fsys.MkdirAll(dir); err != nil {
		return nil, err
	}
	p := &packer{w: w, c: c, ctx: ctx, m: Manifest{
		Collection: b.Collection, Batch: b.Number, Edition: b.Edition, Published: b.Published.UTC().Truncate(time.Second),
	}}
	err := p.file(path.Join(dir, ItemsName), func(to io.Writer) error { return p.pack(to, items) })
	if err == nil {
		err = p.file(path.Join(dir, SegmentName), segment)
	}
	if err != nil {
		return nil, err
	}
	sum, err := p.finish(dir)
	if err != nil {
		return nil, err
	}
	w.batches[sum] = p.m.info(sum)
	return p.entries(sum, w.release)
}

// packer writes one batch.
type packer struct {
	w     *Writer
	c     *translog.Collection
	ctx   context.Context // of the call of WriteBatch, which packer does not outlive
	m     Manifest
	zip   *zipWriter
	group bytes.Buffer // records not yet written
	first int          // number of the first of them
	lines int          // how many
	fresh []proof.Item // the items so far that the log does not have

	tile     []trove.Digest // of item commitments, the one last read
	tileName string
}

// file writes a file and puts it into the manifest.
func (p *packer) file(name string, fn func(io.Writer) error) error {
	return durable.WriteStream(p.w.fsys, name, func(to io.Writer) error {
		d := newDigester(to)
		if err := fn(d); err != nil {
			return err
		}
		p.m.Files = append(p.m.Files, d.file(path.Base(name)))
		return nil
	})
}

// pack writes items.zip.
func (p *packer) pack(to io.Writer, items iter.Seq2[*NewItem, error]) error {
	var err error
	if p.zip, err = newZipWriter(to); err != nil {
		return err
	}
	for item, err := range items {
		if err == nil {
			err = p.ctx.Err()
		}
		if err == nil {
			err = p.add(item)
		}
		if err != nil {
			return err
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	return p.zip.close()
}

func (p *packer) add(item *NewItem) error {
	if err := p.opens(item); err != nil {
		return err
	}
	return p.put(item)
}

// put writes an item and its row.
func (p *packer) put(item *NewItem) error {
	r := Row{
		Number: item.Number, Kind: item.Kind, Date: item.Date.UTC(), Edition: item.Edition, Hidden: len(item.Record.Redactions),
		Size: int64(len(item.Content)), SHA256: trove.Sum(item.Content), Name: ItemName(item.Number, item.Kind),
	}
	var err error
	if r.At, err = p.zip.add(r.Name, item.Content); err != nil {
		return err
	}
	rec := item.Record
	rec.Number, rec.Content = item.Number, trove.Digest{}
	if rec.Made, err = p.made(item); err != nil {
		return err
	}
	line, err := json.Marshal(rec)
	if y := r.Date.Year(); err != nil || y < 0 || y > 9999 {
		return fmt.Errorf("%s: a time that cannot be written: %v", trove.Name{Collection: p.c.Name, Number: item.Number}, err)
	}
	p.m.Items = append(p.m.Items, r)
	if p.lines == 0 {
		p.first = item.Number
	}
	p.lines++
	p.group.Write(line)
	p.group.WriteByte('\n')
	if p.lines == groupSize {
		return p.flush()
	}
	return nil
}

// opens checks that item is what the collection was committed to.
func (p *packer) opens(item *NewItem) error {
	name := trove.Name{Collection: p.c.Name, Number: item.Number}
	if n := len(p.m.Items); n > 0 && item.Number <= p.m.Items[n-1].Number {
		return fmt.Errorf("%s: not in the order of numbers", name)
	}
	if item.Number < 1 || item.Number > p.c.Count {
		return fmt.Errorf("%s: not committed to", name)
	}
	want, err := p.commitment(item.Number)
	if err != nil {
		return err
	}
	place := proof.Context{Origin: p.w.State().Genesis.Origin, Collection: p.c.Name, Number: item.Number, Kind: item.Kind}
	got, shown, err := item.Record.opens(place, item.Content)
	if err == nil {
		err = item.Record.checkRedaction(len(item.Record.Redactions))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got != want {
		return fmt.Errorf("%s: opens %s, committed to was %s: %w", name, got.Short(), want.Short(), proof.ErrMismatch)
	}
	return p.shows(item, shown)
}

// shows compares what item shows with the log, or notes that it says it newly.
func (p *packer) shows(item *NewItem, shown trove.Digest) error {
	st, _ := p.c.Number(item.Number)
	switch {
	case st.Edition == 0 || item.Edition != st.Edition:
		p.fresh = append(p.fresh, proof.Item{
			Batch: p.m.Batch, Collection: p.m.Collection, Edition: item.Edition, Number: item.Number, Shown: shown,
		})
	case st.Batch != p.m.Batch || st.State != trove.Published:
		return fmt.Errorf("%s is not out in batch %d", trove.Name{Collection: p.c.Name, Number: item.Number}, p.m.Batch)
	case shown != st.Shown:
		return fmt.Errorf("%s: is not what its edition %d showed: %w", trove.Name{Collection: p.c.Name, Number: item.Number}, st.Edition, proof.ErrMismatch)
	}
	return nil
}

func (p *packer) commitment(n int) (trove.Digest, error) {
	fixed := p.c.Commitment(n)
	at := int64(n - fixed.First)
	t := tiles.Tile{N: at / tiles.Width}
	t.Width = int(min(tiles.Width, int64(fixed.Count)-t.N*tiles.Width))
	if name := CommitmentDir(p.c.Name, fixed.K) + "/" + t.Path(); name != p.tileName {
		b, err := readWhole(p.w.fsys, name, tiles.MaxSize)
		if err != nil {
			return trove.Digest{}, err
		}
		if p.tile, err = t.Decode(b); err != nil {
			return trove.Digest{}, fmt.Errorf("%s: %w", name, err)
		}
		p.tileName = name
	}
	return p.tile[at%tiles.Width], nil
}

// flush writes the gathered records as a member.
func (p *packer) flush() error {
	if p.lines == 0 {
		return nil
	}
	b := p.group.Bytes()
	at, err := p.zip.add(recordsName(p.first), b)
	if err != nil {
		return err
	}
	p.m.Records = append(p.m.Records, RecordGroup{First: p.first, Items: p.lines, Size: int64(len(b)), SHA256: trove.Sum(b), At: at})
	p.group.Reset()
	p.lines = 0
	return nil
}

// finish writes manifest.json and SHA256SUMS.
func (p *packer) finish(dir string) (trove.Digest, error) {
	if err := p.m.check(); err != nil {
		return trove.Digest{}, fmt.Errorf("manifest of batch %d: %w", p.m.Batch, err)
	}
	b := p.m.format()
	sum := trove.Sum(b)
	if err := durable.WriteFile(p.w.fsys, path.Join(dir, ManifestName), b); err != nil {
		return sum, err
	}
	return sum, durable.WriteFile(p.w.fsys, path.Join(dir, SumsName), p.m.sums(sum))
}

func (p *packer) entries(sum trove.Digest, release []note.Signer) ([]translog.Entry, error) {
	entries := make([]translog.Entry, 0, len(p.fresh)+1)
	for _, e := range p.fresh {
		entries = append(entries, e)
	}
	b := translog.Batch{Batch: p.m.Batch, Collection: p.m.Collection, Edition: p.m.Edition, Items: len(p.m.Items), Manifest: sum}
	signed, err := translog.Sign(b, release...)
	return append(entries, signed), err
}

// Publish makes public all that was appended. It takes what the publisher
// tells of the archive and of every collection in the log, fills in what
// follows from the log, and makes durable: entries and tiles, index files, the
// checkpoint; in this order. Then it removes what stopped runs have left, and
// the editions that the checkpoint supersedes, for good.
// Called again with nothing new, it changes nothing.
func (w *Writer) Publish(told Told) error {
	files, err := w.indexFiles(told)
	if err != nil {
		return err
	}
	index := translog.Index{Files: map[string]trove.Digest{}}
	for name, b := range files {
		index.Files[name] = trove.Sum(b)
	}
	if s := w.State(); !s.Indexed || !maps.Equal(s.Index, index.Files) {
		if err := w.Append(index); err != nil {
			return err
		}
	}
	if err := w.log.Flush(); err != nil {
		return err
	}
	if !w.bare {
		if err := w.writeFiles(files); err != nil {
			return err
		}
	}
	if durable.Fault == durable.SupersededFirst {
		if err := w.tidyBatches(); err != nil {
			return err
		}
	}
	if err := w.log.Sign(); err != nil {
		return err
	}
	return errors.Join(w.tidyBatches(), w.tidyNotices())
}

func (w *Writer) writeFiles(files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.fsys.MkdirAll(path.Dir(name)); err != nil {
			return err
		}
		if err := durable.WriteFile(w.fsys, name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// indexFiles makes unseal.json, keys.json, verify.html and every collection.json.
func (w *Writer) indexFiles(told Told) (map[string][]byte, error) {
	info := told.Info
	s := w.State()
	info.Format, info.Origin, info.LogKey = InfoFormat, s.Genesis.Origin, s.LogKey(s.Size)
	info.Addresses = append([]string{}, info.Addresses...)
	info.Collections = []trove.CollectionName{}
	files := map[string][]byte{KeysPath: formatKeys(told.Salt, told.Keys)}
	if len(told.Checker) > 0 {
		files[CheckerPath] = told.Checker
	}
	for _, c := range s.Collections() {
		at := slices.IndexFunc(told.Collections, func(i CollectionInfo) bool { return i.Name == c.Name })
		if at < 0 {
			return nil, fmt.Errorf("publish: nothing is told of collection %s", c.Name)
		}
		info.Collections = append(info.Collections, c.Name)
		told, err := w.describe(told.Collections[at], c)
		if err != nil {
			return nil, err
		}
		files[CollectionPath(c.Name)] = mustIndent(told)
	}
	files[InfoPath] = mustIndent(info)
	return files, nil
}

// describe completes a collection's description from the log.
func (w *Writer) describe(info CollectionInfo, c *translog.Collection) (CollectionInfo, error) {
	info.Format, info.Committed = CollectionFormat, c.Count
	info.Commitments, info.Batches = []CommitmentInfo{}, []BatchInfo{}
	for _, k := range c.Commitments {
		info.Commitments = append(info.Commitments, CommitmentInfo{K: k.K, First: k.First, Count: k.Count, Root: k.Root, Time: k.Time})
	}
	for _, b := range c.Batches {
		known, ok := w.batches[b.Manifest]
		if !ok {
			return info, fmt.Errorf("publish: what batch %d of %s, edition %d, was is not known", b.Batch.Batch, c.Name, b.Edition)
		}
		known.Superseded = superseded(c, b)
		info.Batches = append(info.Batches, known)
	}
	return info, nil
}

// Tidy removes what stopped runs have left. Publish ends with it; call it where
// there may be nothing to publish, and not where a stopped Publish is to be done
// again: its index files are there, and its entries tell readers whose they are.
func (w *Writer) Tidy() error {
	if err := w.log.Tidy(); err != nil {
		return err
	}
	return errors.Join(w.tidyBatches(), w.tidyNotices())
}

// tidyBatches removes batch folders and commitments that the log does not name,
// of a run that was stopped and whose plan was changed afterwards; and those of
// editions that a later one has superseded, which may show what is to be shown
// no more. Durable on return.
func (w *Writer) tidyBatches() error {
	for _, c := range w.State().Collections() {
		keep := map[string]bool{}
		for _, b := range c.Batches {
			keep[BatchDir(c.Name, b.Batch.Batch, b.Edition)] = !superseded(c, b)
		}
		for _, k := range c.Commitments {
			keep[CommitmentDir(c.Name, k.K)] = true
		}
		root := path.Join("c", string(c.Name))
		commitments, err := w.folders(path.Join(root, "commitment"))
		if err != nil {
			return err
		}
		batches, err := w.folders(path.Join(root, "batch"))
		if err != nil {
			return err
		}
		for _, dir := range batches {
			editions, err := w.folders(dir)
			if err != nil {
				return err
			}
			commitments = append(commitments, editions...)
		}
		for _, dir := range commitments {
			if keep[dir] {
				continue
			}
			if err := w.remove(dir); err != nil {
				return err
			}
			if err := w.fsys.SyncDir(path.Dir(dir)); err != nil {
				return err
			}
		}
	}
	return nil
}

// folders lists the folders in dir whose names are numbers, as ours are.
func (w *Writer) folders(dir string) ([]string, error) {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err == nil && e.IsDir() {
			list = append(list, path.Join(dir, e.Name()))
		}
	}
	return list, nil
}

// remove removes a folder with all that is in it.
func (w *Writer) remove(dir string) error {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			err = w.remove(name)
		} else {
			err = w.fsys.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return w.fsys.Remove(dir)
}
