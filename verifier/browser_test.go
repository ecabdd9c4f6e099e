package verifier

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"unseal/evidence"
	"unseal/material"
	"unseal/proof"
	"unseal/trove"
)

// chromium is where Debian has it; the others are as package.json installs them.
const (
	chromium = "/usr/bin/chromium"
	axeFile  = "../node_modules/axe-core/axe.min.js"
	tscFile  = "../node_modules/typescript/bin/tsc"
)

// browser is a browser before the page as a file, without a network.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string // guarded by mu: what was asked of anything but the page's own file
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests take their time")
	}
	material.Program(t, chromium)
	file := filepath.Join(t.TempDir(), "verify.html")
	must(t, os.WriteFile(file, Page, 0o644))
	b := &browser{}
	trap := httptest.NewServer(http.NotFoundHandler()) // the only way out: a proxy that answers nothing
	t.Cleanup(trap.Close)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.ProxyServer(trap.URL), chromedp.Flag("proxy-bypass-list", "<-loopback>"),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps", "disable-extensions", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts the browser
	b.ctx, cancel = context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancel)
	page := "file://" + file
	must(t, chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && e.Request.URL != page {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.requests = append(b.requests, e.Request.Method+" "+e.Request.URL)
		}
	}))
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	must(t, err)
	must(t, chromedp.Do(b.ctx, chromedp.Navigate(page)))
	_, err = chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}}})
	must(t, err)
	return b
}

// quiet fails if the page asked for anything.
func (b *browser) quiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) > 0 {
		t.Errorf("the page made requests: %q", b.requests)
	}
}

// eval runs an expression in the page and waits for its promise.
func eval[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.60s: %v", expression, err)
	}
	return v
}

// askPage answers vectors with the page's own verify.
const askPage = `(async vectors => {
	const bytes = text => Uint8Array.from(atob(text || ""), c => c.charCodeAt(0));
	const plain = text => new TextDecoder().decode(Uint8Array.from(text, c => c.charCodeAt(0)));
	const answers = [];
	for (const v of vectors) {
		const o = await unseal.verify(bytes(v.proof), bytes(v.content), v.key, v.witnesses || []), s = o.statement;
		if ((o.result === "matches") !== (o.cause === "")) throw new Error(o.result + " with cause " + o.cause);
		answers.push(s === undefined ? {result: o.result} : {result: o.result, origin: plain(s.origin), kind: plain(s.kind),
			item: s.item.collection + "/" + s.item.number + "@" + s.item.edition + " in " + s.item.batch,
			count: s.commitment.count, first: s.commitment.first, time: s.commitment.time, size: String(s.logSize),
			segments: s.segments, hidden: s.hidden.map(h => h.first + "+" + h.count + " ").join(""),
			seen: s.seen.map(w => w.result + (w.result === "seen" ? " " + w.at : "") + " ").join("")});
	}
	return JSON.stringify(answers);
})`

// compare asks the page and package proof, and returns how often each result came.
func (b *browser) compare(t *testing.T, vectors []vector) map[string]int {
	t.Helper()
	results := map[string]int{}
	for len(vectors) > 0 {
		some := vectors[:min(100, len(vectors))]
		vectors = vectors[len(some):]
		question, err := json.Marshal(some)
		must(t, err)
		var answers []answer
		must(t, json.Unmarshal([]byte(eval[string](t, b, askPage+"("+string(question)+")")), &answers))
		for i, got := range answers {
			want := ask(&some[i])
			if results[want.Result]++; got != want {
				t.Errorf("%s: the page says %+v, package proof %+v, of\n%s", some[i].What, got, want, some[i].Proof)
			}
		}
	}
	return results
}

// howMany is n in the long tests, else a part of it.
func howMany(n, part int) int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return n
	}
	return part
}

func TestThePageAcceptsSoundProofsAndRefusesForgeries(t *testing.T) {
	b := newBrowser(t)
	n := howMany(4000, 1000)
	list := worlds(t, n)
	if got := b.compare(t, accepted(t, list)); got["matches"] != n || len(got) != 1 {
		t.Errorf("sound proofs: %v, want %d that match", got, n)
	}
	var forged []vector
	for len(forged) < n {
		forged = append(forged, forge(t, list)...)
	}
	redacted := 0
	for i := range forged {
		if strings.HasPrefix(forged[i].What, "rendition: ") {
			redacted++
		}
		if ask(&forged[i]).Result == "matches" {
			t.Errorf("%s is no forgery, it matches", forged[i].What)
		}
	}
	got := b.compare(t, forged)
	if got["matches"] > 0 || got["does not match"] < n/2 || got["not a proof file"] < n/20 {
		t.Errorf("%d forgeries: %v", len(forged), got)
	}
	if redacted < n/20 {
		t.Errorf("%d forgeries of renditions", redacted)
	}
	t.Logf("%d proofs accepted, %d forgeries refused, %d of renditions: %v", n, len(forged), redacted, got)
	b.quiet(t)
}

