package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/material"
)

// TestDiskErrorsStopTheRealBinary lets fsync and write fail under strace, where
// neither our code nor SQLite's knows of the test. strace counts the calls of
// each thread, so only the runs count in which it says that it did inject.
func TestDiskErrorsStopTheRealBinary(t *testing.T) {
	strace := material.Program(t, "strace")
	bin := Build(t, "unseal/crash/testdata/victim")
	last := 8
	if testing.Short() {
		last = 2
	}
	for _, inject := range []string{"fsync,fdatasync:error=EIO", "write,pwrite64:error=ENOSPC"} {
		hits := 0
		for k := range last {
			dir := filepath.Join(t.TempDir(), "desk")
			hit, err := underStrace(t, strace, bin, dir, fmt.Sprintf("%s:when=%d", inject, 3*k+1))
			if err != nil {
				t.Errorf("%s, call %d: %v", inject, 3*k+1, err)
			}
			if hit {
				hits++
			}
		}
		t.Logf("%s: %d runs, %d hit", inject, last, hits)
		if hits == 0 {
			t.Errorf("%s never hit anything", inject)
		}
	}
}

// underStrace ingests with a fault, looks, ingests without it and looks again.
func underStrace(t *testing.T, strace, bin, dir, inject string) (hit bool, err error) {
	calls, _, _ := strings.Cut(inject, ":")
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := Command{Path: strace, Args: []string{"-f", "-y", "-o", trace, "-e", "trace=" + calls, "-e", "inject=" + inject, bin, "ingest", dir}}
	r := cmd.Count(t)
	log, err := os.ReadFile(trace)
	if err != nil {
		material.Missing(t, fmt.Sprintf("a strace that runs (%s)", r.Stderr))
	}
	var at string
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "(INJECTED)") {
			hit, at = true, line
		}
	}
	// When it closes, SQLite folds the log into the file. Should that fail, it
	// keeps the log and says nothing, and nothing is lost.
	if hit && r.Code == 0 && !strings.Contains(at, "catalog.db>") {
		return hit, fmt.Errorf("the run ended well in spite of %s", at)
	}
	if _, err := os.Stat(filepath.Join(dir, "catalog.db")); err == nil {
		if err := lookAtDesk(t, dir, r); err != nil {
			return hit, err
		}
	}
	again := Command{Path: bin, Args: []string{"ingest", dir}}.Count(t)
	if again.Code != 0 {
		return hit, fmt.Errorf("the second run: %s", again.Stderr)
	}
	return hit, lookAtDesk(t, dir, again)
}
