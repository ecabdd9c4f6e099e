package site

import (
	"cmp"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"unseal/archive"
	"unseal/evidence"
	"unseal/evidence/known"
	"unseal/evidence/logtime"
	"unseal/search"
	"unseal/trove"
)

// Options are what the site is built from. Archive, Files and Log are needed;
// without an Index the site serves all but search and threads and says so.
type Options struct {
	Archive *archive.Archive
	Files   fs.FS        // the archive's folder, whose files can be taken as they stand
	Index   search.Index // over all batches of the archive
	Log     *slog.Logger // gets faults, never a reader's address, path or query

	Language string  // of the pages, one of Languages; English if it is empty
	Static   *Static // not nil if the pages become files
}

// site is the reader's house. It is read-only and safe for concurrent use.
type site struct {
	archive     *archive.Archive
	folder      fs.FS
	index       search.Index
	log         *slog.Logger
	locale      *locale
	static      *Static        // nil if a server answers
	name        string         // what the bar and the titles call the site
	base        string         // the address of the site as the publisher states it, or empty
	keys        *evidence.Keys // of senders: what judges signatures here
	keysOurs    bool           // they are the set built into the program, not the archive's own
	witnessed   []witnessed    // by time
	times       []logtime.Shown
	collections []*collection
	byName      map[trove.CollectionName]*collection
	searching   chan struct{} // one place for each search under way
	saving      chan struct{} // one place for each list being written
	checks      *checks       // counted of the senders' signatures
	past        *past         // of numbers, as the log has it
	judged      judgements
	long        extents
}

// New is the handler of the reader's pages and API. It opens nothing and
// starts nothing; archive and index stay the caller's to close.
func New(o Options) (http.Handler, error) {
	s, err := build(o)
	if err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1000), gzhttp.CompressionLevel(3), gzhttp.ContentTypes([]string{"text/html", "text/css", "application/json", "text/plain"}))
	if err != nil {
		return nil, fmt.Errorf("compression: %w", err)
	}
	return compress(s.handler()), nil
}

// handler answers everything, uncompressed.
func (s *site) handler() http.Handler { return s.guard(s.routes()) }

// build reads what every page needs.
func build(o Options) (*site, error) {
	locales, err := loadLocales()
	if err != nil {
		return nil, err
	}
	loc := locales[cmp.Or(o.Language, "en")]
	if loc == nil {
		return nil, fmt.Errorf("no pages in the language %q", o.Language)
	}
	s := &site{archive: o.Archive, folder: o.Files, index: o.Index, log: o.Log, locale: loc, static: o.Static,
		searching: make(chan struct{}, searchesAtOnce), saving: make(chan struct{}, savedAtOnce), checks: newChecks(), past: newPast(), byName: map[trove.CollectionName]*collection{}}
	info := s.archive.Info()
	if s.name = info.Name; s.name == "" {
		s.name = info.Origin
	}
	if len(info.Addresses) > 0 {
		s.base = strings.TrimSuffix(info.Addresses[0], "/")
	}
	if s.keys = s.archive.Keys(); len(s.keys.All()) == 0 {
		s.keys, s.keysOurs = known.Keys(), true
	}
	if s.witnessed, err = s.readWitnesses(); err != nil {
		return nil, err
	}
	if err := s.readTimes(); err != nil {
		return nil, err
	}
	if s.collections, err = readCollections(s.archive); err != nil {
		return nil, err
	}
	for _, c := range s.collections {
		s.byName[c.Name] = c
	}
	return s, nil
}

// address is the whole address of a place, where the publisher states one of
// the site; else the path alone.
func (s *site) address(path string) string { return s.base + "/" + path }

// handler answers a request or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	searching := s.search
	if s.static != nil {
		searching = s.searchElsewhere
	}
	for pattern, h := range map[string]handler{
		"/":              s.noPage,
		"/{$}":           s.home,
		"/index.json":    s.home,
		"/c/":            s.underCollections,
		"/search":        searching,
		"/search.json":   s.search,
		"/search/help":   s.help,
		"/browse":        s.browse,
		"/verify":        s.verify,
		"/verify.json":   s.verify,
		"/notices":       s.noticesPage,
		"/notices.json":  s.noticesPage,
		"/notices/{n}":   s.archiveFile,
		"/feed.atom":     s.feed,
		"/keys":          s.keysPage,
		"/keys.json":     s.archiveFile,
		"/verify.html":   s.verifierPage,
		"/" + checkPath:  s.script,
		"/log":           s.logPage,
		"/log.json":      s.logPage,
		"/log/{path...}": s.archiveFile,
		"/unseal.json":   s.archiveFile,
		"/about":         s.about,
		"/h/{sha256}":    s.byHash,
		"/robots.txt":    s.robots,
		"/" + styleName:  s.style,

		"/search/advanced": s.advanced,
		"/search.csv":      s.saved,
		"/search.ndjson":   s.saved,
		"/search.mbox.gz":  s.saved,
		"/search.zip":      s.saved,
		"/search.atom":     s.queryFeed,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.answerError(w, r, err)
			}
		})
	}
	return mux
}

// guard sets the headers of every response, lets only reading methods pass,
// and turns a panic into an error page.
func (s *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		defer func() {
			if v := recover(); v == http.ErrAbortHandler {
				panic(v) // the connection is to be cut
			} else if v != nil {
				s.answerError(w, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}
		}()
		posts := r.Method == http.MethodPost && r.URL.Path == "/verify"
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !posts {
			w.Header().Set("Allow", "GET, HEAD")
			s.answerError(w, r, &fault{status: http.StatusMethodNotAllowed, w: "error.method"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asJSON reports whether the address asks for JSON.
func asJSON(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".json") }

func (s *site) noPage(http.ResponseWriter, *http.Request) error { return missing("error.no-page") }

// style answers the style sheet, whose name changes with it.
func (s *site) style(w http.ResponseWriter, r *http.Request) error {
	w.Header()["Cache-Control"] = headerImmutable
	send(w, r, http.StatusOK, headerCSS, styleSheet)
	return nil
}

// robots lets machines read everything but searches, which have no end.
func (s *site) robots(w http.ResponseWriter, r *http.Request) error {
	send(w, r, http.StatusOK, headerText, []byte("User-agent: *\nDisallow: /search?\nDisallow: /search.\nDisallow: /verify?\nDisallow: /verify.json\nDisallow: /h/\n"))
	return nil
}
