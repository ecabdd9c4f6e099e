package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"unseal/archive"
	"unseal/house"
	"unseal/report"
	"unseal/trove"
)

// account compares what verify adds up of a collection with what the report
// tells of it: account ARCHIVE COLLECTION.
func account(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: account ARCHIVE COLLECTION")
	}
	dir := ts.MkAbs(args[0])
	rep, err := house.VerifyArchive(context.Background(), dir, house.VerifyOptions{})
	ts.Check(err)
	at := slices.IndexFunc(rep.Collections, func(c archive.CollectionReport) bool { return string(c.Name) == args[1] })
	if at < 0 {
		ts.Fatalf("verify knows no collection %s", args[1])
	}
	in, err := house.ReportInput(context.Background(), dir, args[1])
	ts.Check(err)
	ts.Check(sameAccount(&rep.Collections[at], &rep, in))
	if rep.Collections[at].NotOut++; sameAccount(&rep.Collections[at], &rep, in) == nil {
		ts.Fatalf("control: another account is taken for the same")
	}
}

func sameAccount(c *archive.CollectionReport, rep *archive.Report, in *report.Input) error {
	completeness, err := report.Completeness(in)
	if err != nil {
		return err
	}
	authenticity, err := report.Authenticity(in)
	if err != nil {
		return err
	}
	told := map[string]int{}
	for _, f := range slices.Concat(completeness.Figures, authenticity.Figures) {
		told[f.Name] = f.N
	}
	withheld := 0
	for n := range maps.Values(c.Withheld) {
		withheld += n
	}
	want := map[string]int{
		"committed": c.Committed, "published": c.Published, "withheld": withheld, "tombstone": c.Tombstones,
		"unreadable": c.Unreadable, "not_out": c.NotOut, "redacted": c.Redacted,
		"unsigned": rep.Verdicts[trove.Unsigned], "valid": rep.Verdicts[trove.Valid],
	}
	if len(rep.Findings) > 0 || c.Opened != c.Published {
		return fmt.Errorf("%d findings, %d of %d opened", len(rep.Findings), c.Opened, c.Published)
	}
	for name, n := range want {
		if got, ok := told[name]; !ok || got != n {
			return fmt.Errorf("%s: verify says %d, the report %d", name, n, got)
		}
	}
	return nil
}
