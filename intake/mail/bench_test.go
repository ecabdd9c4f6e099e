package mail

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ulikunitz/xz"

	"unseal/material"
)

// benchMails are real mails of public lists, up to limit bytes of each mbox.
func benchMails(b testing.TB, limit int64) (mails [][]byte, size int64) {
	files, _ := filepath.Glob(filepath.Join(material.Bench(b), "*.mbox.xz"))
	if len(files) == 0 {
		material.Missing(b, "mailboxes for measurements")
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		r, err := xz.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		all, err := io.ReadAll(io.LimitReader(r, limit))
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range bytes.Split(all, []byte("\n\nFrom "))[1:] {
			_, m, _ = bytes.Cut(m, []byte("\n"))
			mails = append(mails, m)
			size += int64(len(m))
		}
	}
	return mails, size
}

// BenchmarkParse reads 60 MB of real mail; run it with -benchtime 1x for the
// throughput of one pass.
func BenchmarkParse(b *testing.B) {
	mails, size := benchMails(b, 30<<20)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range mails {
			Parse(m)
		}
	}
	b.ReportMetric(float64(len(mails)), "mails/op")
}
