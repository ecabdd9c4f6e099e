package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart has cmd started in namespaces of its own: without network interfaces,
// as a user without rights, and as the first process of its own, whose end is
// the end of all that it started.
func apart(cmd *exec.Cmd) []string {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	a := cmd.SysProcAttr
	a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getgid(), Size: 1}}
	return []string{"network", "users", "processes"}
}

// nobody is whom the child takes itself for: a user without rights loses them
// all when it starts a program.
const nobody = 65534

// enter limits this thread, from which the new program takes everything over.
func (w *wish) enter(args []string) error {
	runtime.LockOSThread()
	steps := []struct {
		name string
		do   func() error
	}{
		{"limits", w.limit},
		{"files", w.closeFiles},
		{"system-calls", closeCalls},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("enter the sandbox: no new privileges: %w", err)
	}
	why := map[string]error{}
	for _, s := range steps {
		if err := s.do(); err != nil {
			why[s.name] = err
			continue
		}
		w.Report.On = append(w.Report.On, s.name)
	}
	w.Report.complete(why)
	return w.exec(args)
}

func (r *Report) complete(why map[string]error) {
	for _, name := range Protections {
		switch {
		case slices.Contains(r.On, name):
		case why[name] != nil:
			r.Missing = append(r.Missing, fmt.Sprintf("%s (%v)", name, why[name]))
		default:
			r.Missing = append(r.Missing, name)
		}
	}
}

// exec starts the program in the place of this one.
func (w *wish) exec(args []string) error {
	b, err := json.Marshal(w)
	if err != nil {
		return err
	}
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, variable+"=") })
	if err := syscall.Exec(args[0], args, append(env, variable+"="+string(b))); err != nil {
		return fmt.Errorf("start %s in the sandbox: %w", args[0], err)
	}
	return nil
}

// Limits of every child, beyond those that it is given.
const (
	maxFileSize = 4 << 30
	maxOpen     = 512
)

func (w *wish) limit() error {
	list := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: maxFileSize, unix.RLIMIT_NOFILE: maxOpen}
	if w.Memory > 0 {
		list[unix.RLIMIT_DATA] = uint64(w.Memory)
	}
	if w.CPU > 0 {
		list[unix.RLIMIT_CPU] = uint64(w.CPU)
	}
	for what, n := range list {
		if err := lower(what, n); err != nil {
			return err
		}
	}
	return nil
}

// lower sets a limit, unless it is lower already.
func lower(what int, n uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(what, &now); err != nil {
		return err
	}
	n = min(n, now.Max)
	return unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n})
}
