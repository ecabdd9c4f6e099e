package site

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"unseal/material"
	"unseal/proof"
)

// chromium is where Debian has it.
const chromium = "/usr/bin/chromium"

// axeFile is axe-core as package.json installs it.
const axeFile = "../node_modules/axe-core/axe.min.js"

// browserTest is a browser before the fixture, whose every request to another
// host ends in a trap.
type browserTest struct {
	ctx     context.Context
	base    string
	fixture *fixtureSite

	mu      sync.Mutex
	foreign []string // guarded by mu: what went to other hosts
}

func newBrowserTest(t *testing.T) *browserTest {
	t.Helper()
	return newBrowserBefore(t, newFixture)
}

// newBrowserBefore starts a browser before what is made.
func newBrowserBefore(t *testing.T, make func(testing.TB) *fixtureSite) *browserTest {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests take their time")
	}
	material.Program(t, chromium)
	b := &browserTest{fixture: make(t)}
	site := httptest.NewServer(b.fixture)
	t.Cleanup(site.Close)
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isChatter(r.Host) {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.foreign = append(b.foreign, r.Method+" "+r.Host)
	}))
	t.Cleanup(trap.Close)
	b.base = site.URL
	host := strings.TrimPrefix(site.URL, "http://")
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.ProxyServer(trap.URL), chromedp.Flag("proxy-bypass-list", "<-loopback>;"+host),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps",
		"disable-extensions", "disable-client-side-phishing-detection", "disable-dev-shm-usage", "no-pings"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts the browser
	b.ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return b
}

// isChatter reports whether a host is one that the browser itself calls at its
// start, whatever page it shows. No page of ours and no vector names one.
func isChatter(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	return strings.HasSuffix(host, ".google.com") || strings.HasSuffix(host, ".googleapis.com") || strings.HasSuffix(host, ".gvt1.com")
}

// open goes to a page of the site.
func (b *browserTest) open(t *testing.T, path string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(b.base+path)); err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
}

// eval runs an expression in the page.
func eval[T any](t *testing.T, b *browserTest, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("evaluate %.60s: %v", expression, err)
	}
	return v
}

// look sets the width of the window, the colours asked for, and the medium.
func (b *browserTest) look(t *testing.T, width int64, dark bool, media string) {
	t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	must(t, chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 800)))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	must(t, err)
}

// noForeign fails if anything was asked of another host.
func (b *browserTest) noForeign(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.foreign) > 0 {
		t.Errorf("requests to other hosts: %q", b.foreign)
	}
}

// browserPages are the pages that browsers look at: one of each kind and state.
func browserPages(t *testing.T, f *fixtureSite) []string {
	t.Helper()
	return append(addresses(pageKinds), threadAddress(t, f))
}

// axeRun asks axe-core for violations of WCAG 2.0 to 2.2, A and AA, and of its
// best practice. Frames are left out: the made-safe HTML is not ours to judge.
const axeRun = `axe.run(document, {iframes: false, resultTypes: ["violations"], runOnly: {type: "tag",
	values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}).then(r =>
	JSON.stringify(r.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | "))))`

func TestAxeFindsNoViolationOnAnyPage(t *testing.T) {
	b := newBrowserTest(t)
	b.axe(t, append(addresses(mailPages), threadAddress(t, b.fixture))...)
}

func TestAxeFindsNoViolationOnRecordingsChainsAndPapers(t *testing.T) {
	b := newBrowserTest(t)
	found := slices.DeleteFunc(slices.Clone(kindsPages), func(k pageKind) bool { return k.status != http.StatusOK }) // one look at an error is enough
	b.axe(t, addresses(found)...)
}

func addresses(kinds []pageKind) (list []string) {
	for _, k := range kinds {
		list = append(list, k.path)
	}
	return list
}