func TestThePageReadsEntriesAndKeysAsStrictlyAsWeDo(t *testing.T) {
	b := newBrowser(t)
	for seed := range uint64(howMany(20, 4)) {
		w := newWorld(t, 100+seed, "log.example.org/odd", 9)
		vectors := slices.Concat(oddProofs(t, w), dishonest(t, w), keys(t, w))
		if w.witnessed != nil {
			vectors = append(vectors, witnessing(t, w)...)
		}
		got := b.compare(t, vectors)
		if got["matches"] < 10 || got["key not known"] < 10 || got["does not match"] < 20 || got["not a proof file"] < 10 {
			t.Errorf("the vectors are not what they should be: %v", got)
		}
	}
}

// TestThePageSeesEachAlteredByte flips a bit of every byte of a proof.
func TestThePageSeesEachAlteredByte(t *testing.T) {
	b := newBrowser(t)
	list := worlds(t, 50)
	s, i := list[0].pick()
	text := list[0].file(t, s, i).Format()
	var vs []vector
	for at := 0; at < len(text); at += howMany(1, 5) {
		other := bytes.Clone(text)
		other[at] ^= 1 << list[0].r.IntN(8)
		vs = append(vs, list[0].vector(fmt.Sprintf("byte %d", at), other, s.contents[i]))
	}
	if got := b.compare(t, vs); got["matches"] > 0 {
		t.Errorf("altered proofs match: %v", got)
	}
}

// form is what a reader gives the page.
type form struct {
	item, proof, keys          string // files
	logKey, witness, pastedKey string
}

// TestThePageSaysWhatItFound uses the page as a reader does.
func TestThePageSaysWhatItFound(t *testing.T) {
	b := newBrowser(t)
	w := newWorld(t, 4, "demo.example.org/log", 30)
	s, i := w.pick()
	for s.items[i].hidden != nil || s.items[i].kind != trove.Mail {
		s, i = w.pick()
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
		return filepath.Join(dir, name)
	}
	item, proof := write("5.eml", s.contents[i]), write("5.proof", w.file(t, s, i).Format())
	altered, other := write("6.eml", append(s.contents[i], 'x')), write("5.bin", s.contents[i])
	great := write("great.eml", nil)
	must(t, os.Truncate(great, 64<<20+1))
	b.answers(t, form{}, "There is a problem", "Choose the file of an item")
	b.answers(t, form{item: other}, "There is a problem", "Choose its proof file")
	b.answers(t, form{item: item}, "Not signed", "nothing more is known about its origin")
	b.answers(t, form{item: great, proof: proof}, "too large")
	b.answers(t, form{item: item, proof: proof, logKey: " " + w.key + "\n"}, "Matches", "the key that you gave (DEMO KEY: public, shows nothing)", fmt.Sprintf("one of %d, by log entry %d; time stated", len(s.items), s.entry),
		"TIME\ntime stated by the publisher", "It does not show who typed it", "Not signed")
	b.answers(t, form{item: item, proof: proof, logKey: w.key, witness: w.witness.String()}, "Matches", "seen by witness witness.example/w at 2017-07-", "log, item and commitment stood then")
	stranger, err := proofWitness("stranger.example/w")
	must(t, err)
	b.answers(t, form{item: item, proof: proof, logKey: w.key, witness: stranger + "\nnonsense"}, "Matches", "not seen by witness stranger.example/w", "nonsense: not the key of a witness", "time stated by the publisher")
	b.answers(t, form{item: item, proof: proof}, "A key not known to you", "The proof holds up to the log’s signature", "Next: give the log key")
	b.answers(t, form{item: item, proof: proof, logKey: "other.example+12345678+AAAA"}, "A key not known to you")
	b.answers(t, form{item: altered, proof: proof, logKey: w.key}, "Does not match", "the bytes are not those of the log entry")
	b.answers(t, form{item: item, proof: item, logKey: w.key}, "Does not match", "not in the form of a proof file")
	for s.items[i].hidden == nil || s.items[i].kind != trove.Mail {
		s, i = w.pick()
	}
	redacted, proof := write("7.eml", s.contents[i]), write("7.proof", w.file(t, s, i).Format())
	places := 0
	for _, h := range s.items[i].hidden.Hidden {
		places += h.Count
	}
	b.answers(t, form{item: redacted, proof: proof, logKey: w.key}, "Matches", fmt.Sprintf("%d of %d segment", places, s.items[i].hidden.Segments), "Every other byte is what was committed to", "Redacted copy", "signature cannot be checked here")
	b.quiet(t)
}

