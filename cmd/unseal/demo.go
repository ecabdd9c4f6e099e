package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"unseal/house"
	"unseal/trove"
)

type demoCmd struct {
	NoServe bool   `help:"Do not serve it; for tests."`
	Port    int    `default:"8040" help:"Port on 127.0.0.1; 0 takes a free one."`
	Folder  string `name:"dir" type:"path" placeholder:"DIR" help:"A new folder for trove, desk and archive; else one below the system's temporary folder."`
}

func (demoCmd) Help() string {
	return `Example: unseal demo
Example: unseal demo --no-serve --dir ./demo

Runs init, ingest, commit, withhold, redact, batch, publish and verify on a fictional trove, needs no
network, and gives equal bytes each time. Its keys are public: it proves nothing.`
}

type demoSummary struct {
	Dir         string                `json:"dir"`
	Archive     string                `json:"archive"`
	LogKey      string                `json:"log_key"`
	Items       int                   `json:"items"`
	Occurrences int                   `json:"occurrences"`
	Threads     int                   `json:"threads"`
	States      map[trove.State]int   `json:"states"`
	Verdicts    map[trove.Verdict]int `json:"verdicts"`
	Batches     int                   `json:"batches"`
	LogSize     int64                 `json:"log_size"`
	Root        trove.Digest          `json:"root"`
	Exit        int                   `json:"exit"`
}

func (c *demoCmd) Run(a *app) error {
	dir := c.Folder
	if dir == "" {
		temp, err := os.MkdirTemp("", "unseal-demo-")
		if err != nil {
			return err
		}
		dir = temp
	}
	d, err := house.RunDemo(a.ctx, dir, a.ui.say)
	if err != nil {
		return err
	}
	sum := demoSummary{Dir: dir, Archive: d.Archive, LogKey: d.LogKey, Items: d.Items, Occurrences: d.Occurrences, Threads: d.Threads,
		States: d.States, Verdicts: d.Verdicts, Batches: len(d.Batches), LogSize: d.LogSize, Root: d.Root}
	if err := a.ui.summary("demo", sum, demoRows(d), c.next(d)); err != nil || c.NoServe {
		return err
	}
	site, err := house.OpenSite(a.ctx, d.Archive, a.ui.logger())
	if err != nil {
		return err
	}
	defer site.Close()
	return serveSite(a, site, net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)))
}

func demoRows(d *house.Demo) [][2]string {
	rows := [][2]string{
		{"items", fmt.Sprintf("%d in %d places", d.Items, d.Occurrences)},
		{"threads", count(d.Threads)},
	}
	for _, s := range []trove.State{trove.Published, trove.Withheld, trove.Unreadable} {
		rows = append(rows, [2]string{string(s), count(d.States[s])})
	}
	for _, v := range verdictOrder {
		if n := d.Verdicts[v]; n > 0 {
			rows = append(rows, [2]string{"senders", count(n) + "  " + verdictWords[v]})
		}
	}
	for _, b := range d.Batches {
		rows = append(rows, [2]string{fmt.Sprintf("batch %d", b.Number), fmt.Sprintf("%d items, manifest %s", b.Items, b.Manifest)})
	}
	return append(rows, [2]string{"root", fmt.Sprintf("%s over %d log entries (DEMO KEY)", d.Root, d.LogSize)})
}

// next is what to try: spoiling one byte, and seeing it found.
func (c *demoCmd) next(d *house.Demo) string {
	file := filepath.Join(d.Archive, "c", string(d.Collection), "batch", "0001", "1", "items.zip")
	return fmt.Sprintf("Try: printf X | dd of=%s bs=1 seek=4000 conv=notrunc status=none; unseal verify %s; echo exit $?   (exit 4)", file, d.Archive)
}
