package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"unseal/blob"
	"unseal/catalog"
	"unseal/proof"
	"unseal/redact"
	"unseal/trove"
)

// Hide is a request to redact.
type Hide struct {
	Collection trove.CollectionName
	From, To   int // numbers to look at; 0, 0 for all
	Select     redact.Selection
	Part       int // if not 0, the file of each item that is hidden, as in trove.Record.Files, from 1
	Reason     string
	Only       bool // leave items alone that quote what goes away
	By         catalog.Author
}

// Hidden is one item that a request hides something in.
type Hidden struct {
	Number     int
	State      trove.State
	Quotes     bool // it was not asked for, but holds what goes away elsewhere
	Places     int
	Signatures []string        // fields and parts that go away since they would let guesses be checked
	Opaque     []redact.Opaque // parts that stay and could not be looked into
	row        catalog.Redaction
	found      redact.Found
}

// showable are the states of items of which something is or may be shown.
var showable = []trove.State{trove.Committed, trove.Published, trove.Withheld}

// Look finds what a request would hide, and in which items, by number. It
// changes nothing. A number that is not there, or in a state that shows
// nothing, is passed over.
func (r *Desk) Look(ctx context.Context, h Hide) ([]Hidden, error) {
	if !codes.MatchString(h.Reason) {
		return nil, fmt.Errorf("reason code %q: use a word of small letters, digits and hyphens, such as privacy", h.Reason)
	}
	q := catalog.Query{Collection: h.Collection, From: max(1, h.From), To: h.To, NoRecord: h.Part == 0,
		States: showable}
	list, err := r.lookAt(ctx, "looking for what is to be hidden", q, h.Reason, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		s := h.Select
		return findIn(it, raw, s, h.Part)
	})
	if err != nil || h.Only || len(list) == 0 {
		return list, err
	}
	quoting, err := r.lookForQuotes(ctx, h, list)
	list = append(list, quoting...)
	slices.SortFunc(list, func(a, b Hidden) int { return a.Number - b.Number })
	return list, err
}

func findIn(it *catalog.Item, raw []byte, s redact.Selection, part int) (redact.Found, error) {
	if part == 0 {
		return redact.Find(raw, it.Kind, s)
	}
	rec, err := Record(it)
	if err != nil {
		return redact.Found{}, err
	}
	files := rec.Files()
	if part > len(files) {
		return redact.Found{}, fmt.Errorf("%s/%d has %d files: %w", it.Collection, it.Number, len(files), redact.ErrNothing)
	}
	s.Part = &files[part-1]
	return redact.Find(raw, it.Kind, s)
}

// lookForQuotes finds the other items that hold what goes away.
func (r *Desk) lookForQuotes(ctx context.Context, h Hide, list []Hidden) ([]Hidden, error) {
	var removed []string
	var files []trove.Digest
	known := map[int]bool{}
	for _, x := range list {
		removed, files = append(removed, x.found.Removed...), append(files, x.found.Files...)
		known[x.Number] = true
	}
	slices.Sort(removed)
	quotes := redact.NewQuotes(slices.Compact(removed), files)
	q := catalog.Query{Collection: h.Collection, From: 1, NoRecord: true, States: showable}
	quoting, err := r.lookAt(ctx, "looking for quotes of it", q, h.Reason, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		if known[it.Number] {
			return redact.Found{}, redact.ErrNothing
		}
		return quotes.Find(raw, it.Kind)
	})
	for i := range quoting {
		quoting[i].Quotes = true
	}
	return quoting, err
}

// lookAt lets find look at items side by side. It may be called on several
// goroutines; an item that it calls ErrNothing is passed over.
func (r *Desk) lookAt(ctx context.Context, what string, q catalog.Query, reason string, find func(*catalog.Item, []byte) (redact.Found, error)) ([]Hidden, error) {
	var items []catalog.Item
	err := r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		own := *it
		own.Record = slices.Clone(it.Record)
		items = append(items, own)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var list []Hidden
	done := int64(0)
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(r.jobs())
	for i := range items {
		if within.Err() != nil {
			break
		}
		g.Go(func() error {
			x, err := r.lookAtOne(within, &items[i], reason, find)
			mu.Lock()
			defer mu.Unlock()
			done++
			r.progress(what, done, int64(len(items)))
			if x != nil {
				list = append(list, *x)
			}
			return err
		})
	}
	if err = g.Wait(); err == nil {
		err = ctx.Err()
	}
	slices.SortFunc(list, func(a, b Hidden) int { return a.Number - b.Number })
	return list, err
}

func (r *Desk) lookAtOne(ctx context.Context, it *catalog.Item, reason string, find func(*catalog.Item, []byte) (redact.Found, error)) (*Hidden, error) {
	raw, err := blob.Read(ctx, r.Blobs, blob.Span(it.Span), maxItem)
	if err != nil {
		return nil, fmt.Errorf("%s/%d: %w", it.Collection, it.Number, err)
	}
	found, err := find(it, raw)
	if err != nil && !errors.Is(err, redact.ErrNothing) {
		return nil, fmt.Errorf("%s/%d: %w", it.Collection, it.Number, err)
	}
	if len(found.Places) == 0 {
		return nil, nil
	}
	spec, err := json.Marshal(hiddenOf(found))
	return &Hidden{
		Number: it.Number, State: it.State, Places: len(found.Places), Signatures: found.Signatures, Opaque: found.Opaque,
		row: catalog.Redaction{Item: it.ID, Reason: reason, Spec: string(spec)}, found: found,
	}, err
}

