package witness

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/durable"
	"unseal/proof"
)

// ask asks a witness behind h for a cosignature of l at a size.
func ask(t *testing.T, h http.Handler, l *fakeLog, size int64) (string, error) {
	t.Helper()
	web := httptest.NewServer(h)
	defer web.Close()
	c := Client{URL: web.URL + "/", Witness: testSigner(t).Witness, HTTP: web.Client()}
	line, _, err := c.Cosign(t.Context(), l.checkpoint(size), func(old int64) (tlog.TreeProof, error) { return tlog.ProveTree(size, old, l) })
	return line, err
}

func TestAClientFindsTheSizeTheWitnessHas(t *testing.T) {
	l, forked := newLog(t, 1, 40, never), newLog(t, 1, 40, 5)
	s, _ := server(t, l.key)
	for _, size := range []int64{10, 10, 20, 40} {
		line, err := ask(t, s, l, size)
		must(t, err)
		c, err := proof.ParseCheckpoint(append(bytes.Clone(l.checkpoint(size).Note), line...))
		must(t, err)
		if _, err := c.SeenBy(testSigner(t).Witness); err != nil {
			t.Error(err)
		}
	}
	if _, err := ask(t, s, l, 20); !errors.Is(err, ErrAhead) {
		t.Errorf("a copy put back: %v", err)
	}
	if _, err := ask(t, s, forked, 40); !errors.Is(err, ErrSplitView) {
		t.Errorf("another history, same size: %v", err)
	}
	longer := newLog(t, 1, 50, 5)
	if _, err := ask(t, s, longer, 50); !errors.Is(err, proof.ErrMismatch) || !errors.Is(err, ErrRefused) {
		t.Errorf("another history, longer: %v", err)
	}
	if _, err := ask(t, s, newLog(t, 2, 50, never), 50); !errors.Is(err, ErrRefused) || errors.Is(err, proof.ErrMismatch) {
		t.Errorf("a key that the witness does not know: %v", err)
	}
}

// What a witness answers is judged before it is believed.
func TestAClientBelievesNoAnswerUnseen(t *testing.T) {
	l := newLog(t, 1, 10, never)
	good := testSigner(t).cosign(l.checkpoint(10).Text(), testTime)
	other := testSigner(t).cosign(l.checkpoint(9).Text(), testTime)
	for what, c := range map[string]struct {
		status int
		body   string
		ok     bool
	}{
		"good":                      {200, good, true},
		"good, after another key's": {200, "— other.example.org AAAAAAAA\n" + good, true},
		"empty":                     {200, "", false},
		"another key's alone":       {200, "— other.example.org AAAAAAAA\n", false},
		"of another checkpoint":     {200, other, false},
		"a page":                    {200, "<html>", false},
		"no line end":               {200, strings.TrimSuffix(good, "\n"), false},
		"a line too much":           {200, "\n\nx\n0\n", false},
		"conflict without size":     {409, "", false},
		"conflict with a word":      {409, "many\n", false},
		"the same conflict always":  {409, "5\n", false},
		"server error":              {500, "", false},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		line, err := ask(t, h, l, 10)
		if (err == nil) != c.ok || c.ok && line != good {
			t.Errorf("%s: %q, %v", what, line, err)
		}
	}
	gone := Client{URL: "http://127.0.0.1:1", Witness: testSigner(t).Witness, HTTP: &http.Client{}}
	if _, _, err := gone.Cosign(t.Context(), l.checkpoint(1), nil); err == nil {
		t.Error("nobody there, and no error")
	}
}

func TestKeepAddsSignatureLinesAndNothingElse(t *testing.T) {
	l := newLog(t, 1, 10, never)
	fsys, err := durable.Dir(t.TempDir())
	must(t, err)
	defer fsys.Close()
	must(t, fsys.MkdirAll("log"))
	c := l.checkpoint(10)
	must(t, durable.WriteFile(fsys, "log/checkpoint", c.Note))
	line := testSigner(t).cosign(c.Text(), testTime)
	for _, lines := range []string{"x", "\n", line + "\n" + line, strings.TrimSuffix(line, "\n"), strings.Repeat(line, 100), "— a  b\n"} {
		if _, err := Keep(fsys, "log", c, lines); err == nil {
			t.Errorf("%.40q is added", lines)
		}
	}
	more, err := Keep(fsys, "log", c, line)
	must(t, err)
	if string(more.Note) != string(c.Note)+line {
		t.Errorf("%s", more.Note)
	}
	must(t, more.Verify(l.key))
	if _, err := Keep(fsys, "log", c, line); !errors.Is(err, ErrMoved) {
		t.Errorf("to a checkpoint that is no longer there: %v", err)
	}
}
