package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// errRefused says that the answer to a question was not yes.
var errRefused = exitError{code: exitFailed, word: "refused", err: errors.New("not done: the answer was not yes")}

// confirmHarm asks before what cannot be taken back: the name of what it
// happens to must be typed. --yes counts only together with --i-am.
func (u *ui) confirmHarm(ctx context.Context, happens, name, iAm string) error {
	u.say("%s", happens)
	if u.yes && iAm != "" {
		return nil
	}
	if !u.yes && u.canAsk() {
		answer, err := u.ask(ctx, fmt.Sprintf("To go on, type %s: ", name))
		if err == nil && answer != name {
			err = errRefused
		}
		return err
	}
	return exitError{code: exitUsage, word: "needs-yes", err: errors.New("this cannot be taken back, and needs a person who says so"),
		hint: "Add --yes and --i-am NAME."}
}

// canAsk reports whether somebody is there to answer.
func (u *ui) canAsk() bool {
	f, ok := u.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && !u.json
}

// ask puts a question and returns the line that is typed, without white space
// around it.
func (u *ui) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(u.err, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(u.in).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
