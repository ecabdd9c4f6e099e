package tool_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/intake/tool"
)

func TestFilesOfAProgramStayInItsFolder(t *testing.T) {
	dir := t.TempDir()
	if err := tool.Put(dir, "in", strings.NewReader("sound")); err != nil {
		t.Fatal(err)
	}
	if b, err := tool.Get(dir, "in", 5); err != nil || string(b) != "sound" {
		t.Fatalf("got %q, %v", b, err)
	}
	if _, err := tool.Get(dir, "in", 4); !errors.Is(err, tool.ErrTooMuch) {
		t.Errorf("five bytes under a limit of four: %v", err)
	}
	if err := tool.Put(dir, "in", strings.NewReader("")); err == nil {
		t.Error("a file was written over")
	}
	if err := tool.Put(dir, "../out", strings.NewReader("")); err == nil {
		t.Error("a file was written outside of the folder")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if b, err := tool.Get(dir, "link", 100); err == nil {
		t.Errorf("a link out of the folder gave %q", b)
	}
}
