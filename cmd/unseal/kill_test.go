package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"unseal/crash"
	"unseal/demo"
)

var (
	kills    = flag.Int("kills", manyIfLong(), "how many moments to kill the commands at")
	killSeed = flag.Uint64("kill-seed", 1, "chooses the moments")
)

// manyIfLong is 200 moments for make kills, which sets UNSEAL_LONG, and few
// else.
func manyIfLong() int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return 200
	}
	return 24
}

// TestKilledCommandsGoOn kills ingest, commit and publish (half of all moments)
// at file-system steps and catalog commits, looks at what a reader would find,
// runs the same command again and compares the end with that of a run that was
// never stopped: the same items, the same archive byte for byte.
func TestKilledCommandsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take a while; run without -short")
	}
	k := newKiller(t, "")
	var all crash.Tally
	for _, stage := range []struct {
		name string
		n    int
		from string // snapshot of the desk to start from
		args []string
	}{
		{"ingest", *kills / 4, k.empty(), k.ingestArgs()},
		{"commit", *kills / 4, k.secret(), []string{"commit", "harbour"}},
		{"publish", *kills - 2**kills/4, k.planned(), []string{"publish", "--to", "archive", "--yes"}},
	} {
		tally := k.stage(stage.from, stage.n, stage.args)
		t.Logf("%s: %v", stage.name, &tally)
		all.Armed, all.Killed, all.Bad = all.Armed+tally.Armed, all.Killed+tally.Killed, all.Bad+tally.Bad
		if tally.First != nil {
			t.Errorf("%s: %v", stage.name, tally.First)
		}
	}
	t.Logf("kills: %v (seed %d)", &all, *killSeed)
	all.Enough(t)
}

// TestKilledKeysAndNoticesGoOn does the same with what asks for signatures and
// waits for them, with notices and with a new log key.
func TestKilledKeysAndNoticesGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take a while; run without -short")
	}
	k := newKiller(t, "")
	publish := []string{"publish", "--to", "archive", "--yes"}
	planned := k.planned()
	var all crash.Tally
	for _, stage := range []struct {
		name string
		from string
		args []string
	}{
		{"ask", k.keyless(planned), publish},
		{"answered", k.answered(planned), publish},
		{"notice", planned, []string{"notice", "We were cut off.", "--kind", "cut-off", "--to", "archive", "--yes"}},
		{"rotate", k.rotating(planned), []string{"keys", "rotate", "log", "--yes", "--i-am", "test"}},
	} {
		tally := k.stage(stage.from, *kills/8, stage.args)
		t.Logf("%s: %v", stage.name, &tally)
		all.Armed, all.Killed, all.Bad = all.Armed+tally.Armed, all.Killed+tally.Killed, all.Bad+tally.Bad
		if tally.First != nil {
			t.Errorf("%s: %v", stage.name, tally.First)
		}
	}
	t.Logf("kills: %v (seed %d)", &all, *killSeed)
	all.Enough(t)
}

// TestKillsCatchACheckpointBeforeItsTiles is the control: the same harness must
// find a build that signs the checkpoint before the tiles are there.
func TestKillsCatchACheckpointBeforeItsTiles(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take a while; run without -short")
	}
	k := newKiller(t, "checkpoint-first")
	tally := k.stage(k.planned(), max(*kills/4, 24), []string{"publish", "--to", "archive", "--yes"})
	t.Logf("control: %v", &tally)
	tally.Enough(t)
	if tally.Bad == 0 {
		t.Error("a checkpoint before its tiles was not noticed: the harness shows nothing")
	}
}

// killer runs a crashtest build of the command on copies of prepared desks.
type killer struct {
	t     *testing.T
	bin   string
	dir   string
	fault string
	n     int
}

func newKiller(t *testing.T, fault string) *killer {
	k := &killer{t: t, bin: crash.Build(t, "unseal/cmd/unseal"), dir: t.TempDir(), fault: fault}
	if err := demo.Write(filepath.Join(k.dir, "trove")); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *killer) env() []string {
	return []string{"SOURCE_DATE_EPOCH=1568278800", "HOME=" + k.dir, "XDG_CONFIG_HOME=" + k.dir}
}

