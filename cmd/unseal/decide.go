package main

import (
	"errors"
	"fmt"
	"strconv"

	"unseal/catalog"
	"unseal/house"
	"unseal/trove"
)

func (collectionCmd) Help() string {
	return `Example: unseal collection set mail --title "Harbour mail"`
}

type collectionCmd struct {
	Set collectionSetCmd `cmd:"" help:"Change what readers are told about a collection."`
}

type collectionSetCmd struct {
	Name        string  `arg:"" help:"The collection."`
	Title       *string `placeholder:"T" help:"Its title."`
	Series      *string `placeholder:"S" help:"The series it belongs to."`
	Description *string `placeholder:"D" help:"One paragraph: what it is and where it came from."`
	Promised    *int    `placeholder:"N" help:"How many items were announced."`
	By          *string `placeholder:"DATE" help:"When all are to be out."`
	Source      *string `placeholder:"URL" help:"Where that was announced."`
}

func (collectionSetCmd) Help() string {
	return `Example: unseal collection set mail --title "Harbour mail" --promised 50000 --by 2016-11-30 --source https://example.org/announcement`
}

func (c *collectionSetCmd) Run(a *app) error {
	desk, coll, err := a.collection(c.Name, house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	for _, f := range []struct{ to, from *string }{
		{&coll.Title, c.Title}, {&coll.Series, c.Series}, {&coll.Description, c.Description},
		{&coll.PromisedBy, c.By}, {&coll.PromiseSource, c.Source},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Promised != nil {
		coll.Promised = *c.Promised
	}
	if err := desk.Catalog.PutCollection(a.ctx, coll); err != nil {
		return err
	}
	sum := struct {
		Name        string `json:"name"`
		Title       string `json:"title"`
		Series      string `json:"series"`
		Description string `json:"description"`
		Promised    int    `json:"promised"`
		By          string `json:"by"`
		Source      string `json:"source"`
		Exit        int    `json:"exit"`
	}{string(coll.Name), coll.Title, coll.Series, coll.Description, coll.Promised, coll.PromisedBy, coll.PromiseSource, exitDone}
	rows := [][2]string{{"collection", sum.Name}, {"title", sum.Title}, {"series", sum.Series},
		{"promised", fmt.Sprintf("%s by %s (%s)", count(sum.Promised), sum.By, sum.Source)}}
	return a.ui.summary("collection", sum, rows, "Readers see it after the next: unseal publish")
}

type excludeCmd struct {
	What       string `arg:"" help:"An item (mail/sha256:c0ffee25…), or with -c the path of a trove as given to ingest."`
	Collection string `short:"c" placeholder:"COLL" help:"The collection whose trove is taken out."`
	Why        string `required:"" placeholder:"REASON" help:"Why; recorded."`
}

func (excludeCmd) Help() string {
	return `Example: unseal exclude ./wrong-drive -c mail --why "another person's mailbox"

Only before commit. A trove taken out by mistake goes in again with unseal ingest.`
}

func (c *excludeCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	by := catalog.Author{Who: house.Who(), Why: c.Why}
	if c.Collection != "" {
		err = desk.ExcludeTrove(a.ctx, c.Collection, c.What, by)
	} else {
		err = desk.ExcludeItem(a.ctx, c.What, by)
	}
	if errors.Is(err, catalog.ErrConflict) {
		return exitError{code: exitFailed, word: "committed", err: fmt.Errorf("%s has a number and stays counted: %w", c.What, err),
			hint: "Keep it back instead: unseal withhold RANGE --reason CODE"}
	}
	if err != nil {
		return err
	}
	sum := struct {
		Excluded string `json:"excluded"`
		Why      string `json:"why"`
		Exit     int    `json:"exit"`
	}{c.What, c.Why, exitDone}
	return a.ui.summary("exclude", sum, [][2]string{{"taken out", c.What}, {"because", c.Why}}, "Next: unseal status")
}

type withholdCmd struct {
	Range  string `arg:"" help:"One number or a range: mail/33101-34103."`
	Reason string `required:"" placeholder:"CODE" help:"A reason code of small letters, digits and hyphens: privacy, third-party, legal, safety …; public."`
	Why    string `placeholder:"TEXT" help:"More about it, for the desk only."`
}

func (withholdCmd) Help() string {
	return `Example: unseal withhold mail/33101-34103 --reason privacy

The numbers stay counted in public, with the reason, from the next publish on.`
}

func (c *withholdCmd) Run(a *app) error {
	n, err := trove.ParseName(c.Range)
	if err != nil {
		return usage("%v", err)
	}
	if n.Number == 0 || n.Edition > 0 || n.Attachment > 0 {
		return usage("%q is no range of items; write mail/12 or mail/12-20", c.Range)
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	last := max(n.Last, n.Number)
	if err := desk.Release().Withhold(a.ctx, n.Collection, n.Number, last, c.Reason, catalog.Author{Who: house.Who(), Why: c.Why}); err != nil {
		return err
	}
	sum := struct {
		Range  string `json:"range"`
		Reason string `json:"reason"`
		Count  int    `json:"count"`
		Exit   int    `json:"exit"`
	}{n.String(), c.Reason, last - n.Number + 1, exitDone}
	rows := [][2]string{{"withheld", n.String() + ", " + plural(sum.Count, "item", "items")}, {"reason", c.Reason}}
	return a.ui.summary("withhold", sum, rows, "Readers see the reason after the next: unseal publish")
}

func (batchCmd) Help() string { return "Example: unseal batch plan mail --every 2500" }

type batchCmd struct {
	Plan batchPlanCmd `cmd:"" help:"Put all committed items that are in no batch into batches of N, in item order."`
	New  batchNewCmd  `cmd:"" help:"Plan one batch of a range of items."`
	List batchListCmd `cmd:"" help:"The batches of a collection."`
}

type batchPlanCmd struct {
	Collection string `arg:"" help:"The collection."`
	Every      int    `required:"" placeholder:"N" help:"Items a batch."`
}

func (batchPlanCmd) Help() string { return "Example: unseal batch plan mail --every 2500" }

func (c *batchPlanCmd) Run(a *app) error {
	if c.Every < 1 {
		return usage("--every %d: a batch holds at least one item", c.Every)
	}
	return planned(a, c.Collection, func(desk *house.Desk, coll trove.CollectionName) ([]catalog.Batch, error) {
		return desk.Catalog.PlanBatches(a.ctx, coll, c.Every)
	})
}

type batchNewCmd struct {
	Collection string `arg:"" help:"The collection."`
	Items      string `required:"" placeholder:"A-B" help:"The range of item numbers."`
}

func (batchNewCmd) Help() string { return "Example: unseal batch new mail --items 1-1003" }

func (c *batchNewCmd) Run(a *app) error {
	n, err := trove.ParseName(c.Collection + "/" + c.Items)
	if err != nil || n.Number == 0 {
		return usage("--items %q: write 1-1003", c.Items)
	}
	return planned(a, c.Collection, func(desk *house.Desk, coll trove.CollectionName) ([]catalog.Batch, error) {
		b, err := desk.Catalog.PlanBatch(a.ctx, coll, n.Number, max(n.Last, n.Number))
		return []catalog.Batch{b}, err
	})
}

type listedBatch struct {
	Name      string             `json:"name"`
	State     catalog.BatchState `json:"state"`
	Items     int                `json:"items"`
	First     int                `json:"first"`
	Last      int                `json:"last"`
	Published string             `json:"published,omitempty"`
	Manifest  trove.Digest       `json:"manifest,omitzero"`
}

func planned(a *app, name string, plan func(*house.Desk, trove.CollectionName) ([]catalog.Batch, error)) error {
	desk, coll, err := a.collection(name, house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	k, err := desk.Catalog.Commitments(a.ctx, coll.Name)
	if err != nil {
		return err
	}
	if len(k) == 0 {
		return notCommitted(coll.Name)
	}
	batches, err := plan(desk, coll.Name)
	if err != nil {
		return err
	}
	return tellBatches(a, batches, "Next: unseal publish --to ARCHIVE")
}

func notCommitted(c trove.CollectionName) error {
	return exitError{code: exitFailed, word: "not-committed", err: fmt.Errorf("collection %s is not committed", c),
		hint: "First: unseal commit " + string(c)}
}

type batchListCmd struct {
	Collection string `arg:"" help:"The collection."`
}

func (batchListCmd) Help() string { return "Example: unseal batch list mail" }

func (c *batchListCmd) Run(a *app) error {
	desk, coll, err := a.collection(c.Collection, house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	batches, err := desk.Catalog.Batches(a.ctx, coll.Name)
	if err != nil {
		return err
	}
	return tellBatches(a, batches, "Next: unseal publish --to ARCHIVE")
}

func tellBatches(a *app, batches []catalog.Batch, next string) error {
	sum := struct {
		Batches int `json:"batches"`
		Items   int `json:"items"`
		Exit    int `json:"exit"`
	}{Batches: len(batches)}
	for _, b := range batches {
		l := listedBatch{Name: trove.Name{Collection: b.Collection, Batch: b.Number}.String(), State: b.State,
			Items: b.Items, First: b.First, Last: b.Last, Manifest: b.Manifest}
		if !b.Published.IsZero() {
			l.Published = b.Published.Format("2006-01-02T15:04:05Z")
		}
		sum.Items += b.Items
		text := fmt.Sprintf("%-20s %-10s %7s items  no. %s to %s", l.Name, l.State, count(l.Items), count(l.First), count(l.Last))
		if err := a.ui.item("batch", l, text); err != nil {
			return err
		}
	}
	return a.ui.summary("batch", sum, [][2]string{{"batches", strconv.Itoa(sum.Batches)}, {"items", count(sum.Items)}}, next)
}
