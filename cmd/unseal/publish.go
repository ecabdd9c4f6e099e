package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"unseal/house"
	"unseal/reading"
	"unseal/release"
	"unseal/trove"
)

type commitCmd struct {
	Collection string `arg:"" help:"The collection."`
}

func (commitCmd) Help() string {
	return `Example: unseal commit mail

Fixes the item numbers in order of date and writes the count and the root of the whole
collection into the log. Nothing becomes public by it; the first publish puts it out, by
itself, before the first batch. Material that arrives later gets a commitment of its own.
From now on a backup must be kept: without the collection's secret nothing more can be proven.`
}

func (c *commitCmd) Run(a *app) error {
	desk, coll, err := a.collection(c.Collection, house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	k, err := a.release(desk, "committing").Commit(a.ctx, coll.Name)
	if errors.Is(err, release.ErrNothing) {
		return exitError{code: exitFailed, word: "nothing", err: err, hint: "Take material in first: unseal ingest PATH -c " + c.Collection}
	}
	if err != nil {
		return err
	}
	what := "committed"
	if k.Before {
		what = "nothing new since"
	}
	sum := struct {
		Collection trove.CollectionName `json:"collection"`
		New        bool                 `json:"new"`
		K          int                  `json:"k"`
		First      int                  `json:"first"`
		Count      int                  `json:"count"`
		Unreadable int                  `json:"unreadable"`
		Root       trove.Digest         `json:"root"`
		LogSize    int64                `json:"log_size"`
		Exit       int                  `json:"exit"`
	}{k.Collection, !k.Before, k.K, k.First, k.Count, k.Unreadable, k.Root, k.LogSize, exitDone}
	rows := [][2]string{{what, fmt.Sprintf("%s, no. %s to %s", plural(k.Count, "item", "items"), count(k.First), count(k.First+k.Count-1))},
		{"unreadable", count(k.Unreadable) + ", counted as withheld"}, {"root", k.Root.String()},
		{"keep safe", "make a backup now: unseal backup DIR"}}
	return a.ui.summary("commit", sum, rows, fmt.Sprintf("Next: unseal batch plan %s --every 2500", c.Collection))
}

// release is the desk's releasing room, telling its progress.
func (a *app) release(desk *house.Desk, what string) *release.Desk {
	p := a.ui.progress(what)
	r := desk.Release()
	r.Jobs = a.globals.Jobs
	last := ""
	r.Progress = func(step string, done, total int64) {
		p.show(done, total, step)
		if step != last {
			a.ui.v(what + ": " + step)
			last = step
		}
	}
	return r
}

type publishCmd struct {
	Batches []string `arg:"" optional:"" name:"batch" help:"Batches such as mail/batch/1 or mail@1; without any, all that are planned."`
	To      string   `placeholder:"DIR" help:"The archive; else the one named in unseal.toml."`
	Quoting bool     `help:"Publish although items hold in the open what is redacted elsewhere."`
	Alone   bool     `help:"After a restore: I know that nothing was published since the backup, so no newer archive exists."`
	DryRun  bool     `help:"Say what would become public, change nothing."`
}

func (publishCmd) Help() string {
	return `Example: unseal publish mail/batch/1 --to ./archive

Says first what becomes public, and asks; --yes answers. Without a batch it brings the archive
up to date. The log's checkpoint is written last, so a stopped run leaves the earlier archive
whole, and the same command goes on. The same desk gives the same archive, byte for byte.

Release keys must sign each batch. For those that are not on the desk it writes a request
instead (exit 3), and nothing of that batch into the archive: sign it with unseal keys sign
where the key is, put it back, and run the same command.`
}

func (c *publishCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	names, err := batchNames(c.Batches)
	if err != nil {
		return err
	}
	rel := a.release(desk, "publishing")
	pre, err := rel.Preview(a.ctx, names)
	if err != nil {
		return publishError(err)
	}
	to, err := desk.ArchiveDir(c.To)
	if err != nil {
		return usage("%v", err)
	}
	quoting, err := rel.Quoting(a.ctx, names)
	if err != nil {
		return err
	}
	c.tellPreview(a, pre, to)
	tellQuoting(a, quoting)
	if len(quoting) > 0 && !c.Quoting && !c.DryRun {
		return exitError{code: exitFailed, word: "quoting", err: fmt.Errorf("%s in the open what is redacted elsewhere: nothing was published",
			plural(len(quoting), "item holds", "items hold")), hint: "Redact it there too: unseal redact NAME. Or say that it may stay: --quoting."}
	}
	if c.DryRun {
		return c.summary(a, release.Published{}, pre, to, nil)
	}
	if err := a.ui.confirm(a.ctx, "Make this public?"); err != nil {
		return err
	}
	done, err := desk.Publish(a.ctx, rel, names, to, c.Alone)
	unsigned := waiting(err)
	if err != nil && unsigned == nil {
		return publishError(err)
	}
	return c.summary(a, done, pre, to, unsigned)
}

func publishError(err error) error {
	if missing, ok := errors.AsType[*release.NotCommittedError](err); ok {
		return notCommitted(missing.Collection)
	}
	return err
}

func batchNames(args []string) ([]trove.Name, error) {
	var names []trove.Name
	for _, s := range args {
		n, err := trove.ParseName(s)
		if err != nil || n.Batch == 0 {
			return nil, usage("%q is no batch; write mail/batch/1 or mail@1", s)
		}
		names = append(names, n)
	}
	return names, nil
}

func (c *publishCmd) tellPreview(a *app, p release.Preview, to string) {
	a.ui.say("This becomes public in %s:", to)
	a.ui.say("  %s with %s, %s", plural(p.Batches, "batch", "batches"), plural(p.Items, "item", "items"), size(p.Bytes))
	for _, kind := range slices.Sorted(maps.Keys(p.Kinds)) {
		a.ui.say("    %s", plural(p.Kinds[kind], kindWords[kind][0], kindWords[kind][1]))
	}
	if p.Made > 0 {
		a.ui.say("  made of them: %s, %s", plural(p.Made, "file", "files"), size(p.MadeBytes))
	}
	a.ui.say("  naming %s", plural(p.People, "address", "addresses"))
	tellFindings(a, p.Findings)
	for _, code := range sortedKeys(p.Withheld) {
		a.ui.say("  kept back and counted: %s, %s", count(p.Withheld[code]), code)
	}
	if p.Redacted == 0 {
		a.ui.say("  redacted: none")
	} else {
		a.ui.say("  redacted: %s", plural(p.Redacted, "item", "items"))
	}
	if p.Editions > 0 {
		a.ui.say("  new editions of %s that are out: %s shown otherwise, %s withdrawn; whoever kept the earlier ones keeps them",
			plural(p.Editions, "batch", "batches"), count(p.Amended), count(p.Tombstones))
	}
}

// kindWords are the kinds of items in words: one, and several.
var kindWords = map[trove.Kind][2]string{
	trove.Mail: {"mail", "mails"}, trove.Voice: {"recording", "recordings"}, trove.Chain: {"chain of messages", "chains of messages"},
	trove.Doc: {"document", "documents"}, trove.Image: {"picture", "pictures"}, trove.Table: {"table", "tables"},
	trove.File: {"other file", "other files"}, "": {"item", "items"},
}

// tellFindings tells what a person should look at before it is public.
func tellFindings(a *app, found map[string]int) {
	if len(found) == 0 {
		return
	}
	a.ui.say("  LOOK AGAIN: readers will be told, too, of what was found in items:")
	for _, code := range sortedKeys(found) {
		a.ui.say("    %s: %s (%s)", plural(found[code], "item", "items"), cmp.Or(reading.Findings[code], "see the item"), code)
	}
}

// shownQuotes is how many items are named that hold what is redacted elsewhere.
const shownQuotes = 10

func tellQuoting(a *app, list []trove.Name) {
	if len(list) == 0 {
		return
	}
	text := ""
	for _, n := range list[:min(len(list), shownQuotes)] {
		text += " " + n.String()
	}
	if len(list) > shownQuotes {
		text += " …"
	}
	a.ui.say("  LOOK AGAIN: %s in the open what is redacted elsewhere:%s", plural(len(list), "item holds", "items hold"), text)
}

// summary tells what was published, and what waits for signatures.
func (c *publishCmd) summary(a *app, d release.Published, p release.Preview, to string, unsigned []*release.UnsignedError) error {
	sum := struct {
		Archive  string         `json:"archive"`
		Batches  int            `json:"batches"`
		Items    int            `json:"items"`
		Withheld map[string]int `json:"withheld"`
		Editions int            `json:"editions"`
		Amended  int            `json:"amended"`
		Redacted int            `json:"redacted"`
		Removed  int            `json:"withdrawn"`
		LogSize  int64          `json:"log_size"`
		Root     trove.Digest   `json:"root,omitzero"`
		DryRun   bool           `json:"dry_run,omitempty"`
		Planned  int            `json:"would_publish,omitempty"`
		Bytes    int64          `json:"bytes"`
		People   int            `json:"people"`

		Kinds     map[trove.Kind]int `json:"kinds"`
		Findings  map[string]int     `json:"findings"`
		Made      int                `json:"made"`
		MadeBytes int64              `json:"made_bytes"`

		Waiting []waitingRequest `json:"waiting,omitempty"`
		Exit    int              `json:"exit"`
	}{Archive: to, Batches: d.Batches, Items: d.Items, Withheld: p.Withheld, LogSize: d.LogSize, Root: d.Root, DryRun: c.DryRun,
		Bytes: p.Bytes, People: p.People, Editions: d.Editions, Amended: p.Amended, Redacted: p.Redacted, Removed: p.Tombstones,
		Kinds: p.Kinds, Findings: p.Findings, Made: p.Made, MadeBytes: p.MadeBytes}
	if c.DryRun {
		sum.Planned = p.Items
		return a.ui.summary("publish", sum, [][2]string{{"nothing changed", "dry run"}}, "Next: the same without --dry-run")
	}
	rows := [][2]string{{"published", fmt.Sprintf("%s with %s", plural(d.Batches, "batch", "batches"), plural(d.Items, "item", "items"))},
		{"amended", fmt.Sprintf("%s in new editions of %s", plural(d.Amended, "item", "items"), plural(d.Editions, "batch", "batches"))},
		{"log", fmt.Sprintf("%s entries, root %s", count(d.LogSize), d.Root)}, {"archive", to}}
	if len(unsigned) == 0 {
		return a.ui.summary("publish", sum, rows, "Next: unseal verify "+to)
	}
	requests, more := tellWaiting(a, unsigned)
	sum.Waiting, sum.Exit = requests, exitPartly
	if err := a.ui.summary("publish", sum, append(rows, more...), signNext); err != nil {
		return err
	}
	return ended(exitPartly)
}
