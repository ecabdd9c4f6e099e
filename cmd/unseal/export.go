package main

import (
	"fmt"
	"strings"
	"sync"

	"unseal/house"
	"unseal/static"
	"unseal/trove"
)

type exportCmd struct {
	What   string   `arg:"" help:"The folder of an archive, or a collection of the archive that -C names."`
	Format string   `short:"f" required:"" enum:"static" placeholder:"static" help:"static: pages and files that need no server."`
	Out    string   `short:"o" required:"" placeholder:"DIR" help:"The folder to write; one that an earlier export wrote is brought up to date."`
	Lang   []string `default:"en" placeholder:"en,fr" help:"Languages of the pages; those of the first lie at the root."`
	Shards bool     `default:"true" negatable:"" help:"Also write the search so that it works from disk; a web host needs it not."`
}

func (exportCmd) Help() string {
	return `Example: unseal export ./archive -f static -o ./site
Example: unseal -C ./archive export mail -f static -o ./site --no-shards

Makes a folder that any web host or stick carries: the pages, every file, the
search, and the archive itself in the folder archive. It can be stopped and run
again: it makes what is missing or has changed, and removes what is not
published any more.`
}

func (c *exportCmd) Run(a *app) error {
	progress := sync.OnceValue(func() *progress { return a.ui.progress("exporting") }) // its rate is that of items alone
	x := &house.StaticExport{Archive: c.What, Out: c.Out, Languages: c.Lang, Shards: c.Shards, Jobs: a.globals.Jobs, Log: a.ui.logger(),
		Progress: func(done, total int) { progress().show(int64(done), int64(total), "items and threads") }}
	if !house.IsArchive(c.What) {
		name, err := trove.ParseCollection(c.What)
		if err != nil {
			return fmt.Errorf("%w: %s", house.ErrNoArchive, c.What)
		}
		x.Archive, x.Collections = a.dir(), []trove.CollectionName{name}
	}
	var lost error
	x.Fault = func(unit string, err error) {
		fault := exportFault{Name: strings.TrimPrefix(unit, "c/"), Error: err.Error()}
		lost = a.ui.item("export", fault, "not exported: "+fault.Name+": "+fault.Error)
	}
	r, err := x.Export(a.ctx)
	if err != nil {
		return err
	}
	if lost != nil {
		return lost
	}
	return c.sum(a, &r)
}

// exportFault is a part of the export that could not be made.
type exportFault struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

func (c *exportCmd) sum(a *app, r *static.Report) error {
	code := exitDone
	if r.Failed > 0 {
		code = exitPartly
	}
	sum := struct {
		*static.Report
		Out  string `json:"out"`
		Exit int    `json:"exit"`
	}{r, c.Out, code}
	rows := [][2]string{
		{"items", count(r.Items)}, {"threads", count(r.Threads)}, {"pages", count(r.Pages)},
		{"files", count(r.Files) + ", " + size(r.Bytes)}, {"written", count(r.Written) + " new or changed"},
	}
	if r.Removed > 0 {
		rows = append(rows, [2]string{"removed", plural(r.Removed, "part that is", "parts that are") + " not published any more"})
	}
	if r.Failed > 0 {
		rows = append(rows, [2]string{"failed", plural(r.Failed, "part", "parts") + " could not be made"})
	}
	if err := a.ui.summary("export", sum, rows, "Next: open "+c.Out+"/index.html, or put the folder on any web host"); err != nil {
		return err
	}
	return ended(code)
}
