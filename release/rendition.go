package release

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"unseal/archive"
	"unseal/catalog"
	"unseal/proof"
	"unseal/reading"
	"unseal/redact"
	"unseal/trove"
)

// hidden is what one redaction of the catalog hides in an item.
type hidden struct {
	Cuts    []proof.Cut    `json:"cuts"`
	Bounds  []int64        `json:"bounds"`
	Removed []string       `json:"removed,omitempty"` // the texts that go away, as a reader saw them
	Files   []trove.Digest `json:"files,omitempty"`   // of attachments that go away as a whole

	Silenced []reading.Span `json:"silenced,omitempty"` // the seconds of a recording that Cuts carry
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

	Silenced []reading.Span `json:"silenced,omitempty"` // of a recording, sorted and apart
	bytes    bool           // something is hidden that is not said in seconds
}

// onlySeconds reports whether all that is hidden is said in seconds.
func (c *cover) onlySeconds() bool { return !c.bytes }

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
		if c.Silenced = append(c.Silenced, h.Silenced...); len(h.Silenced) == 0 {
			c.bytes = true
		} else {
			c.Bounds = append(c.Bounds, edges(h.Cuts)...)
		}
	}
	c.Silenced = joinSpans(c.Silenced)
	slices.Sort(c.Bounds)
	c.Bounds = slices.Compact(c.Bounds)
	return c, nil
}

// maxSegment is the length of the longest segment that is no line of base64
// (proof.WordsRule).
const maxSegment = 64

// edges are bounds that keep runs from being widened over what was asked for:
// how long a silence is anybody hears, and twice as much sound would go. The
// segment in which a cut begins begins at one of them.
func edges(cuts []proof.Cut) (list []int64) {
	for _, c := range cuts {
		for at := max(0, c.From-maxSegment+1); at <= c.From; at++ {
			list = append(list, at)
		}
		list = append(list, c.To)
	}
	return list
}

// joinSpans sorts spans and joins those that touch.
func joinSpans(spans []reading.Span) (list []reading.Span) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b reading.Span) int {
		switch {
		case a.From < b.From:
			return -1
		case a.From > b.From:
			return 1
		}
		return 0
	})
	for _, s := range spans {
		if n := len(list); n > 0 && s.From <= list[n-1].To {
			list[n-1].To = max(list[n-1].To, s.To)
		} else {
			list = append(list, s)
		}
	}
	return list
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
