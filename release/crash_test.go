package release_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/catalog/sqlite"
	"unseal/crash"
	"unseal/durable"
	"unseal/redact"
	"unseal/release"
	"unseal/search/segment"
)

// state is a desk and its archive on file systems that can lose their power.
// The catalog is a real one, whose commits count as one step each: they stay.
type state struct {
	desk, log, archive *crash.Mem
	catalog            string
}

// crashed is what the power leaves.
func (s state) crashed(chance *rand.Rand) state {
	return state{s.desk.Crash(chance), s.log.Crash(chance), s.archive.Crash(chance), s.catalog}
}

// theatre publishes new editions and a new batch, again and again, from the
// same state.
type theatre struct {
	t     testing.TB
	desk  *desk
	start state
	wrap  func(durable.FS) durable.FS // for controls; nil is none
	want  map[string]string           // the files of the archive in the end
	last  []byte                      // its checkpoint
	steps int
}

// newTheatre has two batches out, in both of which something is hidden since,
// and from the second of which a number is withdrawn; a third is planned.
func newTheatre(t testing.TB) *theatre {
	d := newDesk(t)
	d.Now = func() time.Time { return day(400) }
	items := someItems("a", 6)
	for _, i := range []int{0, 3} {
		items[i].text = "It was Jane Roe who said so"
	}
	public := filepath.Join(t.TempDir(), "public")
	d.ingest(mail, items...)
	d.commit(mail)
	d.plan(mail, 2)
	d.mustPublish(public, "mail/batch/1", "mail/batch/2")
	d.hide("Jane Roe")
	h := release.Hide{Collection: mail, From: 3, To: 3, Reason: "court-order", By: editor}
	d.check(d.Withdraw(t.Context(), h, release.Looked{}))
	p := &theatre{t: t, desk: d, start: state{loaded(t, d.dir), loaded(t, filepath.Join(d.dir, "log")), loaded(t, public), filepath.Join(d.dir, "catalog.db")}}
	p.finish()
	return p
}

func (d *desk) hide(words string) {
	d.Helper()
	h := release.Hide{Collection: mail, Select: redact.Selection{Words: []string{words}}, Reason: "privacy", By: editor}
	list, err := d.Look(d.Context(), h)
	d.check(err)
	d.check(d.Redact(d.Context(), h, list))
	if len(list.Items) == 0 {
		d.Fatalf("%q is nowhere", words)
	}
}

