package main

import (
	"unseal/archive"
	"unseal/trove"
)

// noticeSummary is a public statement of the publisher, whose text was checked.
type noticeSummary struct {
	Number int          `json:"number"`
	Kind   string       `json:"kind"`
	Path   string       `json:"path"`
	Text   trove.Digest `json:"text"`
}

func noticeSummaries(rep *archive.Report) (list []noticeSummary) {
	for _, n := range rep.Notices {
		list = append(list, noticeSummary{n.Number, n.Kind, archive.NoticePath(n.Number), n.Text})
	}
	return list
}
