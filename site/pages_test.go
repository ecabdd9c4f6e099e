package site

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"unseal/trove"
)

// parsePage parses a page as a browser does.
func parsePage(t testing.TB, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	return doc
}

// pageKind is the address of a page and the status that it answers.
type pageKind struct {
	path   string
	status int
}

// pageKinds are the addresses of one page of each kind and state.
var pageKinds = slices.Concat(mailPages, kindsPages)

// kindsPages are those of items that are no mails, and of what was read of
// attachments.
var kindsPages = []pageKind{
	{"/c/kinds/", 200}, {"/c/kinds/batch/1/", 200}, {"/c/kinds/1", 200}, {"/c/kinds/1?with=3", 200}, {"/c/kinds/1?with=none", 200}, {"/c/kinds/2", 200}, {"/c/kinds/3", 200},
	{"/c/kinds/4", 200}, {"/c/kinds/4?order=time", 200}, {"/c/kinds/6", 200}, {"/c/kinds/7", 200}, {"/c/kinds/7?view=text", 200}, {"/c/kinds/7?view=grid", 200},
	{"/c/kinds/7?q=page+annex", 200}, {"/c/kinds/7/p/1", 200}, {"/c/kinds/7/p/3", 200}, {"/c/kinds/7/p/13", 404}, {"/c/kinds/7/att/1/text", 200}, {"/c/kinds/8", 200},
	{"/c/kinds/9", 200}, {"/c/kinds/9?view=grid&from=100", 200}, {"/c/kinds/9/p/99", 200}, {"/c/kinds/10", 200}, {"/c/kinds/11", 200}, {"/c/kinds/11?sheet=2", 200}, {"/c/kinds/12", 200},
	{"/c/kinds/13", 200}, {"/c/kinds/13/att/1/text", 200}, {"/c/kinds/14", 200}, {"/c/kinds/15", 200}, {"/c/kinds/16", 200}, {"/c/kinds/17", 200}, {"/c/kinds/18", 200},
	{"/c/kinds/18/p/2", 200}, {"/c/kinds/18?view=text", 200}, {"/c/kinds/18/att/1/text", 200}, {"/c/kinds/19", 200}, {"/c/kinds/19?sheet=3", 200},
	{"/c/kinds/4/compare?with=20", 200}, {"/c/kinds/4/compare?with=kinds/17", 200}, {"/c/kinds/4/compare?with=7", 404}, {"/c/kinds/4/compare?with=x/y", 404}, {"/c/kinds/4/compare", 404},
	{"/search?q=committee+type:voice", 200},
}

// mailPages are all others.
var mailPages = []pageKind{
	{"/", 200}, {"/c/", 200}, {"/c/mail/", 200}, {"/c/later/", 200}, {"/c/mail/batch/1/", 200}, {"/c/mail/batch/2/", 200},
	{"/c/mail/1", 200}, {"/c/mail/2", 200}, {"/c/mail/3", 200}, {"/c/mail/3?view=html", 200}, {"/c/mail/4", 200},
	{"/c/mail/4?view=headers", 200}, {"/c/mail/4?view=source", 200}, {"/c/mail/4?view=fixed", 200}, {"/c/mail/5", 200},
	{"/c/mail/6", 200}, {"/c/mail/7", 200}, {"/c/mail/8", 200}, {"/c/mail/9", 200}, {"/c/mail/10", 200}, {"/c/mail/20", 200},
	{"/c/mail/10/verify", 200}, {"/c/mail/1@1", 200}, {"/c/mail/46", 404}, {"/c/mail/47", 404}, {"/c/mail/48", 410},
	{"/c/mail/61", 404}, {"/c/mail/65", 404}, {"/c/mail/1@2", 404}, {"/c/nothing/", 404}, {"/c/mail/batch/3/", 404}, {"/nothing", 404},
	{"/search", 200}, {"/search?q=harbour", 200}, {"/search?q=schedule+budget", 200}, {"/search?q=zzzz+harbour", 200},
	{"/search?q=%22open", 400}, {"/search?q=frm%3Amary", 200}, {"/search?q=harbour&facet=person", 200}, {"/search/help", 200},
	{"/search/advanced", 200}, {"/search/advanced?q=harbour+from%3Amary", 200}, {"/search?q=%22schedule+the%22", 200}, {"/search?q=harbuor", 200}, {"/search?q=harbour&threads=fold", 200},
	{"/browse", 200}, {"/verify", 200}, {"/notices", 200}, {"/keys", 200}, {"/c/mail/2/verify", 200}, {"/c/mail/48/history", 200}, {"/c/mail/authenticity", 200}, {"/c/later/authenticity", 200}, {"/log", 200}, {"/about", 200},
}

