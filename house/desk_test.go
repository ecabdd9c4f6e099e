package house

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake"
	"unseal/search"
	"unseal/trove"
)

func TestMain(m *testing.M) {
	if code, ok := Child(os.Args, os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// newDesk makes a desk in a temporary folder and returns the folder.
func newDesk(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "desk")
	if _, _, err := InitDesk(t.Context(), dir, InitOptions{Origin: "example.org/house"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openDesk(t testing.TB, dir string, mode Mode) *Desk {
	t.Helper()
	d, err := OpenDesk(t.Context(), dir, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// ingest writes files into a folder of their own and takes it in.
func ingest(t testing.TB, d *Desk, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	take(t, d, dir)
	return dir
}

func take(t testing.TB, d *Desk, dir string) {
	t.Helper()
	_, err := d.Ingest(t.Context(), IngestOptions{Paths: []string{dir}, Collection: "mail", Jobs: 1, Progress: func(intake.Progress) {}})
	if err != nil {
		t.Fatal(err)
	}
}

func letter(id, subject, more string) string {
	return "From: Mary <mary@example.org>\nTo: omar@example.net\nSubject: " + subject +
		"\nDate: Mon, 5 Jan 2015 10:00:00 +0000\nMessage-ID: <" + id + "@example.org>\n" + more + "\nThe quay needs a wall.\n"
}

// names searches a desk and lists subjects with their states.
func found(t testing.TB, dir, query string) []string {
	t.Helper()
	ix, err := OpenSearch(t.Context(), dir, func(_, _ int64) {})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	q, err := search.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	res, err := ix.Search(t.Context(), search.Request{Query: q, Limit: 100, Sort: search.Oldest, FoldCopies: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range res.Hits {
		_, state, _, err := ix.Name(t.Context(), &res.Hits[i])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, res.Hits[i].Subject+" "+string(state))
	}
	return list
}

func TestOneWritesAndManyRead(t *testing.T) {
	dir := newDesk(t)
	w := openDesk(t, dir, ReadWrite)
	ingest(t, w, map[string]string{"1.eml": letter("1", "One", "")})
	if _, err := OpenDesk(t.Context(), dir, ReadWrite); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v, want ErrLocked", err)
	}
	r := openDesk(t, dir, ReadOnly)
	if n, err := r.Catalog.Count(t.Context(), "mail"); err != nil || n[trove.In] != 1 {
		t.Errorf("a reader counts %v, %v", n, err)
	}
	if rep, err := r.Fsck(t.Context(), func(_, _ int64) {}); err != nil || len(rep.Faults) > 0 {
		t.Errorf("fsck beside a writer: %v, %v", rep.Faults, err)
	}
	if got := found(t, dir, "quay"); strings.Join(got, ",") != "One in" {
		t.Errorf("search beside a writer: %q", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	openDesk(t, dir, ReadWrite)
}

// TestAReaderChangesNothing: it makes no folder and sweeps nothing.
func TestAReaderChangesNothing(t *testing.T) {
	dir := newDesk(t)
	left := filepath.Join(dir, blobsDir, "tmp")
	if err := errors.Join(os.MkdirAll(left, 0o777), os.WriteFile(filepath.Join(left, ".tmp-0123456789abcdef"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	openDesk(t, dir, ReadOnly)
	if list, err := os.ReadDir(left); err != nil || len(list) != 1 {
		t.Errorf("after a reader: %v, %v", list, err)
	}
	openDesk(t, dir, ReadWrite)
	if list, err := os.ReadDir(left); err != nil || len(list) != 0 {
		t.Errorf("after a writer: %v, %v", list, err)
	}
}

func TestKeysAreForTheirOwnerOnly(t *testing.T) {
	dir := newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	to := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(to, 0o777); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if _, err := d.Backup(t.Context(), out, "a passphrase"); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), out, to, "a passphrase"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(dir, keysDir), to, filepath.Join(to, keysDir)} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	openDesk(t, to, ReadOnly)
}

// TestSearchForgetsWhatWasTakenOut: and knows it again when it is in again;
// copies are folded as in an archive.
func TestSearchForgetsWhatWasTakenOut(t *testing.T) {
	dir := newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	ingest(t, d, map[string]string{"1.eml": letter("1", "Stays", ""), "copy.eml": letter("1", "Stays", "X-Copy: yes\n")})
	wrong := ingest(t, d, map[string]string{"2.eml": letter("2", "Goes", "Cc: stranger@example.com\n")})
	if got := found(t, dir, "quay"); len(got) != 2 {
		t.Errorf("before: %q", got)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(wrong, link); err != nil {
		t.Fatal(err)
	}
	by := catalog.Author{Who: "the editor", Why: "another person's"}
	if err := d.ExcludeTrove(t.Context(), "mail", link, by); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("by another path: %v", err)
	}
	if err := d.ExcludeTrove(t.Context(), "mail", wrong, by); err != nil {
		t.Fatal(err)
	}
	if got := found(t, dir, "quay"); strings.Join(got, ",") != "Stays in" {
		t.Errorf("taken out: %q", got)
	}
	if n := people(t, d); n != 2 {
		t.Errorf("%d people, want 2", n)
	}
	take(t, d, wrong)
	if got := found(t, dir, "quay"); len(got) != 2 {
		t.Errorf("in again: %q", got)
	}
	if n := people(t, d); n != 3 {
		t.Errorf("%d people in again, want 3", n)
	}
	take(t, d, link) // a trove of its own
	if err := d.ExcludeTrove(t.Context(), "mail", link, by); err != nil {
		t.Errorf("taken in by a link: %v", err)
	}
}

func people(t testing.TB, d *Desk) int {
	t.Helper()
	list, err := d.Catalog.People(t.Context(), "mail")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestALargeFileIsStreamed: one of more than a mail may have is written and
// checked without being held; damage is found all the same.
func TestALargeFileIsStreamed(t *testing.T) {
	dir := newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	large := strings.Repeat("\x00\x01\x02 no mail\n", maxMail/12+1000)
	ingest(t, d, map[string]string{"film.bin": large})
	sum := trove.Sum([]byte(large))
	name := "mail/sha256:" + sum.String()[:16]
	var most biggest
	for _, n := range []string{name, name + "/att/1"} {
		most = biggest{}
		if err := WriteBytes(t.Context(), dir, n, &most); err != nil {
			t.Fatal(err)
		}
		if most.total != len(large) || most.piece > 1<<20 {
			t.Errorf("%s: %d bytes in pieces of up to %d", n, most.total, most.piece)
		}
	}
	if rep, err := d.Fsck(t.Context(), func(_, _ int64) {}); err != nil || len(rep.Faults) > 0 {
		t.Errorf("fsck: %v, %v", rep.Faults, err)
	}
	file := filepath.Join(dir, blobsDir, sum.String()[:2], sum.String())
	spoilt := []byte(large)
	spoilt[maxMail] ^= 1
	if err := os.WriteFile(file, spoilt, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(t.Context(), dir, name, &most); !errors.Is(err, blob.ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	if rep, err := d.Fsck(t.Context(), func(_, _ int64) {}); err != nil || len(rep.Faults) == 0 {
		t.Errorf("fsck of a damaged desk: %v, %v", rep.Faults, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WriteBytes(ctx, dir, name, &most); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// biggest counts what is written and remembers the largest piece.
type biggest struct{ total, piece int }

func (b *biggest) Write(p []byte) (int, error) {
	b.total += len(p)
	b.piece = max(b.piece, len(p))
	return len(p), nil
}

func TestNamesAreOfOneItem(t *testing.T) {
	dir := newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	ingest(t, d, map[string]string{"1.eml": letter("1", "One", "")})
	if _, err := d.Release().Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"mail": ErrName, "mail/1-3": ErrName, "mail/batch/1": ErrName, "mail@1": ErrName, "Mail/1": ErrName, "mail/0": ErrName,
		"mail/1/att/0": ErrName, "mail/1/att/x": ErrName, "mail/sha256:12": ErrName,
		"mail/2": catalog.ErrNotFound, "mail/1@2": catalog.ErrNotFound, "mail/1/att/1": catalog.ErrNotFound,
		"other/1": catalog.ErrNotFound, "mail/sha256:0000000000000000": catalog.ErrNotFound,
		"mail/1": nil,
	} {
		var b bytes.Buffer
		if err := WriteBytes(t.Context(), dir, name, &b); !errors.Is(err, want) || want != nil && b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes, want %v", name, err, b.Len(), want)
		}
	}
}

func TestADeskIsNotWrittenOver(t *testing.T) {
	dir := newDesk(t)
	d := openDesk(t, dir, ReadWrite)
	ingest(t, d, map[string]string{"1.eml": letter("1", "One", "")})
	if _, err := d.Release().Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{dir, filepath.Join(dir, "log"), filepath.Join(dir, "batches", "x"), filepath.Join(link, "keys"), newDesk(t)} {
		if _, err := d.Publish(t.Context(), d.Release(), nil, to, false); err == nil {
			t.Errorf("published into %s", to)
		}
	}
	if _, err := d.Publish(t.Context(), d.Release(), nil, filepath.Join(dir, "archive"), false); err != nil {
		t.Errorf("an archive beside the desk's folders: %v", err)
	}
	for _, to := range []string{dir, filepath.Join(dir, "bk"), filepath.Join(link, "bk")} {
		if _, err := d.Backup(t.Context(), to, "pass"); err == nil {
			t.Errorf("backed up into %s", to)
		}
	}
}

func TestAStoppedBackupLeavesTheEarlierOne(t *testing.T) {
	d := openDesk(t, newDesk(t), ReadWrite)
	ingest(t, d, map[string]string{"1.eml": letter("1", "One", "")})
	out := t.TempDir()
	if _, err := d.Backup(t.Context(), out, "pass"); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(out, BackupName))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Backup(ctx, out, "pass"); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	after, err := os.ReadFile(filepath.Join(out, BackupName))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the earlier backup was changed: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(d.Dir, ".catalog-backup*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := Restore(t.Context(), out, filepath.Join(t.TempDir(), "r"), "wrong"); !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
}

// TestFsckFindsWhatReadingLost: a reading and a file made of an item that are
// gone are faults.
func TestFsckFindsWhatReadingLost(t *testing.T) {
	d := openDesk(t, newDesk(t), ReadWrite)
	in := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(in, []byte("a note"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Ingest(t.Context(), IngestOptions{Paths: []string{in}, Collection: "notes"}); err != nil {
		t.Fatal(err)
	}
	faults := func() []string {
		t.Helper()
		rep, err := d.Fsck(t.Context(), func(int64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return rep.Faults
	}
	if got := faults(); len(got) > 0 {
		t.Fatalf("a whole desk has faults %q", got)
	}
	var it catalog.Item
	if err := d.Catalog.Items(t.Context(), catalog.Query{Collection: "notes"}, func(i *catalog.Item) error { it = *i; return nil }); err != nil {
		t.Fatal(err)
	}
	gone := trove.Sum([]byte("gone"))
	o := catalog.Outcome{Item: it.ID, Stage: "picture", State: catalog.ReadDone, Reading: catalog.TextRef{Blob: gone, Length: 1},
		Made: []catalog.Made{{Name: "p1.png", Type: "image/png", Size: 1, SHA256: gone}}}
	if err := d.Catalog.SetOutcomes(t.Context(), "notes", []catalog.OutcomeRow{{Outcome: o}}); err != nil {
		t.Fatal(err)
	}
	if got := faults(); len(got) != 2 || !strings.Contains(got[0], "stage picture") {
		t.Errorf("faults are %q", got)
	}
}
