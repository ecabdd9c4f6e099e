package release

import (
	"context"
	"slices"

	"unseal/catalog"
	"unseal/redact"
	"unseal/trove"
)

// Redact decides what Look found. It is shown no more from the next publish
// on: items that are out get a new edition then. Durable on return, one
// collection after the other; the same decided twice is one.
func (r *Desk) Redact(ctx context.Context, h Hide, l Looked) error {
	if err := r.Settle(ctx); err != nil { // a stopped publish may have said more than the catalog knows
		return err
	}
	for part := range slices.Values(byCollection(l.Items)) {
		var rows []catalog.Redaction
		for i := range part {
			rows = append(rows, part[i].rows...)
		}
		if err := r.Catalog.Redact(ctx, part[0].Name.Collection, rows, h.By); err != nil {
			return err
		}
	}
	return nil
}

// byCollection cuts a sorted list where the collection changes.
func byCollection(list []Hidden) (parts [][]Hidden) {
	for len(list) > 0 {
		n := slices.IndexFunc(list, func(x Hidden) bool { return x.Name.Collection != list[0].Name.Collection })
		if n < 0 {
			n = len(list)
		}
		parts, list = append(parts, list[:n]), list[n:]
	}
	return parts
}

// Lift takes all redactions of a range of numbers away, from the next publish
// on. Durable on return.
func (r *Desk) Lift(ctx context.Context, name trove.CollectionName, from, to int, by catalog.Author) error {
	if err := r.Settle(ctx); err != nil {
		return err
	}
	return r.Catalog.LiftRedactions(ctx, name, from, to, by)
}

// Quoting lists the items of batches that are not out yet and hold, in the open
// or in what was made of them, what is redacted elsewhere in their collection, be
// it a text or a file that is attached to them: they came later, or were left
// alone on purpose.
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
	v := b.veil
	if len(v.removed)+len(v.files) == 0 {
		return nil, nil
	}
	quotes := redact.NewQuotes(v.removed, v.files)
	q := catalog.Query{Collection: b.Collection, Batch: b.Number, NoRecord: true, States: []trove.State{trove.Committed}}
	var saying said
	found, err := r.lookAt(ctx, "looking for what is redacted elsewhere", q, nil, "", func(it *catalog.Item, raw []byte) (redact.Found, error) {
		f, err := quotes.Find(raw, it.Kind)
		switch rows := v.rows[it.ID]; {
		case err != nil:
		case len(rows) > 0:
			f.Places, err = leftOpen(quotes, raw, it.Kind, rows, f.Places)
		case len(f.Places) == 0:
			err = r.says(ctx, it, quotes.Holds, &saying)
		}
		return f, err
	})
	for _, x := range found {
		saying.list = append(saying.list, Said{Name: x.Name})
	}
	var names []trove.Name
	for _, x := range saying.sorted() {
		names = append(names, x.Name)
	}
	return names, err
}

// leftOpen are the places that stay open in an item in which some are hidden:
// none where it holds nothing beside these, though signatures over them were
// kept.
func leftOpen(quotes *redact.Quotes, raw []byte, kind trove.Kind, rows []catalog.Redaction, places []redact.Place) ([]redact.Place, error) {
	c, err := coverOf(rows)
	if err != nil {
		return nil, err
	}
	var hidden []redact.Place
	for _, cut := range c.Cuts {
		hidden = append(hidden, redact.Place{From: cut.From, To: cut.To, Base64: cut.Base64})
	}
	if !quotes.Beside(raw, kind, hidden) {
		return nil, nil
	}
	return slices.DeleteFunc(places, func(p redact.Place) bool { return hides(c.Cuts, p) }), nil
}
