package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// plantEvery plants each so-manieth mail of the first mailbox a second time:
// 34,913 mails give 1,000.
const plantEvery = 34

// plantMost bounds the planted mails.
const plantMost = 1000

// material unpacks the two mailboxes and makes the third, of mails planted a
// second time.
func (b *bench) material() error {
	b.say("unpacking the mails")
	for _, name := range []string{"lists", "r-help"} {
		path := filepath.Join(b.dir, name+".mbox")
		n, err := b.unpack(filepath.Join(b.shared, name+".mbox.xz"), path)
		if err != nil {
			return fmt.Errorf("material: %w", err)
		}
		b.count += n
		b.mboxes = append(b.mboxes, path)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		b.raw += info.Size()
	}
	path := filepath.Join(b.dir, "planted.mbox")
	if err := b.plant(b.mboxes[0], path); err != nil {
		return fmt.Errorf("material: %w", err)
	}
	b.mboxes = append(b.mboxes, path)
	b.doc.text("\nThe material: %s mails in two mailboxes, %s MB, and %s of them a second time in a third.",
		number(b.count), decimals(megabytes(b.raw), 0), number(b.planted))
	return nil
}

// unpack writes the mails of an .mbox.xz to a file and counts them.
func (b *bench) unpack(from, to string) (n int, err error) {
	cmd := exec.CommandContext(b.ctx, "xz", "-dc", from)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	f, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = eachMail(pipe, func(mail []byte) error {
		if b.mails > 0 && n == b.mails {
			return errEnough
		}
		n++
		_, err := w.Write(mail)
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
		_, _ = io.Copy(io.Discard, pipe) // lets xz end by itself
	}
	return n, errors.Join(err, cmd.Wait(), w.Flush(), f.Close())
}

var errEnough = errors.New("enough mails")

func (b *bench) plant(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	i := 0
	err = eachMail(in, func(mail []byte) error {
		if i++; i%plantEvery != 0 || b.planted == plantMost {
			return nil
		}
		b.planted++
		_, err := out.Write(mail)
		return err
	})
	return errors.Join(err, out.Close())
}

// eachMail calls fn for each mail of an mbox, from its "From " line to the
// empty line before the next. The slice is only good during the call.
func eachMail(r io.Reader, fn func(mail []byte) error) error {
	br := bufio.NewReaderSize(r, 1<<20)
	var mail []byte
	empty := true // the line before was empty, or there was none
	for {
		line, err := br.ReadSlice('\n')
		whole := err == nil || errors.Is(err, io.EOF)
		if empty && bytes.HasPrefix(line, []byte("From ")) && len(mail) > 0 {
			if err := fn(mail); err != nil {
				return err
			}
			mail = mail[:0]
		}
		mail = append(mail, line...)
		empty = whole && len(line) == 1 && line[0] == '\n'
		switch {
		case errors.Is(err, io.EOF):
			if len(mail) == 0 {
				return nil
			}
			return fn(mail)
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// oneFileEach splits the mailboxes into a Maildir, as notmuch and mu want it.
func (b *bench) oneFileEach() (string, error) {
	b.say("splitting the mails into files for the peers")
	dir := filepath.Join(b.dir, "maildir")
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return "", err
		}
	}
	n := 0
	for _, mbox := range b.mboxes[:2] {
		f, err := os.Open(mbox)
		if err != nil {
			return "", err
		}
		err = eachMail(f, func(mail []byte) error {
			n++
			_, body, _ := bytes.Cut(mail, []byte("\n"))
			return os.WriteFile(filepath.Join(dir, "cur", fmt.Sprintf("%d.bench:2,S", n)), body, 0o644)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return dir, nil
}
