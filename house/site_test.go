package house

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"unseal/archive"
	"unseal/catalog"
	"unseal/redact"
	"unseal/redact/leak"
	"unseal/release"
	"unseal/trove"
)

// What is hidden in these tests, and what stays beside it.
const (
	hiddenWord = "lifeboat"
	openWord   = "quay"
)

// served is a demonstration whose archive is being served.
type served struct {
	*Site
	t    *testing.T
	demo *Demo
	desk *Desk
	said *bytes.Buffer // what was logged
}

func serveDemo(t *testing.T) *served {
	t.Helper()
	d, err := RunDemo(t.Context(), filepath.Join(t.TempDir(), "demo"), func(string, ...any) {})
	must(t, err)
	s := &served{t: t, demo: d, desk: openDesk(t, d.Desk, ReadWrite), said: &bytes.Buffer{}}
	s.open(d.Archive)
	return s
}

func (s *served) open(dir string) {
	s.t.Helper()
	var err error
	s.Site, err = OpenSite(s.t.Context(), dir, slog.New(slog.NewTextHandler(s.said, nil)))
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, s.Close()) })
}

// publish brings out what was decided.
func (s *served) publish() {
	s.t.Helper()
	_, err := s.desk.Publish(s.t.Context(), s.desk.Release(), nil, s.demo.Archive, false)
	must(s.t, err)
}

// hide decides that a word is to be hidden.
func (s *served) hide(word string) {
	s.t.Helper()
	r := s.desk.Release()
	h := release.Hide{Collection: demoCollection, Select: redact.Selection{Words: []string{word}}, Reason: "privacy", By: catalog.Author{Who: "test"}}
	found, err := r.Look(s.t.Context(), h)
	must(s.t, err)
	must(s.t, r.Redact(s.t.Context(), h, found))
}

// answerOf is what a handler answers.
func answerOf(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// wants asks for a page and wants a status.
func (s *served) wants(path string, status int) string {
	s.t.Helper()
	code, body := answerOf(s, path)
	if code != status {
		s.t.Errorf("%s: status %d, want %d: %.200s\n%s", path, code, status, body, s.said)
	}
	return body
}

// hits is how many items have a word in this form.
func hits(t *testing.T, h http.Handler, word string) int {
	t.Helper()
	var found struct{ Total int }
	_, body := answerOf(h, "/search.json?q=%22"+word+"%22")
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatalf("search for %s: %v: %.200s", word, err, body)
	}
	return found.Total
}

// everything is what readers can ask of the demonstration, with the batches in
// an edition.
func everything(edition int) []string {
	list := []string{"/", "/c/", "/c/harbour/", "/c/harbour/index.json", "/feed.atom", "/notices", "/log", "/log.json", "/browse", "/about", "/keys",
		"/search?q=" + openWord, "/search.json?q=" + openWord, "/search.json?q=berth", "/search.json?q=ahead&sort=newest", "/search.json?q=dredger"}
	for b := 1; b <= 2; b++ {
		at := fmt.Sprintf("/c/harbour/batch/%d/", b)
		list = append(list, at, at+"index.json")
		for _, f := range []string{archive.ManifestName, archive.SumsName, archive.ItemsName, archive.SegmentName} {
			list = append(list, at+f, fmt.Sprintf("/c/harbour/batch/%04d/%d/%s", b, edition, f))
		}
	}
	for n := 1; n <= 93; n++ {
		list = append(list, fmt.Sprintf("/c/harbour/%d.eml", n))
	}
	for _, n := range []int{3, 4, 91} { // that have the word
		for _, form := range []string{"", ".json", ".txt", ".proof", "/history", "/verify"} {
			list = append(list, fmt.Sprintf("/c/harbour/%d%s", n, form))
		}
	}
	return list
}

// leaks are the pages that show a word.
func leaks(t *testing.T, h http.Handler, word string, pages []string) (list []string) {
	t.Helper()
	hunt := leak.New([]string{word}, nil)
	for _, page := range pages {
		status, body := answerOf(h, page)
		if status >= http.StatusInternalServerError {
			t.Errorf("%s: status %d", page, status)
		}
		found := false
		must(t, hunt.In(page, []byte(body), func(leak.Leak) { found = true }))
		if found {
			list = append(list, page)
		}
	}
	return list
}

