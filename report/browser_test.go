package report_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"unseal/material"
)

// axeRun asks axe-core for violations of WCAG 2.0 to 2.2, A and AA, and of its
// best practice.
const axeRun = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag",
	values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}).then(r =>
	JSON.stringify(r.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | "))))`

// The page opens from a file, its own policy lets its style through, it fits a
// small screen, and axe finds nothing.
func TestThePageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("browser tests take their time")
	}
	const chromium = "/usr/bin/chromium"
	material.Program(t, chromium)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		material.Missing(t, "axe-core (npm ci)")
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts the browser
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	dir := t.TempDir()
	for name, text := range outputs(t, deskInput()) {
		if filepath.Ext(name) != ".html" {
			continue
		}
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(text), 0o644))
		must(t, chromedp.Do(ctx, chromedp.Navigate("file://"+file)))
		_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](string(axe)))
		must(t, err)
		for _, look := range []struct {
			width int64
			theme string
		}{{320, "light"}, {1280, "light"}, {1280, "dark"}} {
			must(t, chromedp.Do(ctx, chromedp.EmulateViewport(look.width, 800)))
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.theme}}})
			must(t, err)
			found, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
			must(t, err)
			var violations []string
			must(t, json.Unmarshal([]byte(found), &violations))
			for _, v := range violations {
				t.Errorf("%s at %d px, %s: %s", name, look.width, look.theme, v)
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
			must(t, err)
			if int64(wide) > look.width {
				t.Errorf("%s is %d pixels wide on a screen of %d", name, wide, look.width)
			}
		}
		if styled, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`getComputedStyle(document.querySelector(".skip")).position == "absolute"`)); err != nil || !styled {
			t.Errorf("%s: its style does not come through its policy: %v", name, err)
		}
	}
}
