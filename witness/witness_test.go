package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/crash"
	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

type seed byte

func (s seed) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s)
	}
	return len(b), nil
}

// fakeLog is a log in memory, of leaves that are made from its name.
type fakeLog struct {
	tb     testing.TB
	signer note.Signer
	key    string
	hashes []tlog.Hash
}

func (l *fakeLog) ReadHashes(at []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(at))
	for i, n := range at {
		list[i] = l.hashes[n]
	}
	return list, nil
}

const origin = "example.org/log"

// newLog makes a log of size leaves; from leaf fork on they are others.
func newLog(tb testing.TB, key seed, size, fork int64) *fakeLog {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(key, origin)
	must(tb, err)
	signer, err := note.NewSigner(skey)
	must(tb, err)
	l := &fakeLog{tb: tb, signer: signer, key: vkey}
	for n := range size {
		hs, err := tlog.StoredHashes(n, fmt.Append(nil, n, n >= fork), l)
		must(tb, err)
		l.hashes = append(l.hashes, hs...)
	}
	return l
}

const never = 1 << 40

var testTime = time.Unix(1679315147, 0)

func (l *fakeLog) checkpoint(size int64) proof.Checkpoint {
	l.tb.Helper()
	root, err := tlog.TreeHash(size, l)
	must(l.tb, err)
	if size == 0 {
		root = tlog.Hash(trove.Sum(nil))
	}
	msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(origin, size, trove.Digest(root))}, l.signer)
	must(l.tb, err)
	c, err := proof.ParseCheckpoint(msg)
	must(l.tb, err)
	return c
}

func (l *fakeLog) prove(size, old int64) tlog.TreeProof {
	l.tb.Helper()
	if old == 0 {
		return nil
	}
	p, err := tlog.ProveTree(size, old, l)
	must(l.tb, err)
	return p
}

func (l *fakeLog) request(old, size int64) []byte {
	return request{old, l.prove(size, old), l.checkpoint(size)}.format()
}

func testSigner(tb testing.TB) Signer {
	tb.Helper()
	s, err := NewSigner("witness.example.org/w1", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)))
	must(tb, err)
	return s
}

func options(tb testing.TB, logs ...string) Options {
	return Options{Signer: testSigner(tb), Logs: logs, Now: func() time.Time { return testTime }, Log: slog.New(slog.DiscardHandler)}
}

// server is a new witness in a folder.
func server(tb testing.TB, logs ...string) (*Server, string) {
	tb.Helper()
	dir := tb.TempDir()
	fsys, err := durable.Dir(dir)
	must(tb, err)
	tb.Cleanup(func() { fsys.Close() })
	must(tb, Create(fsys, testSigner(tb).Witness))
	s, err := Open(fsys, options(tb, logs...))
	must(tb, err)
	return s, dir
}

// post sends a request and returns status and body.
func post(s http.Handler, body []byte) (int, string, http.Header) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	return w.Code, w.Body.String(), w.Header()
}

// accept wants a cosignature.
func accept(t *testing.T, s http.Handler, l *fakeLog, old, size int64) {
	t.Helper()
	status, body, _ := post(s, l.request(old, size))
	if status != http.StatusOK {
		t.Fatalf("%d to %d: %d %s", old, size, status, body)
	}
	c, err := proof.ParseCheckpoint([]byte(l.checkpoint(size).Text() + "\n" + body))
	must(t, err)
	at, err := c.SeenBy(testSigner(t).Witness)
	if err != nil || at.Unix() != 1679315147 {
		t.Fatalf("%d to %d: %v, %v", old, size, at, err)
	}
}

// refuse wants a status, and for a conflict the size in the body.
func refuse(t *testing.T, s http.Handler, what string, body []byte, want int, latest string) {
	t.Helper()
	status, got, header := post(s, body)
	if status != want || latest != "" && got != latest+"\n" {
		t.Errorf("%s: %d %q, want %d %q", what, status, got, want, latest)
	}
	if status == http.StatusConflict && header.Get("Content-Type") != "text/x.tlog.size" {
		t.Errorf("%s: %q", what, header.Get("Content-Type"))
	}
	if strings.Contains(got, "— ") {
		t.Errorf("%s: cosigned all the same", what)
	}
}

