package house

import (
	"fmt"
	"io"
	"os"
	"os/exec"

	"unseal/intake/sandbox"
	"unseal/intake/worker"
)

// Child is the life of a process that the program has started of itself, by its
// hidden first argument. ok is false where args, which begin with the program's
// name, are those of a person.
func Child(args []string, in io.Reader, out, errw io.Writer) (code int, ok bool) {
	switch {
	case len(args) > 1 && args[1] == sandbox.Argument:
		fmt.Fprintln(errw, sandbox.Enter(args[2:])) // it only returns with an error
		return 1, true
	case len(args) == 2 && args[1] == worker.Argument:
		return Worker(in, out, errw), true
	}
	return 0, false
}

// Protections says what the system grants to keep the readers of hostile files
// apart from everything else. It starts one of them to see.
func (d *Desk) Protections() (sandbox.Report, error) {
	self, err := worker.Self()
	if err != nil {
		return sandbox.Report{}, err
	}
	return worker.NewReaders(func(dir string) worker.Command {
		return worker.InSandbox(func() *exec.Cmd {
			c := self()
			c.Env = os.Environ()
			return c
		}, worker.ReadOptions(dir))
	}, "").Protections()
}