// threadAddress is the page of the fixture's thread.
func threadAddress(t testing.TB, f *fixtureSite) string {
	t.Helper()
	m := regexp.MustCompile(`href="\.\./\.\./(c/mail/t/[0-9a-f]+)"`).FindStringSubmatch(f.page(t, "/c/mail/20"))
	if m == nil {
		t.Fatal("the item's page does not lead to its thread")
	}
	return "/" + m[1]
}

func TestEveryPageKeepsTheRules(t *testing.T) {
	f := newFixture(t)
	kinds := append(slices.Clone(pageKinds), pageKind{threadAddress(t, f), 200})
	for _, k := range kinds {
		w := f.get(t, k.path)
		if w.Code != k.status {
			t.Errorf("GET %s: %d, want %d", k.path, w.Code, k.status)
		}
		checkPage(t, k.path, w)
	}
}

// checkPage holds a page against the rules of reader.md, sections 1, 9 and 11.
func checkPage(t *testing.T, address string, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	limit := 60_000
	if regexp.MustCompile(`^/c/[^/]+/\d+$`).MatchString(address) {
		limit = 50_000
	}
	if size := len(body) + len(styleSheet); size > limit && !strings.Contains(address, "view=html") && address != fmt.Sprintf("/c/kinds/%d", hostileChain) { // a chain stands whole
		t.Errorf("%s: %d bytes with style sheet, at most %d are allowed", address, size, limit)
	}
	doc := parsePage(t, body)
	h1, level := 0, 0
	ids := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "svg", "style", "object", "embed", "base"}, n.Data) {
			t.Errorf("%s: <%s>", address, n.Data)
		}
		if n.Data == "img" && (attribute(n, "loading") != "lazy" || attribute(n, "width") == "" || attribute(n, "height") == "") {
			t.Errorf("%s: an image that is loaded at once, or whose size is not known", address)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: <%s %s>", address, n.Data, a.Key)
			}
			if slices.Contains([]string{"href", "src", "action", "formaction", "poster"}, a.Key) && !ownAddress(a.Val) {
				t.Errorf("%s: <%s %s=%q> leads elsewhere", address, n.Data, a.Key, a.Val)
			}
			if a.Key == "id" {
				if ids[a.Val] {
					t.Errorf("%s: id %q stands twice", address, a.Val)
				}
				ids[a.Val] = true
			}
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			l := int(n.Data[1] - '0')
			if l == 1 {
				h1++
			}
			if l > level+1 {
				t.Errorf("%s: <%s> after level %d", address, n.Data, level)
			}
			level = l
		}
	}
	if h1 != 1 {
		t.Errorf("%s: %d <h1>", address, h1)
	}
	for _, want := range []string{`<html lang="en" dir="ltr">`, "<title>", `<a class="skip" href="#main">`, `<main id="main"`, "<footer>"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s: lacks %s", address, want)
		}
	}
	if strings.ContainsAny(body, "\u202E\u202D\u2066\u200B") {
		t.Errorf("%s: a hidden direction control stands in the page", address)
	}
}

// ownAddress reports whether an address stays on this site, and is relative.
func ownAddress(a string) bool {
	u, err := url.Parse(a)
	return err == nil && u.Scheme == "" && u.Host == "" && !strings.HasPrefix(a, "/")
}

