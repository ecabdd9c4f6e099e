package main

import (
	"fmt"

	"unseal/evidence"
	"unseal/proof"
	"unseal/trove"
)

// redactedSummary is how much of an item a proof shows to be hidden.
type redactedSummary struct {
	Places   int `json:"places"`
	Hidden   int `json:"hidden"`   // segments
	Segments int `json:"segments"` // of the whole item
}

// redactedOf is what a proof says of a redacted item; nil for any other.
func redactedOf(s *proof.Statement) *redactedSummary {
	if s == nil || len(s.Hidden) == 0 {
		return nil
	}
	r := &redactedSummary{Places: len(s.Hidden), Segments: s.Segments}
	for _, h := range s.Hidden {
		r.Hidden += h.Count
	}
	return r
}

func (r *redactedSummary) row() [2]string {
	return [2]string{"redacted", fmt.Sprintf("%s, %s of %s hidden; all else stands as it was committed to",
		plural(r.Places, "place", "places"), count(r.Hidden), plural(r.Segments, "segment", "segments"))}
}

// showsSender reports whether a signature says something of a redacted copy:
// one that holds all the same does. One that does not fit was made of the item
// before, as was everything that is missing.
func (r *redactedSummary) showsSender(sender *evidence.Result) bool {
	return r == nil || sender.Verdict == trove.Valid || sender.Verdict == trove.KeptKey
}
