package site

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"unseal/archive"
	"unseal/evidence"
	"unseal/evidence/keyfile"
	"unseal/evidence/known"
	"unseal/intake/mail"
	"unseal/material"
	"unseal/proof"
	"unseal/trove"
)

// mailSite publishes mails as numbers 1 to n of one batch, judged with keys that
// it publishes too; without keys they are judged with those of the program.
func mailSite(t testing.TB, keys *evidence.Keys, mails ...[]byte) *fixtureSite {
	t.Helper()
	f := &fixtureSite{dir: t.TempDir()}
	w, vkey := newTestWriter(t, f.dir)
	f.logKey = vkey
	p := publisher{t: t, w: w, coll: "mail", colls: []archive.CollectionInfo{{Name: "mail", Title: "Mail"}}}
	items := make([]fixtureItem, len(mails)+1)
	for i, raw := range mails {
		items[i+1] = fixtureItem{raw: raw, kind: trove.Mail}
	}
	for _, k := range keys.All() {
		p.keys = append(p.keys, *k)
	}
	published := time.Date(2016, 10, 7, 9, 0, 0, 0, time.UTC)
	p.make = func(n int) (archive.Record, string) {
		rec := archive.Record{Opening: p.openings[n-1]}
		var text string
		rec.Record, text = mail.Parse(items[n].raw)
		judge := keys
		if judge == nil {
			judge = known.Keys()
		}
		evidence.Examine(items[n].raw, judge, published).Fill(&rec.Record)
		return rec, text
	}
	p.commit("mail", items)
	p.batch(1, 1, len(mails))
	f.open(t)
	return f
}

// textOf is what a reader sees of the parts of a page that a function accepts,
// with runs of white space as one space.
func textOf(t testing.TB, body string, accept func(*html.Node) bool) string {
	t.Helper()
	var b strings.Builder
	for n := range parsePage(t, body).Descendants() {
		if n.Type != html.ElementNode || !accept(n) {
			continue
		}
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			} else if d.Type == html.ElementNode && blocks[d.Data] {
				b.WriteByte(' ')
			}
		}
		b.WriteByte(' ')
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// blocks are elements before which a reader sees a gap.
var blocks = map[string]bool{"dd": true, "dt": true, "dl": true, "p": true, "li": true, "br": true, "small": true, "td": true, "th": true, "h2": true, "h3": true, "summary": true, "pre": true}

// section accepts the section that the heading of that id names.
func sectionOf(id string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == "section" && attribute(n, "aria-labelledby") == id }
}

// panelOf is what the panel of a page says.
func panelOf(t testing.TB, body string) string { return textOf(t, body, sectionOf("verify")) }

// signedMails are mails with a signature of every kind, and their keys. Mails
// are numbered from 1 as their names stand here.
var signedNames = []string{"plain", "another", "ed25519", "partial", "changed", "header", "unknown", "ambiguous"}

func signedMails(t testing.TB) (*evidence.Keys, [][]byte) {
	t.Helper()
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	own := &testSigner{domain: "example.org", selector: "s1", rsa: testRSA()}
	list := &testSigner{domain: "lists.example.net", selector: "bare", rsa: testRSA()}
	ed := &testSigner{domain: "example.org", selector: "ed", ed: edKey}
	text := func(n int) []byte {
		return []byte(mailText(fmt.Sprint("signed", n), "Words of a server", n, []string{"Cc: Third <third@example.org>"}, textPlain, "Signed words of the body.\nSecond line.\n"))
	}
	partial := *own
	partial.tags = "l=14; "
	mails := [][]byte{own.sign(t, text(1)), list.sign(t, text(2)), ed.sign(t, text(3)), partial.sign(t, text(4)), own.sign(t, text(5)), own.sign(t, text(6)),
		(&testSigner{domain: "gone.example", selector: "x", rsa: testRSA()}).sign(t, text(7)), own.sign(t, text(8))}
	mails[4] = []byte(strings.Replace(string(mails[4]), "Second line", "Other words", 1))
	mails[5] = []byte(strings.Replace(string(mails[5]), "Words of a server", "Words of a forger", 1))
	mails[7] = append([]byte("Subject: a second one\r\n"), mails[7]...)
	return testKeys(t, own, list, ed), mails
}

