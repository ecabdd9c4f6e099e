package main

import (
	"fmt"
	"sort"

	"unseal/house"
	"unseal/intake"
)

type ingestCmd struct {
	Paths      []string `arg:"" name:"path" type:"path" help:"Files and folders: mbox, Maildir, .eml, .emlx, zip, tar, 7z, rar, compressed ones; found by content."`
	Collection string   `short:"c" required:"" placeholder:"COLL" help:"The collection; made if it is new."`
	Owner      string   `placeholder:"NAME" help:"Whose mailbox this is; else taken from the folder layout."`
}

func (ingestCmd) Help() string {
	return `Example: unseal ingest drive-07.mbox -c mail --owner "M. Example"

Never changes a byte of the original. Stop it at any moment; the same command goes on where
it stopped, and a second run over the same material adds nothing. What is no mail, broken or
over a limit is kept, hashed and listed with a warning; exit 3 says that there is such a thing.`
}

// ingestSummary is the last line of ingest --json.
type ingestSummary struct {
	Files       int            `json:"files"`
	FilesDone   int            `json:"files_done"`
	Items       int            `json:"items"`
	New         int            `json:"new"`
	Occurrences int            `json:"occurrences"`
	Unreadable  int            `json:"unreadable"`
	NotMail     int            `json:"not_mail"`
	Warnings    map[string]int `json:"warnings"`
	Links       []string       `json:"links"`
	Failures    int            `json:"failures"`
	Bytes       int64          `json:"bytes"`
	Seconds     float64        `json:"seconds"`
	Exit        int            `json:"exit"`
}

func newIngestSummary(s *intake.Summary) ingestSummary {
	out := ingestSummary{Files: s.Files, FilesDone: s.FilesDone, Items: s.Items, New: s.New, Occurrences: s.Occurrences,
		Unreadable: s.Unreadable, NotMail: s.NotMail, Warnings: s.Warnings, Links: orEmpty(s.Links), Failures: len(s.Failures),
		Bytes: s.Bytes, Seconds: s.Duration.Seconds()}
	if s.Unreadable > 0 || len(s.Failures) > 0 {
		out.Exit = exitPartly
	}
	return out
}

// failedPath is a path that could not be taken in.
type failedPath struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

func (c *ingestCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	p := a.ui.progress("taking in")
	sum, err := desk.Ingest(a.ctx, house.IngestOptions{Paths: c.Paths, Collection: c.Collection, Owner: c.Owner, Jobs: a.globals.Jobs,
		Progress: func(g intake.Progress) {
			p.show(g.Bytes, g.TotalBytes, "bytes, "+count(g.Items)+" items")
		}})
	if err != nil {
		return err
	}
	if len(sum.Failures) > 0 && sum.Files == 0 {
		return fmt.Errorf("%s: %w", sum.Failures[0].Path, sum.Failures[0].Err)
	}
	return c.tell(a, sum)
}

func (c *ingestCmd) tell(a *app, sum intake.Summary) error {
	for _, f := range sum.Failures {
		if a.ui.json {
			if err := a.ui.line("ingest", "error", failedPath{f.Path, f.Err.Error()}); err != nil {
				return err
			}
			continue
		}
		a.ui.say("%s: %v", f.Path, f.Err)
	}
	out := newIngestSummary(&sum)
	rows := [][2]string{
		{"items", fmt.Sprintf("%s, %s of them new", count(sum.Items), count(sum.New))},
		{"occurrences", count(sum.Occurrences)},
		{"files", fmt.Sprintf("%s, %s", count(sum.Files), size(sum.Bytes))},
		{"unreadable", count(sum.Unreadable)},
	}
	for _, code := range sortedKeys(sum.Warnings) {
		rows = append(rows, [2]string{"warned", fmt.Sprintf("%s  %s", count(sum.Warnings[code]), code)})
	}
	for _, l := range sum.Links {
		rows = append(rows, [2]string{"link", l + "  not followed"})
	}
	if err := a.ui.summary("ingest", out, rows, "Next: unseal list "+c.Collection+", then unseal commit "+c.Collection); err != nil {
		return err
	}
	return ended(out.Exit)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