// TestEveryLinkLeadsSomewhere follows every link from the home page.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	f := newFixture(t)
	todo, seen := []string{"/"}, map[string]string{"/": ""}
	for len(todo) > 0 && len(seen) < 1500 {
		at := todo[0]
		todo = todo[1:]
		w := f.get(t, at)
		if w.Code == http.StatusFound {
			continue
		}
		if w.Code != http.StatusOK {
			t.Errorf("%s, linked from %s, answers %d", at, seen[at], w.Code)
			continue
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		for n := range parsePage(t, w.Body.String()).Descendants() {
			for _, a := range n.Attr {
				if n.Type != html.ElementNode || a.Key != "href" {
					continue
				}
				to := resolve(t, at, a.Val)
				if _, known := seen[to]; !known && to != "" {
					seen[to] = at
					todo = append(todo, to)
				}
			}
		}
	}
	if len(seen) < 300 {
		t.Errorf("only %d addresses were found", len(seen))
	}
}

// resolve is the address of a link on a page, without its fragment.
func resolve(t testing.TB, base, href string) string {
	t.Helper()
	b, err := url.Parse("http://x" + base)
	must(t, err)
	u, err := b.Parse(href)
	if err != nil {
		t.Errorf("%s: bad link %q", base, href)
		return ""
	}
	u.Fragment = ""
	return u.RequestURI()
}

// TestTheAcceptanceCrawlerFindsNoFault does what checks/pages does with the
// links of a page: it takes href literally, and joins paths by hand.
func TestTheAcceptanceCrawlerFindsNoFault(t *testing.T) {
	f := newFixture(t)
	todo, seen, pages := []string{"/"}, map[string]bool{}, 0
	skip := regexp.MustCompile(`\.\w+(\.gz)?$|/att/|/h/`)
	link := regexp.MustCompile(`href="([^"#?:]+)"`)
	for len(todo) > 0 && pages < 200 {
		p := todo[0]
		todo = todo[1:]
		if seen[p] || skip.MatchString(p) {
			continue
		}
		seen[p] = true
		w := f.get(t, p)
		if w.Code != 200 {
			t.Errorf("%s: linked, but answers %d", p, w.Code)
			continue
		}
		pages++
		base := p
		if !strings.HasSuffix(p, "/") {
			base = path.Dir(p) + "/"
		}
		for _, m := range link.FindAllStringSubmatch(w.Body.String(), -1) {
			to := path.Join(base, m[1])
			if strings.HasSuffix(m[1], "/") && m[1] != "/" {
				to += "/"
			}
			todo = append(todo, to)
		}
	}
	if pages < 60 {
		t.Errorf("only %d pages", pages)
	}
}

// TestValuesStandInBdi looks for values of the fixture outside <bdi>.
func TestValuesStandInBdi(t *testing.T) {
	f := newFixture(t)
	for _, k := range pageKinds {
		doc := parsePage(t, f.get(t, k.path).Body.String())
		for n := range doc.Descendants() {
			if n.Type != html.TextNode || inside(n, "bdi", "title", "option", "pre") || insideClass(n, "msg") {
				continue
			}
			for _, value := range []string{"Mary Example", "محمد", "Harbour works", "mary@example.org", "schedule.pdf", "Demo mail & more", "The harbour papers", "invoice"} {
				if strings.Contains(n.Data, value) {
					t.Errorf("%s: %q stands outside <bdi>: %q", k.path, value, n.Data)
				}
			}
		}
	}
}

// fromJSON reads an answer.
func fromJSON(t testing.TB, body string, to any) {
	t.Helper()
	must(t, json.Unmarshal([]byte(body), to))
}

func inside(n *html.Node, names ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && slices.Contains(names, p.Data) {
			return true
		}
	}
	return false
}

func insideClass(n *html.Node, class string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if slices.Contains(strings.Fields(attribute(p, "class")), class) {
			return true
		}
	}
	return false
}

