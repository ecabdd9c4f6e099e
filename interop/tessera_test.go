package interop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

func verifier(t *testing.T) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(made.key)
	must(t, err)
	return v
}

func files(archive string) client.FileFetcher {
	return client.FileFetcher{Root: filepath.Join(archive, "log")}
}

// entries are those of the whole log, as tessera reads its tiles.
func entries(t *testing.T, f client.FileFetcher, size uint64) (list [][]byte) {
	t.Helper()
	for i := range (size + 255) / 256 {
		b, err := client.GetEntryBundle(t.Context(), f.ReadEntryBundle, i, size)
		must(t, err)
		list = append(list, b.Entries...)
	}
	return list
}

// Tessera's client fetches our checkpoint and our entries and makes the proof
// of each from our tiles; its verifier accepts them, and for no other entry.
func TestTesseraProvesEveryEntryFromOurTiles(t *testing.T) {
	f := files(path("archive"))
	cp, _, _, err := client.FetchCheckpoint(t.Context(), f.ReadCheckpoint, verifier(t), origin)
	must(t, err)
	list := entries(t, f, cp.Size)
	if uint64(len(list)) != cp.Size || cp.Size <= items {
		t.Fatalf("%d entries in a log of %d", len(list), cp.Size)
	}
	pb, err := client.NewProofBuilder(t.Context(), cp.Size, f.ReadTile)
	must(t, err)
	for n, entry := range list {
		p, err := pb.InclusionProof(t.Context(), uint64(n))
		must(t, err)
		check := func(entry []byte, index uint64) error {
			return proof.VerifyInclusion(rfc6962.DefaultHasher, index, cp.Size, rfc6962.DefaultHasher.HashLeaf(entry), p, cp.Hash)
		}
		if err := check(entry, uint64(n)); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
		if check(append(bytes.Clone(entry), ' '), uint64(n)) == nil || check(entry, uint64(n+1)%cp.Size) == nil {
			t.Fatalf("control: the proof of entry %d holds for another", n)
		}
	}
}

// Of two checkpoints of ours, tessera sees that one is the beginning of the other.
func TestTesseraFollowsOurLogForward(t *testing.T) {
	f := files(path("archive"))
	earlier, err := os.ReadFile(path("earlier"))
	must(t, err)
	l, err := client.NewLogStateTracker(t.Context(), f.ReadTile, earlier, verifier(t), origin, client.UnilateralConsensus(f.ReadCheckpoint))
	must(t, err)
	before := l.Latest().Size
	_, p, _, err := l.Update(t.Context())
	must(t, err)
	if after := l.Latest().Size; before >= after || len(p) == 0 {
		t.Errorf("from %d to %d, a proof of %d hashes", before, after, len(p))
	}
}

// deadline is long for a check that takes some 20 ms. Tessera's fsck does not
// return where as many tiles are wrong as it has workers, so no test waits for it.
const deadline = time.Minute

var errHangs = errors.New("fsck did not return")

// check is tessera's fsck of the log of an archive. With one worker it hangs
// at the first fault.
func check(t *testing.T, archive string, workers uint) error {
	t.Helper()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	f := fsck.New(origin, verifier(t), files(archive), leaves, fsck.Opts{N: workers})
	done := make(chan error, 1)
	go func() { done <- f.Check(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errHangs
	}
}

func leaves(bundle []byte) (list [][]byte, err error) {
	var b api.EntryBundle
	err = b.UnmarshalText(bundle)
	for _, e := range b.Entries {
		list = append(list, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return list, err
}

func TestTesseraFindsOurLogWhole(t *testing.T) {
	for _, workers := range []uint{2, 3, 8} {
		if err := check(t, path("archive"), workers); err != nil {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
	if out, err := unseal("verify archive --allow unsigned --log-key desk/keys/log.pub"); err != nil {
		t.Errorf("our own verifier: %v\n%s", err, out)
	}
}

// One altered bit in any one hash tile is reported in time, by tessera and by
// our own verifier.
func TestOneAlteredHashTileIsReported(t *testing.T) {
	for _, name := range hashTiles(t, path("archive")) {
		rel, err := filepath.Rel(path("archive"), name)
		must(t, err)
		archive := copied(t)
		b, err := os.ReadFile(filepath.Join(archive, rel))
		must(t, err)
		b[len(b)/2] ^= 1
		must(t, os.WriteFile(filepath.Join(archive, rel), b, 0o644))
		if err := check(t, archive, 2); err == nil || errors.Is(err, errHangs) {
			t.Errorf("%s: %v", rel, err)
		}
		if out, err := unseal("verify " + archive + " --allow unsigned --log-key desk/keys/log.pub"); err == nil {
			t.Errorf("%s: our own verifier sees nothing\n%s", rel, out)
		}
	}
}

// An altered entry and another checkpoint are reported, too.
func TestAnAlteredEntryIsReported(t *testing.T) {
	archive := copied(t)
	name := filepath.Join(archive, "log", "tile", "entries", "001")
	b, err := os.ReadFile(name)
	must(t, err)
	b[100] ^= 1
	must(t, os.WriteFile(name, b, 0o644))
	if err := check(t, archive, 2); err == nil || errors.Is(err, errHangs) {
		t.Errorf("an altered entry: %v", err)
	}
	archive = copied(t)
	earlier, err := os.ReadFile(path("earlier"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(archive, "log", "checkpoint"), bytes.Replace(earlier, []byte("\n3"), []byte("\n4"), 1), 0o644))
	if err := check(t, archive, 2); err == nil || errors.Is(err, errHangs) {
		t.Errorf("an altered checkpoint: %v", err)
	}
}
