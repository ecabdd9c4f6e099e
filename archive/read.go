package archive

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"sync"

	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// manifestSlot is a manifest read at most once at a time.
type manifestSlot struct {
	once sync.Once
	m    *Manifest
	err  error
}

// maxManifests is how many manifests of a collection are kept.
const maxManifests = 128

// Batches lists every edition of every batch, in log order. Of those that are
// superseded nothing more is to be had.
func (c *Collection) Batches() ([]BatchInfo, error) {
	known := map[trove.Digest]BatchInfo{}
	for _, b := range c.Info.Batches {
		known[b.Manifest] = b
	}
	list := make([]BatchInfo, 0, len(c.log.Batches))
	for _, logged := range c.log.Batches {
		b, ok := known[logged.Manifest]
		switch {
		case ok:
		case superseded(c.log, logged):
			b = BatchInfo{Number: logged.Batch.Batch, Edition: logged.Edition, Items: logged.Items, Manifest: logged.Manifest}
		default:
			m, err := c.Manifest(logged.Batch.Batch, logged.Edition)
			if err != nil {
				return nil, err
			}
			b = m.info(logged.Manifest)
		}
		b.Superseded = superseded(c.log, logged)
		list = append(list, b)
	}
	return list, nil
}

// superseded reports whether a later edition has taken the place of this one.
func superseded(c *translog.Collection, b translog.LoggedBatch) bool {
	return b.Edition < c.Edition(b.Batch.Batch)
}

// logged finds an edition of a batch in the log that is not superseded.
func (c *Collection) logged(batch, edition int) (translog.LoggedBatch, error) {
	name := trove.Name{Collection: c.Name, Batch: batch}
	for _, b := range c.log.Batches {
		if b.Batch.Batch == batch && b.Edition == edition {
			if superseded(c.log, b) {
				return b, fmt.Errorf("%s, edition %d: superseded by edition %d: %w", name, edition, c.log.Edition(batch), ErrNotFound)
			}
			return b, nil
		}
	}
	return translog.LoggedBatch{}, fmt.Errorf("%s, edition %d: %w", name, edition, ErrNotFound)
}

// Manifest is that of the newest edition of a batch, checked against the log;
// others are ErrNotFound. It is shared: it must not be changed.
func (c *Collection) Manifest(batch, ed int) (*Manifest, error) {
	logged, err := c.logged(batch, ed)
	if err != nil {
		return nil, err
	}
	slot := c.slot(edition{batch, ed})
	slot.once.Do(func() {
		name := path.Join(BatchDir(c.Name, batch, ed), ManifestName)
		slot.m, slot.err = readManifest(c, name, logged)
	})
	if slot.err != nil {
		c.forget(edition{batch, ed}, slot) // so that a passing fault passes
	}
	return slot.m, slot.err
}

func (c *Collection) slot(key edition) *manifestSlot {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.manifests[key]; s != nil {
		return s
	}
	if len(c.recent) >= maxManifests {
		delete(c.manifests, c.recent[0])
		c.recent = c.recent[1:]
	}
	s := &manifestSlot{}
	c.manifests[key] = s
	c.recent = append(c.recent, key)
	return s
}

func (c *Collection) forget(key edition, s *manifestSlot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manifests[key] == s {
		delete(c.manifests, key) // its key in recent makes room for it again
	}
}