func TestEveryResponseCarriesTheHeaders(t *testing.T) {
	f := newFixture(t)
	addresses := []string{"/c/mail/1.eml", "/c/mail/1.txt", "/c/mail/1.json", "/c/mail/1.proof", "/c/mail/4/att/1", "/c/mail/9.bin", "/" + styleName,
		"/robots.txt", "/c/mail/batch/1/manifest.json", "/c/mail/batch/1/items.zip", "/search.json?q=harbour", "/c/mail", "/log/checkpoint", "/h/" + strings.Repeat("0", 64), "//", "/c/../x"}
	for _, k := range pageKinds {
		addresses = append(addresses, k.path)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions} {
		for _, a := range addresses {
			w := httptest.NewRecorder()
			f.ServeHTTP(w, httptest.NewRequest(method, a, nil))
			h := w.Header()
			policy := h.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "script-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("%s %s: policy %q lacks %s", method, a, policy, want)
				}
			}
			if strings.Contains(policy, "frame-src") != (strings.Contains(a, "view=html") && (method == http.MethodGet || method == http.MethodHead)) {
				t.Errorf("%s %s: policy %q", method, a, policy)
			}
			for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
				"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
				if h.Get(name) != want {
					t.Errorf("%s %s: %s is %q", method, a, name, h.Get(name))
				}
			}
			if len(h.Values("Set-Cookie")) > 0 {
				t.Errorf("%s %s: sets a cookie", method, a)
			}
			if method != http.MethodGet && method != http.MethodHead && w.Code != http.StatusMethodNotAllowed && a != "/verify" {
				t.Errorf("%s %s: %d", method, a, w.Code)
			}
		}
	}
}

func TestAttachmentsAreNeverShownByABrowser(t *testing.T) {
	f := newFixture(t)
	for k, want := range map[int]struct{ mediaType, name, body string }{
		1: {"application/pdf", "schedule.pdf", "%PDF-1.4 not really"},
		2: {"application/octet-stream", "page.html", "<script>alert(1)</script>"},
		3: {"message/rfc822", "inner.eml", "inner text"},
	} {
		w := f.get(t, fmt.Sprintf("/c/mail/4/att/%d", k))
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != want.mediaType || !strings.Contains(w.Body.String(), want.body) {
			t.Errorf("att/%d: %d %s %q", k, w.Code, h.Get("Content-Type"), w.Body)
		}
		if !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") || !strings.Contains(h.Get("Content-Disposition"), want.name) {
			t.Errorf("att/%d: disposition %q", k, h.Get("Content-Disposition"))
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("att/%d: policy %q", k, h.Get("Content-Security-Policy"))
		}
	}
	w := f.get(t, "/c/mail/6/att/1")
	if d := w.Header().Get("Content-Disposition"); strings.ContainsAny(d, "/\\\u202E") || w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("hostile name: %q as %q", d, w.Header().Get("Content-Type"))
	}
	if w := f.get(t, "/c/mail/4/att/4"); w.Code != 404 {
		t.Errorf("att/4: %d", w.Code)
	}
}

func TestDownloadsAreTheExactBytes(t *testing.T) {
	f := newFixture(t)
	items := fixtureItems(t)
	for _, n := range []int{plainNumber, arabicNumber, wideNumber, threadFirst, lastNumber} {
		if got := f.page(t, fmt.Sprintf("/c/mail/%d.eml", n)); got != string(items[n].raw) {
			t.Errorf("%d.eml is not what was published", n)
		}
	}
	if got := f.page(t, "/c/mail/9.bin"); got != string(items[fileNumber].raw) {
		t.Error("9.bin is not what was published")
	}
}

func TestNothingUnpublishedIsShown(t *testing.T) {
	f := newFixture(t)
	for n := 1; n <= committedCount+1; n++ {
		hidden := n == withheldNumber || n == unreadableNumber || n == goneNumber || n >= notYetNumber
		for _, suffix := range []string{"", ".eml", ".txt", ".json", ".proof", "/verify", "/att/1", "?view=source", "@1"} {
			w := f.get(t, fmt.Sprintf("/c/mail/%d%s", n, suffix))
			if hidden && (w.Code == 200 || strings.Contains(w.Body.String(), "nobody may read") || strings.Contains(w.Body.String(), "Withdrawn words")) {
				t.Errorf("%d%s: %d", n, suffix, w.Code)
			}
		}
	}
	for _, q := range []string{"nobody", "subject:withdrawn", "no:48", "later"} {
		if body := f.page(t, "/search?q="+q); strings.Contains(body, `c/mail/48"`) || strings.Contains(body, "Withdrawn words") {
			t.Errorf("search for %s shows what is withdrawn", q)
		}
	}
}