func TestThePanelSaysWhatWasShownAndWhatNot(t *testing.T) {
	keys, mails := signedMails(t)
	f := mailSite(t, keys, mails...)
	for name, says := range map[string][]string{
		"plain": {"Signature valid with kept key: example.org", "Checked again for this page, with the keys that this archive publishes.", "Signed by example.org · valid",
			"Key s1, rsa-sha256 · 2,048 bits. Kept copy: a friend's notebook, 3 Feb 2016. Kept copy: keys.example/list.",
			"Covers From, To, Subject, Date, the whole body", "Does not cover Message-Id, Mime-Version, Content-Type, Cc",
			"Commitment Number 1 of 8. All were fixed on 1 Sep 2016, 00:00 UTC, before the first batch.", "Log Entry 3 of ", "counted from 0",
			"None has cosigned the log with this entry in it.", "Published in Batch 1 · 7 Oct 2016, 09:00 UTC. Time stated by the publisher.",
			"That what it says is true.", "not of a person", "chosen or left out before the commitment"},
		"another":   {"Signature valid with kept key: lists.example.net", "Another domain than the sender's signed it"},
		"ed25519":   {"Signature valid with kept key", "ed25519-sha256 · 256 bits"},
		"partial":   {"the first 14 of 41 bytes of the body", "the last 27 bytes of the body, which may have been appended", "Partial body: only its beginning is covered"},
		"changed":   {"Does not match: body", "The header fields are as signed; the body is not.", "This alone does not say that anyone forged it"},
		"header":    {"Does not match: header", "Made with this key, but over other header fields."},
		"unknown":   {"Cannot check", "gone.example · key not known", "No copy of the key is known."},
		"ambiguous": {"Ambiguous headers: a field such as From or Subject stands twice", "Does not cover Subject"},
	} {
		n := 1 + slices.Index(signedNames, name)
		for _, path := range []string{fmt.Sprintf("/c/mail/%d", n), fmt.Sprintf("/c/mail/%d/verify", n)} {
			w := f.get(t, path)
			checkPage(t, path, w)
			said := panelOf(t, w.Body.String())
			if strings.HasSuffix(path, "/verify") {
				said += " " + textOf(t, w.Body.String(), sectionOf("not"))
			}
			for _, want := range says {
				if !strings.Contains(strings.ToLower(said), strings.ToLower(want)) {
					t.Errorf("%s (%s) does not say %q, but:\n%s", path, name, want, said)
				}
			}
		}
	}
}

// TestThePanelSaysWhereThePageDisagreesWithTheRecord publishes what this page
// cannot find again, as a publisher with keys of his own does.
func TestThePanelSaysWhereThePageDisagreesWithTheRecord(t *testing.T) {
	keys, mails := signedMails(t)
	f := mailSite(t, keys, mails...)
	f.site.keys, f.site.keysOurs, f.site.judged = known.Keys(), true, judgements{}
	said := panelOf(t, f.page(t, "/c/mail/1"))
	for _, want := range []string{"Signature valid with kept key", "As the publisher's record states it.", "This page, with the keys that are built into the program, finds: Cannot check."} {
		if !strings.Contains(said, want) {
			t.Errorf("the panel does not say %q, but:\n%s", want, said)
		}
	}
	for _, not := range []string{"Checked again", "Kept copy"} {
		if strings.Contains(said, not) {
			t.Errorf("the panel says %q:\n%s", not, said)
		}
	}
}

func TestThePanelAsJSONSaysTheSame(t *testing.T) {
	keys, mails := signedMails(t)
	f := mailSite(t, keys, mails...)
	var got verifyJSON
	must(t, json.Unmarshal([]byte(f.page(t, "/c/mail/4/verify.json")), &got))
	if got.Name != "mail/4" || got.Verdict != trove.KeptKey || !got.Checked || got.Found != trove.KeptKey || got.Keys != "archive" || len(got.Signatures) != 1 {
		t.Fatalf("%+v", got)
	}
	sig := got.Signatures[0]
	if sig.BodyCovered != 14 || sig.BodyLength != 41 || sig.KeyBits != 2048 || len(sig.KeySeen) != 2 || sig.Cause != "partial body" || len(sig.NotCovered) == 0 {
		t.Errorf("%+v", sig)
	}
	if got.LogIndex == 0 || got.LogSize <= got.LogIndex || got.CommittedAt.IsZero() || got.ProofURL != "/c/mail/4.proof" {
		t.Errorf("%+v", got)
	}
}

// TestWitnessesStandInThePanelAsStated adds cosignatures, whose keys no page
// knows, to the checkpoint and to an earlier one.
func TestWitnessesStandInThePanelAsStated(t *testing.T) {
	f := mailSite(t, nil, []byte(mailText("w", "Seen", 1, nil, textPlain, "Words.\n")))
	checkpoint := f.dir + "/log/checkpoint"
	b, err := os.ReadFile(checkpoint)
	must(t, err)
	must(t, os.WriteFile(checkpoint, append(b, cosignatureLine(t, "witness.example/w1", time.Date(2016, 10, 8, 10, 0, 0, 0, time.UTC), string(b))...), 0o644))
	f.open(t)
	said := panelOf(t, f.page(t, "/c/mail/1"))
	if want := "Witnesses witness.example/w1, 8 Oct 2016, 10:00 UTC Stated; their keys are not known to this page."; !strings.Contains(said, want) {
		t.Errorf("the panel does not say %q, but:\n%s", want, said)
	}
}

