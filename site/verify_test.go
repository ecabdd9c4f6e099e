package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"unseal/search"
	"unseal/trove"
	"unseal/verifier"
)

// ask posts the form of /verify.
func ask(t testing.TB, f *fixtureSite, digest string, file []byte) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(t, form.WriteField("sha256", digest))
	w, err := form.CreateFormFile("file", "mail.eml")
	must(t, err)
	_, err = w.Write(file)
	must(t, err)
	must(t, form.Close())
	r := httptest.NewRequest(http.MethodPost, "/verify", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, r)
	return answer
}

func TestVerifyAnswersWhetherBytesAreOurs(t *testing.T) {
	f := newFixture(t)
	items := fixtureItems(t)
	raw := items[arabicNumber].raw
	changed := append(bytes.Clone(raw), ' ')
	for name, row := range map[string]struct {
		digest string
		file   []byte
		status int
		says   string
	}{
		"a file":              {"", raw, 200, "This is ours, unchanged"},
		"a digest":            {" " + strings.ToUpper(trove.Sum(raw).String()) + "\n", nil, 200, "This is ours, unchanged"},
		"an attachment":       {"", []byte("%PDF-1.4 not really"), 200, "This is ours, unchanged"},
		"a changed file":      {"", changed, 200, "These bytes are not published here"},
		"what is withheld":    {"", items[withheldNumber].raw, 200, "These bytes are not published here"},
		"what is withdrawn":   {"", items[goneNumber].raw, 200, "These bytes are not published here"},
		"what is not yet out": {"", items[notYetNumber].raw, 200, "These bytes are not published here"},
		"nothing":             {"", nil, 400, "There is a problem"},
		"no digest":           {"xyz", nil, 400, "64 hex digits"},
		"too much":            {"", make([]byte, maxChecked+2<<20), 413, "too large"},
	} {
		w := ask(t, f, row.digest, row.file)
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.says) {
			t.Errorf("%s: %d, want %d with %q", name, w.Code, row.status, row.says)
		}
		checkPage(t, "/verify", w)
	}
	r := httptest.NewRequest(http.MethodPost, "/verify", strings.NewReader(url.Values{"sha256": {trove.Sum(raw).String()}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "This is ours") {
		t.Errorf("a plain form: %d", w.Code)
	}
}

// TestADigestIsLookedUpWithoutAnUpload asks with an address alone, as the form
// does.
func TestADigestIsLookedUpWithoutAnUpload(t *testing.T) {
	f := newFixture(t)
	items := fixtureItems(t)
	size := f.archive.Checkpoint().Size
	for name, row := range map[string]struct {
		digest string
		status int
		says   []string
	}{
		"an item":             {trove.Sum(items[arabicNumber].raw).String(), 200, []string{"This is ours, unchanged", "No. 2"}},
		"an attachment":       {trove.Sum([]byte("%PDF-1.4 not really")).String(), 200, []string{"This is ours, unchanged", "No. 4"}},
		"nothing of ours":     {strings.Repeat("0", 64), 200, []string{fmt.Sprintf("Not in this log, as of size %d", size), "8 Nov 2016, 09:00 UTC, as the publisher states it", "does not mean that they are forged", "by the hash of its original", "Download verify.html"}},
		"what is withheld":    {trove.Sum(items[withheldNumber].raw).String(), 200, []string{"Not in this log"}},
		"what is withdrawn":   {trove.Sum(items[goneNumber].raw).String(), 200, []string{"Not in this log"}},
		"what is not yet out": {trove.Sum(items[notYetNumber].raw).String(), 200, []string{"Not in this log"}},
		"no digest":           {"xyz", 400, []string{"There is a problem", "64 hex digits"}},
	} {
		w := f.get(t, "/verify?sha256="+row.digest)
		checkPage(t, "/verify", w)
		said := textOf(t, w.Body.String(), func(n *html.Node) bool { return n.Data == "main" })
		for _, want := range row.says {
			if w.Code != row.status || !strings.Contains(said, want) {
				t.Errorf("%s: %d, does not say %q, but:\n%s", name, w.Code, want, said)
			}
		}
		w = f.get(t, "/verify.json?sha256="+row.digest)
		var found lookedUp
		if fromJSON(t, w.Body.String(), &found); w.Code != row.status || found.Found != strings.HasPrefix(row.says[0], "This is ours") || found.Found != (len(found.Items) > 0) {
			t.Errorf("%s as JSON: %d %+v", name, w.Code, found)
		}
		if w.Code == 200 && (found.LogSize != size || found.Time.IsZero()) {
			t.Errorf("%s as JSON: %+v", name, found)
		}
	}
	if w := f.get(t, "/verify.json"); w.Code != 400 {
		t.Errorf("no digest at all: %d", w.Code)
	}
}

// TestTheVerifierIsADownloadThatMayAskNobody looks at the one file of the site
// that holds a script.
func TestTheVerifierIsADownloadThatMayAskNobody(t *testing.T) {
	f := newFixture(t)
	w := f.get(t, "/verify.html")
	h := w.Header()
	if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), verifier.Page) || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Content-Disposition") != "attachment; filename=verify.html" {
		t.Errorf("verify.html: %d, %q", w.Code, h)
	}
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "connect-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(h.Get("Content-Security-Policy"), want) {
			t.Errorf("policy %q lacks %s", h.Get("Content-Security-Policy"), want)
		}
	}
	page := f.page(t, "/verify")
	if !strings.Contains(page, `href="./verify.html"`) || !strings.Contains(page, trove.Sum(w.Body.Bytes()).String()) || strings.Contains(page, "<script") {
		t.Error("/verify does not link to verify.html, lacks its digest, or has a script of its own")
	}
}

// brokenIndex fails as a damaged disk would.
type brokenIndex struct{ panics bool }

func (b brokenIndex) Search(context.Context, search.Request) (*search.Result, error) {
	if b.panics {
		panic("broken invariant")
	}
	return nil, errors.New("segment 7 is damaged")
}

func (brokenIndex) Text(context.Context, trove.CollectionName, int) (string, error) {
	return "", errors.New("segment 7 is damaged")
}

func (brokenIndex) Suggest(context.Context, string, int) ([]string, error) {
	return nil, errors.New("segment 7 is damaged")
}

func (brokenIndex) Close() error { return nil }

// TestFaultsAreLoggedWithoutTheReader looks for what a reader asked, and from
// where, in what the site logs.
func TestFaultsAreLoggedWithoutTheReader(t *testing.T) {
	f := newFixture(t)
	for _, panics := range []bool{false, true} {
		var log bytes.Buffer
		h, err := New(Options{Archive: f.archive, Files: os.DirFS(f.dir), Index: brokenIndex{panics}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		r := httptest.NewRequest(http.MethodGet, "/search?q=secretword", nil)
		r.RemoteAddr = "203.0.113.77:4711"
		r.Header.Set("User-Agent", "marked-agent")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "segment 7") {
			t.Errorf("panics %t: %d %s", panics, w.Code, w.Body)
		}
		checkPage(t, "/search", w)
		if log.Len() == 0 {
			t.Errorf("panics %t: the fault is not logged", panics)
		}
		for _, mark := range []string{"secretword", "203.0.113", "marked-agent", "/search?"} {
			if strings.Contains(log.String(), mark) {
				t.Errorf("panics %t: the log holds %q: %s", panics, mark, &log)
			}
		}
	}
}
