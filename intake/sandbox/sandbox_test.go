//go:build linux

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"unseal/material"
)

// attempt is the hidden argument with which this program tries what it must not.
const attempt = "attempt"

// hunger is the one with which it takes much memory.
const hunger = "hunger"

// greed is the one with which it takes much of something else.
const greed = "greed"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case Argument:
			fmt.Fprintln(os.Stderr, Enter(os.Args[2:]))
			os.Exit(1)
		case attempt:
			tryAll(os.Args[2], os.Args[3])
			os.Exit(0)
		case hunger:
			eat()
			os.Exit(0)
		case greed:
			if err := greeds[os.Args[2]](os.Args[3]); err != nil {
				os.Exit(1)
			}
			fmt.Println("done")
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// tryAll tries one thing after the other and prints what came of it.
func tryAll(own, foreign string) {
	got := map[string]string{"report": Applied().String()}
	note := func(name string, err error) {
		got[name] = "done"
		if err != nil {
			got[name] = err.Error()
		}
	}
	note("write own", os.WriteFile(filepath.Join(own, "x"), []byte("x"), 0o600))
	note("write foreign", os.WriteFile(filepath.Join(foreign, "x"), []byte("x"), 0o600))
	_, err := os.ReadFile(filepath.Join(foreign, "secret"))
	note("read foreign", err)
	_, err = os.ReadFile("/etc/passwd")
	note("read system", err)
	_, err = os.ReadDir("/proc/1")
	note("read processes", err)
	_, err = net.Dial("tcp", "127.0.0.1:1")
	note("connect", err)
	_, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	note("unix socket", err)
	note("signal", syscall.Kill(os.Getppid(), 0))
	if len(Applied().On) > 0 { // it would stop the test
		note("trace", unix.PtraceAttach(os.Getppid()))
	}
	note("unshare", unix.Unshare(unix.CLONE_NEWNS))
	_, err = exec.Command("/bin/true").Output()
	note("run a tool", err)
	note("run a file", runCopy(own))
	err = os.ErrNotExist
	if os.Getenv("UNSEAL_PASSPHRASE_COMMAND") != "" {
		err = nil
	}
	note("know a secret", err)
	_ = json.NewEncoder(os.Stdout).Encode(got)
}

// runCopy runs a program that lies in the child's own folder.
func runCopy(dir string) error {
	b, err := os.ReadFile("/bin/true")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "program")
	if err := os.WriteFile(file, b, 0o700); err != nil {
		return err
	}
	return exec.Command(file).Run()
}

// tried starts a child that tries all, in the sandbox or not.
func tried(t *testing.T, inside bool) map[string]string {
	t.Helper()
	own, foreign := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("UNSEAL_PASSPHRASE_COMMAND", "echo secret")
	cmd := exec.Command(os.Args[0], attempt, own, foreign)
	if inside {
		Prepare(cmd, Options{Dir: own, Memory: 1 << 30})
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAChildReachesNothingButItsOwnFolder(t *testing.T) {
	got := tried(t, true)
	t.Log(got["report"])
	if strings.Contains(got["report"], "not on") {
		material.Missing(t, "a protection of the kernel ("+got["report"]+")")
	}
	for _, name := range []string{"write own", "run a tool"} {
		if got[name] != "done" {
			t.Errorf("%s: %s", name, got[name])
		}
	}
	for _, name := range []string{"write foreign", "read foreign", "read system", "read processes", "connect", "unix socket", "trace", "unshare", "run a file", "know a secret"} {
		if got[name] == "done" || strings.Contains(got[name], "refused") {
			t.Errorf("%s succeeded: %s", name, got[name])
		}
	}
}

// The control: without the sandbox the same child does most of it.
func TestWithoutASandboxTheSameChildReachesThem(t *testing.T) {
	got := tried(t, false)
	for _, name := range []string{"write own", "write foreign", "read foreign", "read system", "read processes", "unix socket", "run a tool", "run a file", "know a secret"} {
		if got[name] != "done" {
			t.Errorf("%s: %s", name, got[name])
		}
	}
	if !strings.Contains(got["connect"], "refused") {
		t.Errorf("connect: %s", got["connect"])
	}
	if got["report"] != (Report{Missing: Protections}).String() {
		t.Errorf("a child without a sandbox reports %q", got["report"])
	}
}

func TestALimitOfMemoryHolds(t *testing.T) {
	for memory, want := range map[int64]string{64 << 20: "killed", 0: "done"} {
		cmd := exec.Command(os.Args[0], hunger)
		Prepare(cmd, Options{Memory: memory})
		out, err := cmd.Output()
		got := strings.TrimSpace(string(out))
		if err != nil {
			got = "killed"
		}
		if got != want {
			t.Errorf("with a limit of %d bytes: %s, want %s", memory, got, want)
		}
	}
}

// eat takes more memory than the limit of the test.
func eat() {
	b := make([]byte, 256<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	fmt.Println("done")
}

// greeds are what goes over each limit, in a folder where it may write.
var greeds = map[string]func(dir string) error{
	"processor time": func(string) error { // three times its limit: the kernel counts that one by its ticks, roughly
		var u unix.Rusage
		for sum := 0; u.Utime.Nano()+u.Stime.Nano() < int64(3*time.Second); {
			for i := range 1_000_000 {
				sum += i % 7
			}
			if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
				return err
			}
		}
		return nil
	},
	"a large file": func(dir string) error {
		f, err := os.Create(filepath.Join(dir, "sparse"))
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte("x"), maxFileSize)
		return errors.Join(err, f.Close())
	},
	"open files": func(string) error {
		for range maxOpen {
			if _, err := unix.Dup(int(os.Stdout.Fd())); err != nil {
				return err
			}
		}
		return nil
	},
}

// TestLimitsOfTimeAndFilesHold: what each limit stops goes through where there
// is none.
func TestLimitsOfTimeAndFilesHold(t *testing.T) {
	took := func(what string, o *Options) string {
		cmd := exec.Command(os.Args[0], greed, what, t.TempDir())
		if o != nil {
			o.Dir = cmd.Args[3]
			Prepare(cmd, *o)
		}
		out, err := cmd.Output()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	without := map[string]*Options{"processor time": {}} // a limit that is given; the others hold in every sandbox
	for what := range greeds {
		if what == "processor time" && testing.Short() {
			continue // it takes seconds, which a busy machine makes many; go test without -short
		}
		if got := took(what, &Options{CPU: 1}); got != "" {
			t.Errorf("%s: %s in spite of its limit", what, got)
		}
		if got := took(what, without[what]); got != "done" {
			t.Errorf("%s: %q without its limit", what, got)
		}
	}
}
