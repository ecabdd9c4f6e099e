package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// aimLarge is what intake may hold of files that do not fit into memory, in MB.
const aimLarge = 1000

// The sizes of the two large files.
const (
	largeText  = 1 << 30
	largeMbox  = 5 << 30
	attachment = 1 << 20 // bytes of each of its mails' attachments
)

// large takes in a text file of 1 GB and a mailbox of 5 GB, made up here.
func (b *bench) large() error {
	b.doc.section("Large files")
	b.doc.table("file", "GB", "items", "wall s", "CPU s", "peak MB", "MB / s")
	for _, f := range []struct {
		name string
		size int64
		make func(w *bufio.Writer, size int64) error
	}{
		{"one text", largeText, writeText},
		{"one mailbox, a picture in each mail", largeMbox, writeMbox},
	} {
		if err := b.largeFile(f.name, f.size, f.make); err != nil {
			return err
		}
	}
	b.doc.text("\nThe aim is %s MB, of all processes together.", number(aimLarge))
	return nil
}

func (b *bench) largeFile(name string, size int64, fill func(*bufio.Writer, int64) error) (err error) {
	b.say("ingest, %s", name)
	dir, err := os.MkdirTemp(b.dir, "large-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "large")
	if err := writeFile(file, size, fill); err != nil {
		return err
	}
	desk := filepath.Join(dir, "desk")
	if _, err := measure(b.program("init", desk, "--origin", "bench.invalid/large", "--json")); err != nil {
		return err
	}
	u, err := measure(b.program("-C", desk, "ingest", file, "-c", "large", "--json"), 3)
	if err != nil {
		return err
	}
	var sum struct{ Items int }
	if err := lastJSON(u.out, &sum); err != nil {
		return err
	}
	b.doc.row(name, decimals(float64(size)/1e9, 1), number(sum.Items), decimals(u.wall.Seconds(), 1), decimals(u.cpu, 1),
		decimals(megabytes(u.peak), 0), decimals(megabytes(size)/u.wall.Seconds(), 0))
	return nil
}

func writeFile(name string, size int64, fill func(*bufio.Writer, int64) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(fill(w, size), w.Flush(), f.Close())
}

// words make lines that are all different.
var words = []string{"harbour", "sediment", "annex", "tender", "berth", "council", "quay", "letter", "minutes", "lead"}

func writeText(w *bufio.Writer, size int64) error {
	r := rand.New(rand.NewPCG(1, 2))
	for n := int64(0); n < size; {
		k, err := fmt.Fprintf(w, "%d %s %s %s %x\n", n, words[r.IntN(len(words))], words[r.IntN(len(words))], words[r.IntN(len(words))], r.Uint64())
		if err != nil {
			return err
		}
		n += int64(k)
	}
	return nil
}

func writeMbox(w *bufio.Writer, size int64) error {
	noise := rand.NewChaCha8([32]byte{1})
	for i, n := 0, int64(0); n < size; i++ {
		k, err := writeMail(w, i, noise)
		if err != nil {
			return err
		}
		n += int64(k)
	}
	return nil
}

// writeMail writes one mail with an attachment of bytes that do not pack.
func writeMail(w *bufio.Writer, i int, noise io.Reader) (int, error) {
	n, err := fmt.Fprintf(w, "From a@example.org Mon Jan  5 10:00:00 2015\nFrom: a@example.org\nTo: b@example.net\nSubject: picture %d\n"+
		"Message-ID: <%d@example.org>\nDate: Mon, 5 Jan 2015 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: application/octet-stream; name=\"%d.bin\"\n"+
		"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n", i, i, i)
	if err != nil {
		return n, err
	}
	line := make([]byte, 57)
	for range attachment / len(line) {
		if _, err := io.ReadFull(noise, line); err != nil {
			return n, err
		}
		k, err := fmt.Fprintln(w, base64.StdEncoding.EncodeToString(line))
		if n += k; err != nil {
			return n, err
		}
	}
	k, err := fmt.Fprintln(w)
	return n + k, err
}
