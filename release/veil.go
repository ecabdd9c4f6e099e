package release

import (
	"context"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/redact"
	"unseal/trove"
)

// veil is what the redactions of a collection hide in what is said of its
// items besides their bytes: paths, owners, names of threads.
type veil struct {
	rows    map[catalog.ItemID][]catalog.Redaction
	quotes  *redact.Quotes // of all removed texts; nil if there are none
	threads map[string]int // thread whose name follows from a hidden Message-ID → its lowest number
}

// loadVeil reads the redactions of a collection.
func (r *Desk) loadVeil(ctx context.Context, name trove.CollectionName) (*veil, error) {
	all, err := r.Catalog.Redactions(ctx, name, 0)
	if err != nil {
		return nil, err
	}
	v := &veil{rows: map[catalog.ItemID][]catalog.Redaction{}, threads: map[string]int{}}
	var removed []string
	for _, row := range all {
		v.rows[row.Item] = append(v.rows[row.Item], row)
		h, err := readHidden(row)
		if err != nil {
			return nil, err
		}
		removed = append(removed, h.Removed...)
	}
	if len(removed) == 0 {
		return v, nil
	}
	slices.Sort(removed)
	v.quotes = redact.NewQuotes(slices.Compact(removed), nil)
	return v, r.veilThreads(ctx, name, v)
}

// veilThreads finds the threads whose root has a Message-ID that is hidden:
// their names are its digest, and would let guesses at it be checked.
func (r *Desk) veilThreads(ctx context.Context, name trove.CollectionName, v *veil) error {
	for id := range v.rows {
		it, err := catalog.One(ctx, r.Catalog, catalog.Query{Collection: name, ID: id})
		if err != nil {
			return err
		}
		rec, err := Record(&it)
		if err != nil {
			return err
		}
		for _, id := range append(slices.Concat(rec.References, rec.InReplyTo), rec.MessageID) {
			if v.quotes.Holds(id) {
				v.threads[trove.ThreadID(id)] = 0
			}
		}
	}
	if len(v.threads) == 0 {
		return nil
	}
	return r.Catalog.Items(ctx, catalog.Query{Collection: name, From: 1, NoRecord: true}, func(it *catalog.Item) error {
		if n, hidden := v.threads[it.Thread]; hidden && n == 0 {
			v.threads[strings.Clone(it.Thread)] = it.Number
		}
		return nil
	})
}

// thread is the public name of an item's thread; an item whose root has no
// Message-ID has one of its own.
func (v *veil) thread(it *catalog.Item) string {
	if it.Thread == "" {
		return trove.LoneThread(it.Number)
	}
	if n, hidden := v.threads[it.Thread]; hidden {
		return trove.LoneThread(n)
	}
	return it.Thread
}

// open leaves out the texts that hold something removed.
func (v *veil) open(texts []string) []string {
	if v.quotes == nil {
		return texts
	}
	return slices.DeleteFunc(slices.Clone(texts), v.quotes.Holds)
}
