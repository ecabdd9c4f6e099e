package main

import (
	"fmt"

	"unseal/house"
)

type backupCmd struct {
	Folder string `arg:"" name:"dir" help:"Where the backup goes; an earlier one there is replaced."`
}

func (backupCmd) Help() string {
	return `Example: UNSEAL_PASSPHRASE_FILE=~/pass unseal -C ./desk backup /media/stick

One file, encrypted by age with the passphrase in UNSEAL_PASSPHRASE_FILE, or printed by the
command in UNSEAL_PASSPHRASE_COMMAND. It holds the keys and the collections' secrets: losing
every copy ends provable publishing of what is not yet out; a leak opens withheld items to guessing.`
}

func (c *backupCmd) Run(a *app) error {
	pass, err := house.Passphrase()
	if err != nil {
		return err
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	n, err := desk.Backup(a.ctx, c.Folder, pass)
	if err != nil {
		return err
	}
	sum := struct {
		Dir  string `json:"dir"`
		File string `json:"file"`
		Size int64  `json:"size"`
		Exit int    `json:"exit"`
	}{c.Folder, house.BackupName, n, exitDone}
	return a.ui.summary("backup", sum, [][2]string{{"written", c.Folder + "/" + house.BackupName}, {"size", size(n)}},
		"Prove it: unseal -C NEWDESK restore "+c.Folder)
}

type restoreCmd struct {
	Folder string `arg:"" name:"dir" help:"The folder with the backup."`
}

func (restoreCmd) Help() string {
	return `Example: UNSEAL_PASSPHRASE_FILE=~/pass unseal -C ./desk2 restore /media/stick

Makes the desk in the folder given by -C, which must be new or empty, and checks it as fsck does.`
}

func (c *restoreCmd) Run(a *app) error {
	pass, err := house.Passphrase()
	if err != nil {
		return err
	}
	if a.globals.Dir == "" {
		return usage("restore needs -C DIR: the new desk's folder")
	}
	if err := house.Restore(a.ctx, c.Folder, a.globals.Dir, pass); err != nil {
		return err
	}
	return checkDesk(a, "restore", "The desk is whole. Next: publish into the archive that is out, or a mirror's copy of it: a new folder cannot show whether this backup is the newest.")
}

type fsckCmd struct{}

func (fsckCmd) Help() string { return "Example: unseal -C ./desk fsck" }

func (c *fsckCmd) Run(a *app) error {
	return checkDesk(a, "fsck", "The desk is whole. Next: unseal status")
}

// checkDesk tells what is wrong with a desk; exit 4 if anything is, else next
// is what to do.
func checkDesk(a *app, schema, next string) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	p := a.ui.progress("checking")
	rep, err := desk.Fsck(a.ctx, func(done, total int64) { p.show(done, total, "blobs") })
	if err != nil {
		return err
	}
	for _, f := range rep.Faults {
		if err := a.ui.item(schema, map[string]string{"fault": f}, f); err != nil {
			return err
		}
	}
	sum := struct {
		house.FsckReport
		Exit int `json:"exit"`
	}{FsckReport: rep}
	if len(rep.Faults) > 0 {
		sum.Exit = exitMismatch
		next = "Stop working with this desk; restore a backup: unseal -C NEWDESK restore DIR"
	}
	rows := [][2]string{{"blobs", fmt.Sprintf("%s, %s", count(rep.Blobs), size(rep.Bytes))}, {"items", count(rep.Items)},
		{"log entries", count(rep.LogSize)}, {"faults", count(len(rep.Faults))}}
	if err := a.ui.summary(schema, sum, rows, next); err != nil {
		return err
	}
	return ended(sum.Exit)
}
