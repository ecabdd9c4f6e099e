package site

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/durable"
	"unseal/evidence"
	"unseal/intake/mail"
	"unseal/proof"
	"unseal/search"
	"unseal/search/segment"
	"unseal/translog"
	"unseal/trove"
)

// The fixture is a small archive of our own making: a collection "mail" with
// threads, copies, attachments, hostile and broken mail, numbers in every
// state, and a second collection that is committed to and not yet out.

// Numbers of the fixture with something of their own.
const (
	plainNumber      = 1
	arabicNumber     = 2
	htmlNumber       = 3
	attachmentNumber = 4
	longNumber       = 5
	wideNumber       = 6 // many receivers, attachments, and a hostile everything
	emptyNumber      = 7
	copyNumber       = 8 // a copy of plainNumber
	fileNumber       = 9 // not a mail
	signedNumber     = 10
	threadFirst      = 11 // to threadLast: one thread, with a ghost
	threadLast       = 45
	withheldNumber   = 46
	unreadableNumber = 47
	goneNumber       = 48 // withdrawn
	lastNumber       = 60 // 49 to 60: the hostile HTML
	notYetNumber     = 61 // committed to, in no batch
	committedCount   = 64
)

// fixtureItem is an item of the fixture before it is published.
type fixtureItem struct {
	raw     []byte
	kind    trove.Kind
	verdict trove.Verdict
}

