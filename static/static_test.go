package static_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"unseal/archive"
	"unseal/static"
	"unseal/trove"
)

// linked is a link of a page of the export.
type linked struct {
	file, tag, rel, to string
}

// pageOf reads the links and the ids of a page.
func pageOf(t testing.TB, dir, file string) (all []linked, ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(read(t, dir, file)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return all, ids
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			rel := ""
			for _, a := range tok.Attr {
				if a.Key == "rel" {
					rel = a.Val
				}
				if a.Key == "id" {
					ids[a.Val] = true
				}
			}
			for _, a := range tok.Attr {
				switch a.Key {
				case "href", "src", "action", "poster", "data":
					all = append(all, linked{file, tok.Data, rel, a.Val})
				case "srcset", "style":
					t.Errorf("%s: attribute %s", file, a.Key)
				}
			}
		}
	}
}

// leads checks that a link of a page ends in the export, at a place that is there.
func leads(t *testing.T, dir string, files map[string]string, l linked, ids func(string) map[string]bool) {
	t.Helper()
	u, err := url.Parse(l.to)
	if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") {
		t.Errorf("%s: <%s> leads out: %q", l.file, l.tag, l.to)
		return
	}
	goal := l.file
	if u.Path != "" {
		goal = path.Join(path.Dir(l.file), u.Path)
	}
	if _, ok := files[goal]; !ok {
		t.Errorf("%s: <%s> %q: no file %s", l.file, l.tag, l.to, goal)
		return
	}
	if u.RawQuery != "" {
		t.Errorf("%s: %q asks a file a question", l.file, l.to)
	}
	if u.Fragment != "" && !strings.HasPrefix(u.Fragment, "t=") && !strings.HasPrefix(u.Fragment, "q=") && strings.HasSuffix(goal, ".html") && !ids(goal)[u.Fragment] {
		t.Errorf("%s: %q: no such place", l.file, l.to)
	}
}

func TestEveryLinkLeadsToAFileOfTheExport(t *testing.T) {
	_, dir := exported(t)
	files := digests(t, dir)
	known := map[string]map[string]bool{}
	ids := func(file string) map[string]bool {
		if known[file] == nil {
			_, known[file] = pageOf(t, dir, file)
		}
		return known[file]
	}
	pages, found := 0, 0
	for file := range files {
		if path.Ext(file) != ".html" || strings.HasPrefix(file, "archive/") {
			continue
		}
		pages++
		list, _ := pageOf(t, dir, file)
		for _, l := range list {
			found++
			leads(t, dir, files, l, ids)
		}
	}
	if pages < 300 || found < 5000 {
		t.Errorf("only %d pages with %d links", pages, found)
	}
}