// TestAxeFindsNoViolationOnProofsAndRedactions looks at what the fixture lacks:
// real signatures, black boxes, editions.
func TestAxeFindsNoViolationOnProofsAndRedactions(t *testing.T) {
	b := newBrowserBefore(t, redactedSite)
	b.axe(t, "/c/mail/2", "/c/mail/2/verify", "/c/mail/6/history", "/c/mail/6@1", "/c/mail/7")
	keys, mails := signedMails(t)
	b = newBrowserBefore(t, func(t testing.TB) *fixtureSite { return mailSite(t, keys, mails...) })
	b.axe(t, "/c/mail/4", "/c/mail/4/verify", "/c/mail/5/verify")
}

// axe fails for each violation on the pages, small and wide, light and dark,
// and for a page that scrolls sideways.
func (b *browserTest) axe(t *testing.T, paths ...string) {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		material.Missing(t, "axe-core (npm ci)")
	}
	for _, path := range paths {
		b.open(t, path)
		eval[chromedp.Void](t, b, string(axe))
		for _, look := range []struct {
			width int64
			dark  bool
		}{{320, false}, {1280, false}, {320, true}, {1280, true}} {
			b.look(t, look.width, look.dark, "")
			if w := eval[int64](t, b, `document.documentElement.scrollWidth`); w > look.width {
				t.Errorf("%s is %d pixels wide at %d", path, w, look.width)
			}
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			var violations []string
			must(t, json.Unmarshal([]byte(found), &violations))
			for _, v := range violations {
				t.Errorf("%s at %d px, dark %t: %s", path, look.width, look.dark, v)
			}
		}
	}
	b.noForeign(t)
}

func TestNoPageScrollsSidewaysAt320Pixels(t *testing.T) {
	b := newBrowserTest(t)
	b.look(t, 320, false, "")
	for _, path := range browserPages(t, b.fixture) {
		b.open(t, path)
		if w := eval[int](t, b, `document.documentElement.scrollWidth`); w > 320 {
			wide := eval[string](t, b, `[...document.querySelectorAll("main *, header *, footer *")].filter(e => e.getBoundingClientRect().right > 321).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ")`)
			t.Errorf("%s is %d pixels wide: %s", path, w, wide)
		}
	}
	b.noForeign(t)
}

func TestPrintShowsClosedDetailsAndNoNavigation(t *testing.T) {
	b := newBrowserTest(t)
	b.open(t, fmt.Sprintf("/c/mail/%d?all=1", longNumber))
	const quote, nav = `document.querySelector("details .q").checkVisibility()`, `document.querySelector(".bar nav").checkVisibility()`
	if eval[bool](t, b, quote) || !eval[bool](t, b, nav) {
		t.Error("on screen a long quote is not closed, or the navigation is not there")
	}
	b.look(t, 800, false, "print")
	if !eval[bool](t, b, quote) || eval[bool](t, b, nav) {
		t.Error("in print the long quote is not open, or the navigation is there")
	}
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil || len(pdf) < 10_000 {
		t.Errorf("print: %d bytes, %v", len(pdf), err)
	}
}

// TestHostileMailLoadsNothingAndRunsNothing opens the made-safe HTML of every
// hostile mail, and the vectors as they stand in a frame like ours.
func TestHostileMailLoadsNothingAndRunsNothing(t *testing.T) {
	b := newBrowserTest(t)
	numbers := []int{htmlNumber}
	for n := goneNumber + 1; n <= lastNumber; n++ {
		numbers = append(numbers, n)
	}
	for _, n := range numbers {
		b.open(t, fmt.Sprintf("/c/mail/%d?view=html", n))
		if frames := eval[int](t, b, `document.querySelectorAll("iframe.frame[sandbox='']").length`); frames != 1 {
			t.Errorf("mail %d: %d frames", n, frames)
		}
	}
	for i, src := range hostile {
		b.open(t, "/about")
		fragment, _, ok := safeHTML(src)
		if !ok {
			continue
		}
		text, _ := json.Marshal(frameDocument(fragment, ""))
		frame := fmt.Sprintf(`new Promise(done => { let f = document.createElement("iframe"); f.onload = () => setTimeout(() => done(1), 5); f.srcdoc = %s; document.body.append(f) })`, text)
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](frame, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		if found := eval[int](t, b, `(d => d.querySelectorAll("script,img,iframe,object,embed,link,base,form,svg,math,style,a,[style],[id],[class]").length + [...d.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length)(document.querySelector("iframe").contentDocument)`); found > 0 {
			t.Errorf("vector %d %q: %d elements outside the allow-list in a browser", i, src, found)
		}
	}
	b.noForeign(t)
}

