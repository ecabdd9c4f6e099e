package house

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"unseal/catalog"
	"unseal/evidence/opentimestamps"
	"unseal/evidence/timestamp"
	"unseal/evidence/timestamp/tsatest"
	"unseal/release"
	"unseal/trove"
)

// timesOf maps each path of the collection to what is told of time there, as
// type, result and of what.
func timesOf(t testing.TB, d *Desk) map[string][]string {
	t.Helper()
	records := map[catalog.ItemID]*trove.Record{}
	err := d.Catalog.Items(t.Context(), catalog.Query{Collection: "mail"}, func(it *catalog.Item) (err error) {
		records[it.ID], err = release.Record(it)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	err = d.Catalog.Occurrences(t.Context(), "mail", 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		for _, s := range records[id].Others {
			of, _, _ := strings.Cut(s.Of, ":")
			told[o.Path] = append(told[o.Path], strings.TrimSpace(string(s.Type)+" "+s.Result+" "+of))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// bitcoinProof leads from bytes to block 7 in one step.
func bitcoinProof(t testing.TB, b string) string {
	t.Helper()
	sum := trove.Sum([]byte(b))
	p := opentimestamps.New(sum)
	if _, err := p.Extend(sum[:], []byte("\x08\x00\x05\x88\x96\x0d\x73\xd7\x19\x01\x01\x07")); err != nil {
		t.Fatal(err)
	}
	return string(p.Bytes())
}

func zipped(t testing.TB, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range members {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestProofsOfTimeThatCameWithTheMaterialAreToldOfItsItems(t *testing.T) {
	a := tsatest.New(t)
	stamped := func(b string) string {
		sum := trove.Sum([]byte(b))
		return string(tsatest.Response(t, a.Token(tsatest.Statement{Digest: sum[:]})))
	}
	sum := sha1.Sum([]byte("plan"))
	old := string(a.Token(tsatest.Statement{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Digest: sum[:]}))
	mailOne, mailTwo := letter("1", "One", ""), letter("2", "Two", "")
	box := "From a Mon Jan  5 10:00:00 2015\n" + letter("3", "Three", "") + "\nFrom a Mon Jan  5 10:00:00 2015\n" + letter("4", "Four", "")
	d := openDesk(t, newDesk(t), ReadWrite)
	dir := ingest(t, d, map[string]string{
		"one.eml": mailOne, "one.eml.ots": bitcoinProof(t, mailOne), // beside it
		"two.eml": mailTwo, "elsewhere.bin": stamped(mailTwo), // under another name
		"box.mbox": box, "box.mbox.tsr": stamped(box), // of a file with two items
		"plan.txt": "plan", "plan.txt.tst": old, // by SHA-1, so only by name
		"other.txt": "changed", "other.txt.ots": bitcoinProof(t, "as it was"), // of other bytes
		"in.zip":   zipped(t, map[string]string{"doc.txt": "doc", "doc.txt.ots": bitcoinProof(t, "doc"), "lost.ots": bitcoinProof(t, "nowhere")}),
		"fake.ots": "\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94 damaged",
	})
	want := map[string][]string{
		"one.eml": {"opentimestamps nokey"}, "one.eml.ots": {"opentimestamps nokey sha256"},
		"two.eml": {"rfc3161 pass"}, "elsewhere.bin": {"rfc3161 pass sha256"},
		"box.mbox":     {"rfc3161 pass the file it came in", "rfc3161 pass the file it came in"},
		"box.mbox.tsr": {"rfc3161 pass sha256"},
		"plan.txt":     {"rfc3161 pass"}, "plan.txt.tst": {"rfc3161 pass sha1"},
		"other.txt": {"opentimestamps fail"}, "other.txt.ots": {"opentimestamps nokey sha256"},
		"in.zip!/doc.txt": {"opentimestamps nokey"}, "in.zip!/doc.txt.ots": {"opentimestamps nokey sha256"}, "in.zip!/lost.ots": {"opentimestamps nokey sha256"},
	}
	if got := timesOf(t, d); !reflect.DeepEqual(got, want) {
		t.Errorf("told %v\nwant %v", got, want)
	}
	before, err := d.Catalog.Decisions(t.Context(), "mail")
	if err != nil {
		t.Fatal(err)
	}
	take(t, d, dir)
	if after, err := d.Catalog.Decisions(t.Context(), "mail"); err != nil || len(after) != len(before) {
		t.Errorf("the same again is %d decisions, %v; it was %d", len(after), err, len(before))
	}
	knowAuthority(t, d, a)
	take(t, d, dir)
	if cause := causeOf(t, d, mailTwo); cause != "certificate issued under Test Time Root, which was given for the check" {
		t.Errorf("with the authority known: %q", cause)
	}
	// Judging mails again leaves what was told of time.
	if _, err := d.Judge(t.Context(), JudgeOptions{Changed: func(Judged) error { return nil }, Progress: func(_, _ int64) {}}); err != nil {
		t.Fatal(err)
	}
	if got := timesOf(t, d); !reflect.DeepEqual(got, want) {
		t.Errorf("after judging %v", got)
	}
}

func knowAuthority(t testing.TB, d *Desk, a *tsatest.Authority) {
	t.Helper()
	dir := filepath.Join(d.Dir, peopleDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Certificate.Raw})
	if err := os.WriteFile(filepath.Join(dir, "tsa.pem"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func causeOf(t testing.TB, d *Desk, content string) string {
	t.Helper()
	it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: "mail", SHA256: trove.Sum([]byte(content))})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := release.Record(&it)
	if err != nil || len(rec.Others) != 1 {
		t.Fatalf("%v, %+v", err, rec)
	}
	return rec.Others[0].Cause
}

func TestAProofOfTimeThatGoesTakesWhatItToldWithIt(t *testing.T) {
	d := openDesk(t, newDesk(t), ReadWrite)
	ingest(t, d, map[string]string{"one.eml": letter("1", "One", "")})
	dir := ingest(t, d, map[string]string{"one.ots": bitcoinProof(t, letter("1", "One", "")), "letter.txt": "a file"})
	if got := timesOf(t, d); len(got["one.eml"]) != 1 {
		t.Fatalf("told %v", got)
	}
	if err := d.ExcludeTrove(t.Context(), "mail", dir, catalog.Author{Who: "test", Why: "not ours"}); err != nil {
		t.Fatal(err)
	}
	if got := timesOf(t, d); len(got["one.eml"]) != 0 {
		t.Errorf("told %v", got)
	}
}

// TestOnlyAProofIsReadAsOne: a mail is never taken for a proof, whatever it holds.
func TestOnlyAProofIsReadAsOne(t *testing.T) {
	for _, b := range []string{letter("1", "One", ""), "", "\x30\x82 1.2.840"} {
		if timestamp.Is([]byte(b)) || opentimestamps.Is([]byte(b)) {
			t.Errorf("%q looks like a proof", b)
		}
		if rec := new(peopleKeys).readProof([]byte(b)); len(rec.Others) > 0 {
			t.Errorf("%q is read as a proof: %+v", b, rec)
		}
	}
}