// mailText writes a mail. Fields are "Name: value" lines.
func mailText(id, subject string, day int, fields []string, contentType, body string) string {
	date := time.Date(2015, 3, 1+day, 8, 14, 5, 0, time.FixedZone("", -4*3600))
	lines := []string{"From: Mary Example <mary@example.org>", "To: Omar Example <omar@example.org>", "Subject: " + subject,
		"Date: " + date.Format(time.RFC1123Z), "Message-ID: <" + id + "@example.org>", "MIME-Version: 1.0", "Content-Type: " + contentType}
	for _, f := range fields {
		name, _, _ := strings.Cut(f, ":")
		for i, l := range lines {
			if strings.HasPrefix(l, name+":") {
				lines[i] = f
				f = ""
			}
		}
		if f != "" {
			lines = append(lines, f)
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n")
}

const textPlain = "text/plain; charset=utf-8"

// multipartMail joins parts, each with its own header.
func multipartMail(parts ...string) (contentType, body string) {
	for _, p := range parts {
		body += "--=_b\n" + p + "\n"
	}
	return `multipart/mixed; boundary="=_b"`, body + "--=_b--\n"
}

func attachment(name, mediaType string, content []byte) string {
	return fmt.Sprintf("Content-Type: %s\nContent-Disposition: attachment; filename=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s",
		mediaType, name, base64.StdEncoding.EncodeToString(content))
}

// hostileName is a file name that tries everything.
const hostileName = `../..\invoice` + "\u202E" + `<b>fdp.exe`

// fixtureItems are the items of the collection "mail", by number.
func fixtureItems(t testing.TB) []fixtureItem {
	t.Helper()
	items := make([]fixtureItem, committedCount+1)
	put := func(n int, raw string) { items[n] = fixtureItem{[]byte(raw), trove.Mail, trove.Unsigned} }
	plain := mailText("plain", "Revised schedule", 0, nil, textPlain, "Dear all,\n\nthe revised schedule and the budget are attached to the next mail.\n\nMary\n")
	put(plainNumber, plain)
	put(arabicNumber, mailText("arabic", "جدول الأعمال المعدل", 1, []string{`From: "محمد مثال" <m@example.org>`}, textPlain,
		"السلام عليكم،\n\nأرفق جدول الأعمال.\n\nRegards in English at the end.\n"))
	put(htmlNumber, htmlMail(htmlNumber, strings.Join(hostile, "\n")))
	ct, body := multipartMail("Content-Type: text/plain\n\nTwo files and a message.\n", attachment("schedule.pdf", "application/pdf", []byte("%PDF-1.4 not really")),
		attachment("page.html", "text/html", []byte("<script>alert(1)</script>")),
		"Content-Type: message/rfc822\n\nFrom: a@example.org\nSubject: inner\nMessage-ID: <inner@example.org>\n\ninner text\n")
	put(attachmentNumber, mailText("att", "Two files", 3, nil, ct, body))
	put(longNumber, mailText("long", "A very long mail", 4, nil, textPlain, longBody()))
	put(wideNumber, wideMail())
	put(emptyNumber, mailText("empty", "", 6, nil, textPlain, ""))
	put(copyNumber, "X-Copy: yes\r\n"+plain)
	items[fileNumber] = fixtureItem{[]byte("not a mail\x00\x01\x02"), trove.File, trove.Unsigned}
	put(signedNumber, mailText("signed", "Signed by its server", 8, nil, textPlain, "Signed words.\n"))
	items[signedNumber].verdict = trove.Valid
	for n := threadFirst; n <= threadLast; n++ {
		put(n, threadMail(n))
	}
	for _, n := range []int{withheldNumber, unreadableNumber, goneNumber} {
		put(n, mailText(fmt.Sprint("state", n), "Withdrawn words", n, nil, textPlain, "words that nobody may read\n"))
	}
	for n := goneNumber + 1; n <= lastNumber; n++ {
		put(n, htmlMail(n, hostile[n-goneNumber]))
	}
	for n := notYetNumber; n <= committedCount; n++ {
		put(n, mailText(fmt.Sprint("later", n), "Words of a later batch", n, nil, textPlain, "not yet out\n"))
	}
	for i, v := range []trove.Verdict{trove.KeptKey, trove.Unchecked, trove.Mismatch, trove.Redacted} {
		items[threadFirst+i].verdict = v
	}
	return items
}

func htmlMail(n int, html string) string {
	return mailText(fmt.Sprint("html", n), fmt.Sprintf("Newsletter %d <script>alert(1)</script>", n), 2, nil, "text/html; charset=utf-8", "<html><body>"+html+"<p>End of the letter.</p></body></html>\n")
}

func longBody() string {
	var b strings.Builder
	for i := range 400 {
		fmt.Fprintf(&b, "%d. The committee asked for the revised schedule before Thursday, with the two annexes & the <budget> line.\n\n", i)
	}
	b.WriteString(strings.Repeat("> The committee asked for the revised schedule.\n", 40))
	return b.String()
}

// wideMail is as wide as mail gets, everywhere.
func wideMail() string {
	var to []string
	for i := range 200 {
		to = append(to, fmt.Sprintf(`"<b>Person & %d %s" <person%d.%s@example.org>`, i, strings.Repeat("w", 90), i, strings.Repeat("x", 90)))
	}
	parts := []string{"Content-Type: text/plain; charset=utf-8\n\n" + strings.Repeat("x", 3000) + "\n" + strings.Repeat("\u202E<&>\n", 9000)}
	for i := range 40 {
		parts = append(parts, attachment(fmt.Sprintf("%d%s%s", i, hostileName, strings.Repeat("n", 100)), "application/x-"+strings.Repeat("t", 60), []byte{byte(i)}))
	}
	ct, body := multipartMail(parts...)
	return mailText("wide", strings.Repeat("Ünbroken<&>", 120)+"\u202Eend", 5, []string{"To: " + strings.Join(to, ",\r\n ")}, ct, body)
}

func threadMail(n int) string {
	subject, fields := "Harbour works", []string(nil)
	if n > threadFirst {
		subject = "Re: Harbour works"
		fields = []string{fmt.Sprintf("In-Reply-To: <thread%d@example.org>", n-1), fmt.Sprintf("References: <thread%d@example.org> <thread%d@example.org>", threadFirst, n-1)}
	}
	if n == threadLast {
		fields = []string{"References: <thread11@example.org> <ghost@example.org>", "In-Reply-To: <ghost@example.org>"}
		subject = "Re: Harbour works and the quay"
	}
	if n == threadLast-1 {
		fields = []string{"References: <thread11@example.org> <ghost@example.org>", "In-Reply-To: <ghost@example.org>"}
	}
	return mailText(fmt.Sprintf("thread%d", n), subject, n, fields, textPlain, fmt.Sprintf("Message %d on the harbour.\n\n> earlier words\n", n))
}

// fixtureSite is the fixture published and served.
type fixtureSite struct {
	http.Handler
	dir     string // of the archive
	logKey  string
	archive *archive.Archive
	index   search.Index
	site    *site // whose handler answers
}

const fixtureOrigin = "site.test.example/log"

// published is the fixture as it was published by the first test that asked;
// tests only read it.
var published fixtureSite

func TestMain(m *testing.M) {
	code := m.Run()
	if published.dir != "" {
		os.RemoveAll(published.dir)
	}
	os.Exit(code)
}

// newFixture serves the fixture. Tests of one package run one after another.
func newFixture(t testing.TB) *fixtureSite {
	t.Helper()
	if published.logKey == "" {
		dir, err := os.MkdirTemp("", "unseal-site-*")
		must(t, err)
		published.dir = dir
		published.publish(t)
	}
	f := &fixtureSite{dir: published.dir, logKey: published.logKey}
	f.open(t)
	return f
}

// publish writes the archive: commitments, two batches, states of numbers.
func (f *fixtureSite) publish(t testing.TB) {
	t.Helper()
	w, vkey := newTestWriter(t, f.dir)
	p := publisher{t: t, w: w, coll: "mail", colls: []archive.CollectionInfo{
		{Name: "mail", Title: "Demo mail & more", Series: "The harbour", Description: "Mail of a fictional council.\n\nمن مجلس خيالي", Promised: 100, PromisedBy: "2016-10-07", PromiseSource: "an announcement"},
		{Name: "later", Title: "Later papers"},
		{Name: "kinds", Title: "Recordings & papers"},
	}}
	p.keys = fixtureKeys(t)
	p.commit("mail", fixtureItems(t))
	later := make([]fixtureItem, 4)
	for i := range later {
		later[i] = fixtureItem{[]byte("paper"), trove.File, ""}
	}
	p.commit("later", later)
	must(t, w.Append(translog.Withheld{Collection: "mail", First: withheldNumber, Last: withheldNumber, Reason: "privacy"},
		translog.Withheld{Collection: "mail", First: unreadableNumber, Last: unreadableNumber, Reason: "unreadable"}))
	p.batch(1, 1, 30)
	p.notice("cut-off", fixtureNotice)
	p.batch(2, 31, lastNumber)
	p.notice("statement", "A second <b>statement</b>.\n\nWith "+strings.Repeat("many words ", 300))
	must(t, w.Append(translog.Tombstone{Collection: "mail", Number: goneNumber, Reason: "legal"}))
	p.edition(2, 2, 31, lastNumber)
	p.kinds(fixtureKinds(t))
	must(t, os.RemoveAll(f.dir+"/"+archive.BatchDir("mail", 2, 1)))
	f.logKey = vkey
}

// fixtureNotice is the text of the first notice.
const fixtureNotice = "Our server was taken away; the mirrors go on.\n\nمن المجلس\n"

// notice adds a public statement to the log.
func (p *publisher) notice(kind, text string) {
	state := p.w.State()
	n := len(state.Notices) + 1
	must(p.t, p.w.WriteNotice(n, []byte(text)))
	must(p.t, p.w.Append(translog.Notice{Kind: kind, Log: state.ID, Number: n, Text: trove.Sum([]byte(text))}))
}

// fixtureKeys are senders' keys of every kind that a list may show.
func fixtureKeys(t testing.TB) []archive.SenderKey {
	t.Helper()
	own := &testSigner{domain: "example.org", selector: "s1", rsa: testRSA()}
	seen := []evidence.Sighting{{Where: "a friend's notebook", When: time.Date(2016, 2, 3, 0, 0, 0, 0, time.UTC)}}
	day := time.Date(2017, 1, 2, 0, 0, 0, 0, time.UTC)
	return []archive.SenderKey{
		{Domain: "example.org", Selector: "s1", Record: own.record(t, false), Seen: seen, From: day.AddDate(-3, 0, 0), Until: day},
		{Domain: "example.org", Selector: "gone", Gone: day, Seen: []evidence.Sighting{{Where: "dig", DNS: true, When: day}}},
		{Domain: "example.org", Selector: "off", Record: "v=DKIM1; p=", Seen: seen},
		{Domain: "example.org", Selector: "odd", Record: "v=DKIM1; p=AAAA", Seen: seen},
		{Domain: "example.org", Selector: "made", Record: own.record(t, true), Seen: []evidence.Sighting{{Recovered: true}}},
	}
}

// newTestWriter begins an archive with a new log key.
func newTestWriter(t testing.TB, dir string) (*archive.Writer, string) {
	t.Helper()
	fsys, err := durable.Dir(dir)
	must(t, err)
	skey, vkey, err := note.GenerateKey(rand.Reader, fixtureOrigin)
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	w, err := archive.NewWriter(fsys, signer, nil, proof.Checkpoint{})
	must(t, err)
	begin, err := translog.Sign(translog.Genesis{LogKey: vkey, Origin: fixtureOrigin}, signer)
	must(t, err)
	must(t, w.Append(begin))
	return w, vkey
}

// publisher writes the fixture's archive step by step.
type publisher struct {
	t        testing.TB
	w        *archive.Writer
	coll     trove.CollectionName // whose batches are written
	colls    []archive.CollectionInfo
	items    []fixtureItem
	openings []proof.Opening
	keys     []archive.SenderKey
	make     func(n int) (archive.Record, string) // what is published of a number; nil for that of the fixture
	more     func(*archive.NewItem)               // adds files made of it, redacts it; nil for neither
}

func (p *publisher) publish() {
	must(p.t, p.w.Publish(archive.Told{Info: archive.Info{Name: "The harbour papers", Addresses: []string{"https://harbour.example"}}, Collections: p.colls, Keys: p.keys}))
}

func (p *publisher) commit(c trove.CollectionName, items []fixtureItem) {
	var leaves []trove.Digest
	var openings []proof.Opening
	secret := proof.Secret{1, 2, 3}
	for n := 1; n < len(items); n++ {
		leaf, opening := proof.Commit(proof.Context{Origin: fixtureOrigin, Collection: c, Number: n, Kind: items[n].kind}, secret.Item(c, n), items[n].raw)
		leaves, openings = append(leaves, leaf), append(openings, opening)
	}
	root, n, err := p.w.WriteCommitment(p.t.Context(), c, 1, slices.Values(leaves))
	must(p.t, err)
	must(p.t, p.w.Append(proof.Commitment{Collection: c, Count: n, First: 1, K: 1, Root: root, Rule: proof.WordsRule, Time: time.Date(2016, 9, 1, 0, 0, 0, 0, time.UTC)}))
	p.publish()
	if c == p.coll {
		p.items, p.openings = items, openings
	}
}

// record is what is published of number n, and its text.
func (p *publisher) record(n int) (archive.Record, string) {
	it := &p.items[n]
	rec := archive.Record{Opening: p.openings[n-1], Owners: []string{"mary"}, Paths: []string{fmt.Sprintf("mary.mbox!/%d", n)}}
	var text string
	if it.kind == trove.Mail {
		rec.Record, text = mail.Parse(it.raw)
	}
	rec.Kind, rec.Verdict = it.kind, it.verdict
	if it.verdict == trove.Valid {
		rec.Signatures = []trove.Signature{{Domain: "example.org", Selector: "s1", Algorithm: "rsa-sha256", Result: "pass"}}
	}
	switch {
	case n >= threadFirst && n <= threadLast:
		rec.Thread = trove.ThreadID("thread11@example.org")
	case rec.MessageID != "":
		rec.Thread = trove.ThreadID(rec.MessageID)
	}
	switch n {
	case plainNumber:
		rec.Copies = []int{copyNumber}
	case copyNumber:
		rec.CopyOf = plainNumber
	case arabicNumber:
		rec.Others = []trove.OtherSignature{
			{Type: trove.SMIME, Result: "pass", Signer: "m@example.org", Fingerprint: strings.Repeat("ab", 32), Time: time.Date(2015, 3, 2, 10, 0, 0, 0, time.UTC), Cause: "certificate of an unknown authority", Of: "part 2"},
			{Type: trove.OpenTimestamps, Result: "nokey", Signer: "Bitcoin block 358391"}}
	case attachmentNumber:
		rec.Warnings = append(rec.Warnings, trove.Warning{Code: "odd", Text: "something was odd"})
	}
	return rec, text
}

func (p *publisher) batch(number, first, last int) { p.edition(number, 1, first, last) }

// edition writes an edition of a batch with the numbers that are still out; the
// second comes a month after the first.
func (p *publisher) edition(number, edition, first, last int) {
	b := archive.NewBatch{Collection: p.coll, Number: number, Edition: edition, Published: time.Date(2016, time.Month(9+edition), 6+number, 9, 0, 0, 0, time.UTC)}
	var docs []*search.Doc
	items := func(yield func(*archive.NewItem, error) bool) {
		for n := first; n <= last; n++ {
			record := p.make
			if record == nil {
				record = p.record
			}
			st, _ := p.w.State().Collection(p.coll).Number(n)
			if st.State != trove.Committed && st.State != trove.Published {
				continue
			}
			rec, text := record(n)
			it := &archive.NewItem{Number: n, Kind: p.items[n].kind, Edition: 1, Date: rec.Date, Content: p.items[n].raw, Record: rec}
			if p.more != nil {
				p.more(it)
			}
			d := document(number, n, b.Published, it.Content, &it.Record, text)
			d.Collection = p.coll
			docs = append(docs, d)
			if !yield(it, nil) {
				return
			}
		}
	}
	entries, err := p.w.WriteBatch(p.t.Context(), b, items, func(w io.Writer) error {
		return segment.Build(w, func(yield func(*search.Doc, error) bool) {
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		})
	})
	must(p.t, err)
	if edition > 1 {
		entries = entries[len(entries)-1:] // nothing new is out
	}
	must(p.t, p.w.Append(entries...))
	p.publish()
}

// document is an item as the index learns it.
func document(batch, n int, published time.Time, raw []byte, rec *archive.Record, text string) *search.Doc {
	d := &search.Doc{Collection: "mail", Number: n, Batch: batch, Edition: 1, Kind: rec.Kind, Date: rec.Date, Published: published,
		Subject: rec.Subject, From: rec.From, To: rec.To, Cc: rec.Cc, Bcc: rec.Bcc, Body: text, MessageID: rec.MessageID, Thread: rec.Thread,
		Verdict: rec.Verdict, SHA256: trove.Sum(raw), Size: int64(len(raw)), CopyOf: rec.CopyOf, Owner: "mary"}
	for _, f := range rec.Files() {
		d.Files = append(d.Files, search.File{Name: f.Name, Type: f.Type, SHA256: f.SHA256})
	}
	return d
}

// open opens the archive and the index, and serves them.
func (f *fixtureSite) open(t testing.TB) {
	t.Helper()
	var err error
	f.archive, err = archive.Open(t.Context(), os.DirFS(f.dir))
	must(t, err)
	t.Cleanup(func() { f.archive.Close() })
	var segments []*segment.Segment
	for _, c := range f.archive.Collections() {
		batches, err := c.Batches()
		must(t, err)
		for i, b := range batches {
			if slices.ContainsFunc(batches[i+1:], func(later archive.BatchInfo) bool { return later.Number == b.Number }) {
				continue
			}
			r, size, err := c.Segment(b.Number, b.Edition)
			must(t, err)
			s, err := segment.Open(r, size)
			must(t, err)
			segments = append(segments, s)
		}
	}
	f.index = segment.NewIndex(segments...)
	f.site, err = build(Options{Archive: f.archive, Files: os.DirFS(f.dir), Index: f.index, Log: slog.New(slog.NewTextHandler(testLog{t}, nil))})
	must(t, err)
	f.Handler = f.site.handler()
}

// testLog lets faults of the site fail the test that provoked them.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Errorf("the site logged: %s", b)
	return len(b), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get answers one request without a listener.
func (f *fixtureSite) get(t testing.TB, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// page answers a request that must succeed, and gives its body.
func (f *fixtureSite) page(t testing.TB, path string) string {
	t.Helper()
	w := f.get(t, path)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}