// TestThePageSaysWhatASignatureShows gives the page mails and the senders' keys.
func TestThePageSaysWhatASignatureShows(t *testing.T) {
	b := newBrowser(t)
	bag := newMailbag(7)
	k, small := bag.keys[4], bag.keys[1]
	const head = "From: Ada <ada@example.org>\r\nTo: bob@example.net\r\nSubject: minutes\r\nDate: Tue, 3 Jan 2017 12:00:00 +0000\r\n\r\nThe budget is 400.\r\nNothing else.\r\n"
	tags := "v=1; a=rsa-sha256; d=example.org; s=sel; c=relaxed/relaxed; h=from:subject:date"
	signed := k.signWith(head, "DKIM-Signature: ", tags)
	dir := t.TempDir()
	write := func(name, content string) string {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
		return filepath.Join(dir, name)
	}
	item, record := write("5.eml", signed), k.records()[0]
	seen := evidence.Sighting{Where: "ZombiesWithCoffee/Wikileaks DkimLocator.cs", When: time.Date(2016, 10, 9, 8, 7, 6, 0, time.UTC)}
	archived := evidence.Key{Domain: "example.org", Selector: "sel", Record: record, Seen: []evidence.Sighting{seen}, Note: "no longer online"}
	live := archived
	live.Seen = []evidence.Sighting{{Where: "DNS", When: time.Now().Add(-time.Hour), DNS: true}}
	keys, fresh := write("keys.json", string(keysJSON(t, []evidence.Key{archived}))), write("fresh.json", string(keysJSON(t, []evidence.Key{live})))
	kept := []string{"Signature valid with kept key", "example.org, selector sel: valid", "sel._domainkey.example.org, rsa, 1024 bits", "from, subject, date", "35 bytes of the body", "not covered\nto", "2017-01-03T12:00:00Z, the time that the message states", "does not show who typed it"}
	b.answers(t, form{item: item, pastedKey: record}, append(kept, "copy: pasted on this page", "rests on where the key came from")...)
	b.answers(t, form{item: item, keys: write("dkim.txt", record)}, append(kept, "copy: dkim.txt")...)
	b.answers(t, form{item: item, keys: keys}, append(kept, "copy: ZombiesWithCoffee/Wikileaks DkimLocator.cs, 2016-10-09T08:07:06Z", "no longer online")...)
	b.answers(t, form{item: item, keys: fresh}, "Signature valid\n", "answer of DNS, as its keeper states: DNS")
	b.answers(t, form{item: item}, "Cannot check", "key not known: key unknown", "give the sender’s key")
	b.answers(t, form{item: item, keys: write("no.json", "{}")}, "Cannot check", "no.json: a key that is not in the form of unseal-keys/1")
	b.answers(t, form{item: item, pastedKey: "v=spf1 -all"}, "Cannot check", "pasted on this page: no key record found")
	b.answers(t, form{item: item, pastedKey: small.records()[0]}, "Does not match", "does not match: key mismatch")
	b.answers(t, form{item: write("6.eml", strings.Replace(signed, "400", "900", 1)), pastedKey: record}, "Does not match", "body changed", "does not say that anyone forged it")
	b.answers(t, form{item: write("7.eml", strings.Replace(signed, "minutes", "seconds", 1)), pastedKey: record}, "Does not match", "header changed")
	b.answers(t, form{item: write("8.eml", small.signWith(head, "DKIM-Signature: ", tags+"; l=10; x=1483500000; i=ada@example.org")), pastedKey: small.records()[0]},
		"Signature valid with kept key", "valid: expired since, weak key, partial body", "expires\n2017-01-04T03:20:00Z", "10 bytes of the body", "the last 25 bytes of the body", "on behalf of\nada@example.org")
	b.answers(t, form{item: write("9.eml", "Subject: other\r\n"+signed), pastedKey: record}, "ambiguous headers", "a second subject at byte 0")
	b.answers(t, form{item: write("10.eml", strings.ReplaceAll(signed, "\r\n", "\n")), pastedKey: record}, "Signature valid with kept key", "lines that end in LF alone")
	b.answers(t, form{item: write("11.eml", head)}, "Not signed")
	turned := tags + "; i=ada\u202egro.elpmaxe\x01@example.org"
	b.answers(t, form{item: write("13\u202e.eml", k.signWith(head, "DKIM-Signature: ", turned)), pastedKey: record}, "Signature valid with kept key", "13[U+202E].eml, ", "ada[U+202E]gro.elpmaxe[U+0001]@example.org")
	b.answers(t, form{item: write("12.eml", strings.Repeat("X-A: b\r\n", 2500)+signed)}, "Not examined", "beyond the limit of 2000 (header lines)")
	b.quiet(t)
}

