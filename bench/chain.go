package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
)

// collection is the one that the mails go to.
const collection = "mail"

// aims are what issue 2 asks of this machine at full size.
const (
	aimCPU    = 60.0 // seconds of intake, commit and publish together
	aimMemory = 500  // MB, summed
	aimSize   = 1.3  // archive to raw mail
	aimVerify = 100  // MB a CPU second
	aimDeep   = 15   // MB a CPU second
)

// chain runs the main job: intake, commit, plan, publish.
func (b *bench) chain() error {
	b.desk, b.archive = filepath.Join(b.dir, "desk"), filepath.Join(b.dir, "archive")
	u, err := measure(b.program("init", b.desk, "--name", "Figures", "--origin", "bench.invalid/figures", "--json"))
	if err != nil {
		return err
	}
	var made struct {
		LogKey string `json:"log_key"`
	}
	if err := lastJSON(u.out, &made); err != nil {
		return err
	}
	b.logKey = made.LogKey
	b.doc.section("Intake, commit, publish")
	b.doc.table("step", "wall s", "CPU s", "peak MB", "mails / s", "MB / s")
	for _, s := range []struct {
		name string
		args []string
	}{
		{"ingest, first mailbox", []string{"ingest", b.mboxes[0], "-c", collection}},
		{"ingest, second mailbox", []string{"ingest", b.mboxes[1], "-c", collection}},
		{"ingest, planted duplicates", []string{"ingest", b.mboxes[2], "-c", collection}},
		{"commit", []string{"commit", collection}},
		{"batch plan", []string{"batch", "plan", collection, "--every", "2500"}},
		{"publish", []string{"publish", "--to", b.archive, "--yes"}},
	} {
		b.say("%s", s.name)
		u, err := measure(b.program(append([]string{"-C", b.desk, "-q"}, s.args...)...), 3)
		if err != nil {
			return err
		}
		b.own.cpu += u.cpu
		b.own.wall += u.wall
		b.own.peak = max(b.own.peak, u.peak)
		b.doc.row(s.name, decimals(u.wall.Seconds(), 1), decimals(u.cpu, 1), decimals(megabytes(u.peak), 0), "", "")
	}
	wall := b.own.wall.Seconds()
	b.doc.row("**together**", decimals(wall, 1), "**"+decimals(b.own.cpu, 1)+"**", "**"+decimals(megabytes(b.own.peak), 0)+"**",
		number(int(float64(b.count)/wall)), decimals(megabytes(b.raw)/wall, 1))
	b.doc.text("\nThe aim for %s mails is %s CPU s and %d MB.", number(76_487), decimals(aimCPU, 0), aimMemory)
	if err := b.account(); err != nil {
		return err
	}
	return b.sizes()
}

// account makes sure that the figures are of a complete job.
func (b *bench) account() error {
	u, err := measure(b.program("-C", b.desk, "list", collection, "--json"))
	if err != nil {
		return err
	}
	var sum struct {
		Items, Occurrences int
		States             map[string]int
	}
	if err := lastJSON(u.out, &sum); err != nil {
		return err
	}
	if sum.Occurrences != b.count+b.planted || sum.States["published"] != sum.Items {
		return fmt.Errorf("%d occurrences of %d, %d of %d items published: the run is not complete",
			sum.Occurrences, b.count+b.planted, sum.States["published"], sum.Items)
	}
	b.items = sum.Items
	b.doc.text("Accounted for: %s occurrences of %s items, all published.", number(sum.Occurrences), number(sum.Items))
	return nil
}

func (b *bench) sizes() error {
	b.doc.section("Sizes")
	b.doc.table("what", "MB", "of the raw mail", "aim")
	b.doc.row("raw mail", decimals(megabytes(b.raw), 1), "1.00", "")
	for _, s := range []struct{ what, path, aim string }{
		{"archive", b.archive, "≤ " + decimals(aimSize, 1)},
		{"desk", b.desk, ""},
	} {
		n, err := folderSize(s.path, func(string) bool { return true })
		if err != nil {
			return err
		}
		b.doc.row(s.what, decimals(megabytes(n), 1), decimals(float64(n)/float64(b.raw), 2), s.aim)
	}
	for _, s := range []struct{ what, name string }{{"- mails and records", "items.zip"}, {"- text and index", "search.seg"}, {"- manifests", "manifest.json"}} {
		n, err := folderSize(b.archive, func(base string) bool { return base == s.name })
		if err != nil {
			return err
		}
		b.doc.row(s.what+", `"+s.name+"`", decimals(megabytes(n), 1), decimals(float64(n)/float64(b.raw), 2), "")
	}
	return nil
}

// folderSize sums the files below dir whose base name is wanted.
func folderSize(dir string, want func(base string) bool) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !want(d.Name()) {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// verify runs both depths over the archive.
func (b *bench) verify() error {
	b.doc.section("Verify")
	b.doc.table("depth", "wall s", "CPU s", "peak MB", "raw MB a CPU s", "aim")
	for _, s := range []struct {
		name string
		flag []string
		aim  int
	}{
		{"`verify`", nil, aimVerify},
		{"`verify --deep`", []string{"--deep"}, aimDeep},
	} {
		b.say("verify %v", s.flag)
		args := append([]string{"verify", b.archive, "--log-key", b.logKey, "--allow", "unsigned", "-q"}, s.flag...)
		u, err := measure(b.program(args...))
		if err != nil {
			return err
		}
		b.doc.row(s.name, decimals(u.wall.Seconds(), 1), decimals(u.cpu, 1), decimals(megabytes(u.peak), 0),
			decimals(megabytes(b.raw)/u.cpu, 0), "≥ "+strconv.Itoa(s.aim))
	}
	return nil
}

// lastJSON reads the last line, which is the summary.
func lastJSON(out []byte, v any) error {
	last := lastLine(string(out))
	if err := json.Unmarshal([]byte(last), v); err != nil {
		return fmt.Errorf("summary %q: %w", last, err)
	}
	return nil
}
