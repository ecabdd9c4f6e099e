package browser

import (
	"bytes"
	"context"
	"flag"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"unseal/search/segment"
)

// segmentFile is the segment that the benchmarks measure, such as the merged one
// of a static export; without it they take generated documents.
var segmentFile = flag.String("segment", "", "segment that benchmarks measure")

func measured(b *testing.B) []byte {
	b.Helper()
	if *segmentFile == "" {
		return build(b, mails(5000))
	}
	seg, err := os.ReadFile(*segmentFile)
	must(b, err)
	return seg
}

// slow makes the network of a page a line of 4 Mbit/s with 100 ms of latency,
// without a cache.
func slow(b *testing.B, ctx context.Context) {
	b.Helper()
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	must(b, err)
	_, err = chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	must(b, err)
	_, err = chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 100, DownloadThroughput: 500_000, UploadThroughput: 500_000}}})
	must(b, err)
}

// firstHit opens the page and gives the milliseconds until the first row stands.
const firstHit = `new Promise(done => {
	const look = () => document.querySelector(".hits li, #app .panel.bad") ? done(Math.round(performance.now())) : setTimeout(look, 5);
	look();
})`

// BenchmarkFirstHit is the time from opening the page to the first row, script
// and style included, and what was fetched for it.
func BenchmarkFirstHit(b *testing.B) {
	seg := measured(b)
	s, err := segment.Open(segment.Bytes(seg), int64(len(seg)))
	must(b, err)
	b.Logf("%d documents, %d bytes", s.Docs(), len(seg))
	h := newHost(b, export(b, seg))
	for _, q := range []string{"harbour", "data", "kangaroo", "random effects", `"random effects"`, "from:douglas", "please help after:2019"} {
		b.Run(url.QueryEscape(q), func(b *testing.B) {
			ctx := newBrowser(b)
			slow(b, ctx)
			var ms int
			requests, sent := h.requests.Load(), h.bytes.Load()
			for b.Loop() {
				must(b, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(h.URL+"/c/mail/search.html#"+url.Values{"q": {q}}.Encode())))
				ms += eval[int](b, ctx, firstHit)
			}
			n := float64(b.N)
			b.ReportMetric(float64(ms)/n, "ms/hit")
			b.ReportMetric(float64(h.requests.Load()-requests)/n, "requests/op")
			b.ReportMetric(float64(h.bytes.Load()-sent)/n/1000, "KB/op")
		})
	}
}

// BenchmarkFirstHitFromDisk is the same from a folder on a disk.
func BenchmarkFirstHitFromDisk(b *testing.B) {
	address := onDisk(b, export(b, bytes.Clone(measured(b))))
	ctx := newBrowser(b)
	ms := 0
	for b.Loop() {
		must(b, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(address+"#q=data")))
		ms += eval[int](b, ctx, firstHit)
	}
	b.ReportMetric(float64(ms)/float64(b.N), "ms/hit")
}
