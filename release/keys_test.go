package release_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/proof"
	"unseal/release"
	"unseal/search/segment"
	"unseal/translog"
	"unseal/translog/tiles"
)

// person has a key: of the log or of a release, or is a thief.
type person struct {
	signer note.Signer
	key    string
}

func aPerson(t testing.TB, name string, seed byte) person {
	t.Helper()
	private, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return person{signer, public}
}

// people are those around a log: its keys, those who release, and a thief.
type people struct{ log, log2, log3, recovery, ada, ben, cem, thief person }

func thePeople(t testing.TB) people {
	return people{aPerson(t, origin, 7), aPerson(t, origin, 8), aPerson(t, origin, 9), aPerson(t, "recovery", 10),
		aPerson(t, "ada", 11), aPerson(t, "ben", 12), aPerson(t, "cem", 13), aPerson(t, "thief", 14)}
}

// keyed gives a desk two release keys that must sign of three, of which those
// named are here.
func (d *desk) keyed(p people, here ...person) *desk {
	d.Helper()
	begin, err := translog.Sign(translog.Genesis{LogKey: p.log.key, Origin: origin, Recovery: p.recovery.key,
		ReleaseKeys: []string{p.ada.key, p.ben.key, p.cem.key}, ReleaseQuorum: 2}, p.log.signer)
	d.check(err)
	d.Keys = release.Keyring{Begin: begin.(translog.Genesis)}
	for _, h := range here {
		d.Keys.Release = append(d.Keys.Release, h.signer)
	}
	return d
}

// twoBatches is a desk whose four mails are to be published in two batches.
func twoBatches(t testing.TB, p people, here ...person) *desk {
	d := newDesk(t).keyed(p, here...)
	d.ingest(mail, someItems("a", 4)...)
	d.commit(mail)
	d.plan(mail, 2)
	return d
}

// unsigned lists what an error says to wait for signatures.
func unsigned(err error) (list []*release.UnsignedError) {
	if u, ok := err.(*release.UnsignedError); ok {
		return []*release.UnsignedError{u}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return unsigned(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			list = append(list, unsigned(part)...)
		}
	}
	return list
}

// answer signs the request in a file and lays the answer beside it, under
// another name.
func (d *desk) answer(file, as string, by person) {
	d.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, file))
	d.check(err)
	text, _, _ := strings.Cut(string(b), "\n\n")
	msg, err := note.Sign(&note.Note{Text: text + "\n"}, by.signer)
	d.check(err)
	d.check(os.WriteFile(filepath.Join(d.dir, release.RequestsDir, as), msg, 0o600))
}

func (d *desk) requests() (names []string) {
	d.Helper()
	entries, err := os.ReadDir(filepath.Join(d.dir, release.RequestsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// verified wants an archive without a finding, by what a reader knows of it.
func verified(t testing.TB, dir, known string) archive.Report {
	t.Helper()
	rep, err := archive.Verify(t.Context(), os.DirFS(dir), archive.VerifyOptions{LogKey: known, Deep: true, CheckSegment: segment.Check})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Findings) > 0 || !rep.KeyKnown {
		t.Fatalf("%s: %v, key known %v", dir, rep.Findings, rep.KeyKnown)
	}
	return rep
}

// copied is a copy of a folder as it is now.
func (d *desk) copied(dir string) string {
	d.Helper()
	to := filepath.Join(d.TempDir(), "copy")
	d.check(os.CopyFS(to, os.DirFS(dir)))
	return to
}

func (d *desk) checkpoint(dir string) []byte {
	d.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "log", translog.CheckpointPath))
	d.check(err)
	return b
}

// logID is what a reader may know of the log instead of a key.
func logID(t testing.TB, dir string) string {
	t.Helper()
	v, err := tiles.Load(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }, "log")
	if err != nil {
		t.Fatal(err)
	}
	return v.State.ID.String()
}

