// Package interop reads with tessera, another maker's log, what our command
// has written. It imports nothing of ours: an archive is made by the binary,
// as a stranger gets it.
//
// It is a module of its own, so that what tessera brings along stands in no
// list of ours and in no binary. make test runs it where its modules can be
// had, and says so where they cannot.
package interop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const origin = "interop.example/log"

// made is the archive that all tests read, and the command that made it.
var made struct {
	dir     string // has desk, archive and earlier, a checkpoint of the log when it was shorter
	command string
	key     string // of the log
}

func TestMain(m *testing.M) {
	code, err := 1, build()
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(made.dir)
	os.Exit(code)
}

// items is more than two tiles of entries, and the last one is partial.
const items = 700

func build() (err error) {
	if made.dir, err = os.MkdirTemp("", "interop"); err != nil {
		return err
	}
	made.command = filepath.Join(made.dir, "unseal")
	compile := exec.Command("go", "build", "-o", made.command, "./cmd/unseal")
	compile.Dir = ".."
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("build the command: %w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(made.dir, "box.mbox"), mailbox(), 0o644); err != nil {
		return err
	}
	for _, line := range []string{
		"init desk --origin " + origin,
		"-C desk ingest box.mbox -c mail",
		"-C desk commit mail",
		"-C desk batch plan mail --every 300",
		"-C desk publish mail@1 --to archive --yes",
	} {
		if _, err := unseal(line); err != nil {
			return err
		}
	}
	first, err := os.ReadFile(path("archive", "log", "checkpoint"))
	if err == nil {
		err = os.WriteFile(path("earlier"), first, 0o644)
	}
	if err != nil {
		return err
	}
	if _, err := unseal("-C desk publish --to archive --yes"); err != nil {
		return err
	}
	key, err := os.ReadFile(path("desk", "keys", "log.pub"))
	made.key = strings.TrimSpace(string(key))
	return err
}

func path(elem ...string) string { return filepath.Join(append([]string{made.dir}, elem...)...) }

// unseal runs the command in the folder of the tests, with a home of its own.
func unseal(line string) (string, error) {
	cmd := exec.Command(made.command, strings.Fields(line)...)
	cmd.Dir = made.dir
	cmd.Env = append(os.Environ(), "HOME="+made.dir, "XDG_CONFIG_HOME="+path("config"), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("unseal %s: %w\n%s", line, err, out)
	}
	return string(out), err
}

// mailbox holds items mails of different lengths.
func mailbox() []byte {
	var b []byte
	for n := range items {
		b = fmt.Appendf(b, "From m@example.org Mon Jan  5 10:00:00 2015\nFrom: mary@example.org\nTo: john@example.org\nSubject: Berth %d\n"+
			"Date: Mon, 5 Jan 2015 %02d:%02d:00 +0000\nMessage-ID: <%d@example.org>\n\nThe quay wall moved%s.\n\n", n, n/60, n%60, n, strings.Repeat(" again", n%7))
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copied is the archive once more, for a test that spoils it.
func copied(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "archive")
	must(t, os.CopyFS(dir, os.DirFS(path("archive"))))
	return dir
}

// hashTiles are the names of all hash tiles of the log below an archive.
func hashTiles(t *testing.T, archive string) (names []string) {
	t.Helper()
	root := filepath.Join(archive, "log", "tile")
	must(t, filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasPrefix(name, filepath.Join(root, "entries")) {
			names = append(names, name)
		}
		return err
	}))
	if len(names) == 0 {
		t.Fatal(errors.New("the log has no hash tiles"))
	}
	return names
}
