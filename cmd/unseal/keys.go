package main

import (
	"unseal/house"
)

func (keysCmd) Help() string { return "Example: unseal keys list" }

type keysCmd struct {
	New     keysNewCmd     `cmd:"" help:"Make a release key, on a machine of its own."`
	List    ourKeysCmd     `cmd:"" help:"Our keys: which sign, which did, which are here, and what waits to be signed."`
	Sign    keysSignCmd    `cmd:"" help:"Sign a request with a release key, on the machine that has it."`
	Export  keysExportCmd  `cmd:"" help:"Move a key away from the desk."`
	Rotate  keysRotateCmd  `cmd:"" help:"Put new keys in force."`
	Revoke  keysRevokeCmd  `cmd:"" help:"The same by the recovery key, for lost or stolen ones."`
	Archive keysArchiveCmd `cmd:"" help:"The archive of senders' DKIM keys."`
	Judge   keysJudgeCmd   `cmd:"" help:"Judge what is not published again, with the keys of today."`
}

func (keysArchiveCmd) Help() string { return "Example: unseal keys archive import dkim-keys.zone" }

type keysArchiveCmd struct {
	Fetch   keysFetchCmd   `cmd:"" help:"Ask DNS for keys, now, and keep the answers."`
	Import  keysImportCmd  `cmd:"" help:"Add keys: zone file, dig output, JSON, or lines of name and record."`
	List    keysListCmd    `cmd:"" help:"The keys, those built in too, with where they were seen."`
	Show    keysShowCmd    `cmd:"" help:"What is known of one key, or of a domain's."`
	Recover keysRecoverCmd `cmd:"" help:"Compute senders' keys from the collection's own signatures."`
}

type keysImportCmd struct {
	File string `arg:"" help:"A file with DKIM key records."`
}

func (keysImportCmd) Help() string {
	return `Example: unseal keys archive import dkim-keys.zone

Mails are judged when they are taken in; what was taken in before and is not published
yet is judged again by: unseal keys judge`
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
	if err := a.ui.summary("keys", sum, rows, "Next: unseal keys judge, for what was taken in before; or unseal ingest PATH -c COLLECTION"); err != nil {
		return err
	}
	return ended(sum.Exit)
}
