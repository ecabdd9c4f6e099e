package house

import (
	"context"
	"fmt"
	"io"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/trove"
)

// WriteMade writes a file that was made of an item, by their names, from the
// desk or archive in dir. It checks its digest before the first byte is
// written. The error matches [ErrName], [catalog.ErrNotFound],
// [archive.ErrNotFound] or [archive.ErrNotShown].
func WriteMade(ctx context.Context, dir, name, file string, w io.Writer) error {
	read := deskMade
	if IsArchive(dir) {
		read = archiveMade
	}
	b, err := read(ctx, dir, name, file)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func archiveMade(ctx context.Context, dir, name, file string) ([]byte, error) {
	return ofArchived(ctx, dir, name, func(_ *archive.Archive, c *archive.Collection, number int) ([]byte, error) {
		return c.Made(number, file)
	})
}

// ofArchived reads something of a published item.
func ofArchived(ctx context.Context, dir, name string, read func(a *archive.Archive, c *archive.Collection, number int) ([]byte, error)) ([]byte, error) {
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	c, item, err := ArchiveItem(a, name)
	if err != nil {
		return nil, err
	}
	return read(a, c, item.Record.Number)
}

// maxMade bounds a file made of an item, as in an archive.
const maxMade = 1 << 30

// deskMade reads a file that a stage made; of two under one name that of the
// later stage.
func deskMade(ctx context.Context, dir, name, file string) ([]byte, error) {
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	it, err := d.Item(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := d.Outcomes(ctx, &it)
	if err != nil {
		return nil, err
	}
	var found *catalog.Made
	for i := range all {
		for j := range all[i].Made {
			if all[i].Made[j].Name == file {
				found = &all[i].Made[j]
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no file %.80q was made of it: %w", name, file, catalog.ErrNotFound)
	}
	b, err := blob.Read(ctx, d.Blobs, blob.Span{Blob: found.SHA256, Length: found.Size}, maxMade)
	if err == nil && trove.Sum(b) != found.SHA256 {
		err = fmt.Errorf("%s of %s: %w", file, name, blob.ErrDamaged)
	}
	return b, err
}
