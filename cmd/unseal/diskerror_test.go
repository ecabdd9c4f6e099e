package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"unseal/material"
)

// TestDiskErrorsStopAPublishOfEditions lets fsync and write of the command fail
// under strace, neither of which it knows of: it says so, a reader finds the
// archive whole, and the same command goes on. strace counts the calls of each
// thread, so only the runs count in which it says that it did inject.
func TestDiskErrorsStopAPublishOfEditions(t *testing.T) {
	k := newKiller(t, "")
	strace := material.Program(t, "strace")
	from := k.pending()
	whole := k.after(from, publishing)
	want, sizes := k.outcome(whole, publishing), checkpoints(t, whole)
	for _, inject := range []string{"fsync,fdatasync:error=EIO", "write,pwrite64:error=ENOSPC"} {
		runs, hits := max(*kills/6, 2), 0
		for i := range runs {
			dir := k.folder(from)
			hit := k.refused(strace, dir, fmt.Sprintf("%s:when=%d", inject, 1+i*16/runs))
			err := k.read(dir, sizes)
			if err == nil {
				err = k.examine(dir, job{args: publishing}, want)
			}
			if err != nil {
				t.Errorf("%s, run %d: %v", inject, i, err)
			}
			if hit {
				hits++
			}
			os.RemoveAll(dir)
		}
		t.Logf("%s: %d runs, %d hit", inject, runs, hits)
		if hits == 0 {
			t.Errorf("%s never hit anything", inject)
		}
	}
}

// refused publishes with a fault, and reports whether that was met.
func (k *killer) refused(strace, dir, inject string) bool {
	calls, _, _ := strings.Cut(inject, ":")
	trace := filepath.Join(dir, "trace")
	args := []string{"-f", "-y", "-o", trace, "-e", "trace=" + calls, "-e", "inject=" + inject, k.bin, "-C", "desk"}
	cmd := exec.CommandContext(k.t.Context(), strace, append(args, publishing...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), k.env()...)
	said, failed := cmd.CombinedOutput()
	log, err := os.ReadFile(trace)
	if err != nil {
		material.Missing(k.t, fmt.Sprintf("a strace that runs (%s)", said))
	}
	var files []string
	for line := range bytes.Lines(log) {
		// SQLite keeps its log when it cannot fold it into the file, and what
		// is said to the terminal is no matter.
		if s := string(line); strings.Contains(s, "(INJECTED)") && strings.Contains(s, dir) && !strings.Contains(s, "catalog.db") {
			files = append(files, s)
		}
	}
	if len(files) > 0 && failed == nil {
		k.t.Errorf("the run ended well in spite of %s", files)
	}
	return len(files) > 0
}
