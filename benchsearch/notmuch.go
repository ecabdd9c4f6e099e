package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"unseal/search"
)

// notmuch is another program, so it is asked through its command line, its
// start included.
type notmuch struct {
	ctx context.Context
	dir string // its mails are in dir/cur, its index in dir/.notmuch
}

func (n *notmuch) config() string { return n.dir + ".config" }

func (n *notmuch) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(n.ctx, "notmuch", args...)
	cmd.Env = append(os.Environ(), "NOTMUCH_CONFIG="+n.config())
	return cmd
}

// split writes the mails of mailboxes into files of their own, as notmuch wants
// them.
func (n *notmuch) split(mboxes []string) error {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(n.dir, sub), 0o755); err != nil {
			return err
		}
	}
	count := 0
	for _, mbox := range mboxes {
		f, err := os.Open(mbox)
		if err != nil {
			return err
		}
		err = eachMail(f, func(mail []byte) error {
			count++
			_, body, _ := bytes.Cut(mail, []byte("\n"))
			return os.WriteFile(filepath.Join(n.dir, "cur", fmt.Sprintf("%d.bench:2,S", count)), body, 0o644)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	config := "[database]\npath=" + n.dir + "\n[new]\ntags=inbox\n[search]\nexclude_tags=\n"
	return os.WriteFile(n.config(), []byte(config), 0o644)
}

// index makes the index and says what that took.
func (n *notmuch) index() (outcome, error) {
	cmd := n.command("new", "--quiet")
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return outcome{}, err
	}
	ctx, stop := context.WithCancel(n.ctx)
	peak := make(chan int64)
	go func() { peak <- watchPeak(ctx, cmd.Process.Pid, "VmHWM") }()
	err := cmd.Wait()
	stop()
	o := outcome{Wall: time.Since(start).Seconds(), Peak: <-peak}
	o.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return o, err
}

// watchPeak returns the largest value of a field of a process's status that is
// in kB, as bytes, seen until ctx ends.
func watchPeak(ctx context.Context, pid int, field string) (peak int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, kilobytesOf(strconv.Itoa(pid), field))
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
	}
}

// prepare answers a question with the newest ten hits; notmuch has no ranks
// and no facets.
func (n *notmuch) prepare(q *question, how variant) (func() (int, error), error) {
	query, err := notmuchQuery(q.exact.Root)
	if err != nil || how != ranked {
		return nil, errNoOperator
	}
	args := []string{"search", "--output=messages", "--limit=10"}
	if q.Class == classDeep {
		args = append(args, "--offset="+strconv.Itoa(deep))
	}
	return func() (int, error) {
		out, err := n.command(append(args, query)...).Output()
		return bytes.Count(out, []byte("\n")), err
	}, nil
}

// count is the number of mails that hold the words of a question as written.
func (n *notmuch) count(q *question) (int, error) {
	query, err := notmuchQuery(q.exact.Root)
	if err != nil {
		return 0, err
	}
	out, err := n.command("count", "--output=files", query).Output()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// notmuchQuery says a clause in notmuch's words: quoted, so that it does not
// stem.
func notmuchQuery(n search.Node) (string, error) {
	switch n := n.(type) {
	case search.And:
		return notmuchAll(n, " and ")
	case search.Or:
		return notmuchAll(n, " or ")
	case search.Not:
		s, err := notmuchQuery(n.Node)
		return "not " + s, err
	case *search.Dates:
		if n.From.IsZero() || n.To.IsZero() {
			return "", errNoOperator
		}
		return fmt.Sprintf("date:@%d..@%d", n.From.Unix(), n.To.Unix()-1), nil
	case *search.Text:
		return notmuchText(n)
	}
	return "", errNoOperator
}

func notmuchAll(nodes []search.Node, joint string) (string, error) {
	var list []string
	for _, n := range nodes {
		s, err := notmuchQuery(n)
		if err != nil {
			return "", err
		}
		list = append(list, s)
	}
	return "(" + strings.Join(list, joint) + ")", nil
}

func notmuchText(t *search.Text) (string, error) {
	field, ok := map[search.Field]string{search.Any: "", search.Subject: "subject:", search.From: "from:"}[t.Field]
	switch {
	case !ok:
	case t.Mode == search.Phrase:
		return field + `"` + strings.Join(wordsOf(t), " ") + `"`, nil
	case t.Mode == search.Prefix:
		return field + t.Words[0].Text + "*", nil
	}
	return "", errNoOperator
}
