package house

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/trove"
)

// ErrTellsDigest says that what is to be published states the plain digest of
// something held back, so that guesses of its words could be tested. Withhold
// or withdraw it as well.
var ErrTellsDigest = errors.New("it would tell the digest of what is held back")

// refuseDigests looks for proofs of time that are public, or would be with the
// batches named (none: all that are planned), and whose digest is that of an
// item of which something is held back, or of the file it came in.
func (d *Desk) refuseDigests(ctx context.Context, names []trove.Name) error {
	collections, err := d.namesOf(ctx, "")
	if err != nil {
		return err
	}
	var proofs []toldDigest
	for _, name := range collections {
		found, err := d.toldDigests(ctx, name, names)
		if err != nil {
			return err
		}
		proofs = append(proofs, found...)
	}
	if len(proofs) == 0 {
		return nil
	}
	for _, name := range collections {
		if err := d.compareHidden(ctx, name, proofs); err != nil {
			return err
		}
	}
	return nil
}

// toldDigest is a digest, as a record names it, that a public item states.
type toldDigest struct {
	proof, of string
}

// toldDigests lists what the proofs of time in a collection state that are
// public, or are about to be.
func (d *Desk) toldDigests(ctx context.Context, name trove.CollectionName, names []trove.Name) (list []toldDigest, err error) {
	j := timeJoiner{Desk: d, ctx: ctx, name: name}
	any, err := j.hasFiles()
	if err != nil || !any {
		return nil, err
	}
	q := catalog.Query{Collection: name, States: []trove.State{trove.Committed, trove.Published}}
	err = d.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		out := it.State == trove.Published || it.Batch > 0 && (len(names) == 0 || slices.Contains(names, trove.Name{Collection: name, Number: it.Batch}))
		if it.Kind != trove.File || !out || !bytes.Contains(it.Record, []byte(`"other_signatures"`)) {
			return nil
		}
		var rec struct {
			Others []trove.OtherSignature `json:"other_signatures"`
		}
		if err := json.Unmarshal(it.Record, &rec); err != nil {
			return err
		}
		for _, s := range rec.Others {
			if strings.Contains(s.Of, ":") {
				list = append(list, toldDigest{ItemName(it), s.Of})
			}
		}
		return nil
	})
	return list, err
}

// compareHidden is an error if one of the digests is of an item of the
// collection that is hidden, whole or in part, or of the file it came in.
func (d *Desk) compareHidden(ctx context.Context, name trove.CollectionName, proofs []toldDigest) error {
	redactions, err := d.Catalog.Redactions(ctx, name, 0)
	if err != nil {
		return err
	}
	redacted := map[catalog.ItemID]bool{}
	for _, r := range redactions {
		redacted[r.Item] = true
	}
	hidden := map[catalog.ItemID]string{}
	err = d.Catalog.Items(ctx, catalog.Query{Collection: name, NoRecord: true}, func(it *catalog.Item) error {
		back := it.State == trove.Withheld || it.State == trove.Tombstone || it.State == trove.Unreadable || it.State == trove.Excluded
		if !back && !redacted[it.ID] {
			return nil
		}
		hidden[it.ID] = ItemName(it)
		return d.compareItem(ctx, it, proofs)
	})
	if err != nil || len(hidden) == 0 {
		return err
	}
	return d.Catalog.Occurrences(ctx, name, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		if hidden[id] == "" {
			return nil
		}
		return told(proofs, digestPrefix+o.FileSHA256.String(), "the file in which "+hidden[id]+" came")
	})
}

// compareItem compares an item's own digests: the one that is known, and where
// a proof states another kind, that as well.
func (d *Desk) compareItem(ctx context.Context, it *catalog.Item, proofs []toldDigest) error {
	if err := told(proofs, digestPrefix+it.SHA256.String(), ItemName(it)); err != nil {
		return err
	}
	for hash, prefix := range hashNames {
		if prefix == digestPrefix || !slices.ContainsFunc(proofs, func(p toldDigest) bool { return strings.HasPrefix(p.of, prefix) }) {
			continue
		}
		b, err := d.Bytes(ctx, it)
		if err != nil {
			return err
		}
		h := hash.New()
		h.Write(b)
		if err := told(proofs, digestName(hash, h.Sum(nil)), ItemName(it)); err != nil {
			return err
		}
	}
	return nil
}

func told(proofs []toldDigest, digest, what string) error {
	for _, p := range proofs {
		if p.of == digest {
			return fmt.Errorf("%s is a proof of time that states the digest of %s: %w", p.proof, what, ErrTellsDigest)
		}
	}
	return nil
}
