package site

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"unseal/archive"
	"unseal/intake/mail"
	"unseal/proof"
	"unseal/search"
	"unseal/search/segment"
	"unseal/translog"
	"unseal/trove"
)

// The numbers of the archive with redactions.
const (
	untouched = iota + 1
	redactedPlain
	redactedBase64
	redactedQP
	redactedHTML
	redactedLater // numbers up to here come out redacted at once; this one in its second edition
	withdrawnOne
)

// secretName is what is hidden everywhere.
const secretName = "Zacharias Umbrella"

// redactedMails are the mails of the archive with redactions, by number. Each
// says "[redacted]" itself, which is no redaction.
func redactedMails() [][]byte {
	text := "Dear all,\n\nask " + secretName + " about it, or call +1 202 555 0100 please. We shall be there on Tuesday, with all the papers.\nWe wrote [redacted] ourselves.\n\n> quoted: " + secretName + " said so\n"
	encoded := strings.Join(chunks(base64.StdEncoding.EncodeToString([]byte(secretName+" was there.\n"+strings.Repeat("Long lines follow in this letter.\n", 40))), 76), "\r\n")
	return [][]byte{nil,
		[]byte(mailText("u", "Untouched", 1, nil, textPlain, "Nothing is hidden here.\n")),
		[]byte(mailText("p", "About the umbrella", 2, []string{"To: " + secretName + " <z@example.org>"}, textPlain, text)),
		[]byte(mailText("b", "In base64", 3, []string{"Content-Transfer-Encoding: base64"}, textPlain, encoded)),
		[]byte(mailText("q", "In quoted-printable", 4, []string{"Content-Transfer-Encoding: quoted-printable"}, textPlain, "=C3=84rger: "+text)),
		[]byte(mailText("h", "In HTML", 5, nil, "text/html; charset=utf-8", "<p>Ask "+secretName+" about it.</p>")),
		[]byte(mailText("l", "Redacted later", 6, nil, textPlain, text)),
		[]byte(mailText("w", "Withdrawn words", 7, nil, textPlain, "words that nobody may read\n")),
	}
}

func chunks(s string, n int) (list []string) {
	for ; len(s) > n; s = s[n:] {
		list = append(list, s[:n])
	}
	return append(list, s)
}

// redactedSite publishes a first edition with number redactedLater as it is and
// withdrawnOne, then a second without either.
func redactedSite(t testing.TB) *fixtureSite {
	t.Helper()
	f := &fixtureSite{dir: t.TempDir()}
	w, vkey := newTestWriter(t, f.dir)
	f.logKey = vkey
	p := publisher{t: t, w: w, coll: "mail", colls: []archive.CollectionInfo{{Name: "mail", Title: "Mail"}}}
	for _, raw := range redactedMails() {
		p.items = append(p.items, fixtureItem{raw: raw, kind: trove.Mail})
	}
	p.commit("mail", p.items)
	p.amended(1)
	must(t, w.Append(translog.Tombstone{Collection: "mail", Number: withdrawnOne, Reason: "third-party"}))
	p.amended(2)
	must(t, os.RemoveAll(f.dir+"/"+archive.BatchDir("mail", 1, 1)))
	f.open(t)
	return f
}

// amended writes an edition of the batch of the archive with redactions.
func (p *publisher) amended(ed int) {
	b := archive.NewBatch{Collection: "mail", Number: 1, Edition: ed, Published: time.Date(2016, 10, 6+ed, 9, 0, 0, 0, time.UTC)}
	var docs []*search.Doc
	items := func(yield func(*archive.NewItem, error) bool) {
		for n := untouched; n <= withdrawnOne; n++ {
			if n == withdrawnOne && ed == 2 {
				continue
			}
			it, text := p.shown(n, ed)
			docs = append(docs, document(1, n, b.Published, it.Content, &it.Record, text))
			if !yield(it, nil) {
				return
			}
		}
	}
	entries, err := p.w.WriteBatch(context.Background(), b, items, func(w io.Writer) error {
		return segment.Build(w, func(yield func(*search.Doc, error) bool) {
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		})
	})
	must(p.t, err)
	for _, e := range entries {
		if item, ok := e.(proof.Item); ok && ed == 2 && item.Edition == 1 {
			continue
		}
		must(p.t, p.w.Append(e))
	}
	p.publish()
}

// shown is what an edition of the batch shows of a number.
func (p *publisher) shown(n, ed int) (*archive.NewItem, string) {
	raw := p.items[n].raw
	edition := 1
	if n == redactedLater {
		edition = ed
	}
	it := &archive.NewItem{Number: n, Kind: trove.Mail, Edition: edition, Content: raw, Record: archive.Record{Opening: p.openings[n-1]}}
	if n != untouched && n != withdrawnOne && (n != redactedLater || ed == 2) {
		p.redact(it, raw)
	}
	var text string
	it.Record.Record, text = mail.Parse(it.Content)
	it.Record.Verdict = trove.Unsigned
	if it.Record.Redacted != nil {
		it.Record.Verdict = trove.Redacted
	}
	it.Date = it.Record.Date
	return it, text
}

