package worker

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitMemory bounds the data of this process. A Go program does not start
// under RLIMIT_AS of that size, since it reserves much more than it uses.
func limitMemory(max int64) error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(max), Max: uint64(max)})
}

// apart puts a child into a process group of its own, so that Ctrl-C on a
// terminal reaches the parent alone, which then ends its children.
func apart(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// killAll ends a child and the programs that it has started.
func killAll(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // they may be dead already
	_ = p.Kill()
}