func TestAWitnessFollowsALogForward(t *testing.T) {
	l := newLog(t, 1, 700, never)
	s, _ := server(t, l.key)
	old := int64(0)
	for _, size := range []int64{1, 2, 3, 3, 255, 256, 257, 257, 700} {
		accept(t, s, l, old, size)
		old = size
	}
	if c, ok := s.Latest(origin); !ok || c.Size != 700 {
		t.Errorf("latest %d, %v", c.Size, ok)
	}
	if _, ok := s.Latest("example.org/other"); ok {
		t.Error("something is known of a log that is not watched")
	}
}

func TestAWitnessRefusesWhatTheSpecificationRefuses(t *testing.T) {
	l, forked, stranger := newLog(t, 1, 40, never), newLog(t, 1, 40, 5), newLog(t, 2, 40, never)
	s, _ := server(t, l.key)
	accept(t, s, l, 0, 10)
	good := l.request(10, 20)
	alter := func(r request) []byte { return r.format() }
	cp := l.checkpoint(20)
	long := make(tlog.TreeProof, maxProof+1)
	for what, c := range map[string]struct {
		body   []byte
		status int
		latest string
	}{
		"stale old size":            {l.request(5, 20), 409, "10"},
		"old size 0":                {l.request(0, 20), 409, "10"},
		"old size too new":          {l.request(15, 20), 409, "10"},
		"rollback":                  {l.request(5, 8), 409, "10"},
		"rollback to the start":     {l.request(0, 8), 409, "10"},
		"other history, same size":  {forked.request(10, 10), 409, "10"},
		"the same, old size 0":      {forked.request(0, 10), 409, "10"},
		"other history, longer":     {forked.request(10, 20), 422, ""},
		"no proof":                  {alter(request{10, nil, cp}), 422, ""},
		"a proof too long":          {alter(request{10, append(l.prove(20, 10), tlog.Hash{}), cp}), 422, ""},
		"a proof of another size":   {alter(request{10, l.prove(30, 10), cp}), 422, ""},
		"64 lines of proof":         {alter(request{10, long, cp}), 400, ""},
		"old size beyond":           {alter(request{21, nil, cp}), 400, ""},
		"another key":               {stranger.request(10, 20), 403, ""},
		"another text":              {bytes.Replace(good, []byte("\n20\n"), []byte("\n21\n"), 1), 403, ""},
		"unknown log":               {bytes.ReplaceAll(good, []byte(origin), []byte("example.org/other")), 404, ""},
		"empty":                     {nil, 400, ""},
		"no checkpoint":             {[]byte("old 10\n\n"), 400, ""},
		"no old size":               {cp.Note, 400, ""},
		"leading zero":              {bytes.Replace(good, []byte("old 10"), []byte("old 010"), 1), 400, ""},
		"negative":                  {bytes.Replace(good, []byte("old 10"), []byte("old -10"), 1), 400, ""},
		"not base64":                {bytes.Replace(good, []byte("old 10\n"), []byte("old 10\n!\n"), 1), 400, ""},
		"windows line ends":         {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), 400, ""},
		"more than can be read":     {append(good, bytes.Repeat([]byte("x"), maxRequest)...), 400, ""},
		"a checkpoint of no leaves": {l.request(0, 0), 409, "10"},
	} {
		refuse(t, s, what, c.body, c.status, c.latest)
		if got, _ := s.Latest(origin); got.Size != 10 {
			t.Fatalf("%s: moved the witness to %d", what, got.Size)
		}
	}
	accept(t, s, l, 10, 20)
	for what, c := range map[string]struct {
		method, path string
		status       int
	}{"GET": {"GET", "/add-checkpoint", 405}, "another path": {"POST", "/", 404}} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
}

func TestAnEmptyLogHasOneRoot(t *testing.T) {
	l := newLog(t, 1, 3, never)
	s, _ := server(t, l.key)
	msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(origin, 0, trove.Sum([]byte("x")))}, l.signer)
	must(t, err)
	refuse(t, s, "another root of nothing", append([]byte("old 0\n\n"), msg...), 422, "")
	accept(t, s, l, 0, 0)
	refuse(t, s, "a proof from nothing", request{0, l.prove(3, 1), l.checkpoint(3)}.format(), 422, "")
	accept(t, s, l, 0, 3)
}