func TestNothingIsPublicBeforeTheReleaseKeysHaveSigned(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ada)
	to := filepath.Join(d.dir, "archive")
	done, err := d.publish(to)
	waits := unsigned(err)
	if len(waits) != 2 || waits[0].Have != 1 || waits[0].Need != 2 || done.Batches != 0 {
		t.Fatalf("with one of two keys: %v, %+v", err, done)
	}
	if rep := mustVerify(t, to); rep.Items != 0 {
		t.Errorf("%d items are public", rep.Items)
	}
	for name := range tree(t, d.dir) {
		if strings.Contains(name, "items.zip") || strings.HasPrefix(name, "archive/c/mail/batch") {
			t.Errorf("%s is there before anybody has signed", name)
		}
	}

	// What is no answer changes nothing.
	lay := func(name, text string) {
		d.check(os.WriteFile(filepath.Join(d.dir, release.RequestsDir, name), []byte(text), 0o600))
	}
	first := waits[0].File
	b, err := os.ReadFile(filepath.Join(d.dir, first))
	d.check(err)
	lay("rubbish", "\x00\xff")
	lay("empty", "")
	lay("cut", string(b[:len(b)-9]))
	lay("ben-wrong", string(b)+"— ben AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
	d.answer(first, "thief", p.thief)
	d.answer(waits[1].File, "ben-2", p.ben)
	swapped, err := os.ReadFile(filepath.Join(d.dir, release.RequestsDir, "ben-2"))
	d.check(err)
	_, sig, _ := strings.Cut(string(swapped), "\n\n")
	lay("ben-2-under-1", string(b)+sig)
	done, err = d.publish(to)
	if waits := unsigned(err); len(waits) != 1 || waits[0].File != first || waits[0].Have != 1 || done.Batches != 1 {
		t.Fatalf("with an answer for the second alone: %v, %+v", err, done)
	}

	d.answer(first, "cem", p.cem)
	d.close()
	d = openDesk(t, d.dir).keyed(p, p.ada) // a day later
	d.mustPublish(to)
	rep := verified(t, to, p.log.key)
	if rep.Items != 4 {
		t.Errorf("%d items are public", rep.Items)
	}
	for _, name := range d.requests() {
		if strings.HasPrefix(name, "batch-") || name == "cem" || name == "thief" {
			t.Errorf("%s is kept though the log has said it", name)
		}
	}
	again := filepath.Join(d.dir, "again")
	d.mustPublish(again)
	same(t, to, again)
}

// TestReleaseKeysOnTheDeskAskNobody: the same bytes come out, whoever keeps the keys.
func TestReleaseKeysOnTheDeskAskNobody(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ben, p.ada)
	to := filepath.Join(d.dir, "archive")
	d.mustPublish(to)
	if verified(t, to, p.log.key).Items != 4 || len(d.requests()) != 0 {
		t.Errorf("requests: %v", d.requests())
	}
}

func TestASignatureDoesNotOutliveAChangeOfTheBatch(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p)
	to := filepath.Join(d.dir, "archive")
	_, err := d.publish(to, "mail@1")
	file := unsigned(err)[0].File
	d.answer(file, "ada", p.ada)
	d.answer(file, "ben", p.ben)
	d.check(d.Withhold(t.Context(), mail, 1, 1, "privacy", editor))
	_, err = d.publish(to, "mail@1")
	if waits := unsigned(err); len(waits) != 1 || waits[0].Have != 0 {
		t.Fatalf("signatures of what was planned before: %v", err)
	}
	d.answer(file, "ada", p.ada)
	d.answer(file, "ben", p.ben)
	d.mustPublish(to, "mail@1")
	if rep := verified(t, to, p.log.key); rep.Items != 1 {
		t.Errorf("%d items are public", rep.Items)
	}
}

// TestEditionsThatGoOutTogetherWaitForOneAnother: one is signed, the other not.
func TestEditionsThatGoOutTogetherWaitForOneAnother(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ada, p.ben)
	to := filepath.Join(d.dir, "archive")
	d.mustPublish(to)
	for _, n := range []int{1, 3} {
		d.check(d.Withdraw(t.Context(), release.Hide{Collection: mail, From: n, To: n, Reason: "court-order", By: editor}, release.Looked{}))
	}
	d.Keys.Release = nil
	before := tree(t, to)
	_, err := d.publish(to)
	waits := unsigned(err)
	if len(waits) != 2 {
		t.Fatal(err)
	}
	for _, who := range []person{p.ada, p.cem} {
		d.answer(waits[0].File, "first-"+who.signer.Name(), who)
	}
	_, err = d.publish(to)
	if again := unsigned(err); len(again) != 1 || again[0].File != waits[1].File {
		t.Fatal(err)
	}
	if got := tree(t, to); !maps.Equal(got, before) {
		t.Error("the archive has changed before all have signed")
	}
	verified(t, to, p.log.key)
	for _, who := range []person{p.ben, p.cem} {
		d.answer(waits[1].File, "second-"+who.signer.Name(), who)
	}
	if done := d.mustPublish(to); done.Editions != 2 {
		t.Errorf("%+v", done)
	}
	if rep := verified(t, to, p.log.key); rep.Items != 2 {
		t.Errorf("%d items are public", rep.Items)
	}
}

