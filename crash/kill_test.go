package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"unseal/blob"
	"unseal/blob/disk"
	"unseal/catalog"
	"unseal/catalog/sqlite"
	"unseal/durable"
	"unseal/trove"
)

// kills runs the victim's job once for each of the moments, each in a folder of
// its own, lets look judge what the kill left, runs it again and judges again.
func kills(t *testing.T, bin, job string, control []string, look func(dir string, r Run) error) Tally {
	t.Helper()
	args := func(dir string) []string { return append([]string{job, dir}, control...) }
	whole := Command{Path: bin, Args: args(t.TempDir())}.Count(t)
	if whole.Code != 0 || len(whole.Steps) < 50 {
		t.Fatalf("an undisturbed run: %d steps, exit %d, %s", len(whole.Steps), whole.Code, whole.Stderr)
	}
	var tally Tally
	for _, k := range Moments(len(whole.Steps), moments(len(control) > 0), 1) {
		dir := filepath.Join(t.TempDir(), strconv.Itoa(k))
		cmd := Command{Path: bin, Args: args(dir)}
		r := cmd.KillAt(t, k)
		err := look(dir, r)
		if again := cmd.Count(t); err == nil && again.Code != 0 {
			err = fmt.Errorf("the second run: %s", again.Stderr)
		} else if err == nil {
			err = look(dir, again)
		}
		tally.Add(r, err)
	}
	t.Logf("%s %v: %d steps, %v", job, control, len(whole.Steps), &tally)
	return tally
}

// moments is how many kills there are: all possible ones in the long run. A
// control has only to be caught.
func moments(control bool) int {
	switch {
	case testing.Short():
		return 15
	case control:
		return 30
	case os.Getenv("UNSEAL_LONG") != "":
		return math.MaxInt32
	}
	return 80
}

func TestKilledIngestLosesNothingAndDoublesNothing(t *testing.T) {
	bin := Build(t, "unseal/crash/testdata/victim")
	look := func(dir string, r Run) error { return lookAtDesk(t, dir, r) }
	tally := kills(t, bin, "ingest", nil, look)
	tally.Enough(t)
	if tally.Bad > 0 {
		t.Errorf("%v; first: %v", &tally, tally.First)
	}
	if control := kills(t, bin, "ingest", []string{"ack-early"}, look); control.Bad == 0 {
		t.Error("control: acknowledging before the commit was not caught")
	}
}

// lookAtDesk checks that what the run said it had stored is there, once.
func lookAtDesk(t *testing.T, dir string, r Run) error {
	acked := strings.Fields(string(r.Stdout))
	finished := slices.Contains(acked, "done")
	acked = slices.DeleteFunc(acked, func(s string) bool { return s == "done" })
	cat, err := sqlite.Open(t.Context(), filepath.Join(dir, "catalog.db"), sqlite.Options{})
	if errors.Is(err, catalog.ErrNotFound) && len(acked) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	defer cat.Close()
	fsys, err := durable.Dir(filepath.Join(dir, "blobs"))
	if err != nil {
		return err
	}
	defer fsys.Close()
	blobs, err := disk.Open(fsys)
	if err != nil {
		return err
	}
	var found []string
	err = cat.Items(t.Context(), catalog.Query{Collection: "mail"}, func(it *catalog.Item) error {
		found = append(found, it.SHA256.String())
		return blob.Check(t.Context(), blobs, it.Span.Blob)
	})
	if err != nil && !(errors.Is(err, catalog.ErrNotFound) && len(acked) == 0) {
		return err
	}
	for _, d := range acked {
		if !slices.Contains(found, d) {
			return fmt.Errorf("acknowledged item %s is lost", d[:8])
		}
	}
	if finished && len(found) != 24 {
		return fmt.Errorf("%d items at the end", len(found))
	}
	if problems, err := cat.Check(t.Context()); err != nil || len(problems) > 0 {
		return fmt.Errorf("catalog: %q, %v", problems, err)
	}
	return nil
}

func TestKilledPublishLeavesTheOldOrTheNew(t *testing.T) {
	bin := Build(t, "unseal/crash/testdata/victim")
	tally := kills(t, bin, "publish", nil, lookAtArchive)
	tally.Enough(t)
	if tally.Bad > 0 {
		t.Errorf("%v; first: %v", &tally, tally.First)
	}
	if control := kills(t, bin, "publish", []string{"checkpoint-first"}, lookAtArchive); control.Bad == 0 {
		t.Error("control: the checkpoint before the tiles was not caught")
	}
}

// lookAtArchive checks that what the checkpoint speaks of is there, and that a
// finished run leaves nothing behind.
func lookAtArchive(dir string, r Run) error {
	fsys := os.DirFS(filepath.Join(dir, "archive"))
	b, err := fs.ReadFile(fsys, "checkpoint")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(b))
	if err != nil {
		return err
	}
	for i := range n {
		want := strings.Repeat(fmt.Sprintf("text of item %d\n", i), 20)
		got, err := fs.ReadFile(fsys, fmt.Sprintf("log/tile/%d", i))
		if err != nil {
			return err
		}
		if trove.Sum(got) != trove.Sum([]byte(want)) {
			return fmt.Errorf("tile %d has other bytes", i)
		}
	}
	if r.Killed {
		return nil
	}
	return fs.WalkDir(fsys, ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && durable.IsTemp(name) {
			err = fmt.Errorf("%s is left over", name)
		}
		return err
	})
}

func TestMomentsAreSpreadFromFirstToLast(t *testing.T) {
	for _, test := range []struct{ total, n, want int }{{1000, 200, 200}, {200, 200, 200}, {7, 200, 7}, {1, 1, 1}, {0, 5, 0}, {618, 100, 100}} {
		got := Moments(test.total, test.n, 7)
		if len(got) != test.want || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("Moments(%d, %d) = %v", test.total, test.n, got)
		}
		if len(got) > 1 && (got[0] != 1 || got[len(got)-1] != test.total) {
			t.Errorf("Moments(%d, %d) goes from %d to %d", test.total, test.n, got[0], got[len(got)-1])
		}
	}
}

// TestTallyRefusesKillsThatDidNotHappen is the control of the harness itself.
func TestTallyRefusesKillsThatDidNotHappen(t *testing.T) {
	for _, c := range []struct {
		armed, killed int
		enough        bool
	}{{100, 95, true}, {100, 94, false}, {15, 14, true}, {15, 13, false}, {1, 0, false}, {0, 0, false}} {
		fake := &recorder{TB: t}
		tally := Tally{Armed: c.armed, Killed: c.killed}
		tally.Enough(fake)
		if fake.failed == c.enough {
			t.Errorf("%d of %d real kills: enough is %v", c.killed, c.armed, !fake.failed)
		}
	}
}

// recorder is a test that notes that it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
