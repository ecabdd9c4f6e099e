package release

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"unseal/archive"
	"unseal/catalog"
	"unseal/proof"
	"unseal/redact"
	"unseal/trove"
)

// hidden is what one redaction of the catalog hides in an item.
type hidden struct {
	Cuts    []proof.Cut    `json:"cuts"`
	Bounds  []int64        `json:"bounds"`
	Removed []string       `json:"removed,omitempty"` // the texts that go away, as a reader saw them
	Files   []trove.Digest `json:"files,omitempty"`   // of attachments that go away as a whole
}

// hiddenOf turns what was found into what is kept.
func hiddenOf(f redact.Found) hidden {
	h := hidden{Bounds: f.Bounds, Removed: f.Removed, Files: f.Files}
	for _, p := range f.Places {
		h.Cuts = append(h.Cuts, proof.Cut{From: p.From, To: p.To, Base64: p.Base64})
	}
	return h
}

// hides reports whether all of a place is hidden by one cut.
func hides(cuts []proof.Cut, p redact.Place) bool {
	return slices.ContainsFunc(cuts, func(c proof.Cut) bool { return c.From <= p.From && p.To <= c.To })
}

func readHidden(r catalog.Redaction) (h hidden, err error) {
	if err = json.Unmarshal([]byte(r.Spec), &h); err != nil {
		err = fmt.Errorf("redaction of item %d: %w", r.Item, err)
	}
	return h, err
}

// cover is all that is hidden in one item, with the reason of each cut.
type cover struct {
	Cuts    []proof.Cut `json:"cuts"`
	Reasons []string    `json:"reasons"`
	Bounds  []int64     `json:"bounds"`
}

// coverOf joins the redactions of one item.
func coverOf(rows []catalog.Redaction) (*cover, error) {
	c := &cover{}
	for _, row := range rows {
		h, err := readHidden(row)
		if err != nil {
			return nil, err
		}
		c.Cuts, c.Bounds = append(c.Cuts, h.Cuts...), append(c.Bounds, h.Bounds...)
		for range h.Cuts {
			c.Reasons = append(c.Reasons, row.Reason)
		}
	}
	slices.Sort(c.Bounds)
	c.Bounds = slices.Compact(c.Bounds)
	return c, nil
}

// apply makes the rendition of an item.
func (c *cover) apply(coll *catalog.Collection, number, edition int, content []byte) ([]byte, *proof.Rendition, []archive.Redaction, error) {
	secret := proof.Secret(coll.Secret)
	salt := secret.Edition(coll.Name, number, edition)
	shown, r, gone, err := proof.Redact(secret.Item(coll.Name, number), salt, content, c.Cuts, c.Bounds)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("redact %s/%d: %w", coll.Name, number, err)
	}
	why := make([]archive.Redaction, len(gone))
	for i, run := range gone {
		why[i].At = r.Hidden[i].At
		first := slices.IndexFunc(c.Cuts, func(cut proof.Cut) bool { return cut.From >= run.From && cut.From < run.To })
		why[i].Reason = c.Reasons[max(0, first)]
	}
	return shown, &r, why, nil
}

// redacted turns an assembled line into that of a redacted copy: nothing in
// it is of the bytes that are hidden.
func (r *Desk) redacted(coll *catalog.Collection, line *batchLine, c *cover, v *veil, content []byte) error {
	shown, rendition, why, err := c.apply(coll, line.Record.Number, line.Edition, content)
	if err != nil {
		return err
	}
	rec, text, err := r.Read(line.Record.Kind, shown)
	if err != nil {
		return fmt.Errorf("read what is left of %s/%d: %w", coll.Name, line.Record.Number, err)
	}
	was := &line.Record
	line.Date = shownDate(line.Date, &rec)
	original := &archive.Original{Verdict: was.Verdict, Signatures: v.signatures(was.Signatures)}
	rec.Kind, rec.Verdict, rec.Signatures = was.Kind, trove.Redacted, nil
	line.SHA256, line.Size, line.Cover, line.ShownText = trove.Sum(shown), int64(len(shown)), c, text
	line.Record = archive.Record{
		Number: was.Number, Redacted: rendition, Record: publicRecord(rec), Thread: was.Thread, Owners: was.Owners,
		Paths: was.Paths, Copies: was.Copies, CopyOf: was.CopyOf, Redactions: why, Original: original,
	}
	return nil
}

// shownDate is the date by which an item is in order as far as what is shown
// of it tells: the same if it still does, else the one that it does.
func shownDate(sort time.Time, shown *trove.Record) time.Time {
	switch {
	case sort.IsZero(), sort.Equal(shown.Date), sort.Equal(shown.Received):
		return sort
	case !shown.Date.IsZero():
		return shown.Date
	}
	return shown.Received
}
