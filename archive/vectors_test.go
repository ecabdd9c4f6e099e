package archive

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

var update = flag.Bool("update", false, "rewrite the vectors of docs/archive-format.md")

const formatDoc = "../docs/archive-format.md"

// keyVectors are signed entries that could follow on the log of s.
func keyVectors(t *testing.T, p *press, s *translog.State) []translog.Entry {
	next, nextKey := testKey(t, testOrigin, 3)
	_, other := testKey(t, "other.example.org", 4)
	sign := func(e translog.Entry, by ...note.Signer) translog.Entry {
		e, err := translog.Sign(e, by...)
		must(t, err)
		after := *s
		must(t, after.Apply(e.Append(nil)))
		return e
	}
	return []translog.Entry{
		sign(translog.Key{Effective: s.Size + 1, Keys: []string{nextKey}, Log: s.ID, Role: translog.RoleLog}, next, p.signer),
		sign(translog.Key{Effective: s.Size + 1, Keys: []string{other}, Log: s.ID, Quorum: 1, Role: translog.RoleRelease}, p.release...),
		sign(translog.Notice{Kind: "cut-off", Log: s.ID, Number: 1, Text: trove.Sum([]byte("We were cut off.\n"))}, p.release...),
	}
}

// vectors makes the contents of the vector blocks, from an archive of three items.
func vectors(t *testing.T) map[string]string {
	p := newPress(t, 3, 3)
	p.reject[2] = "privacy"
	_, kept := senderKey("kept")
	p.keys = []SenderKey{kept}
	fsys, dir := p.published()
	files := contents(t, dir)
	a := opened(t, fsys)
	c, err := a.Collection("mail")
	must(t, err)
	batch := BatchDir("mail", 1, 1)

	out := map[string]string{}
	var b strings.Builder
	take := func(name string) {
		out[name] = b.String()
		b.Reset()
	}
	tile := tiles.Tile{Level: tiles.Entries}.In(a.Checkpoint().Size)
	lines, err := tile.SplitEntries([]byte(files["log/"+tile.Path()]))
	must(t, err)
	for i, line := range lines {
		fmt.Fprintf(&b, "entry %d: %s\nleaf hash: %s\n", i, line, translog.LeafHash(line))
	}
	fmt.Fprintf(&b, "tombstone: %s\n", translog.Tombstone{Collection: "mail", Number: 1, Reason: "court-order"}.Append(nil))
	for _, e := range keyVectors(t, p, &a.view.State) {
		fmt.Fprintf(&b, "as the next entry: %s\n", e.Append(nil))
	}
	fmt.Fprintf(&b, "log/checkpoint:\n%s", files["log/checkpoint"])
	take("entries")

	content := p.content(1)
	secret, item := p.secret(), p.secret().Item("mail", 1)
	leaf, o := p.commit(1)
	fmt.Fprintf(&b, "collection secret: %x\nitem secret of mail/1: seed %x, salt %x\n", secret, item.Seed, item.Salt)
	fmt.Fprintf(&b, "exact bytes: %q\n", content)
	fmt.Fprintf(&b, "salted digest: %s\n", trove.Sum(append(item.Salt[:], content...)))
	fmt.Fprintf(&b, "tree of segments: root %s, %d segments\nitem commitment: %s\n", o.Root, o.Segments, leaf)
	for _, text := range []string{"", "a", "> two words,\r\n", strings.Repeat("QUJD", 10) + "\n", strings.Repeat("-", 130) + "\n\n"} {
		_, o := proof.Commit(proof.Context{Origin: testOrigin, Collection: "mail", Number: 1, Kind: trove.Mail}, item, []byte(text))
		fmt.Fprintf(&b, "of %q: root %s, %d segments\n", text, o.Root, o.Segments)
	}
	take("item")

	for n := 1; n <= 3; n++ {
		leaf, _ := p.commit(n)
		fmt.Fprintf(&b, "item commitment of mail/%d: %s\n", n, leaf)
	}
	fmt.Fprintf(&b, "c/mail/commitment/1/tile/0/000.p/3: %s\n", hex.EncodeToString([]byte(files["c/mail/commitment/1/tile/0/000.p/3"])))
	fmt.Fprintf(&b, "root: %s\n", c.Info.Commitments[0].Root)
	drive := trove.Sum([]byte("drive.mbox"))
	fmt.Fprintf(&b, "inventory 1 of the one file %s: %s\n", drive, secret.Inventory("mail", 1, []trove.Digest{drive}))
	take("commitment")

	fmt.Fprintf(&b, "%s/manifest.json:\n%s", batch, files[batch+"/manifest.json"])
	m, err := c.Manifest(1, 1)
	must(t, err)
	g := m.Records[0]
	records, err := a.member(batch+"/items.zip", recordsName(g.First), g.At, g.Size, g.SHA256)
	must(t, err)
	fmt.Fprintf(&b, "records/1.ndjson:\n%s", records)
	fmt.Fprintf(&b, "SHA256SUMS:\n%s", files[batch+"/SHA256SUMS"])
	fmt.Fprintf(&b, "items.zip:\n%s\n", hex.EncodeToString([]byte(files[batch+"/items.zip"])))
	take("batch")

	madeVector(t, &b)
	take("made")

	text, err := a.Proof("mail", 1)
	must(t, err)
	b.Write(text)
	take("proof")

	editionVector(t, &b)
	take("edition")

	fmt.Fprintf(&b, "%s%s%s", files["unseal.json"], files["keys.json"], files["c/mail/collection.json"])
	take("index")
	return out
}

