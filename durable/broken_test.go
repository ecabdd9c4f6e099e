package durable

import (
	"errors"
	"syscall"
	"testing"
)

// TestNothingIsChangedAfterFailedSync: a disk whose fsync failed once is not
// believed again, whether or not the caller took notice.
func TestNothingIsChangedAfterFailedSync(t *testing.T) {
	fsys, err := Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	if err := WriteFile(fsys, "before", []byte("x")); err != nil {
		t.Fatal(err)
	}
	open, err := fsys.Create("open")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := fsys.fail("f", syscall.EIO); !errors.Is(err, ErrSync) || !errors.Is(err, syscall.EIO) {
		t.Errorf("the failure itself: %v", err)
	}
	_, createErr := fsys.Create("new")
	_, appendErr := fsys.OpenAppend("before")
	for what, err := range map[string]error{
		"create": createErr, "append": appendErr,
		"write": WriteFile(fsys, "f", nil), "rename": fsys.Rename("before", "after"), "remove": fsys.Remove("before"),
		"mkdir": fsys.MkdirAll("d"), "sync dir": fsys.SyncDir("."), "sync": open.Sync(),
	} {
		if !errors.Is(err, ErrSync) {
			t.Errorf("%s afterwards: %v, want ErrSync", what, err)
		}
	}
	f, err := fsys.Open("before")
	if err != nil {
		t.Fatalf("reading afterwards: %v", err)
	}
	f.Close()
}
