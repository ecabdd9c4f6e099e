package site

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"unseal/archive"
	"unseal/intake/mail"
	"unseal/material"
	"unseal/trove"
)

// sameText fails if the text of a plain mail is not what intake made of it,
// and reports whether the mail is plain.
func sameText(t *testing.T, raw []byte) bool {
	t.Helper()
	rec, want := mail.Parse(raw)
	it := item{rec: archive.Record{Record: rec}}
	it.row.Size = int64(len(raw))
	if !it.isPlain() {
		return false
	}
	got, ok, err := it.decodePlain(raw)
	if err != nil {
		t.Fatal(err)
	}
	if ok && got != want {
		t.Errorf("text of %s: %q, intake has %q", rec.MessageID, head200(got), head200(want))
	}
	return ok
}

func head200(s string) string { return cutBytes(s, 200) }

func TestTextOfPlainMailIsThatOfIntake(t *testing.T) {
	plain := 0
	for _, it := range fixtureItems(t) {
		if it.kind == trove.Mail && sameText(t, it.raw) {
			plain++
		}
	}
	if plain < 30 {
		t.Errorf("only %d mails of the fixture are plain", plain)
	}
}

// TestTextOfRealPlainMailIsThatOfIntake compares thousands of real mails.
func TestTextOfRealPlainMailIsThatOfIntake(t *testing.T) {
	if testing.Short() {
		t.Skip("reads thousands of mails")
	}
	name := filepath.Join(material.Bench(t), "lists.mbox.xz")
	xz := exec.CommandContext(t.Context(), material.Program(t, "xz"), "-dc", name)
	out, err := xz.StdoutPipe()
	must(t, err)
	must(t, xz.Start())
	defer func() { _, _ = xz.Process.Kill(), xz.Wait() }() // only the beginning is read
	mbox, err := io.ReadAll(io.LimitReader(out, 24<<20))
	must(t, err)
	plain, all := 0, 0
	for raw := range bytes.SplitSeq(mbox, []byte("\n\nFrom ")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
		all++
		if sameText(t, raw) {
			plain++
		}
	}
	t.Logf("%d of %d mails are plain", plain, all)
	if all < 1000 || plain < all/2 {
		t.Errorf("only %d of %d mails are plain", plain, all)
	}
}