func TestALogKeyIsReplaced(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ada, p.ben)
	to := filepath.Join(d.dir, "archive")
	d.mustPublish(to, "mail@1")
	before, old := d.copied(to), d.checkpoint(to)
	d.check(d.RotateLog(t.Context(), p.log2.key, p.log2.signer, nil))
	d.check(d.RotateLog(t.Context(), p.log2.key, p.log2.signer, nil)) // again, as after a stop
	d.mustPublish(to, "mail@2")
	d.check(d.RotateLog(t.Context(), p.log3.key, p.log3.signer, p.recovery.signer))
	d.mustPublish(to)
	for _, known := range []string{p.log.key, p.log2.key, p.log3.key, logID(t, to)} {
		if rep := verified(t, to, known); rep.LogKey != p.log3.key || rep.Items != 4 {
			t.Errorf("a reader who knows %s: %+v", known, rep)
		}
	}
	for _, unknown := range []string{aPerson(t, origin, 99).key, p.recovery.key, p.ada.key, strings.Repeat("0", 64)} {
		rep, err := archive.Verify(t.Context(), os.DirFS(to), archive.VerifyOptions{LogKey: unknown})
		if err != nil || len(rep.Findings) == 0 {
			t.Errorf("a reader who knows %s: %v, %+v", unknown, err, rep.Findings)
		}
	}
	// A checkpoint of the old key, seen then, is one of this history; and who
	// knows the new key does not take the old state for the newest.
	rep, err := archive.Verify(t.Context(), os.DirFS(to), archive.VerifyOptions{LogKey: p.log2.key, Seen: old})
	if err != nil || len(rep.Findings) > 0 {
		t.Errorf("with the checkpoint of before: %v, %+v", err, rep.Findings)
	}
	rep, err = archive.Verify(t.Context(), os.DirFS(before), archive.VerifyOptions{LogKey: p.log.key, Seen: d.checkpoint(to)})
	if err == nil && len(rep.Findings) == 0 {
		t.Error("an archive that was rolled back passes")
	}
	rep, err = archive.Verify(t.Context(), os.DirFS(before), archive.VerifyOptions{LogKey: p.log2.key})
	if err != nil || len(rep.Findings) == 0 {
		t.Errorf("an archive from before the key that is known: %v, %+v", err, rep.Findings)
	}
	verified(t, before, p.log.key)
	var info archive.Info
	b, err := os.ReadFile(filepath.Join(to, archive.InfoPath))
	d.check(err)
	d.check(json.Unmarshal(b, &info))
	if info.LogKey != p.log3.key {
		t.Errorf("unseal.json names %s", info.LogKey)
	}

	// With all keys, and with the newest alone, the same archive comes again.
	d.close()
	d = openDesk(t, d.dir).keyed(p)
	d.Keys.Log = []note.Signer{p.log2.signer, p.log3.signer}
	d.mustPublish(filepath.Join(d.dir, "all"))
	same(t, to, filepath.Join(d.dir, "all"))
	d.close()
	d = openDesk(t, d.dir).keyed(p)
	d.Signer = p.log3.signer
	d.mustPublish(filepath.Join(d.dir, "newest"))
	same(t, to, filepath.Join(d.dir, "newest"))
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("check: %v, %v", faults, err)
	}

	// The revoked key signs nothing more.
	d.close()
	d = openDesk(t, d.dir).keyed(p)
	d.Keys.Log = []note.Signer{p.log2.signer}
	if err := d.Withhold(t.Context(), mail, 1, 1, "privacy", editor); err == nil {
		t.Error("a number that is out was withheld")
	}
	if _, err := d.Notice(t.Context(), "statement", []byte("x\n")); len(unsigned(err)) != 1 {
		t.Errorf("notice: %v", err)
	}
	if err := d.RotateLog(t.Context(), aPerson(t, origin, 50).key, aPerson(t, origin, 50).signer, nil); err == nil || !strings.Contains(err.Error(), "recovery key") {
		t.Errorf("replaced by a revoked key: %v", err)
	}
	if err := d.RotateLog(t.Context(), p.log.key, p.log.signer, p.recovery.signer); !errors.Is(err, translog.ErrIllegal) {
		t.Errorf("the first key comes back: %v", err)
	}
}

