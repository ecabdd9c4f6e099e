package archive

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
)

// policy wants the log's key, as torchwood reads it.
func policy(t *testing.T, key string) torchwood.Policy {
	t.Helper()
	v, err := note.NewVerifier(key)
	must(t, err)
	return torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(testOrigin), torchwood.SingleVerifierPolicy(v))
}

// logPart is what a proof file says of the log, as c2sp.org/tlog-proof@v1.
func logPart(f *proof.File) (leaf tlog.Hash, text []byte) {
	entry := f.Item.Append(nil)
	text = fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(entry), f.ItemIndex)
	for _, h := range f.ItemPath {
		text = fmt.Appendf(text, "%s\n", h)
	}
	return tlog.RecordHash(entry), append(append(text, '\n'), f.Checkpoint.Note...)
}

// reparsed gives a checkpoint with another note, which need not be signed.
func reparsed(t *testing.T, note string) proof.Checkpoint {
	t.Helper()
	c, err := proof.ParseCheckpoint([]byte(note))
	must(t, err)
	return c
}

// logForgeries alter what a proof file says of the log; other is the valid
// proof of another item.
func logForgeries(t *testing.T, stranger note.Signer) []func(f, other *proof.File) {
	signed := func(f *proof.File, size int64) string {
		msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(testOrigin, size, f.Checkpoint.Root)}, stranger)
		must(t, err)
		return string(msg)
	}
	node := func(p proof.Path, i int) proof.Path {
		p = append(proof.Path{}, p...)
		p[i%len(p)][i%32] ^= 1
		return p
	}
	return []func(f, other *proof.File){
		func(f, _ *proof.File) { f.ItemIndex++ },
		func(f, _ *proof.File) { f.ItemIndex ^= 2 },
		func(f, _ *proof.File) { f.ItemPath = node(f.ItemPath, f.Item.Number) },
		func(f, _ *proof.File) { f.ItemPath = f.ItemPath[1:] },
		func(f, _ *proof.File) { f.ItemPath = append(append(proof.Path{}, f.ItemPath...), f.ItemPath[0]) },
		func(f, other *proof.File) { f.ItemPath, f.ItemIndex = other.ItemPath, other.ItemIndex },
		func(f, _ *proof.File) { f.Item.Number++ },
		func(f, _ *proof.File) { f.Item.Edition++ },
		func(f, _ *proof.File) { f.Item.Batch++ },
		func(f, _ *proof.File) { f.Item.Shown[f.Item.Number%32] ^= 4 },
		func(f, other *proof.File) { f.Item.Shown = other.Item.Shown },
		func(f, _ *proof.File) { f.Checkpoint = reparsed(t, signed(f, f.Checkpoint.Size)) },
		func(f, _ *proof.File) {
			size := fmt.Sprintf("\n%d\n", f.Checkpoint.Size)
			f.Checkpoint = reparsed(t, strings.Replace(string(f.Checkpoint.Note), size, fmt.Sprintf("\n%d\n", f.Checkpoint.Size+1), 1))
		},
		func(f, _ *proof.File) {
			root := base64.StdEncoding.EncodeToString(f.Checkpoint.Root[:])
			f.Checkpoint = reparsed(t, strings.Replace(string(f.Checkpoint.Note), root, base64.StdEncoding.EncodeToString(f.Item.Shown[:]), 1))
		},
		func(f, _ *proof.File) {
			text := []byte(f.Checkpoint.Note)
			text[len(text)-10] ^= 1 // within the signature
			f.Checkpoint.Note = text
		},
	}
}

