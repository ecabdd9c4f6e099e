package main

import (
	"fmt"
	"os"
	"strings"

	"unseal/archive"
	"unseal/house"
	"unseal/trove"
)

type noticeCmd struct {
	Text  string `arg:"" help:"The text, or the name of a file that holds it."`
	Kind  string `required:"" enum:"cut-off,correction,not-ours,statement" placeholder:"KIND" help:"cut-off: we cannot publish as we want; correction; not-ours: something passed off as ours; statement."`
	To    string `placeholder:"DIR" help:"The archive; else the one named in unseal.toml."`
	Alone bool   `help:"After a restore: I know that nothing was published since the backup, so no newer archive exists."`
}

func (noticeCmd) Help() string {
	return `Example: unseal notice "Our site was seized. What appears there from today on is not ours." --kind cut-off --to ./archive

A public statement, signed by the release keys as a batch is, and part of the log for good.
Says first what becomes public, and asks; --yes answers.`
}

func (c *noticeCmd) Run(a *app) error {
	text, err := noticeText(c.Text)
	if err != nil {
		return err
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	to, err := desk.ArchiveDir(c.To)
	if err != nil {
		return usage("%v", err)
	}
	a.ui.say("This becomes public in %s, for good (%s):", to, c.Kind)
	for line := range strings.Lines(text) {
		a.ui.say("  %s", visible(strings.TrimSuffix(line, "\n")))
	}
	if err := a.ui.confirm(a.ctx, "Make this public?"); err != nil {
		return err
	}
	n, done, err := desk.Notice(a.ctx, c.Kind, []byte(text), to, c.Alone)
	if err != nil {
		return unsigned(a, "notice", err)
	}
	sum := struct {
		Notice  int          `json:"notice"`
		Kind    string       `json:"kind"`
		Archive string       `json:"archive"`
		LogSize int64        `json:"log_size"`
		Root    trove.Digest `json:"root"`
		Exit    int          `json:"exit"`
	}{n, c.Kind, to, done.LogSize, done.Root, exitDone}
	rows := [][2]string{{"notice", fmt.Sprintf("%d, %s", n, c.Kind)}, {"text", archive.NoticePath(n)},
		{"log", fmt.Sprintf("%s entries, root %s", count(done.LogSize), done.Root)}, {"archive", to}}
	return a.ui.summary("notice", sum, rows, "Next: unseal verify "+to)
}

// noticeText is what is to be said: the argument, or what the file of that name
// holds. It ends with a line end.
func noticeText(arg string) (string, error) {
	text := arg
	if info, err := os.Stat(arg); err == nil && info.Mode().IsRegular() {
		if info.Size() > archive.MaxNotice {
			return "", usage("%s: a notice has at most %s", arg, size(archive.MaxNotice))
		}
		b, err := os.ReadFile(arg)
		if err != nil {
			return "", err
		}
		text = string(b)
	}
	text = strings.TrimRight(text, "\n") + "\n"
	if err := archive.CheckNotice([]byte(text)); err != nil || text == "\n" {
		return "", usage("the text of a notice is UTF-8 and has 1 to %d bytes", archive.MaxNotice)
	}
	return text, nil
}