// TestARunningSiteShowsNoMoreWhatIsHidden: the control is a state that nobody
// replaces, as a server without following would hold it.
func TestARunningSiteShowsNoMoreWhatIsHidden(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	s := serveDemo(t)
	old, err := openState(t.Context(), os.DirFS(s.demo.Archive), slog.New(slog.DiscardHandler))
	must(t, err)
	defer old.close()
	first := s.now
	if n := hits(t, s, hiddenWord); n == 0 {
		t.Fatal("the demonstration has lost the word that is hidden")
	}
	if len(leaks(t, s, hiddenWord, everything(1))) < 10 {
		t.Fatal("the word is not seen where it stands")
	}

	s.hide(hiddenWord)
	s.publish()

	if n := hits(t, s, hiddenWord); n != 0 {
		t.Errorf("the search finds the hidden word in %d items", n)
	}
	if list := leaks(t, s, hiddenWord, everything(2)); len(list) > 0 {
		t.Errorf("the hidden word is in %q", list)
	}
	s.wants("/c/harbour/batch/0002/1/items.zip", 404)
	var item struct{ Edition int }
	must(t, json.Unmarshal([]byte(s.wants("/c/harbour/91.json", 200)), &item))
	if item.Edition != 2 || !strings.Contains(s.wants("/c/harbour/91.eml", 200), "[redacted]") {
		t.Error("the new edition is not shown everywhere")
	}
	if n := hits(t, old.handler, hiddenWord); n == 0 {
		t.Error("control: a state that is not replaced should still find the word")
	}
	<-first.ended // nobody asks for it any more
	if s.said.Len() > 0 {
		t.Errorf("logged: %s", s.said)
	}
}

// TestWhatIsWithdrawnIsGoneFromARunningSite also serves from a copy in which
// nobody has removed the superseded edition.
func TestWhatIsWithdrawnIsGoneFromARunningSite(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	s := serveDemo(t)
	mirror := filepath.Join(t.TempDir(), "mirror")
	copyInto(t, mirror, s.demo.Archive)
	s.open(mirror)
	s.wants("/c/harbour/91.eml", 200)
	s.wants("/c/harbour/batch/0002/1/items.zip", 200)
	r, h := s.desk.Release(), release.Hide{Collection: demoCollection, From: 91, To: 91, Reason: "court-order", By: catalog.Author{Who: "test"}}
	found, err := r.LookAtWithdrawn(t.Context(), h)
	must(t, err)
	must(t, r.Withdraw(t.Context(), h, found))
	s.publish()
	copyInto(t, mirror, s.demo.Archive)
	for _, f := range []string{"", ".eml", ".txt", ".json", ".proof"} {
		s.wants("/c/harbour/91"+f, 410)
	}
	for _, f := range []string{archive.ManifestName, archive.SumsName, archive.ItemsName, archive.SegmentName} {
		if !exists(filepath.Join(mirror, "c/harbour/batch/0002/1", f)) {
			t.Fatal("the copy should still have the superseded edition")
		}
		s.wants("/c/harbour/batch/0002/1/"+f, 404)
		s.wants("/c/harbour/batch/0002/2/"+f, 200)
	}
}

// copyInto copies a folder over another, the checkpoint last, and removes
// nothing. Files are replaced, not changed, as rsync does it.
func copyInto(t *testing.T, to, from string, only ...string) {
	t.Helper()
	must(t, os.MkdirAll(to, 0o777))
	var last []string
	must(t, filepath.Walk(from, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(from, name)
		if len(only) > 0 && !strings.HasPrefix(rel, only[0]) {
			return nil
		}
		if rel == filepath.FromSlash(checkpointFile) {
			last = append(last, rel)
			return nil
		}
		return copyFile(to, from, rel)
	}))
	for _, rel := range last {
		must(t, copyFile(to, from, rel))
	}
}

func copyFile(to, from, rel string) error {
	b, err := os.ReadFile(filepath.Join(from, rel))
	if err != nil {
		return err
	}
	name := filepath.Join(to, rel)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", b, 0o666); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// TestRequestsNeverFailOrMixWhileThePublisherPublishes: each answer is of one
// state, and who has seen a new edition sees no older one afterwards.
func TestRequestsNeverFailOrMixWhileThePublisherPublishes(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	s := serveDemo(t)
	words := []string{hiddenWord, openWord, "dredger"}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { s.readOn(done, words) })
	}
	for _, w := range words {
		s.hide(w)
		s.publish()
	}
	close(done)
	readers.Wait()
	for _, w := range words {
		if n := hits(t, s, w); n != 0 {
			t.Errorf("the search finds %s in %d items", w, n)
		}
	}
}

