package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"unseal/house"
	"unseal/intake"
	"unseal/trove"
)

type ingestCmd struct {
	Paths      []string      `arg:"" name:"path" type:"path" help:"Files and folders of mails, documents, recordings, chats, pictures, tables, and archives of them; known by content."`
	Collection string        `short:"c" required:"" placeholder:"COLL" help:"The collection; made if it is new."`
	Owner      string        `placeholder:"NAME" help:"Whose mailbox this is; else taken from the folder layout."`
	Mails      string        `placeholder:"MAPPING" help:"Take the rows of tables in as messages: which column is what, as from=Sender,to=Recipient,date=Sent,body=Text."`
	Watch      bool          `help:"Go on taking in what comes into the folders, until Ctrl-C."`
	Settle     time.Duration `default:"5s" placeholder:"TIME" help:"With --watch: leave a file alone for so long after its last change."`
}

func (ingestCmd) Help() string {
	return `Example: unseal ingest drive-07.mbox -c mail --owner "M. Example"

Never changes a byte of the original. Stop it at any moment; the same command goes on where
it stopped, and a second run over the same material adds nothing. First all files are taken
in, then what is no mail is read, stage by stage. A table of mails is taken in as a table; the
last line says so, and the command that makes messages of its rows. What is broken or over a limit is kept,
hashed and listed with a warning; exit 3 says that there is such a thing, and unseal redo
--failed tries what could not be read again.`
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
	readSummary
	Exit int `json:"exit"`
}

func newIngestSummary(s *house.Ingested, read readSummary) ingestSummary {
	out := ingestSummary{Files: s.Files, FilesDone: s.FilesDone, Items: s.Items, New: s.New, Occurrences: s.Occurrences,
		Unreadable: s.Unreadable, NotMail: s.NotMail, Warnings: s.Warnings, Links: orEmpty(s.Links), Failures: len(s.Failures),
		Bytes: s.Bytes, Seconds: (s.Duration + s.Read.Duration).Seconds(), readSummary: read, Exit: read.exit()}
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
	o := house.IngestOptions{Paths: c.Paths, Collection: c.Collection, Owner: c.Owner, Mails: c.Mails, Jobs: a.globals.Jobs, Reading: a.ui.reading()}
	taking := a.ui.progress("taking in")
	o.Progress = func(g intake.Progress) {
		taking.show(g.Bytes, g.TotalBytes, "bytes, "+count(g.Items)+" items")
	}
	if c.Watch {
		return c.watch(a, desk, o)
	}
	sum, err := desk.Ingest(a.ctx, o)
	if err != nil {
		return err
	}
	if len(sum.Failures) > 0 && sum.Files == 0 {
		return fmt.Errorf("%s: %w", sum.Failures[0].Path, sum.Failures[0].Err)
	}
	return c.tell(a, desk, &sum)
}

// tell ends a run that was not watching.
func (c *ingestCmd) tell(a *app, desk *house.Desk, sum *house.Ingested) error {
	out, rows, err := c.result(a, desk, sum)
	if err != nil {
		return err
	}
	next := "Next: unseal list " + c.Collection + ", then unseal commit " + c.Collection
	if out.failed() > 0 {
		next = "Next: unseal status; after mending what is missing, unseal redo --failed -c " + c.Collection
	}
	if tables := sum.Read.Mails; c.Mails == "" && len(tables) > 0 {
		next = c.confirm(tables)
	}
	if err := a.ui.summary("ingest", out, rows, next); err != nil {
		return err
	}
	return ended(out.Exit)
}

// confirm says that a table looks like mails, and which command makes mails of
// its rows. A person looks at the mapping first.
func (c *ingestCmd) confirm(tables []intake.TableOfMails) string {
	what := tables[0].Name
	if n := len(tables) - 1; n > 0 {
		what += fmt.Sprintf(" (and %s)", plural(n, "other table", "other tables"))
	}
	var paths strings.Builder
	for _, p := range c.Paths {
		paths.WriteString(" " + quotedArg(p))
	}
	return fmt.Sprintf("Next: %s looks like a table of mails; if this says which column is what: unseal ingest%s -c %s --mails %s",
		what, paths.String(), c.Collection, quotedArg(tables[0].Mapping))
}

// quotedArg writes an argument so that a shell takes it as one.
func quotedArg(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.,_=:-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (c *ingestCmd) result(a *app, desk *house.Desk, sum *house.Ingested) (ingestSummary, [][2]string, error) {
	if err := tellFailures(a, sum.Failures); err != nil {
		return ingestSummary{}, nil, err
	}
	read, err := newReadSummary(a, desk, trove.CollectionName(c.Collection), &sum.Read)
	if err != nil {
		return ingestSummary{}, nil, err
	}
	out := newIngestSummary(sum, read)
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
	return out, append(rows, read.rows()...), nil
}

func tellFailures(a *app, failures []intake.Failure) error {
	for _, f := range failures {
		if a.ui.json {
			if err := a.ui.line("ingest", "error", failedPath{f.Path, f.Err.Error()}); err != nil {
				return err
			}
			continue
		}
		a.ui.say("%s: %v", f.Path, f.Err)
	}
	return nil
}

// watchEvery is how often the folders are looked at.
const watchEvery = 2 * time.Second

// watch tells of each run, and at the end of all of them.
func (c *ingestCmd) watch(a *app, desk *house.Desk, o house.IngestOptions) error {
	var all ingestSummary
	all.Warnings, all.Links = map[string]int{}, []string{}
	a.ui.say("Watching. Ctrl-C ends it.")
	err := desk.Watch(a.ctx, house.WatchOptions{IngestOptions: o, Every: watchEvery, Settle: c.Settle, Taken: func(sum house.Ingested) error {
		out, rows, err := c.result(a, desk, &sum)
		if err != nil {
			return err
		}
		all.add(&out)
		if a.ui.json {
			if err := a.ui.line("ingest", "status", out); err != nil {
				return err
			}
			a.ui.flush()
			return nil
		}
		return a.ui.summary("ingest", out, rows, "")
	}})
	if err != nil {
		return err
	}
	rows := [][2]string{{"taken in", fmt.Sprintf("%s items, %s of them new", count(all.Items), count(all.New))}}
	return a.ui.summary("ingest", all, rows, "Next: unseal list "+c.Collection+", then unseal commit "+c.Collection)
}

// add sums up runs; the stages are those of the last.
func (s *ingestSummary) add(run *ingestSummary) {
	for code, n := range run.Warnings {
		s.Warnings[code] += n
	}
	s.Files, s.Items, s.New, s.Occurrences = s.Files+run.Files, s.Items+run.Items, s.New+run.New, s.Occurrences+run.Occurrences
	s.Unreadable, s.NotMail, s.Failures = s.Unreadable+run.Unreadable, s.NotMail+run.NotMail, s.Failures+run.Failures
	s.Bytes, s.Seconds, s.readSummary = s.Bytes+run.Bytes, s.Seconds+run.Seconds, run.readSummary
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
