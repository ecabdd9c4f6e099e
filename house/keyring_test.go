package house

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/proof"
	"unseal/release"
	"unseal/translog"
)

// keptDesk is a desk with something committed to, and its keys.
func keptDesk(t *testing.T, o InitOptions) (string, OurKeys) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := filepath.Join(t.TempDir(), "desk")
	o.Origin = "test.example/keys"
	_, keys, err := InitDesk(t.Context(), dir, o)
	must(t, err)
	d, err := OpenDesk(t.Context(), dir, ReadWrite)
	must(t, err)
	ingest(t, d, map[string]string{"a.eml": "From: a@example.org\n\nquay\n"})
	_, err = d.Release().Commit(t.Context(), "mail")
	must(t, err)
	must(t, d.Close())
	return dir, keys
}

// reopened opens the desk for writing and closes it after fn.
func reopened(t *testing.T, dir string, fn func(d *Desk)) {
	t.Helper()
	d, err := OpenDesk(t.Context(), dir, ReadWrite)
	must(t, err)
	fn(d)
	must(t, d.Close())
}

func TestKeysAreApartAndDoNotFollowFromOneAnother(t *testing.T) {
	dir, keys := keptDesk(t, InitOptions{})
	other, _ := keptDesk(t, InitOptions{})
	if len(keys.Release) != 1 || keys.Quorum != 1 || keys.Recovery == "" || len(keys.Log) != 1 {
		t.Fatalf("%+v", keys)
	}
	seen := map[string]bool{}
	for _, d := range []string{dir, other} {
		for _, file := range []string{logKeyFile, releaseKeyFile, recoveryKeyFile} {
			p, err := readKey(filepath.Join(d, file))
			must(t, err)
			if seen[p.private] || seen[p.public] {
				t.Errorf("%s is a key that is elsewhere too", file)
			}
			seen[p.private], seen[p.public] = true, true
		}
	}
	demo := func() OurKeys {
		_, k := keptDesk(t, InitOptions{Seed: bytes.Repeat([]byte{1}, 32)})
		return k
	}
	if a, b := demo(), demo(); a.LogID != b.LogID || a.LogID == keys.LogID {
		t.Error("the keys of a demonstration are not the same each time")
	}
}

func TestReadersFollowTheLogKey(t *testing.T) {
	dir, keys := keptDesk(t, InitOptions{})
	first := keys.Log[0].Key
	before, err := os.ReadFile(filepath.Join(dir, "log/log/checkpoint"))
	must(t, err)
	old := filepath.Join(t.TempDir(), "before")
	must(t, os.WriteFile(old, before, 0o600))

	var second string
	reopened(t, dir, func(d *Desk) {
		second, err = d.RotateLogKey(t.Context(), "")
		must(t, err)
	})
	reopened(t, dir, func(d *Desk) {
		if d.LogKey != second {
			t.Errorf("the desk names %s", d.LogKey)
		}
		k, err := d.OurKeys()
		must(t, err)
		if len(k.Log) != 2 || k.Log[1].Key != second || k.Log[1].Recovery || !k.Here[first] || !k.Here[second] {
			t.Errorf("%+v", k)
		}
	})
	// A folder with the log alone, as a reader has it.
	root := filepath.Join(dir, logDir)
	for _, known := range []string{first, second, keys.LogID.String()} {
		l, err := OpenLog(root, known)
		if err != nil || l.Key != second || !l.KeyKnown {
			t.Errorf("who knows %s: %v", known, err)
		}
		r, err := Relate(root, old, filepath.Join(root, "log/checkpoint"), known)
		if err != nil || r.Kind != Prefix || !r.KeyKnown {
			t.Errorf("who knows %s: %v, %+v", known, err, r)
		}
		r, err = Relate(root, old, old, known)
		if err != nil || r.Kind != SameState {
			t.Errorf("who knows %s compares one state with itself: %v", known, err)
		}
	}
	_, stranger, err := signerKey("test.example/keys", bytes.Repeat([]byte{9}, 32))
	must(t, err)
	for _, unknown := range []string{stranger, strings.Repeat("ab", 32)} {
		if _, err := OpenLog(root, unknown); !errors.Is(err, proof.ErrMismatch) {
			t.Errorf("who knows %s: %v", unknown, err)
		}
	}
}

