package main

import (
	"fmt"
	"path/filepath"

	"unseal/catalog"
	"unseal/house"
	"unseal/trove"
)

type statusCmd struct{}

func (statusCmd) Help() string { return "Example: unseal -C ./desk status" }

// standing is where one collection stands.
type standing struct {
	Name      trove.CollectionName `json:"name"`
	Title     string               `json:"title"`
	Troves    int                  `json:"troves"`
	Running   int                  `json:"unfinished_troves"`
	States    map[trove.State]int  `json:"states"`
	Committed int                  `json:"committed"`
	Batches   int                  `json:"batches"`
	Out       int                  `json:"batches_out"`
	Promised  int                  `json:"promised,omitempty"`
	Redacted  int                  `json:"redacted"` // items with redactions
	Amended   int                  `json:"amended"`  // out, and not as they are to be shown

	Verdicts map[trove.Verdict]int `json:"verdicts"` // of the mails that are in, as they were judged last
	ToJudge  int                   `json:"to_judge"` // not published, and a key is there now that was not then

	Reading readStanding `json:"reading"`

	Next string `json:"next"`

	ready int // planned batches with items
}

// allOut is the last thing to do.
const allOut = "All that is committed is out. Next: unseal verify ARCHIVE"

func (c *statusCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	all, err := desk.Catalog.Collections(a.ctx)
	if err != nil {
		return err
	}
	next := "Nothing taken in yet. Next: unseal ingest PATH -c COLLECTION"
	open := false // next is of a collection that something is left to do for
	for i := range all {
		s, err := standingOf(a, desk, &all[i])
		if err != nil {
			return err
		}
		if !open {
			next, open = s.Next, s.Next != allOut
		}
		if err := a.ui.item("status", s, s.lines()...); err != nil {
			return err
		}
	}
	keys, err := desk.OurKeys()
	if err != nil {
		return err
	}
	guards, err := desk.Protections()
	if err != nil {
		return err
	}
	missing := orEmpty(house.MissingTools())
	sum := struct {
		Name         string       `json:"name"`
		Origin       string       `json:"origin"`
		LogKey       string       `json:"log_key"`
		LogID        trove.Digest `json:"log_id"`
		Requests     []string     `json:"requests"`      // that wait for signatures
		RecoveryHere bool         `json:"recovery_here"` // the recovery key is not offline
		Collections  int          `json:"collections"`
		Sandbox      any          `json:"sandbox"`       // what guards against hostile files
		MissingTools []house.Tool `json:"missing_tools"` // programs that reading may need
		Exit         int          `json:"exit"`
	}{desk.Config.Name, desk.Config.Origin, desk.LogKey, keys.LogID, append([]string{}, keys.Requests...), keys.Here[keys.Recovery], len(all), guards, missing, exitDone}
	rows := [][2]string{{"archive", sum.Name}, {"log origin", sum.Origin}, {"log key", sum.LogKey}, {"log id", sum.LogID.String()}}
	if sum.RecoveryHere {
		rows = append(rows, [2]string{"take offline", "the recovery key; see unseal keys list"})
	}
	for _, r := range keys.Requests {
		rows = append(rows, [2]string{"to be signed", filepath.Join(a.dir(), filepath.FromSlash(r))})
	}
	rows = append(rows, [2]string{"sandbox", guards.String()})
	for _, t := range missing {
		rows = append(rows, [2]string{"not installed", fmt.Sprintf("%s, for %s; Debian's package is %s", t.Program, t.For, t.Package)})
	}
	return a.ui.summary("status", sum, rows, next)
}

