package witness

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/proof"
)

// other asks the witness behind h what it holds against a checkpoint.
func other(t *testing.T, h http.Handler, c proof.Checkpoint, key string) (proof.Checkpoint, bool) {
	t.Helper()
	web := httptest.NewServer(h)
	defer web.Close()
	return Client{URL: web.URL, Witness: testSigner(t).Witness, HTTP: web.Client()}.Other(t.Context(), c, key)
}

// Of a split view anybody can have both signed notes, also after a restart.
func TestBothNotesOfASplitViewAreHandedOut(t *testing.T) {
	l, forked := newLog(t, 1, 40, never), newLog(t, 1, 40, 5)
	s, dir := server(t, l.key)
	accept(t, s, l, 0, 10)
	if list, err := s.SplitViews(); err != nil || len(list) != 0 {
		t.Fatalf("before: %v, %v", list, err)
	}
	refuse(t, s, "split view", forked.request(0, 10), 409, "10")
	refuse(t, s, "fork, which its log did not prove", forked.request(10, 20), 422, "")
	list, err := s.SplitViews()
	must(t, err)
	if len(list) != 1 || list[0].A.Text() != l.checkpoint(10).Text() || list[0].B.Text() != forked.checkpoint(10).Text() {
		t.Fatalf("%+v", list)
	}
	for mine, theirs := range map[*fakeLog]*fakeLog{l: forked, forked: l} {
		got, ok := other(t, s, mine.checkpoint(10), l.key)
		if !ok || string(got.Note) != string(theirs.checkpoint(10).Note) {
			t.Errorf("against the one, the other is not shown: %q, %v", got.Note, ok)
		}
	}
	for what, c := range map[string]proof.Checkpoint{"another size": l.checkpoint(20), "no entry": {}} {
		if _, ok := other(t, s, c, l.key); ok {
			t.Errorf("%s: something is held against it", what)
		}
	}
	if _, ok := other(t, s, l.checkpoint(10), newLog(t, 2, 1, never).key); ok {
		t.Error("what another key has signed counts")
	}

	// A case that was broken off, or altered, is none.
	for _, name := range []string{"a", "b"} {
		must(t, os.WriteFile(filepath.Join(dir, list[0].Dir, name), []byte("x"), 0o644))
		if list, err := s.SplitViews(); err != nil || len(list) != 0 {
			t.Errorf("spoilt %s: %v, %v", name, list, err)
		}
	}
}

// What a witness hands out is judged before it counts as evidence.
func TestNoEvidenceIsBelievedUnseen(t *testing.T) {
	l, forked := newLog(t, 1, 40, never), newLog(t, 1, 40, 5)
	mine, theirs := string(l.checkpoint(10).Note), string(forked.checkpoint(10).Note)
	for what, c := range map[string]struct {
		body string
		ok   bool
	}{
		"good":                {mine + "\n" + theirs + "\n", true},
		"behind another":      {string(l.checkpoint(20).Note) + "\n" + string(forked.checkpoint(20).Note) + "\n" + theirs + "\n" + mine + "\n", true},
		"empty":               {"", false},
		"a page":              {"<html>\n\n<body>\n\n", false},
		"one note":            {theirs + "\n", false},
		"the same twice":      {mine + "\n" + mine + "\n", false},
		"of two sizes":        {mine + "\n" + string(forked.checkpoint(20).Note) + "\n", false},
		"another root":        {mine + "\n" + strings.Replace(theirs, "\n10\n", "\n10\nA", 1) + "\n", false},
		"another log's":       {mine + "\n" + string(newLog(t, 2, 40, 5).checkpoint(10).Note) + "\n", false},
		"without a signature": {mine + "\n" + forked.checkpoint(10).Text() + "\n\n", false},
		"more than is read":   {strings.Repeat("x", maxAnswer) + mine + "\n" + theirs, false},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) })
		if got, ok := other(t, h, l.checkpoint(10), l.key); ok != c.ok || ok && string(got.Note) != theirs {
			t.Errorf("%s: %q, %v", what, got.Note, ok)
		}
	}
	gone := Client{URL: "http://127.0.0.1:1", Witness: testSigner(t).Witness, HTTP: &http.Client{}}
	if _, ok := gone.Other(t.Context(), l.checkpoint(10), l.key); ok {
		t.Error("nobody there, and evidence")
	}
}

// FuzzEvidence looks for a panic, and for a case that is not made of
// checkpoints as they stand in the text.
func FuzzEvidence(f *testing.F) {
	l, forked := newLog(f, 1, 40, never), newLog(f, 1, 40, 5)
	f.Add(string(l.checkpoint(10).Note) + "\n" + string(forked.checkpoint(10).Note) + "\n")
	f.Add("a\n\nb\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range parseEvidence(text) {
			for _, side := range []proof.Checkpoint{c.A, c.B} {
				if !strings.Contains(text+"\n", string(side.Note)) {
					t.Errorf("%q is not in the text", side.Note)
				}
			}
		}
	})
}
