package main

import (
	"fmt"
	"strings"
	"time"

	"unseal/catalog"
	"unseal/house"
	"unseal/release"
	"unseal/trove"
)

type listCmd struct {
	Collection string `arg:"" optional:"" help:"Only this collection."`
	State      string `default:"" enum:",in,unreadable,excluded,committed,published,withheld,tombstone" placeholder:"STATE" help:"Only items in this state: in, unreadable, excluded, committed, published, withheld, tombstone."`
	Batch      int    `placeholder:"N" help:"Only items of this batch."`
	Fold       bool   `help:"Fold copies: only the first of each set of the same message with other bytes."`
}

func (listCmd) Help() string {
	return `Example: unseal list mail --json

With --json one line an item: name, number (null before commit), kind, subject, from, to,
date (UTC), date_offset (minutes), message_id, sha256 and size of the exact bytes, parts,
occurrences, thread, state, redactions (how often something was
hidden), amended (out, and not yet shown as decided), verdict, signatures (DKIM), other_signatures (S/MIME, OpenPGP,
proofs of time), warnings.`
}

// listed is one line of list --json. Acceptance checks read it: fields are
// added, never renamed.
type listed struct {
	Name        string                 `json:"name"`
	Number      *int                   `json:"number"`
	Kind        trove.Kind             `json:"kind"`
	Subject     string                 `json:"subject"`
	From        []trove.Address        `json:"from"`
	To          []trove.Address        `json:"to"`
	Cc          []trove.Address        `json:"cc,omitempty"`
	Bcc         []trove.Address        `json:"bcc,omitempty"`
	Date        *time.Time             `json:"date"`
	DateOffset  int                    `json:"date_offset"`
	MessageID   string                 `json:"message_id"`
	SHA256      trove.Digest           `json:"sha256"`
	Size        int64                  `json:"size"`
	Parts       []trove.Part           `json:"parts"`
	Occurrences []trove.Occurrence     `json:"occurrences"`
	Thread      string                 `json:"thread"`
	CopyOf      string                 `json:"copy_of,omitempty"`
	Mass        bool                   `json:"mass,omitempty"`
	State       trove.State            `json:"state"`
	Reason      string                 `json:"reason,omitempty"`
	Batch       int                    `json:"batch,omitempty"`
	Edition     int                    `json:"edition,omitempty"`
	Redactions  int                    `json:"redactions,omitempty"`
	Amended     bool                   `json:"amended,omitempty"`
	Verdict     trove.Verdict          `json:"verdict"`
	Signatures  []trove.Signature      `json:"signatures"`
	Others      []trove.OtherSignature `json:"other_signatures"`
	Warnings    []trove.Warning        `json:"warnings"`
}

type listSummary struct {
	Items       int                 `json:"items"`
	Occurrences int                 `json:"occurrences"`
	States      map[trove.State]int `json:"states"`
	Exit        int                 `json:"exit"`
}

func (c *listCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	names, err := c.collections(a, desk)
	if err != nil {
		return err
	}
	sum := listSummary{States: map[trove.State]int{}}
	for _, name := range names {
		if err := c.one(a, desk, name, &sum); err != nil {
			return err
		}
	}
	next := "Next: unseal show NAME, or unseal cat NAME"
	if sum.Items == 0 {
		next = "Nothing here yet. Next: unseal ingest PATH -c COLLECTION"
	}
	return a.ui.summary("list", sum, [][2]string{{"items", count(sum.Items)}, {"occurrences", count(sum.Occurrences)}}, next)
}