// redact hides the name and the telephone number.
func (p *publisher) redact(it *archive.NewItem, raw []byte) {
	var cuts []proof.Cut
	reasons := map[int64]string{}
	hide := func(what, reason string) {
		for at := 0; ; at++ {
			i := strings.Index(string(raw[at:]), what)
			if i < 0 {
				return
			}
			at += i
			cuts = append(cuts, proof.Cut{From: int64(at), To: int64(at + len(what))})
			reasons[int64(at)] = reason
		}
	}
	hide(secretName, "privacy")
	hide("+1 202 555 0100", "third-party")
	header := int64(strings.Index(string(raw), "\r\n\r\n") + 4)
	if p.coll == "mail" && it.Number == redactedBase64 {
		cuts = append(cuts, proof.Cut{From: header, To: header + 4, Base64: true})
		reasons[header] = "privacy"
	}
	secret := proof.Secret{1, 2, 3}
	shown, r, gone, err := proof.Redact(secret.Item(p.coll, it.Number), secret.Edition(p.coll, it.Number, it.Edition), raw, cuts, []int64{header})
	must(p.t, err)
	it.Content = shown
	it.Record.Opening, it.Record.Redacted = proof.Opening{}, &r
	for i, g := range gone {
		reason := ""
		for at, why := range reasons {
			if at >= g.From && at < g.To && reason != "privacy" {
				reason = why
			}
		}
		it.Record.Redactions = append(it.Record.Redactions, archive.Redaction{At: r.Hidden[i].At, Reason: reason})
	}
	it.Record.Original = &archive.Original{Verdict: trove.Valid, Signatures: []trove.Signature{{Domain: "example.org", Selector: "s1", Algorithm: "rsa-sha256", Result: "pass"}}}
}

// boxes are the black boxes of a page, as they are read to whoever does not
// see them.
func boxes(t testing.TB, body string) (list []string) {
	t.Helper()
	for n := range parsePage(t, body).Descendants() {
		if n.Type == html.ElementNode && attribute(n, "class") == "gone" {
			list = append(list, content(n))
		}
	}
	return list
}

func TestARedactedCopyShowsWhatIsHiddenAndWhy(t *testing.T) {
	f := redactedSite(t)
	for n, want := range map[int][]string{
		untouched:      nil,
		redactedPlain:  {"redacted: privacy", "redacted: third party", "redacted: privacy"},
		redactedBase64: {"redacted: privacy"},
		redactedQP:     {"redacted: privacy", "redacted: third party", "redacted: privacy"},
		redactedLater:  {"redacted: privacy", "redacted: third party", "redacted: privacy"},
	} {
		path := fmt.Sprintf("/c/mail/%d", n)
		for _, address := range []string{path, path + "?view=fixed"} {
			w := f.get(t, address)
			checkPage(t, address, w)
			body := w.Body.String()
			if got := boxes(t, body); strings.Join(got, "; ") != strings.Join(want, "; ") {
				t.Errorf("%s: boxes %q, want %q", address, got, want)
			}
			if strings.Contains(body, secretName) || strings.ContainsAny(body, "\x02\x03\u2402") {
				t.Errorf("%s shows what is hidden, or a sign", address)
			}
			if n == redactedPlain && !strings.Contains(body, "We wrote [redacted] ourselves.") {
				t.Errorf("%s: the sender's own words are taken for a mark", address)
			}
		}
	}
	for address, want := range map[string]string{
		"/c/mail/2?view=headers": "redacted: privacy", "/c/mail/5": "redacted: privacy",
		"/c/mail/2?view=source": "redacted: privacy; redacted: privacy; redacted: third party; redacted: privacy", "/c/mail/1?view=source": "",
	} {
		w := f.get(t, address)
		checkPage(t, address, w)
		if got := strings.Join(boxes(t, w.Body.String()), "; "); got != want {
			t.Errorf("%s: boxes %q, want %q", address, got, want)
		}
	}
	for _, suffix := range []string{".txt", ".json", ".eml", "?view=headers", "?view=source", "?view=html", "/verify", "/history", ".proof"} {
		for n := redactedPlain; n <= redactedLater; n++ {
			if body := f.page(t, fmt.Sprintf("/c/mail/%d%s", n, suffix)); strings.Contains(body, secretName) || strings.ContainsAny(body, "\x02\x03\u2402") {
				t.Errorf("%d%s shows what is hidden, or a sign", n, suffix)
			}
		}
	}
}

