package redact

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/material"
	"unseal/trove"
)

// mails reads the mails of the corpora, largest first left out.
func mails(t testing.TB) map[string][]byte {
	corpora := material.Corpora(t)
	list := map[string][]byte{}
	err := filepath.WalkDir(corpora, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path, filepath.Join(corpora, "email")) || strings.Contains(path, "outlook") {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > 4<<20 {
			return err
		}
		b, err := os.ReadFile(path)
		list[path] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func BenchmarkQuotes(b *testing.B) {
	list := mails(b)
	total := 0
	for _, raw := range list {
		total += len(raw)
	}
	q := NewQuotes(manyTexts(), nil)
	b.SetBytes(int64(total))
	for b.Loop() {
		for _, raw := range list {
			if _, err := q.Find(raw, trove.Mail); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkQuotesInMailbox measures the search for quotes in the mails of one mailbox
// file, named by UNSEAL_MBOX.
func BenchmarkQuotesInMailbox(b *testing.B) {
	raw, err := os.ReadFile(os.Getenv("UNSEAL_MBOX"))
	if err != nil {
		b.Skip("SKIPPED: UNSEAL_MBOX names no file")
	}
	list := bytes.Split(raw, []byte("\n\nFrom "))
	q := NewQuotes(manyTexts(), nil)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		for _, m := range list {
			if _, err := q.Find(m, trove.Mail); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func manyTexts() []string {
	list := []string{"Quimperlé Harbour"}
	for i := range 200 {
		list = append(list, fmt.Sprintf("zqx%d a removed name", i))
	}
	return list
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
