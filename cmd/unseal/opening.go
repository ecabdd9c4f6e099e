package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"unseal/durable"
	"unseal/house"
	"unseal/trove"
)

type proofOpenCmd struct {
	Range string `arg:"" help:"A number or a range, out or not: mail/33512 or mail/33512-33520."`
	To    string `required:"" placeholder:"AUDITOR" help:"The auditor's age public key (age1…), or a file with such lines."`
	Out   string `short:"o" required:"" placeholder:"FILE" help:"Where to; must not exist."`
}

func (proofOpenCmd) Help() string {
	return `Example: unseal proof open mail/33512 --to age1qqw… -o 33512.openings

For a court or an auditor: the exact bytes of items that are not out, with what shows that they
are those that the log committed to, sealed so that only the auditor reads them. It opens these
items and tells nothing of another. The auditor checks it with: unseal proof check`
}

func (c *proofOpenCmd) Run(a *app) error {
	n, err := trove.ParseName(c.Range)
	if err != nil || n.Number == 0 || n.Edition > 0 || n.Attachment > 0 {
		return usage("%q is no range of items; write mail/12 or mail/12-20", c.Range)
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	opened, err := desk.Open(a.ctx, n, c.To, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	sum := struct {
		Range string `json:"range"`
		Items int    `json:"items"`
		File  string `json:"file"`
		Exit  int    `json:"exit"`
	}{n.String(), opened, c.Out, exitDone}
	rows := [][2]string{{"opened", fmt.Sprintf("%s, %s", n, plural(opened, "item", "items"))}, {"sealed in", c.Out}}
	return a.ui.summary("proof", sum, rows, fmt.Sprintf("The auditor runs: unseal -C ARCHIVE proof check %s --identity KEYFILE", filepath.Base(c.Out)))
}

type proofCheckCmd struct {
	File     string `arg:"" type:"existingfile" help:"A file that unseal proof open has written."`
	Identity string `required:"" placeholder:"FILE" type:"existingfile" help:"The auditor's age key file."`
	Out      string `short:"o" placeholder:"DIR" help:"Write the items into this folder."`
}

func (proofCheckCmd) Help() string {
	return `Example: unseal -C ./archive proof check 33512.openings --identity key.txt -o ./opened

Compares each item with the commitment in the archive, which was public before the first batch.`
}

func (c *proofCheckCmd) Run(a *app) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	list, err := house.ReadOpenings(a.ctx, f, c.Identity, a.dir())
	if err != nil {
		return err
	}
	sum := struct {
		Items int `json:"items"`
		Fit   int `json:"fit"`
		Exit  int `json:"exit"`
	}{Items: len(list), Exit: exitDone}
	for _, o := range list {
		if o.Fits {
			sum.Fit++
		}
		if err := c.tell(a, o); err != nil {
			return err
		}
	}
	if err := c.write(list); err != nil {
		return err
	}
	if sum.Fit < sum.Items {
		sum.Exit = exitMismatch
	}
	rows := [][2]string{{"committed to", fmt.Sprintf("%s of %s", count(sum.Fit), plural(sum.Items, "item", "items"))}}
	if err := a.ui.summary("proof", sum, rows, "The archive itself: unseal verify "+a.dir()); err != nil || sum.Exit == exitDone {
		return err
	}
	return exitError{code: exitMismatch, word: "mismatch", quiet: true}
}

func (c *proofCheckCmd) tell(a *app, o house.Opened) error {
	name := trove.Name{Collection: o.Collection, Number: o.Number}.String()
	line := struct {
		Name   string       `json:"name"`
		State  trove.State  `json:"state"`
		Reason string       `json:"reason,omitempty"`
		SHA256 trove.Digest `json:"sha256"`
		Size   int          `json:"size"`
		Fits   bool         `json:"fits"`
		Why    string       `json:"why,omitempty"`
	}{name, o.State, o.Reason, trove.Sum(o.Content), len(o.Content), o.Fits, o.Why}
	words := fmt.Sprintf("%s  is what was committed to under this number (the desk says: %s)", name, strings.TrimSpace(string(o.State)+" "+o.Reason))
	if !o.Fits {
		words = fmt.Sprintf("%s  DOES NOT MATCH: %s", name, o.Why)
	}
	return a.ui.item("proof", line, words)
}

// write puts the items into a folder, under the names that their numbers give.
func (c *proofCheckCmd) write(list []house.Opened) error {
	if c.Out == "" {
		return nil
	}
	to, err := durable.Make(c.Out)
	if err != nil {
		return err
	}
	defer to.Close()
	for _, o := range list {
		name := fmt.Sprintf("%s-%d%s", o.Collection, o.Number, filepath.Ext(o.File))
		if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
			return fmt.Errorf("%q is no name for a file", name)
		}
		if err := durable.WriteFile(to, name, o.Content); err != nil {
			return err
		}
	}
	return nil
}
