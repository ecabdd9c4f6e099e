package release

import (
	"context"
	"fmt"
	"regexp"

	"unseal/catalog"
	"unseal/translog"
	"unseal/trove"
)

// unreadable is the reason code of items that could not be read.
const unreadable = "unreadable"

// codes are the reason codes that may stand in the log.
var codes = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// checkCode accepts the reason codes that a person may give.
func checkCode(code string) error {
	if !codes.MatchString(code) || code == unreadable {
		return fmt.Errorf("reason code %q: use a word of small letters, digits and hyphens, such as privacy (%q is given by intake alone)", code, unreadable)
	}
	return nil
}

// Withhold keeps numbers back under a reason code, which readers see from the
// next publish on. Numbers that are out, or not given yet, are refused with
// [catalog.ErrConflict] and nothing is changed. Durable on return.
func (r *Desk) Withhold(ctx context.Context, name trove.CollectionName, from, to int, code string, by catalog.Author) error {
	if err := checkCode(code); err != nil {
		return err
	}
	// A stopped publish may have said more than the catalog knows.
	if err := r.Settle(ctx); err != nil {
		return err
	}
	if err := r.Catalog.Withhold(ctx, name, from, to, code, by); err != nil {
		return fmt.Errorf("withhold %s %d to %d: %w", name, from, to, err)
	}
	return nil
}

// sayWithheld puts what is withheld, and what could not be read, into the log,
// and a checkpoint over it.
func (r *Desk) sayWithheld(ctx context.Context) error {
	for _, c := range r.log.State().Collections() {
		entries, err := r.unsaid(ctx, c)
		if err != nil {
			return err
		}
		if err := r.log.Append(entries...); err != nil {
			return fmt.Errorf("log what is withheld of %s: %w", c.Name, err)
		}
	}
	return r.tell(ctx, r.log)
}

// maxRange is how many numbers one entry covers at most.
const maxRange = 100_000

// unsaid lists what the catalog keeps back and the log does not say yet, as
// ranges of one reason.
func (r *Desk) unsaid(ctx context.Context, c *translog.Collection) ([]translog.Entry, error) {
	var ranges []translog.Withheld
	q := catalog.Query{Collection: c.Name, From: 1, To: c.Count, States: []trove.State{trove.Withheld, trove.Unreadable}, NoRecord: true}
	err := r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		reason := it.Reason
		if it.State == trove.Unreadable {
			reason = unreadable
		}
		if s, _ := c.Number(it.Number); s.Reason == reason {
			return nil
		}
		if n := len(ranges) - 1; n >= 0 && ranges[n].Last == it.Number-1 && ranges[n].Reason == reason && ranges[n].Last-ranges[n].First+1 < maxRange {
			ranges[n].Last = it.Number
			return nil
		}
		ranges = append(ranges, translog.Withheld{Collection: c.Name, First: it.Number, Last: it.Number, Reason: reason})
		return nil
	})
	entries := make([]translog.Entry, len(ranges))
	for i := range ranges {
		entries[i] = ranges[i]
	}
	return entries, err
}

// Preview says what a publish would make public.
type Preview struct {
	Batches, Items      int // that are not out yet
	Bytes               int64
	People              int            // addresses named in the collections concerned
	Withheld            map[string]int // numbers kept back and counted, by reason
	Redacted            int            // of Items, and of what is amended
	Editions            int            // of batches that are out
	Amended, Tombstones int            // items that these show otherwise, and no more

	Kinds     map[trove.Kind]int // of Items
	Findings  map[string]int     // how many of Items have findings of a code (reading.Findings)
	Made      int                // files made of Items
	MadeBytes int64
}

// Preview looks at what [Desk.Publish] with the same names would make public.
// It changes nothing.
func (r *Desk) Preview(ctx context.Context, names []trove.Name) (Preview, error) {
	p := Preview{Withheld: map[string]int{}, Kinds: map[trove.Kind]int{}, Findings: map[string]int{}}
	plan, err := r.plan(ctx, names)
	if err != nil {
		return p, err
	}
	for _, b := range plan {
		if b.Edition > 0 {
			p.Editions++
		} else {
			p.Batches, p.Items = p.Batches+1, p.Items+b.Items
		}
	}
	seen := map[trove.CollectionName]bool{}
	for _, b := range plan {
		if seen[b.Collection] {
			continue
		}
		seen[b.Collection] = true
		people, err := r.Catalog.People(ctx, b.Collection)
		if err != nil {
			return p, err
		}
		p.People += len(people)
	}
	return p, r.previewItems(ctx, plan, seen, &p)
}

func (r *Desk) previewItems(ctx context.Context, plan []planned, colls map[trove.CollectionName]bool, p *Preview) error {
	in := map[trove.Name]bool{}
	for _, b := range plan {
		in[b.name()] = true
	}
	for name := range colls {
		if err := r.previewCollection(ctx, name, in, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *Desk) previewCollection(ctx context.Context, name trove.CollectionName, in map[trove.Name]bool, p *Preview) error {
	rows, err := r.Catalog.Redactions(ctx, name, 0)
	if err != nil {
		return err
	}
	hidden := map[catalog.ItemID]bool{}
	for _, row := range rows {
		hidden[row.Item] = true
	}
	read := map[catalog.ItemID]bool{} // that come out as they are, and of which something may have been read
	err = r.Catalog.Items(ctx, catalog.Query{Collection: name, NoRecord: true}, func(it *catalog.Item) error {
		switch {
		case it.State == trove.Withheld:
			p.Withheld[it.Reason]++
		case it.State == trove.Unreadable:
			p.Withheld[unreadable]++
		case it.State == trove.Tombstone && it.Amended:
			p.Tombstones++
		case it.Amended:
			p.Amended++
			p.redacted(hidden[it.ID])
		case it.State == trove.Committed && in[trove.Name{Collection: name, Batch: it.Batch}]:
			p.Bytes += it.Size
			p.Kinds[it.Kind]++
			p.redacted(hidden[it.ID])
			if !hidden[it.ID] && (it.Kind != trove.Mail || it.Files) {
				read[it.ID] = true
			}
		}
		return nil
	})
	if err != nil || len(read) == 0 {
		return err
	}
	return r.previewMade(ctx, name, read, p)
}

// previewMade counts what was read and made of items that come out as they are.
func (r *Desk) previewMade(ctx context.Context, name trove.CollectionName, items map[catalog.ItemID]bool, p *Preview) error {
	counted := map[catalog.ItemID]map[string]bool{}
	return r.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: name}, func(o *catalog.Outcome) error {
		if !items[o.Item] {
			return nil
		}
		for _, f := range o.Made {
			p.Made, p.MadeBytes = p.Made+1, p.MadeBytes+f.Size
		}
		for code := range o.Findings {
			if counted[o.Item] == nil {
				counted[o.Item] = map[string]bool{}
			}
			if !counted[o.Item][code] {
				counted[o.Item][code] = true
				p.Findings[code]++
			}
		}
		return nil
	})
}

func (p *Preview) redacted(yes bool) {
	if yes {
		p.Redacted++
	}
}
