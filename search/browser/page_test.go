package browser

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"unseal/search"
	"unseal/search/searchtest"
	"unseal/search/segment"
	"unseal/site"
)

// testPage is a page as an export makes it.
func testPage(t testing.TB, seg []byte) []byte {
	t.Helper()
	words, err := site.Words("en")
	must(t, err)
	s, err := segment.Open(segment.Bytes(seg), int64(len(seg)))
	must(t, err)
	langs, err := Languages(t.Context(), segment.NewIndex(s))
	must(t, err)
	return Page(Options{Lang: "en", Dir: "ltr", Site: "Harbour papers", Title: "Mails of <Mary>", Words: words, Style: "../../style.css", Script: "../../search.js",
		Nav: []Link{{"../../index.html", "Harbour papers"}, {"../../browse.html", "Browse"}}, Browse: "../../browse.html", Langs: langs})
}

// export is a folder with the search of a collection.
func export(t testing.TB, seg []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"search.js": script, "style.css": []byte("main{max-width:60rem}"), "c/mail/search.html": testPage(t, seg), "c/mail/search.seg": seg,
		"c/mail/" + IndexName: Index(int64(len(seg)))}
	for n := range Shards(int64(len(seg))) {
		shard, err := Shard(bytes.NewReader(seg), int64(len(seg)), n)
		must(t, err)
		files["c/mail/"+ShardName(n)] = shard
	}
	return files
}

// onDisk writes the files into a folder and gives the address of the page.
func onDisk(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return "file://" + dir + "/c/mail/search.html"
}

// mails are documents of one collection.
func mails(n int) (docs []*search.Doc) {
	for _, d := range searchtest.Docs(3, n) {
		if d.Collection == "mail" {
			docs = append(docs, d)
		}
	}
	return docs
}

// show goes to an address and waits for the answer.
func show(t testing.TB, ctx context.Context, address string) {
	t.Helper()
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(address)))
	settle(t, ctx)
}

// settle waits until the page has answered and counted.
func settle(t testing.TB, ctx context.Context) {
	t.Helper()
	eval[bool](t, ctx, `(async () => {
		const busy = () => { const s = document.querySelector("#app [role=status]"); return s && s.textContent.startsWith("Searching") };
		for (let last = "", same = 0; same < 6; ) {
			await new Promise(r => setTimeout(r, 30));
			const now = document.body.innerText;
			same = now === last && !busy() ? same + 1 : 0;
			last = now;
		}
		return true;
	})()`)
}

func text(t testing.TB, ctx context.Context) string {
	t.Helper()
	return eval[string](t, ctx, `document.body.innerText`)
}

func says(t testing.TB, ctx context.Context, want ...string) {
	t.Helper()
	got := text(t, ctx)
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("the page does not say %q:\n%s", w, got)
		}
	}
}

// ask asks an index over the segment in Go.
func inGo(t testing.TB, seg []byte, text string) *search.Result {
	t.Helper()
	s, err := segment.Open(segment.Bytes(seg), int64(len(seg)))
	must(t, err)
	q, err := search.Parse(text)
	must(t, err)
	res, err := segment.NewIndex(s).Search(t.Context(), search.Request{Query: q, Limit: 10})
	must(t, err)
	return res
}

const hrefs = `JSON.stringify([...document.querySelectorAll(".hits h3 a")].map(a => a.getAttribute("href")))`

