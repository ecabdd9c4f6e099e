package main

import (
	"strings"

	"unseal/house"
	"unseal/intake/reader"
	"unseal/trove"
)

type redoCmd struct {
	Names      []string          `arg:"" optional:"" name:"name" help:"Items or ranges: voice/17, voice/20-31, before commit voice/sha256:c0ffee25; none for the whole collection."`
	Collection string            `short:"c" placeholder:"COLL" help:"The collection; else that of the names."`
	Stage      string            `placeholder:"STAGE" help:"This stage alone: read, picture, ocr, sound, speech, translate."`
	Kind       string            `placeholder:"KIND" help:"This kind alone: mail (the files in them), voice, chain, doc, image, table."`
	Failed     bool              `help:"What failed or waits alone."`
	Partly     bool              `help:"What was read in part alone; with --failed, both."`
	All        bool              `help:"Everything, where nothing else is named."`
	Set        map[string]string `placeholder:"NAME=VALUE" help:"An answer for the items, which is kept: dates=dmy."`
}

func (redoCmd) Help() string {
	return `Example: unseal redo -c voice --stage speech --failed

Reads again what ingest has read: only what failed, only one stage (another language for
pictures, a better transcriber), only one kind, or single items. What the other stages made
stays as it is. Until something is read again its earlier reading stands, and a failure never
takes that away. What is published and now reads otherwise gets a new edition with the next
publish. Stop it at any moment; the same command, or unseal ingest, goes on.`
}

func (c *redoCmd) Run(a *app) error {
	if !c.All && len(c.Names) == 0 && c.Stage == "" && c.Kind == "" && !c.Failed && !c.Partly {
		return usage("say what is to be read again: names, --stage, --kind, --failed, --partly, or --all")
	}
	coll, err := c.collection()
	if err != nil {
		return err
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	o := house.RedoOptions{Collection: coll, Stage: reader.Stage(c.Stage), Kind: trove.Kind(c.Kind), Failed: c.Failed, Partly: c.Partly,
		Answers: c.Set, Jobs: a.globals.Jobs, Progress: a.ui.reading()}
	for _, name := range c.Names {
		items, err := desk.NamedItems(a.ctx, name)
		if err != nil {
			return err
		}
		o.Items = append(o.Items, items...)
	}
	sum, err := desk.Redo(a.ctx, o)
	if err != nil {
		return err
	}
	read, err := newReadSummary(a, desk, trove.CollectionName(coll), &sum)
	if err != nil {
		return err
	}
	out := struct {
		readSummary
		Exit int `json:"exit"`
	}{read, read.exit()}
	if err := a.ui.summary("redo", out, append([][2]string{{"read again", count(read.Read)}}, read.rows()...), "Next: unseal status"); err != nil {
		return err
	}
	return ended(out.Exit)
}

// collection is the one given, which all names must be of.
func (c *redoCmd) collection() (string, error) {
	coll := c.Collection
	for _, name := range c.Names {
		of, _, _ := strings.Cut(name, "/")
		if coll == "" {
			coll = of
		}
		if of != coll {
			return "", usage("%s is not in collection %s", name, coll)
		}
	}
	if coll == "" {
		return "", usage("name the collection with -c")
	}
	return coll, nil
}