// TestAStoppedChangeOfKeysGoesOn begins where a stop may have left it.
func TestAStoppedChangeOfKeysGoesOn(t *testing.T) {
	dir, _ := keptDesk(t, InitOptions{})
	// The log has the new key, and readers are not told.
	var key string
	reopened(t, dir, func(d *Desk) {
		told, err := os.ReadFile(filepath.Join(dir, logPublicFile))
		must(t, err)
		key, err = d.RotateLogKey(t.Context(), "")
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, logPublicFile), told, 0o600))
	})
	reopened(t, dir, func(d *Desk) {
		again, err := d.RotateLogKey(t.Context(), "")
		if err != nil || again != key {
			t.Errorf("goes on with %s, %v", again, err)
		}
	})
	// The new key was made, and no more.
	reopened(t, dir, func(d *Desk) {
		p, err := newKeyPair("test.example/keys", randomSeed())
		must(t, err)
		must(t, writeKeyPairs(d.Files, logKeyFile, append(d.logKeys, p)))
		key = p.public
	})
	reopened(t, dir, func(d *Desk) {
		again, err := d.RotateLogKey(t.Context(), "")
		if err != nil || again != key {
			t.Errorf("goes on with %s, %v", again, err)
		}
	})
	// The same with the desk's own release key; with two, that of the file's end.
	reopened(t, dir, func(d *Desk) {
		next, err := d.nextReleaseKey(mustState(t, d))
		must(t, err)
		key = next[0]
	})
	reopened(t, dir, func(d *Desk) {
		keys, quorum, err := d.RotateReleaseKeys(t.Context(), nil, 0, "")
		if err != nil || quorum != 1 || keys[0] != key || len(d.releaseKeys) != 1 {
			t.Errorf("goes on with %v, %d, %v", keys, quorum, err)
		}
	})
	reopened(t, dir, func(d *Desk) {
		if len(d.releaseKeys) != 1 || d.releaseKeys[0].public != key {
			t.Errorf("%d release keys are kept", len(d.releaseKeys))
		}
	})
}

func mustState(t *testing.T, d *Desk) *translog.State {
	t.Helper()
	s, err := d.logState()
	must(t, err)
	return s
}

// TestALostReleaseKeyIsReplacedByTheRecoveryKey, and by no other.
func TestALostReleaseKeyIsReplacedByTheRecoveryKey(t *testing.T) {
	dir, keys := keptDesk(t, InitOptions{})
	must(t, os.Remove(filepath.Join(dir, releaseKeyFile)))
	reopened(t, dir, func(d *Desk) {
		_, _, err := d.RotateReleaseKeys(t.Context(), nil, 0, "")
		if u, ok := errors.AsType[*release.UnsignedError](err); !ok || u.Have != 0 {
			t.Errorf("without a key: %v", err)
		}
	})
	reopened(t, dir, func(d *Desk) {
		_, _, err := d.RotateReleaseKeys(t.Context(), nil, 0, filepath.Join(dir, logKeyFile))
		if !errors.Is(err, ErrWrongKey) {
			t.Errorf("by the log key: %v", err)
		}
		next, _, err := d.RotateReleaseKeys(t.Context(), nil, 0, filepath.Join(dir, recoveryKeyFile))
		if err != nil || next[0] == keys.Release[0] {
			t.Errorf("by the recovery key: %v, %v", next, err)
		}
	})
}

func TestKeyFilesAreReadWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	a, err := newKeyPair("a.example", bytes.Repeat([]byte{1}, 32))
	must(t, err)
	b, err := newKeyPair("a.example", bytes.Repeat([]byte{2}, 32))
	must(t, err)
	for what, text := range map[string]string{
		"empty":          "",
		"half":           a.private + "\n",
		"other half":     a.private + "\n" + b.public + "\n",
		"public alone":   a.public + "\n" + a.public + "\n",
		"cut":            a.private[:20] + "\n" + a.public + "\n",
		"one and a half": a.private + "\n" + a.public + "\n" + b.private + "\n",
	} {
		file := filepath.Join(dir, "key")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		if _, err := readKeyPairs(file); err == nil || strings.Contains(err.Error(), a.private) {
			t.Errorf("%s: %v", what, err)
		}
	}
	file := filepath.Join(dir, "two")
	must(t, os.WriteFile(file, []byte(a.private+"\n"+a.public+"\n"+b.private+"\n"+b.public+"\n"), 0o600))
	if pairs, err := readKeyPairs(file); err != nil || len(pairs) != 2 {
		t.Errorf("two keys: %v", err)
	}
	if _, err := readKey(file); !errors.Is(err, ErrWrongKey) {
		t.Errorf("two keys where one is wanted: %v", err)
	}
}

// TestOnlyRequestsAreSigned: a key signs no text that says something else.
func TestOnlyRequestsAreSigned(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "request")
	batch := translog.Batch{Batch: 1, Collection: "mail", Edition: 1, Items: 3}
	good := translog.Text(batch) + "\n"
	key := filepath.Join(dir, "key")
	_, err := NewKey(key, "ada.example.org")
	must(t, err)
	for what, text := range map[string]string{
		"checkpoint":         proof.FormatCheckpoint("test.example/log", 3, [32]byte{}) + "\n",
		"an item":            string(proof.Item{Batch: 1, Collection: "mail", Edition: 1, Number: 1}.Append(nil)) + "\n\n",
		"tombstone":          string(translog.Tombstone{Collection: "mail", Number: 1, Reason: "x"}.Append(nil)) + "\n\n",
		"signed within":      string(translog.AddSignatures(batch, "a b").Append(nil)) + "\n\n",
		"two lines":          translog.Text(batch) + "more\n\n",
		"without line end":   translog.Text(batch),
		"nothing":            "",
		"not canonical JSON": " " + good,
	} {
		must(t, os.WriteFile(file, []byte(text), 0o600))
		if r, err := ReadRequest(file); err == nil {
			t.Errorf("%s: %+v", what, r)
		}
	}
	must(t, os.WriteFile(file, []byte(good), 0o600))
	r, err := ReadRequest(file)
	must(t, err)
	line, err := r.Sign(key)
	must(t, err)
	if b, err := os.ReadFile(file); err != nil || string(b) != good+line {
		t.Errorf("%q, %v", b, err)
	}
}