// cosignatureLine is a witness's line below a checkpoint (c2sp.org/tlog-cosignature).
func cosignatureLine(t testing.TB, name string, at time.Time, checkpoint string) string {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	id := sha256.Sum256(append([]byte(name+"\n\x04"), public...))
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	sig := ed25519.Sign(key, proof.CosignedText(at.Unix(), text+"\n"))
	b := append(binary.BigEndian.AppendUint64(id[:4:4], uint64(at.Unix())), sig...)
	return "— " + name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// realSite publishes every signed mail of the corpora, judged with the keys
// kept beside them, and says which number is which file.
func realSite(t *testing.T) (*fixtureSite, map[string]int) {
	t.Helper()
	dir := material.Corpora(t)
	truth := material.Truth[struct {
		Type string
		DKIM []struct{ D string }
	}](t, "")
	var mails [][]byte
	number := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(truth)) {
		if file := truth[path]; file.Type != "eml" || len(file.DKIM) == 0 {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		must(t, err)
		mails = append(mails, raw)
		number[path] = len(mails)
	}
	list := filepath.Join(dir, "email-dkim", "keys", "keys.json")
	b, err := os.ReadFile(list)
	must(t, err)
	found, _ := keyfile.Parse(b, "keys.json of the corpora")
	keys := new(evidence.Keys)
	for _, k := range found {
		keys.Add(k)
	}
	return mailSite(t, keys, mails...), number
}

// TestRealMailsShowTheirStateOnTheirPage is line 2 of the issue: real mails of
// at least ten domains are valid on their pages, and the two Gmail mails that
// were edited by hand do not match.
func TestRealMailsShowTheirStateOnTheirPage(t *testing.T) {
	f, number := realSite(t)
	edited := []string{"tika-mail/testRFC822_normal_zip", "tika-mail/testRFC822_encrypted_zip"}
	valid := map[string]string{}
	tag := regexp.MustCompile(`^Signature valid( with kept key)?: (\S+)$`)
	found := 0
	for path, n := range number {
		body := f.page(t, fmt.Sprintf("/c/mail/%d", n))
		state := textOf(t, body, func(n *html.Node) bool {
			return strings.HasPrefix(attribute(n, "class"), "tag ") && n.Parent.Parent.Data == "main"
		})
		if m := tag.FindStringSubmatch(state); m != nil && !strings.HasSuffix(m[2], "example.com") {
			valid[m[2]] = path
			if !strings.Contains(panelOf(t, body), "Checked again") {
				t.Errorf("%s: its state is not checked again", path)
			}
		}
		for _, e := range edited {
			if !strings.Contains(path, e) {
				continue
			}
			if found++; state != "Does not match: body" {
				t.Errorf("%s, edited by hand, shows %q", path, state)
			}
		}
	}
	t.Logf("%d mails, valid of %d domains: %v", len(number), len(valid), valid)
	if len(valid) < 10 {
		t.Errorf("valid mails of %d domains, want 10", len(valid))
	}
	if found != len(edited) {
		t.Errorf("%d of the %d edited mails were looked at", found, len(edited))
	}
}

// TestAPanelStaysWithinThePageWhateverAMailHolds signs the widest mail there is
// several times, with keys that were seen in many places, and many field names.
func TestAPanelStaysWithinThePageWhateverAMailHolds(t *testing.T) {
	raw := []byte(wideMail())
	for i := range 40 {
		raw = append(fmt.Appendf(nil, "X-%s-%d: <b>\r\n", strings.Repeat("Long-Name", 12), i), raw...)
	}
	key := evidence.Key{Note: strings.Repeat("n", 300)}
	for i := range 30 {
		key.Seen = append(key.Seen, evidence.Sighting{Where: fmt.Sprintf("%d %s", i, strings.Repeat("<&>", 200)), When: time.Date(2016, 1, 1+i, 0, 0, 0, 0, time.UTC)})
	}
	keys := new(evidence.Keys)
	for i := range 8 {
		s := &testSigner{domain: strings.Repeat("a.", 100) + "example.org", selector: fmt.Sprint("s", i), rsa: testRSA(), headers: "from:date:message-id:mime-version:content-type", tags: "l=14; "}
		raw = s.sign(t, raw)
		key.Domain, key.Selector, key.Record = s.domain, s.selector, s.record(t, false)
		keys.Add(key)
	}
	f := mailSite(t, keys, raw)
	for _, path := range []string{"/c/mail/1", "/c/mail/1/verify", "/keys"} {
		w := f.get(t, path)
		t.Logf("%s: %d bytes with style sheet", path, w.Body.Len()+len(styleSheet))
		checkPage(t, path, w)
	}
	if said := panelOf(t, f.page(t, "/c/mail/1")); !strings.Contains(said, "Signature valid with kept key") || !strings.Contains(said, "and 6 more") {
		t.Errorf("the panel says: %.800s", said)
	}
}

// TestWhatWasFoundOfAMailIsKeptWithinBounds fills what is kept.
func TestWhatWasFoundOfAMailIsKeptWithinBounds(t *testing.T) {
	var k judgements
	for n := range 3 * judgementsMost {
		name := trove.Name{Collection: "mail", Number: n + 1}
		if k.put(name, judged{done: true}); len(k.known) > judgementsMost {
			t.Fatalf("%d are kept", len(k.known))
		}
		if j, ok := k.get(name); !ok || !j.done {
			t.Fatalf("%s was not kept", name)
		}
	}
}
