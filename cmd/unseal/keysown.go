package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"unseal/house"
	"unseal/release"
	"unseal/translog"
	"unseal/trove"
)

// keysGiven reads public keys, each as such or from a file.
func keysGiven(list []string) ([]string, error) {
	var keys []string
	for _, s := range list {
		k, err := house.KeyGiven(s)
		if err != nil {
			return nil, usage("%v", err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// waiting lists what an error says to wait for signatures; nil if the error is
// of another kind, or of several.
func waiting(err error) []*release.UnsignedError {
	if u, ok := err.(*release.UnsignedError); ok {
		return []*release.UnsignedError{u}
	}
	var list []*release.UnsignedError
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return waiting(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			more := waiting(part)
			if more == nil {
				return nil
			}
			list = append(list, more...)
		}
	}
	return list
}

// waitingRequest is a request in the output of what asks for signatures.
type waitingRequest struct {
	What    string `json:"what"`
	Request string `json:"request"`
	Have    int    `json:"have"`
	Need    int    `json:"need"`
}

// signNext says how a request is answered.
const signNext = "Next: unseal keys sign REQUEST --key FILE where the release keys are, with the file put back in its place; then the same command again"

func tellWaiting(a *app, list []*release.UnsignedError) (requests []waitingRequest, rows [][2]string) {
	for _, u := range list {
		file := filepath.Join(a.dir(), filepath.FromSlash(u.File))
		requests = append(requests, waitingRequest{u.What, file, u.Have, u.Need})
		rows = append(rows, [2]string{"to be signed", fmt.Sprintf("%s: %d of %d signatures, request %s", u.What, u.Have, u.Need, file)})
	}
	return requests, rows
}

// unsigned ends a command that has done nothing but to ask for signatures.
func unsigned(a *app, schema string, err error) error {
	list := waiting(err)
	if list == nil {
		return err
	}
	requests, rows := tellWaiting(a, list)
	sum := struct {
		Waiting []waitingRequest `json:"waiting"`
		Exit    int              `json:"exit"`
	}{requests, exitPartly}
	if err := a.ui.summary(schema, sum, rows, signNext); err != nil {
		return err
	}
	return ended(exitPartly)
}

type keysNewCmd struct {
	File string `arg:"" help:"The key's file, which is made; FILE.pub gets the public half."`
	Name string `required:"" placeholder:"NAME" help:"Whose key it is, such as ada.example.org; without white space and '+'."`
}

func (keysNewCmd) Help() string {
	return `Example: unseal keys new ./ada.key --name ada.example.org

For a release key that is kept away from the desk, on a machine of its own. Give the public
half to who runs the desk: unseal init --release-key, unseal keys rotate release --release-key`
}

func (c *keysNewCmd) Run(a *app) error {
	key, err := house.NewKey(c.File, c.Name)
	if err != nil {
		return err
	}
	sum := struct {
		File string `json:"file"`
		Key  string `json:"key"`
		Exit int    `json:"exit"`
	}{c.File, key, exitDone}
	return a.ui.summary("keys", sum, [][2]string{{"key", key}, {"written", c.File + ", " + c.File + ".pub"},
		{"keep safe", c.File + ": whoever has it signs in this name"}}, "Next: hand on "+c.File+".pub")
}

type ourKeysCmd struct{}

func (ourKeysCmd) Help() string { return "Example: unseal keys list" }

// listedKey is one key in the output of keys list.
type listedKey struct {
	Role    string `json:"role"` // log, release or recovery
	Key     string `json:"key"`
	From    *int64 `json:"from,omitempty"` // the size of the log from which on a log key signs
	InForce bool   `json:"in_force"`
	Revoked bool   `json:"revoked,omitempty"` // replaced by the recovery key
	Here    bool   `json:"here"`              // the desk has the private half
}

func (c *ourKeysCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	keys, err := desk.OurKeys()
	if err != nil {
		return err
	}
	for _, k := range listKeys(keys) {
		if err := a.ui.item("keys", k, k.words()); err != nil {
			return err
		}
	}
	sum := struct {
		LogID    trove.Digest `json:"log_id"`
		Quorum   int          `json:"release_quorum"`
		Requests []string     `json:"requests"`
		Exit     int          `json:"exit"`
	}{keys.LogID, keys.Quorum, append([]string{}, keys.Requests...), exitDone}
	rows := [][2]string{{"log id", keys.LogID.String()}, {"must sign", fmt.Sprintf("%d of %s", keys.Quorum, plural(len(keys.Release), "release key", "release keys"))}}
	for _, r := range keys.Requests {
		rows = append(rows, [2]string{"to be signed", filepath.Join(a.dir(), filepath.FromSlash(r))})
	}
	return a.ui.summary("keys", sum, rows, "Readers give the log key or the log id: unseal verify ARCHIVE --log-key KEY")
}

func listKeys(keys house.OurKeys) (list []listedKey) {
	for i, k := range keys.Log {
		last := i == len(keys.Log)-1
		list = append(list, listedKey{Role: "log", Key: k.Key, From: &k.From, InForce: last, Revoked: !last && keys.Log[i+1].Recovery, Here: keys.Here[k.Key]})
	}
	for _, k := range keys.Release {
		list = append(list, listedKey{Role: "release", Key: k, InForce: true, Here: keys.Here[k]})
	}
	if keys.Recovery != "" {
		list = append(list, listedKey{Role: "recovery", Key: keys.Recovery, InForce: true, Here: keys.Here[keys.Recovery]})
	}
	return list
}

func (k listedKey) words() string {
	state := "in force"
	switch {
	case k.Revoked:
		state = "revoked"
	case !k.InForce:
		state = "replaced"
	case k.Role == "recovery" && k.Here:
		state = "HERE: take it offline"
	case !k.Here:
		state = "in force, kept elsewhere"
	}
	return fmt.Sprintf("%-9s %-26s %s", k.Role, state, k.Key)
}

type keysSignCmd struct {
	Request string `arg:"" help:"The request that publish, notice or keys rotate has made; the signature is added to it."`
	Key     string `required:"" placeholder:"FILE" help:"The file of the release key."`
}

func (keysSignCmd) Help() string {
	return `Example: unseal keys sign batch-mail-0001-1.txt --key ./ada.key

Needs no desk. Says what is to be signed, and asks; --yes answers. The request is a signed
note (c2sp.org/signed-note): several people may sign copies of it, and all copies go back
into the folder requests of the desk, under any names.`
}

func (c *keysSignCmd) Run(a *app) error {
	r, err := house.ReadRequest(c.Request)
	if err != nil {
		return err
	}
	a.ui.say("To be signed: %s", requestWords(r.Entry))
	if err := a.ui.confirm(a.ctx, "Sign it?"); err != nil {
		return err
	}
	line, err := r.Sign(c.Key)
	if err != nil {
		return err
	}
	sum := struct {
		Request   string `json:"request"`
		Entry     string `json:"entry"`
		Signature string `json:"signature"`
		Exit      int    `json:"exit"`
	}{c.Request, string(r.Entry.Append(nil)), strings.TrimSpace(line), exitDone}
	return a.ui.summary("keys", sum, [][2]string{{"signed", requestWords(r.Entry)}, {"signature", sum.Signature}},
		"Next: put "+filepath.Base(c.Request)+" back into the folder requests of the desk")
}

// requestWords says what an entry would do.
func requestWords(e translog.Entry) string {
	switch e := e.(type) {
	case translog.Batch:
		return fmt.Sprintf("batch %s, edition %d, with %s; its manifest has SHA-256 %s",
			trove.Name{Collection: e.Collection, Batch: e.Batch}, e.Edition, plural(e.Items, "item", "items"), e.Manifest)
	case translog.Notice:
		return fmt.Sprintf("notice %d (%s), whose text has SHA-256 %s", e.Number, e.Kind, e.Text)
	case translog.Key:
		if e.Role == translog.RoleLog {
			return "a new log key, " + strings.Join(e.Keys, " ")
		}
		return fmt.Sprintf("new release keys, of which %d must sign: %s", e.Quorum, strings.Join(e.Keys, " "))
	}
	return ""
}

type keysExportCmd struct {
	Role string `arg:"" enum:"release,recovery" help:"release or recovery."`
	To   string `required:"" placeholder:"DIR" help:"A folder elsewhere, best on something that you can lock away."`
}

func (keysExportCmd) Help() string {
	return `Example: unseal keys export recovery --to /media/stick

Moves the key's file away from the desk: it is written there, read back, and then removed
here. A release key comes back by copying the file into the folder keys of the desk.`
}

func (c *keysExportCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	file, err := desk.ExportKey(c.Role, c.To)
	if err != nil {
		return err
	}
	sum := struct {
		Role string `json:"role"`
		File string `json:"file"`
		Exit int    `json:"exit"`
	}{c.Role, file, exitDone}
	return a.ui.summary("keys", sum, [][2]string{{"moved", "the " + c.Role + " key"}, {"to", file}}, "Next: make a second copy of it, somewhere else")
}

func (keysRotateCmd) Help() string { return "Example: unseal keys rotate log" }

type keysRotateCmd struct {
	Log     keysRotateLogCmd     `cmd:"" help:"Put a new log key in force, signed by the one so far."`
	Release keysRotateReleaseCmd `cmd:"" help:"Put other release keys in force, signed by the ones so far."`
}

func (keysRevokeCmd) Help() string {
	return "Example: unseal keys revoke log --recovery /mnt/safe/recovery.key"
}

type keysRevokeCmd struct {
	Log     keysRevokeLogCmd     `cmd:"" help:"Put a new log key in the place of a lost or stolen one."`
	Release keysRevokeReleaseCmd `cmd:"" help:"Put other release keys in the place of lost or stolen ones."`
}

type keysRotateLogCmd struct {
	IAm string `name:"i-am" placeholder:"NAME" help:"With --yes: who says so."`
}

func (keysRotateLogCmd) Help() string {
	return `Example: unseal keys rotate log

Readers who know an earlier key follow to the new one. It signs from the next state of the
log on; the old one stays on the desk, to make the same archive again.`
}

func (c *keysRotateLogCmd) Run(a *app) error { return rotateLog(a, "", c.IAm) }

type keysRevokeLogCmd struct {
	Recovery string `required:"" placeholder:"FILE" help:"The file of the recovery key."`
	IAm      string `name:"i-am" placeholder:"NAME" help:"With --yes: who says so."`
}

func (keysRevokeLogCmd) Help() string {
	return `Example: unseal keys revoke log --recovery /mnt/safe/recovery.key

The new key is signed by the recovery key, and the old one counts as revoked: what it signs
from here on is refused. Publish at once, so that readers learn of it.`
}

func (c *keysRevokeLogCmd) Run(a *app) error { return rotateLog(a, c.Recovery, c.IAm) }

func rotateLog(a *app, recovery, iAm string) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	what := "A new log key signs the log %s from now on, instead of the one so far."
	if recovery != "" {
		what = "A new log key signs the log %s from now on, and the one so far is revoked."
	}
	if err := a.ui.confirmHarm(a.ctx, fmt.Sprintf(what, desk.Config.Origin), desk.Config.Origin, iAm); err != nil {
		return err
	}
	key, err := desk.RotateLogKey(a.ctx, recovery)
	if err != nil {
		return err
	}
	sum := struct {
		LogKey  string `json:"log_key"`
		Revoked bool   `json:"revoked"`
		Exit    int    `json:"exit"`
	}{key, recovery != "", exitDone}
	rows := [][2]string{{"log key", key}, {"keep safe", "make a backup now: unseal backup DIR"}}
	return a.ui.summary("keys", sum, rows, "Next: unseal publish, which tells readers; and tell them the new key where you told them the old one")
}

// releaseKeyFlags say which release keys are to be in force.
type releaseKeyFlags struct {
	ReleaseKey    []string `placeholder:"KEY" help:"A release key, or a file that holds it; may be repeated. Without any the desk makes a new one of its own."`
	ReleaseQuorum int      `placeholder:"K" help:"How many of them must sign; else all."`
	IAm           string   `name:"i-am" placeholder:"NAME" help:"With --yes: who says so."`
}

type keysRotateReleaseCmd struct {
	releaseKeyFlags
}

func (keysRotateReleaseCmd) Help() string {
	return `Example: unseal keys rotate release
Example: unseal keys rotate release --release-key ada.key.pub --release-key ben.key.pub --release-quorum 1

A quorum of the release keys so far must sign. Those that are elsewhere are asked by a
request, as with publish; until the same command has come through, publish nothing, or the
request has to be signed anew.`
}

func (c *keysRotateReleaseCmd) Run(a *app) error { return c.rotate(a, "") }

type keysRevokeReleaseCmd struct {
	releaseKeyFlags
	Recovery string `required:"" placeholder:"FILE" help:"The file of the recovery key."`
}

func (keysRevokeReleaseCmd) Help() string {
	return `Example: unseal keys revoke release --recovery /mnt/safe/recovery.key

Signed by the recovery key instead of the release keys so far. Publish at once, so that
readers learn of it.`
}

func (c *keysRevokeReleaseCmd) Run(a *app) error { return c.rotate(a, c.Recovery) }

func (c *releaseKeyFlags) rotate(a *app, recovery string) error {
	keys, err := keysGiven(c.ReleaseKey)
	if err != nil {
		return err
	}
	if n := max(1, len(keys)); c.ReleaseQuorum < 0 || c.ReleaseQuorum > n {
		return usage("--release-quorum %d: of %s", c.ReleaseQuorum, plural(n, "release key", "release keys"))
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	what := "a new one of the desk's own"
	if len(keys) > 0 {
		what = strings.Join(keys, " ")
	}
	question := fmt.Sprintf("What the log %s publishes is signed by other release keys from now on: %s.", desk.Config.Origin, what)
	if err := a.ui.confirmHarm(a.ctx, question, desk.Config.Origin, c.IAm); err != nil {
		return err
	}
	keys, quorum, err := desk.RotateReleaseKeys(a.ctx, keys, c.ReleaseQuorum, recovery)
	if err != nil {
		return unsigned(a, "keys", err)
	}
	sum := struct {
		ReleaseKeys   []string `json:"release_keys"`
		ReleaseQuorum int      `json:"release_quorum"`
		Exit          int      `json:"exit"`
	}{keys, quorum, exitDone}
	rows := [][2]string{}
	for _, k := range keys {
		rows = append(rows, [2]string{"release key", k})
	}
	rows = append(rows, [2]string{"must sign", fmt.Sprintf("%d of %s", quorum, plural(len(keys), "release key", "release keys"))})
	return a.ui.summary("keys", sum, rows, "Next: unseal publish, which tells readers; and a backup: unseal backup DIR")
}