// Two checkpoints that one key has signed and that do not agree are kept, both.
func TestBothNotesOfASplitViewAreKept(t *testing.T) {
	l, forked := newLog(t, 1, 40, never), newLog(t, 1, 40, 5)
	s, dir := server(t, l.key)
	accept(t, s, l, 0, 10)
	for range 3 {
		refuse(t, s, "split view", forked.request(0, 10), 409, "10")
		refuse(t, s, "fork", forked.request(10, 20), 422, "")
	}
	refuse(t, s, "rollback, which may be an old copy", l.request(0, 5), 409, "10")
	for pattern, sent := range map[string]proof.Checkpoint{"split-view-*": forked.checkpoint(10), "unproven-*": forked.checkpoint(20)} {
		cases, err := filepath.Glob(filepath.Join(dir, "log", "*", "evidence", pattern))
		if err != nil || len(cases) != 1 {
			t.Fatalf("%s: %v, %v", pattern, cases, err)
		}
		for name, want := range map[string]proof.Checkpoint{"a": l.checkpoint(10), "b": sent} {
			b, err := os.ReadFile(filepath.Join(cases[0], name))
			if err != nil || !bytes.Equal(b, want.Note) {
				t.Errorf("%s/%s: %q, %v", pattern, name, b, err)
			}
		}
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	l := newLog(t, 1, 11, never)
	s, dir := server(t, l.key)
	accept(t, s, l, 0, 10)
	for i := range maxEvidence + 5 {
		msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(origin, 10, trove.Sum(fmt.Append(nil, i)))}, l.signer)
		must(t, err)
		refuse(t, s, "split view", append([]byte("old 10\n\n"), msg...), 409, "10")
	}
	// Those do not keep one of another kind out.
	refuse(t, s, "no proof", request{10, nil, l.checkpoint(11)}.format(), 422, "")
	cases, _ := filepath.Glob(filepath.Join(dir, "log", "*", "evidence", "*"))
	if len(cases) != maxEvidence+1 {
		t.Errorf("%d cases", len(cases))
	}
}

func TestAWitnessRemembersAcrossRuns(t *testing.T) {
	l := newLog(t, 1, 40, never)
	s, dir := server(t, l.key)
	accept(t, s, l, 0, 10)
	fsys, err := durable.Dir(dir)
	must(t, err)
	defer fsys.Close()
	again, err := Open(fsys, options(t, l.key))
	must(t, err)
	refuse(t, again, "from the start", l.request(0, 20), 409, "10")
	accept(t, again, l, 10, 20)

	// It does not run without what it remembered, or with what is not the log's.
	if _, err := Open(fsys, options(t, newLog(t, 2, 1, never).key)); err == nil {
		t.Error("the newest checkpoint is not of the log's key, and it runs")
	}
	latest, _ := filepath.Glob(filepath.Join(dir, "log", "*", "latest"))
	must(t, os.WriteFile(latest[0], []byte("x"), 0o644))
	if _, err := Open(fsys, options(t, l.key)); err == nil {
		t.Error("the newest checkpoint is not readable, and it runs")
	}
	if err := Create(fsys, testSigner(t).Witness); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made again over the old one: %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "witness")))
	if _, err := Open(fsys, options(t, l.key)); !errors.Is(err, ErrForgotten) {
		t.Errorf("a folder that is not of the key: %v", err)
	}
	if _, err := Open(fsys, options(t, "x")); err == nil {
		t.Error("a log without a key")
	}
}

func TestALogMayHaveSeveralKeys(t *testing.T) {
	l, rotated := newLog(t, 1, 20, never), newLog(t, 2, 20, never)
	s, _ := server(t, l.key, rotated.key)
	accept(t, s, l, 0, 10)
	accept(t, s, rotated, 10, 20)
}

