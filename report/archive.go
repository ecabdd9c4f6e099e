package report

import (
	"context"
	"time"

	"unseal/archive"
	"unseal/thread"
	"unseal/trove"
)

// FromArchive reads what an archive says of a collection, checked against its
// log; now is the time of the report. The error is [archive.ErrNotFound] for
// an unknown collection. The input takes some 500 bytes an item, and what its
// references take.
func FromArchive(ctx context.Context, a *archive.Archive, name trove.CollectionName, now time.Time) (*Input, error) {
	c, err := a.Collection(name)
	if err != nil {
		return nil, err
	}
	cp := a.Checkpoint()
	in := &Input{
		Collection: c.Name, Title: c.Info.Title, Now: now,
		Log:     Log{Origin: cp.Origin, Size: cp.Size, Root: cp.Root},
		Promise: Promise{Total: c.Info.Promised, By: c.Info.PromisedBy, Source: c.Info.PromiseSource},
	}
	for _, k := range c.Info.Commitments {
		in.Commitments = append(in.Commitments, Commitment{K: k.K, First: k.First, Count: k.Count, Time: k.Time, Root: k.Root})
	}
	batches, err := c.Batches()
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		in.Batches = append(in.Batches, Batch{Number: b.Number, Edition: b.Edition, Items: b.Items, Published: b.Published})
	}
	in.Items = make([]Item, c.Count())
	for i := range in.Items {
		st, _ := c.Status(i + 1)
		in.Items[i] = Item{Number: i + 1, State: st.State, Reason: st.Reason}
	}
	err = c.Walk(ctx, func(p *archive.Item) error {
		in.Items[p.Row.Number-1].read(&p.Record, p.Row.Date, p.Batch)
		return nil
	})
	return in, err
}

// read takes in what the record of a published item says.
func (it *Item) read(r *archive.Record, date time.Time, batch int) {
	it.Learn(&r.Record)
	it.Date, it.Batch, it.Thread = date, batch, r.Thread
	it.Owners, it.Places, it.Copy = r.Owners, max(1, len(r.Paths)), r.CopyOf != 0
}

// Learn takes in what the record of an item says, of which it keeps strings
// but no lists other than signatures and references.
func (it *Item) Learn(r *trove.Record) {
	it.Known = true
	it.Kind, it.Verdict, it.Signatures, it.Unreadable = r.Kind, r.Verdict, r.Signatures, r.Unreadable
	it.Message = thread.Message{ID: r.MessageID, InReplyTo: r.InReplyTo, References: r.References, Date: r.Date}
	if len(r.From) > 0 {
		it.Sender = r.From[0].Addr
	}
}
