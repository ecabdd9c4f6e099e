package main

import (
	"fmt"
	"strings"

	"unseal/evidence"
	"unseal/house"
)

func (keysCmd) Help() string { return "Example: unseal keys archive list" }

type keysCmd struct {
	Archive keysArchiveCmd `cmd:"" help:"The archive of senders' DKIM keys."`
}

func (keysArchiveCmd) Help() string { return "Example: unseal keys archive import dkim-keys.zone" }

type keysArchiveCmd struct {
	Import keysImportCmd `cmd:"" help:"Add keys: zone file, dig output, JSON, or lines of name and record."`
	List   keysListCmd   `cmd:"" help:"The keys kept, with where and when they were seen."`
}

type keysImportCmd struct {
	File string `arg:"" help:"A file with DKIM key records."`
}

func (keysImportCmd) Help() string {
	return `Example: unseal keys archive import dkim-keys.zone

Import keys before ingest: mails are judged when they are taken in.`
}

func (c *keysImportCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	all, added, bad, err := desk.ImportKeys(c.File)
	if err != nil {
		return err
	}
	sum := struct {
		Keys  int      `json:"keys"`
		Added int      `json:"added"`
		Bad   []string `json:"bad"`
		Exit  int      `json:"exit"`
	}{Keys: all, Added: added, Bad: []string{}}
	for _, e := range bad {
		sum.Bad = append(sum.Bad, e.Error())
		a.ui.say("%v", e)
	}
	if len(bad) > 0 {
		sum.Exit = exitPartly
	}
	rows := [][2]string{{"keys", count(all)}, {"new", count(added)}, {"not understood", count(len(bad))}}
	if err := a.ui.summary("keys", sum, rows, "Next: unseal ingest PATH -c COLLECTION"); err != nil {
		return err
	}
	return ended(sum.Exit)
}

type keysListCmd struct{}

func (keysListCmd) Help() string { return "Example: unseal keys archive list" }

func (c *keysListCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	keys, err := desk.Keys()
	if err != nil {
		return err
	}
	for _, k := range keys.All() {
		if err := a.ui.item("keys", k, keyRow(k)); err != nil {
			return err
		}
	}
	sum := struct {
		Keys int `json:"keys"`
		Exit int `json:"exit"`
	}{Keys: len(keys.All())}
	return a.ui.summary("keys", sum, [][2]string{{"keys", count(sum.Keys)}}, "Add more: unseal keys archive import FILE")
}

func keyRow(k *evidence.Key) string {
	var seen []string
	for _, s := range k.Seen {
		seen = append(seen, s.Where)
	}
	row := fmt.Sprintf("%-50s %5d bits  %s", k.Name(), k.Bits(), strings.Join(seen, ", "))
	if f := k.Fault(); f != nil {
		row += "  (" + f.Error() + ")"
	}
	return row
}
