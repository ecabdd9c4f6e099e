package witness

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
)

// policy wants the log and the witness, as torchwood reads their keys.
func policy(t *testing.T, logKey, witnessKey string) torchwood.Policy {
	t.Helper()
	l, err := note.NewVerifier(logKey)
	must(t, err)
	w, err := torchwood.NewCosignatureVerifier(witnessKey)
	must(t, err)
	return torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(l), torchwood.SingleVerifierPolicy(w))
}

// Torchwood, the second maker, accepts what our witness signs, and nothing less.
func TestTorchwoodAcceptsOurCosignatures(t *testing.T) {
	l := newLog(t, 1, 40, never)
	s, _ := server(t, l.key)
	line, err := ask(t, s, l, 40)
	must(t, err)
	bare := l.checkpoint(40)
	cosigned := append(bytes.Clone(bare.Note), line...)
	wants := policy(t, l.key, testSigner(t).String())
	c, n, err := torchwood.VerifyCheckpoint(cosigned, wants)
	if err != nil || c.N != 40 || tlog.Hash(bare.Root) != c.Hash || len(n.Sigs) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	if at, err := torchwood.CosignatureTimestamp(n.Sigs[1]); err != nil || at != testTime.Unix() {
		t.Errorf("time %d, %v", at, err)
	}
	if _, _, err := torchwood.VerifyCheckpoint(bare.Note, wants); err == nil {
		t.Error("control: accepted without the witness")
	}
	spoilt := bytes.Clone(cosigned)
	spoilt[len(spoilt)-20] ^= 1
	if _, _, err := torchwood.VerifyCheckpoint(spoilt, wants); err == nil {
		t.Error("control: accepted with a spoilt cosignature")
	}
}

// We accept what torchwood signs, and write a key as it does.
func TestWeAcceptTorchwoodsCosignatures(t *testing.T) {
	l := newLog(t, 1, 40, never)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32))
	s, err := torchwood.NewCosignatureSigner("witness.example.org/torchwood", key)
	must(t, err)
	ours, err := NewSigner("witness.example.org/torchwood", key)
	must(t, err)
	if ours.String() != s.Verifier().String() {
		t.Fatalf("our key %s, theirs %s", ours, s.Verifier())
	}
	msg, err := note.Sign(&note.Note{Text: l.checkpoint(40).Text()}, l.signer, s)
	must(t, err)
	c, err := proof.ParseCheckpoint(msg)
	must(t, err)
	must(t, c.Verify(l.key))
	w, err := proof.ParseWitness(s.Verifier().String())
	must(t, err)
	if _, err := c.SeenBy(w); err != nil {
		t.Error(err)
	}
}
