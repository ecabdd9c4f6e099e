package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"unseal/crash"
	"unseal/demo"
	"unseal/durable"
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
	k := newKiller(t, "")
	k.kills([]stage{
		{name: "ingest", job: job{n: *kills / 4, from: k.empty(), args: k.ingestArgs()}},
		{name: "commit", job: job{n: *kills / 4, from: k.secret(), args: []string{"commit", "harbour"}}},
		{name: "publish", job: job{n: *kills - 2**kills/4, from: k.planned(), args: publishing}},
	})
}

// TestKilledKeysAndNoticesGoOn does the same with what asks for signatures and
// waits for them, with notices and with a new log key.
func TestKilledKeysAndNoticesGoOn(t *testing.T) {
	k := newKiller(t, "")
	planned := k.planned()
	k.kills([]stage{
		{name: "ask", job: job{from: k.keyless(planned), args: publishing}},
		{name: "answered", job: job{from: k.answered(planned), args: publishing}},
		{name: "notice", job: job{from: planned, args: []string{"notice", "We were cut off.", "--kind", "cut-off", "--to", "archive", "--yes"}}},
		{name: "rotate", job: job{from: k.newLogKey(planned), args: []string{"keys", "rotate", "log", "--yes", "--i-am", "test"}, then: [][]string{publishing}}},
		{name: "other release keys", job: job{from: k.withKey(planned, "ada"), args: rotating("ada"), then: [][]string{publishing}}},
	})
}

// TestKillsCatchACheckpointBeforeItsTiles is the control: the same harness must
// find a build that signs the checkpoint before the tiles are there.
func TestKillsCatchACheckpointBeforeItsTiles(t *testing.T) {
	k := newKiller(t, durable.CheckpointFirst)
	k.caught(job{from: k.planned(), n: max(*kills/4, 24), args: publishing})
}

// stage is a job with its name, and the texts of which nothing may be left.
type stage struct {
	name string
	job  job
	gone []string
}

// kills does the jobs of all stages and wants each of them to bear it. Where it
// says nothing else, a job is killed at an eighth of all moments.
func (k *killer) kills(list []stage) {
	var all crash.Tally
	for _, s := range list {
		if s.job.n == 0 {
			s.job.n = *kills / 8
		}
		tally, whole := k.kill(s.job)
		k.t.Logf("%s: %v", s.name, &tally)
		k.gone(whole, s.gone)
		all.Armed, all.Killed, all.Bad = all.Armed+tally.Armed, all.Killed+tally.Killed, all.Bad+tally.Bad
		if tally.First != nil {
			k.t.Errorf("%s: %v", s.name, tally.First)
		}
	}
	k.t.Logf("kills: %v (seed %d)", &all, *killSeed)
	all.Enough(k.t)
}