func TestThePanelOfARedactedCopySaysWhatIsLeftOfTheProof(t *testing.T) {
	f := redactedSite(t)
	for n, says := range map[int][]string{
		redactedPlain: {"Redacted copy: 4 redactions original: Signature valid: example.org", "privacy: 3, third party: 1", "Places hidden: 4, which are ",
			"every byte outside them is as it was committed to", "Original Signature valid: example.org. Judged by the publisher before anything was hidden; nobody else can check it.",
			"What stands in the hidden places"},
		redactedHTML:  {"Redacted copy: 1 redaction original"},
		redactedLater: {"Redacted copy: 3 redactions", "Edition 1 has been replaced. What is hidden now is recoverable by anyone who kept an earlier edition"},
	} {
		said := panelOf(t, f.page(t, fmt.Sprintf("/c/mail/%d", n)))
		for _, want := range says {
			if !strings.Contains(said, want) {
				t.Errorf("%d does not say %q, but:\n%s", n, want, said)
			}
		}
	}
	var got verifyJSON
	fromJSON(t, f.page(t, fmt.Sprintf("/c/mail/%d/verify.json", redactedPlain)), &got)
	if got.Verdict != trove.Redacted || got.Redactions != 4 || got.Segments == 0 || got.Original == nil || got.Original.Verdict != trove.Valid {
		t.Errorf("%+v", got)
	}
}

// TestTheProofOfARedactedCopyChecksWithOtherPeoplesTools pastes the lines of
// its page.
func TestTheProofOfARedactedCopyChecksWithOtherPeoplesTools(t *testing.T) {
	needTools(t, "sha256sum", "openssl", "python3")
	f := redactedSite(t)
	for n := untouched; n <= redactedLater; n++ {
		page := fmt.Sprintf("/c/mail/%d/verify", n)
		dir, lines := readersFolder(t, f, page), commandsOf(t, f.page(t, page))
		python := strings.ReplaceAll(lines[pythonLines], "KEY", "'"+f.logKey+"'")
		said := paste(t, dir, lines[digestLines]+python, true)
		if !strings.Contains(said, "MATCHES") || strings.Contains(said, "redacted:") != (n != untouched) {
			t.Errorf("%d: %s", n, said)
		}
		file := fmt.Sprintf("%s/mail-%d.eml", dir, n)
		raw, err := os.ReadFile(file)
		must(t, err)
		for _, at := range []int{len(raw) / 3, len(raw) - 5} {
			forged := strings.Clone(string(raw))
			must(t, os.WriteFile(file, []byte(forged[:at]+string(forged[at]^1)+forged[at+1:]), 0o644))
			paste(t, dir, python, false)
		}
	}
}

func TestEditionsAndWithdrawalsHaveTheirHistory(t *testing.T) {
	f := redactedSite(t)
	table := func(n int) string {
		t.Helper()
		path := fmt.Sprintf("/c/mail/%d/history", n)
		w := f.get(t, path)
		checkPage(t, path, w)
		return textOf(t, w.Body.String(), func(n *html.Node) bool { return n.Data == "tbody" })
	}
	for n, want := range map[int]string{
		untouched: "1 Fixed by the commitment 1 Sep 2016, 00:00 UTC 3 Published, edition 1 Batch 1, edition 1 7 Oct 2016, 09:00 UTC This is what is out",
		redactedLater: "1 Fixed by the commitment 1 Sep 2016, 00:00 UTC 8 Published, edition 1 Batch 1, edition 1 7 Oct 2016, 09:00 UTC " +
			"Replaced; its bytes are no longer here. What was hidden since is recoverable by anyone who kept edition 1. " +
			"13 Published, edition 2 Batch 1, edition 2 8 Oct 2016, 09:00 UTC This is what is out",
		withdrawnOne: "1 Fixed by the commitment 1 Sep 2016, 00:00 UTC 9 Published, edition 1 Batch 1, edition 1 7 Oct 2016, 09:00 UTC Withdrawn; its bytes are no longer here. " +
			"12 Withdrawn: third party Batch 1, edition 2 8 Oct 2016, 09:00 UTC",
	} {
		if got := table(n); got != want {
			t.Errorf("%d:\n%s\nwant\n%s", n, got, want)
		}
	}
	for address, status := range map[string]int{"/c/mail/6@2": 200, "/c/mail/6@1": 410, "/c/mail/6@3": 404, "/c/mail/6@0": 404, "/c/mail/1@1": 200, "/c/mail/7@1": 410, "/c/mail/7": 410} {
		w := f.get(t, address)
		checkPage(t, address, w)
		if w.Code != status {
			t.Errorf("%s: %d, want %d", address, w.Code, status)
		}
	}
	if said := textOf(t, f.get(t, "/c/mail/6@1").Body.String(), func(n *html.Node) bool { return n.Data == "main" }); !strings.Contains(said, "recoverable by anyone who kept edition 1") || !strings.Contains(said, "Edition 2, which is out now") {
		t.Errorf("an edition that was replaced says: %s", said)
	}
	var history struct {
		History []event
	}
	fromJSON(t, f.page(t, "/c/mail/6/history.json"), &history)
	if len(history.History) != 3 || history.History[2].Edition != 2 || history.History[2].BatchEdition != 2 {
		t.Errorf("%+v", history)
	}
}

