package main

import (
	"bytes"
	"fmt"
	"io"

	"unseal/house"
	"unseal/trove"
)

type catCmd struct {
	Name string `arg:"" help:"An item (mail/5205) or a file in it (mail/5205/att/1)."`
	Made string `placeholder:"FILE" help:"A file that was made of the item, as show lists them: p1.png, play.mp3, reading.json."`
	Raw  bool   `help:"The bytes as they are, even on a terminal; without it a terminal gets control characters made visible."`
}

func (catCmd) Help() string {
	return `Example: unseal cat mail/5205 > 5205.eml
Example: unseal cat mail/5205/att/1 > plan.pdf
Example: unseal cat calls/12 --made play.mp3 > 12.mp3

Works on a desk and on an archive (-C).`
}

func (c *catCmd) Run(a *app) error {
	if !a.ui.json && (c.Raw || !a.ui.outTTY) {
		defer a.ui.flush()
		return c.write(a, rawOut{a.ui})
	}
	var whole shown
	if err := c.write(a, &whole); err != nil {
		return err
	}
	b := whole.Bytes()
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
	defer a.ui.flush()
	return a.ui.text(string(b))
}

func (c *catCmd) write(a *app, to io.Writer) error {
	if c.Made != "" {
		return house.WriteMade(a.ctx, a.dir(), c.Name, c.Made, to)
	}
	return house.WriteBytes(a.ctx, a.dir(), c.Name, to)
}

// shown holds what goes to a terminal or into JSON, up to a limit.
type shown struct{ bytes.Buffer }

const maxShown = 64 << 20

func (s *shown) Write(b []byte) (int, error) {
	if s.Len()+len(b) > maxShown {
		return 0, exitError{code: exitFailed, word: "too-large", err: fmt.Errorf("more than %s to show", size(maxShown)),
			hint: "Write it to a file instead: unseal cat NAME > FILE"}
	}
	return s.Buffer.Write(b)
}