// loaded is a folder in memory, without blobs, keys and the catalog.
func loaded(t testing.TB, dir string) *crash.Mem {
	t.Helper()
	m := crash.NewMem()
	for name, text := range tree(t, dir) {
		if strings.HasPrefix(name, "blobs/") || strings.HasPrefix(name, "catalog.db") {
			continue
		}
		if err := errors.Join(m.MkdirAll(filepath.Dir(name)), durable.WriteFile(m, name, []byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// files are those of a file system.
func files(fsys fs.FS) (map[string]string, error) {
	all := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		all[name] = string(b)
		return err
	})
	return all, err
}

// finish learns what an undisturbed run leads to.
func (p *theatre) finish() {
	p.t.Helper()
	s := p.begin()
	var mu sync.Mutex
	p.desk.check(p.play(s, func(crash.Step) error { mu.Lock(); defer mu.Unlock(); p.steps++; return nil }))
	p.desk.check(p.look(s, nil))
	var err error
	p.want, err = files(s.archive)
	p.desk.check(err)
	p.last = []byte(p.want["log/checkpoint"])
}

// begin is a fresh copy of the state to start from.
func (p *theatre) begin() state {
	p.t.Helper()
	s := p.start.crashed(rand.New(rand.NewPCG(0, 0))) // all of it is synced, so all of it is there
	s.catalog = filepath.Join(p.t.TempDir(), "catalog.db")
	p.desk.check(p.desk.Catalog.(*sqlite.Catalog).Backup(context.Background(), s.catalog))
	return s
}

// open is the desk of a state, and the folder to publish to; hook is asked
// before each of their changes.
func (p *theatre) open(s state, hook func(crash.Step) error) (*release.Desk, durable.FS, error) {
	on := func(m *crash.Mem) durable.FS {
		fsys := crash.Watch(m, hook)
		if p.wrap != nil {
			fsys = p.wrap(fsys)
		}
		return fsys
	}
	c, err := sqlite.Open(context.Background(), s.catalog, sqlite.Options{})
	private, public := keys(p.t)
	signer, err2 := note.NewSigner(private)
	return &release.Desk{
		Catalog: c, Blobs: p.desk.blobs, Files: on(s.desk), LogFiles: on(s.log), Name: p.desk.Desk.Name, Origin: origin, LogKey: public, Signer: signer, Now: p.desk.Now,
		NewSecret: p.desk.NewSecret, Segment: segment.Build, Read: readShown, Jobs: 1,
	}, on(s.archive), errors.Join(err, err2)
}

// play publishes.
func (p *theatre) play(s state, hook func(crash.Step) error) error {
	d, to, err := p.open(s, hook)
	if err == nil {
		err = durable.Sweep(d.Files, ".") // as whoever opens a desk does
	}
	if err == nil {
		_, err = d.Publish(context.Background(), to, nil)
	}
	return errors.Join(err, d.Catalog.(*sqlite.Catalog).Close())
}

func steady(crash.Step) error { return nil }

// look wants that a reader finds nothing amiss, nor the desk's own check; seen
// is a checkpoint that was acknowledged, or nil.
func (p *theatre) look(s state, seen []byte) error {
	_, public := keys(p.t)
	r, err := archive.Verify(context.Background(), s.archive, archive.VerifyOptions{LogKey: public, Seen: seen, Jobs: 1, CheckSegment: segment.Check})
	if err != nil {
		return err
	}
	for _, f := range r.Findings {
		if f.Class == archive.Altered || seen != nil && strings.Contains(f.What, "superseded") {
			return fmt.Errorf("%s: %s", f.Path, f.What)
		}
	}
	d, _, err := p.open(s, steady)
	if err != nil {
		return err
	}
	_, faults, err := d.Check(context.Background())
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("the desk's check: %q", faults)
	}
	return errors.Join(err, d.Catalog.(*sqlite.Catalog).Close())
}

// errPower is what every change gets after the power has gone.
var errPower = errors.New("no power")

// failing is a hook that lets step k fail; if the power fails, all from k on.
func failing(k int, fault error) func(crash.Step) error {
	var mu sync.Mutex
	n := 0
	return func(crash.Step) error {
		mu.Lock()
		defer mu.Unlock()
		n++
		if n == k || n > k && errors.Is(fault, errPower) {
			return fault
		}
		return nil
	}
}

// disturb breaks a publish off at step k, loses what is not synced, and does
// so once more early in the next run; the third has to end it.
func (p *theatre) disturb(k int, fault error, chance *rand.Rand) error {
	s := p.begin()
	for _, at := range []int{k, 1 + chance.IntN(60)} {
		var acked []byte
		if p.play(s, failing(at, fault)) == nil {
			acked = p.last
		}
		s = s.crashed(chance)
		if err := p.look(s, acked); err != nil {
			return err
		}
	}
	if err := p.play(s, steady); err != nil {
		return fmt.Errorf("run again: %w", err)
	}
	got, err := files(s.archive)
	if err != nil {
		return err
	}
	if !maps.Equal(got, p.want) {
		return errors.New("the archive is not that of an undisturbed run")
	}
	return p.look(s.crashed(chance), p.last)
}

// season disturbs at so many of the steps, in each way.
func (p *theatre) season(n int, faults ...error) (r crash.Result) {
	r.Points = p.steps
	for _, k := range crash.Moments(p.steps, n, 1) {
		for i, fault := range faults {
			r.Runs++
			err := p.disturb(k, fault, rand.New(rand.NewPCG(uint64(i), uint64(k))))
			if err == nil {
				continue
			}
			if r.Bad++; r.First == nil {
				r.First = fmt.Errorf("step %d, %w: %w", k, fault, err)
			}
		}
	}
	return r
}

// often is how many steps are disturbed: all of them in the long run.
func often() int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return 1 << 20
	}
	return 25
}

func TestNewEditionsSurvivePowerLoss(t *testing.T) {
	p := newTheatre(t)
	r := p.season(often(), errPower)
	t.Log("power loss:", r)
	if r.Bad > 0 || r.Points < 100 {
		t.Errorf("%v: %v", r, r.First)
	}
	for what, wrap := range map[string]func(durable.FS) durable.FS{"sync": crash.WithoutSync, "sync of folders": crash.WithoutDirSync} {
		p.wrap = wrap
		r := p.season(6, errPower)
		t.Logf("control without %s: %v", what, r)
		if r.Bad == 0 {
			t.Errorf("the harness does not miss the %s", what)
		}
	}
}

func TestNewEditionsAcknowledgeNothingThatTheDiskRefused(t *testing.T) {
	p := newTheatre(t)
	r := p.season(max(often()/3, 5), syscall.EIO, syscall.ENOSPC, crash.ErrShort)
	t.Log("disk errors:", r)
	if r.Bad > 0 {
		t.Errorf("%v: %v", r, r.First)
	}
}