func readManifest(c *Collection, name string, logged translog.LoggedBatch) (*Manifest, error) {
	b, err := readWhole(c.a.fsys, name, maxManifest)
	if err != nil {
		return nil, err
	}
	if got := trove.Sum(b); got != logged.Manifest {
		return nil, mismatch(name, "the log", got, logged.Manifest)
	}
	m, err := ParseManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := m.belongs(c.Name, logged); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// belongs compares what a manifest says of itself with the log.
func (m *Manifest) belongs(c trove.CollectionName, logged translog.LoggedBatch) error {
	if m.Collection != c || m.Batch != logged.Batch.Batch || m.Edition != logged.Edition || len(m.Items) != logged.Items {
		return fmt.Errorf("is of %s batch %d edition %d with %d items, the log says %s batch %d edition %d with %d: %w",
			m.Collection, m.Batch, m.Edition, len(m.Items), c, logged.Batch.Batch, logged.Edition, logged.Items, proof.ErrMismatch)
	}
	return nil
}

// place is where the newest edition of a number lies.
type place struct {
	status Status
	m      *Manifest
	at     int    // of the row in m.Items
	zip    string // path of items.zip
}

func (p place) row() Row { return p.m.Items[p.at] }

// find looks up a published number.
func (c *Collection) find(n int) (place, error) {
	name := trove.Name{Collection: c.Name, Number: n}
	st, ok := c.Status(n)
	if !ok {
		return place{}, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if st.State != trove.Published {
		return place{}, fmt.Errorf("%s is %s: %w", name, st.State, ErrNotShown)
	}
	m, err := c.Manifest(st.Batch, st.BatchEdition)
	if err != nil {
		return place{}, err
	}
	dir := BatchDir(c.Name, st.Batch, st.BatchEdition)
	at, ok := m.row(n)
	if !ok || m.Items[at].Edition != st.Edition {
		return place{}, fmt.Errorf("%s: the row of %s is not as in the log: %w", path.Join(dir, ManifestName), name, proof.ErrMismatch)
	}
	return place{st, m, at, path.Join(dir, ItemsName)}, nil
}

// Row is the manifest's row of number n, in its newest edition. The error is
// ErrNotFound or ErrNotShown where there is none.
func (c *Collection) Row(n int) (Row, error) {
	p, err := c.find(n)
	if err != nil {
		return Row{}, err
	}
	return p.row(), nil
}

// Bytes is what is shown of number n, checked against the log: its exact bytes,
// or the rendition of a redacted item.
func (c *Collection) Bytes(n int) ([]byte, error) {
	p, err := c.find(n)
	if err != nil {
		return nil, err
	}
	r := p.row()
	return c.a.member(p.zip, r.Name, r.At, r.Size, r.SHA256)
}

// member unpacks one member of a zip file and checks its digest.
func (a *Archive) member(zip, name string, at Extent, size int64, sum trove.Digest) ([]byte, error) {
	packed, err := a.files.readExtent(zip, at)
	if err != nil {
		return nil, err
	}
	b, err := unpack(nil, packed, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", zip, name, err)
	}
	if got := trove.Sum(b); got != sum {
		return nil, fmt.Errorf("%s: %w", zip, mismatch(name, "the manifest", got, sum))
	}
	return b, nil
}

// Item is number n without its bytes, in its newest edition. The error is
// ErrNotFound or ErrNotShown where it is not published.
func (c *Collection) Item(n int) (*Item, error) {
	p, err := c.find(n)
	if err != nil {
		return nil, err
	}
	g := p.m.Records[p.at/groupSize]
	b, err := c.a.member(p.zip, recordsName(g.First), g.At, g.Size, g.SHA256)
	if err != nil {
		return nil, err
	}
	for skip := p.at % groupSize; skip > 0; skip-- {
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	return c.item(p, b)
}

// item reads the record of a place, which is the first line of lines.
func (c *Collection) item(p place, lines []byte) (*Item, error) {
	line, _, _ := bytes.Cut(lines, []byte{'\n'})
	item := &Item{Collection: c.Name, Batch: p.status.Batch, Row: p.row()}
	n := item.Row.Number
	if err := item.Record.parse(line, item.Row); err != nil {
		return nil, fmt.Errorf("%s: record of number %d: %w: %w", p.zip, n, err, proof.ErrMismatch)
	}
	return item, nil
}

// Segment is the search segment of the newest edition of a batch. Its digest is not
// checked; it stays open until the archive is closed.
func (c *Collection) Segment(batch, edition int) (io.ReaderAt, int64, error) {
	if _, err := c.logged(batch, edition); err != nil {
		return nil, 0, err
	}
	f, err := c.a.files.keep(path.Join(BatchDir(c.Name, batch, edition), SegmentName))
	if err != nil {
		return nil, 0, err
	}
	return f.ReaderAt, f.size, nil
}

// Proof is the proof file of number n of a collection, in its newest edition;
// see [proof.Verify]. Nothing is handed out that does not verify up to the
// signature of the checkpoint.
func (a *Archive) Proof(coll trove.CollectionName, n int) ([]byte, error) {
	c, err := a.Collection(coll)
	if err != nil {
		return nil, err
	}
	item, err := c.Item(n)
	if err != nil {
		return nil, err
	}
	st, _ := c.Status(n)
	fixed := c.log.Commitment(n)
	if item.Record.rule() != fixed.Rule {
		return nil, fmt.Errorf("%s: cut by the rule %q, committed to was %q: %w", trove.Name{Collection: coll, Number: n}, item.Record.rule(), fixed.Rule, proof.ErrMismatch)
	}
	f := &proof.File{
		ItemIndex:       st.Index,
		Item:            proof.Item{Batch: st.Batch, Collection: coll, Edition: st.Edition, Number: n, Shown: st.Shown},
		CommitmentIndex: fixed.Index,
		Commitment:      fixed.Commitment,
		Kind:            item.Row.Kind,
		Seed:            item.Record.Opening.Seed,
		Salt:            item.Record.Opening.Salt,
		Redacted:        item.Record.Redacted,
		Checkpoint:      a.view.Checkpoint,
	}
	if f.ItemPath, err = a.view.Tree().Prove(f.ItemIndex); err != nil {
		return nil, err
	}
	if f.CommitmentPath, err = a.view.Tree().Prove(f.CommitmentIndex); err != nil {
		return nil, err
	}
	if f.Place, err = a.commitmentTree(c.Name, fixed).Prove(int64(n - fixed.First)); err != nil {
		return nil, fmt.Errorf("%s: %w", CommitmentDir(c.Name, fixed.K), err)
	}
	text := f.Format()
	if len(text) > proof.MaxFile {
		return nil, fmt.Errorf("the proof of %s would have %d bytes, at most %d are read", trove.Name{Collection: coll, Number: n}, len(text), proof.MaxFile)
	}
	return text, nil
}

func (a *Archive) commitmentTree(c trove.CollectionName, fixed translog.LoggedCommitment) tiles.Tree {
	dir := CommitmentDir(c, fixed.K)
	return tiles.Tree{Size: int64(fixed.Count), Root: fixed.Root, Read: func(t tiles.Tile) ([]byte, error) {
		return readWhole(a.fsys, dir+"/"+t.Path(), tiles.MaxSize)
	}}
}
