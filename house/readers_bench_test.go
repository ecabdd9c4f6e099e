package house

import (
	"bytes"
	"context"
	"testing"

	"unseal/intake/reader"
	"unseal/trove"
)

// BenchmarkSmallTexts has texts of 50 bytes read, on all processors: each in a
// child of its own, and by children that go on (decision 032).
func BenchmarkSmallTexts(b *testing.B) {
	content := bytes.Repeat([]byte("five "), 10)
	req := reader.Request{Stage: reader.Read, Kind: trove.Doc, Name: "a.txt", Type: "text/plain"}
	for name, alone := range map[string]bool{"alone": true, "shared": false} {
		b.Run(name, func(b *testing.B) {
			r, err := new(Desk).newReaders()
			if err != nil {
				b.Fatal(err)
			}
			r.Alone = func(reader.Request) bool { return alone }
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if res, err := r.Read(context.Background(), req, bytes.NewReader(content), int64(len(content))); err != nil || res.Text == "" {
						b.Errorf("%v: %+v", err, res)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			if err := r.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
