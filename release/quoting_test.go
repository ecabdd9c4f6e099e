package release_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/catalog"
	intakemail "unseal/intake/mail"
	"unseal/redact"
	"unseal/release"
	"unseal/trove"
)

// withFile is a mail with an attachment, in lines of that many bytes.
func withFile(subject, content string, line int) exhibit {
	var b strings.Builder
	fmt.Fprintf(&b, "From: a@example.org\nSubject: %s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n\nhello\n"+
		"--cut\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"f.bin\"\nContent-Transfer-Encoding: base64\n\n", subject)
	for enc := base64.StdEncoding.EncodeToString([]byte(content)); enc != ""; {
		n := min(line, len(enc))
		b.WriteString(enc[:n] + "\n")
		enc = enc[n:]
	}
	return exhibit{path: subject + ".eml", kind: trove.Mail, content: []byte(b.String() + "--cut--\n")}
}

// redactOne hides what is selected in one item, and nothing elsewhere.
func (d *desk) redactOne(number int, s redact.Selection) {
	d.Helper()
	h := release.Hide{Collection: calls, From: number, To: number, Reason: "third-party", By: editor, Only: true, Select: s}
	l, err := d.Look(d.Context(), h)
	d.check(err)
	if len(l.Items) != 1 {
		d.Fatalf("hidden in %+v", l.Items)
	}
	d.check(d.Redact(d.Context(), h, l))
}

// A file that was hidden in one mail is met in a mail that comes later, however
// it is written there, and no other file is.
func TestAHiddenFileIsMetInMailsThatComeLater(t *testing.T) {
	const secret = "\x00\x01the file that nobody may have\x02"
	d := newDesk(t)
	first := withFile("first", secret, 76)
	d.exhibits(first)
	d.commit(calls)
	d.plan(calls, 1)
	rec, _ := intakemail.Parse(first.content)
	d.redactOne(1, redact.Selection{Part: &rec.Files()[0]})
	quoting, err := d.Quoting(t.Context(), nil)
	d.check(err)
	if len(quoting) != 0 {
		t.Errorf("the mail in which it is hidden is said to hold it: %v", quoting)
	}
	d.mustPublish(filepath.Join(t.TempDir(), "archive"))
	d.exhibits(withFile("second", secret, 20), withFile("third", "\x00another file", 76))
	d.commit(calls)
	d.plan(calls, 100)
	quoting, err = d.Quoting(t.Context(), nil)
	d.check(err)
	if len(quoting) != 1 {
		t.Fatalf("quoting are %v", quoting)
	}
	it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: calls, From: quoting[0].Number, To: quoting[0].Number})
	d.check(err)
	if got, err := release.Record(&it); err != nil || got.Subject != "second.eml" {
		t.Errorf("quoting is %+v, %v", got, err)
	}
}

// A mail whose signatures were kept over what is hidden in it holds nothing in
// the open.
func TestKeptSignaturesAreNoQuotes(t *testing.T) {
	const secret = "key 4929 5512 9087 6620 1147 8839 0021 5530"
	d := newDesk(t)
	d.exhibits(exhibit{path: "signed.eml", kind: trove.Mail, content: []byte("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=from:subject; bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=AAAA\n" +
		"From: a@example.org\nSubject: plan\n\nWe meet at " + secret + ".\n")})
	d.commit(calls)
	d.plan(calls, 1)
	d.redactOne(1, redact.Selection{Words: []string{secret}, KeepSignatures: true})
	quoting, err := d.Quoting(t.Context(), nil)
	d.check(err)
	if len(quoting) != 0 {
		t.Errorf("quoting are %v", quoting)
	}
}

// The control: in a mail something else is hidden than what it quotes.
func TestWhatIsLeftOpenBesideSomethingHiddenIsAQuote(t *testing.T) {
	const secret, other = "key 4929 5512 9087 6620 1147 8839 0021 5530", "the boathouse of Quintessa Marchbanks"
	d := newDesk(t)
	for i, text := range []string{secret, "It was at " + other + ": " + secret, "It was at " + other} {
		d.exhibits(exhibit{path: fmt.Sprint(i), kind: trove.Mail, content: fmt.Appendf(nil, "Subject: %d\nContent-Transfer-Encoding: base64\n\n%s\n", i, base64.StdEncoding.EncodeToString([]byte(text)))})
	}
	d.commit(calls)
	d.plan(calls, 100)
	open := func() (texts []string) {
		quoting, err := d.Quoting(t.Context(), nil)
		d.check(err)
		for _, name := range quoting {
			it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: calls, From: name.Number, To: name.Number})
			d.check(err)
			rec, err := release.Record(&it)
			d.check(err)
			texts = append(texts, rec.Subject)
		}
		slices.Sort(texts)
		return texts
	}
	number := map[string]int{}
	d.check(d.Catalog.Items(t.Context(), catalog.Query{Collection: calls}, func(it *catalog.Item) error {
		rec, err := release.Record(it)
		number[rec.Subject] = it.Number
		return err
	}))
	d.redactOne(number["0"], redact.Selection{Words: []string{secret}})
	d.redactOne(number["1"], redact.Selection{Words: []string{other}})
	if got := open(); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("quoting are %q", got)
	}
	d.redactOne(number["1"], redact.Selection{Words: []string{secret}})
	if got := open(); !slices.Equal(got, []string{"2"}) {
		t.Errorf("with both hidden quoting are %q", got)
	}
}
