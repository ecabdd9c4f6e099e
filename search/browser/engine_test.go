package browser

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"unseal/search"
	"unseal/search/searchtest"
	"unseal/search/segment"
	"unseal/trove"
)

// chromium is where Debian has it.
const chromium = "/usr/bin/chromium"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newBrowser starts a browser.
func newBrowser(t testing.TB) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests take their time")
	}
	if _, err := os.Stat(chromium); err != nil {
		missingTool(t, chromium)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps", "disable-extensions", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts the browser
	ctx, cancel = context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eval runs an expression in the page and waits for its promise.
func eval[T any](t testing.TB, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.80s: %v", expression, err)
	}
	return v
}

// host serves files with ranges and counts what was asked.
type host struct {
	*httptest.Server
	files    map[string][]byte
	whole    bool // knows no ranges
	requests atomic.Int64
	bytes    atomic.Int64

	mu    sync.Mutex
	asked []string // guarded by mu
}

func newHost(t testing.TB, files map[string][]byte) *host {
	t.Helper()
	h := &host{files: files}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, r.URL.String())
	h.mu.Unlock()
	b, ok := h.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h.requests.Add(1)
	if h.whole && strings.HasSuffix(r.URL.Path, ".seg") {
		withoutRanges(w, b)
		return
	}
	http.ServeContent(&countingWriter{w, &h.bytes}, r, r.URL.Path, time.Time{}, bytes.NewReader(b))
}

type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.n.Add(int64(n))
	return n, err
}

// build makes one segment of documents.
func build(t testing.TB, docs []*search.Doc) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, segment.Build(&b, func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}))
	return b.Bytes()
}

// bare is a page without anything but the script.
const bare = `<!doctype html><meta charset="utf-8"><title>test</title><script src="search.js"></script>`

// reader is the reader in the browser as an index.
type reader struct {
	t   testing.TB
	ctx context.Context
}

// newReader opens the segment beside a page.
func newReader(t testing.TB, address string) *reader {
	t.Helper()
	r := &reader{t, newBrowser(t)}
	must(t, chromedp.Do(r.ctx, chromedp.Navigate(address)))
	eval[bool](t, r.ctx, `unsealSearch.source().then(s => unsealSearch.Segment.open(s)).then(s => { window.index = new unsealSearch.Index(s); return true })`)
	return r
}

// answer is what the page's engine says, in JSON.
type answer struct {
	Total  int
	Next   string
	Error  string
	Hits   []hit
	Facets map[string]facet
	Years  []search.YearCount
}

type hit struct {
	Collection, Kind, Subject, From, To, Verdict             string
	Number, Edition, Batch, Receivers, Files, CopyOf, Copies int
	Date                                                     *int64
	Score                                                    float64
	Snippets                                                 []struct {
		Field, Name string
		File        int
		Head, Tail  bool
		Spans       []search.Span
	}
}

type facet struct {
	Distinct int
	Values   []search.FacetValue
}

// ask asks the page's engine.
const ask = `(async r => {
	try {
		r.query = unsealSearch.parse(r.text);
		const s = await index.search(r), a = await s.page();
		for (const h of a.hits) h.snippets = r.snippets > 0 ? await h.snippets(r.snippets) : [];
		a.facets = {};
		for (const name of r.facets) if (name === "year") a.years = await s.years(); else a.facets[name] = await s.facet(name, r.size);
		return JSON.stringify(a);
	} catch (e) { return JSON.stringify({error: e.constructor.name + ": " + e.message + " " + e.stack}) }
})`

func (r *reader) Search(ctx context.Context, q search.Request) (*search.Result, error) {
	if q.Sort == "" {
		q.Sort = search.Newest
	}
	text, err := json.Marshal(map[string]any{"text": q.Query.String(), "sort": q.Sort, "limit": q.Limit, "cursor": q.Cursor, "fold": q.FoldCopies,
		"facets": append([]string{}, q.Facets...), "size": q.FacetSize, "snippets": q.Snippets})
	must(r.t, err)
	var a answer
	must(r.t, json.Unmarshal([]byte(eval[string](r.t, r.ctx, ask+"("+string(text)+")")), &a))
	if a.Error != "" {
		return nil, fmt.Errorf("%s", a.Error)
	}
	res := &search.Result{Total: a.Total, Next: a.Next, Years: a.Years, Facets: map[string]search.Facet{}}
	for name, f := range a.Facets {
		res.Facets[name] = search.Facet{Values: f.Values, Distinct: f.Distinct}
	}
	for _, h := range a.Hits {
		res.Hits = append(res.Hits, h.hit())
	}
	return res, nil
}

