package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/crash"
	"unseal/durable"
	"unseal/redact/leak"
)

// What goes away in these tests: a name that is redacted, and the text of an
// item that is withdrawn, which the next one quotes.
const (
	hiddenName    = "Jane Roe"
	withdrawnText = "The sluice ledger is in the third drawer of the harbour office."
)

// harbourBox is twelve mails: the name is in 1, 2 (which quotes it), 6 and 11,
// the text in 7 and 8.
func harbourBox() []byte {
	texts := map[int]string{
		1: "I asked " + hiddenName + " about it.", 2: "> I asked Jane\n> Roe about it.\nWhy not?", 6: "It was " + hiddenName + " again.",
		7: withdrawnText, 8: "> " + withdrawnText + "\nWho says so?", 11: hiddenName + " is away.",
	}
	var b strings.Builder
	for n := 1; n <= 12; n++ {
		subject, parent := fmt.Sprintf("note %d", n), ""
		if n == 2 || n == 8 {
			subject, parent = fmt.Sprintf("Re: note %d", n-1), fmt.Sprintf("In-Reply-To: <%d@example.org>\n", n-1)
		}
		fmt.Fprintf(&b, "From a@example.org Sat Jan  3 01:05:34 2015\nFrom: Ada <ada@example.org>\nDate: Sat, %02d Jan 2015 01:00:00 +0000\n"+
			"Message-ID: <%d@example.org>\n%sSubject: %s\n\n%s\n\n", n, n, parent, subject, cmp.Or(texts[n], "Nothing to say."))
	}
	return []byte(b.String())
}

var publishing = []string{"publish", "--to", "archive", "--yes"}

// redacting hides the name, withdrawing takes number 7 back.
var (
	redacting   = []string{"redact", "harbour", "--words", hiddenName, "--reason", "privacy"}
	withdrawing = []string{"withdraw", "harbour/7", "--reason", "court-order", "--yes", "--i-am", "test"}
	lifting     = []string{"redact", "harbour/1-2", "--lift", "--yes", "--i-am", "test"}
)

// harbour is a desk with these mails in three planned batches.
func (k *killer) harbour() string {
	file := filepath.Join(k.dir, "harbour.mbox")
	if err := os.WriteFile(file, harbourBox(), 0o600); err != nil {
		k.t.Fatal(err)
	}
	dir := k.empty()
	k.must(dir, "ingest", "-c", "harbour", file)
	k.must(dir, "commit", "harbour")
	k.must(dir, "batch", "plan", "harbour", "--every", "4")
	return dir
}

// after is a copy of the folder from in which some commands were run.
func (k *killer) after(from string, commands ...[]string) string {
	dir := k.folder(from)
	for _, args := range commands {
		k.must(dir, args...)
	}
	return dir
}

// twin is a desk whose only batch is out, with a further copy of the seventh
// mail, which has the number before or after it.
func (k *killer) twin() string {
	file := filepath.Join(k.dir, "twin.mbox")
	box := harbourBox()
	at := bytes.Index(box, []byte("Message-ID: <7@"))
	from := bytes.LastIndex(box[:at], []byte("From a@"))
	end := at + bytes.Index(box[at:], []byte("From a@"))
	copied := bytes.Replace(box[from:end], []byte("From: Ada"), []byte("Received: from a by b\nFrom: Ada"), 1)
	if err := os.WriteFile(file, append(box, copied...), 0o600); err != nil {
		k.t.Fatal(err)
	}
	return k.after(k.empty(), []string{"ingest", "-c", "harbour", file}, []string{"commit", "harbour"},
		[]string{"batch", "plan", "harbour", "--every", "40"}, publishing)
}

// out is the desk with two batches out.
func (k *killer) out(harbour string) string {
	return k.after(harbour, append([]string{"publish", "harbour/batch/1", "harbour/batch/2"}, publishing[1:]...))
}

// pending is a desk that has decided on both of them since, and has a third to
// publish.
func (k *killer) pending() string { return k.after(k.out(k.harbour()), redacting, withdrawing) }

// behind is a desk whose archive has seen nothing of the last two editions.
func (k *killer) behind(out string) string {
	dir := k.after(out, redacting)
	if err := os.Rename(filepath.Join(dir, "archive"), filepath.Join(dir, "old")); err != nil {
		k.t.Fatal(err)
	}
	elsewhere := []string{"publish", "--to", "elsewhere", "--yes"}
	for _, args := range [][]string{elsewhere, withdrawing, elsewhere, lifting} {
		k.must(dir, args...)
	}
	if err := os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "archive")); err != nil {
		k.t.Fatal(err)
	}
	return dir
}

