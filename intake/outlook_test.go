package intake_test

import (
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/outlook/mapi"
	"unseal/intake/outlook/pst"
	"unseal/intake/outlook/pst/psttest"
	"unseal/material"
	"unseal/trove"
)

// mailbox is a PST with one mail in a folder.
func mailbox() string {
	text := func(id mapi.ID, s string) psttest.Prop {
		return psttest.Prop{ID: id, Type: mapi.String8, Value: []byte(s)}
	}
	return string(psttest.File([]psttest.Node{
		{NID: pst.Store, Props: []psttest.Prop{text(0x3001, "store")}},
		{NID: 0x61, Props: []psttest.Prop{{ID: 3, Type: mapi.Binary}}},
		{NID: pst.RootFolder, Parent: pst.RootFolder, Props: []psttest.Prop{text(0x3001, "")}},
		{NID: 0x8022, Parent: pst.RootFolder, Props: []psttest.Prop{text(0x3001, "Inbox"), {ID: 0x3602, Type: mapi.Int32, Value: []byte{1, 0, 0, 0}}}},
		{NID: 0x200024, Parent: 0x8022, Props: []psttest.Prop{
			text(0x1a, "IPM.Note"), text(0x37, "the budget"), text(0x1000, "hello"),
			text(0x7d, "From: <anna@example.org>\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=AAAA; b=AAAA\r\n"),
		}},
	}, 0, nil))
}

// TestAFileOfOutlookBecomesReconstructedMails: a PST, alone and in a zip, gives
// one item, whose occurrences name folder and rule; no signature is called
// wrong; the file itself is kept; a second run adds nothing.
func TestAFileOfOutlookBecomesReconstructedMails(t *testing.T) {
	d := newDesk(t)
	dir := folder(t, "anna.pst", mailbox(), "all.zip", zipOf(t, "old/anna.pst", mailbox()))
	sum := d.take(dir)
	if sum.New != 1 || sum.Occurrences != 2 || len(sum.Failures) > 0 {
		t.Fatalf("%+v", sum)
	}
	var paths []string
	for _, p := range d.places(coll) {
		paths = append(paths, p.Path)
		if p.Rule != trove.Reconstructed || p.item.Kind != trove.Mail || p.item.Span.Rule != trove.Verbatim || p.rec.Subject != "the budget" || p.rec.Verdict == trove.Mismatch || p.Owner != "anna.pst" && p.Owner != "" {
			t.Errorf("%+v %+v", p.Occurrence, p.rec)
		}
	}
	if want := []string{"all.zip!/old/anna.pst!/Inbox/2097188.eml", "anna.pst!/Inbox/2097188.eml"}; !slices.Equal(slices.Sorted(slices.Values(paths)), want) {
		t.Errorf("%q", paths)
	}
	if again := d.take(dir); again.New != 0 || again.Occurrences != 0 || again.FilesDone != 2 {
		t.Errorf("%+v", again)
	}
	d.verify(coll)
}

// lockedZip holds hello.eml, encrypted by the old cipher under "geheim"; made
// with 7-Zip from a mail of our own.
const lockedZip = `UEsDBBQAAQAIAIKQdF1znHAKWwAAAF4AAAAJAAAAaGVsbG8uZW1smmxTr7hg6FSZiheLCCRpZLk2w+IRHt91Fue0fm4e9J1Da6Ag
401hbaeD+y3I46g5uwJgGm0iqYDH/HUUOc3E3Dw2i+gKXLanlNh1i7Y3GsJ57YWCfqDIkehJRlBLAQI/AxQAAQAIAIKQdF1znHAK
WwAAAF4AAAAJACQAAAAAAAAAIICkgQAAAABoZWxsby5lbWwKACAAAAAAAAEAGACUTI6GGXndAQAAAAAAAAAAAAAAAAAAAABQSwUG
AAAAAAEAAQBbAAAAggAAAAAA`

// TestPasswordsThatAreGivenAreTried opens an encrypted zip with one of them, and
// lists it without.
func TestPasswordsThatAreGivenAreTried(t *testing.T) {
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(lockedZip, "\n", ""))
	must(t, err)
	for _, passwords := range [][]string{nil, {"falsch"}, {"falsch", "geheim"}} {
		d := newDesk(t)
		d.options.Passwords = passwords
		sum := d.take(folder(t, "locked.zip", string(b)))
		right := len(passwords) == 2
		if got := d.places(coll); len(got) != 1 || right != (got[0].item.Kind == trove.Mail) || right == warned(got, "encrypted") || right != (sum.Warnings["opened-with-password"] == 1) {
			t.Errorf("passwords %q: %+v, %v", passwords, got, sum.Warnings)
		}
	}
}

// TestTheEmlxOfTheCorpora holds the mail in a file of Apple Mail against what
// truth.json says.
func TestTheEmlxOfTheCorpora(t *testing.T) {
	dir := material.Corpora(t)
	d := newDesk(t)
	d.take(filepath.Join(dir, "email-outlook", "tika-outlook", "testEMLX.emlx"))
	got := d.places(coll)
	if len(got) != 1 {
		t.Fatalf("%d items", len(got))
	}
	r := got[0].rec
	if r.Subject != "[jira] Commented: (TIKA-461) RFC822 messages not parsed" || len(r.From) != 1 || r.From[0].Addr != "jira@apache.org" ||
		r.Date.Format(time.RFC3339) != "2010-09-06T09:25:34Z" || len(r.Parts) != 1 || r.Nested != 0 || got[0].Rule != trove.Verbatim {
		t.Errorf("%+v %+v", got[0].Occurrence, r)
	}
}
