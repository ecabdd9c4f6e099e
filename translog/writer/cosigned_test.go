package writer

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"unseal/proof"
)

// A witness's line is whatever has the form of one: translog judges none.
const lineA = "— witness.example.org/a AAAAAQAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

var lineB = strings.Replace(lineA, "/a AAAAAQ", "/b AAAAAg", 1)

func read(t *testing.T, fsys fs.FS, name string) []byte {
	t.Helper()
	b, err := fs.ReadFile(fsys, name)
	must(t, err)
	return b
}

// cosign does what package witness does with lines that it was given.
func cosign(t *testing.T, dir string, c proof.Checkpoint, lines string) proof.Checkpoint {
	t.Helper()
	c, err := proof.ParseCheckpoint(append(bytes.Clone(c.Note), lines...))
	must(t, err)
	must(t, os.WriteFile(dir+"/log/checkpoint", c.Note, 0o644))
	return c
}

func TestCosignaturesOutliveEveryLaterSign(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, dir := testFolder(t)
	runs := story(4, 1)
	l := open(t, fsys, signer)
	must(t, l.Append(runs[0]...))
	must(t, l.Sign())
	first := cosign(t, dir, l.Signed(), lineA)
	first = cosign(t, dir, first, lineB)
	if n := len(first.Signatures()); n != 3 {
		t.Fatalf("%d signatures", n)
	}
	// Signing what is signed already keeps them where they are.
	l = open(t, fsys, signer)
	must(t, l.Sign())
	if !bytes.Equal(read(t, fsys, "log/checkpoint"), first.Note) {
		t.Fatal("signing again lost cosignatures")
	}
	// A longer log has a new checkpoint; the old one is put aside.
	must(t, l.Append(runs[1]...))
	must(t, l.Sign())
	second := l.Signed()
	if bytes.Contains(second.Note, []byte("witness")) {
		t.Error("the cosignatures of another checkpoint")
	}
	if !bytes.Equal(read(t, fsys, "log/cosigned"), first.Note) {
		t.Fatal("the first checkpoint was not put aside")
	}
	// One without cosignatures is not.
	must(t, l.Append(runs[2]...))
	must(t, l.Sign())
	third := cosign(t, dir, l.Signed(), lineB)
	l = open(t, fsys, signer)
	must(t, l.Append(runs[3]...))
	must(t, l.Sign())
	if got, want := string(read(t, fsys, "log/cosigned")), string(first.Note)+"\n"+string(third.Note); got != want {
		t.Errorf("put aside:\n%s\nwant:\n%s", got, want)
	}
}

// A run stopped between putting a checkpoint aside and signing the next leaves
// it in both places.
func TestACheckpointIsPutAsideOnce(t *testing.T) {
	signer, _ := testKey(t, testOrigin, 1)
	fsys, dir := testFolder(t)
	runs := story(2, 1)
	l := open(t, fsys, signer)
	must(t, l.Append(runs[0]...))
	must(t, l.Sign())
	first := cosign(t, dir, l.Signed(), lineA)
	must(t, os.WriteFile(dir+"/log/cosigned", first.Note, 0o644))
	l = open(t, fsys, signer)
	must(t, l.Append(runs[1]...))
	must(t, l.Sign())
	if !bytes.Equal(read(t, fsys, "log/cosigned"), first.Note) {
		t.Error("not the checkpoint, once")
	}
}
