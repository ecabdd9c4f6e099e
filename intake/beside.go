package intake

import (
	"context"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/trove"
)

// What is handed over with an item.
const (
	maxBeside      = 8
	maxBesideBytes = 1 << 20 // each
)

// besides knows which items may lie next to which: those small enough that are
// not hidden, by trove, folder and the name up to its first dot. It holds some 50 bytes for
// each and is not changed after it is made.
type besides struct {
	seed  maphash.Seed
	items map[uint64][]catalog.ItemID
}

func newBesides(ctx context.Context, cat catalog.Catalog, coll trove.CollectionName) (*besides, error) {
	b := noBesides()
	err := cat.Places(ctx, coll, nil, func(p *catalog.Place) error {
		if p.Size <= maxBesideBytes && !p.Hidden {
			k := b.key(p)
			b.items[k] = append(b.items[k], p.Item)
		}
		return nil
	})
	return b, err
}

// Beside are the files that lie beside one item that is no mail, and its own
// first place, as [Read] hands them to a reader.
func Beside(ctx context.Context, cat catalog.Catalog, blobs blob.Store, coll trove.CollectionName, id catalog.ItemID) (path string, all []reader.Beside, err error) {
	b, err := newBesides(ctx, cat, coll)
	if err != nil {
		return "", nil, err
	}
	return b.of(ctx, &ReadOptions{Collection: coll, Catalog: cat, Blobs: blobs}, id)
}

func noBesides() *besides {
	return &besides{seed: maphash.MakeSeed(), items: map[uint64][]catalog.ItemID{}}
}

// BesideHidden are the items of a collection that lie beside one that is not
// shown as it is: what was read of them may be its words, or its pictures. They
// are true where one of these is not shown at all, and false where all of them
// are redacted.
func BesideHidden(ctx context.Context, cat catalog.Catalog, coll trove.CollectionName) (map[catalog.ItemID]bool, error) {
	found, err := besideThose(ctx, cat, coll, func(p *catalog.Place) bool { return p.Hidden })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	gone, err := besideThose(ctx, cat, coll, func(p *catalog.Place) bool { return p.Hidden && !p.Redacted })
	for id := range found {
		found[id] = gone[id]
	}
	return found, err
}

// besideThose are the items that lie beside a small one at a place that chosen
// selects.
func besideThose(ctx context.Context, cat catalog.Catalog, coll trove.CollectionName, chosen func(*catalog.Place) bool) (map[catalog.ItemID]bool, error) {
	those, at := noBesides(), map[catalog.ItemID][]catalog.Place{}
	err := cat.Places(ctx, coll, nil, func(p *catalog.Place) error {
		if p.Size <= maxBesideBytes && chosen(p) {
			k := those.key(p)
			those.items[k] = append(those.items[k], p.Item)
			at[p.Item] = append(at[p.Item], *p)
		}
		return nil
	})
	if err != nil || len(at) == 0 {
		return nil, err
	}
	found := map[catalog.ItemID]bool{}
	return found, cat.Places(ctx, coll, nil, func(p *catalog.Place) error {
		for _, id := range those.items[those.key(p)] {
			if id != p.Item && slices.ContainsFunc(at[id], func(other catalog.Place) bool { return isBeside(p, &other) }) {
				found[p.Item] = true
			}
		}
		return nil
	})
}

func (b *besides) key(p *catalog.Place) uint64 {
	dir, name := splitPath(p.Path)
	first, _, _ := strings.Cut(name, ".")
	return maphash.Comparable(b.seed, struct {
		trove catalog.TroveID
		place string
	}{p.Trove, dir + first})
}

// splitPath parts a path, containers joined by "!/", before its last name.
func splitPath(p string) (dir, name string) {
	name = lastName(p)
	return strings.TrimSuffix(p, name), name
}

// isBeside reports whether a file lies beside another: in the same folder, with
// a name that goes on where the other's ending begins, as talk.vtt and
// talk.en.txt do beside talk.mp3, or its whole name, as talk.mp3.json does.
func isBeside(of, other *catalog.Place) bool {
	dir, name := splitPath(of.Path)
	dir2, name2 := splitPath(other.Path)
	stem := name
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		stem = name[:i]
	}
	return of.Trove == other.Trove && dir == dir2 && name != name2 && strings.HasPrefix(name2, stem+".")
}

// of are the files beside an item, and its own first place.
func (b *besides) of(ctx context.Context, o *ReadOptions, id catalog.ItemID) (path string, all []reader.Beside, err error) {
	var own []catalog.Place
	err = o.Catalog.Places(ctx, o.Collection, []catalog.ItemID{id}, func(p *catalog.Place) error {
		own = append(own, *p)
		return nil
	})
	if err != nil || len(own) == 0 {
		return "", nil, err
	}
	near, err := b.candidates(ctx, o, own)
	if err != nil {
		return "", nil, err
	}
	for _, p := range near {
		if len(all) == maxBeside {
			break
		}
		content, err := smallContent(ctx, o, p.Item)
		if err != nil {
			return "", nil, err
		}
		all = append(all, reader.Beside{Name: lastName(p.Path), Bytes: content})
	}
	open := max(0, slices.IndexFunc(own, func(p catalog.Place) bool { return !p.Hidden }))
	return own[open].Path, all, nil
}

// maxCandidates bounds the look at folders in which all names begin alike.
const maxCandidates = 64

// candidates are the places beside any of an item's own.
func (b *besides) candidates(ctx context.Context, o *ReadOptions, own []catalog.Place) (near []catalog.Place, err error) {
	var ids []catalog.ItemID
	for i := range own {
		for _, id := range b.items[b.key(&own[i])] {
			if id != own[i].Item && len(ids) < maxCandidates {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	met := map[catalog.ItemID]bool{}
	err = o.Catalog.Places(ctx, o.Collection, ids, func(p *catalog.Place) error {
		for i := range own {
			if !p.Hidden && !met[p.Item] && isBeside(&own[i], p) {
				met[p.Item] = true
				near = append(near, *p)
			}
		}
		return nil
	})
	return near, err
}

// smallContent reads the bytes of a small item.
func smallContent(ctx context.Context, o *ReadOptions, id catalog.ItemID) ([]byte, error) {
	it, err := catalog.One(ctx, o.Catalog, catalog.Query{Collection: o.Collection, ID: id, NoRecord: true})
	if err != nil {
		return nil, err
	}
	return blob.Read(ctx, o.Blobs, blob.Span(it.Span), maxBesideBytes)
}

// openSpan opens the bytes of an item that is no mail: it lies in its blob as it
// is. The caller closes it.
func openSpan(ctx context.Context, blobs blob.Store, sp catalog.Span) (*io.SectionReader, io.Closer, error) {
	b, err := blobs.Open(ctx, sp.Blob)
	if err != nil {
		return nil, nil, err
	}
	return io.NewSectionReader(b, sp.Offset, sp.Length), b, nil
}
