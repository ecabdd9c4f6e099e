package main

import (
	"fmt"
	"path/filepath"
	"runtime/debug"

	"unseal/house"
	"unseal/trove"
	"unseal/verifier"
)

type initCmd struct {
	Folder string `arg:"" name:"dir" help:"A new or empty folder."`
	Name   string `placeholder:"NAME" help:"What readers see as the name of the archive."`
	Origin string `placeholder:"URL" help:"The unique name of the log, a schema-less URL such as example.org/harbour; never changes."`
}

func (initCmd) Help() string {
	return `Example: unseal init ./desk --name "Harbour papers" --origin example.org/harbour`
}

func (c *initCmd) Run(a *app) error {
	conf, key, err := house.InitDesk(a.ctx, c.Folder, house.InitOptions{Name: c.Name, Origin: c.Origin})
	if err != nil {
		return err
	}
	sum := struct {
		Dir    string `json:"dir"`
		Name   string `json:"name"`
		Origin string `json:"origin"`
		LogKey string `json:"log_key"`
		Exit   int    `json:"exit"`
	}{c.Folder, conf.Name, conf.Origin, key, exitDone}
	rows := [][2]string{{"desk", c.Folder}, {"name", conf.Name}, {"log origin", conf.Origin}, {"log key", key},
		{"keep safe", filepath.Join(c.Folder, "keys") + ": whoever has these signs in your name"}}
	return a.ui.summary("init", sum, rows, fmt.Sprintf("Next: unseal -C %s ingest PATH -c COLLECTION", c.Folder))
}

type versionCmd struct{}

func (versionCmd) Help() string { return "Example: unseal version --json" }

func (c *versionCmd) Run(a *app) error {
	sum := struct {
		Version  string       `json:"version"`
		Go       string       `json:"go"`
		Verifier trove.Digest `json:"verify_html"` // SHA-256 of the page that the site offers
		Exit     int          `json:"exit"`
	}{house.Version, "unknown", verifier.Digest(), exitDone}
	if info, ok := debug.ReadBuildInfo(); ok {
		sum.Go = info.GoVersion
	}
	return a.ui.summary("version", sum, [][2]string{{"unseal", sum.Version}, {"built with", sum.Go}, {"verify.html", sum.Verifier.String()}}, "")
}
