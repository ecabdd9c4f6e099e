package release

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/redact"
	"unseal/trove"
)

// veil is what the redactions of a collection hide in what is said of its
// items besides their bytes: paths, owners, names of threads.
type veil struct {
	removed []string       // sorted
	files   []trove.Digest // of files that are hidden as a whole
	rows    map[catalog.ItemID][]catalog.Redaction
	quotes  *redact.Quotes          // of all removed texts; nil if there are none
	beside  map[catalog.ItemID]bool // read with files of which one is hidden; true where it is not shown at all
	threads map[string]int          // thread whose name follows from a hidden Message-ID → its lowest number
}

// loadVeil reads the redactions of a collection.
func (r *Desk) loadVeil(ctx context.Context, name trove.CollectionName) (*veil, error) {
	all, err := r.Catalog.Redactions(ctx, name, 0)
	if err != nil {
		return nil, err
	}
	v := &veil{rows: map[catalog.ItemID][]catalog.Redaction{}, threads: map[string]int{}}
	if r.Beside != nil {
		if v.beside, err = r.Beside(ctx, name); err != nil {
			return nil, err
		}
	}
	var removed []string
	for _, row := range all {
		v.rows[row.Item] = append(v.rows[row.Item], row)
		h, err := readHidden(row)
		if err != nil {
			return nil, err
		}
		removed, v.files = append(removed, h.Removed...), append(v.files, h.Files...)
	}
	if len(removed) == 0 {
		return v, nil
	}
	v.removed = unique(removed)
	v.quotes = redact.NewQuotes(v.removed, nil)
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

// signatures leaves out those whose names hold something removed.
func (v *veil) signatures(list []trove.Signature) []trove.Signature {
	if v.quotes == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s trove.Signature) bool {
		return v.quotes.Holds(s.Domain) || v.quotes.Holds(s.Selector)
	})
}

// others leaves out the signatures of people whose signer holds something
// removed: the name may come from a key file and stand nowhere in the item.
func (v *veil) others(list []trove.OtherSignature) []trove.OtherSignature {
	if v.quotes == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s trove.OtherSignature) bool { return v.quotes.Holds(s.Signer) })
}

// digest names the veil: two of the same digest hide the same. It is empty for
// one that hides nothing.
func (v *veil) digest() string {
	all := []any{v.removed, v.threads}
	if len(v.beside) > 0 {
		all = append(all, v.beside) // in order of its keys
	}
	if len(v.removed)+len(v.beside) == 0 {
		return ""
	}
	b, _ := json.Marshal(all) // strings and numbers marshal
	return trove.Sum(b).String()
}

// unveiled counts the lines of a batch that is out whose record says what the
// veil hides now, though nothing in the items themselves is amended.
func (r *Desk) unveiled(ctx context.Context, b planned) (n int, err error) {
	v := b.veil
	head, err := r.readBatchHead(b.Collection, b.Number, b.Edition)
	if err != nil || head.Veil == v.digest() {
		return 0, err
	}
	names, beside := map[int]string{}, map[int]bool{}
	q := catalog.Query{Collection: b.Collection, Batch: b.Number, NoRecord: true}
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		names[it.Number], beside[it.Number] = strings.Clone(v.thread(it)), v.isAlone(it)
		return nil
	})
	if err != nil {
		return 0, err
	}
	err = r.readBatch(b.Collection, b.Number, b.Edition, func(batchHead) error { return nil }, func(l *batchLine) error {
		rec := &l.Record
		if beside[rec.Number] && !l.Alone || names[rec.Number] != rec.Thread && !(l.Alone && rec.Thread == trove.LoneThread(rec.Number)) || len(v.open(rec.Paths)) < len(rec.Paths) || len(v.open(rec.Owners)) < len(rec.Owners) ||
			len(v.others(rec.Others)) < len(rec.Others) || rec.Original != nil && len(v.signatures(rec.Original.Signatures)) < len(rec.Original.Signatures) {
			n++
			return nil
		}
		says, err := r.stillSays(ctx, l, v)
		if says {
			n++
		}
		return err
	})
	return n, err
}

// stillSays reports whether what was read of a redacted item that is no mail
// holds what the veil hides now. Of a mail the bytes would hold it too.
func (r *Desk) stillSays(ctx context.Context, l *batchLine, v *veil) (says bool, err error) {
	if l.Cover == nil || l.Record.Kind == trove.Mail || v.quotes == nil {
		return false, nil
	}
	read, err := r.readingOf(ctx, l.Made)
	if err != nil {
		return false, err
	}
	holds := func(s *string) { says = says || v.quotes.Holds(*s) }
	holds(&l.ShownText)
	eachString(&l.Record.Record, holds)
	if read != nil {
		eachString(read, holds)
	}
	return says, nil
}