// TestFilesMayBeDroppedOnThePage drops three files at once beside the inputs.
func TestFilesMayBeDroppedOnThePage(t *testing.T) {
	b := newBrowser(t)
	got := eval[string](t, b, `(() => {
		const data = new DataTransfer();
		for (const name of ["5205.eml", "5205.proof", "keys.json"]) data.items.add(new File(["x"], name));
		document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
		return ["file", "proof", "keys"].map(id => document.getElementById(id).files[0].name).join();
	})()`)
	if got != "5205.eml,5205.proof,keys.json" {
		t.Errorf("the page takes %s", got)
	}
}

// proofWitness is the key of a witness of that name.
func proofWitness(name string) (string, error) {
	w, err := proof.NewWitness(name, make([]byte, ed25519.PublicKeySize))
	return w.String(), err
}

// answers fills the page's form, and looks for words in its answer; the first
// are its heading.
func (b *browser) answers(t *testing.T, f form, words ...string) {
	t.Helper()
	must(t, chromedp.Do(b.ctx, chromedp.Reload()))
	for id, file := range map[string]string{"#file": f.item, "#proof": f.proof, "#keys": f.keys} {
		if file != "" {
			must(t, chromedp.Do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS(id), []string{file})))
		}
	}
	typed, _ := json.Marshal(map[string]string{"key": f.logKey, "witness": f.witness, "record": f.pastedKey})
	said := eval[string](t, b, `(async () => {
		for (const [id, text] of Object.entries(`+string(typed)+`)) document.getElementById(id).value = text;
		document.querySelector("button").click();
		const answer = document.getElementById("answer");
		for (let n = 0; n < 500 && /^(Checking|$)/.test(answer.innerText); n++) await new Promise(r => setTimeout(r, 10));
		return answer.innerText;
	})()`)
	for _, w := range words {
		if !strings.Contains(strings.ToLower(said), strings.ToLower(w)) {
			t.Errorf("%+v: the page does not say %q but:\n%s", f, w, said)
		}
	}
	if words[0] != "Matches" && strings.HasPrefix(said, "Matches") {
		t.Errorf("%+v: a pass:\n%s", f, said)
	}
}

