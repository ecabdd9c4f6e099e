// Package material finds what tests need and the repository does not hold:
// real-world files, a larger corpus for measurements, outside programs. Without
// it a test is skipped aloud, or fails where UNSEAL_REQUIRE is set, as it is in
// CI. Only tests import it.
package material

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Missing skips the test aloud, since what it names is not here, or fails it
// where everything is required.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("UNSEAL_REQUIRE") != "" {
		t.Fatalf("%s is not here, and UNSEAL_REQUIRE is set", what)
	}
	t.Skipf("SKIPPED: %s is not here", what)
}

// Corpora is the folder of real-world files: UNSEAL_CORPORA, else
// ../shared/corpora from the project's root.
func Corpora(t testing.TB) string {
	t.Helper()
	return folder(t, "UNSEAL_CORPORA", "corpora")
}

// Bench is the folder of the corpus for measurements: UNSEAL_BENCH, else
// ../shared/bench from the project's root.
func Bench(t testing.TB) string {
	t.Helper()
	return folder(t, "UNSEAL_BENCH", "bench")
}

func folder(t testing.TB, variable, name string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", name)
	}
	if _, err := os.Stat(dir); err != nil {
		Missing(t, dir+" ("+variable+")")
	}
	return dir
}

// root is the project's folder, above that of the test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for above := ""; dir != above; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above = dir
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// Truth is what truth.json of the corpora says of each file below a folder
// ("images/", or "" for all), by the file's path in the corpora. What does not
// fit into a T fails the test.
func Truth[T any](t testing.TB, below string) map[string]T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Corpora(t), "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Files map[string]json.RawMessage }
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	list := map[string]T{}
	for name, raw := range all.Files {
		if !strings.HasPrefix(name, below) {
			continue
		}
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("truth.json on %s: %v", name, err)
		}
		list[name] = v
	}
	if len(list) == 0 {
		t.Fatalf("truth.json says nothing of %s", below)
	}
	return list
}

// Program is the file of an outside program.
func Program(t testing.TB, name string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name)
	}
	return file
}