func (c *listCmd) collections(a *app, desk *house.Desk) ([]trove.CollectionName, error) {
	if c.Collection != "" {
		coll, err := desk.Collection(a.ctx, c.Collection)
		return []trove.CollectionName{coll.Name}, err
	}
	all, err := desk.Catalog.Collections(a.ctx)
	if err != nil {
		return nil, err
	}
	names := make([]trove.CollectionName, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return names, nil
}

func (c *listCmd) one(a *app, desk *house.Desk, name trove.CollectionName, sum *listSummary) error {
	places := map[catalog.ItemID][]trove.Occurrence{}
	err := desk.Catalog.Occurrences(a.ctx, name, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		places[id] = append(places[id], *o)
		return nil
	})
	if err != nil {
		return err
	}
	firsts, err := desk.FirstCopies(a.ctx, name)
	if err != nil {
		return err
	}
	hidden, err := redactions(a, desk, name)
	if err != nil {
		return err
	}
	q := catalog.Query{Collection: name, Batch: c.Batch}
	if c.State != "" {
		q.States = []trove.State{trove.State(c.State)}
	}
	return desk.Catalog.Items(a.ctx, q, func(it *catalog.Item) error {
		if c.Fold && it.CopyOf != 0 {
			return nil
		}
		l, err := newListed(it, places[it.ID])
		if err != nil {
			return err
		}
		if first, ok := firsts[it.CopyOf]; ok {
			l.CopyOf = house.ItemName(&first)
		}
		l.Redactions, l.Amended = hidden[it.ID], it.Amended
		sum.Items++
		sum.Occurrences += len(l.Occurrences)
		sum.States[l.State]++
		if a.ui.json {
			return a.ui.line("list", "item", l)
		}
		return a.ui.print(l.row())
	})
}

// redactions counts those of each item.
func redactions(a *app, desk *house.Desk, name trove.CollectionName) (map[catalog.ItemID]int, error) {
	rows, err := desk.Catalog.Redactions(a.ctx, name, 0)
	counts := map[catalog.ItemID]int{}
	for _, r := range rows {
		counts[r.Item]++
	}
	return counts, err
}

func newListed(it *catalog.Item, places []trove.Occurrence) (*listed, error) {
	r, err := release.Record(it)
	if err != nil {
		return nil, err
	}
	l := &listed{
		Name: house.ItemName(it), Kind: it.Kind, Subject: r.Subject, From: r.From, To: r.To, Cc: r.Cc, Bcc: r.Bcc,
		DateOffset: r.DateOffset, MessageID: r.MessageID, SHA256: it.SHA256, Size: it.Size,
		Parts: r.Parts, Occurrences: places, Thread: it.Thread, Mass: r.Mass,
		State: it.State, Reason: it.Reason, Batch: it.Batch, Edition: it.Edition,
		Verdict: r.Verdict, Signatures: r.Signatures, Others: r.Others, Warnings: r.Warnings,
	}
	if it.Number > 0 {
		n := it.Number
		l.Number = &n
	}
	if !r.Date.IsZero() {
		l.Date = &r.Date
	}
	l.fillEmpty()
	return l, nil
}

// fillEmpty makes lists [] rather than null, so that readers need no special case.
func (l *listed) fillEmpty() {
	l.From, l.To = orEmpty(l.From), orEmpty(l.To)
	l.Parts, l.Occurrences = orEmpty(l.Parts), orEmpty(l.Occurrences)
	l.Signatures, l.Others, l.Warnings = orEmpty(l.Signatures), orEmpty(l.Others), orEmpty(l.Warnings)
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (l *listed) row() string {
	date := "undated         "
	if l.Date != nil {
		date = l.Date.Format("2006-01-02 15:04")
	}
	from := ""
	if len(l.From) > 0 {
		from = l.From[0].Name
		if from == "" {
			from = l.From[0].Addr
		}
	}
	subject := l.Subject
	if subject == "" && len(l.Occurrences) > 0 && l.Kind != trove.Mail {
		subject = l.Occurrences[0].Path
	}
	return fmt.Sprintf("%-24s %-10s %s  %-24s %s", l.Name, l.State, date, cut(from, 24), cut(subject, 60))
}

// cut shortens s to n characters and takes line breaks out.
func cut(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	r := []rune(s)
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
