package proof

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"testing"

	"unseal/trove"
)

// disclosure is the number of mails of the largest public disclosure that we
// measure on.
const disclosure = 76_487

// cosign adds the cosignature of a witness to the checkpoint of a proof.
func cosign(tb testing.TB, f *File) {
	tb.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	w, err := NewWitness("witness.example.org/w1", key.Public().(ed25519.PublicKey))
	if err != nil {
		tb.Fatal(err)
	}
	line := cosignature(w, key, 1679315147, f.Checkpoint.Text())
	if f.Checkpoint, err = ParseCheckpoint(append(bytes.Clone(f.Checkpoint.Note), line...)); err != nil {
		tb.Fatal(err)
	}
}

// The proof file of a mail among 76,487 has at most 3,000 bytes with one
// witness: for the longest paths, in a supplement, and at either end of the log.
func TestProofFileOfALargeCollectionIsSmall(t *testing.T) {
	for _, number := range []int{1, 60_001, disclosure} {
		f, _ := testProof(t, disclosure, number, testContent)
		f.Commitment.Previous = trove.Sum([]byte("the root before"))
		f, key := testLog(t, f, disclosure+100)
		cosign(t, f)
		text := f.Format()
		t.Logf("number %d: paths of %d, %d and %d hashes, %d bytes", number, len(f.ItemPath), len(f.CommitmentPath), len(f.Place), len(text))
		if len(text) > 3000 {
			t.Errorf("number %d: proof file of %d bytes, want at most 3,000", number, len(text))
		}
		back, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(back, testContent, key); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkVerify checks a proof file among 76,487 items: the file is read, the
// mail hashed, the paths climbed and the signature of the log judged. The time
// goes with the number of segments: here one in 7 bytes; mails of lists with
// 100 kB have one in 9, the densest English one in 5.
func BenchmarkVerify(b *testing.B) {
	for _, kB := range []int{1, 10, 100} {
		content := bytes.Repeat([]byte("Harbour engineers reported movement of the western quay wall\r\n"), kB*1000/62)
		f, key := testProof(b, disclosure, 60_001, content)
		cosign(b, f)
		b.Run(fmt.Sprintf("%dkB", kB), func(b *testing.B) { benchmarkVerify(b, f.Format(), content, key) })

		s := testSecret.Item("mail", 60_001)
		shown, r, _, err := Redact(s, Seed{1}, content, []Cut{{From: 100, To: 110}, {From: int64(len(content) / 2), To: int64(len(content)/2 + 5)}}, nil)
		if err != nil {
			b.Fatal(err)
		}
		f.Seed, f.Salt, f.Redacted, f.Item.Shown = Seed{}, Seed{}, &r, Salted(r.Salt, shown)
		f, key = testLog(b, f, disclosure+10)
		cosign(b, f)
		b.Run(fmt.Sprintf("redacted/%dkB", kB), func(b *testing.B) { benchmarkVerify(b, f.Format(), shown, key) })
	}
}

func benchmarkVerify(b *testing.B, text, content []byte, key string) {
	b.ReportAllocs()
	b.ReportMetric(float64(len(text)), "proof-bytes")
	for b.Loop() {
		f, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Verify(f, content, key); err != nil {
			b.Fatal(err)
		}
	}
}