// Of many who bring the log forward at once, each either moves it forward or
// is told to try again; it never goes back (c2sp.org/tlog-witness, the race).
func TestRequestsAtOnceNeverRollBack(t *testing.T) {
	l := newLog(t, 1, 64, never)
	s, _ := server(t, l.key)
	web := httptest.NewServer(s)
	defer web.Close()
	var wg sync.WaitGroup
	for n := range int64(16) {
		cp := l.checkpoint(4 * (n + 1))
		wg.Go(func() {
			c := Client{URL: web.URL, Witness: testSigner(t).Witness, HTTP: web.Client()}
			before := int64(0)
			for {
				_, _, err := c.Cosign(context.Background(), cp, func(old int64) (tlog.TreeProof, error) { return tlog.ProveTree(cp.Size, old, l) })
				now, _ := s.Latest(origin)
				if now.Size < before || err == nil && now.Size < cp.Size {
					t.Errorf("went back from %d to %d after a cosignature for %d", before, now.Size, cp.Size)
				}
				before = now.Size
				if err == nil || errors.Is(err, ErrAhead) {
					return
				}
				if !errors.Is(err, ErrRefused) {
					t.Errorf("size %d: %v", cp.Size, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if c, _ := s.Latest(origin); c.Size != 64 {
		t.Errorf("ends at %d", c.Size)
	}
}

// remembering is a witness that follows a log, broken off anywhere: what it
// has cosigned before the power went it knows afterwards.
func remembering(t *testing.T) crash.Story {
	l := newLog(t, 1, 30, never)
	name := "log/" + trove.Sum([]byte(origin)).String() + "/latest"
	run := func(fsys durable.FS, ack func(string, []byte)) error {
		if _, err := fs.Stat(fsys, keyPath); err != nil {
			if err := Create(fsys, testSigner(t).Witness); err != nil {
				return err
			}
		}
		s, err := Open(fsys, options(t, l.key))
		if err != nil {
			return err
		}
		for _, size := range []int64{7, 8, 30} {
			latest, _ := s.Latest(origin)
			if latest.Size >= size {
				continue
			}
			ack(name, nil)
			if status, body, _ := post(s, l.request(latest.Size, size)); status != http.StatusOK {
				return errors.Join(lastError(fsys), fmt.Errorf("%d %s", status, body))
			}
			ack(name, l.checkpoint(size).Note)
		}
		return nil
	}
	check := func(fsys fs.FS, acked crash.Acked) error {
		b, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) && acked[name] == nil {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := proof.ParseCheckpoint(b)
		if err != nil {
			return err
		}
		if root := l.checkpoint(c.Size).Root; root != c.Root {
			return fmt.Errorf("size %d with another root", c.Size)
		}
		return nil
	}
	return crash.Story{Run: run, Check: check}
}

// lastError is what a change of the file system fails with now: after the
// power went, no power. The server itself tells the world nothing of it.
func lastError(fsys durable.FS) error { return fsys.MkdirAll("probe") }

func TestWhatWasCosignedSurvivesPowerLossAtEveryStep(t *testing.T) {
	s := remembering(t)
	r, err := s.PowerLoss(5)
	must(t, err)
	t.Log("power loss:", r)
	if r.Bad > 0 || r.Points < 20 {
		t.Errorf("%v: %v", r, r.First)
	}
	r, err = s.Faults()
	must(t, err)
	t.Log("disk errors:", r)
	if r.Bad > 0 {
		t.Errorf("%v: %v", r, r.First)
	}
	for what, wrap := range map[string]func(durable.FS) durable.FS{"sync": crash.WithoutSync, "sync of folders": crash.WithoutDirSync} {
		control := s
		control.Wrap = wrap
		if r, err := control.PowerLoss(5); err == nil && r.Bad == 0 {
			t.Errorf("control: the harness does not miss the %s", what)
		}
	}
}

// The cosignature leaves the house after the last step of storing, never
// before: a disk that refuses any step gets no cosignature out of the witness.
func TestNoCosignatureBeforeItIsStored(t *testing.T) {
	l := newLog(t, 1, 30, never)
	failed := errors.New("the disk refuses")
	for k := 1; ; k++ {
		mem := crash.NewMem()
		must(t, Create(mem, testSigner(t).Witness))
		armed, step := false, 0
		watched := crash.Watch(mem, func(crash.Step) error {
			if armed {
				if step++; step == k {
					return failed
				}
			}
			return nil
		})
		s, err := Open(watched, options(t, l.key))
		must(t, err)
		accept(t, s, l, 0, 7)
		armed = true
		status, body, _ := post(s, l.request(7, 30))
		if step < k { // no step is left to fail
			if status != http.StatusOK || k < 5 {
				t.Errorf("after %d steps: %d %s", step, status, body)
			}
			return
		}
		if status != http.StatusInternalServerError || strings.Contains(body, "— ") {
			t.Fatalf("step %d failed, and the answer is %d %s", k, status, body)
		}
		if c, _ := s.Latest(origin); c.Size != 7 {
			t.Fatalf("step %d failed, and the witness holds %d", k, c.Size)
		}
	}
}

func FuzzRequest(f *testing.F) {
	l := newLog(f, 1, 30, never)
	f.Add(l.request(0, 30))
	f.Add(l.request(7, 30))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err == nil && !bytes.Equal(r.format(), body) {
			t.Errorf("%q is read as %q", body, r.format())
		}
	})
}
