package site

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// withoutScript turns script off in the pages of a browser.
func (b *browserTest) withoutScript(t *testing.T) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(t, err)
}

// TestALineOfATranscriptLeadsThePlayerToItsSecond clicks on times of a
// transcript in a browser without script, and asks the player where it is.
func TestALineOfATranscriptLeadsThePlayerToItsSecond(t *testing.T) {
	b := newBrowserTest(t)
	b.withoutScript(t)
	for n, seconds := range map[int][]int{voiceTwo: {6, 42}, voiceNumber: {12}} {
		for _, second := range seconds {
			b.open(t, kindPage(n, ""))
			b.click(t, fmt.Sprintf("#t%d a", second))
			at := eval[string](t, b, `location.href`)
			if !strings.HasSuffix(at, fmt.Sprintf("#t=%d", second)) {
				t.Errorf("the line of second %d leads to %s", second, at)
			}
			where := playing(t, b)
			if where < float64(second) || where > float64(second)+5 {
				t.Errorf("the line of second %d of number %d leads the player to %.1f", second, n, where)
			}
		}
	}
	b.open(t, kindPage(voiceTwo, "#t42"))
	if marked := eval[string](t, b, `document.querySelector(":target").textContent`); !strings.Contains(marked, "As a person has it 7.") {
		t.Errorf("#t42 marks %q", marked)
	}
	b.noForeign(t)
}

// playing is where the player of a page is, in seconds, once it knows the sound.
func playing(t *testing.T, b *browserTest) float64 {
	t.Helper()
	until(t, b, `document.querySelector("video,audio").readyState >= 2`)
	return eval[float64](t, b, `document.querySelector("video,audio").currentTime`)
}

// until waits for an expression to be true. No script of the page's own is
// needed for it, so it works where script is off.
func until(t *testing.T, b *browserTest, expression string) {
	t.Helper()
	for range 200 {
		if eval[bool](t, b, expression) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never true: %s", expression)
}

// TestThePlayerOfThePagePlays loads the sound in the page itself; of two forms
// the second, where the first is no sound.
func TestThePlayerOfThePagePlays(t *testing.T) {
	b := newBrowserTest(t)
	for n, length := range map[int]float64{voiceTwo: 60, voiceNumber: 200} {
		b.open(t, kindPage(n, ""))
		if high := eval[float64](t, b, `document.querySelector("audio").getBoundingClientRect().height`); high < 40 {
			t.Errorf("number %d: the player is %.0f pixels high", n, high)
		}
		eval[chromedp.Void](t, b, `document.querySelector("audio").preload = "auto", document.querySelector("audio").load()`)
		until(t, b, `document.querySelector("audio").readyState >= 1`)
		if got := eval[float64](t, b, `document.querySelector("audio").duration`); got < length-2 || got > length+2 {
			t.Errorf("number %d: %.1f seconds", n, got)
		}
	}
	b.noForeign(t)
}

// TestAMessageAndAPageAreCited opens fragments, in a browser without script.
func TestAMessageAndAPageAreCited(t *testing.T) {
	b := newBrowserTest(t)
	b.withoutScript(t)
	b.open(t, kindPage(chainNumber, "#m3"))
	b.sees(t, "Yes. مرحبا")
	if marked := eval[string](t, b, `document.querySelector(":target").textContent`); !strings.Contains(marked, "Yes.") {
		t.Errorf("#m3 marks %q", marked)
	}
	b.open(t, kindPage(docNumber, ""))
	b.click(t, `#p3 h2 a`)
	b.sees(t, "Page 3 of 12", "read off the image")
	b.open(t, kindPage(docNumber, ""))
	must(t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS("#inside"), "quay 4")))
	b.click(t, `form:not([role]) button`)
	b.sees(t, "1 page holds all the words.")
	b.noForeign(t)
}

// TestImagesOfPagesAreShown waits for the images of a page in view.
func TestImagesOfPagesAreShown(t *testing.T) {
	b := newBrowserTest(t)
	b.look(t, 1280, false, "")
	for _, address := range []string{kindPage(docNumber, "/p/3"), kindPage(imageNumber, ""), kindPage(docNumber, "?view=grid")} {
		b.open(t, address)
		eval[chromedp.Void](t, b, `document.querySelector("main img").scrollIntoView()`)
		until(t, b, `document.querySelector("main img").naturalWidth >= 150`)
	}
	b.look(t, 320, false, "")
	b.open(t, kindPage(docNumber, "/p/3"))
	if eval[bool](t, b, `document.querySelector("main img").checkVisibility()`) {
		t.Error("on a small screen the image is not behind its link")
	}
	b.noForeign(t)
}

// TestTheHostileKindsRunNothing opens every page of what tries everything, with
// script on: nothing may run, and nothing may be asked of another host.
func TestTheHostileKindsRunNothing(t *testing.T) {
	b := newBrowserTest(t)
	for _, address := range []string{kindPage(hostileVoice, ""), kindPage(hostileChain, ""), kindPage(hostileDoc, ""), kindPage(hostileDoc, "/p/2"), kindPage(hostileDoc, "/att/1/text"),
		kindPage(hostileTable, ""), kindPage(hostileTable, "?all=1"), kindPage(hostileVoice, ".mp3"), kindPage(hostileDoc, ".txt"), kindPage(hostileChain, ".txt")} {
		b.open(t, address)
		if n := eval[int](t, b, `document.querySelectorAll("script,object,embed,iframe,[onclick],[onload],[onerror]").length`); n > 0 {
			t.Errorf("%s: %d elements that could run", address, n)
		}
	}
	b.noForeign(t)
}