// Redact decides what Look found. It is shown no more from the next publish
// on: items that are out get a new edition then. Durable on return; the same
// decided twice is one.
func (r *Desk) Redact(ctx context.Context, h Hide, list []Hidden) error {
	if err := r.Settle(ctx); err != nil { // a stopped publish may have said more than the catalog knows
		return err
	}
	rows := make([]catalog.Redaction, len(list))
	for i := range list {
		rows[i] = list[i].row
	}
	return r.Catalog.Redact(ctx, h.Collection, rows, h.By)
}

// Lift takes all redactions of a range of numbers away, from the next publish
// on. Durable on return.
func (r *Desk) Lift(ctx context.Context, name trove.CollectionName, from, to int, by catalog.Author) error {
	if err := r.Settle(ctx); err != nil {
		return err
	}
	return r.Catalog.LiftRedactions(ctx, name, from, to, by)
}

// Withdraw takes numbers that are out back for good, under a reason code, from
// the next publish on; what other items quote of them is hidden, as list says,
// which LookAtWithdrawn found. Durable on return.
func (r *Desk) Withdraw(ctx context.Context, h Hide, list []Hidden) error {
	if !codes.MatchString(h.Reason) {
		return fmt.Errorf("reason code %q: use a word of small letters, digits and hyphens, such as court-order", h.Reason)
	}
	if err := r.Redact(ctx, h, list); err != nil {
		return err
	}
	return r.Catalog.Withdraw(ctx, h.Collection, h.From, h.To, h.Reason, h.By)
}

// LookAtWithdrawn finds what other items of the same threads quote of the
// bodies and files of the numbers From to To.
func (r *Desk) LookAtWithdrawn(ctx context.Context, h Hide) ([]Hidden, error) {
	var removed []string
	var files []trove.Digest
	threads := map[string]bool{}
	q := catalog.Query{Collection: h.Collection, From: h.From, To: h.To, States: []trove.State{trove.Published}}
	err := r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if it.Thread != "" {
			threads[it.Thread] = true
		}
		found, err := r.wholeBody(ctx, it)
		removed, files = append(removed, found.Removed...), append(files, found.Files...)
		return err
	})
	if err != nil || len(threads) == 0 {
		return nil, err
	}
	quotes := redact.NewQuotes(removed, files)
	q = catalog.Query{Collection: h.Collection, From: 1, NoRecord: true, States: showable}
	return r.lookAt(ctx, "looking for quotes of it", q, h.Reason, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		if !threads[it.Thread] || it.Number >= h.From && it.Number <= h.To {
			return redact.Found{}, redact.ErrNothing
		}
		return quotes.Find(raw, it.Kind)
	})
}

// wholeBody is what goes away with the parts of an item.
func (r *Desk) wholeBody(ctx context.Context, it *catalog.Item) (all redact.Found, err error) {
	rec, err := Record(it)
	if err != nil {
		return all, err
	}
	raw, err := blob.Read(ctx, r.Blobs, blob.Span(it.Span), maxItem)
	if err != nil {
		return all, err
	}
	for i := range rec.Parts {
		found, err := redact.Find(raw, it.Kind, redact.Selection{Part: &rec.Parts[i]})
		if err != nil && !errors.Is(err, redact.ErrNothing) {
			return all, err
		}
		all.Removed, all.Files = append(all.Removed, found.Removed...), append(all.Files, found.Files...)
	}
	return all, nil
}

// Quoting lists the items of batches that are not out yet and hold, in the
// open, what is redacted elsewhere in their collection: they came later, or
// were left alone on purpose.
func (r *Desk) Quoting(ctx context.Context, names []trove.Name) ([]trove.Name, error) {
	plan, err := r.plan(ctx, names)
	if err != nil {
		return nil, err
	}
	var list []trove.Name
	for _, b := range plan {
		if b.Edition > 0 {
			continue
		}
		quoting, err := r.quotingIn(ctx, b)
		if err != nil {
			return nil, err
		}
		list = append(list, quoting...)
	}
	return list, nil
}

func (r *Desk) quotingIn(ctx context.Context, b planned) ([]trove.Name, error) {
	v, err := r.loadVeil(ctx, b.Collection)
	if err != nil || v.quotes == nil {
		return nil, err
	}
	q := catalog.Query{Collection: b.Collection, Batch: b.Number, NoRecord: true, States: []trove.State{trove.Committed}}
	found, err := r.lookAt(ctx, "looking for what is redacted elsewhere", q, "", func(it *catalog.Item, raw []byte) (redact.Found, error) {
		f, err := v.quotes.Find(raw, it.Kind)
		if err != nil {
			return f, err
		}
		c, err := coverOf(v.rows[it.ID])
		if err == nil {
			f.Places = slices.DeleteFunc(f.Places, c.hides)
		}
		return f, err
	})
	list := make([]trove.Name, len(found))
	for i, x := range found {
		list[i] = trove.Name{Collection: b.Collection, Number: x.Number}
	}
	return list, err
}

// hides reports whether all of a place is hidden by one cut.
func (c *cover) hides(p redact.Place) bool {
	return slices.ContainsFunc(c.Cuts, func(cut proof.Cut) bool { return cut.From <= p.From && p.To <= cut.To })
}
