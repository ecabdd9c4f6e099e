package release_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"unseal/archive"
	"unseal/catalog"
	"unseal/evidence"
	"unseal/release"
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