func TestJSONFormsAgreeWithThePages(t *testing.T) {
	f := newFixture(t)
	var it struct {
		Name        string
		State       string
		SHA256      string
		Subject     string
		Attachments []struct{ Name, URL string }
	}
	must(t, json.Unmarshal([]byte(f.page(t, "/c/mail/4.json")), &it))
	if it.Name != "mail/4" || it.State != "published" || it.Subject != "Two files" || len(it.Attachments) != 3 || it.Attachments[0].URL != "/c/mail/4/att/1" {
		t.Errorf("4.json: %+v", it)
	}
	var list struct {
		Total   int
		Items   []struct{ Number int }
		NextURL string `json:"next_url"`
	}
	seen, at := 0, "/c/mail/batch/2/index.json"
	for at != "" {
		list.NextURL, list.Items = "", nil
		must(t, json.Unmarshal([]byte(f.page(t, at)), &list))
		seen, at = seen+len(list.Items), list.NextURL
	}
	if seen != list.Total || seen != lastNumber-30-2 {
		t.Errorf("batch 2: %d items of %d", seen, list.Total)
	}
	seen, at = 0, "/search.json?q=harbour"
	for at != "" {
		list.NextURL, list.Items = "", nil
		must(t, json.Unmarshal([]byte(f.page(t, at)), &list))
		seen, at = seen+len(list.Items), list.NextURL
	}
	if seen != list.Total || seen != threadLast-threadFirst+1 {
		t.Errorf("search: %d items of %d", seen, list.Total)
	}
}

func TestSearchPagesByCursorToTheEnd(t *testing.T) {
	f := newFixture(t)
	found := map[string]bool{}
	at := "/search?q=harbour&sort=oldest"
	for pages := 0; at != "" && pages < 10; pages++ {
		body := f.page(t, at)
		at2 := at
		at = ""
		for n := range parsePage(t, body).Descendants() {
			if n.Type != html.ElementNode || n.Data != "a" {
				continue
			}
			if attribute(n, "rel") == "next" {
				at = resolve(t, at2, attribute(n, "href"))
			}
			if n.Parent.Data == "h3" {
				found[attribute(n, "href")] = true
			}
		}
	}
	if len(found) != threadLast-threadFirst+1 {
		t.Errorf("%d results on all pages, want %d", len(found), threadLast-threadFirst+1)
	}
}

