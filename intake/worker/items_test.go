package worker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unseal/intake/reader"
	"unseal/intake/sandbox"
	"unseal/intake/tool"
)

// spoilt is what one item leaves behind in its child.
var spoilt bool

// readTrouble does what the name of the item says.
func readTrouble(ctx context.Context, in *reader.Input) (res reader.Result) {
	switch in.Name {
	case "exit":
		os.Exit(7)
	case "panic":
		panic("asked for")
	case "hang":
		time.Sleep(time.Hour)
	case "memory":
		var keep [][]byte
		for len(keep) < 1000 {
			keep = append(keep, bytes.Repeat([]byte("x"), 64<<20))
		}
		res.Text = string(keep[0])
	case "flood":
		b := make([]byte, 32<<20)
		for range 16 {
			res.Files = append(res.Files, reader.Made{Name: "x", Bytes: b})
		}
	case "many":
		res.Files = make([]reader.Made, MaxMade/fileCost+1)
	case "tool":
		_, err := tool.Run(ctx, tool.Command{Name: "sleep", Args: []string{"3333"}, Dir: in.Dir})
		res.Failed = err.Error()
	case "whoami": // the child is the first process of its own, so its folder tells it apart
		res.Text = in.Dir
	case "locked":
		res.Locked = len(in.Passwords) == 0
		res.Text = in.Dir + " " + strings.Join(in.Passwords, " ")
	case "secrets":
		res.Text = strings.Join(in.Passwords, " ")
	case "true":
		_, err := tool.Run(ctx, tool.Command{Name: "true", Dir: in.Dir})
		if err != nil {
			res.Failed = err.Error()
		}
	case "spoil":
		spoilt = true
	case "spoilt":
		if spoilt {
			os.Exit(9)
		}
	case "write":
		if err := os.WriteFile(filepath.Join(in.Dir, "left"), []byte("x"), 0o600); err != nil {
			res.Failed = err.Error()
		}
	default:
		b, err := in.Bytes(1 << 30)
		if err != nil {
			return reader.Result{Failed: err.Error()}
		}
		res.Text = string(b[:10])
		res.Files = []reader.Made{{Name: "copy", Type: "text/plain", Bytes: b}, {Name: "empty"}}
		res.Embedded = []reader.Embedded{{Path: "1.1", Bytes: b[:5]}}
	}
	return res
}

func newReaders(t *testing.T) *Readers {
	t.Helper()
	p := NewReaders(func(dir string) Command {
		return InSandbox(func() *exec.Cmd { return exec.Command(os.Args[0], Argument) }, ReadOptions(dir))
	}, t.TempDir())
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(p.temp); err != nil || len(left) > 0 {
			t.Errorf("left: %v %v", left, err)
		}
	})
	return p
}

func readNamed(t *testing.T, p *Readers, name string, content []byte) reader.Result {
	t.Helper()
	res, err := p.Read(context.Background(), reader.Request{Stage: reader.Read, Name: name}, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(p.temp + "/*/*"); err != nil || len(left) > 0 {
		t.Errorf("%s: left in the folder: %v %v", name, left, err)
	}
	return res
}

func TestAnItemComesBackWithItsFiles(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	res := readNamed(t, newReaders(t), "good", content)
	if res.Failed != "" || res.Text != "0123456789" {
		t.Fatalf("%+v", res.Failed)
	}
	if len(res.Files) != 2 || !bytes.Equal(res.Files[0].Bytes, content) || res.Files[0].Type != "text/plain" || res.Files[1].Name != "empty" {
		t.Errorf("files: %d", len(res.Files))
	}
	if len(res.Embedded) != 1 || string(res.Embedded[0].Bytes) != "01234" || res.Embedded[0].Path != "1.1" {
		t.Errorf("embedded: %+v", res.Embedded)
	}
}

func TestTroubleCostsOneItemAndSaysSo(t *testing.T) {
	p := newReaders(t)
	for name, want := range map[string]string{
		"exit": "exit status 7", "panic": "asked for", "memory": "MB of memory", "flood": "more was made", "many": "more was made", "write": "",
	} {
		if got := readNamed(t, p, name, nil).Failed; !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	p.time = 2 * time.Second
	for _, name := range []string{"hang", "tool"} {
		if got := readNamed(t, p, name, nil).Failed; !strings.Contains(got, "took longer than 2s") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if alive(t, "sleep\x003333") {
		t.Error("a program outlived the child that ran it")
	}
}

// alive reports whether a process with that command line runs.
func alive(t *testing.T, line string) bool {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range list {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(line)) {
			return true
		}
	}
	return false
}

func TestAChildReadsSomeItemsUnlessItRanAProgram(t *testing.T) {
	p := newReaders(t)
	seen := map[string]bool{}
	for range 2*maxReads + 1 {
		seen[readNamed(t, p, "whoami", nil).Text] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d children read %d items, %d each", len(seen), 2*maxReads+1, maxReads)
	}
	readNamed(t, p, "true", nil)
	if last := readNamed(t, p, "whoami", nil).Text; seen[last] {
		t.Error("a child that ran a program read on")
	}
}

func TestWhatIsReadAloneGetsAChildOfItsOwn(t *testing.T) {
	p := newReaders(t)
	p.Alone = func(req reader.Request) bool { return req.Name == "whoami" }
	first, second := readNamed(t, p, "whoami", nil).Text, readNamed(t, p, "whoami", nil).Text
	if first == second {
		t.Error("two items that are read alone shared a child")
	}
}

// The child of an item that is not locked knows no password, and one that knows
// some reads nothing else.
func TestOnlyTheChildOfALockedItemLearnsPasswords(t *testing.T) {
	p := newReaders(t)
	ask := func(name string, passwords ...string) reader.Result {
		res, err := p.Read(context.Background(), reader.Request{Stage: reader.Read, Name: name, Passwords: passwords}, bytes.NewReader(nil), 0)
		if err != nil || res.Failed != "" {
			t.Fatal(err, res.Failed)
		}
		return res
	}
	if got := ask("secrets", "geheim"); got.Text != "" {
		t.Errorf("an item that is not locked was read with %q", got.Text)
	}
	if got := ask("locked"); !got.Locked {
		t.Error("without passwords it is not locked")
	}
	dirs := map[string]bool{}
	for range 2 {
		got := ask("locked", "falsch", "geheim")
		dir, passwords, _ := strings.Cut(got.Text, " ")
		if got.Locked || passwords != "falsch geheim" {
			t.Errorf("a locked item was read with %q", passwords)
		}
		dirs[dir] = true
	}
	if dirs[ask("whoami").Text] || len(dirs) != 2 {
		t.Error("a child that knows passwords read on")
	}
}

func TestAnItemThatTheOneBeforeSpoiltIsReadAgain(t *testing.T) {
	p := newReaders(t)
	readNamed(t, p, "spoil", nil)
	if got := readNamed(t, p, "spoilt", nil); got.Failed != "" {
		t.Error(got.Failed)
	}
}

func TestACancelledReadEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := newReaders(t).Read(ctx, reader.Request{Name: "hang"}, bytes.NewReader(nil), 0)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestReadersSayWhatProtectsFromThem(t *testing.T) {
	r, err := newReaders(t).Protections()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if len(r.On)+len(r.Missing) != len(sandbox.Protections) {
		t.Errorf("%d of %d protections are spoken of", len(r.On)+len(r.Missing), len(sandbox.Protections))
	}
}
