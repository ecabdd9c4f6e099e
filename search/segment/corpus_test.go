package segment

import (
	"bytes"
	"fmt"

	"iter"
	"mime"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"unseal/material"
	"unseal/search"
	"unseal/trove"
)

// unpack reads name.mbox, or name.mbox.xz by way of the xz program.
func unpack(dir, name string) ([]byte, error) {
	if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
		return b, nil
	}
	var out bytes.Buffer
	cmd := exec.Command("xz", "-dc", filepath.Join(dir, name+".xz"))
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return out.Bytes(), nil
}

var corpus struct {
	sync.Once
	docs []*search.Doc
	err  error
}

// mails returns the 76,487 mails of the material in date order, numbered from
// 1 in batches of 2,500.
func mails(tb testing.TB) []*search.Doc {
	tb.Helper()
	dir := material.Bench(tb)
	corpus.Do(func() { corpus.docs, corpus.err = readMails(dir) })
	if corpus.err != nil {
		tb.Fatal(corpus.err)
	}
	return corpus.docs
}

const perBatch = 2500

func readMails(dir string) ([]*search.Doc, error) {
	var docs []*search.Doc
	roots := map[string]string{} // by Message-ID: the first reference
	for _, name := range []string{"lists.mbox", "r-help.mbox"} {
		data, err := unpack(dir, name)
		if err != nil {
			return nil, err
		}
		for _, m := range bytes.Split(append([]byte("\n"), data...), []byte("\nFrom ")) {
			if _, m, ok := bytes.Cut(m, []byte("\n")); ok {
				docs = append(docs, readMail(string(m), roots))
			}
		}
	}
	slices.SortStableFunc(docs, func(a, b *search.Doc) int { return a.Date.Compare(b.Date) })
	for i, d := range docs {
		d.Number, d.Batch = i+1, 1+i/perBatch
		root := d.MessageID
		for n := 0; roots[root] != "" && n < 100; n++ {
			root = roots[root]
		}
		d.Thread = trove.ThreadID(root)
	}
	return docs, nil
}

var quotedFrom = regexp.MustCompile(`(?m)^>(>*From )`)

// readMail reads one of the material's simple mails: one UTF-8 text, encoded
// words in headers.
func readMail(m string, roots map[string]string) *search.Doc {
	head, body, _ := strings.Cut(m, "\n\n")
	head = strings.NewReplacer("\n ", " ", "\n\t", " ").Replace(head)
	h := map[string]string{}
	var dec mime.WordDecoder
	for line := range strings.Lines(head) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		v = strings.TrimSpace(v)
		if w, err := dec.DecodeHeader(v); err == nil {
			v = w
		}
		h[strings.ToLower(k)] = v
	}
	if strings.Contains(body, ">From ") {
		body = quotedFrom.ReplaceAllString(body, "$1")
	}
	d := &search.Doc{Collection: "lists", Edition: 1, Kind: trove.Mail, Subject: h["subject"], Body: body,
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

// addresses reads "Name <address>, ..." where no name holds a comma.
func addresses(s string) (list []trove.Address) {
	if s == "" {
		return nil
	}
	for _, part := range strings.Split(s, ">,") {
		name, addr, ok := strings.Cut(part, "<")
		if !ok {
			name, addr = "", part
		}
		list = append(list, trove.Address{Name: strings.Trim(strings.TrimSpace(name), `"`), Addr: strings.TrimRight(strings.TrimSpace(addr), ">")})
	}
	return list
}

func each(docs []*search.Doc) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// textSize is what the share of an index is measured by: bodies and subjects.
func textSize(docs []*search.Doc) (n int64) {
	for _, d := range docs {
		n += int64(len(d.Body) + len(d.Subject))
	}
	return n
}

func build(tb testing.TB, docs []*search.Doc) Bytes {
	tb.Helper()
	var out bytes.Buffer
	if err := Build(&out, each(docs)); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func open(tb testing.TB, r Bytes) *Segment {
	tb.Helper()
	s, err := Open(r, int64(len(r)))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// seenAll marks every page of a made-up segment as checked.
func seenAll(size int) []atomic.Uint32 {
	seen := make([]atomic.Uint32, size/pageSize/32+1)
	for i := range seen {
		seen[i].Store(^uint32(0))
	}
	return seen
}
