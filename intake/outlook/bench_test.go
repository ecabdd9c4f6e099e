package outlook_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"unseal/intake/outlook"
	"unseal/material"
)

// BenchmarkPST opens a file of 2.3 MB with seven mails.
func BenchmarkPST(b *testing.B) {
	p, err := os.ReadFile(filepath.Join(material.Corpora(b), "email-outlook", "tika-outlook", "testPST.pst"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(p)))
	mails := 0
	for b.Loop() {
		_, err := outlook.Expand(bytes.NewReader(p), int64(len(p)), outlook.PST, func(m outlook.Member) error {
			mails++
			_, err := io.Copy(io.Discard, m)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(mails)/b.Elapsed().Seconds(), "mails/s")
}