// readOn reads until done.
func (s *served) readOn(done chan struct{}, words []string) {
	edition, gone := 0, map[string]bool{}
	for {
		select {
		case <-done:
			return
		default:
		}
		for _, page := range []string{"/", "/feed.atom", "/c/harbour/91", "/c/harbour/91.txt", "/c/harbour/91.proof", "/c/harbour/batch/2/",
			"/c/harbour/batch/2/manifest.json", "/c/harbour/batch/2/items.zip", "/c/harbour/91/history", "/search?q=tide", "/log.json"} {
			s.wants(page, 200)
		}
		edition = s.readsItem(edition)
		for _, w := range words {
			n := hits(s.t, s, w)
			if gone[w] && n > 0 {
				s.t.Errorf("%s was hidden, and is found again", w)
			}
			gone[w] = gone[w] || n == 0
		}
	}
}

// readsItem reads an item that gets editions, and returns which it is in.
func (s *served) readsItem(least int) int {
	var item struct {
		Edition int
		SHA256  trove.Digest
		Size    int
	}
	if err := json.Unmarshal([]byte(s.wants("/c/harbour/91.json", 200)), &item); err != nil {
		s.t.Error(err)
		return least
	}
	raw := s.wants("/c/harbour/91.eml", 200)
	var after struct{ Edition int }
	if err := json.Unmarshal([]byte(s.wants("/c/harbour/91.json", 200)), &after); err != nil {
		s.t.Error(err)
	}
	if item.Edition < least || after.Edition < item.Edition {
		s.t.Errorf("edition %d after %d, then %d", item.Edition, least, after.Edition)
	}
	if after.Edition == item.Edition && trove.Sum([]byte(raw)) != item.SHA256 {
		s.t.Errorf("edition %d: bytes of another", item.Edition)
	}
	return after.Edition
}

// TestAFolderThatWasPutBackIsNotShown, until it is put right.
func TestAFolderThatWasPutBackIsNotShown(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the demonstration takes ten seconds to make; go test without -short")
	}
	s := serveDemo(t)
	old := filepath.Join(t.TempDir(), "old")
	copyInto(t, old, s.demo.Archive)
	s.hide(hiddenWord)
	s.publish()
	s.wants("/c/harbour/91", 200)
	now := filepath.Join(t.TempDir(), "now")
	copyInto(t, now, s.demo.Archive)

	copyInto(t, s.demo.Archive, old)
	if body := s.wants("/c/harbour/91", 503); !strings.Contains(body, "put back") || strings.Contains(body, s.demo.Dir) {
		t.Errorf("it is said: %s", body)
	}
	s.wants("/search.json?q=quay", 503)
	if !strings.Contains(s.said.String(), "level=ERROR") || strings.Count(s.said.String(), "\n") != 1 {
		t.Errorf("logged: %s", s.said)
	}
	copyInto(t, s.demo.Archive, now)
	s.wants("/c/harbour/91", 200)

	must(t, os.WriteFile(filepath.Join(s.demo.Archive, checkpointFile), []byte("example.org/other\n1\nAAAA\n"), 0o666))
	s.wants("/c/harbour/91", 200) // it says nothing, and all that was shown is there
	must(t, os.RemoveAll(filepath.Join(s.demo.Archive, "c/harbour/batch/0002")))
	must(t, os.Remove(filepath.Join(s.demo.Archive, checkpointFile)))
	s.wants("/c/harbour/3", 503)
	copyInto(t, s.demo.Archive, now)
	s.wants("/c/harbour/3", 200)
}

// letters is a desk with four mails in two batches, of which the first is out.
func letters(t *testing.T) *served {
	t.Helper()
	s := &served{t: t, desk: openDesk(t, newDesk(t), ReadWrite), said: &bytes.Buffer{}, demo: &Demo{Archive: filepath.Join(t.TempDir(), "archive")}}
	files := map[string]string{}
	for i := range 4 {
		n := fmt.Sprint(i)
		files[n+".eml"] = letter(n, "Letter "+n, "X-Note: about the "+hiddenWord+"\n")
	}
	ingest(t, s.desk, files)
	_, err := s.desk.Release().Commit(t.Context(), "mail")
	must(t, err)
	_, err = s.desk.Catalog.PlanBatches(t.Context(), "mail", 2)
	must(t, err)
	_, err = s.desk.Publish(t.Context(), s.desk.Release(), []trove.Name{{Collection: "mail", Batch: 1}}, s.demo.Archive, false)
	must(t, err)
	return s
}

