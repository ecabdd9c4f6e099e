package proof

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// FuzzCheckpoint: a checkpoint is read in one form alone, its parts are those
// that golang.org/x/mod reads, and the log's key fits the text that it has
// signed and no other.
func FuzzCheckpoint(f *testing.F) {
	signer, vkey := testKey(f, testContext.Origin)
	signed := map[string]bool{}
	for _, size := range []int64{0, 1, 76_487, 1 << 40} {
		text := FormatCheckpoint(testContext.Origin, size, trove.Sum([]byte("root")))
		msg, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			f.Fatal(err)
		}
		signed[text] = true
		f.Add(msg)
		f.Add(append(bytes.Clone(msg), "— witness.example.org/w1 AAAAAAAA\n"...))
	}
	f.Add([]byte("log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n\n— log AAAA\n"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		c, err := ParseCheckpoint(msg)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Note, msg) {
			t.Fatalf("another note is kept: %q", msg)
		}
		if !strings.HasPrefix(c.Text(), FormatCheckpoint(c.Origin, c.Size, c.Root)) {
			t.Fatalf("two forms of one checkpoint: %q", msg)
		}
		if c.Verify(vkey) == nil && !signed[c.Text()] {
			t.Fatalf("forged: %q", msg)
		}
		// x/mod knows the form of Go's own logs, of which it reads the size and the root.
		tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitAfterN(c.Text(), "\n", 2)[1]))
		if err != nil || tree.N != c.Size || trove.Digest(tree.Hash) != c.Root {
			t.Fatalf("x/mod reads %+v, %v: %q", tree, err, msg)
		}
	})
}
