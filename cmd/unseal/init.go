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
	Folder        string   `arg:"" name:"dir" help:"A new or empty folder."`
	Name          string   `placeholder:"NAME" help:"What readers see as the name of the archive."`
	Origin        string   `placeholder:"URL" help:"The unique name of the log, a schema-less URL such as example.org/harbour; never changes."`
	ReleaseKey    []string `placeholder:"KEY" help:"A release key made elsewhere by unseal keys new, or a file that holds it; may be repeated. Else the desk makes its own."`
	ReleaseQuorum int      `placeholder:"K" help:"How many release keys must sign what is published; else all."`
}

func (initCmd) Help() string {
	return `Example: unseal init ./desk --name "Harbour papers" --origin example.org/harbour
Example: unseal init ./desk --origin example.org/harbour --release-key ada.key.pub --release-key ben.key.pub --release-quorum 2

Three kinds of keys: the log key signs each state of the log; release keys sign what is
published, so that a stolen log key alone publishes nothing; the recovery key can replace
both. Take keys/recovery.key offline at once, and keys/release.key between two publishes.`
}

func (c *initCmd) Run(a *app) error {
	release, err := keysGiven(c.ReleaseKey)
	if err != nil {
		return err
	}
	if c.ReleaseQuorum < 0 || c.ReleaseQuorum > max(1, len(release)) {
		return usage("--release-quorum %d: of %s", c.ReleaseQuorum, plural(max(1, len(release)), "release key", "release keys"))
	}
	conf, keys, err := house.InitDesk(a.ctx, c.Folder, house.InitOptions{Name: c.Name, Origin: c.Origin, ReleaseKeys: release, Quorum: c.ReleaseQuorum})
	if err != nil {
		return err
	}
	sum := struct {
		Dir           string       `json:"dir"`
		Name          string       `json:"name"`
		Origin        string       `json:"origin"`
		LogKey        string       `json:"log_key"`
		LogID         trove.Digest `json:"log_id"`
		ReleaseKeys   []string     `json:"release_keys"`
		ReleaseQuorum int          `json:"release_quorum"`
		RecoveryKey   string       `json:"recovery_key"`
		Exit          int          `json:"exit"`
	}{c.Folder, conf.Name, conf.Origin, keys.Log[0].Key, keys.LogID, keys.Release, keys.Quorum, keys.Recovery, exitDone}
	rows := [][2]string{{"desk", c.Folder}, {"name", conf.Name}, {"log origin", conf.Origin}, {"log key", sum.LogKey}, {"log id", sum.LogID.String()}}
	for _, k := range sum.ReleaseKeys {
		rows = append(rows, [2]string{"release key", k})
	}
	rows = append(rows, [2]string{"must sign", fmt.Sprintf("%d of %s", sum.ReleaseQuorum, plural(len(sum.ReleaseKeys), "release key", "release keys"))},
		[2]string{"recovery key", keys.Recovery},
		[2]string{"take offline", filepath.Join(c.Folder, "keys", "recovery.key") + ": it replaces the other keys when they are lost or stolen"},
		[2]string{"keep safe", filepath.Join(c.Folder, "keys") + ": whoever has these signs in your name"})
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
