package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"unseal/archive"
	"unseal/proof"
	"unseal/redact/leak"
	"unseal/trove"
)

// hiddenPhone is what an attacker looks for: he knows all but four digits.
const hiddenPhone = "+1 202 555 0143"

// lastFour are the digits that he looks for, which stand in some digest by
// chance.
var lastFour = regexp.MustCompile(`(?:^|[^0-9a-f])0143(?:[^0-9a-f]|$)`)

func phone(n int) string { return fmt.Sprintf("+1 202 555 %04d", n) }

// signedMail is a mail with a phone number in its body, signed by its server.
func signedMail(t testing.TB) []byte {
	t.Helper()
	raw := "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: call me\r\nDate: Sat, 03 Jan 2015 01:00:00 +0000\r\nMessage-ID: <call@example.org>\r\n\r\nCall me: " + hiddenPhone + ", after nine.\r\n"
	var signed bytes.Buffer
	err := dkim.Sign(&signed, strings.NewReader(raw), &dkim.SignOptions{Domain: "example.org", Selector: "s1", Signer: newSigner(t),
		HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed", HeaderKeys: []string{"From", "To", "Subject", "Date"}})
	if err != nil {
		t.Fatal(err)
	}
	return signed.Bytes()
}

// loot is what an attacker has: every file of an archive, unpacked.
type loot struct {
	text    []byte
	seeds   []proof.Seed
	digests map[[32]byte]bool
	sizes   map[int64]bool
}

func steal(t testing.TB, dir string) *loot {
	t.Helper()
	l := &loot{digests: map[[32]byte]bool{}, sizes: map[int64]bool{}}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		l.text = append(append(l.text, '\n'), b...)
		if z, zerr := zip.NewReader(bytes.NewReader(b), int64(len(b))); zerr == nil {
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					return err
				}
				m, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				l.text = append(append(l.text, '\n'), m...)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	l.look()
	return l
}

var (
	hexes = regexp.MustCompile(`[0-9a-f]{32,}`)
	bases = regexp.MustCompile(`[0-9A-Za-z+/]{20,}={0,2}`)
	sizes = regexp.MustCompile(`"(?:size|bytes|length)":([0-9]{1,9})`)
)

// look finds everything that can be a seed, a digest or a size.
func (l *loot) look() {
	add := func(b []byte) {
		for i := 0; i+16 <= len(b) && len(b) <= 4096; i += 16 {
			l.seeds = append(l.seeds, proof.Seed(b[i:]))
			if i+32 <= len(b) {
				l.digests[[32]byte(b[i:])] = true
			}
		}
	}
	for _, m := range hexes.FindAll(l.text, -1) {
		b, _ := hex.DecodeString(string(m[:len(m)&^1]))
		add(b)
	}
	for _, m := range bases.FindAll(l.text, -1) {
		if b, err := base64.StdEncoding.DecodeString(string(m)); err == nil {
			add(b)
		}
	}
	for _, m := range sizes.FindAllSubmatch(l.text, -1) {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		l.sizes[n] = true
	}
}

// byBodyHash tries numbers against bh= (RFC 6376 section 3.7).
func (l *loot) byBodyHash() []int {
	return guesses(func(n int) bool {
		return l.digests[sha256.Sum256([]byte("Call me: "+phone(n)+", after nine.\r\n"))]
	})
}

// byDigest tries numbers against every digest, plain and under every salt.
func (l *loot) byDigest(raw []byte) []int {
	return guesses(func(n int) bool {
		guess := bytes.Replace(raw, []byte(hiddenPhone), []byte(phone(n)), 1)
		hit := l.digests[sha256.Sum256(guess)]
		for _, s := range l.seeds {
			hit = hit || l.digests[proof.Salted(s, guess)]
		}
		return hit
	})
}

// byCommitment tries numbers against the item's commitment, with the seed and
// the salt of an opening.
func byCommitment(c proof.Context, leaf trove.Digest, s proof.ItemSecret, raw []byte) []int {
	return guesses(func(n int) bool {
		got, _ := proof.Commit(c, s, bytes.Replace(raw, []byte(hiddenPhone), []byte(phone(n)), 1))
		return got == leaf
	})
}

// guesses tries all numbers around the right one.
func guesses(hit func(n int) bool) (found []int) {
	for n := range 300 {
		if hit(n) {
			found = append(found, n)
		}
	}
	return found
}

// above are the seeds from the root of a salt tree of n leaves down to leaf i:
// whoever has one of them has the leaf's salt.
func above(seed proof.Seed, n, i int) []proof.Seed {
	list := []proof.Seed{seed}
	for n > 1 {
		k := 1
		for 2*k < n {
			k *= 2
		}
		both := sha256.Sum256(append([]byte{2}, seed[:]...))
		if i < k {
			seed, n = proof.Seed(both[:16]), k
		} else {
			seed, n, i = proof.Seed(both[16:]), n-k, i-k
		}
		list = append(list, seed)
	}
	return list
}

// TestARedactedNumberCannotBeGuessed mounts the attacks of archive.md, "Secrets
// that would leak", on an archive whose edition 1 was out, and, as a control,
// on what somebody kept of edition 1.
func TestARedactedNumberCannotBeGuessed(t *testing.T) {
	raw := signedMail(t)
	mbox := append([]byte("From a@example.org Sat Jan  3 01:05:34 2015\n"), raw...)
	mbox = append(append(mbox, '\n'), mailbox(20)...)
	desk, dir := newsroom(t, mbox)
	number := numberOf(t, dir, "call me")
	before, kept := steal(t, dir), openingOf(t, dir, number)
	if len(before.byBodyHash()) != 1 || len(before.byDigest(raw)) != 1 || !before.sizes[int64(len(raw))] || !lastFour.Match(before.text) {
		t.Fatal("the attacks do not work on edition 1, where they must")
	}
	do(t, "-C", desk, "redact", "mail", "--words", hiddenPhone, "--reason", "privacy")
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	after, now := steal(t, dir), openingOf(t, dir, number)

	if lastFour.Match(after.text) {
		t.Error("the number is still there")
	}
	if found := after.byBodyHash(); found != nil {
		t.Errorf("bh= gives %v away", found)
	}
	if found := after.byDigest(raw); found != nil {
		t.Errorf("a digest gives %v away", found)
	}
	if after.sizes[int64(len(raw))] {
		t.Errorf("the size of the item, %d, is still told", len(raw))
	}
	attackOffsets(t, before, after, number)
	attackSeeds(t, after, kept, now)
	c, leaf := commitmentOf(t, dir, number)
	old := proof.ItemSecret{Seed: kept.Opening.Seed, Salt: kept.Opening.Salt}
	if found := byCommitment(c, leaf, old, raw); len(found) != 1 {
		t.Errorf("whoever kept edition 1 recovers %v; the manual says that he can", found)
	}
	if found := byCommitment(c, leaf, proof.ItemSecret{Seed: now.Redacted.Salt, Salt: now.Redacted.Salt}, raw); found != nil {
		t.Errorf("the salt of edition 2 gives %v away", found)
	}
}

// attackOffsets looks for what a neighbour's place in items.zip told of the
// length of the item.
func attackOffsets(t *testing.T, before, after *loot, number int) {
	t.Helper()
	row := regexp.MustCompile(fmt.Sprintf(`\{"number":%d,[^\n]*"at":\[(\d+),(\d+)\]`, number))
	m := row.FindSubmatch(before.text)
	if m == nil {
		t.Fatal("edition 1 has no row of the item")
	}
	packed, _ := strconv.ParseInt(string(m[2]), 10, 64)
	at, _ := strconv.ParseInt(string(m[1]), 10, 64)
	if next := fmt.Sprintf(`"at":[%d,`, at+packed+51); bytes.Contains(after.text, []byte(next)) {
		t.Errorf("a neighbour still lies at %s", next)
	}
	if m := row.FindSubmatch(after.text); m == nil || string(m[2]) == strconv.FormatInt(packed, 10) {
		t.Errorf("the packed length is as it was: %s", m)
	}
}

// attackSeeds looks for a seed from which the salt of a hidden segment follows.
func attackSeeds(t *testing.T, after *loot, kept, now *archive.Record) {
	t.Helper()
	have := map[proof.Seed]bool{}
	for _, s := range after.seeds {
		have[s] = true
	}
	r := now.Redacted
	for _, h := range r.Hidden {
		for i := h.First; i < h.First+h.Count; i++ {
			for depth, s := range above(kept.Opening.Seed, r.Segments, i) {
				if have[s] {
					t.Errorf("the seed at depth %d above hidden segment %d is published", depth, i)
				}
			}
		}
	}
	if have[kept.Opening.Salt] {
		t.Error("the salt of edition 1 is still published")
	}
	if len(r.Seeds) < 16 || !have[proof.Seed(r.Seeds)] {
		t.Error("the search does not see the seeds that are published")
	}
}

func numberOf(t testing.TB, dir, subject string) int {
	t.Helper()
	a, err := archive.Open(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for n := 1; ; n++ {
		item, err := a.Collections()[0].Item(n)
		if err != nil {
			t.Fatalf("no item has the subject %q: %v", subject, err)
		}
		if item.Record.Subject == subject {
			return n
		}
	}
}

func openingOf(t testing.TB, dir string, n int) *archive.Record {
	t.Helper()
	a, err := archive.Open(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	item, err := a.Collections()[0].Item(n)
	if err != nil {
		t.Fatal(err)
	}
	return &item.Record
}

func commitmentOf(t testing.TB, dir string, n int) (proof.Context, trove.Digest) {
	t.Helper()
	a, err := archive.Open(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	leaf, err := a.Collections()[0].Commitment(n)
	if err != nil {
		t.Fatal(err)
	}
	return proof.Context{Origin: a.Checkpoint().Origin, Collection: "mail", Number: n, Kind: trove.Mail}, leaf
}

// TestATombstoneLeavesNothing withdraws a mail and looks for its subject, its
// sender, its text and what others quote of it, its digests, seed and salt.
func TestATombstoneLeavesNothing(t *testing.T) {
	const said = "The barge Melusine was never in the harbour that night."
	raw := "From: Wilhelmina Obermoser <obermoser@example.net>\nSubject: Melusine and the pilots\nDate: Sat, 03 Jan 2015 01:00:00 +0000\nMessage-ID: <gone@example.net>\n\n" + said + "\nYours\n"
	reply := "From: Ada <ada@example.org>\nSubject: your mail\nDate: Sun, 04 Jan 2015 01:00:00 +0000\nMessage-ID: <reply@example.org>\nIn-Reply-To: <gone@example.net>\n\n> " + said + "\nThank you.\n"
	line := "From a@example.org Sat Jan  3 01:05:34 2015\n"
	desk, dir := newsroom(t, append([]byte(line+raw+"\n"+line+reply+"\n"), mailbox(5)...))
	hunt := leak.New([]string{"Wilhelmina Obermoser", "Melusine and the pilots", said}, [][]byte{[]byte(raw)})
	number := numberOf(t, dir, "Melusine and the pilots")
	kept := openingOf(t, dir, number)
	if found := hunted(t, dir, hunt); len(found) < 4 {
		t.Fatalf("before it is withdrawn the search finds %v", found)
	}
	do(t, "-C", desk, "withdraw", fmt.Sprintf("mail/%d", number), "--reason", "court-order", "--yes", "--i-am", "me")
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	for _, l := range hunted(t, dir, hunt) {
		t.Errorf("left: %+v", l)
	}
	for _, s := range steal(t, dir).seeds {
		if s == kept.Opening.Seed || s == kept.Opening.Salt {
			t.Error("the seed or the salt is still there")
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "c/mail/collection.json")); err != nil || !bytes.Contains(b, []byte(`"committed": 12`)) {
		t.Errorf("the number is no longer counted: %s, %v", b, err)
	}
}