// serveLetters serves them.
func serveLetters(t *testing.T) *served {
	s := letters(t)
	s.open(s.demo.Archive)
	return s
}

// TestACopyUnderWay: while the batches that a new checkpoint names are not all
// there, the old state is shown if nothing of it is superseded.
func TestACopyUnderWay(t *testing.T) {
	s := letters(t)
	mirror := filepath.Join(t.TempDir(), "mirror")
	copyInto(t, mirror, s.demo.Archive)
	s.open(mirror)

	s.publish()
	copyInto(t, mirror, s.demo.Archive, "log")
	if s.wants("/c/mail/1.eml", 200); hits(t, s, openWord) != 2 || !strings.Contains(s.said.String(), "level=WARN") {
		t.Errorf("shown while batch 2 is being copied: %d items; logged: %s", hits(t, s, openWord), s.said)
	}
	if strings.Contains(s.wants("/feed.atom", 200), "Batch 2 ") {
		t.Error("the feed has a batch that is not there")
	}
	copyInto(t, mirror, s.demo.Archive)
	must(t, s.follow(t.Context(), true)) // as watch does
	if !strings.Contains(s.wants("/feed.atom", 200), "Batch 2 ") {
		t.Error("the feed has not the new batch")
	}
	if s.wants("/c/mail/4.eml", 200); hits(t, s, openWord) != 4 {
		t.Errorf("shown after the copy: %d items", hits(t, s, openWord))
	}

	r, h := s.desk.Release(), release.Hide{Collection: "mail", From: 1, To: 1, Only: true, Reason: "privacy",
		Select: redact.Selection{Words: []string{hiddenWord}}, By: catalog.Author{Who: "test"}}
	found, err := r.Look(t.Context(), h)
	must(t, err)
	must(t, r.Redact(t.Context(), h, found))
	s.publish()
	copyInto(t, mirror, s.demo.Archive, checkpointFile)
	s.wants("/c/mail/1.eml", 503) // the log is not there: nobody knows what is superseded
	copyInto(t, mirror, s.demo.Archive, "log")
	must(t, s.follow(t.Context(), true))
	s.wants("/c/mail/1.eml", 503) // batch 1 is
	s.wants("/c/mail/4.eml", 503)
	copyInto(t, mirror, s.demo.Archive)
	must(t, s.follow(t.Context(), true))
	if strings.Contains(s.wants("/c/mail/1.eml", 200), hiddenWord) {
		t.Error("what is hidden is shown")
	}
}

// TestWatchLooksWithoutRequests: the old state goes, though nobody asks.
func TestWatchLooksWithoutRequests(t *testing.T) {
	s := serveLetters(t)
	s.every = time.Millisecond
	first := s.now
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	must(t, os.Mkdir(filepath.Join(s.demo.Archive, archive.TimesDir), 0o777)) // new, as proofs of time are
	<-first.ended
	stop()
	watching.Wait()
}

// TestTwoStatesAtMost: a request that is still on the state before the last is
// ended when a third one comes.
func TestTwoStatesAtMost(t *testing.T) {
	s := serveLetters(t)
	first, err := s.take(t.Context())
	must(t, err)
	touch := func() {
		must(t, copyFile(s.demo.Archive, s.demo.Archive, checkpointFile))
		s.wants("/", 200)
	}
	touch()
	second := s.now
	if first == second || first.life.Err() != nil {
		t.Fatal("the first state should be left to the request that it answers")
	}
	go func() {
		<-first.life.Done()
		select {
		case <-second.ended:
			t.Error("the second state was closed before the first")
		default:
		}
		s.leave(first)
	}()
	touch()
	<-first.ended
	<-second.ended
	if s.now == second {
		t.Error("the third state is not shown")
	}
}

// TestARequestOnACutStateIsCut, and who asks a closed site is refused.
func TestARequestOnACutStateIsCut(t *testing.T) {
	s := serveLetters(t)
	begun := make(chan struct{})
	s.now.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		close(begun)
		<-r.Context().Done()
	})
	cut := make(chan any)
	go func() {
		defer func() { cut <- recover() }()
		answerOf(s, "/")
	}()
	<-begun
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if got := <-cut; got != http.ErrAbortHandler {
		t.Errorf("the request ended with %v", got)
	}
	must(t, <-closed)
	s.wants("/", 503)
}