func TestReleaseKeysAreReplacedByTheirQuorum(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ada)
	to := filepath.Join(d.dir, "archive")
	next := []string{p.cem.key}
	err := d.RotateRelease(t.Context(), next, 1, nil)
	waits := unsigned(err)
	if len(waits) != 1 || waits[0].Have != 1 || waits[0].Need != 2 {
		t.Fatalf("with one of two: %v", err)
	}
	d.answer(waits[0].File, "ben", p.ben)
	d.check(d.Withhold(t.Context(), mail, 4, 4, "privacy", editor))
	if _, err := d.publish(to, "mail@2"); len(unsigned(err)) != 1 { // it says what is withheld
		t.Fatal(err)
	}
	err = d.RotateRelease(t.Context(), next, 1, nil)
	if waits = unsigned(err); len(waits) != 1 || waits[0].Have != 1 {
		t.Fatalf("a signature for another place in the log: %v", err)
	}
	d.answer(waits[0].File, "ben", p.ben)
	d.check(d.RotateRelease(t.Context(), next, 1, nil))
	d.check(d.RotateRelease(t.Context(), next, 1, nil))
	if _, err := d.publish(to, "mail@1"); len(unsigned(err)) != 1 {
		t.Fatalf("published by a release key that was replaced: %v", err)
	}
	d.Keys.Release = []note.Signer{p.cem.signer}
	d.mustPublish(to)
	verified(t, to, p.log.key)

	d.check(d.RotateRelease(t.Context(), []string{p.ada.key, p.ben.key}, 2, p.recovery.signer))
	if err := d.RotateRelease(t.Context(), []string{p.thief.key}, 1, p.thief.signer); !errors.Is(err, translog.ErrIllegal) {
		t.Errorf("replaced by a thief: %v", err)
	}
}