func standingOf(a *app, desk *house.Desk, c *catalog.Collection) (*standing, error) {
	s := &standing{Name: c.Name, Title: c.Title, Promised: c.Promised}
	troves, err := desk.Catalog.Troves(a.ctx, c.Name)
	if err != nil {
		return nil, err
	}
	for _, t := range troves {
		if t.Excluded == "" {
			s.Troves++
			if !t.Done {
				s.Running++
			}
		}
	}
	if s.States, err = desk.Catalog.Count(a.ctx, c.Name); err != nil {
		return nil, err
	}
	commitments, err := desk.Catalog.Commitments(a.ctx, c.Name)
	if err != nil {
		return nil, err
	}
	for _, k := range commitments {
		s.Committed += k.Count
	}
	batches, err := desk.Catalog.Batches(a.ctx, c.Name)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		s.Batches++
		s.Amended += b.Amended
		switch {
		case b.State == catalog.BatchIsOut:
			s.Out++
		case b.Items > 0:
			s.ready++
		}
	}
	redacted, err := redactions(a, desk, c.Name)
	if err != nil {
		return nil, err
	}
	s.Redacted = len(redacted)
	if s.Verdicts, s.ToJudge, err = desk.Verdicts(a.ctx, c.Name); err != nil {
		return nil, err
	}
	if s.Reading, err = readStandingOf(a, desk, c.Name); err != nil {
		return nil, err
	}
	s.Next = s.next()
	return s, nil
}

// next is the one command that brings the collection on.
func (s *standing) next() string {
	switch {
	case s.Amended > 0:
		return "Next: unseal publish --to ARCHIVE, since what is out is not as it is to be shown"
	case s.Running > 0:
		return fmt.Sprintf("Next: unseal ingest the same path -c %s again, to finish it", s.Name)
	case s.counted() == 0:
		return fmt.Sprintf("Nothing taken in yet. Next: unseal ingest PATH -c %s", s.Name)
	case s.Reading.toRedo() && s.counted() > s.Committed:
		return fmt.Sprintf("Next: unseal redo --failed -c %s, once what is missing is there; or unseal commit %s", s.Name, s.Name)
	case s.ToJudge > 0:
		return fmt.Sprintf("Next: unseal keys judge -c %s", s.Name)
	case s.counted() > s.Committed:
		return fmt.Sprintf("Next: unseal commit %s", s.Name)
	case s.ready > 0:
		return "Next: unseal publish --to ARCHIVE"
	case s.States[trove.Committed] > 0:
		return fmt.Sprintf("Next: unseal batch plan %s --every 2500", s.Name)
	}
	return allOut
}

// counted is how many items are in, whether they have a number or not.
func (s *standing) counted() int {
	n := 0
	for state, k := range s.States {
		if state != trove.Excluded {
			n += k
		}
	}
	return n
}

func (s *standing) lines() []string {
	troves := fmt.Sprintf("  troves     %s", count(s.Troves))
	if s.Running > 0 {
		troves += fmt.Sprintf(", %s not finished", count(s.Running))
	}
	lines := []string{fmt.Sprintf("%s  %s", s.Name, s.Title), troves}
	for _, state := range []trove.State{trove.In, trove.Unreadable, trove.Excluded, trove.Committed, trove.Published, trove.Withheld, trove.Tombstone} {
		if n := s.States[state]; n > 0 {
			lines = append(lines, fmt.Sprintf("  %-10s %s", state, count(n)))
		}
	}
	for _, r := range verdictRows(s.Verdicts) {
		lines = append(lines, fmt.Sprintf("  %-10s %s", r[0], r[1]))
	}
	if s.ToJudge > 0 {
		lines = append(lines, fmt.Sprintf("  to judge   %s, for which there is a key now", count(s.ToJudge)))
	}
	lines = append(lines, s.Reading.lines()...)
	lines = append(lines, fmt.Sprintf("  numbers    %s fixed", count(s.Committed)),
		fmt.Sprintf("  batches    %s, %s out", count(s.Batches), count(s.Out)))
	if s.Redacted > 0 {
		lines = append(lines, fmt.Sprintf("  redacted   %s", count(s.Redacted)))
	}
	if s.Amended > 0 {
		lines = append(lines, fmt.Sprintf("  amended    %s out and not yet shown as decided", plural(s.Amended, "item", "items")))
	}
	if s.Promised > 0 {
		lines = append(lines, fmt.Sprintf("  promised   %s", count(s.Promised)))
	}
	return lines
}