// TestTheTrapCatchesForeignRequests is the negative control of noForeign.
func TestTheTrapCatchesForeignRequests(t *testing.T) {
	b := newBrowserTest(t)
	must(t, chromedp.Do(b.ctx, chromedp.Navigate("http://tracker.example/p.gif")))
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.foreign) == 0 {
		t.Error("a request to another host was not caught")
	}
}

// TestAReaderSearchesReadsFollowsDownloadsAndVerifies is the whole way of a
// reader, in a browser without script.
func TestAReaderSearchesReadsFollowsDownloadsAndVerifies(t *testing.T) {
	b := newBrowserTest(t)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(t, err)
	downloads := t.TempDir()
	_, err = chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: downloads})
	must(t, err)

	b.open(t, "/")
	b.submit(t, "subject:harbour quay")
	b.click(t, `.hits h3 a`)
	b.sees(t, "Re: Harbour works and the quay", "Not signed", fmt.Sprintf("No. %d", threadLast))
	b.click(t, `section[aria-labelledby="thread"] > p a`)
	b.sees(t, "Who answered whom", "Message not in the archive", "35 messages published")
	b.click(t, fmt.Sprintf(`.tree a[href$="c/mail/%d"]`, threadFirst))
	b.sees(t, "Harbour works", "Signature valid with kept key", "Message 11 on the harbour.")
	b.save(t, fmt.Sprintf(`a[href$="c/mail/%d.eml"]`, threadFirst))
	b.save(t, fmt.Sprintf(`a[href$="c/mail/%d.proof"]`, threadFirst))

	content := waitForFile(t, filepath.Join(downloads, fmt.Sprintf("mail-%d.eml", threadFirst)))
	text := waitForFile(t, filepath.Join(downloads, fmt.Sprintf("mail-%d.proof", threadFirst)))
	file, err := proof.Parse(text)
	must(t, err)
	said, err := proof.Verify(file, content, b.fixture.logKey)
	if err != nil || said.Item.Number != threadFirst || said.Item.Edition != 1 {
		t.Errorf("the download does not verify: %+v, %v", said, err)
	}
	content[len(content)/2] ^= 1
	if _, err := proof.Verify(file, content, b.fixture.logKey); err == nil {
		t.Error("a changed download verifies")
	}
	b.open(t, "/verify")
	must(t, chromedp.Do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{filepath.Join(downloads, fmt.Sprintf("mail-%d.eml", threadFirst))})))
	b.click(t, `form[method="post"] button`)
	b.sees(t, "This is ours, unchanged", "Harbour works")
	b.noForeign(t)
}

// submit searches for q in the page's search box.
func (b *browserTest) submit(t *testing.T, q string) {
	t.Helper()
	must(t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS("#q"), q)))
	b.click(t, `form[role="search"] button`)
}

// click follows a link or presses a button, and waits for the next page.
func (b *browserTest) click(t *testing.T, selector string) {
	t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatalf("click %s: %v", selector, err)
	}
}

// save follows a link to a download.
func (b *browserTest) save(t *testing.T, selector string) {
	t.Helper()
	must(t, chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))))
}

// sees fails unless the page's text holds all of the words.
func (b *browserTest) sees(t *testing.T, words ...string) {
	t.Helper()
	body, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	must(t, err)
	for _, w := range words {
		if !strings.Contains(body, w) {
			at, _ := chromedp.Run(b.ctx, chromedp.Location())
			t.Errorf("%s does not say %q, but:\n%.600s", at, w, body)
		}
	}
}

// waitForFile reads a download once the browser has finished it.
func waitForFile(t *testing.T, name string) []byte {
	t.Helper()
	for range 100 {
		if b, err := os.ReadFile(name); err == nil {
			return b
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s was not downloaded", name)
	return nil
}
