package main

import (
	"fmt"

	"unseal/house"
	"unseal/trove"
)

type catCmd struct {
	Name string `arg:"" help:"An item (mail/5205) or a file in it (mail/5205/att/1)."`
	Raw  bool   `help:"The bytes as they are, even on a terminal; without it a terminal gets control characters made visible."`
}

func (catCmd) Help() string {
	return `Example: unseal cat mail/5205 > 5205.eml
Example: unseal cat mail/5205/att/1 > plan.pdf

Works on a desk and on an archive (-C).`
}

func (c *catCmd) Run(a *app) error {
	b, err := house.Bytes(a.ctx, a.dir(), c.Name)
	if err != nil {
		return err
	}
	if a.ui.json {
		sum := struct {
			Name   string       `json:"name"`
			Size   int          `json:"size"`
			SHA256 trove.Digest `json:"sha256"`
			Bytes  []byte       `json:"bytes"` // base64
			Exit   int          `json:"exit"`
		}{c.Name, len(b), trove.Sum(b), b, exitDone}
		return a.ui.summary("cat", sum, nil, "")
	}
	if !c.Raw && a.ui.outTTY {
		err = a.ui.print(string(b))
	} else {
		err = a.ui.raw(b)
	}
	a.ui.flush()
	if err != nil {
		return fmt.Errorf("write %s: %w", c.Name, err)
	}
	return nil
}
