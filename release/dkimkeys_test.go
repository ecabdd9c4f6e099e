package release_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/archive"
	"unseal/catalog"
	"unseal/evidence"
	"unseal/release"
	"unseal/translog/tiles"
	"unseal/trove"
)

// signedBy makes item k of a collection, in order of date, say that it is
// signed by the k-th of the domains.
func (d *desk) signedBy(coll trove.CollectionName, domains ...string) {
	d.Helper()
	var rows []catalog.RecordRow
	d.check(d.Catalog.Items(d.Context(), catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		rec, err := release.Record(it)
		if err != nil {
			return err
		}
		rec.Signatures = []trove.Signature{{Domain: domains[len(rows)], Selector: "S1", Result: "nokey"}}
		b, err := json.Marshal(rec)
		rows = append(rows, catalog.RecordRow{Item: it.ID, Record: b})
		return err
	}))
	d.check(d.Catalog.ReplaceRecords(d.Context(), coll, rows, editor))
}

func keyDomains(t testing.TB, dir string) (list []string) {
	t.Helper()
	for _, k := range open(t, dir).Keys().All() {
		list = append(list, k.Domain)
	}
	return list
}

// logged reports whether an entry of a short log has a digest.
func logged(t testing.TB, dir string, d trove.Digest) bool {
	t.Helper()
	name := tiles.Tile{Level: tiles.Entries}.In(open(t, dir).Checkpoint().Size).Path()
	b, err := os.ReadFile(filepath.Join(dir, "log", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, []byte(d.String()))
}

// The log keeps the digest of a keys.json that named a withdrawn sender. Who
// has seen only what is there afterwards cannot guess its name and know it.
func TestTheKeyOfAWithdrawnSenderCannotBeGuessed(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	var known []archive.SenderKey
	for _, domain := range []string{"a.example", "b.example"} {
		known = append(known, archive.SenderKey{Domain: domain, Selector: "s1", Record: "v=DKIM1; p=", Seen: []evidence.Sighting{{Where: "a drawer"}}})
	}
	d.SenderKeys = func() ([]archive.SenderKey, error) { return known, nil }
	d.ingest(mail, someItems("a", 2)...)
	d.signedBy(mail, "a.example", "b.example")
	d.commit(mail)
	d.plan(mail, 2)
	d.mustPublish(to)
	read := func() (text []byte, salt string) {
		text, err := os.ReadFile(filepath.Join(to, archive.KeysPath))
		d.check(err)
		var f struct{ Salt string }
		d.check(json.Unmarshal(text, &f))
		return text, f.Salt
	}
	old, oldSalt := read()
	d.check(d.Withdraw(t.Context(), release.Hide{Collection: mail, From: 1, To: 1, Reason: "court-order", By: editor}, release.Looked{}))
	done := d.mustPublish(to)
	now, salt := read()
	if len(salt) != 32 || salt == oldSalt || len(keyDomains(t, to)) != 1 {
		t.Fatalf("salt %s, then\n%s", oldSalt, now)
	}
	if !logged(t, to, trove.Sum(old)) { // the control: this is how a guess is checked
		t.Error("the digest of what was told before is not in the log")
	}
	for _, guess := range []string{salt, strings.Repeat("0", 32)} {
		if text := bytes.ReplaceAll(old, []byte(oldSalt), []byte(guess)); logged(t, to, trove.Sum(text)) {
			t.Errorf("a guess with the salt %s is in the log", guess)
		}
	}
	if again := d.mustPublish(to); again.LogSize != done.LogSize {
		t.Errorf("with nothing new the log has %d entries, before %d", again.LogSize, done.LogSize)
	}
	other := filepath.Join(t.TempDir(), "other")
	d.mustPublish(other)
	same(t, to, other)
}

// Readers get the keys of what is published, no more, and keep them.
func TestKeysOfPublishedMailsArePublished(t *testing.T) {
	d := newDesk(t)
	to := filepath.Join(t.TempDir(), "archive")
	key := func(domain string) archive.SenderKey {
		return archive.SenderKey{Domain: domain, Selector: "s1", Record: "v=DKIM1; p=", Seen: []evidence.Sighting{{Where: "a drawer"}}}
	}
	known := []archive.SenderKey{key("a.example"), key("b.example"), key("c.example"), key("never.example")}
	d.SenderKeys = func() ([]archive.SenderKey, error) { return known, nil }
	d.ingest(mail, someItems("a", 3)...)
	d.signedBy(mail, "a.example", "b.example", "c.example")
	d.commit(mail)
	d.plan(mail, 1)
	d.mustPublish(to, "mail@1")
	if got := keyDomains(t, to); !slices.Equal(got, []string{"a.example"}) {
		t.Errorf("after batch 1: %v", got)
	}

	d.close()
	d = openDesk(t, d.dir) // which has lost the first key, and learnt of another under its name
	other := key("a.example")
	other.Record = "v=DKIM1; p=; n=another"
	known = []archive.SenderKey{other, key("b.example")}
	d.SenderKeys = func() ([]archive.SenderKey, error) { return known, nil }
	d.mustPublish(to)
	if got := keyDomains(t, to); !slices.Equal(got, []string{"a.example", "a.example", "b.example"}) {
		t.Errorf("after all: %v", got)
	}

	known = nil // an empty folder follows what was told, not what is known now
	again := filepath.Join(t.TempDir(), "again")
	d.mustPublish(again)
	same(t, to, again)
}
