package house

import (
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"unseal/catalog"
	"unseal/evidence/timestamp/tsatest"
	"unseal/trove"
)

// itemAt is the item at a path.
func itemAt(t testing.TB, d *Desk, path string) catalog.Item {
	t.Helper()
	var id catalog.ItemID
	err := d.Catalog.Occurrences(t.Context(), "mail", 0, func(i catalog.ItemID, o *trove.Occurrence) error {
		if o.Path == path {
			id = i
		}
		return nil
	})
	if err != nil || id == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: "mail", ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// TestAProofOfTimeDoesNotTellTheDigestOfWhatIsHeldBack mounts the attack: a
// proof that is public beside an item that is not would let anyone test
// guesses of its words against a plain digest.
func TestAProofOfTimeDoesNotTellTheDigestOfWhatIsHeldBack(t *testing.T) {
	one := letter("1", "One", "")
	sum := sha1.Sum([]byte(one))
	old := string(tsatest.New(t).Token(tsatest.Statement{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Digest: sum[:]}))
	zip := zipped(t, map[string]string{"one.eml": one})
	for name, c := range map[string]struct {
		files         map[string]string
		secret, proof string
	}{
		"by SHA-256":       {map[string]string{"one.eml": one, "x.ots": bitcoinProof(t, one)}, "one.eml", "x.ots"},
		"by SHA-1":         {map[string]string{"one.eml": one, "one.eml.tsr": old}, "one.eml", "one.eml.tsr"},
		"of the container": {map[string]string{"in.zip": zip, "in.zip.ots": bitcoinProof(t, zip)}, "in.zip!/one.eml", "in.zip.ots"},
	} {
		desk := newDesk(t)
		to := filepath.Join(filepath.Dir(desk), "archive")
		d := openDesk(t, desk, ReadWrite)
		c.files["other.eml"] = letter("2", "Two", "")
		ingest(t, d, c.files)
		r := d.Release()
		if _, err := r.Commit(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		withhold := func(path string) {
			n := itemAt(t, d, path).Number
			if err := d.Catalog.Withhold(t.Context(), "mail", n, n, "privacy", catalog.Author{Who: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		withhold(c.secret)
		if _, err := d.Catalog.PlanBatches(t.Context(), "mail", 10); err != nil {
			t.Fatal(err)
		}
		_, err := d.Publish(t.Context(), r, nil, to, false)
		if !errors.Is(err, ErrTellsDigest) || !strings.Contains(err.Error(), ItemName(ptr(itemAt(t, d, c.proof)))) {
			t.Errorf("%s: %v", name, err)
		}
		withhold(c.proof)
		if _, err := d.Publish(t.Context(), r, nil, to, false); err != nil {
			t.Errorf("%s, with the proof withheld: %v", name, err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestAProofOfTimeThatIsOutKeepsARedactionFromBeingPublished(t *testing.T) {
	desk := newDesk(t)
	to := filepath.Join(filepath.Dir(desk), "archive")
	d := openDesk(t, desk, ReadWrite)
	ingest(t, d, map[string]string{"one.eml": letter("1", "One", ""), "one.eml.ots": bitcoinProof(t, letter("1", "One", ""))})
	r := d.Release()
	if _, err := r.Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Catalog.PlanBatches(t.Context(), "mail", 10); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Publish(t.Context(), r, nil, to, false); err != nil {
		t.Fatal(err)
	}
	rows := []catalog.Redaction{{Item: itemAt(t, d, "one.eml").ID, Reason: "privacy", Spec: "{}"}}
	if err := d.Catalog.Redact(t.Context(), "mail", rows, catalog.Author{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Publish(t.Context(), r, nil, to, false); !errors.Is(err, ErrTellsDigest) {
		t.Errorf("%v", err)
	}
}