// TestKilledRedactionsGoOn kills what decides that something is to be shown no
// more, and what makes it so: the archive on the disk is the old one whole or
// the new one whole, the same command goes on, and in the end nothing is left
// of what goes away.
func TestKilledRedactionsGoOn(t *testing.T) {
	k := newKiller(t, "")
	harbour := k.harbour()
	out := k.out(harbour)
	pending, behind := k.after(out, redacting, withdrawing), k.behind(out)
	then := [][]string{publishing}
	name, text, both := []string{hiddenName}, []string{withdrawnText}, []string{hiddenName, withdrawnText}
	k.kills([]stage{
		{"redact before it is out", job{from: harbour, args: redacting, then: then}, name},
		{"redact", job{from: out, args: redacting, then: then}, name},
		{"withdraw", job{from: out, args: withdrawing, then: then}, text},
		{"withdraw with a copy", job{from: k.twin(), args: withdrawing, then: then}, text},
		{"lift", job{from: k.after(pending, publishing), args: lifting, then: then}, text},
		{"editions", job{from: pending, n: *kills / 2, args: publishing}, both},
		{"editions, killed twice", job{from: pending, args: publishing, twice: true}, both},
		{"editions, killed twice over index files", job{from: pending, args: publishing, only: "unseal.json", twice: true}, both},
		{"editions to be signed", job{from: k.keyless(pending), args: publishing}, nil},
		{"editions that were signed", job{from: k.answered(pending), args: publishing}, both},
		{"an archive behind", job{from: behind, args: publishing, twice: true}, text},
		{"an archive made anew", job{from: k.bare(behind), args: publishing, twice: true}, text},
	})
}

// TestAKilledPublishLeavesRoomForAnotherDecision: after a killed publish of
// editions something else is decided before it is done again.
func TestAKilledPublishLeavesRoomForAnotherDecision(t *testing.T) {
	k := newKiller(t, "")
	from := k.pending()
	steps := k.command(k.folder(from), publishing).Count(t).Steps
	var tally crash.Tally
	for _, at := range crash.Moments(len(steps), *kills/8, *killSeed) {
		dir := k.folder(from)
		r := k.command(dir, publishing).KillAt(t, at)
		err := k.decideOtherwise(dir)
		if tally.Add(r, err); err == nil {
			k.gone(dir, []string{hiddenName, withdrawnText, "Who says so?"})
		}
		os.RemoveAll(dir)
	}
	t.Logf("kills: %v (seed %d)", &tally, *killSeed)
	tally.Enough(t)
	if tally.First != nil {
		t.Error(tally.First)
	}
}

// decideOtherwise hides more and publishes, and wants a whole archive in which
// a further publish finds nothing to do.
func (k *killer) decideOtherwise(dir string) error {
	more := []string{"redact", "harbour/8", "--words", "Who says so?", "--reason", "third-party"}
	var ends [2]string
	for i, commands := range [][][]string{{more, publishing, {"fsck"}}, {publishing}} {
		for _, args := range commands {
			if out, code := k.run(dir, args...); code != exitDone {
				return fmt.Errorf("%v: exit %d\n%s", args, code, out)
			}
		}
		if err := k.read(dir, checkpoints(k.t, dir)); err != nil {
			return err
		}
		ends[i] = k.outcome(dir, publishing)
	}
	if ends[0] != ends[1] {
		return errors.New("a further publish changes something")
	}
	return nil
}

// The controls of the tests above: builds that they must find.
func TestKillsCatchAnEditionRemovedTooEarly(t *testing.T) {
	k := newKiller(t, durable.SupersededFirst)
	k.caught(job{from: k.pending(), n: 4, only: "remove c/", args: publishing})
}

func TestKillsCatchAnEditionRecordedTooEarly(t *testing.T) {
	k := newKiller(t, durable.CatalogFirst)
	k.caught(job{from: k.pending(), n: 2, only: "committed mark published", args: publishing})
}

// bare is a desk whose archive is gone.
func (k *killer) bare(from string) string {
	dir := k.folder(from)
	if err := os.RemoveAll(filepath.Join(dir, "archive")); err != nil {
		k.t.Fatal(err)
	}
	return dir
}

// gone wants nothing left of some texts in the archive, nor in the desk's log.
func (k *killer) gone(dir string, texts []string) {
	if len(texts) == 0 {
		return
	}
	for _, part := range []string{"archive", "desk/log"} {
		for _, l := range hunted(k.t, filepath.Join(dir, part), leak.New(texts, nil)) {
			k.t.Errorf("left in %s: %+v", part, l)
		}
	}
}