// Whatever the site links from a published item is there, beside its page.
func TestAnItemHasItsFilesBesideItsPage(t *testing.T) {
	f, dir := exported(t)
	files := digests(t, dir)
	for _, name := range []string{"index.html", "c/harbour/index.html", "c/harbour/batch/1/index.html", "c/harbour/5.html", "c/harbour/5.eml", "c/harbour/5.txt",
		"c/harbour/5.json", "c/harbour/5.proof", "c/harbour/5/verify.html", "c/harbour/5/history.html", "feed.atom", "verify.html", "browse.html", "search/help.html",
		"archive/unseal.json", "archive/log/checkpoint", "archive/c/harbour/batch/0001/1/items.zip"} {
		if files[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	c, err := f.archive.Collection("harbour")
	must(t, err)
	raw, err := c.Bytes(5)
	must(t, err)
	if read(t, dir, "c/harbour/5.eml") != string(raw) {
		t.Error("5.eml is not the item's exact bytes")
	}
}

// The archive in the export is whole: it verifies as its origin does.
func TestTheArchiveInsideIsTheArchive(t *testing.T) {
	f, dir := exported(t)
	if d := differences(digests(t, f.dir), digests(t, filepath.Join(dir, "archive"))); len(d) > 0 {
		t.Errorf("differ: %q", d)
	}
}

func TestANumberThatIsNotShownHasAPageThatSaysWhy(t *testing.T) {
	f, dir := exported(t)
	c, err := f.archive.Collection("harbour")
	must(t, err)
	said := map[trove.State]bool{}
	for n := 1; n <= c.Count(); n++ {
		st, _ := c.Status(n)
		if st.State == trove.Published {
			continue
		}
		file := filepath.Join(dir, "c/harbour", itoa(n))
		if _, err := os.Stat(file + ".eml"); err == nil {
			t.Errorf("%d is %s, and its bytes are there", n, st.State)
		}
		if page := read(t, file+".html"); !strings.Contains(page, "<h1>") || !strings.Contains(page, "class=\"tag") {
			t.Errorf("%d: %.200s", n, page)
		}
		said[st.State] = true
	}
	if len(said) == 0 {
		t.Error("every number is shown: nothing was tested")
	}
}

func TestTwoExportsAreTheSameBytes(t *testing.T) {
	f, one := exported(t)
	two := t.TempDir()
	_, err := f.export(t, two, func(o *static.Options) { o.Jobs = 1 })
	must(t, err)
	if d := differences(digests(t, one), digests(t, two)); len(d) > 0 {
		t.Errorf("differ: %q", d)
	}
}

// asked counts what a handler is asked for.
type asked struct {
	http.Handler
	change func(w http.ResponseWriter, r *http.Request) (done bool)
	paths  chan string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case a.paths <- r.URL.Path:
	default:
	}
	if a.change == nil || !a.change(w, r) {
		a.Handler.ServeHTTP(w, r)
	}
}

func (f *fixture) ask() *asked { return &asked{Handler: f.handler, paths: make(chan string, 10_000)} }

func with(h http.Handler) func(*static.Options) {
	return func(o *static.Options) { o.Pages[0].Handler = h }
}

var itemPath = regexp.MustCompile(`^/c/harbour/[0-9]+`)

// items are the requests for items.
func (a *asked) items() (list []string) {
	close(a.paths)
	for p := range a.paths {
		if itemPath.MatchString(p) {
			list = append(list, p)
		}
	}
	return list
}

func TestASecondRunMakesOnlyWhatIsMissing(t *testing.T) {
	f, dir := exported(t)
	before := digests(t, dir)
	again := f.ask()
	r, err := f.export(t, dir, with(again))
	must(t, err)
	if list := again.items(); r.Written != 0 || len(list) > 0 {
		t.Errorf("nothing is missing: %d written, asked for %q", r.Written, list)
	}
	must(t, os.Remove(filepath.Join(dir, "c/harbour/7/verify.html")))
	must(t, os.WriteFile(filepath.Join(dir, "c/harbour/9.eml"), []byte("cut"), 0o666))
	third := f.ask()
	r, err = f.export(t, dir, with(third))
	must(t, err)
	list := third.items()
	if r.Written != 2 || slices.ContainsFunc(list, func(p string) bool {
		return !strings.HasPrefix(p, "/c/harbour/7") && !strings.HasPrefix(p, "/c/harbour/9")
	}) {
		t.Errorf("%d written, asked for %q", r.Written, list)
	}
	if d := differences(before, digests(t, dir)); len(d) > 0 {
		t.Errorf("differ: %q", d)
	}
}

func TestAStoppedRunGoesOn(t *testing.T) {
	f, whole := exported(t)
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	first := f.ask()
	first.change = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/c/harbour/60" {
			stop()
		}
		return false
	}
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	o := static.Options{Archive: f.archive, Files: os.DirFS(f.dir), Pages: f.english(t), Out: root, Program: "test", Shards: true, Jobs: 2,
		Sync: func() error { return nil }, Progress: func(int, int) {}, Fault: func(string, error) {}}
	with(first)(&o)
	if _, err := static.Export(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped run ends with %v", err)
	}
	second := f.ask()
	_, err = f.export(t, dir, with(second))
	must(t, err)
	if slices.Contains(second.items(), "/c/harbour/20") {
		t.Error("what was written is made again")
	}
	if d := differences(digests(t, whole), digests(t, dir)); len(d) > 0 {
		t.Errorf("differ: %q", d)
	}
}

// A journal that lost its end in a crash costs work and nothing else.
func TestACutJournalCostsOnlyWork(t *testing.T) {
	f, dir := exported(t)
	before := digests(t, dir)
	name := filepath.Join(dir, static.OwnDir, "journal")
	b := read(t, name)
	must(t, os.WriteFile(name, []byte(b[:len(b)/2]), 0o666))
	_, err := f.export(t, dir)
	must(t, err)
	if d := differences(before, digests(t, dir)); len(d) > 0 {
		t.Errorf("differ: %q", d)
	}
}

// What is not published any more goes, with the folders that only it needed.
func TestWhatIsNotPublishedAnyMoreIsRemoved(t *testing.T) {
	f, dir := exported(t)
	gone := f.ask()
	gone.change = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/log.json":
			_, _ = w.Write([]byte("another state of the log\n"))
			return true
		case r.URL.Path == "/c/harbour/5":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusGone)
			_, _ = w.Write([]byte("<p>Withdrawn.</p>"))
			return true
		}
		return false
	}
	_, err := f.export(t, dir, with(gone))
	must(t, err)
	left, err := filepath.Glob(filepath.Join(dir, "c/harbour/5.*"))
	must(t, err)
	if len(left) != 1 || read(t, left[0]) != "<p>Withdrawn.</p>" {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "c/harbour/5")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder: %v", err)
	}
}

