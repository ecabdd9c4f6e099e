package release

import (
	"context"
	"fmt"

	"unseal/archive"
	"unseal/catalog"
	"unseal/proof"
	"unseal/trove"
)

// Opening is what shows an auditor an item that is not out: its exact bytes and
// what salts its commitment. It opens this item and tells nothing of another.
type Opening struct {
	Origin     string               `json:"origin"` // of the log
	Collection trove.CollectionName `json:"collection"`
	Number     int                  `json:"number"`
	Kind       trove.Kind           `json:"kind"`
	State      trove.State          `json:"state"`
	Reason     string               `json:"reason,omitempty"`
	File       string               `json:"file"` // the name under which the bytes are handed over
	SHA256     trove.Digest         `json:"sha256"`
	Size       int64                `json:"size"`
	Seed       proof.Seed           `json:"seed"`
	Salt       proof.Seed           `json:"salt"`
}

// Open hands the openings of the numbers from to to to fn, whatever their state,
// with the exact bytes.
func (r *Desk) Open(ctx context.Context, name trove.CollectionName, from, to int, fn func(Opening, []byte) error) error {
	coll, err := r.Catalog.Collection(ctx, name)
	if err != nil {
		return err
	}
	q := catalog.Query{Collection: name, From: from, To: to, NoRecord: true}
	seen := 0
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		seen++
		b, err := r.exactBytes(ctx, it)
		if err != nil {
			return err
		}
		s := proof.Secret(coll.Secret).Item(name, it.Number)
		return fn(Opening{Origin: r.Origin, Collection: name, Number: it.Number, Kind: it.Kind, State: it.State, Reason: it.Reason,
			File: archive.ItemName(it.Number, it.Kind), SHA256: it.SHA256, Size: it.Size, Seed: s.Seed, Salt: s.Salt}, b)
	})
	if err == nil && seen != to-from+1 {
		err = fmt.Errorf("%s %d to %d: %w: %d of these numbers are committed to", name, from, to, catalog.ErrNotFound, seen)
	}
	return err
}