// madeVector is a batch of one item of which files were made.
func madeVector(t *testing.T, b *strings.Builder) {
	p := newPress(t, 3, 3)
	p.reject[1], p.reject[3] = "privacy", "privacy"
	p.files = func(int) []NewMade {
		return []NewMade{
			{Name: "play.ogg", Type: "audio/ogg", Content: []byte("OggS, forty bytes of it, stored as it is")},
			{Name: "reading.json", Type: "application/json", Content: []byte(`{"format":"unseal-reading/1","sound":{"seconds":2.5,"play":["play.ogg"]}}` + "\n")},
		}
	}
	fsys, dir := p.published()
	a := opened(t, fsys)
	c := a.Collections()[0]
	m, err := c.Manifest(1, 1)
	must(t, err)
	g := m.Records[0]
	zip := BatchDir("mail", 1, 1) + "/items.zip"
	record, err := a.member(zip, recordsName(g.First), g.At, g.Size, g.SHA256)
	must(t, err)
	fmt.Fprintf(b, "row of mail/2: %s\nrecord of mail/2: %s", mustJSON(m.Items[0]), record)
	for _, f := range p.files(2) {
		fmt.Fprintf(b, "made/2/%s: %q\n", f.Name, f.Content)
	}
	fmt.Fprintf(b, "items.zip:\n%s\n", hex.EncodeToString([]byte(contents(t, dir)[zip])))
}

// editionVector is the archive of the vectors after a redaction and a withdrawal.
func editionVector(t *testing.T, b *strings.Builder) {
	p := newPress(t, 3, 3)
	p.reject[2] = "privacy"
	fsys, dir := p.published()
	w := p.writer(fsys)
	before := w.State().Size
	must(t, p.revise(w, 1, map[int][]proof.Cut{1: word(p, 1)}, 3))
	a := opened(t, fsys)
	c := a.Collections()[0]
	files := contents(t, dir)
	tile := tiles.Tile{Level: tiles.Entries}.In(a.Checkpoint().Size)
	lines, err := tile.SplitEntries([]byte(files["log/"+tile.Path()]))
	must(t, err)
	for i, line := range lines[before:] {
		fmt.Fprintf(b, "entry %d: %s\n", before+int64(i), line)
	}
	shown, err := c.Bytes(1)
	must(t, err)
	exact := p.content(1)
	fmt.Fprintf(b, "shown of mail/1: %q, then as before\n", shown[:len(shown)-len(exact[bytes.Index(exact, []byte("\r\n\r\n")):])])
	m, err := c.Manifest(1, 2)
	must(t, err)
	fmt.Fprintf(b, "row of mail/1: %s\n", mustJSON(m.Items[0]))
	g := m.Records[0]
	record, err := a.member(BatchDir("mail", 1, 2)+"/items.zip", recordsName(g.First), g.At, g.Size, g.SHA256)
	must(t, err)
	fmt.Fprintf(b, "record of mail/1: %s", record)
	text, err := a.Proof("mail", 1)
	must(t, err)
	fmt.Fprintf(b, "proof file of mail/1:\n%s", text)
}

func TestVectorsOfTheFormat(t *testing.T) {
	doc, err := os.ReadFile(filepath.FromSlash(formatDoc))
	must(t, err)
	text := string(doc)
	for name, want := range vectors(t) {
		head := "```vector " + name + "\n"
		before, rest, ok := strings.Cut(text, head)
		got, after, ok2 := strings.Cut(rest, "```\n")
		if !ok || !ok2 {
			t.Fatalf("%s has no block %q", formatDoc, name)
		}
		if got != want && !*update {
			t.Errorf("vector %s of %s is not what is made: %s", name, formatDoc, firstDifference(got, want))
		}
		text = before + head + want + "```\n" + after
	}
	if *update {
		must(t, os.WriteFile(filepath.FromSlash(formatDoc), []byte(text), 0o644))
	}
}

func firstDifference(got, want string) string {
	for line := range strings.Lines(want) {
		if !strings.HasPrefix(got, line) {
			return fmt.Sprintf("%.300q there, %.300q made", got, line)
		}
		got = got[len(line):]
	}
	return fmt.Sprintf("%.300q too much", got)
}

// A proof that was published once must verify in twenty years.
func TestProofOfTheVectorsVerifies(t *testing.T) {
	doc, err := os.ReadFile(filepath.FromSlash(formatDoc))
	must(t, err)
	_, text, _ := strings.Cut(string(doc), "```vector proof\n")
	text, _, _ = strings.Cut(text, "```\n")
	f, err := proof.Parse([]byte(text))
	must(t, err)
	p := newPress(t, 3, 3)
	s, err := proof.Verify(f, p.content(1), p.key)
	if err != nil || s.Item.Number != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
