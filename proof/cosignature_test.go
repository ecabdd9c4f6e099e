package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/trove"
)

// cosigned is a checkpoint of a log with the cosignature of a witness. What
// other makers' code says of such is tested in package witness.
func cosigned(tb testing.TB, at int64) (Checkpoint, Witness, ed25519.PrivateKey) {
	tb.Helper()
	signer, _ := testKey(tb, "example.org/log")
	msg, err := note.Sign(&note.Note{Text: FormatCheckpoint("example.org/log", 7, trove.Sum(nil))}, signer)
	if err != nil {
		tb.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	w, err := NewWitness("witness.example.org/w1", key.Public().(ed25519.PublicKey))
	if err != nil {
		tb.Fatal(err)
	}
	text, _, _ := strings.Cut(string(msg), "\n\n")
	c, err := ParseCheckpoint(append(msg, cosignature(w, key, at, text+"\n")...))
	if err != nil {
		tb.Fatal(err)
	}
	return c, w, key
}

func cosignature(w Witness, key ed25519.PrivateKey, at int64, text string) string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, w.ID), uint64(at))
	b = append(b, ed25519.Sign(key, CosignedText(at, text))...)
	return "— " + w.Name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

func TestACosignatureShowsWhoSawTheCheckpointAndWhen(t *testing.T) {
	c, w, _ := cosigned(t, 1679315147)
	at, err := c.SeenBy(w)
	if want := time.Unix(1679315147, 0).UTC(); err != nil || at != want {
		t.Fatalf("%v, %v, want %v", at, err, want)
	}
	if n := len(c.Signatures()); n != 2 {
		t.Errorf("%d signatures", n)
	}
	_, vkey := testKey(t, "example.org/log")
	if err := c.Verify(vkey); err != nil {
		t.Errorf("the log's own signature: %v", err)
	}
	again, err := ParseWitness(w.String())
	if err != nil || again != w {
		t.Errorf("%v, %v", again, err)
	}
	bare := c
	bare.Note = c.Note[:bytes.LastIndex(c.Note, []byte("— "))]
	if _, err := bare.SeenBy(w); !errors.Is(err, ErrUnseen) {
		t.Errorf("without the cosignature: %v", err)
	}
}

func TestNoAlteredCosignatureFits(t *testing.T) {
	c, w, key := cosigned(t, 1679315147)
	other, _ := NewWitness("witness.example.org/w2", key.Public().(ed25519.PublicKey))
	if _, err := c.SeenBy(other); !errors.Is(err, ErrUnseen) {
		t.Errorf("the same key under another name: %v", err)
	}
	sigs := c.Signatures()
	for i := range sigs[1].Bytes {
		spoilt := bytes.Clone(sigs[1].Bytes)
		spoilt[i] ^= 1
		line := base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, w.ID), spoilt...))
		altered := Checkpoint{Note: []byte(c.Text() + "\n— " + w.Name + " " + line + "\n")}
		if _, err := altered.SeenBy(w); !errors.Is(err, ErrMismatch) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
	}
	for what, text := range map[string]string{
		"another size":      strings.Replace(c.Text(), "\n7\n", "\n8\n", 1),
		"an extension line": c.Text() + "extension\n",
		"another origin":    "x" + c.Text(),
	} {
		_, block, _ := strings.Cut(string(c.Note), "\n\n")
		altered := Checkpoint{Note: []byte(text + "\n" + block)}
		if _, err := altered.SeenBy(w); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A signature of a time beyond 2^63-1, or of another form, is none.
	for _, line := range []string{cosignature(w, key, -1, c.Text()), "— " + w.Name + " " + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, w.ID)) + "AA==\n"} {
		altered := Checkpoint{Note: []byte(c.Text() + "\n" + line)}
		if at, err := altered.SeenBy(w); err == nil {
			t.Errorf("%q counts, at %v", line, at)
		}
	}
}

func TestKeysOfWitnessesAreReadInOneForm(t *testing.T) {
	_, w, _ := cosigned(t, 1)
	_, logKey := testKey(t, "example.org/log")
	good := w.String()
	for what, s := range map[string]string{
		"empty":            "",
		"a log's key":      logKey,
		"no name":          good[strings.Index(good, "+"):],
		"another name":     "x" + good,
		"another hash":     strings.Replace(good, "+", "+0", 1),
		"a short key":      good[:len(good)-4],
		"a line end":       good + "\n",
		"space in name":    "a b" + good,
		"loose bits":       good[:len(good)-1] + "=",
		"upper-case hash":  strings.Replace(good, good[strings.Index(good, "+")+1:strings.LastIndex(good, "+")], "ABCDEF01", 1),
		"one plus":         "name+00000000",
		"key with newline": good[:len(good)-8] + "\n" + good[len(good)-8:],
	} {
		if _, err := ParseWitness(s); err == nil {
			t.Errorf("%s: %q is read", what, s)
		}
	}
	if _, err := NewWitness("name", nil); err == nil {
		t.Error("a name without a key")
	}
}

// FuzzCosignature looks for a panic, and for a second form of anything.
func FuzzCosignature(f *testing.F) {
	c, w, _ := cosigned(f, 1679315147)
	f.Add(c.Note, w.String())
	f.Add([]byte("a\n1\n\n\n\n— a AAAAAAAA\n"), "a+00000000+BA==")
	f.Fuzz(func(t *testing.T, msg []byte, key string) {
		if got, err := ParseWitness(key); err == nil && got.String() != key {
			t.Errorf("%q is read as %q", key, got)
		}
		got, err := ParseCheckpoint(msg)
		if err != nil {
			return
		}
		for _, s := range got.Signatures() {
			s.StatedTime()
		}
		if _, err := got.SeenBy(w); err == nil && got.Text() != c.Text() {
			t.Errorf("a cosignature fits another checkpoint: %q", msg)
		}
	})
}