func wantHrefs(res *search.Result) string {
	var list []string
	for _, h := range res.Hits {
		list = append(list, fmt.Sprintf("%q", fmt.Sprintf("../%s/%d.html", h.Collection, h.Number)))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// TestThePageSearches uses the page as a reader does, from a host and from a disk.
func TestThePageSearches(t *testing.T) {
	seg := build(t, mails(400))
	files := export(t, seg)
	h := newHost(t, files)
	ctx := newBrowser(t)
	for name, address := range map[string]string{"host": h.URL + "/c/mail/search.html", "disk": onDisk(t, files)} {
		t.Run(name, func(t *testing.T) {
			show(t, ctx, address)
			says(t, ctx, "Search: Mails of <Mary>", "Queries to try", `"revised schedule"`)
			for _, q := range []string{"harbour", "budget", `"harbour council"`, "from:mary", "city OR port"} {
				show(t, ctx, address+"#q="+strings.NewReplacer(" ", "+", `"`, "%22", ":", "%3A").Replace(q))
				res := inGo(t, seg, q)
				says(t, ctx, fmt.Sprintf("%d result", res.Total), "Narrow", "By year", "Verification")
				if got := eval[string](t, ctx, hrefs); got != wantHrefs(res) {
					t.Errorf("%s: hits %s, want %s", q, got, wantHrefs(res))
				}
			}
			show(t, ctx, address+"?q=harbour&sort=oldest")
			if got := eval[string](t, ctx, `location.hash + location.search`); got != "#q=harbour&sort=oldest" {
				t.Errorf("the query stays in the address as %s", got)
			}
			if n := eval[int](t, ctx, `document.querySelectorAll(".hits mark").length`); n < 3 {
				t.Errorf("%d marks", n)
			}
			eval[bool](t, ctx, `document.querySelector(".pager a").click() || true`)
			settle(t, ctx)
			says(t, ctx, "10 of")
			eval[bool](t, ctx, `(box => { box.value = '"open quote'; box.form.requestSubmit(); return true })(document.getElementById("q"))`)
			settle(t, ctx)
			says(t, ctx, "This query cannot be read", "The quote opened at character 1 is not closed.")
			show(t, ctx, address+"#q=harbour+zzzzz")
			says(t, ctx, "Nothing found", "Queries near to it that find something", "harbour")
			show(t, ctx, address+"#q=frm:mary")
			says(t, ctx, "There is no field frm:", "Did you mean from:?")
			if strings.Contains(text(t, ctx), "find.") {
				t.Error("a word is missing")
			}
		})
	}
	for _, q := range h.queries() {
		t.Errorf("the host learns %q", q)
	}
}

// TestThePageHelpsWithoutScript turns script off.
func TestThePageHelpsWithoutScript(t *testing.T) {
	ctx := newBrowser(t)
	address := onDisk(t, export(t, build(t, mails(20))))
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(t, err)
	must(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	must(t, err)
	says(t, ctx, "Without script", "unseal -C archive search", "Browse")
}

// TestAHostWithoutRanges gives files whole only.
func TestAHostWithoutRanges(t *testing.T) {
	seg := build(t, mails(100))
	h := newHost(t, export(t, seg))
	h.whole = true
	ctx := newBrowser(t)
	show(t, ctx, h.URL+"/c/mail/search.html#q=harbour")
	says(t, ctx, "This host gives files only whole", "Load the whole search file")
	eval[bool](t, ctx, `document.querySelector("#app .panel button").click() || true`)
	settle(t, ctx)
	says(t, ctx, fmt.Sprintf("%d result", inGo(t, seg, "harbour").Total), "Narrow")
}

// damage asks a damaged segment and says what came: an answer, or the name of
// the error. It is done in the page, many segments at a time.
const damage = `(async list => {
	const out = [];
	const queries = ["harbour", '"harbour council"', "bud*", "counsil~1 from:mary", "harbour OR city", "subject:annex", "on:2012 lang:fr", "own:budget"];
	for (const [at, bit] of list) {
		const bytes = window.seg.slice();
		bytes[at] ^= bit;
		const said = [];
		for (const q of [queries[at % queries.length], queries[(at + bit) % queries.length]]) {
			try {
				const ix = new unsealSearch.Index(await unsealSearch.Segment.open(new unsealSearch.Whole(bytes)));
				const s = await ix.search({query: unsealSearch.parse(q), sort: at % 2 ? "relevance" : "newest", limit: 5, cursor: "", fold: false});
				const r = await s.page();
				said.push(JSON.stringify([q, at % 2, r.total, await Promise.all(r.hits.map(async h => [h.number, h.subject, await h.snippets(2)]))]));
			} catch (e) {
				if (!(e instanceof unsealSearch.Damaged || e instanceof unsealSearch.Unreadable)) throw new Error(at + ": " + e.stack);
				said.push("refused");
			}
		}
		out.push(said);
	}
	return JSON.stringify(out);
})`

// TestAFlippedBitIsRefusedOrHarmless compares what a damaged segment says with
// what the sound one says.
func TestAFlippedBitIsRefusedOrHarmless(t *testing.T) {
	seg := build(t, mails(300))
	ctx := newBrowser(t)
	h := newHost(t, map[string][]byte{"search.seg": seg, "search.js": script, "bare.html": []byte(bare)})
	must(t, chromedp.Do(ctx, chromedp.Navigate(h.URL+"/bare.html")))
	eval[bool](t, ctx, `fetch("search.seg").then(r => r.arrayBuffer()).then(b => { window.seg = new Uint8Array(b); return true })`)
	rnd := rand.New(rand.NewPCG(5, 6))
	refused, harmless := 0, 0
	for range howMany(100, 5) {
		var list [][2]int
		for range 40 {
			list = append(list, [2]int{rnd.IntN(len(seg)), 1 << rnd.IntN(8)})
		}
		var got, want [][]string
		sound := make([][2]int, len(list))
		for i := range list {
			sound[i] = [2]int{list[i][0], 0}
		}
		decode(t, eval[string](t, ctx, damage+"("+encode(t, list)+")"), &got)
		decode(t, eval[string](t, ctx, damage+"("+encode(t, sound)+")"), &want)
		for i := range got {
			// The second query depends on the bit; the first is the same for both.
			switch got[i][0] {
			case "refused":
				refused++
			case want[i][0]:
				harmless++
			default:
				t.Errorf("bit %v flipped: %s, sound %s", list[i], got[i][0], want[i][0])
			}
		}
	}
	t.Logf("%d refused, %d harmless", refused, harmless)
	if refused == 0 || harmless == 0 {
		t.Error("the test does not tell them apart")
	}
}

// TestHostileSegmentsAreRefused gives the reader segments whose checksums are
// right and whose contents are not: it must come to an end.
func TestHostileSegmentsAreRefused(t *testing.T) {
	seg := build(t, mails(120))
	ctx := newBrowser(t)
	h := newHost(t, map[string][]byte{"search.seg": seg, "search.js": script, "bare.html": []byte(bare)})
	must(t, chromedp.Do(ctx, chromedp.Navigate(h.URL+"/bare.html")))
	eval[bool](t, ctx, `fetch("search.seg").then(r => r.arrayBuffer()).then(b => { window.seg = new Uint8Array(b); return true })`)
	rnd := rand.New(rand.NewPCG(7, 8))
	refused := 0
	for range howMany(200, 10) {
		bad := bytes.Clone(seg)
		for range 1 + rnd.IntN(8) {
			bad[8+rnd.IntN(len(bad)-8)] = byte(rnd.IntN(256) & rnd.IntN(256))
		}
		reseal(bad, seg)
		h.files["bad.seg"] = bad
		started := time.Now()
		got := eval[string](t, ctx, `fetch("bad.seg").then(r => r.arrayBuffer()).then(b => { window.seg = new Uint8Array(b) }).then(() => `+damage+`([[0,0],[1,0],[2,0],[3,0],[4,0],[5,0],[6,0],[7,0]]))`)
		if strings.Contains(got, "refused") {
			refused++
		}
		if time.Since(started) > time.Minute {
			t.Error("a hostile segment keeps the reader busy")
		}
	}
	if refused == 0 {
		t.Error("no segment was refused")
	}
}

// queries are the addresses asked for that have a query.
func (h *host) queries() (list []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.asked {
		if strings.Contains(a, "q=") && !strings.HasSuffix(a, "?q=harbour&sort=oldest") { // which the test itself goes to
			list = append(list, a)
		}
	}
	return list
}

// withoutRanges answers with the whole file.
func withoutRanges(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	_, _ = w.Write(b)
}