func TestRefusedQueriesSayWhere(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/search?q="+url.QueryEscape(`budget "open quote`))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "<mark>") || !strings.Contains(w.Body.String(), `value="budget &#34;open quote"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWithoutAnIndexEverythingElseCanBeRead(t *testing.T) {
	f := newFixture(t)
	var err error
	f.Handler, err = New(Options{Archive: f.archive, Files: os.DirFS(f.dir), Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	for a, status := range map[string]int{"/": 200, "/browse": 200, "/c/mail/": 200, "/c/mail/batch/1/": 200, "/c/mail/1": 200, "/c/mail/1.eml": 200,
		"/about": 200, "/verify": 200, "/search?q=x": 503, "/search": 503, "/nothing": 404} {
		w := f.get(t, a)
		if w.Code != status {
			t.Errorf("%s: %d, want %d", a, w.Code, status)
		}
		if status == 503 && (!strings.Contains(w.Body.String(), `href="./browse"`) || w.Header().Get("Retry-After") == "") {
			t.Errorf("%s does not lead on", a)
		}
	}
}

func TestSearchInsideACollectionBecomesPartOfTheQuery(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/search?in=mail&q=harbour")
	if to := w.Header().Get("Location"); w.Code != http.StatusFound || to != "/search?q=harbour+in%3Amail" {
		t.Errorf("%d to %q", w.Code, to)
	}
}

func TestMessageIDsAndHashesLeadToTheItem(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/c/mail/msgid/"+url.PathEscape("<plain@example.org>"))
	if w.Code != http.StatusFound || !regexp.MustCompile(`^/c/mail/[18]$`).MatchString(w.Header().Get("Location")) {
		t.Errorf("msgid: %d to %q", w.Code, w.Header().Get("Location"))
	}
	raw := fixtureItems(t)[arabicNumber].raw
	if got := f.page(t, "/h/"+trove.Sum(raw).String()); got != string(raw) {
		t.Error("the hash of an item does not lead to its bytes")
	}
	if got := f.page(t, "/h/"+trove.Sum([]byte("%PDF-1.4 not really")).String()); got != "%PDF-1.4 not really" {
		t.Error("the hash of an attachment does not lead to its bytes")
	}
	if w := f.get(t, "/h/"+strings.Repeat("0", 64)); w.Code != 404 {
		t.Errorf("unknown hash: %d", w.Code)
	}
}

func TestReadersKeepWhatHasNotChanged(t *testing.T) {
	f := newFixture(t)
	for _, a := range []string{"/", "/c/mail/1", "/c/mail/1.eml", "/" + styleName, "/c/mail/batch/1/manifest.json"} {
		etag := f.get(t, a).Header().Get("Etag")
		r := httptest.NewRequest(http.MethodGet, a, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if etag == "" || w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("%s: etag %q, %d with %d bytes", a, etag, w.Code, w.Body.Len())
		}
	}
}

// TestPagesAreAnsweredAtOnce asks for what the site reads once and keeps, from
// many sides; run it with -race.
func TestPagesAreAnsweredAtOnce(t *testing.T) {
	f := newFixture(t)
	var readers sync.WaitGroup
	for range 4 {
		for _, a := range []string{"/c/mail/authenticity", "/c/mail/batch/1/", "/c/mail/48", "/c/mail/1/history", "/notices", "/keys", "/feed.atom", "/c/mail/10", "/c/mail/10/verify", "/c/kinds/batch/1/", "/c/kinds/1", "/c/kinds/1.mp3", "/c/kinds/4/compare?with=20"} {
			readers.Go(func() {
				w := httptest.NewRecorder()
				f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, a, nil))
				if w.Code != 200 && w.Code != 410 {
					t.Errorf("%s: %d", a, w.Code)
				}
			})
		}
	}
	readers.Wait()
}

func FuzzAddress(f *testing.F) {
	for _, a := range []string{"/c/mail/1", "/c/mail/01", "/c/mail/1@", "/c/mail/1.eml/x", "/c/mail/batch/0001/1/manifest.json", "/c/mail/batch/1/../..",
		"/c/mail/t/%00", "/c/mail/msgid/%ff", "/h/zz", "/log/../unseal.json", "/log/tile/entries/000", "/c//", "/c/mail/1/att/99999999999999999999",
		"/search?q=%25%25&sort=x&_next=%00&copies=fold", "/c/mail/?from=-1", "/c/mail/batch/1/?from=99999", "/c/mail/5?all=1&view=zzz", "/search?in=../x&q=a",
		"/c/mail/48.tlog-proof", "/c/mail/61.tlog-proof", "/c/mail/1/dkim/1.signed", "/c/mail/1/dkim/0.body", "/c/mail/1/history", "/c/mail/48/history.json", "/c/mail/1@0",
		"/keys?from=-1", "/notices?from=99999999999999999999", "/notices/1.txt", "/notices/../unseal.json", "/verify?sha256=zz", "/verify.json", "/c/mail/authenticity.xml", "/feed.atom"} {
		f.Add(a)
	}
	site := newFixture(f)
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.ParseRequestURI(address)
		if err != nil || !strings.HasPrefix(address, "/") {
			return
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u, Host: "x", Header: http.Header{}, Body: http.NoBody})
		if w.Code >= 500 || w.Code == 0 {
			t.Fatalf("%q: %d %s", address, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "nobody may read") {
			t.Fatalf("%q shows what is not published", address)
		}
	})
}
