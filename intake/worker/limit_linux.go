package worker

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitMemory bounds the data of this process. A Go program does not start
// under RLIMIT_AS of that size, since it reserves much more than it uses.
func limitMemory() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: MaxMemory, Max: MaxMemory})
}

// apart puts a child into a process group of its own, so that Ctrl-C on a
// terminal reaches the parent alone, which then ends its children.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
