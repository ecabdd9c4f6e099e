package house

import (
	"context"
	"fmt"
	"strings"

	"unseal/catalog"
	"unseal/mime"
	"unseal/release"
	"unseal/trove"
)

// Bytes returns the exact bytes of an item, or the decoded bytes of a file in
// it, by name, from the desk or archive in dir.
func Bytes(ctx context.Context, dir, name string) ([]byte, error) {
	item, attachment, err := splitAttachment(name)
	if err != nil {
		return nil, err
	}
	raw, rec, err := itemBytes(ctx, dir, item)
	if err != nil || attachment == 0 {
		return raw, err
	}
	files := rec.Files()
	if attachment > len(files) {
		return nil, fmt.Errorf("%s has %d files: no attachment %d", item, len(files), attachment)
	}
	return mime.DecodePart(raw, files[attachment-1])
}

func splitAttachment(name string) (item string, attachment int, err error) {
	item, _, has := strings.Cut(name, "/att/")
	if !has {
		return name, 0, nil
	}
	if strings.Contains(item, digestPrefix) {
		_, err = fmt.Sscanf(name[len(item):], "/att/%d", &attachment)
		return item, attachment, err
	}
	n, err := trove.ParseName(name)
	return item, n.Attachment, err
}

// itemBytes reads an item of a desk or an archive.
func itemBytes(ctx context.Context, dir, name string) ([]byte, *trove.Record, error) {
	if !IsArchive(dir) {
		return deskBytes(ctx, dir, name)
	}
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	defer a.Close()
	n, err := trove.ParseName(name)
	if err != nil {
		return nil, nil, err
	}
	c, err := a.Collection(n.Collection)
	if err != nil {
		return nil, nil, err
	}
	item, err := c.Item(n.Number)
	if err != nil {
		return nil, nil, err
	}
	raw, err := c.Bytes(n.Number)
	return raw, &item.Record.Record, err
}

func deskBytes(ctx context.Context, dir, name string) ([]byte, *trove.Record, error) {
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	it, err := d.Item(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return d.itemBytes(ctx, &it)
}

func (d *Desk) itemBytes(ctx context.Context, it *catalog.Item) ([]byte, *trove.Record, error) {
	rec, err := release.Record(it)
	if err != nil {
		return nil, nil, err
	}
	raw, err := d.Bytes(ctx, it)
	return raw, rec, err
}
