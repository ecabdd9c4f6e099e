package static_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"unseal/material"
)

// chromium is where Debian has it.
const chromium = "/usr/bin/chromium"

// newBrowser starts a browser without a way to any other host than those that
// are named.
func newBrowser(t *testing.T, hosts ...string) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests take their time")
	}
	material.Program(t, chromium)
	trap := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(trap.Close)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.ProxyServer(trap.URL), chromedp.Flag("proxy-bypass-list", strings.Join(append([]string{"<-loopback>"}, hosts...), ";")),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-background-networking", true),
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx))
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.60s: %v", expression, err)
	}
	return v
}

func scripts(t *testing.T, ctx context.Context, off bool) {
	t.Helper()
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
	must(t, err)
}

// Every page of the demonstration's kinds opens from a disk with script off: it
// has its style and its pictures, and fits a small phone.
func TestPagesFromADiskWithoutScriptFitASmallScreen(t *testing.T) {
	ctx := newBrowser(t)
	_, dir := exported(t)
	scripts(t, ctx, true)
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(320, 700)))
	pages := []string{"index.html", "c/index.html", "browse.html", "search.html", "c/harbour/index.html", "c/harbour/search.html", "c/harbour/batch/2/index.html", "keys.html", "log.html", "about.html", "search/help.html"}
	for n := range 106 {
		if n%9 == 0 {
			pages = append(pages, "c/harbour/"+itoa(n+1)+".html", "c/harbour/"+itoa(n+1)+"/history.html")
		}
	}
	for _, p := range pages {
		must(t, chromedp.Do(ctx, chromedp.Navigate("file://"+filepath.Join(dir, p))))
		if w := eval[int](t, ctx, `document.documentElement.scrollWidth`); w > 320 {
			t.Errorf("%s is %d pixels wide", p, w)
		}
		if n := eval[int](t, ctx, `[...document.styleSheets].reduce((n, s) => { try { return n + s.cssRules.length } catch { return n + 1 } }, 0)`); n == 0 {
			t.Errorf("%s has no style", p)
		}
		if n := eval[int](t, ctx, `[...document.images].filter(i => i.loading != "lazy" && !i.naturalWidth).length`); n > 0 {
			t.Errorf("%s: %d pictures are not shown", p, n)
		}
		if text := eval[string](t, ctx, `document.querySelector("main").innerText`); len(text) < 40 {
			t.Errorf("%s says %q", p, text)
		}
	}
}

// clickThrough opens the search page, asks, and follows the first hit.
func clickThrough(t *testing.T, ctx context.Context, base string) {
	t.Helper()
	must(t, chromedp.Do(ctx, chromedp.Navigate(base+"/c/harbour/search.html#q=quay")))
	found := eval[string](t, ctx, `(async () => {
		for (let i = 0; i < 300; i++) {
			const hit = document.querySelector("#app .hits a");
			if (hit) { return hit.href }
			await new Promise(r => setTimeout(r, 50));
		}
		return "nothing: " + document.querySelector("main").innerText.slice(0, 300);
	})()`)
	if !strings.HasPrefix(found, base+"/c/harbour/") || !strings.HasSuffix(found, ".html") {
		t.Fatalf("the first hit leads to %q", found)
	}
	must(t, chromedp.Do(ctx, chromedp.Navigate(found)))
	if title := eval[string](t, ctx, `document.title + document.querySelector("h1").innerText`); !strings.Contains(title, "Harbour papers") {
		t.Errorf("the hit is %q", title)
	}
}

func TestTheSearchLeadsToPagesFromADiskAndFromAHost(t *testing.T) {
	_, dir := exported(t)
	host := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(host.Close)
	ctx := newBrowser(t, strings.TrimPrefix(host.URL, "http://"))
	clickThrough(t, ctx, "file://"+dir)
	clickThrough(t, ctx, host.URL)
}

// A page keeps its policy without a header: what is in it runs nothing.
func TestAPageFromADiskRunsNothing(t *testing.T) {
	ctx := newBrowser(t)
	_, dir := exported(t)
	name := filepath.Join(dir, "c/harbour/5.html")
	page := strings.Replace(read(t, name), "</main>", `<script>document.title = "ran"</script><img src="x" onerror="document.title='ran'"></main>`, 1)
	must(t, os.WriteFile(name, []byte(page), 0o666))
	must(t, chromedp.Do(ctx, chromedp.Navigate("file://"+name)))
	if title := eval[string](t, ctx, `document.title`); title == "ran" {
		t.Error("a script ran")
	}
}