// folder makes a fresh folder, a copy of from if that is given.
func (k *killer) folder(from string) string {
	k.n++
	dir := filepath.Join(k.dir, fmt.Sprintf("run-%d", k.n))
	var err error
	if from == "" {
		err = os.Mkdir(dir, 0o755)
	} else {
		err = exec.Command("cp", "-r", from, dir).Run()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return dir
}

// must runs the command to its end.
func (k *killer) must(dir string, args ...string) string {
	out, code := k.run(dir, args...)
	if code != exitDone && code != exitPartly {
		k.t.Fatalf("unseal %v: exit %d\n%s", args, code, out)
	}
	return out
}

func (k *killer) run(dir string, args ...string) (string, int) {
	cmd := exec.Command(k.bin, append([]string{"-C", "desk"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), k.env()...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		k.t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != exitDone {
		out.Write(errs.Bytes())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (k *killer) ingestArgs() []string {
	args := []string{"ingest", "-c", "harbour"}
	for _, d := range demo.Deliveries() {
		args = append(args, filepath.Join(k.dir, "trove", d.Path))
	}
	return args
}

func (k *killer) empty() string {
	dir := k.folder("")
	k.must(dir, "init", "desk", "--origin", "test.example/kills")
	return dir
}

// secret is a desk with everything taken in, and the collection's secret fixed,
// so that runs from here on must give the same bytes.
func (k *killer) secret() string {
	full := k.empty()
	k.must(full, k.ingestArgs()...)
	probe := k.command(k.folder(full), []string{"commit", "harbour"})
	steps := probe.Count(k.t).Steps
	at := slices.IndexFunc(steps, func(s string) bool { return strings.HasPrefix(s, "committed") })
	if at < 0 {
		k.t.Fatalf("commit records no secret: %v", steps)
	}
	dir := k.folder(full)
	k.command(dir, []string{"commit", "harbour"}).KillAt(k.t, at+1)
	return dir
}

func (k *killer) planned() string {
	dir := k.folder(k.secret())
	k.must(dir, "commit", "harbour")
	k.must(dir, "withhold", "harbour/7", "--reason", "privacy")
	k.must(dir, "batch", "plan", "harbour", "--every", "40")
	return dir
}

// keyless is a planned desk whose release key is elsewhere.
func (k *killer) keyless(planned string) string {
	dir := k.folder(planned)
	if err := os.Rename(filepath.Join(dir, "desk/keys/release.key"), filepath.Join(dir, "release.key")); err != nil {
		k.t.Fatal(err)
	}
	return dir
}

// answered is a desk to which all signatures that it asked for have come.
func (k *killer) answered(planned string) string {
	dir := k.keyless(planned)
	k.must(dir, "publish", "--to", "archive", "--yes")
	requests, err := filepath.Glob(filepath.Join(dir, "desk/requests/*"))
	if err != nil || len(requests) == 0 {
		k.t.Fatal("publish asks for no signatures: ", err)
	}
	for _, r := range requests {
		k.must(dir, "keys", "sign", r, "--key", "release.key", "--yes")
	}
	return dir
}

// rotating is a desk that has made its new log key, and no more of the change,
// so that runs from here on must give the same bytes.
func (k *killer) rotating(planned string) string {
	full := k.folder(planned)
	k.must(full, "publish", "--to", "archive", "--yes")
	args := []string{"keys", "rotate", "log", "--yes", "--i-am", "test"}
	steps := k.command(k.folder(full), args).Count(k.t).Steps
	at := slices.IndexFunc(steps, func(s string) bool { return strings.HasSuffix(s, "keys/log.key") })
	if at < 0 {
		k.t.Fatalf("a change of keys makes none: %v", steps)
	}
	for made := at + 1; ; made++ {
		dir := k.folder(full)
		k.command(dir, args).KillAt(k.t, made)
		if b, err := os.ReadFile(filepath.Join(dir, "desk/keys/log.key")); err == nil && bytes.Count(b, []byte("\n")) == 4 {
			return dir
		}
	}
}

func (k *killer) command(dir string, args []string) crash.Command {
	return crash.Command{Path: k.bin, Args: append([]string{"-C", "desk"}, args...), Dir: dir, Env: append(k.env(), "UNSEAL_FAULT="+k.fault)}
}

// stage kills one command at n moments, each on a fresh copy of the folder from.
func (k *killer) stage(from string, n int, args []string) crash.Tally {
	whole := k.folder(from)
	steps := k.command(whole, args).Count(k.t).Steps
	want := k.outcome(whole, args)
	var tally crash.Tally
	for _, at := range crash.Moments(len(steps), n, *killSeed) {
		dir := k.folder(from)
		r := k.command(dir, args).KillAt(k.t, at)
		tally.Add(r, k.examine(dir, args, want))
		os.RemoveAll(dir)
	}
	return tally
}

// examine looks at what a killed command left, runs it again and looks again.
func (k *killer) examine(dir string, args []string, want string) error {
	if _, err := os.Stat(filepath.Join(dir, "archive", "log", "checkpoint")); err == nil {
		if out, code := k.run(dir, "verify", "archive", "--allow", "unsigned"); code == exitMismatch {
			return fmt.Errorf("a reader finds the archive altered:\n%s", out)
		}
	}
	if !rotated(dir, args) {
		if out, code := k.run(dir, args...); code != exitDone && code != exitPartly {
			return fmt.Errorf("run again: exit %d\n%s", code, out)
		}
	}
	if got := k.outcome(dir, args); got != want {
		return fmt.Errorf("run again, the end differs from that of a run that was not stopped:\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
	return nil
}

// rotated reports whether a change of the log key has been done to its last
// step: then another run would be another change.
func rotated(dir string, args []string) bool {
	pub, err := os.ReadFile(filepath.Join(dir, "desk/keys/log.pub"))
	all, err2 := os.ReadFile(filepath.Join(dir, "desk/keys/log.key"))
	return args[0] == "keys" && err == nil && err2 == nil && bytes.HasSuffix(all, pub)
}

// outcome is what must be the same in the end: every item with its places, the
// log, and the digest of every file of the archive.
func (k *killer) outcome(dir string, args []string) string {
	out := k.must(dir, "list", "harbour", "--json")
	lines := strings.Split(out, "\n")
	slices.Sort(lines)
	sums, err := exec.Command("sh", "-c", "cd '"+dir+"' && find archive desk/log -type f | sort | xargs -r sha256sum").Output()
	if err != nil && args[0] == "publish" {
		k.t.Fatal(err)
	}
	return strings.Join(lines, "\n") + "\n" + string(sums)
}
