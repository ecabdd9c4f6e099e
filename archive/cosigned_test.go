package archive

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

const witnessLine = "— witness.example.org/a AAAAAQAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

// cosigned is an archive whose checkpoints a witness has cosigned, the newest
// included.
func (p *press) cosigned() map[string]string {
	p.tb.Helper()
	fsys, dir := testFolder(p.tb)
	cosign := func(fsys durable.FS, c proof.Checkpoint) {
		must(p.tb, durable.WriteFile(fsys, "log/checkpoint", append(bytes.Clone(c.Note), witnessLine...)))
	}
	w := p.writer(fsys)
	must(p.tb, p.start(w))
	cosign(fsys, w.Signed())
	for range 2 {
		w = p.writer(fsys)
		_, err := p.batch(w)
		must(p.tb, err)
		cosign(fsys, w.Signed())
	}
	return contents(p.tb, dir)
}

func TestVerifyReadsCheckpointsThatWitnessesCosigned(t *testing.T) {
	p := newPress(t, 12, 6)
	files := p.cosigned()
	r := verified(t, mapOf(files), VerifyOptions{LogKey: p.key})
	clean(t, r)
	if len(r.Cosigned) != 2 || r.Cosigned[0].Size >= r.Cosigned[1].Size || len(r.Checkpoint.Signatures()) != 2 {
		t.Fatalf("%d earlier checkpoints, %d signatures", len(r.Cosigned), len(r.Checkpoint.Signatures()))
	}
	a, err := Open(t.Context(), mapOf(files))
	must(t, err)
	defer a.Close()
	b, err := a.Proof("mail", 1)
	must(t, err)
	if !strings.HasSuffix(string(b), witnessLine) || len(b) > 3<<10 {
		t.Errorf("a proof file of %d bytes, which ends %q", len(b), b[len(b)-80:])
	}
}

func TestVerifyNamesFalseCheckpointsAmongThoseCosigned(t *testing.T) {
	p := newPress(t, 12, 6)
	files := p.cosigned()
	const name = "log/cosigned"
	signed := func(size int64) string {
		msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(testOrigin, size, trove.Sum([]byte("another history")))}, p.signer)
		must(t, err)
		return string(msg) + witnessLine
	}
	flipped := []byte(files[name])
	flipped[bytes.IndexByte(flipped, '\n')+1] ^= 1
	for what, c := range map[string]struct {
		text  string
		class Class
	}{
		"empty":           {"", Altered},
		"a bit altered":   {string(flipped), Altered},
		"cut":             {files[name][:len(files[name])-2], Altered},
		"out of order":    {files[name] + "\n" + files[name], Altered},
		"another history": {signed(2), Altered},
		"a later one":     {files[name] + "\n" + signed(1000), Unfinished},
	} {
		altered := mapOf(files)
		altered[name].Data = []byte(c.text)
		if r := verified(t, altered, VerifyOptions{LogKey: p.key}); !names(r, name, c.class) || len(r.Findings) != 1 {
			t.Errorf("%s: %v", what, r.Findings)
		}
	}
}

// FuzzCosigned looks for a panic, and for a text that is read otherwise than
// it stands there.
func FuzzCosigned(f *testing.F) {
	p := newPress(f, 12, 6)
	f.Add([]byte(p.cosigned()["log/cosigned"]))
	f.Add([]byte("\n\n\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseCosigned(b)
		if err != nil {
			return
		}
		var notes [][]byte
		for _, c := range list {
			notes = append(notes, c.Note)
		}
		if !bytes.Equal(bytes.Join(notes, []byte("\n")), b) {
			t.Errorf("%q has another form", b)
		}
	})
}