func TestANoticeIsSignedLoggedAndKept(t *testing.T) {
	p := thePeople(t)
	d := twoBatches(t, p, p.ada)
	text := []byte("We were cut off. Nous avons été coupés.\n")
	_, err := d.Notice(t.Context(), "cut-off", text)
	waits := unsigned(err)
	if len(waits) != 1 {
		t.Fatal(err)
	}
	d.answer(waits[0].File, "ben", p.ben)
	for range 2 { // the second time as after a stop
		if n, err := d.Notice(t.Context(), "cut-off", text); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	to := filepath.Join(d.dir, "archive")
	f := d.folder(to)
	if _, err := d.Bring(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(to, archive.NoticePath(1))); err != nil || !bytes.Equal(b, text) {
		t.Errorf("%q, %v", b, err)
	}
	if got := tree(t, to); len(got) == 0 || slices.ContainsFunc(slices.Collect(keysOf(got)), func(n string) bool { return strings.Contains(n, "/batch/") }) {
		t.Error("a notice has published more than itself")
	}
	verified(t, to, p.log.key)
	for _, bad := range [][]byte{nil, {0xff}, bytes.Repeat([]byte("a"), archive.MaxNotice+1)} {
		if _, err := d.Notice(t.Context(), "cut-off", bad); err == nil || len(unsigned(err)) > 0 {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("check: %v, %v", faults, err)
	}
	d.check(os.WriteFile(filepath.Join(d.dir, release.NoticesDir, "1.txt"), []byte("other"), 0o600))
	if _, faults, err := d.Check(t.Context()); err != nil || len(faults) != 1 {
		t.Errorf("check of an altered notice: %v, %v", faults, err)
	}
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// forge writes the archive in from again, with a log that change has altered
// and signer signs, without asking whether it is legal.
func forge(t testing.TB, from string, signer note.Signer, change func(lines []translog.Entry) []translog.Entry) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "forged")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	cp, err := os.ReadFile(filepath.Join(from, "log", translog.CheckpointPath))
	if err != nil {
		t.Fatal(err)
	}
	old, err := proof.ParseCheckpoint(cp)
	if err != nil {
		t.Fatal(err)
	}
	tile := tiles.Tile{Level: tiles.Entries}.In(old.Size)
	b, err := os.ReadFile(filepath.Join(from, "log", tile.Path()))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := tile.SplitEntries(b)
	if err != nil {
		t.Fatal(err)
	}
	var entries []translog.Entry
	for _, l := range lines {
		e, err := translog.Parse(l)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	writeLog(t, dir, signer, change(entries))
	return dir
}

// writeLog writes a log of less than one tile.
func writeLog(t testing.TB, dir string, signer note.Signer, entries []translog.Entry) {
	t.Helper()
	var edge tiles.Edge
	var data []byte
	for _, e := range entries {
		line := e.Append(nil)
		data = append(append(data, byte(len(line)>>8), byte(len(line))), line...)
		if err := edge.Add(translog.LeafHash(line), nil); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, b []byte) {
		name = filepath.Join(dir, "log", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	low := tiles.Tile{}.In(edge.Size)
	write(low.Path(), edge.File(low))
	write(tiles.Tile{Level: tiles.Entries}.In(edge.Size).Path(), data)
	msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(origin, edge.Size, edge.Root())}, signer)
	if err != nil {
		t.Fatal(err)
	}
	write(translog.CheckpointPath, msg)
}

// TestAStolenLogKeyPublishesNothing: a thief has the log key, the whole desk
// but for the release keys, and the objects of a second batch made by the
// desk's own code. Whatever he puts into the log, a reader who knows the log
// key finds it. The control: without release keys the very same batch verifies.
func TestAStolenLogKeyPublishesNothing(t *testing.T) {
	p := thePeople(t)
	honest := func(d *desk) string {
		to := filepath.Join(d.dir, "archive")
		d.mustPublish(to)
		return to
	}
	// by replaces the signatures of the second batch.
	by := func(sign func(e translog.Entry) translog.Entry) func([]translog.Entry) []translog.Entry {
		return func(entries []translog.Entry) []translog.Entry {
			for i, e := range entries {
				if b, ok := e.(translog.Batch); ok && b.Batch == 2 {
					b.Signatures = nil
					entries[i] = sign(b)
				}
			}
			return entries
		}
	}
	signed := func(who ...person) func(e translog.Entry) translog.Entry {
		return func(e translog.Entry) translog.Entry {
			for _, w := range who {
				var err error
				if e, err = translog.Sign(e, w.signer); err != nil {
					t.Fatal(err)
				}
			}
			return e
		}
	}
	archived := honest(twoBatches(t, p, p.ada, p.ben))
	verified(t, archived, p.log.key)

	// seized puts a change of the release keys, signed by some, before the items
	// of the second batch, which the thief then signs.
	seized := func(who ...person) func([]translog.Entry) []translog.Entry {
		return func(entries []translog.Entry) []translog.Entry {
			at := slices.IndexFunc(entries, func(e translog.Entry) bool { i, ok := e.(proof.Item); return ok && i.Batch == 2 })
			k := translog.Key{Effective: int64(at) + 1, Keys: []string{p.thief.key}, Log: translog.LeafHash(entries[0].Append(nil)), Quorum: 1, Role: translog.RoleRelease}
			return by(signed(p.thief))(slices.Insert(entries, at, signed(who...)(k)))
		}
	}
	for what, change := range map[string]func([]translog.Entry) []translog.Entry{
		"no signature":                        by(signed()),
		"of the log key":                      by(signed(p.log)),
		"of one release key":                  by(signed(p.ada)),
		"of a thief":                          by(signed(p.thief, p.log)),
		"of the recovery key":                 by(signed(p.recovery)),
		"of the first batch":                  by(func(e translog.Entry) translog.Entry { return translog.AddSignatures(e, firstBatch(t, archived)...) }),
		"release keys seized by the log key":  seized(p.log),
		"release keys seized by themselves":   seized(p.thief),
		"release keys seized with one signer": seized(p.ada, p.log),
	} {
		dir := forge(t, archived, p.log.signer, change)
		rep, err := archive.Verify(t.Context(), os.DirFS(dir), archive.VerifyOptions{LogKey: p.log.key})
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Findings) == 0 || !strings.Contains(rep.Findings[0].What, "illegal") && !strings.Contains(rep.Findings[0].What, "signed by") {
			t.Errorf("a batch with signature %s: %+v", what, rep.Findings)
		}
	}

	// A log begun anew with the stolen key and no release keys is another log.
	anew := forge(t, archived, p.log.signer, func(entries []translog.Entry) []translog.Entry {
		begin := signed(p.log)(translog.Genesis{LogKey: p.log.key, Origin: origin})
		return append([]translog.Entry{begin}, entries[1:]...)
	})
	seen, err := os.ReadFile(filepath.Join(archived, "log", translog.CheckpointPath))
	if err != nil {
		t.Fatal(err)
	}
	for what, o := range map[string]archive.VerifyOptions{
		"the log id":   {LogKey: logID(t, archived)},
		"a checkpoint": {LogKey: p.log.key, Seen: seen},
	} {
		rep, err := archive.Verify(t.Context(), os.DirFS(anew), o)
		if err == nil && len(rep.Findings) == 0 {
			t.Errorf("a log begun anew passes for a reader who knows %s", what)
		}
	}

	// The control.
	free := newDesk(t)
	free.ingest(mail, someItems("a", 4)...)
	free.commit(mail)
	free.plan(mail, 2)
	verified(t, forge(t, honest(free), p.log.signer, by(signed())), p.log.key)
}

// firstBatch are the signatures of the first batch in the archive.
func firstBatch(t testing.TB, dir string) []string {
	t.Helper()
	v, err := tiles.Load(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }, "log")
	if err != nil {
		t.Fatal(err)
	}
	return v.State.Collection(mail).Batches[0].Signatures
}
