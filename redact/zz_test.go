package redact

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"unseal/trove"
)

func BenchmarkLists(b *testing.B) {
	raw, _ := os.ReadFile("/work/mat/lists.mbox")
	raw = raw[:20<<20]
	list := bytes.Split(raw, []byte("\n\nFrom "))
	var removed []string
	for i := range 200 {
		removed = append(removed, fmt.Sprintf("zqx%d removed name", i), "Quimperlé Harbour")
	}
	q := NewQuotes(removed, nil)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		for _, m := range list {
			q.Find(m, trove.Mail)
		}
	}
}
