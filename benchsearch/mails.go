package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// The material is split into batches of so many mails, as the desk does.
const perBatch = 2500

// collection is the one that the mails go to.
const collection = "lists"

// material unpacks the mails, parses them once and keeps them in a file.
func (b *bench) material() error {
	b.say("reading the mails")
	var docs []*search.Doc
	roots := map[string]string{} // by Message-ID: the first reference
	for _, name := range []string{"lists", "r-help"} {
		path := filepath.Join(b.dir, name+".mbox")
		err := b.unpack(filepath.Join(b.shared, name+".mbox.xz"), path, func(mail []byte) {
			docs = append(docs, readMail(string(mail), roots))
		})
		if err != nil {
			return fmt.Errorf("material: %w", err)
		}
		b.mboxes = append(b.mboxes, path)
	}
	b.text = finish(docs, roots)
	b.docs = len(docs)
	b.corpus = filepath.Join(b.dir, "mails")
	if err := writeCorpus(b.corpus, docs); err != nil {
		return err
	}
	b.doc.text("\nThe material: %s mails, %s MB of text (bodies and subjects), one collection in batches of %s.",
		number(b.docs), decimals(megabytes(b.text), 1), number(perBatch))
	return b.readQueries()
}

// unpack writes the mails of an .mbox.xz to a file and shows each to fn. The
// slice is only good during the call.
func (b *bench) unpack(from, to string, fn func(mail []byte)) (err error) {
	cmd := exec.CommandContext(b.ctx, "xz", "-dc", from)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	w, n := bufio.NewWriterSize(f, 1<<20), 0
	err = eachMail(pipe, func(mail []byte) error {
		if b.mails > 0 && n == b.mails {
			return errEnough
		}
		n++
		fn(mail)
		_, err := w.Write(mail)
		return err
	})
	if errors.Is(err, errEnough) {
		_, err = io.Copy(io.Discard, pipe) // lets xz end by itself
	}
	return errors.Join(err, cmd.Wait(), w.Flush(), f.Close())
}

var errEnough = errors.New("enough mails")

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

var quotedFrom = regexp.MustCompile(`(?m)^>(>*From )`)

// readMail reads one of the material's simple mails: one UTF-8 text, encoded
// words in headers.
func readMail(m string, roots map[string]string) *search.Doc {
	_, m, _ = strings.Cut(m, "\n") // the "From " line
	head, body, _ := strings.Cut(m, "\n\n")
	if strings.Contains(body, ">From ") {
		body = quotedFrom.ReplaceAllString(body, "$1")
	}
	h := header(head)
	d := &search.Doc{Collection: collection, Edition: 1, Kind: trove.Mail, Subject: h["subject"], Body: body,
		From: addresses(h["from"]), To: addresses(h["to"]), Cc: addresses(h["cc"]), Lang: "en", Verdict: trove.Unsigned,
		MessageID: strings.Trim(h["message-id"], "<>"), Size: int64(len(m)), SHA256: trove.Sum([]byte(m))}
	if t, err := mail.ParseDate(h["date"]); err == nil {
		d.Date = t.UTC()
	}
	if refs := strings.Fields(h["references"]); len(refs) > 0 {
		roots[d.MessageID] = strings.Trim(refs[0], "<>")
	}
	return d
}

func header(head string) map[string]string {
	h := map[string]string{}
	var dec mime.WordDecoder
	for line := range strings.Lines(strings.NewReplacer("\n ", " ", "\n\t", " ").Replace(head)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		v = strings.TrimSpace(v)
		if w, err := dec.DecodeHeader(v); err == nil {
			v = w
		}
		h[strings.ToLower(k)] = v
	}
	return h
}

// addresses reads "Name <address>, ..." where no name holds a comma.
func addresses(s string) (list []trove.Address) {
	if s == "" {
		return nil
	}
	for part := range strings.SplitSeq(s, ">,") {
		name, addr, ok := strings.Cut(part, "<")
		if !ok {
			name, addr = "", part
		}
		list = append(list, trove.Address{Name: strings.Trim(strings.TrimSpace(name), `"`), Addr: strings.TrimRight(strings.TrimSpace(addr), ">")})
	}
	return list
}

// finish puts the mails in order of date, numbers them, gives each its thread,
// and returns the bytes of their texts.
func finish(docs []*search.Doc, roots map[string]string) (text int64) {
	slices.SortStableFunc(docs, func(a, b *search.Doc) int { return a.Date.Compare(b.Date) })
	for i, d := range docs {
		d.Number, d.Batch = i+1, 1+i/perBatch
		root := d.MessageID
		for n := 0; roots[root] != "" && n < 100; n++ {
			root = roots[root]
		}
		d.Thread = trove.ThreadID(root)
		text += textSize(d)
	}
	return text
}

// textSize is what the share of an index is measured by: body and subject.
func textSize(d *search.Doc) int64 { return int64(len(d.Body) + len(d.Subject)) }
