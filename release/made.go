package release

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// maxMade bounds a file made of an item, which is held in memory.
const maxMade = 1 << 30

// made is what reading an item came to, over all its stages.
type made struct {
	reading reading.Reading
	files   []catalog.Made // by name; reading.json is not among them
}

// Reading is what all stages have read of an item, merged in their order. Its
// zero value is that of an item of which nothing was read, as of most mails.
func Reading(ctx context.Context, c catalog.Catalog, blobs blob.Store, it *catalog.Item) (*reading.Reading, error) {
	m, err := madeOf(ctx, c, blobs, it)
	return &m.reading, err
}

// madeOf gathers what the stages made of an item. Names in the reading that
// no file has, as when one stage was done again and another not, are left out.
func madeOf(ctx context.Context, c catalog.Catalog, blobs blob.Store, it *catalog.Item) (m made, err error) {
	return gather(ctx, c, blobs, it, nil)
}

// gather is madeOf with what each stage made as change leaves it, unless that
// is nil.
func gather(ctx context.Context, c catalog.Catalog, blobs blob.Store, it *catalog.Item, change func(*catalog.Outcome, *reading.Reading)) (m made, err error) {
	if it.Kind == trove.Mail && !it.Files {
		return m, nil
	}
	var stages []catalog.Outcome
	q := catalog.OutcomeQuery{Collection: it.Collection, Items: []catalog.ItemID{it.ID}}
	err = c.Outcomes(ctx, q, func(o *catalog.Outcome) error {
		stages = append(stages, *o)
		return nil
	})
	if err != nil {
		return m, err
	}
	slices.SortStableFunc(stages, func(a, b catalog.Outcome) int {
		return cmp.Or(stageOrder(a.Stage)-stageOrder(b.Stage), strings.Compare(a.Stage, b.Stage))
	})
	files := map[string]catalog.Made{}
	for i := range stages {
		if err := m.add(ctx, blobs, &stages[i], files, change); err != nil {
			return m, fmt.Errorf("what the stage %s made of %s: %w", stages[i].Stage, nameOf(it), err)
		}
	}
	m.settle(files)
	return m, nil
}

// stageOrder is the place of a stage among all; unknown ones come last.
func stageOrder(name string) int {
	if at := slices.Index(reader.Stages, reader.Stage(name)); at >= 0 {
		return at
	}
	return len(reader.Stages)
}

// add merges what one stage made. A file takes the place of one of that name.
func (m *made) add(ctx context.Context, blobs blob.Store, o *catalog.Outcome, files map[string]catalog.Made, change func(*catalog.Outcome, *reading.Reading)) error {
	text, err := Text(ctx, blobs, o.Reading)
	if err != nil {
		return err
	}
	var r reading.Reading
	if text != "" {
		err = json.Unmarshal([]byte(text), &r)
	}
	if err != nil {
		return err
	}
	if change != nil {
		change(o, &r)
	}
	for _, f := range o.Made {
		files[strings.ToLower(f.Name)] = f
	}
	m.reading.Merge(r)
	return nil
}

// settle lists the files by name, as many as an archive takes beside a reading,
// and takes names of others out of the reading.
func (m *made) settle(files map[string]catalog.Made) {
	delete(files, reading.Name)
	m.files = nil
	for _, f := range files {
		m.files = append(m.files, f)
	}
	slices.SortFunc(m.files, func(a, b catalog.Made) int { return strings.Compare(a.Name, b.Name) })
	m.files = m.files[:min(len(m.files), archive.MaxMade-1)]
	names := map[string]bool{}
	for _, f := range m.files {
		names[f.Name] = true
	}
	onlyNames(&m.reading, names)
}

// onlyNames takes the names of files out of a reading that are not there.
func onlyNames(r *reading.Reading, names map[string]bool) {
	for i := range r.Pages {
		if p := &r.Pages[i]; p.Image != "" && !names[p.Image] {
			p.Image, p.Width, p.Height = "", 0, 0
		}
	}
	if r.Sound != nil {
		r.Sound.Play = slices.DeleteFunc(r.Sound.Play, func(name string) bool { return !names[name] })
	}
	for i := range r.Files {
		onlyNames(&r.Files[i].Reading, names)
	}
}

// isEmpty reports whether nothing was read, so that nothing is published of it.
func isEmpty(r *reading.Reading) bool {
	return len(r.Facts)+len(r.Findings)+len(r.Pages)+len(r.Outline)+len(r.Sheets)+len(r.Texts)+len(r.Files) == 0 && r.Sound == nil && r.Chain == nil
}

// keep gives what a batch line keeps of m: its files and, as one more blob,
// its reading. It is durable when put is flushed.
func (m *made) keep(ctx context.Context, put blob.Batch) ([]catalog.Made, error) {
	list := slices.Clone(m.files)
	if isEmpty(&m.reading) {
		return list, nil
	}
	m.reading.Format = reading.Format
	b, err := json.Marshal(&m.reading)
	if err != nil {
		return nil, err
	}
	f, err := putMade(ctx, put, reading.Name, "application/json", append(b, '\n'))
	at, _ := slices.BinarySearchFunc(list, f.Name, func(m catalog.Made, name string) int { return strings.Compare(m.Name, name) })
	return slices.Insert(list, at, f), err
}

func putMade(ctx context.Context, put blob.Batch, name, mediaType string, b []byte) (catalog.Made, error) {
	sum, err := put.Put(ctx, b)
	return catalog.Made{Name: name, Type: mediaType, Size: int64(len(b)), SHA256: sum}, err
}

// madeFiles reads the files that a batch line keeps, one after the other.
func (r *Desk) madeFiles(ctx context.Context, l *batchLine) iter.Seq2[archive.NewMade, error] {
	if len(l.Made) == 0 {
		return nil
	}
	return func(yield func(archive.NewMade, error) bool) {
		for _, f := range l.Made {
			b, err := r.madeBytes(ctx, f)
			if !yield(archive.NewMade{Name: f.Name, Type: f.Type, Content: b}, err) {
				return
			}
		}
	}
}

// madeBytes reads a file and checks its digest.
func (r *Desk) madeBytes(ctx context.Context, f catalog.Made) ([]byte, error) {
	b, err := blob.Read(ctx, r.Blobs, blob.Span{Blob: f.SHA256, Length: f.Size}, maxMade)
	if err == nil && trove.Sum(b) != f.SHA256 {
		err = fmt.Errorf("%s: %w", f.Name, blob.ErrDamaged)
	}
	return b, err
}

// readingOf reads the reading that a batch line keeps; nil for none.
func (r *Desk) readingOf(ctx context.Context, files []catalog.Made) (*reading.Reading, error) {
	at := slices.IndexFunc(files, func(f catalog.Made) bool { return f.Name == reading.Name })
	if at < 0 {
		return nil, nil
	}
	b, err := r.madeBytes(ctx, files[at])
	if err != nil {
		return nil, err
	}
	read := new(reading.Reading)
	return read, json.Unmarshal(b, read)
}