func TestHostileNamesStayInTheFolderAndAreHarmless(t *testing.T) {
	f := newFixture(t)
	outer := t.TempDir()
	dir := filepath.Join(outer, "site")
	hostile := f.ask()
	const script = "<script>alert(1)</script>"
	names := []string{"made/..%2f..%2f..%2fescaped.html", "att/%2e%2e", "made/" + strings.Repeat("n", 3000), "made/CON", "made/a.svg", "made/x%00y", "made/.htaccess", "made/UPPER", "made/upper"}
	hostile.change = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/c/harbour/5" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			for _, n := range names {
				_, _ = w.Write([]byte(`<a href="5/` + n + `">x</a>`))
			}
			_, _ = w.Write([]byte(`<a href="../../../../../etc/passwd">y</a><a href="//other.example/x">z</a><a href="javascript:alert(1)">j</a><a href="file:///etc/passwd">f</a>`))
			return true
		}
		if strings.HasPrefix(r.URL.Path, "/c/harbour/5/") {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="../../../invoice.html"`)
			_, _ = w.Write([]byte(script))
			return true
		}
		return false
	}
	_, err := f.export(t, dir, with(hostile))
	must(t, err)
	around, err := os.ReadDir(outer)
	must(t, err)
	if len(around) != 1 {
		t.Errorf("beside the folder: %v", around)
	}
	kept := 0
	for file := range digests(t, dir) {
		if strings.Contains(read(t, dir, file), script) && !strings.HasPrefix(file, "archive/") {
			kept++
			if !strings.HasPrefix(file, "c/harbour/5/") || path.Ext(file) != ".bin" || len(path.Base(file)) > 120 {
				t.Errorf("%q", file)
			}
		}
	}
	if kept < 6 {
		t.Errorf("only %d hostile files: the test tests nothing", kept)
	}
	page := read(t, dir, "c/harbour/5.html")
	for _, bad := range []string{"passwd", "other.example", "javascript", "file:///", `"../../../../`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s: %s", bad, page)
		}
	}
}

func TestAFolderWithSomethingElseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("mine"), 0o666))
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	if err := static.CheckFolder(root); !errors.Is(err, static.ErrForeign) {
		t.Errorf("%v", err)
	}
}

// A part that the site cannot answer is told, and does not stop the rest.
func TestAPartThatCannotBeMadeIsTold(t *testing.T) {
	f, dir := newFixture(t), t.TempDir()
	broken := f.ask()
	broken.change = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/c/harbour/8.eml" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return r.URL.Path == "/c/harbour/8.eml"
	}
	var told []string
	r, err := f.export(t, dir, with(broken), func(o *static.Options) { o.Fault = func(unit string, err error) { told = append(told, unit) } })
	must(t, err)
	if r.Failed != 1 || !slices.Equal(told, []string{"c/harbour/8"}) {
		t.Errorf("%+v, told %q", r, told)
	}
	r, err = f.export(t, dir)
	must(t, err)
	if _, err := os.Stat(filepath.Join(dir, "c/harbour/8.eml")); err != nil || r.Failed != 0 {
		t.Errorf("the next run: %+v, %v", r, err)
	}
}

// An archive that goes on meanwhile makes no mixture pass for whole.
func TestAnArchiveThatChangesMeanwhileIsSaid(t *testing.T) {
	f, dir := newFixture(t), t.TempDir()
	copied := filepath.Join(t.TempDir(), "archive")
	must(t, os.CopyFS(copied, os.DirFS(f.dir)))
	other := openFixture(t, copied)
	change := other.ask()
	change.change = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/c/harbour/70" {
			must(t, os.WriteFile(filepath.Join(copied, archive.LogDir, "checkpoint"), []byte("newer"), 0o666))
		}
		return false
	}
	if _, err := other.export(t, dir, with(change)); !errors.Is(err, static.ErrChanged) {
		t.Errorf("%v", err)
	}
}

// Pages in a further language lie in a folder of their own; files lie once.
func TestAFurtherLanguageHasItsOwnPages(t *testing.T) {
	f, dir := newFixture(t), t.TempDir()
	_, err := f.export(t, dir, func(o *static.Options) {
		o.Pages = append(o.Pages, static.Pages{Lang: "xx", Handler: f.handler})
	})
	must(t, err)
	files := digests(t, dir)
	for name, want := range map[string]bool{"xx/index.html": true, "xx/c/harbour/5.html": true, "xx/c/harbour/5/verify.html": true, "xx/c/harbour/5.eml": false, "xx/verify.html": false, "c/harbour/5.eml": true} {
		if (files[name] != "") != want {
			t.Errorf("%s there: %v", name, !want)
		}
	}
	page := read(t, dir, "xx/c/harbour/5.html")
	for _, link := range []string{`href="../../../c/harbour/5.eml"`, `href="4.html"`, `href="../../index.html"`} {
		if !strings.Contains(page, link) {
			t.Errorf("no %s", link)
		}
	}
	known := map[string]map[string]bool{}
	for file := range files {
		if !strings.HasPrefix(file, "xx/") || path.Ext(file) != ".html" {
			continue
		}
		list, _ := pageOf(t, dir, file)
		for _, l := range list {
			leads(t, dir, files, l, func(goal string) map[string]bool {
				if known[goal] == nil {
					_, known[goal] = pageOf(t, dir, goal)
				}
				return known[goal]
			})
		}
	}
}
