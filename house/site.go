package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"time"

	"unseal/archive"
	"unseal/proof"
	"unseal/search"
	"unseal/site"
)

// Site serves an archive to readers, always as the checkpoint in its folder
// shows it: when another is there, the archive is opened anew beside the old
// state, and the old one is closed when the requests that it is answering have
// ended. A request is answered from one state. At most two states are open.
// It is safe for concurrent use. Close it.
type Site struct {
	files fs.FS
	log   *slog.Logger
	every time.Duration // between looks that no request causes

	looking chan struct{}    // one place: who looks at the folder holds it
	seen    proof.Checkpoint // guarded by looking: the newest that was proven
	prev    *state           // guarded by looking: the one before now, perhaps still in use

	mu     sync.Mutex
	now    *state // guarded by mu
	mark   mark   // guarded by mu: the folder when it was last looked at
	behind bool   // guarded by mu: now is not what the folder's checkpoint shows
	fault  error  // guarded by mu: why now must not be shown, or nil
}

// state is an archive open for readers, as one checkpoint shows it.
type state struct {
	archive *archive.Archive
	index   search.Index
	handler http.Handler
	users   int             // guarded by Site.mu: requests, and one for the site itself
	life    context.Context // of its requests
	cut     context.CancelFunc
	ended   chan struct{} // closed when all is closed
}

// lookEvery is how often the folder is looked at where nobody asks for a page.
const lookEvery = 2 * time.Second

// drainTime is how long requests on a state go on when a second one follows it.
const drainTime = time.Second

// answersMost is how often a request is answered again because what it needed
// was replaced meanwhile.
const answersMost = 3

// OpenSite opens the archive in dir for readers. It writes nothing.
func OpenSite(ctx context.Context, dir string, log *slog.Logger) (*Site, error) {
	if err := needArchive(dir); err != nil {
		return nil, err
	}
	s := &Site{files: os.DirFS(dir), log: log, every: lookEvery, looking: make(chan struct{}, 1)}
	o := s.openNewest(ctx)
	s.now, s.mark = o.state, o.mark
	if o.err != nil {
		return nil, fmt.Errorf("open the archive %s: %w", dir, o.err)
	}
	s.seen = s.now.archive.Checkpoint()
	return s, nil
}

// openState opens the archive and its index.
func openState(ctx context.Context, files fs.FS, log *slog.Logger) (*state, error) {
	a, err := archive.Open(ctx, files)
	if err != nil {
		return nil, err
	}
	ix, err := archiveIndex(a)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	h, err := site.New(site.Options{Archive: a, Files: files, Index: &gatedIndex{ix, newGate()}, Log: log})
	if err != nil {
		return nil, errors.Join(err, ix.Close(), a.Close())
	}
	st := &state{archive: a, index: ix, handler: h, users: 1, ended: make(chan struct{})}
	st.life, st.cut = context.WithCancel(context.WithoutCancel(ctx)) // it ends with the last request, not with who opened it
	return st, nil
}

func (st *state) close() error {
	defer close(st.ended)
	st.cut()
	return errors.Join(st.index.Close(), st.archive.Close())
}

// Close ends the requests that are still being answered and lets go of the
// archive. Who asks afterwards is refused.
func (s *Site) Close() error {
	s.looking <- struct{}{}
	defer func() { <-s.looking }()
	s.mu.Lock()
	s.fault = http.ErrServerClosed
	s.mu.Unlock()
	last := s.replace(nil)
	for _, st := range []*state{s.prev, last} {
		if st != nil {
			st.cut()
			<-st.ended
		}
	}
	return nil
}

// replace puts next in the place of the state that is served, and returns that.
func (s *Site) replace(next *state) (old *state) {
	s.mu.Lock()
	old, s.now = s.now, next
	s.mu.Unlock()
	if old != nil {
		s.leave(old)
	}
	return old
}

// take is the state that answers a request; leave must follow.
func (s *Site) take(ctx context.Context) (*state, error) {
	if s.changed() {
		if err := s.follow(ctx, false); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, s.fault
	}
	s.now.users++
	return s.now, nil
}

// leave gives a state back. The last one closes it.
func (s *Site) leave(st *state) {
	s.mu.Lock()
	st.users--
	last := st.users == 0
	s.mu.Unlock()
	if !last {
		return
	}
	if err := st.close(); err != nil {
		s.log.Error("archive not closed", "err", err)
	}
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for n := 1; ; n++ {
		st, err := s.take(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		a := &attempt{ResponseWriter: w}
		if n < answersMost && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			a.outdated = func() bool { return s.outdated(st) }
		}
		s.answer(st, a, r)
		if !a.dropped {
			return
		}
		clear(w.Header())
	}
}

// outdated reports whether a state is not what the folder shows any more.
func (s *Site) outdated(st *state) bool {
	if s.changed() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now != st || s.fault != nil
}

// answer answers a request from one state. Where the state is cut, the
// connection is.
func (s *Site) answer(st *state, a *attempt, r *http.Request) {
	defer s.leave(st)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	done := make(chan struct{})
	stop := context.AfterFunc(st.life, func() {
		defer close(done)
		cancel()
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Unix(1, 0)) // without a connection nothing waits
	})
	defer func() {
		if !stop() {
			<-done // the connection may be another request's afterwards
		}
	}()
	st.handler.ServeHTTP(a, r.WithContext(ctx))
	if st.life.Err() != nil {
		panic(http.ErrAbortHandler)
	}
}

// attempt is a response that is dropped if it is an error of a state that was
// outdated before it began: a file may be missing that a publisher removed.
type attempt struct {
	http.ResponseWriter
	outdated func() bool // nil if it is the last try
	begun    bool
	dropped  bool
}

// WriteHeader implements http.ResponseWriter.
func (a *attempt) WriteHeader(status int) {
	if !a.begun && status >= http.StatusBadRequest && a.outdated != nil && a.outdated() {
		a.dropped = true
	}
	a.begun = true
	if !a.dropped {
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (a *attempt) Write(b []byte) (int, error) {
	a.begun = true
	if a.dropped {
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *attempt) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// refuse says why nothing is shown now.
func refuse(w http.ResponseWriter, fault error) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", strconv.Itoa(int(lookEvery/time.Second)))
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte("This archive is not shown now: " + fault.Error() + "\n")) // the reader may have gone away
}

// Get answers one request without listening.
func (s *Site) Get(ctx context.Context, path string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	r.RequestURI = path
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, bytes.Clone(w.Body.Bytes()), nil
}

// Limits of a reader's connection. A reader over Tor on a poor line still has minutes.
const (
	headerTime = 20 * time.Second
	writeTime  = 30 * time.Minute // a batch of some gigabytes
)

// Serve listens until ctx ends; ready is told the address.
func (s *Site) Serve(ctx context.Context, listen string, ready func(addr string) error) error {
	watching, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { s.watch(watching) })
	defer wait.Wait()
	defer stop()
	return serve(ctx, &http.Server{Handler: s, ReadHeaderTimeout: headerTime, WriteTimeout: writeTime}, listen, ready)
}
