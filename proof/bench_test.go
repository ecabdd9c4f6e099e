package proof

import (
	"bytes"
	"os"
	"testing"
)

// realMail is a mailbox of the bench, split roughly at its "From " lines.
func realMail(tb testing.TB) (mails [][]byte, size int64) {
	b, err := os.ReadFile(os.Getenv("UNSEAL_MBOX"))
	if err != nil {
		tb.Skip("UNSEAL_MBOX names no mailbox to measure on")
	}
	for len(b) > 0 {
		n := bytes.Index(b, []byte("\nFrom ")) + 1
		if n == 0 {
			n = len(b)
		}
		mails = append(mails, b[:n])
		size += int64(n)
		b = b[n:]
	}
	return mails, size
}

func BenchmarkCommit(b *testing.B) {
	mails, size := realMail(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		segs := 0
		for i, m := range mails {
			_, o := Commit(Context{Origin: "bench", Collection: "mail", Number: i + 1, Kind: "mail"}, Secret{}.Item("mail", i+1), m)
			segs += o.Segments
		}
		b.ReportMetric(float64(segs), "segments")
		b.ReportMetric(float64(len(mails)), "items")
	}
}
