package witness

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

// Why a request is refused. The status of HTTP follows from it.
var (
	errUnknownLog = errors.New("this witness does not know the log")
	errSignature  = errors.New("not signed with a key that this witness knows for the log")
	errProof      = errors.New("does not go on from what this witness has cosigned")
)

// ErrSplitView says that a log has signed two roots for one size: that it
// shows different histories to different people. Publish both checkpoints.
var ErrSplitView = errors.New("two checkpoints of one size and two roots: the log shows two histories")

// conflict says that the old size of a request is not that of the newest
// checkpoint cosigned.
type conflict struct{ latest int64 }

func (c conflict) Error() string {
	return fmt.Sprintf("the newest checkpoint cosigned has size %d", c.latest)
}

// ErrForgotten says that the folder of a witness is not the one of its key.
var ErrForgotten = errors.New("the witness's folder is not that of its key")

// Options are what a witness is made of.
type Options struct {
	Signer Signer
	Logs   []string         // vkeys of the logs it watches; a log may have several
	Now    func() time.Time // the time that cosignatures state
	Log    *slog.Logger     // told of refusals that speak of a log's misbehaviour, and of faults
}

// Server is a witness over HTTP. It is safe for concurrent use.
type Server struct {
	o    Options
	logs map[string]*watched // by origin
}

// watched is one log.
type watched struct {
	fsys durable.FS
	keys []string
	dir  string

	mu     sync.Mutex
	latest proof.Checkpoint // guarded by mu, held from reading it to its being durable; size 0 before the first
}

const (
	keyPath    = "witness"
	latestName = "latest"
)

// Create makes the folder of a new witness.
func Create(fsys durable.FS, key proof.Witness) error {
	if _, err := fs.Stat(fsys, keyPath); err == nil {
		return fmt.Errorf("there is a witness already: %w", fs.ErrExist)
	}
	return durable.WriteFile(fsys, keyPath, []byte(key.String()+"\n"))
}

// Open opens the folder that Create made, for this one process. It reads the
// newest checkpoint of each log and refuses one that the log has not signed.
func Open(fsys durable.FS, o Options) (*Server, error) {
	if b, err := fs.ReadFile(fsys, keyPath); err != nil || string(b) != o.Signer.String()+"\n" {
		return nil, errors.Join(ErrForgotten, err)
	}
	if err := durable.Sweep(fsys, "."); err != nil {
		return nil, err
	}
	s := &Server{o: o, logs: map[string]*watched{}}
	for _, key := range o.Logs {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("log key %q: %w", key, err)
		}
		origin := v.Name() // as proof.Checkpoint.Verify wants it
		w := s.logs[origin]
		if w == nil {
			w = &watched{fsys: fsys, dir: "log/" + trove.Sum([]byte(origin)).String()}
			s.logs[origin] = w
		}
		w.keys = append(w.keys, key)
	}
	for origin, w := range s.logs {
		if err := w.open(); err != nil {
			return nil, fmt.Errorf("log %s: %w", origin, err)
		}
	}
	return s, nil
}

func (w *watched) open() error {
	if err := w.fsys.MkdirAll(w.dir + "/" + evidenceDir); err != nil {
		return err
	}
	b, err := fs.ReadFile(w.fsys, w.dir+"/"+latestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if w.latest, err = proof.ParseCheckpoint(b); err != nil {
		return fmt.Errorf("%s/%s: %w", w.dir, latestName, err)
	}
	if !w.signed(w.latest) {
		return fmt.Errorf("%s/%s: %w", w.dir, latestName, errSignature)
	}
	return nil
}

// signed reports whether one of the log's keys has signed c.
func (w *watched) signed(c proof.Checkpoint) bool {
	return slices.ContainsFunc(w.keys, func(key string) bool { return c.Verify(key) == nil })
}

// Latest is the newest checkpoint of a log that was cosigned; false if none was.
func (s *Server) Latest(origin string) (proof.Checkpoint, bool) {
	w := s.logs[origin]
	if w == nil {
		return proof.Checkpoint{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest, w.latest.Note != nil
}

// ServeHTTP answers POST …/add-checkpoint, and GET …/evidence with the notes of
// the split views that were kept.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch name := path.Base(r.URL.Path); {
	case name == "add-checkpoint":
		s.serveAdd(rw, r)
	case name == evidenceDir && r.Method == http.MethodGet:
		s.serveEvidence(rw)
	default:
		http.NotFound(rw, r)
	}
}

func (s *Server) serveAdd(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "POST a checkpoint", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
	if err != nil {
		http.Error(rw, "the request is too long or broke off", http.StatusBadRequest)
		return
	}
	line, err := s.add(body)
	if err != nil {
		s.refuse(rw, err)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(rw, line) // who went away asks again
}

// refuse answers with the status that c2sp.org/tlog-witness has for the error.
func (s *Server) refuse(rw http.ResponseWriter, err error) {
	var c conflict
	switch {
	case errors.As(err, &c):
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", c.latest)
	case errors.Is(err, errRequest):
		http.Error(rw, err.Error(), http.StatusBadRequest)
	case errors.Is(err, errUnknownLog):
		http.Error(rw, err.Error(), http.StatusNotFound)
	case errors.Is(err, errSignature):
		http.Error(rw, err.Error(), http.StatusForbidden)
	case errors.Is(err, errProof):
		http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
	default:
		s.o.Log.Error("request failed", "err", err)
		http.Error(rw, "internal error", http.StatusInternalServerError)
	}
}

// add judges a request and returns the cosignature.
func (s *Server) add(body []byte) (string, error) {
	r, err := parseRequest(body)
	if err != nil {
		return "", err
	}
	w := s.logs[r.checkpoint.Origin]
	if w == nil {
		return "", errUnknownLog
	}
	if !w.signed(r.checkpoint) {
		return "", errSignature
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.judge(r); err != nil {
		if err := s.keep(w, r, err); err != nil {
			s.o.Log.Error("evidence not kept", "log", r.checkpoint.Origin, "err", err)
		}
		return "", err
	}
	if err := w.remember(r.checkpoint); err != nil {
		return "", err
	}
	return s.o.Signer.cosign(r.checkpoint.Text(), s.o.Now()), nil
}

// judge compares with the newest checkpoint cosigned. It needs w.mu.
func (w *watched) judge(r request) error {
	c, latest := r.checkpoint, w.latest
	switch {
	case latest.Note != nil && c.Size == latest.Size && c.Root != latest.Root:
		return errors.Join(conflict{latest.Size}, ErrSplitView)
	case r.old != latest.Size:
		return conflict{latest.Size}
	case r.old == 0 && len(r.proof) > 0, c.Size == 0 && c.Root != trove.Sum(nil):
		return errProof
	case r.old == 0:
		return nil
	}
	if tlog.CheckTree(r.proof, c.Size, tlog.Hash(c.Root), r.old, tlog.Hash(latest.Root)) != nil {
		return errProof
	}
	return nil
}

// remember makes c the newest checkpoint, durable on return. It needs w.mu.
func (w *watched) remember(c proof.Checkpoint) error {
	if c.Size == w.latest.Size && w.latest.Note != nil {
		return nil // it is the same tree
	}
	if err := durable.WriteFile(w.fsys, w.dir+"/"+latestName, c.Note); err != nil {
		return err
	}
	w.latest = c
	return nil
}