func (h *hit) hit() search.Hit {
	out := search.Hit{Collection: trove.CollectionName(h.Collection), Number: h.Number, Edition: h.Edition, Batch: h.Batch, Kind: trove.Kind(h.Kind),
		Subject: h.Subject, From: h.From, To: h.To, Receivers: h.Receivers, Files: h.Files, Verdict: trove.Verdict(h.Verdict), CopyOf: h.CopyOf, Copies: h.Copies, Score: h.Score}
	if h.Date != nil {
		out.Date = time.Unix(*h.Date, 0).UTC()
	}
	for _, s := range h.Snippets {
		field := map[string]search.Field{"subject": search.Subject, "body": search.Body, "file": search.Filename}[s.Field]
		out.Snippets = append(out.Snippets, search.Snippet{Field: field, File: s.File, Name: s.Name, Spans: s.Spans, Head: s.Head, Tail: s.Tail})
	}
	return out
}

func (r *reader) Text(context.Context, trove.CollectionName, int) (string, error) {
	return "", io.EOF
}

func (r *reader) Suggest(context.Context, string, int) ([]string, error) { return nil, nil }

func (r *reader) Close() error { return nil }

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

func decode(t testing.TB, text string, v any) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), v))
}

// reseal makes the checksums of an altered segment right; sound is the segment
// before.
func reseal(bad, sound []byte) {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	t := sound[len(sound)-32:]
	copy(bad[len(bad)-32:], t)
	head, size := int(binary.LittleEndian.Uint64(t)), int(binary.LittleEndian.Uint32(t[8:]))
	end := sumsOf(sound)
	for p := 0; p*4096 < end; p++ {
		binary.LittleEndian.PutUint32(bad[end+4*p:], crc32.Checksum(bad[p*4096:min(end, (p+1)*4096)], castagnoli))
	}
	tops := head + size - 8 - 4*((head-end+4095)/4096) // the last section of the head
	for i := end; i < head; i += 4096 {
		binary.LittleEndian.PutUint32(bad[tops+(i-end)/1024:], crc32.Checksum(bad[i:min(head, i+4096)], castagnoli))
	}
	binary.LittleEndian.PutUint32(bad[len(bad)-20:], crc32.Checksum(bad[head:head+size], castagnoli))
	binary.LittleEndian.PutUint32(bad[len(bad)-8:], crc32.Checksum(bad[len(bad)-32:len(bad)-8], castagnoli))
}

// sumsOf is where the sums of a segment begin: a quarter of a thousandth of the
// file lies in them, right before the head.
func sumsOf(seg []byte) int {
	head := int(binary.LittleEndian.Uint64(seg[len(seg)-32:]))
	end := head
	for end+4*((end+4095)/4096) > head {
		end--
	}
	return end
}

// howMany is n in the long tests, else a part of it.
func howMany(n, part int) int {
	if os.Getenv("UNSEAL_LONG") != "" {
		return n
	}
	return part
}

// bareFolder holds a bare page with a segment and its shards.
func bareFolder(t testing.TB, docs []*search.Doc) map[string][]byte {
	t.Helper()
	files := export(t, build(t, docs))
	files["c/mail/bare.html"], files["c/mail/search.js"] = []byte(bare), script
	return files
}

func TestTheReaderAnswersAsTheOracleDoes(t *testing.T) {
	docs := searchtest.Docs(7, 400)
	h := newHost(t, bareFolder(t, docs))
	searchtest.Oracle(t, docs, newReader(t, h.URL+"/c/mail/bare.html"), howMany(2000, 100))
	if h.requests.Load() < 20 {
		t.Errorf("%d requests: the segment was not read in parts", h.requests.Load())
	}
}

func TestTheReaderAnswersAsTheOracleDoesFromADisk(t *testing.T) {
	docs := searchtest.Docs(7, 400)
	address := strings.Replace(onDisk(t, bareFolder(t, docs)), "search.html", "bare.html", 1)
	searchtest.Oracle(t, docs, newReader(t, address), howMany(2000, 40))
}