func TestATombstoneSaysWhyWhenAndHowToProveIt(t *testing.T) {
	f := redactedSite(t)
	w := f.get(t, fmt.Sprintf("/c/mail/%d", withdrawnOne))
	said := textOf(t, w.Body.String(), func(n *html.Node) bool { return n.Data == "main" })
	for _, want := range []string{"Withdrawn", "Reason third party", "8 Oct 2016, 09:00 UTC. Time stated by the publisher.", "Entry 12, counted from 0.", "Its number is not used again",
		"How to prove it", "unseal -C ./archive log prove 12", "-verify KEY entry"} {
		if !strings.Contains(said, want) {
			t.Errorf("the tombstone does not say %q, but:\n%s", want, said)
		}
	}
	if strings.Contains(said, "Withdrawn words") || strings.Contains(said, "nobody may read") {
		t.Error("the tombstone shows what was withdrawn")
	}
	var gone goneJSON
	fromJSON(t, f.get(t, fmt.Sprintf("/c/mail/%d.json", withdrawnOne)).Body.String(), &gone)
	if gone.State != trove.Tombstone || gone.Reason != "third-party" || gone.LogIndex != 12 || gone.Time.IsZero() {
		t.Errorf("%+v", gone)
	}
	if entry := f.page(t, gone.TlogProofURL); !strings.HasPrefix(entry, "c2sp.org/tlog-proof@v1\nextra ") {
		t.Errorf("proof of the withdrawal: %s", entry)
	}
}

// TestSignsOfOthersAreNoMarks writes what looks like a sign into a mail that is
// redacted, and into one that is not.
func TestSignsOfOthersAreNoMarks(t *testing.T) {
	marks := []archive.Redaction{{Reason: "privacy"}}
	for text, want := range map[string]string{
		signOf(0):                       `<span class="gone">redacted: privacy</span>`,
		"a" + signOf(7) + "b":           `a<span class="gone">redacted</span>b`,
		"\x02aaaa0000\x03":              "␂aaaa0000␃",
		signOf(0)[:9]:                   "␂" + signNonce + "0000",
		"\x02" + signOf(0) + "\x03":     `␂<span class="gone">redacted: privacy</span>␃`,
		"\x02" + signNonce + "????\x03": "␂" + signNonce + "????␃",
	} {
		p := newPage(english(t), "/")
		p.marked(text, marks, inBody)
		if string(p.b) != want {
			t.Errorf("%q: %s, want %s", text, p.b, want)
		}
		p.free()
	}
	p := newPage(english(t), "/")
	defer p.free()
	if p.marked(signOf(0), nil, inBody); strings.Contains(string(p.b), "gone") {
		t.Errorf("without redactions: %s", p.b)
	}
	for n := range 4000 {
		if got := cutSigned(strings.Repeat("x", 3990)+signOf(1)+"tail", n); strings.Contains(got, "\x02") && !strings.Contains(got, signOf(1)) {
			t.Fatalf("a sign is cut at %d", n)
		}
	}
}

func TestABatchSaysThatItWasAmendedAndWhatIsGone(t *testing.T) {
	f := redactedSite(t)
	w := f.get(t, "/c/mail/batch/1/")
	checkPage(t, "/c/mail/batch/1/", w)
	said := textOf(t, w.Body.String(), func(n *html.Node) bool { return n.Data == "main" })
	for _, want := range []string{"Published 7 Oct 2016, 09:00 UTC.", "Edition 2, since 8 Oct 2016, 09:00 UTC: the batch has been amended.", "7 items, numbers 1 to 7.", "1 of them has been withdrawn since."} {
		if !strings.Contains(said, want) {
			t.Errorf("the batch does not say %q, but:\n%.900s", want, said)
		}
	}
	for address, status := range map[string]int{"/c/mail/batch/0001/1/manifest.json": 404, "/c/mail/batch/0001/2/manifest.json": 200, "/c/mail/batch/1/items.zip": 200} {
		if w := f.get(t, address); w.Code != status {
			t.Errorf("%s: %d, want %d", address, w.Code, status)
		}
	}
}
