package house

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"unseal/catalog"
)

// servers answers as a server for speech and one for translation do; while
// refuses is set, it takes no key.
func servers(t *testing.T, refuses *atomic.Bool) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/audio/transcriptions" && (refuses.Load() || r.Header.Get("Authorization") != "Bearer secret"):
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/audio/transcriptions":
			io.WriteString(w, `{"language":"english","text":"x","segments":[{"start":0,"end":0.2,"text":"ledger at the pier","avg_logprob":-0.1}]}`)
		case r.URL.Path == "/translate":
			var q struct{ Q []string }
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
				t.Error(err)
			}
			for i := range q.Q {
				q.Q[i] = strings.NewReplacer("pier", "jetée", "wall", "rempart").Replace(q.Q[i])
			}
			if err := json.NewEncoder(w).Encode(map[string][]string{"translatedText": q.Q}); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// A refusal of the server for speech costs its stage alone. Once it is mended,
// redo makes the transcript, its translation, and both are found.
func TestServersThatTheDeskNamesMakeTexts(t *testing.T) {
	var refuses atomic.Bool
	refuses.Store(true)
	address := servers(t, &refuses)
	dir := newDesk(t)
	config, err := os.OpenFile(filepath.Join(dir, ConfigName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(config, "\n[intake]\nspeech = \""+address+"/v1\"\nspeech_model = \"small\"\nspeech_key = \"speech.key\"\ntranslate = \""+address+"\"\ntranslate_into = [\"fr\"]\n")
	if err := errors.Join(err, config.Close(), os.WriteFile(filepath.Join(dir, "speech.key"), []byte("secret\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	tone, err := os.ReadFile(filepath.Join("..", "intake", "voice", "testdata", "tone.wav"))
	if err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, dir, ReadWrite)
	ingest(t, d, map[string]string{"call.wav": string(tone), "letter.txt": "The quay needs a wall.\n"})
	causes, err := d.Catalog.Causes(t.Context(), "mail", 10)
	if err != nil || !slices.ContainsFunc(causes, func(c catalog.Cause) bool { return c.Stage == "speech" && strings.Contains(c.Cause, "401") }) {
		t.Errorf("causes %+v, %v", causes, err)
	}
	if got := found(t, dir, "rempart"); len(got) != 1 {
		t.Errorf("the letter's translation: %q", got)
	}
	refuses.Store(false)
	if _, err := d.Redo(t.Context(), RedoOptions{Collection: "mail", Failed: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Redo(t.Context(), RedoOptions{Collection: "mail", Stage: "translate"}); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"ledger", "jetée"} {
		if got := found(t, dir, word); len(got) != 1 || !strings.HasPrefix(got[0], "Tone") {
			t.Errorf("%s: %q", word, got)
		}
	}
}