// A thousand proof files of an archive, a tenth of them of redacted items, are
// accepted by our verifier and in their log part by torchwood; a thousand
// forgeries of that part are refused by both.
func TestAThousandProofsAndAThousandForgeries(t *testing.T) {
	const count = 1000
	p := newPress(t, count, 250)
	for n := 10; n <= count; n += 10 {
		p.hide[n] = []proof.Cut{{From: 60, To: 64}}
	}
	fsys, _ := p.published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	stranger, _ := testKey(t, testOrigin, 9)
	forge, wants := logForgeries(t, stranger), policy(t, p.key)
	var other *proof.File
	redacted := 0
	for n := 1; n <= count; n++ {
		text, err := c.a.Proof("mail", n)
		must(t, err)
		f, err := proof.Parse(text)
		must(t, err)
		shown, err := c.Bytes(n)
		must(t, err)
		if _, err := proof.Verify(f, shown, p.key); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		leaf, log := logPart(f)
		if err := torchwood.VerifyProof(wants, leaf, log); err != nil {
			t.Fatalf("%d: torchwood: %v", n, err)
		}
		if f.Redacted != nil {
			redacted++
		}
		if other == nil {
			other, err = proof.Parse(mustProof(t, c, count))
			must(t, err)
		}
		forged := *f
		forge[n%len(forge)](&forged, other)
		if s, err := proof.Verify(&forged, shown, p.key); err == nil || s.KeyKnown {
			t.Errorf("%d, forgery %d: we accept it", n, n%len(forge))
		}
		leaf, log = logPart(&forged)
		if err := torchwood.VerifyProof(wants, leaf, log); err == nil {
			t.Errorf("%d, forgery %d: torchwood accepts it", n, n%len(forge))
		}
		other = f
	}
	if redacted != count/10 {
		t.Errorf("%d redacted items", redacted)
	}
}

func mustProof(t *testing.T, c *Collection, n int) []byte {
	t.Helper()
	b, err := c.a.Proof("mail", n)
	must(t, err)
	return b
}

// zipped is the log below dir as torchwood archives logs: 000.zip has it all.
func zipped(t *testing.T, dir string) fs.FS {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	must(t, w.AddFS(os.DirFS(filepath.Join(dir, LogDir))))
	must(t, w.Close())
	to := t.TempDir()
	must(t, os.WriteFile(filepath.Join(to, "000.zip"), b.Bytes(), 0o644))
	return torchwood.NewTileArchiveFS(os.DirFS(to))
}

// entriesOf are the entries of a log that torchwood reads in files, checked
// against the checkpoint there.
func entriesOf(t *testing.T, files fs.FS, wants torchwood.Policy) (entries []string, err error) {
	t.Helper()
	msg, err := fs.ReadFile(files, "checkpoint")
	must(t, err)
	c, _, err := torchwood.VerifyCheckpoint(msg, wants)
	must(t, err)
	tiles, err := torchwood.NewTileFS(files)
	must(t, err)
	client, err := torchwood.NewClient(tiles)
	must(t, err)
	for _, entry := range client.AllEntries(t.Context(), c.Tree, 0) {
		entries = append(entries, string(entry))
	}
	if client.Err() == nil && int64(len(entries)) != c.N {
		t.Errorf("%d entries of %d", len(entries), c.N)
	}
	return entries, client.Err()
}

// Torchwood reads our log from its folder and from a zip, and finds an altered
// bit in either.
func TestTorchwoodReadsOurLogFromAFolderAndFromAZip(t *testing.T) {
	p := newPress(t, 600, 200)
	_, dir := p.published()
	wants := policy(t, p.key)
	folder, err := entriesOf(t, os.DirFS(filepath.Join(dir, LogDir)), wants)
	must(t, err)
	zip, err := entriesOf(t, zipped(t, dir), wants)
	must(t, err)
	if len(folder) <= 600 || strings.Join(folder, "\n") != strings.Join(zip, "\n") {
		t.Errorf("%d entries in the folder, %d in the zip, or they differ", len(folder), len(zip))
	}
	name := filepath.Join(dir, LogDir, "tile", "entries", "001")
	b, err := os.ReadFile(name)
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(name, b, 0o644))
	for what, files := range map[string]fs.FS{"folder": os.DirFS(filepath.Join(dir, LogDir)), "zip": zipped(t, dir)} {
		if _, err := entriesOf(t, files, wants); err == nil {
			t.Errorf("%s: an altered bit in an entry is not found", what)
		}
	}
}
