package site

import (
	"crypto/rand"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/net/html"

	"unseal/archive"
	"unseal/durable"
	"unseal/evidence/logtime"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

func mainOf(n *html.Node) bool { return n.Data == "main" }

func TestTheNewestNoticeStandsOnTheHomePage(t *testing.T) {
	f := newFixture(t)
	said := textOf(t, f.page(t, "/"), sectionOf("notice"))
	for _, want := range []string{"Notice", "Statement", "A second <b>statement</b>.", "Notice 2, log entry ", "All notices (2)"} {
		if !strings.Contains(said, want) {
			t.Errorf("the home page does not say %q, but: %s", want, said)
		}
	}
	if bare := mailSite(t, nil, []byte(mailText("n", "None", 1, nil, textPlain, "Words.\n"))); strings.Contains(bare.page(t, "/"), "Notice") ||
		!strings.Contains(textOf(t, bare.page(t, "/notices"), mainOf), "There is none.") {
		t.Error("a site without notices shows one")
	}
}

func TestNoticesAreListedWithTheirPlaceInTheLog(t *testing.T) {
	f := newFixture(t)
	logged := f.archive.Notices()
	said := textOf(t, f.page(t, "/notices"), mainOf)
	first, second := strings.Index(said, "Notice 1 Cut off"), strings.Index(said, "Notice 2 Statement")
	if second < 0 || first < second || !strings.Contains(said, "Our server was taken away; the mirrors go on.") || !strings.Contains(said, "after the batch of 7 Oct 2016, 09:00 UTC") {
		t.Errorf("the list says: %s", said)
	}
	var list struct {
		Total   int
		Notices []notice
	}
	fromJSON(t, f.page(t, "/notices.json"), &list)
	if list.Total != 2 || len(list.Notices) != 2 || list.Notices[1].Text != fixtureNotice || list.Notices[1].LogIndex != logged[0].Index || list.Notices[1].Kind != "cut-off" {
		t.Errorf("%+v", list)
	}
	if text := f.page(t, list.Notices[1].URL); trove.Sum([]byte(text)) != logged[0].Text {
		t.Errorf("the file of a notice is not its text: %q", text)
	}
}

func TestTheFeedHasBatchesAndNotices(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/feed.atom")
	var feed struct {
		XMLName xml.Name
		ID      string `xml:"id"`
		Updated time.Time
		Entries []struct {
			Title   string    `xml:"title"`
			ID      string    `xml:"id"`
			Updated time.Time `xml:"updated"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	must(t, xml.Unmarshal(w.Body.Bytes(), &feed))
	if feed.XMLName.Space != "http://www.w3.org/2005/Atom" || w.Header().Get("Content-Type") != "application/atom+xml; charset=utf-8" || !strings.HasPrefix(feed.ID, "urn:unseal:") {
		t.Errorf("%q %+v", w.Header(), feed)
	}
	ids, titles := map[string]bool{}, ""
	for i, e := range feed.Entries {
		ids[e.ID] = true
		titles += e.Title + "\n"
		if i > 0 && e.Updated.After(feed.Entries[i-1].Updated) || !strings.HasPrefix(e.Link.Href, "https://harbour.example/") {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	if len(ids) != 5 || !strings.Contains(titles, "Batch 2 of Demo mail & more") || !strings.Contains(titles, "Notice 1: Cut off (log entry ") {
		t.Errorf("%d entries:\n%s", len(ids), titles)
	}
}

func TestTheKeysPageSaysWhereEachKeyComesFrom(t *testing.T) {
	f := newFixture(t)
	said := textOf(t, f.page(t, "/keys"), mainOf)
	for _, want := range []string{f.logKey, "The first, named in the log's first entry.", "batches are signed by the log key alone",
		"s1._domainkey.example.org 2,048 bits · since 2 Jan 2014 · until 2 Jan 2017 Kept copy: a friend's notebook, 3 Feb 2016.",
		"gone._domainkey.example.org Gone: DNS had none on 2 Jan 2017 Answer of DNS, 2 Jan 2017.",
		"off._domainkey.example.org Revoked by the domain", "odd._domainkey.example.org The record is no usable key",
		"made._domainkey.example.org 2,048 bits Computed from signatures; not known whose.", "All of them as a file"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q, but:\n%s", want, said)
		}
	}
	if file := f.page(t, "/keys.json"); !strings.Contains(file, `"format":"unseal-keys/1"`) {
		t.Errorf("keys.json is %.200s", file)
	}
	bare := mailSite(t, nil, []byte(mailText("n", "None", 1, nil, textPlain, "Words.\n")))
	w := bare.get(t, "/keys")
	checkPage(t, "/keys", w)
	if said := textOf(t, w.Body.String(), mainOf); !strings.Contains(said, "This archive publishes no senders' keys.") || strings.Contains(said, "All of them as a file") {
		t.Errorf("without keys of its own the page says: %.600s", said)
	}
}

func TestOtherSignaturesStandInThePanelWithAllThatIsKnownOfThem(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/c/mail/2", "/c/mail/2/verify"} {
		said := panelOf(t, f.page(t, path))
		for _, want := range []string{"S/MIME valid · m@example.org · of part 2 · stated time 2 Mar 2015, 10:00 UTC · certificate of an unknown authority " + strings.Repeat("ab", 32),
			"OpenTimestamps key not known · Bitcoin block 358391", "shows only that its holder signed"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s does not say %q, but:\n%s", path, want, said)
			}
		}
	}
}

// TestAProofOfTimeStandsBesideWhatThePublisherStates gives the site what the
// judge of such proofs finds.
func TestAProofOfTimeStandsBesideWhatThePublisherStates(t *testing.T) {
	f := newFixture(t)
	f.site.times = []logtime.Shown{
		{Size: 5, OtherSignature: trove.OtherSignature{Type: trove.RFC3161, Result: "pass", Signer: "Too early", Time: time.Date(2016, 10, 1, 0, 0, 0, 0, time.UTC)}},
		{Size: 70, OtherSignature: trove.OtherSignature{Type: trove.RFC3161, Result: "pass", Signer: "Test TSA", Time: time.Date(2016, 10, 9, 0, 0, 0, 0, time.UTC), Cause: "authority not known"}},
		{Size: 70, OtherSignature: trove.OtherSignature{Type: trove.OpenTimestamps, Result: "nokey", Fingerprint: "00ff", Cause: "is in Bitcoin block 358391 if that has the merkle root 00ff"}},
	}
	said := panelOf(t, f.page(t, "/c/mail/20"))
	for _, want := range []string{"Time stated by the publisher.", "In the log by 9 Oct 2016, 00:00 UTC, by the timestamp of Test TSA (RFC 3161). authority not known", "The log of 70 entries: is in Bitcoin block 358391"} {
		if !strings.Contains(said, want) {
			t.Errorf("the panel does not say %q, but:\n%s", want, said)
		}
	}
	var got verifyJSON
	if fromJSON(t, f.page(t, "/c/mail/20/verify.json"), &got); len(got.Times) != 2 {
		t.Errorf("as JSON: %+v", got.Times)
	}
}

// keyPair makes a key of a log or a release.
func keyPair(t testing.TB, name string) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	return signer, vkey
}

// TestReplacedKeysStandInOrder rotates the log key, and lets the recovery key
// replace it and the release keys.
func TestReplacedKeysStandInOrder(t *testing.T) {
	log, logKey := keyPair(t, fixtureOrigin)
	next, nextKey := keyPair(t, fixtureOrigin)
	last, lastKey := keyPair(t, fixtureOrigin)
	recovery, recoveryKey := keyPair(t, "recovery.example")
	release, releaseKey := keyPair(t, "release.example/1")
	_, laterKey := keyPair(t, "release.example/2")
	dir := t.TempDir()
	fsys, err := durable.Dir(dir)
	must(t, err)
	w, err := archive.NewWriter(fsys, log, []note.Signer{release}, proof.Checkpoint{})
	must(t, err)
	put := func(e translog.Entry, signers ...note.Signer) {
		t.Helper()
		signed, err := translog.Sign(e, signers...)
		must(t, err)
		must(t, w.Append(signed))
	}
	put(translog.Genesis{LogKey: logKey, Origin: fixtureOrigin, Recovery: recoveryKey, ReleaseKeys: []string{releaseKey}, ReleaseQuorum: 1}, log)
	replace := func(role string, quorum int, key string) translog.Key {
		return translog.Key{Effective: w.State().Size + 1, Keys: []string{key}, Log: w.State().ID, Quorum: quorum, Role: role}
	}
	put(replace(translog.RoleLog, 0, nextKey), log, next)
	put(replace(translog.RoleLog, 0, lastKey), recovery, last)
	put(replace(translog.RoleRelease, 1, laterKey), recovery)
	w.AddKey(last)
	must(t, w.Publish(archive.Told{Info: archive.Info{Name: "Keys"}}))
	f := &fixtureSite{dir: dir}
	f.open(t)
	page := f.get(t, "/keys")
	checkPage(t, "/keys", page)
	said := textOf(t, page.Body.String(), mainOf)
	for _, want := range []string{logKey + " The first, named in the log's first entry. " + nextKey + " From size 2 of the log on, put in place by the key before it. " +
		lastKey + " From size 3 of the log on, put in place by the recovery key: the key before it is revoked.", "Recovery key, kept offline: " + recoveryKey,
		"1 of 1 must sign each batch and notice. In force since log entry 3. " + laterKey} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q, but:\n%s", want, said)
		}
	}
	if strings.Contains(said, releaseKey) {
		t.Error("a release key that was replaced stands there as one in force")
	}
}