// caught wants the fault of the build to be noticed.
func (k *killer) caught(j job) {
	tally, _ := k.kill(j)
	k.t.Logf("control: %v; first: %v", &tally, tally.First)
	tally.Enough(k.t)
	if tally.Bad == 0 {
		k.t.Errorf("%s was not noticed: the harness shows nothing", k.fault)
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
	if testing.Short() {
		t.Skip("kills take a while; run without -short")
	}
	k := &killer{t: t, bin: crash.Build(t, "unseal/cmd/unseal"), dir: t.TempDir(), fault: fault}
	if err := demo.Write(filepath.Join(k.dir, "trove")); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *killer) env() []string {
	env := []string{"SOURCE_DATE_EPOCH=1568278800", "HOME=" + k.dir, "XDG_CONFIG_HOME=" + k.dir}
	if cache, err := os.UserCacheDir(); err == nil {
		env = append(env, "XDG_CACHE_HOME="+cache) // PDFium is compiled once
	}
	return env
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
	return k.secretOf(full)
}

// secretOf is a copy of a desk in which the collection's secret is fixed.
func (k *killer) secretOf(full string) string {
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

// withKey is a desk beside which lies a release key of that name.
func (k *killer) withKey(from, name string) string {
	return k.after(from, []string{"keys", "new", name + ".key", "--name", name + ".example.org"})
}

// rotating puts such a key in force.
func rotating(name string) []string {
	return []string{"keys", "rotate", "release", "--release-key", name + ".key.pub", "--yes", "--i-am", "test"}
}

// newLogKey is a desk that has made its new log key, and no more of the change,
// so that runs from here on must give the same bytes.
func (k *killer) newLogKey(planned string) string {
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

// job is a command to be killed: at n moments, each on a fresh copy of the
// folder from. What comes after it is done in the end, undisturbed.
type job struct {
	from  string
	n     int
	args  []string
	then  [][]string
	only  string // if not empty, moments are at steps that contain it
	twice bool   // the second run is killed as well, and the third has to end it
}

// kill does a job; whole is the folder of the run that was not stopped.
func (k *killer) kill(j job) (tally crash.Tally, whole string) {
	steps := k.command(k.folder(j.from), j.args).Count(k.t).Steps
	whole = k.after(j.from, append([][]string{j.args}, j.then...)...) // without the fault
	want, sizes, chance := k.outcome(whole, j.args), checkpoints(k.t, whole), rand.New(rand.NewPCG(*killSeed, 2))
	for _, at := range j.moments(steps) {
		dir := k.folder(j.from)
		r := k.command(dir, j.args).KillAt(k.t, at)
		err := k.read(dir, sizes)
		if err == nil && j.twice {
			if r2 := k.command(dir, j.args).KillAt(k.t, 1+chance.IntN(maxAgain)); r2.Killed {
				tally.Add(r2, k.read(dir, sizes))
			}
		}
		if err == nil {
			err = k.examine(dir, j, want)
		}
		tally.Add(r, err)
		os.RemoveAll(dir)
	}
	return tally, whole
}

// moments chooses among the steps of a run.
func (j *job) moments(steps []string) (chosen []int) {
	var fit []int
	for i, s := range steps {
		if strings.Contains(s, j.only) {
			fit = append(fit, i+1)
		}
	}
	for _, at := range crash.Moments(len(fit), j.n, *killSeed) {
		chosen = append(chosen, fit[at-1])
	}
	return chosen
}

// maxAgain is among how many first steps of a second run it is killed too: in
// them it clears up after the first.
const maxAgain = 64

// checkpoints are the sizes that the archive has at its checkpoints: with an
// index entry as the last.
func checkpoints(t *testing.T, dir string) map[int64]bool {
	entries, err := os.ReadDir(filepath.Join(dir, "desk/told"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	sizes := map[int64]bool{}
	for _, e := range entries {
		if n, err := strconv.ParseInt(strings.TrimSuffix(e.Name(), ".json"), 10, 64); err == nil {
			sizes[n+1] = true
		}
	}
	return sizes
}

// read is what a reader does with the archive as a killed command left it: it
// has to be whole, at one of its checkpoints.
func (k *killer) read(dir string, sizes map[int64]bool) error {
	if _, err := os.Stat(filepath.Join(dir, "archive/log/checkpoint")); err != nil {
		return nil
	}
	r := k.command(dir, []string{"verify", "archive", "--deep", "--allow", "unsigned", "--json"}).Count(k.t)
	if r.Code != exitUnchecked { // nobody told the log's key
		return fmt.Errorf("a reader finds the archive altered (exit %d):\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	if size, _ := summaryOf(k.t, string(r.Stdout))["log_size"].(float64); !sizes[int64(size)] {
		return fmt.Errorf("the archive has %v entries, and no checkpoint has", size)
	}
	return nil
}

// examine runs again what was killed, and looks at the end of it.
func (k *killer) examine(dir string, j job, want string) error {
	todo := j.then
	if !rotated(dir, j.args) {
		todo = append([][]string{j.args}, todo...)
	}
	for _, args := range todo {
		if out, code := k.run(dir, args...); code != exitDone && code != exitPartly {
			return fmt.Errorf("%v again: exit %d\n%s", args, code, out)
		}
	}
	if got := k.outcome(dir, j.args); got != want {
		return fmt.Errorf("run again, the end differs from that of a run that was not stopped:\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
	if out, code := k.run(dir, "fsck"); code != exitDone {
		return fmt.Errorf("fsck: exit %d\n%s", code, out)
	}
	return nil
}

// rotated reports whether a change of the log key has been done to its last
// step: then another run would be another change.
func rotated(dir string, args []string) bool {
	pub, err := os.ReadFile(filepath.Join(dir, "desk/keys/log.pub"))
	all, err2 := os.ReadFile(filepath.Join(dir, "desk/keys/log.key"))
	return slices.Contains(args, "rotate") && slices.Contains(args, "log") && err == nil && err2 == nil && bytes.HasSuffix(all, pub)
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