// TestWithoutEd25519OfTheBrowserThePageHasItsOwn takes Ed25519 from the browser,
// and puts one in its place that accepts all.
func TestWithoutEd25519OfTheBrowserThePageHasItsOwn(t *testing.T) {
	w := newWorld(t, 6, "log.example.org/a", 10)
	s, i := w.pick()
	sound := w.vector("sound", w.file(t, s, i).Format(), s.contents[i])
	signature, other := sound, sound
	other.Content = append(bytes.Clone(sound.Content), 'x')
	f := w.file(t, s, i)
	f.Checkpoint.Note = otherSignature(t, f.Checkpoint.Note)
	signature.Proof = f.Format()
	question, err := json.Marshal([]vector{sound, other, {"no key", sound.Proof, sound.Content, "", nil}, signature})
	must(t, err)
	for what, break_ := range map[string]string{
		"not supported": `SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("", "NotSupportedError"))`,
		"no WebCrypto":  `Object.defineProperty(crypto, "subtle", {value: undefined})`,
		"accepts all":   `SubtleCrypto.prototype.verify = () => Promise.resolve(true)`,
		"refuses all":   `SubtleCrypto.prototype.verify = () => Promise.resolve(false)`,
		"as it is":      `0`,
	} {
		b := newBrowser(t)
		eval[chromedp.Void](t, b, "void ("+break_+")")
		var got []answer
		must(t, json.Unmarshal([]byte(eval[string](t, b, askPage+"("+string(question)+")")), &got))
		if got[0].Result != "matches" || !strings.HasPrefix(got[0].Seen, "seen 15") || got[1].Result != "does not match" || got[2].Result != "key not known" || got[3].Result != "does not match" {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// otherSignature alters the first signature of a note behind the hash that names its key.
func otherSignature(t *testing.T, msg []byte) []byte {
	_, block, _ := bytes.Cut(msg, []byte("\n\n"))
	text := bytes.Fields(block)[2]
	sig, err := base64.StdEncoding.DecodeString(string(text))
	must(t, err)
	sig[20] ^= 1
	return bytes.Replace(msg, text, []byte(base64.StdEncoding.EncodeToString(sig)), 1)
}

// TestThePageMayAskNobody is the negative control of quiet: the page's policy
// stops a request, and what is tried is seen.
func TestThePageMayAskNobody(t *testing.T) {
	b := newBrowser(t)
	for _, try := range []string{`fetch("http://tracker.example/x")`, `fetch("verify.html")`, `new Promise((y, n) => { const i = new Image(); i.onload = y; i.onerror = n; i.src = "http://tracker.example/p.gif" })`,
		`new Promise((y, n) => { const s = document.createElement("style"); s.textContent = "@import 'http://tracker.example/s.css'"; document.head.append(s); getComputedStyle(document.body); s.sheet && s.sheet.cssRules.length ? y() : n(1) })`} {
		if got := eval[string](t, b, try+`.then(() => "passed", () => "stopped")`); got != "stopped" {
			t.Errorf("%s: %s", try, got)
		}
	}
	b.mu.Lock()
	b.requests = nil
	b.mu.Unlock()
	_ = chromedp.Do(b.ctx, chromedp.Navigate("http://tracker.example/")) // fails: there is no network
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		t.Error("control: a request was not seen")
	}
}

const axeRun = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag",
	values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}).then(r =>
	r.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")).join("\n"))`

func TestAxeFindsNoViolation(t *testing.T) {
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		material.Missing(t, "axe-core (npm ci)")
	}
	b := newBrowser(t)
	w := newWorld(t, 3, "demo.example.org/log", 30)
	s, i := w.pick()
	dir := t.TempDir()
	item, file := filepath.Join(dir, "5.eml"), filepath.Join(dir, "5.proof")
	must(t, os.WriteFile(item, s.contents[i], 0o644))
	must(t, os.WriteFile(file, w.file(t, s, i).Format(), 0o644))
	k := newMailbag(7).keys[4]
	mail := filepath.Join(dir, "6.eml")
	must(t, os.WriteFile(mail, []byte(k.signWith("From: ada@example.org\r\n\r\n", "DKIM-Signature: ", "v=1; a=rsa-sha256; d=example.org; s=sel; h=from")), 0o644))
	for _, key := range []string{w.key, "", "none", "sender", "witness"} {
		switch key {
		case "none":
			must(t, chromedp.Do(b.ctx, chromedp.Reload()))
		case "sender":
			b.answers(t, form{item: mail, pastedKey: k.records()[0]}, "Signature valid with kept key")
		case "witness":
			must(t, chromedp.Do(b.ctx, chromedp.Reload()))
			eval[chromedp.Void](t, b, `void (document.querySelector("details").open = true)`)
		case "":
			b.answers(t, form{item: item, proof: item}, "Does not match")
		default:
			b.answers(t, form{item: item, proof: file, logKey: key}, "Matches")
		}
		eval[chromedp.Void](t, b, string(axe))
		for _, width := range []int64{320, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				must(t, chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 800)))
				_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				must(t, err)
				if found := eval[string](t, b, axeRun); found != "" {
					t.Errorf("key %q, %d px, %s: %s", key, width, scheme, found)
				}
				if wide := eval[int64](t, b, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("key %q: %d px wide at %d", key, wide, width)
				}
			}
		}
	}
}

// TestTypesAreSound runs tsc, which says so of our source, and not of an error
// that is planted in it.
func TestTypesAreSound(t *testing.T) {
	if _, err := os.Stat(tscFile); err != nil {
		material.Missing(t, "typescript (npm ci)")
	}
	node := material.Program(t, "node")
	if out, err := exec.Command(node, tscFile, "-p", ".").CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	dir := t.TempDir()
	must(t, os.CopyFS(filepath.Join(dir, "src"), os.DirFS("src")))
	config, err := os.ReadFile("tsconfig.json")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "tsconfig.json"), config, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "src", "planted.ts"), []byte(`import { hex } from "./bytes"; export const s: number = hex(new Uint8Array());`), 0o644))
	if out, err := exec.Command(node, tscFile, "-p", dir).CombinedOutput(); err == nil {
		t.Errorf("control: a planted error passed:\n%s", out)
	}
}
