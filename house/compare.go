package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"unseal/archive"
	"unseal/reading"
	"unseal/release"
)

// ErrNoChain says that an item is no chain of messages, or was not read as one.
var ErrNoChain = errors.New("no chain of messages")

// Chains returns the chains of items, by name, from the desk or archive in dir.
// The error matches [ErrNoChain] where an item has none.
func Chains(ctx context.Context, dir string, names ...string) ([]*reading.Chain, error) {
	if IsArchive(dir) {
		return publishedChains(ctx, dir, names)
	}
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return eachChain(names, func(name string) (*reading.Reading, error) {
		it, err := d.Item(ctx, name)
		if err != nil {
			return nil, err
		}
		return release.Reading(ctx, d.Catalog, d.Blobs, &it)
	})
}

func publishedChains(ctx context.Context, dir string, names []string) ([]*reading.Chain, error) {
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return eachChain(names, func(name string) (*reading.Reading, error) { return publishedReading(a, name) })
}

// publishedReading is what was read of a published item; empty if nothing was.
func publishedReading(a *archive.Archive, name string) (*reading.Reading, error) {
	c, item, err := ArchiveItem(a, name)
	if err != nil {
		return nil, err
	}
	r := new(reading.Reading)
	b, err := c.Made(item.Record.Number, reading.Name)
	if errors.Is(err, archive.ErrNotFound) {
		return r, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", reading.Name, name, err)
	}
	return r, nil
}

func eachChain(names []string, read func(string) (*reading.Reading, error)) ([]*reading.Chain, error) {
	var list []*reading.Chain
	for _, name := range names {
		r, err := read(name)
		if err != nil {
			return nil, err
		}
		if r.Chain == nil {
			return nil, fmt.Errorf("%s: %w", name, ErrNoChain)
		}
		list = append(list, r.Chain)
	}
	return list, nil
}
