package house

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"unseal/proof"
)

// publishedDesk publishes the one item of a desk into an archive beside it.
func publishedDesk(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(filepath.Dir(dir), "archive")
	reopened(t, dir, func(d *Desk) {
		_, err := d.Catalog.PlanBatches(t.Context(), "mail", 10)
		must(t, err)
		_, err = d.Publish(t.Context(), d.Release(), nil, to, false)
		must(t, err)
	})
	return to
}

// proven writes the item of an archive and its proof into files.
func proven(t *testing.T, archived string) (item, proofFile string) {
	t.Helper()
	dir := t.TempDir()
	text, err := Proof(t.Context(), archived, "mail/1")
	must(t, err)
	a, _, err := OpenArchive(t.Context(), archived)
	must(t, err)
	defer a.Close()
	c, err := a.Collection("mail")
	must(t, err)
	b, err := c.Bytes(1)
	must(t, err)
	item, proofFile = filepath.Join(dir, "1.eml"), filepath.Join(dir, "1.proof")
	must(t, os.WriteFile(item, b, 0o600))
	must(t, os.WriteFile(proofFile, text, 0o600))
	return item, proofFile
}

func checkProven(t *testing.T, item, proofFile, key string) error {
	t.Helper()
	rep, err := VerifyFile(t.Context(), item, proofFile, key, KeySource{})
	must(t, err)
	return rep.ProofErr
}

func TestALogOnceVerifiedIsKnown(t *testing.T) {
	seed := bytes.Repeat([]byte{5}, 32)
	dir, keys := keptDesk(t, InitOptions{Seed: seed})
	first := keys.Log[0].Key
	public := publishedDesk(t, dir)
	verify := func(dir, key string) (known bool, findings int) {
		t.Helper()
		rep, err := VerifyArchive(t.Context(), dir, VerifyOptions{LogKey: key, Remember: true})
		must(t, err)
		return rep.KeyKnown, len(rep.Findings)
	}
	oldItem, oldProof := proven(t, public)
	if known, _ := verify(public, ""); known {
		t.Fatal("a log is known that nobody has told of")
	}
	if known, n := verify(public, first); !known || n > 0 {
		t.Fatal("a key that was given is not known")
	}
	reopened(t, dir, func(d *Desk) {
		_, err := d.RotateLogKey(t.Context(), "")
		must(t, err)
	})
	publishedDesk(t, dir)
	newItem, newProof := proven(t, public)
	if err := checkProven(t, newItem, newProof, first); !errors.Is(err, proof.ErrKey) || errors.Is(err, proof.ErrMismatch) {
		t.Errorf("a proof of a newer key than the one that is given: %v", err)
	}
	if known, n := verify(public, ""); !known || n > 0 {
		t.Error("the log is forgotten when its key changes")
	}
	for what, err := range map[string]error{"old": checkProven(t, oldItem, oldProof, ""), "new": checkProven(t, newItem, newProof, "")} {
		if err != nil {
			t.Errorf("the %s proof: %v", what, err)
		}
	}
	if err := checkProven(t, oldItem, newProof, ""); err != nil { // one item, two proofs
		t.Error(err)
	}
	must(t, os.WriteFile(oldItem, []byte("other"), 0o600))
	if err := checkProven(t, oldItem, oldProof, ""); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("another item: %v", err)
	}

	// A thief of the first log key begins a log of his own.
	memory := os.Getenv("XDG_CONFIG_HOME")
	own, err := newKeyPair("thief.example", bytes.Repeat([]byte{6}, 32))
	must(t, err)
	thief, forged := keptDesk(t, InitOptions{Seed: seed, ReleaseKeys: []string{own.public}})
	if forged.Log[0].Key != first || forged.LogID == keys.LogID {
		t.Fatal("not the log of a thief")
	}
	reopened(t, thief, func(d *Desk) { must(t, writeKeyPairs(d.Files, releaseKeyFile, []keyPair{own})) })
	fake := publishedDesk(t, thief)
	if known, n := verify(fake, first); !known || n > 0 {
		t.Errorf("the control: to one who knows the key alone it is good, %v, %d findings", known, n)
	}
	t.Setenv("XDG_CONFIG_HOME", memory)
	for _, given := range []string{"", first} {
		if _, n := verify(fake, given); n == 0 {
			t.Errorf("another log of the same key passes, given %q", given)
		}
	}
	if known, n := verify(public, ""); !known || n > 0 {
		t.Error("the honest log is forgotten")
	}
}
