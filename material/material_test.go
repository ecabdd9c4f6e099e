package material

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// heard is a test that remembers how it was ended.
type heard struct {
	testing.TB
	how string
}

func (h *heard) Skipf(string, ...any)  { h.how = "skipped"; runtime.Goexit() }
func (h *heard) Fatalf(string, ...any) { h.how = "failed"; runtime.Goexit() }
func (h *heard) Fatal(...any)          { h.how = "failed"; runtime.Goexit() }

// ended is how a test ends that does this.
func ended(t *testing.T, do func(testing.TB)) string {
	h, done := &heard{TB: t, how: "went on"}, make(chan struct{})
	go func() {
		defer close(done)
		do(h)
	}()
	<-done
	return h.how
}

func TestWhatIsMissingSkipsOrFails(t *testing.T) {
	t.Setenv("UNSEAL_CORPORA", filepath.Join(t.TempDir(), "none"))
	t.Setenv("UNSEAL_BENCH", t.TempDir())
	for require, missing := range map[string]string{"": "skipped", "1": "failed"} {
		t.Setenv("UNSEAL_REQUIRE", require)
		for what, c := range map[string]struct {
			do   func(testing.TB)
			want string
		}{
			"corpora":     {func(t testing.TB) { Corpora(t) }, missing},
			"bench":       {func(t testing.TB) { Bench(t) }, "went on"},
			"no program":  {func(t testing.TB) { Program(t, "no-such-program") }, missing},
			"a program":   {func(t testing.TB) { Program(t, "go") }, "went on"},
			"truth":       {func(t testing.TB) { Truth[struct{}](t, "") }, missing},
			"a statement": {func(t testing.TB) { Missing(t, "it") }, missing},
		} {
			if got := ended(t, c.do); got != c.want {
				t.Errorf("%s, UNSEAL_REQUIRE=%q: %s, want %s", what, require, got, c.want)
			}
		}
	}
}

func TestTruthIsReadBelowAFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("UNSEAL_CORPORA", dir)
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), []byte(`{"files":{"a/1":{"size":1},"a/2":{"size":2},"b/1":{"size":"x"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	type expectation struct{ Size int }
	if got := Truth[expectation](t, "a/"); len(got) != 2 || got["a/2"].Size != 2 {
		t.Errorf("%+v", got)
	}
	for _, below := range []string{"b/", "c/"} {
		if got := ended(t, func(t testing.TB) { Truth[expectation](t, below) }); got != "failed" {
			t.Errorf("%s: %s", below, got)
		}
	}
}
